//! The verifier's index against a plain map, under random writes and under readers on other threads; and the rules
//! of how old it may grow.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, RwLock};
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{
    Access, AccessToken, Api, Area, Caller, Clock, Guard, Issuer, Level, NewToken, Permissions, Reason, Role,
    RoleBook, Rotation, Secret, Timestamp, TokenId, TokenRecord, Verdict, Verifier, VerifierOptions,
    VerifierWriter, days, parse_network,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

const START: i64 = 1_772_355_600_000;
const HOUR: Duration = Duration::from_hours(1);

fn millis(value: i64) -> Timestamp {
    Timestamp::from_millis(value).unwrap()
}

fn verifier(limit: Option<Duration>) -> (Verifier, VerifierWriter, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(millis(START)));
    let mut options = VerifierOptions::default();
    options.clock = clock.clone();
    options.max_staleness = limit;
    let (verifier, writer) = Verifier::with_writer(options);
    (verifier, writer, clock)
}

fn guard(verifier: &Verifier, api: Api) -> Guard {
    verifier.guard(api, [""; 0]).unwrap()
}

fn reason(verdict: &Verdict) -> Option<Reason> {
    verdict.as_ref().err().map(|denied| denied.reason)
}

// Against a map.

/// As many as make the table grow twice, and some buckets longer than there are hints for.
const POOL: usize = 400;

/// An id with the two secrets that it may have.
struct Member {
    id: TokenId,
    secrets: [Secret; 2],
    records: [TokenRecord; 2],
}

static MEMBERS: LazyLock<Vec<Member>> = LazyLock::new(|| {
    let mut rng = ChaCha12Rng::seed_from_u64(400);
    let (issuer, book, owner) = (Issuer::default(), RoleBook::default(), Caller::owner("setup"));
    let now = millis(START);
    let member = |number: usize| {
        let api = Api::ALL[number % 3];
        let asked = NewToken::new("t", api).expires(days(90));
        let asked = if api == Api::Config { asked.role("Read Only") } else { asked };
        let first = issuer.issue(&asked, &owner, &book, now, &mut rng).unwrap();
        let second =
            issuer.rotate(&first.record, &Rotation::default(), &owner, &book, now, &mut rng).unwrap();
        let secrets = [first.secret, second.secret];
        Member { id: first.record.id(), secrets, records: [first.record, second.record] }
    };
    (0..POOL).map(member).collect()
});

/// What a map keeps of a token.
#[expect(clippy::struct_excessive_bools, reason = "each is tried with each")]
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    version: u32,
    secret: usize,
    /// Whether the secret before this one is in its grace; else it is over, or there was none.
    grace: bool,
    revoked: bool,
    expired: bool,
    /// Bound to a network that nobody here comes from.
    bound: bool,
    long_name: bool,
}

impl Kept {
    fn name(&self, member: usize) -> String {
        let name = format!("t{member} v{}", self.version);
        if self.long_name { format!("{name} {}", "é".repeat(300)) } else { name }
    }

    fn target_dn(&self, member: usize) -> Option<String> {
        (Api::ALL[member % 3] == Api::Rest && self.version.is_multiple_of(2))
            .then(|| format!("uid=t{member}-{},o=acme", self.version))
    }

    fn expires_on(&self) -> Option<Timestamp> {
        if self.expired {
            return Some(millis(START));
        }
        (!self.version.is_multiple_of(5)).then(|| millis(START + 1 + i64::from(self.version)))
    }

    fn record(&self, member: usize) -> TokenRecord {
        let of = &MEMBERS[member].records[self.secret];
        let mut token = of.token().clone();
        token.name = self.name(member);
        token.target_dn = self.target_dn(member);
        token.expires_on = self.expires_on();
        token.grace_until = Some(millis(if self.grace { START + 1 } else { START }));
        token.revoked_on = self.revoked.then(|| millis(START));
        token.networks = self.bound.then(|| parse_network("192.0.2.0/24").unwrap()).into_iter().collect();
        TokenRecord::new(token, of.digest(), of.previous_digest()).unwrap()
    }

