//! What is shown, as it is copied to the other side.

use std::collections::HashMap;

use gatepass::{AccessToken, AuditEntry, Changed, Timestamp, User, VerifierState};

use crate::Failure;

#[derive(Debug, Clone, uniffi::Record)]
pub struct TokenData {
    pub id: Option<String>,
    pub name: String,
    pub api: String,
    pub roles: Vec<String>,
    pub scopes: Vec<String>,
    pub target_dn: Option<String>,
    pub networks: Vec<String>,
    pub description: Option<String>,
    pub metadata: HashMap<String, String>,
    pub created_on: i64,
    pub created_by: Option<String>,
    pub not_before: Option<i64>,
    pub expires_on: Option<i64>,
    pub rotated_on: Option<i64>,
    pub grace_until: Option<i64>,
    pub revoked_on: Option<i64>,
    pub last_used_on: Option<i64>,
    pub last_used_from: Option<String>,
    pub last_used_via: Option<String>,
    /// What it was good for when it was read.
    pub status: String,
    pub in_grace: bool,
}

pub(crate) fn millis(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(Timestamp::as_millis)
}

impl TokenData {
    pub(crate) fn new(token: &AccessToken, now: Timestamp) -> Self {
        let token = token.clone();
        Self {
            status: token.status(now).as_str().to_owned(),
            in_grace: token.in_grace(now),
            id: token.id.map(|id| id.to_string()),
            name: token.name,
            api: token.api.wire().to_owned(),
            roles: token.roles,
            scopes: token.scopes,
            target_dn: token.target_dn,
            networks: token.networks.iter().map(ToString::to_string).collect(),
            description: token.description,
            metadata: token.metadata.into_iter().collect(),
            created_on: token.created_on.as_millis(),
            created_by: token.created_by,
            not_before: millis(token.not_before),
            expires_on: millis(token.expires_on),
            rotated_on: millis(token.rotated_on),
            grace_until: millis(token.grace_until),
            revoked_on: millis(token.revoked_on),
            last_used_on: millis(token.last_used_on),
            last_used_from: token.last_used_from,
            last_used_via: token.last_used_via,
        }
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct ChangedData {
    pub token: TokenData,
    pub revision: i64,
}

impl ChangedData {
    pub(crate) fn new(changed: &Changed, now: Timestamp) -> Self {
        Self { token: TokenData::new(&changed.token, now), revision: changed.revision }
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct PageData {
    pub tokens: Vec<TokenData>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct UserData {
    pub username: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub active: bool,
    pub roles: Vec<String>,
    pub created_on: i64,
    pub password_on: Option<i64>,
}

impl From<User> for UserData {
    fn from(user: User) -> Self {
        Self {
            username: user.username,
            first_name: user.first_name,
            last_name: user.last_name,
            email: user.email,
            active: user.active,
            roles: user.roles,
            created_on: user.created_on.as_millis(),
            password_on: millis(user.password_on),
        }
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct AuditData {
    pub number: i64,
    pub happened: i64,
    pub action: String,
    pub actor: String,
    pub subject: Option<String>,
    pub outcome: String,
    pub code: Option<String>,
    pub peer: Option<String>,
    pub request_id: Option<String>,
    pub details: Option<String>,
}

impl From<AuditEntry> for AuditData {
    fn from(entry: AuditEntry) -> Self {
        Self {
            number: entry.number,
            happened: entry.happened.as_millis(),
            action: entry.action,
            actor: entry.actor,
            subject: entry.subject,
            outcome: entry.outcome.as_str().to_owned(),
            code: entry.code,
            peer: entry.peer.map(|peer| peer.to_string()),
            request_id: entry.request_id,
            details: entry.details,
        }
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct MyselfData {
    pub kind: String,
    pub name: String,
    pub roles: Vec<String>,
    pub scopes: Vec<String>,
    pub expires_on: Option<i64>,
    pub token: Option<TokenData>,
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct ServiceAnswerData {
    pub status: u16,
    /// As JSON.
    pub body: String,
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct StateData {
    pub revision: i64,
    pub age: Option<u64>,
    pub stale: bool,
    pub connected: bool,
    pub tokens: u64,
    pub place: String,
    pub trouble: Option<TroubleData>,
    pub credential_expires_on: Option<i64>,
}

/// An error that nobody is thrown.
#[derive(Debug, Clone, uniffi::Record)]
pub struct TroubleData {
    pub kind: String,
    pub code: String,
    pub text: String,
    pub field: Option<String>,
    pub status: Option<u16>,
    pub request_id: Option<String>,
    pub retryable: bool,
    pub causes: Vec<String>,
}

impl From<gatepass::Error> for TroubleData {
    fn from(error: gatepass::Error) -> Self {
        let Failure::Failed { kind, code, text, field, status, request_id, retryable, causes, .. } =
            error.into();
        Self { kind, code, text, field, status, request_id, retryable, causes }
    }
}

impl From<VerifierState> for StateData {
    fn from(state: VerifierState) -> Self {
        Self {
            revision: state.revision,
            age: state.age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            stale: state.stale,
            connected: state.connected,
            tokens: state.tokens as u64,
            place: state.place,
            trouble: state.trouble.map(Into::into),
            credential_expires_on: millis(state.credential_expires_on),
        }
    }
}
