//! What may be asked for on the command line. Files beside this one hold a family of commands each.

mod audit;
mod role;
mod store;
mod token;
mod user;
mod values;

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use gatepass::Brand;

pub(crate) use self::audit::AuditArgs;
pub(crate) use self::role::{RoleChange, RoleCommand};
pub(crate) use self::store::StoreCommand;
pub(crate) use self::token::{Check, Create, List, Rotate, TokenCommand};
pub(crate) use self::user::{CreateUser, UserCommand};
use crate::output::Format;

/// Issue, check, rotate and revoke API access tokens, in one file or on a PostgreSQL server.
///
/// Results go to standard output and all else to standard error. The exit status is 0 when a command succeeded, 1
/// when a check was denied or faults were found, and 2 on an error. No secret is ever an argument: secrets come from
/// standard input, or from a prompt.
#[derive(Debug, Parser)]
#[command(name = "gatepass", version, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The store: the path of a file, or `postgres://user@host/database` (its password belongs in PGPASSFILE, or the
    /// whole URL in the environment).
    // The variable may hold a password, so help does not show its value.
    #[arg(long, global = true, env = "GATEPASS_STORE", hide_env_values = true, value_name = "PATH|URL")]
    pub(crate) store: Option<String>,
    /// Tables for people, or JSON for programs.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub(crate) output: Format,
    /// The longest life of a token, in days (366 when not said).
    #[arg(long, global = true, env = "GATEPASS_MAX_DAYS", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_days: Option<u32>,
    /// Permit tokens that never expire.
    #[arg(long, global = true, env = "GATEPASS_ALLOW_NEVER", value_parser = BoolishValueParser::new())]
    pub(crate) allow_never: bool,
    /// What new secrets begin with: 2 to 16 letters of a-z (gp when not said).
    #[arg(long, global = true, env = "GATEPASS_BRAND", value_name = "WORD", value_parser = |text: &str| Brand::new(text))]
    pub(crate) brand: Option<Brand>,
    /// Say on standard error what the program does; twice for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make, look at, check, rotate and end tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Delegated-admin roles: what config tokens and users may do.
    #[command(subcommand)]
    Role(RoleCommand),
    /// People who sign in to manage tokens.
    #[command(subcommand)]
    User(UserCommand),
    /// Who did what, the oldest first.
    Audit(AuditArgs),
    /// Write the whole store, as of now, into a new file.
    Backup {
        /// The file, which must not exist.
        file: PathBuf,
    },
    /// Put a backup in the place of a store that is lost.
    ///
    /// What was done after the backup is lost, revocations and rotations too: a token that was revoked since is good
    /// again. Verifiers that followed the old store start over.
    Restore {
        /// The backup.
        file: PathBuf,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// The store as a whole.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Write the rule by which a secret scanner finds this brand's secrets.
    ScannerRule {
        /// The scanner.
        #[arg(long = "for", value_enum)]
        scanner: Scanner,
    },
    /// Write the completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual page, or all of them into a folder.
    Man {
        /// The folder, which is made if there is none.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

/// A program that looks for secrets where none should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scanner {
    /// A configuration for gitleaks, in TOML.
    Gitleaks,
    /// A `.secretlintrc.json`, for secretlint's rule-pattern.
    Secretlint,
    /// The regular expression alone.
    Regex,
}
