//! What is simulated: one store, what was done to it, and who may be accepted because of it. True time, in milliseconds
//! since a run began, is what all promises are measured by; no clock of the verifier's machine shows it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::ChaCha12Rng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::time::Instant;

use super::plan::{Defect, Fault, Plan};
use super::store::Store;
use crate::wire::Changes;
use crate::{Api, Brand, Clock, Secret, Timestamp, TokenId};

/// True time 0.
const EPOCH: i64 = 1_767_225_600_000;
/// Events that are told of a run that failed.
const TOLD: usize = 80;

#[derive(Debug)]
pub(super) struct World {
    pub(super) plan: Plan,
    begun: Instant,
    state: Mutex<State>,
    commits: watch::Sender<u64>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) rng: ChaCha12Rng,
    /// The store as it was after each commit, with the time of the commit.
    pub(super) history: Vec<(i64, Arc<Store>)>,
    pub(super) backup: Option<Arc<Store>>,
    pub(super) secrets: Vec<Known>,
    /// Answers that a proxy has seen.
    pub(super) answers: Vec<Changes>,
    pub(super) snapshots: Vec<Vec<u8>>,
    /// What an authority that reads too early will read.
    pub(super) early: Option<Arc<Store>>,
    /// How long the verifier's machine was suspended so far. Meanwhile tokio's time stood still.
    suspended: i64,
    /// How much the machine's time of day was set forward or back.
    stepped: i64,
    violation: Option<String>,
    log: Vec<String>,
}

/// What a commit did.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) at: i64,
    pub(super) acknowledged: i64,
    pub(super) revision: i64,
    pub(super) epoch: String,
    /// Secrets that were good until then.
    pub(super) ended: Vec<usize>,
}

/// A secret that was handed out, and when it may be accepted.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) text: String,
    pub(super) id: TokenId,
    windows: Vec<Window>,
}

/// A stretch of time in which a secret was good.
#[derive(Debug)]
struct Window {
    from: i64,
    /// When its end was acknowledged.
    until: Option<i64>,
    /// The instant from which it is expired.
    expires: i64,
}

impl World {
    pub(super) fn new(plan: Plan) -> Arc<Self> {
        let mut rng = ChaCha12Rng::seed_from_u64(plan.seed);
        let store = Arc::new(Store::new(&mut rng));
        let state = State {
            rng,
            history: vec![(0, store)],
            backup: None,
            secrets: Vec::new(),
            answers: Vec::new(),
            snapshots: Vec::new(),
            early: None,
            suspended: 0,
            stepped: 0,
            violation: None,
            log: Vec::new(),
        };
        let commits = watch::channel(0).0;
        Arc::new(Self { plan, begun: Instant::now(), state: Mutex::new(state), commits })
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// By tokio's time, in which faults are planned and tasks wait.
    pub(super) fn ticks(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap()
    }

    /// True time.
    pub(super) fn now(&self) -> i64 {
        self.ticks() + self.with(|state| state.suspended)
    }

    pub(super) fn random(&self, range: std::ops::Range<i64>) -> i64 {
        self.with(|state| state.rng.random_range(range))
    }

    pub(super) fn chance(&self, probability: f64) -> bool {
        self.with(|state| state.rng.random_bool(probability))
    }

    /// The clocks of the verifier's machine.
    pub(super) fn machine(self: &Arc<Self>) -> Arc<dyn Clock> {
        Arc::new(MachineClock(Arc::clone(self)))
    }

    /// A secret that is of our form, of this token if one is given, and that nobody was handed.
    pub(super) fn made_up(&self, api: Api, id: Option<TokenId>) -> Secret {
        self.with(|state| {
            let id = id.unwrap_or_else(|| TokenId::generate(&mut state.rng).unwrap());
            Secret::generate_for(&Brand::default(), api, id, &mut state.rng).unwrap()
        })
    }

    /// The faults at this moment.
    pub(super) fn faults(&self) -> impl Iterator<Item = &Fault> {
        let now = self.ticks();
        let spells = self.plan.spells.iter();
        spells.filter(move |spell| (spell.from..spell.to).contains(&now)).map(|spell| &spell.fault)
    }

    /// Waits, in true time, which a suspended machine does not notice.
    pub(super) async fn until(&self, true_time: i64) {
        while self.now() < true_time {
            sleep(true_time - self.now()).await;
        }
    }

    pub(super) fn store(&self) -> Arc<Store> {
        self.with(|state| Arc::clone(&state.history.last().unwrap().1))
    }

    /// The store as it was so many milliseconds ago.
    pub(super) fn store_before(&self, lag: i64) -> Arc<Store> {
        let then = self.now() - lag;
        self.with(|state| {
            let known = state.history.iter().rev().find(|(at, _)| *at <= then);
            Arc::clone(&known.unwrap_or(&state.history[0]).1)
        })
    }

    pub(super) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Commits a change, which is acknowledged a little later.
    pub(super) fn commit(&self, what: &str, change: impl FnOnce(&mut Store, &mut State)) -> Committed {
        let now = self.now();
        let committed = self.with(|state| {
            let mut store = Store::clone(&state.history.last().unwrap().1);
            change(&mut store, state);
            let acknowledged = now + state.rng.random_range(0..30);
            let mut ended = Vec::new();
            for (at, known) in state.secrets.iter_mut().enumerate() {
                let good = store.good_until(known.id, &known.text);
                let open = known.windows.last_mut().filter(|window| window.until.is_none());
                if open.as_ref().map(|window| window.expires) != good {
                    if let Some(window) = open {
                        window.until = Some(acknowledged);
                        ended.push(at);
                    }
                    let window = |millis| Window { from: now, until: None, expires: millis };
                    known.windows.extend(good.map(window));
                }
            }
            let revision = store.position.revision;
            let epoch = store.position.epoch.clone();
            state.history.push((now, Arc::new(store)));
            state.note(now, &format!("{what}: revision {revision}, acknowledged at {acknowledged}"));
            Committed { at: now, acknowledged, revision, epoch, ended }
        });
        self.commits.send_modify(|count| *count += 1);
        committed
    }

    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        let (now, what) = (self.now(), what());
        self.with(|state| state.note(now, &what));
    }

