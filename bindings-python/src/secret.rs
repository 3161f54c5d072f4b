//! Secrets: shown by nothing but `reveal()`.

use gatepass::{Api, Brand, Error, Result, Secret};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert;
use crate::errors::Raise as _;

/// An access token's secret. `str`, `repr`, `format`, logs and tracebacks show a redacted form, `gpr_8fK2…`;
/// `reveal()` is the only way to the string. Compared in constant time, wiped when it is dropped, never pickled.
///
/// Raises `InvalidInputError`: `secret_malformed`, or `secret_redacted` for what printing one shows.
#[pyclass(frozen, eq, hash, module = "gatepass", name = "Secret")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PySecret(Secret);

/// Equal secrets have equal hashes; of the secret itself a hash tells nothing.
impl std::hash::Hash for PySecret {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.digest().as_bytes().hash(state);
    }
}

impl PySecret {
    pub(crate) fn new(secret: Secret) -> Self {
        Self(secret)
    }

    pub(crate) fn inner(&self) -> &Secret {
        &self.0
    }
}

/// A secret as somebody gave it: a `Secret`, or its text.
pub(crate) fn secret(given: &Bound<'_, PyAny>) -> PyResult<Secret> {
    if let Ok(secret) = given.cast::<PySecret>() {
        return Ok(secret.get().0.clone());
    }
    let text = given
        .cast::<PyString>()
        .map_err(|_| convert::wrong_type("secret", "a gatepass.Secret or a str", given))?;
    // The error of a text that cannot be encoded would carry it along.
    let malformed = "a secret is 1 to 8192 characters of A-Z a-z 0-9 - . _ ~ + / with = at the end only";
    let text = text.to_str().map_err(|_| Error::invalid("secret", "secret_malformed", malformed));
    text.and_then(Secret::new).raise(given.py())
}

#[pymethods]
impl PySecret {
    #[new]
    #[pyo3(signature = (text, /))]
    fn py_new(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        secret(text).map(Self)
    }

    /// The string itself. Whoever calls this answers for where it goes.
    fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// The public id in it; None where it is of another product's form.
    #[getter]
    fn id(&self) -> Option<String> {
        self.0.id().map(|id| id.to_string())
    }

    /// The API that it is for; None where it is of another product's form.
    #[getter]
    fn api(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.0.api().map(|api| crate::records::api(py, api)).transpose()
    }

    /// The brand that it was issued under; None where it is of another product's form.
    #[getter]
    fn brand(&self) -> Option<String> {
        self.0.brand().map(|brand| brand.to_string())
    }

    /// SHA-256 of the whole string, in hexadecimal: what a store keeps of it.
    #[getter]
    fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Secret('{}')", self.0)
    }

    fn __format__<'py>(&self, py: Python<'py>, spec: &str) -> PyResult<Bound<'py, PyAny>> {
        PyString::new(py, &self.0.to_string()).call_method1("__format__", (spec,))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a Secret is not pickled: it would lie in a file or a queue for all to read; \
             pass what reveal() returns where that is meant",
        ))
    }
}

/// The regular expression by which a secret scanner finds the secrets of `brand`.
#[pyfunction]
#[pyo3(signature = (brand = "gp"))]
pub(crate) fn scanner_rule(py: Python<'_>, brand: &str) -> PyResult<String> {
    Brand::new(brand).raise(py).map(|brand| brand.scanner_rule())
}

/// The API that a text is a secret of, where it is of Gatepass's form.
pub(crate) fn hint(text: &str) -> Option<String> {
    // A redacted form that was sent in the place of the secret, and how it looks where its bytes were taken for
    // ISO 8859-1, as HTTP servers do.
    let text = text.replace("\u{e2}\u{80}\u{a6}", "…");
    let last = text.rsplit(' ').next().unwrap_or_default();
    match Secret::new(last) as Result<Secret> {
        Err(error) if error.code() == "secret_redacted" => Some(error.to_string()),
        _ => None,
    }
}

/// A brand, where one is given.
pub(crate) fn brand(py: Python<'_>, given: Option<&str>) -> PyResult<Brand> {
    given.map_or_else(|| Ok(Brand::default()), Brand::new).raise(py)
}

/// A new secret, for tests.
pub(crate) fn generate(py: Python<'_>, api: Api) -> PyResult<PySecret> {
    Secret::generate(api).raise(py).map(PySecret)
}
