//! The promise, in a simulated world: the real loop over a network, authorities and clocks in which anything may go
//! wrong, in simulated time, out of one seed.
//!
//! `PROMISE_SEEDS=5000` runs more seeds than usual, `PROMISE_SEED=17` one alone.

mod checks;
mod network;
mod plan;
mod run;
mod store;
mod world;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::SeedableRng as _;
use rand::rngs::ChaCha12Rng;

pub(super) use self::plan::Defect;
use self::plan::Plan;
use self::run::{Seen, run};

/// When not said.
const SEEDS: u64 = 200;

thread_local! {
    static CHANCE: RefCell<Option<ChaCha12Rng>> = const { RefCell::new(None) };
    static DEFECT: Cell<Option<Defect>> = const { Cell::new(None) };
}

/// The replica's own random numbers, in a run.
pub(super) fn chance() -> Option<u64> {
    CHANCE.with_borrow_mut(|rng| rng.as_mut().map(rand::RngExt::random))
}

/// Whether the replica has this defect, in a run that is to find it.
pub(super) fn has(defect: Defect) -> bool {
    DEFECT.get() == Some(defect)
}

fn simulate(plan: Plan) -> Result<Seen, String> {
    CHANCE.set(Some(ChaCha12Rng::seed_from_u64(!plan.seed)));
    DEFECT.set(plan.defect);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let seen = runtime.unwrap().block_on(run(plan));
    CHANCE.set(None);
    DEFECT.set(None);
    seen
}

/// Those that are asked for.
fn seeds() -> Range<u64> {
    let number = |name| std::env::var(name).ok().map(|text: String| text.parse::<u64>().unwrap());
    match number("PROMISE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PROMISE_SEEDS").unwrap_or(SEEDS),
    }
}

/// Runs a seed after the other, on each of the machine's processors, until one shows a violation.
fn simulate_all(seeds: Range<u64>, plan: impl Fn(u64) -> Plan + Sync) -> Result<Seen, (u64, String)> {
    let (next, last) = (AtomicU64::new(seeds.start), seeds.end);
    let work = || {
        let mut all = Seen::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= last {
                return Ok(all);
            }
            let shown = simulate(plan(seed)).map_err(|violation| {
                next.store(last, Ordering::Relaxed);
                (seed, violation)
            })?;
            all = all.and(shown);
        }
    };
    std::thread::scope(|scope| {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        let ended = threads.into_iter().map(|thread| thread.join().unwrap());
        ended.reduce(|one, other| Ok(one?.and(other?))).unwrap()
    })
}

fn assert_kept(plan: impl Fn(u64) -> Plan + Sync) -> Seen {
    simulate_all(seeds(), plan).unwrap_or_else(|(seed, violation)| panic!("PROMISE_SEED={seed}: {violation}"))
}

/// Whether so many seeds are run that all that can happen does.
fn are_many() -> bool {
    seeds().count() >= 100
}

#[test]
fn nothing_is_ever_stale_nor_late_where_nothing_is_wrong() {
    let seen = assert_kept(Plan::healthy);
    assert_eq!(seen.stale, 0);
    assert!(!are_many() || seen.accepted.min(seen.refused) > 10_000, "{seen:?}");
}

#[test]
fn nothing_is_accepted_too_late_whatever_goes_wrong() {
    let seen = assert_kept(|seed| Plan::stormy(seed, None));
    assert!(!are_many() || seen.accepted.min(seen.refused).min(seen.stale) > 5_000, "{seen:?}");
}

/// Longer than it usually waits, and short enough to prove something.
#[test]
fn answers_that_are_always_slow_are_waited_for() {
    let seen = simulate(Plan::slow(1_900)).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(seen.stale == 0 && seen.accepted > 100, "{seen:?}");
}

/// A check that cannot fail shows nothing: each of these defects is found.
#[test]
fn defects_are_found() {
    for defect in Defect::ALL {
        let found = simulate_all(0..SEEDS, |seed| Plan::stormy(seed, Some(defect)));
        let (seed, violation) = found.expect_err("a defect that nobody finds");
        println!("{defect:?} by seed {seed}: {}", violation.lines().next().unwrap_or_default());
        assert!(violation.contains("was accepted at"), "{defect:?}: {violation}");
    }
}
