//! The audit trail: what its entries say, and which are wanted.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not permitted, or not possible.
    Refused,
}

impl Outcome {
    /// Its name: `done` or `refused`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// An entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its place among all entries, from 1 on.
    pub number: i64,
    /// When it happened.
    pub happened: Timestamp,
    /// What was done: `token.create`, `role.update`, ….
    pub action: String,
    /// Who did it: `user:alice`, `token:nightly-sync`, `owner:root`.
    pub actor: String,
    /// What it was done to, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// Which entries are wanted: all that fit, in the order in which they happened or in the reverse of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct AuditFilter {
    /// After the entry of this number.
    pub after: i64,
    /// Before the entry of this number.
    pub before: Option<i64>,
    /// The newest first, so that with [`before`](Self::before) one reads backwards.
    pub newest_first: bool,
    /// Actions that begin so: `token.` for all that was done to tokens.
    pub action: Option<String>,
    /// Of this actor, as [`AuditEntry::actor`] names it.
    pub actor: Option<String>,
    /// Of what has this name.
    pub subject: Option<String>,
    /// Of this outcome.
    pub outcome: Option<Outcome>,
    /// Not before this instant.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// So many at the most; 100 when not said.
    pub limit: Option<u32>,
}
