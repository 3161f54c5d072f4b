//! The signature algorithms of JWS (RFC 7518 section 3.1, RFC 8037, RFC 9864) that a provider may use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

macro_rules! algorithms {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// A signature algorithm: asymmetric ones alone. `none` and the HMACs are not there to be allowed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Algorithm { $($(#[$doc])* $name,)* }

        impl Algorithm {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in a token's header.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

algorithms! {
    /// RSA, PKCS#1 v1.5, SHA-256.
    Rs256 = "RS256",
    /// RSA, PKCS#1 v1.5, SHA-384.
    Rs384 = "RS384",
    /// RSA, PKCS#1 v1.5, SHA-512.
    Rs512 = "RS512",
    /// RSA, PSS, SHA-256.
    Ps256 = "PS256",
    /// RSA, PSS, SHA-384.
    Ps384 = "PS384",
    /// RSA, PSS, SHA-512.
    Ps512 = "PS512",
    /// ECDSA, P-256, SHA-256.
    Es256 = "ES256",
    /// ECDSA, P-384, SHA-384.
    Es384 = "ES384",
    /// ECDSA, P-521, SHA-512.
    Es512 = "ES512",
    /// Ed25519, by the name that most use (RFC 8037) or by its own (`Ed25519`, RFC 9864).
    EdDsa = "EdDSA",
}

impl FromStr for Algorithm {
    type Err = Error;

    /// Names are compared as they are written (RFC 7515 section 4.1.1).
    fn from_str(text: &str) -> Result<Self> {
        let text = if text == "Ed25519" { "EdDSA" } else { text };
        Self::ALL.iter().copied().find(|algorithm| algorithm.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
            let text = format!("expected one of {}", names.join(", "));
            Error::invalid("algorithms", "unknown_algorithm", text)
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Algorithm {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Algorithm".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<_> = Self::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}
