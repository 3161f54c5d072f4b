//! The delegation rule, attacked: whoever holds one credential does what they like with it and with all that it
//! gets them, and never ends up with more than they began with.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use gatepass::{
    AccessToken, Api, Area, Brand, Caller, Digest, Dn, Error, ErrorKind, Expiration, Issued, Issuer, Level,
    NewToken, Permissions, Role, RoleBook, Rotation, Scope, Status, Timestamp, TokenId, TokenPolicy,
    TokenRecord, TokenRights, at, days, parse_network,
};
use ipnet::IpNet;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::{Value, json};

const DAY: i64 = 86_400_000;

/// The names that roles are asked for by. The first five may exist and may not; the rest always do.
const ROLES: [&str; 9] = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "Directory Administrator",
    "Security Administrator",
    "aciadmin",
    "Read Only",
];
const CUSTOM: usize = 5;

/// Names as they are written, and the entry each stands for: its path from the root, spelt one way.
const DNS: [(&str, &[&str]); 17] = [
    ("", &[]),
    ("o=acme", &["o=acme"]),
    ("ou=svc,o=acme", &["o=acme", "ou=svc"]),
    ("OU = SVC , O=Acme", &["o=acme", "ou=svc"]),
    ("ou=\\73vc,o=acme", &["o=acme", "ou=svc"]),
    ("uid=a,ou=svc,o=acme", &["o=acme", "ou=svc", "uid=a"]),
    ("uid=a,ou=other,o=acme", &["o=acme", "ou=other", "uid=a"]),
    ("ou=svc\\,o=acme", &["ou=svc,o=acme"]),
    ("uid=a,ou=svc\\2co=acme", &["ou=svc,o=acme", "uid=a"]),
    ("uid=a,ou=svc\\,o=acme,o=acme", &["o=acme", "ou=svc,o=acme", "uid=a"]),
    ("cn=a+cn=b,o=acme", &["o=acme", "cn=a+cn=b"]),
    ("CN=B + CN=A,o=acme", &["o=acme", "cn=a+cn=b"]),
    ("cn=a\\+cn=b,o=acme", &["o=acme", "cn=the plus"]),
    ("cn=a,o=acme", &["o=acme", "cn=a"]),
    ("ou=#0403737663,o=acme", &["o=acme", "ou=the bytes"]),
    ("ou=\\#0403737663,o=acme", &["o=acme", "ou=the hash"]),
    ("o=acme,c=us", &["c=us", "o=acme"]),
];
const NETWORKS: [&str; 9] = [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.2.0/24",
    "::ffff:10.1.2.0/120",
    "192.168.0.0/16",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "2001:db8:1::/48",
];
const PEERS: [&str; 9] = [
    "10.1.2.3",
    "10.1.9.9",
    "10.9.9.9",
    "192.168.1.1",
    "8.8.8.8",
    "::ffff:10.1.2.3",
    "2001:db8:1::1",
    "2001:db8:2::1",
    "2002::1",
];
const SCOPES: [&str; 3] = ["orders:read", "orders:write", "*"];

fn start_of_time() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn after(count: i64) -> Timestamp {
    Timestamp::from_millis(start_of_time().as_millis() + count * DAY).unwrap()
}

// What a credential is good for, worked out from the JSON of its roles and not by the code that is tried.

/// One atom for each thing that is permitted; the right over a subtree by its path.
#[derive(Debug, Clone, Default)]
struct Power {
    everything: bool,
    atoms: BTreeSet<String>,
    scopes: BTreeSet<String>,
    subtrees: Vec<&'static [&'static str]>,
}

impl Power {
    fn is_none(&self) -> bool {
        !self.everything && self.atoms.is_empty() && self.scopes.is_empty() && self.subtrees.is_empty()
    }

    fn is_within(&self, other: &Self) -> bool {
        let below = |path: &[&str]| other.subtrees.iter().any(|base| path.starts_with(base));
        other.everything
            || !self.everything
                && self.atoms.is_subset(&other.atoms)
                && (other.scopes.contains("*") || self.scopes.is_subset(&other.scopes))
                && self.subtrees.iter().all(|path| below(path))
    }

    fn and(mut self, other: Self) -> Self {
        self.everything |= other.everything;
        self.atoms.extend(other.atoms);
        self.scopes.extend(other.scopes);
        self.subtrees.extend(other.subtrees);
        self
    }

    fn of_role(role: &Role) -> Self {
        let mut json = serde_json::to_value(role).unwrap();
        let mut power = Self { everything: role.name == "Directory Administrator", ..Self::default() };
        for key in ["name", "entryDn", "defaultRole"] {
            json.as_object_mut().unwrap().remove(key);
        }
        let rights: TokenRights =
            serde_json::from_value(json["gatepassPermissions"].take()).unwrap_or_default();
        power.subtrees = rights.issue_rest.iter().map(|dn| path(dn.as_str())).collect();
        power.scopes = rights.issue_scopes;
        power.atoms.extend(rights.issue_scim.then(|| "scim".to_owned()));
        power.atoms.extend(rights.verify.iter().map(|api| format!("verify {api}")));
        let catalog = &mut json["dataCatalogPermissions"];
        let (base, overrides) =
            (catalog["dataSourcesPermission"].clone(), catalog["dataSourceOverrides"].take());
        let mut sources = BTreeMap::from([("crm".to_owned(), json!({"permission": base}))]);
        for entry in overrides.as_array().unwrap() {
            let mut entry = entry.clone();
            let name = entry["dataSourceName"].take();
            sources.insert(name.as_str().unwrap().to_owned(), entry);
        }
        json["sources"] = json!(sources);
        collect("", &json, &mut power.atoms);
        power
    }

    fn of_roles<'a>(names: impl IntoIterator<Item = &'a String>, book: &RoleBook) -> Self {
        let roles = names.into_iter().filter_map(|name| book.get(name));
        roles.map(Self::of_role).fold(Self::default(), Self::and)
    }

    fn of_token(token: &AccessToken, book: &RoleBook) -> Self {
        let mut power = Self { scopes: token.scopes.iter().cloned().collect(), ..Self::default() };
        match token.api {
            Api::Config => return power.and(Self::of_roles(&token.roles, book)),
            Api::Scim => power.atoms.extend(["scim".to_owned()]),
            Api::Rest => power.subtrees.push(path(token.target_dn.as_deref().unwrap_or_default())),
        }
        power
    }
}