    /// Why this secret is refused for the token's own API.
    fn reason(&self, secret: usize) -> Option<Reason> {
        if secret > self.secret {
            Some(Reason::WrongSecret)
        } else if secret < self.secret && !self.grace {
            Some(Reason::Superseded)
        } else if self.revoked {
            Some(Reason::Revoked)
        } else if self.expired {
            Some(Reason::Expired)
        } else {
            self.bound.then_some(Reason::NetworkNotAllowed)
        }
    }
}

fn assert_is(access: &Access, kept: &Kept, member: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(access.id(), MEMBERS[member].id);
    prop_assert_eq!(access.name(), kept.name(member));
    prop_assert_eq!(access.target_dn().map(str::to_owned), kept.target_dn(member));
    prop_assert_eq!(access.expires_on(), kept.expires_on());
    prop_assert_eq!(access.api(), Api::ALL[member % 3]);
    prop_assert_eq!(access.roles().len(), usize::from(access.api() == Api::Config));
    Ok(())
}

#[derive(Debug, Clone)]
enum Write {
    Put(usize, Kept),
    PutMany(usize, usize, Kept),
    Remove(usize),
    RemoveMany(usize, usize),
    /// With what is known already, or without; each twice, if so asked.
    Load {
        first: usize,
        count: usize,
        kept: Kept,
        and_known: bool,
        twice: bool,
    },
}

fn kept() -> impl Strategy<Value = Kept> {
    let flags = (
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
    );
    (0..1000u32, 0..2usize, any::<bool>(), flags).prop_map(
        |(version, secret, grace, (revoked, expired, bound, long_name))| Kept {
            version,
            secret,
            grace,
            revoked,
            expired,
            bound,
            long_name,
        },
    )
}

fn writes() -> impl Strategy<Value = Write> {
    let member = || 0..POOL;
    let count = || prop_oneof![0..8usize, 0..POOL];
    prop_oneof![
        3 => (member(), kept()).prop_map(|(member, kept)| Write::Put(member, kept)),
        3 => (member(), count(), kept()).prop_map(|(member, count, kept)| Write::PutMany(member, count, kept)),
        2 => member().prop_map(Write::Remove),
        1 => (member(), count()).prop_map(|(member, count)| Write::RemoveMany(member, count)),
        1 => (member(), count(), kept(), any::<bool>(), any::<bool>()).prop_map(
            |(first, count, kept, and_known, twice)| Write::Load { first, count, kept, and_known, twice }
        ),
    ]
}

/// The index and the map, written side by side.
struct Pair {
    guards: [Guard; 3],
    writer: VerifierWriter,
    map: BTreeMap<usize, Kept>,
}

impl Pair {
    fn new() -> Self {
        let (verifier, writer, _) = verifier(None);
        Self { guards: Api::ALL.map(|api| guard(&verifier, api)), writer, map: BTreeMap::new() }
    }

    fn put(&mut self, member: usize, kept: &Kept) {
        self.writer.put(&kept.record(member));
        self.map.insert(member, kept.clone());
    }

