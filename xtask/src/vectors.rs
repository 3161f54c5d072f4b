//! `cargo xtask vectors`: the files of tests/vectors, which every language is tested against.

use anyhow::{Context as _, Result};
use xshell::{Cmd, Shell, cmd};

use crate::run::{self, locked};

/// Writes the files again. What they expect comes from the generator's own rules, never from the core.
pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    crate::no_arguments(arguments)?;
    run::run(generator(shell))
}

/// Fails when a file is not what the generator writes; it names the file.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    run::run(generator(shell).args(["--", "--check"]))
        .context("not as committed; when the change is meant, `cargo xtask vectors` writes it")
}

fn generator(shell: &Shell) -> Cmd<'_> {
    let locked = locked();
    cmd!(shell, "cargo run {locked...} --quiet -p gatepass-tests --bin vectors")
}
