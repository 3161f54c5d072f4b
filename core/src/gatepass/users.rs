//! Users, to be read and changed.

use super::Gatepass;
use crate::password::Password;
use crate::store::users::{self, ChangeUser, CreateUser, DeleteUser, SetPassword};
use crate::{Error, ErrorKind, NewUser, Result, User, UserChange, check_username};

/// The users: see [`Gatepass::users`].
#[derive(Debug, Clone, Copy)]
pub struct Users<'a>(&'a Gatepass);

impl<'a> Users<'a> {
    pub(super) const fn new(gatepass: &'a Gatepass) -> Self {
        Self(gatepass)
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn list(&self) -> Result<Vec<User>> {
        self.0.inner.store.read(async |conn| users::read_all(conn).await).await
    }

    /// The user of this name.
    ///
    /// # Errors
    /// `user_not_found`.
    pub async fn get(&self, username: &str) -> Result<User> {
        let found = self.0.inner.store.read(async |conn| users::find(conn, username).await).await?;
        found.ok_or_else(users::not_found)
    }

    /// Adds a user.
    ///
    /// # Errors
    /// Invalid input, naming the field; conflict, `name_taken`; forbidden by the delegation rule.
    pub async fn create(&self, user: NewUser) -> Result<User> {
        let password = match &user.password {
            Some(password) => Some(hashed(password, &user.username).await?),
            None => None,
        };
        let acting = self.0.acting.clone();
        let NewUser { username, profile, .. } = user;
        self.0.inner.store.make(CreateUser { acting, username, profile, password }).await
    }

    /// Changes what is said of a user. Who is made inactive is signed out.
    ///
    /// # Errors
    /// `user_not_found`; conflict, `last_administrator`, where nobody would be left who may do everything; otherwise
    /// as [`create`](Self::create).
    pub async fn update(&self, username: &str, change: UserChange) -> Result<User> {
        self.update_with(username, change, None).await
    }

    /// The same with a new password, where one is given, in one commit: both or neither.
    ///
    /// # Errors
    /// Those of [`update`](Self::update) and [`set_password`](Self::set_password).
    pub async fn update_with(
        &self,
        username: &str,
        change: UserChange,
        password: Option<&Password>,
    ) -> Result<User> {
        let password = match password {
            Some(password) => Some(hashed(password, username).await?),
            None => None,
        };
        let (acting, username) = (self.0.acting.clone(), username.to_owned());
        self.0.inner.store.make(ChangeUser { acting, username, change, password }).await
    }

    /// Sets a user's password, and signs the user out everywhere.
    ///
    /// # Errors
    /// Those of [`Password::check`]; `user_not_found`; forbidden by the delegation rule.
    pub async fn set_password(&self, username: &str, password: &Password) -> Result<()> {
        let password = hashed(password, username).await?;
        let (acting, username) = (self.0.acting.clone(), username.to_owned());
        self.0.inner.store.make(SetPassword { acting, username, password }).await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// `user_not_found`; conflict, `last_administrator`.
    pub async fn delete(&self, username: &str) -> Result<()> {
        let (acting, username) = (self.0.acting.clone(), username.to_owned());
        self.0.inner.store.make(DeleteUser { acting, username }).await
    }

    /// The active user of this name, if this is the password. A name that nobody has takes as long.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn sign_in(&self, username: &str, password: &Password) -> Result<Option<User>> {
        let read = async |conn: &mut _| {
            Ok((users::find(conn, username).await?, users::password(conn, username).await?))
        };
        let (user, stored) = self.0.inner.store.read(read).await?;
        let password = password.clone();
        let fits = blocking(move || password.fits(stored.as_deref())).await?;
        Ok(user.filter(|user| fits && user.active))
    }
}

async fn hashed(password: &Password, username: &str) -> Result<String> {
    check_username(username)?;
    password.check(username)?;
    let password = password.clone();
    blocking(move || password.hash()).await?
}

/// Hashing passwords is slow on purpose, so it is kept away from what others wait for.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Error::new(ErrorKind::Internal, "task_failed", "a task ended before it was done").with_cause(error)
    })
}
