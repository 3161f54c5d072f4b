//! What a resource server answers to a request that it refuses: RFC 6750 section 3.

use crate::reason::Reason;

/// An HTTP status and the headers that go with it. Whoever sent a bad token learns only that it is bad: unknown,
/// wrong, revoked and expired look alike, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status: 400, 401, 403 or 503.
    pub status: u16,
    /// The `WWW-Authenticate` header, where the answer has one.
    pub www_authenticate: Option<String>,
    /// The `Retry-After` header in seconds, where the answer has one.
    pub retry_after: Option<u32>,
    /// The error code of RFC 6750 section 3.1, for the body; none where no credential was sent.
    pub error: Option<&'static str>,
}

impl Answer {
    /// The answer for this reason. `scope` is the list that was needed, for `insufficient_scope`.
    pub fn new(reason: Reason, realm: &str, scope: Option<&str>) -> Self {
        let (status, error, text) = match reason {
            // RFC 6750 section 3.1: a request without credentials is told no error.
            Reason::Missing => (401, None, ""),
            Reason::InvalidHeader => (400, Some("invalid_request"), "The Authorization header is malformed"),
            Reason::InsufficientScope => {
                (403, Some("insufficient_scope"), "The request requires more than this token permits")
            }
            Reason::Stale | Reason::KeysUnavailable => return Self::unavailable(),
            _ => (
                401,
                Some("invalid_token"),
                "The access token is malformed, expired, revoked or not valid here",
            ),
        };
        let mut header = String::from("Bearer realm=");
        quote(realm, &mut header);
        if let Some(error) = error {
            for (name, value) in [("error", error), ("error_description", text)] {
                attribute(name, value, &mut header);
            }
        }
        if let Some(scope) = scope.filter(|_| reason == Reason::InsufficientScope) {
            attribute("scope", scope, &mut header);
        }
        Self { status, www_authenticate: Some(header), retry_after: None, error }
    }

    /// Nobody can tell now whether the token is good. That is no challenge, for another token would fare no better.
    fn unavailable() -> Self {
        let error = Some("temporarily_unavailable");
        Self { status: 503, www_authenticate: None, retry_after: Some(1), error }
    }
}

fn attribute(name: &str, value: &str, header: &mut String) {
    header.push_str(", ");
    header.push_str(name);
    header.push('=');
    quote(value, header);
}

/// RFC 9110 section 5.6.4. What cannot stand in a header at all (a line break, say) becomes a space, and what
/// lies outside ASCII a question mark: a header is no place to smuggle either.
fn quote(value: &str, header: &mut String) {
    header.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => header.extend(['\\', c]),
            ' '..='~' => header.push(c),
            c if c.is_ascii() => header.push(' '),
            _ => header.push('?'),
        }
    }
    header.push('"');
}
