//! `cargo xtask quickstart`: each language's first example, run as a newcomer runs it.

use std::env::consts::EXE_EXTENSION;

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

use crate::run::{self, Step, locked};
use crate::{kotlin, node, python};

const STEPS: &[Step] = &[
    Step { name: "build", run: build },
    Step { name: "rust", run: rust },
    Step { name: "python", run: python },
    Step { name: "node", run: node },
    Step { name: "kotlin", run: kotlin },
];

/// What an example prints last, in every language: that it got to its end.
const LAST_LINE: &str = "quickstart ok";

pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    crate::no_arguments(arguments)?;
    run::steps(shell, STEPS)
}

/// All that the examples need, at once: each alone would have other features, and be compiled again.
fn build(shell: &Shell) -> Result<()> {
    let locked = locked();
    run::run(cmd!(
        shell,
        "cargo build {locked...} -p gatepass-authority --example quickstart -p gatepass-cli --bins
         -p gatepass-python -p gatepass-node -p gatepass-kotlin --lib --features gatepass-kotlin/bindgen"
    ))
}

fn rust(shell: &Shell) -> Result<()> {
    let program = run::target().join("debug/examples/quickstart").with_extension(EXE_EXTENSION);
    example(&run::read(cmd!(shell, "{program}"))?)
}

fn python(shell: &Shell) -> Result<()> {
    example(&python::quickstart(shell)?)
}

fn node(shell: &Shell) -> Result<()> {
    example(&node::quickstart(shell)?)
}

fn kotlin(shell: &Shell) -> Result<()> {
    example(&kotlin::quickstart(shell)?)
}

/// An exit code of 0 is not enough: a program that stops early may well have it.
fn example(printed: &str) -> Result<()> {
    println!("{printed}");
    ensure!(printed.lines().last() == Some(LAST_LINE), "the last line is not `{LAST_LINE}`");
    Ok(())
}
