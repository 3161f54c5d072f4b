//! External token validators: those of a store or a server, and verifiers of such tokens alone.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use gatepass::{
    Algorithm, Error, ErrorKind, ExternalTokenValidator, KeyOptions, Result, SubjectResolver, SubjectSearch,
    TokenValidators, ValidatorOptions, Verifier,
};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::asked::Keywords;
use crate::clock::PyClock;
use crate::errors::Raise as _;
use crate::guard::PyVerifier;
use crate::rest::RestHandle;
use crate::{callback, connecting, convert, records, runtime};

/// The class of the package.
fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CLASS.import(py, "gatepass._validators", "ExternalTokenValidator")
}

/// What one of the package says.
pub(crate) fn of(given: &Bound<'_, PyAny>) -> PyResult<ExternalTokenValidator> {
    if !given.is_instance(class(given.py())?)? {
        return Err(convert::wrong_type("validator", "a gatepass.ExternalTokenValidator", given));
    }
    let fields = PyDict::new(given.py());
    for name in class(given.py())?.getattr("__slots__")?.try_iter()? {
        let name = name?;
        fields.set_item(&name, given.getattr(name.cast()?)?)?;
    }
    read(Keywords::new(given.py(), Some(fields))?)
}

fn read(said: Keywords<'_>) -> PyResult<ExternalTokenValidator> {
    let name = said.text("name")?.unwrap_or_default();
    let api = said.any("api")?.map(|api| convert::api(&api)).transpose()?;
    let missing = || Error::invalid("api", "unknown_api", "expected scim or rest");
    let mut validator = ExternalTokenValidator::new(name, api.ok_or_else(missing).raise(said.py())?);
    validator.enabled = said.flag("enabled")?.unwrap_or(true);
    validator.provider = said.text("provider")?;
    validator.discovery_url = said.text("discovery_url")?;
    validator.jwks_url = said.text("jwks_url")?;
    validator.expected_issuer = said.text("expected_issuer")?;
    validator.any_issuer = said.flag("any_issuer")?.unwrap_or_default();
    validator.expected_audience = said.text("expected_audience")?;
    validator.scope_claim = said.text("scope_claim")?;
    validator.expected_scopes = said.texts("expected_scopes")?;
    if let Some(skew) = said.span("clock_skew")? {
        validator.clock_skew = skew;
    }
    let algorithms = said.texts("algorithms")?;
    validator.algorithms =
        algorithms.iter().map(|name| name.parse::<Algorithm>()).collect::<Result<_>>().raise(said.py())?;
    validator.token_type = said.text("token_type")?;
    validator.max_age = said.span("max_age")?;
    validator.claims_mapping = said.texts("claims_mapping")?;
    said.finish()?;
    Ok(validator)
}

/// Its fields, as Python has them.
fn fields(py: Python<'_>, validator: ExternalTokenValidator) -> PyResult<Bound<'_, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("name", validator.name)?;
    fields.set_item("api", records::api(py, validator.api)?)?;
    fields.set_item("enabled", validator.enabled)?;
    fields.set_item("provider", validator.provider)?;
    fields.set_item("discovery_url", validator.discovery_url)?;
    fields.set_item("jwks_url", validator.jwks_url)?;
    fields.set_item("expected_issuer", validator.expected_issuer)?;
    fields.set_item("any_issuer", validator.any_issuer)?;
    fields.set_item("expected_audience", validator.expected_audience)?;
    fields.set_item("scope_claim", validator.scope_claim)?;
    fields.set_item("expected_scopes", PyTuple::new(py, validator.expected_scopes)?)?;
    fields.set_item("clock_skew", validator.clock_skew)?;
    let algorithms = validator.algorithms.iter().map(|algorithm| algorithm.as_str());
    fields.set_item("algorithms", PyTuple::new(py, algorithms.collect::<Vec<_>>())?)?;
    fields.set_item("token_type", validator.token_type)?;
    fields.set_item("max_age", validator.max_age)?;
    fields.set_item("claims_mapping", PyTuple::new(py, validator.claims_mapping)?)?;
    Ok(fields)
}

/// One, as the package's.
pub(crate) fn shown(py: Python<'_>, validator: ExternalTokenValidator) -> PyResult<Py<PyAny>> {
    Ok(class(py)?.call((), Some(&fields(py, validator)?))?.unbind())
}

pub(crate) fn all_shown(py: Python<'_>, all: Vec<ExternalTokenValidator>) -> PyResult<Py<PyAny>> {
    let all: Vec<_> = all.into_iter().map(|one| shown(py, one)).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}

/// The fields of a validator that is being made of these: of their types, and with what is usual where nothing is said.
#[pyfunction]
#[pyo3(signature = (**said))]
pub(crate) fn validator_fields<'py>(
    py: Python<'py>,
    said: Option<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    fields(py, read(Keywords::new(py, said)?)?)
}

/// The same of Gatepass's own JSON.
#[pyfunction]
pub(crate) fn validator_of_json<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyDict>> {
    let read = serde_json::from_str(text).map_err(|error| {
        Error::invalid("validator", "json_malformed", "this is no external token validator").with_cause(error)
    });
    fields(py, read.raise(py)?)
}

/// Gatepass's own JSON.
#[pyfunction]
pub(crate) fn validator_json(validator: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    convert::json(validator.py(), of(validator)?)
}

