//! `gatepass user …`

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user. The password is asked for on a terminal; an empty one adds a user who cannot sign in yet,
    /// which a server does not permit.
    Create(CreateUser),
    /// List the users.
    List,
    /// Show one user.
    Show {
        /// The user's name.
        name: String,
    },
    /// Keep a user from signing in, and sign them out.
    Disable {
        /// The user's name.
        name: String,
    },
    /// Let a user sign in again.
    Enable {
        /// The user's name.
        name: String,
    },
    /// Remove a user.
    Delete {
        /// The user's name.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Set a user's password, from a prompt or standard input, and sign them out.
    Password {
        /// The user's name.
        name: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give a user these roles in the place of all.
    Roles {
        /// The user's name.
        name: String,
        /// A role. Can be repeated.
        #[arg(long = "role", value_name = "ROLE", required_unless_present = "none")]
        roles: Vec<String>,
        /// No role at all.
        #[arg(long, conflicts_with = "roles")]
        none: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateUser {
    /// The user's name: 1 to 1000 of A-Z a-z 0-9 _ -
    pub(crate) name: String,
    /// A role. Can be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    pub(crate) roles: Vec<String>,
    /// The first name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) first_name: Option<String>,
    /// The last name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) last_name: Option<String>,
    /// The e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}
