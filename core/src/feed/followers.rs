//! Who follows here, written down for all authorities of the store.
//!
//! A replica that has had an answer may go on with what it knows for its `max_staleness`. So whoever wants to know that
//! *all* replicas have a change has to know of each that had an answer: it is written down before its first one, and
//! again so often that what is written is never much older than its last one ([`SLACK`]).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use crate::store::Store;
use crate::store::replicas::{Known, NoteReplicas};
use crate::wire::SLACK;
use crate::{Clock, Error, ErrorKind, Result, Timestamp};

/// What changes is written down so often at the most.
const APART: Duration = Duration::from_millis(100);
/// That a replica is still there is written down so often, with all others of which that is worth it.
const HEARTBEAT: Duration = Duration::from_secs(2);
const WORTH_IT: Duration = Duration::from_secs(1);
/// A replica is answered only while what is written of it is no older than this; what is left of [`SLACK`] is for
/// clocks that differ.
const WRITTEN_WITHIN: Duration = Duration::from_secs(4);
const _: () = assert!(WRITTEN_WITHIN.as_secs() < SLACK.as_secs());
/// So long that is waited for. Where nothing can be written, nothing can be revoked either.
const PATIENCE: Duration = Duration::from_secs(2);
/// Those that were not seen for long are removed so often.
const TIDY: Duration = Duration::from_mins(1);
/// Replicas of one authority, at the most.
const MOST: usize = 10_000;

/// A replica that asks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReplicaPoll {
    /// Its own id.
    pub replica: String,
    /// Whose credential it uses: `token:gateway`.
    pub actor: String,
    /// Where it is.
    pub peer: Option<IpAddr>,
    /// The life of the store that its revision is of.
    pub epoch: String,
    /// The revision that it has.
    pub after: i64,
    /// After so long without an answer it denies everything.
    pub max_staleness: Duration,
}

impl ReplicaPoll {
    /// A poll of this replica, which uses this one's credential.
    pub fn new(
        (replica, actor): (impl Into<String>, impl Into<String>),
        (epoch, after): (impl Into<String>, i64),
        max_staleness: Duration,
    ) -> Self {
        let (replica, actor, epoch) = (replica.into(), actor.into(), epoch.into());
        Self { replica, actor, peer: None, epoch, after, max_staleness }
    }

    /// From this address.
    #[must_use]
    pub const fn from_peer(mut self, peer: Option<IpAddr>) -> Self {
        self.peer = peer;
        self
    }
}

/// The replicas that follow here. Who writes them down ends with the last of these.
#[derive(Debug, Clone)]
pub(super) struct Followers {
    shared: Arc<Shared>,
    wake: mpsc::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<(String, String), Follower>>,
    /// Tells of each time that something was written.
    written: Notify,
}

