//! Verifiers: how they follow.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Gatepass;
#[cfg(feature = "client")]
use crate::ValidatorOptions;
use crate::usage::keep_reporting;
use crate::wire::LONGEST_STALENESS;
use crate::{Clock, Error, Result, TokenValidators, Verifier};

/// The shortest `max_staleness`: a busy machine takes this long for nothing.
const SHORTEST: Duration = Duration::from_millis(100);

/// Whether somebody waits until a verifier can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Startup {
    /// It is given when it knows all tokens; what stands against that is an error.
    #[default]
    Wait,
    /// It is given at once, denies everything as `stale` until it knows all tokens, and tries until it does.
    Background,
}

/// How a verifier follows its store or its server.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct FollowOptions {
    /// After this long without news every check is denied as `stale`: no secret is accepted later than this after its
    /// revocation was acknowledged. 10 s on a server and 1 s on a store when not said.
    pub max_staleness: Option<Duration>,
    /// Whether to wait until it can be used; so when not said.
    pub startup: Startup,
    /// How long to wait; 30 s when not said.
    pub deadline: Duration,
    /// How often it is reported which tokens were used; 30 s when not said, none for never. What is left is reported when
    /// the verifier is closed or dropped.
    pub usage_interval: Option<Duration>,
    /// How its external token validators get their keys, and find whom a token acts as.
    #[cfg(feature = "client")]
    pub validators: ValidatorOptions,
}

impl Default for FollowOptions {
    fn default() -> Self {
        Self {
            max_staleness: None,
            startup: Startup::Wait,
            deadline: Duration::from_secs(30),
            usage_interval: Some(Duration::from_secs(30)),
            #[cfg(feature = "client")]
            validators: ValidatorOptions::default(),
        }
    }
}

impl FollowOptions {
    /// Denies every check as `stale` after this long without news, 100 ms at least and 24 h at most.
    pub fn max_staleness(mut self, limit: Duration) -> Self {
        self.max_staleness = Some(limit);
        self
    }

    /// Waits until it can be used, or does not.
    pub fn startup(mut self, startup: Startup) -> Self {
        self.startup = startup;
        self
    }

    /// Waits no longer than this.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Reports this often which tokens were used; none for never.
    pub fn usage_interval(mut self, interval: Option<Duration>) -> Self {
        self.usage_interval = interval;
        self
    }

    /// Gets the keys of external token validators so, and finds so whom a token acts as. The clock is the verifier's own.
    #[cfg(feature = "client")]
    pub fn validators(mut self, options: ValidatorOptions) -> Self {
        self.validators = options;
        self
    }

    /// What tokens of other issuers are checked by, as soon as it is known.
    pub(crate) fn others(&self, clock: &Arc<dyn Clock>) -> Result<TokenValidators> {
        #[cfg(feature = "client")]
        return TokenValidators::start([], self.validators.clone().clock(Arc::clone(clock)));
        #[cfg(not(feature = "client"))]
        {
            let _ = clock;
            Ok(TokenValidators::default())
        }
    }

    /// What is said, or else this.
    pub(crate) fn staleness_or(&self, usual: Duration) -> Result<Duration> {
        let limit = self.max_staleness.unwrap_or(usual);
        if (SHORTEST..=LONGEST_STALENESS).contains(&limit) {
            return Ok(limit);
        }
        let text = "expected something between 100 ms and 24 h";
        Err(Error::invalid("maxStaleness", "max_staleness_out_of_range", text))
    }

    /// Where uses are noted, if they are.
    pub(crate) fn uses(&self) -> Option<Arc<crate::usage::Uses>> {
        self.usage_interval.is_some().then(|| Arc::new(crate::usage::Uses::new()))
    }
}

impl Gatepass {
    /// An index of all tokens, in this process, that follows the store or the server: see
    /// [`verifier_with`](Self::verifier_with).
    ///
    /// # Errors
    /// Those of [`verifier_with`](Self::verifier_with).
    pub async fn verifier(&self) -> Result<Verifier> {
        self.verifier_with(FollowOptions::default()).await
    }

    /// An index of all tokens, in this process, that follows the store or the server.
    ///
    /// On a store, what other processes change is seen after some 50 ms on SQLite and 100 ms on PostgreSQL, what this one
    /// changes at once. On a server it is a *replica*: it takes the permission to verify tokens, holds those of the APIs
    /// that the permission names, and hears of changes in milliseconds.
    ///
    /// Either way, no secret is accepted later than `max_staleness` after its revocation was acknowledged: without news for
    /// so long, every check is denied as `stale`.
    ///
    /// It follows for as long as it, a clone of it or a guard of it is there, this Gatepass's end notwithstanding.
    ///
    /// # Errors
    /// Invalid input on `maxStaleness`; those of reading the store; those of the server; `verifier_not_ready`
    /// (unavailable) after the deadline; unsupported, `needs_gatepass`, on a plain RadiantOne, which has nothing to follow.
    pub async fn verifier_with(&self, options: FollowOptions) -> Result<Verifier> {
        let verifier = self.service().verifier(&options).await?;
        let source = verifier.source();
        if let Some((source, interval)) = source.zip(options.usage_interval)
            && let Some(uses) = source.uses()
        {
            let (service, acting) = (Arc::clone(&self.service), self.acting.clone());
            tokio::spawn(keep_reporting(Arc::clone(uses), service, acting, interval, source.stop()));
            let mut following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
            following.retain(|source| source.strong_count() > 0);
            following.push(Arc::downgrade(source));
        }
        Ok(verifier)
    }

    /// Reports what its verifiers have noted, for soon it cannot be any more.
    pub(super) async fn report_usage(&self) {
        let following = self.following.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for source in following.iter().filter_map(std::sync::Weak::upgrade) {
            if let Some(uses) = source.uses() {
                uses.report(self.service(), &self.acting).await;
            }
        }
    }
}
