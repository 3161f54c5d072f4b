//! How a remote verifier asks, and what it keeps.

use std::time::Duration;

use crate::Api;

/// How a [`RemoteVerifier`](crate::RemoteVerifier) asks its server, and for how long an answer serves.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct RemoteOptions {
    /// For how long an answer serves other checks, counted from before the question was sent; also the oldest that an
    /// answer may be when it grants anything. None, as when not said: each check is answered by a question that was
    /// sent after it began.
    pub max_staleness: Option<Duration>,
    /// How many answers are kept at the most (within a few, for the memory is shared out evenly); 10 000 when not said,
    /// 0 for none.
    pub capacity: usize,
    /// How many questions are under way at once; 64 when not said. The others wait.
    pub concurrent: usize,
    /// How long one check may take, waiting included; 5 s when not said.
    pub deadline: Duration,
    pub(crate) introspection: Option<(String, Vec<(Api, String)>)>,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            max_staleness: None,
            capacity: 10_000,
            concurrent: 64,
            deadline: Duration::from_secs(5),
            introspection: None,
        }
    }
}

impl RemoteOptions {
    /// Lets an answer serve for so long. A revoked token is refused after this time at the latest, and a new one may
    /// be refused for this time where it was asked about before it was there.
    pub const fn max_staleness(mut self, limit: Duration) -> Self {
        self.max_staleness = Some(limit);
        self
    }

    /// Keeps so many answers at the most.
    pub const fn capacity(mut self, answers: usize) -> Self {
        self.capacity = answers;
        self
    }

    /// Has so many questions under way at once, one at least.
    pub const fn concurrent(mut self, questions: usize) -> Self {
        self.concurrent = questions;
        self
    }

    /// Gives up on a check after so long.
    pub const fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Asks another product's server by introspection (RFC 7662), at this path of its host, with the client's
    /// credential as a bearer token. A token opens the first API whose audience its `aud` names, and none else:
    /// `[(Api::Rest, "https://orders.example")]`.
    pub fn introspection<S: Into<String>>(
        mut self,
        path: impl Into<String>,
        audiences: impl IntoIterator<Item = (Api, S)>,
    ) -> Self {
        let audiences = audiences.into_iter().map(|(api, name)| (api, name.into())).collect();
        self.introspection = Some((path.into(), audiences));
        self
    }
}
