//! `jwt.json`: tokens of other issuers, good ones and hostile ones.

mod algorithms;
mod base64;
mod claims;
mod forms;
mod keys;
mod mappings;
mod settings;
mod sign;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::checks::{Denied, Wanted};
use crate::expected::Fault;
use crate::text::Text;
use sign::{Key, Signer, ec, ed, rsa};

/// What a runner does.
pub const ABOUT: &str = "Each case is a verifier at the time `now` that knows no token, and takes those that one of the \
    external token `validators` accepts, with the JWK Sets in `keys`, by URL, as what is found there. Where `error` is not \
    null, such a verifier cannot be made. Else a guard of it that wants `guard.api` and all of `guard.scopes` is given each \
    of `checks`: its `token` as a bearer credential in the header, at its own `now` where it has one. `granted` is the \
    access: `name` is the validator's, `claims` all that the token says, `allows` are scopes that it answers yes to, \
    `refuses` such that it answers no to. `denied` tells the reason and the status of the answer. Every check is asked \
    twice, for what is remembered of the first time must change nothing.";

/// Validators, and what a guard is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// The time.
    pub now: String,
    /// External token validators, in Gatepass's own JSON.
    pub validators: Vec<Value>,
    /// What is found at their URLs.
    pub keys: BTreeMap<String, Value>,
    /// Why there can be no such verifier.
    pub error: Option<Fault>,
    /// What is wanted.
    pub guard: Wanted,
    /// What the guard is asked.
    pub checks: Vec<Check>,
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
    /// The token.
    pub token: Text,
    /// The answer.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The guard's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Access.
    Granted(Box<Granted>),
    /// None.
    Denied(Denied),
}

/// What an access tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// The validator's name.
    pub name: String,
    /// `scim` or `rest`.
    pub api: String,
    /// `sub`.
    pub subject: Option<String>,
    /// `iss`.
    pub issuer: Option<String>,
    /// All scopes, in order.
    pub scopes: BTreeSet<String>,
    /// Whom it acts as.
    pub target_dn: Option<String>,
    /// When it expires.
    pub expires_on: String,
    /// All that the token says.
    pub claims: Value,
    /// Some scopes that it permits.
    pub allows: Vec<String>,
    /// Some that it does not.
    pub refuses: Vec<String>,
}

const NOW: &str = "2026-03-01T09:00:00.000Z";
/// The same, in seconds.
const EPOCH: i64 = 1_772_355_600;
const URL: &str = "https://idp.example/jwks";
const ISSUER: &str = "https://idp.example";

/// All keys, and the signatures of before.
struct Workshop {
    rsa: Key,
    other: Key,
    p256: Key,
    p384: Key,
    p521: Key,
    ed: Key,
    signer: Signer,
}

impl Workshop {
    fn new() -> Self {
        Self {
            rsa: rsa(keys::RSA),
            other: rsa(keys::OTHER_RSA),
            p256: ec(keys::P256, "P-256"),
            p384: ec(keys::P384, "P-384"),
            p521: ec(keys::P521, "P-521"),
            ed: ed(),
            signer: Signer::new(),
        }
    }

    /// A token of these claims, by the RSA key that is called `rsa`.
    fn rs256(&self, claims: &Value) -> String {
        self.signed(&self.rsa, "RS256", &header("RS256", "rsa"), claims)
    }

    fn signed(&self, key: &Key, algorithm: &str, header: &Value, claims: &Value) -> String {
        self.signer.token(key, algorithm, &header.to_string(), &claims.to_string())
    }

    /// What is published by the provider that all is about: each key by its name.
    fn published(&self) -> Value {
        let named = |key: &Key, name: &str| with(key.jwk(), &json!({"kid": name, "use": "sig"}));
        json!({"keys": [
            named(&self.rsa, "rsa"),
            named(&self.p256, "p256"),
            named(&self.p384, "p384"),
            named(&self.p521, "p521"),
            named(&self.ed, "ed"),
        ]})
    }
}

