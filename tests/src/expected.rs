//! What a case expects of something that may fail.

use serde::{Deserialize, Serialize};

/// `{"ok": …}` or `{"error": {"kind": …, "code": …, "field": …}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected<T> {
    /// It works, and gives this.
    Ok(T),
    /// It fails, and so.
    Error(Fault),
}

/// What is API of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What the caller can do about it.
    pub kind: String,
    /// The stable code.
    pub code: String,
    /// The field of the request at fault; null where none is.
    pub field: Option<String>,
}

/// An impossible request, by this field's fault.
pub fn invalid(field: &str, code: &str) -> Fault {
    Fault { kind: "invalid_input".to_owned(), code: code.to_owned(), field: Some(field.to_owned()) }
}

/// More than the caller may give.
pub fn forbidden(field: Option<&str>, code: &str) -> Fault {
    Fault { kind: "forbidden".to_owned(), code: code.to_owned(), field: field.map(str::to_owned) }
}

/// What the present state does not permit.
pub fn conflict(field: Option<&str>, code: &str) -> Fault {
    Fault { kind: "conflict".to_owned(), code: code.to_owned(), field: field.map(str::to_owned) }
}
