//! Tokens of others: JWTs of an OpenID provider, accepted for an API by an [`ExternalTokenValidator`].
//!
//! | to read about | file |
//! |---|---|
//! | what an admin says of a provider | `validator`, `algorithm`; whom its tokens act as `mapping` |
//! | a token as it came, to the letter of RFC 7515, 7519 and 8725 | `json`, `jws`, `claims` |
//! | keys, and which of them may check what | `jwk`; where they come from `keys` |
//! | the check itself, and what is kept of it | `check`, `verified` |
//!
//! All of it is pure: keys and time are passed in. Fetching keys over the network takes the feature `client`.

mod algorithm;
mod json;
mod jwk;
mod keys;
mod validator;

pub use self::algorithm::Algorithm;
pub use self::keys::KeyHealth;
pub use self::validator::{ExternalTokenValidator, MAX_CLOCK_SKEW, MAX_EXPRESSIONS};
