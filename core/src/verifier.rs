//! The verifier: an index of tokens, a clock, and the knowledge of how fresh the index is.

use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::guard::Guard;
use crate::index::{Index, IndexWriter};
use crate::role::RoleBook;
use crate::{Api, Clock, Result, SystemClock, Timestamp, TokenId, TokenRecord};

/// An in-process index of tokens, checked against without I/O and without locks. Cheap to clone; all clones
/// share the index.
#[derive(Debug, Clone)]
pub struct Verifier(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) index: Arc<Index>,
    freshness: Freshness,
}

/// How a verifier tells the time, and how old its knowledge may grow.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VerifierOptions {
    /// The clock that it checks by.
    pub clock: Arc<dyn Clock>,
    /// After this long without a proof of freshness every check is denied as `stale`; none for a fixed set
    /// of records, which is as fresh as it will ever be.
    pub max_staleness: Option<Duration>,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), max_staleness: None }
    }
}

impl VerifierOptions {
    /// Checks by this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Denies every check as `stale` after this long without a proof of freshness.
    #[must_use]
    pub fn max_staleness(mut self, limit: Duration) -> Self {
        self.max_staleness = Some(limit);
        self
    }
}

impl Verifier {
    /// A verifier of just these tokens.
    pub fn from_records<R: Borrow<TokenRecord>>(
        records: impl IntoIterator<Item = R>,
        book: &RoleBook,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (verifier, mut writer) = Self::with_writer(VerifierOptions::default().clock(clock));
        writer.set_roles(book.clone());
        writer.load(records);
        verifier
    }

    /// An empty verifier, and the one handle that changes what it knows.
    pub fn with_writer(options: VerifierOptions) -> (Self, VerifierWriter) {
        let writer = IndexWriter::new(RoleBook::default());
        let shared = Arc::new(Shared { index: writer.reader(), freshness: Freshness::new(options) });
        (Self(Arc::clone(&shared)), VerifierWriter { shared, writer })
    }

    /// Compiles a requirement: this API, and all of these scopes. For `config` they are the vendor's
    /// (`SCOPE_SETTINGS_EDIT`), else the application's own.
    ///
    /// # Errors
    /// Invalid input on `scopes` where no token could ever satisfy it: `unknown_scope`, or those of
    /// [`check_application_scope`](crate::check_application_scope), `too_many_scopes`.
    pub fn guard<S: AsRef<str>>(&self, api: Api, scopes: impl IntoIterator<Item = S>) -> Result<Guard> {
        Guard::compile(Arc::clone(&self.0), api, scopes)
    }
}

/// The handle through which a verifier's source tells it what changed.
#[derive(Debug)]
pub struct VerifierWriter {
    shared: Arc<Shared>,
    writer: IndexWriter,
}

impl VerifierWriter {
    /// Puts these tokens, owned or borrowed, in the place of all that were known. Of two with one id the later
    /// one is taken. An iterator that knows its length is loaded fastest.
    pub fn load<R: Borrow<TokenRecord>>(&mut self, records: impl IntoIterator<Item = R>) {
        self.writer.load(records.into_iter());
    }

    /// Adds a token, or replaces the one of its id.
    pub fn put(&mut self, record: &TokenRecord) {
        self.writer.put(record);
    }

    /// Forgets a token: its secrets are `unknown` from now on. Tells whether it was there.
    pub fn remove(&mut self, id: TokenId) -> bool {
        self.writer.remove(id)
    }

    /// Takes these roles in the place of all; tokens that hold them are bound by them at once.
    pub fn set_roles(&mut self, book: RoleBook) {
        self.writer.set_roles(book);
    }

    /// How many tokens are known.
    pub fn len(&self) -> usize {
        self.writer.tokens()
    }

    /// Whether no token is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the clocks say now: to be read *before* the source is asked, and given to [`prove`](Self::prove)
    /// once the source has answered and its changes are in.
    pub fn reading(&self) -> Reading {
        self.shared.freshness.reading()
    }

    /// The source has shown that everything it had acknowledged by `asked_at` is in the index.
    pub fn prove(&self, asked_at: Reading) {
        self.shared.freshness.prove(asked_at);
    }
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    wall: i64,
    boot: i64,
}

/// When the index was last known to be complete, on two clocks. Its age is the greater of the two, so neither
/// a clock that is set back nor a machine that was suspended can make it look younger than it is.
#[derive(Debug)]
struct Freshness {
    clock: Arc<dyn Clock>,
    max_staleness: Option<i64>,
    wall: AtomicI64,
    boot: AtomicI64,
}

/// Further in the past than any clock can say.
const NEVER_PROVED: i64 = i64::MIN;

impl Freshness {
    fn new(options: VerifierOptions) -> Self {
        // However great the limit, what was never proved is older.
        let millis = |limit: Duration| i64::try_from(limit.as_millis()).unwrap_or(i64::MAX).min(i64::MAX - 1);
        let max_staleness = options.max_staleness.map(millis);
        let (wall, boot) = (AtomicI64::new(NEVER_PROVED), AtomicI64::new(NEVER_PROVED));
        Self { clock: options.clock, max_staleness, wall, boot }
    }

    fn reading(&self) -> Reading {
        Reading { wall: self.clock.now().as_millis(), boot: self.boot() }
    }

    fn boot(&self) -> i64 {
        i64::try_from(self.clock.boot_time().as_millis()).unwrap_or(i64::MAX)
    }

    /// A reader between the two stores sees one old clock, and an age that is too great: the safe side.
    fn prove(&self, asked_at: Reading) {
        self.wall.store(asked_at.wall, Ordering::Release);
        self.boot.store(asked_at.boot, Ordering::Release);
    }
}

impl Shared {
    /// When the index was last known to be complete: to be read *before* the index is, for a proof that comes
    /// later does not speak for what was seen earlier.
    pub(crate) fn last_proof(&self) -> Reading {
        let own = &self.freshness;
        Reading { wall: own.wall.load(Ordering::Acquire), boot: own.boot.load(Ordering::Acquire) }
    }

    /// The time, to be read *after* the index was; none where what was seen is too old to be believed. What is
    /// exactly as old as permitted is believed.
    pub(crate) fn now_if_fresh(&self, proof: Reading) -> Option<Timestamp> {
        let own = &self.freshness;
        let now = own.clock.now();
        if let Some(limit) = own.max_staleness {
            let reading = Reading { wall: now.as_millis(), boot: own.boot() };
            let age = reading.wall.saturating_sub(proof.wall).max(reading.boot.saturating_sub(proof.boot));
            if age > limit {
                return None;
            }
        }
        Some(now)
    }
}