fn collect(at: &str, value: &Value, atoms: &mut BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(false) => {}
        Value::Bool(true) => atoms.extend([at.to_owned()]),
        Value::String(level) if level == "NONE" => {}
        Value::String(level) if level == "VIEW" => atoms.extend([format!("{at} VIEW")]),
        Value::String(level) if level == "EDIT" => atoms.extend([format!("{at} VIEW"), format!("{at} EDIT")]),
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| collect(&format!("{at}/{key}"), value, atoms));
        }
        Value::Array(list) if list.is_empty() => {}
        other => atoms.extend([format!("{at} {other}")]),
    }
}

fn path(dn: &str) -> &'static [&'static str] {
    DNS.iter().find(|(text, _)| *text == dn).map_or_else(|| panic!("{dn}"), |(_, path)| *path)
}

/// The peers that a token of these networks lets in.
fn peers(networks: &[IpNet]) -> BTreeSet<&'static str> {
    let lets_in = |peer: &str| {
        let peer = peer.parse::<IpAddr>().unwrap().to_canonical();
        networks.is_empty() || networks.iter().any(|network| network.contains(&peer))
    };
    PEERS.into_iter().filter(|peer| lets_in(peer)).collect()
}

// The world.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Credential {
    User(usize),
    Token(TokenId),
}

#[derive(Clone)]
struct World {
    now: Timestamp,
    book: RoleBook,
    users: BTreeMap<usize, Vec<String>>,
    tokens: BTreeMap<TokenId, TokenRecord>,
    hand: BTreeSet<Credential>,
    made: u32,
}

/// Only what differs from world to world.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.tokens.values().map(|record| serde_json::to_string(record.token()).unwrap());
        f.debug_struct("World")
            .field("custom_roles", &serde_json::to_string(&self.book).unwrap())
            .field("users", &self.users)
            .field("tokens", &tokens.collect::<Vec<_>>())
            .field("hand", &self.hand)
            .finish_non_exhaustive()
    }
}

/// What the attacker had to begin with.
#[derive(Debug)]
struct Start {
    power: Power,
    expires_on: Option<Timestamp>,
    peers: Option<BTreeSet<&'static str>>,
    /// Of all credentials, also those of others.
    powers: BTreeMap<Credential, Power>,
}

impl Start {
    fn is_limited(&self) -> bool {
        self.expires_on.is_some() || self.peers.is_some()
    }
}

impl World {
    fn caller(&self, credential: Credential) -> Option<Caller> {
        match credential {
            Credential::User(user) => {
                let roles = self.users.get(&user)?.iter().map(String::as_str);
                Some(Caller::user(format!("user {user}"), roles, &self.book))
            }
            Credential::Token(id) => {
                let token = self.tokens.get(&id)?.token();
                (token.status(self.now) == Status::Active).then(|| Caller::token(token, &self.book))
            }
        }
    }

    fn power(&self, credential: Credential) -> Power {
        match credential {
            Credential::User(user) => Power::of_roles(&self.users[&user], &self.book),
            Credential::Token(id) => Power::of_token(self.tokens[&id].token(), &self.book),
        }
    }

    fn credentials(&self) -> BTreeSet<Credential> {
        let users = self.users.keys().map(|user| Credential::User(*user));
        users.chain(self.tokens.keys().map(|id| Credential::Token(*id))).collect()
    }

    fn start(&self) -> Start {
        let credential = *self.hand.first().unwrap();
        let powers =
            self.credentials().into_iter().map(|credential| (credential, self.power(credential))).collect();
        let (expires_on, networks) = match credential {
            Credential::User(_) => (None, Vec::new()),
            Credential::Token(id) => {
                let token = self.tokens[&id].token();
                (token.expires_on, token.networks.clone())
            }
        };
        let peers = (!networks.is_empty()).then(|| peers(&networks));
        Start { power: self.power(credential), expires_on, peers, powers }
    }

    /// What must hold after every step.
    fn check_against(&self, start: &Start) -> Result<(), TestCaseError> {
        for credential in self.credentials() {
            let power = self.power(credential);
            if !self.hand.contains(&credential) {
                // Nor is it given to others, beyond what the attacker might give.
                let given = if start.is_limited() { Power::default() } else { start.power.clone() };
                let before = start.powers[&credential].clone().and(given);
                prop_assert!(power.is_within(&before), "{credential:?} was given too much: {power:?}");
                continue;
            }
            prop_assert!(power.is_within(&start.power), "{credential:?} holds too much: {power:?}");
            match credential {
                // What permits nothing may last: a user without roles, and whatever such a user can make.
                _ if power.is_none() => {}
                Credential::User(_) => {
                    prop_assert!(!start.is_limited(), "{credential:?} has no limit: {power:?}");
                }
                Credential::Token(id) => check_limits(self.tokens[&id].token(), start)?,
            }
        }
        Ok(())
    }
}

fn check_limits(token: &AccessToken, start: &Start) -> Result<(), TestCaseError> {
    if let Some(limit) = start.expires_on {
        prop_assert!(token.expires_on.is_some_and(|end| end <= limit), "outlives {limit}: {token:?}");
    }
    if let Some(permitted) = &start.peers {
        prop_assert!(peers(&token.networks).is_subset(permitted), "from elsewhere: {token:?}");
    }
    Ok(())
}

/// A step that the attacker takes, with one of the credentials in their hand.
#[derive(Debug, Clone)]
enum Step {
    CreateToken {
        api: Api,
        /// None for the caller's own.
        roles: Option<Vec<usize>>,
        scopes: Vec<usize>,
        dn: Option<usize>,
        expires: Ask,
        /// None for the caller's own.
        networks: Option<Vec<usize>>,
    },
    Rotate {
        token: Index,
        expires: Option<Ask>,
        grace_days: u8,
        force: bool,
    },
    PutRole {
        role: usize,
        permissions: Wanted,
    },
    CloneRole {
        from: usize,
        to: usize,
    },
    RemoveRole {
        role: usize,
    },
    SetUserRoles {
        user: usize,
        roles: Vec<usize>,
    },
    SetPassword {
        user: Index,
    },
    Forget {
        credential: Index,
    },
    Wait {
        days: u8,
    },
}

#[derive(Debug, Clone)]
enum Ask {
    Days(u8),
    Never,
    /// As the caller itself, or never where it has no limit.
    Mine,
}

impl Ask {
    fn expiration(&self, caller: &Caller) -> Expiration {
        match self {
            Self::Days(count) => days(u32::from(*count)),
            Self::Never => Expiration::Never,
            Self::Mine => caller.expires_on.map_or(Expiration::Never, at),
        }
    }
}

#[derive(Debug, Clone)]
enum Wanted {
    Nothing,
    Mine,
    MineAnd(Value),
    These(Value),
    Of(usize),
}

impl World {
    /// Takes a step if the rules let the caller; whether they did.
    fn step(&mut self, with: Credential, step: &Step) -> bool {
        self.try_step(with, step).is_some()
    }

