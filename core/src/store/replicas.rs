//! Who follows, with whichever authority of the store, and how far each has come.

use std::net::IpAddr;

use sqlx::{AnyConnection, Row as _};

use super::fault::{corrupt, fault};
use super::insert::Insert;
use super::transaction::Transaction;
use super::writer::Change;
use crate::wire::Replica;
use crate::{Result, Timestamp};

/// What an authority knows of a replica.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) actor: String,
    pub(crate) id: String,
    pub(crate) peer: Option<IpAddr>,
    /// The life of the store that the revision is of.
    pub(crate) epoch: String,
    pub(crate) revision: i64,
    pub(crate) confirmed_on: Timestamp,
    pub(crate) seen_on: Timestamp,
    /// In milliseconds.
    pub(crate) max_staleness: i64,
}

/// Writes down what an authority knows of these. It takes no revision, for nobody follows it.
pub(crate) struct NoteReplicas {
    pub(crate) replicas: Vec<Known>,
    /// Whether those are removed that were not seen for long.
    pub(crate) tidy: bool,
}

impl Change for NoteReplicas {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        // A replica may have gone to another authority, which has seen it later. A time that is to come was written by a
        // clock that was wrong.
        static INSERT: Insert = Insert::new(
            "INSERT INTO replicas (actor, id, peer, revision, confirmed_on, seen_on, max_staleness)",
            7,
            "ON CONFLICT (actor, id) DO UPDATE SET peer = excluded.peer, revision = excluded.revision, \
             confirmed_on = CASE WHEN replicas.revision = excluded.revision THEN replicas.confirmed_on \
                            ELSE excluded.confirmed_on END, \
             seen_on = excluded.seen_on, max_staleness = excluded.max_staleness \
             WHERE excluded.seen_on >= replicas.seen_on OR replicas.seen_on > excluded.seen_on + 10000",
        );
        for (statement, replicas) in INSERT.portions(tx.kind(), &self.replicas) {
            let mut query = sqlx::query(statement);
            for known in replicas {
                // What it has of another life of the store says nothing here.
                let is_ours = known.epoch == tx.head.epoch && known.revision <= tx.head.revision;
                query = query
                    .bind(&known.actor)
                    .bind(&known.id)
                    .bind(known.peer.map(|peer| peer.to_string()))
                    .bind(if is_ours { known.revision } else { 0 })
                    .bind(known.confirmed_on.as_millis())
                    .bind(known.seen_on.as_millis())
                    .bind(known.max_staleness);
            }
            tx.execute(query).await?;
        }
        if self.tidy {
            let sql = "DELETE FROM replicas \
                       WHERE seen_on < $1 - CASE WHEN max_staleness > 60000 THEN 10 * max_staleness ELSE 600000 END";
            tx.execute(sqlx::query(sql).bind(tx.now().as_millis())).await?;
        }
        Ok(())
    }
}

/// All that are known, by name, then by id.
pub(crate) async fn read_all(conn: &mut AnyConnection) -> Result<Vec<Replica>> {
    let sql = "SELECT actor, id, peer, revision, confirmed_on, seen_on, max_staleness \
               FROM replicas ORDER BY actor, id";
    let rows = sqlx::query(sql).fetch_all(conn).await.map_err(fault)?;
    let replica = |row: &sqlx::any::AnyRow| {
        let instant = |at: usize| {
            let millis: i64 = row.try_get(at).map_err(fault)?;
            Timestamp::from_millis(millis).ok_or_else(|| corrupt("a replica's instant is out of range"))
        };
        Ok(Replica {
            actor: row.try_get(0).map_err(fault)?,
            id: row.try_get(1).map_err(fault)?,
            peer: row.try_get(2).map_err(fault)?,
            revision: row.try_get(3).map_err(fault)?,
            confirmed_on: instant(4)?,
            seen_on: instant(5)?,
            max_staleness_millis: u64::try_from(row.try_get::<i64, _>(6).map_err(fault)?).unwrap_or(0),
        })
    };
    rows.iter().map(replica).collect()
}
