//! A store or a server, and all that can be asked of it. Each method makes an [`Operation`]; the package's classes wait
//! for it or await it.

use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use gatepass::{Clock as _, Error, Gatepass, NewUser, OpenOptions, Password, Result, Secret, Timestamp};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::access::{PyDenied, PyGranted};
use crate::asked::{self, Keywords, PyIdempotencyKey};
use crate::callback;
use crate::clock::PyClock;
use crate::connecting;
use crate::convert::{self, none, number};
use crate::errors::Raise as _;
use crate::guard::PyVerifier;
use crate::life::Life;
use crate::operation::Operation;
use crate::records::{self, Read};
use crate::remote::{self, PyRemoteVerifier};
use crate::role::{self, PyRole};
use crate::secret::{self, PySecret};
use crate::validators;

/// What `open` and `connect` have in their hands.
#[pyclass(frozen, weakref, module = "gatepass._gatepass")]
pub(crate) struct Handle {
    gatepass: Gatepass,
    life: Arc<Life>,
}

/// Opens a store.
#[pyfunction]
#[pyo3(signature = (location, **options))]
pub(crate) fn open(
    py: Python<'_>,
    location: PathBuf,
    options: Option<Bound<'_, PyDict>>,
) -> PyResult<Operation> {
    let asked = Keywords::new(py, options)?;
    let mut options = OpenOptions::default().brand(secret::brand(py, asked.text("brand")?.as_deref())?);
    options = options.policy(asked::policy(&asked)?).clock(PyClock::asked(&asked)?);
    options = options.create(asked.flag("create")?.unwrap_or(true));
    asked.finish()?;
    let location = location.to_string_lossy().into_owned();
    Ok(Operation::new(async move { options.open(location).await }, |py, gatepass| {
        Ok(Py::new(py, Handle::new(gatepass))?.into_any())
    }))
}

/// Connects to a server. Nothing is sent yet.
#[pyfunction]
#[pyo3(signature = (urls, **options))]
pub(crate) fn connect(
    py: Python<'_>,
    urls: Vec<String>,
    options: Option<Bound<'_, PyDict>>,
) -> PyResult<Handle> {
    let asked = Keywords::new(py, options)?;
    let options = connecting::options(&asked, connecting::source(&asked)?)?;
    let options = options.policy(asked::policy(&asked)?).clock(PyClock::asked(&asked)?);
    asked.finish()?;
    // Reading the machine's certificates takes its time.
    let made = py.detach(|| options.connect_to_one_of(urls));
    made.raise(py).map(Handle::new)
}

impl Handle {
    fn new(gatepass: Gatepass) -> Self {
        Self { gatepass, life: Life::of("Gatepass") }
    }
}

/// What was read, and when.
async fn read<T>(gatepass: &Gatepass, work: impl Future<Output = Result<T>>) -> Result<Read<T>> {
    let read = work.await?;
    Ok(Read(read, gatepass.clock().now()))
}

#[pymethods]
impl Handle {
    /// Where the tokens are, without a password.
    #[getter]
    fn place(&self) -> String {
        self.gatepass.place()
    }

    /// The number of this process's last commit; 0 before the first, and on a server.
    #[getter]
    fn revision(&self) -> i64 {
        self.gatepass.revision()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.life.is_closed()
    }

    fn close(&self) -> Operation {
        let gatepass = self.life.end().then(|| self.gatepass.clone());
        let work = async move {
            if let Some(gatepass) = gatepass {
                gatepass.close().await;
            }
            Ok(())
        };
        Operation::new(work, none)
    }

    #[pyo3(signature = (**options))]
    fn verifier(&self, py: Python<'_>, options: Option<Bound<'_, PyDict>>) -> PyResult<Operation> {
        let asked = Keywords::new(py, options)?;
        let options = asked::follow_options(&asked)?;
        asked.finish()?;
        self.life.ask(
            py,
            &self.gatepass,
            |gp| async move { gp.verifier_with(options).await },
            |py, verifier| Ok(Py::new(py, PyVerifier::following(verifier))?.into_any()),
        )
    }

