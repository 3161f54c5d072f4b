//! Sessions: a live row for each, so that signing out, and changing a password, end what was signed before.

use sqlx::AnyConnection;

use super::audit::Entry;
use super::fault::fault;
use super::transaction::Transaction;
use super::users;
use super::writer::Change;
use crate::{Acting, Error, ErrorKind, Result, Timestamp};

/// Begins a session, and forgets those that are over.
pub(crate) struct BeginSession {
    pub(crate) acting: Acting,
    pub(crate) id: String,
    pub(crate) username: String,
    /// When the password was set that the user signed in with; none where it is not known.
    pub(crate) password_on: Option<Timestamp>,
    pub(crate) expires_on: Timestamp,
}

impl Change for BeginSession {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        let now = tx.now().as_millis();
        // Whoever was disabled or got another password since they were asked for it ends here, as their other
        // sessions did.
        let user = users::find(&mut tx.conn, &self.username).await?.filter(|user| {
            user.active && (self.password_on.is_none() || self.password_on == user.password_on)
        });
        if user.is_none() {
            let text = "the user was removed, disabled or given another password meanwhile";
            return Err(Error::new(ErrorKind::Unauthorized, "actor_unknown", text));
        }
        tx.audit(Entry::new(&self.acting, self.acting.actor.name(), "session.begin", Some(&self.username)));
        tx.execute(sqlx::query("DELETE FROM sessions WHERE expires_on <= $1").bind(now)).await?;
        let sql = "INSERT INTO sessions (id, user_name, created_on, expires_on) VALUES ($1, $2, $3, $4)";
        let query =
            sqlx::query(sql).bind(&self.id).bind(&self.username).bind(now).bind(self.expires_on.as_millis());
        tx.execute(query).await.map(drop)
    }
}

/// Ends a session; the answer tells whether it was there.
pub(crate) struct EndSession {
    pub(crate) acting: Acting,
    pub(crate) id: String,
}

impl Change for EndSession {
    type Output = bool;

    async fn apply(&self, tx: &mut Transaction) -> Result<bool> {
        let caller = tx.caller(&self.acting.actor).await?;
        let now = tx.now();
        let Some(username) = user_of(&mut tx.conn, &self.id, now).await? else { return Ok(false) };
        tx.execute(sqlx::query("DELETE FROM sessions WHERE id = $1").bind(&self.id)).await?;
        tx.audit(Entry::new(&self.acting, &caller.name, "session.end", Some(&username)));
        Ok(true)
    }
}

/// Ends every session of a user.
pub(super) async fn end_all_of(tx: &mut Transaction, username: &str) -> Result<()> {
    tx.execute(sqlx::query("DELETE FROM sessions WHERE user_name = $1").bind(username)).await.map(drop)
}

/// Whose session this is, while it lasts.
pub(crate) async fn user_of(conn: &mut AnyConnection, id: &str, now: Timestamp) -> Result<Option<String>> {
    let sql = "SELECT user_name FROM sessions WHERE id = $1 AND expires_on > $2";
    sqlx::query_scalar(sql).bind(id).bind(now.as_millis()).fetch_optional(conn).await.map_err(fault)
}
