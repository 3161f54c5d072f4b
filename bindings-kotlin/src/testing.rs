//! The core without a store, for `dev.gatepass.testing` and for the vectors: the same readings of requests as everywhere.

use std::collections::HashMap;
use std::sync::Arc;

use gatepass::testing::ManualClock;
use gatepass::{
    AccessToken, Brand, Caller, Clock, Error, Issued, Issuer, Result, Role, RoleBook, Scope, Timestamp,
    TokenPolicy, TokenRecord, TokenValidators, Verifier, VerifierOptions,
};
use rand::rngs::SysRng;
use serde::de::DeserializeOwned;

use crate::ask::{instant_of, span_of};
use crate::external::{ValidatorData, validators_of};
use crate::{ExpirationData, Failure, NewTokenData, PolicyData, RotationData, SecretHandle, VerifierHandle};

/// A clock that stands still until it is told otherwise.
#[derive(Debug, uniffi::Object)]
pub struct ClockHandle(Arc<ManualClock>);

impl ClockHandle {
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0) as Arc<dyn Clock>
    }
}

#[uniffi::export]
impl ClockHandle {
    #[uniffi::constructor]
    pub fn new(now: i64) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(Arc::new(ManualClock::new(instant_of("now", now)?)))))
    }

    pub fn now(&self) -> i64 {
        self.0.now().as_millis()
    }

    pub fn set(&self, now: i64) -> Result<(), Failure> {
        self.0.set(instant_of("now", now)?);
        Ok(())
    }

    pub fn advance(&self, span: i64) -> Result<(), Failure> {
        self.0.advance(span_of("span", span)?);
        Ok(())
    }

    pub fn advance_boot_time(&self, span: i64) -> Result<(), Failure> {
        self.0.advance_boot_time(span_of("span", span)?);
        Ok(())
    }
}

fn read<T: DeserializeOwned>(what: &'static str, json: &str) -> Result<T> {
    serde_json::from_str(json)
        .map_err(|_| Error::invalid(what, "malformed", "not as Gatepass writes it, or no JSON"))
}

fn book(custom: &str) -> Result<RoleBook> {
    RoleBook::with(read::<Vec<Role>>("custom", custom)?)
}

fn policy(policy: Option<PolicyData>) -> Result<TokenPolicy> {
    policy.map_or_else(|| Ok(TokenPolicy::default()), PolicyData::policy)
}

/// A verifier of tokens that are there: their records and the roles, as JSON, and how long the proof of them is believed.
/// The proof is made at the time of the clock.
#[uniffi::export]
pub fn fixed_verifier(
    records: String,
    custom: String,
    max_staleness: Option<i64>,
    proved: bool,
    clock: Option<Arc<ClockHandle>>,
    others: Option<OthersData>,
) -> Result<Arc<VerifierHandle>, Failure> {
    let mut options = VerifierOptions::default().clock(crate::open::clock_or_system(clock));
    if let Some(OthersData { validators, keys }) = others {
        options = options.validators(TokenValidators::with_keys(validators_of(validators)?, keys)?);
    }
    options.max_staleness = max_staleness.map(|span| span_of("maxStaleness", span)).transpose()?;
    let (verifier, mut writer) = Verifier::with_writer(options);
    let reading = writer.reading();
    writer.set_roles(book(&custom)?);
    writer.load(&read::<Vec<TokenRecord>>("records", &records)?);
    if proved {
        writer.prove(reading);
    }
    Ok(Arc::new(VerifierHandle::new(verifier)))
}

/// Tokens of other issuers that a verifier takes: by these validators, with these JWK Sets by URL.
#[derive(Debug, Clone, uniffi::Record)]
pub struct OthersData {
    pub validators: Vec<ValidatorData>,
    pub keys: HashMap<String, String>,
}

/// When a token would expire that is made at `now`; none for never.
#[uniffi::export]
pub fn expiry(
    expires: Option<ExpirationData>,
    under: Option<PolicyData>,
    now: i64,
) -> Result<Option<i64>, Failure> {
    let expires = expires.map(ExpirationData::expiration).transpose()?;
    Ok(policy(under)?.expiry(expires.as_ref(), instant_of("now", now)?)?.map(Timestamp::as_millis))
}

