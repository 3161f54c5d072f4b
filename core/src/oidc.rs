//! Tokens of others: JWTs of an OpenID provider, accepted for an API by an [`ExternalTokenValidator`].
//!
//! | to read about | file |
//! |---|---|
//! | what an admin says of a provider | `validator`, `algorithm`; whom its tokens act as `mapping` |
//! | a token as it came, to the letter of RFC 7515, 7519 and 8725 | `json`, `jws`, `claims` |
//! | keys, and which of them may check what | `jwk`; where they come from `keys`, `fixed` |
//! | fetching them in the background | `start`, `options`, `cadence`, `fetch`, `source`; finding whom a token acts as `subjects` |
//! | the check itself, and what is kept of it | `check`, `verified` |
//!
//! All of it is pure: keys and time are passed in. Fetching keys over the network takes the feature `client`.

mod algorithm;
#[cfg(feature = "client")]
mod cadence;
mod check;
mod claims;
#[cfg(feature = "client")]
mod fetch;
mod fixed;
mod json;
mod jwk;
mod jws;
mod keys;
mod mapping;
#[cfg(feature = "client")]
mod options;
#[cfg(feature = "client")]
mod source;
#[cfg(feature = "client")]
mod start;
#[cfg(feature = "client")]
mod subjects;
mod validator;
mod verified;

pub use self::algorithm::Algorithm;
pub use self::check::TokenValidators;
pub(crate) use self::jws::looks_like_one;
pub use self::keys::KeyHealth;
pub(crate) use self::mapping::Expression;
pub use self::mapping::SubjectSearch;
#[cfg(feature = "client")]
pub use self::options::KeyOptions;
#[cfg(feature = "client")]
pub use self::start::ValidatorOptions;
#[cfg(feature = "client")]
pub use self::subjects::SubjectResolver;
pub use self::validator::{ExternalTokenValidator, MAX_CLOCK_SKEW, MAX_EXPRESSIONS};
