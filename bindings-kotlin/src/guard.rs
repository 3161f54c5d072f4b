//! The check.

use std::num::NonZero;

use gatepass::{Answer, Authorization, Error, Guard, Reason, Result, Scope};

use crate::Failure;
use crate::access::{verdict_bytes, write};

/// So many secrets are worth a thread of their own.
const WORTH_A_THREAD: usize = 4096;

#[derive(Debug, uniffi::Object)]
pub struct GuardHandle(pub(crate) Guard);

#[uniffi::export]
impl GuardHandle {
    /// `given` is the header's value, `header` bytes of it, and after it the peer's address as text, where it is known.
    pub fn check(&self, given: &[u8], header: i32) -> Vec<u8> {
        let (header, peer) = split(given, header);
        verdict_bytes(&self.0.check(header, peer_of(peer)))
    }

    /// The same of no header at all, or of several.
    pub fn check_values(&self, values: Vec<String>, peer: Option<String>) -> Vec<u8> {
        let authorization: Authorization<'_> = values.iter().map(String::as_str).collect();
        verdict_bytes(&self.0.check(authorization, peer.and_then(|peer| peer_of(peer.as_bytes()))))
    }

    /// A bare secret, as [`check`](Self::check) takes a header.
    pub fn check_secret(&self, given: &[u8], secret: i32) -> Vec<u8> {
        let (secret, peer) = split(given, secret);
        // What is no UTF-8 is no secret either.
        let secret = std::str::from_utf8(secret).unwrap_or_default();
        verdict_bytes(&self.0.check_secret(secret, peer_of(peer)))
    }

    /// Many bare secrets at once, each behind its length (`u16`). Gives as many verdicts, each behind its length too.
    pub fn check_secrets(&self, given: &[u8], peer: Option<String>) -> Result<Vec<u8>, Failure> {
        let peer = peer.and_then(|peer| peer_of(peer.as_bytes()));
        let secrets = secrets_in(given)?;
        let check = |secrets: &[&[u8]]| {
            let mut verdicts = Vec::with_capacity(secrets.len() * 96);
            for secret in secrets {
                let secret = std::str::from_utf8(secret).unwrap_or_default();
                let start = verdicts.len();
                verdicts.extend([0; 4]);
                write(&self.0.check_secret(secret, peer), &mut verdicts);
                let length = u32::try_from(verdicts.len() - start - 4).unwrap_or_default();
                if let Some(place) = verdicts.get_mut(start..start + 4) {
                    place.copy_from_slice(&length.to_be_bytes());
                }
            }
            verdicts
        };
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let share = secrets.len().div_ceil(threads).max(WORTH_A_THREAD);
        let defect = |_| Error::new(gatepass::ErrorKind::Internal, "panicked", "a defect in Gatepass");
        let shares = std::thread::scope(|scope| {
            let running: Vec<_> =
                secrets.chunks(share).map(|secrets| scope.spawn(move || check(secrets))).collect();
            running.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        let shares: Vec<Vec<u8>> =
            shares.into_iter().map(|share| share.map_err(defect)).collect::<Result<_>>()?;
        Ok(shares.concat())
    }

    /// The scopes that are wanted, separated by spaces.
    pub fn scope(&self) -> String {
        self.0.scope().to_owned()
    }

    pub fn api(&self) -> String {
        self.0.api().wire().to_owned()
    }
}

fn split(given: &[u8], first: i32) -> (&[u8], &[u8]) {
    usize::try_from(first).ok().and_then(|first| given.split_at_checked(first)).unwrap_or((given, &[]))
}

/// What is no address is not known: a token that is bound to networks is then denied. Java writes the zone of an IPv6
/// address behind it.
pub(crate) fn peer_of(text: &[u8]) -> Option<std::net::IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    text.split('%').next()?.parse().ok()
}

fn secrets_in(mut given: &[u8]) -> Result<Vec<&[u8]>> {
    let malformed = || Error::invalid("secrets", "secrets_malformed", "the lengths do not fit");
    let mut secrets = Vec::new();
    while !given.is_empty() {
        let (length, rest) = given.split_first_chunk::<2>().ok_or_else(malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (secret, rest) = rest.split_at_checked(length).ok_or_else(malformed)?;
        secrets.push(secret);
        given = rest;
    }
    Ok(secrets)
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
