//! The resources that fit a query, a page at a time.

use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroU64;

use ahash::RandomState;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{Resource, Resources, ScimFilter};
use crate::client::ahead::{Ahead, Cursor};
use crate::wire::scim::{ListResponse, SortOrder};
use crate::{Error, ErrorKind, Result};

/// Resources of a page, when not said. A server may give less.
const PAGE: NonZeroU64 = NonZeroU64::new(200).unwrap();

/// A list that is put together: see [`Resources::list`]. It asks for everything, a page at a time, unless something else is said.
#[must_use = "nothing is asked until it is read"]
pub struct Listing<T = Resource> {
    resources: Resources<T>,
    query: Vec<(&'static str, String)>,
    start_index: u64,
    count: NonZeroU64,
}

impl<T: DeserializeOwned + Send + 'static> Listing<T> {
    pub(super) fn new(resources: Resources<T>) -> Self {
        Self { resources, query: Vec::new(), start_index: 1, count: PAGE }
    }

    /// Those that fit this filter; a text is taken as it is.
    pub fn filter(self, filter: impl Into<ScimFilter>) -> Self {
        self.with("filter", filter.into().to_string())
    }

    /// By this attribute.
    pub fn sort_by(self, path: impl Into<String>) -> Self {
        self.with("sortBy", path.into())
    }

    /// In this direction.
    pub fn sort_order(self, order: SortOrder) -> Self {
        self.with("sortOrder", order.as_str().to_owned())
    }

    /// From the one of this number on, counted from 1.
    pub fn start_index(mut self, number: u64) -> Self {
        self.start_index = number.max(1);
        self
    }

    /// How many a page has at the most; 200 when not said.
    pub fn page_size(mut self, resources: NonZeroU64) -> Self {
        self.count = resources;
        self
    }

    /// One page, and no more.
    ///
    /// # Errors
    /// `invalid_filter`; those of [`ScimClient`](crate::ScimClient).
    pub async fn page(self) -> Result<ListResponse<T>> {
        Reading::new(self).read().await.map(|(page, _)| page)
    }

    /// How many there are.
    ///
    /// # Errors
    /// Those of [`page`](Self::page).
    pub async fn count(self) -> Result<u64> {
        let mut query = self.query;
        query.extend([("startIndex", "1".to_owned()), ("count", "0".to_owned())]);
        let answer = self.resources.ask(&query).await?;
        answer.json::<ListResponse<serde::de::IgnoredAny>>().map(|list| list.total_results)
    }

    /// All, a page at a time.
    pub fn pages(self) -> ListPages<T> {
        ListPages(Ahead::new(Reading::new(self)))
    }

    /// All, one at a time; the next page is asked for meanwhile.
    ///
    /// # Errors
    /// Those of [`ListPages::next`].
    pub fn each(self) -> impl Stream<Item = Result<T>> + Send + Unpin + 'static {
        let pages = stream::unfold(self.pages(), |mut pages| async move {
            let page = pages.next().await?;
            Some((page.map(|page| stream::iter(page.resources.into_iter().map(Ok))), pages))
        });
        pages.try_flatten().boxed()
    }

    /// All, in memory at once.
    ///
    /// # Errors
    /// Those of [`ListPages::next`].
    pub async fn all(self) -> Result<Vec<T>> {
        self.each().try_collect().await
    }

    /// The first, if there is one.
    ///
    /// # Errors
    /// Those of [`page`](Self::page).
    pub async fn first(self) -> Result<Option<T>> {
        let page = self.page_size(NonZeroU64::MIN).page().await?;
        Ok(page.resources.into_iter().next())
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.query.retain(|(of, _)| *of != name);
        self.query.push((name, value));
        self
    }
}

/// The pages of a list. The next one is asked for while the caller is busy with one, and no more than that.
pub struct ListPages<T: DeserializeOwned + Send + 'static = Resource>(Ahead<Reading<T>>);

