//! `gatepass replica …`

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ReplicaCommand {
    /// List the replicas that follow a server of this store, or did until lately, and how far each has come.
    List,
}
