//! Questions to a server about secrets: each asked once for all who want to know, and their answers kept for as long
//! as was agreed.
//!
//! An answer serves a check where its question was sent after the check began, or where it is no older than
//! `max_staleness`, counted on both clocks from before its question was sent. Nothing that failed is kept.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ahash::{HashMap, RandomState};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::RemoteState;
use super::options::RemoteOptions;
use crate::client::Client;
use crate::client::ask::{Question, Said, Way};
use crate::freshness::Reading;
use crate::grant::Grants;
use crate::{Digest, Error, ErrorKind, Result, RoleBook, Secret, Timestamp};

/// How long a question waits for one about the same secret that was sent before it, so that there is one at a time;
/// longer, and that one is taken to be stuck.
const TURN: Duration = Duration::from_millis(250);
/// How often a question is tried: a connection that was kept open may turn out to be none.
const ATTEMPTS: u32 = 2;

/// What an answer depends on. A full digest: of less, somebody might find another secret that has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    digest: [u8; 32],
    peer: Option<IpAddr>,
}

impl Key {
    pub(super) const fn new(digest: Digest, peer: Option<IpAddr>) -> Self {
        Self { digest: *digest.as_bytes(), peer }
    }
}

/// What the server said, and when.
pub(super) struct Answer {
    pub(super) said: Said,
    /// From before the question was sent.
    asked: Reading,
    /// Of two about the same secret, the greater was sent later.
    number: u64,
}

impl Answer {
    /// The time at this reading. A clock that was set back since does not prolong a token's life.
    pub(super) fn time(&self, now: Reading) -> Timestamp {
        let elapsed = self.asked.wall().saturating_add(now.since(self.asked));
        Timestamp::from_millis(now.wall().max(elapsed)).unwrap_or(Timestamp::MAX)
    }
}

/// An answer to come, for everybody who waits for it. Whoever of them is there drives it; when all have gone, so has
/// the question.
type Coming = Shared<BoxFuture<'static, Result<Arc<Answer>>>>;

/// The last question about a secret.
struct UnderWay {
    number: u64,
    /// Empty for as long as it was not sent.
    asked: Arc<OnceLock<Reading>>,
    answer: WeakShared<BoxFuture<'static, Result<Arc<Answer>>>>,
}

pub(super) struct Questions {
    pub(super) client: Arc<Client>,
    pub(super) options: RemoteOptions,
    /// Milliseconds; none where no answer serves twice.
    max_staleness: Option<i64>,
    under_way: Mutex<HashMap<Key, UnderWay>>,
    answers: Cache<Key, Arc<Answer>, UnitWeighter, RandomState>,
    grants: Mutex<Grants>,
    slots: Semaphore,
    numbers: AtomicU64,
    asked: AtomicU64,
    failed: AtomicU64,
    joined: AtomicU64,
    cached: AtomicU64,
}

