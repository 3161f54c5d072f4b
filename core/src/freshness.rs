//! How old an index is, and the time that checks go by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::{Clock, Timestamp};

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    wall: i64,
    boot: i64,
}

impl Reading {
    pub(crate) fn of(clock: &dyn Clock) -> Self {
        Self { wall: clock.now().as_millis(), boot: boot(clock) }
    }

    /// The time of day, in milliseconds.
    #[cfg(feature = "client")]
    pub(crate) const fn wall(self) -> i64 {
        self.wall
    }

    /// Milliseconds since an earlier reading, by the clock that says more.
    pub(crate) fn since(self, earlier: Self) -> i64 {
        self.wall.saturating_sub(earlier.wall).max(self.boot.saturating_sub(earlier.boot))
    }
}

fn boot(clock: &dyn Clock) -> i64 {
    i64::try_from(clock.boot_time().as_millis()).unwrap_or(i64::MAX)
}

/// When the index was last known to be complete, on two clocks. Its age is the greater of the two, so neither
/// a clock that is set back nor a machine that was suspended can make it look younger than it is.
#[derive(Debug)]
pub(crate) struct Freshness {
    clock: Arc<dyn Clock>,
    max_staleness: Option<i64>,
    wall: AtomicI64,
    boot: AtomicI64,
    /// What to add to the boot-time clock to have the source's time of day.
    source: AtomicI64,
}

/// Further in the past than any clock can say.
const NEVER_PROVED: i64 = i64::MIN;
/// So far behind every time of day that it never decides.
const NEVER_TOLD: i64 = i64::MIN;

impl Freshness {
    pub(crate) fn new(clock: Arc<dyn Clock>, max_staleness: Option<Duration>) -> Self {
        // However great the limit, what was never proved is older.
        let millis = |limit: Duration| i64::try_from(limit.as_millis()).unwrap_or(i64::MAX).min(i64::MAX - 1);
        let max_staleness = max_staleness.map(millis);
        let (wall, boot) = (AtomicI64::new(NEVER_PROVED), AtomicI64::new(NEVER_PROVED));
        Self { clock, max_staleness, wall, boot, source: AtomicI64::new(NEVER_TOLD) }
    }

    pub(crate) fn reading(&self) -> Reading {
        Reading::of(self.clock.as_ref())
    }

    /// A reader between the two stores sees one old clock, and an age that is too great: the safe side.
    pub(crate) fn prove(&self, asked_at: Reading) {
        self.wall.store(asked_at.wall, Ordering::Release);
        self.boot.store(asked_at.boot, Ordering::Release);
    }

    /// What is in the index is about to become something that no proof before speaks for.
    #[cfg(feature = "service")]
    pub(crate) fn forget(&self) {
        self.prove(Reading { wall: NEVER_PROVED, boot: NEVER_PROVED });
    }

    /// The source says that it is this late. It may be a little later by the time that this is heard, so nothing is
    /// taken for expired too early.
    #[cfg(feature = "client")]
    pub(crate) fn tell_time(&self, now: Timestamp) {
        self.source.store(now.as_millis().saturating_sub(boot(self.clock.as_ref())), Ordering::Release);
    }

    /// When the index was last known to be complete: to be read *before* the index is, for a proof that comes
    /// later does not speak for what was seen earlier.
    pub(crate) fn last_proof(&self) -> Reading {
        Reading { wall: self.wall.load(Ordering::Acquire), boot: self.boot.load(Ordering::Acquire) }
    }

    /// The time, to be read *after* the index was; none where what was seen is too old to be believed. What is
    /// exactly as old as permitted is believed. It is as late as the source or this machine says, whichever is later: a
    /// clock here that is behind keeps no expired token alive.
    pub(crate) fn now_if_fresh(&self, proof: Reading) -> Option<Timestamp> {
        let now = self.clock.now();
        let Some(limit) = self.max_staleness else { return Some(now) };
        let reading = Reading { wall: now.as_millis(), boot: boot(self.clock.as_ref()) };
        if reading.since(proof) > limit {
            return None;
        }
        let told = reading.boot.saturating_add(self.source.load(Ordering::Acquire));
        Some(if told > now.as_millis() {
            Timestamp::from_millis(told).unwrap_or(Timestamp::MAX)
        } else {
            now
        })
    }

    /// How long from now on what is known is believed, if it is not proved anew: nothing where it is not believed now,
    /// none where it always will be.
    #[cfg(feature = "service")]
    pub(crate) fn left(&self) -> Option<Duration> {
        let age = self.reading().since(self.last_proof());
        self.max_staleness
            .map(|limit| Duration::from_millis(u64::try_from(limit.saturating_sub(age)).unwrap_or(0)))
    }

    /// Whether what is known is too old to be believed.
    pub(crate) fn is_stale(&self) -> bool {
        self.max_staleness.is_some_and(|limit| self.reading().since(self.last_proof()) > limit)
    }

    /// How old what is known is now; none before the first proof.
    pub(crate) fn age(&self) -> Option<Duration> {
        let proof = self.last_proof();
        let millis = u64::try_from(self.reading().since(proof)).unwrap_or(0);
        (proof.boot != NEVER_PROVED).then(|| Duration::from_millis(millis))
    }
}
