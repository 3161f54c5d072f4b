//! Who asks: a `config` token, looked up in the index of this process, or a session, looked up in the store. A session's
//! token comes in the header, or, from the console alone, as a cookie.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use gatepass::{
    Access, Acting, Actor, Api, Denied, Error, ErrorKind, Gatepass, Permissions, Reason, Scope, Timestamp,
    User,
};
use zeroize::Zeroizing;

use crate::app::App;
use crate::console::cookie;
use crate::errors::Failure;
use crate::session::{Claims, looks_like_one};
use crate::superseded::Use;

/// Where a request comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) peer: Option<IpAddr>,
    pub(crate) request_id: Arc<str>,
}

impl Origin {
    /// What is done for this request, on behalf of this actor.
    pub(crate) fn acting(&self, actor: Actor) -> Acting {
        let mut acting = Acting::new(actor).with_request_id(&*self.request_id);
        acting.peer = self.peer;
        acting
    }
}

/// Who asks, with what they hold now.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// A `config` token.
    Token(Access),
    /// A user who has signed in.
    Session(Box<Session>),
}

/// A session that lasts.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: User,
    pub(crate) claims: Claims,
    pub(crate) permissions: Permissions,
}

impl Who {
    /// Whether they hold this scope.
    pub(crate) fn permits(&self, scope: Scope) -> bool {
        match self {
            Self::Token(access) => access.permits(scope),
            Self::Session(session) => session.permissions.allows(scope),
        }
    }

    /// When the token, or the session, ends.
    pub(crate) fn expires_on(&self) -> Option<Timestamp> {
        match self {
            Self::Token(access) => access.expires_on(),
            Self::Session(session) => Timestamp::from_millis(session.claims.exp.saturating_mul(1000)),
        }
    }

    /// Whether they may verify tokens of this API.
    pub(crate) fn may_verify(&self, api: Api) -> bool {
        match self {
            Self::Token(access) => access.may_verify(api),
            Self::Session(session) => session.permissions.token_rights().verify.contains(&api),
        }
    }

    /// What they are called: `token:gateway`, `user:alice`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Token(access) => format!("token:{}", access.name()),
            Self::Session(session) => format!("user:{}", session.user.username),
        }
    }

    /// Who acts.
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Token(access) => Actor::Token(access.id()),
            Self::Session(session) => Actor::User(session.user.username.clone()),
        }
    }
}

/// A caller who was let in: who they are, and the store on their behalf.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    pub(crate) gatepass: Gatepass,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // The gate puts it there; an operation whose gate asks for nobody has none.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Failure::denied(Reason::Missing, "", None))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Failure::denied(Reason::Missing, "", None))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let lost = || Failure::new(ErrorKind::Internal, "origin", "the request has lost its origin");
        parts.extensions.get::<Self>().cloned().ok_or_else(lost)
    }
}

/// Why nobody is let in.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The credential is not good.
    Denied(Reason),
    /// Nobody can tell.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Refused {
    pub(crate) fn into_failure(self, realm: &str) -> Failure {
        match self {
            Self::Denied(reason) => Failure::denied(reason, realm, None),
            Self::Failed(error) => error.into(),
        }
    }
}

/// Who sent this request.
pub(crate) async fn authenticate(app: &App, headers: &HeaderMap, origin: &Origin) -> Result<Who, Refused> {
    if let Some(token) = bearer(headers).filter(|token| looks_like_one(token)) {
        return session(app, token).await.map(|session| Who::Session(Box::new(session)));
    }
    if let Some(token) = cookie::credential(app, headers) {
        return session(app, token).await.map(|session| Who::Session(Box::new(session)));
    }
    let values = headers.get_all(header::AUTHORIZATION);
    app.admission
        .check(values.iter().collect::<gatepass::Authorization<'_>>(), origin.peer)
        .map(Who::Token)
        .map_err(|denied| {
            note_if_superseded(app, Api::Config, &denied, headers, origin);
            Refused::Denied(denied.reason)
        })
}

/// Tells of a secret from before a rotation that came in the header, after the answer.
pub(crate) fn note_if_superseded(app: &App, api: Api, denied: &Denied, headers: &HeaderMap, origin: &Origin) {
    if let (Reason::Superseded, Some(id), Some(secret)) = (denied.reason, denied.id, bearer(headers)) {
        app.superseded.tell(Use {
            api,
            id,
            secret: Zeroizing::new(secret.to_owned()),
            peer: origin.peer,
            request_id: origin.request_id.to_string(),
            shown_to: None,
        });
    }
}

/// The session whose token this is.
pub(crate) async fn session(app: &App, token: &str) -> Result<Session, Refused> {
    let claims = app.signer.read(token, app.clock.now()).map_err(Refused::Denied)?;
    let user = app.gatepass.sessions().user(&claims.jti).await?;
    // A name may be given to somebody else once it is free.
    let user =
        user.filter(|user| user.username == claims.username).ok_or(Refused::Denied(Reason::Revoked))?;
    let book = app.gatepass.roles().list().await?;
    let permissions = book.permissions(user.roles.iter().map(String::as_str));
    Ok(Session { user, claims, permissions })
}

/// The one bearer credential, where there is one. What is wrong with it, if something is, the guard says.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, rest) = value.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}
