//! Random sequences of operations, against a model of a few lines: after each the store says what the model says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::testing::ManualClock;
use gatepass::{Clock as _, Gatepass, Reason, Rotation, Secret, Status, TokenFilter, days};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::{DAY, Place, clock, refusal, rest};

const NAMES: [&str; 4] = ["a", "A", "a%", "\u{e4}"];
const CASES: u32 = 40;

#[derive(Debug, Clone)]
enum Step {
    Create(usize, u32),
    Rotate(usize, u64, bool),
    Deliver(usize, u64, bool),
    Revoke(usize),
    RevokeAll(usize, usize),
    Delete(usize),
    Purge(u64),
    Wait(u64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    let hours = prop_oneof![Just(0_u64), 1_u64..72];
    prop_oneof![
        4 => (name.clone(), 1_u32..4).prop_map(|(name, days)| Step::Create(name, days)),
        4 => (name.clone(), hours.clone(), any::<bool>()).prop_map(|(n, h, f)| Step::Rotate(n, h, f)),
        3 => (name.clone(), hours.clone(), any::<bool>()).prop_map(|(n, h, ok)| Step::Deliver(n, h, ok)),
        1 => name.clone().prop_map(Step::Revoke),
        1 => (name.clone(), name.clone()).prop_map(|(one, two)| Step::RevokeAll(one, two)),
        1 => name.prop_map(Step::Delete),
        1 => hours.clone().prop_map(Step::Purge),
        4 => hours.prop_map(Step::Wait),
        1 => Just(Step::Reopen),
    ]
}

/// What is known of a token, in hours after the start.
#[derive(Debug, Clone)]
struct Token {
    secret: Secret,
    /// The secret before, and when it dies.
    previous: Option<(Secret, u64)>,
    expires: u64,
    revoked: Option<u64>,
}

impl Token {
    fn status(&self, now: u64) -> Status {
        match (self.revoked, now >= self.expires) {
            (Some(_), _) => Status::Revoked,
            (None, true) => Status::Expired,
            (None, false) => Status::Active,
        }
    }

    /// Why it cannot be rotated.
    fn conflict(&self, now: u64, force: bool) -> Option<&'static str> {
        match self.status(now) {
            Status::Revoked => Some("token_revoked"),
            Status::Expired => Some("token_expired"),
            _ if !force && self.previous.as_ref().is_some_and(|(_, until)| now < *until) => {
                Some("rotation_in_grace")
            }
            _ => None,
        }
    }

    fn refusal(&self, now: u64, old: bool) -> Option<Reason> {
        match self.status(now) {
            _ if old && self.previous.as_ref().is_some_and(|(_, until)| now >= *until) => {
                Some(Reason::Superseded)
            }
            Status::Revoked => Some(Reason::Revoked),
            Status::Expired => Some(Reason::Expired),
            _ => None,
        }
    }
}

struct World {
    place: Place,
    clock: Arc<ManualClock>,
    gp: Gatepass,
    now: u64,
    tokens: BTreeMap<&'static str, Token>,
    /// Secrets that are nobody's any more.
    dead: Vec<Secret>,
}

impl World {
    async fn new() -> Self {
        let (place, clock) = (Place::sqlite(), clock());
        let gp = place.open_at(&clock).await;
        Self { place, clock, gp, now: 0, tokens: BTreeMap::new(), dead: Vec::new() }
    }

