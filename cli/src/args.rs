//! What may be asked for on the command line. Files beside this one hold a family of commands each.

mod audit;
mod data;
mod replica;
mod rest;
mod role;
mod scim;
mod serve;
mod store;
mod token;
mod user;
mod validator;
mod values;

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use gatepass::Brand;

pub(crate) use self::audit::AuditArgs;
pub(crate) use self::data::Timeouts;
pub(crate) use self::replica::ReplicaCommand;
pub(crate) use self::rest::{Modify, Rest, RestCommand, Search};
pub(crate) use self::role::{RoleChange, RoleCommand};
pub(crate) use self::scim::{Attributes, ListResources, Patch, Scim, ScimCommand, Version};
pub(crate) use self::serve::{LogFormat, Serve};
pub(crate) use self::store::StoreCommand;
pub(crate) use self::token::{Check, Create, List, Rotate, TokenCommand};
pub(crate) use self::user::{CreateUser, UserCommand};
pub(crate) use self::validator::{ValidatorChange, ValidatorCommand};
use crate::output::Format;

/// Issue, check, rotate and revoke API access tokens: in one file, in a PostgreSQL database, or through a server.
///
/// Results go to standard output and all else to standard error. The exit status is 0 when a command succeeded, 1
/// when a check was denied or faults were found, and 2 on an error. No secret is ever an argument: secrets come from
/// standard input, a file, the environment, or a prompt.
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
    /// A server in the place of a store: `https://HOST:8443`, a Gatepass authority or a RadiantOne. One's own token is in
    /// `GATEPASS_TOKEN`, unless --token-file or --login is said; else it is asked for.
    #[arg(long, global = true, env = "GATEPASS_SERVER", hide_env_values = true, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The file with one's own token for the server; read again when it changes.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,
    /// Sign in at the server as this user, for this one command. The password is in `GATEPASS_PASSWORD`, or asked for.
    #[arg(long, global = true, value_name = "USER")]
    pub(crate) login: Option<String>,
    /// Trust a server's certificate that comes from these (PEM), besides those that the machine trusts.
    #[arg(long, global = true, env = "GATEPASS_CA_FILE", value_name = "PATH")]
    pub(crate) ca_file: Option<PathBuf>,
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
    /// External token validators: whose tokens (JWTs of OpenID providers) open an API beside access tokens.
    #[command(subcommand)]
    Validator(ValidatorCommand),
    /// Programs that check tokens by themselves and follow a server.
    #[command(subcommand)]
    Replica(ReplicaCommand),
    /// Who did what, the oldest first.
    Audit(AuditArgs),
    /// Entries of a directory, through RadiantOne's REST API (ADAP), opened by a rest token.
    Rest(Rest),
    /// Resources, through SCIM 2.0, opened by a scim token.
    Scim(Scim),
    /// Run the server over a store: RadiantOne's authentication service, and Gatepass's own operations.
    ///
    /// The URL that it listens on is the first line of standard output; the log goes to standard error. SIGTERM and SIGINT
    /// let requests under way finish; SIGHUP reads the certificate again. `GATEPASS_LOG` says how much is logged (info
    /// when not said). The first start makes the user admin, whose password is `GATEPASS_ADMIN_PASSWORD`, else made, and
    /// shown on the terminal or written to a file beside the store. Sessions are signed with `GATEPASS_SESSION_KEY` (32
    /// random bytes in base64), else with a key file.
    Serve(Serve),
    /// Sign in at a server. The session's token goes to standard output, or with --token-file to that file.
    ///
    /// `GATEPASS_TOKEN=$(gatepass login --server URL --user NAME)`. It is good for an hour. The password is in
    /// `GATEPASS_PASSWORD`, or asked for.
    Login {
        /// The user's name; asked for when not said.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// End the session whose token is used.
    Logout,
    /// Who one is for the server: name, roles, scopes, and until when.
    #[command(name = "self")]
    Myself,
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
