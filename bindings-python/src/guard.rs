//! Verifiers and guards: checks in this process, without I/O.

use std::net::IpAddr;

use std::sync::Arc;

use gatepass::{
    Answer, Authorization, Error, Guard, Reason, StateWatch, TrustedProxies, Verdict, Verifier, parse_network,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::access::{PyAccess, PyDenied, PyGranted};
use crate::errors::{self, Raise as _};
use crate::operation::Operation;
use crate::runtime::Process;
use crate::secret::PySecret;
use crate::{convert, records, secret};

/// What the package's verifiers have in their hands. It follows for as long as it or a guard of it is there.
#[pyclass(frozen, module = "gatepass._gatepass", name = "Index")]
pub(crate) struct PyVerifier {
    verifier: Verifier,
    process: Process,
    /// Whether it needs threads that a fork takes away.
    follows: bool,
}

impl PyVerifier {
    pub(crate) fn following(verifier: Verifier) -> Self {
        Self { verifier, process: Process::current(), follows: true }
    }

    pub(crate) fn fixed(verifier: Verifier) -> Self {
        Self { verifier, process: Process::current(), follows: false }
    }

    fn check_process(&self, py: Python<'_>) -> PyResult<()> {
        if self.follows { self.process.check().raise(py) } else { Ok(()) }
    }
}

#[pymethods]
impl PyVerifier {
    /// Compiles a requirement once: this API, and all of these scopes. For `config` they are the vendor's
    /// (`SCOPE_SETTINGS_EDIT`), else the application's own.
    ///
    /// Raises `InvalidInputError` on `scopes` where no token could ever satisfy it.
    #[pyo3(signature = (api, scopes = None))]
    fn guard(
        &self,
        py: Python<'_>,
        api: &Bound<'_, PyAny>,
        scopes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyGuard> {
        self.check_process(py)?;
        let (api, scopes) = (convert::api(api)?, convert::texts("scopes", scopes)?);
        let guard = self.verifier.guard(api, scopes).raise(py)?;
        Ok(PyGuard { guard, process: self.process, follows: self.follows })
    }

    /// How long ago everything was known to be in the index, in seconds; None before the first proof.
    #[getter]
    fn age(&self) -> Option<f64> {
        self.verifier.age().map(convert::seconds)
    }

    /// The number of the last change that is in the index; 0 where it follows nothing.
    #[getter]
    fn revision(&self) -> i64 {
        self.verifier.revision()
    }

    /// Until the change of this number is in the index.
    fn wait_for(&self, revision: i64) -> Operation {
        let verifier = self.verifier.clone();
        Operation::new(async move { verifier.wait_for(revision).await }, |py, ()| Ok(py.None()))
    }

    /// How the keys of each validator that is consulted are doing.
    fn key_health(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.check_process(py)?;
        records::key_health(py, self.verifier.validators())
    }

    /// The validators that are not consulted because they are not as they should be, by name, and why.
    fn validator_faults<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.check_process(py)?;
        let faults = PyDict::new(py);
        for (name, error) in self.verifier.validators().faults() {
            faults.set_item(name, errors::raised(py, &error).into_value(py))?;
        }
        Ok(faults)
    }

    /// How it is doing at this moment.
    fn state(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.check_process(py)?;
        records::verifier_state(py, self.verifier.state())
    }

    /// To be told how it is doing whenever that changes.
    fn watch(&self, py: Python<'_>) -> PyResult<PyStateWatch> {
        self.check_process(py)?;
        Ok(PyStateWatch(Arc::new(tokio::sync::Mutex::new(self.verifier.watch()))))
    }

    /// Reports what was used, and follows no more.
    fn close(&self) -> Operation {
        // A child leaves alone what its parent goes on using.
        let verifier = self.process.check().is_ok().then(|| self.verifier.clone());
        let work = async move {
            if let Some(verifier) = verifier {
                verifier.close().await;
            }
            Ok(())
        };
        Operation::new(work, |py, ()| Ok(py.None()))
    }

    fn __repr__(&self) -> String {
        let state = self.verifier.state();
        let age = state.age.map_or("no news yet".to_owned(), |age| format!("{} ms old", age.as_millis()));
        format!("<Verifier of {} tokens, {age}{}>", state.tokens, if state.stale { ", stale" } else { "" })
    }
}

/// A verifier's state, to be watched.
#[pyclass(frozen, module = "gatepass._gatepass", name = "StateWatch")]
pub(crate) struct PyStateWatch(Arc<tokio::sync::Mutex<StateWatch>>);

#[pymethods]
impl PyStateWatch {
    /// Until something other than the age has changed; None when nothing will any more.
    fn changed(&self) -> Operation {
        let watch = Arc::clone(&self.0);
        let changed = async move { Ok(watch.lock().await.changed().await) };
        Operation::new(changed, |py, state| match state {
            Some(state) => records::verifier_state(py, state),
            None => Ok(py.None()),
        })
    }
}

/// One requirement on a verifier's tokens; asked on each request.
#[pyclass(frozen, module = "gatepass", name = "Guard")]
pub(crate) struct PyGuard {
    guard: Guard,
    process: Process,
    follows: bool,
}

impl PyGuard {
    #[inline]
    fn look(
        &self,
        py: Python<'_>,
        authorization: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Verdict> {
        if self.follows {
            self.process.check().raise(py)?;
        }
        let peer = optional_peer(peer)?;
        if let Ok(text) = authorization.cast_exact::<PyString>() {
            return Self::look_at(text, |value| self.guard.check(value, peer));
        }
        self.look_at_other(authorization, peer)
    }

    /// A text is seen as it stands in Python. What Python itself cannot encode is no header.
    #[inline]
    fn look_at(text: &Bound<'_, PyString>, check: impl FnOnce(&[u8]) -> Verdict) -> PyResult<Verdict> {
        match text.to_str() {
            Ok(text) => Ok(check(text.as_bytes())),
            Err(_) => Ok(check(&encoded(text)?)),
        }
    }

    #[cold]
    fn look_at_other(&self, authorization: &Bound<'_, PyAny>, peer: Option<IpAddr>) -> PyResult<Verdict> {
        let header = Header::of(authorization)?;
        Ok(self.guard.check(header.authorization(), peer))
    }

    fn look_at_secret(
        &self,
        py: Python<'_>,
        secret: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Verdict> {
        if self.follows {
            self.process.check().raise(py)?;
        }
        let peer = optional_peer(peer)?;
        Ok(self.guard.check_secret(text_of_secret(secret)?, peer))
    }
}

/// How a verdict on what was tried is told.
type Tell = fn(Python<'_>, Verdict, &Bound<'_, PyAny>) -> PyResult<Py<PyAny>>;

impl PyGuard {
    /// A task is made of it only where there is something to wait for.
    fn wait_for_keys(
        slf: &Bound<'_, Self>,
        authorization: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
        tell: Tell,
    ) -> PyResult<Operation> {
        let py = slf.py();
        if slf.get().follows {
            slf.get().process.check().raise(py)?;
        }
        let (header, peer) = (Header::of(authorization)?, optional_peer(peer)?);
        let (guard, first) = (slf.clone().unbind(), slf.clone().unbind());
        let (tried, first_tried) = (authorization.clone().unbind(), authorization.clone().unbind());
        let work = async move { Ok(guard.get().guard.check_async(header.authorization(), peer).await) };
        let operation = Operation::new(work, move |py, verdict| tell(py, verdict, tried.bind(py)));
        Ok(operation.unless(move |py| {
            let tried = first_tried.bind(py);
            let verdict = first.get().guard.check(Header::of(tried)?.authorization(), peer);
            let wait = matches!(&verdict, Err(denied) if denied.reason == Reason::KeysUnavailable);
            if wait { Ok(None) } else { tell(py, verdict, tried).map(Some) }
        }))
    }
}

#[pymethods]
impl PyGuard {
    /// Checks the `Authorization` header as it came: a `str` or `bytes`, None where there was none, or a list of all
    /// that came (two are `invalid_header`); and the peer's address, if it is known.
    ///
    /// Gives `Granted(access)`, which is true, or `Denied(reason)`, which is false.
    #[pyo3(signature = (authorization, peer = None))]
    fn check(
        &self,
        py: Python<'_>,
        authorization: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let verdict = self.look(py, authorization, peer)?;
        shown(py, verdict, authorization)
    }

    /// The same, which gives the access or raises `AccessDenied`.
    #[pyo3(signature = (authorization, peer = None))]
    fn require(
        &self,
        py: Python<'_>,
        authorization: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyAccess> {
        let verdict = self.look(py, authorization, peer)?;
        required(py, verdict, authorization)
    }

    /// Checks the header as `check` does, and where a token of another issuer cannot be told now because its provider's keys
    /// are being fetched (`keys_unavailable`), waits until they are there: as long as one attempt may take, at the most.
    /// To be awaited; a thread calls `wait()` on what this gives.
    #[pyo3(signature = (authorization, peer = None))]
    fn check_async(
        slf: &Bound<'_, Self>,
        authorization: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Operation> {
        Self::wait_for_keys(slf, authorization, peer, shown)
    }

    /// The same, which gives the access or raises `AccessDenied`.
    #[pyo3(signature = (authorization, peer = None))]
    fn require_async(
        slf: &Bound<'_, Self>,
        authorization: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Operation> {
        Self::wait_for_keys(slf, authorization, peer, |py, verdict, tried| {
            Ok(Py::new(py, required(py, verdict, tried)?)?.into_any())
        })
    }

    /// Checks a bare secret: a `Secret` or its text.
    #[pyo3(signature = (secret, peer = None))]
    fn check_secret(
        &self,
        py: Python<'_>,
        secret: &Bound<'_, PyAny>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let verdict = self.look_at_secret(py, secret, peer)?;
        shown(py, verdict, secret)
    }

    /// The API that it wants.
    #[getter]
    fn api(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        crate::records::api(py, self.guard.api())
    }

    /// The scopes that it wants.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.guard.scope().split_whitespace().collect::<Vec<_>>())
    }

    fn __repr__(&self) -> String {
        format!("<Guard of {}, scopes [{}]>", self.guard.api(), self.guard.scope())
    }
}

/// What there is of the header, in memory of its own.
pub(crate) enum Header {
    None,
    Values(Vec<Vec<u8>>),
}

impl Header {
    /// A `str`, `bytes`, None, or a list or tuple of them.
    pub(crate) fn of(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        if given.is_none() {
            return Ok(Self::None);
        }
        let values = if given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>() {
            given.try_iter()?.map(|value| header_value(&value?)).collect::<PyResult<_>>()?
        } else {
            vec![header_value(given)?]
        };
        Ok(Self::Values(values))
    }

    pub(crate) fn authorization(&self) -> Authorization<'_> {
        match self {
            Self::None => None::<&[u8]>.into(),
            Self::Values(values) => values.iter().collect(),
        }
    }
}

/// `Granted` or `Denied`.
pub(crate) fn shown(py: Python<'_>, verdict: Verdict, tried: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    match verdict {
        Ok(access) => Ok(Py::new(py, PyGranted::new(access))?.into_any()),
        Err(denied) => {
            let hint = hint(denied.reason, tried);
            Ok(Py::new(py, PyDenied::new(denied, hint))?.into_any())
        }
    }
}

/// The access, or `AccessDenied`.
pub(crate) fn required(py: Python<'_>, verdict: Verdict, tried: &Bound<'_, PyAny>) -> PyResult<PyAccess> {
    verdict.map(PyAccess::new).map_err(|denied| {
        let hint = hint(denied.reason, tried);
        errors::denied(py, denied, hint)
    })
}

/// Of a `Secret` or a `str`. A text that cannot be encoded has a character that no secret has.
pub(crate) fn text_of_secret<'a>(given: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    if let Ok(secret) = given.cast::<PySecret>() {
        return Ok(secret.get().inner().reveal());
    }
    let text = given.cast::<PyString>();
    let text = text.map_err(|_| convert::wrong_type("secret", "a gatepass.Secret or a str", given))?;
    Ok(text.to_str().unwrap_or("\u{fffd}"))
}

#[inline]
pub(crate) fn optional_peer(peer: Option<&Bound<'_, PyAny>>) -> PyResult<Option<IpAddr>> {
    peer.map(convert::address).transpose()
}

fn expected_header(given: &Bound<'_, PyAny>) -> PyErr {
    convert::wrong_type("authorization", "str, bytes, None, or a list of str or bytes", given)
}

fn header_value(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let text = value.cast::<PyString>().map_err(|_| expected_header(value))?;
    text.to_str().map_or_else(|_| encoded(text), |text| Ok(text.as_bytes().to_vec()))
}

/// With what stands alone of a pair left as it is: three bytes that are no UTF-8, and no header.
fn encoded(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    text.call_method1("encode", ("utf-8", "surrogatepass"))?.extract()
}

/// A redacted secret was sent: worth a word to whoever looks for the reason.
#[cold]
fn hint(reason: Reason, tried: &Bound<'_, PyAny>) -> Option<String> {
    if !matches!(reason, Reason::Malformed | Reason::InvalidHeader) {
        return None;
    }
    match header_value(tried) {
        // Longer than any redacted form.
        Ok(value) if value.len() <= 256 => secret::hint(&String::from_utf8_lossy(&value)),
        _ => None,
    }
}

/// What is answered where a check denied for this reason; `scope` is what was needed.
#[pyfunction]
#[pyo3(signature = (reason, realm, scope = None))]
pub(crate) fn answer(py: Python<'_>, reason: &str, realm: &str, scope: Option<&str>) -> PyResult<Py<PyAny>> {
    let known = Reason::ALL.iter().find(|known| known.code() == reason);
    let known =
        known.ok_or_else(|| Error::invalid("reason", "unknown_reason", "no such reason")).raise(py)?;
    records::answer(py, Answer::new(*known, realm, scope))
}

/// The proxies whose word on the client's address is taken; none by default.
#[pyclass(frozen, module = "gatepass._gatepass", name = "TrustedProxies")]
pub(crate) struct PyTrustedProxies(TrustedProxies);

#[pymethods]
impl PyTrustedProxies {
    #[new]
    #[pyo3(signature = (networks = None, /))]
    fn py_new(py: Python<'_>, networks: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let networks = convert::texts("trusted_proxies", networks)?;
        let networks = networks.iter().map(|text| parse_network(text)).collect::<gatepass::Result<Vec<_>>>();
        Ok(Self(TrustedProxies::new(networks.raise(py)?)))
    }

    /// The client's address: the peer's own, unless that is a trusted proxy's, and `X-Forwarded-For` says another.
    /// None where it cannot be told.
    #[pyo3(signature = (peer, forwarded_for))]
    fn client(&self, peer: Option<&str>, forwarded_for: Vec<String>) -> Option<String> {
        let peer = peer?.parse().ok()?;
        let client = self.0.client(peer, forwarded_for.iter().map(String::as_str));
        client.map(|client| client.to_string())
    }
}