    pub(super) fn violated(&self, what: impl FnOnce() -> String) {
        if self.violation().is_some() {
            return;
        }
        let (now, what) = (self.now(), what());
        self.with(|state| {
            state.note(now, &format!("VIOLATION: {what}"));
            let log = &state.log[state.log.len().saturating_sub(TOLD)..];
            let log = log.iter().fold(String::new(), |mut text, line| {
                writeln!(text, "  {line}").unwrap();
                text
            });
            state.violation = Some(format!("{what}\n  {:?}\n{log}", self.plan));
        });
    }

    pub(super) fn violation(&self) -> Option<String> {
        self.with(|state| state.violation.clone())
    }

    /// The machine is suspended. For all others time goes on.
    pub(super) fn suspend(&self, millis: i64) {
        self.note(|| format!("the machine was suspended for {millis} ms"));
        self.with(|state| state.suspended += millis);
    }

    /// Somebody sets the machine's time of day.
    pub(super) fn step(&self, millis: i64) {
        self.note(|| format!("the time of day was changed by {millis} ms"));
        self.with(|state| state.stepped += millis);
    }
}

impl State {
    fn note(&mut self, now: i64, what: &str) {
        self.log.push(format!("{now:>7} {what}"));
    }
}

impl Known {
    pub(super) fn new(text: String, id: TokenId) -> Self {
        Self { text, id, windows: Vec::new() }
    }

    /// Whether it may be accepted: if it was good at some moment that is no longer ago than `max_staleness`. How late
    /// it is for tokens that expire is the authority's to say, whose clock may be wrong by `skew`.
    pub(super) fn may_pass(&self, now: i64, max_staleness: i64, skew: i64) -> bool {
        self.windows.iter().any(|window| {
            window.from <= now
                && window.until.is_none_or(|until| now <= until + max_staleness)
                && EPOCH + now <= window.expires.saturating_add(max_staleness + skew)
        })
    }

    /// Whether it has been good since `since`, and will be until `until`.
    pub(super) fn must_pass(&self, since: i64, until: i64) -> bool {
        self.windows.last().is_some_and(|window| {
            window.until.is_none() && window.from <= since && window.expires > EPOCH + until
        })
    }

    /// When its time is over, in true time; none where that never is.
    pub(super) fn expires(&self) -> Option<i64> {
        self.windows
            .last()
            .map(|window| window.expires)
            .filter(|millis| *millis != i64::MAX)
            .map(|millis| millis - EPOCH)
    }

    pub(super) fn why(&self) -> String {
        format!("{:?}", self.windows)
    }
}

/// The clocks of the verifier's machine.
#[derive(Debug)]
struct MachineClock(Arc<World>);

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let World { plan, .. } = &*self.0;
        let (now, ticks) = (self.0.now(), self.0.ticks());
        let now = if plan.defect == Some(Defect::SleepingClocks) { ticks } else { now };
        let stepped = self.0.with(|state| state.stepped);
        instant(plan.wall_offset + stepped + now * plan.wall_percent / 100)
    }

    fn boot_time(&self) -> Duration {
        let stands = self.0.plan.boot_stands || self.0.plan.defect == Some(Defect::SleepingClocks);
        let millis = if stands { self.0.ticks() } else { self.0.now() };
        Duration::from_millis(u64::try_from(millis + 1_000_000).unwrap())
    }
}

pub(super) fn instant(true_time: i64) -> Timestamp {
    Timestamp::from_millis(EPOCH + true_time).unwrap()
}

pub(super) async fn sleep(millis: i64) {
    tokio::time::sleep(Duration::from_millis(u64::try_from(millis).unwrap_or(0))).await;
}
