//! What a search finds, a page at a time.
//!
//! A cursor lives on the server, on one node of a cluster, and is known by a cookie, which may be the same from page to page (so
//! in the vendor's examples). So that a server goes round in a circle is told by what it sends, and not by its cookies.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;

use ahash::RandomState;
use futures_util::{Stream, stream};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use url::Url;

use super::page::{Found, Page};
use super::search::Search;
use crate::client::ahead::{Ahead, Cursor};
use crate::wire::adap::{CUT, ENDED_EARLY};
use crate::{Error, ErrorKind, Result};

/// So many pages without an entry in a row are taken for no progress.
const MOST_EMPTY: u32 = 100;

/// The pages of a search. The next one is asked for while the caller is busy with one, and no more than that, so that a search
/// of any length takes as much memory as two pages. Dropped before its end, it ends the search on the server too.
#[must_use = "nothing is asked until it is read"]
pub struct Pages {
    ahead: Ahead<Reading>,
    /// Told when nothing is left of the search, here and on the server.
    gone: oneshot::Receiver<Infallible>,
}

impl Pages {
    pub(super) fn new(search: Search) -> Self {
        let cookie = search.params.cookie.clone();
        let step = if cookie.is_some() { Step::More } else { Step::First };
        let (there, gone) = oneshot::channel();
        let ahead = Ahead::new(Reading {
            search,
            step,
            cookie,
            node: None,
            delivered: 0,
            empty: 0,
            seen: HashSet::default(),
            runtime: Handle::try_current().ok(),
            there: Some(there),
        });
        Self { ahead, gone }
    }

    /// The next page; none after the last one, and after an error. It may be given up waiting for, and asked for again.
    ///
    /// # Errors
    /// Those of [`RestClient`](super::RestClient). Protocol: `incomplete_result` where the server has cut the result, after all
    /// that it gave ([`Error::incomplete`]); `cursor_loops`. A page that is lost on the way is not asked for again, for the server
    /// would give the one behind it.
    pub async fn next(&mut self) -> Option<Result<Page>> {
        self.ahead.next().await
    }

    /// Ends the search, as dropping it does, and waits for the server to have heard of it, some seconds at the most: for a program
    /// that ends right afterwards.
    pub async fn close(self) {
        drop(self.ahead);
        self.gone.await.ok(); // nothing is ever sent: it is over when the other side is dropped
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pages").field(&self.ahead).finish()
    }
}

/// The same as a stream.
pub(super) fn all_pages(pages: Pages) -> impl Stream<Item = Result<Page>> + Send + 'static {
    stream::unfold(pages, |mut pages| async move { pages.next().await.map(|page| (page, pages)) })
}

struct Reading {
    search: Search,
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
    /// Dropped when the search is over.
    there: Option<oneshot::Sender<Infallible>>,
}

enum Step {
    First,
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
        let answer = self.search.rest.sender.send(request).await?;
        let Found { page, total, cookie } = Found::read(&answer)?;
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

/// What is left on the server would stay there until it is found to be idle, and only so many may.
impl Drop for Reading {
    fn drop(&mut self) {
        let (Some(cookie), Some(runtime)) = (&self.cookie, &self.runtime) else { return };
        let Ok(request) = self.search.end(cookie) else { return };
        let (sender, request) = (self.search.rest.sender.clone(), request.movable(self.node.take()));
        let there = self.there.take();
        runtime.spawn(async move {
            let _there = there;
            if let Err(error) = sender.send(request).await {
                tracing::debug!(code = error.code(), "a search could not be ended");
            }
        });
    }
}
