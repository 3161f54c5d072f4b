//! The core without a store, for `gatepass/testing` and for the vectors: the same readings of requests as everywhere.

use std::sync::Arc;
use std::time::Duration;

use gatepass::{
    Answer, Brand, Caller, Error, IdempotencyKey, Issued, Issuer, Reason, Result, Role, RoleBook, Scope,
    TokenPolicy, TokenRecord, VerifierOptions,
};
use napi_derive::napi;
use rand::rngs::SysRng;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::asked::{Create, Expires, Policy, Rotate, instant_of};
use crate::clock::{self, Clock};
use crate::credential::or_throw;
use crate::error::{read, write};
use crate::secret::Held;
use crate::verifier::{Following, Verifier};

/// The reasons of denials, in the order of their numbers, and the errors that they become.
#[napi]
pub fn reasons() -> napi::Result<String> {
    let each = Reason::ALL.iter().map(|reason| {
        let kind = reason.kind();
        json!({ "code": reason.code(), "kind": kind.as_str(), "retryable": kind.retryable() })
    });
    or_throw(write(&each.collect::<Vec<_>>()))
}

/// What to answer to the outside for a denial.
#[napi]
pub fn answer(reason: String, realm: String, scope: Option<String>) -> napi::Result<String> {
    let reason = Reason::ALL.iter().find(|known| known.code() == reason);
    let reason =
        reason.ok_or_else(|| Error::invalid("reason", "unknown_reason", "no reason of this code exists"));
    let answer = Answer::new(*or_throw(reason)?, &realm, scope.as_deref());
    or_throw(write(&json!({
        "status": answer.status,
        "wwwAuthenticate": answer.www_authenticate,
        "retryAfter": answer.retry_after,
        "error": answer.error,
    })))
}

/// A key that makes a request safe to send twice.
#[napi]
pub fn idempotency_key() -> napi::Result<String> {
    or_throw(IdempotencyKey::generate()).map(|key| key.reveal().to_owned())
}

/// The rule by which a secret scanner finds the secrets of a brand.
#[napi]
pub fn scanner_rule(brand: Option<String>) -> napi::Result<String> {
    or_throw(brand.map_or(Ok(Brand::default()), Brand::new)).map(|brand| brand.scanner_rule())
}

/// A verifier of tokens that are there: their records and the roles, and how long the proof of them is believed. The
/// proof is made at the time of the clock.
#[napi]
pub fn fixed_verifier(
    records: String,
    roles: String,
    max_staleness_ms: Option<f64>,
    proved: bool,
    clock: Option<&Clock>,
) -> napi::Result<Verifier> {
    let mut options = VerifierOptions::default().clock(clock::or_system(clock));
    options.max_staleness =
        max_staleness_ms.map(|millis| Duration::from_secs_f64((millis / 1000.0).max(0.0)));
    let (verifier, mut writer) = gatepass::Verifier::with_writer(options);
    let reading = writer.reading();
    let records: Vec<TokenRecord> = or_throw(read("records", &records))?;
    writer.set_roles(or_throw(book(&roles))?);
    writer.load(&records);
    if proved {
        writer.prove(reading);
    }
    Ok(Verifier::new(Arc::new(Following::of(verifier))))
}

fn book(roles: &str) -> Result<RoleBook> {
    RoleBook::with(read::<Vec<Role>>("roles", roles)?)
}

fn policy(policy: Option<String>) -> Result<TokenPolicy> {
    policy.map_or(Ok(TokenPolicy::default()), |policy| read::<Policy>("policy", &policy).map(Into::into))
}

/// The instant at which a token would expire.
#[napi]
pub fn expiry(expires: Option<String>, under: Option<String>, now: String) -> napi::Result<Option<String>> {
    let resolved = || {
        let asked = expires.map(|asked| read::<Expires>("expires", &asked)?.expiration()).transpose()?;
        policy(under)?.expiry(asked.as_ref(), instant_of("now", &now)?)
    };
    or_throw(resolved()).map(|instant| instant.map(|instant| instant.to_string()))
}

