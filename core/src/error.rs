//! The one error of this crate: a [`ErrorKind`] to act on, a stable code, and the field at fault.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a caller can do about an [`Error`]: each kind is handled differently, or it would not be a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request can never succeed as it is; [`Error::field`] names what to change.
    InvalidInput,
    /// The credential is missing, wrong, expired or revoked.
    Unauthorized,
    /// The credential is good and does not permit this.
    Forbidden,
    /// What was asked for does not exist.
    NotFound,
    /// The present state does not permit this: the name is taken, a rotation is under way.
    Conflict,
    /// The server or the store cannot do this at all.
    Unsupported,
    /// Too many requests: wait, then try again.
    RateLimited,
    /// The service cannot be reached or cannot answer now.
    Unavailable,
    /// No answer came in time; whether it was done is not known.
    Timeout,
    /// The other side answered something that makes no sense.
    Protocol,
    /// The store is corrupt, full, read-only or of another version.
    Storage,
    /// This handle was closed.
    Closed,
    /// A defect in Gatepass, or a machine without what it needs.
    Internal,
}

impl ErrorKind {
    /// The kind's name, the same in every language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Unsupported => "unsupported",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Storage => "storage",
            Self::Closed => "closed",
            Self::Internal => "internal",
        }
    }

    /// Whether the same request may succeed later, unchanged.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Timeout)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What went wrong. Its [`kind`](Error::kind), [`code`](Error::code) and [`field`](Error::field) are API;
/// its text is for people and may change. No part of a secret is ever in it.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.text())]
struct Parts {
    kind: ErrorKind,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    status: Option<u16>,
    request_id: Option<String>,
    incomplete: Option<Incomplete>,
    #[source]
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// How far a result goes that a server has cut: see [`Error::incomplete`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Incomplete {
    /// How much of it came: entries, or resources.
    pub count: u64,
    /// What the server said to ask with for more, where it did.
    pub cookie: Option<String>,
}

impl Parts {
    fn text(&self) -> String {
        match &self.field {
            Some(field) => format!("{field}: {}", self.message),
            None => self.message.clone().into_owned(),
        }
    }
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind, with a stable `code` and a text for people.
    pub fn new(
        kind: ErrorKind,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (code, message) = (code.into(), message.into());
        Self(Box::new(Parts {
            kind,
            code,
            message,
            field: None,
            status: None,
            request_id: None,
            incomplete: None,
            cause: None,
        }))
    }

    /// An impossible request, and the field that makes it so.
    pub fn invalid(field: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidInput, code, message).with_field(field)
    }

    /// Names the field at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Adds the HTTP status that this came from.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds the server's id of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// A result that a server has cut, after this much of it.
    #[cfg(feature = "client")]
    pub(crate) fn cut(count: u64, cookie: Option<String>, message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(ErrorKind::Protocol, "incomplete_result", message);
        error.0.incomplete = Some(Incomplete { count, cookie });
        error
    }

    /// Adds what lay beneath; it shows up as [`source`](std::error::Error::source).
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// Adds what lay beneath, whatever it is.
    #[must_use]
    pub fn with_boxed_cause(mut self, cause: Box<dyn std::error::Error + Send + Sync>) -> Self {
        self.0.cause = Some(Arc::from(cause));
        self
    }

    /// Says in the text what it is about.
    #[cfg(feature = "store")]
    pub(crate) fn about(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message).into();
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code, finer than the kind: `expiration_in_past`, `name_too_long`, ….
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The field of the request at fault, where one is.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The HTTP status that this came from, where it came over the wire.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The server's id of the request, to be quoted to its operator.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How far the result goes, where the server has cut it (`incomplete_result`): what came until then is right, and not all.
    pub fn incomplete(&self) -> Option<&Incomplete> {
        self.0.incomplete.as_ref()
    }

    /// Whether the same request may succeed later, unchanged.
    pub fn retryable(&self) -> bool {
        self.0.kind.retryable()
    }

    /// What lay beneath, where something did.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }
}
