//! Looking a store over: is it whole, and does all that is in it make sense?

use futures_util::TryStreamExt as _;
use serde::Serialize;
use sqlx::AnyConnection;

use super::fault::fault;
use super::head::Head;
use super::location::Kind;
use super::{Store, roles, tokens, users, validators};
use crate::{Result, RoleBook};

/// What looking a store over found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StoreReport {
    /// The store's id, made with it.
    pub store_id: String,
    /// Its epoch, new after each restoring.
    pub epoch: String,
    /// The number of its last change.
    pub revision: i64,
    /// How many tokens there are.
    pub tokens: u64,
    /// How many custom roles.
    pub roles: u64,
    /// How many external token validators.
    pub validators: u64,
    /// How many users.
    pub users: u64,
    /// How many audit entries.
    pub audit: u64,
    /// What is wrong, in words; nothing where all is well.
    pub faults: Vec<String>,
}

/// Reads everything once, as of one moment, so that others may write meanwhile.
pub(crate) async fn inspect(store: &Store) -> Result<StoreReport> {
    let mut conn = store.connect().await?;
    let looked = async {
        sqlx::raw_sql(store.kind().begin_snapshot()).execute(&mut conn).await.map_err(fault)?;
        look(&mut conn, store.kind()).await
    };
    looked.await.map_err(|error| store.named(error))
}

/// On SQLite the file's own structure is checked first.
async fn look(conn: &mut AnyConnection, kind: Kind) -> Result<StoreReport> {
    let mut report = StoreReport::default();
    if kind == Kind::Sqlite {
        let lines = sqlx::query_scalar::<_, String>("PRAGMA integrity_check").fetch_all(&mut *conn).await;
        report.faults.extend(lines.map_err(fault)?.into_iter().filter(|line| line != "ok"));
        if !report.faults.is_empty() {
            return Ok(report);
        }
    }
    report = summary(conn).await?;
    let book = roles::read_all(conn).await?;
    users::read_all(conn).await?;
    validators::read_all(conn).await?;
    let last = count(conn, "SELECT COALESCE(MAX(number), 0) FROM audit").await?;
    let said = u64::try_from(Head::read(conn).await?.audit).unwrap_or(0);
    if [report.audit, last] != [said; 2] {
        report.faults.push("the audit trail is not as long as the head says, or has gaps".to_owned());
    }
    let total = std::mem::take(&mut report.tokens);
    let mut rows = sqlx::query(tokens::ALL_IN_FULL).fetch(conn);
    while let Some(row) = rows.try_next().await.map_err(fault)? {
        report.tokens += 1;
        match tokens::from_row(&row) {
            Ok(stored) => look_at(&stored, report.revision, &book, &mut report.faults),
            Err(error) => report.faults.push(format!("token number {}: {error}", report.tokens)),
        }
    }
    if report.tokens != total {
        report.faults.push(format!("{total} tokens were counted and {} found", report.tokens));
    }
    Ok(report)
}

/// What is in it, without looking for faults.
pub(crate) async fn summary(conn: &mut AnyConnection) -> Result<StoreReport> {
    let head = Head::read(conn).await?;
    Ok(StoreReport {
        store_id: head.store_id,
        epoch: head.epoch,
        revision: head.revision,
        tokens: count(conn, "SELECT COUNT(*) FROM tokens").await?,
        roles: count(conn, "SELECT COUNT(*) FROM roles").await?,
        validators: count(conn, "SELECT COUNT(*) FROM external_token_validators").await?,
        users: count(conn, "SELECT COUNT(*) FROM users").await?,
        audit: count(conn, "SELECT COUNT(*) FROM audit").await?,
        faults: Vec::new(),
    })
}

fn look_at(stored: &tokens::Stored, last: i64, book: &RoleBook, faults: &mut Vec<String>) {
    let token = stored.record.token();
    if stored.revision > last {
        faults.push(format!("the token `{}` is newer than the head", token.name));
    }
    if token.revoked_on.is_none() && token.roles.iter().any(|role| book.get(role).is_none()) {
        faults.push(format!(
            "the token `{}` holds a role that does not exist, which permits nothing",
            token.name
        ));
    }
}

async fn count(conn: &mut AnyConnection, sql: &'static str) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(sql).fetch_one(conn).await.map_err(fault)?;
    Ok(u64::try_from(count).unwrap_or(0))
}