impl<T: DeserializeOwned + Send + 'static> ListPages<T> {
    /// The next page; none after the last one, and after an error. It may be given up waiting for, and asked for again.
    ///
    /// # Errors
    /// `invalid_filter`; those of [`ScimClient`](crate::ScimClient). Protocol: `incomplete_result` where there are more resources
    /// than the server gives ([`Error::incomplete`]); `cursor_loops` where it gives the same again.
    pub async fn next(&mut self) -> Option<Result<ListResponse<T>>> {
        self.0.next().await
    }
}

struct Reading<T> {
    list: Listing<T>,
    /// The number of the first that comes next; none at the end.
    next: Option<u64>,
    delivered: u64,
    /// What was seen, as hashes.
    seen: HashSet<u64, RandomState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(default)]
    total_results: Option<u64>,
    #[serde(default)]
    start_index: Option<u64>,
    #[serde(rename = "Resources", default)]
    resources: Option<Box<RawValue>>,
}

impl<T: DeserializeOwned + Send + 'static> Reading<T> {
    fn new(list: Listing<T>) -> Self {
        Self { next: Some(list.start_index), list, delivered: 0, seen: HashSet::default() }
    }

    /// A page, and whether it ends the list too early.
    async fn read(&mut self) -> Result<(ListResponse<T>, Option<Error>)> {
        let start = self.next.take().unwrap_or(1);
        let mut query = self.list.query.clone();
        query.extend([("startIndex", start.to_string()), ("count", self.list.count.to_string())]);
        let answer = self.list.resources.ask(&query).await?;
        let Envelope { total_results, start_index, resources } = answer.json()?;
        let malformed = || answer.malformed("the server's answer is not of the form that was expected");
        if total_results.is_none() && resources.is_none() {
            return Err(malformed());
        }
        let resources = resources.filter(|json| json.get() != "null");
        let hash = resources.as_ref().map(|json| self.seen.hasher().hash_one(json.get()));
        let read: Option<Vec<T>> =
            resources.map(|json| serde_json::from_str(json.get())).transpose().map_err(|_| malformed())?;
        let read = read.unwrap_or_default();
        if !read.is_empty()
            && (start_index.is_some_and(|of| of != start) || hash.is_some_and(|hash| !self.seen.insert(hash)))
        {
            let text = "the server gives the same resources again, or others than were asked for";
            return Err(answer.about(Error::new(ErrorKind::Protocol, "cursor_loops", text)));
        }
        let len = read.len() as u64;
        self.delivered += len;
        // A server that does not say how many there are gives all at once.
        let total = total_results.unwrap_or(0);
        let next = start + len;
        let mut cut = None;
        if next <= total {
            if len == 0 {
                let text =
                    format!("the server says that there are {total} resources, and gave {}", self.delivered);
                cut = Some(answer.about(Error::cut(self.delivered, None, text)));
            } else {
                self.next = Some(next);
            }
        }
        Ok((ListResponse::new(read, start, total), cut))
    }
}

impl<T: DeserializeOwned + Send + 'static> Cursor for Reading<T> {
    type Page = ListResponse<T>;

    async fn next(&mut self) -> Result<Option<ListResponse<T>>> {
        if self.next.is_none() {
            return Ok(None);
        }
        match self.read().await? {
            (_, Some(cut)) => Err(cut),
            // A list without anything in it has no page.
            (page, None) => Ok(Some(page).filter(|page| !page.resources.is_empty())),
        }
    }
}

impl<T> Clone for Listing<T> {
    fn clone(&self) -> Self {
        Self {
            resources: self.resources.clone(),
            query: self.query.clone(),
            start_index: self.start_index,
            count: self.count,
        }
    }
}

impl<T> fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("resources", &self.resources).finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned + Send + 'static> fmt::Debug for ListPages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListPages").field(&self.0).finish()
    }
}
