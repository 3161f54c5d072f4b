//! Roles as rows, and what changes them.

use sqlx::{AnyConnection, Row as _};

use super::audit::Entry;
use super::fault::{corrupt, fault};
use super::tokens::{escaped, json};
use super::transaction::Transaction;
use super::users;
use super::writer::Change;
use crate::service::Before;
use crate::{Acting, Error, ErrorKind, Result, Role, RoleBook};

/// The default roles and those that are stored. One that a newer version wrote is kept, as far as it is understood.
pub(crate) async fn read_all(conn: &mut AnyConnection) -> Result<RoleBook> {
    let rows = sqlx::query("SELECT role FROM roles ORDER BY name").fetch_all(conn).await.map_err(fault)?;
    let roles = rows.iter().map(|row| {
        let text: String = row.try_get(0).map_err(fault)?;
        serde_json::from_str::<Role>(&text).map_err(|_| corrupt("a stored role is malformed"))
    });
    Ok(RoleBook::of_another(roles.collect::<Result<Vec<_>>>()?))
}

/// Creates a role, or replaces one whole.
pub(crate) struct PutRole {
    pub(crate) acting: Acting,
    pub(crate) role: Role,
    pub(crate) before: Before,
}

impl Change for PutRole {
    type Output = Role;

    async fn apply(&self, tx: &mut Transaction) -> Result<Role> {
        let caller = tx.caller(&self.acting.actor).await?;
        let mut book = RoleBook::clone(&tx.book());
        let before = book.get(&self.role.name).cloned();
        match (self.before, &before) {
            (Before::Present, None) => return Err(not_found()),
            (Before::Absent, Some(role)) if !role.default_role => {
                let text = "a role of this name exists";
                return Err(Error::new(ErrorKind::Conflict, "name_taken", text).with_field("name"));
            }
            _ => {}
        }
        book.put(self.role.clone())?;
        caller.may_set_role(before.as_ref(), &self.role)?;
        let role = book.get(&self.role.name).cloned().ok_or_else(not_found)?;
        let sql = "INSERT INTO roles (name, role) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET role = excluded.role";
        let text = json(&role)?;
        tx.execute(sqlx::query(sql).bind(&role.name).bind(text)).await?;
        tx.set_book(book);
        let action = if before.is_some() { "role.update" } else { "role.create" };
        tx.audit(Entry::new(&self.acting, &caller.name, action, Some(&role.name)));
        Ok(role)
    }
}

/// Removes a role that nobody holds.
pub(crate) struct DeleteRole {
    pub(crate) acting: Acting,
    pub(crate) name: String,
}

impl Change for DeleteRole {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        let caller = tx.caller(&self.acting.actor).await?;
        let mut book = RoleBook::clone(&tx.book());
        if !book.remove(&self.name)? {
            return Err(not_found());
        }
        if let Some(holder) = holder(tx, &self.name).await? {
            let text = format!("{holder} holds this role");
            return Err(Error::new(ErrorKind::Conflict, "role_in_use", text).with_field("name"));
        }
        tx.execute(sqlx::query("DELETE FROM roles WHERE name = $1").bind(&self.name)).await?;
        tx.set_book(book);
        tx.audit(Entry::new(&self.acting, &caller.name, "role.delete", Some(&self.name)));
        Ok(())
    }
}

/// Somebody who holds this role and can still act by it.
async fn holder(tx: &mut Transaction, role: &str) -> Result<Option<String>> {
    // LIKE may find too many, for SQLite's ignores case; it never finds too few.
    let sql = "SELECT name, roles FROM tokens WHERE roles LIKE $1 ESCAPE '\\' AND revoked_on IS NULL \
               AND (expires_on IS NULL OR expires_on > $2)";
    let pattern = format!("%{}%", escaped(&json(role)?));
    let query = sqlx::query(sql).bind(pattern).bind(tx.now().as_millis());
    for row in query.fetch_all(&mut tx.conn).await.map_err(fault)? {
        let roles: String = row.try_get(1).map_err(fault)?;
        let roles: Vec<String> = super::tokens::parsed(Some(roles))?;
        if roles.iter().any(|held| held == role) {
            let name: String = row.try_get(0).map_err(fault)?;
            return Ok(Some(format!("the token `{name}`")));
        }
    }
    let users = users::read_all(&mut tx.conn).await?;
    let holder = users.into_iter().find(|user| user.roles.iter().any(|held| held == role));
    Ok(holder.map(|user| format!("the user `{}`", user.username)))
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "role_not_found", "no role of this name exists").with_field("name")
}