    fn remove(&mut self, member: usize) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.writer.remove(MEMBERS[member].id), self.map.remove(&member).is_some());
        Ok(())
    }

    fn write(&mut self, write: &Write) -> Result<(), TestCaseError> {
        let some = |first: usize, count: usize| (first..first + count).map(|member| member % POOL);
        match write {
            Write::Put(member, kept) => self.put(*member, kept),
            Write::PutMany(first, count, kept) => {
                some(*first, *count).for_each(|member| self.put(member, kept));
            }
            Write::Remove(member) => self.remove(*member)?,
            Write::RemoveMany(first, count) => {
                some(*first, *count).try_for_each(|member| self.remove(member))?;
            }
            Write::Load { first, count, kept, and_known, twice } => {
                let mut records = Vec::new();
                if !and_known {
                    self.map.clear();
                }
                for (member, kept) in &self.map {
                    records.push(kept.record(*member));
                }
                // Of two with one id, the later one counts.
                let other = Kept { version: kept.version + 1, ..kept.clone() };
                for member in some(*first, *count) {
                    records.extend(twice.then(|| other.record(member)));
                    records.push(kept.record(member));
                    self.map.insert(member, kept.clone());
                }
                // Owned, and of a length that nobody knows; or borrowed, and of one that is known.
                if *twice {
                    self.writer.load(records.into_iter().filter(|record| !record.token().name.is_empty()));
                } else {
                    self.writer.load(&records);
                }
            }
        }
        prop_assert_eq!(self.writer.len(), self.map.len());
        prop_assert_eq!(self.writer.is_empty(), self.map.is_empty());
        Ok(())
    }

    fn check(&self, member: usize) -> Result<Option<Access>, TestCaseError> {
        let mut granted = None;
        for (number, secret) in MEMBERS[member].secrets.iter().enumerate() {
            let verdict = self.guards[member % 3].check_secret(secret.reveal(), None);
            let Some(kept) = self.map.get(&member) else {
                prop_assert_eq!(reason(&verdict), Some(Reason::Unknown));
                continue;
            };
            prop_assert_eq!(
                reason(&verdict),
                kept.reason(number),
                "member {} secret {}: {:?}",
                member,
                number,
                kept
            );
            if let Ok(access) = verdict {
                assert_is(&access, kept, member)?;
                let elsewhere = self.guards[(member + 1) % 3].check_secret(secret.reveal(), None);
                prop_assert_eq!(reason(&elsewhere), Some(Reason::WrongApi));
                granted = Some(access);
            }
        }
        Ok(granted)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_index_answers_as_a_map_would(writes in vec(writes(), 1..14), samples in vec(0..POOL, 14)) {
        let mut pair = Pair::new();
        // What was granted stays as it was granted.
        let mut held = Vec::new();
        for (write, sample) in writes.iter().zip(samples) {
            pair.write(write)?;
            for member in (sample..sample + 12).map(|member| member % POOL) {
                if let Some(access) = pair.check(member)? {
                    held.push((access.clone(), pair.map[&member].clone(), member));
                }
            }
        }
        for member in 0..POOL {
            pair.check(member)?;
        }
        drop(pair);
        for (access, kept, member) in &held {
            assert_is(access, kept, *member)?;
        }
    }

    /// One after another through every size, up and down.
    #[test]
    fn no_token_is_lost_when_the_table_grows(start in 0..POOL, remove in option::of(1..7usize), kept in kept()) {
        let mut pair = Pair::new();
        for step in 0..POOL {
            pair.put((start + step) % POOL, &kept);
            pair.check((start + step) % POOL)?;
            pair.check((start + step / 2) % POOL)?;
            if let Some(every) = remove.filter(|every| step % every == 0) {
                pair.remove((start + step / every) % POOL)?;
            }
            prop_assert_eq!(pair.writer.len(), pair.map.len());
        }
        for member in 0..POOL {
            pair.check(member)?;
        }
    }
}

// Under readers.

/// What a token was from one write to the next.
#[derive(Debug, Clone)]
enum Phase {
    Absent,
    /// The number of its secret, whether the one before it is in its grace, whether it was revoked.
    Present {
        version: usize,
        secret: usize,
        grace: bool,
        revoked: bool,
    },
}

/// All that a token ever was: a phase is written down before the index is changed, and counted after.
#[derive(Debug)]
struct History {
    phases: RwLock<Vec<Phase>>,
    secrets: RwLock<Vec<Secret>>,
    ended: AtomicUsize,
}

impl Phase {
    /// Whether a check of this secret could have ended so in this phase.
    fn explains(&self, member: usize, secret: usize, verdict: &Verdict) -> bool {
        let Self::Present { version, secret: current, grace, revoked } = self else {
            return reason(verdict) == Some(Reason::Unknown);
        };
        let good = secret == *current || *grace && secret + 1 == *current;
        match verdict {
            Ok(access) => {
                let is_whole = access.name() == format!("t{member} v{version}")
                    && access.target_dn() == Some(&*format!("uid=t{member}-{version},o=acme"))
                    && access.expires_on() == Some(millis(START + 1 + i64::try_from(*version).unwrap()))
                    && access.scopes() == [format!("v{version}")];
                good && !revoked && is_whole
            }
            Err(denied) => match denied.reason {
                Reason::Revoked => good && *revoked,
                Reason::Superseded => !grace && secret + 1 == *current,
                Reason::WrongSecret => secret > *current || secret + 1 < *current,
                _ => false,
            },
        }
    }
}

