//! External token validators, to be read and changed.

use super::Gatepass;
use crate::service::Before;
use crate::{ExternalTokenValidator, Result};

/// As many external token validators as a store keeps, of both APIs together.
pub const MAX_VALIDATORS: usize = 100;

/// The external token validators: see [`Gatepass::validators`].
#[derive(Debug, Clone, Copy)]
pub struct Validators<'a>(&'a Gatepass);

impl<'a> Validators<'a> {
    pub(super) const fn new(gatepass: &'a Gatepass) -> Self {
        Self(gatepass)
    }

    /// All of them, by name. What a plain RadiantOne has may expect no issuer, which
    /// [`check`](ExternalTokenValidator::check) refuses.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn list(&self) -> Result<Vec<ExternalTokenValidator>> {
        self.0.service().validators().await
    }

    /// The validator of this name.
    ///
    /// # Errors
    /// `validator_not_found`.
    pub async fn get(&self, name: &str) -> Result<ExternalTokenValidator> {
        self.0.service().validator(name).await
    }

    /// Adds a validator: from then on the tokens that it accepts open its API.
    ///
    /// # Errors
    /// Those of [`ExternalTokenValidator::check`]. Conflict: `validator_exists`, whichever API the other one is of,
    /// `too_many_validators` ([`MAX_VALIDATORS`]). Forbidden by the delegation rule:
    /// [`Caller::may_set_validator`](crate::Caller::may_set_validator). On a plain RadiantOne unsupported,
    /// `needs_gatepass`, on what it would silently drop.
    pub async fn create(&self, validator: &ExternalTokenValidator) -> Result<ExternalTokenValidator> {
        self.0.service().put_validator(&self.0.acting, validator, Before::Absent).await
    }

    /// Puts this validator in the place of the one of its name, whole. What only the old one accepted is refused from
    /// then on.
    ///
    /// # Errors
    /// `validator_not_found`; otherwise as [`create`](Self::create).
    pub async fn update(&self, validator: &ExternalTokenValidator) -> Result<ExternalTokenValidator> {
        self.0.service().put_validator(&self.0.acting, validator, Before::Present).await
    }

    /// Tries a validator out, whether or not it is enabled: whether its keys can be fetched from here, or from the server,
    /// and, given a token, what would be said of it. A mapping that is a search needs a directory to ask, which a store
    /// has not: such a token is `keys_unavailable` then.
    ///
    /// # Errors
    /// `validator_not_found`; those of [`ExternalTokenValidator::check`]; unsupported, `needs_gatepass`, on a plain
    /// RadiantOne.
    #[cfg(feature = "client")]
    pub async fn test(&self, name: &str, token: Option<&str>) -> Result<crate::wire::ValidatorTest> {
        self.0.service().test_validator(name, token).await
    }

    /// Removes a validator. What only it accepted is refused from then on; by replicas within their `max_staleness`, as what
    /// is revoked is.
    ///
    /// # Errors
    /// `validator_not_found`.
    pub async fn delete(&self, name: &str) -> Result<()> {
        self.0.service().delete_validator(&self.0.acting, name).await
    }
}
