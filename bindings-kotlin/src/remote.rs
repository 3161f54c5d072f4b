//! Asking a server about each token.

use std::collections::HashMap;
use std::sync::Arc;

use gatepass::{Api, Authorization, Error, ErrorKind, RemoteGuard, RemoteOptions, RemoteVerifier};
use zeroize::Zeroizing;

use crate::access::verdict_bytes;
use crate::ask::span_of;
use crate::runtime::run;
use crate::{Failure, GatepassHandle};

#[derive(Debug, Clone, uniffi::Record)]
pub struct RemoteData {
    pub max_staleness: Option<i64>,
    pub deadline: Option<i64>,
    pub introspection_path: Option<String>,
    /// By API.
    pub audiences: HashMap<String, String>,
}

#[derive(Debug, uniffi::Object)]
pub struct RemoteVerifierHandle(RemoteVerifier);

#[derive(Debug, uniffi::Object)]
pub struct RemoteGuardHandle(RemoteGuard);

#[uniffi::export]
impl RemoteVerifierHandle {
    pub fn guard(&self, api: String, scopes: Vec<String>) -> Result<Arc<RemoteGuardHandle>, Failure> {
        Ok(Arc::new(RemoteGuardHandle(self.0.guard(api.parse()?, scopes)?)))
    }

    pub fn state(&self) -> RemoteStateData {
        let state = self.0.state();
        RemoteStateData {
            asked: state.asked,
            failed: state.failed,
            joined: state.joined,
            cached: state.cached,
            kept: state.kept as u64,
            under_way: state.under_way as u64,
        }
    }
}

/// What a remote verifier did since it was made, and does now.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RemoteStateData {
    pub asked: u64,
    pub failed: u64,
    pub joined: u64,
    pub cached: u64,
    pub kept: u64,
    pub under_way: u64,
}

#[uniffi::export]
impl RemoteGuardHandle {
    pub fn api(&self) -> String {
        self.0.api().wire().to_owned()
    }

    pub fn scope(&self) -> String {
        self.0.scope().to_owned()
    }

    /// As `GuardHandle::check_values` answers.
    pub async fn check(&self, values: Vec<String>, peer: Option<String>) -> Result<Vec<u8>, Failure> {
        let guard = self.0.clone();
        run(async move {
            let authorization: Authorization<'_> = values.iter().map(String::as_str).collect();
            let peer = peer.and_then(|peer| crate::guard::peer_of(peer.as_bytes()));
            Ok(verdict_bytes(&guard.check(authorization, peer).await?))
        })
        .await
    }

    /// The same of a bare secret.
    pub async fn check_secret(&self, secret: String, peer: Option<String>) -> Result<Vec<u8>, Failure> {
        let (guard, secret) = (self.0.clone(), Zeroizing::new(secret));
        run(async move {
            let peer = peer.and_then(|peer| crate::guard::peer_of(peer.as_bytes()));
            Ok(verdict_bytes(&guard.check_secret(&secret, peer).await?))
        })
        .await
    }
}

#[uniffi::export]
impl GatepassHandle {
    pub async fn remote_verifier(&self, options: RemoteData) -> Result<Arc<RemoteVerifierHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let mut remote = RemoteOptions::default();
            if let Some(limit) = options.max_staleness {
                remote = remote.max_staleness(span_of("maxStaleness", limit)?);
            }
            if let Some(limit) = options.deadline {
                remote = remote.deadline(span_of("deadline", limit)?);
            }
            if let Some(path) = options.introspection_path {
                let audience = |(api, text): (String, String)| Ok((api.parse::<Api>()?, text));
                let audiences: Vec<_> =
                    options.audiences.into_iter().map(audience).collect::<gatepass::Result<_>>()?;
                remote = remote.introspection(path, audiences);
            } else if !options.audiences.is_empty() {
                let text = "audiences are what another server is asked for: say its path";
                return Err(Error::new(ErrorKind::InvalidInput, "audiences_without_path", text)
                    .with_field("audiences"));
            }
            Ok(Arc::new(RemoteVerifierHandle(gatepass.remote_verifier(remote)?)))
        })
        .await
    }
}
