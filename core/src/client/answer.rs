//! What a server answered, as what was asked for or as an error: servers say both in more than one way.

use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::dialect::Dialect;
use super::redact::Hidden;
use super::request::Request;
use crate::{Error, ErrorKind, Result, Secret, wire};

const A_PAGE: &str = "the server answered with a web page; is this the URL of its API?";

/// The codes that statuses mean of one kind of thing, where a server says no more.
pub(crate) type Codes = &'static [(u16, &'static str)];

/// An answer of 200 to 299.
pub(crate) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
    /// What was sent for it.
    hidden: Hidden,
    /// Where it came from, where that is not where it was asked for.
    pub(crate) node: Option<Url>,
}

impl Answer {
    pub(super) const fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: Zeroizing<Vec<u8>>,
        hidden: Hidden,
    ) -> Self {
        Self { status, headers, body, hidden, node: None }
    }

    /// What was to go is gone.
    pub(super) fn gone() -> Self {
        Self::new(StatusCode::NO_CONTENT, HeaderMap::new(), Zeroizing::default(), Hidden::default())
    }

    /// The body as JSON of this form.
    ///
    /// # Errors
    /// Protocol, `answer_malformed`. What stood there is not quoted: it may be a secret.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|_| {
            let text = if self.body.is_empty() {
                "the server's answer is empty"
            } else if is_page(&self.body) {
                A_PAGE
            } else {
                "the server's answer is not of the form that was expected"
            };
            self.malformed(text)
        })
    }

    /// The body as a secret: a JSON string, or, for some servers say JSON and mean it not, the bare text.
    pub(crate) fn secret(&self) -> Result<Secret> {
        let none = || {
            self.malformed(
                "the server made a token, and answered with something that is none; delete it there",
            )
        };
        let text = match serde_json::from_slice::<Value>(&self.body) {
            Ok(Value::String(text)) => Zeroizing::new(text),
            Ok(_) => return Err(none()),
            Err(_) => Zeroizing::new(String::from_utf8_lossy(&self.body).trim().to_owned()),
        };
        Secret::new(text.as_str()).map_err(|_| none())
    }

    /// Lets go of a body that has nothing secret in it: wiping half a megabyte takes a tenth of the time that reading it does.
    pub(crate) fn release(&mut self) {
        drop(std::mem::take(&mut *self.body));
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.trim_ascii().is_empty()
    }

    /// Which of its versions a resource is.
    pub(crate) fn etag(&self) -> Option<&str> {
        self.headers.get(ETAG)?.to_str().ok().filter(|tag| tag.len() <= 200 && self.permits(tag))
    }

    /// Whether a text has nothing in it of what was sent and is secret.
    pub(crate) fn permits(&self, text: &str) -> bool {
        self.hidden.permits(text)
    }

    /// That something was done, where nothing else is to be read. A web page does not say so, whatever its status; and some
    /// servers say another status in the body.
    ///
    /// # Errors
    /// Protocol, `answer_malformed`; what that status means.
    pub(crate) fn settle(&self, dialect: Dialect, codes: Codes) -> Result<()> {
        if is_page(&self.body) {
            return Err(self.malformed(A_PAGE));
        }
        let said: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let status =
            said.get("httpStatus").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        match status.filter(|status| *status >= 300) {
            Some(status) => Err(self.refusal(status, &said, dialect, codes, [])),
            None => Ok(()),
        }
    }

    /// The error that a part of this answer is. Of what was sent, these are secret and belong to that part.
    pub(crate) fn refusal<'a>(
        &self,
        status: u16,
        said: &Value,
        dialect: Dialect,
        codes: Codes,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Error {
        let hidden = self.hidden.for_part(secrets);
        let error = of_status(status, said, false, codes, dialect, &hidden).with_status(status);
        match request_id(&self.headers, &self.hidden) {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    }

    /// The body, whatever it is.
    pub(crate) fn value(&self) -> Value {
        match self.body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into()),
        }
    }

    /// The number of the change that was made; 0 where the server counts none.
    pub(crate) fn revision(&self) -> i64 {
        let revision = self.headers.get(wire::REVISION).and_then(|value| value.to_str().ok()?.parse().ok());
        revision.unwrap_or(0)
    }

    /// For an answer that says what makes no sense.
    pub(crate) fn malformed(&self, text: &'static str) -> Error {
        self.about(Error::new(ErrorKind::Protocol, "answer_malformed", text))
    }

    /// An error that this answer is the reason of.
    pub(crate) fn about(&self, error: Error) -> Error {
        dress(error, self.status, &self.headers, &self.hidden)
    }
}

