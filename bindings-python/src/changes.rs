//! What is done to a directory's entries: changes of one, and operations of which many go in one request.

use gatepass::{Attributes, BulkMethod, BulkOperation, Mod, ModType};
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyString, PyTuple};

use crate::convert;

/// A change of one attribute, for `RestClient.modify` and `BulkOperation.modify`. Made by `Mod.add`, `Mod.replace` and
/// `Mod.delete`. A single str is one value.
#[pyclass(frozen, eq, module = "gatepass", name = "Mod")]
#[derive(PartialEq)]
pub(crate) struct PyMod(Mod);

#[pymethods]
impl PyMod {
    /// Adds values to an attribute.
    #[staticmethod]
    fn add(attribute: &str, values: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Mod::add(attribute, values_of("values", values)?)))
    }

    /// Puts these values in the place of all that an attribute has; none remove it.
    #[staticmethod]
    fn replace(attribute: &str, values: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Mod::replace(attribute, values_of("values", values)?)))
    }

    /// Takes these values away from an attribute; the attribute with all of them, where none are named.
    #[staticmethod]
    #[pyo3(signature = (attribute, values = None))]
    fn delete(attribute: &str, values: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let values = values.map(|values| values_of("values", values)).transpose()?;
        Ok(Self(Mod::delete(attribute, values.unwrap_or_default())))
    }

    /// The attribute.
    #[getter]
    fn attribute(&self) -> &str {
        &self.0.attribute
    }

    /// `ADD`, `REPLACE` or `DELETE`.
    #[getter]
    fn kind(&self) -> &'static str {
        match self.0.kind {
            ModType::Add => "ADD",
            ModType::Replace => "REPLACE",
            ModType::Delete => "DELETE",
        }
    }

    /// The values.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.0.values)
    }

    // A value may be a password.
    fn __repr__(&self) -> String {
        format!("<Mod {} {}, {} values>", self.kind(), self.0.attribute, self.0.values.len())
    }
}

/// One of the operations of `RestClient.bulk`. Made by `BulkOperation.add`, `replace`, `modify` and `delete`, which take
/// what the client's own methods of these names take.
#[pyclass(frozen, eq, module = "gatepass", name = "BulkOperation")]
#[derive(PartialEq)]
pub(crate) struct PyBulkOperation(BulkOperation);

#[pymethods]
impl PyBulkOperation {
    /// Adds an entry.
    #[staticmethod]
    fn add(dn: &str, attributes: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(BulkOperation::add(dn, attributes_of(attributes)?)))
    }

    /// Replaces an entry: what is not named is gone.
    #[staticmethod]
    fn replace(dn: &str, attributes: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(BulkOperation::replace(dn, attributes_of(attributes)?)))
    }

    /// Changes an entry.
    #[staticmethod]
    fn modify(dn: &str, mods: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(BulkOperation::modify(dn, mods_of(mods)?)))
    }

    /// Deletes an entry; with `tree`, all below it too.
    #[staticmethod]
    #[pyo3(signature = (dn, *, tree = false))]
    fn delete(dn: &str, tree: bool) -> Self {
        Self(if tree { BulkOperation::delete_tree(dn) } else { BulkOperation::delete(dn) })
    }

    /// What it would be, were it sent alone: `POST`, `PUT`, `PATCH` or `DELETE`.
    #[getter]
    fn method(&self) -> &'static str {
        method(self.0.method)
    }

    /// The entry.
    #[getter]
    fn dn(&self) -> &str {
        &self.0.dn
    }

    // An attribute may be a password.
    fn __repr__(&self) -> String {
        format!("<BulkOperation {} {}>", self.method(), self.0.dn)
    }
}

pub(crate) fn method(method: BulkMethod) -> &'static str {
    match method {
        BulkMethod::Post => "POST",
        BulkMethod::Put => "PUT",
        BulkMethod::Patch => "PATCH",
        BulkMethod::Delete => "DELETE",
    }
}

pub(crate) fn mods_of(given: &Bound<'_, PyAny>) -> PyResult<Vec<Mod>> {
    each(given, "mods", "gatepass.Mod", |one: &PyMod| one.0.clone())
}

pub(crate) fn operations_of(given: &Bound<'_, PyAny>) -> PyResult<Vec<BulkOperation>> {
    each(given, "operations", "gatepass.BulkOperation", |one: &PyBulkOperation| one.0.clone())
}

fn each<T, C>(given: &Bound<'_, PyAny>, what: &str, class: &str, read: impl Fn(&C) -> T) -> PyResult<Vec<T>>
where
    C: pyo3::PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync,
{
    let wrong = |given: &Bound<'_, PyAny>| convert::wrong_type(what, &format!("a list of {class}"), given);
    let items = given.try_iter().map_err(|_| wrong(given))?;
    items
        .map(|item| {
            let item = item?;
            let one = item.cast::<C>().map_err(|_| wrong(&item))?;
            Ok(read(one.get()))
        })
        .collect()
}

/// Attributes by name, each with one value or several.
pub(crate) fn attributes_of(given: &Bound<'_, PyAny>) -> PyResult<Attributes> {
    let wrong =
        |given: &Bound<'_, PyAny>| convert::wrong_type("attributes", "a dict of str to a list of str", given);
    let items = given.cast::<PyMapping>().map_err(|_| wrong(given))?.items()?;
    let mut all = Attributes::new();
    for item in items {
        let (name, values): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let name = name.cast::<PyString>().map_err(|_| wrong(&name))?;
        all.insert(name.to_str()?, values_of("attributes", &values)?);
    }
    Ok(all)
}

/// One value, or several.
fn values_of(what: &str, given: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    match given.cast::<PyString>() {
        Ok(one) => Ok(vec![one.to_str()?.to_owned()]),
        Err(_) => convert::texts(what, Some(given)),
    }
}
