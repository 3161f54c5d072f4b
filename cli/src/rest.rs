//! `gatepass rest …`: a directory's entries, through RadiantOne's REST API (ADAP).

use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::num::NonZeroU32;
use std::path::Path;

use gatepass::{
    Attributes, BulkOperation, BulkResult, Error, ErrorKind, Mod, ModType, Pages, RestClient, SearchScope,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::args::{Modify, Rest, RestCommand, Search};
use crate::context::Context;
use crate::data::{self, Lines, Values, input, pairs};
use crate::fault::{Outcome, Stop};
use crate::input;
use crate::output::buffered;
use crate::progress::Progress;
use crate::shown::shown;

/// Where the URL and the token are, when no argument says.
const NAMES: (&str, &str) = ("GATEPASS_REST_URL", "GATEPASS_REST_TOKEN");

pub(crate) async fn run(context: &Context, asked: Rest) -> Result<Outcome, Stop> {
    let (url, options) = data::reached(context, asked.url, NAMES, &asked.timeouts)?;
    let mut rest = asked.nodes.into_iter().fold(options, gatepass::ConnectOptions::node).rest(url)?;
    if let Some(dn) = asked.acting_as {
        rest = rest.acting_as(dn)?;
    }
    match asked.command {
        RestCommand::Bind => {
            rest.bind().await?;
            context.output.note(format_args!("the token is good"));
        }
        RestCommand::Rootdse => root_contexts(context, &rest).await?,
        RestCommand::Search(asked) => search(context, &rest, asked).await?,
        RestCommand::Get { dn, attributes } => {
            let found = rest.search(dn).scope(SearchScope::Base).attributes(attributes).first().await?;
            Lines::new().one(&found.ok_or_else(no_such_entry)?)?;
        }
        RestCommand::Add { dn } => {
            rest.add(&dn, attributes()?).await?;
            context.output.note(format_args!("added {dn}"));
        }
        RestCommand::Replace { dn } => {
            rest.replace(&dn, attributes()?).await?;
            context.output.note(format_args!("replaced {dn}"));
        }
        RestCommand::Modify(asked) => {
            rest.modify(&asked.dn, mods(&asked)?).await?;
            context.output.note(format_args!("changed {}", asked.dn));
        }
        RestCommand::Rename { dn, new_rdn, below: None } => {
            rest.rename(&dn, &new_rdn).await?;
            context.output.note(format_args!("renamed {dn} to {new_rdn}"));
        }
        RestCommand::Rename { dn, new_rdn, below: Some(below) } => {
            rest.move_to(&dn, &new_rdn, &below).await?;
            context.output.note(format_args!("moved {dn} to {new_rdn},{below}"));
        }
        RestCommand::Delete { dn, tree, yes } => {
            let all = if tree { " and all below it" } else { "" };
            input::confirm(&format!("Delete {dn}{all}?"), yes)?;
            if tree {
                rest.delete_tree(&dn).await?;
            } else {
                rest.delete(&dn).await?;
            }
            context.output.note(format_args!("deleted {dn}"));
        }
        RestCommand::Bulk { file, batch } => return bulk(context, &rest, file.as_deref(), batch).await,
    }
    Ok(Outcome::Done)
}

async fn root_contexts(context: &Context, rest: &RestClient) -> Result<(), Stop> {
    let names = rest.root_contexts().await?;
    if context.output.is_json() {
        return context.output.json(&names);
    }
    let mut stdout = buffered();
    for name in names {
        writeln!(stdout, "{}", shown(&name))?;
    }
    Ok(stdout.flush()?)
}

async fn search(context: &Context, rest: &RestClient, asked: Search) -> Result<(), Stop> {
    let mut search = rest
        .search(asked.base)
        .attributes(asked.attributes)
        .scope(asked.scope)
        .page_size(asked.page_size)
        .context(asked.context);
    if let Some(filter) = asked.filter {
        search = search.filter(filter);
    }
    if asked.unpaged {
        search = search.unpaged();
    }
    if let Some(entries) = asked.size_limit {
        search = search.size_limit(entries);
    }
    if let Some(number) = asked.start_index {
        search = search.start_index(number);
    }
    if let Some(entries) = asked.count {
        search = search.count(entries);
    }
    if let Some(filter) = asked.context_filter {
        search = search.context_filter(filter);
    }
    if let Some(deref) = asked.deref {
        search = search.deref_aliases(deref.into());
    }
    let mut pages = search.pages();
    let written = write(context, &mut pages).await;
    // Whoever reads this may have had enough of it.
    pages.close().await;
    written
}

async fn write(context: &Context, pages: &mut Pages) -> Result<(), Stop> {
    let lines = Lines::new();
    let progress = lines.leaves_room().then(|| Progress::new(context.output));
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let entries = page?.entries()?;
        lines.write(&entries)?;
        count += entries.len() as u64;
        if let Some(progress) = &progress {
            progress.counted("entries", count);
        }
    }
    Ok(())
}

