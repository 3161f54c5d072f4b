//! Keys that are fetched in the background.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ahash::RandomState;
use arc_swap::ArcSwapOption;
use futures_util::FutureExt as _;
use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::algorithm::Algorithm;
use super::cadence::{Cadence, Miss};
use super::fetch::Fetch;
use super::jwk::KeySet;
use super::keys::{KeyHealth, KeyLocation, KeySource, KeySources, Lookup};
use super::options::KeyOptions;
use crate::{Clock, Error, ErrorKind, Result, Timestamp};

/// A timer may stand still while a machine is suspended, so the clock is looked at this often.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// Makes sources of keys that are fetched over the network. Sources of one place are one.
pub(crate) struct Fetcher {
    way: Arc<Way>,
    runtime: Handle,
    open: Mutex<HashMap<KeyLocation, Weak<FetchedKeys>>>,
}

/// What all sources share.
struct Way {
    options: Arc<KeyOptions>,
    fetch: Fetch,
    clock: Arc<dyn Clock>,
    /// Counts attempts that have ended: whoever waits for keys looks again.
    news: Arc<watch::Sender<u64>>,
}

impl Fetcher {
    /// Sources fetch on this runtime, for as long as it lives.
    ///
    /// # Errors
    /// Those of [`KeyOptions::check`]; `certificate_malformed`.
    pub(crate) fn new(
        options: KeyOptions,
        clock: Arc<dyn Clock>,
        runtime: Handle,
        news: Arc<watch::Sender<u64>>,
    ) -> Result<Self> {
        options.check()?;
        let options = Arc::new(options);
        let fetch = Fetch::new(Arc::clone(&options))?;
        Ok(Self { way: Arc::new(Way { options, fetch, clock, news }), runtime, open: Mutex::default() })
    }

    fn source(&self, location: &KeyLocation) -> Arc<FetchedKeys> {
        let mut open = lock(&self.open);
        if let Some(source) = open.get(location).and_then(Weak::upgrade) {
            return source;
        }
        open.retain(|_, source| source.strong_count() > 0);
        let source = Arc::new(FetchedKeys::start(location.clone(), Arc::clone(&self.way), &self.runtime));
        open.insert(location.clone(), Arc::downgrade(&source));
        source
    }
}

impl KeySources for Fetcher {
    fn open(&self, location: &KeyLocation) -> Arc<dyn KeySource> {
        self.source(location)
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("options", &self.way.options).finish_non_exhaustive()
    }
}

/// The keys of a provider, and the task that fetches them, which ends with this.
pub(crate) struct FetchedKeys {
    shared: Arc<Shared>,
    task: AbortHandle,
}

struct Shared {
    location: KeyLocation,
    way: Arc<Way>,
    held: ArcSwapOption<Held>,
    course: Mutex<Course>,
    wake: Notify,
    hasher: RandomState,
}

/// Keys that were fetched.
struct Held {
    keys: KeySet,
    attempt: u64,
    fetched_on: Timestamp,
    /// When they serve no longer, by the boot-time clock.
    until: Duration,
}

/// How fetching goes. Keys change only while this is locked.
struct Course {
    cadence: Cadence,
    tried_on: Option<Timestamp>,
    trouble: Option<Error>,
}

impl FetchedKeys {
    fn start(location: KeyLocation, way: Arc<Way>, runtime: &Handle) -> Self {
        let cadence = Cadence::new(Arc::clone(&way.options));
        let shared = Arc::new(Shared {
            location,
            way,
            held: ArcSwapOption::empty(),
            course: Mutex::new(Course { cadence, tried_on: None, trouble: None }),
            wake: Notify::new(),
            hasher: RandomState::new(),
        });
        let task = runtime.spawn(Arc::clone(&shared).run()).abort_handle();
        Self { shared, task }
    }
}

