//! The tools that a command needs beyond the toolchain: installed when first needed, never by hand.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use xshell::{Shell, cmd};

use crate::run;

/// Where tools are installed: inside the workspace, so that neither the machine's own versions nor another
/// project's are touched or used.
const FOLDER: &str = "target/tools";

/// A program from the crates registry, at the one version that CI and every machine use.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Checks dependencies: their licences, their sources, what is banned.
pub(crate) const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Builds and runs fuzz targets.
pub(crate) const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

impl Tool {
    /// The path of the program, which is installed first when it is absent or another version.
    ///
    /// Built without optimisation: on two cores cargo-deny then takes one minute to build and not four, to
    /// save one second of a run.
    pub(crate) fn path(&self, shell: &Shell) -> Result<PathBuf> {
        let Self { name, version } = self;
        let folder = crate::root().join(FOLDER);
        let program = folder.join("bin").join(name).with_extension(std::env::consts::EXE_EXTENSION);
        let installed = shell.read_file(folder.join(".crates.toml")).unwrap_or_default();
        if !(program.exists() && self.is_in(&installed)) {
            let install =
                cmd!(shell, "cargo install {name} --locked --version {version} --debug --root {FOLDER}");
            let line = install.to_string();
            run::run(install).with_context(|| format!("{name} is needed; this line installs it: {line}"))?;
        }
        Ok(program)
    }

    /// Whether cargo's own record of what it installed names this version.
    fn is_in(&self, record: &str) -> bool {
        let entry = format!("\"{} {} (", self.name, self.version);
        record.lines().any(|line| line.starts_with(&entry))
    }
}

/// Fails unless rustup has a toolchain that `+nightly` selects.
///
/// Not installed from here: a toolchain is the machine's, not the workspace's.
pub(crate) fn need_nightly(shell: &Shell) -> Result<()> {
    if has_nightly(&run::read(cmd!(shell, "rustup toolchain list"))?) {
        return Ok(());
    }
    bail!(
        "a nightly toolchain is needed; this line installs it: rustup toolchain install nightly --profile minimal"
    )
}

/// A dated nightly (`nightly-2026-01-31-…`) is not the one that `+nightly` means.
fn has_nightly(toolchains: &str) -> bool {
    toolchains
        .lines()
        .filter_map(|line| line.strip_prefix("nightly-"))
        .any(|rest| !rest.starts_with(char::is_numeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_version_is_used_again() {
        let record = "[v1]\n\"cargo-deny 0.20.2 (registry+https://index)\" = [\"cargo-deny\"]\n";
        assert!(CARGO_DENY.is_in(record));
        assert!(!CARGO_FUZZ.is_in(record));
        assert!(!Tool { name: "cargo-deny", version: "0.20.1" }.is_in(record));
        assert!(!CARGO_DENY.is_in(""));
    }

    #[test]
    fn a_dated_nightly_does_not_count() {
        assert!(has_nightly(
            "stable-x86_64-unknown-linux-gnu (active, default)\nnightly-x86_64-unknown-linux-gnu\n"
        ));
        assert!(!has_nightly(
            "stable-x86_64-unknown-linux-gnu\nnightly-2026-01-31-x86_64-unknown-linux-gnu\n"
        ));
        assert!(!has_nightly(""));
    }
}
