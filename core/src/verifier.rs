//! The verifier, as it is handed out: to read, and to the one who writes.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::freshness::{Freshness, Reading};
use crate::guard::Guard;
use crate::index::{Index, IndexWriter};
#[cfg(feature = "oidc")]
use crate::oidc::TokenValidators;
use crate::role::RoleBook;
use crate::state::VerifierState;
use crate::{Api, Clock, Result, SystemClock, TokenId, TokenRecord};

/// An in-process index of tokens, checked against without I/O and without locks. Cheap to clone; all clones
/// share the index.
#[derive(Debug, Clone)]
pub struct Verifier {
    index: Arc<Index>,
    freshness: Arc<Freshness>,
    #[cfg(feature = "oidc")]
    validators: TokenValidators,
    #[cfg(feature = "service")]
    source: Option<Arc<crate::source::Source>>,
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
    /// What tokens of other issuers are checked by; none, and no way to fetch keys for any, when not said.
    #[cfg(feature = "oidc")]
    pub validators: TokenValidators,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            max_staleness: None,
            #[cfg(feature = "oidc")]
            validators: TokenValidators::default(),
        }
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

#[cfg(feature = "oidc")]
impl VerifierOptions {
    /// Checks tokens of other issuers by these.
    #[must_use]
    pub fn validators(mut self, validators: TokenValidators) -> Self {
        self.validators = validators;
        self
    }
}

#[cfg(feature = "oidc")]
impl Verifier {
    /// A verifier that knows no token, and takes those of other issuers alone.
    pub fn of_others(validators: TokenValidators, clock: Arc<dyn Clock>) -> Self {
        Self::with_writer(VerifierOptions::default().clock(clock).validators(validators)).0
    }

    /// The same tokens, and these validators for those of other issuers.
    #[must_use]
    pub fn with_validators(self, validators: TokenValidators) -> Self {
        Self { validators, ..self }
    }

    /// What it checks tokens of other issuers by: their keys' health is there.
    pub fn validators(&self) -> &TokenValidators {
        &self.validators
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
        let freshness = Arc::new(Freshness::new(options.clock, options.max_staleness));
        let verifier = Self {
            index: writer.reader(),
            freshness: Arc::clone(&freshness),
            #[cfg(feature = "oidc")]
            validators: options.validators.clone(),
            #[cfg(feature = "service")]
            source: None,
        };
        let writer = VerifierWriter {
            freshness,
            writer,
            #[cfg(feature = "oidc")]
            validators: options.validators,
        };
        (verifier, writer)
    }

    /// Compiles a requirement: this API, and all of these scopes. For `config` they are the vendor's
    /// (`SCOPE_SETTINGS_EDIT`), else the application's own.
    ///
    /// # Errors
    /// Invalid input on `scopes` where no token could ever satisfy it: `unknown_scope`, or those of
    /// [`check_application_scope`](crate::check_application_scope), `too_many_scopes`.
    pub fn guard<S: AsRef<str>>(&self, api: Api, scopes: impl IntoIterator<Item = S>) -> Result<Guard> {
        let guard = Guard::compile(Arc::clone(&self.index), Arc::clone(&self.freshness), api, scopes)?;
        #[cfg(feature = "oidc")]
        let guard = guard.with_validators(self.validators.clone());
        #[cfg(feature = "service")]
        let guard = guard.fed_by(self.source.as_ref());
        Ok(guard)
    }

    /// How long ago everything was known to be in the index; none before the first proof.
    pub fn age(&self) -> Option<Duration> {
        self.freshness.age()
    }
}

impl Verifier {
    /// How it is doing.
    pub fn state(&self) -> VerifierState {
        let state = VerifierState {
            age: self.age(),
            stale: self.freshness.is_stale(),
            tokens: self.index.tokens(),
            ..VerifierState::default()
        };
        #[cfg(feature = "oidc")]
        let state = VerifierState { stale: state.stale || self.validators.is_closed(), ..state };
        #[cfg(feature = "service")]
        if let Some(source) = &self.source {
            let progress = source.progress();
            return VerifierState {
                revision: progress.position.revision,
                connected: progress.connected,
                place: progress.place,
                trouble: progress.trouble,
                credential_expires_on: progress.credential_expires_on,
                ..state
            };
        }
        state
    }
}

