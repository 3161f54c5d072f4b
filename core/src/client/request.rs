//! A request as it is put together, before it is sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::name::check_name;
use crate::{Error, ErrorKind, IdempotencyKey, Result};

/// What stands for itself in a path or a query: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request to the server.
#[derive(Clone)]
pub(crate) struct Request {
    pub(super) method: Method,
    /// Under the base, its segments encoded.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Option<(&'static str, Zeroizing<Vec<u8>>)>,
    pub(super) key: Option<IdempotencyKey>,
    /// Whether sending it twice does what sending it once does.
    pub(super) repeatable: bool,
    /// Instead of the credential that the client has.
    pub(super) authorization: Option<Zeroizing<String>>,
    /// Whether it goes beside the base and not under it.
    pub(super) beside_base: bool,
    /// The codes of errors that say no more than their status.
    pub(super) codes: &'static [(u16, &'static str)],
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
        Self {
            method,
            path: path.into(),
            query: String::new(),
            body: None,
            key: None,
            repeatable,
            authorization: None,
            beside_base: false,
            codes: &[],
        }
    }

    /// A request as a caller writes it.
    ///
    /// # Errors
    /// `method_malformed`; `path_malformed` where it is not an absolute path, or would leave the API.
    pub(crate) fn to_service(method: &str, path: &str) -> Result<Self> {
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| {
            Error::invalid("method", "method_malformed", "expected an HTTP method, such as GET")
        })?;
        let leaves = |segment: &str| {
            let plain = segment.to_ascii_lowercase().replace("%2e", ".");
            plain == "." || plain == ".."
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
        let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        let pairs = parameters
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name.as_ref()), encoded(value.as_ref())));
        self.query = pairs.collect::<Vec<_>>().join("&");
        self
    }

    /// With this JSON.
    pub(crate) fn json(mut self, body: &(impl Serialize + ?Sized)) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| {
            Error::new(ErrorKind::Internal, "request_malformed", "the request cannot be written")
                .with_cause(error)
        })?;
        self.body = Some(("application/json", Zeroizing::new(body)));
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

    /// It changes nothing, whatever its method.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
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
    pub(crate) const fn codes(mut self, codes: &'static [(u16, &'static str)]) -> Self {
        self.codes = codes;
        self
    }
}

/// A path with a name in it, of whatever characters.
///
/// # Errors
/// Those of [`check_name`]: `.` and `..` would be taken out of the path on the way.
pub(crate) fn path_of(field: &'static str, collection: &str, name: &str, rest: &str) -> Result<String> {
    check_name(field, name)?;
    Ok(format!("{collection}/{}{rest}", utf8_percent_encode(name, ENCODED)))
}
