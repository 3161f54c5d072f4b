//! Users, to be read and changed.

use super::Gatepass;
use crate::{NewUser, Password, Result, User, UserChange};

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
        self.0.service().users().await
    }

    /// The user of this name.
    ///
    /// # Errors
    /// `user_not_found`.
    pub async fn get(&self, username: &str) -> Result<User> {
        self.0.service().user(username).await
    }

    /// Adds a user.
    ///
    /// # Errors
    /// Invalid input, naming the field; conflict, `name_taken`; forbidden by the delegation rule.
    pub async fn create(&self, user: NewUser) -> Result<User> {
        self.0.service().create_user(&self.0.acting, user).await
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
        self.0.service().change_user(&self.0.acting, username, &change, password).await
    }

    /// Sets a user's password, and signs the user out everywhere.
    ///
    /// # Errors
    /// Those of [`Password::check`]; `user_not_found`; forbidden by the delegation rule.
    pub async fn set_password(&self, username: &str, password: &Password) -> Result<()> {
        self.0.service().set_password(&self.0.acting, username, password).await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// `user_not_found`; conflict, `last_administrator`.
    pub async fn delete(&self, username: &str) -> Result<()> {
        self.0.service().delete_user(&self.0.acting, username).await
    }

    /// The active user of this name, if this is the password. A name that nobody has takes as long. For a store only;
    /// a server is asked by logging in.
    ///
    /// # Errors
    /// Those of reading the store; unsupported, `needs_store`, on a server.
    #[cfg(feature = "store")]
    pub async fn sign_in(&self, username: &str, password: &Password) -> Result<Option<User>> {
        self.0.local()?.sign_in(username, password).await
    }
}
