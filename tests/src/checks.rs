//! `checks.json`: whole checks, from a header to a verdict.

mod order;
mod permissions;
mod tokens;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::expected::{Fault, invalid};
use crate::forge::{Dice, Parts};
use crate::headers::Authorization;
use crate::text::Text;

/// What a runner does.
pub const ABOUT: &str = "Each case is a verifier at the time `now`, with the default roles and those in \
    `custom`, that knows the tokens in `records`, and a guard of it that wants `guard.api` and all of \
    `guard.scopes`. Where `error` is not null, that guard cannot be made. Else each of `checks` gives the \
    header's value or values and the peer's address (null: not known) to the guard, at its own `now` where it \
    has one. `granted` is the access: `allows` are scopes that it answers yes to, `refuses` are such that it \
    answers no to. `denied` tells the reason, the status of the answer, and the id that is told to logs. \
    `freshness`, where not null: the verifier believes its records for `max_staleness_ms` after a proof; the \
    last proof is as old as `proof` says on the time of day and on the clock since boot; null: there was none.";

/// A verifier and a guard, and what the guard is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// The time.
    pub now: String,
    /// How old the records may be, and how old they are.
    pub freshness: Option<Freshness>,
    /// Roles besides the default ones, as `RoleDetails`.
    pub custom: Vec<Value>,
    /// The tokens, as the records of a store.
    pub records: Vec<Value>,
    /// What is wanted.
    pub guard: Wanted,
    /// Why there can be no such guard.
    pub error: Option<Fault>,
    /// What the guard is asked.
    pub checks: Vec<Check>,
}

/// How old the records may be, and how old they are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// For how long a proof holds.
    pub max_staleness_ms: u64,
    /// The last proof.
    pub proof: Option<Proof>,
}

/// How old a proof is, by two clocks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// By the time of day; negative where that was set back.
    pub wall_age_ms: i64,
    /// By the clock that counts from the machine's start.
    pub boot_age_ms: u64,
}

/// A requirement.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// `config`, `scim` or `rest`.
    pub api: String,
    /// All of these.
    pub scopes: Vec<Text>,
}

/// One question to the guard.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What it proves.
    pub name: String,
    /// The time, where it is not the case's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// The header's value or values.
    pub authorization: Option<Authorization>,
    /// The peer's address.
    pub peer: Option<String>,
    /// The answer.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The guard's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Access.
    Granted(Granted),
    /// None.
    Denied(Denied),
}

/// What an access tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// The public part of the secret.
    pub id: String,
    /// The token's name.
    pub name: String,
    /// `config`, `scim` or `rest`.
    pub api: String,
    /// The names of its roles.
    pub roles: Vec<String>,
    /// All that it permits, in order.
    pub scopes: BTreeSet<String>,
    /// Whom it acts as.
    pub target_dn: Option<String>,
    /// When it expires; null for never.
    pub expires_on: Option<String>,
    /// Some scopes that it permits.
    pub allows: Vec<String>,
    /// Some that it does not.
    pub refuses: Vec<String>,
}

/// What a denial tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denied {
    /// The code of the reason.
    pub reason: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The token that was tried, where one of that id is known.
    pub id: Option<String>,
}

const NOW: &str = "2026-03-01T09:00:00.000Z";
const CREATED: &str = "2026-01-01T00:00:00.000Z";
const EXPIRES: &str = "2026-06-01T00:00:00.000Z";
const YESTERDAY: &str = "2026-02-28T09:00:00.000Z";
const TOMORROW: &str = "2026-03-02T09:00:00.000Z";

impl Case {
    fn new(name: impl Into<String>, api: &str, scopes: &[&str]) -> Self {
        let guard =
            Wanted { api: api.to_owned(), scopes: scopes.iter().map(|scope| (*scope).into()).collect() };
        Self {
            name: name.into(),
            now: NOW.to_owned(),
            freshness: None,
            custom: Vec::new(),
            records: Vec::new(),
            guard,
            error: None,
            checks: Vec::new(),
        }
    }

    fn knowing<'a>(self, tokens: impl IntoIterator<Item = &'a Token>) -> Self {
        Self { records: tokens.into_iter().map(|token| token.record.clone()).collect(), ..self }
    }

    fn with_role(mut self, role: Value) -> Self {
        self.custom.push(role);
        self
    }

    fn proved(self, max_staleness_ms: u64, proof: Option<Proof>) -> Self {
        Self { freshness: Some(Freshness { max_staleness_ms, proof }), ..self }
    }

    fn impossible(self, code: &str) -> Self {
        Self { error: Some(invalid("scopes", code)), ..self }
    }

    fn asked(self, checks: impl Into<Vec<Check>>) -> Self {
        Self { checks: checks.into(), ..self }
    }
}

