//! `cargo xtask test`: every suite, in the words of its own runner.

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use crate::run::{self, locked};
use crate::services::{self, Services};
use crate::{console, kotlin, node, python};

/// Where the tests read which interpreter has a tester of SCIM.
const SCIM_TESTER: &str = "GATEPASS_TEST_SCIM";

/// A language's tests, given what the caller wants passed to the test runner.
struct Suite {
    name: &'static str,
    run: fn(&Shell, &[&str]) -> Result<()>,
}

const SUITES: &[Suite] = &[
    Suite { name: "rust", run: rust },
    Suite { name: "python", run: python::test },
    Suite { name: "node", run: node::test },
    Suite { name: "kotlin", run: kotlin::test },
    Suite { name: "console", run: console::test },
];

/// Runs each suite. Nothing is printed after the last: a run ends with the runner's own result.
pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    let filter = match arguments {
        [] => &[],
        ["--", filter @ ..] => filter,
        _ => return Err(crate::unexpected(arguments)),
    };
    SUITES.iter().try_for_each(|suite| {
        (suite.run)(shell, filter).with_context(|| format!("the {} tests failed", suite.name))
    })
}

/// Unit, integration and doc tests. The benchmarks stay out: they have no tests, and peers to compile.
fn rust(shell: &Shell, filter: &[&str]) -> Result<()> {
    let services = Services::start(shell)?;
    let _postgres = shell.push_env(services::POSTGRES, services.postgres());
    let _scim = shell.push_env(SCIM_TESTER, python::scim_tester(shell)?);
    let locked = locked();
    run::run(cmd!(
        shell,
        "cargo test {locked...} --workspace --exclude gatepass-bench --all-features -- {filter...}"
    ))
}
