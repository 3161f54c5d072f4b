//! How a command runs other programs: each is echoed before it starts, and a failure names its step.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use xshell::{Cmd, Shell, cmd};

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
    Ok(told(cmd).quiet().run()?)
}

/// Runs a program whose standard output is wanted as text. Where it fails, that text may say why.
pub(crate) fn read(cmd: Cmd<'_>) -> Result<String> {
    let line = cmd.to_string();
    let output = Command::from(told(cmd).quiet()).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "`{line}` failed, {}:\n{text}", output.status);
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Runs a program whose exit code is an answer and not only a verdict.
pub(crate) fn output(cmd: Cmd<'_>) -> Result<Output> {
    Ok(told(cmd).ignore_status().output()?)
}

/// The same of a program that shows its own output.
pub(crate) fn status(cmd: Cmd<'_>) -> Result<ExitStatus> {
    Ok(Command::from(told(cmd).quiet()).status()?)
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

/// All that the Rust tests are built beside: after them nothing is left to compile, for a language's library neither.
pub(crate) fn build_all(shell: &Shell) -> Result<()> {
    let locked = locked();
    run(cmd!(
        shell,
        "cargo build {locked...} --workspace --exclude gatepass-bench --all-features --all-targets"
    ))
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from)
}

/// Says what is about to run, and takes from its environment what cargo says of this program: build scripts look at that
/// (ring's does), and would run again whenever cargo was last called from here and now is from a shell, or the reverse.
fn told(cmd: Cmd<'_>) -> Cmd<'_> {
    say(&format!("$ {cmd}"));
    let of_this_program =
        |name: &String| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(of_this_program);
    names.fold(cmd, Cmd::env_remove)
}

#[cfg(test)]
mod tests {
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
