//! Asking a server about each token; who follows one, and what each has confirmed.

use std::collections::HashMap;
use std::sync::Arc;

use gatepass::{
    Api, Authorization, Error, ErrorKind, Receipt, ReceiptState, RemoteGuard, RemoteOptions, RemoteVerifier,
};

use crate::access::verdict_bytes;
use crate::ask::span_of;
use crate::runtime::run;
use crate::{ChangedData, Failure, GatepassHandle};

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
}

#[uniffi::export]
impl RemoteGuardHandle {
    pub fn api(&self) -> String {
        self.0.api().wire().to_owned()
    }

    pub fn scope(&self) -> String {
        self.0.scope().to_owned()
    }

    /// As `GuardHandle::check` answers.
    pub async fn check(&self, values: Vec<String>, peer: Option<String>) -> Result<Vec<u8>, Failure> {
        let guard = self.0.clone();
        run(async move {
            let authorization: Authorization<'_> = values.iter().map(String::as_str).collect();
            let peer = peer.and_then(|peer| crate::guard::peer_of(peer.as_bytes()));
            Ok(verdict_bytes(&guard.check(authorization, peer).await?))
        })
        .await
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct ReceiptData {
    pub replica: String,
    pub actor: String,
    pub peer: Option<String>,
    pub revision: i64,
    pub seen_on: i64,
    pub confirmed_on: Option<i64>,
    pub pending: bool,
}

impl From<Receipt> for ReceiptData {
    fn from(receipt: Receipt) -> Self {
        let pending = receipt.is_pending();
        let confirmed_on = match receipt.state {
            ReceiptState::Confirmed { on } => Some(on.as_millis()),
            _ => None,
        };
        Self {
            replica: receipt.replica.id,
            actor: receipt.replica.actor,
            peer: receipt.replica.peer,
            revision: receipt.replica.revision,
            seen_on: receipt.replica.seen_on.as_millis(),
            confirmed_on,
            pending,
        }
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct RevokedData {
    pub tokens: Vec<ChangedData>,
    pub revision: i64,
    pub receipts: Vec<ReceiptData>,
    pub everywhere: bool,
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

    pub async fn revoke_everywhere(&self, names: Vec<String>, within: i64) -> Result<RevokedData, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let revoked = gatepass.tokens().revoke_everywhere(names, span_of("within", within)?).await?;
            let now = gatepass.clock().now();
            Ok(RevokedData {
                everywhere: revoked.is_everywhere(),
                tokens: revoked.tokens.iter().map(|changed| ChangedData::new(changed, now)).collect(),
                revision: revoked.revision,
                receipts: revoked.receipts.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }

    /// Who follows, and whether each has the change of this number; of 0 everybody has.
    pub async fn replicas(&self, revision: i64) -> Result<Vec<ReceiptData>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let list = gatepass.replicas().list().await?;
            Ok(list.receipts(revision).into_iter().map(Into::into).collect())
        })
        .await
    }
}
