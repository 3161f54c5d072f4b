//! External token validators as the vendor writes them, and what Gatepass adds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::null_is_default;
use crate::{Algorithm, Api, Error, ErrorKind, ExternalTokenValidator, KeyHealth, Reason, Result, Timestamp};

/// The vendor's external token validators: `GET` for a list of [`ValidatorDetails`], `POST` for a new one; `GET`, `PUT`
/// and `DELETE` of `…/{name}`.
pub const VALIDATORS: &str = "/settings-service/external_token_validators";

/// The vendor's name of the claim with the scopes, when none is said.
const USUAL_SCOPE_CLAIM: &str = "scope";

/// A validator in the vendor's form, and beside it what Gatepass adds. A text that is empty says nothing, as null does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ValidatorDetails {
    /// The name, unique over both APIs.
    pub name: String,
    /// Whether it is consulted; it is when not said.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The API: `REST(adap)` or `SCIM`, read in any case, and `REST` too.
    #[serde(default, deserialize_with = "null_is_default")]
    pub api_service: String,
    /// What the provider is, for people.
    #[serde(default, deserialize_with = "null_is_default")]
    pub oidc_provider: String,
    /// Where the provider describes itself.
    #[serde(default, deserialize_with = "null_is_default")]
    pub oidc_discovery_url: String,
    /// Where its keys are. A plain RadiantOne has to be told.
    #[serde(default, deserialize_with = "null_is_default")]
    pub json_web_key_set_uri: String,
    /// The claim that has the scopes; `scope` when not said.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "String::is_empty")]
    pub scope_claim_name: String,
    /// The audience that a token has to be for; any when empty.
    #[serde(default, deserialize_with = "null_is_default")]
    pub expected_audience: String,
    /// The scopes that a token has to have, all of them, between spaces or commas.
    #[serde(default, deserialize_with = "null_is_default")]
    pub expected_scope: String,
    /// How far the provider's clock may be from this one, in seconds; 30 when not said.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    pub jwt_validation_clock: Option<i64>,
    /// Whom a token acts as.
    #[serde(default, deserialize_with = "null_is_default")]
    pub claims_mapper: ClaimsMapper,
    /// The issuer that tokens have to be of. Gatepass only, as is all that follows.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "String::is_empty")]
    pub expected_issuer: String,
    /// Whether tokens of whatever issuer are taken.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "std::ops::Not::not")]
    pub any_issuer: bool,
    /// The algorithms that a token may be signed with; all that there are when empty.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<String>,
    /// The `typ` that a token's header has to have.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "String::is_empty")]
    pub token_type: String,
    /// How long after it was issued a token is taken, in seconds.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<i64>,
}

/// The expressions of which the first that finds somebody decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClaimsMapper {
    /// In this order.
    #[serde(default, deserialize_with = "null_is_default")]
    pub claims_expression_list: Vec<String>,
}

/// A validator to be tried out: `POST …/gatepass/v1/validators/{name}/test`, answered with [`ValidatorTest`].
#[derive(Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TestValidator {
    /// A token to try it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub token: Option<zeroize::Zeroizing<String>>,
}

/// What came of trying a validator out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ValidatorTest {
    /// How its keys are doing.
    pub keys: KeyReport,
    /// What it says of the token, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<TestVerdict>,
}

/// How the keys of a provider are doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KeyReport {
    /// Where they come from, as the validator says.
    pub url: String,
    /// How many can be used.
    pub usable: usize,
    /// How many were passed over: of an unknown kind, too short, for encryption.
    pub unusable: usize,
    /// When they were last fetched; none where they never were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_on: Option<Timestamp>,
    /// Why they could not be fetched the last time, if so: a stable code, and words for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl From<KeyHealth> for KeyReport {
    fn from(health: KeyHealth) -> Self {
        Self {
            url: health.url,
            usable: health.keys,
            unusable: health.unusable,
            fetched_on: health.fetched_on,
            code: health.trouble.as_ref().map(|trouble| trouble.code().to_owned()),
            message: health.trouble.as_ref().map(ToString::to_string),
        }
    }
}

/// What a validator says of a token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TestVerdict {
    /// Whether it accepts it.
    pub granted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub reason: Option<Reason>,
    /// The token's issuer, which is believed once it is granted, as all that follows is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Whom it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The entry that it acts as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_dn: Option<String>,
    /// Its scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
}

#[cfg(feature = "client")]
impl TestVerdict {
    pub(crate) fn granted(access: &crate::Access) -> Self {
        Self {
            granted: true,
            reason: None,
            issuer: access.issuer().map(str::to_owned),
            subject: access.subject().map(str::to_owned),
            target_dn: access.target_dn().map(str::to_owned),
            scopes: access.scopes(),
            expires_on: access.expires_on(),
        }
    }
}