const READ: usize = if cfg!(miri) { 4 } else { 24 };
/// Miri, which looks for undefined behaviour, is some thousand times slower.
const WRITES: usize = if cfg!(miri) { 80 } else { 3000 };

/// Each verdict is explained by one phase of the token, no older than what was acknowledged before the check began
/// and no newer than what was begun before it ended. That is: nobody sees a mix of two phases, a token that was
/// revoked before the check is not granted, and one that was there all the time is never lost.
#[test]
fn readers_see_each_token_whole_and_up_to_date() {
    let (verifier, mut writer, _clock) = verifier(None);
    let mut rng = ChaCha12Rng::seed_from_u64(24);
    let (issuer, book, owner, now) =
        (Issuer::default(), RoleBook::default(), Caller::owner("setup"), millis(START));
    let mut records = Vec::new();
    let histories: Vec<History> = (0..READ)
        .map(|_| {
            let asked = NewToken::new("t", Api::Rest).expires(days(90));
            let made = issuer.issue(&asked, &owner, &book, now, &mut rng).unwrap();
            records.push(made.record);
            let secrets = RwLock::new(vec![made.secret]);
            History { phases: RwLock::new(vec![Phase::Absent]), secrets, ended: AtomicUsize::new(0) }
        })
        .collect();
    let filler: Vec<TokenRecord> = (0..if cfg!(miri) { 60 } else { 200 }).map(kept_filler).collect();
    let (done, checks, granted) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));

    let read = |seed: u64| {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let guard = guard(&verifier, Api::Rest);
        let mut kept = Vec::new();
        while !done.load(Ordering::Acquire) {
            let member = rng.random_range(0..READ);
            let history = &histories[member];
            let known = history.secrets.read().unwrap().len();
            let number = known - 1 - rng.random_range(0..known.min(3));
            let secret = history.secrets.read().unwrap()[number].clone();
            let first = history.ended.load(Ordering::Acquire);
            let verdict = guard.check_secret(secret.reveal(), None);
            let phases = history.phases.read().unwrap();
            let explained = phases[first..].iter().any(|phase| phase.explains(member, number, &verdict));
            assert!(explained, "{verdict:?} of {member}, secret {number}: {:?}", &phases[first..]);
            checks.fetch_add(1, Ordering::Relaxed);
            if let Ok(access) = verdict {
                granted.fetch_add(1, Ordering::Relaxed);
                // Some are kept for a while, as a slow request would.
                kept.push(access);
                if kept.len() > 16 {
                    kept.clear();
                }
            }
        }
    };
    let mut change = || {
        for version in 1..WRITES {
            let member = rng.random_range(0..READ);
            let history = &histories[member];
            let last = history.phases.read().unwrap().last().unwrap().clone();
            let secret = history.secrets.read().unwrap().len() - 1;
            let next = match (rng.random_range(0..10), &last) {
                (0, _) => Phase::Absent,
                (1, Phase::Present { revoked: false, secret, grace, .. }) => {
                    Phase::Present { version, secret: *secret, grace: *grace, revoked: true }
                }
                (2..5, _) => {
                    let rotation = Rotation::with_grace(HOUR).force();
                    let made =
                        issuer.rotate(&records[member], &rotation, &owner, &book, now, &mut rng).unwrap();
                    records[member] = made.record;
                    history.secrets.write().unwrap().push(made.secret);
                    Phase::Present { version, secret: secret + 1, grace: rng.random(), revoked: false }
                }
                (_, Phase::Present { secret, grace, revoked, .. }) => {
                    Phase::Present { version, secret: *secret, grace: *grace, revoked: *revoked }
                }
                (_, Phase::Absent) => Phase::Present { version, secret, grace: false, revoked: false },
            };
            history.phases.write().unwrap().push(next.clone());
            match phase_record(&records[member], member, &next) {
                Some(record) => writer.put(&record),
                None => drop(writer.remove(records[member].id())),
            }
            history.ended.fetch_add(1, Ordering::Release);

            // Others come, until the table has grown; then all of them go at once.
            writer.put(&filler[version % filler.len()]);
            if version % (WRITES / 12) == 0 {
                let last = |member: usize| histories[member].phases.read().unwrap().last().unwrap().clone();
                let all =
                    (0..READ).filter_map(|member| phase_record(&records[member], member, &last(member)));
                writer.load(all);
            }
        }
        done.store(true, Ordering::Release);
    };
    std::thread::scope(|scope| {
        let readers = [1, 2].map(|seed| scope.spawn(move || read(seed)));
        let writer = scope.spawn(&mut change);
        // A writer that fails must not leave the readers reading.
        let wrote = writer.join();
        done.store(true, Ordering::Release);
        for reader in readers {
            reader.join().unwrap();
        }
        wrote.unwrap();
    });
    let (checks, granted) = (checks.into_inner(), granted.into_inner());
    assert!(
        cfg!(miri) || checks > 100 && granted > 10,
        "{granted} of {checks} checks granted: the readers hardly ran"
    );
}

