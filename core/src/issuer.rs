//! Making tokens: what may be asked for, and what comes of it. Time, randomness, roles and caller are passed in.

use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;
use rand::TryCryptoRng;
use serde::Serialize;

use crate::delegation::Caller;
use crate::format::{Brand, TokenId};
use crate::name::check_name;
use crate::network::{MAX_NETWORKS, canonical_network};
use crate::record::{
    MAX_DESCRIPTION_LENGTH, MAX_METADATA, MAX_METADATA_KEY_LENGTH, MAX_METADATA_VALUE_LENGTH, Status,
};
use crate::role::RoleBook;
use crate::scope::canonical_scopes;
use crate::{
    AccessToken, Api, Dn, Error, ErrorKind, Expiration, Result, Secret, Timestamp, TokenPolicy, TokenRecord,
};

/// The greatest number of roles that a token holds (the vendor's limit).
pub const MAX_ROLES: usize = 100;

/// What is asked for: a name, an API, and the rest by the methods.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct NewToken {
    pub(crate) name: String,
    pub(crate) api: Api,
    pub(crate) expires: Option<Expiration>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) target_dn: Option<String>,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl NewToken {
    /// Asks for a token of this name, for this API.
    pub fn new(name: impl Into<String>, api: Api) -> Self {
        Self {
            name: name.into(),
            api,
            expires: None,
            not_before: None,
            roles: Vec::new(),
            scopes: Vec::new(),
            target_dn: None,
            networks: Vec::new(),
            description: None,
            metadata: BTreeMap::new(),
        }
    }

    /// When it expires.
    pub fn expires(mut self, expiration: Expiration) -> Self {
        self.expires = Some(expiration);
        self
    }

    /// From when on it is good.
    pub fn not_before(mut self, instant: Timestamp) -> Self {
        self.not_before = Some(instant);
        self
    }

    /// Adds a role; a `config` token has at least one, another none.
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.roles.push(name.into());
        self
    }

    /// Adds an application scope; not for a `config` token, whose scopes come from its roles.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// The entry that a `rest` token acts as.
    pub fn target_dn(mut self, dn: impl Into<String>) -> Self {
        self.target_dn = Some(dn.into());
        self
    }

    /// Adds a network that it may be used from; from anywhere where none is added.
    pub fn network(mut self, network: IpNet) -> Self {
        self.networks.push(network);
        self
    }

    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Adds a label.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// How a token's secret is to be changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
#[must_use]
pub struct Rotation {
    /// A new expiration; the old one stays where none is given.
    pub expires: Option<Expiration>,
    /// How long the old secret stays good, to the millisecond and never past its own expiry; zero ends it.
    pub grace: Duration,
    /// Whether to go on while an earlier rotation is in its grace, which ends the older secret.
    pub force: bool,
}

impl Rotation {
    /// The old secret stays good for this long.
    pub fn with_grace(grace: Duration) -> Self {
        Self { grace, ..Self::default() }
    }

    /// Asks for a new expiration.
    pub fn expires(mut self, expiration: Expiration) -> Self {
        self.expires = Some(expiration);
        self
    }

    /// Goes on even while an earlier rotation is in its grace.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }
}

/// A token that was made: the secret, to be handed over once, and the record, to be kept.
#[derive(Debug, Clone)]
#[must_use = "the secret is here and nowhere else"]
pub struct Issued {
    /// The secret.
    pub secret: Secret,
    /// The record.
    pub record: TokenRecord,
}

/// Makes and rotates tokens under a brand and a policy.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Issuer {
    /// What the secrets begin with.
    pub brand: Brand,
    /// How long the tokens may live.
    pub policy: TokenPolicy,
}

impl Issuer {
    /// An issuer of secrets of this brand under this policy.
    pub fn new(brand: Brand, policy: TokenPolicy) -> Self {
        Self { brand, policy }
    }

