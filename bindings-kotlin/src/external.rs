//! External token validators: what is said of them, how their keys are fetched, and who searches for whom a token acts as.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use gatepass::{
    Error, ErrorKind, ExternalTokenValidator, KeyHealth, KeyOptions, Result, SubjectResolver, SubjectSearch,
    TokenValidators, ValidatorOptions, Verifier,
};

use crate::ask::span_of;
use crate::data::{TroubleData, millis};
use crate::open::clock_or_system;
use crate::runtime::{run, within};
use crate::{CallFailed, ClockHandle, Failure, GatepassHandle, RestHandle, VerifierHandle};

#[derive(Debug, Clone, uniffi::Record)]
pub struct ValidatorData {
    pub name: String,
    pub api: String,
    pub enabled: bool,
    pub provider: Option<String>,
    pub discovery_url: Option<String>,
    pub jwks_url: Option<String>,
    pub expected_issuer: Option<String>,
    pub any_issuer: bool,
    pub expected_audience: Option<String>,
    pub scope_claim: Option<String>,
    pub expected_scopes: Vec<String>,
    pub clock_skew: i64,
    pub algorithms: Vec<String>,
    pub token_type: Option<String>,
    pub max_age: Option<i64>,
    pub claims_mapping: Vec<String>,
}

impl ValidatorData {
    pub(crate) fn validator(self) -> Result<ExternalTokenValidator> {
        let algorithms = self.algorithms.iter().map(|name| name.parse());
        let mut validator = ExternalTokenValidator::new(self.name, self.api.parse()?)
            .enabled(self.enabled)
            .clock_skew(span_of("clockSkew", self.clock_skew)?)
            .algorithms(algorithms.collect::<Result<Vec<_>>>()?);
        validator.provider = self.provider;
        validator.discovery_url = self.discovery_url;
        validator.jwks_url = self.jwks_url;
        validator.expected_issuer = self.expected_issuer;
        validator.any_issuer = self.any_issuer;
        validator.expected_audience = self.expected_audience;
        validator.scope_claim = self.scope_claim;
        validator.expected_scopes = self.expected_scopes;
        validator.token_type = self.token_type;
        validator.max_age = self.max_age.map(|age| span_of("maxAge", age)).transpose()?;
        validator.claims_mapping = self.claims_mapping;
        Ok(validator)
    }
}

impl From<ExternalTokenValidator> for ValidatorData {
    fn from(validator: ExternalTokenValidator) -> Self {
        let span = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self {
            name: validator.name,
            api: validator.api.wire().to_owned(),
            enabled: validator.enabled,
            provider: validator.provider,
            discovery_url: validator.discovery_url,
            jwks_url: validator.jwks_url,
            expected_issuer: validator.expected_issuer,
            any_issuer: validator.any_issuer,
            expected_audience: validator.expected_audience,
            scope_claim: validator.scope_claim,
            expected_scopes: validator.expected_scopes,
            clock_skew: span(validator.clock_skew),
            algorithms: validator.algorithms.iter().map(ToString::to_string).collect(),
            token_type: validator.token_type,
            max_age: validator.max_age.map(span),
            claims_mapping: validator.claims_mapping,
        }
    }
}

pub(crate) fn validators_of(given: Vec<ValidatorData>) -> Result<Vec<ExternalTokenValidator>> {
    given.into_iter().map(ValidatorData::validator).collect()
}

#[uniffi::export]
pub fn validator_from_json(json: String) -> Result<ValidatorData, Failure> {
    // The texts of serde quote what was given.
    let malformed = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Data => {
            Error::invalid("validator", "validator_malformed", "this is no external token validator")
        }
        _ => Error::invalid("validator", "json_malformed", "this is no JSON"),
    };
    let validator: ExternalTokenValidator = serde_json::from_str(&json).map_err(malformed)?;
    Ok(validator.into())
}

#[uniffi::export]
pub fn validator_to_json(validator: ValidatorData) -> Result<String, Failure> {
    let defect = |_| Error::new(ErrorKind::Internal, "validator", "a validator cannot be written");
    Ok(serde_json::to_string(&validator.validator()?).map_err(defect)?)
}

/// Refuses what could not work, or would let in too much.
#[uniffi::export]
pub fn check_validator(validator: ValidatorData) -> Result<(), Failure> {
    Ok(validator.validator()?.check()?)
}

#[uniffi::export]
impl GatepassHandle {
    pub async fn validators(&self) -> Result<Vec<ValidatorData>, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(gatepass.validators().list().await?.into_iter().map(Into::into).collect()) })
            .await
    }

    pub async fn validator(&self, name: String) -> Result<ValidatorData, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(gatepass.validators().get(&name).await?.into()) }).await
    }

    pub async fn create_validator(&self, validator: ValidatorData) -> Result<ValidatorData, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(gatepass.validators().create(&validator.validator()?).await?.into()) }).await
    }

    pub async fn update_validator(&self, validator: ValidatorData) -> Result<ValidatorData, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(gatepass.validators().update(&validator.validator()?).await?.into()) }).await
    }

    pub async fn delete_validator(&self, name: String) -> Result<(), Failure> {
        let gatepass = self.0.clone();
        run(async move { gatepass.validators().delete(&name).await }).await
    }
}

