//! What the vendor lacks, under `/api/gatepass/v1`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use gatepass::wire::{
    AuditList, Changed, Issued, Myself, PurgeTokens, Purged, RevokeTokens, RotateToken, ServerInfo,
    SettleRotation, TokenList,
};
use gatepass::{AuditFilter, Error, Outcome, Result, TokenFilter, TokenPage};
use zeroize::Zeroizing;

use crate::app::App;
use crate::auth::{Caller, Who};
use crate::body::{Json, Name, Query};
use crate::endpoint::{Endpoint, Parameter};
use crate::errors::Failure;
use crate::tokens::{KEY, changed, idempotency_key};

/// Tokens that are revoked in one commit, at the most.
const MOST_AT_ONCE: usize = 1000;
/// What expires soon, when not said.
pub(crate) const SOON: Duration = Duration::from_hours(14 * 24);
/// Entries of the audit trail in one answer, at the most.
const MOST_ENTRIES: u32 = 1000;

const PAGE: &[Parameter] = &[
    ("api", "config, scim or rest"),
    ("status", "active, not_yet_valid, expired or revoked"),
    ("expiresWithinMillis", "still good, and expiring within so many milliseconds"),
    ("nameContains", "with this in the name, in any case of the letters A to Z"),
    ("cursor", "what the page before said to ask with"),
    ("limit", "tokens of a page; 100 when not said, 1000 at the most"),
];
const EXPIRING: &[Parameter] = &[
    ("withinMillis", "within so many milliseconds; 14 days when not said"),
    ("cursor", "what the page before said to ask with"),
    ("limit", "tokens of a page; 100 when not said, 1000 at the most"),
];
const AUDIT: &[Parameter] = &[
    ("after", "after the entry of this number"),
    ("before", "before the entry of this number"),
    ("order", "newest for the newest first"),
    ("action", "of actions that begin so"),
    ("actor", "of this actor: user:alice, token:nightly-sync"),
    ("subject", "of what has this name"),
    ("outcome", "done or refused"),
    ("since", "not before this instant"),
    ("until", "before this instant"),
    ("limit", "so many at the most; 100 when not said, 1000 at the most"),
];

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("server-info", Method::GET, "/api/gatepass/v1", info)
            .says("What answers here")
            .gives::<ServerInfo>(200),
        Endpoint::new("list-tokens", Method::GET, "/api/gatepass/v1/tokens", list)
            .says("Get a page of the tokens that fit, by name")
            .query(PAGE)
            .gives::<TokenList>(200)
            .refuses(&[400]),
        Endpoint::new("list-expiring-tokens", Method::GET, "/api/gatepass/v1/tokens/expiring", expiring)
            .says("Get a page of the tokens that expire soon")
            .query(EXPIRING)
            .gives::<TokenList>(200)
            .refuses(&[400]),
        Endpoint::new("rotate-token", Method::POST, "/api/gatepass/v1/tokens/{name}/rotate", rotate)
            .says("Give a token a new secret; the old one stays good for the grace")
            .headers(KEY)
            .takes::<RotateToken>()
            .gives::<Issued>(200)
            .refuses(&[400, 404, 409]),
        Endpoint::new("settle-rotation", Method::POST, "/api/gatepass/v1/tokens/{name}/settle", settle)
            .says("Say what became of a rotated secret that was to be delivered")
            .takes::<SettleRotation>()
            .gives::<Changed>(200)
            .refuses(&[400, 404, 409]),
        Endpoint::new("revoke-token", Method::POST, "/api/gatepass/v1/tokens/{name}/revoke", revoke)
            .says("End a token, both of its secrets")
            .gives::<Changed>(200)
            .refuses(&[404]),
        Endpoint::new("revoke-tokens", Method::POST, "/api/gatepass/v1/tokens/revoke", revoke_all)
            .says("End several tokens, all of them or none")
            .takes::<RevokeTokens>()
            .gives::<Vec<Changed>>(200)
            .refuses(&[400, 404]),
        Endpoint::new("purge-tokens", Method::POST, "/api/gatepass/v1/tokens/purge", purge)
            .says("Remove the tokens that have been expired or revoked since before an instant")
            .takes::<PurgeTokens>()
            .gives::<Purged>(200)
            .refuses(&[400]),
        Endpoint::new("get-self", Method::GET, "/api/gatepass/v1/self", myself)
            .says("Who asks, as this server sees it")
            .gives::<Myself>(200),
        Endpoint::new("end-own-session", Method::DELETE, "/api/gatepass/v1/self", crate::login::sign_out)
            .says("End the session that asks")
            .gives_nothing(200)
            .refuses(&[409]),
        Endpoint::new("list-audit", Method::GET, "/api/gatepass/v1/audit", audit)
            .says("Get entries of the audit trail, the oldest first where nothing else is said")
            .query(AUDIT)
            .gives::<AuditList>(200)
            .refuses(&[400]),
    ]
}

async fn info() -> Json<ServerInfo> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Json(ServerInfo { product: "gatepass".to_owned(), version })
}

async fn list(caller: Caller, query: Query) -> Result<Json<TokenList>, Failure> {
    let mut filter = TokenFilter::default();
    filter.api = query.parsed("api")?;
    filter.status = query.parsed("status")?;
    filter.expires_within = query.parsed("expiresWithinMillis")?.map(Duration::from_millis);
    filter.name_contains = query.text("nameContains").map(str::to_owned);
    page(&caller, &filter, &query).await
}

