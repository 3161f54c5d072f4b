//! Opening a store.

use std::sync::Arc;

use super::Gatepass;
use crate::local::Local;
use crate::store::{Location, Store};
use crate::{Acting, Actor, Brand, Clock, Issuer, Result, SystemClock, TokenPolicy};

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
        let (issuer, clock) = (Issuer::new(self.brand, self.policy), self.clock);
        let policy = issuer.policy.clone();
        let local = Arc::new(Local { store, issuer, clock: Arc::clone(&clock) });
        let (service, local) = (local.clone(), Some(local));
        let following = super::Following::default();
        Ok(Gatepass {
            service,
            local,
            #[cfg(feature = "client")]
            client: None,
            acting: self.acting,
            policy,
            clock,
            following,
        })
    }
}
