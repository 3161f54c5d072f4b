//! What an admin says of a provider whose tokens an API takes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::algorithm::Algorithm;
use super::keys::KeyLocation;
use super::mapping::Expression;
use crate::{Api, Error, Result};

/// The greatest clock skew that is granted, the vendor's.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_hours(1);
/// The greatest number of mapping expressions of one validator.
pub const MAX_EXPRESSIONS: usize = 20;
/// The greatest length of a validator's name, in characters (the vendor's limit).
const MAX_NAME: usize = 100;
/// The greatest length of each other text.
const MAX_TEXT: usize = 2000;
/// What a provider's configuration is found under (OpenID Connect Discovery 1.0, section 4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Accepts the tokens of an OpenID provider for one API, beside its access tokens: RadiantOne's External Token Validator
/// (its 8.5 page *External Token Validators*), and what that one lacks: the issuer, which algorithms, what kind of token,
/// and how old one may be.
///
/// ```
/// use gatepass::{Api, ExternalTokenValidator};
///
/// let validator = ExternalTokenValidator::new("acme-sso", Api::Rest)
///     .discovery_url("https://sso.acme.example/.well-known/openid-configuration")
///     .expected_audience("directory")
///     .expected_scope("directory:read")
///     .map("uid=${sub},ou=People,o=acme");
/// assert!(validator.check().is_ok());
/// assert_eq!(validator.issuer(), Some("https://sso.acme.example"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExternalTokenValidator {
    /// 1 to 100 of `A-Z a-z 0-9`, space, `_` and `-`; unique over both APIs.
    pub name: String,
    /// Whether it is consulted.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The API that its tokens open: `rest` or `scim`.
    pub api: Api,
    /// What the provider is, for people: `Okta`, `Keycloak`. No meaning here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Where the provider describes itself (OpenID Connect Discovery 1.0). The keys' place is read there unless
    /// [`jwks_url`](Self::jwks_url) gives it, and the issuer is what comes before `/.well-known/openid-configuration` unless
    /// [`expected_issuer`](Self::expected_issuer) says otherwise. `https`, or `http` on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_url: Option<String>,
    /// Where the provider's keys are (a JWK Set, RFC 7517 section 5). `https`, or `http` on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// The issuer, compared as it is written (RFC 7519 section 4.1.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_issuer: Option<String>,
    /// Takes tokens of whatever issuer, as long as the keys check them: what RadiantOne itself does. Of a provider with
    /// several tenants one set of keys signs for all of them, so this lets in those of every other tenant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub any_issuer: bool,
    /// Of a token's audiences (RFC 7519 section 4.1.3) one has to be this; none for not looking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_audience: Option<String>,
    /// The claim that has the scopes, as one text or as a list: `scope` when not said; Okta's is `scp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_claim: Option<String>,
    /// Scopes that a token has to have, all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected_scopes: Vec<String>,
    /// How far the provider's clock may be from this one, for `iat`, `nbf` and `exp`: whole seconds, an hour at the most;
    /// 30 s when not said.
    #[serde(default = "usual_skew", rename = "clockSkewSeconds", with = "seconds")]
    #[cfg_attr(feature = "schema", schemars(with = "u64"))]
    pub clock_skew: Duration,
    /// The algorithms that a token may be signed with; all of [`Algorithm`] when empty. A key checks by its own in any case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<Algorithm>,
    /// The `typ` that a token's header has to have, `at+jwt` (RFC 9068) for instance, so that no other kind of token passes
    /// for an access token (RFC 8725 section 3.11). When not said it may be absent, `JWT` or `at+jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// How long after it was issued a token is taken, whatever its `exp`; it needs an `iat` then.
    #[serde(
        default,
        rename = "maxAgeSeconds",
        with = "maybe_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub max_age: Option<Duration>,
    /// Whom a token acts as: expressions of which the first that finds somebody decides. A DN, `uid=${sub},ou=People,o=acme`,
    /// or a search, `ou=People,o=acme??sub?(mail=${email})`, in which `${…}` is a claim. Without one a token acts as nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims_mapping: Vec<String>,
}

