//! `cargo xtask quickstart`: each language's first example, run as a newcomer runs it.

use anyhow::{Result, ensure};
use xshell::{Cmd, Shell, cmd};

use crate::run::{self, Step, locked};

const STEPS: &[Step] = &[Step { name: "rust", run: rust }];

/// What an example prints last, in every language: that it got to its end.
const LAST_LINE: &str = "quickstart ok";

pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    crate::no_arguments(arguments)?;
    run::steps(shell, STEPS)
}

fn rust(shell: &Shell) -> Result<()> {
    let locked = locked();
    example(&cmd!(shell, "cargo run {locked...} -p gatepass-authority --example quickstart"))
}

/// An exit code of 0 is not enough: a program that stops early may well have it.
fn example(cmd: &Cmd<'_>) -> Result<()> {
    let printed = run::read(cmd)?;
    println!("{printed}");
    ensure!(printed.lines().last() == Some(LAST_LINE), "the last line is not `{LAST_LINE}`");
    Ok(())
}
