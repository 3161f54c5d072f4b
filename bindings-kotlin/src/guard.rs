//! The check.

use gatepass::{Answer, Authorization, Error, Guard, Reason, Scope};
use zeroize::Zeroizing;

use crate::Failure;
use crate::access::{verdict_bytes, write};
use crate::runtime::run;

#[derive(Debug, uniffi::Object)]
pub struct GuardHandle(pub(crate) Guard);

#[uniffi::export]
impl GuardHandle {
    /// All values of the header that came, none among them, and the peer's address as text, where it is known.
    pub fn check_values(&self, values: Vec<String>, peer: Option<String>) -> Vec<u8> {
        let authorization: Authorization<'_> = values.iter().map(String::as_str).collect();
        let verdict = self.0.check(authorization, peer.and_then(|peer| peer_of(peer.as_bytes())));
        verdict_bytes(&verdict)
    }

    /// The same, and where a provider's keys are being fetched, waits for them.
    pub async fn await_values(&self, values: Vec<String>, peer: Option<String>) -> Result<Vec<u8>, Failure> {
        let guard = self.0.clone();
        run(async move {
            let authorization: Authorization<'_> = values.iter().map(String::as_str).collect();
            let peer = peer.and_then(|peer| peer_of(peer.as_bytes()));
            Ok(verdict_bytes(&guard.check_async(authorization, peer).await))
        })
        .await
    }

    /// The same of a bare secret.
    pub async fn await_secret(&self, secret: String, peer: Option<String>) -> Result<Vec<u8>, Failure> {
        let (guard, secret) = (self.0.clone(), Zeroizing::new(secret));
        run(async move {
            let peer = peer.and_then(|peer| peer_of(peer.as_bytes()));
            Ok(verdict_bytes(&guard.check_secret_async(&secret, peer).await))
        })
        .await
    }

    /// Many bare secrets at once, each behind its length (`u16`). Gives as many verdicts, each behind its length too (`u32`).
    pub fn check_secrets(&self, given: &[u8], peer: Option<String>) -> Result<Vec<u8>, Failure> {
        let peer = peer.and_then(|peer| peer_of(peer.as_bytes()));
        // As many as their lengths say, so that this grows seldom.
        let mut verdicts = Vec::with_capacity(given.len() * 2);
        let mut left = given;
        while !left.is_empty() {
            let (secret, rest) = next_secret(left)?;
            // What is no UTF-8 is no secret either.
            let verdict = self.0.check_secret(std::str::from_utf8(secret).unwrap_or_default(), peer);
            let start = verdicts.len();
            verdicts.extend([0; 4]);
            write(&verdict, &mut verdicts);
            let length = u32::try_from(verdicts.len() - start - 4).unwrap_or_default();
            if let Some(place) = verdicts.get_mut(start..start + 4) {
                place.copy_from_slice(&length.to_be_bytes());
            }
            left = rest;
        }
        Ok(verdicts)
    }

    /// The scopes that are wanted, separated by spaces.
    pub fn scope(&self) -> String {
        self.0.scope().to_owned()
    }

    pub fn api(&self) -> String {
        self.0.api().wire().to_owned()
    }
}

pub(crate) fn split(given: &[u8], first: usize) -> (&[u8], &[u8]) {
    given.split_at_checked(first).unwrap_or((given, &[]))
}

/// What is no address is not known: a token that is bound to networks is then denied. Java writes the zone of an IPv6
/// address behind it.
pub(crate) fn peer_of(text: &[u8]) -> Option<std::net::IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    text.split('%').next()?.parse().ok()
}

fn next_secret(given: &[u8]) -> gatepass::Result<(&[u8], &[u8])> {
    let malformed = || Error::invalid("secrets", "secrets_malformed", "the lengths do not fit");
    let (length, rest) = given.split_first_chunk::<2>().ok_or_else(malformed)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or_else(malformed)
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct ReasonData {
    pub code: String,
    /// Of the error that a denial for it becomes.
    pub kind: String,
    pub retryable: bool,
}

/// All reasons, in the order of their places.
#[uniffi::export]
pub fn reasons() -> Vec<ReasonData> {
    let reason = |reason: &Reason| ReasonData {
        code: reason.code().to_owned(),
        kind: reason.kind().as_str().to_owned(),
        retryable: reason.kind().retryable(),
    };
    Reason::ALL.iter().map(reason).collect()
}

/// All of the vendor's scopes, in the order of their bits.
#[uniffi::export]
pub fn vendor_scopes() -> Vec<String> {
    Scope::all().map(|scope| scope.to_string()).collect()
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct AnswerData {
    pub status: u16,
    pub www_authenticate: Option<String>,
    pub retry_after: Option<u32>,
    pub error: Option<String>,
}

/// What to answer to the outside.
#[uniffi::export]
pub fn answer(reason: String, realm: String, scope: Option<String>) -> Result<AnswerData, Failure> {
    let unknown = || Error::invalid("reason", "unknown_reason", "no reason of this code exists");
    let reason = Reason::ALL.iter().find(|known| known.code() == reason).ok_or_else(unknown)?;
    let answer = Answer::new(*reason, &realm, scope.as_deref());
    Ok(AnswerData {
        status: answer.status,
        www_authenticate: answer.www_authenticate,
        retry_after: answer.retry_after,
        error: answer.error.map(str::to_owned),
    })
}

/// What a check is measured against: a call that does nothing with the same text.
#[uniffi::export]
pub fn nothing(text: String) -> i32 {
    i32::try_from(text.len()).unwrap_or(i32::MAX)
}
