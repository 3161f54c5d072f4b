//! SHA-256 of a secret: all that is kept of it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::{Error, Result};

/// The SHA-256 digest of a whole secret, brand and API letter included. SECURITY.md says why a fast hash is
/// right for 184 random bits.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// What an unknown id is compared against, so that it costs what a known one does.
    pub(crate) const DUMMY: Self = Self([0; 32]);

    /// The digest of these bytes.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// A digest read back from where it was kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ConstantTimeEq for Digest {
    /// Four words instead of 32 bytes: the same promise, an eighth of the steps.
    fn ct_eq(&self, other: &Self) -> Choice {
        let words = |digest: &[u8; 32]| -> [u64; 4] {
            let (words, _) = digest.as_chunks::<8>();
            let mut out = [0; 4];
            for (to, from) in out.iter_mut().zip(words) {
                *to = u64::from_ne_bytes(*from);
            }
            out
        };
        let (a, b) = (words(&self.0), words(&other.0));
        let difference = a.iter().zip(&b).fold(0, |all, (a, b)| all | (a ^ b));
        difference.ct_eq(&0)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Digest {}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A digest in a log invites being looked up elsewhere, so only its start is printed.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.to_string().chars().take(8).collect();
        write!(f, "Digest({start}…)")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Digest {
    type Err = Error;

    /// Reads 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut bytes = [0; 32];
        let well_formed = rest.is_empty() && pairs.len() == bytes.len();
        let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
        let filled = bytes.iter_mut().zip(pairs).try_for_each(|(to, [high, low])| {
            *to = nibble(*high)? << 4 | nibble(*low)?;
            Some(())
        });
        match filled {
            Some(()) if well_formed => Ok(Self(bytes)),
            _ => Err(Error::invalid("digest", "digest_malformed", "expected 64 hexadecimal digits")),
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
