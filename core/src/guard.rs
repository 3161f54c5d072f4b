//! One compiled requirement, and the check itself: DESIGN's order of questions, each with its reason.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use subtle::ConstantTimeEq;

use crate::access::Access;
use crate::area::{Scope, ScopeSet};
use crate::bearer::Authorization;
use crate::denied::Denied;
use crate::format::{self, FormError};
use crate::freshness::Freshness;
use crate::grant::Grant;
use crate::index::{Found, Index};
use crate::network;
#[cfg(feature = "oidc")]
use crate::oidc::{TokenValidators, looks_like_one};
use crate::reason::Reason;
use crate::scope::canonical_scopes;
use crate::secret::strip_scheme;
use crate::{Api, Digest, Result, Timestamp, TokenId};

/// What a check says: the access, or why there is none.
pub type Verdict = std::result::Result<Access, Denied>;

/// A requirement on a verifier's tokens: an API and scopes. Made once, by
/// [`Verifier::guard`](crate::Verifier::guard), and asked on each request.
#[derive(Debug, Clone)]
pub struct Guard {
    index: Arc<Index>,
    freshness: Arc<Freshness>,
    api: Api,
    vendor_scopes: ScopeSet,
    application_scopes: Box<[Box<str>]>,
    /// All of them, as a challenge names them.
    scope: Arc<str>,
    memo: Memo,
    #[cfg(feature = "oidc")]
    validators: TokenValidators,
    /// What keeps the index up to date goes on for as long as somebody checks against it.
    #[cfg(feature = "service")]
    _source: Option<Arc<crate::source::Source>>,
    /// What was used is noted here.
    #[cfg(feature = "service")]
    uses: Option<Arc<crate::usage::Uses>>,
}

impl Guard {
    pub(crate) fn compile<S: AsRef<str>>(
        index: Arc<Index>,
        freshness: Arc<Freshness>,
        api: Api,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let scopes: Vec<S> = scopes.into_iter().collect();
        let names: Vec<&str> = scopes.iter().map(AsRef::as_ref).collect();
        let (mut vendor_scopes, mut application_scopes) = (ScopeSet::default(), Vec::new());
        match api {
            Api::Config => {
                vendor_scopes = names.iter().map(|name| name.parse::<Scope>()).collect::<Result<_>>()?;
            }
            Api::Scim | Api::Rest => application_scopes = canonical_scopes(names.iter().copied())?,
        }
        let application_scopes = application_scopes.into_iter().map(String::into_boxed_str).collect();
        let scope = names.join(" ").into();
        Ok(Self {
            index,
            freshness,
            api,
            vendor_scopes,
            application_scopes,
            scope,
            memo: Memo::default(),
            #[cfg(feature = "oidc")]
            validators: TokenValidators::default(),
            #[cfg(feature = "service")]
            _source: None,
            #[cfg(feature = "service")]
            uses: None,
        })
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn with_validators(self, validators: TokenValidators) -> Self {
        Self { validators, ..self }
    }

    #[cfg(feature = "service")]
    pub(crate) fn fed_by(self, source: Option<&Arc<crate::source::Source>>) -> Self {
        let uses = source.and_then(|source| source.uses().cloned());
        Self { _source: source.cloned(), uses, ..self }
    }

    /// The API that it wants.
    pub fn api(&self) -> Api {
        self.api
    }

    /// The scopes that it wants, separated by spaces.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Checks the `Authorization` header as it came, and the peer's address if it is known.
    pub fn check<'a>(&self, authorization: impl Into<Authorization<'a>>, peer: Option<IpAddr>) -> Verdict {
        let credential = authorization.into().credential().map_err(Denied::new)?;
        self.look(credential, peer).map_err(|refusal| match refusal.reason {
            // What is no token of ours may still be no credential at all, which is the sender's mistake.
            Reason::Malformed if !Authorization::is_well_formed(credential) => {
                Denied::new(Reason::InvalidHeader)
            }
            _ => self.denied(refusal),
        })
    }

    /// Checks a bare secret.
    pub fn check_secret(&self, secret: &str, peer: Option<IpAddr>) -> Verdict {
        self.look(secret.as_bytes(), peer).map_err(|refusal| self.denied(refusal))
    }

