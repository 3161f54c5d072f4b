//! Where a client gets its own secret from.

use std::path::PathBuf;
use std::sync::Arc;

use gatepass::{Credential, Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::operation::Operation;
use crate::secret::{PySecret, secret};
use crate::{callback, convert};

/// A secret's source: a `Secret` or its text, a function that gives one, `gatepass.env`, `gatepass.file`,
/// `gatepass.keyring`. It is asked again when a server has refused what it gave last, and a file is read again when
/// it has changed.
#[pyclass(frozen, module = "gatepass", name = "Credential")]
pub(crate) struct PyCredential(Credential);

impl PyCredential {
    /// Whatever stands for a credential.
    pub(crate) fn of(given: &Bound<'_, PyAny>) -> PyResult<Credential> {
        if let Ok(credential) = given.cast::<Self>() {
            return Ok(credential.get().0.clone());
        }
        if given.is_instance_of::<PySecret>() || given.is_instance_of::<PyString>() {
            return secret(given).map(Credential::value);
        }
        if given.is_callable() {
            return Ok(callable(given.clone().unbind()));
        }
        let expected = "a gatepass.Credential, a Secret, its text, or a function that gives one";
        Err(convert::wrong_type("credential", expected, given))
    }
}

fn callable(function: Py<PyAny>) -> Credential {
    let function = Arc::new(function);
    let failed = |error: PyErr| {
        let text = "the function that gives the credential raised an exception";
        Error::new(ErrorKind::Unauthorized, "credential_failed", text)
            .with_field("credential")
            .with_cause(error)
    };
    Credential::callable(move || {
        let function = Arc::clone(&function);
        async move {
            let function = Python::attach(|py| function.clone_ref(py));
            let given = callback::call(function, |_| Ok(Vec::new())).await;
            let given = given.and_then(|given| Python::attach(|py| secret(given.bind(py))));
            given.map_err(failed)
        }
    })
}

#[pymethods]
impl PyCredential {
    #[new]
    #[pyo3(signature = (source, /))]
    fn py_new(source: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(source).map(Self)
    }

    /// The secret as it is now.
    fn secret(&self) -> Operation {
        let credential = self.0.clone();
        Operation::new(async move { credential.secret().await }, shown)
    }

    /// Another secret than the one that was refused; None where asking again gives no other.
    fn other_than(&self, refused: &PySecret) -> Operation {
        let (credential, refused) = (self.0.clone(), refused.inner().clone());
        let other = async move { credential.other_than(&refused).await };
        Operation::new(other, |py, other| match other {
            Some(secret) => shown(py, secret),
            None => Ok(py.None()),
        })
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

fn shown(py: Python<'_>, secret: gatepass::Secret) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, PySecret::new(secret))?.into_any())
}

/// The environment variable of this name, read each time it is needed.
#[pyfunction]
#[pyo3(signature = (name, /))]
pub(crate) fn env(name: String) -> PyCredential {
    PyCredential(Credential::env(name))
}

/// What is in this file, without white space around it; read again when the file has changed.
#[pyfunction]
#[pyo3(signature = (path, /))]
pub(crate) fn file(path: PathBuf) -> PyCredential {
    PyCredential(Credential::file(path))
}
