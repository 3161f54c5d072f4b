//! What `gatepass rest …` and `gatepass scim …` have in common.

use std::time::Duration;

use clap::Args;

use super::values::span;

/// How a data API is reached.
#[derive(Debug, Args)]
pub(crate) struct Timeouts {
    /// How long one answer may take: 30s when not said.
    #[arg(long, global = true, value_name = "SPAN", value_parser = span)]
    pub(crate) timeout: Option<Duration>,
}