    fn try_step(&mut self, with: Credential, step: &Step) -> Option<()> {
        let caller = self.caller(with)?;
        match step {
            Step::CreateToken { .. } => {
                let issued = self.create(step, with, &caller)?;
                self.hold(issued.record);
            }
            Step::Rotate { token, expires, grace_days, force } => {
                let record = pick(*token, self.tokens.values())?.clone();
                let mut rotation = Rotation::with_grace(Duration::from_hours(24 * u64::from(*grace_days)));
                rotation.force = *force;
                rotation.expires = expires.as_ref().map(|ask| ask.expiration(&caller));
                let mut rng = self.rng();
                let rotated = issuer().rotate(&record, &rotation, &caller, &self.book, self.now, &mut rng);
                self.hold(rotated.ok()?.record);
            }
            Step::PutRole { role, permissions } => {
                let wanted = match permissions {
                    Wanted::Nothing => Permissions::none(),
                    Wanted::Mine => caller.permissions.clone(),
                    Wanted::MineAnd(more) => {
                        let mut mine = caller.permissions.clone();
                        mine.join(&permissions_of(more));
                        mine
                    }
                    Wanted::These(these) => permissions_of(these),
                    Wanted::Of(role) => self.book.get(ROLES[*role])?.permissions.clone(),
                };
                self.put(&caller, Role::new(ROLES[*role], wanted))?;
            }
            Step::CloneRole { from, to } => {
                let clone = self.book.get(ROLES[*from])?.cloned_as(ROLES[*to]);
                self.put(&caller, clone)?;
            }
            Step::RemoveRole { role } => {
                let name = ROLES[*role];
                let of_tokens = self.tokens.values().flat_map(|record| &record.token().roles);
                let mut in_use = self.users.values().flatten().chain(of_tokens);
                if in_use.any(|used| RoleBook::canonical_name(used) == RoleBook::canonical_name(name)) {
                    return None;
                }
                self.book.remove(name).ok()?.then_some(())?;
            }
            Step::SetUserRoles { user, roles } => {
                let roles: Vec<String> = roles.iter().map(|role| ROLES[*role].to_owned()).collect();
                let before = self.users.get(user).map(Vec::as_slice).unwrap_or_default();
                caller
                    .may_set_roles(
                        before.iter().map(String::as_str),
                        roles.iter().map(String::as_str),
                        &self.book,
                    )
                    .ok()?;
                // Whoever makes a user sets the password.
                if self.users.insert(*user, roles).is_none() {
                    self.hand.insert(Credential::User(*user));
                }
            }
            Step::SetPassword { user } => {
                let user = pick(*user, self.users.keys().copied())?;
                caller.may_set_password(self.users[&user].iter().map(String::as_str), &self.book).ok()?;
                self.hand.insert(Credential::User(user));
            }
            Step::Forget { credential } => {
                let credential = pick(*credential, self.credentials())?;
                match credential {
                    Credential::User(user) => drop(self.users.remove(&user)),
                    Credential::Token(id) => drop(self.tokens.remove(&id)),
                }
                self.hand.remove(&credential);
            }
            Step::Wait { days } => {
                self.now = self.now.saturating_add(Duration::from_hours(24 * u64::from(*days)));
            }
        }
        Some(())
    }

    fn create(&mut self, step: &Step, with: Credential, caller: &Caller) -> Option<Issued> {
        let Step::CreateToken { api, roles, scopes, dn, expires, networks } = step else { return None };
        self.made += 1;
        let asked = NewToken::new(format!("token {}", self.made), *api).expires(expires.expiration(caller));
        let asked = match api {
            Api::Config => {
                let named = |roles: &Vec<usize>| roles.iter().map(|role| ROLES[*role].to_owned()).collect();
                let roles: Vec<String> = roles.as_ref().map_or_else(|| self.roles(with), named);
                roles.into_iter().fold(asked, NewToken::role)
            }
            Api::Scim | Api::Rest => scopes.iter().map(|scope| SCOPES[*scope]).fold(asked, NewToken::scope),
        };
        let asked = match dn.filter(|_| *api == Api::Rest) {
            Some(dn) => asked.target_dn(DNS[dn].0),
            None => asked,
        };
        let named = |networks: &Vec<usize>| {
            networks.iter().map(|network| parse_network(NETWORKS[*network]).unwrap()).collect()
        };
        let networks: Vec<IpNet> = networks.as_ref().map_or_else(|| caller.networks.clone(), named);
        let asked = networks.into_iter().fold(asked, NewToken::network);
        let mut rng = self.rng();
        issuer().issue(&asked, caller, &self.book, self.now, &mut rng).ok()
    }

    fn roles(&self, credential: Credential) -> Vec<String> {
        match credential {
            Credential::User(user) => self.users[&user].clone(),
            Credential::Token(id) => self.tokens[&id].token().roles.clone(),
        }
    }

    fn put(&mut self, caller: &Caller, role: Role) -> Option<()> {
        caller.may_set_role(self.book.get(&role.name), &role).ok()?;
        self.book.put(role).ok()
    }

    fn hold(&mut self, record: TokenRecord) {
        self.hand.insert(Credential::Token(record.id()));
        self.tokens.insert(record.id(), record);
    }

    fn rng(&mut self) -> ChaCha12Rng {
        self.made += 1;
        ChaCha12Rng::seed_from_u64(self.made.into())
    }
}

fn pick<T>(index: Index, from: impl IntoIterator<Item = T>) -> Option<T> {
    let mut all: Vec<T> = from.into_iter().collect();
    (!all.is_empty()).then(|| all.swap_remove(index.index(all.len())))
}

/// The most that a deployment may permit: only the delegation rule stands in the way.
fn issuer() -> Issuer {
    Issuer::new(Brand::default(), TokenPolicy::UNLIMITED)
}

fn permissions_of(json: &Value) -> Permissions {
    serde_json::from_value(json.clone()).unwrap()
}

// Random worlds and steps. Few areas, few names: what is tried meets what is there.

