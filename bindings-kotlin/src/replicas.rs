//! Who follows a server, and what each has confirmed.

use gatepass::wire::Replica;
use gatepass::{Receipt, ReceiptState};

use crate::ask::span_of;
use crate::runtime::run;
use crate::{ChangedData, Failure, GatepassHandle};

#[derive(Debug, Clone, uniffi::Record)]
pub struct ReplicaData {
    pub id: String,
    pub actor: String,
    pub peer: Option<String>,
    pub revision: i64,
    pub confirmed_on: i64,
    pub seen_on: i64,
    pub max_staleness: u64,
}

impl From<Replica> for ReplicaData {
    fn from(replica: Replica) -> Self {
        Self {
            id: replica.id,
            actor: replica.actor,
            peer: replica.peer,
            revision: replica.revision,
            confirmed_on: replica.confirmed_on.as_millis(),
            seen_on: replica.seen_on.as_millis(),
            max_staleness: replica.max_staleness_millis,
        }
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct ReceiptData {
    pub replica: ReplicaData,
    pub state: String,
    pub confirmed_on: Option<i64>,
}

impl From<Receipt> for ReceiptData {
    fn from(receipt: Receipt) -> Self {
        let (state, confirmed_on) = match receipt.state {
            ReceiptState::Confirmed { on } => ("CONFIRMED", Some(on.as_millis())),
            ReceiptState::Stale => ("STALE", None),
            // What is not known here may be the worse.
            _ => ("PENDING", None),
        };
        Self { replica: receipt.replica.into(), state: state.to_owned(), confirmed_on }
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

    pub async fn replicas(&self) -> Result<Vec<ReplicaData>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            Ok(gatepass.replicas().list().await?.replicas.into_iter().map(Into::into).collect())
        })
        .await
    }

    pub async fn confirmed(&self, revision: i64, within: i64) -> Result<Vec<ReceiptData>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let receipts = gatepass.replicas().confirmed(revision, span_of("within", within)?).await?;
            Ok(receipts.into_iter().map(Into::into).collect())
        })
        .await
    }
}
