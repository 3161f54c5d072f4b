//! The tables, as they were made and changed since: `migrations/`. What a newer program made is refused.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, SqlSafeStr as _};

use super::fault::{self, fault};
use super::head::Head;
use super::location::Kind;
use crate::{Error, ErrorKind, Result};

/// One step: its number, its name, and what it runs on either system.
struct Step {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        version: 1,
        name: "start",
        sqlite: include_str!("../../migrations/sqlite/0001_start.sql"),
        postgres: include_str!("../../migrations/postgres/0001_start.sql"),
    },
    Step {
        version: 2,
        name: "replicas",
        sqlite: include_str!("../../migrations/sqlite/0002_replicas.sql"),
        postgres: include_str!("../../migrations/postgres/0002_replicas.sql"),
    },
    Step {
        version: 3,
        name: "validators",
        sqlite: include_str!("../../migrations/sqlite/0003_validators.sql"),
        postgres: include_str!("../../migrations/postgres/0003_validators.sql"),
    },
];

/// Brings the tables up to this program's version, all steps or none of them; a new store gets this id.
///
/// # Errors
/// `store_too_new` where another program has gone further; `store_missing` where there are no tables yet and none are
/// to be made.
pub(crate) async fn migrate(conn: &mut AnyConnection, kind: Kind, id: &str, create: bool) -> Result<()> {
    // Most stores are as they should be, which is seen without waiting for anybody's lock.
    let applied = sqlx::query_scalar::<_, i64>("SELECT MAX(version) FROM _sqlx_migrations WHERE success");
    match applied.fetch_one(&mut *conn).await {
        Ok(version) if STEPS.last().is_some_and(|step| step.version == version) => return Ok(()),
        Err(error) if !create && fault::is_no_table(&error) => {
            let text = "there is no store in it";
            return Err(Error::new(ErrorKind::Storage, "store_missing", text).with_field("store"));
        }
        _ => {}
    }
    // One transaction, which locks out others that open the same new store now.
    sqlx::raw_sql(kind.begin()).execute(&mut *conn).await.map_err(fault)?;
    match steps(conn, kind, id).await {
        Ok(()) => sqlx::raw_sql("COMMIT").execute(&mut *conn).await.map(drop).map_err(fault),
        Err(error) => {
            sqlx::raw_sql("ROLLBACK").execute(&mut *conn).await.ok();
            Err(error)
        }
    }
}

async fn steps(conn: &mut AnyConnection, kind: Kind, id: &str) -> Result<()> {
    if let Some(lock) = kind.migration_lock() {
        sqlx::raw_sql(lock).execute(&mut *conn).await.map_err(fault)?;
    }
    if kind == Kind::Sqlite {
        refuse_foreign(conn).await?;
    }
    let steps = STEPS.iter().map(|step| {
        let sql = kind.choose(step.sqlite, step.postgres);
        Migration::new(
            step.version,
            Cow::Borrowed(step.name),
            MigrationType::Simple,
            sql.into_sql_str(),
            true,
        )
    });
    let mut migrator = Migrator::with_migrations(steps.collect());
    migrator.set_locking(false);
    migrator.run_direct(None, &mut *conn, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) => Error::new(
            ErrorKind::Storage,
            "store_too_new",
            "the store was made by a newer version of Gatepass; use that version, or a later one",
        ),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => fault(error),
        other => fault::corrupt("the record of its migrations does not fit").with_cause(other),
    })?;
    Head::create(conn, id).await
}

/// A file that another program keeps its own tables in was named by mistake. (Of a server's database that cannot be
/// known: people share those.)
async fn refuse_foreign(conn: &mut AnyConnection) -> Result<()> {
    let sql = "SELECT COUNT(*), COALESCE(SUM(name = '_sqlx_migrations'), 0) FROM sqlite_master";
    let (all, own): (i64, i64) = sqlx::query_as(sql).fetch_one(conn).await.map_err(fault)?;
    if all == 0 || own > 0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Storage,
        "store_foreign",
        "the file is another program's database, and no store",
    ))
}
