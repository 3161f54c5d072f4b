//! The resources at one endpoint of a SCIM server, whatever they say: they cross as the JSON that they came as.

use std::num::NonZeroU64;

use gatepass::{Listing, PatchOp, Result, SortOrder};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::call::{Call, run};
use crate::credential::or_throw;
use crate::error::{read, write};
use crate::paging::{Pages, Reading};

type Text = Box<RawValue>;

/// What is wanted of resources, and of which version they have to be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    attributes: Vec<String>,
    #[serde(default)]
    excluded_attributes: Vec<String>,
    if_match: Option<String>,
}

/// The resources at one endpoint.
#[napi]
pub struct Resources(gatepass::Resources<Text>);

impl Resources {
    pub(crate) fn new(resources: gatepass::Resources, options: &str) -> Result<Self> {
        let asked: Wanted = read("options", options)?;
        let mut resources = resources.typed();
        if !asked.attributes.is_empty() {
            resources = resources.attributes(asked.attributes);
        }
        if !asked.excluded_attributes.is_empty() {
            resources = resources.excluded_attributes(asked.excluded_attributes);
        }
        Ok(Self(match asked.if_match {
            Some(version) => resources.if_match(version),
            None => resources,
        }))
    }
}

fn text(resource: Text) -> String {
    String::from(Box::<str>::from(resource))
}

#[napi]
impl Resources {
    /// One resource; `null` where it is of the version still that is named.
    #[napi]
    pub fn get<'env>(
        &self,
        env: &'env Env,
        id: String,
        unless: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let resources = self.0.clone();
        run(env, call, async move {
            let found = match unless {
                Some(version) => resources.get_unless(&id, &version).await?,
                None => Some(resources.get(&id).await?),
            };
            Ok(found.map(text))
        })
    }

    /// Makes a resource.
    #[napi]
    pub fn create<'env>(
        &self,
        env: &'env Env,
        resource: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (resources, resource): (_, Value) = (self.0.clone(), or_throw(read("resource", &resource))?);
        run(env, call, async move { resources.create(&resource).await.map(text) })
    }

    /// Puts this in the place of a resource.
    #[napi]
    pub fn replace<'env>(
        &self,
        env: &'env Env,
        id: String,
        resource: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (resources, resource): (_, Value) = (self.0.clone(), or_throw(read("resource", &resource))?);
        run(env, call, async move { resources.replace(&id, &resource).await.map(text) })
    }

    /// Changes a resource; `null` where the server says no more than that it was done.
    #[napi]
    pub fn patch<'env>(
        &self,
        env: &'env Env,
        id: String,
        operations: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let (resources, mut patch) = (self.0.clone(), PatchOp::new());
        patch.operations = or_throw(read("patch", &operations))?;
        run(env, call, async move { Ok(resources.patch(&id, &patch).await?.map(text)) })
    }

    /// Deletes a resource.
    #[napi]
    pub fn delete<'env>(
        &self,
        env: &'env Env,
        id: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let resources = self.0.clone();
        run(env, call, async move { resources.delete(&id).await })
    }

    /// A list of them.
    #[napi]
    pub fn list(&self, options: String) -> napi::Result<List> {
        or_throw(List::new(self.0.list(), &options))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Listed {
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<u64>,
    page_size: Option<NonZeroU64>,
}

/// A list that is put together.
#[napi]
pub struct List(Listing<Text>);

impl List {
    fn new(mut list: Listing<Text>, options: &str) -> Result<Self> {
        let asked: Listed = read("list", options)?;
        if let Some(filter) = asked.filter {
            list = list.filter(filter);
        }
        if let Some(path) = asked.sort_by {
            list = list.sort_by(path);
        }
        if let Some(order) = asked.sort_order {
            list = list.sort_order(order.parse::<SortOrder>()?);
        }
        if let Some(number) = asked.start_index {
            list = list.start_index(number);
        }
        Ok(Self(match asked.page_size {
            Some(resources) => list.page_size(resources),
            None => list,
        }))
    }
}

#[napi]
impl List {
    /// What fits, a page at a time. Nothing is asked yet.
    #[napi]
    pub fn pages(&self) -> Pages {
        Pages::new(Reading::List(Box::new(self.0.clone().pages())))
    }

    /// One page, with how many there are, as JSON.
    #[napi]
    pub fn page<'env>(&self, env: &'env Env, call: Option<&Call>) -> napi::Result<PromiseRaw<'env, String>> {
        let list = self.0.clone();
        run(env, call, async move { write(&list.page().await?) })
    }

    /// The first one, as JSON; `null` where there is none.
    #[napi]
    pub fn first<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let list = self.0.clone();
        run(env, call, async move { Ok(list.first().await?.map(text)) })
    }

    /// How many there are.
    #[napi]
    pub fn count<'env>(&self, env: &'env Env, call: Option<&Call>) -> napi::Result<PromiseRaw<'env, i64>> {
        let list = self.0.clone();
        run(env, call, async move { Ok(i64::try_from(list.count().await?).unwrap_or(i64::MAX)) })
    }
}
