//! A request as it is put together, before it is sent.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::answer::Codes;
use super::dialect::Dialect;
use crate::name::{check_name, names_secret};
use crate::{Error, ErrorKind, IdempotencyKey, Result};

/// What stands for itself in a path or a query: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An answer's greatest length: a hundred thousand tokens, and more.
const MOST_BYTES: usize = 64 << 20;
/// The longest that a server's `Retry-After` is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long is waited for what is good to know and can be done without.
const QUICK: Duration = Duration::from_secs(5);

/// What sending a request twice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// What sending it once does, and again.
    More,
    /// What sending it once does.
    Same,
    /// The same; and where nothing is there the second time, the first one has done it.
    Gone,
}

/// One request to the server.
#[derive(Clone)]
pub(crate) struct Request {
    pub(super) method: Method,
    /// Under the base, its segments encoded.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Option<(&'static str, Zeroizing<Vec<u8>>)>,
    pub(super) key: Option<IdempotencyKey>,
    /// What sending it twice does.
    pub(super) again: Again,
    /// Instead of the credential that the client has.
    pub(super) authorization: Option<Zeroizing<String>>,
    /// Whether it goes beside the base and not under it.
    pub(super) beside_base: bool,
    /// The codes of errors that say no more than their status.
    pub(super) codes: Codes,
    /// What of the body must not come back in an error.
    pub(super) secrets: Vec<Zeroizing<String>>,
    /// How long one attempt may take, where that is not what the client's options say.
    pub(super) limit: Option<Duration>,
    /// How often it is tried at the most, whatever they say.
    pub(super) attempts: u32,
    /// The longest that a server's `Retry-After` is waited for.
    pub(super) patience: Duration,
    /// The media type that is asked for.
    pub(super) accepts: &'static str,
    /// Headers besides those that every request has.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// How the server says what went wrong.
    pub(super) dialect: Dialect,
    /// The node that is asked, where it is not the one that others are.
    pub(super) node: Option<Url>,
    /// Whether a server may send to another node, of those that may be followed to.
    pub(super) may_move: bool,
    /// How long its answer may be, in bytes.
    pub(super) most_bytes: usize,
}

/// What another service of the Configuration API answered: see [`Gatepass::request`](crate::Gatepass::request).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServiceAnswer {
    /// The HTTP status: 200 to 299.
    pub status: u16,
    /// The body; null where it is empty, a string where it is no JSON.
    pub body: Value,
}

impl Request {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        let repeatable = matches!(method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE);
        let again = if repeatable { Again::Same } else { Again::More };
        Self {
            method,
            path: path.into(),
            query: String::new(),
            body: None,
            key: None,
            again,
            authorization: None,
            beside_base: false,
            codes: &[],
            secrets: Vec::new(),
            limit: None,
            attempts: u32::MAX,
            patience: LONGEST_WAIT,
            accepts: "application/json",
            headers: Vec::new(),
            dialect: Dialect::Config,
            node: None,
            may_move: false,
            most_bytes: MOST_BYTES,
        }
    }

    /// A request as a caller writes it.
    ///
    /// # Errors
    /// `method_malformed`; `path_malformed` where it is not an absolute path, or would leave the API.
    pub(crate) fn to_service(method: &str, path: &str) -> Result<Self> {
        // CONNECT asks for a tunnel, and TRACE for the credential.
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
        let method = method.ok().filter(|method| !matches!(*method, Method::CONNECT | Method::TRACE));
        let method = method.ok_or_else(|| {
            Error::invalid("method", "method_malformed", "expected an HTTP method, such as GET")
        })?;
        // Some servers take a segment's parameters (RFC 3986 section 3.3) off before they look at it.
        let leaves = |segment: &str| {
            let plain = segment.to_ascii_lowercase().replace("%2e", ".").replace("%3b", ";");
            matches!(plain.split(';').next(), Some("." | ".."))
        };
        let printable =
            path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\'));
        if !path.starts_with('/') || path.starts_with("//") || !printable || path.split('/').any(leaves) {
            let text =
                "expected the path of a service, percent-encoded, such as /settings-service/properties";
            return Err(Error::invalid("path", "path_malformed", text));
        }
        Ok(Self::new(method, path))
    }

    /// With these parameters.
    pub(crate) fn query<K: AsRef<str>, V: AsRef<str>>(mut self, parameters: &[(K, V)]) -> Self {
        let pairs = parameters
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name.as_ref()), encoded(value.as_ref())));
        self.query = pairs.collect::<Vec<_>>().join("&");
        self
    }

    /// With this JSON.
    pub(crate) fn json(self, body: &(impl Serialize + ?Sized)) -> Result<Self> {
        self.json_as("application/json", body)
    }

    /// With this JSON, which is said to be of this media type.
    pub(crate) fn json_as(mut self, media: &'static str, body: &(impl Serialize + ?Sized)) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| {
            Error::new(ErrorKind::Internal, "request_malformed", "the request cannot be written")
                .with_cause(error)
        })?;
        self.body = Some((media, Zeroizing::new(body)));
        Ok(self)
    }

    /// With this form.
    pub(crate) fn form(mut self, parameters: &[(&str, &str)]) -> Self {
        let form = std::mem::take(&mut self.query);
        self = self.query(parameters);
        let body = std::mem::replace(&mut self.query, form).into_bytes();
        self.body = Some(("application/x-www-form-urlencoded", Zeroizing::new(body)));
        self
    }

    /// With this header instead of the client's own credential.
    pub(crate) fn authorization(mut self, header: Zeroizing<String>) -> Self {
        self.authorization = Some(header);
        self
    }

    /// With this header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// To a server that says in this way what went wrong.
    pub(crate) const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// To this node, where one is said, and from there to where it sends, if that may be followed.
    pub(crate) fn movable(mut self, node: Option<Url>) -> Self {
        self.node = node;
        self.may_move = true;
        self
    }

    /// Sent twice it does not what sending it once does, whatever its method.
    pub(crate) const fn unrepeatable(mut self) -> Self {
        self.again = Again::More;
        self
    }

    /// It changes nothing, whatever its method.
    pub(crate) fn repeatable(mut self) -> Self {
        self.again = Again::Same;
        self
    }

    /// A server that knows this key does it once, however often it is sent.
    pub(crate) fn key(mut self, key: IdempotencyKey) -> Self {
        self.key = Some(key);
        self.repeatable()
    }

    pub(crate) const fn beside_base(mut self) -> Self {
        self.beside_base = true;
        self
    }

    /// The codes that these statuses mean here.
    pub(crate) const fn codes(mut self, codes: Codes) -> Self {
        self.codes = codes;
        self
    }

    /// This, which is in the body, must not come back in an error.
    pub(crate) fn hiding(mut self, secret: Option<&str>) -> Self {
        self.secrets.extend(secret.map(|secret| Zeroizing::new(secret.to_owned())));
        self
    }

    /// Tried once and for some seconds only: for what can be done without.
    pub(crate) const fn quick(self) -> Self {
        self.once_for(QUICK)
    }

    /// Tried once, and for so long only.
    pub(crate) const fn once_for(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self.attempts = 1;
        self
    }

    /// Tried so often at the most, and not again where the server wants to be left alone for longer than this.
    pub(crate) const fn within(mut self, attempts: u32, patience: Duration) -> Self {
        self.attempts = attempts;
        self.patience = patience;
        self
    }

    /// Answered in this media type.
    pub(crate) const fn accepts(mut self, media: &'static str) -> Self {
        self.accepts = media;
        self
    }

    /// Its answer is not taken where it is longer than this.
    pub(crate) const fn at_most(mut self, bytes: usize) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// It removes something: sent again, it is right that nothing is there any more.
    pub(crate) const fn ends(mut self) -> Self {
        self.again = Again::Gone;
        self
    }
}