impl ExternalTokenValidator {
    /// A validator that is enabled, and says nothing yet of whose tokens it takes.
    pub fn new(name: impl Into<String>, api: Api) -> Self {
        Self {
            name: name.into(),
            enabled: true,
            api,
            provider: None,
            discovery_url: None,
            jwks_url: None,
            expected_issuer: None,
            any_issuer: false,
            expected_audience: None,
            scope_claim: None,
            expected_scopes: Vec::new(),
            clock_skew: usual_skew(),
            algorithms: Vec::new(),
            token_type: None,
            max_age: None,
            claims_mapping: Vec::new(),
        }
    }

    /// Whether it is consulted.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Names the provider, for people.
    #[must_use]
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.provider = Some(name.into());
        self
    }

    /// Where the provider describes itself.
    #[must_use]
    pub fn discovery_url(mut self, url: impl Into<String>) -> Self {
        self.discovery_url = Some(url.into());
        self
    }

    /// Where the provider's keys are.
    #[must_use]
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.jwks_url = Some(url.into());
        self
    }

    /// The issuer.
    #[must_use]
    pub fn expected_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.expected_issuer = Some(issuer.into());
        self
    }

    /// Takes tokens of whatever issuer: see [`any_issuer`](Self#structfield.any_issuer) before it is waived.
    #[must_use]
    pub fn any_issuer(mut self) -> Self {
        self.any_issuer = true;
        self
    }

    /// The audience that a token has to be for.
    #[must_use]
    pub fn expected_audience(mut self, audience: impl Into<String>) -> Self {
        self.expected_audience = Some(audience.into());
        self
    }

    /// The claim that has the scopes.
    #[must_use]
    pub fn scope_claim(mut self, name: impl Into<String>) -> Self {
        self.scope_claim = Some(name.into());
        self
    }

    /// Asks for this scope too.
    #[must_use]
    pub fn expected_scope(mut self, scope: impl Into<String>) -> Self {
        self.expected_scopes.push(scope.into());
        self
    }

    /// How far the provider's clock may be from this one.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// Allows these algorithms alone.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// The `typ` that a token has to have.
    #[must_use]
    pub fn token_type(mut self, kind: impl Into<String>) -> Self {
        self.token_type = Some(kind.into());
        self
    }

    /// How long after it was issued a token is taken.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Adds an expression that says whom a token acts as.
    #[must_use]
    pub fn map(mut self, expression: impl Into<String>) -> Self {
        self.claims_mapping.push(expression.into());
        self
    }

    /// The issuer that tokens have to be of: what is said, or else what the discovery URL says. None where any is taken,
    /// or where nothing says it.
    pub fn issuer(&self) -> Option<&str> {
        if self.any_issuer {
            return None;
        }
        self.expected_issuer
            .as_deref()
            .or_else(|| self.discovery_url.as_deref().and_then(|url| url.strip_suffix(WELL_KNOWN)))
    }

    /// Refuses what could not work, or would let in too much; the error names the field.
    ///
    /// # Errors
    /// Invalid input.
    pub fn check(&self) -> Result<()> {
        self.check_name()?;
        if self.api == Api::Config {
            let text = "the Configuration API takes no tokens of others";
            return Err(Error::invalid("api", "api_without_validators", text));
        }
        let texts = [
            ("provider", &self.provider),
            ("expectedIssuer", &self.expected_issuer),
            ("expectedAudience", &self.expected_audience),
            ("scopeClaim", &self.scope_claim),
            ("tokenType", &self.token_type),
        ];
        for (field, text) in texts {
            let fits =
                |text: &String| (1..=MAX_TEXT).contains(&text.len()) && !text.chars().any(char::is_control);
            if text.as_ref().is_some_and(|text| !fits(text)) {
                let text = "expected 1 to 2000 bytes without control characters, or nothing";
                return Err(Error::invalid(field, "text_malformed", text));
            }
        }
        self.location().map(drop)?;
        self.check_issuer()?;
        if self.clock_skew > MAX_CLOCK_SKEW || self.clock_skew.subsec_nanos() != 0 {
            let text = "expected whole seconds, 3600 at the most";
            return Err(Error::invalid("clockSkew", "clock_skew_out_of_range", text));
        }
        if self.max_age.is_some_and(|age| {
            age.is_zero() || age.subsec_nanos() != 0 || age.as_secs() > u64::from(u32::MAX)
        }) {
            return Err(Error::invalid(
                "maxAge",
                "max_age_out_of_range",
                "expected whole seconds, at least one",
            ));
        }
        for scope in &self.expected_scopes {
            let well_formed =
                !scope.is_empty() && scope.bytes().all(|byte| (0x21..=0x7E).contains(&byte) && byte != b',');
            if !well_formed || scope.len() > MAX_TEXT {
                let text = "a scope has no space, no comma and nothing outside ASCII (RFC 6749 section 3.3)";
                return Err(Error::invalid("expectedScopes", "scope_malformed", text));
            }
        }
        self.mapping().map(drop)
    }

    /// Whom a token acts as, read.
    pub(crate) fn mapping(&self) -> Result<Vec<Expression>> {
        if self.claims_mapping.len() > MAX_EXPRESSIONS {
            return Err(Error::invalid("claimsMapping", "too_many_expressions", "at most 20 expressions"));
        }
        self.claims_mapping.iter().map(|text| Expression::read(text)).collect()
    }

    fn check_name(&self) -> Result<()> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-');
        if (1..=MAX_NAME).contains(&self.name.len()) && self.name.chars().all(fits) {
            return Ok(());
        }
        let text = "a validator's name has 1 to 100 letters, digits, spaces, `_` and `-`";
        Err(Error::invalid("name", "validator_name_malformed", text))
    }

    fn check_issuer(&self) -> Result<()> {
        if self.any_issuer && self.expected_issuer.is_some() {
            let text = "an issuer is expected, or any is taken, not both";
            return Err(Error::invalid("anyIssuer", "issuer_contradicted", text));
        }
        if !self.any_issuer && self.issuer().is_none() {
            let text = "say whose tokens these are: an expected issuer, a discovery URL that ends in \
                        /.well-known/openid-configuration, or that any issuer is taken";
            return Err(Error::invalid("expectedIssuer", "issuer_required", text));
        }
        Ok(())
    }

    /// Where its keys are.
    pub(crate) fn location(&self) -> Result<KeyLocation> {
        let discovery =
            self.discovery_url.as_deref().map(|url| fetchable("discoveryUrl", url)).transpose()?;
        let jwks = self.jwks_url.as_deref().map(|url| fetchable("jwksUrl", url)).transpose()?;
        match (jwks, discovery) {
            (Some(url), _) => Ok(KeyLocation::Jwks(url)),
            (None, Some(url)) => Ok(KeyLocation::Discovery { url, issuer: self.issuer().map(str::to_owned) }),
            (None, None) => Err(Error::invalid(
                "jwksUrl",
                "keys_nowhere",
                "say where the keys are: a JWKS URL or a discovery URL",
            )),
        }
    }

    /// Whether a token of this algorithm is taken.
    pub(crate) fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms.is_empty() || self.algorithms.contains(&algorithm)
    }
}

/// A URL that keys may be fetched from: whoever can answer for it can sign in as anybody.
pub(crate) fn fetchable(field: &'static str, text: &str) -> Result<Url> {
    let malformed = |text: &'static str| Error::invalid(field, "url_malformed", text);
    if text.len() > MAX_TEXT {
        return Err(malformed("expected at most 2000 bytes"));
    }
    let url = Url::parse(text).map_err(|_| malformed("expected a URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(malformed("expected a URL without user and password"));
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(malformed("expected a URL with a host")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err(Error::invalid(field, "url_insecure", "expected https, or http on loopback")),
    }
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

const fn usual_skew() -> Duration {
    Duration::from_secs(30)
}

/// Whole seconds.
mod seconds {
    use super::{Deserialize, Duration};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(span.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

/// Whole seconds, or nothing.
mod maybe_seconds {
    use super::{Deserialize, Duration};
    use serde::{Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes it so")]
    pub(super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(|span| span.as_secs()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
    }
}
