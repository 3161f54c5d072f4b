//! Signing in and out, and the vendor's check of a REST token.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass::wire::{Login, LoginV2, PasswordReset, Validated};
use gatepass::{Actor, Api, Authorization, Error, Password, Permissions, Result, Timestamp, User};
use zeroize::Zeroizing;

use crate::app::App;
use crate::auth::{Caller, Origin, Session, bearer, note_if_superseded, session};
use crate::body::Json;
use crate::endpoint::Endpoint;
use crate::errors::{Failure, Style};
use crate::session::{Claims, ISSUER, seconds};
use crate::throttle::neighbourhood;

/// How long one token of a session is good: an hour, as the vendor's.
const TOKEN_LIFE: Duration = Duration::from_hours(1);
/// How long a session lasts, however often it is refreshed.
const SESSION_LIFE: Duration = Duration::from_hours(12);
/// Whom the audit trail names where no user has the name that was given. It may be a password, typed too early.
const NOBODY: &str = "?";

/// Whether a session's token says what its user may do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Listed {
    /// It does, as the vendor's.
    InToken,
    /// It does not, for as a cookie it has to be small: browsers drop one of more than 4 KiB.
    Elsewhere,
}

impl Listed {
    fn of(self, permissions: &Permissions) -> Vec<String> {
        match self {
            Self::InToken => permissions.scopes().iter().map(|scope| scope.to_string()).collect(),
            Self::Elsewhere => Vec::new(),
        }
    }
}

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const REFRESH: &str = "/api/authentication-service/authToken/refresh";
    const REVOKE: &str = "/api/authentication-service/authToken/{authToken}";
    const VALIDATE: &str = "/api/authentication-service/adap-token/validate";
    vec![
        Endpoint::new("post-login", Method::POST, "/api/authentication-service/login", login)
            .says("Sign in with name and password (HTTP Basic)")
            .gives::<Login>(200)
            .refuses(&[401, 429]),
        Endpoint::new("post-login-v2", Method::POST, "/api/authentication-service/v2/login", login_v2)
            .says("Sign in with name and password (HTTP Basic)")
            .gives::<LoginV2>(200)
            .refuses(&[401, 429]),
        Endpoint::new("put-token-refresh", Method::PUT, REFRESH, refresh)
            .says("Get a new token for a session, up to twelve hours after it began")
            .gives::<Login>(200)
            .refuses(&[401]),
        Endpoint::new("delete-auth-token", Method::DELETE, REVOKE, revoke)
            .says("End the session of this token")
            .gives_nothing(200)
            .refuses(&[400]),
        Endpoint::new("validate-adap-token", Method::POST, VALIDATE, validate)
            .says("Whom the REST token in the Authorization header acts as")
            .gives::<Validated>(200)
            .refuses(&[401]),
    ]
}

async fn login(
    State(app): State<Arc<App>>,
    origin: Origin,
    headers: HeaderMap,
) -> Result<Json<Login>, Failure> {
    sign_in(&app, &origin, &headers).await.map(|token| Json(Login { token }))
}

/// Passwords do not expire here, so whoever is known is signed in.
async fn login_v2(
    State(app): State<Arc<App>>,
    origin: Origin,
    headers: HeaderMap,
) -> Result<Json<LoginV2>, Failure> {
    let token = sign_in(&app, &origin, &headers).await?;
    let password_reset = Some(PasswordReset::default());
    Ok(Json(LoginV2 { authenticated: true, token: Some(token), password_reset }))
}

async fn sign_in(app: &App, origin: &Origin, headers: &HeaderMap) -> Result<Zeroizing<String>, Failure> {
    let Some((name, password)) = basic(headers) else {
        app.metrics.login("malformed");
        return Err(Failure::login());
    };
    sign_in_as(app, origin, name, password, Listed::InToken).await
}

/// The token of a new session of the user of this name, if this is the password.
pub(crate) async fn sign_in_as(
    app: &App,
    origin: &Origin,
    name: String,
    password: Password,
    listed: Listed,
) -> Result<Zeroizing<String>, Failure> {
    let user = prove(app, origin, name, password, "session.begin").await?;
    let token = begin(app, origin, &user, listed).await.map_err(|error| {
        let over = error.code() == "signed_out"; // disabled, or another password, between these two lines
        if !over {
            return Failure::from(error).in_style(Style::Reason);
        }
        app.metrics.login("refused");
        Failure::login()
    })?;
    app.metrics.login("done");
    Ok(token)
}

