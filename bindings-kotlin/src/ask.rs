//! What is asked for, as it comes from the other side, and the core's own types that come of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gatepass::{
    AuditFilter, Error, Expiration, FollowOptions, NewToken, NewUser, Outcome, Password, Result, Rotation,
    Startup, Timestamp, TokenFilter, TokenPolicy, UserChange, at, days, on, parse_network,
};

use crate::external::{KeysData, SubjectsHandle, validator_options};

#[derive(Debug, Clone, uniffi::Enum)]
pub enum ExpirationData {
    Days { count: i64 },
    On { date: String, zone: String },
    At { instant: i64 },
    Never,
}

impl ExpirationData {
    pub(crate) fn expiration(self) -> Result<Expiration> {
        let malformed = |text: &'static str| Error::invalid("expires", "expiration_malformed", text);
        Ok(match self {
            Self::Days { count } => {
                let count = u64::try_from(count).map_err(|_| malformed("days are a number from 1 on"))?;
                days(u32::try_from(count).unwrap_or(u32::MAX)) // past year 9999 either way
            }
            Self::On { date, zone } => {
                on(date.parse().map_err(|_| malformed("a date has a year from 0 to 9999"))?).in_zone(zone)
            }
            Self::At { instant } => at(instant_of("expires", instant)?),
            Self::Never => Expiration::Never,
        })
    }
}

pub(crate) fn instant_of(field: &'static str, millis: i64) -> Result<Timestamp> {
    Timestamp::from_millis(millis)
        .ok_or_else(|| Error::invalid(field, "instant_out_of_range", "outside the years 1 to 9999"))
}

/// A span of time in milliseconds; one that runs backwards is none.
pub(crate) fn span_of(field: &'static str, millis: i64) -> Result<Duration> {
    u64::try_from(millis)
        .map(Duration::from_millis)
        .map_err(|_| Error::invalid(field, "span_malformed", "a span of time is not negative"))
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct NewTokenData {
    pub name: String,
    pub api: String,
    pub expires: Option<ExpirationData>,
    pub roles: Vec<String>,
    pub scopes: Vec<String>,
    pub target_dn: Option<String>,
    pub networks: Vec<String>,
    pub not_before: Option<i64>,
    pub description: Option<String>,
    pub metadata: HashMap<String, String>,
}

impl NewTokenData {
    pub(crate) fn asked(self) -> Result<NewToken> {
        let mut asked = NewToken::new(self.name, self.api.parse()?);
        if let Some(expires) = self.expires {
            asked = asked.expires(expires.expiration()?);
        }
        if let Some(instant) = self.not_before {
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

#[derive(Debug, Clone, uniffi::Record)]
pub struct RotationData {
    pub grace: i64,
    pub expires: Option<ExpirationData>,
    pub force: bool,
}

impl RotationData {
    pub(crate) fn rotation(self) -> Result<Rotation> {
        let mut rotation = Rotation::with_grace(span_of("grace", self.grace)?);
        if let Some(expires) = self.expires {
            rotation = rotation.expires(expires.expiration()?);
        }
        Ok(if self.force { rotation.force() } else { rotation })
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct TokenFilterData {
    pub api: Option<String>,
    pub status: Option<String>,
    pub expires_within: Option<i64>,
    pub name_contains: Option<String>,
}

impl TokenFilterData {
    pub(crate) fn filter(self) -> Result<TokenFilter> {
        let mut filter = TokenFilter::default();
        filter.api = self.api.map(|api| api.parse()).transpose()?;
        filter.status = self.status.map(|status| status.parse()).transpose()?;
        filter.expires_within = self.expires_within.map(|span| span_of("expiresWithin", span)).transpose()?;
        filter.name_contains = self.name_contains;
        Ok(filter)
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct AuditFilterData {
    pub after: i64,
    pub action: Option<String>,
    pub actor: Option<String>,
    pub subject: Option<String>,
    pub refused: Option<bool>,
    pub since: Option<i64>,
    pub until: Option<i64>,
    pub limit: Option<i32>,
}

impl AuditFilterData {
    pub(crate) fn filter(self) -> Result<AuditFilter> {
        let mut filter = AuditFilter::default();
        filter.after = self.after;
        filter.action = self.action;
        filter.actor = self.actor;
        filter.subject = self.subject;
        filter.outcome = self.refused.map(|refused| if refused { Outcome::Refused } else { Outcome::Done });
        filter.since = self.since.map(|instant| instant_of("since", instant)).transpose()?;
        filter.until = self.until.map(|instant| instant_of("until", instant)).transpose()?;
        filter.limit = self.limit.map(|limit| u32::try_from(limit).unwrap_or(0));
        Ok(filter)
    }
}

/// What a text is to become: another one, or none.
#[derive(Debug, Clone, uniffi::Record)]
pub struct TextChange {
    pub text: Option<String>,
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct UserChangeData {
    pub first_name: Option<TextChange>,
    pub last_name: Option<TextChange>,
    pub email: Option<TextChange>,
    pub active: Option<bool>,
    pub roles: Option<Vec<String>>,
}

impl From<UserChangeData> for UserChange {
    fn from(data: UserChangeData) -> Self {
        let mut change = Self::default();
        change.first_name = data.first_name.map(|change| change.text);
        change.last_name = data.last_name.map(|change| change.text);
        change.email = data.email.map(|change| change.text);
        change.active = data.active;
        change.roles = data.roles;
        change
    }
}

pub(crate) fn new_user(username: String, profile: UserChangeData, password: Option<Password>) -> NewUser {
    let user = NewUser::new(username).profile(profile.into());
    match password {
        Some(password) => user.password(password),
        None => user,
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct PolicyData {
    pub max_days: Option<i64>,
    pub allow_never: bool,
}

impl PolicyData {
    pub(crate) fn policy(self) -> Result<TokenPolicy> {
        let mut policy = TokenPolicy::default();
        policy.max_days = self
            .max_days
            .map(u32::try_from)
            .transpose()
            .map_err(|_| Error::invalid("policy", "policy_malformed", "days are not negative"))?;
        policy.allow_never = self.allow_never;
        Ok(policy)
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct FollowData {
    pub max_staleness: Option<i64>,
    pub background: bool,
    pub deadline: Option<i64>,
    /// None for the usual one, 0 for never.
    pub usage_interval: Option<i64>,
    /// How its external token validators get their keys.
    pub keys: Option<KeysData>,
}

impl FollowData {
    pub(crate) fn options(self, subjects: Option<Arc<SubjectsHandle>>) -> Result<FollowOptions> {
        let mut options = FollowOptions::default().validators(validator_options(self.keys, subjects)?);
        if let Some(limit) = self.max_staleness {
            options = options.max_staleness(span_of("maxStaleness", limit)?);
        }
        if self.background {
            options = options.startup(Startup::Background);
        }
        if let Some(limit) = self.deadline {
            options = options.deadline(span_of("deadline", limit)?);
        }
        if let Some(interval) = self.usage_interval {
            let interval = span_of("usageInterval", interval)?;
            options = options.usage_interval((!interval.is_zero()).then_some(interval));
        }
        Ok(options)
    }
}
