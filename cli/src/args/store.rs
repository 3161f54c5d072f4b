//! `gatepass store …`

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copy the whole store to another place, which goes on where this one is: from SQLite to PostgreSQL, or back.
    ///
    /// Stop whatever writes to the old one first, and use only the new one afterwards.
    Copy {
        /// The other place, which must be empty: a file, or `postgres://user@host/database`.
        #[arg(long, value_name = "PATH|URL")]
        to: String,
    },
    /// Read the whole store and say what is wrong with it. The exit status is 1 when something is.
    Check,
    /// Say which store it is and how much is in it.
    Info,
}
