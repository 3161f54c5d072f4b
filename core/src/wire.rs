//! The JSON that a client and an authority exchange, in one place so that both mean the same: the vendor's forms, as
//! its OpenAPI description has them, and Gatepass's own beside them.
//!
//! What the vendor lacks lives under [`EXTENSIONS`], and in members that only a Gatepass authority is sent. Both sides
//! pass over members that they do not know.

pub mod adap;
mod attributes;
mod feed;
pub mod scim;
#[cfg(feature = "oidc")]
mod validators;

use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

#[cfg(feature = "store")]
pub(crate) use self::feed::SLACK;
#[cfg(feature = "oidc")]
pub use self::feed::ValidatorsTold;
#[cfg(feature = "store")]
pub(crate) use self::feed::understood;
pub use self::feed::{
    CHANGES, Changes, LINES, LONGEST_STALENESS, MOST_USES, Packed, Position, REPLICAS, Replica, ReplicaList,
    SNAPSHOT, SnapshotEnd, SnapshotHead, StartOver, USAGE, Usage, Used,
};
#[cfg(feature = "oidc")]
pub use self::validators::{
    ClaimsMapper, KeyReport, TestValidator, TestVerdict, VALIDATORS, ValidatorDetails, ValidatorTest,
};
use crate::{AccessToken, Api, Digest, Error, ErrorKind, Expiration, NewToken, Result, Rotation, Timestamp};

/// The vendor's access tokens, under the base URL of the Configuration API (`https://HOST:8443/api`).
pub const ACCESS_TOKENS: &str = "/authentication-service/access_tokens";
/// The vendor's roles.
pub const ROLES: &str = "/authentication-service/roles";
/// The vendor's users.
pub const USERS: &str = "/authentication-service/users";
/// The vendor's login with name and password (HTTP Basic).
pub const LOGIN: &str = "/authentication-service/login";
/// The same since 8.5, which tells an expired password from a wrong one.
pub const LOGIN_V2: &str = "/authentication-service/v2/login";
/// The vendor's sessions.
pub const AUTH_TOKEN: &str = "/authentication-service/authToken";
/// The vendor's check of a REST token.
pub const VALIDATE: &str = "/authentication-service/adap-token/validate";
/// What Gatepass adds. A GET of it answers with [`ServerInfo`], and with 404 on a plain RadiantOne.
pub const EXTENSIONS: &str = "/gatepass/v1";
/// RFC 7662, beside the base and not under it.
pub const INTROSPECT: &str = "/oauth2/introspect";
/// The header that names a request which may be sent twice.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header with the number of the change that was made.
pub const REVISION: &str = "gatepass-revision";
/// The header with the request's id, in both directions.
pub const REQUEST_ID: &str = "x-request-id";

/// What answers, and in which version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    /// `gatepass`.
    pub product: String,
    /// The authority's version.
    pub version: String,
}