fn kept_filler(version: usize) -> TokenRecord {
    let secret = Secret::generate(Api::Rest).unwrap();
    let mut token = AccessToken::new(format!("filler {version}"), Api::Rest, millis(START));
    token.id = secret.id();
    TokenRecord::new(token, secret.digest(), None).unwrap()
}

fn phase_record(of: &TokenRecord, member: usize, phase: &Phase) -> Option<TokenRecord> {
    let Phase::Present { version, grace, revoked, .. } = phase else { return None };
    let mut token = of.token().clone();
    token.name = format!("t{member} v{version}");
    token.target_dn = Some(format!("uid=t{member}-{version},o=acme"));
    token.expires_on = Some(millis(START + 1 + i64::try_from(*version).unwrap()));
    token.scopes = vec![format!("v{version}")];
    token.grace_until = Some(millis(if *grace { START + 1 } else { START }));
    token.revoked_on = revoked.then(|| millis(START));
    Some(TokenRecord::new(token, of.digest(), of.previous_digest()).unwrap())
}

// Roles.

#[test]
fn a_changed_role_binds_the_tokens_that_hold_it() {
    let (verifier, mut writer, _) = verifier(None);
    let role = |level| Role::new("ops", Permissions::none().with(Area::Settings, level));
    let book = |level| RoleBook::with([role(level)]).unwrap();
    writer.set_roles(book(Level::View));
    let asked = NewToken::new("t", Api::Config).expires(days(90)).role("ops").role("aciadmin");
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let issued = Issuer::default()
        .issue(&asked, &Caller::owner("setup"), &book(Level::View), millis(START), &mut rng)
        .unwrap();
    writer.put(&issued.record);
    let scopes = ["SCOPE_SETTINGS_VIEW", "SCOPE_SETTINGS_EDIT", "SCOPE_SECURITY_ACCESS_CONTROL_EDIT"];
    let guards = scopes.map(|scope| verifier.guard(Api::Config, [scope]).unwrap());
    let permitted =
        || guards.each_ref().map(|guard| reason(&guard.check_secret(issued.secret.reveal(), None)));
    let no = Some(Reason::InsufficientScope);

    // Security Administrator views the settings too.
    assert_eq!(permitted(), [None, no, None]);
    let before = guards[0].check_secret(issued.secret.reveal(), None).unwrap();
    writer.set_roles(book(Level::Edit));
    assert_eq!(permitted(), [None, None, None]);
    assert!(!before.allows("SCOPE_SETTINGS_EDIT"), "an access is what was granted at its time");
    let after = guards[0].check_secret(issued.secret.reveal(), None).unwrap();
    assert!(after.allows("SCOPE_SETTINGS_EDIT"));
    assert_eq!(after.roles().collect::<Vec<_>>(), ["ops", "Security Administrator"]);

    // A role that is no more grants nothing; the other role still does.
    writer.set_roles(RoleBook::default());
    assert_eq!(permitted(), [None, no, None]);
    // Nor is a token forgotten that was put in, or put in anew, under other roles.
    writer.set_roles(book(Level::Edit));
    assert_eq!(permitted(), [None, None, None]);
    writer.load([&issued.record]);
    assert_eq!(permitted(), [None, None, None]);
    writer.set_roles(book(Level::None));
    assert_eq!(permitted(), [None, no, None]);
}

