//! RFC 7662: whether a token is good, for those who may verify tokens of its API. Answered from the index of this
//! process, so it asks no store.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use gatepass::wire::Introspection;
use gatepass::{Access, Api, Denied, Error, ErrorKind, Reason, Secret, TokenId};
use schemars::JsonSchema;
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::app::App;
use crate::auth::{Origin, Who};
use crate::body::{self, json_bytes};
use crate::endpoint::Endpoint;
use crate::errors::Failure;
use crate::session::seconds;
use crate::superseded::Use;

/// What is said of a token that is not good, or not the caller's to ask about: nothing.
const INACTIVE: &[u8] = br#"{"active":false}"#;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("introspect", Method::POST, "/oauth2/introspect", introspect)
            .says("Whether a token is good (RFC 7662), for those who may verify tokens of its API")
            .takes_form::<Question>()
            .gives::<Introspection>(200)
            .refuses(&[400]),
    ]
}

/// What is asked: the form of RFC 7662 section 2.1. It is read as it comes, and this only describes it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the shape, for the OpenAPI document")]
struct Question {
    /// The token.
    token: String,
    /// Not used: a token says itself what it is for.
    token_type_hint: Option<String>,
    /// The address that it was sent from, for tokens that are bound to networks. Gatepass only.
    peer: Option<String>,
}

/// [`Introspection`] of an active token, without a copy of what is in the index.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "RFC 7662's names")]
struct Active<'a> {
    active: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    sub: &'a str,
    aud: &'static str,
    jti: TokenId,
    name: &'a str,
    #[serde(skip_serializing_if = "has_none", serialize_with = "roles")]
    roles: &'a Access,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_dn: Option<&'a str>,
}

fn has_none(access: &Access) -> bool {
    access.roles().len() == 0
}

fn roles<S: Serializer>(access: &Access, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(access.roles().len()))?;
    access.roles().try_for_each(|role| list.serialize_element(role))?;
    list.end()
}

async fn introspect(
    State(app): State<Arc<App>>,
    who: Who,
    origin: Origin,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, content) = request.into_parts();
    let is_form = body::media_type(&parts.headers)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if !is_form {
        let text = "the body has to be application/x-www-form-urlencoded (RFC 7662 section 2.1)";
        return Err(Failure::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", text));
    }
    let bytes = body::read(content, &app).await?;
    let (mut token, mut peer) = (None, None);
    for (key, value) in form_urlencoded::parse(&bytes) {
        let place = match &*key {
            "token" => &mut token,
            "peer" => &mut peer,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return Err(Error::invalid("token", "parameter_twice", "a parameter comes twice").into());
        }
    }
    let Some(token) = token else {
        return Err(Error::invalid("token", "token_missing", "say which token").into());
    };
    let peer = match peer {
        None => None,
        Some(text) => Some(text.parse::<IpAddr>().map_err(|_| {
            Failure::from(Error::invalid("peer", "parameter_malformed", "the peer is not an address"))
        })?),
    };
    // A secret of ours says which API it is for. Of what may be another issuer's token each API has its own say.
    let own = Secret::api_of(&token).map(|api| [api]);
    let apis: &[Api] = own.as_ref().map_or(&[Api::Rest, Api::Scim], |own| own);
    let mut refused: Option<(Api, Denied)> = None;
    for api in apis.iter().copied().filter(|api| who.may_verify(*api)) {
        match app.guard(api).check_secret_async(&token, peer).await {
            Ok(access) => return active(&access),
            // That nobody can tell weighs more than a denial.
            Err(_) if refused.as_ref().is_some_and(|(_, before)| is_open(before.reason)) => {}
            Err(denied) => refused = Some((api, denied)),
        }
    }
    match refused {
        None => Ok(inactive(&app, Reason::WrongApi)),
        // An answer that may be kept would be a wrong one.
        Some((_, denied)) if is_open(denied.reason) => Err(Failure::denied(denied.reason, &app.realm, None)),
        Some((api, denied)) => {
            if let (Reason::Superseded, Some(id)) = (denied.reason, denied.id) {
                app.superseded.tell(Use {
                    api,
                    id,
                    secret: Zeroizing::new(token.into_owned()),
                    peer,
                    request_id: origin.request_id.to_string(),
                    shown_to: Some(who.actor()),
                });
            }
            Ok(inactive(&app, denied.reason))
        }
    }
}

/// Whether nobody can tell now.
const fn is_open(reason: Reason) -> bool {
    matches!(reason, Reason::Stale | Reason::KeysUnavailable)
}

fn active(access: &Access) -> Result<Response, Failure> {
    let (scope, target_dn) = (access.scope(), access.target_dn());
    let mut bytes = Vec::with_capacity(384);
    let answer = Active {
        active: true,
        scope: &scope,
        token_type: "Bearer",
        exp: access.expires_on().map(seconds),
        sub: target_dn.or(access.subject()).unwrap_or(access.name()),
        aud: access.api().as_str(),
        jti: access.id(),
        name: access.name(),
        roles: access,
        target_dn,
    };
    serde_json::to_writer(&mut bytes, &answer)
        .map_err(|_| Failure::new(ErrorKind::Internal, "answer", "the answer cannot be written"))?;
    Ok(json_bytes(bytes))
}

fn inactive(app: &App, reason: Reason) -> Response {
    app.metrics.refused(reason.code());
    json_bytes(INACTIVE)
}
