//! A store, and what an authority reads of it.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::ChaCha12Rng;

use super::super::upstream::Ask;
use crate::wire::{Changes, Packed, Position, StartOver};
use crate::{
    Api, Area, Caller, Digest, Expiration, Issued, Issuer, Level, NewToken, Permissions, Role, RoleBook,
    Rotation, Scope, Timestamp, TokenId, TokenPolicy, TokenRecord, at,
};

/// The role that some tokens hold, and whose permissions change.
pub(super) const ROLE: &str = "operators";
/// What it sometimes permits.
pub(super) const ROLE_SCOPE: &str = "SCOPE_SETTINGS_EDIT";
/// What all tokens of the other API may.
pub(super) const SCOPE: &str = "orders:read";

#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) position: Position,
    /// Deletions up to this revision are forgotten.
    pub(super) kept_from: i64,
    roles: RoleBook,
    roles_revision: i64,
    tokens: BTreeMap<TokenId, (i64, TokenRecord)>,
    deleted: BTreeMap<TokenId, i64>,
    /// Those whose tokens the replica may verify.
    pub(super) apis: Vec<Api>,
}

impl Store {
    pub(super) fn new(rng: &mut ChaCha12Rng) -> Self {
        let id = word(rng);
        Self {
            position: Position { store_id: id.clone(), epoch: id, revision: 0 },
            kept_from: 0,
            roles: book(true),
            roles_revision: 0,
            tokens: BTreeMap::new(),
            deleted: BTreeMap::new(),
            apis: Api::ALL.to_vec(),
        }
    }

    fn next(&mut self) -> i64 {
        self.position.revision += 1;
        self.position.revision
    }

    pub(super) fn issue(
        &mut self,
        api: Api,
        expires: Option<Timestamp>,
        now: Timestamp,
        rng: &mut ChaCha12Rng,
    ) -> Issued {
        let asked = NewToken::new(format!("token-{}", self.position.revision), api);
        let asked = if api == Api::Config { asked.role(ROLE) } else { asked.scope(SCOPE) };
        let asked = asked.expires(expires.map_or(Expiration::Never, at));
        let any = Issuer { policy: TokenPolicy::UNLIMITED, ..Issuer::default() };
        let issued = any.issue(&asked, &Caller::owner("simulation"), &self.roles, now, rng).unwrap();
        self.put(issued.record.clone());
        issued
    }

    /// Gives the token a new secret; none where that cannot be.
    pub(super) fn rotate(
        &mut self,
        id: TokenId,
        grace: Duration,
        now: Timestamp,
        rng: &mut ChaCha12Rng,
    ) -> Option<Issued> {
        let record = &self.tokens.get(&id)?.1;
        let (rotation, caller) = (Rotation::with_grace(grace).force(), Caller::owner("simulation"));
        let issued = Issuer::default().rotate(record, &rotation, &caller, &self.roles, now, rng).ok()?;
        self.put(issued.record.clone());
        Some(issued)
    }

    pub(super) fn revoke(&mut self, id: TokenId, now: Timestamp) {
        if let Some((_, record)) = self.tokens.get(&id).cloned() {
            self.put(record.revoked(now));
        }
    }

    pub(super) fn delete(&mut self, id: TokenId) {
        if self.tokens.remove(&id).is_some() {
            let revision = self.next();
            self.deleted.insert(id, revision);
        }
    }

    /// Gives the role what it permits, or takes it.
    pub(super) fn toggle_role(&mut self) {
        let permits = self.role_permits();
        self.roles = book(!permits);
        self.roles_revision = self.next();
    }

    /// What was deleted until now is forgotten.
    pub(super) fn forget(&mut self) {
        self.kept_from = self.position.revision;
        self.deleted.clear();
    }

    /// Goes on from a backup.
    pub(super) fn restore(&mut self, backup: &Self, rng: &mut ChaCha12Rng) {
        *self = backup.clone();
        self.position.epoch = word(rng);
    }

    fn put(&mut self, record: TokenRecord) {
        let revision = self.next();
        self.tokens.insert(record.id(), (revision, record));
    }

    fn role_permits(&self) -> bool {
        self.roles.permissions([ROLE]).allows(ROLE_SCOPE.parse::<Scope>().unwrap())
    }

    /// Those that were not deleted, revoked ones included.
    pub(super) fn ids(&self) -> impl Iterator<Item = TokenId> {
        self.tokens.keys().copied()
    }

    /// From when on a secret is no longer good because its time is over; none where it is not good.
    pub(super) fn good_until(&self, id: TokenId, secret: &str) -> Option<i64> {
        let record = &self.tokens.get(&id)?.1;
        let (token, digest) = (record.token(), Digest::of(secret.as_bytes()));
        let expires = token.expires_on.map_or(i64::MAX, Timestamp::as_millis);
        let until = if digest == record.digest() {
            expires
        } else if Some(digest) == record.previous_digest() {
            token.grace_until?.as_millis().min(expires)
        } else {
            return None;
        };
        let permitted = token.api != Api::Config || self.role_permits();
        (permitted && token.revoked_on.is_none()).then_some(until)
    }

    /// What is told to one who asks.
    pub(super) fn changes(&self, ask: &Ask, now: Timestamp) -> Changes {
        let after = ask.position.revision;
        let start_over = if (&ask.position.store_id, &ask.position.epoch)
            != (&self.position.store_id, &self.position.epoch)
        {
            Some(StartOver::OtherEpoch)
        } else if after > self.position.revision {
            Some(StartOver::Ahead)
        } else if after < self.kept_from {
            Some(StartOver::Forgotten)
        } else {
            None
        };
        let mut changes = Changes {
            nonce: ask.nonce.clone(),
            position: self.position.clone(),
            now,
            apis: self.apis.clone(),
            credential_expires_on: None,
            start_over,
            roles: None,
            validators: None,
            tokens: Vec::new(),
            deleted: Vec::new(),
        };
        if start_over.is_none() {
            changes.roles = (self.roles_revision > after).then(|| self.roles.clone());
            let newer = self.tokens.values().filter(|(revision, _)| *revision > after);
            let newer = newer.filter(|(_, record)| self.apis.contains(&record.token().api));
            changes.tokens = newer.map(|(_, record)| packed(record)).collect();
            let deleted = self.deleted.iter().filter(|(_, revision)| **revision > after);
            changes.deleted = deleted.map(|(id, _)| *id).collect();
        }
        changes
    }

    /// A few tokens for a snapshot, after this id, and the last one's id.
    pub(super) fn portion(
        &self,
        after: Option<TokenId>,
        apis: &[Api],
        count: usize,
    ) -> (Vec<Packed<'static>>, Option<TokenId>) {
        let rest = self.tokens.iter().filter(|(id, _)| after.is_none_or(|after| **id > after)).take(count);
        let (mut tokens, mut last) = (Vec::new(), None);
        for (id, (_, record)) in rest {
            last = Some(*id);
            if apis.contains(&record.token().api) {
                tokens.push(packed(record));
            }
        }
        (tokens, last)
    }

    pub(super) fn roles(&self) -> &RoleBook {
        &self.roles
    }
}

fn packed(record: &TokenRecord) -> Packed<'static> {
    serde_json::from_slice(&serde_json::to_vec(&Packed::from(record)).unwrap()).unwrap()
}

fn book(permits: bool) -> RoleBook {
    let level = if permits { Level::Edit } else { Level::View };
    RoleBook::with([Role::new(ROLE, Permissions::none().with(Area::Settings, level))]).unwrap()
}

fn word(rng: &mut ChaCha12Rng) -> String {
    format!("{:032x}", rng.random::<u128>())
}