/// What holders of these roles are permitted.
#[uniffi::export]
pub fn permitted_scopes(roles: Vec<String>, custom: String) -> Result<Vec<String>, Failure> {
    let permissions = book(&custom)?.permissions(roles.iter().map(String::as_str));
    Ok(Scope::all().filter(|scope| permissions.allows(*scope)).map(|scope| scope.to_string()).collect())
}

/// On whose behalf, in the vectors of issuing.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum CallerData {
    Owner,
    User {
        name: String,
        roles: Vec<String>,
    },
    /// A token, as JSON.
    Token {
        json: String,
    },
}

impl CallerData {
    fn caller(self, book: &RoleBook) -> Result<Caller> {
        Ok(match self {
            Self::Owner => Caller::owner("setup"),
            Self::User { name, roles } => Caller::user(&name, roles.iter().map(String::as_str), book),
            Self::Token { json } => Caller::token(&read::<AccessToken>("caller", &json)?, book),
        })
    }
}

/// Where the vectors of issuing happen.
#[derive(Debug, Clone, uniffi::Record)]
pub struct SceneData {
    pub caller: CallerData,
    pub custom: String,
    pub policy: Option<PolicyData>,
    pub now: i64,
}

/// A token that was made or rotated without a store.
#[derive(Debug, uniffi::Object)]
pub struct MadeHandle {
    secret: Arc<SecretHandle>,
    record: String,
}

impl MadeHandle {
    fn new(Issued { secret, record }: Issued) -> Result<Arc<Self>> {
        let defect = |_| Error::new(gatepass::ErrorKind::Internal, "record", "a record cannot be written");
        let record = serde_json::to_string(&record).map_err(defect)?;
        Ok(Arc::new(Self { secret: Arc::new(SecretHandle(secret)), record }))
    }
}

#[uniffi::export]
impl MadeHandle {
    pub fn secret(&self) -> Arc<SecretHandle> {
        Arc::clone(&self.secret)
    }

    pub fn record(&self) -> String {
        self.record.clone()
    }
}

#[uniffi::export]
pub fn make_token(
    asked: NewTokenData,
    brand: Option<String>,
    scene: SceneData,
) -> Result<Arc<MadeHandle>, Failure> {
    let (book, now) = (book(&scene.custom)?, instant_of("now", scene.now)?);
    let brand = brand.map_or_else(|| Ok(Brand::default()), Brand::new)?;
    let (issuer, caller) = (Issuer::new(brand, policy(scene.policy)?), scene.caller.caller(&book)?);
    Ok(MadeHandle::new(issuer.issue(&asked.asked()?, &caller, &book, now, &mut SysRng)?)?)
}

#[uniffi::export]
pub fn rotate_record(
    record: String,
    rotation: RotationData,
    scene: SceneData,
) -> Result<Arc<MadeHandle>, Failure> {
    let (book, now) = (book(&scene.custom)?, instant_of("now", scene.now)?);
    let (issuer, caller) =
        (Issuer::new(Brand::default(), policy(scene.policy)?), scene.caller.caller(&book)?);
    let record: TokenRecord = read("record", &record)?;
    Ok(MadeHandle::new(issuer.rotate(&record, &rotation.rotation()?, &caller, &book, now, &mut SysRng)?)?)
}

#[uniffi::export]
pub fn may_set_role(before: Option<String>, after: String, scene: SceneData) -> Result<(), Failure> {
    let before: Option<Role> = before.map(|json| read("before", &json)).transpose()?;
    let book = book(&scene.custom)?;
    Ok(scene.caller.caller(&book)?.may_set_role(before.as_ref(), &read("after", &after)?)?)
}

#[uniffi::export]
pub fn may_set_roles(before: Vec<String>, after: Vec<String>, scene: SceneData) -> Result<(), Failure> {
    let (before, after) = (before.iter().map(String::as_str), after.iter().map(String::as_str));
    let book = book(&scene.custom)?;
    Ok(scene.caller.caller(&book)?.may_set_roles(before, after, &book)?)
}

#[uniffi::export]
pub fn may_set_password(roles: Vec<String>, scene: SceneData) -> Result<(), Failure> {
    let book = book(&scene.custom)?;
    Ok(scene.caller.caller(&book)?.may_set_password(roles.iter().map(String::as_str), &book)?)
}
