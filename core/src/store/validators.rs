//! External token validators as rows, and what changes them.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::audit::Entry;
use super::fault::{corrupt, fault};
use super::tokens::json;
use super::transaction::Transaction;
use super::writer::Change;
use crate::gatepass::MAX_VALIDATORS;
use crate::service::Before;
use crate::wire::understood;
use crate::{Acting, Error, ErrorKind, ExternalTokenValidator, Result};

/// All of them have to fit into one answer, even where each is as long as it can be.
const LONGEST: usize = 32 << 10;

/// All of them, by name.
pub(crate) async fn read_all(conn: &mut AnyConnection) -> Result<Vec<ExternalTokenValidator>> {
    let sql = "SELECT validator FROM external_token_validators ORDER BY name";
    let rows = sqlx::query(sql).fetch_all(conn).await.map_err(fault)?;
    rows.iter().map(from_row).collect()
}

/// All that this version can use: of one that a newer version wrote it cannot know whose tokens it shall refuse.
pub(crate) async fn read_understood(conn: &mut AnyConnection) -> Result<Vec<ExternalTokenValidator>> {
    let sql = "SELECT validator FROM external_token_validators ORDER BY name";
    let texts: Vec<String> = sqlx::query_scalar(sql).fetch_all(conn).await.map_err(fault)?;
    let read = |text: &String| {
        let validator = serde_json::from_str(text).ok().and_then(understood);
        if validator.is_none() {
            tracing::warn!("an external token validator is not understood, and not used");
        }
        validator
    };
    Ok(texts.iter().filter_map(read).collect())
}

/// The one of this name.
pub(crate) async fn find(conn: &mut AnyConnection, name: &str) -> Result<Option<ExternalTokenValidator>> {
    let sql = "SELECT validator FROM external_token_validators WHERE name = $1";
    let row = sqlx::query(sql).bind(name).fetch_optional(conn).await.map_err(fault)?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &AnyRow) -> Result<ExternalTokenValidator> {
    let text: String = row.try_get(0).map_err(fault)?;
    serde_json::from_str(&text).map_err(|_| corrupt("a stored external token validator is malformed"))
}

/// Creates a validator, or replaces one whole.
pub(crate) struct PutValidator {
    pub(crate) acting: Acting,
    pub(crate) validator: ExternalTokenValidator,
    pub(crate) before: Before,
}

impl Change for PutValidator {
    type Output = ExternalTokenValidator;

    async fn apply(&self, tx: &mut Transaction) -> Result<ExternalTokenValidator> {
        self.validator.check()?;
        let caller = tx.caller(&self.acting.actor).await?;
        let name = &*self.validator.name;
        let before = find(&mut tx.conn, name).await?;
        match (self.before, &before) {
            (Before::Present, None) => return Err(not_found()),
            (Before::Absent, Some(_)) => {
                let text = "a validator of this name exists, of this API or the other one";
                return Err(Error::new(ErrorKind::Conflict, "validator_exists", text).with_field("name"));
            }
            (Before::Absent, None) => refuse_too_many(&mut tx.conn).await?,
            (Before::Present, Some(_)) => {}
        }
        caller.may_set_validator(before.as_ref(), &self.validator)?;
        let sql = "INSERT INTO external_token_validators (name, validator) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET validator = excluded.validator";
        let text = json(&self.validator)?;
        if text.len() > LONGEST {
            let text = "a validator takes at most 32 KiB as JSON";
            return Err(Error::invalid("claimsMapping", "validator_too_long", text));
        }
        tx.execute(sqlx::query(sql).bind(name).bind(text)).await?;
        tx.touch_validators();
        let action = if before.is_some() { "validator.update" } else { "validator.create" };
        tx.audit(Entry::new(&self.acting, &caller.name, action, Some(name)));
        Ok(self.validator.clone())
    }
}

async fn refuse_too_many(conn: &mut AnyConnection) -> Result<()> {
    let sql = "SELECT COUNT(*) FROM external_token_validators";
    let count: i64 = sqlx::query_scalar(sql).fetch_one(conn).await.map_err(fault)?;
    if usize::try_from(count).is_ok_and(|count| count < MAX_VALIDATORS) {
        return Ok(());
    }
    let text = "there are as many validators as there can be: 100";
    Err(Error::new(ErrorKind::Conflict, "too_many_validators", text))
}

/// Removes a validator: what only it accepted is refused from then on.
pub(crate) struct DeleteValidator {
    pub(crate) acting: Acting,
    pub(crate) name: String,
}

impl Change for DeleteValidator {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        let caller = tx.caller(&self.acting.actor).await?;
        let sql = "DELETE FROM external_token_validators WHERE name = $1";
        if tx.execute(sqlx::query(sql).bind(&self.name)).await? == 0 {
            return Err(not_found());
        }
        tx.touch_validators();
        tx.audit(Entry::new(&self.acting, &caller.name, "validator.delete", Some(&self.name)));
        Ok(())
    }
}

pub(crate) fn not_found() -> Error {
    let text = "no external token validator of this name exists";
    Error::new(ErrorKind::NotFound, "validator_not_found", text).with_field("name")
}
