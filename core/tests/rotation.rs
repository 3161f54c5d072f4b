//! Rotation against a model of it: at each instant exactly the secrets that should open do, and the others are
//! refused for the right reason.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

use std::sync::Arc;
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{
    Api, Brand, Caller, Clock, ErrorKind, Expiration, Guard, Issued, Issuer, NewToken, Reason, RoleBook,
    Rotation, Secret, Status, Timestamp, TokenPolicy, TokenRecord, Verifier, VerifierOptions, VerifierWriter,
    at, days,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;

const DAY: i64 = 86_400_000;
const START: i64 = 1_772_355_600_000;

fn millis(value: i64) -> Timestamp {
    Timestamp::from_millis(value).unwrap()
}

fn policy() -> TokenPolicy {
    let mut policy = TokenPolicy::default();
    policy.allow_never = true;
    policy
}

/// What is known of a token: which of its secrets is good, until when, and what ended it.
#[derive(Debug, Clone)]
struct Model {
    secrets: Vec<Secret>,
    /// The secret before the last, and the instant at which it dies.
    previous: Option<(usize, i64)>,
    not_before: Option<i64>,
    expires_on: Option<i64>,
    revoked: bool,
}

impl Model {
    fn reason(&self, secret: usize, now: i64) -> Option<Reason> {
        match self.previous {
            _ if secret + 1 == self.secrets.len() => {}
            Some((previous, until)) if previous == secret => {
                if now >= until {
                    return Some(Reason::Superseded);
                }
            }
            _ => return Some(Reason::WrongSecret),
        }
        if self.revoked {
            Some(Reason::Revoked)
        } else if self.not_before.is_some_and(|start| now < start) {
            Some(Reason::NotYetValid)
        } else if self.expires_on.is_some_and(|end| now >= end) {
            Some(Reason::Expired)
        } else {
            None
        }
    }

    /// The code of the error that this rotation is refused with, or the expiry that it sets.
    fn rotation(&self, asked: &Turn, now: i64) -> Result<Option<i64>, &'static str> {
        if self.revoked {
            return Err("token_revoked");
        }
        if self.expires_on.is_some_and(|end| now >= end) {
            return Err("token_expired");
        }
        if !asked.force && self.previous.is_some_and(|(_, until)| now < until) {
            return Err("rotation_in_grace");
        }
        let end = match asked.expires {
            None => return Ok(self.expires_on),
            Some(Ask::Never) => None,
            Some(Ask::Days(0)) => return Err("expiration_zero_days"),
            Some(Ask::Days(count)) => Some(now + i64::from(count) * DAY),
            Some(Ask::In(span)) => Some((now + span).min(Timestamp::MAX.as_millis())),
        };
        match end {
            Some(end) if end > Timestamp::MAX.as_millis() => Err("expiration_out_of_range"),
            Some(end) if end <= now => Err("expiration_in_past"),
            Some(end) if end > now + 366 * DAY => Err("expiration_too_late"),
            Some(end) if self.not_before.is_some_and(|start| start >= end) => Err("not_before_after_expiry"),
            end => Ok(end),
        }
    }

    /// The instants at which something may change.
    fn edges(&self, now: i64) -> Vec<i64> {
        let known = [self.previous.map(|(_, until)| until), self.expires_on, self.not_before, Some(now)];
        let near = |edge: i64| [edge - 1, edge, edge + 1, edge + DAY];
        let last = Timestamp::MAX.as_millis();
        known.into_iter().flatten().flat_map(near).filter(|edge| *edge <= last).collect()
    }
}

#[derive(Debug, Clone)]
struct Turn {
    grace: Duration,
    force: bool,
    expires: Option<Ask>,
}

#[derive(Debug, Clone, Copy)]
enum Ask {
    Never,
    Days(u32),
    /// So many milliseconds from now.
    In(i64),
}