/// A token to be made: the vendor's `AccessToken`, and what Gatepass adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateToken {
    /// The name.
    pub name: String,
    /// The API.
    pub api_type: Api,
    /// The roles; for `config`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
    /// The entry that it acts as; for `rest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_dn: Option<String>,
    /// How it expires, which an authority resolves by its own clock; goes before `expiresOn`. Gatepass only, as is
    /// all that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expiration>,
    /// Application scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The networks that it may be used from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub networks: Vec<IpNet>,
    /// From when on it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl CreateToken {
    /// The request for a server of either kind. The expiration is sent resolved, and as it was asked for.
    ///
    /// # Errors
    /// Those of [`Expiration::resolve`].
    pub fn new(asked: &NewToken, now: Timestamp) -> Result<Self> {
        let expires_on = match &asked.expires {
            Some(expires) => expires.resolve(now)?,
            None => None,
        };
        Ok(Self {
            name: asked.name.clone(),
            api_type: asked.api,
            roles: asked.roles.clone(),
            expires_on,
            target_dn: asked.target_dn.clone(),
            expires: asked.expires.clone(),
            scopes: asked.scopes.clone(),
            networks: asked.networks.clone(),
            not_before: asked.not_before,
            description: asked.description.clone(),
            metadata: asked.metadata.clone(),
        })
    }

    /// The same for a plain RadiantOne, which would silently drop what it does not know.
    ///
    /// # Errors
    /// Unsupported, `needs_gatepass`, on the field that it lacks.
    pub fn for_plain_server(self) -> Result<Self> {
        let lacking = [
            ("scopes", !self.scopes.is_empty()),
            ("networks", !self.networks.is_empty()),
            ("notBefore", self.not_before.is_some()),
            ("description", self.description.is_some()),
            ("metadata", !self.metadata.is_empty()),
        ];
        match lacking.iter().find(|(_, asked)| *asked) {
            Some((field, _)) => {
                let text = "this server is a plain RadiantOne, which has no such thing";
                Err(Error::new(ErrorKind::Unsupported, "needs_gatepass", text).with_field(*field))
            }
            None => Ok(Self { expires: None, ..self }),
        }
    }

    /// What is asked for.
    pub fn into_asked(self) -> NewToken {
        let mut asked = NewToken::new(self.name, self.api_type);
        asked.expires = self.expires.or_else(|| self.expires_on.map(Expiration::At));
        asked.not_before = self.not_before;
        asked.roles = self.roles;
        asked.scopes = self.scopes;
        asked.target_dn = self.target_dn;
        asked.networks = self.networks;
        asked.description = self.description;
        asked.metadata = self.metadata;
        asked
    }
}

/// A rotation: `POST …/gatepass/v1/tokens/{name}/rotate`, answered with [`Issued`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RotateToken {
    /// A new expiration; the old one stays where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expiration>,
    /// How long the old secret stays good, in milliseconds.
    #[serde(default)]
    pub grace_millis: u64,
    /// Whether to go on while an earlier rotation is in its grace.
    #[serde(default)]
    pub force: bool,
    /// Whether the old secret stays good until [`SettleRotation`] says what became of the new one.
    #[serde(default)]
    pub deliver: bool,
}

impl RotateToken {
    /// The request for a rotation.
    pub fn new(rotation: &Rotation, deliver: bool) -> Self {
        let grace_millis = u64::try_from(rotation.grace.as_millis()).unwrap_or(u64::MAX);
        Self { expires: rotation.expires.clone(), grace_millis, force: rotation.force, deliver }
    }

    /// What is asked for.
    pub fn rotation(&self) -> Rotation {
        let grace = Duration::from_millis(self.grace_millis);
        Rotation { expires: self.expires.clone(), grace, force: self.force }
    }
}

/// What became of a secret that was to be delivered: `POST …/gatepass/v1/tokens/{name}/settle`, answered with
/// [`Changed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SettleRotation {
    /// The digest of that secret.
    pub digest: Digest,
    /// Whether it arrived.
    pub delivered: bool,
}

/// A secret and its token: the answer to a rotation.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Issued {
    /// The secret.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub secret: zeroize::Zeroizing<String>,
    /// The token.
    pub token: AccessToken,
    /// The number of this change.
    pub revision: i64,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("secret", &"…").field("token", &self.token).finish_non_exhaustive()
    }
}

/// A token that was changed: the answer to `POST …/gatepass/v1/tokens/{name}/revoke` and to settling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// The token.
    pub token: AccessToken,
    /// The number of this change.
    pub revision: i64,
}

/// Several tokens to be revoked, all or none: `POST …/gatepass/v1/tokens/revoke`, answered with a list of
/// [`Changed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RevokeTokens {
    /// Their names.
    pub names: Vec<String>,
}

/// Tokens to be purged: `POST …/gatepass/v1/tokens/purge`, answered with [`Purged`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PurgeTokens {
    /// Expired or revoked since before this instant.
    pub before: Timestamp,
}

/// How many were purged. Asked again until it is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Purged {
    /// How many.
    pub purged: u64,
}

