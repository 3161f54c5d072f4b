//! What is asked for, from keyword arguments.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use gatepass::{
    AuditFilter, FollowOptions, IdempotencyKey, NewToken, Rotation, Startup, TokenFilter, TokenPolicy,
    UserChange, parse_network,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert;
use crate::errors::Raise as _;
use crate::expiration::PyExpiration;
use crate::validators;

/// Keyword arguments, which one after another are taken out.
pub(crate) struct Keywords<'py>(Bound<'py, PyDict>);

impl<'py> Keywords<'py> {
    pub(crate) fn new(py: Python<'py>, given: Option<Bound<'py, PyDict>>) -> PyResult<Self> {
        given.map_or_else(|| Ok(PyDict::new(py)), |given| given.copy()).map(Self)
    }

    pub(crate) fn py(&self) -> Python<'py> {
        self.0.py()
    }

    /// What was given, if anything but None was.
    pub(crate) fn any(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.given(name)?.filter(|value| !value.is_none()))
    }

    /// Whether None was given, which then is no mistake and means something.
    pub(crate) fn is_none(&self, name: &str) -> PyResult<bool> {
        Ok(self.0.get_item(name)?.is_some_and(|value| value.is_none()))
    }

    /// What was given, None too.
    fn given(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let value = self.0.get_item(name)?;
        if value.is_some() {
            self.0.del_item(name)?;
        }
        Ok(value)
    }

    pub(crate) fn text(&self, name: &str) -> PyResult<Option<String>> {
        self.any(name)?.map(|value| text(name, &value)).transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> PyResult<Option<bool>> {
        let flag = |value: Bound<'py, PyAny>| {
            value.extract().map_err(|_| convert::wrong_type(name, "True or False", &value))
        };
        self.any(name)?.map(flag).transpose()
    }

    pub(crate) fn number<T: for<'a> FromPyObject<'a, 'py>>(&self, name: &str) -> PyResult<Option<T>> {
        let number = |value: Bound<'py, PyAny>| {
            value.extract().map_err(|_| convert::wrong_type(name, "a number that fits there", &value))
        };
        self.any(name)?.map(number).transpose()
    }

    pub(crate) fn texts(&self, name: &str) -> PyResult<Vec<String>> {
        convert::texts(name, self.any(name)?.as_ref())
    }

    pub(crate) fn span(&self, name: &'static str) -> PyResult<Option<Duration>> {
        convert::optional_span(name, self.any(name)?.as_ref())
    }

    pub(crate) fn parsed<T: std::str::FromStr<Err = gatepass::Error>>(
        &self,
        name: &str,
    ) -> PyResult<Option<T>> {
        convert::named(self.py(), self.text(name)?.as_deref())
    }

    /// How much a page has at the most.
    pub(crate) fn page_size(&self) -> PyResult<Option<NonZeroU32>> {
        let none =
            || gatepass::Error::invalid("page_size", "page_size_zero", "a page has at least one in it");
        let size = self.number("page_size")?;
        size.map(|size| NonZeroU32::new(size).ok_or_else(none).raise(self.py())).transpose()
    }

    /// What nobody took is a mistake.
    pub(crate) fn finish(self) -> PyResult<()> {
        match self.0.keys().get_item(0) {
            Ok(name) => {
                Err(pyo3::exceptions::PyTypeError::new_err(format!("unexpected argument: {}", name.str()?)))
            }
            Err(_) => Ok(()),
        }
    }
}

/// A text that can be encoded.
fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = value.cast::<pyo3::types::PyString>();
    Ok(text.map_err(|_| convert::wrong_type(name, "a str", value))?.to_str()?.to_owned())
}

pub(crate) fn policy(asked: &Keywords<'_>) -> PyResult<TokenPolicy> {
    let mut policy = TokenPolicy::default();
    if let Some(given) = asked.any("max_days")? {
        // `math.inf` is how Python says that there is no limit.
        policy.max_days = match given.extract::<f64>() {
            Ok(days) if days == f64::INFINITY => None,
            _ => Some(given.extract()?),
        };
    }
    policy.allow_never = asked.flag("allow_never")?.unwrap_or(policy.allow_never);
    Ok(policy)
}

pub(crate) fn new_token(name: String, api: &Bound<'_, PyAny>, asked: &Keywords<'_>) -> PyResult<NewToken> {
    let mut new = NewToken::new(name, convert::api(api)?);
    if let Some(expires) = PyExpiration::of(asked.any("expires")?.as_ref())? {
        new = new.expires(expires);
    }
    if let Some(start) = convert::optional_instant("not_before", asked.any("not_before")?.as_ref())? {
        new = new.not_before(start);
    }
    new = asked.texts("roles")?.into_iter().fold(new, NewToken::role);
    new = asked.texts("scopes")?.into_iter().fold(new, NewToken::scope);
    if let Some(dn) = asked.text("target_dn")? {
        new = new.target_dn(dn);
    }
    for network in asked.texts("networks")? {
        new = new.network(parse_network(&network).raise(asked.py())?);
    }
    if let Some(description) = asked.text("description")? {
        new = new.description(description);
    }
    if let Some(metadata) = asked.any("metadata")? {
        let labels: BTreeMap<String, String> = metadata
            .extract()
            .map_err(|_| convert::wrong_type("metadata", "a dict of str to str", &metadata))?;
        new = labels.into_iter().fold(new, |new, (key, value)| new.metadata(key, value));
    }
    Ok(new)
}

