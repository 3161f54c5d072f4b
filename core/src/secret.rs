//! The secret itself: shown once, printed by nothing, wiped when dropped.

use std::fmt;
use std::str::FromStr;

use rand::TryCryptoRng;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::format::{self, Brand, TokenId};
use crate::{Api, Digest, Error, Result};

/// RFC 8959: a scheme that marks a secret for scanners. It may stand before a secret and is no part of it.
const SCHEME: &[u8] = b"secret-token:";

/// The greatest length of any secret that is carried, in bytes: what fits in a header.
pub const MAX_SECRET_LENGTH: usize = 8 * 1024;

/// An access token's secret: one of our own form, or any RFC 6750 `b64token` of up to 8 KiB, for the form
/// of RadiantOne's own tokens is not documented.
///
/// `Debug` and `Display` show a redacted form, `gpr_8fK2…`; [`reveal`](Secret::reveal) is the only way to
/// the string. It is compared in constant time, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new secret of the default brand, from the operating system's random numbers.
    pub fn generate(api: Api) -> Result<Self> {
        let rng = &mut SysRng;
        let id = TokenId::generate(rng)?;
        Self::generate_for(&Brand::default(), api, id, rng)
    }

    /// A new secret for an id that exists: what a rotation does.
    pub(crate) fn generate_for<R: TryCryptoRng>(
        brand: &Brand,
        api: Api,
        id: TokenId,
        rng: &mut R,
    ) -> Result<Self> {
        format::generate(brand, api, id, rng).map(Self)
    }

    /// Takes a secret as it was handed over. A leading `secret-token:` (RFC 8959) is dropped once, in any case.
    ///
    /// # Errors
    /// `secret_malformed` where the rest is no RFC 6750 `b64token` of 1 to 8192 bytes; `secret_redacted`
    /// where it is what printing a `Secret` shows.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = Zeroizing::new(text.into());
        let bare = strip_scheme(text.as_bytes());
        if bare.ends_with("…".as_bytes()) {
            let hint =
                "this is the redacted form of a secret, which opens nothing; send what reveal() returns";
            return Err(Error::invalid("secret", "secret_redacted", hint));
        }
        if bare.len() > MAX_SECRET_LENGTH || !is_b64token(bare) {
            let hint = "a secret is 1 to 8192 characters of A-Z a-z 0-9 - . _ ~ + / with = at the end only";
            return Err(Error::invalid("secret", "secret_malformed", hint));
        }
        let start = text.len() - bare.len();
        Ok(Self(Zeroizing::new(text.get(start..).unwrap_or_default().to_owned())))
    }

    /// The API that a secret is for, where it is of our form, without taking the secret over.
    pub fn api_of(text: &str) -> Option<Api> {
        format::parse(strip_scheme(text.as_bytes())).ok().map(|form| form.api)
    }

    /// The string itself. Whoever calls this answers for where it goes.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The id in it, where it is of our form.
    pub fn id(&self) -> Option<TokenId> {
        self.form().map(|form| form.id)
    }

    /// The API it is for, where it is of our form.
    pub fn api(&self) -> Option<Api> {
        self.form().map(|form| form.api)
    }

    /// The brand it was issued under, where it is of our form.
    pub fn brand(&self) -> Option<Brand> {
        let form = self.form()?;
        Brand::new(std::str::from_utf8(form.brand).ok()?).ok()
    }

    /// SHA-256 of the whole string: what a record keeps.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    fn form(&self) -> Option<format::Form<'_>> {
        format::parse(self.0.as_bytes()).ok()
    }
}

impl FromStr for Secret {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form() {
            // The brand, the API and a third of the public id: enough to tell two tokens apart.
            Some(form) => {
                let start: String = form.id.as_str().chars().take(4).collect();
                write!(f, "{}{}_{start}…", String::from_utf8_lossy(form.brand), form.api.letter())
            }
            None => f.write_str("…"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

/// Drops a leading `secret-token:` once, in any case.
#[inline]
pub(crate) fn strip_scheme(text: &[u8]) -> &[u8] {
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => text,
    }
}

/// RFC 6750 section 2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
pub(crate) fn is_b64token(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    match text.split_at_checked(text.len() - padding) {
        Some((body, _)) => {
            !body.is_empty()
                && body.iter().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
                })
        }
        None => false,
    }
}