    #[pyo3(signature = (**options))]
    fn remote_verifier(
        &self,
        py: Python<'_>,
        options: Option<Bound<'_, PyDict>>,
    ) -> PyResult<PyRemoteVerifier> {
        let asked = Keywords::new(py, options)?;
        let options = remote::options(&asked)?;
        asked.finish()?;
        self.life.check().raise(py)?;
        self.gatepass.remote_verifier(options).raise(py).map(PyRemoteVerifier::new)
    }

    fn myself(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { read(&gp, gp.myself()).await }, records::myself)
    }

    /// A body comes and goes as JSON.
    #[pyo3(signature = (method, path, query, body))]
    fn request(
        &self,
        py: Python<'_>,
        method: String,
        path: String,
        query: Vec<(String, String)>,
        body: Option<&str>,
    ) -> PyResult<Operation> {
        let body = body.map(serde_json::from_str::<serde_json::Value>).transpose();
        let body = body.map_err(|_| Error::invalid("body", "body_malformed", "not JSON")).raise(py)?;
        let work = |gp: Gatepass| async move {
            let query: Vec<_> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            gp.request(&method, &path, &query, body.as_ref()).await
        };
        self.life.ask(py, &self.gatepass, work, records::service_answer)
    }

    #[pyo3(signature = (name, api, **asked))]
    fn create_token(
        &self,
        py: Python<'_>,
        name: String,
        api: &Bound<'_, PyAny>,
        asked: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Operation> {
        let asked = Keywords::new(py, asked)?;
        let key = PyIdempotencyKey::of(&asked)?;
        let new = asked::new_token(name, api, &asked)?;
        asked.finish()?;
        let work = |gp: Gatepass| async move {
            let tokens = gp.tokens();
            let tokens = key.as_ref().map_or(tokens, |key| tokens.once(key));
            read(&gp, tokens.create(new)).await
        };
        self.life.ask(py, &self.gatepass, work, records::issued)
    }

    fn token(&self, py: Python<'_>, name: String) -> PyResult<Operation> {
        self.life.ask(
            py,
            &self.gatepass,
            |gp| async move { read(&gp, gp.tokens().get(&name)).await },
            records::read_token,
        )
    }

    #[pyo3(signature = (filter, cursor = None, limit = None))]
    fn token_page(
        &self,
        py: Python<'_>,
        filter: Bound<'_, PyDict>,
        cursor: Option<String>,
        limit: Option<u32>,
    ) -> PyResult<Operation> {
        let asked = Keywords::new(py, Some(filter))?;
        let filter = asked::token_filter(&asked)?;
        asked.finish()?;
        let work = |gp: Gatepass| async move {
            read(&gp, gp.tokens().page(&filter, cursor.as_deref(), limit)).await
        };
        self.life.ask(py, &self.gatepass, work, records::page)
    }

    fn violations(&self, py: Python<'_>) -> PyResult<Operation> {
        let work = |gp: Gatepass| async move { read(&gp, gp.tokens().violations().try_collect()).await };
        self.life.ask(py, &self.gatepass, work, records::tokens)
    }

    #[pyo3(signature = (name, **asked))]
    fn rotate_token(
        &self,
        py: Python<'_>,
        name: String,
        asked: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Operation> {
        let asked = Keywords::new(py, asked)?;
        let (key, deliver) = (PyIdempotencyKey::of(&asked)?, asked.any("deliver")?);
        if let Some(deliver) = deliver.as_ref().filter(|deliver| !deliver.is_callable()) {
            return Err(convert::wrong_type("deliver", "a function that takes the new Secret", deliver));
        }
        let deliver = deliver.map(Bound::unbind);
        let rotation = asked::rotation(&asked)?;
        asked.finish()?;
        let work = |gp: Gatepass| async move {
            let tokens = gp.tokens();
            let tokens = key.as_ref().map_or(tokens, |key| tokens.once(key));
            let Some(deliver) = deliver else { return read(&gp, tokens.rotate(&name, rotation)).await };
            read(
                &gp,
                tokens.rotate_and_deliver(&name, rotation, async |secret: &Secret| {
                    hand_over(deliver, secret.clone()).await
                }),
            )
            .await
        };
        self.life.ask(py, &self.gatepass, work, records::issued)
    }

    #[pyo3(signature = (name, **asked))]
    fn begin_rotation(
        &self,
        py: Python<'_>,
        name: String,
        asked: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Operation> {
        let asked = Keywords::new(py, asked)?;
        let rotation = asked::rotation(&asked)?;
        asked.finish()?;
        let work = |gp: Gatepass| async move { read(&gp, gp.tokens().begin_rotation(&name, rotation)).await };
        self.life.ask(py, &self.gatepass, work, records::issued)
    }

    fn settle_rotation(
        &self,
        py: Python<'_>,
        name: String,
        secret: &PySecret,
        delivered: bool,
    ) -> PyResult<Operation> {
        let digest = secret.inner().digest();
        let work =
            move |gp: Gatepass| async move { read(&gp, gp.tokens().settle(&name, digest, delivered)).await };
        self.life.ask(py, &self.gatepass, work, records::changed)
    }

    fn revoke_token(&self, py: Python<'_>, name: String) -> PyResult<Operation> {
        self.life.ask(
            py,
            &self.gatepass,
            |gp| async move { read(&gp, gp.tokens().revoke(&name)).await },
            records::changed,
        )
    }

    fn revoke_tokens(&self, py: Python<'_>, names: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let names = convert::texts("names", Some(names))?;
        self.life.ask(
            py,
            &self.gatepass,
            |gp| async move { read(&gp, gp.tokens().revoke_all(names)).await },
            records::all_changed,
        )
    }

    fn revoke_everywhere(
        &self,
        py: Python<'_>,
        names: &Bound<'_, PyAny>,
        within: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let (names, within) = (convert::texts("names", Some(names))?, convert::span("within", within)?);
        let work =
            move |gp: Gatepass| async move { read(&gp, gp.tokens().revoke_everywhere(names, within)).await };
        self.life.ask(py, &self.gatepass, work, records::revoked)
    }

    fn replicas(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { gp.replicas().list().await }, records::replicas)
    }

    fn confirmed(&self, py: Python<'_>, revision: i64, within: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let within = convert::span("within", within)?;
        let work = move |gp: Gatepass| async move { gp.replicas().confirmed(revision, within).await };
        self.life.ask(py, &self.gatepass, work, records::receipts)
    }

    fn revoke_leaked(&self, py: Python<'_>, secret: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let secret = secret::secret(secret)?;
        let work = |gp: Gatepass| async move { gp.tokens().revoke_leaked(secret.reveal()).await };
        self.life.ask(py, &self.gatepass, work, |py, ended| {
            Ok(ended.into_pyobject(py)?.to_owned().into_any().unbind())
        })
    }

    fn delete_token(&self, py: Python<'_>, name: String) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { gp.tokens().delete(&name).await }, number)
    }

    fn purge_tokens(&self, py: Python<'_>, before: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let before: Timestamp = convert::instant("before", before)?;
        let work = move |gp: Gatepass| async move {
            gp.tokens().purge(before, |_| {}).await.map(|gone| i64::try_from(gone).unwrap_or(i64::MAX))
        };
        self.life.ask(py, &self.gatepass, work, number)
    }

    #[pyo3(signature = (secret, api, scopes = None, peer = None))]
    fn check_secret(
        &self,
        py: Python<'_>,
        secret: &Bound<'_, PyAny>,
        api: &Bound<'_, PyAny>,
        scopes: Option<&Bound<'_, PyAny>>,
        peer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Operation> {
        let (secret, api) = (secret::secret(secret)?, convert::api(api)?);
        let scopes = convert::texts("scopes", scopes)?;
        let peer: Option<IpAddr> = peer.map(convert::address).transpose()?;
        let work = move |gp: Gatepass| async move {
            gp.tokens().check_secret(api, scopes, secret.reveal(), peer).await
        };
        self.life.ask(py, &self.gatepass, work, |py, verdict| match verdict {
            Ok(access) => Ok(Py::new(py, PyGranted::new(access))?.into_any()),
            Err(denied) => Ok(Py::new(py, PyDenied::new(denied, None))?.into_any()),
        })
    }

    fn roles(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { gp.roles().list().await }, role::all_shown)
    }

    fn role(&self, py: Python<'_>, name: String) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { gp.roles().get(&name).await }, role::shown)
    }

    fn create_role(&self, py: Python<'_>, role: &PyRole) -> PyResult<Operation> {
        let role = role.inner().clone();
        self.life.ask(py, &self.gatepass, |gp| async move { gp.roles().create(role).await }, role::shown)
    }

    fn update_role(&self, py: Python<'_>, role: &PyRole) -> PyResult<Operation> {
        let role = role.inner().clone();
        self.life.ask(py, &self.gatepass, |gp| async move { gp.roles().update(role).await }, role::shown)
    }

    fn clone_role(&self, py: Python<'_>, name: String, new_name: String) -> PyResult<Operation> {
        self.life.ask(
            py,
            &self.gatepass,
            |gp| async move { gp.roles().clone_as(&name, &new_name).await },
            role::shown,
        )
    }

    fn delete_role(&self, py: Python<'_>, name: String) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { gp.roles().delete(&name).await }, none)
    }

    fn validators(&self, py: Python<'_>) -> PyResult<Operation> {
        let work = |gp: Gatepass| async move { gp.validators().list().await };
        self.life.ask(py, &self.gatepass, work, validators::all_shown)
    }

    fn validator(&self, py: Python<'_>, name: String) -> PyResult<Operation> {
        let work = |gp: Gatepass| async move { gp.validators().get(&name).await };
        self.life.ask(py, &self.gatepass, work, validators::shown)
    }

    fn create_validator(&self, py: Python<'_>, validator: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let validator = validators::of(validator)?;
        let work = |gp: Gatepass| async move { gp.validators().create(&validator).await };
        self.life.ask(py, &self.gatepass, work, validators::shown)
    }

    fn update_validator(&self, py: Python<'_>, validator: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let validator = validators::of(validator)?;
        let work = |gp: Gatepass| async move { gp.validators().update(&validator).await };
        self.life.ask(py, &self.gatepass, work, validators::shown)
    }

    fn delete_validator(&self, py: Python<'_>, name: String) -> PyResult<Operation> {
        let work = |gp: Gatepass| async move { gp.validators().delete(&name).await };
        self.life.ask(py, &self.gatepass, work, none)
    }

    fn users(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { gp.users().list().await }, records::users)
    }

    fn user(&self, py: Python<'_>, username: String) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { gp.users().get(&username).await }, records::user)
    }

    #[pyo3(signature = (username, **asked))]
    fn create_user(
        &self,
        py: Python<'_>,
        username: String,
        asked: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Operation> {
        let asked = Keywords::new(py, asked)?;
        let password = asked.text("password")?.map(Password::new);
        let mut new = NewUser::new(username).profile(asked::user_change(&asked)?);
        asked.finish()?;
        if let Some(password) = password {
            new = new.password(password);
        }
        self.life.ask(py, &self.gatepass, |gp| async move { gp.users().create(new).await }, records::user)
    }

    #[pyo3(signature = (username, **asked))]
    fn update_user(
        &self,
        py: Python<'_>,
        username: String,
        asked: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Operation> {
        let asked = Keywords::new(py, asked)?;
        let password = asked.text("password")?.map(Password::new);
        let change = asked::user_change(&asked)?;
        asked.finish()?;
        let work =
            |gp: Gatepass| async move { gp.users().update_with(&username, change, password.as_ref()).await };
        self.life.ask(py, &self.gatepass, work, records::user)
    }

    fn delete_user(&self, py: Python<'_>, username: String) -> PyResult<Operation> {
        self.life.ask(py, &self.gatepass, |gp| async move { gp.users().delete(&username).await }, none)
    }

    #[pyo3(signature = (**filter))]
    fn audit(&self, py: Python<'_>, filter: Option<Bound<'_, PyDict>>) -> PyResult<Operation> {
        let asked = Keywords::new(py, filter)?;
        let filter = asked::audit_filter(&asked)?;
        asked.finish()?;
        self.life.ask(
            py,
            &self.gatepass,
            |gp| async move { gp.audit().list(&filter).await },
            records::entries,
        )
    }

    fn __repr__(&self) -> String {
        format!("<{}>", self.gatepass.place())
    }
}

/// To the caller's function, which has the secret in its hands from then on.
async fn hand_over(deliver: Py<PyAny>, secret: Secret) -> PyResult<()> {
    let secret = move |py: Python<'_>| Ok(vec![Py::new(py, PySecret::new(secret))?.into_any()]);
    callback::call(deliver, secret).await.map(drop)
}
