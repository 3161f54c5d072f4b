//! SCIM 2.0 (RFC 7643, RFC 7644) over the sandbox's people and groups.

mod bulk;
mod caller;
mod discovery;
mod filter;
mod list;
mod patch;
mod project;
mod resource;
mod schema;
mod shape;
mod values;
mod write;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatepass::wire::scim::{MEDIA_TYPE, PatchOp, SortOrder};
use gatepass::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use self::caller::{Answer, Caller, Id, Refused};
pub(crate) use self::list::Positions;
use self::list::{Asked, Query};
use self::project::Wanted;
use self::resource::{Needs, Object, location, version};
use self::schema::{GROUP_TYPE, Resource, USER_TYPE};
use self::write::{Condition, Context, has_tag, object};
use super::entry::Stored;
use crate::app::App;
use crate::body::{self, Query as Parameters};
use crate::endpoint::Endpoint;
use crate::errors::Failure;

/// Bytes of a body that says something of one resource: a group may have very many members.
const BODY: usize = 16 << 20;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let slow = Duration::from_secs(90); // a filter that has to look at everything
    vec![
        Endpoint::new("scim-config", Method::GET, "/scim2/v2/ServiceProviderConfig", config),
        Endpoint::new("scim-schemas", Method::GET, "/scim2/v2/Schemas", schemas),
        Endpoint::new("scim-schema", Method::GET, "/scim2/v2/Schemas/{id}", schema),
        Endpoint::new("scim-types", Method::GET, "/scim2/v2/ResourceTypes", resource_types),
        Endpoint::new("scim-type", Method::GET, "/scim2/v2/ResourceTypes/{id}", resource_type),
        Endpoint::new("scim-types-of-vendor", Method::GET, "/scim2/v2/resourcetypes", resource_types),
        Endpoint::new("scim-list", Method::GET, "/scim2/v2", list::<All>).waits(slow),
        Endpoint::new("scim-search", Method::POST, "/scim2/v2/.search", search::<All>).waits(slow),
        Endpoint::new("scim-bulk", Method::POST, "/scim2/v2/Bulk", bulk).waits(slow),
        Endpoint::new("scim-list-users", Method::GET, "/scim2/v2/Users", list::<Users>).waits(slow),
        Endpoint::new("scim-create-user", Method::POST, "/scim2/v2/Users", create::<Users>),
        Endpoint::new("scim-search-users", Method::POST, "/scim2/v2/Users/.search", search::<Users>)
            .waits(slow),
        Endpoint::new("scim-get-user", Method::GET, "/scim2/v2/Users/{id}", get::<Users>),
        Endpoint::new("scim-replace-user", Method::PUT, "/scim2/v2/Users/{id}", replace::<Users>),
        Endpoint::new("scim-patch-user", Method::PATCH, "/scim2/v2/Users/{id}", patch::<Users>),
        Endpoint::new("scim-delete-user", Method::DELETE, "/scim2/v2/Users/{id}", delete::<Users>),
        Endpoint::new("scim-list-groups", Method::GET, "/scim2/v2/Groups", list::<Groups>).waits(slow),
        Endpoint::new("scim-create-group", Method::POST, "/scim2/v2/Groups", create::<Groups>),
        Endpoint::new("scim-search-groups", Method::POST, "/scim2/v2/Groups/.search", search::<Groups>)
            .waits(slow),
        Endpoint::new("scim-get-group", Method::GET, "/scim2/v2/Groups/{id}", get::<Groups>),
        Endpoint::new("scim-replace-group", Method::PUT, "/scim2/v2/Groups/{id}", replace::<Groups>),
        Endpoint::new("scim-patch-group", Method::PATCH, "/scim2/v2/Groups/{id}", patch::<Groups>),
        Endpoint::new("scim-delete-group", Method::DELETE, "/scim2/v2/Groups/{id}", delete::<Groups>),
    ]
}

/// Which resources a handler is for.
trait Of: Send + Sync + 'static {
    const KIND: &'static Resource;
}

/// The same of a query, which may be for all of them.
trait Among: Send + Sync + 'static {
    const KINDS: &'static [&'static Resource];
}

struct Users;
struct Groups;
struct All;

impl<K: Of> Among for K {
    const KINDS: &'static [&'static Resource] = &[K::KIND];
}

impl Among for All {
    const KINDS: &'static [&'static Resource] = &[&USER_TYPE, &GROUP_TYPE];
}

impl Of for Users {
    const KIND: &'static Resource = &USER_TYPE;
}

impl Of for Groups {
    const KIND: &'static Resource = &GROUP_TYPE;
}

