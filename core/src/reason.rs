//! Why a check says no.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ErrorKind;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The precise reason of a denial: for logs, metrics and the audit trail, never for the outside.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code, the same in every language.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

reasons! {
    /// No credential was sent.
    Missing = "missing",
    /// The header is not one well-formed `Bearer` credential, or there are two.
    InvalidHeader = "invalid_header",
    /// Not of our form: length, alphabet or layout.
    Malformed = "malformed",
    /// Of our form with a wrong checksum: a typing error, or made up.
    ChecksumMismatch = "checksum_mismatch",
    /// The verifier has not heard from its source for too long, and does not guess.
    Stale = "stale",
    /// No token has this id; of a JWT, its validator's mapping finds nobody.
    Unknown = "unknown",
    /// The id is known; the secret is not its.
    WrongSecret = "wrong_secret",
    /// A secret from before the last rotation, after its grace. Worth an alarm: an old secret is about.
    Superseded = "superseded",
    /// The token was revoked.
    Revoked = "revoked",
    /// The token's not-before instant is still to come.
    NotYetValid = "not_yet_valid",
    /// The token's time is over.
    Expired = "expired",
    /// The token is for another API.
    WrongApi = "wrong_api",
    /// The peer is in none of the token's networks, or not known.
    NetworkNotAllowed = "network_not_allowed",
    /// The token is good and does not permit this.
    InsufficientScope = "insufficient_scope",
    /// A JWT whose signature does not verify.
    BadSignature = "bad_signature",
    /// A JWT from an issuer that no validator accepts.
    UntrustedIssuer = "untrusted_issuer",
    /// A JWT for another audience.
    WrongAudience = "wrong_audience",
    /// The keys for a JWT are not at hand now.
    KeysUnavailable = "keys_unavailable",
}

impl Reason {
    /// The kind of the error that a denial for this reason becomes: `forbidden` where another token might be permitted,
    /// `unavailable` where nobody can tell now, else `unauthorized`.
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::InsufficientScope => ErrorKind::Forbidden,
            Self::Stale | Self::KeysUnavailable => ErrorKind::Unavailable,
            Self::InvalidHeader => ErrorKind::InvalidInput,
            _ => ErrorKind::Unauthorized,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