impl ValidatorDetails {
    /// The same for a plain RadiantOne, which would silently drop what it does not know, and then take tokens that were to
    /// be refused. That it takes those of any issuer is said by nothing there: it is so.
    ///
    /// # Errors
    /// Unsupported, `needs_gatepass`, on the field that it lacks; invalid input, `jwks_url_required`.
    pub fn for_plain_server(self) -> Result<Self> {
        let lacking = [
            ("expectedIssuer", !self.expected_issuer.is_empty()),
            ("algorithms", !self.algorithms.is_empty()),
            ("tokenType", !self.token_type.is_empty()),
            ("maxAge", self.max_age_seconds.is_some()),
        ];
        if let Some((field, _)) = lacking.iter().find(|(_, asked)| *asked) {
            let text = "this server is a plain RadiantOne, which has no such thing";
            return Err(Error::new(ErrorKind::Unsupported, "needs_gatepass", text).with_field(*field));
        }
        if self.json_web_key_set_uri.is_empty() {
            let text =
                "a plain RadiantOne has to be told where the keys are, whatever the discovery URL says";
            return Err(Error::invalid("jwksUrl", "jwks_url_required", text));
        }
        let scope_claim_name = if self.scope_claim_name.is_empty() {
            USUAL_SCOPE_CLAIM.to_owned()
        } else {
            self.scope_claim_name
        };
        Ok(Self { scope_claim_name, any_issuer: false, ..self })
    }
}

impl From<&ExternalTokenValidator> for ValidatorDetails {
    fn from(validator: &ExternalTokenValidator) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        Self {
            name: validator.name.clone(),
            enabled: Some(validator.enabled),
            api_service: match validator.api {
                Api::Rest => "REST(adap)".to_owned(),
                other => other.wire().to_owned(),
            },
            oidc_provider: text(&validator.provider),
            oidc_discovery_url: text(&validator.discovery_url),
            json_web_key_set_uri: text(&validator.jwks_url),
            scope_claim_name: text(&validator.scope_claim),
            expected_audience: text(&validator.expected_audience),
            expected_scope: validator.expected_scopes.join(" "),
            jwt_validation_clock: Some(seconds(validator.clock_skew)),
            claims_mapper: ClaimsMapper { claims_expression_list: validator.claims_mapping.clone() },
            expected_issuer: text(&validator.expected_issuer),
            any_issuer: validator.any_issuer,
            algorithms: validator.algorithms.iter().map(ToString::to_string).collect(),
            token_type: text(&validator.token_type),
            max_age_seconds: validator.max_age.map(seconds),
        }
    }
}

/// What is read need not be good: one of a plain RadiantOne expects no issuer. Whoever would use it checks it first.
impl TryFrom<ValidatorDetails> for ExternalTokenValidator {
    type Error = Error;

    fn try_from(details: ValidatorDetails) -> Result<Self> {
        let text = |text: String| (!text.trim().is_empty()).then_some(text);
        let mut validator = Self::new(details.name, api(&details.api_service)?);
        validator.enabled = details.enabled.unwrap_or(true);
        validator.provider = text(details.oidc_provider);
        validator.discovery_url = text(details.oidc_discovery_url);
        validator.jwks_url = text(details.json_web_key_set_uri);
        validator.scope_claim = text(details.scope_claim_name);
        validator.expected_audience = text(details.expected_audience);
        let scopes = details.expected_scope.split([' ', ',']).filter(|scope| !scope.is_empty());
        validator.expected_scopes = scopes.map(str::to_owned).collect();
        if let Some(clock) = details.jwt_validation_clock {
            validator.clock_skew = span("clockSkew", "clock_skew_out_of_range", clock)?;
        }
        validator.claims_mapping = details.claims_mapper.claims_expression_list;
        validator.expected_issuer = text(details.expected_issuer);
        validator.any_issuer = details.any_issuer;
        let algorithms = details.algorithms.iter().map(|name| name.parse());
        validator.algorithms = algorithms.collect::<Result<Vec<Algorithm>>>()?;
        validator.token_type = text(details.token_type);
        let max_age = details.max_age_seconds.map(|age| span("maxAge", "max_age_out_of_range", age));
        validator.max_age = max_age.transpose()?;
        Ok(validator)
    }
}

fn api(text: &str) -> Result<Api> {
    let text = text.trim();
    let is = |known: &str| known.eq_ignore_ascii_case(text);
    match text {
        _ if is("REST(adap)") || is("REST") || is("ADAP") => Ok(Api::Rest),
        _ if is("SCIM") => Ok(Api::Scim),
        _ => Err(Error::invalid("apiService", "unknown_api", "expected REST(adap) or SCIM")),
    }
}

