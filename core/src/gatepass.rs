//! Tokens, roles and users, wherever they are kept: what [`open`] returns.

mod audit;
mod roles;
mod sessions;
mod tokens;
mod users;

use std::sync::Arc;

pub use self::audit::Audit;
pub use self::roles::Roles;
pub use self::sessions::Sessions;
pub use self::tokens::{IssuedToken, Revoked, TokenFilter, TokenPage, Tokens};
pub use self::users::Users;
use crate::follow;
use crate::store::copy::{self, CopyProgress, Epoch};
use crate::store::inspect::{self, StoreReport};
use crate::store::{Location, Store};
use crate::{Acting, Actor, Brand, Clock, Issuer, Result, SystemClock, TokenPolicy, Verifier};

/// Opens a store: a SQLite file, which is made if there is none, or `postgres://user@host/database`.
///
/// # Errors
/// Storage: `store_missing`, `store_read_only` (a file is written beside even to read it), `store_corrupt`,
/// `store_foreign`, `store_too_new`. Unavailable where a server cannot be reached. Unsupported: `network_file_system`. Invalid input, on `store`, where it is no location.
///
/// ```
/// # async fn example() -> gatepass::Result<()> {
/// use gatepass::{Api, NewToken, days};
///
/// let gp = gatepass::open("tokens.db").await?;
/// let new = gp.tokens().create(NewToken::new("nightly-sync", Api::Rest).expires(days(90))).await?;
/// println!("{}", new.secret.reveal()); // shown once, and nowhere else
/// # Ok(())
/// # }
/// ```
pub async fn open(location: impl Into<Location>) -> Result<Gatepass> {
    OpenOptions::default().open(location).await
}

/// How a store is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct OpenOptions {
    /// What new secrets begin with.
    pub brand: Brand,
    /// How long tokens may live.
    pub policy: TokenPolicy,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// On whose behalf things are done; the owner of the store when not said.
    pub acting: Acting,
    /// Whether a file that is not there is made; so when not said.
    pub create: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            brand: Brand::default(),
            policy: TokenPolicy::default(),
            clock: Arc::new(SystemClock),
            acting: Acting::new(Actor::Owner("local".to_owned())),
            create: true,
        }
    }
}

impl OpenOptions {
    /// New secrets begin with this brand.
    pub fn brand(mut self, brand: Brand) -> Self {
        self.brand = brand;
        self
    }

    /// Tokens live as long as this policy permits.
    pub fn policy(mut self, policy: TokenPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// It is as late as this clock says.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Things are done on behalf of this one.
    pub fn acting(mut self, acting: Acting) -> Self {
        self.acting = acting;
        self
    }

    /// Whether a file that is not there is made.
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Opens the store: see [`open`].
    ///
    /// # Errors
    /// Those of [`open`].
    pub async fn open(self, location: impl Into<Location>) -> Result<Gatepass> {
        let store = Store::open(location.into(), self.create, Arc::clone(&self.clock)).await?;
        let issuer = Issuer::new(self.brand, self.policy);
        Ok(Gatepass { inner: Arc::new(Inner { store, issuer, clock: self.clock }), acting: self.acting })
    }
}

/// Tokens, roles and users of one store, on behalf of one actor. Cheap to clone; all clones share the connections.
#[derive(Debug, Clone)]
pub struct Gatepass {
    inner: Arc<Inner>,
    acting: Acting,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    issuer: Issuer,
    clock: Arc<dyn Clock>,
}

impl Gatepass {
    /// The tokens.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens::new(self)
    }

    /// The roles.
    pub fn roles(&self) -> Roles<'_> {
        Roles::new(self)
    }

    /// The users.
    pub fn users(&self) -> Users<'_> {
        Users::new(self)
    }

    /// The sessions of users who have signed in.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(self)
    }

    /// The audit trail.
    pub fn audit(&self) -> Audit<'_> {
        Audit::new(self)
    }

    /// An index of all tokens, in this process, that follows the store: what other processes change is seen after
    /// some 50 ms on SQLite and 100 ms on PostgreSQL, what this one changes at once. After 1 s without news
    /// from the store every check is denied as `stale`.
    ///
    /// It follows for as long as it, a clone of it or a guard of it is there.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn verifier(&self) -> Result<Verifier> {
        follow::start(self.inner.store.clone(), Arc::clone(&self.inner.clock)).await
    }

    /// The same store, on behalf of another.
    #[must_use]
    pub fn acting(&self, acting: Acting) -> Self {
        Self { inner: Arc::clone(&self.inner), acting }
    }

    /// Where the store is, without a password.
    pub fn location(&self) -> &Location {
        self.inner.store.location()
    }

    /// How long tokens may live.
    pub fn policy(&self) -> &TokenPolicy {
        &self.inner.issuer.policy
    }

    /// Copies the whole store, as of one moment, into another one that is empty. The copy takes this one's place: who
    /// follows may go on with it. Sessions and kept answers are left out. `progress` is told every thousand rows.
    ///
    /// # Errors
    /// `store_not_empty` (conflict), and those of either store.
    pub async fn copy_to(&self, target: &Self, mut progress: impl FnMut(CopyProgress) + Send) -> Result<()> {
        copy::copy(&self.inner.store, &target.inner.store, Epoch::Same, &mut progress).await
    }

    /// Copies a backup into a store that is empty. What was done after the backup is lost, revocations too; the new
    /// store has a new epoch, so that whoever followed the old one starts over.
    ///
    /// # Errors
    /// As [`copy_to`](Self::copy_to).
    pub async fn restore_to(
        &self,
        target: &Self,
        mut progress: impl FnMut(CopyProgress) + Send,
    ) -> Result<()> {
        copy::copy(&self.inner.store, &target.inner.store, Epoch::New, &mut progress).await
    }

    /// Reads the whole store once, and says what is in it and what is wrong with it.
    ///
    /// # Errors
    /// Where it cannot be read at all.
    pub async fn inspect(&self) -> Result<StoreReport> {
        inspect::inspect(&self.inner.store).await
    }

    /// Finishes what was asked before, and lets go of the store. What is asked after that is refused as `closed`.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }
}
