//! The authority's console: built into what is committed, checked for drift, tested and measured in a real browser.

use std::env::consts::EXE_EXTENSION;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

use crate::run::{self, locked};
use crate::{node, services};

/// Where it is.
const FOLDER: &str = "authority/console";
/// Where a browser is looked for, beside what this names.
const NAMED: &str = "CHROMIUM";
const BROWSERS: [&str; 2] = ["chromium", "chromium-browser"];
const INSTALL: &str = "apt-get install --yes --no-install-recommends chromium";

pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => build(shell),
        ["test"] => test(shell, &[]),
        ["test", "--", filter @ ..] => test(shell, filter),
        ["check"] => check(shell),
        ["screenshots"] => screenshots(shell),
        _ => Err(crate::unexpected(arguments)),
    }
}

/// Writes what the authority has in it; it is committed, so that building the authority needs no Node.js.
fn build(shell: &Shell) -> Result<()> {
    node::install(shell, FOLDER)?;
    let _folder = shell.push_dir(FOLDER);
    run::run(cmd!(shell, "npm run --silent build"))
}

/// Its types, what is committed against what would be built, and a lock file that names no registry.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    node::install(shell, FOLDER)?;
    let fresh = run::target().join("console");
    let _folder = shell.push_dir(FOLDER);
    run::run(cmd!(shell, "npm run --silent types"))?;
    run::run(cmd!(shell, "node scripts/build.mjs {fresh}"))?;
    let committed = files(shell, Path::new("dist"))?;
    ensure!(
        committed == files(shell, &fresh)?,
        "{FOLDER}/dist is not what its sources make; this line makes it: cargo xtask console"
    );
    let lock = shell.read_file("package-lock.json")?;
    ensure!(!lock.contains("\"resolved\""), "package-lock.json names where packages were fetched from");
    Ok(())
}

/// The names and contents of a folder's files.
fn files(shell: &Shell, folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let read = |file: PathBuf| {
        let content = shell.read_binary_file(&file)?;
        Ok((file.file_name().map(PathBuf::from).unwrap_or_default(), content))
    };
    shell.read_dir(folder)?.into_iter().map(read).collect()
}

/// Its tests, against the program that the Rust tests were built beside.
pub(crate) fn test(shell: &Shell, filter: &[&str]) -> Result<()> {
    run::build_all(shell)?;
    node::install(shell, FOLDER)?;
    let _browser = shell.push_env(NAMED, browser(shell)?);
    let _program = shell.push_env("GATEPASS_TEST_PROGRAM", program("debug"));
    let patterns: Vec<String> = filter.iter().map(|word| format!("--test-name-pattern={word}")).collect();
    let _folder = shell.push_dir(FOLDER);
    let is_test = |file: &PathBuf| file.to_string_lossy().ends_with(".test.mjs");
    let tests: Vec<PathBuf> = shell.read_dir("test")?.into_iter().filter(is_test).collect();
    ensure!(!tests.is_empty(), "there are no tests in {FOLDER}/test");
    // One file at a time: each has a browser and an authority, which want the processors for themselves.
    run::run(cmd!(shell, "node --test --test-concurrency=1 --test-timeout=300000 {patterns...} {tests...}"))
}

/// How fast it is with 100 000 tokens, of the program that is shipped.
pub(crate) fn bench(shell: &Shell) -> Result<()> {
    let locked = locked();
    // As the benchmarks in Rust build it: alone it would have other features, and be compiled again.
    run::run(cmd!(shell, "cargo build {locked...} --profile dist -p gatepass-bench -p gatepass-cli"))?;
    node::install(shell, FOLDER)?;
    let results = crate::root().join("target/bench");
    shell.create_dir(&results)?;
    let _browser = shell.push_env(NAMED, browser(shell)?);
    let _program = shell.push_env("GATEPASS_TEST_PROGRAM", program("dist"));
    let _folder = shell.push_dir(FOLDER);
    run::run(cmd!(shell, "node bench/main.mjs {results}"))
}

/// The pictures in the README.
fn screenshots(shell: &Shell) -> Result<()> {
    run::build_all(shell)?;
    node::install(shell, FOLDER)?;
    let _browser = shell.push_env(NAMED, browser(shell)?);
    let _program = shell.push_env("GATEPASS_TEST_PROGRAM", program("debug"));
    let _folder = shell.push_dir(FOLDER);
    run::run(cmd!(shell, "node scripts/screenshots.mjs"))
}

fn program(profile: &str) -> PathBuf {
    run::target().join(profile).join("gatepass").with_extension(EXE_EXTENSION)
}

/// The browser: the one that is named, else the one that is installed, which is done where it is not.
fn browser(shell: &Shell) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(NAMED).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        ensure!(named.exists(), "{NAMED} names {}, which is not there", named.display());
        return Ok(named);
    }
    let installed = || BROWSERS.into_iter().find_map(services::program);
    if installed().is_none() {
        services::install(shell, "Chromium", INSTALL)?;
    }
    installed().with_context(|| format!("Chromium is needed; this line installs it: {INSTALL}"))
}
