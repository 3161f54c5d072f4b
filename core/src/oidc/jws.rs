//! A signed token in compact form (RFC 7515 section 7.1), read to the letter.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::json;

/// The greatest length of a token that is looked at, in bytes.
pub(crate) const MAX_TOKEN_LENGTH: usize = 8 * 1024;

/// A token of the right form, nothing in it checked yet.
#[derive(Debug)]
pub(crate) struct Jws<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    /// In lower case, without `application/` (RFC 7515 section 4.1.9).
    pub(crate) kind: Option<String>,
    pub(crate) claims: Map<String, Value>,
    /// What the signature is over.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
}

/// Whether this may be a token of another issuer: three parts between two dots. One of five parts is encrypted (RFC 7516),
/// which none of ours is.
pub(crate) fn looks_like_one(credential: &[u8]) -> bool {
    let mut parts = credential.split(|byte| *byte == b'.');
    let three = parts.by_ref().take(3).filter(|part| !part.is_empty()).count() == 3;
    three && parts.next().is_none()
}

impl<'a> Jws<'a> {
    /// Reads a token; none where it is not to the letter.
    pub(crate) fn read(token: &'a [u8]) -> Option<Self> {
        if token.len() > MAX_TOKEN_LENGTH || !looks_like_one(token) {
            return None;
        }
        let signed_to = token.iter().rposition(|byte| *byte == b'.')?;
        let (signed, signature) = (token.get(..signed_to)?, token.get(signed_to + 1..)?);
        let header_to = signed.iter().position(|byte| *byte == b'.')?;
        // Strict: no padding, no white space, no bits that say nothing (RFC 7515 section 2).
        let decode = |part: Option<&[u8]>| URL_SAFE_NO_PAD.decode(part?).ok();
        let header = json::object(&decode(signed.get(..header_to))?)?;
        let text = |name: &str| match header.get(name) {
            None => Some(None),
            Some(Value::String(text)) => Some(Some(text.as_str())),
            Some(_) => None,
        };
        // Extensions that have to be understood (RFC 7515 section 4.1.11), and RFC 7797's: there is none that is. Keys that
        // come with the token (`jwk`, `jku`, `x5u`, `x5c`) are not looked at: who signs does not say who may sign.
        if ["crit", "b64", "zip", "enc"].iter().any(|name| header.contains_key(*name)) {
            return None;
        }
        // A token in a token (RFC 7519 section 5.2).
        if text("cty")?.is_some_and(|kind| kind.eq_ignore_ascii_case("JWT")) {
            return None;
        }
        let algorithm = text("alg")??.parse().ok()?;
        let kid = text("kid")?.map(str::to_owned);
        let kind = text("typ")?.map(media_type);
        let claims = json::object(&decode(signed.get(header_to + 1..))?)?;
        Some(Self { algorithm, kid, kind, claims, signed, signature: decode(Some(signature))? })
    }
}

/// A media type as it is compared: `application/at+jwt` and `AT+JWT` are both `at+jwt`.
pub(crate) fn media_type(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    text.strip_prefix("application/").map_or_else(|| text.clone(), str::to_owned)
}