/// Refuses what is no way to say when a token expires, without asking when that would be.
#[napi]
pub fn check_expires(expires: String) -> napi::Result<()> {
    or_throw(read::<Expires>("expires", &expires).and_then(Expires::expiration)).map(drop)
}

/// What holders of these roles are permitted.
#[napi]
pub fn permitted_scopes(roles: Vec<String>, custom: String) -> napi::Result<Vec<String>> {
    let permissions = or_throw(book(&custom))?.permissions(roles.iter().map(String::as_str));
    Ok(Scope::all().filter(|scope| permissions.allows(*scope)).map(|scope| scope.to_string()).collect())
}

/// A role as it is written back, and what it permits.
#[napi]
pub fn rewritten_role(role: String) -> napi::Result<String> {
    let role: Role = or_throw(read("role", &role))?;
    let allows: Vec<String> = role.permissions.scopes().iter().map(|scope| scope.to_string()).collect();
    or_throw(write(&json!({ "written": role, "allows": allows })))
}

/// What the vectors of issuing ask for.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Deed {
    Create { brand: Option<String>, asked: Create },
    Rotate { record: TokenRecord, asked: Rotate },
    SetRole { before: Option<Role>, after: Role },
    SetUserRoles { before: Vec<String>, after: Vec<String> },
    SetPassword { roles: Vec<String> },
}

/// On whose behalf.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Owner,
    User { name: String, roles: Vec<String> },
    Token(Box<gatepass::AccessToken>),
}

/// What came of it.
#[napi]
pub struct Outcome {
    secret: Option<gatepass::Secret>,
    record: String,
}

#[napi]
impl Outcome {
    /// The new secret, where one was made.
    #[napi]
    pub fn secret(&self) -> Option<Held> {
        self.secret.clone().map(Held)
    }

    /// The new record, as JSON; `null` where none was made.
    #[napi]
    pub fn record(&self) -> String {
        self.record.clone()
    }
}

/// Does what the vectors of issuing ask for, without a store.
#[napi]
pub fn issue(
    deed: String,
    by: String,
    custom: String,
    under: Option<String>,
    now: String,
) -> napi::Result<Outcome> {
    or_throw(issued(&deed, &by, &custom, under, &now))
}

fn issued(deed: &str, by: &str, custom: &str, under: Option<String>, now: &str) -> Result<Outcome> {
    let (book, now, policy) = (book(custom)?, instant_of("now", now)?, policy(under)?);
    let caller = match read("by", by)? {
        By::Owner => Caller::owner("setup"),
        By::User { name, roles } => Caller::user(&name, roles.iter().map(String::as_str), &book),
        By::Token(token) => Caller::token(&token, &book),
    };
    let Issued { secret, record } = match read("deed", deed)? {
        Deed::Create { brand, asked } => {
            let brand = brand.map_or(Ok(Brand::default()), Brand::new)?;
            Issuer::new(brand, policy).issue(&asked.asked()?, &caller, &book, now, &mut SysRng)?
        }
        Deed::Rotate { record, asked } => Issuer::new(Brand::default(), policy).rotate(
            &record,
            &asked.rotation()?,
            &caller,
            &book,
            now,
            &mut SysRng,
        )?,
        Deed::SetRole { before, after } => return permitted(caller.may_set_role(before.as_ref(), &after)),
        Deed::SetUserRoles { before, after } => {
            let (before, after) = (before.iter().map(String::as_str), after.iter().map(String::as_str));
            return permitted(caller.may_set_roles(before, after, &book));
        }
        Deed::SetPassword { roles } => {
            return permitted(caller.may_set_password(roles.iter().map(String::as_str), &book));
        }
    };
    Ok(Outcome { secret: Some(secret), record: write(&record)? })
}

fn permitted(asked: Result<()>) -> Result<Outcome> {
    asked.and_then(|()| Ok(Outcome { secret: None, record: write(&Value::Null)? }))
}
