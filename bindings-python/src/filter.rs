//! LDAP filters.

use gatepass::Filter;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString};

use crate::convert;

/// Which entries are wanted, as an LDAP filter (RFC 4515). What is special in a value is escaped.
///
/// `&`, `|` and `~` are and, or and not. `str()` gives the filter's text. A search by the name of an attribute that could
/// end the comparison that it stands in raises `InvalidInputError` (`filter_malformed`).
///
/// >>> str(gatepass.Filter.equals("objectClass", "person") & ~gatepass.Filter.starts_with("cn", "Ad(a"))
/// '(&(objectClass=person)(!(cn=Ad\\28a*)))'
#[pyclass(frozen, eq, hash, module = "gatepass", name = "Filter")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct PyFilter(Filter);

impl PyFilter {
    /// A filter, or its text, which is taken as it is.
    pub(crate) fn of(given: &Bound<'_, PyAny>) -> PyResult<Filter> {
        if let Ok(filter) = given.cast::<Self>() {
            return Ok(filter.get().0.clone());
        }
        let text = given
            .cast::<PyString>()
            .map_err(|_| convert::wrong_type("filter", "a gatepass.Filter or a str", given))?;
        Ok(Filter::raw(text.to_str()?))
    }

    fn each(filters: &Bound<'_, PyAny>) -> PyResult<Vec<Filter>> {
        if filters.is_instance_of::<PyString>() {
            return Err(convert::wrong_type("filters", "a list of filters", filters));
        }
        filters.try_iter()?.map(|filter| Self::of(&filter?)).collect()
    }
}

/// A text, a number, or bytes of any kind.
fn value(given: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    // What a directory writes for True is no number, and not the same in all of them.
    let number = given.is_instance_of::<PyInt>() && !given.is_instance_of::<PyBool>();
    if number || given.is_instance_of::<PyString>() {
        return Ok(given.str()?.to_str()?.as_bytes().to_vec());
    }
    Err(convert::wrong_type("value", "a str, bytes or an int", given))
}

#[pymethods]
impl PyFilter {
    /// Entries with this value.
    #[staticmethod]
    fn equals(attribute: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Filter::equals(attribute, self::value(value)?)))
    }

    /// Entries with a value that is this one or greater.
    #[staticmethod]
    fn at_least(attribute: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Filter::at_least(attribute, self::value(value)?)))
    }

    /// Entries with a value that is this one or less.
    #[staticmethod]
    fn at_most(attribute: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Filter::at_most(attribute, self::value(value)?)))
    }

    /// Entries with a value that is like this one, as the server understands it.
    #[staticmethod]
    fn approximately(attribute: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Filter::approximately(attribute, self::value(value)?)))
    }

    /// Entries that have this attribute.
    #[staticmethod]
    fn present(attribute: &str) -> Self {
        Self(Filter::present(attribute))
    }

    /// Entries with a value that begins so, ends so, and has these texts in between, in this order.
    #[staticmethod]
    #[pyo3(signature = (attribute, begin = "", between = None, end = ""))]
    fn substring(
        attribute: &str,
        begin: &str,
        between: Option<&Bound<'_, PyAny>>,
        end: &str,
    ) -> PyResult<Self> {
        let between = convert::texts("between", between)?;
        let between: Vec<_> = between.iter().map(String::as_str).collect();
        Ok(Self(Filter::substring(attribute, begin, &between, end)))
    }

    /// Entries with a value that begins so.
    #[staticmethod]
    fn starts_with(attribute: &str, text: &str) -> Self {
        Self(Filter::starts_with(attribute, text))
    }

    /// Entries with a value that ends so.
    #[staticmethod]
    fn ends_with(attribute: &str, text: &str) -> Self {
        Self(Filter::ends_with(attribute, text))
    }

    /// Entries with a value that has this text in it.
    #[staticmethod]
    fn contains(attribute: &str, text: &str) -> Self {
        Self(Filter::contains(attribute, text))
    }

    /// Entries with a value that fits by a matching rule: `1.2.840.113556.1.4.803` is a directory's "all of these bits".
    #[staticmethod]
    fn matches(attribute: &str, rule: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Filter::matches(attribute, rule, self::value(value)?)))
    }

    /// Entries that fit all of these; all entries, where there are none (RFC 4526).
    #[staticmethod]
    #[pyo3(signature = (filters, /))]
    fn all(filters: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Filter::all(Self::each(filters)?)))
    }

    /// Entries that fit one of these at least; no entry, where there are none (RFC 4526).
    #[staticmethod]
    #[pyo3(signature = (filters, /))]
    fn any(filters: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Filter::any(Self::each(filters)?)))
    }

    /// This text as it is: nothing in it is escaped. Parentheses around it may be left out.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn raw(text: &str) -> Self {
        Self(Filter::raw(text))
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
        format!("Filter({:?})", self.0.as_str())
    }
}