/// How keys are fetched; none for as usual.
#[derive(Debug, Clone, Default, uniffi::Record)]
pub struct KeysData {
    pub refresh_after: Option<i64>,
    pub refresh_ahead: Option<i64>,
    pub cooldown: Option<i64>,
    pub stale_if_error: Option<i64>,
    pub timeout: Option<i64>,
    pub max_size: Option<i64>,
    pub unknown_kids: Option<i64>,
    pub certificate_authorities: Vec<Vec<u8>>,
}

impl KeysData {
    fn options(self) -> Result<KeyOptions> {
        // What is less than nothing is out of the core's bounds too.
        let number = |given: i64| usize::try_from(given).unwrap_or_default();
        let mut options = KeyOptions::default();
        if let Some(age) = self.refresh_after {
            options = options.refresh_after(span_of("refreshAfter", age)?);
        }
        if let Some(lead) = self.refresh_ahead {
            options = options.refresh_ahead(span_of("refreshAhead", lead)?);
        }
        if let Some(pause) = self.cooldown {
            options = options.cooldown(span_of("cooldown", pause)?);
        }
        if let Some(limit) = self.stale_if_error {
            options = options.stale_if_error(span_of("staleIfError", limit)?);
        }
        if let Some(limit) = self.timeout {
            options = options.timeout(span_of("timeout", limit)?);
        }
        if let Some(bytes) = self.max_size {
            options = options.max_size(number(bytes));
        }
        if let Some(kids) = self.unknown_kids {
            options = options.unknown_kids(number(kids));
        }
        Ok(self.certificate_authorities.into_iter().fold(options, KeyOptions::certificate_authority))
    }
}

pub(crate) fn validator_options(
    keys: Option<KeysData>,
    subjects: Option<Arc<SubjectsHandle>>,
) -> Result<ValidatorOptions> {
    let options = ValidatorOptions::default().keys(keys.unwrap_or_default().options()?);
    Ok(match subjects {
        Some(subjects) => options.subjects(Arc::clone(&subjects.0)),
        None => options,
    })
}

/// A function in Kotlin that finds entries.
#[uniffi::export(with_foreign)]
#[async_trait]
pub trait SubjectSource: Send + Sync {
    async fn find(&self, base: String, scope: String, filter: String) -> Result<Vec<String>, CallFailed>;
}

/// Who searches for whom a token acts as.
#[derive(Debug, uniffi::Object)]
pub struct SubjectsHandle(Arc<dyn SubjectResolver>);

#[uniffi::export]
impl SubjectsHandle {
    #[uniffi::constructor]
    pub fn client(rest: Arc<RestHandle>) -> Arc<Self> {
        Arc::new(Self(Arc::new(rest.client())))
    }

    #[uniffi::constructor]
    pub fn source(source: Arc<dyn SubjectSource>) -> Arc<Self> {
        Arc::new(Self(Arc::new(Foreign(source))))
    }
}

struct Foreign(Arc<dyn SubjectSource>);

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function of the caller's")
    }
}

#[async_trait]
impl SubjectResolver for Foreign {
    async fn find(&self, search: &SubjectSearch) -> Result<Vec<String>> {
        let (base, scope) = (search.base().to_owned(), search.scope().to_string());
        self.0.find(base, scope, search.filter().to_owned()).await.map_err(|failed| {
            let text = "the function that searches for subjects failed";
            Error::new(ErrorKind::Unavailable, "subjects_failed", text).with_cause(failed)
        })
    }
}

/// A verifier that takes tokens of other issuers alone. Certificates are read from the machine's files.
#[uniffi::export]
pub fn external_verifier(
    validators: Vec<ValidatorData>,
    keys: KeysData,
    subjects: Option<Arc<SubjectsHandle>>,
    clock: Option<Arc<ClockHandle>>,
) -> Result<Arc<VerifierHandle>, Failure> {
    within(|| {
        let clock = clock_or_system(clock);
        let options = validator_options(Some(keys), subjects)?.clock(Arc::clone(&clock));
        let validators = TokenValidators::start(validators_of(validators)?, options)?;
        Ok(Arc::new(VerifierHandle::new(Verifier::of_others(validators, clock))))
    })
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct KeyHealthData {
    pub validator: String,
    pub url: String,
    pub keys: u64,
    pub unusable: u64,
    pub fetched_on: Option<i64>,
    pub tried_on: Option<i64>,
    pub failures: u64,
    pub fetches: u64,
    pub trouble: Option<TroubleData>,
    pub unavailable: bool,
}

impl KeyHealthData {
    pub(crate) fn new((validator, health): (String, KeyHealth)) -> Self {
        Self {
            validator,
            url: health.url,
            keys: health.keys as u64,
            unusable: health.unusable as u64,
            fetched_on: millis(health.fetched_on),
            tried_on: millis(health.tried_on),
            failures: health.failures,
            fetches: health.fetches,
            trouble: health.trouble.map(Into::into),
            unavailable: health.unavailable,
        }
    }
}