fn role_body() -> impl Strategy<Value = Value> {
    let level = || select(vec!["NONE", "NONE", "VIEW", "EDIT"]);
    let levels = (level(), level(), level(), level());
    let source = option::weighted(0.3, (level(), option::weighted(0.2, select(vec!["ALPHA", "BETA"]))));
    let future = option::weighted(0.3, select(vec!["VIEW", "EDIT", "ALPHA", "BETA"]));
    let classic = option::weighted(0.3, option::of(select(vec!["cn=a", "cn=b"])));
    let subtrees = vec(prop_oneof![0..2usize, 0..DNS.len()], 0..3);
    let scopes = vec(select(SCOPES.to_vec()), 0..2);
    let rights = option::weighted(0.6, (any::<bool>(), subtrees, scopes));
    (levels, source, future, classic, rights, any::<bool>()).prop_map(
        |((settings, tokens, users, sources), source, future, classic, rights, switch)| {
            let mut body = json!({
                "settingsPermission": settings,
                "administrationPermissions": {"accessTokensPermission": tokens, "userManagementPermission": users},
                "dataCatalogPermissions": {"dataSourcesPermission": sources},
                "revokeTokenPermission": switch,
            });
            if let Some((level, future)) = source {
                let mut entry = json!({"dataSourceName": "crm", "permission": level});
                if let Some(future) = future {
                    entry["futureThing"] = future.into();
                }
                body["dataCatalogPermissions"]["dataSourceOverrides"] = json!([entry]);
            }
            if let Some(future) = future {
                body["futurePermission"] = future.into();
            }
            if let Some(assume) = classic {
                body["classicControlPanelPermission"] = json!({"enabled": true, "assumeRole": assume});
            }
            if let Some((issue_scim, issue_rest, issue_scopes)) = rights {
                let issue_rest: Vec<_> = issue_rest.into_iter().map(|at| DNS[at].0).collect();
                body["gatepassPermissions"] =
                    json!({"issueScim": issue_scim, "issueRest": issue_rest, "issueScopes": issue_scopes});
            }
            body
        },
    )
}

fn role_names() -> impl Strategy<Value = Vec<usize>> {
    let some = vec(prop_oneof![8 => 0..CUSTOM, 1 => CUSTOM..ROLES.len()], 1..3);
    prop_oneof![1 => Just(Vec::new()), 4 => some]
}

fn token(at: usize) -> impl Strategy<Value = TokenRecord> {
    let api = prop_oneof![4 => Just(Api::Config), 1 => Just(Api::Scim), 1 => Just(Api::Rest)];
    let limits =
        (option::weighted(0.7, 1..200i64), prop_oneof![Just(Vec::new()), vec(0..NETWORKS.len(), 1..3)]);
    (api, role_names(), vec(0..SCOPES.len(), 0..2), option::of(1..DNS.len()), limits).prop_map(
        move |(api, roles, scopes, dn, (expires, networks))| {
            let mut token = AccessToken::new(format!("old {at}"), api, start_of_time());
            token.id = Some(format!("{at:0>12}").parse().unwrap());
            token.expires_on = expires.map(after);
            token.networks = networks.into_iter().map(|at| parse_network(NETWORKS[at]).unwrap()).collect();
            match api {
                Api::Config => token.roles = roles.into_iter().map(|role| ROLES[role].to_owned()).collect(),
                _ => token.scopes = scopes.into_iter().map(|scope| SCOPES[scope].to_owned()).collect(),
            }
            token.target_dn = dn.filter(|_| api == Api::Rest).map(|dn| DNS[dn].0.to_owned());
            TokenRecord::new(token, Digest::of(&[0]), None).unwrap()
        },
    )
}

fn worlds() -> impl Strategy<Value = World> {
    let roles = vec(option::weighted(0.8, role_body()), CUSTOM);
    let users = vec(role_names(), 1..4);
    let tokens = (1..4usize).prop_flat_map(|count| (0..count).map(token).collect::<Vec<_>>());
    (roles, users, tokens, any::<bool>()).prop_map(|(roles, users, tokens, as_user)| {
        let roles = ROLES.iter().zip(roles).filter_map(|(name, body)| Some((name, body?)));
        let roles = roles.map(|(name, body)| Role::new(*name, permissions_of(&body)));
        let book = RoleBook::with(roles).unwrap();
        // A role that somebody holds exists: it cannot be given before it does, nor removed while it is held.
        let known = |roles: &[String]| -> Vec<String> {
            roles.iter().filter(|name| book.get(name).is_some()).cloned().collect()
        };
        let named =
            |roles: Vec<usize>| -> Vec<String> { roles.into_iter().map(|at| ROLES[at].to_owned()).collect() };
        let users = users.into_iter().map(|roles| known(&named(roles))).enumerate().collect();
        let tokens: BTreeMap<TokenId, TokenRecord> = tokens
            .into_iter()
            .map(|record| {
                let mut token = record.token().clone();
                token.roles = known(&token.roles);
                let record = TokenRecord::new(token, record.digest(), None).unwrap();
                (record.id(), record)
            })
            .collect();
        let first = tokens.values().find(|record| record.token().api == Api::Config && !as_user);
        let first = first.map_or(Credential::User(0), |record| Credential::Token(record.id()));
        World { now: start_of_time(), book, users, tokens, hand: BTreeSet::from([first]), made: 0 }
    })
}

fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![2 => any::<u8>().prop_map(Ask::Days), 1 => Just(Ask::Never), 4 => Just(Ask::Mine)]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        Just(Wanted::Nothing),
        Just(Wanted::Mine),
        role_body().prop_map(Wanted::MineAnd),
        role_body().prop_map(Wanted::These),
        (0..ROLES.len()).prop_map(Wanted::Of),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let role = || 0..ROLES.len();
    let networks = option::weighted(0.4, vec(0..NETWORKS.len(), 0..3));
    let dn = option::weighted(0.9, 0..DNS.len());
    let api = prop_oneof![2 => Just(Api::Config), 1 => Just(Api::Scim), 2 => Just(Api::Rest)];
    let roles = option::weighted(0.6, role_names());
    let token = (api, roles, vec(0..SCOPES.len(), 0..2), dn, asks(), networks);
    prop_oneof![
        4 => token.prop_map(|(api, roles, scopes, dn, expires, networks)| {
            Step::CreateToken { api, roles, scopes, dn, expires, networks }
        }),
        2 => (any::<Index>(), option::weighted(0.3, asks()), any::<u8>(), any::<bool>())
            .prop_map(|(token, expires, grace_days, force)| Step::Rotate { token, expires, grace_days, force }),
        4 => (role(), wanted()).prop_map(|(role, permissions)| Step::PutRole { role, permissions }),
        2 => (role(), role()).prop_map(|(from, to)| Step::CloneRole { from, to }),
        1 => role().prop_map(|role| Step::RemoveRole { role }),
        4 => (0..6usize, role_names()).prop_map(|(user, roles)| Step::SetUserRoles { user, roles }),
        2 => any::<Index>().prop_map(|user| Step::SetPassword { user }),
        1 => any::<Index>().prop_map(|credential| Step::Forget { credential }),
        1 => (1..40u8).prop_map(|days| Step::Wait { days }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn an_attacker_never_holds_more_than_at_first(world in worlds(), steps in vec((any::<Index>(), steps()), 1..16)) {
        let mut world = world;
        let start = world.start();
        world.check_against(&start)?;
        for (with, step) in &steps {
            let Some(with) = pick(*with, world.hand.iter().copied()) else { break };
            if world.step(with, step) {
                world.check_against(&start)?;
            }
        }
    }
}

// One trick after another.

fn user(roles: &[&str], book: &RoleBook) -> Caller {
    Caller::user("mallory", roles.iter().copied(), book)
}

/// A book with one custom role of this name.
#[expect(clippy::needless_pass_by_value, reason = "it reads better where it is called")]
fn book_with(name: &str, body: Value) -> RoleBook {
    RoleBook::with([Role::new(name, permissions_of(&body))]).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "it reads better where it is called")]
