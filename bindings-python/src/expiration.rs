//! When a token expires: after days, through a date, at an instant.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use gatepass::{Error, Expiration, at, days, on};
use pyo3::prelude::*;

use crate::convert;
use crate::errors::Raise as _;

/// When a token expires; made by `days`, `on`, `at`, or `never`. `days(n)` is a length of time too.
#[pyclass(frozen, eq, module = "gatepass", name = "Expiration")]
#[derive(PartialEq, Eq)]
pub(crate) struct PyExpiration(Expiration);

impl PyExpiration {
    pub(crate) fn inner(&self) -> &Expiration {
        &self.0
    }

    /// What was given as `expires`.
    pub(crate) fn of(given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Expiration>> {
        let Some(given) = given else { return Ok(None) };
        let made = given.cast::<Self>().map_err(|_| {
            let expected = "gatepass.days(90), gatepass.on(date), gatepass.at(datetime) or gatepass.never";
            convert::wrong_type("expires", expected, given)
        })?;
        Ok(Some(made.get().0.clone()))
    }
}

#[pymethods]
impl PyExpiration {
    fn __repr__(&self) -> String {
        match &self.0 {
            Expiration::Days(count) => format!("days({count})"),
            Expiration::On { date, zone } if zone == "UTC" => format!("on({date})"),
            Expiration::On { date, zone } => format!("on({date}, zone={zone:?})"),
            Expiration::At(instant) => format!("at({instant})"),
            _ => "never".to_owned(),
        }
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }
}

/// Expires `count` × 86 400 s after its creation, in UTC: no daylight saving comes into it.
///
/// Also a length of time, for `grace` and `expires_within`.
#[pyfunction]
#[pyo3(name = "days", signature = (count, /))]
pub(crate) fn days_from_now(py: Python<'_>, count: i64) -> PyResult<PyExpiration> {
    let count = u32::try_from(count).map_err(|_| {
        Error::invalid("expires", "expiration_out_of_range", "a number of days is 0 to 4 294 967 295")
    });
    Ok(PyExpiration(days(count.raise(py)?)))
}

/// Valid *through* this day in `zone`: expires at the first instant after which no time of that day occurs there.
#[pyfunction]
#[pyo3(name = "on", signature = (date, /, zone = "UTC"))]
pub(crate) fn through_day(date: &Bound<'_, PyAny>, zone: &str) -> PyResult<PyExpiration> {
    Ok(PyExpiration(on(convert::day("date", date)?).in_zone(zone)))
}

/// Expires at this instant, an aware datetime; what is finer than a millisecond is dropped.
#[pyfunction]
#[pyo3(name = "at", signature = (instant, /))]
pub(crate) fn at_instant(instant: &Bound<'_, PyAny>) -> PyResult<PyExpiration> {
    Ok(PyExpiration(at(convert::instant("expires", instant)?)))
}

/// What `gatepass.never` is.
pub(crate) fn never() -> PyExpiration {
    PyExpiration(Expiration::Never)
}