/// Grants are shared by all tokens that have the same, and are forgotten once none has them: many come and go, and
/// a role still binds those that stay.
#[test]
fn a_changed_role_binds_tokens_among_many_that_went() {
    let (verifier, mut writer, _) = verifier(None);
    let secrets: Vec<Secret> = (0..3).map(|_| Secret::generate(Api::Config).unwrap()).collect();
    let record = |secret: &Secret, roles: &[String]| {
        let mut token = AccessToken::new("t", Api::Config, millis(START));
        token.id = secret.id();
        token.roles = roles.to_vec();
        TokenRecord::new(token, secret.digest(), None).unwrap()
    };
    writer.put(&record(&secrets[0], &["ops".to_owned()]));
    let others = (0..3000).map(|number| record(&secrets[1], &["ops".to_owned(), format!("role {number}")]));
    others.for_each(|other| writer.put(&other));
    writer.put(&record(&secrets[2], &["ops".to_owned()]));
    let guard = verifier.guard(Api::Config, ["SCOPE_SETTINGS_EDIT"]).unwrap();
    let granted =
        || secrets.iter().map(|secret| guard.check_secret(secret.reveal(), None).is_ok()).collect::<Vec<_>>();
    assert_eq!(granted(), [false; 3]);
    let ops = Role::new("ops", Permissions::none().with(Area::Settings, Level::Edit));
    writer.set_roles(RoleBook::with([ops]).unwrap());
    assert_eq!(granted(), [true; 3]);
}

/// A guard that found a token's scopes once does not take another token's for them.
#[test]
fn scopes_are_those_of_the_token_that_is_checked() {
    let (verifier, mut writer, _) = verifier(None);
    let guard = verifier.guard(Api::Scim, ["a", "b"]).unwrap();
    let secrets: Vec<Secret> = (0..300).map(|_| Secret::generate(Api::Scim).unwrap()).collect();
    for round in 0..3 {
        let scopes = |number: usize| match (number + round) % 3 {
            0 => vec!["a".to_owned(), "b".to_owned(), format!("only {number}").replace(' ', "-")],
            1 => vec!["a".to_owned(), format!("only-{number}")],
            _ => Vec::new(),
        };
        for (number, secret) in secrets.iter().enumerate() {
            let mut token = AccessToken::new("t", Api::Scim, millis(START));
            token.id = secret.id();
            token.scopes = scopes(number);
            writer.put(&TokenRecord::new(token, secret.digest(), None).unwrap());
        }
        for _ in 0..2 {
            for (number, secret) in secrets.iter().enumerate() {
                let verdict = guard.check_secret(secret.reveal(), None);
                let expected = ((number + round) % 3 != 0).then_some(Reason::InsufficientScope);
                assert_eq!(reason(&verdict), expected, "token {number} in round {round}");
            }
        }
    }
}

// Freshness.

const LIMIT: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(1);

/// A verifier of one token, the secret that opens it, and its clock.
struct Aging {
    writer: VerifierWriter,
    guard: Guard,
    secret: Secret,
    clock: Arc<ManualClock>,
}

impl Aging {
    fn new(limit: Option<Duration>) -> Self {
        let (verifier, mut writer, clock) = verifier(limit);
        let secret = Secret::generate(Api::Scim).unwrap();
        writer.put(&record_of(&secret));
        Self { guard: guard(&verifier, Api::Scim), writer, secret, clock }
    }

    fn proved(limit: Duration) -> Self {
        let aging = Self::new(Some(limit));
        aging.prove();
        aging
    }

    fn prove(&self) {
        self.writer.prove(self.writer.reading());
    }

    fn reason(&self) -> Option<Reason> {
        reason(&self.guard.check_secret(self.secret.reveal(), None))
    }
}

fn record_of(secret: &Secret) -> TokenRecord {
    let mut token = AccessToken::new("t", Api::Scim, millis(START));
    token.id = secret.id();
    TokenRecord::new(token, secret.digest(), None).unwrap()
}

