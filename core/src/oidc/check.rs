//! The check of a token of another issuer, by all validators of an API.

#[cfg(feature = "client")]
mod try_out;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use smallvec::SmallVec;
#[cfg(feature = "client")]
use tokio::sync::watch;

use super::claims;
use super::fixed::{FixedKeys, NoKeys};
use super::json::Object;
use super::jwk::Key;
use super::jws::{Jws, MAX_TOKEN_LENGTH, Parts};
use super::keys::{KeyHealth, KeySource, KeySources, Lookup};
use super::mapping::{Expression, Meant};
#[cfg(feature = "client")]
use super::subjects::{Found, Subjects};
use super::validator::ExternalTokenValidator;
use super::verified::{Verified, VerifiedTokens};
use crate::access::Said;
use crate::{Access, Api, Digest, Error, Reason, Result, Timestamp};

/// What tokens of other issuers are checked by: validators, their providers' keys, and what was checked before. Cheap to
/// clone; all clones are the same.
///
/// A verifier that follows a store or a server has its validators from there. For one that does not, they are given:
/// [`Verifier::of_others`](crate::Verifier::of_others), [`Verifier::with_validators`](crate::Verifier::with_validators).
#[derive(Debug, Clone)]
pub struct TokenValidators(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    current: ArcSwap<Current>,
    sources: Box<dyn KeySources>,
    verified: VerifiedTokens,
    generations: AtomicU64,
    /// Whether nothing is taken any more.
    closed: AtomicBool,
    #[cfg(feature = "client")]
    fetching: Option<Fetching>,
}

/// What goes on in the background.
#[cfg(feature = "client")]
#[derive(Debug)]
pub(crate) struct Fetching {
    /// Finds whom tokens act as.
    pub(crate) subjects: Option<Subjects>,
    /// Counts what has come: a check that said `keys_unavailable` may say something else now.
    pub(crate) news: Arc<watch::Sender<u64>>,
    /// How long to wait for that.
    pub(crate) patience: Duration,
}

/// The validators as they are now.
#[derive(Debug, Default)]
struct Current {
    generation: u64,
    validators: Vec<Validator>,
    faults: Vec<(String, Error)>,
}

/// One of them, ready for use.
#[derive(Debug)]
struct Validator {
    settings: ExternalTokenValidator,
    keys: Arc<dyn KeySource>,
    mapping: Vec<Expression>,
}

impl Default for TokenValidators {
    /// None, and no way to fetch keys for any.
    fn default() -> Self {
        Self(Arc::new(Shared::new(Box::new(NoKeys))))
    }
}

impl Shared {
    fn new(sources: Box<dyn KeySources>) -> Self {
        Self {
            current: ArcSwap::default(),
            sources,
            verified: VerifiedTokens::new(),
            generations: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            #[cfg(feature = "client")]
            fetching: None,
        }
    }
}

impl TokenValidators {
    /// These validators, with keys that are given, by the URL that a validator has for them: for a test, and where there is no
    /// network. Each is a JWK Set (RFC 7517 section 5).
    ///
    /// # Errors
    /// Those of [`ExternalTokenValidator::check`]; protocol, `jwks_malformed`.
    pub fn with_keys<U: Into<String>, K: AsRef<[u8]>>(
        validators: impl IntoIterator<Item = ExternalTokenValidator>,
        keys: impl IntoIterator<Item = (U, K)>,
    ) -> Result<Self> {
        let created = Self(Arc::new(Shared::new(Box::new(FixedKeys::read(keys)?))));
        let validators: Vec<_> = validators.into_iter().collect();
        validators.iter().try_for_each(ExternalTokenValidator::check)?;
        created.set(validators);
        Ok(created)
    }