fn span(field: &'static str, code: &'static str, seconds: i64) -> Result<Duration> {
    let seconds = u64::try_from(seconds);
    seconds.map(Duration::from_secs).map_err(|_| Error::invalid(field, code, "expected whole seconds"))
}

/// A number, or the text of one; an empty text says nothing.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i64),
        Text(String),
    }

    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Written::Number(number)) => Ok(Some(number)),
        Some(Written::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(Written::Text(text)) => text.trim().parse().map(Some).map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Result<ExternalTokenValidator> {
        serde_json::from_value::<ValidatorDetails>(value).unwrap().try_into()
    }

    #[test]
    fn a_validator_comes_back_as_it_went() {
        let all = ExternalTokenValidator::new("acme-sso", Api::Scim)
            .enabled(false)
            .provider("Okta")
            .discovery_url("https://sso.acme.example/.well-known/openid-configuration")
            .jwks_url("https://sso.acme.example/keys")
            .expected_issuer("https://sso.acme.example")
            .expected_audience("directory")
            .scope_claim("scp")
            .expected_scope("a:read")
            .expected_scope("b")
            .clock_skew(Duration::from_secs(90))
            .algorithms([Algorithm::Es256, Algorithm::EdDsa])
            .token_type("at+jwt")
            .max_age(Duration::from_mins(10))
            .map("uid=${sub},ou=People,o=acme")
            .map("ou=People,o=acme??sub?(mail=${email})");
        let few = ExternalTokenValidator::new("few", Api::Rest).any_issuer();
        for validator in [all, few] {
            let text = serde_json::to_string(&ValidatorDetails::from(&validator)).unwrap();
            let details: ValidatorDetails = serde_json::from_str(&text).unwrap();
            assert_eq!(ExternalTokenValidator::try_from(details).unwrap(), validator, "{text}");
        }
    }

    #[test]
    fn the_vendors_form_is_read_whatever_java_writes() {
        let read = read(json!({
            "name": "adap sso", "enabled": null, "apiService": "rest(ADAP)", "oidcProvider": "Keycloak",
            "oidcDiscoveryUrl": null, "jsonWebKeySetUri": "https://sso.acme.example/keys", "scopeClaimName": null,
            "expectedAudience": "", "expectedScope": "a:read, b,,c", "jwtValidationClock": "60", "version": 3,
            "claimsMapper": {"claimsExpressionList": null, "kind": "x"}, "algorithms": null, "maxAgeSeconds": null,
        }))
        .unwrap();
        assert_eq!((read.api, read.enabled, read.clock_skew.as_secs()), (Api::Rest, true, 60));
        assert_eq!(read.expected_scopes, ["a:read", "b", "c"]);
        assert_eq!((&read.expected_audience, &read.scope_claim), (&None, &None));
        // It expects no issuer, so it can be read and shown, and not used.
        assert_eq!(read.check().unwrap_err().code(), "issuer_required");
    }

    #[test]
    fn what_cannot_be_meant_names_its_field() {
        for (member, value, field, code) in [
            ("apiService", json!("CONFIG"), "apiService", "unknown_api"),
            ("apiService", json!(null), "apiService", "unknown_api"),
            ("jwtValidationClock", json!(-1), "clockSkew", "clock_skew_out_of_range"),
            ("maxAgeSeconds", json!(-1), "maxAge", "max_age_out_of_range"),
            ("algorithms", json!(["HS256"]), "algorithms", "unknown_algorithm"),
            ("algorithms", json!(["none"]), "algorithms", "unknown_algorithm"),
        ] {
            let mut details = json!({"name": "x", "apiService": "SCIM"});
            details[member] = value;
            let error = read(details).unwrap_err();
            assert_eq!((error.field(), error.code()), (Some(field), code));
        }
    }

    #[test]
    fn a_plain_server_is_asked_for_nothing_that_it_would_drop() {
        let plain = |validator: ExternalTokenValidator| ValidatorDetails::from(&validator).for_plain_server();
        let base = || ExternalTokenValidator::new("x", Api::Rest).jwks_url("https://a.example/keys");
        let said = plain(base().any_issuer()).unwrap();
        assert_eq!((said.any_issuer, &*said.scope_claim_name), (false, "scope"));
        for (validator, field) in [
            (base().expected_issuer("https://a.example"), "expectedIssuer"),
            (base().algorithms([Algorithm::Rs256]), "algorithms"),
            (base().token_type("at+jwt"), "tokenType"),
            (base().max_age(Duration::from_secs(1)), "maxAge"),
        ] {
            let error = plain(validator).unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some(field)));
        }
        let error = plain(ExternalTokenValidator::new("x", Api::Rest)).unwrap_err();
        assert_eq!((error.code(), error.field()), ("jwks_url_required", Some("jwksUrl")));
    }
}
