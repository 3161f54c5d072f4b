//! External token validators of a store or a server.

use gatepass::{Error, ExternalTokenValidator};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use serde::Deserialize;

use crate::asked::span;
use crate::call::{Call, run};
use crate::credential::or_throw;
use crate::error::{read, write};
use crate::gatepass::Gatepass;

/// A validator, as JavaScript says it. A name that is misspelt is refused: the validator would let in more than was meant.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Asked {
    name: String,
    api: String,
    enabled: Option<bool>,
    provider: Option<String>,
    discovery_url: Option<String>,
    jwks_url: Option<String>,
    expected_issuer: Option<String>,
    any_issuer: Option<bool>,
    expected_audience: Option<String>,
    scope_claim: Option<String>,
    expected_scopes: Option<Vec<String>>,
    /// In milliseconds, as is `max_age`.
    clock_skew: Option<f64>,
    algorithms: Option<Vec<String>>,
    token_type: Option<String>,
    max_age: Option<f64>,
    claims_mapping: Option<Vec<String>>,
}

impl Asked {
    pub(crate) fn validator(self) -> gatepass::Result<ExternalTokenValidator> {
        let mut validator = ExternalTokenValidator::new(self.name, self.api.parse()?);
        validator.enabled = self.enabled.unwrap_or(true);
        validator.provider = self.provider;
        validator.discovery_url = self.discovery_url;
        validator.jwks_url = self.jwks_url;
        validator.expected_issuer = self.expected_issuer;
        validator.any_issuer = self.any_issuer.unwrap_or(false);
        validator.expected_audience = self.expected_audience;
        validator.scope_claim = self.scope_claim;
        validator.expected_scopes = self.expected_scopes.unwrap_or_default();
        if let Some(skew) = self.clock_skew {
            validator.clock_skew = span("clockSkew", skew)?;
        }
        let algorithms = self.algorithms.unwrap_or_default();
        validator.algorithms = algorithms
            .iter()
            .map(|name| name.parse().map_err(|error: Error| error.with_field("algorithms")))
            .collect::<gatepass::Result<_>>()?;
        validator.token_type = self.token_type;
        validator.max_age = self.max_age.map(|age| span("maxAge", age)).transpose()?;
        validator.claims_mapping = self.claims_mapping.unwrap_or_default();
        Ok(validator)
    }
}

/// Several of them.
pub(crate) fn validators(json: &str) -> gatepass::Result<Vec<ExternalTokenValidator>> {
    read::<Vec<Asked>>("validators", json)?.into_iter().map(Asked::validator).collect()
}

#[napi]
impl Gatepass {
    /// All external token validators, as a list in JSON.
    #[napi]
    pub fn validators<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move { write(&gp.validators().list().await?) })
    }

    /// The validator of this name.
    #[napi]
    pub fn validator<'env>(
        &self,
        env: &'env Env,
        name: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move { write(&gp.validators().get(&name).await?) })
    }

    /// Adds a validator, or puts it in the place of the one of its name.
    #[napi]
    pub fn put_validator<'env>(
        &self,
        env: &'env Env,
        validator: String,
        is_new: bool,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        let validator = or_throw(read::<Asked>("validator", &validator).and_then(Asked::validator))?;
        run(env, call, async move {
            let validators = gp.validators();
            write(&if is_new {
                validators.create(&validator).await?
            } else {
                validators.update(&validator).await?
            })
        })
    }

    /// Removes a validator.
    #[napi]
    pub fn delete_validator<'env>(
        &self,
        env: &'env Env,
        name: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let gp = self.facade()?;
        run(env, call, async move { gp.validators().delete(&name).await })
    }
}