    /// Takes these in the place of all. Keys that are known are kept where a new one has them from the same place. One that
    /// [`check`](ExternalTokenValidator::check) refuses is not consulted: [`faults`](Self::faults) tells.
    pub fn set(&self, validators: Vec<ExternalTokenValidator>) {
        // The old ones live until the new ones have found their keys, which both may share.
        let before = self.0.current.load_full();
        let mut current = Current {
            generation: self.0.generations.fetch_add(1, Ordering::Relaxed) + 1,
            ..Current::default()
        };
        let open = !self.is_closed();
        for settings in validators.into_iter().filter(|settings| open && settings.enabled) {
            let name = settings.name.clone();
            match Validator::new(settings, self.0.sources.as_ref()) {
                Ok(validator) => current.validators.push(validator),
                Err(error) => current.faults.push((name, error)),
            }
        }
        self.0.current.store(Arc::new(current));
        self.0.verified.clear();
        drop(before);
        #[cfg(feature = "client")]
        if let Some(fetching) = &self.0.fetching {
            fetching.news.send_modify(|news| *news += 1);
        }
    }

    /// Takes no token any more: each is denied as `stale`, and no keys are fetched. Whoever shares these does so too.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.set(Vec::new());
    }

    /// Whether they were closed.
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    /// Those of these validators that are not consulted because they are not as they should be, by name, and why.
    pub fn faults(&self) -> Vec<(String, Error)> {
        self.0.current.load().faults.clone()
    }

    /// How the keys of each validator that is consulted are doing, by its name.
    pub fn health(&self) -> Vec<(String, KeyHealth)> {
        let current = self.0.current.load();
        current.validators.iter().map(|one| (one.settings.name.clone(), one.keys.health())).collect()
    }

    /// Whether a token of another issuer has any chance at this API.
    pub(crate) fn serve(&self, api: Api) -> bool {
        self.is_closed()
            || self.0.current.load().validators.iter().any(|validator| validator.settings.api == api)
    }

    /// What a token gives access to.
    pub(crate) fn check(&self, api: Api, token: &[u8], now: Timestamp) -> Result<Access, Reason> {
        if self.is_closed() {
            return Err(Reason::Stale);
        }
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(Reason::Malformed);
        }
        let current = self.0.current.load();
        let digest = Digest::of(token);
        if let Some(verified) = self.0.verified.get(api, &digest, current.generation, now) {
            return Ok(verified.access.clone());
        }
        let consulted = current.validators.iter().filter(|validator| validator.settings.api == api);
        let verified = self.0.judge(consulted, token, digest, now)?;
        let access = verified.access.clone();
        self.0.verified.put(api, &digest, Verified { generation: current.generation, ..verified });
        Ok(access)
    }
}

impl Shared {
    /// What the first of these validators says that accepts a token; where none does, why not.
    fn judge<'v>(
        &self,
        validators: impl Iterator<Item = &'v Validator>,
        token: &[u8],
        digest: Digest,
        now: Timestamp,
    ) -> Result<Verified, Reason> {
        let parts = Parts::of(token).ok_or(Reason::Malformed)?;
        let accepted = {
            let jws = parts.read().ok_or(Reason::Malformed)?;
            let mut trial = Trial { shared: self, parts: &parts, jws: &jws, now, tried: SmallVec::new() };
            let mut denied = Reason::UntrustedIssuer;
            let mut accepted = None;
            for validator in validators {
                match trial.by(validator) {
                    Ok(by_this) => {
                        accepted = Some((validator, by_this));
                        break;
                    }
                    Err(reason) if progress(reason) > progress(denied) => denied = reason,
                    Err(_) => {}
                }
            }
            accepted.ok_or(denied)?
        };
        let (validator, Accepted { key, term, target, scopes, subject, issuer }) = accepted;
        let said = Said::new(parts.into_claims(), subject, issuer);
        let names = (validator.settings.name.as_str(), target.as_deref());
        let access = Access::of_other(digest, validator.settings.api, names, scopes, term.expires_on, said);
        let size = 2 * token.len();
        Ok(Verified { access, key, generation: 0, from: term.from, until: term.until, size })
    }
}

