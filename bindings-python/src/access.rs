//! What a check says: an access, or why there is none.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use gatepass::{Access, Denied};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple};

use crate::convert;
use crate::records;

/// Access as it was granted at the moment of the check: whose token it was, and what it permits. What it says is
/// made when asked for, so a check that needs no name costs none.
#[pyclass(frozen, module = "gatepass", name = "Access")]
pub(crate) struct PyAccess {
    granted: Access,
    claims: PyOnceLock<Py<PyAny>>,
}

impl PyAccess {
    #[inline]
    pub(crate) fn new(access: Access) -> Self {
        Self { granted: access, claims: PyOnceLock::new() }
    }

    /// What tells one access from another.
    fn parts(&self) -> (gatepass::TokenId, &str, Vec<&str>, Vec<String>, Option<&str>) {
        let access = &self.granted;
        (access.id(), access.name(), access.roles().collect(), access.scopes(), access.target_dn())
    }
}

#[pymethods]
impl PyAccess {
    /// The public part of the token's secret.
    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, self.granted.id().as_str())
    }

    /// The token's name; of a token of another issuer, that of the validator that accepted it.
    #[getter]
    fn name(&self) -> &str {
        self.granted.name()
    }

    /// The API that it opens.
    #[getter]
    fn api(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        records::api(py, self.granted.api())
    }

    /// The roles that it holds; `config` only.
    #[getter]
    fn roles<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.granted.roles())
    }

    /// What it permits, sorted: for `config` the vendor's scopes that follow from its roles, else its own.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.granted.scopes())
    }

    /// The entry that it acts as, if any; `rest` only, but for tokens of other issuers, whose validator says it.
    #[getter]
    fn target_dn(&self) -> Option<&str> {
        self.granted.target_dn()
    }

    /// The first instant at which it is no longer good, in UTC; None for never.
    #[getter]
    fn expires_on(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        convert::optional_datetime(py, self.granted.expires_on())
    }

    /// Whether it permits what this scope stands for; an unknown scope is permitted to nobody.
    fn allows(&self, scope: &str) -> bool {
        self.granted.allows(scope)
    }

    /// Whom a token of another issuer is of: its `sub`, unique at its issuer alone. None for an access token.
    #[getter]
    fn subject(&self) -> Option<&str> {
        self.granted.subject()
    }

    /// Who issued a token of another issuer: its `iss`. None for an access token.
    #[getter]
    fn issuer(&self) -> Option<&str> {
        self.granted.issuer()
    }

    /// What a token of another issuer says, all of its claims (RFC 7519), read when first asked for. None for an access token.
    #[getter]
    fn claims(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let Some(claims) = self.granted.claims_json() else { return Ok(None) };
        let read = || PyResult::Ok(py.import("json")?.call_method1("loads", (claims,))?.unbind());
        self.claims.get_or_try_init(py, read).map(|claims| Some(claims.clone_ref(py)))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> Option<bool> {
        let other = other.cast::<Self>().ok()?;
        Some(
            self.parts() == other.get().parts()
                && self.granted.expires_on() == other.get().granted.expires_on(),
        )
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.granted.id(), self.granted.name()).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let (id, name, roles, scopes, target_dn) = self.parts();
        let end = self.granted.expires_on().map_or("None".to_owned(), |end| end.to_string());
        let target_dn = target_dn.map_or("None".to_owned(), |dn| format!("{dn:?}"));
        format!(
            "Access(id='{id}', name={name:?}, api='{}', roles={roles:?}, scopes={scopes:?}, \
             target_dn={target_dn}, expires_on={end})",
            self.granted.api(),
        )
    }
}

/// A check that granted access: true, with the `access`.
#[pyclass(frozen, module = "gatepass", name = "Granted")]
pub(crate) struct PyGranted {
    granted: Access,
    access: PyOnceLock<Py<PyAccess>>,
}

impl PyGranted {
    #[inline]
    pub(crate) fn new(access: Access) -> Self {
        Self { granted: access, access: PyOnceLock::new() }
    }
}

#[pymethods]
impl PyGranted {
    #[classattr]
    fn __match_args__() -> (&'static str,) {
        ("access",)
    }

    /// Whose token it was, and what it permits.
    #[getter]
    fn access(&self, py: Python<'_>) -> PyResult<Py<PyAccess>> {
        let made = self.access.get_or_try_init(py, || Py::new(py, PyAccess::new(self.granted.clone())))?;
        Ok(made.clone_ref(py))
    }

    /// True.
    #[getter]
    fn granted(&self) -> bool {
        true
    }

    fn __bool__(&self) -> bool {
        true
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
        let Ok(other) = other.cast::<Self>() else { return Ok(None) };
        let (own, others) = (self.access(py)?, other.get().access(py)?);
        own.bind(py).eq(others).map(Some)
    }

    fn __hash__(&self) -> u64 {
        PyAccess::new(self.granted.clone()).__hash__()
    }

    fn __repr__(&self) -> String {
        format!("Granted({})", PyAccess::new(self.granted.clone()).__repr__())
    }
}

/// A check that denied: false, with the precise `reason`, which is for logs and never for the outside.
#[pyclass(frozen, eq, module = "gatepass", name = "Denied")]
#[derive(PartialEq)]
pub(crate) struct PyDenied {
    denied: Denied,
    hint: Option<String>,
}

impl PyDenied {
    pub(crate) fn new(denied: Denied, hint: Option<String>) -> Self {
        Self { denied, hint }
    }
}

#[pymethods]
impl PyDenied {
    #[classattr]
    fn __match_args__() -> (&'static str,) {
        ("reason",)
    }

    /// Why, precisely.
    #[getter]
    fn reason(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        records::member(py, "Reason", self.denied.reason.code())
    }

    /// The id of the token that was tried, where there is one of that id: for logs and alarms.
    #[getter]
    fn token_id(&self) -> Option<String> {
        self.denied.id.map(|id| id.to_string())
    }

    /// The scopes that were needed, separated by spaces; with `insufficient_scope` only.
    #[getter]
    fn scope(&self) -> Option<&str> {
        self.denied.scope.as_deref()
    }

    /// What the sender probably did wrong, where that can be told: a redacted secret was sent. For logs only.
    #[getter]
    fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// False.
    #[getter]
    fn granted(&self) -> bool {
        false
    }

    /// What to answer to the outside, for a resource of this realm (RFC 6750).
    #[pyo3(signature = (realm = "api"))]
    fn answer(&self, py: Python<'_>, realm: &str) -> PyResult<Py<PyAny>> {
        records::answer(py, self.denied.answer(realm))
    }

    fn __bool__(&self) -> bool {
        false
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.denied.reason, self.denied.id).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let id = self.denied.id.map(|id| format!(", token_id='{id}'")).unwrap_or_default();
        format!("Denied('{}'{id})", self.denied.reason)
    }
}
