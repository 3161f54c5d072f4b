//! The whole of a store into another, of either kind: what backing up, restoring and moving have in common.

use futures_util::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Row as _};

use super::Store;
use super::fault::{corrupt, fault};
use super::head::Head;
use crate::idempotency::random_id;
use crate::{Error, ErrorKind, Result};

/// The type of a column, which a null of it does not tell.
#[derive(Clone, Copy)]
enum Column {
    Text,
    Number,
    Bytes,
}

/// A table: what reads a row of it, what writes one, and the types between.
struct Table {
    name: &'static str,
    select: &'static str,
    insert: &'static str,
    columns: &'static [Column],
}

macro_rules! table {
    ($name:literal, $columns:literal, $places:literal, [$($column:ident),*]) => {
        Table {
            name: $name,
            select: concat!("SELECT ", $columns, " FROM ", $name),
            insert: concat!("INSERT INTO ", $name, " (", $columns, ") VALUES (", $places, ")"),
            columns: &[$(Column::$column),*],
        }
    };
}

/// Sessions, kept answers and replicas are left out: they belong to the authorities and clients of the moment.
const TABLES: [Table; 6] = [
    table!(
        "tokens",
        "id, name, api, roles, scopes, target_dn, networks, details, created_on, created_by, not_before, \
         expires_on, rotated_on, grace_until, revoked_on, digest, previous_digest, undelivered, revision, last_used_on, \
         last_used_from, last_used_via",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22",
        [
            Text, Text, Text, Text, Text, Text, Text, Text, Number, Text, Number, Number, Number, Number,
            Number, Bytes, Bytes, Text, Number, Number, Text, Text
        ]
    ),
    table!("deletions", "revision, id, deleted_on, api", "$1, $2, $3, $4", [Number, Text, Number, Text]),
    table!("roles", "name, role", "$1, $2", [Text, Text]),
    table!("external_token_validators", "name, validator", "$1, $2", [Text, Text]),
    table!(
        "users",
        "name, profile, password, created_on, password_on",
        "$1, $2, $3, $4, $5",
        [Text, Text, Text, Number, Number]
    ),
    table!(
        "audit",
        "number, happened, action, actor, subject, outcome, code, peer, request_id, details",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10",
        [Number, Number, Text, Text, Text, Text, Text, Text, Text, Text]
    ),
];

/// How far a copy is: the table, and the rows of it that are done, of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyProgress {
    /// The table.
    pub table: &'static str,
    /// Rows that are done.
    pub done: u64,
    /// Rows in all.
    pub of: u64,
}

/// Whether those who followed the source may go on with the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Epoch {
    /// The copy takes the source's place: it goes on where the source was.
    Same,
    /// The copy is of an earlier time: whoever followed starts over.
    New,
}

/// Copies everything from one moment of `from` into `to`, which must be empty, in one transaction.
///
/// # Errors
/// `store_not_empty` (conflict) where the target holds anything.
pub(crate) async fn copy(
    from: &Store,
    to: &Store,
    epoch: Epoch,
    progress: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<()> {
    let (mut source, mut target) = (from.connect().await?, to.connect().await?);
    let begun = sqlx::raw_sql(from.kind().begin_snapshot()).execute(&mut source).await;
    begun.map_err(|error| from.named(fault(error)))?;
    let begun = sqlx::query(to.kind().begin()).execute(&mut target).await;
    begun.map_err(|error| to.named(fault(error)))?;
    // Where it fails the connections are dropped, and what they had begun with them.
    copy_into((from, &mut source), (to, &mut target), epoch, progress).await?;
    let ended = async {
        sqlx::query("COMMIT").execute(&mut target).await?;
        target.close().await
    };
    ended.await.map_err(|error| to.named(fault(error)))?;
    source.close().await.map_err(|error| from.named(fault(error)))
}

async fn copy_into(
    (from, source): (&Store, &mut AnyConnection),
    (to, target): (&Store, &mut AnyConnection),
    epoch: Epoch,
    progress: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<()> {
    let empty = Head::lock(target).await.map_err(|error| to.named(error))?;
    if empty.revision != 0 || empty.audit != 0 {
        let text = "the target store is not empty";
        return Err(Error::new(ErrorKind::Conflict, "store_not_empty", text).with_field("to"));
    }
    let mut head = Head::read(source).await.map_err(|error| from.named(error))?;
    for table in &TABLES {
        copy_table(table, (from, source), (to, target), progress).await?;
    }
    if epoch == Epoch::New {
        head.epoch = random_id()?;
    }
    let named = sqlx::query("UPDATE head SET store_id = $1").bind(&head.store_id).execute(&mut *target).await;
    named.map_err(|error| to.named(fault(error)))?;
    head.write(target).await.map_err(|error| to.named(error))
}

async fn copy_table(
    table: &Table,
    (from, source): (&Store, &mut AnyConnection),
    (to, target): (&Store, &mut AnyConnection),
    progress: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<()> {
    let unread = |error| from.named(fault(error));
    let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", table.name));
    let of: i64 = sqlx::query_scalar(count).fetch_one(&mut *source).await.map_err(unread)?;
    let mut now = CopyProgress { table: table.name, done: 0, of: u64::try_from(of).unwrap_or(0) };
    progress(now);
    let mut rows = sqlx::query(table.select).fetch(source);
    while let Some(row) = rows.try_next().await.map_err(unread)? {
        let mut query = sqlx::query(table.insert);
        for (at, column) in table.columns.iter().enumerate() {
            let wrong = |error| from.named(error);
            query = match column {
                Column::Text => query.bind(value::<String>(&row, at).map_err(wrong)?),
                Column::Number => query.bind(value::<i64>(&row, at).map_err(wrong)?),
                Column::Bytes => query.bind(value::<Vec<u8>>(&row, at).map_err(wrong)?),
            };
        }
        query.execute(&mut *target).await.map_err(|error| to.named(fault(error)))?;
        now.done += 1;
        if now.done.is_multiple_of(1000) || now.done == now.of {
            progress(now);
        }
    }
    if now.done == now.of {
        return Ok(());
    }
    Err(from.named(corrupt("a table has not as many rows as it says")))
}

fn value<T>(row: &AnyRow, at: usize) -> Result<Option<T>>
where
    T: sqlx::Type<sqlx::Any> + for<'r> sqlx::Decode<'r, sqlx::Any>,
{
    row.try_get(at).map_err(|error| corrupt("a column is not of its type").with_cause(error))
}