/// Of several validators, the one that came furthest says why not. Where one could not tell, nobody can.
const fn progress(reason: Reason) -> u8 {
    match reason {
        Reason::UntrustedIssuer => 0,
        Reason::Malformed => 1,
        Reason::BadSignature => 2,
        Reason::NotYetValid => 3,
        Reason::Expired => 4,
        Reason::WrongAudience => 5,
        Reason::InsufficientScope => 6,
        Reason::Unknown => 7,
        _ => 8,
    }
}

impl Validator {
    fn new(settings: ExternalTokenValidator, sources: &dyn KeySources) -> Result<Self> {
        settings.check()?;
        Ok(Self { keys: sources.open(&settings.location()?), mapping: settings.mapping()?, settings })
    }
}

/// One token, on trial by one validator after the other.
struct Trial<'a> {
    #[cfg_attr(not(feature = "client"), expect(dead_code, reason = "finds subjects, by a client"))]
    shared: &'a Shared,
    parts: &'a Parts<'a>,
    jws: &'a Jws<'a>,
    now: Timestamp,
    /// Keys that were tried, and what came of it: several validators may share them.
    tried: SmallVec<[(Arc<Key>, bool); 1]>,
}

/// What follows from a token that a validator has accepted.
struct Accepted {
    key: Arc<Key>,
    term: Term,
    target: Option<String>,
    scopes: Vec<Box<str>>,
    subject: Option<Box<str>>,
    issuer: Option<Box<str>>,
}

impl Trial<'_> {
    fn by(&mut self, validator: &Validator) -> Result<Accepted, Reason> {
        let (settings, said) = (&validator.settings, &self.jws.claims);
        let issuer = claims::text(said, "iss")?;
        if !settings.any_issuer && (issuer.is_none() || issuer != settings.issuer()) {
            return Err(Reason::UntrustedIssuer);
        }
        let subject = claims::text(said, "sub")?;
        if !self.jws.kind.is(settings.token_type.as_deref()) {
            return Err(Reason::Malformed);
        }
        let (key, fresh_for) = self.key(validator)?;
        let mut term = Term::of(settings, said)?;
        term.judge(self.now)?;
        // What was checked by these keys is believed no longer than they would be now.
        term.until = fresh_for.map_or(term.until, |left| term.until.min(self.now.saturating_add(left)));
        let audiences = claims::texts(said, "aud")?;
        if settings.expected_audience.as_deref().is_some_and(|wanted| !audiences.contains(&wanted)) {
            return Err(Reason::WrongAudience);
        }
        let scopes = claims::scopes(said, settings.scope_claim.as_deref().unwrap_or("scope"))?;
        let has = |wanted: &String| scopes.binary_search_by(|own| (**own).cmp(wanted)).is_ok();
        if !settings.expected_scopes.iter().all(has) {
            return Err(Reason::InsufficientScope);
        }
        let (target, found_until) = self.subject(validator)?;
        term.until = found_until.map_or(term.until, |until| until.min(term.until));
        let (subject, issuer) = (subject.map(Into::into), issuer.map(Into::into));
        Ok(Accepted { key, term, target, scopes, subject, issuer })
    }

    /// The key that signed it, and for how long it is believed that it may, if that ends.
    fn key(&mut self, validator: &Validator) -> Result<(Arc<Key>, Option<Duration>), Reason> {
        let jws = self.jws;
        if !validator.settings.allows(jws.algorithm) {
            return Err(Reason::BadSignature);
        }
        let (candidates, fresh_for) = match validator.keys.look(jws.kid.as_deref(), jws.algorithm) {
            Lookup::Keys(candidates, fresh_for) => (candidates, fresh_for),
            Lookup::Unknown => return Err(Reason::BadSignature),
            Lookup::Unavailable => return Err(Reason::KeysUnavailable),
        };
        for key in candidates {
            let known = self.tried.iter().find(|(tried, _)| Arc::ptr_eq(tried, &key)).map(|(_, good)| *good);
            let good = known.unwrap_or_else(|| {
                let good = key.verifies(jws.algorithm, self.parts.signed, &self.parts.signature);
                self.tried.push((Arc::clone(&key), good));
                good
            });
            if good {
                return Ok((key, fresh_for));
            }
        }
        Err(Reason::BadSignature)
    }

    /// Whom it acts as, and until when that is believed; nobody where the validator does not say.
    fn subject(&self, validator: &Validator) -> Result<(Option<String>, Option<Timestamp>), Reason> {
        if validator.mapping.is_empty() {
            return Ok((None, None));
        }
        for expression in &validator.mapping {
            match expression.resolve(&self.jws.claims) {
                Some(Meant::Name(name)) => return Ok((Some(name), None)),
                Some(Meant::Search(search)) => match self.search(search) {
                    Ok(Some((name, until))) => return Ok((Some(name), Some(until))),
                    Ok(None) => {}
                    Err(reason) => return Err(reason),
                },
                None => {}
            }
        }
        Err(Reason::Unknown)
    }

    #[cfg(feature = "client")]
    fn search(&self, search: super::mapping::SubjectSearch) -> Result<Option<(String, Timestamp)>, Reason> {
        let subjects = self
            .shared
            .fetching
            .as_ref()
            .and_then(|fetching| fetching.subjects.as_ref())
            .ok_or(Reason::KeysUnavailable)?;
        match subjects.look(search, self.now) {
            Found::One(name, until) => Ok(Some((name, until))),
            Found::None => Ok(None),
            Found::NotYet => Err(Reason::KeysUnavailable),
        }
    }

    #[cfg(not(feature = "client"))]
    #[expect(clippy::unused_self, clippy::needless_pass_by_value, reason = "as where there is a client")]
    fn search(&self, _: super::mapping::SubjectSearch) -> Result<Option<(String, Timestamp)>, Reason> {
        Err(Reason::KeysUnavailable)
    }
}

