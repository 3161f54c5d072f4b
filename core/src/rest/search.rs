//! A search, before it is sent.

use std::num::NonZeroU32;

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;

use super::pages::{self, Pages};
use super::{RestClient, path_of};
use crate::client::Request;
use crate::wire::adap::{DerefAliases, Entry, ReturnMode, SearchParams, SearchScope};
use crate::{Filter, Result};

/// Entries of a page, when not said.
const PAGE: u32 = 1000;

/// A search that is put together: see [`RestClient::search`]. It asks for everything, a page of 1000 entries at a time, unless
/// something else is said.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked until it is read"]
pub struct Search {
    pub(super) rest: RestClient,
    base: String,
    filter: Option<Filter>,
    pub(super) params: SearchParams,
}

impl Search {
    pub(super) fn new(rest: RestClient, base: String) -> Self {
        let params = SearchParams {
            scope: Some(SearchScope::Sub),
            page_size: Some(PAGE),
            return_mode: Some(ReturnMode::Array),
            ..SearchParams::default()
        };
        Self { rest, base, filter: None, params }
    }

    /// For entries that fit this filter; a text is taken as it is.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// With these attributes alone.
    pub fn attributes<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        self.params.attributes = (!names.is_empty()).then(|| names.join(","));
        self
    }

    /// How far to look: at the base and all below it, when not said.
    pub fn scope(mut self, scope: SearchScope) -> Self {
        self.params.scope = Some(scope);
        self
    }

    /// How many entries a page has at the most; 1000 when not said.
    pub fn page_size(mut self, entries: NonZeroU32) -> Self {
        self.params.page_size = Some(entries.get());
        self
    }

    /// All in one answer, for a server on which paging is off. An answer has 64 MiB at the most.
    pub fn unpaged(mut self) -> Self {
        self.params.page_size = None;
        self
    }

    /// This many entries at the most, in one answer; 0 for all, which is what is asked for when not said. Not to get more is
    /// then no error.
    pub fn size_limit(mut self, entries: u64) -> Self {
        self.params.size_limit = (entries > 0).then_some(entries);
        self
    }

    /// From this entry on, counted from 1, of what the server found up to the size limit. In one answer.
    pub fn start_index(mut self, number: u64) -> Self {
        self.params.start_index = Some(number);
        self
    }

    /// This many entries from the start index on. In one answer. The server looks for all of them first:
    /// [`size_limit`](Self::size_limit) spares it that.
    pub fn count(mut self, entries: u64) -> Self {
        self.params.count = Some(entries);
        self
    }

    /// With the entries that an entry is below. In one answer.
    pub fn context(mut self, wanted: bool) -> Self {
        self.params.context = wanted.then_some(true);
        self
    }

    /// By a filter for each step on the way down: `/ou=A*/uid=Aug*`, and `//` for any number of steps. In one answer.
    pub fn context_filter(mut self, filter: impl Into<String>) -> Self {
        self.params.context_filter = Some(filter.into());
        self
    }

    /// How the server writes values. They are read as lists either way.
    pub fn return_mode(mut self, mode: ReturnMode) -> Self {
        self.params.return_mode = Some(mode);
        self
    }

    /// Whether alias entries are followed; never when not said. RadiantOne does it of the base alone.
    pub fn deref_aliases(mut self, which: DerefAliases) -> Self {
        self.params.deref_aliases = Some(which as u8);
        self
    }

    /// Goes on with a search that was begun elsewhere and said to go on with this cookie.
    pub fn cookie(mut self, cookie: impl Into<String>) -> Self {
        self.params.cookie = Some(cookie.into());
        self
    }

    /// What is found, a page at a time.
    pub fn pages(self) -> Pages {
        Pages::new(self)
    }

    /// What is found, an entry at a time; the next page is asked for meanwhile.
    ///
    /// # Errors
    /// Those of [`Pages::next`].
    pub fn entries(self) -> impl Stream<Item = Result<Entry>> + Send + Unpin + 'static {
        let each = |page: Vec<Entry>| stream::iter(page.into_iter().map(Ok));
        pages::entries(self).map_ok(each).try_flatten().boxed()
    }

    /// All that is found, in memory at once.
    ///
    /// # Errors
    /// Those of [`Pages::next`].
    pub async fn all(self) -> Result<Vec<Entry>> {
        self.entries().try_collect().await
    }

    /// The first entry, if one is found; no more than that is asked for.
    ///
    /// # Errors
    /// Those of [`Pages::next`].
    pub async fn first(self) -> Result<Option<Entry>> {
        self.size_limit(1).entries().try_next().await
    }

    /// Whether it is asked for a page at a time. With what the vendor's server passes over when it pages, it is not.
    pub(super) fn is_paged(&self) -> bool {
        let of = &self.params;
        of.page_size.is_some()
            && of.size_limit.is_none()
            && of.start_index.is_none()
            && of.count.is_none()
            && of.context.is_none()
            && of.context_filter.is_none()
    }

    /// Whether all is asked for, so that getting less is worth an error.
    pub(super) fn wants_all(&self) -> bool {
        self.params.size_limit.is_none() && self.params.start_index.is_none() && self.params.count.is_none()
    }

    /// The request for the page that this cookie leads to, or for the first.
    ///
    /// # Errors
    /// Those of [`Filter::check`], and of names.
    pub(super) fn request(&self, cookie: Option<&str>) -> Result<Request> {
        let of = &self.params;
        if let Some(filter) = &self.filter {
            filter.check()?;
        }
        let is_paged = self.is_paged();
        let text = |number: u64| number.to_string();
        let mode = of.return_mode.map(|mode| match mode {
            ReturnMode::Array => "array".to_owned(),
            ReturnMode::LdapSchema => "ldapschema".to_owned(),
        });
        let all = [
            ("filter", self.filter.as_ref().map(ToString::to_string)),
            ("attributes", of.attributes.clone()),
            ("scope", of.scope.map(|scope| scope.to_string())),
            ("startIndex", of.start_index.map(text)),
            ("count", of.count.map(text)),
            ("sizeLimit", Some(text(of.size_limit.unwrap_or(0)))),
            ("pageSize", of.page_size.filter(|_| is_paged).map(|size| size.to_string())),
            ("cookie", cookie.map(str::to_owned)),
            ("context", of.context.map(|wanted| wanted.to_string())),
            ("contextFilter", of.context_filter.clone()),
            ("returnMode", mode),
            ("derefAliases", of.deref_aliases.map(|which| which.to_string())),
        ];
        let given: Vec<_> = all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let request = self.rest.request(Method::GET, path_of(&self.base)?).query(&given);
        // A server that has answered is a page further, so what was lost on the way would be left out.
        Ok(if cookie.is_some() { request.unrepeatable() } else { request })
    }

    /// The request that ends a search before its end.
    pub(super) fn end(&self, cookie: &str) -> Result<Request> {
        let request = self.rest.request(Method::GET, path_of(&self.base)?);
        Ok(request.query(&[("pageSize", "0"), ("cookie", cookie)]).quick())
    }
}