/// The first, with the members of the second in it; null takes one away.
fn with(mut value: Value, more: &Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut value, more) {
        for (name, value) in more {
            if value.is_null() {
                object.remove(name);
            } else {
                object.insert(name.clone(), value.clone());
            }
        }
    }
    value
}

fn header(algorithm: &str, kid: &str) -> Value {
    json!({"alg": algorithm, "kid": kid, "typ": "JWT"})
}

/// What a good token says.
fn good() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "ada",
        "aud": "directory",
        "exp": EPOCH + 3600,
        "iat": EPOCH - 60,
        "scope": "orders:read orders:list",
    })
}

/// A validator that accepts it.
fn validator() -> Value {
    json!({
        "name": "idp",
        "api": "REST",
        "jwksUrl": URL,
        "expectedIssuer": ISSUER,
        "expectedAudience": "directory",
        "clockSkewSeconds": 0,
    })
}

impl Case {
    fn new(name: &str, workshop: &Workshop, validators: Vec<Value>) -> Self {
        Self {
            name: name.to_owned(),
            now: NOW.to_owned(),
            validators,
            keys: BTreeMap::from([(URL.to_owned(), workshop.published())]),
            error: None,
            guard: Wanted { api: "rest".to_owned(), scopes: Vec::new() },
            checks: Vec::new(),
        }
    }

    fn publishing(mut self, url: &str, keys: Value) -> Self {
        self.keys.insert(url.to_owned(), keys);
        self
    }

    fn wanting(self, api: &str, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(|scope| (*scope).into()).collect();
        Self { guard: Wanted { api: api.to_owned(), scopes }, ..self }
    }

    fn grants(self, name: &str, token: impl Into<Text>, claims: &Value) -> Self {
        self.grants_as(name, token, claims, &json!({}))
    }

    /// The access that follows from these claims, but for these members.
    fn grants_as(mut self, name: &str, token: impl Into<Text>, claims: &Value, but: &Value) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let scopes: BTreeSet<String> =
            text("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let granted = json!({
            "name": "idp",
            "api": self.guard.api,
            "subject": text("sub"),
            "issuer": text("iss"),
            "allows": scopes,
            "scopes": scopes,
            "target_dn": null,
            "expires_on": instant(claims.get("exp").and_then(Value::as_f64).unwrap_or_default()),
            "claims": claims,
            "refuses": ["orders", "SCOPE_SETTINGS_EDIT", ""],
        });
        let mut granted = granted;
        if let (Value::Object(granted), Value::Object(but)) = (&mut granted, but) {
            granted.extend(but.clone());
        }
        let granted = serde_json::from_value(granted).unwrap_or_else(|error| unreachable!("{name}: {error}"));
        self.checks.push(Check {
            name: name.to_owned(),
            now: None,
            token: token.into(),
            verdict: Verdict::Granted(granted),
        });
        self
    }

    fn denies(mut self, name: &str, token: impl Into<Text>, reason: &str) -> Self {
        let status = match reason {
            "invalid_header" => 400,
            "insufficient_scope" => 403,
            "keys_unavailable" | "stale" => 503,
            _ => 401,
        };
        let denied = Denied { reason: reason.to_owned(), status, id: None };
        self.checks.push(Check {
            name: name.to_owned(),
            now: None,
            token: token.into(),
            verdict: Verdict::Denied(denied),
        });
        self
    }

    /// The last check, at another time.
    fn at(mut self, now: f64) -> Self {
        if let Some(check) = self.checks.last_mut() {
            check.now = Some(instant(now));
        }
        self
    }
}

fn instant(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "far less than 2^53")]
    let millis = (seconds * 1000.0).floor() as i64;
    let instant = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    instant.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let workshop = Workshop::new();
    let mut cases = algorithms::cases(&workshop);
    cases.extend(forms::cases(&workshop));
    cases.extend(claims::cases(&workshop));
    cases.extend(settings::cases(&workshop));
    cases.extend(mappings::cases(&workshop));
    cases
}