fn holding(rights: Value) -> Caller {
    let book = book_with("issuer", json!({"gatepassPermissions": rights}));
    user(&["issuer"], &book)
}

/// A caller that is a token: of these roles, for ten days, from these networks.
fn limited(roles: &[&str], networks: &[&str], book: &RoleBook) -> Caller {
    let mut token = AccessToken::new("mallory's", Api::Config, start_of_time());
    token.roles = roles.iter().copied().map(str::to_owned).collect();
    token.expires_on = networks.is_empty().then(|| after(10));
    token.networks = networks.iter().map(|text| parse_network(text).unwrap()).collect();
    Caller::token(&token, book)
}

fn config(roles: &[&str]) -> NewToken {
    roles.iter().fold(NewToken::new("t", Api::Config).expires(days(5)), |asked, role| asked.role(*role))
}

fn scim() -> NewToken {
    NewToken::new("t", Api::Scim).expires(days(5))
}

fn rest(dn: &str) -> NewToken {
    NewToken::new("t", Api::Rest).expires(days(5)).target_dn(dn)
}

fn issue(asked: &NewToken, caller: &Caller, book: &RoleBook) -> Result<Issued, Error> {
    issuer().issue(asked, caller, book, start_of_time(), &mut ChaCha12Rng::seed_from_u64(1))
}

fn rotate(
    record: &TokenRecord,
    rotation: &Rotation,
    caller: &Caller,
    book: &RoleBook,
) -> Result<Issued, Error> {
    issuer().rotate(record, rotation, caller, book, start_of_time(), &mut ChaCha12Rng::seed_from_u64(2))
}

fn issued(asked: &NewToken, book: &RoleBook) -> TokenRecord {
    issue(asked, &Caller::owner("setup"), book).unwrap().record
}

#[track_caller]
fn assert_forbidden<T: fmt::Debug>(result: Result<T, Error>, code: &str, field: Option<&str>) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.field()), (ErrorKind::Forbidden, code, field), "{error}");
}

const TOO_MUCH: &str = "exceeds_permissions";
const TOO_LONG: &str = "outlives_caller";

#[test]
fn a_security_administrator_makes_no_directory_administrator() {
    let book = RoleBook::default();
    let mallory = user(&["Security Administrator"], &book);
    let names = [
        "Directory Administrator",
        "directory administrators",
        "DIRECTORY ADMINISTRATOR",
        "Directory Administrators",
    ];
    for name in names {
        assert_forbidden(issue(&config(&[name]), &mallory, &book), TOO_MUCH, Some("roles"));
        assert_forbidden(issue(&config(&["Read Only", name]), &mallory, &book), TOO_MUCH, Some("roles"));
    }
    for name in ["Namespace Administrator", "schemaadmin"] {
        assert_forbidden(issue(&config(&[name]), &mallory, &book), TOO_MUCH, Some("roles"));
    }
    for name in ["Security Administrator", "aciadmin", "Read Only", "readonly"] {
        assert!(issue(&config(&[name]), &mallory, &book).is_ok(), "{name}");
    }
}

#[test]
fn only_a_directory_administrator_makes_tokens_for_data() {
    let book = RoleBook::default();
    let root = NewToken::new("t", Api::Rest).expires(days(5));
    for role in ["Security Administrator", "Namespace Administrator", "Schema Administrator", "Read Only"] {
        let mallory = user(&[role], &book);
        assert_forbidden(issue(&scim(), &mallory, &book), TOO_MUCH, Some("api"));
        assert_forbidden(issue(&rest("cn=admin"), &mallory, &book), TOO_MUCH, Some("targetDn"));
        assert_forbidden(issue(&root, &mallory, &book), TOO_MUCH, Some("api"));
    }
    let all = user(
        &["Security Administrator", "Namespace Administrator", "Schema Administrator", "Read Only"],
        &book,
    );
    assert_forbidden(issue(&scim(), &all, &book), TOO_MUCH, Some("api"));
    let admin = user(&["Directory Administrator"], &book);
    for asked in
        [scim(), rest("cn=admin"), root, scim().scope("orders:read"), config(&["Directory Administrator"])]
    {
        assert!(issue(&asked, &admin, &book).is_ok(), "{asked:?}");
    }
}

#[test]
fn a_token_for_data_holds_nothing_to_give() {
    let book = RoleBook::default();
    for asked in [scim(), rest("cn=admin"), NewToken::new("root", Api::Rest).expires(days(5))] {
        let mut token = issued(&asked, &book).token().clone();
        token.roles = vec!["Directory Administrator".to_owned()];
        let mallory = Caller::token(&token, &book);
        assert_forbidden(issue(&config(&["Read Only"]), &mallory, &book), TOO_MUCH, Some("roles"));
        assert_forbidden(
            issue(&asked, &mallory, &book),
            TOO_MUCH,
            if token.target_dn.is_some() { Some("targetDn") } else { Some("api") },
        );
    }
}

#[test]
fn nobody_makes_their_own_role_wider() {
    let book = book_with(
        "mine",
        json!({"settingsPermission": "VIEW", "administrationPermissions": {"rolesPermission": "EDIT"}}),
    );
    let (mallory, mine) = (user(&["mine"], &book), book.get("mine").unwrap());
    let with = |change: Permissions| Role::new("mine", change);
    let wider = [
        mine.permissions.clone().with(Area::Settings, Level::Edit),
        mine.permissions.clone().with(Area::AccessTokens, Level::View),
        mine.permissions.clone().with_data_source("crm", Level::View),
        mine.permissions.clone().with_switch(Scope::REVOKE_TOKENS),
        mine.permissions.clone().with_classic_panel(None),
        mine.permissions.clone().with_token_rights(TokenRights::all()),
        permissions_of(&json!({"settingsPermission": "VIEW", "futurePermission": "VIEW"})),
        permissions_of(&json!({"settingsPermission": "SUPER"})),
    ];
    for permissions in wider {
        assert_forbidden(
            mallory.may_set_role(Some(mine), &with(permissions.clone())),
            TOO_MUCH,
            Some("permissions"),
        );
        assert_forbidden(
            mallory.may_set_role(None, &Role::new("new", permissions)),
            TOO_MUCH,
            Some("permissions"),
        );
    }
    mallory.may_set_role(Some(mine), &with(Permissions::none())).unwrap();
    mallory.may_set_role(None, &mine.cloned_as("copy")).unwrap();
}

