//! Distinguished names, for the package's `Dn`, which is a str.

use gatepass::Dn;
use pyo3::prelude::*;

use crate::errors::Raise as _;

/// The name of an entry right below this one.
#[pyfunction]
#[pyo3(signature = (dn, attribute, value, /))]
pub(crate) fn dn_child(py: Python<'_>, dn: &str, attribute: &str, value: &str) -> PyResult<String> {
    let child = Dn::parse("dn", dn).and_then(|dn| dn.child(attribute, value));
    child.raise(py).map(|child| child.as_str().to_owned())
}

/// The name above this one.
#[pyfunction]
#[pyo3(signature = (dn, /))]
pub(crate) fn dn_parent(py: Python<'_>, dn: &str) -> PyResult<Option<String>> {
    let parent = Dn::parse("dn", dn).raise(py)?.parent();
    Ok(parent.map(|parent| parent.as_str().to_owned()))
}

/// A name's first step.
#[pyfunction]
#[pyo3(signature = (dn, /))]
pub(crate) fn dn_rdn(py: Python<'_>, dn: &str) -> PyResult<Option<String>> {
    Ok(Dn::parse("dn", dn).raise(py)?.rdn().map(str::to_owned))
}

/// Whether a name is another one or lies below it.
#[pyfunction]
#[pyo3(signature = (dn, base, /))]
pub(crate) fn dn_is_within(py: Python<'_>, dn: &str, base: &str) -> PyResult<bool> {
    Ok(Dn::parse("dn", dn).raise(py)?.is_within(&Dn::parse("base", base).raise(py)?))
}