/// The user of this name, if this is the password: so often and no oftener, and a failure is written down as one of
/// this action.
pub(crate) async fn prove(
    app: &App,
    origin: &Origin,
    name: String,
    password: Password,
    action: &'static str,
) -> Result<User, Failure> {
    // Taken before the attempt, so that a hundred at once are not all let through; given back when it succeeds.
    let (now, address) = (app.clock.boot_time(), neighbourhood(origin.peer));
    let allowed = app
        .by_address
        .take(&address, now)
        .and_then(|()| app.by_name.take(&name, now).inspect_err(|_| app.by_address.give_back(&address)));
    if let Err(wait) = allowed {
        app.metrics.login("throttled");
        let text = "Too many attempts; wait, then try again.";
        return Err(Failure::slow_down(wait, "logins_throttled", text).in_style(Style::Reason));
    }
    let (gatepass, user) = (app.gatepass.clone(), name.clone());
    let signed_in = app.hashing.run(async move { gatepass.users().sign_in(&user, &password).await }).await;
    let signed_in = signed_in.map_err(|failure| {
        app.metrics.login("unavailable");
        app.by_address.give_back(&address);
        app.by_name.give_back(&name);
        failure.in_style(Style::Reason)
    })?;
    let Some(user) = signed_in else {
        note_failure(app, origin, &name, action).await?;
        app.metrics.login("refused");
        return Err(Failure::login());
    };
    app.by_address.give_back(&address);
    app.by_name.give_back(&name);
    Ok(user)
}

/// The token of a new session of a user who has proved to be it.
pub(crate) async fn begin(
    app: &App,
    origin: &Origin,
    user: &User,
    listed: Listed,
) -> Result<Zeroizing<String>> {
    let now = app.clock.now();
    let end = now.saturating_add(SESSION_LIFE);
    let acting = origin.acting(Actor::User(user.username.clone()));
    let id = app.gatepass.acting(acting).sessions().begin(user, end).await?;
    let book = app.gatepass.roles().list().await?;
    let permissions = book.permissions(user.roles.iter().map(String::as_str));
    let privileges = listed.of(&permissions);
    Ok(app.signer.sign(&claims(app, user, privileges, id, now, seconds(end))))
}

fn claims(
    app: &App,
    user: &User,
    privileges: Vec<String>,
    jti: String,
    now: Timestamp,
    session_end: i64,
) -> Claims {
    Claims {
        privileges,
        server: app.realm.clone(),
        organization: app.organization.clone(),
        iss: ISSUER.to_owned(),
        exp: seconds(now.saturating_add(TOKEN_LIFE)).min(session_end),
        iat: seconds(now),
        session_end,
        email: user.email.clone(),
        username: user.username.clone(),
        jti,
    }
}

/// Both cost the same: a look-up, and an entry.
async fn note_failure(app: &App, origin: &Origin, name: &str, action: &'static str) -> Result<()> {
    let known = match app.gatepass.users().get(name).await {
        Ok(_) => true,
        Err(error) if error.code() == "user_not_found" => false,
        Err(error) => return Err(error),
    };
    let acting = origin.acting(Actor::User(if known { name } else { NOBODY }.to_owned()));
    let gatepass = app.gatepass.acting(acting);
    gatepass.audit().refused(action, known.then_some(name), "login_failed").await
}

/// The name and the password of RFC 7617, of one header.
fn basic(headers: &HeaderMap) -> Option<(String, Password)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, rest) = value.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = Zeroizing::new(STANDARD.decode(rest.trim()).ok()?);
    let (name, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((name.to_owned(), Password::new(password)))
}

async fn refresh(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Login>, Failure> {
    let token = bearer(&headers).ok_or_else(Failure::login)?;
    let session = session(&app, token).await.map_err(|refused| {
        let failure = refused.into_failure(&app.realm);
        failure.in_style(Style::Reason)
    })?;
    Ok(Json(Login { token: renewed(&app, session, Listed::InToken) }))
}

/// A new token of a session, which ends no later for it.
pub(crate) fn renewed(app: &App, session: Session, listed: Listed) -> Zeroizing<String> {
    let privileges = listed.of(&session.permissions);
    let (jti, end) = (session.claims.jti, session.claims.session_end);
    app.signer.sign(&claims(app, &session.user, privileges, jti, app.clock.now(), end))
}

/// One that is over already is as the caller wants it.
async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<StatusCode, Failure> {
    let token = Zeroizing::new(token);
    let Some(claims) = app.signer.read_whenever(&token) else {
        let text = "this is no token of a session of this authority";
        return Err(Error::invalid("authToken", "auth_token_malformed", text).into());
    };
    caller.gatepass.sessions().end(&claims.jti).await?;
    Ok(StatusCode::OK)
}

async fn validate(
    State(app): State<Arc<App>>,
    origin: Origin,
    headers: HeaderMap,
) -> Result<Json<Validated>, Failure> {
    let values = headers.get_all(header::AUTHORIZATION);
    let authorization: Authorization<'_> = values.iter().collect();
    match app.guard(Api::Rest).check_async(authorization, origin.peer).await {
        Ok(access) => Ok(Json(Validated { target_dn: access.target_dn().map(str::to_owned) })),
        Err(denied) => {
            note_if_superseded(&app, Api::Rest, &denied, &headers, &origin);
            Err(Failure::from((denied, &*app.realm)).in_style(Style::Reason))
        }
    }
}

/// Ends the session that asks.
pub(crate) async fn sign_out(caller: Caller) -> Result<Response, Failure> {
    let crate::auth::Who::Session(session) = &caller.who else {
        let text = "this is a token, which has no session to end; revoke it";
        return Err(Error::new(gatepass::ErrorKind::Conflict, "no_session", text).into());
    };
    caller.gatepass.sessions().end(&session.claims.jti).await?;
    Ok(axum::response::IntoResponse::into_response(StatusCode::OK))
}
