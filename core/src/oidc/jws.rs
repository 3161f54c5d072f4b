//! A signed token in compact form (RFC 7515 section 7.1), read to the letter.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use smallvec::SmallVec;

use super::algorithm::Algorithm;
use super::json::{self, Json, Object};

/// The greatest length of a token that is looked at, in bytes.
pub(crate) const MAX_TOKEN_LENGTH: usize = 8 * 1024;

/// A token whose three parts are decoded, nothing in them read yet.
pub(crate) struct Parts<'a> {
    header: SmallVec<[u8; 256]>,
    claims: Vec<u8>,
    /// What the signature is over.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: SmallVec<[u8; 512]>,
}

/// A token of the right form, nothing in it checked yet.
#[derive(Debug)]
pub(crate) struct Jws<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Cow<'a, str>>,
    pub(crate) kind: Kind<'a>,
    pub(crate) claims: Object<'a>,
}

/// Whether this may be a token of another issuer: three parts between two dots. One of five parts is encrypted (RFC 7516),
/// which none of ours is.
pub(crate) fn looks_like_one(credential: &[u8]) -> bool {
    credential.iter().map(|byte| usize::from(*byte == b'.')).sum::<usize>() == 2
}

impl<'a> Parts<'a> {
    /// Takes a token apart; none where it is not to the letter.
    pub(crate) fn of(token: &'a [u8]) -> Option<Self> {
        if token.len() > MAX_TOKEN_LENGTH || !looks_like_one(token) {
            return None;
        }
        let header_to = token.iter().position(|byte| *byte == b'.')?;
        let signed_to = token.iter().rposition(|byte| *byte == b'.')?;
        let (signed, signature) = (token.get(..signed_to)?, token.get(signed_to + 1..)?);
        let (header, claims) = (signed.get(..header_to)?, signed.get(header_to + 1..)?);
        if header.is_empty() || claims.is_empty() || signature.is_empty() {
            return None;
        }
        let mut text = Vec::with_capacity(claims.len());
        URL_SAFE_NO_PAD.decode_vec(claims, &mut text).ok()?;
        Some(Self { header: short(header)?, claims: text, signed, signature: short(signature)? })
    }

    /// Reads it; none where it is not to the letter.
    pub(crate) fn read(&self) -> Option<Jws<'_>> {
        let header = json::object(&self.header)?;
        let text = |name: &str| match header.get(name) {
            None => Some(None),
            Some(Json::Text(text)) => Some(Some(text)),
            Some(_) => None,
        };
        // Extensions that have to be understood (RFC 7515 section 4.1.11), and RFC 7797's: there is none that is. Keys that
        // come with the token (`jwk`, `jku`, `x5u`, `x5c`) are not looked at: who signs does not say who may sign.
        if ["crit", "b64", "zip", "enc"].iter().any(|name| header.get(name).is_some()) {
            return None;
        }
        // A token in a token (RFC 7519 section 5.2).
        if text("cty")?.is_some_and(|kind| kind.eq_ignore_ascii_case("JWT")) {
            return None;
        }
        let algorithm = text("alg")??.parse().ok()?;
        let (key, kind) = (text("kid")?.cloned(), Kind(text("typ")?.cloned()));
        Some(Jws { algorithm, kid: key, kind, claims: json::object(&self.claims)? })
    }

    /// What it says, as the text that it came as.
    pub(crate) fn into_claims(self) -> Option<Box<str>> {
        String::from_utf8(self.claims).ok().map(String::into_boxed_str)
    }
}

/// Decoded where it stands. Strict: no padding, no white space, no bits that say nothing (RFC 7515 section 2).
fn short<const N: usize>(part: &[u8]) -> Option<SmallVec<[u8; N]>>
where
    [u8; N]: smallvec::Array<Item = u8>,
{
    let mut decoded = SmallVec::from_elem(0, base64::decoded_len_estimate(part.len()));
    let length = URL_SAFE_NO_PAD.decode_slice(part, &mut decoded).ok()?;
    decoded.truncate(length);
    Some(decoded)
}

/// What kind of token it says to be (RFC 7515 section 4.1.9).
#[derive(Debug)]
pub(crate) struct Kind<'a>(Option<Cow<'a, str>>);

impl Kind<'_> {
    /// RFC 8725 section 3.11: one kind of token is not taken for another. Where none is wanted, the usual ones are taken.
    pub(crate) fn is(&self, wanted: Option<&str>) -> bool {
        let own = self.0.as_deref().map(media_type);
        match (own, wanted.map(media_type)) {
            (Some(own), Some(wanted)) => own.eq_ignore_ascii_case(wanted),
            (None, wanted) => wanted.is_none(),
            (Some(own), None) => ["jwt", "at+jwt"].iter().any(|usual| own.eq_ignore_ascii_case(usual)),
        }
    }
}

/// A media type as it is compared, in any case of its letters: `application/at+jwt` is `at+jwt`.
fn media_type(text: &str) -> &str {
    const APPLICATION: &str = "application/";
    match text.split_at_checked(APPLICATION.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(APPLICATION) => rest,
        _ => text,
    }
}
