//! What a server answered, as what was asked for or as an error: servers say both in more than one way.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::wire::{self, ClientError, LoginRefused};
use crate::{Error, ErrorKind, Result, Secret};

/// How much of a server's own words goes into an error.
const MOST_WORDS: usize = 500;

/// An answer of 200 to 299.
pub(crate) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// The body as JSON of this form.
    ///
    /// # Errors
    /// Protocol, `answer_malformed`. What stood there is not quoted: it may be a secret.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|_| {
            let text = match self.body.first() {
                None => "the server's answer is empty",
                Some(b'<') => "the server answered with a web page; is this the URL of its API?",
                Some(_) => "the server's answer is not of the form that was expected",
            };
            self.dress(Error::new(ErrorKind::Protocol, "answer_malformed", text))
        })
    }

    /// The body as a secret: a JSON string, or, for some servers say JSON and mean it not, the bare text.
    pub(crate) fn secret(&self) -> Result<Secret> {
        let text = match serde_json::from_slice::<Zeroizing<String>>(&self.body) {
            Ok(text) => text,
            Err(_) => Zeroizing::new(String::from_utf8_lossy(&self.body).trim().to_owned()),
        };
        Secret::new(text.as_str()).map_err(|_| {
            let text = "the server made a token, and answered with something that is none; delete it there";
            self.dress(Error::new(ErrorKind::Protocol, "answer_malformed", text))
        })
    }

    /// The body, whatever it is.
    pub(crate) fn value(&self) -> serde_json::Value {
        match self.body.as_slice() {
            [] => serde_json::Value::Null,
            body => serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into()),
        }
    }

    /// The number of the change that was made; 0 where the server counts none.
    pub(crate) fn revision(&self) -> i64 {
        let header = self.headers.get(wire::REVISION).and_then(|value| value.to_str().ok());
        header.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    fn dress(&self, error: Error) -> Error {
        dress(error, self.status, &self.headers)
    }
}

fn dress(error: Error, status: StatusCode, headers: &HeaderMap) -> Error {
    let error = error.with_status(status.as_u16());
    match headers.get(wire::REQUEST_ID).and_then(|value| value.to_str().ok()) {
        Some(id) if id.len() <= 200 => error.with_request_id(id),
        _ => error,
    }
}

/// The error that an answer outside of 200 to 299 is. `secret` is what was sent: a server that quotes it back
/// does not get it into an error.
pub(crate) fn error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    codes: &[(u16, &'static str)],
    secrets: &[&str],
) -> Error {
    let number = status.as_u16();
    let known = codes.iter().find(|(of, _)| *of == number).map(|(_, code)| *code);
    let error = if let Ok(said) = serde_json::from_slice::<ClientError>(body) {
        let message = quoted(&said.message, secrets);
        match said.gatepass {
            Some(fault) => {
                // The text begins with the field, as this error's own will.
                let prefix = fault.field.as_ref().map(|field| format!("{field}: "));
                let bare = prefix.and_then(|prefix| message.strip_prefix(&prefix).map(str::to_owned));
                let error = Error::new(fault.kind, fault.code, bare.unwrap_or(message));
                match fault.field {
                    Some(field) => error.with_field(field),
                    None => error,
                }
            }
            None => Error::new(
                wire::kind(number),
                known.map_or_else(|| quoted(&said.code, secrets), str::to_owned),
                message,
            ),
        }
    } else {
        let words = serde_json::from_slice::<LoginRefused>(body).map(|refused| refused.reason);
        let words = words.or_else(|_| serde_json::from_slice::<String>(body)).ok();
        let message = match words {
            Some(words) => quoted(&words, secrets),
            None if status.is_redirection() => {
                "the server sends elsewhere, where the credential does not go; is this its URL?".to_owned()
            }
            None => format!("the server answered with status {number}"),
        };
        let code = known.unwrap_or(match number {
            300..=399 => "redirected",
            401 => "authentication_failed",
            500..=599 => "server_error",
            _ => wire::vendor_code(number),
        });
        Error::new(wire::kind(number), code, message)
    };
    dress(error, status, headers)
}

/// A server's own words, cut short, on one line, without what was sent to it.
fn quoted(words: &str, secrets: &[&str]) -> String {
    let mut words = words.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        words = words.replace(secret, "…");
    }
    let printable = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = printable.take(MOST_WORDS).collect();
    if words.chars().count() > MOST_WORDS {
        short.push('…');
    }
    short
}

/// For a request that got no answer.
pub(crate) fn unanswered(error: reqwest::Error) -> Error {
    let (kind, code, text) = if error.is_timeout() && !error.is_connect() {
        (ErrorKind::Timeout, "timeout", "the server did not answer in time")
    } else if error.is_timeout() || error.is_connect() {
        (ErrorKind::Unavailable, "unreachable", "the server cannot be reached")
    } else {
        (ErrorKind::Unavailable, "connection_lost", "the connection ended before the answer was whole")
    };
    // Its URL names tokens and users.
    Error::new(kind, code, text).with_cause(error.without_url())
}
