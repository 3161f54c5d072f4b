//! Sessions: a live row for each, so that signing out, and changing a password, end what was signed before.

use sqlx::AnyConnection;

use super::audit::Entry;
use super::fault::fault;
use super::transaction::Transaction;
use super::users;
use super::writer::Change;
use crate::{Acting, Error, ErrorKind, Result, Timestamp, User};

/// Begins a session of a user who has not changed since signing in, and forgets those that are over.
pub(crate) struct BeginSession {
    pub(crate) acting: Acting,
    pub(crate) id: String,
    pub(crate) user: User,
    pub(crate) expires_on: Timestamp,
}

impl Change for BeginSession {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        let user = users::find(&mut tx.conn, &self.user.username).await?;
        let same = |user: &User| {
            (user.created_on, user.password_on) == (self.user.created_on, self.user.password_on)
        };
        if !user.is_some_and(|user| user.active && same(&user)) {
            let text = "the user was removed, disabled or given another password since signing in";
            return Err(Error::new(ErrorKind::Unauthorized, "signed_out", text));
        }
        let now = tx.now().as_millis();
        tx.audit(Entry::new(
            &self.acting,
            self.acting.actor.name(),
            "session.begin",
            Some(&self.user.username),
        ));
        tx.execute(sqlx::query("DELETE FROM sessions WHERE expires_on <= $1").bind(now)).await?;
        let sql = "INSERT INTO sessions (id, user_name, created_on, expires_on) VALUES ($1, $2, $3, $4)";
        let query = sqlx::query(sql)
            .bind(&self.id)
            .bind(&self.user.username)
            .bind(now)
            .bind(self.expires_on.as_millis());
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
        if !is_id(&self.id) {
            return Ok(false);
        }
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
    if !is_id(id) {
        return Ok(None);
    }
    let sql = "SELECT user_name FROM sessions WHERE id = $1 AND expires_on > $2";
    sqlx::query_scalar(sql).bind(id).bind(now.as_millis()).fetch_optional(conn).await.map_err(fault)
}

/// Whether a session can have this id: `random_id` made it.
fn is_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}
