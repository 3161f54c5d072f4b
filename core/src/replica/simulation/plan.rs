//! What happens in a run, all of it out of its seed.

use rand::rngs::ChaCha12Rng;
use rand::{RngExt as _, SeedableRng as _};

/// A run. Times are milliseconds of tokio's time.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) max_staleness: i64,
    /// By how much each authority's clock is wrong.
    pub(super) authorities: Vec<i64>,
    /// How long a message is under way at the most, when nothing is wrong.
    pub(super) delay: i64,
    pub(super) spells: Vec<Spell>,
    pub(super) deeds: Vec<(i64, Deed)>,
    /// When the last fault is over.
    pub(super) ends: i64,
    /// By how much the time of day of the verifier's machine is wrong at first.
    pub(super) wall_offset: i64,
    /// How fast it goes.
    pub(super) wall_percent: i64,
    /// Whether its boot-time clock stands while it is suspended, as elsewhere than on Linux.
    pub(super) boot_stands: bool,
    /// Whether the verifier is there before it knows anything.
    pub(super) background: bool,
    /// Whether nobody changes anything.
    pub(super) quiet: bool,
    pub(super) defect: Option<Defect>,
}

/// For how long something is wrong.
#[derive(Debug, Clone)]
pub(super) struct Spell {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) fault: Fault,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// Each message takes so much longer.
    Slow { least: i64, most: i64 },
    /// A message is lost with this probability.
    Lost(f64),
    /// No message arrives; or the sender is told so at once.
    Cut { refused: bool },
    /// A proxy gives an earlier answer with this probability, or the network another one's.
    Old(f64),
    /// A proxy keeps an answer, with this probability, for so long at the most.
    Held(f64, i64),
    /// An authority lies still (SIGSTOP).
    Stopped(usize),
    /// An authority is not there; what it was doing is lost.
    Down(usize),
    /// An authority's own index is so far behind.
    Behind(i64),
    /// Authorities are not woken by what is committed.
    Deaf,
    /// The replica is refused: 401, 429, 503.
    Refused(u16),
    /// The verifier's tasks do not run, while its checks do.
    Frozen,
    /// Each part of a snapshot takes so much longer, at the most.
    SlowSnapshot(i64),
    /// A snapshot ends at each of its parts with this probability.
    CutSnapshot(f64),
}

impl Fault {
    const fn is_of_snapshots(&self) -> bool {
        matches!(self, Self::Old(_) | Self::Behind(_) | Self::SlowSnapshot(_) | Self::CutSnapshot(_))
    }
}

/// What is done in a moment.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// The verifier's machine is suspended.
    Suspend(i64),
    /// Its time of day is set, forward or back.
    Step(i64),
    Backup,
    /// The backup is restored.
    Restore,
    /// The database is lost, and an empty one is in its place.
    Lose,
    /// Old deletions are forgotten.
    Forget,
    /// The replica may verify tokens of other APIs than before.
    OtherApis,
    /// A token is revoked.
    Revoke,
}

/// A defect that the simulation has to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::replica) enum Defect {
    /// Authorities answer with what they read before the poll came in.
    ReadsEarly,
    /// The replica takes any answer for the answer to its poll.
    AnyNonce,
    /// The replica counts from when the answer arrived.
    FromArrival,
    /// The replica goes on believing a proof when it loads what that does not speak for.
    KeepsProof,
    /// No clock counts the time of a suspended machine.
    SleepingClocks,
    /// The authority's time is not heard.
    OwnTimeOnly,
}

impl Defect {
    pub(super) const ALL: [Self; 6] = [
        Self::ReadsEarly,
        Self::AnyNonce,
        Self::FromArrival,
        Self::KeepsProof,
        Self::SleepingClocks,
        Self::OwnTimeOnly,
    ];
}

impl Plan {
    /// Nothing goes wrong: messages take less than 100 ms, and clocks are what clocks are.
    pub(super) fn healthy(seed: u64) -> Self {
        let rng = &mut ChaCha12Rng::seed_from_u64(seed);
        let deed = |rng: &mut ChaCha12Rng| if rng.random_bool(0.5) { Deed::Forget } else { Deed::Revoke };
        Self {
            max_staleness: *pick(rng, &[1_000, 3_000, 10_000]),
            delay: *pick(rng, &[1, 20, 99]),
            deeds: (0..6).map(|at| (at * 3_000 + 2_500, deed(rng))).collect(),
            ends: 20_000,
            wall_percent: rng.random_range(98..=102),
            ..Self::calm(seed, rng)
        }
    }

    /// Each message takes so much longer, and nothing else is wrong, nor changes.
    pub(super) fn slow(delay: i64) -> Self {
        let fault = Fault::Slow { least: delay, most: delay };
        let plan =
            Self { max_staleness: 10_000, delay: 1, deeds: Vec::new(), ends: 90_000, ..Self::healthy(0) };
        Self { spells: vec![Spell { from: 0, to: plan.ends, fault }], wall_percent: 100, quiet: true, ..plan }
    }

