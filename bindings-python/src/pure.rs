//! The core without I/O, for `gatepass.testing`: a verifier of records that a test wrote, and what issuing comes to at a
//! time and for a caller that a test names. The vectors are run through it.

use std::sync::{Mutex, PoisonError};

use gatepass::{
    AccessToken, Brand, Caller, Issued, Issuer, Role, RoleBook, Timestamp, TokenRecord, Verifier,
    VerifierOptions, VerifierWriter,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rand::rngs::SysRng;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::asked::{self, Keywords};
use crate::clock::PyClock;
use crate::errors::Raise as _;
use crate::expiration::PyExpiration;
use crate::guard::PyVerifier;
use crate::secret::PySecret;
use crate::{convert, role};

/// What a verifier knows, written by a test.
#[pyclass(frozen, module = "gatepass.testing", name = "Source")]
pub(crate) struct PySource {
    verifier: Verifier,
    writer: Mutex<VerifierWriter>,
}

#[pymethods]
impl PySource {
    #[new]
    #[pyo3(signature = (clock, max_staleness = None))]
    fn py_new(clock: &Bound<'_, PyClock>, max_staleness: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut options = VerifierOptions::default().clock(PyClock::or_system(Some(clock)));
        if let Some(limit) = convert::optional_span("max_staleness", max_staleness)? {
            options = options.max_staleness(limit);
        }
        let (verifier, writer) = Verifier::with_writer(options);
        Ok(Self { verifier, writer: Mutex::new(writer) })
    }

    /// Takes these records and roles, in JSON, in the place of all.
    fn load(&self, py: Python<'_>, records: &str, roles: &str) -> PyResult<usize> {
        let (records, book): (Vec<TokenRecord>, _) = (json(py, records)?, role::book(roles).raise(py)?);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.set_roles(book);
        writer.load(&records);
        Ok(writer.len())
    }

    /// Says that all is known, as of now.
    fn prove(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.prove(writer.reading());
    }

    /// What checks against it.
    #[getter]
    fn verifier(&self) -> PyVerifier {
        PyVerifier::fixed(self.verifier.clone())
    }
}

/// Issuing without a store: who asks, with which roles about, when, under which policy.
#[pyclass(frozen, module = "gatepass.testing", name = "Issuing")]
pub(crate) struct PyIssuing {
    issuer: Issuer,
    caller: Caller,
    book: RoleBook,
    now: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Who {
    User { name: String, roles: Vec<String> },
    Token(Box<AccessToken>),
}

#[pymethods]
impl PyIssuing {
    #[new]
    #[pyo3(signature = (now, *, caller = "null", roles = "[]", brand = None, **policy))]
    fn py_new(
        py: Python<'_>,
        now: &Bound<'_, PyAny>,
        caller: &str,
        roles: &str,
        brand: Option<&str>,
        policy: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let (asked, book) = (Keywords::new(py, policy)?, role::book(roles).raise(py)?);
        let caller = match json::<Option<Who>>(py, caller)? {
            None => Caller::owner("setup"),
            Some(Who::User { name, roles }) => Caller::user(name, roles.iter().map(String::as_str), &book),
            Some(Who::Token(token)) => Caller::token(&token, &book),
        };
        let brand = brand.map_or_else(|| Ok(Brand::default()), Brand::new).raise(py)?;
        let issuer = Issuer::new(brand, asked::policy(&asked)?);
        asked.finish()?;
        Ok(Self { issuer, caller, book, now: convert::instant("now", now)? })
    }

    /// The secret and the record, in JSON.
    #[pyo3(signature = (name, api, **asked))]
    fn create(
        &self,
        py: Python<'_>,
        name: String,
        api: &Bound<'_, PyAny>,
        asked: Option<Bound<'_, PyDict>>,
    ) -> PyResult<(PySecret, String)> {
        let asked = Keywords::new(py, asked)?;
        let new = asked::new_token(name, api, &asked)?;
        asked.finish()?;
        let rng = &mut SysRng;
        shown(self.issuer.issue(&new, &self.caller, &self.book, self.now, rng).raise(py)?)
    }

    /// The same of a record that is rotated.
    #[pyo3(signature = (record, **asked))]
    fn rotate(
        &self,
        py: Python<'_>,
        record: &str,
        asked: Option<Bound<'_, PyDict>>,
    ) -> PyResult<(PySecret, String)> {
        let asked = Keywords::new(py, asked)?;
        let (record, rotation) = (json::<TokenRecord>(py, record)?, asked::rotation(&asked)?);
        asked.finish()?;
        let rng = &mut SysRng;
        let issued = self.issuer.rotate(&record, &rotation, &self.caller, &self.book, self.now, rng);
        shown(issued.raise(py)?)
    }

    /// When a token that is asked for so expires.
    #[pyo3(signature = (expires = None))]
    fn resolve(&self, py: Python<'_>, expires: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
        let asked = PyExpiration::of(expires)?;
        let resolved = self.issuer.policy.expiry(asked.as_ref(), self.now).raise(py)?;
        convert::optional_datetime(py, resolved)
    }

    /// Whether the caller may change a role, both in JSON; null for one that is new.
    fn may_set_role(&self, py: Python<'_>, before: &str, after: &str) -> PyResult<()> {
        let before: Option<Role> = json(py, before)?;
        self.caller.may_set_role(before.as_ref(), &json(py, after)?).raise(py)
    }

    /// Whether the caller may give a user these roles in the place of those.
    fn may_set_roles(&self, py: Python<'_>, before: Vec<String>, after: Vec<String>) -> PyResult<()> {
        let (before, after) = (before.iter().map(String::as_str), after.iter().map(String::as_str));
        self.caller.may_set_roles(before, after, &self.book).raise(py)
    }

    /// Whether the caller may set the password of a user with these roles.
    fn may_set_password(&self, py: Python<'_>, roles: Vec<String>) -> PyResult<()> {
        self.caller.may_set_password(roles.iter().map(String::as_str), &self.book).raise(py)
    }

    /// The vendor's scopes that follow from these roles.
    fn scopes(&self, roles: Vec<String>) -> Vec<String> {
        let permissions = self.book.permissions(roles.iter().map(String::as_str));
        role::scopes(&permissions).into_iter().collect()
    }
}

fn shown(issued: Issued) -> PyResult<(PySecret, String)> {
    let record = serde_json::to_string(&issued.record).unwrap_or_default();
    Ok((PySecret::new(issued.secret), record))
}

fn json<T: DeserializeOwned>(py: Python<'_>, text: &str) -> PyResult<T> {
    let malformed = || gatepass::Error::invalid("json", "json_malformed", "not JSON of what is wanted here");
    serde_json::from_str(text).map_err(|_| malformed()).raise(py)
}

/// A new secret of the default brand, which was issued by nobody.
#[pyfunction]
pub(crate) fn generate_secret(api: &Bound<'_, PyAny>) -> PyResult<PySecret> {
    crate::secret::generate(api.py(), convert::api(api)?)
}
