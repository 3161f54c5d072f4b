//! How a command runs other programs: each is echoed before it starts, and a failure names its step.

use std::path::PathBuf;
use std::process::{ExitStatus, Output};
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::{Context as _, Result};
use xshell::{Cmd, Shell};

/// A named part of a command.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Shell) -> Result<()>,
}

/// Runs `steps` in order, up to the first that fails.
pub(crate) fn steps(shell: &Shell, steps: &[Step]) -> Result<()> {
    steps
        .iter()
        .try_for_each(|step| (step.run)(shell).with_context(|| format!("step `{}` failed", step.name)))
}

/// Runs a program that shows its own output.
pub(crate) fn run(cmd: Cmd<'_>) -> Result<()> {
    echo(&cmd);
    Ok(cmd.quiet().run()?)
}

/// Runs a program whose standard output is wanted as text.
pub(crate) fn read(cmd: &Cmd<'_>) -> Result<String> {
    echo(cmd);
    Ok(cmd.read()?)
}

/// Runs a program whose exit code is an answer and not only a verdict.
pub(crate) fn output(cmd: Cmd<'_>) -> Result<Output> {
    echo(&cmd);
    Ok(cmd.ignore_status().output()?)
}

/// The same of a program that shows its own output.
pub(crate) fn status(cmd: Cmd<'_>) -> Result<ExitStatus> {
    echo(&cmd);
    Ok(std::process::Command::from(cmd.quiet()).status()?)
}

/// Prints a line that says how far the command is.
///
/// The seconds stand before what is about to start, not after what ended: the last words of a run are then
/// those of the program it ran.
pub(crate) fn say(line: &str) {
    #[expect(clippy::disallowed_methods, reason = "seconds for the reader's eye: no rule depends on them")]
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    eprintln!("[{:>4} s] {line}", START.elapsed().as_secs());
}

/// `--locked` where nobody is there to commit a changed Cargo.lock.
pub(crate) fn locked() -> Option<&'static str> {
    std::env::var_os("CI").map(|_| "--locked")
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from)
}

fn echo(cmd: &Cmd<'_>) {
    say(&format!("$ {cmd}"));
}

#[cfg(test)]
mod tests {
    use xshell::cmd;

    use super::*;

    #[test]
    fn a_failure_names_its_step_its_program_and_its_exit_code() {
        let shell = Shell::new().unwrap();
        let failing =
            Step { name: "lint", run: |shell| run(cmd!(shell, "cargo no-such-command").ignore_stderr()) };
        let never = Step { name: "after", run: |_| anyhow::bail!("ran after a failure") };
        let error = format!("{:#}", steps(&shell, &[failing, never]).unwrap_err());
        assert!(error.starts_with("step `lint` failed: "), "{error}");
        assert!(error.contains("cargo no-such-command") && error.contains("101"), "{error}");
    }
}