impl Turn {
    fn rotation(&self, now: i64) -> Rotation {
        let mut rotation = Rotation::with_grace(self.grace);
        rotation.force = self.force;
        rotation.expires = self.expires.map(|ask| match ask {
            Ask::Never => Expiration::Never,
            Ask::Days(count) => days(count),
            Ask::In(span) => at(millis((now + span).min(Timestamp::MAX.as_millis()))),
        });
        rotation
    }
}

#[derive(Debug, Clone)]
enum Step {
    Rotate(Turn),
    Revoke,
    Wait(i64),
    /// To one millisecond before an edge of the model's, or onto it.
    WaitFor(usize),
}

/// A token, what a verifier knows of it, and what it should.
struct Subject {
    record: TokenRecord,
    model: Model,
    clock: Arc<ManualClock>,
    guard: Guard,
    writer: VerifierWriter,
    rng: ChaCha12Rng,
    revoked_at: Option<i64>,
}

impl Subject {
    fn new(asked: &NewToken, seed: u64) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let (book, owner) = (RoleBook::default(), Caller::owner("setup"));
        let issuer = Issuer::new(Brand::default(), policy());
        let Issued { secret, record } = issuer.issue(asked, &owner, &book, millis(START), &mut rng).unwrap();
        let clock = Arc::new(ManualClock::new(millis(START)));
        let mut options = VerifierOptions::default();
        options.clock = clock.clone();
        let (verifier, mut writer) = Verifier::with_writer(options);
        writer.put(&record);
        let guard = verifier.guard(Api::Scim, [""; 0]).unwrap();
        let [not_before, expires_on] =
            [record.token().not_before, record.token().expires_on].map(|end| end.map(Timestamp::as_millis));
        let model = Model { secrets: vec![secret], previous: None, not_before, expires_on, revoked: false };
        Self { record, model, clock, guard, writer, rng, revoked_at: None }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millis()
    }

    fn rotate(&mut self, rotation: &Rotation) -> gatepass::Result<Secret> {
        let (book, owner) = (RoleBook::default(), Caller::owner("setup"));
        let issuer = Issuer::new(Brand::default(), policy());
        let now = self.clock.now();
        let rotated = issuer.rotate(&self.record, rotation, &owner, &book, now, &mut self.rng)?;
        self.keep(&rotated.record);
        Ok(rotated.secret)
    }

    fn revoke(&mut self) {
        self.keep(&self.record.clone().revoked(self.clock.now()));
    }

    /// Through the form in which a store keeps it.
    fn keep(&mut self, record: &TokenRecord) {
        let json = serde_json::to_string(record).unwrap();
        self.record = serde_json::from_str(&json).unwrap();
        assert_eq!(&self.record, record);
        self.writer.put(&self.record);
    }

    fn reason(&self, secret: &Secret) -> Option<Reason> {
        self.guard.check_secret(secret.reveal(), None).err().map(|denied| denied.reason)
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let now = self.now();
        match step {
            Step::Rotate(turn) => {
                let expected = self.model.rotation(turn, now);
                let before = self.record.clone();
                match (self.rotate(&turn.rotation(now)), expected) {
                    (Ok(secret), Ok(expires_on)) => {
                        let grace = i64::try_from(turn.grace.as_millis()).unwrap_or(i64::MAX);
                        let until = now.saturating_add(grace).min(Timestamp::MAX.as_millis());
                        let until = self.model.expires_on.map_or(until, |end| end.min(until));
                        self.model.previous = Some((self.model.secrets.len() - 1, until));
                        self.model.secrets.push(secret);
                        self.model.expires_on = expires_on;
                        let (old, new) = (before.token(), self.record.token());
                        prop_assert_eq!(
                            (&old.id, &old.name, old.created_on),
                            (&new.id, &new.name, new.created_on)
                        );
                        prop_assert_eq!(new.rotated_on, Some(millis(now)));
                        prop_assert_eq!(new.grace_until, Some(millis(until)));
                    }
                    (Err(error), Err(code)) => {
                        prop_assert_eq!(error.code(), code);
                        let conflicts = ["token_revoked", "token_expired", "rotation_in_grace"];
                        prop_assert_eq!(error.kind() == ErrorKind::Conflict, conflicts.contains(&code));
                        prop_assert_eq!(&before, &self.record);
                    }
                    (got, expected) => prop_assert!(false, "{got:?} instead of {expected:?}"),
                }
            }
            Step::Revoke => {
                self.revoke();
                self.model.revoked = true;
                self.revoked_at.get_or_insert(now);
            }
            Step::Wait(span) => self.clock.advance(Duration::from_millis(span.unsigned_abs())),
            Step::WaitFor(edge) => {
                let edges = self.model.edges(now);
                self.clock.set(millis(edges[edge % edges.len()].max(now)));
            }
        }
        Ok(())
    }

    /// Every secret there ever was, now and at the instants at which something is to change.
    fn check(&self) -> Result<(), TestCaseError> {
        let now = self.now();
        for moment in self.model.edges(now) {
            self.clock.set(millis(moment));
            for (number, secret) in self.model.secrets.iter().enumerate() {
                let (got, expected) = (self.reason(secret), self.model.reason(number, moment));
                prop_assert_eq!(got, expected, "secret {} at {}: {:?}", number, millis(moment), self.model);
            }
            let current = self.model.reason(self.model.secrets.len() - 1, moment);
            let expected = match current {
                None => Status::Active,
                Some(Reason::Revoked) => Status::Revoked,
                Some(Reason::Expired) => Status::Expired,
                _ => Status::NotYetValid,
            };
            let status = self.record.token().status(millis(moment));
            // A window that is over is over, even if it never began.
            let upside_down = self.model.not_before.is_some_and(|start| moment < start);
            prop_assert!(
                status == expected || upside_down && status == Status::Expired,
                "{status} at {moment}"
            );
            let in_grace =
                self.model.previous.is_some_and(|(number, _)| self.model.reason(number, moment).is_none());
            prop_assert_eq!(self.record.token().in_grace(millis(moment)), in_grace);
        }
        prop_assert_eq!(self.record.token().revoked_on.map(Timestamp::as_millis), self.revoked_at);
        self.clock.set(millis(now));
        Ok(())
    }
}