#[test]
fn an_index_is_fresh_until_exactly_its_limit() {
    let aging = Aging::proved(LIMIT);
    assert_eq!(aging.reason(), None);
    aging.clock.advance(LIMIT);
    assert_eq!(aging.reason(), None);
    aging.clock.advance(TICK);
    assert_eq!(aging.reason(), Some(Reason::Stale));
    aging.prove();
    assert_eq!(aging.reason(), None);
}

/// However long the limit: who never heard from its source knows nothing.
#[test]
fn an_index_that_was_never_proved_is_stale() {
    for limit in [
        Duration::ZERO,
        LIMIT,
        Duration::from_secs(u64::MAX / 2000),
        Duration::from_secs(u64::MAX / 1000),
        Duration::MAX,
    ] {
        let aging = Aging::new(Some(limit));
        assert_eq!(aging.reason(), Some(Reason::Stale), "{limit:?}");
        aging.prove();
        assert_eq!(aging.reason(), None, "{limit:?}");
    }
}

#[test]
fn a_fixed_set_of_tokens_does_not_age() {
    let aging = Aging::new(None);
    assert_eq!(aging.reason(), None);
    aging.clock.advance(Duration::from_hours(24 * 10_000));
    assert_eq!(aging.reason(), None);
}

/// What the source knew when it was asked is proved, not what it knew when the answer came.
#[test]
fn an_age_counts_from_before_the_question() {
    let aging = Aging::new(Some(LIMIT));
    let asked_at = aging.writer.reading();
    aging.clock.advance(Duration::from_secs(7));
    aging.writer.prove(asked_at);
    assert_eq!(aging.reason(), None);
    aging.clock.advance(Duration::from_secs(3));
    assert_eq!(aging.reason(), None);
    aging.clock.advance(TICK);
    assert_eq!(aging.reason(), Some(Reason::Stale));
    // An answer that took longer than the limit proves nothing in time.
    let asked_at = aging.writer.reading();
    aging.clock.advance(LIMIT + TICK);
    aging.writer.prove(asked_at);
    assert_eq!(aging.reason(), Some(Reason::Stale));
}

#[test]
fn a_clock_set_back_makes_nothing_younger() {
    let aging = Aging::proved(LIMIT);
    aging.clock.advance(Duration::from_secs(8));
    aging.clock.set(millis(START - 86_400_000));
    assert_eq!(aging.reason(), None, "eight seconds are eight seconds");
    aging.clock.advance(Duration::from_secs(2));
    assert_eq!(aging.reason(), None);
    aging.clock.advance(TICK);
    assert_eq!(aging.reason(), Some(Reason::Stale));
    // Nor does the time of day alone stand for the time that passed.
    aging.clock.set(millis(START));
    assert_eq!(aging.reason(), Some(Reason::Stale));
    aging.prove();
    aging.clock.advance_boot_time(LIMIT + TICK);
    assert_eq!(aging.reason(), Some(Reason::Stale));
}

/// Where the other clock stops while a machine sleeps, the time of day tells.
#[test]
fn a_machine_that_slept_wakes_up_stale() {
    let aging = Aging::proved(LIMIT);
    aging.clock.set(millis(START + 3_600_000));
    assert_eq!(aging.reason(), Some(Reason::Stale));
    aging.prove();
    assert_eq!(aging.reason(), None);
    // Where it does not stop, both tell.
    aging.clock.advance(HOUR);
    assert_eq!(aging.reason(), Some(Reason::Stale));
}

#[test]
fn an_answer_that_comes_late_makes_nothing_fresher() {
    let aging = Aging::new(Some(LIMIT));
    let first = aging.writer.reading();
    aging.clock.advance(Duration::from_secs(9));
    let second = aging.writer.reading();
    aging.writer.prove(second);
    aging.writer.prove(first);
    aging.clock.advance(LIMIT);
    aging.clock.advance(TICK);
    assert_eq!(aging.reason(), Some(Reason::Stale));
}

