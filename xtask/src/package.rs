//! `cargo xtask package`: what users install, built as it is shipped, installed into an empty environment, and tried there.

use anyhow::{Context as _, Result};
use xshell::Shell;

use crate::{kotlin, node, python, run};

/// A language's package.
struct Package {
    name: &'static str,
    make: fn(&Shell) -> Result<()>,
}

const PACKAGES: &[Package] = &[
    Package { name: "python", make: python::package },
    Package { name: "node", make: node::package },
    Package { name: "kotlin", make: kotlin::package },
];

pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    let wanted = |package: &&Package| arguments.is_empty() || arguments == [package.name];
    let packages: Vec<&Package> = PACKAGES.iter().filter(wanted).collect();
    if packages.is_empty() {
        return Err(crate::unexpected(arguments));
    }
    for package in packages {
        (package.make)(shell).with_context(|| format!("the {} package failed", package.name))?;
    }
    run::say("package ok");
    Ok(())
}