    async fn take(&mut self, step: &Step) {
        let tokens = self.gp.tokens();
        match *step {
            Step::Create(name, days_) => {
                let name = NAMES[name];
                let made = tokens.create(rest(name).expires(days(days_))).await;
                assert_eq!(made.is_ok(), !self.tokens.contains_key(name));
                if let Ok(made) = made {
                    let expires = self.now + u64::from(days_) * 24;
                    let token = Token { secret: made.secret, previous: None, expires, revoked: None };
                    self.tokens.insert(name, token);
                }
            }
            Step::Rotate(name, hours, force) => {
                let mut rotation = Rotation::with_grace(Duration::from_hours(hours));
                rotation.force = force;
                let rotated = tokens.rotate(NAMES[name], rotation).await;
                self.rotated(name, hours, force, rotated);
            }
            Step::Deliver(name, hours, arrives) => {
                let deliver =
                    async |_: &Secret| if arrives { Ok(()) } else { Err(std::io::Error::other("no")) };
                let rotation = Rotation::with_grace(Duration::from_hours(hours));
                let rotated = tokens.rotate_and_deliver(NAMES[name], rotation, deliver).await;
                if !rotated.as_ref().is_err_and(|error| error.code() == "delivery_failed") {
                    self.rotated(name, hours, false, rotated);
                }
            }
            Step::Revoke(name) => {
                let revoked = tokens.revoke(NAMES[name]).await;
                assert_eq!(revoked.is_ok(), self.tokens.contains_key(NAMES[name]));
                self.revoked(name);
            }
            Step::RevokeAll(one, two) => {
                let all = [one, two].iter().all(|name| self.tokens.contains_key(NAMES[*name]));
                assert_eq!(tokens.revoke_all([NAMES[one], NAMES[two]]).await.is_ok(), all);
                if all {
                    self.revoked(one);
                    self.revoked(two);
                }
            }
            Step::Delete(name) => {
                let gone = self.tokens.remove(NAMES[name]);
                assert_eq!(tokens.delete(NAMES[name]).await.is_ok(), gone.is_some());
                self.dead.extend(gone.map(|token| token.secret));
            }
            Step::Purge(hours) => {
                let before = self.now.saturating_sub(hours);
                let instant = crate::support::instant(crate::support::START);
                let gone = tokens.purge(instant.saturating_add(Duration::from_hours(before)), |_| {}).await;
                let count = self.tokens.len();
                self.tokens.retain(|_, token| {
                    token.expires >= before && token.revoked.is_none_or(|revoked| revoked >= before)
                });
                assert_eq!(gone.unwrap(), (count - self.tokens.len()) as u64);
            }
            Step::Wait(hours) => {
                self.now += hours;
                self.clock.advance(Duration::from_hours(hours));
            }
            Step::Reopen => self.gp = self.place.open_at(&self.clock).await,
        }
    }

    fn revoked(&mut self, name: usize) {
        if let Some(token) = self.tokens.get_mut(NAMES[name]) {
            token.revoked.get_or_insert(self.now);
        }
    }

    fn rotated(
        &mut self,
        name: usize,
        hours: u64,
        force: bool,
        got: gatepass::Result<gatepass::IssuedToken>,
    ) {
        let Some(token) = self.tokens.get_mut(NAMES[name]) else {
            assert_eq!(got.unwrap_err().code(), "token_not_found");
            return;
        };
        match (token.conflict(self.now, force), got) {
            (Some(expected), got) => assert_eq!(got.unwrap_err().code(), expected),
            (None, got) => {
                let old = std::mem::replace(&mut token.secret, got.unwrap().secret);
                let until = token.expires.min(self.now + hours);
                self.dead.extend(token.previous.replace((old, until)).map(|(secret, _)| secret));
            }
        }
    }

    /// The store says what the model says.
    async fn agree(&self) {
        let list = async |filter| -> Vec<_> {
            self.gp.tokens().list(filter).map_ok(|token| token.name).try_collect().await.unwrap()
        };
        assert_eq!(list(TokenFilter::default()).await, self.tokens.keys().copied().collect::<Vec<_>>());
        for status in [Status::Active, Status::Expired, Status::Revoked] {
            let fits =
                |(name, token): (&&'static str, &Token)| (token.status(self.now) == status).then_some(*name);
            let expected: Vec<_> = self.tokens.iter().filter_map(fits).collect();
            assert_eq!(list(TokenFilter::default().status(status)).await, expected);
        }
        for token in self.tokens.values() {
            assert_eq!(refusal(&self.gp, &token.secret).await, token.refusal(self.now, false));
            if let Some((secret, _)) = &token.previous {
                assert_eq!(refusal(&self.gp, secret).await, token.refusal(self.now, true));
            }
        }
        for secret in &self.dead {
            let reason = refusal(&self.gp, secret).await;
            assert!(matches!(reason, Some(Reason::Unknown | Reason::WrongSecret)), "{reason:?}");
        }
    }
}

#[test]
fn the_store_agrees_with_a_model_of_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let seeded = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, seeded);
    let steps = proptest::collection::vec(step(), 1..40);
    runner
        .run(&steps, |steps| {
            runtime.block_on(async {
                let mut world = World::new().await;
                for step in &steps {
                    world.take(step).await;
                    world.agree().await;
                }
                assert_eq!(world.gp.inspect().await.unwrap().faults, [""; 0]);
                assert!(world.clock.now() >= crate::support::instant(crate::support::START));
                assert!(world.now < 40 * 72 && DAY.as_secs() == 86_400);
            });
            Ok(())
        })
        .unwrap();
}
