//! The tokens of sessions: JWTs (RFC 7519) that this authority signs and nobody else checks.
//!
//! They are of one fixed form, `HS256` with the header below, and one that begins with another header is none of
//! ours: there is no algorithm to choose, so none to confuse. That is why no JWT library is here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass::{Reason, Timestamp};
use hmac::digest::array::Array;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// What sessions name as their issuer.
pub(crate) const ISSUER: &str = "gatepass";

/// What a session's token says. The vendor's claims, and what Gatepass goes by: the row of `jti` decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The scopes at the time of signing, for clients; the server asks for them anew each time.
    pub(crate) privileges: Vec<String>,
    pub(crate) server: String,
    pub(crate) organization: String,
    pub(crate) iss: String,
    /// In seconds after 1970, as the next three.
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    /// The end that no refreshing goes past.
    pub(crate) session_end: i64,
    pub(crate) email: Option<String>,
    pub(crate) username: String,
    /// The session.
    pub(crate) jti: String,
}

/// Seconds after 1970.
pub(crate) const fn seconds(instant: Timestamp) -> i64 {
    instant.as_millis().div_euclid(1000)
}

/// Signs sessions, and knows its own signature.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    pub(crate) fn new(key: &[u8]) -> Self {
        // HMAC takes a key of any length; this cannot fail, and an empty key is refused where keys are read.
        let mac = Hmac::<Sha256>::new_from_slice(key);
        Self(mac.unwrap_or_else(|_| Hmac::<Sha256>::new(&Array::default())))
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Zeroizing<String> {
        let claims = serde_json::to_vec(claims).unwrap_or_default(); // texts and numbers can always be written
        let mut token = Zeroizing::new(format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims)));
        let signature = self.0.clone().chain_update(token.as_bytes()).finalize().into_bytes();
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        token
    }

    /// What one of ours says, if it is not over.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Result<Claims, Reason> {
        let claims = self.read_whenever(token).ok_or(Reason::BadSignature)?;
        if seconds(now) >= claims.exp { Err(Reason::Expired) } else { Ok(claims) }
    }

    /// The same of one whose time may be over.
    pub(crate) fn read_whenever(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let claims = signed.strip_prefix(HEADER)?.strip_prefix('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.0.clone().chain_update(signed.as_bytes()).verify_slice(&signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

/// Whether a credential is a session's: it has the two dots that no access token of ours has.
pub(crate) fn looks_like_one(credential: &str) -> bool {
    credential.bytes().filter(|byte| *byte == b'.').count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            privileges: vec!["SCOPE_SETTINGS_VIEW".to_owned()],
            server: "gatepass".to_owned(),
            organization: String::new(),
            iss: ISSUER.to_owned(),
            exp: 2_000_000_000,
            iat: 1_999_996_400,
            session_end: 2_000_000_000,
            email: None,
            username: "alice".to_owned(),
            jti: "00".to_owned(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000).unwrap()
    }

    #[test]
    fn a_token_is_read_by_whoever_has_the_key_until_it_expires() {
        let token = Signer::new(&[7; 32]).sign(&claims());
        assert_eq!(Signer::new(&[7; 32]).read(&token, at(1_999_999_999)), Ok(claims()));
        assert_eq!(Signer::new(&[7; 32]).read(&token, at(2_000_000_000)), Err(Reason::Expired));
        assert_eq!(Signer::new(&[8; 32]).read(&token, at(1_999_999_999)), Err(Reason::BadSignature));
    }

    #[test]
    fn no_other_header_and_no_changed_claim_is_taken() {
        let signer = Signer::new(&[7; 32]);
        let token = signer.sign(&claims());
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let (_, rest) = token.split_once('.').unwrap();
        let (body, signature) = rest.split_once('.').unwrap();
        let mut richer = claims();
        richer.username = "admin".to_owned();
        let richer = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&richer).unwrap());
        for forged in [
            format!("{none}.{body}."),
            format!("{none}.{body}.{signature}"),
            format!("{HEADER}.{body}."),
            format!("{HEADER}.{richer}.{signature}"),
            format!("{HEADER}.{body}.{signature}A"),
            format!("{HEADER}.{body}.{}", signature.strip_suffix(|_: char| true).unwrap_or_default()),
            "..".to_owned(),
            String::new(),
        ] {
            assert_eq!(signer.read(&forged, at(0)), Err(Reason::BadSignature), "{forged}");
        }
    }
}
