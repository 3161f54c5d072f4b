//! The vendor's users.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass::wire::{UserDetails, UserPage};
use gatepass::{Error, NewUser, Password, Result, User, UserChange};

use crate::app::App;
use crate::auth::Caller;
use crate::body::{Json, Name, Query};
use crate::endpoint::{Endpoint, Parameter};
use crate::errors::Failure;
use crate::tokens::changed;

/// Users of a page, when not said (the vendor's number).
const PAGE: usize = 50;
/// Users of a page, at the most (the vendor's number).
const LARGEST_PAGE: usize = 10_000;
const LIST: &str = "/api/authentication-service/users";
const ONE: &str = "/api/authentication-service/users/{username}";
const ROLES: &str = "/api/authentication-service/users/{username}/roles";
const QUERY: &[Parameter] = &[
    ("searchFilter", "users with this in their name or e-mail address, in any case"),
    ("pageSize", "users of a page; 50 when not said, 10000 at the most"),
    ("cursor", "what the page before said to ask with"),
];

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("get-user-list", Method::GET, LIST, list)
            .says("Get a page of users, by name")
            .query(QUERY)
            .gives::<UserPage>(200)
            .refuses(&[400]),
        Endpoint::new("create-user", Method::POST, LIST, create)
            .says("Create a user")
            .takes::<UserDetails>()
            .gives::<UserDetails>(201)
            .refuses(&[400, 409]),
        Endpoint::new("get-user", Method::GET, ONE, get)
            .says("Get a user by name")
            .gives::<UserDetails>(200)
            .refuses(&[404]),
        Endpoint::new("update-user", Method::PUT, ONE, update)
            .says(
                "Replace what is said of a user; a password that is null or empty stays, and so do the roles",
            )
            .takes::<UserDetails>()
            .gives::<UserDetails>(200)
            .refuses(&[400, 404, 409]),
        Endpoint::new("delete-user", Method::DELETE, ONE, delete)
            .says("Delete a user")
            .gives_nothing(200)
            .refuses(&[404, 409]),
        Endpoint::new("update-user-roles", Method::PUT, ROLES, set_roles)
            .says("Give a user these roles in the place of all")
            .takes::<Vec<String>>()
            .gives::<UserDetails>(200)
            .refuses(&[400, 404, 409]),
    ]
}

async fn list(caller: Caller, query: Query) -> Result<Json<UserPage>, Failure> {
    let size = match query.parsed::<usize>("pageSize")? {
        None | Some(0) => PAGE,
        Some(size) if size <= LARGEST_PAGE => size,
        Some(_) => {
            return Err(Error::invalid("pageSize", "page_too_large", "a page has at most 10000 users").into());
        }
    };
    let after = query.text("cursor").map(read_cursor).transpose()?;
    let wanted = query.text("searchFilter").map(str::to_lowercase);
    let fits = |user: &User| {
        let has = |text: &str, wanted: &str| text.to_lowercase().contains(wanted);
        after.as_ref().is_none_or(|after| user.username > *after)
            && wanted.as_ref().is_none_or(|wanted| {
                has(&user.username, wanted) || user.email.as_ref().is_some_and(|email| has(email, wanted))
            })
    };
    let mut found = caller.gatepass.users().list().await?;
    found.sort_unstable_by(|a, b| a.username.cmp(&b.username)); // by bytes, whatever the database sorts by
    let mut users: Vec<_> = found.into_iter().filter(fits).take(size + 1).collect();
    let more = users.len() > size;
    users.truncate(size);
    let cursor = users.last().filter(|_| more).map(|user| URL_SAFE_NO_PAD.encode(&user.username));
    let next = cursor.as_ref().map(|cursor| {
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters.append_pair("cursor", cursor).append_pair("pageSize", &size.to_string());
        if let Some(filter) = query.text("searchFilter") {
            parameters.append_pair("searchFilter", filter);
        }
        // Without a host: the one in the request is the sender's to write.
        format!("{LIST}?{}", parameters.finish())
    });
    Ok(Json(UserPage { users: users.into_iter().map(UserDetails::from).collect(), cursor, next }))
}

fn read_cursor(text: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| Error::invalid("cursor", "parameter_malformed", "not a cursor that a page came with"))
}

async fn get(caller: Caller, Name(name): Name) -> Result<Json<UserDetails>, Failure> {
    Ok(Json(caller.gatepass.users().get(&name).await?.into()))
}

async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(details): Json<UserDetails>,
) -> Result<Response, Failure> {
    let Some(password) = password(&details) else {
        let text = "a new user needs a password";
        return Err(Error::invalid("password", "password_required", text).into());
    };
    let mut user = NewUser::new(details.username.clone()).password(password);
    let profile = profile(&details).active(details.active).roles(details.roles);
    user = user.profile(profile);
    let gatepass = caller.gatepass.clone();
    let made = app.hashing.run(async move { gatepass.users().create(user).await }).await?;
    let answer = (StatusCode::CREATED, Json(UserDetails::from(made)));
    Ok(changed(&app, caller.gatepass.revision(), answer).await)
}

async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(name): Name,
    Json(details): Json<UserDetails>,
) -> Result<Response, Failure> {
    if details.username != name {
        let text = "the name in the body is not the one in the path; a user keeps the name";
        return Err(Error::invalid("username", "name_differs", text).into());
    }
    let change = profile(&details).active(details.active);
    let gatepass = caller.gatepass.clone();
    let made = match password(&details) {
        None => gatepass.users().update(&name, change).await?,
        Some(password) => {
            let update = async move { gatepass.users().update_with(&name, change, Some(&password)).await };
            app.hashing.run(update).await?
        }
    };
    Ok(changed(&app, caller.gatepass.revision(), Json(UserDetails::from(made))).await)
}

/// What is said of a user, all of it: what is absent is no more.
fn profile(details: &UserDetails) -> UserChange {
    let mut change = UserChange::default();
    change.first_name = Some(details.first_name.clone());
    change.last_name = Some(details.last_name.clone());
    change.email = Some(details.email.clone());
    change
}

/// Empty is what an answer says of a password that is set, so coming back it changes nothing.
fn password(details: &UserDetails) -> Option<Password> {
    let text = details.password.as_ref().filter(|text| !text.is_empty());
    text.map(|text| Password::new(text.as_str()))
}

async fn delete(State(app): State<Arc<App>>, caller: Caller, Name(name): Name) -> Result<Response, Failure> {
    caller.gatepass.users().delete(&name).await?;
    Ok(changed(&app, caller.gatepass.revision(), StatusCode::OK).await)
}

async fn set_roles(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(name): Name,
    Json(roles): Json<Vec<String>>,
) -> Result<Response, Failure> {
    let made = caller.gatepass.users().update(&name, UserChange::default().roles(roles)).await?;
    Ok(changed(&app, caller.gatepass.revision(), Json(UserDetails::from(made))).await)
}