#[test]
fn noise_is_told_from_tokens_even_when_stale_and_tokens_are_not_looked_up() {
    let aging = Aging::new(Some(LIMIT));
    let reason = |text: &str| reason(&aging.guard.check_secret(text, None));
    assert_eq!(reason("noise"), Some(Reason::Malformed));
    let text = aging.secret.reveal();
    let (rest, last) = text.split_at(text.len() - 1);
    let wrong = format!("{rest}{}", if last == "0" { '1' } else { '0' });
    assert_eq!(reason(&wrong), Some(Reason::ChecksumMismatch));
    let stranger = Secret::generate(Api::Scim).unwrap();
    assert_eq!(reason(stranger.reveal()), Some(Reason::Stale));
}

proptest! {
    /// Age is the greater of what two clocks say, from whatever was proved last.
    #[test]
    fn age_is_the_greater_of_two_clocks(
        limit in 0..20_000u64, steps in vec((0..8_000i64, 0..8_000u64, prop::bool::weighted(0.3), -5_000..5_000i64), 1..12)
    ) {
        let aging = Aging::new(Some(Duration::from_millis(limit)));
        let (mut wall, mut boot) = (START, 0);
        let mut proved = None;
        for (wall_step, boot_step, prove, jump) in steps {
            wall += wall_step + jump;
            boot += i64::try_from(boot_step).unwrap();
            aging.clock.set(millis(wall));
            aging.clock.advance_boot_time(Duration::from_millis(boot_step));
            if prove {
                aging.prove();
                proved = Some((wall, boot));
            }
            let fresh = proved.is_some_and(|(at_wall, at_boot)| {
                (wall - at_wall).max(boot - at_boot) <= i64::try_from(limit).unwrap()
            });
            prop_assert_eq!(aging.reason(), (!fresh).then_some(Reason::Stale));
        }
    }
}

/// A clock whose reader is stopped at one of the two, while the world goes on: it stands for a thread that is not
/// run, and for a machine that is.
#[derive(Debug)]
struct Halting {
    clock: ManualClock,
    /// The call to stop at: `now` or `boot_time`. None once it was.
    stop_at: Mutex<Option<&'static str>>,
    meanwhile: Mutex<Option<(VerifierWriter, TokenRecord)>>,
}

impl Halting {
    fn may_halt(&self, call: &str) {
        if self.stop_at.lock().unwrap().take_if(|at| *at == call).is_none() {
            return;
        }
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some((mut writer, revoked)) = meanwhile {
            // The revocation is acknowledged at once. The replica hears of it much later.
            self.clock.advance(2 * LIMIT);
            let asked_at = writer.reading();
            writer.put(&revoked);
            writer.prove(asked_at);
        }
    }
}

impl Clock for Halting {
    fn now(&self) -> Timestamp {
        self.may_halt("now");
        self.clock.now()
    }

    fn boot_time(&self) -> Duration {
        self.may_halt("boot_time");
        self.clock.boot_time()
    }
}

/// A proof that came after the token was looked up does not speak for what was seen.
#[test]
fn a_check_that_is_halted_midway_accepts_nothing_revoked_long_ago() {
    for call in ["now", "boot_time"] {
        let halting = Arc::new(Halting {
            clock: ManualClock::new(millis(START)),
            stop_at: Mutex::new(None),
            meanwhile: Mutex::new(None),
        });
        let mut options = VerifierOptions::default();
        options.clock = halting.clone();
        options.max_staleness = Some(LIMIT);
        let (verifier, mut writer) = Verifier::with_writer(options);
        let guard = guard(&verifier, Api::Scim);
        let secret = Secret::generate(Api::Scim).unwrap();
        let record = record_of(&secret);
        writer.put(&record);
        writer.prove(writer.reading());
        assert!(guard.check_secret(secret.reveal(), None).is_ok());

        let revoked = record.revoked(millis(START));
        *halting.meanwhile.lock().unwrap() = Some((writer, revoked));
        *halting.stop_at.lock().unwrap() = Some(call);
        let verdict = guard.check_secret(secret.reveal(), None);
        assert!(halting.stop_at.lock().unwrap().is_none(), "it did stop");
        let reason = reason(&verdict);
        assert!(
            matches!(reason, Some(Reason::Stale | Reason::Revoked)),
            "halted at {call}: {reason:?}, twenty seconds after its revocation"
        );
    }
}
