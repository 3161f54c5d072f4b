//! Python's values as the core takes them, and back: instants, spans, addresses, names.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use gatepass::{Api, Error, ErrorKind, Expiration, Timestamp};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDate, PyDateTime, PyDelta, PyDict, PyMapping, PyString};
use serde::Serialize;
use serde_json::Value;

use crate::errors::Raise as _;
use crate::expiration::PyExpiration;

/// Something was given that is of no type that is taken there.
pub(crate) fn wrong_type(what: &str, expected: &str, given: &Bound<'_, PyAny>) -> PyErr {
    let name = given.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{what}: expected {expected}, not {name}"))
}

/// An aware datetime. A naive one says no instant, and nobody can know which zone was meant.
pub(crate) fn instant(field: &'static str, given: &Bound<'_, PyAny>) -> PyResult<Timestamp> {
    let py = given.py();
    if !given.is_instance_of::<PyDateTime>() {
        return Err(wrong_type(field, "an aware datetime", given));
    }
    if given.call_method0("utcoffset")?.is_none() {
        let text = "a naive datetime says no instant; give it a zone, for example \
                    datetime(2027, 3, 1, tzinfo=timezone.utc) or ….astimezone()";
        return Err(Error::invalid(field, "naive_datetime", text)).raise(py);
    }
    let out_of_range = |_| Error::invalid(field, "instant_out_of_range", "outside the years 1 to 9999");
    let utc = given.call_method1("astimezone", (utc(py)?,)).map_err(out_of_range).raise(py)?;
    let instant: DateTime<Utc> = utc.extract()?;
    Timestamp::try_from(instant).raise(py)
}

/// The same, where it may be left out.
pub(crate) fn optional_instant(
    field: &'static str,
    given: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Timestamp>> {
    given.map(|given| instant(field, given)).transpose()
}

/// An instant as Python shows it: aware, in UTC.
pub(crate) fn datetime(py: Python<'_>, instant: Timestamp) -> PyResult<Py<PyAny>> {
    Ok(DateTime::<Utc>::from(instant).into_pyobject(py)?.into_any().unbind())
}

pub(crate) fn optional_datetime(py: Python<'_>, instant: Option<Timestamp>) -> PyResult<Option<Py<PyAny>>> {
    instant.map(|instant| datetime(py, instant)).transpose()
}

fn utc(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let found = || PyResult::Ok(py.import("datetime")?.getattr("timezone")?.getattr("utc")?.unbind());
    UTC.get_or_try_init(py, found).map(|utc| utc.bind(py))
}

/// A day of the calendar, and not a moment of it.
pub(crate) fn day(field: &'static str, given: &Bound<'_, PyAny>) -> PyResult<NaiveDate> {
    if given.is_instance_of::<PyDateTime>() || !given.is_instance_of::<PyDate>() {
        return Err(wrong_type(field, "a date (for a moment use gatepass.at)", given));
    }
    given.extract()
}

/// A length of time: `days(14)`, a timedelta, or seconds.
pub(crate) fn span(field: &'static str, given: &Bound<'_, PyAny>) -> PyResult<Duration> {
    const DAY: u64 = 86_400;
    let negative = || Error::invalid(field, "negative_span", "a length of time is not negative");
    if let Ok(days) = given.cast::<PyExpiration>() {
        return match days.get().inner() {
            Expiration::Days(count) => Ok(Duration::from_secs(u64::from(*count) * DAY)),
            _ => Err(wrong_type(field, "a length of time: days(14) or a timedelta", given)),
        };
    }
    if given.is_instance_of::<PyDelta>() {
        let span: chrono::TimeDelta = given.extract()?;
        return span.to_std().map_err(|_| negative()).raise(given.py());
    }
    if given.is_instance_of::<pyo3::types::PyBool>() {
        return Err(wrong_type(field, "a length of time: days(14), a timedelta, or seconds", given));
    }
    let seconds: f64 = given
        .extract()
        .map_err(|_| wrong_type(field, "a length of time: days(14), a timedelta, or seconds", given))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| negative()).raise(given.py())
}