impl Drop for FetchedKeys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl KeySource for FetchedKeys {
    fn look(&self, kid: Option<&str>, algorithm: Algorithm) -> Lookup {
        let shared = &*self.shared;
        let now = shared.way.clock.boot_time();
        let candidates = |held: Option<&Arc<Held>>| {
            let fresh = held.filter(|held| now < held.until);
            let found = fresh.map(|held| held.keys.candidates(kid, algorithm)).unwrap_or_default();
            (found, fresh.map(|held| (held.attempt, held.until.saturating_sub(now))))
        };
        let (found, held) = candidates(shared.held.load().as_ref());
        if !found.is_empty() {
            return Lookup::Keys(found, held.map(|(_, left)| left));
        }
        let mut course = lock(&shared.course);
        // They may have come since.
        let (found, held) = candidates(shared.held.load().as_ref());
        if !found.is_empty() {
            return Lookup::Keys(found, held.map(|(_, left)| left));
        }
        let brought_by = held.map(|(attempt, _)| attempt);
        match course.cadence.miss(shared.hasher.hash_one((kid, algorithm)), brought_by, now) {
            Miss::Unknown => return Lookup::Unknown,
            Miss::Wait => {}
            Miss::Wanted => shared.wake.notify_one(),
        }
        Lookup::Unavailable
    }

    fn health(&self) -> KeyHealth {
        let course = lock(&self.shared.course);
        let held = self.shared.held.load();
        let held = held.as_ref();
        let now = self.shared.way.clock.boot_time();
        KeyHealth {
            url: self.shared.location.to_string(),
            keys: held.map_or(0, |held| held.keys.len()),
            unusable: held.map_or(0, |held| held.keys.unusable()),
            fetched_on: held.map(|held| held.fetched_on),
            tried_on: course.tried_on,
            failures: course.cadence.failures().into(),
            fetches: course.cadence.attempts(),
            trouble: course.trouble.clone(),
            unavailable: held.is_none_or(|held| now >= held.until),
        }
    }
}

impl fmt::Debug for FetchedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedKeys").field("location", &self.shared.location).finish_non_exhaustive()
    }
}

impl Shared {
    async fn run(self: Arc<Self>) -> Infallible {
        loop {
            match self.begin() {
                Ok((attempt, begun_on)) => self.attempt(attempt, begun_on).await,
                Err(wait) => drop(timeout(wait.min(LONGEST_NAP), self.wake.notified()).await),
            }
        }
    }

    fn begin(&self) -> Result<(u64, Timestamp), Duration> {
        let mut course = lock(&self.course);
        let attempt = course.cadence.begin(self.way.clock.boot_time())?;
        let now = self.way.clock.now();
        course.tried_on = Some(now);
        Ok((attempt, now))
    }

    async fn attempt(&self, attempt: u64, fetched_on: Timestamp) {
        let fetching = async {
            let fetched = self.way.fetch.keys(&self.location).await?;
            let before = self.held.load();
            let keys = KeySet::read(&fetched.text, before.as_ref().map(|held| &held.keys))?;
            Ok((keys, fetched.max_age))
        };
        let fetched = surviving(fetching).await;
        self.take(attempt, fetched_on, fetched);
        self.way.news.send_modify(|news| *news = news.wrapping_add(1));
    }

    /// Whoever listens is told once nothing is locked any more: a listener may wait for a thread that is in a check.
    fn take(&self, attempt: u64, fetched_on: Timestamp, fetched: Result<(KeySet, Option<Duration>)>) {
        let mut course = lock(&self.course);
        let before = course.cadence.failures();
        match fetched {
            Ok((keys, max_age)) => {
                let until = course.cadence.succeeded(max_age);
                self.held.store(Some(Arc::new(Held { keys, attempt, fetched_on, until })));
                course.trouble = None;
                drop(course);
                if before > 0 {
                    tracing::info!(url = %self.location, "the keys of a provider are fetched again");
                }
            }
            Err(error) => {
                course.cadence.failed(SysRng.try_next_u64().ok());
                course.trouble = Some(error.clone());
                drop(course);
                if before == 0 {
                    let code = error.code();
                    tracing::warn!(url = %self.location, code, "the keys of a provider cannot be fetched");
                }
            }
        }
    }
}

/// A defect is a failure like others: it is told, and the next attempt comes.
async fn surviving<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let defect = || Error::new(ErrorKind::Internal, "task_failed", "fetching the keys failed by a defect");
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(defect()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