    /// Makes a token, if it is possible and `caller` may give it.
    ///
    /// # Errors
    /// Invalid input, naming the field; forbidden, by [`Caller::may_yield`]; internal where the system has no
    /// randomness.
    pub fn issue<R: TryCryptoRng>(
        &self,
        asked: &NewToken,
        caller: &Caller,
        book: &RoleBook,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<Issued> {
        let mut token = self.describe(asked, book, now)?;
        caller.may_yield(&token, book)?;
        let id = TokenId::generate(rng)?;
        token.id = Some(id);
        token.created_by = Some(caller.name.clone());
        let secret = Secret::generate_for(&self.brand, token.api, id, rng)?;
        let record = TokenRecord::new(token, secret.digest(), None)?;
        Ok(Issued { secret, record })
    }

    /// Gives a token a new secret. Its id and name stay, and its expiry unless another is asked for; the old
    /// secret dies after the grace, or at its own expiry if that is sooner.
    ///
    /// # Errors
    /// Conflict: `token_revoked`, `token_expired`, or `rotation_in_grace` while an earlier rotation is in its
    /// grace and this one is not forced. Otherwise as [`issue`](Self::issue).
    pub fn rotate<R: TryCryptoRng>(
        &self,
        record: &TokenRecord,
        rotation: &Rotation,
        caller: &Caller,
        book: &RoleBook,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<Issued> {
        let before = record.token();
        let conflict = |code, text: &'static str| Err(Error::new(ErrorKind::Conflict, code, text));
        match before.status(now) {
            Status::Revoked => return conflict("token_revoked", "a revoked token cannot be rotated"),
            Status::Expired => return conflict("token_expired", "an expired token cannot be rotated"),
            Status::Active | Status::NotYetValid => {}
        }
        if !rotation.force && before.grace_until.is_some_and(|end| now < end) {
            let text = "an earlier rotation is in its grace; wait, or force this one";
            return conflict("rotation_in_grace", text);
        }
        let mut after = before.clone();
        if rotation.expires.is_some() {
            after.expires_on = self.policy.expiry(rotation.expires.as_ref(), now)?;
            check_window(after.not_before, after.expires_on)?;
        }
        let end_of_grace = now.saturating_add(rotation.grace);
        after.grace_until = Some(before.expires_on.map_or(end_of_grace, |end| end.min(end_of_grace)));
        after.rotated_on = Some(now);
        // What it permitted before is what it permits after; only its expiry may differ, and that is checked.
        caller.may_yield(&after, book)?;
        let secret = Secret::generate_for(&self.brand, after.api, record.id(), rng)?;
        let record = record.replaced(after, secret.digest());
        Ok(Issued { secret, record })
    }

    /// The token that would be made, or what makes it impossible.
    fn describe(&self, asked: &NewToken, book: &RoleBook, now: Timestamp) -> Result<AccessToken> {
        check_name("name", &asked.name)?;
        check_description(asked)?;
        let networks = canonical_networks(&asked.networks)?;
        let expires_on = self.policy.expiry(asked.expires.as_ref(), now)?;
        check_window(asked.not_before, expires_on)?;
        if let Some(dn) = &asked.target_dn {
            if asked.api != Api::Rest {
                return Err(Error::invalid(
                    "targetDn",
                    "target_dn_not_rest",
                    "only a rest token acts as an entry",
                ));
            }
            if dn.trim().is_empty() {
                return Err(Error::invalid("targetDn", "dn_malformed", "the root is nobody to act as"));
            }
            Dn::parse("targetDn", dn)?;
        }
        Ok(AccessToken {
            roles: roles_for(asked, book)?,
            scopes: scopes_for(asked)?,
            target_dn: asked.target_dn.clone(),
            networks,
            description: asked.description.clone(),
            metadata: asked.metadata.clone(),
            not_before: asked.not_before,
            expires_on,
            ..AccessToken::new(asked.name.clone(), asked.api, now)
        })
    }
}

fn roles_for(asked: &NewToken, book: &RoleBook) -> Result<Vec<String>> {
    let fault = |code, text| Err(Error::invalid("roles", code, text));
    match (asked.api, asked.roles.as_slice()) {
        (Api::Config, []) => return fault("role_required", "a config token needs at least one role"),
        (Api::Scim | Api::Rest, [_, ..]) => {
            return fault("roles_not_config", "only a config token holds roles");
        }
        (_, roles) if roles.len() > MAX_ROLES => {
            return fault("too_many_roles", "a token holds at most 100 roles");
        }
        _ => {}
    }
    let mut roles: Vec<String> = Vec::with_capacity(asked.roles.len());
    for name in &asked.roles {
        let Some(role) = book.get(name) else { return fault("unknown_role", "no role of this name exists") };
        if !roles.contains(&role.name) {
            roles.push(role.name.clone());
        }
    }
    Ok(roles)
}

fn scopes_for(asked: &NewToken) -> Result<Vec<String>> {
    if asked.api == Api::Config && !asked.scopes.is_empty() {
        let text = "the scopes of a config token come from its roles";
        return Err(Error::invalid("scopes", "scopes_on_config", text));
    }
    canonical_scopes(asked.scopes.iter().map(String::as_str))
}

fn canonical_networks(asked: &[IpNet]) -> Result<Vec<IpNet>> {
    let mut networks: Vec<_> = asked.iter().map(canonical_network).collect();
    networks.sort_unstable();
    networks.dedup();
    if networks.len() > MAX_NETWORKS {
        return Err(Error::invalid(
            "networks",
            "too_many_networks",
            "a token is bound to at most 64 networks",
        ));
    }
    Ok(networks)
}

fn check_window(not_before: Option<Timestamp>, expires_on: Option<Timestamp>) -> Result<()> {
    match not_before.zip(expires_on) {
        Some((start, end)) if start >= end => {
            let text = "the token would expire before it is good";
            Err(Error::invalid("notBefore", "not_before_after_expiry", text))
        }
        _ => Ok(()),
    }
}

fn check_description(asked: &NewToken) -> Result<()> {
    if asked.description.as_ref().is_some_and(|text| text.chars().count() > MAX_DESCRIPTION_LENGTH) {
        return Err(Error::invalid("description", "description_too_long", "at most 1000 characters"));
    }
    let too_long = |(key, value): (&String, &String)| {
        key.is_empty() || key.len() > MAX_METADATA_KEY_LENGTH || value.len() > MAX_METADATA_VALUE_LENGTH
    };
    if asked.metadata.len() > MAX_METADATA || asked.metadata.iter().any(too_long) {
        let text = "at most 64 entries, with keys of 1 to 64 bytes and values of up to 1024";
        return Err(Error::invalid("metadata", "metadata_too_large", text));
    }
    Ok(())
}
