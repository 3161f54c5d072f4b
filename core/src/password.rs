//! Passwords of people, and what they must be.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Error, Result};

/// The fewest characters of a new password: NIST SP 800-63B-4, section 3.1.1.2, for one that stands alone.
pub const MIN_PASSWORD_LENGTH: usize = 15;
/// The most characters of a password (the vendor's limit).
pub const MAX_PASSWORD_LENGTH: usize = 1000;

/// A person's password. It is printed by nothing, and wiped when it is dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password as it was typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Refuses what a new password must not be; the error names the field.
    ///
    /// # Errors
    /// `password_too_short` under 15 characters, `password_too_long` over 1000, `password_is_name` where it is the
    /// user's name.
    pub fn check(&self, username: &str) -> Result<()> {
        let length = self.0.chars().count();
        let fault = if length < MIN_PASSWORD_LENGTH {
            ("password_too_short", "a password has at least 15 characters; a few words do well")
        } else if length > MAX_PASSWORD_LENGTH {
            ("password_too_long", "a password has at most 1000 characters")
        } else if self.0.eq_ignore_ascii_case(username) {
            ("password_is_name", "a password is not the user's name")
        } else {
            return Ok(());
        };
        Err(Error::invalid("password", fault.0, fault.1))
    }

    /// The password itself. Whoever calls this answers for where it goes.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
