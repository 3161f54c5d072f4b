//! `gatepass audit`

use clap::{Args, ValueEnum};
use gatepass::{Outcome, Timestamp};

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Actions that begin so: token.create, or token. for all that was done to tokens.
    #[arg(long)]
    pub(crate) action: Option<String>,
    /// Of this actor: owner:root, user:alice, token:nightly-sync.
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// About what has this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// Of this outcome.
    #[arg(long, value_enum)]
    pub(crate) outcome: Option<OutcomeArg>,
    /// Not before this instant.
    #[arg(long, value_name = "INSTANT")]
    pub(crate) since: Option<Timestamp>,
    /// Before this instant.
    #[arg(long, value_name = "INSTANT", conflicts_with = "follow")]
    pub(crate) until: Option<Timestamp>,
    /// Only the last so many; all when not said, and the last 10 with --follow.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    /// Go on with what happens from now on, until interrupted.
    #[arg(long)]
    pub(crate) follow: bool,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutcomeArg {
    /// It was done.
    Done,
    /// It was not permitted, or not possible.
    Refused,
}

impl From<OutcomeArg> for Outcome {
    fn from(outcome: OutcomeArg) -> Self {
        match outcome {
            OutcomeArg::Done => Self::Done,
            OutcomeArg::Refused => Self::Refused,
        }
    }
}
