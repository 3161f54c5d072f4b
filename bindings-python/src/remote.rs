//! Checks by asking a server about each token: for one that gives no copy of its tokens.

use std::net::IpAddr;

use gatepass::{Error, RemoteGuard, RemoteOptions, RemoteVerifier};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use zeroize::Zeroizing;

use crate::asked::Keywords;
use crate::errors::Raise as _;
use crate::guard::{Header, optional_peer, required, shown, text_of_secret};
use crate::operation::Operation;
use crate::runtime::Process;
use crate::{convert, records};

/// What the package's remote verifiers have in their hands.
#[pyclass(frozen, module = "gatepass._gatepass", name = "RemoteIndex")]
pub(crate) struct PyRemoteVerifier {
    verifier: RemoteVerifier,
    process: Process,
}

impl PyRemoteVerifier {
    pub(crate) fn new(verifier: RemoteVerifier) -> Self {
        Self { verifier, process: Process::current() }
    }
}

/// How it is to ask, from keyword arguments.
pub(crate) fn options(asked: &Keywords<'_>) -> PyResult<RemoteOptions> {
    let mut options = RemoteOptions::default();
    if let Some(limit) = asked.span("max_staleness")? {
        options = options.max_staleness(limit);
    }
    if let Some(answers) = asked.number("capacity")? {
        options = options.capacity(answers);
    }
    if let Some(questions) = asked.number("concurrent")? {
        options = options.concurrent(questions);
    }
    if let Some(limit) = asked.span("deadline")? {
        options = options.deadline(limit);
    }
    let audiences = asked.any("audiences")?.map(|given| given.extract::<Vec<(Bound<'_, PyAny>, String)>>());
    let audiences = audiences.transpose()?.unwrap_or_default();
    let audiences = audiences.into_iter().map(|(api, name)| Ok((convert::api(&api)?, name)));
    let audiences = audiences.collect::<PyResult<Vec<_>>>()?;
    match asked.text("introspection")? {
        Some(path) => options = options.introspection(path, audiences),
        None if audiences.is_empty() => {}
        None => {
            let text = "audiences are of another product's tokens; say where it is asked about them";
            return Err(Error::invalid("introspection", "introspection_missing", text)).raise(asked.py());
        }
    }
    Ok(options)
}

#[pymethods]
impl PyRemoteVerifier {
    #[pyo3(signature = (api, scopes = None))]
    fn guard(
        &self,
        py: Python<'_>,
        api: &Bound<'_, PyAny>,
        scopes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyRemoteGuard> {
        self.process.check().raise(py)?;
        let (api, scopes) = (convert::api(api)?, convert::texts("scopes", scopes)?);
        Ok(PyRemoteGuard { guard: self.verifier.guard(api, scopes).raise(py)?, process: self.process })
    }

    fn state(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        records::remote_state(py, self.verifier.state())
    }
}

/// One requirement on a server's tokens.
#[pyclass(frozen, module = "gatepass._gatepass", name = "RemoteGuard")]
pub(crate) struct PyRemoteGuard {
    guard: RemoteGuard,
    process: Process,
}

#[pymethods]
impl PyRemoteGuard {
    /// A verdict; or, where `require` is true, the access or `AccessDenied`.
    #[pyo3(signature = (authorization, peer, require))]
    fn check(
        &self,
        py: Python<'_>,
        authorization: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
        require: bool,
    ) -> PyResult<Operation> {
        self.process.check().raise(py)?;
        let (header, peer): (_, Option<IpAddr>) = (Header::of(authorization)?, optional_peer(peer)?);
        let (guard, tried) = (self.guard.clone(), authorization.clone().unbind());
        let work = async move { guard.check(header.authorization(), peer).await };
        Ok(Operation::new(work, move |py, verdict| {
            let tried = tried.bind(py);
            if require {
                return Ok(Py::new(py, required(py, verdict, tried)?)?.into_any());
            }
            shown(py, verdict, tried)
        }))
    }

    #[pyo3(signature = (secret, peer))]
    fn check_secret(
        &self,
        py: Python<'_>,
        secret: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Operation> {
        self.process.check().raise(py)?;
        let (asked, peer) = (Zeroizing::new(text_of_secret(secret)?.to_owned()), optional_peer(peer)?);
        let (guard, tried) = (self.guard.clone(), secret.clone().unbind());
        let work = async move { guard.check_secret(&asked, peer).await };
        Ok(Operation::new(work, move |py, verdict| shown(py, verdict, tried.bind(py))))
    }

    #[getter]
    fn api(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        records::api(py, self.guard.api())
    }

    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.guard.scope().split_whitespace().collect::<Vec<_>>())
    }

    fn __repr__(&self) -> String {
        format!("<RemoteGuard of {}, scopes [{}]>", self.guard.api(), self.guard.scope())
    }
}