#[test]
fn nobody_clones_more_than_they_hold() {
    let book = RoleBook::default();
    let top = book.get("Directory Administrator").unwrap();
    for role in ["Security Administrator", "Namespace Administrator", "Read Only"] {
        let mallory = user(&[role], &book);
        assert_forbidden(mallory.may_set_role(None, &top.cloned_as("mine")), TOO_MUCH, Some("permissions"));
        mallory.may_set_role(None, &book.get(role).unwrap().cloned_as("mine")).unwrap();
    }
    // A clone of the highest role is the highest that can be written down, and yet not the highest.
    let book = RoleBook::with([top.cloned_as("nearly")]).unwrap();
    let nearly = user(&["nearly"], &book);
    assert_forbidden(issue(&config(&["Directory Administrator"]), &nearly, &book), TOO_MUCH, Some("roles"));
    assert_forbidden(nearly.may_set_password(["Directory Administrator"], &book), TOO_MUCH, Some("password"));
    assert!(issue(&scim(), &nearly, &book).is_ok());
}

#[test]
fn a_default_role_is_changed_by_nobody() {
    let mut book = RoleBook::default();
    for name in ["Read Only", "readonly", "READ ONLY", "Directory Administrators"] {
        let error = book.put(Role::new(name, Permissions::none())).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "default_role"));
        assert_eq!(book.remove(name).unwrap_err().code(), "default_role");
    }
    assert_eq!(book, RoleBook::default());
}

/// Who holds the weaker part of a stronger user's roles cannot touch that user at all.
#[test]
fn a_stronger_user_cannot_be_taken_over() {
    let book = RoleBook::default();
    let mallory = user(&["Security Administrator"], &book);
    for stronger in [&["Directory Administrator"][..], &["Security Administrator", "schemaadmin"]] {
        let stronger = || stronger.iter().copied();
        assert_forbidden(mallory.may_set_password(stronger(), &book), TOO_MUCH, Some("password"));
        assert_forbidden(mallory.may_set_roles(stronger(), [], &book), TOO_MUCH, Some("roles"));
        assert_forbidden(mallory.may_set_roles(stronger(), ["Read Only"], &book), TOO_MUCH, Some("roles"));
        assert_forbidden(mallory.may_set_roles([], stronger(), &book), TOO_MUCH, Some("roles"));
        assert_forbidden(mallory.may_set_roles(["Read Only"], stronger(), &book), TOO_MUCH, Some("roles"));
    }
    mallory.may_set_password(["Read Only"], &book).unwrap();
    mallory.may_set_password([], &book).unwrap();
    mallory.may_set_roles(["Read Only"], ["aciadmin"], &book).unwrap();
}

#[test]
fn a_stronger_role_cannot_be_made_weaker() {
    let book = book_with("strong", json!({"settingsPermission": "EDIT"}));
    let mallory = user(&["Security Administrator"], &book);
    let strong = book.get("strong").unwrap();
    let weaker = Role::new("strong", Permissions::none());
    assert_forbidden(mallory.may_set_role(Some(strong), &weaker), TOO_MUCH, Some("permissions"));
}

#[test]
fn a_stronger_token_cannot_be_rotated() {
    let book = RoleBook::default();
    let mallory = user(&["Security Administrator"], &book);
    let stronger = [
        (config(&["Directory Administrator"]), "roles"),
        (config(&["Read Only", "schemaadmin"]), "roles"),
        (scim(), "api"),
        (rest("uid=sync,o=acme"), "targetDn"),
    ];
    for (asked, field) in stronger {
        let record = issued(&asked, &book);
        for rotation in [Rotation::default(), Rotation::default().expires(days(1)).force()] {
            assert_forbidden(rotate(&record, &rotation, &mallory, &book), TOO_MUCH, Some(field));
        }
    }
    let own = issued(&config(&["Security Administrator"]), &book);
    assert!(rotate(&own, &Rotation::default(), &mallory, &book).is_ok());
}

#[test]
fn application_scopes_have_to_be_held_one_by_one() {
    let book = RoleBook::default();
    let mallory = holding(json!({"issueScim": true, "issueScopes": ["orders:read"]}));
    assert!(issue(&scim().scope("orders:read"), &mallory, &book).is_ok());
    for scope in ["orders:write", "orders", "orders:read2", "*"] {
        let asked = scim().scope("orders:read").scope(scope);
        assert_forbidden(issue(&asked, &mallory, &book), TOO_MUCH, Some("scopes"));
    }
    let other = issued(&scim().scope("orders:write"), &book);
    assert_forbidden(rotate(&other, &Rotation::default(), &mallory, &book), TOO_MUCH, Some("scopes"));
    // The right to make a token is no right to give it scopes, and the other way round.
    let bare = holding(json!({"issueScim": true}));
    assert_forbidden(issue(&scim().scope("orders:read"), &bare, &book), TOO_MUCH, Some("scopes"));
    let only_scopes = holding(json!({"issueScopes": ["*"]}));
    assert_forbidden(issue(&scim().scope("orders:read"), &only_scopes, &book), TOO_MUCH, Some("api"));
    // The vendor's scopes are nobody's to give.
    let error = issue(&scim().scope("SCOPE_SETTINGS_EDIT"), &Caller::owner("setup"), &book).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidInput, "scope_reserved"));
}

