//! Verifiers of tokens of other issuers: how keys are fetched, and a verifier for whoever has no store.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatepass::{KeyHealth, KeyOptions, TokenValidators, ValidatorOptions};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::asked::span;
use crate::call::{Call, run};
use crate::clock::{self, Clock};
use crate::credential::or_throw;
use crate::error::{Fault, read};
use crate::shared::Shared;
use crate::subjects::Subjects;
use crate::validators::validators;
use crate::verifier::{Following, Verifier};

/// The verifiers of other issuers' tokens, by what they take and how. One that asks a thread's own function or clock is not
/// among them.
static VERIFIERS: Shared<Following> = Shared::new();

/// How keys are fetched.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Keys {
    refresh_after_ms: Option<f64>,
    refresh_ahead_ms: Option<f64>,
    cooldown_ms: Option<f64>,
    stale_if_error_ms: Option<f64>,
    timeout_ms: Option<f64>,
    max_size: Option<usize>,
    unknown_kids: Option<usize>,
    #[serde(default)]
    certificate_authorities: Vec<String>,
}

impl Keys {
    pub(crate) fn options(self) -> gatepass::Result<KeyOptions> {
        let mut options = KeyOptions::default();
        if let Some(age) = self.refresh_after_ms {
            options = options.refresh_after(span("refreshAfter", age)?);
        }
        if let Some(lead) = self.refresh_ahead_ms {
            options = options.refresh_ahead(span("refreshAhead", lead)?);
        }
        if let Some(pause) = self.cooldown_ms {
            options = options.cooldown(span("cooldown", pause)?);
        }
        if let Some(limit) = self.stale_if_error_ms {
            options = options.stale_if_error(span("staleIfError", limit)?);
        }
        if let Some(limit) = self.timeout_ms {
            options = options.timeout(span("timeout", limit)?);
        }
        if let Some(bytes) = self.max_size {
            options = options.max_size(bytes);
        }
        if let Some(kids) = self.unknown_kids {
            options = options.unknown_kids(kids);
        }
        Ok(self.certificate_authorities.into_iter().fold(options, KeyOptions::certificate_authority))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct External {
    keys: Option<Keys>,
}

/// A verifier that takes tokens of other issuers alone. Threads that want the same in the same way share one.
#[napi]
pub fn external_verifier<'env>(
    env: &'env Env,
    taken: String,
    options: String,
    subjects: Option<&Subjects>,
    clock: Option<&Clock>,
    call: Option<&Call>,
) -> napi::Result<PromiseRaw<'env, Verifier>> {
    let key = (subjects.is_none() && clock.is_none()).then(|| format!("{taken}\n{options}"));
    let validators = or_throw(validators(&taken))?;
    let asked: External = or_throw(read("options", &options))?;
    let clock = clock::or_system(clock);
    let options = fetched(asked.keys, subjects.map(|subjects| Arc::clone(&subjects.0)));
    let options = or_throw(options)?.clock(Arc::clone(&clock));
    let starting = async move {
        let validators = TokenValidators::start(validators, options)?;
        Ok(Following::of(gatepass::Verifier::of_others(validators, clock)))
    };
    run(env, call, async move {
        let following = match key {
            Some(key) => VERIFIERS.get(&key, starting).await?,
            None => Arc::new(starting.await?),
        };
        Ok(Verifier::new(following))
    })
}

/// How validators get keys, and find whom a token acts as.
pub(crate) fn fetched(
    keys: Option<Keys>,
    subjects: Option<Arc<dyn gatepass::SubjectResolver>>,
) -> gatepass::Result<ValidatorOptions> {
    let keys = keys.map_or(Ok(KeyOptions::default()), Keys::options)?;
    let options = ValidatorOptions::default().keys(keys);
    Ok(match subjects {
        Some(resolver) => options.subjects(resolver),
        None => options,
    })
}

/// A verifier of the same kind, with keys that are given by their URLs, for tests.
#[napi]
pub fn fixed_external_verifier(taken: String, keys: String, clock: Option<&Clock>) -> napi::Result<Verifier> {
    let made = validators(&taken).and_then(|validators| {
        let keys: BTreeMap<String, Value> = read("keys", &keys)?;
        TokenValidators::with_keys(validators, keys.into_iter().map(|(url, set)| (url, set.to_string())))
    });
    let verifier = gatepass::Verifier::of_others(or_throw(made)?, clock::or_system(clock));
    Ok(Verifier::new(Arc::new(Following::of(verifier))))
}

/// The health of a validator's keys as JavaScript reads it.
pub(crate) fn health_json((validator, health): &(String, KeyHealth)) -> Value {
    json!({
        "validator": validator,
        "url": health.url,
        "keys": health.keys,
        "unusable": health.unusable,
        "fetchedOn": health.fetched_on,
        "triedOn": health.tried_on,
        "failures": health.failures,
        "fetches": health.fetches,
        "trouble": health.trouble.as_ref().map(Fault::new),
        "unavailable": health.unavailable,
    })
}
