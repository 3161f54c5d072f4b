//! The project's commands: `cargo xtask` lists them, CI runs the same ones that a person runs.
//!
//! A command is a list of steps, and a step a few lines that run other programs, so that the next language
//! or the next check is one more function in one of these files.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what a command says is its result")]

mod bench;
mod check;
mod console;
mod kotlin;
mod metadata;
mod node;
mod package;
mod postgres;
mod python;
mod quickstart;
mod run;
mod services;
mod soak;
mod table;
mod test;
mod tools;
mod vectors;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use xshell::Shell;

use crate::table::Align;

/// One command: how it is called, what it is for, and the function behind it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    run: fn(&Shell, &[&str]) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        arguments: "[-- FILTER…]",
        summary: "run every test; what follows `--` goes to the test runner",
        run: test::run,
    },
    Command {
        name: "check",
        arguments: "",
        summary: "format, lints, docs, each feature alone, dependencies, vectors, paths, the types of Python and Node.js, the console",
        run: check::run,
    },
    Command {
        name: "bench",
        arguments: "[NAME]",
        summary: "measure against the peers; fails when a result misses its bar",
        run: bench::run,
    },
    Command {
        name: "package",
        arguments: "[NAME]",
        summary: "build what users install, and try each in an empty environment",
        run: package::run,
    },
    Command {
        name: "soak",
        arguments: "[--minutes N]",
        summary: "kill a store's writer 200 times, simulate 10 000 worlds, fuzz each target for N minutes (5 when not said)",
        run: soak::run,
    },
    Command {
        name: "quickstart",
        arguments: "",
        summary: "run the README's first example as a newcomer would",
        run: quickstart::run,
    },
    Command {
        name: "console",
        arguments: "[test|check|screenshots]",
        summary: "build the authority's console, test it in Chromium, look for drift, or take the README's pictures of it",
        run: console::run,
    },
    Command {
        name: "kotlin",
        arguments: "[MAVEN ARGUMENT…]",
        summary: "build the native library and run Maven on the Kotlin SDK (`test` when not said)",
        run: kotlin::run,
    },
    Command {
        name: "vectors",
        arguments: "",
        summary: "write tests/vectors again from their generator",
        run: vectors::run,
    },
];

/// The command line is not one that is listed: not a failure of the work, so it exits with 2 and not 1.
#[derive(Debug)]
struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n{}", self.0, help())
    }
}

impl std::error::Error for Usage {}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result<()> {
    let Some((&name, rest)) = arguments.split_first().filter(|(name, _)| !is_help(name)) else {
        println!("{}", help());
        return Ok(());
    };
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .ok_or_else(|| Usage(format!("there is no command `{name}`")))?;
    let shell = Shell::new()?;
    shell.change_dir(root());
    (command.run)(&shell, rest)
}

fn is_help(argument: &str) -> bool {
    matches!(argument, "help" | "-h" | "--help")
}

/// The error of a command that was given `arguments` it does not take.
fn unexpected(arguments: &[&str]) -> anyhow::Error {
    Usage(format!("unexpected: {}", arguments.join(" "))).into()
}

/// For the commands that take no arguments.
fn no_arguments(arguments: &[&str]) -> Result<()> {
    if arguments.is_empty() { Ok(()) } else { Err(unexpected(arguments)) }
}

/// The workspace's folder: every command runs there, wherever it was called from.
fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

fn help() -> String {
    let rows: Vec<_> = COMMANDS
        .iter()
        .map(|command| [format!("  {} {}", command.name, command.arguments), command.summary.to_owned()])
        .collect();
    format!("usage: cargo xtask COMMAND\n\n{}", table::render([Align::Left, Align::Left], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_has_one_line_for_each_command() {
        let help = help();
        assert_eq!(help.lines().count(), COMMANDS.len() + 2);
        assert!(help.lines().any(|line| line.starts_with("  soak [--minutes N]")));
    }

    #[test]
    fn what_is_not_listed_is_a_usage_error() {
        assert!(dispatch(&["deploy"]).is_err_and(|error| error.is::<Usage>()));
        assert!(dispatch(&["check", "everything"]).is_err_and(|error| error.is::<Usage>()));
        assert!(dispatch(&["soak", "--minutes", "none"]).is_err_and(|error| error.is::<Usage>()));
        assert!(dispatch(&[]).is_ok());
        assert!(dispatch(&["help"]).is_ok());
    }
}