    /// Anything goes wrong, several things at once, until it ends.
    pub(super) fn stormy(seed: u64, defect: Option<Defect>) -> Self {
        let rng = &mut ChaCha12Rng::seed_from_u64(seed);
        let max_staleness = *pick(rng, &[200, 1_000, 3_000, 10_000, 10_000]);
        let ends = max_staleness * 6 + 10_000;
        let boot_stands = rng.random_bool(0.2);
        let plan = Self {
            max_staleness,
            delay: *pick(rng, &[1, 20, max_staleness / 20]),
            ends,
            wall_percent: match rng.random_range(0..6) {
                // Where only the time of day counts a suspended machine's time, it has to.
                0 if !boot_stands => 50,
                1 if !boot_stands => 99,
                // A little of what is permitted goes into it.
                2 if max_staleness >= 3_000 => 130,
                _ => 100,
            },
            boot_stands,
            background: rng.random_bool(0.7),
            defect,
            ..Self::calm(seed, rng)
        };
        let first = if plan.background { 0 } else { 3_000 };
        let spells = rng.random_range(1..7);
        let spells = (0..spells).map(|_| plan.spell(first, rng)).collect::<Vec<_>>();
        let count = rng.random_range(0..6);
        let mut deeds: Vec<_> = (0..count).map(|_| (rng.random_range(first..ends), plan.deed(rng))).collect();
        // What is revoked just before something goes wrong is what may be accepted for too long.
        for spell in &spells {
            let at = (spell.from + rng.random_range(-1_500..300)).max(0);
            deeds.push((at, Deed::Revoke));
            // Most faults of snapshots are felt only where one is loaded.
            if spell.fault.is_of_snapshots() {
                deeds.push((rng.random_range(spell.from..spell.to), Deed::OtherApis));
            }
        }
        deeds.sort_by_key(|(at, _)| *at);
        Self { spells, deeds, ..plan }
    }

    fn calm(seed: u64, rng: &mut ChaCha12Rng) -> Self {
        let count = rng.random_range(1..4);
        Self {
            seed,
            authorities: (0..count).map(|_| rng.random_range(-200..=200)).collect(),
            wall_offset: *pick(rng, &[0, 0, -50, 700, -4 * 3_600_000, 3 * 3_600_000]),
            ..Self::default()
        }
    }

    fn spell(&self, first: i64, rng: &mut ChaCha12Rng) -> Spell {
        let limit = self.max_staleness;
        let from = rng.random_range(first..self.ends - 1_000);
        let lasts = *pick(rng, &[limit / 3, limit, 2 * limit, 4 * limit]) + rng.random_range(0..1_000);
        let authority = rng.random_range(0..self.authorities.len());
        let probability = *pick(rng, &[0.1, 0.5, 0.9]);
        let fault = match rng.random_range(0..15) {
            0 => Fault::Slow { least: 30_000, most: 30_000 },
            1 => Fault::Slow { least: 0, most: limit },
            2 => Fault::Slow { least: limit / 5, most: limit / 2 },
            3 => Fault::Lost(probability),
            4 | 5 => Fault::Cut { refused: rng.random_bool(0.3) },
            6 => Fault::Old(probability),
            7 => Fault::Held(probability, 60_000),
            8 => Fault::Stopped(authority),
            9 => Fault::Down(authority),
            10 => Fault::Behind(*pick(rng, &[100, limit, 3 * limit])),
            11 => Fault::Deaf,
            12 => Fault::Refused(*pick(rng, &[401, 429, 503])),
            13 => Fault::Frozen,
            _ if rng.random_bool(0.5) => Fault::SlowSnapshot(limit),
            _ => Fault::CutSnapshot(probability),
        };
        Spell { from, to: (from + lasts).min(self.ends), fault }
    }

    fn deed(&self, rng: &mut ChaCha12Rng) -> Deed {
        match rng.random_range(0..14) {
            0..3 => Deed::Suspend(*pick(rng, &[self.max_staleness / 2, 2 * self.max_staleness, 3_600_000])),
            3..6 if self.boot_stands => Deed::Step(*pick(rng, &[2_000, 7_200_000])),
            3..6 => Deed::Step(*pick(rng, &[-7_200_000, -self.max_staleness, 2_000, 7_200_000])),
            6..8 => Deed::Backup,
            8..10 => Deed::Restore,
            10 => Deed::Lose,
            11 | 12 => Deed::Forget,
            _ => Deed::OtherApis,
        }
    }

    /// How wrong an authority's clock is at the most.
    pub(super) fn skew(&self) -> i64 {
        self.authorities.iter().map(|skew| skew.abs()).max().unwrap_or(0)
    }

    /// When all is well, a change is heard of within this time.
    pub(super) fn quickly(&self) -> i64 {
        200 + 4 * self.delay
    }

    /// After the last fault it may take so long: a poll, or a part of a snapshot, that is under way and will not be
    /// answered; the longest pause; and what it then takes to ask.
    pub(super) fn recovers_within(&self) -> i64 {
        self.max_staleness.max(15_000) + 10_000 + 3_000
    }
}

fn pick<'a, T>(rng: &mut ChaCha12Rng, from: &'a [T]) -> &'a T {
    &from[rng.random_range(0..from.len())]
}
