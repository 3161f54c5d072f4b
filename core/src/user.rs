//! Users: people who sign in to manage tokens, and what may be said of them.

use serde::{Deserialize, Serialize};

use crate::issuer::MAX_ROLES;
use crate::name::MAX_NAME_LENGTH;
use crate::password::Password;
use crate::{Error, Result, Timestamp};

/// A user, serialised as the vendor's `UserDetails` with what Gatepass adds beside it; never with the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// The name to sign in with.
    pub username: String,
    /// The first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the user may sign in.
    pub active: bool,
    /// The roles that say what the user may do.
    #[serde(default)]
    pub roles: Vec<String>,
    /// When the user was added.
    pub created_on: Timestamp,
    /// When the password was last set; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_on: Option<Timestamp>,
}

/// A user to be added.
#[derive(Debug, Clone)]
#[must_use]
pub struct NewUser {
    pub(crate) username: String,
    pub(crate) password: Option<Password>,
    pub(crate) profile: UserChange,
}

impl NewUser {
    /// An active user without roles and without a password, who can therefore not sign in yet.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into(), password: None, profile: UserChange::default() }
    }

    /// With this password.
    pub fn password(mut self, password: Password) -> Self {
        self.password = Some(password);
        self
    }

    /// Adds a role.
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.profile.roles.get_or_insert_default().push(name.into());
        self
    }

    /// With this first and last name and address, and active or not, as in a change.
    pub fn profile(mut self, profile: UserChange) -> Self {
        let roles = self.profile.roles.take();
        self.profile = UserChange { roles: profile.roles.clone().or(roles), ..profile };
        self
    }
}

/// What is to change of a user; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct UserChange {
    /// The first name, or none any more.
    pub first_name: Option<Option<String>>,
    /// The last name, or none any more.
    pub last_name: Option<Option<String>>,
    /// The e-mail address, or none any more.
    pub email: Option<Option<String>>,
    /// Whether the user may sign in.
    pub active: Option<bool>,
    /// All roles.
    pub roles: Option<Vec<String>>,
}

impl UserChange {
    /// Whether the user may sign in.
    pub const fn active(mut self, active: bool) -> Self {
        self.active = Some(active);
        self
    }

    /// These roles in the place of all.
    pub fn roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// The user with the change made; roles by their canonical names, each once.
    ///
    /// # Errors
    /// Invalid input that names the field.
    #[cfg(feature = "store")]
    pub(crate) fn made_to(&self, user: &User, book: &crate::RoleBook) -> Result<User> {
        let mut user = self.laid_over(user);
        if let Some(roles) = &self.roles {
            user.roles.clear();
            for name in roles {
                let unknown = || Error::invalid("roles", "unknown_role", "no role of this name exists");
                let name = book.get(name).map(|role| role.name.clone()).ok_or_else(unknown)?;
                if !user.roles.contains(&name) {
                    user.roles.push(name);
                }
            }
        }
        check(&user)?;
        Ok(user)
    }

    /// The user with the change made, unchecked.
    pub(crate) fn laid_over(&self, user: &User) -> User {
        let mut user = user.clone();
        for (to, change) in [
            (&mut user.first_name, &self.first_name),
            (&mut user.last_name, &self.last_name),
            (&mut user.email, &self.email),
        ] {
            if let Some(text) = change {
                to.clone_from(text);
            }
        }
        user.active = self.active.unwrap_or(user.active);
        if let Some(roles) = &self.roles {
            user.roles.clone_from(roles);
        }
        user
    }
}

/// The vendor's limits on `UserDetails`.
pub(crate) fn check(user: &User) -> Result<()> {
    check_username(&user.username)?;
    let too_long = |text: &Option<String>, most: usize| {
        text.as_ref().is_some_and(|text| text.chars().count() > most || text.contains('\0'))
    };
    let fault = if too_long(&user.first_name, MAX_NAME_LENGTH) {
        ("firstName", "a first name has at most 1000 characters")
    } else if too_long(&user.last_name, MAX_NAME_LENGTH) {
        ("lastName", "a last name has at most 1000 characters")
    } else if too_long(&user.email, 10_000) || user.email.as_ref().is_some_and(|text| !text.contains('@')) {
        ("email", "an e-mail address has an @ and at most 10 000 characters")
    } else if user.roles.len() > MAX_ROLES {
        ("roles", "a user holds at most 100 roles")
    } else {
        return Ok(());
    };
    Err(Error::invalid(fault.0, "user_malformed", fault.1))
}

/// A user's name is 1 to 1000 of `A-Z a-z 0-9 _ -` (the vendor's `RequiredUserName`).
///
/// # Errors
/// `username_malformed`.
pub fn check_username(name: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=MAX_NAME_LENGTH).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    let text = "a user's name is 1 to 1000 of A-Z a-z 0-9 _ -";
    Err(Error::invalid("username", "username_malformed", text))
}