pub(crate) fn rotation(asked: &Keywords<'_>) -> PyResult<Rotation> {
    let mut rotation = Rotation::with_grace(asked.span("grace")?.unwrap_or_default());
    if let Some(expires) = PyExpiration::of(asked.any("expires")?.as_ref())? {
        rotation = rotation.expires(expires);
    }
    Ok(if asked.flag("force")?.unwrap_or_default() { rotation.force() } else { rotation })
}

pub(crate) fn token_filter(asked: &Keywords<'_>) -> PyResult<TokenFilter> {
    let mut filter = TokenFilter::default();
    filter.api = asked.any("api")?.map(|api| convert::api(&api)).transpose()?;
    filter.status = asked.parsed("status")?;
    filter.expires_within = asked.span("expires_within")?;
    filter.name_contains = asked.text("name_contains")?;
    Ok(filter)
}

pub(crate) fn follow_options(asked: &Keywords<'_>) -> PyResult<FollowOptions> {
    let mut options = FollowOptions::default().validators(validators::options(asked)?);
    if let Some(limit) = asked.span("max_staleness")? {
        options = options.max_staleness(limit);
    }
    if let Some(limit) = asked.span("deadline")? {
        options = options.deadline(limit);
    }
    options = match asked.text("startup")?.as_deref() {
        None | Some("wait") => options,
        Some("background") => options.startup(Startup::Background),
        Some(_) => {
            let error = gatepass::Error::invalid("startup", "unknown_startup", "expected wait or background");
            return Err(error).raise(asked.py());
        }
    };
    // None is for never, and no mistake.
    if let Some(interval) = asked.given("usage_interval")? {
        let interval = Some(&interval).filter(|interval| !interval.is_none());
        options = options.usage_interval(convert::optional_span("usage_interval", interval)?);
    }
    Ok(options)
}

pub(crate) fn user_change(asked: &Keywords<'_>) -> PyResult<UserChange> {
    let mut change = UserChange::default();
    let optional = |name: &str| -> PyResult<Option<Option<String>>> {
        let Some(value) = asked.given(name)? else { return Ok(None) };
        if value.is_none() { Ok(Some(None)) } else { text(name, &value).map(|text| Some(Some(text))) }
    };
    change.first_name = optional("first_name")?;
    change.last_name = optional("last_name")?;
    change.email = optional("email")?;
    change.active = asked.flag("active")?;
    if let Some(roles) = asked.any("roles")? {
        change = change.roles(convert::texts("roles", Some(&roles))?);
    }
    Ok(change)
}

pub(crate) fn audit_filter(asked: &Keywords<'_>) -> PyResult<AuditFilter> {
    let mut filter = AuditFilter::default();
    filter.after = asked.number("after")?.unwrap_or_default();
    filter.action = asked.text("action")?;
    filter.actor = asked.text("actor")?;
    filter.subject = asked.text("subject")?;
    filter.outcome = match asked.text("outcome")?.as_deref() {
        None => None,
        Some("done") => Some(gatepass::Outcome::Done),
        Some("refused") => Some(gatepass::Outcome::Refused),
        Some(_) => {
            let error = gatepass::Error::invalid("outcome", "unknown_outcome", "expected done or refused");
            return Err(error).raise(asked.py());
        }
    };
    filter.since = convert::optional_instant("since", asked.any("since")?.as_ref())?;
    filter.until = convert::optional_instant("until", asked.any("until")?.as_ref())?;
    filter.limit = asked.number("limit")?;
    Ok(filter)
}

/// Names one request, so that sending it twice does it once: at least 128 random bits, made where none are given. It
/// is printed by nothing, for whoever has it can ask for the answer again; `reveal()` gives it.
#[pyclass(frozen, eq, module = "gatepass", name = "IdempotencyKey")]
#[derive(PartialEq)]
pub(crate) struct PyIdempotencyKey(IdempotencyKey);

impl PyIdempotencyKey {
    pub(crate) fn of(asked: &Keywords<'_>) -> PyResult<Option<IdempotencyKey>> {
        let Some(given) = asked.any("key")? else { return Ok(None) };
        let key = given
            .cast::<Self>()
            .map_err(|_| convert::wrong_type("key", "a gatepass.IdempotencyKey", &given))?;
        Ok(Some(key.get().0.clone()))
    }
}

#[pymethods]
impl PyIdempotencyKey {
    #[new]
    #[pyo3(signature = (text = None, /))]
    fn py_new(py: Python<'_>, text: Option<String>) -> PyResult<Self> {
        text.map_or_else(IdempotencyKey::generate, IdempotencyKey::new).raise(py).map(Self)
    }

    /// The key itself, to be kept until the answer has arrived.
    fn reveal(&self) -> &str {
        self.0.reveal()
    }

    fn __repr__(&self) -> &'static str {
        "IdempotencyKey(…)"
    }

    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(pyo3::exceptions::PyTypeError::new_err(
            "an IdempotencyKey is not pickled; keep what reveal() returns",
        ))
    }
}