fn dress(error: Error, status: StatusCode, headers: &HeaderMap, hidden: &Hidden) -> Error {
    let error = error.with_status(status.as_u16());
    match request_id(headers, hidden) {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

/// The server's id of the request, unless it is a secret's copy.
fn request_id(headers: &HeaderMap, hidden: &Hidden) -> Option<String> {
    let id = headers.get(wire::REQUEST_ID)?.to_str().ok()?;
    (id.len() <= 200 && hidden.permits(id)).then(|| id.to_owned())
}

fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// The error that an answer outside of 200 to 299 is. What is `hidden` was sent: a server that quotes it back does not
/// get it into an error.
pub(super) fn error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    request: &Request,
    hidden: &Hidden,
) -> Error {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = of_status(status.as_u16(), &said, is_page(body), request.codes, request.dialect, hidden);
    dress(error, status, headers, hidden)
}

fn of_status(
    number: u16,
    said: &Value,
    is_page: bool,
    codes: Codes,
    dialect: Dialect,
    hidden: &Hidden,
) -> Error {
    // Gatepass's own words, if it is one: its kinds and codes are finer than a status.
    let fault = said.get("gatepass");
    let of_fault = |member| fault.and_then(|fault| fault.get(member)).and_then(|value| token(value, hidden));
    let kind = fault.and_then(|fault| serde_json::from_value(fault.get("kind")?.clone()).ok());
    let words = spoken(said);
    let meant = dialect.meaning(number, said, words, hidden);
    let kind = kind.or_else(|| meant.and_then(|(kind, _)| kind));
    // A page of 404 says of a path that it leads nowhere, and not of a token that there is none.
    let known = || codes.iter().find(|(of, _)| *of == number && !is_page).map(|(_, code)| *code);
    let known = || meant.map(|(_, code)| code).or_else(known);
    let code = of_fault("code").or_else(|| known().map(str::to_owned));
    let code = code.or_else(|| said.get("code").and_then(|code| token(code, hidden)));
    let code = code.unwrap_or_else(|| {
        let code = match number {
            300..=399 => "redirected",
            401 => "authentication_failed",
            500..=599 => "server_error",
            _ => wire::vendor_code(number),
        };
        code.to_owned()
    });
    let field = of_fault("field");
    let message = match words {
        // Gatepass says the field in its text as well.
        Some(words) => {
            let prefix = field.as_ref().map(|field| format!("{field}: "));
            hidden.words(prefix.and_then(|prefix| words.strip_prefix(&prefix)).unwrap_or(words))
        }
        None if (300..400).contains(&number) => {
            "the server sends elsewhere, where the credential does not go; is this its URL?".to_owned()
        }
        None if is_page => {
            format!("the server answered with status {number} and a web page; is this the URL of its API?")
        }
        None => format!("the server answered with status {number}"),
    };
    let error = Error::new(kind.unwrap_or_else(|| wire::kind(number)), code, message);
    match field {
        Some(field) => error.with_field(field),
        None => error,
    }
}

/// What a server says for people: as the vendor's `ClientError`, as its authentication endpoints do, as REST (ADAP) and
/// SCIM do, or as a bare string.
fn spoken(said: &Value) -> Option<&str> {
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    let member = |name| said.get(name);
    let members = ["message", "reason", "description", "detail"].map(member).into_iter().chain([Some(said)]);
    members.flatten().find(|value| text(value)).and_then(Value::as_str)
}

/// A word that a program may act on, which no secret is.
fn token(value: &Value, hidden: &Hidden) -> Option<String> {
    let text = value.as_str()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']');
    ((1..=64).contains(&text.len()) && text.bytes().all(plain) && hidden.permits(text))
        .then(|| text.to_owned())
}

/// For a request that got no answer.
pub(crate) fn unanswered(error: reqwest::Error) -> Error {
    let (kind, code, text) = if error.is_builder() {
        (ErrorKind::InvalidInput, "request_malformed", "this is no request that HTTP can carry")
    } else if error.is_timeout() && !error.is_connect() {
        (ErrorKind::Timeout, "timeout", "the server did not answer in time")
    } else if is_distrust(&error) {
        let text =
            "no secure connection: the server's certificate is not trusted here, or it wants one of ours";
        (ErrorKind::Protocol, "tls_failed", text)
    } else if error.is_timeout() || error.is_connect() {
        (ErrorKind::Unavailable, "unreachable", "the server cannot be reached")
    } else {
        (ErrorKind::Unavailable, "connection_lost", "the connection ended before the answer was whole")
    };
    // Its URL names tokens and users.
    Error::new(kind, code, text).with_cause(error.without_url())
}

/// Whether TLS failed for what the other side is, and not for the way to it: rustls then says so as invalid data.
fn is_distrust(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(beneath) = cause {
        // An I/O error passes over the one that it was made of when it is asked for its source.
        let Some(io) = beneath.downcast_ref::<std::io::Error>() else {
            cause = beneath.source();
            continue;
        };
        if io.kind() == std::io::ErrorKind::InvalidData {
            return true;
        }
        cause = io.get_ref().map(|within| within as &(dyn std::error::Error + 'static));
    }
    false
}