/// A page of tokens: `GET …/gatepass/v1/tokens?api=&status=&expiresWithinMillis=&nameContains=&cursor=&limit=`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenList {
    /// The tokens, by name.
    pub tokens: Vec<AccessToken>,
    /// What to ask with for the next page; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user: the vendor's `UserDetails`, and what Gatepass adds.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserDetails {
    /// The name to sign in with.
    pub username: String,
    /// In an answer empty where a password is set and null where none is; in a request the new one, and null or empty
    /// for none.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub password: Option<zeroize::Zeroizing<String>>,
    /// The first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the user may sign in.
    pub active: bool,
    /// The roles. The vendor reads them in no request but `…/users/{username}/roles`; a Gatepass authority does when a
    /// user is made.
    #[serde(default, deserialize_with = "null_is_default")]
    pub roles: Vec<String>,
    /// When the user was added. Gatepass only, as is what follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_on: Option<Timestamp>,
    /// When the password was last set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_on: Option<Timestamp>,
}

#[cfg(feature = "store")]
impl From<crate::User> for UserDetails {
    fn from(user: crate::User) -> Self {
        Self {
            username: user.username,
            password: user.password_on.map(|_| zeroize::Zeroizing::new(String::new())),
            first_name: user.first_name,
            last_name: user.last_name,
            email: user.email,
            active: user.active,
            roles: user.roles,
            created_on: Some(user.created_on),
            password_on: user.password_on,
        }
    }
}

/// A page of users: `GET …/users?searchFilter=&pageSize=&cursor=`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    /// The users, by name.
    pub users: Vec<UserDetails>,
    /// What to ask with for the next page; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Where the next page is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A role in the vendor's list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RoleItem {
    /// The name.
    pub name: String,
    /// Whether it is one of the five that come with the product.
    #[serde(default, deserialize_with = "null_is_default")]
    pub default_role: bool,
}

/// A secret that was found where it should not be: `POST …/gatepass/v1/leaks`, answered with 202 and nothing else.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Leak {
    /// The secret.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub token: zeroize::Zeroizing<String>,
}

/// A part of the audit trail: `GET
/// …/gatepass/v1/audit?after=&before=&order=&action=&actor=&subject=&outcome=&since=&until=&limit=`.
#[cfg(feature = "service")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditList {
    /// The entries that fit, in the order that was asked for.
    pub entries: Vec<crate::AuditEntry>,
    /// The number of the last entry of all.
    pub last: i64,
}

/// A login's answer.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Login {
    /// The session's token, a JWT of the authority's own.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub token: zeroize::Zeroizing<String>,
}

/// The second version's answer. An expired password is no error there.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LoginV2 {
    /// Whether the user is signed in.
    pub authenticated: bool,
    /// The session's token.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub token: Option<zeroize::Zeroizing<String>>,
    /// Whether a new password may be set now.
    #[serde(default)]
    pub password_reset: Option<PasswordReset>,
}

/// Whether a user may set a new password without being signed in.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PasswordReset {
    /// Whether it is possible.
    pub allowed: bool,
    /// What proves it.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub reset_token: Option<zeroize::Zeroizing<String>>,
}

/// What the authentication endpoints say where others answer with [`ClientError`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoginRefused {
    /// Why.
    pub reason: String,
}

/// The answer to `adap-token/validate`: whom a REST token acts as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Validated {
    /// The entry. It is said even where there is none: what does not say it is no such answer.
    #[serde(deserialize_with = "Option::deserialize")]
    pub target_dn: Option<String>,
}

/// Who asks, as the server sees it: `GET …/gatepass/v1/self`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Myself {
    /// `user` or `token`.
    pub kind: String,
    /// The user's name, or the token's.
    pub name: String,
    /// The roles that are held.
    pub roles: Vec<String>,
    /// The scopes that follow.
    pub scopes: Vec<String>,
    /// When the token, or the session, ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
    /// The token, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<AccessToken>,
}

/// The answer of introspection: RFC 7662 section 2.2. Of an inactive token nothing but that is said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Introspection {
    /// Whether the token opens its API now.
    pub active: bool,
    /// Its scopes, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `Bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// When it expires, in seconds after 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// From when on it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Whom it acts as: its target DN, else its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The API that it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The entry that it acts as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_dn: Option<String>,
}

