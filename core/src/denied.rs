//! A denial: the precise reason for the inside, and the way to the answer for the outside.

use std::sync::Arc;

use crate::answer::Answer;
use crate::reason::Reason;
use crate::{Error, TokenId};

/// A denial: the reason, and the token's id where one was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("access denied: {reason}")]
#[non_exhaustive]
pub struct Denied {
    /// Why, precisely.
    pub reason: Reason,
    /// The token that was tried, where there is one of that id: for logs, the audit trail, an alarm.
    pub id: Option<TokenId>,
    /// The scopes that were needed, separated by spaces; with `insufficient_scope` only.
    pub scope: Option<Arc<str>>,
}

impl Denied {
    pub(crate) const fn new(reason: Reason) -> Self {
        Self { reason, id: None, scope: None }
    }

    /// What to answer to the outside, for a resource of this realm: see [`Answer`].
    pub fn answer(&self, realm: &str) -> Answer {
        Answer::new(self.reason, realm, self.scope.as_deref())
    }
}

/// A denial as an error, of the reason's [kind](Reason::kind). The reason is its code.
impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Self::new(denied.reason.kind(), denied.reason.code(), denied.to_string()).with_cause(denied)
    }
}