/// The texts in a caller's JSON whose names say that they are secret.
pub(crate) fn secrets_in(body: &Value) -> Vec<&str> {
    match body {
        Value::Object(members) => {
            // A change in SCIM says beside its value what that is the value of.
            let path = members.get("path").and_then(Value::as_str);
            let is_secret =
                |name: &str| names_secret(if name == "value" { path.unwrap_or(name) } else { name });
            members
                .iter()
                .flat_map(|(name, value)| match value {
                    Value::String(text) => is_secret(name).then_some(text.as_str()).into_iter().collect(),
                    value => secrets_in(value),
                })
                .collect()
        }
        Value::Array(list) => list.iter().flat_map(secrets_in).collect(),
        _ => Vec::new(),
    }
}

/// A path with a name in it, of whatever characters.
///
/// # Errors
/// Those of [`check_name`]: `.` and `..` would be taken out of the path on the way.
pub(crate) fn path_of(field: &'static str, collection: &str, name: &str, rest: &str) -> Result<String> {
    check_name(field, name)?;
    Ok(format!("{collection}/{}{rest}", encoded(name)))
}

/// A text as one segment of a path, or one part of a query.
pub(crate) fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, ENCODED)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_that_would_leave_the_api_is_refused() {
        for path in [
            "",
            "x",
            "//host/x",
            "/a/../b",
            "/a/./b",
            "/%2E%2e/b",
            "/a/..;x=1/b",
            "/a/%2e%2e%3Bx",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\\b",
            "/a\nb",
            "/é",
            "http://other.example/a",
        ] {
            let error = Request::to_service("GET", path).err().map(|error| error.code().to_owned());
            assert_eq!(error.as_deref(), Some("path_malformed"), "{path:?}");
        }
        for path in ["/", "/a/%2F/b", "/a/...", "/a/.b", "/a/b;v=..", "/a//b", "/a/%zz"] {
            assert!(Request::to_service("GET", path).is_ok(), "{path:?}");
        }
    }

    #[test]
    fn methods_are_http_s_but_for_two() {
        let method = |text| Request::to_service(text, "/a").map(|request| (request.method, request.again));
        assert_eq!(method("patch").unwrap(), (Method::PATCH, Again::More));
        assert_eq!(method("Get").unwrap(), (Method::GET, Again::Same));
        for no in ["", "GE T", "trace", "CONNECT", "GET\r\nX: y"] {
            assert_eq!(method(no).unwrap_err().code(), "method_malformed", "{no:?}");
        }
    }

    #[test]
    fn what_is_secret_in_a_body_is_told_by_its_name() {
        let body =
            json!({"name": "a", "bindPassword": "p", "list": [{"apiKey": "k", "n": 1}], "token": ["t"]});
        let mut found = secrets_in(&body);
        found.sort_unstable();
        assert_eq!(found, ["k", "p"]);
        let changes = json!({"Operations": [
            {"op": "replace", "path": "password", "value": "p"},
            {"op": "replace", "path": "title", "value": "t"},
        ]});
        assert_eq!(secrets_in(&changes), ["p"]);
    }
}
