//! An index of tokens, and the guards that check against it.

use std::rc::Rc;
use std::sync::Arc;

use gatepass::{Api, Error, ErrorKind, FollowOptions, Startup, SubjectResolver, VerifierState};
use napi::Status;
use napi::bindgen_prelude::{Env, Function, PromiseRaw, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

use crate::asked::{given, span};
use crate::call::{Call, run};
use crate::check::{Check, CheckSecret, Checker, Grants, address, verdict_text};
use crate::credential::or_throw;
use crate::error::{Fault, read, write};
use crate::external::{Keys, fetched, health_json};
use crate::raw::function;

/// How an index follows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Follow {
    max_staleness_ms: Option<f64>,
    startup: Option<String>,
    deadline_ms: Option<f64>,
    /// `null` for never.
    #[expect(clippy::option_option, reason = "`null` is told from what was not said")]
    #[serde(default, deserialize_with = "given")]
    usage_interval_ms: Option<Option<f64>>,
    keys: Option<Keys>,
}

impl Follow {
    fn options(self, subjects: Option<Arc<dyn SubjectResolver>>) -> gatepass::Result<FollowOptions> {
        let mut options = FollowOptions::default().validators(fetched(self.keys, subjects)?);
        if let Some(limit) = self.max_staleness_ms {
            options = options.max_staleness(span("maxStalenessMs", limit)?);
        }
        options = match self.startup.as_deref() {
            None | Some("wait") => options,
            Some("background") => options.startup(Startup::Background),
            Some(_) => {
                return Err(Error::invalid("startup", "unknown_startup", "expected wait or background"));
            }
        };
        if let Some(limit) = self.deadline_ms {
            options = options.deadline(span("deadlineMs", limit)?);
        }
        if let Some(interval) = self.usage_interval_ms {
            options =
                options.usage_interval(interval.map(|millis| span("usageIntervalMs", millis)).transpose()?);
        }
        Ok(options)
    }
}

/// An index that follows a store or a server, as all threads share it.
pub(crate) struct Following {
    verifier: gatepass::Verifier,
}

impl Following {
    pub(crate) async fn start(
        gatepass: &gatepass::Gatepass,
        options: &str,
        subjects: Option<Arc<dyn SubjectResolver>>,
    ) -> gatepass::Result<Self> {
        let options = read::<Follow>("options", options)?.options(subjects)?;
        Ok(Self { verifier: gatepass.verifier_with(options).await? })
    }

    pub(crate) fn of(verifier: gatepass::Verifier) -> Self {
        Self { verifier }
    }
}

/// What is told of a verifier that becomes stale or fresh, or loses whom it follows. It keeps no process alive.
type Tell = ThreadsafeFunction<String, (), String, Status, false, true>;

/// One thread's handle on it.
#[napi]
pub struct Verifier {
    following: Option<Arc<Following>>,
    watching: Option<AbortHandle>,
}

impl Verifier {
    pub(crate) fn new(following: Arc<Following>) -> Self {
        Self { following: Some(following), watching: None }
    }

    fn index(&self) -> napi::Result<&gatepass::Verifier> {
        let closed = || Error::new(ErrorKind::Closed, "closed", "this verifier was closed");
        or_throw(self.following.as_ref().map(|following| &following.verifier).ok_or_else(closed))
    }

    fn watch_no_more(&mut self) {
        if let Some(watching) = self.watching.take() {
            watching.abort();
        }
    }
}

/// A handle that was forgotten is as good as closed.
impl Drop for Verifier {
    fn drop(&mut self) {
        self.watch_no_more();
    }
}

#[napi]
impl Verifier {
    /// Compiles a requirement.
    #[napi]
    pub fn guard(&self, api: String, scopes: Vec<String>, grants: &Kept) -> napi::Result<Guard> {
        let (index, api) = (self.index()?, or_throw(api.parse::<Api>())?);
        or_throw(index.guard(api, scopes)).map(|guard| Guard(Checker::new(guard, Rc::clone(&grants.0))))
    }

    /// How it is.
    #[napi]
    pub fn state(&self) -> napi::Result<String> {
        or_throw(write(&state_json(&self.index()?.state())))
    }

    /// How the keys of its external token validators are, as a list in JSON.
    #[napi]
    pub fn key_health(&self) -> napi::Result<String> {
        let health = self.index()?.validators().health();
        or_throw(write(&health.iter().map(health_json).collect::<Vec<_>>()))
    }

