//! What tests need: a clock that stands still until it is told otherwise.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::{Clock, Timestamp};

/// A clock that shows what it is told to.
#[derive(Debug)]
pub struct ManualClock {
    wall: AtomicI64,
    boot: AtomicU64,
}

impl ManualClock {
    /// A clock that shows this time.
    pub fn new(now: Timestamp) -> Self {
        Self { wall: AtomicI64::new(now.as_millis()), boot: AtomicU64::new(0) }
    }

    /// Sets the time of day alone, forward or back, as an operator or NTP does.
    pub fn set(&self, now: Timestamp) {
        self.wall.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Lets time pass on both clocks.
    pub fn advance(&self, span: Duration) {
        self.set(self.now().saturating_add(span));
        self.advance_boot_time(span);
    }

    /// Lets time pass on the boot-time clock alone: what a time of day that was set back looks like.
    pub fn advance_boot_time(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.boot.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }

    fn boot_time(&self) -> Duration {
        Duration::from_millis(self.boot.load(Ordering::SeqCst))
    }
}
