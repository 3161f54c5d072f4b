//! What is asked for, as `ts/` writes it in JSON, and the core's own types that come of it.

#![expect(clippy::option_option, reason = "`null` is told from what was not said")]

use std::collections::BTreeMap;
use std::time::Duration;

use gatepass::{
    AuditFilter, Error, Expiration, NewToken, Outcome, Result, Rotation, Timestamp, TokenFilter, TokenPolicy,
    UserChange, at, days, on, parse_network,
};
use serde::{Deserialize, Deserializer};

/// When a token expires: `{"days": 90}`, `{"on": "2027-03-01", "zone": "Europe/Paris"}`, `{"at": "2027-…Z"}`, `"never"`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Expires {
    #[serde(rename = "never")]
    Never,
    #[serde(untagged)]
    Days { days: f64 },
    #[serde(untagged)]
    On { on: String, zone: Option<String> },
    #[serde(untagged)]
    At { at: String },
}

impl Expires {
    pub(crate) fn expiration(self) -> Result<Expiration> {
        let fault = |text: &'static str| Error::invalid("expires", "expiration_malformed", text);
        Ok(match self {
            Self::Never => Expiration::Never,
            Self::Days { days: count } => {
                days(whole(count).ok_or_else(|| fault("days are a whole number from 1 on"))?)
            }
            Self::On { on: date, zone } => {
                let date = date.parse().map_err(|_| fault("a date is written 2027-03-01"))?;
                zone.map_or(on(date), |zone| on(date).in_zone(zone))
            }
            Self::At { at: instant } => at(instant_of("expires", &instant)?),
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is in the range of a u32, and whole"
)]
fn whole(number: f64) -> Option<u32> {
    ((0.0..=f64::from(u32::MAX)).contains(&number) && number.fract() == 0.0).then_some(number as u32)
}

pub(crate) fn instant_of(field: &'static str, text: &str) -> Result<Timestamp> {
    text.parse().map_err(|error: Error| error.with_field(field))
}

/// Milliseconds, as JavaScript counts time.
pub(crate) fn span(field: &'static str, millis: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(millis / 1000.0)
        .map(|span| Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
        .map_err(|_| {
            Error::invalid(field, "span_malformed", "a span of time is a number of milliseconds from 0 on")
        })
}

/// A token to be made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Create {
    name: String,
    api: String,
    expires: Option<Expires>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    target_dn: Option<String>,
    #[serde(default)]
    networks: Vec<String>,
    not_before: Option<String>,
    description: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Create {
    pub(crate) fn asked(self) -> Result<NewToken> {
        let mut asked = NewToken::new(self.name, self.api.parse()?);
        if let Some(expires) = self.expires {
            asked = asked.expires(expires.expiration()?);
        }
        if let Some(instant) = &self.not_before {
            asked = asked.not_before(instant_of("notBefore", instant)?);
        }
        if let Some(dn) = self.target_dn {
            asked = asked.target_dn(dn);
        }
        if let Some(text) = self.description {
            asked = asked.description(text);
        }
        asked = self.roles.into_iter().fold(asked, NewToken::role);
        asked = self.scopes.into_iter().fold(asked, NewToken::scope);
        for network in &self.networks {
            asked = asked.network(parse_network(network)?);
        }
        Ok(self.metadata.into_iter().fold(asked, |asked, (key, value)| asked.metadata(key, value)))
    }
}

/// How a secret is to be changed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rotate {
    grace: Option<f64>,
    expires: Option<Expires>,
    #[serde(default)]
    force: bool,
}

impl Rotate {
    pub(crate) fn rotation(self) -> Result<Rotation> {
        let mut rotation = Rotation::with_grace(span("grace", self.grace.unwrap_or(0.0))?);
        if let Some(expires) = self.expires {
            rotation = rotation.expires(expires.expiration()?);
        }
        Ok(if self.force { rotation.force() } else { rotation })
    }
}

/// Which tokens are wanted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tokens {
    api: Option<String>,
    status: Option<String>,
    expires_within: Option<f64>,
    name_contains: Option<String>,
}

impl Tokens {
    pub(crate) fn filter(self) -> Result<TokenFilter> {
        let mut filter = TokenFilter::default();
        filter.api = self.api.map(|api| api.parse()).transpose()?;
        filter.status = self.status.map(|status| status.parse()).transpose()?;
        filter.expires_within =
            self.expires_within.map(|millis| span("expiresWithin", millis)).transpose()?;
        filter.name_contains = self.name_contains;
        Ok(filter)
    }
}

/// Which entries of the audit trail are wanted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Audit {
    #[serde(default)]
    after: i64,
    action: Option<String>,
    actor: Option<String>,
    subject: Option<String>,
    outcome: Option<Outcome>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<u32>,
}

impl Audit {
    pub(crate) fn filter(self) -> Result<AuditFilter> {
        let mut filter = AuditFilter::default();
        filter.after = self.after;
        filter.action = self.action;
        filter.actor = self.actor;
        filter.subject = self.subject;
        filter.outcome = self.outcome;
        filter.since = self.since.map(|text| instant_of("since", &text)).transpose()?;
        filter.until = self.until.map(|text| instant_of("until", &text)).transpose()?;
        filter.limit = self.limit;
        Ok(filter)
    }
}

/// What is said of a user, in a change or when one is added: `null` takes a text away.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Profile {
    #[serde(default, deserialize_with = "given")]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    last_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    email: Option<Option<String>>,
    active: Option<bool>,
    roles: Option<Vec<String>>,
}

/// `null` is something that was given, too.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<Profile> for UserChange {
    fn from(profile: Profile) -> Self {
        let mut change = Self::default();
        change.first_name = profile.first_name;
        change.last_name = profile.last_name;
        change.email = profile.email;
        change.active = profile.active;
        change.roles = profile.roles;
        change
    }
}

/// How long tokens may live; `null` days are no limit.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Policy {
    #[serde(default = "usual_days")]
    max_days: Option<u32>,
    #[serde(default)]
    allow_never: bool,
}

fn usual_days() -> Option<u32> {
    TokenPolicy::default().max_days
}

impl From<Policy> for TokenPolicy {
    fn from(policy: Policy) -> Self {
        let mut made = Self::default();
        made.max_days = policy.max_days;
        made.allow_never = policy.allow_never;
        made
    }
}
