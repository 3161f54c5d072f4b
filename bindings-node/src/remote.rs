//! Checks by asking a server about each token: for one that gives no copy of its tokens.

use gatepass::{Api, Authorization, RemoteOptions};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::asked::span;
use crate::call::{Call, run};
use crate::check::{address, verdict_text};
use crate::credential::or_throw;
use crate::error::{read, write};
use crate::gatepass::Gatepass;

/// How it is to ask.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asking {
    max_staleness_ms: Option<f64>,
    capacity: Option<usize>,
    concurrent: Option<usize>,
    deadline_ms: Option<f64>,
    introspection: Option<Introspection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Introspection {
    path: String,
    /// An API and the audience that stands for it.
    audiences: Vec<(String, String)>,
}

impl Asking {
    fn options(self) -> gatepass::Result<RemoteOptions> {
        let mut options = RemoteOptions::default();
        if let Some(limit) = self.max_staleness_ms {
            options = options.max_staleness(span("maxStalenessMs", limit)?);
        }
        if let Some(answers) = self.capacity {
            options = options.capacity(answers);
        }
        if let Some(questions) = self.concurrent {
            options = options.concurrent(questions);
        }
        if let Some(limit) = self.deadline_ms {
            options = options.deadline(span("deadlineMs", limit)?);
        }
        if let Some(Introspection { path, audiences }) = self.introspection {
            let audiences = audiences.into_iter().map(|(api, name)| Ok((api.parse::<Api>()?, name)));
            options = options.introspection(path, audiences.collect::<gatepass::Result<Vec<_>>>()?);
        }
        Ok(options)
    }
}

/// A verifier that asks.
#[napi]
pub struct RemoteVerifier(gatepass::RemoteVerifier);

#[napi]
impl Gatepass {
    /// Checks tokens by asking the server about each.
    #[napi]
    pub fn remote_verifier(&self, options: String) -> napi::Result<RemoteVerifier> {
        let options = or_throw(read::<Asking>("options", &options).and_then(Asking::options))?;
        or_throw(self.facade()?.remote_verifier(options)).map(RemoteVerifier)
    }
}

#[napi]
impl RemoteVerifier {
    /// Compiles a requirement.
    #[napi]
    pub fn guard(&self, api: String, scopes: Vec<String>) -> napi::Result<RemoteGuard> {
        let api: Api = or_throw(api.parse())?;
        or_throw(self.0.guard(api, scopes)).map(RemoteGuard)
    }

    /// What it did until now.
    #[napi]
    pub fn state(&self) -> napi::Result<String> {
        let state = self.0.state();
        or_throw(write(&json!({
            "asked": state.asked,
            "failed": state.failed,
            "joined": state.joined,
            "cached": state.cached,
            "kept": state.kept,
            "underWay": state.under_way,
        })))
    }
}

/// A requirement that is asked of the server.
#[napi]
pub struct RemoteGuard(gatepass::RemoteGuard);

#[napi]
impl RemoteGuard {
    /// The scopes that are wanted, separated by spaces.
    #[napi]
    pub fn scope(&self) -> String {
        self.0.scope().to_owned()
    }

    /// Checks a header's values.
    #[napi]
    pub fn check<'env>(
        &self,
        env: &'env Env,
        values: Vec<String>,
        peer: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (guard, values, peer) = (self.0.clone(), Zeroizing::new(values), address(peer.as_deref()));
        run(env, call, async move {
            let authorization: Authorization<'_> = values.iter().map(String::as_str).collect();
            guard.check(authorization, peer).await.map(|verdict| verdict_text(&verdict))
        })
    }

    /// Checks a bare secret.
    #[napi]
    pub fn check_secret<'env>(
        &self,
        env: &'env Env,
        secret: String,
        peer: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (guard, secret, peer) = (self.0.clone(), Zeroizing::new(secret), address(peer.as_deref()));
        run(env, call, async move {
            guard.check_secret(&secret, peer).await.map(|verdict| verdict_text(&verdict))
        })
    }
}