impl Questions {
    pub(super) fn new(client: Arc<Client>, options: RemoteOptions) -> Self {
        let millis = |limit: Duration| i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        let max_staleness = options.max_staleness.map(millis).filter(|limit| *limit > 0);
        let capacity = if max_staleness.is_some() { options.capacity } else { 0 };
        Self {
            client,
            max_staleness,
            under_way: Mutex::default(),
            answers: Cache::with(
                capacity,
                capacity as u64,
                UnitWeighter,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
            grants: Mutex::new(Grants::new(RoleBook::default())),
            slots: Semaphore::new(options.concurrent.clamp(1, Semaphore::MAX_PERMITS)),
            numbers: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            joined: AtomicU64::new(0),
            cached: AtomicU64::new(0),
            options,
        }
    }

    pub(super) fn now(&self) -> Reading {
        Reading::of(self.client.clock())
    }

    pub(super) fn state(&self) -> RemoteState {
        RemoteState {
            asked: self.asked.load(Relaxed),
            failed: self.failed.load(Relaxed),
            joined: self.joined.load(Relaxed),
            cached: self.cached.load(Relaxed),
            kept: self.answers.len(),
            under_way: self.questions().len(),
        }
    }

    /// An answer that is kept and young enough, and the moment at which it was.
    pub(super) fn kept(&self, key: &Key) -> Option<(Arc<Answer>, Reading)> {
        let answer = self.answers.get(key)?;
        let now = self.now();
        self.is_young(answer.asked, now).then(|| {
            self.cached.fetch_add(1, Relaxed);
            (answer, now)
        })
    }

    fn is_young(&self, asked: Reading, now: Reading) -> bool {
        self.max_staleness.is_some_and(|limit| now.since(asked) <= limit)
    }

    /// Whether an answer serves now; `fresh` says that its question was sent after the check began.
    pub(super) fn serves(&self, answer: &Answer, fresh: bool, now: Reading) -> bool {
        // A denial is as good as on its way; what grants is held to the bound.
        let on_its_way = fresh && (answer.said.0.is_err() || self.max_staleness.is_none());
        on_its_way || self.is_young(answer.asked, now)
    }

    /// The answer to the question that is under way about this secret, if it serves whoever begins to wait now, else to
    /// a new one; and whether that was not sent before.
    pub(super) fn join(self: &Arc<Self>, key: Key, secret: &Secret, way: &Way) -> (Coming, bool) {
        let mut questions = self.questions();
        let last = questions.get(&key).and_then(|last| Some((last.answer.upgrade()?, last.asked.get())));
        let before = match last {
            Some((answer, None)) => {
                self.joined.fetch_add(1, Relaxed);
                return (answer, true);
            }
            Some((answer, Some(asked))) if self.is_young(*asked, self.now()) => {
                self.joined.fetch_add(1, Relaxed);
                return (answer, false);
            }
            last => last.map(|(answer, _)| answer),
        };
        let number = self.numbers.fetch_add(1, Relaxed);
        let asked = Arc::new(OnceLock::new());
        let entry =
            Entry { questions: Arc::clone(self), key, number, asked: Arc::clone(&asked), answered: false };
        let answer = entry.ask(before, secret.clone(), way.clone()).boxed().shared();
        if let Some(weak) = answer.downgrade() {
            questions.insert(key, UnderWay { number, asked, answer: weak });
        }
        (answer, true)
    }

    /// Keeps an answer, unless there is one to a later question.
    fn keep(&self, key: Key, answer: &Arc<Answer>) {
        if self.max_staleness.is_some() {
            let _in_turn = self.questions();
            if self.answers.peek(&key).is_none_or(|kept| kept.number < answer.number) {
                self.answers.insert(key, Arc::clone(answer));
            }
        }
    }

    fn questions(&self) -> MutexGuard<'_, HashMap<Key, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question's entry among those under way, which leaves when the question does.
struct Entry {
    questions: Arc<Questions>,
    key: Key,
    number: u64,
    asked: Arc<OnceLock<Reading>>,
    answered: bool,
}

impl Entry {
    async fn ask(mut self, before: Option<Coming>, secret: Secret, way: Way) -> Result<Arc<Answer>> {
        let questions = Arc::clone(&self.questions);
        if let Some(before) = before {
            let _whatever = timeout(TURN, before).await;
        }
        // Never closed.
        let _slot = questions.slots.acquire().await.ok();
        let (client, limit) = (&questions.client, questions.options.deadline);
        let asked = *self.asked.get_or_init(|| questions.now());
        questions.asked.fetch_add(1, Relaxed);
        let question = Question { secret: &secret, peer: self.key.peer, within: Some((ATTEMPTS, limit)) };
        let told = timeout(limit, client.ask(&way, question)).await.map_err(|_| too_late())??;
        let mut grants = questions.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = Answer { said: told.known(&mut grants), asked, number: self.number };
        drop(grants);
        let answer = Arc::new(answer);
        questions.keep(self.key, &answer);
        self.answered = true;
        Ok(answer)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.asked.get().is_some() && !self.answered {
            self.questions.failed.fetch_add(1, Relaxed);
        }
        let mut questions = self.questions.questions();
        if questions.get(&self.key).is_some_and(|last| last.number == self.number) {
            questions.remove(&self.key);
        }
    }
}

pub(super) fn too_late() -> Error {
    let text = "the server did not say in time whether the token is good";
    Error::new(ErrorKind::Timeout, "timeout", text)
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (options, state) = (&self.options, self.state());
        f.debug_struct("Questions").field("options", options).field("state", &state).finish_non_exhaustive()
    }
}
