//! How long a token may live.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{AccessToken, Error, Expiration, Result, Timestamp};

/// A deployment's limits on lifetimes. By default a token lives for at most 366 days and does expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TokenPolicy {
    /// The longest life in days of 86 400 s, counted from the request; none for no limit.
    pub max_days: Option<u32>,
    /// Whether a token may never expire.
    pub allow_never: bool,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self { max_days: Some(366), allow_never: false }
    }
}

impl TokenPolicy {
    /// No limit at all.
    pub const UNLIMITED: Self = Self { max_days: None, allow_never: true };

    /// The instant at which a token asked for at `now` expires, if this policy permits it.
    ///
    /// # Errors
    /// Those of [`Expiration::resolve`], and on the field `expires`: `expiration_required` where none is given
    /// and one must be,
    /// `expiration_never` and `expiration_too_late` where this policy forbids it.
    pub fn expiry(&self, asked: Option<&Expiration>, now: Timestamp) -> Result<Option<Timestamp>> {
        let fault = |code, text: String| Err(Error::invalid("expires", code, text));
        let resolved = match asked {
            Some(asked) => asked.resolve(now)?,
            None if self.allow_never => None,
            None => return fault("expiration_required", "say when the token expires".to_owned()),
        };
        match (resolved, self.latest(now)) {
            (None, _) if !self.allow_never => {
                fault("expiration_never", "this policy wants every token to expire".to_owned())
            }
            (Some(instant), Some(latest)) if instant > latest => {
                fault("expiration_too_late", format!("{instant} is after {latest}, the latest permitted"))
            }
            (resolved, _) => Ok(resolved),
        }
    }

    /// Whether a token breaks this policy as it stands now: it never expires where all must, or its life,
    /// from its creation or last rotation on, is longer than the policy permits.
    pub fn is_broken_by(&self, token: &AccessToken) -> bool {
        match token.expires_on {
            None => !self.allow_never,
            Some(instant) => {
                let since = token.rotated_on.unwrap_or(token.created_on);
                self.latest(since).is_some_and(|latest| instant > latest)
            }
        }
    }

    fn latest(&self, since: Timestamp) -> Option<Timestamp> {
        let days = u64::from(self.max_days?);
        Some(since.saturating_add(Duration::from_secs(days * 86_400)))
    }
}