/// Raises what speaks against it.
#[pyfunction]
pub(crate) fn check_validator(validator: &Bound<'_, PyAny>) -> PyResult<()> {
    of(validator)?.check().raise(validator.py())
}

fn every_one(given: &Bound<'_, PyAny>) -> PyResult<Vec<ExternalTokenValidator>> {
    given.try_iter()?.map(|one| of(&one?)).collect()
}

/// A verifier that takes tokens of other issuers alone, and fetches their keys.
#[pyfunction]
#[pyo3(signature = (validators, **options))]
pub(crate) fn external_verifier(
    py: Python<'_>,
    validators: &Bound<'_, PyAny>,
    options: Option<Bound<'_, PyDict>>,
) -> PyResult<PyVerifier> {
    let asked = Keywords::new(py, options)?;
    let clock = PyClock::asked(&asked)?;
    let options = self::options(&asked)?.clock(Arc::clone(&clock));
    asked.finish()?;
    let validators = every_one(validators)?;
    let runtime = runtime::handle().raise(py)?;
    // Reading the machine's certificates takes its time.
    let started = py.detach(|| {
        let _fetched_there = runtime.enter();
        TokenValidators::start(validators, options)
    });
    Ok(PyVerifier::following(Verifier::of_others(started.raise(py)?, clock)))
}

/// The same with keys that are given: JWK Sets in JSON, by URL.
#[pyfunction]
#[pyo3(signature = (validators, keys, clock))]
pub(crate) fn external_verifier_of(
    py: Python<'_>,
    validators: &Bound<'_, PyAny>,
    keys: Vec<(String, String)>,
    clock: &Bound<'_, PyClock>,
) -> PyResult<PyVerifier> {
    let made = TokenValidators::with_keys(every_one(validators)?, keys).raise(py)?;
    Ok(PyVerifier::fixed(Verifier::of_others(made, PyClock::or_system(Some(clock)))))
}

/// How keys are fetched, and subjects found, from the keyword arguments `keys` and `subjects`.
pub(crate) fn options(asked: &Keywords<'_>) -> PyResult<ValidatorOptions> {
    let mut options = ValidatorOptions::default();
    if let Some(keys) = asked.any("keys")? {
        let keys = keys
            .cast_into::<PyDict>()
            .map_err(|error| convert::wrong_type("keys", "a gatepass.KeyOptions", &error.into_inner()))?;
        options = options.keys(key_options(Keywords::new(asked.py(), Some(keys))?)?);
    }
    if let Some(subjects) = asked.any("subjects")? {
        options = options.subjects(resolver(&subjects)?);
    }
    Ok(options)
}

fn key_options(asked: Keywords<'_>) -> PyResult<KeyOptions> {
    let mut options = KeyOptions::default();
    if let Some(age) = asked.span("refresh_after")? {
        options = options.refresh_after(age);
    }
    if let Some(lead) = asked.span("refresh_ahead")? {
        options = options.refresh_ahead(lead);
    }
    if let Some(pause) = asked.span("cooldown")? {
        options = options.cooldown(pause);
    }
    if let Some(limit) = asked.span("stale_if_error")? {
        options = options.stale_if_error(limit);
    }
    if let Some(limit) = asked.span("timeout")? {
        options = options.timeout(limit);
    }
    if let Some(bytes) = asked.number("max_size")? {
        options = options.max_size(bytes);
    }
    if let Some(kids) = asked.number("unknown_kids")? {
        options = options.unknown_kids(kids);
    }
    if let Some(pem) = connecting::pems(&asked, "certificate_authority")? {
        options = options.certificate_authority(pem);
    }
    asked.finish()?;
    Ok(options)
}

fn resolver(given: &Bound<'_, PyAny>) -> PyResult<Arc<dyn SubjectResolver>> {
    if let Ok(rest) = given.cast::<RestHandle>() {
        return rest.get().subjects().raise(given.py());
    }
    if !given.is_callable() {
        let expected = "a gatepass.RestClient, or a function of base, scope and filter that gives DNs";
        return Err(convert::wrong_type("subjects", expected, given));
    }
    let event_loop = callback::own_loop(given)?;
    Ok(Arc::new(Searching { function: given.clone().unbind(), event_loop }))
}

/// A function of the caller's that finds subjects.
struct Searching {
    function: Py<PyAny>,
    /// Where it is a coroutine function that was given on a loop: that one.
    event_loop: Option<Py<PyAny>>,
}

impl fmt::Debug for Searching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function")
    }
}

#[async_trait]
impl SubjectResolver for Searching {
    async fn find(&self, search: &SubjectSearch) -> Result<Vec<String>> {
        let failed = |error: PyErr| {
            let text = "the function that finds whom a token acts as raised an exception";
            Error::new(ErrorKind::Unavailable, "subjects_failed", text).with_cause(error)
        };
        let search = search.clone();
        let arguments = move |py: Python<'_>| {
            let texts = [search.base(), search.scope().as_str(), search.filter()];
            Ok(texts.map(|text| PyString::new(py, text).into_any().unbind()).into())
        };
        let (function, event_loop) = Python::attach(|py| {
            (self.function.clone_ref(py), self.event_loop.as_ref().map(|event_loop| event_loop.clone_ref(py)))
        });
        let found = callback::call_in_background(function, event_loop, arguments).await;
        let found =
            found.and_then(|found| Python::attach(|py| convert::texts("subjects", Some(found.bind(py)))));
        found.map_err(failed)
    }
}
