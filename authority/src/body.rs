//! What requests carry, read with care: bounded, in time, and with errors that quote nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatepass::{Error, ErrorKind, Result};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::errors::Failure;
use crate::sandbox::style;

/// A JSON body. An empty one counts as an empty object.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, app).await?;
        if bytes.is_empty() {
            return parse(b"{}").map(Self);
        }
        if !is_json(&parts.headers) {
            let text = "the body has to be application/json";
            return Err(Failure::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", text));
        }
        parse(&bytes).map(Self)
    }
}

/// serde's own text is not passed on, for it quotes what was sent, which may be a secret.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        let at = format!("line {} column {}", error.line(), error.column());
        let text = match error.classify() {
            serde_json::error::Category::Data => {
                format!("the body is JSON, but not of the form that is expected here: {at}")
            }
            _ => format!("the body is not JSON: {at}"),
        };
        Error::invalid("body", "body_malformed", text).into()
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| {
        kind.eq_ignore_ascii_case("application/json")
            || kind.len() > 5
                && kind.get(kind.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case("+json"))
    })
}

/// The media type without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}

/// The whole body, if it is small enough and comes in time.
pub(crate) async fn read(body: Body, app: &App) -> Result<Bytes, Failure> {
    read_up_to(body, app, app.limits.body).await
}

/// The same of what may be larger, or has to be smaller.
pub(crate) async fn read_up_to(body: Body, app: &App, most: usize) -> Result<Bytes, Failure> {
    let too_large = || {
        let text = "the body is larger than this server reads";
        Failure::status(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text)
    };
    // What says beforehand that it is too long is not waited for.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let collected = tokio::time::timeout(app.limits.body_time, Limited::new(body, most).collect());
    match collected.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Error::invalid("body", "body_broken", "the body did not arrive whole").into()),
        Err(_) => {
            let text = "the body took too long to arrive";
            Err(Failure::status(StatusCode::REQUEST_TIMEOUT, "body_too_slow", text))
        }
    }
}

/// An answer in JSON.
impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => json_bytes(bytes),
            Err(_) => {
                Failure::new(ErrorKind::Internal, "answer", "the answer cannot be written").into_response()
            }
        }
    }
}

/// An answer that is JSON already.
pub(crate) fn json_bytes(bytes: impl Into<Body>) -> Response {
    let mut response = Response::new(bytes.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The name in a path, decoded.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Path::<String>::from_request_parts(parts, state).await.map(|Path(name)| Self(name)).map_err(|_| {
            let error = Error::invalid("name", "name_malformed", "the name in the path is not UTF-8");
            error.into()
        })
    }
}

/// The parameters behind the question mark. One that comes twice is refused, for two programs might each believe in
/// another one.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let mut found: Vec<(String, String)> = Vec::new();
        for (key, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            if found.iter().any(|(known, _)| *known == key) {
                let error = Error::invalid("query", "parameter_twice", "a parameter comes twice");
                return Err(Failure::from(error).in_style(style(parts.uri.path())));
            }
            found.push((key.into_owned(), value.into_owned()));
        }
        Ok(Self(found))
    }
}

impl Query {
    /// The parameter of this name, if it is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The same, as a span of time: `10s`, `250ms`.
    pub(crate) fn span(&self, name: &'static str) -> Result<Option<Duration>> {
        self.text(name)
            .map(span)
            .transpose()
            .map_err(|()| Error::invalid(name, "parameter_malformed", "expected a span of time: 10s, 250ms"))
    }

    /// The same, parsed.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>> {
        let malformed = |_| Error::invalid(name, "parameter_malformed", "the parameter is not of its form");
        self.text(name).map(str::parse).transpose().map_err(malformed)
    }
}

fn span(text: &str) -> Result<Duration, ()> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').ok_or(())?, 1000),
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse::<u64>().ok().filter(|_| is_number).ok_or(())?;
    number.checked_mul(unit).map(Duration::from_millis).ok_or(())
}

/// The one value of a header, if it is there.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Reason> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Reason::Malformed),
        (Some(_), Some(_)) => Err(Reason::Twice),
    }
}

/// Why a header has not one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Malformed,
    Twice,
}
