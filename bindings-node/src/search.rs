//! Searches of a directory.

#![expect(clippy::option_option, reason = "`null` is told from what was not said")]

use std::num::NonZeroU32;

use gatepass::{DerefAliases, Result, ReturnMode, SearchScope};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use serde::Deserialize;

use crate::asked::given;
use crate::call::{Call, run};
use crate::error::{read, write};
use crate::paging::{Pages, Reading};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Searching {
    filter: Option<String>,
    #[serde(default)]
    attributes: Vec<String>,
    scope: Option<String>,
    /// `null` for all in one answer.
    #[serde(default, deserialize_with = "given")]
    page_size: Option<Option<NonZeroU32>>,
    size_limit: Option<u64>,
    start_index: Option<u64>,
    count: Option<u64>,
    #[serde(default)]
    context: bool,
    context_filter: Option<String>,
    return_mode: Option<String>,
    deref_aliases: Option<String>,
    cookie: Option<String>,
}

/// A search that is put together.
#[napi]
pub struct Search(gatepass::Search);

impl Search {
    pub(crate) fn new(search: gatepass::Search, options: &str) -> Result<Self> {
        let asked: Searching = read("search", options)?;
        let mut search = search.attributes(asked.attributes).context(asked.context);
        if let Some(filter) = asked.filter {
            search = search.filter(filter);
        }
        if let Some(scope) = asked.scope {
            search = search.scope(scope.parse::<SearchScope>()?);
        }
        search = match asked.page_size {
            Some(Some(entries)) => search.page_size(entries),
            Some(None) => search.unpaged(),
            None => search,
        };
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
        if let Some(mode) = asked.return_mode {
            search = search.return_mode(mode.parse::<ReturnMode>()?);
        }
        if let Some(which) = asked.deref_aliases {
            search = search.deref_aliases(which.parse::<DerefAliases>()?);
        }
        Ok(Self(match asked.cookie {
            Some(cookie) => search.cookie(cookie),
            None => search,
        }))
    }
}

#[napi]
impl Search {
    /// What is found, a page at a time. Nothing is asked yet.
    #[napi]
    pub fn pages(&self) -> Pages {
        Pages::new(Reading::Search(Box::new(self.0.clone().pages())))
    }

    /// The first entry, as JSON; `null` where none is found.
    #[napi]
    pub fn first<'env>(&self, env: &'env Env, call: Option<&Call>) -> napi::Result<PromiseRaw<'env, String>> {
        let search = self.0.clone();
        run(env, call, async move { write(&search.first().await?) })
    }
}