    /// The same, and where a token of another issuer cannot be told now because its provider's keys are being fetched
    /// (`keys_unavailable`), waits until they are there: as long as one attempt may take, at the most.
    #[cfg(feature = "client")]
    pub async fn check_async<'a>(
        &self,
        authorization: impl Into<Authorization<'a>>,
        peer: Option<IpAddr>,
    ) -> Verdict {
        let authorization = authorization.into();
        self.again(|| self.check(authorization, peer)).await
    }

    /// The same of a bare secret.
    #[cfg(feature = "client")]
    pub async fn check_secret_async(&self, secret: &str, peer: Option<IpAddr>) -> Verdict {
        self.again(|| self.check_secret(secret, peer)).await
    }

    #[cfg(feature = "client")]
    async fn again(&self, check: impl Fn() -> Verdict) -> Verdict {
        let cannot_tell =
            |verdict: &Verdict| matches!(verdict, Err(Denied { reason: Reason::KeysUnavailable, .. }));
        let first = check();
        let Some((mut news, patience)) = cannot_tell(&first).then(|| self.validators.news()).flatten() else {
            return first;
        };
        let until_told = async {
            loop {
                news.borrow_and_update(); // first, so that nothing that comes from here on is missed
                let verdict = check();
                if !cannot_tell(&verdict) || news.changed().await.is_err() {
                    return verdict;
                }
            }
        };
        tokio::time::timeout(patience, until_told).await.unwrap_or(first)
    }

    /// The check itself. Memory is what it waits for, so its order matters: the way to the bucket is on its way
    /// while the digest is made, and the bucket is looked into last. What follows is short, so that the processor
    /// comes to whatever the caller does next while it still waits.
    #[inline]
    fn look(&self, credential: &[u8], peer: Option<IpAddr>) -> std::result::Result<Access, Refusal> {
        let secret = strip_scheme(credential);
        let form = match format::parse(secret) {
            Ok(form) => form,
            Err(error) => return self.look_elsewhere(secret, error),
        };
        let proof = self.freshness.last_proof();
        let sought = self.index.seek(form.id);
        let digest = Digest::of(secret);
        let now = self.freshness.now_if_fresh(proof).ok_or(Refusal { reason: Reason::Stale, id: None })?;
        let Some(found) = sought.find() else {
            std::hint::black_box(digest.ct_eq(&Digest::DUMMY));
            return Err(Refusal { reason: Reason::Unknown, id: None });
        };
        let (at, scopes) = (found.at, found.slot.grant.vendor_scopes());
        match self.question(&found, digest, now, peer, scopes) {
            None => {
                #[cfg(feature = "service")]
                if let Some(uses) = &self.uses {
                    uses.note(form.id, now, peer);
                }
                Ok(Access::new(sought.keep(at), scopes))
            }
            Some(reason) => Err(Refusal { reason, id: Some(form.id) }),
        }
    }

    /// What is no secret of ours may be a token of another issuer. How old the knowledge of validators may be is asked of it
    /// too: one that is taken away is a revocation of all tokens that it accepted.
    #[cold]
    fn look_elsewhere(&self, secret: &[u8], error: FormError) -> std::result::Result<Access, Refusal> {
        #[cfg(feature = "oidc")]
        if looks_like_one(secret) && self.validators.serve(self.api) {
            let refused = |reason| Refusal { reason, id: None };
            let proof = self.freshness.last_proof();
            let now = self.freshness.now_if_fresh(proof).ok_or(refused(Reason::Stale))?;
            let access = self.validators.check(self.api, secret, now).map_err(refused)?;
            let permitted = self.application_scopes.iter().all(|scope| access.allows(scope));
            return if permitted { Ok(access) } else { Err(refused(Reason::InsufficientScope)) };
        }
        #[cfg(not(feature = "oidc"))]
        let _ = secret;
        Err(error.into())
    }

    /// What a check says at this time of a secret of which its server has told that it is good, and of which token:
    /// whatever its form. From which networks it may come, only the server knows, and has been asked.
    #[cfg(feature = "client")]
    pub(crate) fn check_known(&self, token: &Access, digest: Digest, now: Timestamp) -> Verdict {
        let (found, scopes) = token.found();
        match self.question(&found, digest, now, None, scopes) {
            None => Ok(token.clone()),
            Some(reason) => Err(self.denied(Refusal { reason, id: Some(token.id()) })),
        }
    }

    #[cold]
    fn denied(&self, Refusal { reason, id }: Refusal) -> Denied {
        let scope = (reason == Reason::InsufficientScope).then(|| Arc::clone(&self.scope));
        Denied { reason, id, scope }
    }

    /// What speaks against a token that was found, in the order in which it is asked.
    #[inline]
    fn question(
        &self,
        found: &Found<'_>,
        digest: Digest,
        now: Timestamp,
        peer: Option<IpAddr>,
        scopes: ScopeSet,
    ) -> Option<Reason> {
        let slot = found.slot;
        if !bool::from(digest.ct_eq(&slot.digest)) {
            match found.rare().and_then(|rare| rare.previous) {
                Some((previous, until)) if digest == previous => {
                    if now >= until {
                        return Some(Reason::Superseded);
                    }
                }
                _ => return Some(Reason::WrongSecret),
            }
        }
        if slot.revoked() {
            return Some(Reason::Revoked);
        }
        let limits = if slot.limited() { found.rare() } else { None };
        if limits.and_then(|rare| rare.not_before).is_some_and(|start| now < start) {
            return Some(Reason::NotYetValid);
        }
        if slot.is_expired(now) {
            return Some(Reason::Expired);
        }
        if slot.api() != self.api {
            return Some(Reason::WrongApi);
        }
        if limits.is_some_and(|rare| !network::permits(&rare.networks, peer)) {
            return Some(Reason::NetworkNotAllowed);
        }
        let permitted = scopes.covers(self.vendor_scopes)
            && self.memo.holds(&slot.grant, |grant| {
                self.application_scopes.iter().all(|scope| grant.has_scope(scope))
            });
        (!permitted).then_some(Reason::InsufficientScope)
    }
}

/// A denial while it is still small.
struct Refusal {
    reason: Reason,
    id: Option<TokenId>,
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        let reason = match error {
            FormError::Malformed => Reason::Malformed,
            FormError::Checksum => Reason::ChecksumMismatch,
        };
        Self { reason, id: None }
    }
}

/// The grants that are known to have all application scopes, by their serial numbers: neither a grant's scopes
/// nor a guard's ever change. Comparing texts takes branches that no processor can foresee, and each wrong guess
/// is made while it waits for memory.
#[derive(Debug)]
struct Memo([AtomicU64; 64]);

impl Default for Memo {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; 64])
    }
}

impl Memo {
    fn holds(&self, grant: &Grant, look: impl FnOnce(&Grant) -> bool) -> bool {
        #[expect(clippy::indexing_slicing, reason = "a byte's six lower bits, and 64 places")]
        let known = &self.0[usize::from(grant.serial.to_le_bytes()[0] & 63)];
        if known.load(Ordering::Relaxed) == grant.serial {
            return true;
        }
        let holds = look(grant);
        if holds {
            known.store(grant.serial, Ordering::Relaxed);
        }
        holds
    }
}

/// A clone starts to learn anew, in memory of its own.
impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}
