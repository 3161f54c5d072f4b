//! What a search finds, a page at a time.
//!
//! A cursor lives on the server, on one node of a cluster, and is known by a cookie, which may be the same from page to page (so
//! in the vendor's examples). So that a server goes round in a circle is told by what it sends, and not by its cookies.

use std::collections::HashSet;
use std::time::Duration;

use ahash::RandomState;
use futures_util::{Stream, stream};
use tokio::runtime::Handle;
use tokio::time::timeout;
use url::Url;

use super::page::{Found, Page};
use super::search::Search;
use crate::client::ahead::{Ahead, Cursor};
use crate::wire::adap::{CUT, ENDED_EARLY, Entry};
use crate::{Error, ErrorKind, Result};

/// How long whoever ends a search waits for its server.
const CLOSING: Duration = Duration::from_secs(5);
/// So many pages without an entry in a row are taken for no progress.
const MOST_EMPTY: u32 = 100;

/// The pages of a search. The next one is asked for while the caller is busy with one, and no more than that, so that a search
/// of any length takes as much memory as two pages. Dropped before its end, it ends the search on the server too.
#[derive(Debug)]
#[must_use = "nothing is asked until it is read"]
pub struct Pages(Ahead<Reading>);

impl Pages {
    pub(super) fn new(search: Search) -> Self {
        Self(Ahead::new(Reading::new(search, true)))
    }

    /// The next page; none after the last one, and after an error. It may be given up waiting for, and asked for again.
    ///
    /// # Errors
    /// Those of [`RestClient`](super::RestClient). Protocol: `incomplete_result` where the server has cut the result, after all
    /// that it gave ([`Error::incomplete`]); `cursor_loops`. A page that is lost on the way is not asked for again, for the server
    /// would give the one behind it.
    pub async fn next(&mut self) -> Option<Result<Page>> {
        self.0.next().await
    }

    /// Ends the search, and waits until the server knows, five seconds at the most. What is dropped ends as well, and nobody
    /// waits for it: a program that ends right then may be faster.
    pub async fn close(self) {
        let closing = async {
            if let Some(end) = self.0.into_cursor().await.and_then(|mut reading| reading.end()) {
                end.await;
            }
        };
        timeout(CLOSING, closing).await.ok(); // a page that takes longer is dropped when it comes, and ends the search then
    }
}

/// The entries of a search, page by page. They are read by whoever asks, and not on the task that asks ahead: what is allocated
/// on one thread and freed on another costs a third more.
pub(super) fn entries(search: Search) -> impl Stream<Item = Result<Vec<Entry>>> + Send + 'static {
    let pages = Ahead::new(Reading::new(search, false));
    stream::unfold(pages, |mut pages| async move {
        let page = pages.next().await?;
        Some((page.and_then(|page| page.entries()), pages))
    })
}

struct Reading {
    search: Search,
    /// Whether its pages are wanted as JSON.
    as_json: bool,
    step: Step,
    /// What leads to the next page; while it is there the server keeps a cursor.
    cookie: Option<String>,
    /// The node of a cluster that the cursor is on.
    node: Option<Url>,
    delivered: u64,
    empty: u32,
    /// What was seen, as hashes.
    seen: HashSet<u64, RandomState>,
    /// Where the search is ended when it is dropped somewhere else.
    runtime: Option<Handle>,
}

enum Step {
    More,
    /// The result ends here, as it should or not.
    End(Option<Error>),
}

impl Cursor for Reading {
    type Page = Page;

    async fn next(&mut self) -> Result<Option<Page>> {
        if let Step::End(error) = &mut self.step {
            return error.take().map_or(Ok(None), Err);
        }
        self.runtime = Handle::try_current().ok();
        let request = self.search.request(self.cookie.as_deref())?.movable(self.node.clone());
        let mut answer = self.search.rest.sender.send(request).await?;
        let Found { page, total, cookie } = Found::read(&answer, self.as_json)?;
        answer.release();
        self.node.clone_from(&answer.node);
        self.delivered += page.len() as u64;
        self.cookie = cookie.filter(|_| self.search.is_paged());
        if self.goes_round(&page) {
            let text = "the server's pages go round in a circle, or have nothing in them";
            return Err(answer.about(Error::new(ErrorKind::Protocol, "cursor_loops", text)));
        }
        self.step = match self.cut(total) {
            Some(text) => {
                let error = Error::cut(self.delivered, self.cookie.take(), text);
                Step::End(Some(answer.about(error)))
            }
            None if self.cookie.is_some() => Step::More,
            None => Step::End(None),
        };
        Ok(Some(page))
    }
}

impl Reading {
    fn new(search: Search, as_json: bool) -> Self {
        let cookie = search.params.cookie.clone();
        Self {
            search,
            as_json,
            step: Step::More,
            cookie,
            node: None,
            delivered: 0,
            empty: 0,
            seen: HashSet::default(),
            runtime: Handle::try_current().ok(),
        }
    }

    /// Why this is not the whole result, if it is not and ends here.
    fn cut(&self, total: i64) -> Option<String> {
        let more = u64::try_from(total).is_ok_and(|total| total > self.delivered);
        match total {
            CUT if self.search.is_paged() => Some(
                "the server gave a part of the result only: paging is off on it; ask for all in one answer"
                    .to_owned(),
            ),
            CUT | ENDED_EARLY if !self.search.wants_all() => None,
            CUT => {
                Some("the server gave a part of the result only, for there is more than it gives".to_owned())
            }
            ENDED_EARLY => Some("the server ended the search before its end".to_owned()),
            _ if self.cookie.is_none() && self.search.wants_all() && more => {
                Some(format!("the server found {total} entries, and gave {}", self.delivered))
            }
            _ => None,
        }
    }

    fn goes_round(&mut self, page: &Page) -> bool {
        if page.is_empty() {
            self.empty += 1;
            return self.cookie.is_some() && self.empty > MOST_EMPTY;
        }
        self.empty = 0;
        let hash = self.seen.hasher().hash_one(page.to_json());
        !self.seen.insert(hash)
    }
}

impl Reading {
    /// What ends the search on the server, where it keeps a cursor for it.
    fn end(&mut self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let request = self.search.end(&self.cookie.take()?).ok()?.movable(self.node.take());
        let sender = self.search.rest.sender.clone();
        Some(async move {
            if let Err(error) = sender.send(request).await {
                tracing::debug!(code = error.code(), "a search could not be ended");
            }
        })
    }
}

/// What is left on the server would stay there until it is found to be idle, and only so many may.
impl Drop for Reading {
    fn drop(&mut self) {
        if let (Some(end), Some(runtime)) = (self.end(), &self.runtime) {
            runtime.spawn(end);
        }
    }
}
