//! Keys that make a request safe to send twice.

use std::fmt;

use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Result};

/// Names one request, so that sending it twice does it once. At least 128 random bits, for whoever has the key
/// can ask for the answer again.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Zeroizing<String>);

impl IdempotencyKey {
    /// A new key, of 128 random bits.
    ///
    /// # Errors
    /// Internal where the system has no randomness.
    pub fn generate() -> Result<Self> {
        Ok(Self(Zeroizing::new(random_id()?)))
    }

    /// A key that was made elsewhere: 22 to 255 visible characters of ASCII.
    ///
    /// # Errors
    /// `idempotency_key_malformed`.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = Zeroizing::new(text.into());
        if (22..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text));
        }
        let hint =
            "an idempotency key is 22 to 255 visible characters of ASCII, with 128 random bits in them";
        Err(Error::invalid("idempotencyKey", "idempotency_key_malformed", hint))
    }

    /// The key itself, to be sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

/// Sixteen random bytes, as text.
pub(crate) fn random_id() -> Result<String> {
    let mut bytes = [0; 16];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Internal, "no_randomness", "the system has no random numbers").with_cause(error)
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