fn steps() -> impl Strategy<Value = Step> {
    let graces = [
        Duration::ZERO,
        Duration::from_micros(999),
        Duration::from_millis(1),
        Duration::from_micros(1999),
        Duration::from_hours(1),
        Duration::from_hours(24),
        Duration::from_hours(24 * 400),
        Duration::MAX,
    ];
    let ask = prop_oneof![
        Just(Ask::Never),
        (0..400u32).prop_map(Ask::Days),
        (-DAY..2 * DAY).prop_map(Ask::In),
        Just(Ask::In(366 * DAY)),
        Just(Ask::In(366 * DAY + 1)),
    ];
    let turn = (select(graces.to_vec()), any::<bool>(), option::weighted(0.3, ask));
    prop_oneof![
        6 => turn.prop_map(|(grace, force, expires)| Step::Rotate(Turn { grace, force, expires })),
        1 => Just(Step::Revoke),
        2 => prop_oneof![0..3i64, 0..2 * DAY, 0..200 * DAY].prop_map(Step::Wait),
        3 => any::<usize>().prop_map(Step::WaitFor),
    ]
}

fn asked() -> impl Strategy<Value = NewToken> {
    let window = (option::weighted(0.7, 1..366i64), option::weighted(0.2, 0..100i64));
    window.prop_map(|(expires, not_before)| {
        let expires = expires.map_or(Expiration::Never, |count| at(millis(START + count * DAY)));
        let asked = NewToken::new("t", Api::Scim).expires(expires.clone());
        // A token that would expire before it is good is not made.
        match (not_before, expires) {
            (Some(count), Expiration::At(end)) if START + count * DAY >= end.as_millis() => asked,
            (Some(count), _) => asked.not_before(millis(START + count * DAY)),
            (None, _) => asked,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn at_each_instant_exactly_the_right_secrets_open(asked in asked(), seed: u64, steps in vec(steps(), 1..14)) {
        let mut subject = Subject::new(&asked, seed);
        subject.check()?;
        for step in &steps {
            subject.step(step)?;
            subject.check()?;
        }
    }

    /// Whatever was asked: the old secret is good for no longer than the grace, nor than it would have been.
    #[test]
    fn the_previous_secret_outlives_neither_its_grace_nor_itself(
        (life, wait) in (1..366i64).prop_flat_map(|life| (Just(life), 0..life)),
        grace in 0..400 * DAY, new_life in option::of(1..366u32)
    ) {
        let mut subject = Subject::new(&NewToken::new("t", Api::Scim).expires(at(millis(START + life * DAY))), 1);
        let old = subject.model.secrets[0].clone();
        let now = START + wait * DAY;
        subject.clock.set(millis(now));
        let mut rotation = Rotation::with_grace(Duration::from_millis(grace.unsigned_abs()));
        rotation.expires = new_life.map(days);
        subject.rotate(&rotation).unwrap();
        let end = (now + grace).min(START + life * DAY);
        subject.clock.set(millis(end));
        prop_assert!(subject.reason(&old).is_some());
        subject.clock.set(millis(end - 1));
        let still_good = end > now && new_life.is_none_or(|life| end <= now + i64::from(life) * DAY);
        prop_assert_eq!(subject.reason(&old).is_none(), still_good);
    }
}

// Cases.

fn subject(life: u32) -> (Subject, Secret) {
    let subject = Subject::new(&NewToken::new("nightly-sync", Api::Scim).expires(days(life)), 9);
    let secret = subject.model.secrets[0].clone();
    (subject, secret)
}

#[test]
fn no_grace_cuts_over_at_once() {
    let (mut subject, old) = subject(90);
    let new = subject.rotate(&Rotation::default()).unwrap();
    assert_eq!((subject.reason(&old), subject.reason(&new)), (Some(Reason::Superseded), None));
    assert_eq!(old.id(), new.id());
    assert_ne!(old, new);
    // Nor is one in grace, so the next needs no force.
    let newer = subject.rotate(&Rotation::default()).unwrap();
    let reasons = [&old, &new, &newer].map(|secret| subject.reason(secret));
    assert_eq!(reasons, [Some(Reason::WrongSecret), Some(Reason::Superseded), None]);
}

#[test]
fn a_second_rotation_within_the_grace_is_a_conflict_unless_forced() {
    let (mut subject, first) = subject(90);
    let grace = || Rotation::with_grace(Duration::from_hours(1));
    let second = subject.rotate(&grace()).unwrap();
    let error = subject.rotate(&grace()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "rotation_in_grace"));
    assert_eq!([&first, &second].map(|secret| subject.reason(secret)), [None, None]);

    let third = subject.rotate(&grace().force()).unwrap();
    let reasons = [&first, &second, &third].map(|secret| subject.reason(secret));
    assert_eq!(reasons, [Some(Reason::WrongSecret), None, None], "the oldest ends, not the middle one");
    subject.clock.advance(Duration::from_hours(1));
    let fourth = subject.rotate(&grace()).unwrap();
    assert_eq!([&third, &fourth].map(|secret| subject.reason(secret)), [None, None]);
}

#[test]
fn a_later_expiry_is_not_the_old_secrets() {
    let (mut subject, old) = subject(2);
    let new = subject.rotate(&Rotation::with_grace(Duration::from_hours(240)).expires(days(300))).unwrap();
    subject.clock.set(millis(START + 2 * DAY - 1));
    assert_eq!([&old, &new].map(|secret| subject.reason(secret)), [None, None]);
    subject.clock.set(millis(START + 2 * DAY));
    assert_eq!([&old, &new].map(|secret| subject.reason(secret)), [Some(Reason::Superseded), None]);
}

#[test]
fn an_earlier_expiry_is_the_old_secrets_too() {
    let (mut subject, old) = subject(90);
    let new = subject.rotate(&Rotation::with_grace(Duration::from_hours(240)).expires(days(1))).unwrap();
    subject.clock.set(millis(START + DAY - 1));
    assert_eq!([&old, &new].map(|secret| subject.reason(secret)), [None, None]);
    subject.clock.set(millis(START + DAY));
    assert_eq!([&old, &new].map(|secret| subject.reason(secret)), [Some(Reason::Expired); 2]);
}

#[test]
fn to_revoke_ends_both_secrets_and_what_may_follow() {
    let (mut subject, old) = subject(90);
    let new = subject.rotate(&Rotation::with_grace(Duration::from_hours(1))).unwrap();
    subject.revoke();
    assert_eq!([&old, &new].map(|secret| subject.reason(secret)), [Some(Reason::Revoked); 2]);
    let first = subject.record.token().revoked_on;
    subject.clock.advance(Duration::from_hours(2));
    subject.revoke();
    assert_eq!(subject.record.token().revoked_on, first, "the first revocation stands");
    assert_eq!(
        [&old, &new].map(|secret| subject.reason(secret)),
        [Some(Reason::Superseded), Some(Reason::Revoked)]
    );
    assert_eq!(subject.rotate(&Rotation::default().force()).unwrap_err().code(), "token_revoked");
}

#[test]
fn what_is_expired_stays_so() {
    let (mut subject, old) = subject(1);
    subject.clock.set(millis(START + DAY));
    assert_eq!(subject.reason(&old), Some(Reason::Expired));
    let error = subject.rotate(&Rotation::default().expires(days(30)).force()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "token_expired"));
    subject.clock.set(millis(START + DAY - 1));
    assert!(subject.rotate(&Rotation::default().expires(days(30))).is_ok());
}

/// A secret that could not be delivered is dropped with its record: the old one is still good.
#[test]
fn a_rotation_that_is_not_kept_changes_nothing() {
    let (subject, old) = subject(90);
    let (book, owner, mut rng) = (RoleBook::default(), Caller::owner("setup"), ChaCha12Rng::seed_from_u64(3));
    let lost = Issuer::default()
        .rotate(&subject.record, &Rotation::default(), &owner, &book, millis(START), &mut rng)
        .unwrap();
    assert_eq!([&old, &lost.secret].map(|secret| subject.reason(secret)), [None, Some(Reason::WrongSecret)]);
}

#[test]
fn a_new_expiry_is_counted_from_the_rotation_and_bound_by_the_policy() {
    let (mut subject, _) = subject(300);
    subject.clock.set(millis(START + 200 * DAY));
    let error = subject.rotate(&Rotation::default().expires(days(367))).unwrap_err();
    assert_eq!((error.code(), error.field()), ("expiration_too_late", Some("expires")));
    subject.rotate(&Rotation::default().expires(days(366))).unwrap();
    assert_eq!(subject.record.token().expires_on, Some(millis(START + 566 * DAY)));
}

/// The grace ends with the last instant there is.
#[test]
fn an_endless_grace_is_no_overflow() {
    let mut subject = Subject::new(&NewToken::new("t", Api::Scim).expires(Expiration::Never), 4);
    let old = subject.model.secrets[0].clone();
    subject.rotate(&Rotation::with_grace(Duration::MAX)).unwrap();
    assert_eq!(subject.record.token().grace_until, Some(Timestamp::MAX));
    subject.clock.set(millis(Timestamp::MAX.as_millis() - 1));
    assert_eq!(subject.reason(&old), None);
}
