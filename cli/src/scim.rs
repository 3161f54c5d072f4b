//! `gatepass scim …`: resources, through SCIM 2.0.

use std::io::{self, Write as _};

use gatepass::{PatchOp, PatchOperation, Resource, ResourceType, Resources, ScimClient, SortOrder};
use serde::Deserialize;
use serde_json::Value;

use crate::args::{Attributes, ListResources, Patch, Scim, ScimCommand, Version};
use crate::context::Context;
use crate::data::{self, Lines, Values, input, pairs};
use crate::fault::{Outcome, Stop};
use crate::input;
use crate::output::buffered;
use crate::progress::Progress;
use crate::table::{Cell, Table};

/// Where the URL and the token are, when no argument says.
const NAMES: (&str, &str) = ("GATEPASS_SCIM_URL", "GATEPASS_SCIM_TOKEN");

pub(crate) async fn run(context: &Context, asked: Scim) -> Result<Outcome, Stop> {
    let (url, options) = data::reached(context, asked.url, NAMES, &asked.timeouts)?;
    let scim = options.scim(url)?;
    let lines = Lines::new();
    match asked.command {
        ScimCommand::Types => types(context, &scim).await?,
        ScimCommand::Schemas => lines.write(&scim.schemas().await?)?,
        ScimCommand::Config => lines.one(&scim.service_provider_config().await?)?,
        ScimCommand::List(asked) => list(context, &scim, asked).await?,
        ScimCommand::Get { endpoint, id, attributes } => {
            lines.one(&with(scim.resources(endpoint), attributes).get(&id).await?)?;
        }
        ScimCommand::Create { endpoint } => create(&scim.resources(endpoint), &lines).await?,
        ScimCommand::Replace { endpoint, id, version } => {
            let resource: Value = input()?;
            lines.one(&of(scim.resources(endpoint), version).replace(&id, &resource).await?)?;
        }
        ScimCommand::Patch(asked) => {
            let patch = patch(&asked)?;
            match of(scim.resources(asked.endpoint), asked.version).patch(&asked.id, &patch).await? {
                Some(resource) => lines.one(&resource)?,
                None => context.output.note(format_args!("changed {}", asked.id)),
            }
        }
        ScimCommand::Delete { endpoint, id, version, yes } => {
            input::confirm(&format!("Delete {id}?"), yes)?;
            of(scim.resources(endpoint), version).delete(&id).await?;
            context.output.note(format_args!("deleted {id}"));
        }
    }
    Ok(Outcome::Done)
}

async fn types(context: &Context, scim: &ScimClient) -> Result<(), Stop> {
    let types = scim.resource_types().await?;
    if context.output.is_json() {
        return context.output.json(&types);
    }
    let row = |of: &ResourceType| -> [Cell; 4] {
        let description = of.description.as_deref().unwrap_or_default();
        [(&of.name).into(), (&of.endpoint).into(), (&of.schema).into(), description.into()]
    };
    let mut stdout = buffered();
    let rows: Vec<_> = types.iter().map(row).collect();
    Table::new(["NAME", "ENDPOINT", "SCHEMA", "DESCRIPTION"]).write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

async fn list(context: &Context, scim: &ScimClient, asked: ListResources) -> Result<(), Stop> {
    let mut list = with(scim.resources(asked.endpoint), asked.attributes).list().page_size(asked.page_size);
    if let Some(filter) = asked.filter {
        list = list.filter(filter);
    }
    if let Some(path) = asked.sort_by {
        list = list.sort_by(path);
    }
    if asked.descending {
        list = list.sort_order(SortOrder::Descending);
    }
    if let Some(number) = asked.start_index {
        list = list.start_index(number);
    }
    let lines = Lines::new();
    let progress = lines.leaves_room().then(|| Progress::new(context.output));
    let mut pages = list.pages();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let page = page?;
        lines.write(&page.resources)?;
        count += page.resources.len() as u64;
        if let Some(progress) = &progress {
            progress.counted_of("resources", count, page.total_results);
        }
    }
    Ok(())
}

async fn create(resources: &Resources, lines: &Lines) -> Result<(), Stop> {
    let mut values = Values::new(io::stdin().lock());
    while let Some(resource) = values.next::<Resource>()? {
        lines.one(&resources.create(&resource).await?)?;
    }
    Ok(())
}

/// A change as RFC 7644 has it, or what it does alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Operations(Vec<PatchOperation>),
    Whole(PatchOp),
}

fn patch(asked: &Patch) -> gatepass::Result<PatchOp> {
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let mut patch = PatchOp::new();
    for path in &asked.remove {
        patch = patch.remove(path);
    }
    for (path, text) in pairs(&asked.replace)? {
        patch = patch.replace(path, value(text));
    }
    for (path, text) in pairs(&asked.add)? {
        patch = patch.add(path, value(text));
    }
    if patch.operations.is_empty() {
        patch.operations = match input()? {
            Given::Operations(operations) => operations,
            Given::Whole(patch) => patch.operations,
        };
    }
    Ok(patch)
}

fn with(resources: Resources, wanted: Attributes) -> Resources {
    match (wanted.attributes.is_empty(), wanted.excluded.is_empty()) {
        (true, true) => resources,
        (false, _) => resources.attributes(wanted.attributes),
        (true, false) => resources.excluded_attributes(wanted.excluded),
    }
}

fn of(resources: Resources, version: Version) -> Resources {
    match version.if_match {
        Some(version) => resources.if_match(version),
        None => resources,
    }
}
