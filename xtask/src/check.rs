//! `cargo xtask check`: what must hold of the code besides its tests.

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::run::{self, Step, locked};
use crate::{console, metadata, node, python, tools, vectors};

const STEPS: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "lints", run: lints },
    Step { name: "docs", run: docs },
    Step { name: "features", run: features },
    Step { name: "bare core", run: bare_core },
    Step { name: "dependencies", run: dependencies },
    Step { name: "vectors", run: vectors::check },
    Step { name: "paths", run: paths },
    Step { name: "node", run: node::check },
    Step { name: "console", run: console::check },
    Step { name: "python", run: python::check },
];

/// What a program that only checks tokens must never have to build: a runtime, HTTP, a database.
const NOT_IN_BARE_CORE: &[&str] = &["tokio", "hyper", "reqwest", "sqlx"];

pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    crate::no_arguments(arguments)?;
    run::steps(shell, STEPS)?;
    run::say("check ok");
    Ok(())
}

fn format(shell: &Shell) -> Result<()> {
    run::run(cmd!(shell, "cargo fmt --all --check"))
}

fn lints(shell: &Shell) -> Result<()> {
    let locked = locked();
    run::run(cmd!(shell, "cargo clippy {locked...} --workspace --all-targets --all-features -- -D warnings"))
}

/// The pages that a user reads; the benchmarks and these commands have none.
fn docs(shell: &Shell) -> Result<()> {
    let locked = locked();
    let doc = cmd!(
        shell,
        "cargo doc {locked...} --workspace --exclude gatepass-bench --exclude xtask --no-deps --all-features"
    );
    run::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// The core builds bare, and with each feature alone: no feature leans on another without saying so.
fn features(shell: &Shell) -> Result<()> {
    let locked = locked();
    let bare = || cmd!(shell, "cargo check {locked...} --quiet -p gatepass --no-default-features");
    run::run(bare())?;
    let features = metadata::features(shell, "gatepass")?;
    features.iter().try_for_each(|feature| run::run(bare().args(["--features", feature])))
}

fn bare_core(shell: &Shell) -> Result<()> {
    let locked = locked();
    let tree = cmd!(
        shell,
        "cargo tree {locked...} -p gatepass --no-default-features -e normal --target all --prefix none"
    );
    match forbidden_in(&run::read(tree)?).as_slice() {
        [] => Ok(()),
        found => bail!("gatepass without features depends on {}", found.join(", ")),
    }
}

/// The crates of a `cargo tree` that are one of `NOT_IN_BARE_CORE`, or one of its parts such as `tokio-util`.
fn forbidden_in(tree: &str) -> Vec<&str> {
    let crates = tree.lines().filter_map(|line| line.split_whitespace().next());
    let mut found: Vec<&str> = crates
        .filter(|name| NOT_IN_BARE_CORE.contains(&name.split('-').next().unwrap_or_default()))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// By the rules of deny.toml, which says why advisories are not among them.
fn dependencies(shell: &Shell) -> Result<()> {
    let cargo_deny = tools::CARGO_DENY.path(shell)?;
    run::run(cmd!(shell, "{cargo_deny} --workspace check bans licenses sources"))
}

/// No committed file names a folder of the machine it was written on.
fn paths(shell: &Shell) -> Result<()> {
    // This pattern does not match itself, so these files need no exception.
    let grep = cmd!(shell, "git grep --line-number -I --extended-regexp '/(root|home|work)/'");
    let output = run::output(grep)?;
    match output.status.code() {
        Some(1) => Ok(()),
        Some(0) => bail!("names a folder of this machine:\n{}", String::from_utf8_lossy(&output.stdout)),
        _ => bail!("git grep: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_crate_is_found_with_its_parts_and_once() {
        let tree =
            "gatepass v0.1.0 (folder)\ntokio v1.0.0\nhyper-util v0.1.0\nserde v1.0.0\ntokio v1.0.0 (*)\n";
        assert_eq!(forbidden_in(tree), ["hyper-util", "tokio"]);
        assert!(forbidden_in("gatepass v0.1.0\ntokiomancer v1.0.0\nserde v1.0.0").is_empty());
    }
}