impl Caller {
    /// Changes something, and shows what it is now.
    async fn change(
        self,
        kind: &'static Resource,
        status: StatusCode,
        wanted: Wanted,
        change: impl FnOnce(&Context<'_>, &Condition) -> Result<Stored> + Send + 'static,
    ) -> Answer {
        let Self { sandbox, acting, base, condition } = self;
        let now = sandbox.clock.now();
        let owner = Arc::clone(&sandbox);
        let written = sandbox.store.write(move |conn| {
            let context = Context { conn, top: &owner.base, base: &base, acting: &acting, now };
            let entry = change(&context, &condition)?;
            let mut resource = context.show(kind, &entry)?;
            wanted.cut(kind, &mut resource);
            Ok((resource, location(&base, kind, &entry.uuid), version(&entry)))
        });
        let (resource, location, version) = written.await?;
        let mut response = json(status, &resource);
        set(&mut response, header::ETAG, &version);
        set(&mut response, header::CONTENT_LOCATION, &location);
        if status == StatusCode::CREATED {
            set(&mut response, header::LOCATION, &location);
        }
        Ok(response)
    }

    async fn query(self, query: Query) -> Answer {
        let Self { sandbox, base, .. } = self;
        let owner = Arc::clone(&sandbox);
        let found = sandbox.store.read(move |conn| query.run(conn, &base, &owner.positions)).await?;
        Ok(json(StatusCode::OK, &found))
    }
}

async fn list<K: Among>(caller: Caller, parameters: Parameters) -> Answer {
    let names = |name| names(parameters.text(name));
    let asked = Asked {
        filter: parameters.text("filter").map(str::to_owned),
        sort_by: parameters.text("sortBy").map(str::to_owned),
        sort_order: match parameters.text("sortOrder").map(str::to_ascii_lowercase).as_deref() {
            None => None,
            Some("ascending") => Some(SortOrder::Ascending),
            Some("descending") => Some(SortOrder::Descending),
            Some(_) => return Err(resource::invalid_value("sortOrder: ascending or descending").into()),
        },
        start_index: number(&parameters, "startIndex")?,
        count: number(&parameters, "count")?,
        attributes: names("attributes"),
        excluded_attributes: names("excludedAttributes"),
    };
    caller.query(Query::new(K::KINDS, &asked)?).await
}

fn number(parameters: &Parameters, name: &'static str) -> Result<Option<i64>> {
    parameters.parsed(name).map_err(|_| resource::invalid_value("startIndex and count are numbers"))
}

fn names(list: Option<&str>) -> Vec<String> {
    let names = list.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// What is wanted of the resource that comes back.
fn wanted(kind: &'static Resource, parameters: &Parameters) -> Result<Wanted> {
    let names = |name| names(parameters.text(name));
    Wanted::new(kind, &names("attributes"), &names("excludedAttributes"))
}

/// A query as a body: RFC 7644 section 3.4.3.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SearchRequest {
    #[serde(default)]
    attributes: Option<Vec<String>>,
    #[serde(default)]
    excluded_attributes: Option<Vec<String>>,
    #[serde(default)]
    filter: Option<String>,
    #[serde(default)]
    sort_by: Option<String>,
    #[serde(default)]
    sort_order: Option<SortOrder>,
    #[serde(default)]
    start_index: Option<i64>,
    #[serde(default)]
    count: Option<i64>,
}

async fn search<K: Among>(State(app): State<Arc<App>>, caller: Caller, request: Request) -> Answer {
    let sent: SearchRequest = read(&app, request, BODY).await?;
    let asked = Asked {
        filter: sent.filter,
        sort_by: sent.sort_by,
        sort_order: sent.sort_order,
        start_index: sent.start_index,
        count: sent.count,
        attributes: sent.attributes.unwrap_or_default(),
        excluded_attributes: sent.excluded_attributes.unwrap_or_default(),
    };
    caller.query(Query::new(K::KINDS, &asked)?).await
}

async fn get<K: Of>(caller: Caller, Id(id): Id, parameters: Parameters) -> Answer {
    let wanted = wanted(K::KIND, &parameters)?;
    let Caller { sandbox, base, condition, .. } = caller;
    let found = sandbox.store.read(move |conn| {
        let entry = resource::find(conn, K::KIND, &id)?;
        let needs: Needs = wanted.needs(K::KIND);
        let mut resource = resource::of_entry(conn, K::KIND, &entry, &base, needs)?;
        wanted.cut(K::KIND, &mut resource);
        let known = condition.if_none_match.as_deref().is_some_and(|tags| has_tag(tags, &entry));
        Ok(((!known).then_some(resource), location(&base, K::KIND, &entry.uuid), version(&entry)))
    });
    let (resource, location, version) = found.await?;
    let mut response = match resource {
        Some(resource) => json(StatusCode::OK, &resource),
        None => StatusCode::NOT_MODIFIED.into_response(),
    };
    set(&mut response, header::ETAG, &version);
    set(&mut response, header::CONTENT_LOCATION, &location);
    Ok(response)
}

async fn create<K: Of>(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
    request: Request,
) -> Answer {
    let wanted = wanted(K::KIND, &parameters)?;
    let sent: Object = object(read(&app, request, BODY).await?)?;
    let create = move |context: &Context<'_>, _: &Condition| context.create(K::KIND, &sent);
    caller.change(K::KIND, StatusCode::CREATED, wanted, create).await
}

async fn replace<K: Of>(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
    parameters: Parameters,
    request: Request,
) -> Answer {
    let wanted = wanted(K::KIND, &parameters)?;
    let sent: Object = object(read(&app, request, BODY).await?)?;
    let replace =
        move |context: &Context<'_>, condition: &Condition| context.replace(K::KIND, &id, &sent, condition);
    caller.change(K::KIND, StatusCode::OK, wanted, replace).await
}

async fn patch<K: Of>(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
    parameters: Parameters,
    request: Request,
) -> Answer {
    let wanted = wanted(K::KIND, &parameters)?;
    let sent: PatchOp = read(&app, request, BODY).await?;
    let patch = move |context: &Context<'_>, condition: &Condition| {
        context.patch(K::KIND, &id, &sent.operations, condition)
    };
    caller.change(K::KIND, StatusCode::OK, wanted, patch).await
}

