//! What a token, a role or a user may be called, and what a name gives away.

use crate::{Error, Result};

/// The greatest length of a name, in characters (the vendor's limit).
pub const MAX_NAME_LENGTH: usize = 1000;

/// A name is 1 to 1000 characters, none of them a control character, and neither `.` nor `..`, which URL
/// parsers drop from a path. It is compared bytewise.
pub fn check_name(field: &'static str, name: &str) -> Result<()> {
    let fault = if name.is_empty() {
        ("name_empty", "a name has at least one character")
    } else if name.chars().count() > MAX_NAME_LENGTH {
        ("name_too_long", "a name has at most 1000 characters")
    } else if name.chars().any(char::is_control) {
        ("name_control_character", "a name has no control characters")
    } else if matches!(name, "." | "..") {
        ("name_reserved", "`.` and `..` are path segments that URL parsers drop")
    } else {
        return Ok(());
    };
    Err(Error::invalid(field, fault.0, fault.1))
}

/// Whether a member or an attribute of this name is likely to be secret: `userPassword`, `apiKey`. What it has is kept out of
/// errors.
pub fn names_secret(name: &str) -> bool {
    const TELLING: [&str; 6] = ["pass", "secret", "token", "credential", "key", "pwd"];
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|part| name.contains(part))
}
