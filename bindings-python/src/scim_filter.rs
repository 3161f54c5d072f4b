//! SCIM's filters.

use gatepass::ScimFilter;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use serde_json::Value;

use crate::convert;

/// Which resources are wanted, as a SCIM filter (RFC 7644 section 3.4.2.2). Values are written so that none ends the
/// comparison that it stands in; the paths of attributes are taken as they are.
///
/// `&`, `|` and `~` are and, or and not. `str()` gives the filter's text.
///
/// >>> str(gatepass.ScimFilter.eq("userName", 'b"j') & gatepass.ScimFilter.eq("active", True))
/// 'userName eq "b\\"j" and active eq true'
#[pyclass(frozen, eq, hash, module = "gatepass", name = "ScimFilter")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct PyScimFilter(ScimFilter);

impl PyScimFilter {
    /// A filter, or its text, which is taken as it is.
    pub(crate) fn of(given: &Bound<'_, PyAny>) -> PyResult<ScimFilter> {
        if let Ok(filter) = given.cast::<Self>() {
            return Ok(filter.get().0.clone());
        }
        let text = given
            .cast::<PyString>()
            .map_err(|_| convert::wrong_type("filter", "a gatepass.ScimFilter or a str", given))?;
        Ok(ScimFilter::raw(text.to_str()?))
    }
}

/// What RFC 7644 compares with.
fn scalar(given: &Bound<'_, PyAny>) -> PyResult<Value> {
    let is_one = given.is_none()
        || given.is_instance_of::<PyString>()
        || given.is_instance_of::<PyBool>()
        || given.is_instance_of::<PyInt>()
        || given.is_instance_of::<PyFloat>();
    if !is_one {
        return Err(convert::wrong_type("value", "a str, a bool, a number or None", given));
    }
    convert::json_value("value", given)
}

#[pymethods]
impl PyScimFilter {
    /// The attribute has this value.
    #[staticmethod]
    fn eq(path: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(ScimFilter::eq(path, scalar(value)?)))
    }

    /// It does not.
    #[staticmethod]
    fn ne(path: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(ScimFilter::ne(path, scalar(value)?)))
    }

    /// It contains this text.
    #[staticmethod]
    fn contains(path: &str, text: &str) -> Self {
        Self(ScimFilter::contains(path, text))
    }

    /// It begins with this text.
    #[staticmethod]
    fn starts_with(path: &str, text: &str) -> Self {
        Self(ScimFilter::starts_with(path, text))
    }

    /// It ends with this text.
    #[staticmethod]
    fn ends_with(path: &str, text: &str) -> Self {
        Self(ScimFilter::ends_with(path, text))
    }

    /// It has a value.
    #[staticmethod]
    fn present(path: &str) -> Self {
        Self(ScimFilter::present(path))
    }

    /// It is greater than this value.
    #[staticmethod]
    fn gt(path: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(ScimFilter::gt(path, scalar(value)?)))
    }

    /// It is this value or greater.
    #[staticmethod]
    fn ge(path: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(ScimFilter::ge(path, scalar(value)?)))
    }

    /// It is less than this value.
    #[staticmethod]
    fn lt(path: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(ScimFilter::lt(path, scalar(value)?)))
    }

    /// It is this value or less.
    #[staticmethod]
    fn le(path: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(ScimFilter::le(path, scalar(value)?)))
    }

    /// One value of a complex attribute fits all of this filter: `emails[type eq "work" and value co "@acme"]`.
    #[staticmethod]
    fn one_of(path: &str, filter: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(ScimFilter::one_of(path, &Self::of(filter)?)))
    }

    /// This text as it is.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn raw(text: &str) -> Self {
        Self(ScimFilter::raw(text))
    }

    fn __and__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().and(Self::of(other)?)))
    }

    fn __rand__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Self::of(other)?.and(self.0.clone())))
    }

    fn __or__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().or(Self::of(other)?)))
    }

    fn __ror__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Self::of(other)?.or(self.0.clone())))
    }

    fn __invert__(&self) -> Self {
        Self(self.0.clone().not())
    }

    fn __str__(&self) -> &str {
        self.0.as_str()
    }

    fn __repr__(&self) -> String {
        format!("ScimFilter({:?})", self.0.as_str())
    }
}
