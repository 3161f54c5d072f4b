//! Who asks for something by SCIM, and in which form it is refused.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::Response;
use gatepass::{Error, ErrorKind, Result};

use super::super::Sandbox;
use super::super::access::Acting;
use super::super::refused::{self, Form};
use super::write::Condition;
use crate::app::App;
use crate::errors::Style;

/// Where the API is.
const ROOT: &str = "/scim2/v2";

/// The form of this API's errors: RFC 7644 section 3.12.
pub(super) enum Scim {}

impl Form for Scim {
    const STYLE: Style = Style::Scim;
}

pub(super) type Refused = refused::Refused<Scim>;
pub(super) type Answer = Result<Response, Refused>;

/// Who asks, and how this server is called by them.
pub(super) struct Caller {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) acting: Acting,
    /// Where the API is, by what the caller calls this server.
    pub(super) base: String,
    pub(super) condition: Condition,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let acting = Acting::from_request_parts(parts, app).await?;
        let sandbox = Arc::clone(Sandbox::of(app)?);
        let scheme = if app.secure { "https" } else { "http" };
        let host = text(&parts.headers, &header::HOST).filter(|host| is_host(host));
        let base = format!("{scheme}://{}{ROOT}", host.unwrap_or("localhost"));
        let tag = |name| text(&parts.headers, &name).map(str::to_owned);
        let condition =
            Condition { if_match: tag(header::IF_MATCH), if_none_match: tag(header::IF_NONE_MATCH) };
        Ok(Self { sandbox, acting, base, condition })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What can stand in a URL as host and port.
fn is_host(host: &str) -> bool {
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]%".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(is_of_host)
}

/// The id in the path: an `entryUUID`, or the name of an entry.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let missing = |_| Error::new(ErrorKind::NotFound, "resource_not_found", "the id is not UTF-8");
        let Path(id) = path.map_err(missing)?;
        Ok(Self(id))
    }
}
