//! A clock for tests, which shows what it is told to.

use std::sync::Arc;

use gatepass::testing::ManualClock;
use gatepass::{Clock, SystemClock};
use pyo3::prelude::*;

use crate::asked::Keywords;
use crate::convert;

/// A clock that stands still until it is told otherwise.
#[pyclass(frozen, module = "gatepass.testing", name = "Clock")]
pub(crate) struct PyClock(Arc<ManualClock>);

impl PyClock {
    /// This one, or the machine's.
    pub(crate) fn or_system(given: Option<&Bound<'_, Self>>) -> Arc<dyn Clock> {
        given.map_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>, |clock| Arc::clone(&clock.get().0) as _)
    }

    /// That of the keyword argument `clock`, or the machine's.
    pub(crate) fn asked(asked: &Keywords<'_>) -> PyResult<Arc<dyn Clock>> {
        let given = asked.any("clock")?;
        let wrong = |given| convert::wrong_type("clock", "a gatepass.testing.Clock", given);
        let clock = given.as_ref().map(|given| given.cast::<Self>().map_err(|_| wrong(given))).transpose()?;
        Ok(Self::or_system(clock))
    }
}

#[pymethods]
impl PyClock {
    /// A clock that shows this instant; that of the machine where none is given.
    #[new]
    #[pyo3(signature = (now = None))]
    fn py_new(now: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let now = convert::optional_instant("now", now)?.unwrap_or_else(|| SystemClock.now());
        Ok(Self(Arc::new(ManualClock::new(now))))
    }

    /// The time that it shows.
    fn now(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        convert::datetime(py, self.0.now())
    }

    /// Sets the time of day alone, forward or back, as an operator does.
    fn set(&self, now: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.set(convert::instant("now", now)?);
        Ok(())
    }

    /// Lets time pass: `days(1)`, a timedelta, or seconds.
    fn advance(&self, span: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.advance(convert::span("span", span)?);
        Ok(())
    }

    /// Lets time pass on the clock since boot alone: what a time of day that was set back looks like.
    fn advance_boot_time(&self, span: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.advance_boot_time(convert::span("span", span)?);
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("<Clock, {}>", self.0.now())
    }
}