/// From when until when a token is good, the clocks' difference granted.
struct Term {
    from: Timestamp,
    until: Timestamp,
    expires_on: Timestamp,
}

impl Term {
    /// A token without an end is refused: whoever has lost one would never be rid of it (RFC 9068 section 2.2).
    fn of(settings: &ExternalTokenValidator, said: &Object<'_>) -> Result<Self, Reason> {
        let skew = settings.clock_skew;
        let (issued, start) = (claims::date(said, "iat")?, claims::date(said, "nbf")?);
        let expires_on = claims::date(said, "exp")?.ok_or(Reason::Malformed)?;
        let from =
            issued.into_iter().chain(start).max().map_or(Timestamp::MIN, |start| start.saturating_sub(skew));
        let mut until = expires_on.saturating_add(skew);
        if let Some(age) = settings.max_age {
            let issued = issued.ok_or(Reason::Malformed)?;
            until = until.min(issued.saturating_add(age).saturating_add(skew));
        }
        Ok(Self { from, until, expires_on })
    }

    fn judge(&self, now: Timestamp) -> Result<(), Reason> {
        if now < self.from {
            return Err(Reason::NotYetValid);
        }
        if now >= self.until {
            return Err(Reason::Expired);
        }
        Ok(())
    }
}

#[cfg(feature = "client")]
impl TokenValidators {
    /// None yet, whose keys come from these sources.
    pub(crate) fn fetched(sources: Box<dyn KeySources>, fetching: Fetching) -> Self {
        Self(Arc::new(Shared { fetching: Some(fetching), ..Shared::new(sources) }))
    }

    /// Counts what has come in the background, and how long to wait for more of it; none where nothing comes.
    pub(crate) fn news(&self) -> Option<(watch::Receiver<u64>, Duration)> {
        self.0.fetching.as_ref().map(|fetching| (fetching.news.subscribe(), fetching.patience))
    }
}
