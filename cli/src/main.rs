//! The command line of Gatepass: `gatepass` issues, checks, rotates and revokes tokens in a store of one file or on
//! PostgreSQL, or through a server; and it is that server.
//!
//! Each command works on a [`gatepass::Gatepass`], which one place opens or connects ([`context`]). Standard output has results
//! and nothing else, so that programs can read them; what people are told goes to standard error.
#![forbid(unsafe_code)]

mod args;
mod argv;
mod audit;
mod backup;
mod check;
mod context;
mod data;
mod fault;
mod input;
mod issue;
mod login;
mod manual;
mod output;
mod progress;
mod remote;
mod replica;
mod rest;
mod role;
mod scanner;
mod scim;
mod secret_file;
mod serve;
mod shown;
mod store;
mod table;
mod token;
mod user;
mod validator;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::{Cli, Command};
use crate::context::Context;
use crate::fault::{Outcome, Stop};
use crate::output::Format;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let format = Format::asked_in(&arguments);
    match run(&arguments) {
        Ok(outcome) => outcome.exit_code(),
        Err(stop) => stop.report(format),
    }
}

fn run(arguments: &[OsString]) -> Result<Outcome, Stop> {
    argv::refuse_secrets(arguments)?;
    let matches = Cli::command().try_get_matches_from(arguments)?;
    let Cli { global, command } = Cli::from_arg_matches(&matches)?;
    let serves = matches!(command, Command::Serve(_));
    if global.verbose > 0 && !serves {
        context::trace(global.verbose);
    }
    let context = Context::new(global, &matches);
    // One thread is enough for one command, and starts faster than several.
    let mut runtime = if serves {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| fault::internal("the program cannot start").with_cause(error))?;
    runtime.block_on(dispatch(&context, command))
}

async fn dispatch(context: &Context, command: Command) -> Result<Outcome, Stop> {
    match command {
        Command::Token(command) => token::run(context, command).await,
        Command::Role(command) => role::run(context, command).await,
        Command::User(command) => user::run(context, command).await,
        Command::Validator(command) => validator::run(context, command).await,
        Command::Replica(command) => replica::run(context, command).await,
        Command::Audit(asked) => audit::run(context, asked).await,
        Command::Rest(asked) => rest::run(context, asked).await,
        Command::Scim(asked) => scim::run(context, asked).await,
        Command::Serve(asked) => serve::run(context, asked).await,
        Command::Login { user } => login::login(context, user).await,
        Command::Logout => login::logout(context).await,
        Command::Myself => login::myself(context).await,
        Command::Backup { file } => backup::backup(context, &file).await,
        Command::Restore { file, yes } => backup::restore(context, &file, yes).await,
        Command::Store(command) => store::run(context, command).await,
        Command::ScannerRule { scanner } => scanner::run(context, scanner),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { dir } => manual::man(dir.as_deref()),
    }
}