/// Attributes, or an entry with them, as `search` and `get` write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Entry {
        #[serde(rename = "dn")]
        _dn: String,
        attributes: Attributes,
    },
    Attributes(Attributes),
}

fn attributes() -> Result<Attributes, Error> {
    Ok(match input()? {
        Given::Entry { attributes, .. } | Given::Attributes(attributes) => attributes,
    })
}

fn mods(asked: &Modify) -> Result<Vec<Mod>, Error> {
    let mut mods: Vec<Mod> = Vec::new();
    let said =
        [(ModType::Delete, &asked.delete), (ModType::Replace, &asked.replace), (ModType::Add, &asked.add)];
    for (kind, said) in said {
        for (attribute, value) in pairs(said)? {
            let value = value.to_owned();
            match mods.iter_mut().find(|of| of.kind == kind && of.attribute == attribute) {
                Some(of) => of.values.push(value),
                None => mods.push(Mod { attribute: attribute.to_owned(), kind, values: vec![value] }),
            }
        }
    }
    mods.extend(asked.delete_all.iter().map(Mod::delete_all));
    if mods.is_empty() { input() } else { Ok(mods) }
}

async fn bulk(
    context: &Context,
    rest: &RestClient,
    file: Option<&Path>,
    batch: NonZeroU32,
) -> Result<Outcome, Stop> {
    let from: Box<dyn Read> = match file {
        Some(path) => Box::new(BufReader::new(File::open(path).map_err(|error| {
            let text = format!("{}: {error}", path.display());
            Error::invalid("file", "file_failed", text).with_cause(error)
        })?)),
        None => Box::new(io::stdin().lock()),
    };
    let mut values = Values::new(from);
    let lines = Lines::new();
    let progress = lines.leaves_room().then(|| Progress::new(context.output));
    let (mut done, mut failed) = (0_u64, 0_u64);
    loop {
        let mut operations = Vec::new();
        let read = loop {
            match values.next::<BulkOperation>() {
                Ok(Some(operation)) => operations.push(operation),
                Ok(None) => break Ok(true),
                Err(error) => break Err(error),
            }
            if operations.len() >= usize::try_from(batch.get()).unwrap_or(usize::MAX) {
                break Ok(false);
            }
        };
        let results = rest.bulk(operations).await?;
        done += results.len() as u64;
        failed += results.iter().filter(|result| result.outcome.is_err()).count() as u64;
        lines.write(&results.iter().map(told).collect::<Vec<_>>())?;
        if let Some(progress) = &progress {
            progress.counted("operations", done);
        }
        // What stood before something that cannot be read is done, and told.
        if read? {
            break;
        }
    }
    drop(progress);
    context.output.note(format_args!("{done} operations, of which {failed} failed"));
    Ok(if failed == 0 { Outcome::Done } else { Outcome::No })
}

fn told(result: &BulkResult) -> Value {
    let error = result.outcome.as_ref().err().map(|error| {
        json!({"kind": error.kind().as_str(), "code": error.code(), "message": error.to_string(), "status": error.status()})
    });
    let mut told = json!({"method": result.method, "dn": result.dn, "ok": error.is_none()});
    if let (Some(error), Some(members)) = (error, told.as_object_mut()) {
        members.insert("error".to_owned(), error);
    }
    told
}

fn no_such_entry() -> Error {
    Error::new(ErrorKind::NotFound, "entry_not_found", "there is no such entry, or it may not be seen")
}