#[cfg(feature = "service")]
impl Verifier {
    pub(crate) fn fed_by(self, source: Arc<crate::source::Source>) -> Self {
        Self { source: Some(source), ..self }
    }

    pub(crate) fn source(&self) -> Option<&Arc<crate::source::Source>> {
        self.source.as_ref()
    }

    pub(crate) fn left(&self) -> Option<Duration> {
        self.freshness.left()
    }

    /// The tokens themselves.
    #[cfg(feature = "store")]
    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// The number of the last change that is in the index; 0 where it follows nothing.
    pub fn revision(&self) -> i64 {
        self.source.as_ref().map_or(0, |source| source.revision())
    }

    /// Waits until the change of this number is in the index: what was created before is then known, and what was
    /// revoked before is refused. Returns at once where it follows nothing.
    ///
    /// # Errors
    /// `closed` where it follows no more.
    pub async fn wait_for(&self, revision: i64) -> Result<()> {
        match &self.source {
            Some(source) => source.wait_for(revision).await,
            None => Ok(()),
        }
    }

    /// To be told when it becomes stale, is fresh again, loses its server or finds it.
    pub fn watch(&self) -> crate::StateWatch {
        crate::StateWatch::new(self.clone())
    }

    /// Reports what was used, follows no more, and fetches no keys: from then on every check is denied as `stale`. Where it
    /// follows nothing, that is said of tokens of other issuers alone.
    pub async fn close(&self) {
        #[cfg(feature = "oidc")]
        self.validators.close();
        if let Some(source) = &self.source {
            source.close().await;
            self.freshness.forget();
        }
    }
}

/// The handle through which a verifier's source tells it what changed.
#[derive(Debug)]
pub struct VerifierWriter {
    freshness: Arc<Freshness>,
    writer: IndexWriter,
    #[cfg(feature = "oidc")]
    validators: TokenValidators,
}

impl VerifierWriter {
    /// Puts these tokens, owned or borrowed, in the place of all that were known. Of two with one id the later
    /// one is taken. An iterator that knows its length is loaded fastest.
    pub fn load<R: Borrow<TokenRecord>>(&mut self, records: impl IntoIterator<Item = R>) {
        let Ok(()) = self.try_load(records.into_iter().map(Ok::<_, Infallible>));
    }

    /// The same from a source that may fail; what was known then stays.
    ///
    /// # Errors
    /// That of the first record that is one.
    pub fn try_load<R: Borrow<TokenRecord>, E>(
        &mut self,
        records: impl IntoIterator<Item = Result<R, E>>,
    ) -> Result<(), E> {
        self.writer.load(records.into_iter())
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

    /// Takes these external token validators in the place of all: tokens that only others accepted are refused at once.
    /// Keys of places that were known before are kept.
    #[cfg(feature = "oidc")]
    pub fn set_validators(&mut self, validators: Vec<crate::ExternalTokenValidator>) {
        self.validators.set(validators);
    }

    /// How many tokens are known.
    pub fn len(&self) -> usize {
        self.writer.reader().tokens()
    }

    /// Whether no token is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the clocks say now: to be read *before* the source is asked, and given to [`prove`](Self::prove)
    /// once the source has answered and its changes are in.
    pub fn reading(&self) -> Reading {
        self.freshness.reading()
    }

    /// The source has shown that everything it had acknowledged by `asked_at` is in the index.
    pub fn prove(&self, asked_at: Reading) {
        self.freshness.prove(asked_at);
    }

    /// The same; tells whether every check was denied until now.
    #[cfg(feature = "service")]
    pub(crate) fn prove_again(&self, asked_at: Reading) -> bool {
        let was_stale = self.freshness.is_stale();
        self.freshness.prove(asked_at);
        was_stale
    }

    /// What is in the index is about to become something that no proof before speaks for.
    #[cfg(feature = "client")]
    pub(crate) fn forget_proof(&self) {
        self.freshness.forget();
    }

    /// The source says that it is this late.
    #[cfg(feature = "client")]
    pub(crate) fn tell_time(&self, now: crate::Timestamp) {
        self.freshness.tell_time(now);
    }
}
