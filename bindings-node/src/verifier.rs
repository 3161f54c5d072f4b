//! An index of tokens, and the guards that check against it.

use std::rc::Rc;
use std::sync::Arc;

use gatepass::{Api, Error, ErrorKind};
use napi::bindgen_prelude::{Env, Function, PromiseRaw, Unknown};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;

use crate::call::{Call, run};
use crate::check::{Check, CheckSecret, Checker};
use crate::credential::or_throw;
use crate::error::{read, write};
use crate::raw::function;

/// How an index follows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Follow {}

/// An index that follows a store or a server, as all threads share it.
pub(crate) struct Following {
    verifier: gatepass::Verifier,
}

impl Following {
    pub(crate) async fn start(gatepass: &gatepass::Gatepass, options: &str) -> gatepass::Result<Self> {
        let Follow {} = read("options", options)?;
        Ok(Self { verifier: gatepass.verifier().await? })
    }

    pub(crate) fn of(verifier: gatepass::Verifier) -> Self {
        Self { verifier }
    }
}

/// One thread's handle on it.
#[napi]
pub struct Verifier(Option<Arc<Following>>);

impl Verifier {
    pub(crate) fn new(following: Arc<Following>) -> Self {
        Self(Some(following))
    }

    fn index(&self) -> napi::Result<&gatepass::Verifier> {
        let closed = || Error::new(ErrorKind::Closed, "closed", "this verifier was closed");
        or_throw(self.0.as_ref().map(|following| &following.verifier).ok_or_else(closed))
    }
}

#[napi]
impl Verifier {
    /// Compiles a requirement.
    #[napi]
    pub fn guard(&self, api: String, scopes: Vec<String>) -> napi::Result<Guard> {
        let (index, api) = (self.index()?, or_throw(api.parse::<Api>())?);
        or_throw(index.guard(api, scopes)).map(|guard| Guard(Checker::new(guard)))
    }

    /// How it is.
    #[napi]
    pub fn state(&self) -> napi::Result<String> {
        let index = self.index()?;
        let age = index.age().map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        or_throw(write(&json!({ "revision": index.revision(), "ageMs": age })))
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

    /// Lets go of the index.
    #[napi]
    pub fn close(&mut self) {
        self.0 = None;
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
