//! What is answered where something is refused: the vendor's `ClientError`, and the forms of its authentication
//! endpoints. Nothing is said of the inside: not why a credential is bad, and not what the store said.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatepass::wire::adap::{self, ldap_code};
use gatepass::wire::scim::{self, ScimError, ScimType};
use gatepass::wire::{ClientError, Fault, LoginRefused};
use gatepass::{Answer, Denied, Error, ErrorKind, Reason};

use crate::body::Json;

/// What the vendor's login says, whatever was wrong.
const LOGIN_FAILED: &str = "Authentication failed.";
/// What the vendor's revocation of a session says.
const SESSION_OVER: &str = "Token has expired or has been revoked.";

/// A refusal, on its way out.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: u16,
    /// The vendor's code, where it is not the status's own.
    code: Option<&'static str>,
    message: Cow<'static, str>,
    fault: Fault,
    challenge: Option<String>,
    retry_after: Option<u64>,
    style: Style,
    /// For the inside.
    why: Why,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `{status, code, message}`.
    ClientError,
    /// `{reason}`.
    Reason,
    /// A JSON string.
    Text,
    /// The sandbox's REST API: `{httpStatus, ldapCode | errorCode, description}`.
    Adap,
    /// The sandbox's SCIM: RFC 7644 section 3.12.
    Scim,
}

/// What logs, metrics and the audit trail are told of a refusal.
#[derive(Debug, Clone)]
pub(crate) struct Why {
    pub(crate) kind: ErrorKind,
    pub(crate) code: Cow<'static, str>,
    /// What lay beneath, for the log.
    pub(crate) cause: Option<String>,
}

impl Failure {
    /// An error of the server's own making.
    pub(crate) fn new(kind: ErrorKind, code: &'static str, message: &'static str) -> Self {
        Error::new(kind, code, message).into()
    }

    /// A request that cannot be answered, with the status that says why.
    pub(crate) fn status(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        let kind = gatepass::wire::kind(status.as_u16());
        Self::new(kind, code, message).with_status(status.as_u16())
    }

    /// A credential that is refused. The outside learns what RFC 6750 says it may.
    pub(crate) fn denied(reason: Reason, realm: &str, scope: Option<&str>) -> Self {
        let answer = Answer::new(reason, realm, scope);
        let (kind, code, message) = match answer.status {
            400 => (ErrorKind::InvalidInput, "invalid_header", "The Authorization header is malformed"),
            403 => (
                ErrorKind::Forbidden,
                "insufficient_scope",
                "The request requires more than this token permits",
            ),
            503 => (ErrorKind::Unavailable, "stale", "Nobody can tell now whether the token is good"),
            _ if reason == Reason::Missing => {
                (ErrorKind::Unauthorized, "missing", "The request has no access token")
            }
            _ => (
                ErrorKind::Unauthorized,
                "invalid_token",
                "The access token is malformed, expired, revoked or not valid here",
            ),
        };
        let mut failure = Self::new(kind, code, message);
        failure.0.status = answer.status;
        failure.0.challenge = answer.www_authenticate;
        failure.0.retry_after = answer.retry_after.map(u64::from);
        failure.0.why.code = reason.code().into();
        failure
    }

    /// A login that failed, for whatever reason.
    pub(crate) fn login() -> Self {
        Self::new(ErrorKind::Unauthorized, "login_failed", LOGIN_FAILED).in_style(Style::Reason)
    }

    /// Too much was asked of us; this is when to ask again.
    pub(crate) fn slow_down(after: Duration, code: &'static str, message: &'static str) -> Self {
        let mut failure = Self::new(ErrorKind::RateLimited, code, message);
        failure.0.retry_after = Some(after.as_secs() + 1);
        failure
    }

    /// Too much is asked of us by everybody together.
    pub(crate) fn busy(code: &'static str, message: &'static str) -> Self {
        Self::new(ErrorKind::Unavailable, code, message) // which is told when to ask again
    }

    /// Written in this form.
    pub(crate) fn in_style(mut self, style: Style) -> Self {
        self.0.style = style;
        self
    }

    /// The same with another status, where the vendor has its own.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = status;
        self
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.0.why.kind
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let ClientError { status, code, message, gatepass } = ClientError::new(&error);
        let vendor = gatepass::wire::vendor_code(status);
        let code = ["insufficient_scope", "item_name_invalid"]
            .into_iter()
            .find(|own| *own == code && *own != vendor);
        // What the store or the system said may name paths and hosts.
        let inside = status >= 500 && error.kind() != ErrorKind::Unsupported;
        let message = if inside { outward(error.kind()).into() } else { Cow::Owned(message) };
        let cause = inside.then(|| match error.cause() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        });
        let fault = gatepass.unwrap_or_else(|| Fault {
            kind: error.kind(),
            code: error.code().to_owned(),
            field: error.field().map(str::to_owned),
        });
        let why = Why { kind: error.kind(), code: error.code().to_owned().into(), cause };
        let retry_after = error.retryable().then_some(1);
        let style = Style::ClientError;
        Self(Box::new(Parts { status, code, message, fault, challenge: None, retry_after, style, why }))
    }
}

