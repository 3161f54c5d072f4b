//! What an index of a million tokens takes, and how long it takes to fill, in a process of its own.

use std::process::Command;

use gatepass::{Verifier, VerifierOptions};

use crate::corpus::samples;
use crate::harness::{Bar, Row, resident, timed};

pub(crate) const CHILD: &str = "--memory-child";
const TOKENS: usize = 1_000_000;

pub(crate) fn run() -> Vec<Row> {
    let child = Command::new(std::env::current_exe().unwrap()).arg(CHILD).output().unwrap();
    let figures: Vec<f64> = String::from_utf8(child.stdout)
        .unwrap()
        .split_whitespace()
        .map(|figure| figure.parse().unwrap())
        .collect();
    vec![
        Row::absolute(
            "resident memory of an index of 1 M tokens",
            "bytes a token",
            figures[0],
            Bar::AtMost(128.0),
        ),
        Row::absolute("making and loading 1 M tokens", "s", figures[1], Bar::None),
    ]
}

/// The tokens are made one at a time as they are loaded, so that nothing but the index stays.
pub(crate) fn child(_: &[String]) {
    let (verifier, mut writer) = Verifier::with_writer(VerifierOptions::default());
    writer.load(samples(1_000).map(|sample| sample.record)); // what the program itself takes
    let before = resident();
    let time = timed(|| writer.load(samples(TOKENS).map(|sample| sample.record)));
    let after = resident();
    println!("{} {}", (after - before) / TOKENS as f64, time.as_secs_f64());
    drop(verifier);
}
