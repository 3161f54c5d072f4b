//! Where keys come from, as a check sees it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;
use url::Url;

use super::algorithm::Algorithm;
use super::jwk::Key;
use crate::{Error, Timestamp};

/// Where a provider's keys are. Validators that say the same share what was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum KeyLocation {
    /// There.
    Jwks(Url),
    /// Where the provider's configuration says, which has to be this issuer's if one is expected.
    Discovery { url: Url, issuer: Option<String> },
}

impl fmt::Display for KeyLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jwks(url) | Self::Discovery { url, .. } => f.write_str(url.as_str()),
        }
    }
}

/// The keys that may have signed a token.
pub(crate) type Candidates = SmallVec<[Arc<Key>; 1]>;

/// What a source says when it is asked for keys.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// These may have signed it. Unless they are fetched again, they are used for so long, if that ends.
    Keys(Candidates, Option<Duration>),
    /// The provider has no such key: it was looked for after it was asked for.
    Unknown,
    /// Nobody can tell now; it is being looked for, or soon will be.
    Unavailable,
}

/// Keys, in memory. To ask never waits.
pub(crate) trait KeySource: fmt::Debug + Send + Sync {
    /// Those of this id and algorithm; of whatever id where the token names none.
    fn look(&self, kid: Option<&str>, algorithm: Algorithm) -> Lookup;
    /// How it is doing.
    fn health(&self) -> KeyHealth;
}

/// Makes sources.
pub(crate) trait KeySources: fmt::Debug + Send + Sync {
    /// A source of the keys that are there, which ends when it is dropped.
    fn open(&self, location: &KeyLocation) -> Arc<dyn KeySource>;
}

/// How the keys of a provider are doing: for readiness probes, metrics and logs.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct KeyHealth {
    /// Where they come from, as the validators say.
    pub url: String,
    /// How many can be used.
    pub keys: usize,
    /// How many were passed over: of an unknown kind, too short, for encryption.
    pub unusable: usize,
    /// When they were last fetched; none before the first time.
    pub fetched_on: Option<Timestamp>,
    /// When they were last asked for, with success or without.
    pub tried_on: Option<Timestamp>,
    /// How often in turn they could not be fetched, since the last success.
    pub failures: u64,
    /// How often they were asked for, since the start.
    pub fetches: u64,
    /// Why they could not be fetched the last time, if so. What was fetched before is used for a while.
    pub trouble: Option<Error>,
    /// Whether there is nothing that may be used: every token of this provider is denied as `keys_unavailable`.
    pub unavailable: bool,
}
