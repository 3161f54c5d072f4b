//! The head row: which store this is, and how far its changes and its audit trail have come.

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::fault::{corrupt, fault};
use crate::Result;
use crate::wire::Position;

/// What the head row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Made with the store, and never changed.
    pub(crate) store_id: String,
    /// Changed when the store goes back in time: a backup that was restored.
    pub(crate) epoch: String,
    /// The number of the last change of tokens, roles or validators.
    pub(crate) revision: i64,
    /// The revision of the last change of roles.
    pub(crate) roles_revision: i64,
    /// The revision of the last change of external token validators.
    pub(crate) validators_revision: i64,
    /// The number of the last entry of the audit trail.
    pub(crate) audit: i64,
    /// Deletions up to this revision are forgotten.
    pub(crate) kept_from: i64,
}

impl Head {
    /// Which store it is, and how far it has come.
    pub(crate) fn position(&self) -> Position {
        Position { store_id: self.store_id.clone(), epoch: self.epoch.clone(), revision: self.revision }
    }

    /// As it is now.
    pub(crate) async fn read(conn: &mut AnyConnection) -> Result<Self> {
        let sql = "SELECT store_id, epoch, revision, roles_revision, audit, kept_from, validators_revision FROM head";
        sqlx::query(sql).fetch_optional(conn).await.map_err(fault)?.map_or_else(missing, |row| from_row(&row))
    }

    /// As it is now, locked until the transaction ends: whoever comes later waits, so that one who has the lock
    /// sees all that was committed, and the order of revisions is the order of commits.
    pub(crate) async fn lock(conn: &mut AnyConnection) -> Result<Self> {
        let sql = "UPDATE head SET one = one \
                   RETURNING store_id, epoch, revision, roles_revision, audit, kept_from, validators_revision";
        sqlx::query(sql).fetch_optional(conn).await.map_err(fault)?.map_or_else(missing, |row| from_row(&row))
    }

    /// Writes what has changed.
    pub(crate) async fn write(&self, conn: &mut AnyConnection) -> Result<()> {
        let sql = "UPDATE head SET epoch = $1, revision = $2, roles_revision = $3, audit = $4, kept_from = $5, \
                   validators_revision = $6";
        let query = sqlx::query(sql)
            .bind(&self.epoch)
            .bind(self.revision)
            .bind(self.roles_revision)
            .bind(self.audit)
            .bind(self.kept_from)
            .bind(self.validators_revision);
        query.execute(conn).await.map(drop).map_err(fault)
    }

    /// Makes the head row of a new store; without effect where there is one.
    pub(crate) async fn create(conn: &mut AnyConnection, id: &str) -> Result<()> {
        let sql = "INSERT INTO head (one, store_id, epoch, revision, roles_revision, audit, kept_from) \
                   VALUES (1, $1, $1, 0, 0, 0, 0) ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(id).execute(conn).await.map(drop).map_err(fault)
    }
}

fn missing() -> Result<Head> {
    Err(corrupt("the store's head row is missing"))
}

fn from_row(row: &AnyRow) -> Result<Head> {
    Ok(Head {
        store_id: row.try_get(0).map_err(fault)?,
        epoch: row.try_get(1).map_err(fault)?,
        revision: row.try_get(2).map_err(fault)?,
        roles_revision: row.try_get(3).map_err(fault)?,
        audit: row.try_get(4).map_err(fault)?,
        kept_from: row.try_get(5).map_err(fault)?,
        validators_revision: row.try_get(6).map_err(fault)?,
    })
}
