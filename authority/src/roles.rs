//! The vendor's roles.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use gatepass::wire::RoleItem;
use gatepass::{Error, Role};

use crate::app::App;
use crate::auth::Caller;
use crate::body::{Json, Name, Query};
use crate::endpoint::Endpoint;
use crate::errors::Failure;
use crate::tokens::changed;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const LIST: &str = "/api/authentication-service/roles";
    const ONE: &str = "/api/authentication-service/roles/{name}";
    vec![
        Endpoint::new("get-role-list", Method::GET, LIST, list)
            .says("Get the list of roles")
            .gives::<Vec<RoleItem>>(200),
        Endpoint::new("create-role", Method::POST, LIST, create)
            .says("Create a role, if so wished with all that another one has but the name")
            .query(&[("roleToClone", "the role whose properties take the place of those in the body")])
            .takes::<Role>()
            .gives::<Role>(201)
            .refuses(&[400, 409]),
        Endpoint::new("get-role", Method::GET, ONE, get)
            .says("Get a role by its name")
            .gives::<Role>(200)
            .refuses(&[404]),
        Endpoint::new("update-role", Method::PUT, ONE, update)
            .says("Replace a role; a permission that is absent becomes NONE")
            .takes::<Role>()
            .gives::<Role>(200)
            .refuses(&[400, 404]),
        Endpoint::new("delete-role", Method::DELETE, ONE, delete)
            .says("Delete a role that nobody holds; the default ones stay")
            .gives_nothing(200)
            .refuses(&[400, 404, 409]),
    ]
}

async fn list(caller: Caller) -> Result<Json<Vec<RoleItem>>, Failure> {
    let book = caller.gatepass.roles().list().await?;
    let item = |role: &Role| RoleItem { name: role.name.clone(), default_role: role.default_role };
    Ok(Json(book.iter().map(item).collect()))
}

async fn get(caller: Caller, Name(name): Name) -> Result<Json<Role>, Failure> {
    Ok(Json(caller.gatepass.roles().get(&name).await?))
}

async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: Query,
    Json(role): Json<Role>,
) -> Result<Response, Failure> {
    let roles = caller.gatepass.roles();
    let made = match query.text("roleToClone") {
        Some(original) => roles.clone_as(original, &role.name).await.map_err(|error| {
            if error.code() == "role_not_found" { error.with_field("roleToClone") } else { error }
        })?,
        None => roles.create(role).await?,
    };
    Ok(changed(&app, caller.gatepass.revision(), (StatusCode::CREATED, Json(made))).await)
}

async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(name): Name,
    Json(role): Json<Role>,
) -> Result<Response, Failure> {
    if role.name != name {
        let text = "the name in the body is not the one in the path; a role keeps its name";
        return Err(Error::invalid("name", "name_differs", text).into());
    }
    let made = caller.gatepass.roles().update(role).await.map_err(not_a_default_one)?;
    Ok(changed(&app, caller.gatepass.revision(), Json(made)).await)
}

async fn delete(State(app): State<Arc<App>>, caller: Caller, Name(name): Name) -> Result<Response, Failure> {
    caller.gatepass.roles().delete(&name).await.map_err(not_a_default_one)?;
    Ok(changed(&app, caller.gatepass.revision(), StatusCode::OK).await)
}

/// The vendor answers 400 where a default role is to be changed or deleted.
fn not_a_default_one(error: Error) -> Failure {
    let default = error.code() == "default_role";
    let failure = Failure::from(error);
    if default { failure.with_status(400) } else { failure }
}
