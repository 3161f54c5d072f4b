//! Who follows, and what each has confirmed.

use std::time::Duration;

use super::Gatepass;
use crate::wire::{Replica, ReplicaList};
use crate::{Changed, Result, Timestamp};

/// So long one question waits for its answer; it is asked again until the caller's own time is over.
const AT_A_TIME: Duration = Duration::from_secs(5);

/// The replicas: see [`Gatepass::replicas`].
#[derive(Debug, Clone, Copy)]
pub struct Replicas<'a>(&'a Gatepass);

/// What a replica has said of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The replica.
    pub replica: Replica,
    /// What it has said.
    pub state: ReceiptState,
}

/// Whether a replica has a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiptState {
    /// It has it.
    Confirmed {
        /// When it said so, or that it has a later one.
        on: Timestamp,
    },
    /// It was not heard of for longer than it may go on without news: it denies everything, and knows of the change before
    /// it accepts anything again.
    Stale,
    /// It may still accept what the change has ended.
    Pending,
}

/// Tokens that were revoked, and which replicas have said that they know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Revoked {
    /// The tokens.
    pub tokens: Vec<Changed>,
    /// The number of the last of these changes.
    pub revision: i64,
    /// What each replica has said.
    pub receipts: Vec<Receipt>,
}

impl Revoked {
    /// Whether no replica accepts these tokens any more.
    pub fn is_everywhere(&self) -> bool {
        !self.receipts.iter().any(Receipt::is_pending)
    }
}

impl Receipt {
    pub(crate) fn new(replica: Replica, revision: i64, now: Timestamp) -> Self {
        let state = if replica.revision >= revision {
            ReceiptState::Confirmed { on: replica.confirmed_on }
        } else if replica.is_connected(now) {
            ReceiptState::Pending
        } else {
            ReceiptState::Stale
        };
        Self { replica, state }
    }

    /// Whether the replica may still accept what the change has ended.
    pub fn is_pending(&self) -> bool {
        self.state == ReceiptState::Pending
    }
}

impl ReplicaList {
    /// What each has said of the change of this number.
    pub fn receipts(self, revision: i64) -> Vec<Receipt> {
        let now = self.now;
        self.replicas.into_iter().map(|replica| Receipt::new(replica, revision, now)).collect()
    }
}

impl<'a> Replicas<'a> {
    pub(super) const fn new(gatepass: &'a Gatepass) -> Self {
        Self(gatepass)
    }

    /// All replicas that follow an authority of this store, or did until lately, and the authority's time, by which
    /// [`Replica::is_connected`] says which of them do.
    ///
    /// # Errors
    /// Those of reading the store, or of the server; unsupported, `needs_gatepass`, on a plain RadiantOne.
    pub async fn list(&self) -> Result<ReplicaList> {
        self.at(0, Duration::ZERO).await
    }

    /// The same, once every replica that is connected has this change, or after `wait`: what a server answers with.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn at(&self, revision: i64, wait: Duration) -> Result<ReplicaList> {
        self.0.service().replicas(revision, wait).await
    }

    /// Waits until no replica can be without the change of this number, for so long at the most, and tells what each
    /// has said. Where none is [pending](Receipt::is_pending), none accepts what the change has ended.
    ///
    /// It counts on the clocks of the authorities of a store to differ by no more than a second. Who follows the store
    /// itself, by [`Gatepass::verifier`] of a store, is no replica and not asked: that takes a second at the most.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn confirmed(&self, revision: i64, within: Duration) -> Result<Vec<Receipt>> {
        let clock = self.0.clock();
        let end = clock.boot_time().saturating_add(within);
        loop {
            let left = end.saturating_sub(clock.boot_time());
            let receipts = self.at(revision, left.min(AT_A_TIME)).await?.receipts(revision);
            if left.is_zero() || !receipts.iter().any(Receipt::is_pending) {
                return Ok(receipts);
            }
        }
    }
}
