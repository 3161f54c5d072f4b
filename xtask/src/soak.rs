//! `cargo xtask soak`: the runs that are too long for every change, above all fuzzing.

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

use crate::services::{self, Services};
use crate::{Usage, run, tools};

/// A long run, given the minutes that each of its parts may take.
struct LongRun {
    name: &'static str,
    run: fn(&Shell, u64) -> Result<()>,
}

const RUNS: &[LongRun] = &[
    LongRun { name: "storm", run: storm },
    LongRun { name: "promise", run: promise },
    LongRun { name: "fuzz", run: fuzz },
];

/// How often the store's writer is killed.
const STORM_ROUNDS: &str = "200";

/// How many worlds a replica is put in.
const PROMISE_SEEDS: &str = "5000";

/// How long a part runs when nothing else is asked.
const MINUTES: u64 = 5;

pub(crate) fn run(shell: &Shell, arguments: &[&str]) -> Result<()> {
    let minutes = minutes(arguments)?;
    for long in RUNS {
        (long.run)(shell, minutes).with_context(|| format!("`{}` failed", long.name))?;
    }
    run::say("soak ok");
    Ok(())
}

fn minutes(arguments: &[&str]) -> Result<u64> {
    match arguments {
        [] => Ok(MINUTES),
        ["--minutes", number] => match number.parse() {
            Ok(minutes @ 1..) => Ok(minutes),
            _ => Err(Usage(format!("--minutes takes a whole number from 1, not `{number}`")).into()),
        },
        _ => Err(crate::unexpected(arguments)),
    }
}

/// A store whose writer is killed again and again, by the tests' own code; rounds and not minutes say how long.
fn storm(shell: &Shell, _minutes: u64) -> Result<()> {
    let services = Services::start(shell)?;
    let _postgres = shell.push_env(services::POSTGRES, services.postgres());
    let _rounds = shell.push_env("STORE_STORM_ROUNDS", STORM_ROUNDS);
    run::run(cmd!(shell, "cargo test -p gatepass-tests --all-features --test store -- storm::"))
}

/// A replica in simulated worlds; a seed that shows a violation is printed, and `PROMISE_SEED` runs it again.
fn promise(shell: &Shell, _minutes: u64) -> Result<()> {
    let _seeds = shell.push_env("PROMISE_SEEDS", PROMISE_SEEDS);
    run::run(cmd!(shell, "cargo test -p gatepass --all-features --lib -- replica::simulation::"))
}

/// Each target of core/fuzz in turn; what one finds stays in core/fuzz/artifacts, and libFuzzer names the file.
fn fuzz(shell: &Shell, minutes: u64) -> Result<()> {
    tools::need_nightly(shell)?;
    let cargo_fuzz = tools::CARGO_FUZZ.path(shell)?;
    // As `cargo +nightly fuzz`, of the version that is installed here.
    let _nightly = shell.push_env("RUSTUP_TOOLCHAIN", "nightly");

    let listed = run::read(cmd!(shell, "{cargo_fuzz} fuzz list --fuzz-dir core/fuzz"))?;
    let targets: Vec<&str> = listed.lines().collect();
    ensure!(!targets.is_empty(), "core/fuzz has no targets");

    let limit = format!("-max_total_time={}", minutes.saturating_mul(60));
    for (index, target) in targets.iter().enumerate() {
        run::say(&format!("fuzz target {} of {}: {target}, {minutes} min", index + 1, targets.len()));
        run::run(cmd!(
            shell,
            "{cargo_fuzz} fuzz run --fuzz-dir core/fuzz {target} -- {limit} -print_final_stats=1"
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_a_whole_number_from_1() {
        assert_eq!(minutes(&[]).unwrap(), 5);
        assert_eq!(minutes(&["--minutes", "30"]).unwrap(), 30);
        for wrong in [&["--minutes"][..], &["--minutes", "0"], &["--minutes", "-1"], &["30"]] {
            assert!(minutes(wrong).is_err_and(|error| error.is::<Usage>()), "{wrong:?}");
        }
    }
}
