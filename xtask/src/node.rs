//! The npm package: its tests, what holds of it besides, its tarballs, its speed.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_EXTENSION};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use xshell::{Cmd, Shell, cmd};

use crate::run::{self, locked};

/// Where the package is.
const FOLDER: &str = "bindings-node";
/// The oldest Node.js that the package is for; its tests need 20.11, whose test runner knows a time limit.
const OLDEST: &str =
    "const [a, b] = process.versions.node.split('.'); process.exit(a > 20 || (a == 20 && b >= 11) ? 0 : 1)";
const INSTALL: &str = "apt-get install --yes --no-install-recommends nodejs npm";

/// Its tests, the vectors and the examples too, against the program that the Rust tests have built.
pub(crate) fn test(shell: &Shell, filter: &[&str]) -> Result<()> {
    build(shell)?;
    let program = run::target().join("debug").join("gatepass").with_extension(EXE_EXTENSION);
    let _program = shell.push_env("GATEPASS_TEST_PROGRAM", program);
    let patterns: Vec<String> = filter.iter().map(|word| format!("--test-name-pattern={word}")).collect();
    let _folder = shell.push_dir(FOLDER);
    run::run(cmd!(shell, "npm run --silent pretest"))?;
    let tests: Vec<PathBuf> = shell
        .read_dir("build/test")?
        .into_iter()
        .filter(|file| file.to_string_lossy().ends_with(".test.js"))
        .collect();
    ensure!(!tests.is_empty(), "there are no tests in {FOLDER}/build/test");
    run::run(cmd!(shell, "node --test --test-timeout=180000 {patterns...} {tests...}"))
}

/// What holds of it besides: types, those of tests and examples too, and a lock file that names no registry.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    typescript(shell)?;
    let _folder = shell.push_dir(FOLDER);
    run::run(cmd!(shell, "npm run --silent types"))?;
    let lock = shell.read_file("package-lock.json")?;
    ensure!(!lock.contains("\"resolved\""), "package-lock.json names where packages were fetched from");
    Ok(())
}

/// The first example, through an authority of its own, with what the quickstart has built.
pub(crate) fn quickstart(shell: &Shell) -> Result<String> {
    typescript(shell)?;
    place(shell, "debug")?;
    let program = run::target().join("debug").join("gatepass").with_extension(EXE_EXTENSION);
    let _folder = shell.push_dir(FOLDER);
    run::read(cmd!(shell, "node examples/quickstart.mjs").env("GATEPASS_PROGRAM", program))
}

/// The names of the tarballs, as the script says them.
#[derive(Deserialize)]
struct Tarballs {
    main: String,
    native: String,
}

/// The tarballs: the library built as one unit, both installed into a folder that has nothing else, and an example run there.
pub(crate) fn package(shell: &Shell) -> Result<()> {
    typescript(shell)?;
    shipped(shell)?;
    let (library, folder) = (library("dist"), run::target().join("node"));
    let said = {
        let _folder = shell.push_dir(FOLDER);
        run::read(cmd!(shell, "node scripts/pack.mjs {library} {folder}"))?
    };
    let tarballs: Tarballs = serde_json::from_str(said.lines().last().unwrap_or_default())
        .context("the script does not say what it has packed")?;

    let empty = folder.join("empty");
    shell.create_dir(&empty)?;
    let _folder = shell.push_dir(&empty);
    shell.write_file("package.json", "{\"name\": \"empty\", \"private\": true}")?;
    let (main, native) = (folder.join(tarballs.main), folder.join(tarballs.native));
    // Without a network: nothing may be fetched, and the libraries of other platforms are not needed.
    run::run(cmd!(shell, "npm install --offline --no-audit --no-fund --no-save {native} {main}"))?;
    shell.copy_file(empty.join("node_modules/gatepass/examples/quickstart.mjs"), &empty)?;
    let program = run::target().join("dist").join("gatepass").with_extension(EXE_EXTENSION);
    let printed = run::read(cmd!(shell, "node quickstart.mjs").env("GATEPASS_PROGRAM", program))?;
    ensure!(printed.ends_with("quickstart ok"), "the package's example did not get to its end:\n{printed}");
    run::say(&format!("node: {} works on its own", main.display()));
    Ok(())
}

/// Its speed against what Node.js itself has, of the library that is shipped.
pub(crate) fn bench(shell: &Shell) -> Result<()> {
    typescript(shell)?;
    shipped(shell)?;
    place(shell, "dist")?;
    let (results, kept) = (crate::root().join("target/bench"), run::target().join("node-bench"));
    let _folder = shell.push_dir(FOLDER);
    run::run(cmd!(shell, "node bench/main.mjs {results} {kept}"))
}

/// The library and the program as they are shipped; in one build, for alone each would have other features.
fn shipped(shell: &Shell) -> Result<()> {
    let locked = locked();
    run::run(cmd!(
        shell,
        "cargo build {locked...} --profile dist -p gatepass-node --lib -p gatepass-cli --bins"
    ))
}

/// The library that the Rust tests were built beside, and the package around it: nothing is compiled again for Node.js.
fn build(shell: &Shell) -> Result<()> {
    run::build_all(shell)?;
    typescript(shell)?;
    place(shell, "debug")
}

/// What is written in TypeScript, as JavaScript.
fn typescript(shell: &Shell) -> Result<()> {
    install(shell, FOLDER)?;
    let _folder = shell.push_dir(FOLDER);
    shell.remove_path("dist")?;
    shell.remove_path("build")?;
    run::run(cmd!(shell, "npm run --silent build"))
}

/// What a folder's package is built and tested with, as its lock file says it. It takes npm seconds to see that all is there.
pub(crate) fn install(shell: &Shell, folder: &str) -> Result<()> {
    let needed = || format!("Node.js 20.11 or later, with npm, is needed; this line installs it: {INSTALL}");
    run::run(cmd!(shell, "node -e {OLDEST}")).with_context(needed)?;
    run::run(quiet(cmd!(shell, "npm --version"))).with_context(needed)?;
    let _folder = shell.push_dir(folder);
    let (lock, note) = (shell.read_file("package-lock.json")?, "node_modules/.gatepass-installed");
    if shell.read_file(note).ok().as_ref() != Some(&lock) {
        run::run(cmd!(shell, "npm ci --no-audit --no-fund --loglevel=error"))?;
        shell.write_file(note, lock)?;
    }
    Ok(())
}

fn quiet(cmd: Cmd<'_>) -> Cmd<'_> {
    cmd.ignore_stdout()
}

/// Puts the library where the package looks for it in a checkout.
fn place(shell: &Shell, profile: &str) -> Result<()> {
    let print = "process.stdout.write(require('./dist/platform.js').platform())";
    let folder = crate::root().join(FOLDER);
    let platform = {
        let _folder = shell.push_dir(&folder);
        run::read(cmd!(shell, "node -e {print}"))?
    };
    let place = folder.join(format!("gatepass.{platform}.node"));
    // A process that has the old one loaded goes on with it: it is replaced, and not written over.
    shell.remove_path(&place)?;
    Ok(shell.copy_file(library(profile), place)?)
}

fn library(profile: &str) -> PathBuf {
    run::target().join(profile).join(format!("{DLL_PREFIX}gatepass_node{DLL_SUFFIX}"))
}
