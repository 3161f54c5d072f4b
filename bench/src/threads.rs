//! Two threads that check while a writer changes a thousand tokens a second, against the same two threads with
//! a copy of their own each.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gatepass::{Api, Guard, RoleBook, Verifier, VerifierOptions, VerifierWriter};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use crate::corpus::{Sample, samples};
use crate::harness::{Bar, Pair, Row, timed};

const TOKENS: usize = 1_000_000;
const CHECKS: usize = 400_000;

pub(crate) fn run() -> Vec<Row> {
    let mut tokens: Vec<Sample> = samples(TOKENS).collect();
    let copies: Vec<_> = (0..3).map(|_| copy(&tokens)).collect();
    tokens.shuffle(&mut ChaCha8Rng::seed_from_u64(13));
    let mut guards: Vec<_> =
        copies.iter().map(|(verifier, _)| verifier.guard(Api::Rest, ["orders:read"]).unwrap()).collect();
    let shared = guards.pop().unwrap();
    let (_, mut writer) = copies.into_iter().next_back().unwrap();
    let pairs: Vec<_> = (0..=20)
        .map(|round| {
            let (mut together, mut apart) = (0.0, 0.0);
            for turn in [round % 2, 1 - round % 2] {
                if turn == 0 {
                    together = while_written(&mut writer, &tokens, || {
                        checks_a_second([&shared, &shared], &tokens, round)
                    });
                } else {
                    apart = checks_a_second([&guards[0], &guards[1]], &tokens, round + 50);
                }
            }
            (together, apart)
        })
        .skip(1)
        .collect();
    let name = "two threads, one index, 1 k changes/s";
    let pair = Pair::of(&pairs);
    vec![Row::compared(name, "checks/s", "private copies, no writer", &pair, Bar::AtLeast(0.95))]
}

fn copy(tokens: &[Sample]) -> (Verifier, VerifierWriter) {
    let (verifier, mut writer) = Verifier::with_writer(VerifierOptions::default());
    writer.set_roles(RoleBook::default());
    writer.load(tokens.iter().map(|sample| &sample.record));
    (verifier, writer)
}

fn checks_a_second(guards: [&Guard; 2], tokens: &[Sample], round: usize) -> f64 {
    let time = timed(|| {
        thread::scope(|scope| {
            for (at, guard) in guards.into_iter().enumerate() {
                let start = (2 * round + at) * CHECKS % tokens.len();
                scope.spawn(move || {
                    for sample in tokens.iter().cycle().skip(start).take(CHECKS) {
                        let _ = black_box(guard.check(&*sample.header, None));
                    }
                });
            }
        });
    });
    (2 * CHECKS) as f64 / time.as_secs_f64()
}

fn while_written(writer: &mut VerifierWriter, tokens: &[Sample], work: impl FnOnce() -> f64) -> f64 {
    let done = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let until = Arc::clone(&done);
        scope.spawn(move || {
            for sample in tokens.iter().step_by(7919).cycle() {
                if until.load(Ordering::Relaxed) {
                    break;
                }
                writer.put(&sample.record);
                thread::sleep(Duration::from_micros(940)); // with the timer's own slack, a thousand a second
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}