/// A token: its current secret, its record, and what its access tells.
#[derive(Debug, Clone)]
struct Token {
    parts: Parts,
    record: Value,
    access: Granted,
}

impl Token {
    fn draw(dice: &mut Dice, name: &str, api: &str) -> Self {
        Self::of(Parts::draw(dice, "gp", letter(api)), name, api)
    }

    /// Valid until [`EXPIRES`].
    fn of(parts: Parts, name: &str, api: &str) -> Self {
        let access = Granted {
            id: parts.id.clone(),
            name: name.to_owned(),
            api: api.to_owned(),
            roles: Vec::new(),
            scopes: BTreeSet::new(),
            target_dn: None,
            expires_on: Some(EXPIRES.to_owned()),
            allows: Vec::new(),
            refuses: Vec::new(),
        };
        let record = json!({
            "id": parts.id,
            "name": name,
            "apiType": api.to_uppercase(),
            "createdOn": CREATED,
            "expiresOn": EXPIRES,
            "digest": parts.digest(),
        });
        Self { parts, record, access }
    }

    /// Sets these fields of the record, or removes them where null.
    fn with(mut self, fields: Value) -> Self {
        if let (Value::Object(record), Value::Object(fields)) = (&mut self.record, fields) {
            record.extend(fields);
            record.retain(|_, value| !value.is_null());
        }
        self
    }

    fn with_scopes(mut self, scopes: &[&str]) -> Self {
        self.access.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.with(json!({"scopes": scopes}))
    }

    /// Roles, and the scopes that follow from them.
    fn with_roles(mut self, roles: &[&str], scopes: BTreeSet<String>) -> Self {
        self.access.scopes = scopes;
        self.access.roles = roles.iter().map(|role| (*role).to_owned()).collect();
        self.with(json!({"roles": roles}))
    }

    fn expiring(mut self, instant: Option<&str>) -> Self {
        self.access.expires_on = instant.map(str::to_owned);
        self.with(json!({"expiresOn": instant}))
    }

    fn header(&self) -> String {
        bearer(&self.parts.secret())
    }

    /// This header is granted the token's access.
    fn grants(&self, name: impl Into<String>, authorization: impl Into<Authorization>) -> Check {
        let authorization = Some(authorization.into());
        Check {
            name: name.into(),
            now: None,
            authorization,
            peer: None,
            verdict: Verdict::Granted(self.access.clone()),
        }
    }

    /// This header is denied, and the token's id is told.
    fn denies(
        &self,
        name: impl Into<String>,
        authorization: impl Into<Authorization>,
        reason: &str,
    ) -> Check {
        deny(name, authorization, reason, Some(&self.access.id))
    }
}

impl Check {
    fn at(self, now: &str) -> Self {
        Self { now: Some(now.to_owned()), ..self }
    }

    fn from(self, peer: &str) -> Self {
        Self { peer: Some(peer.to_owned()), ..self }
    }

    fn telling(mut self, allows: &[&str], refuses: &[&str]) -> Self {
        if let Verdict::Granted(access) = &mut self.verdict {
            access.allows = allows.iter().map(|scope| (*scope).to_owned()).collect();
            access.refuses = refuses.iter().map(|scope| (*scope).to_owned()).collect();
        }
        self
    }
}

fn deny(
    name: impl Into<String>,
    authorization: impl Into<Authorization>,
    reason: &str,
    id: Option<&str>,
) -> Check {
    let status = match reason {
        "invalid_header" => 400,
        "insufficient_scope" => 403,
        "stale" => 503,
        _ => 401,
    };
    let verdict = Verdict::Denied(Denied { reason: reason.to_owned(), status, id: id.map(str::to_owned) });
    Check { name: name.into(), now: None, authorization: Some(authorization.into()), peer: None, verdict }
}

fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}

fn letter(api: &str) -> &'static str {
    match api {
        "config" => "c",
        "scim" => "s",
        _ => "r",
    }
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let dice = &mut Dice::for_file("checks.json");
    let mut cases = tokens::cases(dice);
    cases.extend(permissions::cases(dice));
    cases.extend(order::cases(dice));
    cases
}