    /// Its external token validators that are not consulted, and why, as a list in JSON.
    #[napi]
    pub fn validator_faults(&self) -> napi::Result<String> {
        let faults = self.index()?.validators().faults();
        let each = |(name, error): &(String, Error)| json!({ "validator": name, "error": Fault::new(error) });
        or_throw(write(&faults.iter().map(each).collect::<Vec<_>>()))
    }

    /// Tells of each change worth an event, from now on.
    #[napi]
    pub fn watch(&mut self, tell: Function<'_, String, ()>) -> napi::Result<()> {
        let tell: Tell = tell.build_threadsafe_function().weak::<true>().build()?;
        let mut watch = self.index()?.watch();
        let told = |state: &VerifierState| (state.stale, state.connected);
        let mut before = told(watch.last());
        let watching = napi::bindgen_prelude::spawn(async move {
            while let Some(state) = watch.changed().await {
                let now = told(&state);
                if std::mem::replace(&mut before, now) == now {
                    continue;
                }
                let Ok(json) = write(&state_json(&state)) else { continue };
                if tell.call(json, ThreadsafeFunctionCallMode::NonBlocking) == Status::Closing {
                    break; // its thread has ended
                }
            }
        });
        self.watch_no_more();
        self.watching = Some(watching.abort_handle());
        Ok(())
    }

    /// Waits until a change is in the index.
    #[napi]
    pub fn wait_for<'env>(
        &self,
        env: &'env Env,
        revision: i64,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let index = self.index()?.clone();
        run(env, call, async move { index.wait_for(revision).await })
    }

    /// Lets go of the index. Where no other thread has it, what was used is reported, and nothing is followed any more.
    #[napi]
    pub fn close<'env>(&mut self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.watch_no_more();
        let last = self.following.take().and_then(Arc::into_inner);
        run(env, None, async move {
            if let Some(Following { verifier }) = last {
                verifier.close().await;
            }
            Ok(())
        })
    }
}

/// A state as JavaScript reads it.
fn state_json(state: &VerifierState) -> Value {
    json!({
        "revision": state.revision,
        "ageMs": state.age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        "stale": state.stale,
        "connected": state.connected,
        "tokens": state.tokens,
        "place": state.place,
        "trouble": state.trouble.as_ref().map(Fault::new),
        "credentialExpiresOn": state.credential_expires_on,
    })
}

/// What one thread of JavaScript keeps of grants.
#[napi]
#[derive(Default)]
pub struct Kept(Rc<Grants>);

#[napi]
impl Kept {
    /// Nothing as yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets it.
    #[napi]
    pub fn forget(&self) {
        self.0.forget();
    }
}

/// A requirement, as one thread checks it.
#[napi]
pub struct Guard(Rc<Checker>);

/// A function that checks: see `raw`.
type Checking<'env> = Function<'env, Unknown<'env>, Unknown<'env>>;

#[napi]
impl Guard {
    /// Makes the function that checks a header.
    #[napi]
    pub fn check<'env>(&self, env: &'env Env) -> napi::Result<Checking<'env>> {
        function(env, "check", Check(Rc::clone(&self.0)))
    }

    /// Makes the function that checks a bare secret.
    #[napi]
    pub fn check_secret<'env>(&self, env: &'env Env) -> napi::Result<Checking<'env>> {
        function(env, "checkSecret", CheckSecret(Rc::clone(&self.0)))
    }

    /// Checks a header whose token cannot be told now, and waits for what it takes to tell.
    #[napi]
    pub fn check_again<'env>(
        &self,
        env: &'env Env,
        authorization: String,
        peer: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (guard, authorization) = (or_throw(self.0.guard())?, Zeroizing::new(authorization));
        run(env, call, async move {
            let verdict = guard.check_async(authorization.as_str(), address(peer.as_deref())).await;
            Ok(verdict_text(&verdict))
        })
    }

    /// Checks a bare secret so.
    #[napi]
    pub fn check_secret_again<'env>(
        &self,
        env: &'env Env,
        secret: String,
        peer: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (guard, secret) = (or_throw(self.0.guard())?, Zeroizing::new(secret));
        run(env, call, async move {
            Ok(verdict_text(&guard.check_secret_async(&secret, address(peer.as_deref())).await))
        })
    }

    /// The scopes that are wanted, separated by spaces.
    #[napi]
    pub fn scope(&self) -> String {
        self.0.scope()
    }

    /// Lets go of the index.
    #[napi]
    pub fn close(&self) {
        self.0.close();
    }
}