/// The right to let tokens act below `ou=svc,o=acme`, and targets that only look as if they were there.
#[test]
fn a_subtree_is_not_left_by_any_spelling() {
    let book = RoleBook::default();
    let mallory = holding(json!({"issueRest": ["ou=svc,o=acme"]}));
    let within = [
        "ou=svc,o=acme",
        "uid=a,ou=svc,o=acme",
        "UID=A,OU=SVC,O=ACME",
        "uid = a , ou = svc , o = acme",
        "uid=a,ou=  svc ,o=acme",
        "uid=a,ou=\\73\\76\\63,o=acme",
        "uid=a,ou=sv\\43,o=acme",
        "uid=a\\,b,ou=svc,o=acme",
        "uid=a+cn=b,ou=svc,o=acme",
        "cn=x,uid=a,ou=svc,o=acme",
    ];
    for dn in within {
        assert!(issue(&rest(dn), &mallory, &book).is_ok(), "{dn}");
    }
    let outside = [
        "cn=admin",
        "o=acme",
        "ou=svc",
        "ou=svc\\,o=acme",
        "uid=a,ou=svc\\,o=acme",
        "uid=a,ou=svc\\2co=acme",
        "uid=a,ou=svc\\2Co\\3dacme",
        "ou=svc,o=acme,c=us",
        "uid=a,ou=svc,o=acme,c=us",
        "uid=a,ou=svc+ou=x,o=acme",
        "uid=a+ou=svc,o=acme",
        "uid=a,ou=svc,o=acme+c=us",
        "uid=a,ou=xsvc,o=acme",
        "uid=a,ou=svc2,o=acme",
        "uid=a,ou=s vc,o=acme",
        "uid=a,o=svc,o=acme",
        "uid=a,2.5.4.11=svc,o=acme",
        "uid=a,ou=#0403737663,o=acme",
        "uid=a,ou=svc\\00,o=acme",
        "uid=a,ou=svc\u{200b},o=acme",
        "uid=ou=svc\\,o=acme",
    ];
    for dn in outside {
        assert_forbidden(issue(&rest(dn), &mallory, &book), TOO_MUCH, Some("targetDn"));
    }
    let malformed = [
        "",
        " ",
        "\u{a0}",
        "uid",
        "uid=a,",
        ",ou=svc,o=acme",
        "uid=a;ou=svc,o=acme",
        "uid=\"a,ou=svc\",o=acme",
        "uid=a,,ou=svc,o=acme",
        "uid=a\\",
        "uid=a\\zz,ou=svc,o=acme",
        "uid=\\ff,ou=svc,o=acme",
        "uid=#0,ou=svc,o=acme",
        "uid=a\0,ou=svc,o=acme",
        "uid=a<b>,ou=svc,o=acme",
        "=a,ou=svc,o=acme",
        "ou=svc,o=acme\n",
    ];
    for dn in malformed {
        let refused = issue(&rest(dn), &mallory, &book);
        // A line break is part of the value, so this is a name, and another one.
        let is_other = dn.ends_with('\n');
        let kind = if is_other { ErrorKind::Forbidden } else { ErrorKind::InvalidInput };
        assert_eq!(refused.unwrap_err().kind(), kind, "{dn:?}");
    }
    // Without a target it could act as anybody.
    let unaimed = NewToken::new("t", Api::Rest).expires(days(5));
    assert_forbidden(issue(&unaimed, &mallory, &book), TOO_MUCH, Some("api"));
}

/// A right over a strange name is no right over a plain one that is spelt like it.
#[test]
fn a_strange_subtree_is_not_a_plain_one() {
    let book = RoleBook::default();
    let pairs = [
        ("ou=\\#0403737663,o=acme", "ou=#0403737663,o=acme"),
        ("ou=#0403737663,o=acme", "ou=\\#0403737663,o=acme"),
        ("ou=svc\\,o=acme", "ou=svc,o=acme"),
        ("cn=a\\+cn=b,o=acme", "cn=a+cn=b,o=acme"),
        ("cn=a+cn=b,o=acme", "cn=a,o=acme"),
    ];
    for (held, wanted) in pairs {
        let mallory = holding(json!({"issueRest": [held]}));
        assert!(issue(&rest(held), &mallory, &book).is_ok(), "{held}");
        assert_forbidden(issue(&rest(wanted), &mallory, &book), TOO_MUCH, Some("targetDn"));
    }
    let mallory = holding(json!({"issueRest": ["cn=a+ou=b,o=acme"]}));
    assert!(
        issue(&rest("uid=x,OU=b + CN=A,o=acme"), &mallory, &book).is_ok(),
        "the order within an RDN says nothing"
    );
    let everywhere = holding(json!({"issueRest": [""]}));
    assert!(issue(&rest("cn=anybody"), &everywhere, &book).is_ok());
    assert!(issue(&NewToken::new("t", Api::Rest).expires(days(5)), &everywhere, &book).is_ok());
}

#[test]
fn a_subtree_is_given_on_only_as_such_or_smaller() {
    let grant = |dns: &[&str]| permissions_of(&json!({"gatepassPermissions": {"issueRest": dns}}));
    let mallory = holding(json!({"issueRest": ["ou=svc,o=acme"]}));
    for dns in [&["ou=svc,o=acme"][..], &["uid=a,OU=Svc,o=acme", "ou=svc,o=acme"], &[]] {
        mallory.may_set_role(None, &Role::new("r", grant(dns))).unwrap();
    }
    for dns in [&[""][..], &["o=acme"], &["ou=svc,o=acme", "ou=other,o=acme"], &["ou=svc\\,o=acme"]] {
        assert_forbidden(
            mallory.may_set_role(None, &Role::new("r", grant(dns))),
            TOO_MUCH,
            Some("permissions"),
        );
    }
    assert!(Dn::parse("dn", "uid=a,ou=svc,o=acme").unwrap().is_within(&Dn::root()));
}

#[test]
fn a_token_gives_nothing_that_outlives_it() {
    let book = RoleBook::default();
    let mallory = limited(&["Directory Administrator"], &[], &book);
    let end = after(10);
    let later = end.checked_add(Duration::from_millis(1)).unwrap();
    let asks = [config(&["Read Only"]), scim(), rest("cn=a"), scim().scope("orders:read")];
    for asked in asks {
        assert!(issue(&asked.clone().expires(at(end)), &mallory, &book).is_ok());
        for expires in [at(later), days(11), Expiration::Never] {
            assert_forbidden(
                issue(&asked.clone().expires(expires), &mallory, &book),
                TOO_LONG,
                Some("expires"),
            );
        }
        // Nor what others made and would have it rotate, not even its own rotation.
        let lasting = issued(&asked.clone().expires(days(300)), &book);
        assert_forbidden(rotate(&lasting, &Rotation::default(), &mallory, &book), TOO_LONG, Some("expires"));
        let shorter = Rotation::default().expires(at(end));
        assert!(rotate(&lasting, &shorter, &mallory, &book).is_ok());
        let brief = issued(&asked.expires(days(3)), &book);
        assert!(rotate(&brief, &Rotation::default(), &mallory, &book).is_ok());
        assert_forbidden(
            rotate(&brief, &Rotation::default().expires(at(later)), &mallory, &book),
            TOO_LONG,
            Some("expires"),
        );
        assert_forbidden(
            rotate(&brief, &Rotation::default().expires(Expiration::Never), &mallory, &book),
            TOO_LONG,
            Some("expires"),
        );
    }
}