pub(crate) fn optional_span(
    field: &'static str,
    given: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Duration>> {
    given.map(|given| span(field, given)).transpose()
}

/// An address: a text, or one of the module `ipaddress`.
pub(crate) fn address(given: &Bound<'_, PyAny>) -> PyResult<IpAddr> {
    let text = given.str()?;
    let parsed = text.to_str()?.parse();
    parsed
        .map_err(|_| Error::invalid("peer", "peer_malformed", "expected an IP address, such as 192.0.2.7"))
        .raise(given.py())
}

/// An API under any of its names.
pub(crate) fn api(given: &Bound<'_, PyAny>) -> PyResult<Api> {
    let text = given.cast::<PyString>().map_err(|_| wrong_type("api", "config, scim or rest", given))?;
    text.to_str()?.parse::<Api>().raise(given.py())
}

/// A name that something has, parsed.
pub(crate) fn named<T: std::str::FromStr<Err = Error>>(
    py: Python<'_>,
    given: Option<&str>,
) -> PyResult<Option<T>> {
    given.map(str::parse).transpose().raise(py)
}

/// Texts in a list, a tuple, a set: one text alone is a mistake, for it is a sequence of letters to Python.
pub(crate) fn texts(field: &str, given: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    if given.is_instance_of::<PyString>() {
        return Err(wrong_type(field, "a list of str", given));
    }
    let items = given.try_iter().map_err(|_| wrong_type(field, "a list of str", given))?;
    items
        .map(|item| {
            let item = item?;
            let text = item.cast::<PyString>().map_err(|_| wrong_type(field, "a list of str", &item))?;
            Ok(text.to_str()?.to_owned())
        })
        .collect()
}

/// Seconds, as Python counts.
pub(crate) fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}

/// Nothing, where something was done.
pub(crate) fn none(py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}

pub(crate) fn number(py: Python<'_>, number: i64) -> PyResult<Py<PyAny>> {
    Ok(number.into_pyobject(py)?.into_any().unbind())
}

/// JSON, which Python reads itself: nothing that could be made of it here is as fast.
pub(crate) fn json<T: Serialize>(py: Python<'_>, value: T) -> PyResult<Py<PyAny>> {
    let text = serde_json::to_string(&value);
    let text = text.map_err(|error| Error::new(ErrorKind::Internal, "not_json", error.to_string()));
    Ok(PyString::new(py, &text.raise(py)?).into_any().unbind())
}

/// The same of what may not be there.
pub(crate) fn optional_json<T: Serialize>(py: Python<'_>, value: Option<T>) -> PyResult<Py<PyAny>> {
    value.map_or_else(|| Ok(py.None()), |value| json(py, value))
}

/// What Python can write as JSON.
pub(crate) fn json_value(field: &'static str, given: &Bound<'_, PyAny>) -> PyResult<Value> {
    static WRITE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = given.py();
    let options = PyDict::new(py);
    options.set_item("ensure_ascii", false)?;
    options.set_item("allow_nan", false)?;
    let text = WRITE.import(py, "json", "dumps")?.call((given,), Some(&options))?;
    let malformed = |_| Error::invalid(field, "json_malformed", "this cannot be sent as JSON");
    serde_json::from_str(text.cast::<PyString>()?.to_str()?).map_err(malformed).raise(py)
}

/// The same of a dict, or of what is as good as one.
pub(crate) fn json_object(field: &'static str, given: &Bound<'_, PyAny>) -> PyResult<Value> {
    let mapping = given.cast::<PyMapping>().map_err(|_| wrong_type(field, "a dict", given))?;
    let object = PyDict::new(given.py());
    object.update(mapping)?;
    json_value(field, &object)
}
