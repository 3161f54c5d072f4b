//! The console's session: begun, looked at, renewed and ended by the rules of every session.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gatepass::{AccessToken, Actor, Api, Error, ErrorKind, Password, Permissions, Reason, Role, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::cookie;
use crate::app::App;
use crate::auth::{Caller, Origin, Refused, Session, Who, session};
use crate::body::Json;
use crate::errors::{Failure, Style};
use crate::extensions::SOON;
use crate::login::{self, Listed};

/// A name and a password.
#[derive(Deserialize, JsonSchema)]
pub(super) struct SignIn {
    username: String,
    #[schemars(with = "String")]
    password: Zeroizing<String>,
}

/// The old password and the new one.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangePassword {
    #[schemars(with = "String")]
    current_password: Zeroizing<String>,
    #[schemars(with = "String")]
    new_password: Zeroizing<String>,
}

/// Who is signed in, and what the console offers them by it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    username: String,
    roles: Vec<String>,
    /// The scopes that follow from the roles.
    scopes: Vec<String>,
    /// What all roles permit together.
    permissions: Permissions,
    /// The roles that they may give to a token or a user.
    grantable_roles: Vec<Role>,
    /// When the token of the session ends, unless it is renewed.
    expires_on: Option<Timestamp>,
    /// When the session ends in any case.
    session_end: Option<Timestamp>,
    /// The server's own time.
    now: Timestamp,
    /// The longest life of a token; none for no limit.
    max_days: Option<u32>,
    /// Whether a token may never expire.
    allow_never: bool,
    /// What counts as expiring soon.
    soon_millis: u64,
    /// What the server calls itself.
    server: String,
    /// Whom it belongs to.
    organization: String,
    version: &'static str,
}

pub(super) async fn get(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    match of_cookie(&app, &headers).await {
        Ok(session) => Ok(Json(me(&app, &session).await?).into_response()),
        // No error: this is how the page finds out that somebody has to sign in.
        Err(Refused::Denied(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(Refused::Failed(error)) => Err(error.into()),
    }
}

pub(super) async fn begin(
    State(app): State<Arc<App>>,
    origin: Origin,
    headers: HeaderMap,
    Json(SignIn { username, password }): Json<SignIn>,
) -> Result<Response, Failure> {
    // Nobody is signed in from another site, be it as somebody else.
    if !cookie::is_of_console(&headers) {
        let text = "this is for the console alone; programs sign in at /api/authentication-service/login";
        return Err(Failure::new(ErrorKind::Forbidden, "not_the_console", text));
    }
    let token =
        login::sign_in_as(&app, &origin, username, Password::new(password.as_str()), Listed::Elsewhere).await;
    let token = token.map_err(|failure| failure.in_style(Style::ClientError))?;
    signed_in(&app, &headers, &token).await
}

pub(super) async fn renew(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    let session = must_be_signed_in(&app, &headers).await?;
    let token = login::renewed(&app, session, Listed::Elsewhere);
    signed_in(&app, &headers, &token).await
}

/// Whatever became of the session, the cookie is gone afterwards.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    origin: Origin,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let mut response = match of_cookie(&app, &headers).await {
        Ok(session) => {
            let gatepass = app.gatepass.acting(origin.acting(Actor::User(session.user.username.clone())));
            login::sign_out(Caller { who: Who::Session(Box::new(session)), gatepass }).await?
        }
        Err(Refused::Denied(_)) => StatusCode::OK.into_response(),
        Err(Refused::Failed(error)) => return Err(error.into()),
    };
    put(&mut response, cookie::remove(&app, &headers));
    Ok(response)
}

/// Needs the old password, for a page that was left open is not its user. Ends all sessions, and begins this one anew.
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    origin: Origin,
    headers: HeaderMap,
    Json(ChangePassword { current_password, new_password }): Json<ChangePassword>,
) -> Result<Response, Failure> {
    let session = must_be_signed_in(&app, &headers).await?;
    let name = session.user.username;
    let new = Password::new(new_password.as_str());
    // Before anything is counted: a new password that is too short is no attempt at the old one.
    new.check(&name).map_err(|error| error.with_field("newPassword"))?;
    let current = Password::new(current_password.as_str());
    login::prove(&app, &origin, name.clone(), current, "user.password").await.map_err(|failure| {
        if failure.kind() == ErrorKind::Unauthorized {
            let text = "this is not your current password";
            return Error::invalid("currentPassword", "current_password_wrong", text).into();
        }
        failure.in_style(Style::ClientError)
    })?;
    let gatepass = app.gatepass.acting(origin.acting(Actor::User(name.clone())));
    let user = name.clone();
    app.hashing.run(async move { gatepass.users().set_password(&user, &new).await }).await?;
    let user = app.gatepass.users().get(&name).await?;
    let token = login::begin(&app, &origin, &user, Listed::Elsewhere).await?;
    signed_in(&app, &headers, &token).await
}

/// Who has signed in to the console and sends this.
async fn of_cookie(app: &App, headers: &HeaderMap) -> Result<Session, Refused> {
    let token = cookie::credential(app, headers).ok_or(Refused::Denied(Reason::Missing))?;
    session(app, token).await
}

async fn must_be_signed_in(app: &App, headers: &HeaderMap) -> Result<Session, Failure> {
    of_cookie(app, headers).await.map_err(|refused| refused.into_failure(&app.realm))
}

async fn signed_in(app: &App, headers: &HeaderMap, token: &str) -> Result<Response, Failure> {
    let session = session(app, token).await.map_err(|refused| refused.into_failure(&app.realm))?;
    let mut response = Json(me(app, &session).await?).into_response();
    put(&mut response, cookie::set(app, headers, token));
    Ok(response)
}

fn put(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

async fn me(app: &App, session: &Session) -> gatepass::Result<Me> {
    let (user, claims) = (&session.user, &session.claims);
    let book = app.gatepass.roles().list().await?;
    let caller = gatepass::Caller::user(user.username.clone(), user.roles.iter().map(String::as_str), &book);
    let now = app.clock.now();
    // By the rule that decides when it is asked for, so that nothing is offered that will be refused.
    let may_give = |role: &&Role| {
        let mut token = AccessToken::new("", Api::Config, now);
        token.roles = vec![role.name.clone()];
        caller.may_yield(&token, &book).is_ok()
    };
    let instant = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
    let policy = app.gatepass.policy();
    let mut scopes: Vec<_> = session.permissions.scopes().iter().map(|scope| scope.to_string()).collect();
    scopes.sort_unstable();
    Ok(Me {
        username: user.username.clone(),
        roles: user.roles.clone(),
        scopes,
        permissions: session.permissions.clone(),
        grantable_roles: book.iter().filter(may_give).cloned().collect(),
        expires_on: instant(claims.exp),
        session_end: instant(claims.session_end),
        now,
        max_days: policy.max_days,
        allow_never: policy.allow_never,
        soon_millis: u64::try_from(SOON.as_millis()).unwrap_or(u64::MAX),
        server: app.realm.clone(),
        organization: app.organization.clone(),
        version: env!("CARGO_PKG_VERSION"),
    })
}
