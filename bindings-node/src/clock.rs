//! A clock for tests.

use std::sync::Arc;
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{Clock as _, SystemClock};
use napi_derive::napi;

use crate::asked::instant_of;
use crate::error::fault;

/// A clock that shows what it is told to.
#[napi]
pub struct Clock(Arc<ManualClock>);

#[napi]
impl Clock {
    /// A clock that shows this time.
    #[napi(constructor)]
    pub fn new(now: String) -> napi::Result<Self> {
        let now = instant_of("now", &now).map_err(|error| fault(&error))?;
        Ok(Self(Arc::new(ManualClock::new(now))))
    }

    /// Sets the time of day alone.
    #[napi]
    pub fn set(&self, now: String) -> napi::Result<()> {
        self.0.set(instant_of("now", &now).map_err(|error| fault(&error))?);
        Ok(())
    }

    /// Lets time pass on both clocks.
    #[napi]
    pub fn advance(&self, millis: i64) {
        self.0.advance(Duration::from_millis(millis.max(0).unsigned_abs()));
    }

    /// Lets time pass on the clock since boot alone.
    #[napi]
    pub fn advance_boot_time(&self, millis: i64) {
        self.0.advance_boot_time(Duration::from_millis(millis.max(0).unsigned_abs()));
    }

    /// What it shows.
    #[napi]
    pub fn now(&self) -> String {
        self.0.now().to_string()
    }
}

/// This clock, or the machine's.
pub(crate) fn or_system(clock: Option<&Clock>) -> Arc<dyn gatepass::Clock> {
    match clock {
        Some(clock) => Arc::clone(&clock.0) as _,
        None => Arc::new(SystemClock),
    }
}
