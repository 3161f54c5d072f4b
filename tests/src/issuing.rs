//! `issuing.json`: which tokens may be made, rotated and given, by whom, and what comes of it.

mod delegation;
mod requests;
mod rotations;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::expected::{Expected, Fault, forbidden, invalid};
use crate::expiration::{Expiration, Policy, days};
use crate::text::Text;

/// What a runner does.
pub const ABOUT: &str = "At the time `now`, `caller` (where absent, the owner of the store, called `setup`) \
    does one thing, under a policy (where absent the default one), with the default roles and those in \
    `custom`. `create`: issues a token under `brand` (where absent gp); `ok` is the new token as JSON, without \
    its id. `rotate`: changes the secret of the token in `record`; `ok` is the token afterwards. For both, the \
    new secret must be of the token's API, its id be that in the token, and its digest that in the new record; \
    after a rotation the record's previous digest is the digest before. `set_role`, `set_user_roles`, \
    `set_password`: may the caller change a role (`before` null: a new one), a user's roles, the password of a \
    user with these roles? `ok` is null. Texts in requests and in `ok`: see README.md.";

/// Somebody does something.
#[derive(Debug, Serialize, Deserialize)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// The time.
    pub now: String,
    /// Who does it; absent for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
    /// The limits on lifetimes; absent for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Roles besides the default ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<Value>,
    /// What is done.
    #[serde(flatten)]
    pub action: Action,
    /// What comes of it.
    pub expected: Expected<Value>,
}

/// Who does something.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// A user of this name with these roles.
    #[expect(missing_docs, reason = "said above")]
    User { name: String, roles: Vec<String> },
    /// A token, as JSON.
    Token(Value),
}

/// What is done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A token is issued.
    Create(Box<Request>),
    /// A token is given a new secret.
    Rotate(Rotation),
    /// A role is made or changed.
    #[expect(missing_docs, reason = "RoleDetails")]
    SetRole { before: Option<Value>, after: Value },
    /// A user's roles are changed.
    #[expect(missing_docs, reason = "the names of roles")]
    SetUserRoles { before: Vec<String>, after: Vec<String> },
    /// The password of a user is set.
    #[expect(missing_docs, reason = "the names of the user's roles")]
    SetPassword { roles: Vec<String> },
}

/// A token that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What the secret begins with; absent for `gp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// The token's name.
    pub name: Text,
    /// `config`, `scim` or `rest`.
    pub api: String,
    /// When it expires.
    pub expires: Option<Expiration>,
    /// From when on it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Its roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Its application scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Text>,
    /// The entry that it acts as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_dn: Option<Text>,
    /// The networks that it may be used from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Text>,
}

/// A rotation that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The token's record, as JSON.
    pub record: Value,
    /// For how long the old secret stays good.
    pub grace_ms: u64,
    /// Whether to go on during an earlier rotation's grace.
    pub force: bool,
    /// When the token is to expire from now on; null where that is to stay.
    pub expires: Option<Expiration>,
}

const NOW: &str = "2026-03-01T09:00:00.000Z";
const IN_90_DAYS: &str = "2026-05-30T09:00:00.000Z";
const DN: &str = "uid=sync,ou=svc,o=acme";

fn case(name: impl Into<String>, action: Action) -> Case {
    let (now, expected) = (NOW.to_owned(), Expected::Ok(Value::Null));
    Case { name: name.into(), now, caller: None, policy: None, custom: Vec::new(), action, expected }
}

fn create(name: impl Into<String>, request: Request) -> Case {
    case(name, Action::Create(Box::new(request)))
}

impl Case {
    fn at(self, now: &str) -> Self {
        Self { now: now.to_owned(), ..self }
    }

    fn under(self, policy: Policy) -> Self {
        Self { policy: Some(policy), ..self }
    }

    fn by(self, caller: Caller) -> Self {
        Self { caller: Some(caller), ..self }
    }

    fn with_role(mut self, role: Value) -> Self {
        self.custom.push(role);
        self
    }

    fn ok(self, value: Value) -> Self {
        Self { expected: Expected::Ok(value), ..self }
    }

    fn fails(self, fault: Fault) -> Self {
        Self { expected: Expected::Error(fault), ..self }
    }

    fn fails_on(self, field: &str, code: &str) -> Self {
        self.fails(invalid(field, code))
    }

    fn exceeds(self, field: &str) -> Self {
        self.fails(forbidden(Some(field), "exceeds_permissions"))
    }
}

/// A token for this API, good for 90 days.
fn request(api: &str) -> Request {
    Request {
        brand: None,
        name: "nightly-sync".into(),
        api: api.to_owned(),
        expires: Some(days(90)),
        not_before: None,
        roles: Vec::new(),
        scopes: Vec::new(),
        target_dn: None,
        networks: Vec::new(),
        description: None,
        metadata: BTreeMap::new(),
    }
}

fn rest() -> Request {
    Request { target_dn: Some(DN.into()), ..request("rest") }
}

fn config(roles: &[&str]) -> Request {
    Request { roles: strings(roles), ..request("config") }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The token that `request` gives, with these fields set besides, or left out where null.
fn token(api: &str, fields: Value) -> Value {
    let mut token = json!({
        "name": "nightly-sync",
        "apiType": api.to_uppercase(),
        "createdOn": NOW,
        "createdBy": "setup",
        "expiresOn": IN_90_DAYS,
    });
    set(&mut token, fields);
    token
}

fn rest_token(fields: Value) -> Value {
    let mut token = token("rest", json!({"targetDn": DN}));
    set(&mut token, fields);
    token
}

/// Sets these fields, or removes them where null.
fn set(object: &mut Value, fields: Value) {
    if let (Value::Object(object), Value::Object(fields)) = (object, fields) {
        object.extend(fields);
        object.retain(|_, value| !value.is_null());
    }
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = requests::cases();
    cases.extend(rotations::cases());
    cases.extend(delegation::cases());
    cases
}

const YESTERDAY: &str = "2026-02-28T09:00:00.000Z";
const TOMORROW: &str = "2026-03-02T09:00:00.000Z";

fn user(roles: &[&str]) -> Caller {
    Caller::User { name: "jane".to_owned(), roles: strings(roles) }
}

fn acting_token(fields: Value) -> Caller {
    let mut token = json!({"name": "robot", "apiType": "CONFIG", "createdOn": YESTERDAY});
    set(&mut token, fields);
    Caller::Token(token)
}
