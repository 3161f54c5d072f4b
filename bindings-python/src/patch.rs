//! Changes of a SCIM resource.

use gatepass::PatchOp;
use pyo3::prelude::*;

use crate::convert::{json_object, json_value};

/// Changes of a resource, all of them or none, in this order (RFC 7644 section 3.5.2).
///
/// Each method gives a new one, with a change more:
/// `PatchOp().replace("active", False).add("emails", [{"value": "b@acme.example"}]).remove("nickName")`.
#[pyclass(frozen, eq, module = "gatepass", name = "PatchOp")]
#[derive(PartialEq)]
pub(crate) struct PyPatchOp(PatchOp);

impl PyPatchOp {
    pub(crate) fn inner(&self) -> &PatchOp {
        &self.0
    }
}

#[pymethods]
impl PyPatchOp {
    #[new]
    fn py_new() -> Self {
        Self(PatchOp::new())
    }

    /// Adds a value at this path, `emails`, `members`, `name.givenName`: anything that is JSON.
    fn add(&self, path: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().add(path, json_value("value", value)?)))
    }

    /// Puts a value in the place of what is at this path: `active`, `emails[type eq "work"].value`.
    fn replace(&self, path: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().replace(path, json_value("value", value)?)))
    }

    /// Takes away what is at this path: `nickName`, `members[value eq "2819c223"]`.
    fn remove(&self, path: &str) -> Self {
        Self(self.0.clone().remove(path))
    }

    /// Adds all that this dict has to the resource.
    fn add_all(&self, values: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().add_all(json_object("values", values)?)))
    }

    /// Replaces all that this dict has in the resource.
    fn replace_all(&self, values: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().replace_all(json_object("values", values)?)))
    }

    fn __len__(&self) -> usize {
        self.0.operations.len()
    }

    // A value may be a password.
    fn __repr__(&self) -> String {
        format!("<PatchOp of {} changes>", self.0.operations.len())
    }
}