const fn outward(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Timeout => "No answer came in time; whether it was done is not known",
        ErrorKind::Unavailable | ErrorKind::Closed => "The authority cannot answer now",
        _ => "The authority failed; its log says why",
    }
}

/// A denial that a handler asked for itself.
impl From<(Denied, &str)> for Failure {
    fn from((denied, realm): (Denied, &str)) -> Self {
        Self::denied(denied.reason, realm, denied.scope.as_deref())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let this = *self.0;
        let status = StatusCode::from_u16(this.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let code = this.code.unwrap_or(gatepass::wire::vendor_code(this.status));
        let mut response = match this.style {
            Style::ClientError => {
                let error = ClientError {
                    status: this.status,
                    code: code.to_owned(),
                    message: this.message.into_owned(),
                    gatepass: Some(this.fault),
                };
                (status, Json(error)).into_response()
            }
            Style::Reason if this.status == 401 => {
                (status, Json(LoginRefused { reason: LOGIN_FAILED.to_owned() })).into_response()
            }
            Style::Reason => {
                (status, Json(LoginRefused { reason: this.message.into_owned() })).into_response()
            }
            Style::Text => (status, Json(SESSION_OVER)).into_response(),
            Style::Adap => adap(this.status, &this.fault.code, this.message.into_owned()),
            Style::Scim => scim(this.status, &this.fault.code, &this.message),
        };
        let headers = response.headers_mut();
        if let Some(challenge) = this.challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = this.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(this.why);
        response
    }
}

/// What a directory refuses is 400, whatever it is: the vendor's page shows no other status. A credential is 401, as since
/// 8.5.0. (*Inferred* for all codes that its page does not show.)
fn adap(status: u16, code: &str, description: String) -> Response {
    let ldap_code = match status {
        401 => ldap_code("authentication_failed"),
        _ => ldap_code(code),
    };
    let http_status = if ldap_code.is_some() && status != 401 { 400 } else { status };
    let error_code = ldap_code.is_none().then_some(i64::from(http_status));
    let status = StatusCode::from_u16(http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(adap::Refused { http_status, ldap_code, error_code, description })).into_response()
}

fn scim(status: u16, code: &str, detail: &str) -> Response {
    let error = described(status, code, detail);
    let status = error.status.parse().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(error)).into_response();
    let media = HeaderValue::from_static(scim::MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

/// An error as SCIM tells it, where it is one of several results.
pub(crate) fn scim_error(error: &Error) -> ScimError {
    let this = Failure::from(error.clone());
    described(this.0.status, &this.0.fault.code, &this.0.message)
}

/// What a directory refuses, in SCIM's words: RFC 7644 table 9.
fn described(status: u16, code: &str, detail: &str) -> ScimError {
    let kind = ScimType::coded(code).or(match code {
        "entry_exists" => Some(ScimType::Uniqueness),
        "body_malformed" | "body_broken" => Some(ScimType::InvalidSyntax),
        "attribute_or_value_exists"
        | "constraint_violation"
        | "invalid_attribute_syntax"
        | "dn_malformed"
        | "dn_too_long" => Some(ScimType::InvalidValue),
        _ => None,
    });
    let status = match (kind, code) {
        (Some(ScimType::Uniqueness), _) => 409,
        (Some(_), _) => 400,
        (None, "precondition_failed") => 412,
        (None, _) => status,
    };
    ScimError::new(status, kind, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_said_stays_inside() {
        let error = Error::new(ErrorKind::Storage, "store_full", "tokens.db in a place: no space left");
        let failure = Failure::from(error);
        assert!(!failure.0.message.contains("place"));
        assert!(failure.0.why.cause.as_deref().unwrap().contains("place"));
        assert_eq!((failure.0.status, &*failure.0.fault.code), (500, "store_full"));
    }

    #[test]
    fn bad_credentials_look_alike() {
        let of = |reason| {
            let failure = Failure::denied(reason, "gatepass", None);
            (
                failure.0.status,
                failure.0.message.clone(),
                failure.0.fault.clone(),
                failure.0.challenge.clone(),
            )
        };
        assert_eq!(of(Reason::Unknown), of(Reason::Revoked));
        assert_eq!(of(Reason::WrongSecret), of(Reason::Expired));
        assert_eq!(of(Reason::BadSignature), of(Reason::Superseded));
    }
}
