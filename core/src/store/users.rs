//! Users as rows, and what changes them.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::audit::Entry;
use super::fault::{corrupt, fault};
use super::sessions;
use super::tokens::json;
use super::transaction::Transaction;
use super::writer::Change;
use crate::role::DIRECTORY_ADMINISTRATOR;
use crate::{Acting, Error, ErrorKind, Result, Timestamp, User, UserChange, check_username};

/// What is stored in one column.
#[derive(Serialize, Deserialize)]
struct Profile {
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    active: bool,
    roles: Vec<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT name, profile, created_on, password_on FROM users ", $rest)
    };
}

pub(crate) async fn find(conn: &mut AnyConnection, name: &str) -> Result<Option<User>> {
    if check_username(name).is_err() {
        return Ok(None);
    }
    let row = sqlx::query(select!("WHERE name = $1")).bind(name).fetch_optional(conn).await.map_err(fault)?;
    row.map(|row| from_row(&row)).transpose()
}

/// All users, by name: they are people, so there are few.
pub(crate) async fn read_all(conn: &mut AnyConnection) -> Result<Vec<User>> {
    let rows = sqlx::query(select!("ORDER BY name")).fetch_all(conn).await.map_err(fault)?;
    rows.iter().map(from_row).collect()
}

/// The stored hash of a user's password.
pub(crate) async fn password(conn: &mut AnyConnection, name: &str) -> Result<Option<String>> {
    if check_username(name).is_err() {
        return Ok(None);
    }
    let sql = "SELECT password FROM users WHERE name = $1";
    let found = sqlx::query_scalar::<_, Option<String>>(sql).bind(name).fetch_optional(conn).await;
    Ok(found.map_err(fault)?.flatten())
}

/// Adds a user.
pub(crate) struct CreateUser {
    pub(crate) acting: Acting,
    pub(crate) username: String,
    pub(crate) profile: UserChange,
    /// The hash of the password.
    pub(crate) password: Option<String>,
}

impl Change for CreateUser {
    type Output = User;

    async fn apply(&self, tx: &mut Transaction) -> Result<User> {
        let caller = tx.caller(&self.acting.actor).await?;
        let (now, book) = (tx.now(), tx.book());
        let blank = User {
            username: self.username.clone(),
            first_name: None,
            last_name: None,
            email: None,
            active: true,
            roles: Vec::new(),
            created_on: now,
            password_on: self.password.is_some().then_some(now),
        };
        let user = self.profile.made_to(&blank, &book)?;
        caller.may_set_roles([], user.roles.iter().map(String::as_str), &book)?;
        let sql = "INSERT INTO users (name, profile, password, created_on, password_on) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let text = profile(&user)?;
        let query = sqlx::query(sql)
            .bind(&user.username)
            .bind(text)
            .bind(&self.password)
            .bind(user.created_on.as_millis())
            .bind(user.password_on.map(Timestamp::as_millis));
        if tx.execute(query).await? == 0 {
            let text = "a user of this name exists";
            return Err(Error::new(ErrorKind::Conflict, "name_taken", text).with_field("username"));
        }
        tx.audit(Entry::new(&self.acting, &caller.name, "user.create", Some(&user.username)));
        Ok(user)
    }
}

/// Changes what is said of a user. Who is disabled is signed out.
pub(crate) struct ChangeUser {
    pub(crate) acting: Acting,
    pub(crate) username: String,
    pub(crate) change: UserChange,
    /// The hash of a new password.
    pub(crate) password: Option<String>,
}

impl Change for ChangeUser {
    type Output = User;

    async fn apply(&self, tx: &mut Transaction) -> Result<User> {
        let caller = tx.caller(&self.acting.actor).await?;
        let before = find(&mut tx.conn, &self.username).await?.ok_or_else(not_found)?;
        let book = tx.book();
        let mut after = self.change.made_to(&before, &book)?;
        let names = |user: &'_ User| user.roles.clone();
        let (held, wanted) = (names(&before), names(&after));
        let (held, wanted) = (held.iter().map(String::as_str), wanted.iter().map(String::as_str));
        if after.roles != before.roles {
            caller.may_set_roles(held, wanted.clone(), &book)?;
        }
        if after.active && !before.active {
            // To enable somebody gives what they hold, as much as giving them the roles does.
            caller.may_set_roles([], wanted, &book)?;
        }
        keep_an_administrator(tx, &before, Some(&after)).await?;
        let text = profile(&after)?;
        let query =
            sqlx::query("UPDATE users SET profile = $2 WHERE name = $1").bind(&self.username).bind(text);
        if tx.execute(query).await? == 0 {
            return Err(not_found());
        }
        if before.active && !after.active {
            sessions::end_all_of(tx, &self.username).await?;
        }
        tx.audit(Entry::new(&self.acting, &caller.name, "user.update", Some(&self.username)));
        if let Some(password) = &self.password {
            let (acting, username, password) = (self.acting.clone(), self.username.clone(), password.clone());
            SetPassword { acting, username, password }.apply(tx).await?;
            after.password_on = Some(tx.now());
        }
        Ok(after)
    }
}