async fn expiring(caller: Caller, query: Query) -> Result<Json<TokenList>, Failure> {
    let within = query.parsed("withinMillis")?.map_or(SOON, Duration::from_millis);
    page(&caller, &TokenFilter::default().expires_within(within), &query).await
}

async fn page(caller: &Caller, filter: &TokenFilter, query: &Query) -> Result<Json<TokenList>, Failure> {
    let (cursor, limit) = (query.text("cursor"), query.parsed("limit")?);
    let TokenPage { tokens, next, .. } = caller.gatepass.tokens().page(filter, cursor, limit).await?;
    Ok(Json(TokenList { tokens, next }))
}

async fn rotate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(name): Name,
    headers: HeaderMap,
    Json(asked): Json<RotateToken>,
) -> Result<Response, Failure> {
    let key = idempotency_key(&headers)?;
    let tokens = caller.gatepass.tokens();
    let tokens = key.as_ref().map_or(tokens, |key| tokens.once(key));
    let new = if asked.deliver {
        tokens.begin_rotation(&name, asked.rotation()).await?
    } else {
        tokens.rotate(&name, asked.rotation()).await?
    };
    let secret = Zeroizing::new(new.secret.reveal().to_owned());
    let issued = Issued { secret, token: new.token, revision: new.revision };
    Ok(changed(&app, new.revision, Json(issued)).await)
}

async fn settle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(name): Name,
    Json(SettleRotation { digest, delivered }): Json<SettleRotation>,
) -> Result<Response, Failure> {
    let settled = caller.gatepass.tokens().settle(&name, digest, delivered).await?;
    Ok(changed(&app, settled.revision, Json(told(settled))).await)
}

async fn revoke(State(app): State<Arc<App>>, caller: Caller, Name(name): Name) -> Result<Response, Failure> {
    let revoked = caller.gatepass.tokens().revoke(&name).await?;
    Ok(changed(&app, revoked.revision, Json(told(revoked))).await)
}

async fn revoke_all(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(RevokeTokens { names }): Json<RevokeTokens>,
) -> Result<Response, Failure> {
    if names.len() > MOST_AT_ONCE {
        let text = "at most 1000 tokens are revoked at once";
        return Err(Error::invalid("names", "too_many_names", text).into());
    }
    let revoked = caller.gatepass.tokens().revoke_all(names).await?;
    let revision = revoked.iter().map(|one| one.revision).max().unwrap_or_default();
    let all: Vec<Changed> = revoked.into_iter().map(told).collect();
    Ok(changed(&app, revision, Json(all)).await)
}

fn told(change: gatepass::Changed) -> Changed {
    Changed { token: change.token, revision: change.revision }
}

async fn purge(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(PurgeTokens { before }): Json<PurgeTokens>,
) -> Result<Response, Failure> {
    let purged = caller.gatepass.tokens().purge(before, |_| ()).await?;
    Ok(changed(&app, caller.gatepass.revision(), Json(Purged { purged })).await)
}

async fn myself(caller: Caller) -> Result<Json<Myself>, Failure> {
    Ok(Json(match &caller.who {
        Who::Token(access) => Myself {
            kind: "token".to_owned(),
            name: access.name().to_owned(),
            roles: access.roles().map(str::to_owned).collect(),
            scopes: access.scopes(),
            expires_on: caller.who.expires_on(),
            token: Some(caller.gatepass.tokens().get(access.name()).await?),
        },
        Who::Session(session) => Myself {
            kind: "user".to_owned(),
            name: session.user.username.clone(),
            roles: session.user.roles.clone(),
            scopes: {
                let scopes = session.permissions.scopes();
                let mut names: Vec<_> = scopes.iter().map(|scope| scope.to_string()).collect();
                names.sort_unstable();
                names
            },
            expires_on: caller.who.expires_on(),
            token: None,
        },
    }))
}

async fn audit(caller: Caller, query: Query) -> Result<Json<AuditList>, Failure> {
    let mut filter = AuditFilter::default();
    filter.after = query.parsed("after")?.unwrap_or_default();
    filter.before = query.parsed("before")?;
    filter.newest_first = match query.text("order") {
        None | Some("oldest") => false,
        Some("newest") => true,
        Some(_) => {
            return Err(Error::invalid("order", "parameter_malformed", "expected oldest or newest").into());
        }
    };
    filter.action = query.text("action").map(str::to_owned);
    filter.actor = query.text("actor").map(str::to_owned);
    filter.subject = query.text("subject").map(str::to_owned);
    filter.outcome = match query.text("outcome") {
        None => None,
        Some("done") => Some(Outcome::Done),
        Some("refused") => Some(Outcome::Refused),
        Some(_) => {
            return Err(Error::invalid("outcome", "parameter_malformed", "expected done or refused").into());
        }
    };
    filter.since = query.parsed("since")?;
    filter.until = query.parsed("until")?;
    filter.limit = query.parsed::<u32>("limit")?.map(|limit| limit.min(MOST_ENTRIES));
    // The last number first: entries that come between the two are told of, and asked for again at worst.
    let last = caller.gatepass.audit().last().await?;
    Ok(Json(AuditList { entries: caller.gatepass.audit().list(&filter).await?, last }))
}
