//! Errors, as Python raises them.

use gatepass::{Denied, Error};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::access::PyDenied;

/// A result, with its error as Python raises it.
pub(crate) trait Raise<T> {
    fn raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> Raise<T> for gatepass::Result<T> {
    fn raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raised(py, &error))
    }
}

/// The exception for an error of the core, with what lay beneath as its `__cause__`. Where an interruption lay
/// beneath, it is that one and nothing else.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|failed| failed)
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let details = PyDict::new(py);
    details.set_item("code", error.code())?;
    details.set_item("field", error.field())?;
    details.set_item("status_code", error.status())?;
    details.set_item("request_id", error.request_id())?;
    details.set_item("retryable", error.retryable())?;
    let class = match error.incomplete() {
        None => class_of(py, error.kind().as_str())?,
        Some(incomplete) => {
            details.set_item("count", incomplete.count)?;
            details.set_item("cookie", incomplete.cookie.as_deref())?;
            attribute(py, "IncompleteResult")?
        }
    };
    let raised = PyErr::from_value(class.call((error.to_string(),), Some(&details))?);
    let mut beneath = beneath_of(error);
    let mut causes = Vec::new();
    while let Some(source) = beneath {
        if let Some(exception) = source.downcast_ref::<PyErr>() {
            if !exception.is_instance_of::<pyo3::exceptions::PyException>(py) {
                return Ok(exception.clone_ref(py));
            }
            causes.push(exception.clone_ref(py));
            break; // it has causes of its own
        }
        causes.push(cause(py, source)?);
        beneath = match source.downcast_ref::<Error>() {
            Some(error) => beneath_of(error),
            None => source.source(),
        };
    }
    let chained = causes.into_iter().rev().reduce(|beneath, above| {
        above.set_cause(py, Some(beneath));
        above
    });
    if let Some(chained) = chained {
        raised.set_cause(py, Some(chained));
    }
    Ok(raised)
}

fn beneath_of(error: &Error) -> Option<&(dyn std::error::Error + 'static)> {
    error.cause().map(|cause| cause as _)
}

/// What the system says is an `OSError`, as everywhere in Python; anything else is text.
fn cause(py: Python<'_>, source: &(dyn std::error::Error + 'static)) -> PyResult<PyErr> {
    let system = source.downcast_ref::<std::io::Error>();
    if let Some((system, number)) = system.and_then(|system| Some((system, system.raw_os_error()?))) {
        return Ok(pyo3::exceptions::PyOSError::new_err((number, system.to_string())));
    }
    Ok(PyErr::from_value(attribute(py, "Cause")?.call1((source.to_string(),))?))
}

/// The exception of a check that denied.
pub(crate) fn denied(py: Python<'_>, denied: Denied, hint: Option<String>) -> PyErr {
    let made = || {
        let error = Error::from(denied.clone());
        let details = PyDict::new(py);
        details.set_item("kind", error.kind().as_str())?;
        details.set_item("retryable", error.retryable())?;
        let text = match &hint {
            Some(hint) => format!("{error}: {hint}"),
            None => error.to_string(),
        };
        let denied = Py::new(py, PyDenied::new(denied, hint))?;
        PyResult::Ok(PyErr::from_value(attribute(py, "AccessDenied")?.call((text, denied), Some(&details))?))
    };
    made().unwrap_or_else(|failed| failed)
}

fn class_of<'py>(py: Python<'py>, kind: &str) -> PyResult<Bound<'py, PyAny>> {
    static KINDS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let kinds = KINDS.get_or_try_init(py, || attribute(py, "KINDS").map(Bound::unbind))?.bind(py);
    // A kind that this version of the package does not know is still an error of Gatepass.
    kinds.get_item(kind).or_else(|_| attribute(py, "GatepassError"))
}

fn attribute<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("gatepass._errors").map(Bound::unbind))?;
    module.bind(py).getattr(name)
}
