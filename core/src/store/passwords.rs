//! What is kept of a password: argon2id, which makes each guess dear.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use crate::{Error, ErrorKind, MAX_PASSWORD_LENGTH, Password, Result};

/// The string to store: argon2id with its parameters and salt. Takes some 20 ms and 19 MiB (OWASP's recommendation),
/// so it is not for a task that others wait for.
pub(crate) fn hash(password: &Password) -> Result<String> {
    Argon2::default().hash_password(password.reveal().as_bytes()).map(|hash| hash.to_string()).map_err(
        |error| {
            Error::new(ErrorKind::Internal, "password_hash", "the password cannot be hashed")
                .with_cause(error)
        },
    )
}

/// Whether this is the password that was stored. Where none was, it takes as long to say no.
pub(crate) fn fits(password: &Password, stored: Option<&str>) -> bool {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hash(&Password::new("nobody's")).unwrap_or_default());
    let hash = stored.unwrap_or(&NOBODY);
    let text = password.reveal();
    let fits = text.chars().count() <= MAX_PASSWORD_LENGTH
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(text.as_bytes(), &hash).is_ok());
    fits && stored.is_some()
}
