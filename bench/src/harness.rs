//! Measuring two things in turn, so that a machine that slows down slows both, and writing down what came out.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

/// One line of a benchmark's result.
#[derive(Serialize)]
pub(crate) struct Row {
    name: String,
    unit: &'static str,
    value: f64,
    peer: &'static str,
    peer_value: Option<f64>,
    ratio: Option<f64>,
    bar: Option<String>,
    ok: bool,
}

/// What a ratio, ours to the peer's, has to be.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
    None,
}

impl Bar {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(bar) => value <= bar,
            Self::AtLeast(bar) => value >= bar,
            Self::None => true,
        }
    }

    fn text(self) -> Option<String> {
        match self {
            Self::AtMost(bar) => Some(format!("<= {bar}")),
            Self::AtLeast(bar) => Some(format!(">= {bar}")),
            Self::None => None,
        }
    }
}

impl Row {
    /// A figure of ours beside a peer's.
    pub(crate) fn compared(
        name: &str,
        unit: &'static str,
        peer: &'static str,
        pair: &Pair,
        bar: Bar,
    ) -> Self {
        let (value, peer_value, ratio) = (pair.ours, Some(pair.peer), Some(pair.ratio));
        Self {
            name: name.to_owned(),
            unit,
            value,
            peer,
            peer_value,
            ratio,
            bar: bar.text(),
            ok: bar.is_met(pair.ratio),
        }
    }

    /// A figure that is held against a fixed bar.
    pub(crate) fn absolute(name: &str, unit: &'static str, value: f64, bar: Bar) -> Self {
        let ok = bar.is_met(value);
        Self {
            name: name.to_owned(),
            unit,
            value,
            peer: "",
            peer_value: None,
            ratio: None,
            bar: bar.text(),
            ok,
        }
    }
}

/// Medians of ours and the peer's, and the median of their ratios, pair by pair.
pub(crate) struct Pair {
    pub(crate) ours: f64,
    pub(crate) peer: f64,
    pub(crate) ratio: f64,
}

impl Pair {
    pub(crate) fn of(pairs: &[(f64, f64)]) -> Self {
        Self {
            ours: median(pairs.iter().map(|(ours, _)| *ours)),
            peer: median(pairs.iter().map(|(_, peer)| *peer)),
            ratio: median(pairs.iter().map(|(ours, peer)| ours / peer)),
        }
    }
}

/// Times `ours` and `peer` in turn, round by round, the first of each round changing; each is told the round
/// and how many operations to do. The result is in nanoseconds an operation.
pub(crate) fn in_turn(
    rounds: usize,
    operations: usize,
    mut ours: impl FnMut(usize, usize),
    mut peer: impl FnMut(usize, usize),
) -> Pair {
    let each = |time: Duration| time.as_secs_f64() * 1e9 / operations as f64;
    let pairs: Vec<_> = (0..=rounds)
        .map(|round| {
            if round % 2 == 0 {
                let own = timed(|| ours(2 * round, operations));
                (each(own), each(timed(|| peer(2 * round + 1, operations))))
            } else {
                let other = timed(|| peer(2 * round, operations));
                (each(timed(|| ours(2 * round + 1, operations))), each(other))
            }
        })
        .skip(1) // the first round warms up
        .collect();
    Pair::of(&pairs)
}

#[expect(clippy::disallowed_methods, reason = "measuring is what an Instant is for")]
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn save(name: &str, rows: &[Row]) {
    let folder = Path::new("target/bench");
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(rows).unwrap()).unwrap();
    for row in rows {
        let peer = row.peer_value.map(|value| format!(", {} {value:.1}", row.peer)).unwrap_or_default();
        let ratio = row.ratio.map(|ratio| format!(", ratio {ratio:.3}")).unwrap_or_default();
        let bar =
            row.bar.as_ref().map(|bar| format!(", bar {bar}, {}", if row.ok { "met" } else { "MISSED" }));
        println!("  {}: {:.1} {}{peer}{ratio}{}", row.name, row.value, row.unit, bar.unwrap_or_default());
    }
}

/// What is resident of this process.
pub(crate) fn resident() -> f64 {
    resident_of(std::process::id())
}

/// What is resident of a process: the kernel's own figure, in bytes.
pub(crate) fn resident_of(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0
}

/// A new folder beside the results, so that it is on the disk that programs are built on.
pub(crate) fn folder(name: &str) -> std::path::PathBuf {
    let folder = Path::new("target/bench").join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
