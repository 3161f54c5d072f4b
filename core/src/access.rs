//! What a granted check gives: whose token it was, and what it permits.

use std::fmt;
#[cfg(feature = "oidc")]
use std::sync::Arc;

#[cfg(feature = "oidc")]
use crate::Digest;
#[cfg(feature = "client")]
use crate::TokenRecord;
use crate::area::{Scope, ScopeSet};
#[cfg(feature = "oidc")]
use crate::bucket;
use crate::bucket::Slot;
#[cfg(feature = "oidc")]
use crate::grant::Grant;
#[cfg(feature = "client")]
use crate::grant::Grants;
#[cfg(feature = "client")]
use crate::index::Found;
use crate::index::Place;
use crate::{Api, Timestamp, TokenId};

/// Access, as it was granted at the moment of the check. It refers to the index's own copy of the token, so it
/// is cheap to make, to clone and to keep for a request; kept for longer, it keeps that copy in memory.
#[derive(Clone)]
pub struct Access {
    place: Place,
    scopes: ScopeSet,
    /// What a token of another issuer says.
    #[cfg(feature = "oidc")]
    said: Option<Arc<Said>>,
}

/// What a token of another issuer says, as the text that it came as.
#[cfg(feature = "oidc")]
pub(crate) struct Said {
    claims: Box<str>,
    subject: Option<Box<str>>,
    issuer: Option<Box<str>>,
}

#[cfg(feature = "oidc")]
impl Said {
    pub(crate) fn new(claims: Option<Box<str>>, subject: Option<Box<str>>, issuer: Option<Box<str>>) -> Self {
        Self { claims: claims.unwrap_or_default(), subject, issuer }
    }
}

impl Access {
    pub(crate) fn new(place: Place, scopes: ScopeSet) -> Self {
        Self {
            place,
            scopes,
            #[cfg(feature = "oidc")]
            said: None,
        }
    }

    /// Access by a token of another issuer: by the name of the validator that has accepted it, and as whom it acts.
    #[cfg(feature = "oidc")]
    pub(crate) fn of_other(
        digest: Digest,
        api: Api,
        names: (&str, Option<&str>),
        scopes: Vec<Box<str>>,
        expires_on: Timestamp,
        said: Said,
    ) -> Self {
        let grant = Arc::new(Grant::of_other(scopes));
        let bucket = bucket::of_other(api, grant, names, digest, expires_on);
        Self { place: Place::of(bucket), scopes: ScopeSet::default(), said: Some(Arc::new(said)) }
    }

    /// Access to a token that is in no index.
    #[cfg(feature = "client")]
    pub(crate) fn alone(record: &TokenRecord, scopes: ScopeSet, grants: &mut Grants) -> Self {
        Self::new(Place::alone(record, grants), scopes)
    }

    /// What a check asks about, and the scopes that follow from its roles.
    #[cfg(feature = "client")]
    pub(crate) fn found(&self) -> (Found<'_>, ScopeSet) {
        (self.place.found(), self.scopes)
    }

    /// The public part of the token's secret. A token of another issuer has none; what stands for it is made of its digest, so
    /// that it is the same each time.
    pub fn id(&self) -> TokenId {
        self.slot().id
    }

    /// The token's name; of a token of another issuer, that of the validator that accepted it.
    pub fn name(&self) -> &str {
        self.place.texts().0
    }

    /// The API that it opens.
    pub fn api(&self) -> Api {
        self.slot().api()
    }

    /// The roles that it holds; `config` only.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.slot().grant.roles.iter().map(|role| &**role)
    }

    /// What it permits, sorted: for `config` the vendor's scopes that follow from its roles, else its application
    /// scopes.
    pub fn scopes(&self) -> Vec<String> {
        if self.api() == Api::Config {
            let mut scopes: Vec<_> = self.scopes.iter().map(|scope| scope.to_string()).collect();
            scopes.sort_unstable();
            return scopes;
        }
        self.slot().grant.scopes.iter().map(|scope| scope.clone().into_string()).collect()
    }

    /// The same as one text, separated by spaces (RFC 6749 section 3.3).
    pub fn scope(&self) -> String {
        if self.api() == Api::Config {
            return self.scopes().join(" ");
        }
        self.slot().grant.scopes.join(" ")
    }

    /// The entry that it acts as, if any; `rest` only, but for tokens of other issuers, whose validator says it.
    pub fn target_dn(&self) -> Option<&str> {
        self.place.texts().1
    }

    /// The first instant at which it is no longer good; none for never.
    pub fn expires_on(&self) -> Option<Timestamp> {
        self.slot().expires_on()
    }

    /// Whether it permits what this scope stands for; an unknown scope is permitted to nobody.
    pub fn allows(&self, scope: &str) -> bool {
        match self.api() {
            Api::Config => scope.parse::<Scope>().is_ok_and(|scope| self.scopes.contains(scope)),
            Api::Scim | Api::Rest => self.slot().grant.has_scope(scope),
        }
    }

    /// Whether its roles permit to verify tokens of this API: [`TokenRights::verify`](crate::TokenRights::verify). A
    /// server that is asked about a secret does not tell, so it is never said of what one has granted.
    pub fn may_verify(&self, api: Api) -> bool {
        self.scopes.may_verify(api)
    }

    /// Whether its roles open this scope of the vendor's.
    pub fn permits(&self, scope: Scope) -> bool {
        self.api() == Api::Config && self.scopes.contains(scope)
    }

    /// What a token of another issuer says, all of its claims (RFC 7519), as JSON, as it came; none for an access token.
    #[cfg(feature = "oidc")]
    pub fn claims_json(&self) -> Option<&str> {
        self.said.as_ref().map(|said| &*said.claims)
    }

    /// The same, read.
    #[cfg(feature = "oidc")]
    pub fn claims(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        serde_json::from_str(self.claims_json()?).ok()
    }

    /// Whom a token of another issuer is of: its `sub` (RFC 7519 section 4.1.2), unique at its issuer alone.
    #[cfg(feature = "oidc")]
    pub fn subject(&self) -> Option<&str> {
        self.said.as_ref()?.subject.as_deref()
    }

    /// Who issued a token of another issuer: its `iss` (RFC 7519 section 4.1.1).
    #[cfg(feature = "oidc")]
    pub fn issuer(&self) -> Option<&str> {
        self.said.as_ref()?.issuer.as_deref()
    }

    /// Whether this says the same of the same token, by where it is kept and not by what it says: true only where
    /// nothing was changed in between, and false now and then although nothing was. A binding that keeps what it made
    /// of an access knows by this whether it still holds.
    pub fn is_same(&self, other: &Self) -> bool {
        self.place.is(&other.place) && self.scopes == other.scopes
    }

    fn slot(&self) -> &Slot {
        self.place.slot()
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("api", &self.api())
            .field("roles", &self.roles().collect::<Vec<_>>())
            .field("scopes", &self.scopes())
            .field("target_dn", &self.target_dn())
            .field("expires_on", &self.expires_on())
            .finish()
    }
}

const _: () = {
    const fn crosses_threads<T: Send + Sync + Clone + 'static>() {}
    crosses_threads::<Access>();
    crosses_threads::<crate::Guard>();
    crosses_threads::<crate::Verifier>();
};
