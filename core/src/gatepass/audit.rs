//! The audit trail, to be read.

use super::Gatepass;
#[cfg(feature = "store")]
use crate::store::audit::{Entry, Note};
use crate::{AuditEntry, AuditFilter, Result};

/// The audit trail: see [`Gatepass::audit`].
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a>(&'a Gatepass);

impl<'a> Audit<'a> {
    pub(super) const fn new(gatepass: &'a Gatepass) -> Self {
        Self(gatepass)
    }

    /// The entries that fit, the oldest first. To follow the trail ask again, after the number of the last one:
    /// numbers are in the order of commits, so none comes late.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
        self.0.service().audit(filter).await
    }

    /// Adds an entry for what was refused before it came to the store: a failed login, a call without the scope that it
    /// needs. What the store itself does is in the trail already.
    ///
    /// # Errors
    /// Those of writing the store; unsupported, `needs_store`, on a server, which keeps its own trail.
    #[cfg(feature = "store")]
    pub async fn refused(&self, action: &'static str, subject: Option<&str>, code: &str) -> Result<()> {
        let acting = &self.0.acting;
        let entry = Entry::new(acting, acting.actor.name(), action, subject).refused(code);
        self.0.local()?.store.make(Note(entry)).await
    }

    /// The number of the last entry.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn last(&self) -> Result<i64> {
        self.0.service().last_audit().await
    }
}