#[test]
fn a_token_gives_nothing_for_other_networks() {
    let book = RoleBook::default();
    let mallory = limited(&["Directory Administrator"], &["10.1.0.0/16", "2001:db8::/32"], &book);
    let bound = |networks: &[&str]| {
        networks
            .iter()
            .fold(config(&["Read Only"]), |asked, text| asked.network(parse_network(text).unwrap()))
    };
    let narrower = [
        &["10.1.0.0/16"][..],
        &["10.1.2.3"],
        &["10.1.2.0/24", "10.1.3.0/24"],
        &["::ffff:10.1.2.0/120"],
        &["2001:db8:1::/48", "10.1.255.255/32"],
    ];
    for networks in narrower {
        assert!(issue(&bound(networks), &mallory, &book).is_ok(), "{networks:?}");
    }
    let wider = [
        &[][..],
        &["10.0.0.0/8"],
        &["10.0.0.0/15"],
        &["10.2.0.0/16"],
        &["0.0.0.0/0"],
        &["::/0"],
        &["::ffff:0:0/96"],
        &["::ffff:10.0.0.0/104"],
        &["2001:db8::/31"],
        &["10.1.2.0/24", "10.2.2.0/24"],
    ];
    for networks in wider {
        assert_forbidden(issue(&bound(networks), &mallory, &book), "exceeds_networks", Some("networks"));
        let record = issued(&bound(networks), &book);
        assert_forbidden(
            rotate(&record, &Rotation::default(), &mallory, &book),
            "exceeds_networks",
            Some("networks"),
        );
    }
}

/// A user has no expiry and no networks: power that a limited token put there would escape its limits.
#[test]
fn a_limited_token_puts_no_power_where_it_lasts() {
    let book = book_with("weak", json!({"settingsPermission": "VIEW"}));
    let weak = book.get("weak").unwrap();
    let wider = Role::new("weak", weak.permissions.clone().with(Area::Settings, Level::Edit));
    for mallory in [
        limited(&["Directory Administrator"], &[], &book),
        limited(&["Directory Administrator"], &["10.0.0.0/8"], &book),
    ] {
        assert_forbidden(mallory.may_set_roles([], ["weak"], &book), TOO_LONG, None);
        assert_forbidden(mallory.may_set_roles(["weak"], ["weak", "Read Only"], &book), TOO_LONG, None);
        assert_forbidden(mallory.may_set_password(["weak"], &book), TOO_LONG, None);
        assert_forbidden(mallory.may_set_role(Some(weak), &wider), TOO_LONG, None);
        // What takes power away, or leaves it, is no such thing.
        mallory.may_set_roles(["weak", "Read Only"], ["weak"], &book).unwrap();
        mallory.may_set_roles([], [], &book).unwrap();
        mallory.may_set_role(Some(&wider), weak).unwrap();
        mallory.may_set_role(None, &wider).unwrap();
    }
    let unlimited = user(&["Directory Administrator"], &book);
    unlimited.may_set_roles([], ["weak"], &book).unwrap();
    unlimited.may_set_password(["weak"], &book).unwrap();
    unlimited.may_set_role(Some(weak), &wider).unwrap();
}

/// To make a role needs no more than to hold what it permits, for nobody holds it. So nobody may be given it first.
#[test]
fn a_role_is_not_given_before_it_exists() {
    let book = RoleBook::default();
    for mallory in [
        limited(&["Security Administrator"], &[], &book),
        user(&["Security Administrator"], &book),
        Caller::nobody("mallory"),
    ] {
        let error = mallory.may_set_roles([], ["ghost"], &book).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("roles")));
        let error = issue(&config(&["ghost"]), &mallory, &book).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidInput, "unknown_role"));
    }
}

/// Two roles that say different things of the same unknown permission: to hold one is not to hold the other, in
/// whatever order they are named.
#[test]
fn an_unknown_permission_is_not_hidden_behind_another() {
    let role = |name: &str, level: &str| Role::new(name, permissions_of(&json!({"futurePermission": level})));
    let book = RoleBook::with([role("mine", "ALPHA"), role("theirs", "BETA")]).unwrap();
    let mallory = user(&["mine"], &book);
    for both in [["mine", "theirs"], ["theirs", "mine"]] {
        assert_forbidden(issue(&config(&both), &mallory, &book), TOO_MUCH, Some("roles"));
        assert_forbidden(mallory.may_set_roles([], both, &book), TOO_MUCH, Some("roles"));
        assert_forbidden(mallory.may_set_roles(both, [], &book), TOO_MUCH, Some("roles"));
        assert_forbidden(mallory.may_set_password(both, &book), TOO_MUCH, Some("password"));
        let record = issued(&config(&both), &book);
        assert_forbidden(rotate(&record, &Rotation::default(), &mallory, &book), TOO_MUCH, Some("roles"));
    }
    assert!(issue(&config(&["mine"]), &mallory, &book).is_ok());
}

#[test]
fn an_unknown_permission_over_a_data_source_is_not_given_by_who_lacks_it() {
    let body = |extra: Value| {
        json!({"dataCatalogPermissions": {"dataSourceOverrides": [
            {"dataSourceName": "crm", "permission": "VIEW", "exportPermission": extra}
        ]}})
    };
    let book = book_with("mine", body(json!("NONE")));
    let more = Role::new("mine", permissions_of(&body(json!("EDIT"))));
    let mallory = user(&["mine"], &book);
    assert_forbidden(mallory.may_set_role(book.get("mine"), &more), TOO_MUCH, Some("permissions"));
}

#[test]
fn who_holds_nothing_gives_nothing() {
    let book = RoleBook::default();
    let mallory = Caller::nobody("mallory");
    assert_forbidden(issue(&config(&["Read Only"]), &mallory, &book), TOO_MUCH, Some("roles"));
    assert_forbidden(issue(&scim(), &mallory, &book), TOO_MUCH, Some("api"));
    assert_forbidden(issue(&rest("cn=a"), &mallory, &book), TOO_MUCH, Some("targetDn"));
    assert_forbidden(mallory.may_set_roles([], ["Read Only"], &book), TOO_MUCH, Some("roles"));
    assert_forbidden(mallory.may_set_password(["Read Only"], &book), TOO_MUCH, Some("password"));
}

#[test]
fn the_owner_gives_everything() {
    let book = RoleBook::default();
    let owner = Caller::owner("setup");
    for asked in [
        config(&["Directory Administrator"]),
        scim().scope("a"),
        rest("cn=a"),
        NewToken::new("t", Api::Rest).expires(Expiration::Never),
    ] {
        assert!(issue(&asked, &owner, &book).is_ok(), "{asked:?}");
    }
    owner.may_set_roles([], ["Directory Administrator"], &book).unwrap();
    owner.may_set_password(["Directory Administrator"], &book).unwrap();
    owner.may_set_role(None, &book.get("Directory Administrator").unwrap().cloned_as("mine")).unwrap();
}