/// The parameters of [`TokenList`] for a filter.
#[cfg(feature = "service")]
pub fn token_query(filter: &crate::TokenFilter) -> Vec<(&'static str, String)> {
    let within = filter.expires_within.map(|span| span.as_millis().to_string());
    present([
        ("api", filter.api.map(|api| api.as_str().to_owned())),
        ("status", filter.status.map(|status| status.as_str().to_owned())),
        ("expiresWithinMillis", within),
        ("nameContains", filter.name_contains.clone()),
    ])
}

/// The parameters of [`AuditList`] for a filter.
#[cfg(feature = "service")]
pub fn audit_query(filter: &crate::AuditFilter) -> Vec<(&'static str, String)> {
    present([
        ("after", (filter.after != 0).then(|| filter.after.to_string())),
        ("before", filter.before.map(|number| number.to_string())),
        ("order", filter.newest_first.then(|| "newest".to_owned())),
        ("action", filter.action.clone()),
        ("actor", filter.actor.clone()),
        ("subject", filter.subject.clone()),
        ("outcome", filter.outcome.map(|outcome| outcome.as_str().to_owned())),
        ("since", filter.since.map(|instant| instant.to_string())),
        ("until", filter.until.map(|instant| instant.to_string())),
        ("limit", filter.limit.map(|limit| limit.to_string())),
    ])
}

/// Java writes null where nothing is set.
pub(crate) fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(feature = "service")]
fn present<const N: usize>(all: [(&'static str, Option<String>); N]) -> Vec<(&'static str, String)> {
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The vendor's error, and what Gatepass adds so that a client knows as much as one that has the store itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientError {
    /// The HTTP status.
    pub status: u16,
    /// The vendor's code: see [`vendor_code`].
    pub code: String,
    /// For people.
    pub message: String,
    /// Gatepass's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gatepass: Option<Fault>,
}

/// Gatepass's error, as far as a program acts on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fault {
    /// The kind.
    pub kind: ErrorKind,
    /// The stable code.
    pub code: String,
    /// The field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl ClientError {
    /// An error as it is answered.
    pub fn new(error: &Error) -> Self {
        let status = status(error.kind());
        let fault = Fault {
            kind: error.kind(),
            code: error.code().to_owned(),
            field: error.field().map(str::to_owned),
        };
        let code = match error.code() {
            "insufficient_scope" => "insufficient_scope",
            "name_empty" | "name_too_long" | "name_control_character" | "name_reserved" => {
                "item_name_invalid"
            }
            _ => vendor_code(status),
        };
        Self { status, code: code.to_owned(), message: error.to_string(), gatepass: Some(fault) }
    }
}

/// The HTTP status of an error.
pub const fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::InvalidInput => 400,
        ErrorKind::Unauthorized => 401,
        ErrorKind::Forbidden => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::Conflict => 409,
        ErrorKind::RateLimited => 429,
        ErrorKind::Unsupported => 501,
        ErrorKind::Unavailable | ErrorKind::Closed => 503,
        ErrorKind::Timeout => 504,
        ErrorKind::Protocol | ErrorKind::Storage | ErrorKind::Internal => 500,
    }
}

/// The kind of an error of which a server says no more than its HTTP status.
pub const fn kind(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        408 | 504 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        405 | 501 => ErrorKind::Unsupported,
        400..=499 => ErrorKind::InvalidInput,
        502 | 503 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

/// The vendor's code that goes with an HTTP status.
pub const fn vendor_code(status: u16) -> &'static str {
    match status {
        400 | 408 => "bad_request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        409 => "conflict",
        412 => "precondition_failed",
        413 => "request_body_too_large",
        414 => "request_uri_too_long",
        415 => "unsupported_media_type",
        429 => "too_many_requests",
        431 => "request_headers_too_large",
        503 | 504 => "unavailable",
        _ => "internal_server_error",
    }
}
