//! The vendor's access tokens.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use gatepass::wire::CreateToken;
use gatepass::{AccessToken, Error, Gatepass, IdempotencyKey, Result, TokenFilter};
use serde::Serialize;

use crate::app::App;
use crate::auth::Caller;
use crate::body::{Json, Name, header_text, json_bytes};
use crate::endpoint::{Endpoint, Parameter};
use crate::errors::Failure;

/// The header with the number of a change.
pub(crate) const REVISION: HeaderName = HeaderName::from_static(gatepass::wire::REVISION);
/// The header that names a request which may be sent twice.
pub(crate) const KEY: &[Parameter] =
    &[(gatepass::wire::IDEMPOTENCY_KEY, "128 random bits; the same request gets the same answer for 24 h")];
/// Tokens that are read at a time.
const PAGE: u32 = 1000;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const LIST: &str = "/api/authentication-service/access_tokens";
    const ONE: &str = "/api/authentication-service/access_tokens/{name}";
    vec![
        Endpoint::new("get-access-token-list", Method::GET, LIST, list)
            .says("Get the list of access tokens")
            .gives::<Vec<AccessToken>>(200),
        Endpoint::new("create-access-token", Method::POST, LIST, create)
            .says("Create an access token; the answer is its secret, which is shown only now")
            .headers(KEY)
            .takes::<CreateToken>()
            .gives::<String>(201)
            .refuses(&[400, 409]),
        Endpoint::new("get-access-token", Method::GET, ONE, get)
            .says("Get an access token by its name")
            .gives::<AccessToken>(200)
            .refuses(&[404]),
        Endpoint::new("delete-access-token", Method::DELETE, ONE, delete)
            .says("Delete an access token by its name")
            .gives_nothing(200)
            .refuses(&[404]),
    ]
}

/// An answer with the number of the change that it tells of, which this authority's own index has by now.
pub(crate) async fn changed(app: &App, revision: i64, answer: impl IntoResponse) -> Response {
    app.known(revision).await;
    let mut response = answer.into_response();
    response.headers_mut().insert(REVISION, revision.into());
    response
}

/// The key under which this request may be sent twice.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>> {
    let malformed = |_| {
        let text = "an idempotency key is one header of visible characters of ASCII";
        Error::invalid("idempotencyKey", "idempotency_key_malformed", text)
    };
    let key = header_text(headers, gatepass::wire::IDEMPOTENCY_KEY).map_err(malformed)?;
    key.map(IdempotencyKey::new).transpose()
}

async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(asked): Json<CreateToken>,
) -> Result<Response, Failure> {
    let key = idempotency_key(&headers)?;
    let tokens = caller.gatepass.tokens();
    let tokens = key.as_ref().map_or(tokens, |key| tokens.once(key));
    let new = tokens.create(asked.into_asked()).await?;
    app.metrics.issued(new.token.api);
    let answer = (StatusCode::CREATED, Json(new.secret.reveal()));
    Ok(changed(&app, new.revision, answer).await)
}

async fn get(caller: Caller, Name(name): Name) -> Result<Json<AccessToken>, Failure> {
    Ok(Json(caller.gatepass.tokens().get(&name).await?))
}

async fn delete(State(app): State<Arc<App>>, caller: Caller, Name(name): Name) -> Result<Response, Failure> {
    let revision = caller.gatepass.tokens().delete(&name).await?;
    Ok(changed(&app, revision, StatusCode::OK).await)
}

/// All of them in one array, as the vendor has it, which is sent while it is read: a million tokens are never in memory.
async fn list(caller: Caller) -> Result<Response, Failure> {
    let first = page(&caller.gatepass, String::new(), true).await?;
    let gatepass = caller.gatepass;
    let rest = stream::try_unfold(first, move |(bytes, next): Piece| {
        let gatepass = gatepass.clone();
        async move {
            match (bytes, next) {
                (None, _) => Ok(None),
                (Some(bytes), None) => Ok(Some((bytes, (None, None)))),
                (Some(bytes), Some(cursor)) => {
                    Ok::<_, Error>(Some((bytes, page(&gatepass, cursor, false).await?)))
                }
            }
        }
    });
    Ok(json_bytes(Body::from_stream(rest)))
}

/// A part of the array, and the cursor of the next.
type Piece = (Option<Bytes>, Option<String>);

async fn page(gatepass: &Gatepass, cursor: String, first: bool) -> Result<Piece> {
    let page = gatepass.tokens().page(&TokenFilter::default(), Some(&cursor), Some(PAGE)).await?;
    let mut bytes = Vec::with_capacity(256 * page.tokens.len() + 2);
    for (at, token) in page.tokens.iter().enumerate() {
        bytes.push(if first && at == 0 { b'[' } else { b',' });
        write(&mut bytes, token)?;
    }
    if first && page.tokens.is_empty() {
        bytes.push(b'[');
    }
    if page.next.is_none() {
        bytes.push(b']');
    }
    Ok((Some(bytes.into()), page.next))
}

fn write(bytes: &mut Vec<u8>, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(bytes, value)
        .map_err(|_| Error::new(gatepass::ErrorKind::Internal, "answer", "the answer cannot be written"))
}
