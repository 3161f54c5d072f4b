//! Finding the entry that a token acts as, where its validator has a search: in the background, for a check never waits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use async_trait::async_trait;
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use super::mapping::SubjectSearch;
use crate::{Clock, Error, ErrorKind, RestClient, Result, Timestamp};

/// Searches of which something is known, at the most.
const MOST: usize = 10_000;
/// How long what was found is believed.
const FOUND_FOR: Duration = Duration::from_mins(1);
/// How long it is believed that there is none, or left alone where it could not be told.
const MISSED_FOR: Duration = Duration::from_secs(5);
/// How long a search may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Finds the entry that a token acts as.
#[async_trait]
pub trait SubjectResolver: fmt::Debug + Send + Sync {
    /// The names of the entries that this search finds; two are as good as a thousand, for a token acts as one entry or as
    /// nobody.
    ///
    /// # Errors
    /// Where it cannot be told: checks then say `keys_unavailable`.
    async fn find(&self, search: &SubjectSearch) -> Result<Vec<String>>;
}

#[async_trait]
impl SubjectResolver for RestClient {
    async fn find(&self, search: &SubjectSearch) -> Result<Vec<String>> {
        let asked = self.search(search.base()).scope(search.scope()).filter(search.filter());
        // None of their attributes (RFC 4511 section 4.5.1.8).
        match asked.attributes(["1.1"]).size_limit(2).all().await {
            Ok(found) => Ok(found.into_iter().map(|entry| entry.dn).collect()),
            // There are more, so it means nobody.
            Err(error) if error.incomplete().is_some() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// What a look says.
pub(crate) enum Found {
    /// This one, believed until then.
    One(String, Timestamp),
    /// Nobody, or several.
    None,
    /// It is not known yet, or could not be told.
    NotYet,
}

#[derive(Debug, Clone)]
enum State {
    Searching,
    Known(Option<Arc<str>>, Timestamp),
    Failed(Timestamp),
}

/// What was searched for.
#[derive(Clone)]
pub(crate) struct Subjects {
    resolver: Arc<dyn SubjectResolver>,
    clock: Arc<dyn Clock>,
    news: Arc<watch::Sender<u64>>,
    runtime: Handle,
    states: Arc<Cache<SubjectSearch, State, UnitWeighter, RandomState>>,
}

impl fmt::Debug for Subjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subjects").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}

impl Subjects {
    pub(crate) fn new(
        resolver: Arc<dyn SubjectResolver>,
        clock: Arc<dyn Clock>,
        runtime: Handle,
        news: Arc<watch::Sender<u64>>,
    ) -> Self {
        let states =
            Cache::with(MOST, MOST as u64, UnitWeighter, RandomState::new(), DefaultLifecycle::default());
        Self { resolver, clock, news, runtime, states: Arc::new(states) }
    }

    /// What is known; where that is nothing it is searched for, once for all who ask.
    pub(crate) fn look(&self, search: SubjectSearch, now: Timestamp) -> Found {
        match self.states.get(&search) {
            Some(State::Searching) => return Found::NotYet,
            Some(State::Failed(until)) if now < until => return Found::NotYet,
            Some(State::Known(found, until)) if now < until => {
                return found.map_or(Found::None, |name| Found::One(name.to_string(), until));
            }
            _ => {}
        }
        self.states.insert(search.clone(), State::Searching);
        let this = self.clone();
        self.runtime.spawn(async move { this.search(search).await });
        Found::NotYet
    }

    async fn search(self, search: SubjectSearch) {
        let found = timeout(LIMIT, self.resolver.find(&search)).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, "subject_timeout", "the search took longer than 5 s"))
        });
        let now = self.clock.now();
        let state = match found {
            Ok(names) => match <[String; 1]>::try_from(names) {
                Ok([name]) => State::Known(Some(name.into()), now.saturating_add(FOUND_FOR)),
                Err(_) => State::Known(None, now.saturating_add(MISSED_FOR)),
            },
            Err(error) => {
                tracing::warn!(code = error.code(), "whom a token acts as could not be searched for");
                State::Failed(now.saturating_add(MISSED_FOR))
            }
        };
        self.states.insert(search, state);
        self.news.send_modify(|news| *news += 1);
    }
}
