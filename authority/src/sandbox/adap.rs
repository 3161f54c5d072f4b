//! RadiantOne's REST API (ADAP) over the sandbox's directory.

mod answer;
mod bulk;
mod search;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use gatepass::wire::adap::{Add, Attributes, Done, Mod, Modify, PROXY, Params, Rename, Replace};
use gatepass::{Dn, Error, Result, Timestamp};
use rusqlite::Connection;
use serde::de::DeserializeOwned;

use super::Sandbox;
use super::access::Acting;
use super::refused::{self, Form};
use super::tree;
use crate::app::App;
use crate::body::{self, Json, Query};
use crate::endpoint::Endpoint;
use crate::errors::Style;

/// Bytes of a body that says something of one entry: a group may have very many members.
const BODY: usize = 16 << 20;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let slow = Duration::from_secs(90); // a whole directory in one answer, or a whole tree
    vec![
        Endpoint::new("adap-bind", Method::GET, "/adap", bind),
        Endpoint::new("adap-add", Method::POST, "/adap", add),
        Endpoint::new("adap-rename", Method::PATCH, "/adap", rename).waits(slow),
        Endpoint::new("adap-rootdse", Method::GET, "/adap/rootdse", search::root_dse),
        Endpoint::new("adap-bulk", Method::POST, "/adap/bulk", bulk::bulk).waits(slow),
        Endpoint::new("adap-search", Method::GET, "/adap/{*dn}", search::search).waits(slow),
        Endpoint::new("adap-replace", Method::PUT, "/adap/{*dn}", replace),
        Endpoint::new("adap-modify", Method::PATCH, "/adap/{*dn}", modify),
        Endpoint::new("adap-delete", Method::DELETE, "/adap/{*dn}", delete).waits(slow),
    ]
}

/// The form of this API's errors.
pub(super) enum Adap {}

impl Form for Adap {
    const STYLE: Style = Style::Adap;
}

pub(super) type Refused = refused::Refused<Adap>;
type Answer = Result<Response, Refused>;

/// Who asks, and for whom: the header `Proxy` is heeded.
pub(super) struct Caller {
    sandbox: Arc<Sandbox>,
    acting: Acting,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let acting = Acting::from_request_parts(parts, app).await?;
        let sandbox = Arc::clone(Sandbox::of(app)?);
        let acting = match proxy(&parts.headers)? {
            None => acting,
            Some(who) => sandbox.on_behalf_of(acting, who).await?,
        };
        Ok(Self { sandbox, acting })
    }
}

/// The name in the header is UTF-8, which HTTP's own texts are not.
fn proxy(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut values = headers.get_all(PROXY).iter();
    let malformed = || Error::invalid("proxy", "dn_malformed", "expected one name");
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => std::str::from_utf8(value.as_bytes()).map(Some).map_err(|_| malformed()),
        _ => Err(malformed()),
    }
}

/// The name in the path.
pub(super) struct Target(Dn);

impl<S: Send + Sync> FromRequestParts<S> for Target {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let malformed = |_| Error::invalid("dn", "dn_malformed", "the name in the path is not UTF-8");
        let Path(text) = path.map_err(malformed)?;
        Ok(Self(Dn::parse("dn", &text)?))
    }
}

/// What is done with one entry, alone or among others.
pub(super) enum Operation {
    Add(Dn, Attributes),
    Replace(Dn, Attributes),
    Modify(Dn, Vec<Mod>),
    Rename { name: Dn, rdn: String, superior: Option<Dn> },
    Delete { name: Dn, tree: bool },
}

impl Operation {
    /// Does it, if whoever asks may.
    pub(super) fn run(self, conn: &Connection, acting: &Acting, now: Timestamp) -> Result<()> {
        match self {
            Self::Add(name, attributes) => {
                acting.may_make(&name)?;
                tree::add(conn, &name, attributes, now)?;
            }
            Self::Replace(name, attributes) => {
                acting.may_change(&name)?;
                tree::replace(conn, &tree::find(conn, &name)?, attributes, now)?;
            }
            Self::Modify(name, mods) => {
                acting.may_change(&name)?;
                tree::modify(conn, &tree::find(conn, &name)?, &mods, now)?;
            }
            Self::Rename { name, rdn, superior } => {
                acting.may_make(&name)?;
                if let Some(superior) = &superior {
                    acting.may_change(superior)?;
                }
                tree::rename(conn, &tree::find(conn, &name)?, &rdn, superior.as_ref(), now)?;
            }
            Self::Delete { name, tree } => {
                acting.may_make(&name)?;
                tree::delete(conn, &tree::find(conn, &name)?, tree)?;
            }
        }
        Ok(())
    }
}

impl Caller {
    async fn run(self, operation: Operation) -> Answer {
        let now = self.sandbox.clock.now();
        let acting = self.acting;
        self.sandbox.store.write(move |conn| operation.run(conn, &acting, now)).await?;
        Ok(Json(Done { http_status: 200 }).into_response())
    }
}

async fn bind(_: Caller, query: Query) -> Answer {
    if query.text("bind") != Some("simpleBind") {
        let text = "expected bind=simpleBind; a search has the name of its base in the path";
        return Err(Error::invalid("bind", "parameter_malformed", text).into());
    }
    Ok(Json(Done { http_status: 200 }).into_response())
}

async fn add(State(app): State<Arc<App>>, caller: Caller, request: Request) -> Answer {
    let Params { params } = read::<Params<Add>>(&app, request, BODY).await?;
    let name = Dn::parse("dn", &params.dn)?;
    caller.run(Operation::Add(name, params.attributes)).await
}

async fn rename(State(app): State<Arc<App>>, caller: Caller, request: Request) -> Answer {
    let Params { params } = read::<Params<Rename>>(&app, request, BODY).await?;
    let superior = params.new_superior_dn.map(|dn| Dn::parse("newSuperiorDN", &dn)).transpose()?;
    let name = Dn::parse("DN", &params.dn)?;
    caller.run(Operation::Rename { name, rdn: params.new_rdn, superior }).await
}

async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Target(name): Target,
    request: Request,
) -> Answer {
    let Params { params } = read::<Params<Replace>>(&app, request, BODY).await?;
    caller.run(Operation::Replace(name, params.attributes)).await
}

async fn modify(
    State(app): State<Arc<App>>,
    caller: Caller,
    Target(name): Target,
    request: Request,
) -> Answer {
    let Params { params } = read::<Params<Modify>>(&app, request, BODY).await?;
    caller.run(Operation::Modify(name, params.mods)).await
}

async fn delete(caller: Caller, Target(name): Target, query: Query) -> Answer {
    let tree = match query.text("deletetree") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            let text = "expected deletetree=true or deletetree=false";
            return Err(Error::invalid("deletetree", "parameter_malformed", text).into());
        }
    };
    caller.run(Operation::Delete { name, tree }).await
}

/// A body of this form, whatever its media type says: the vendor's examples name none.
async fn read<T: DeserializeOwned>(app: &App, request: Request, most: usize) -> Result<T, Refused> {
    let bytes = body::read_up_to(request.into_body(), app, most).await?;
    Ok(body::parse(&bytes)?)
}