async fn delete<K: Of>(caller: Caller, Id(id): Id) -> Answer {
    let Caller { sandbox, acting, base, condition } = caller;
    let now = sandbox.clock.now();
    let owner = Arc::clone(&sandbox);
    let gone = sandbox.store.write(move |conn| {
        let context = Context { conn, top: &owner.base, base: &base, acting: &acting, now };
        context.delete(K::KIND, &id, &condition)
    });
    gone.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn bulk(State(app): State<Arc<App>>, caller: Caller, request: Request) -> Answer {
    let sent: bulk::Request = read(&app, request, bulk::BODY).await?;
    let Caller { sandbox, acting, base, .. } = caller;
    let now = sandbox.clock.now();
    let owner = Arc::clone(&sandbox);
    let done = sandbox.store.write_several(move |several| {
        let conn = several.transaction;
        let context = Context { conn, top: &owner.base, base: &base, acting: &acting, now };
        bulk::run(&context, several, sent)
    });
    Ok(json(StatusCode::OK, &done.await?))
}

async fn config(caller: Caller) -> Answer {
    Ok(json(StatusCode::OK, &discovery::config(&caller.base)))
}

async fn schemas(caller: Caller) -> Answer {
    Ok(json(StatusCode::OK, &discovery::list(discovery::schemas(&caller.base))))
}

async fn schema(caller: Caller, Id(id): Id) -> Answer {
    let found =
        discovery::schemas(&caller.base).into_iter().find(|schema| schema.id.eq_ignore_ascii_case(&id));
    Ok(json(StatusCode::OK, &found.ok_or_else(no_description)?))
}

async fn resource_types(caller: Caller) -> Answer {
    Ok(json(StatusCode::OK, &discovery::list(discovery::resource_types(&caller.base))))
}

async fn resource_type(caller: Caller, Id(id): Id) -> Answer {
    let found = discovery::resource_types(&caller.base).into_iter().find(|kind| kind.name == id);
    Ok(json(StatusCode::OK, &found.ok_or_else(no_description)?))
}

fn no_description() -> Error {
    Error::new(ErrorKind::NotFound, "resource_not_found", "there is none of this id")
}

/// A body of this form. The media type is SCIM's or JSON's own (RFC 7644 section 3.1), or not said.
async fn read<T: serde::de::DeserializeOwned>(
    app: &App,
    request: Request,
    most: usize,
) -> Result<T, Refused> {
    let bytes = body::read_up_to(request.into_body(), app, most).await?;
    body::parse(&bytes).map_err(Refused::from)
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let Ok(bytes) = serde_json::to_vec(value) else {
        let failure = Failure::new(ErrorKind::Internal, "answer", "the answer cannot be written");
        return Refused::from(failure).into_response();
    };
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, MEDIA_TYPE);
    response
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