/// Sets a user's password, and signs the user out everywhere.
pub(crate) struct SetPassword {
    pub(crate) acting: Acting,
    pub(crate) username: String,
    /// The hash of the password.
    pub(crate) password: String,
}

impl Change for SetPassword {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        let caller = tx.caller(&self.acting.actor).await?;
        let user = find(&mut tx.conn, &self.username).await?.ok_or_else(not_found)?;
        let own = matches!(&self.acting.actor, crate::Actor::User(name) if *name == self.username);
        if !own {
            caller.may_set_password(user.roles.iter().map(String::as_str), &tx.book())?;
        }
        let now = tx.now().as_millis();
        let sql = "UPDATE users SET password = $2, password_on = $3 WHERE name = $1";
        if tx.execute(sqlx::query(sql).bind(&self.username).bind(&self.password).bind(now)).await? == 0 {
            return Err(not_found());
        }
        sessions::end_all_of(tx, &self.username).await?;
        tx.audit(Entry::new(&self.acting, &caller.name, "user.password", Some(&self.username)));
        Ok(())
    }
}

/// Removes a user.
pub(crate) struct DeleteUser {
    pub(crate) acting: Acting,
    pub(crate) username: String,
}

impl Change for DeleteUser {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        let caller = tx.caller(&self.acting.actor).await?;
        let user = find(&mut tx.conn, &self.username).await?.ok_or_else(not_found)?;
        keep_an_administrator(tx, &user, None).await?;
        if tx.execute(sqlx::query("DELETE FROM users WHERE name = $1").bind(&self.username)).await? == 0 {
            return Err(not_found());
        }
        sessions::end_all_of(tx, &self.username).await?;
        tx.audit(Entry::new(&self.acting, &caller.name, "user.delete", Some(&self.username)));
        Ok(())
    }
}

/// Refuses what would leave nobody who can repair anything.
async fn keep_an_administrator(tx: &mut Transaction, before: &User, after: Option<&User>) -> Result<()> {
    let administers =
        |user: &User| user.active && user.roles.iter().any(|role| role == DIRECTORY_ADMINISTRATOR);
    if !administers(before) || after.is_some_and(administers) {
        return Ok(());
    }
    let others = read_all(&mut tx.conn).await?;
    if others.iter().any(|user| user.username != before.username && administers(user)) {
        return Ok(());
    }
    let text = "this is the last active Directory Administrator; make another one first";
    Err(Error::new(ErrorKind::Conflict, "last_administrator", text).with_field("username"))
}

pub(crate) fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "user_not_found", "no user of this name exists").with_field("username")
}

fn profile(user: &User) -> Result<String> {
    let user = user.clone();
    json(&Profile {
        first_name: user.first_name,
        last_name: user.last_name,
        email: user.email,
        active: user.active,
        roles: user.roles,
    })
}

fn from_row(row: &AnyRow) -> Result<User> {
    let text: String = row.try_get(1).map_err(fault)?;
    let profile: Profile = serde_json::from_str(&text).map_err(|_| corrupt("a stored user is malformed"))?;
    let instant = |millis: i64| {
        Timestamp::from_millis(millis).ok_or_else(|| corrupt("a user's instant is out of range"))
    };
    Ok(User {
        username: row.try_get(0).map_err(fault)?,
        first_name: profile.first_name,
        last_name: profile.last_name,
        email: profile.email,
        active: profile.active,
        roles: profile.roles,
        created_on: instant(row.try_get(2).map_err(fault)?)?,
        password_on: row.try_get::<Option<i64>, _>(3).map_err(fault)?.map(instant).transpose()?,
    })
}