#[derive(Debug)]
struct Follower {
    known: Known,
    /// Whether more has changed than that it was seen.
    changed: bool,
    /// When it was last seen of what is written down.
    written: Option<Timestamp>,
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, HashMap<(String, String), Follower>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Followers {
    pub(super) fn start(store: Store, clock: Arc<dyn Clock>) -> Self {
        let shared = Arc::new(Shared { clock, known: Mutex::default(), written: Notify::new() });
        let (wake, woken) = mpsc::channel(1);
        tokio::spawn(write_down(store, Arc::clone(&shared), woken));
        Self { shared, wake }
    }

    /// Notes a poll, and returns once enough of the replica is written down.
    pub(super) async fn seen(&self, poll: ReplicaPoll) -> Result<()> {
        let key = (poll.actor.clone(), poll.replica.clone());
        let seen_on = self.note(poll)?;
        self.wake.try_send(()).ok(); // it is awake already
        let is_written = || {
            let known = self.shared.known();
            let written = known.get(&key).and_then(|follower| follower.written);
            written.is_some_and(|written| seen_on.since(written) <= WRITTEN_WITHIN)
        };
        let waited = timeout(PATIENCE, async {
            loop {
                let written = self.shared.written.notified();
                if is_written() {
                    return;
                }
                written.await;
            }
        });
        if waited.await.is_err() {
            tracing::warn!("a replica could not be written down");
        }
        Ok(())
    }

    fn note(&self, poll: ReplicaPoll) -> Result<Timestamp> {
        let now = self.shared.clock.now();
        let ReplicaPoll { replica, actor, peer, epoch, after, max_staleness } = poll;
        let max_staleness = i64::try_from(max_staleness.as_millis()).unwrap_or(i64::MAX);
        let mut known = self.shared.known();
        let key = (actor, replica);
        if known.len() >= MOST && !known.contains_key(&key) {
            known.retain(|_, follower| follower.is_connected(now));
            if known.len() >= MOST {
                let text = "too many replicas follow this authority";
                return Err(Error::new(ErrorKind::RateLimited, "too_many_replicas", text));
            }
        }
        let (actor, id) = key.clone();
        let new =
            Known { actor, id, peer, epoch, revision: after, confirmed_on: now, seen_on: now, max_staleness };
        match known.get_mut(&key) {
            Some(follower) => follower.see(new),
            None => {
                known.insert(key, Follower { known: new, changed: true, written: None });
            }
        }
        Ok(now)
    }

    /// How many follow here now.
    pub(super) fn count(&self) -> usize {
        let now = self.shared.clock.now();
        self.shared.known().values().filter(|follower| follower.is_connected(now)).count()
    }
}

impl Follower {
    fn see(&mut self, mut new: Known) {
        let old = &self.known;
        let same_revision = (old.revision, &old.epoch) == (new.revision, &new.epoch);
        if same_revision {
            new.confirmed_on = old.confirmed_on;
        }
        self.changed |= !same_revision || (old.peer, old.max_staleness) != (new.peer, new.max_staleness);
        self.known = new;
    }

    fn is_connected(&self, now: Timestamp) -> bool {
        let staleness = Duration::from_millis(u64::try_from(self.known.max_staleness).unwrap_or(0));
        now.since(self.known.seen_on) <= staleness
    }

    /// Whether it was seen so much later than is written down.
    fn is_old(&self, by: Duration) -> bool {
        self.changed || self.written.is_none_or(|written| self.known.seen_on.since(written) >= by)
    }
}

async fn write_down(store: Store, shared: Arc<Shared>, mut woken: mpsc::Receiver<()>) {
    let mut tidied: Option<Duration> = None;
    while woken.recv().await.is_some() {
        let replicas: Vec<Known> = {
            let mut known = shared.known();
            if known.values().any(|follower| follower.is_old(HEARTBEAT)) {
                let old = known.values_mut().filter(|follower| follower.is_old(WORTH_IT));
                old.map(|follower| {
                    follower.changed = false;
                    follower.known.clone()
                })
                .collect()
            } else {
                Vec::new()
            }
        };
        if !replicas.is_empty() {
            let now = shared.clock.boot_time();
            let tidy = tidied.is_none_or(|then| now.saturating_sub(then) >= TIDY);
            let made = store.make(NoteReplicas { replicas: replicas.clone(), tidy }).await;
            let mut known = shared.known();
            for written in replicas {
                let Some(follower) = known.get_mut(&(written.actor, written.id)) else { continue };
                match &made {
                    Ok(()) => follower.written = Some(written.seen_on),
                    Err(_) => follower.changed = true,
                }
            }
            match made {
                Ok(()) => {
                    if tidy {
                        tidied = Some(now);
                        let now = shared.clock.now();
                        known.retain(|_, follower| follower.is_connected(now));
                    }
                    shared.written.notify_waiters();
                }
                Err(error) => tracing::warn!(code = error.code(), "replicas could not be written down"),
            }
        }
        sleep(APART).await;
    }
}
