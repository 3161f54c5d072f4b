//! Benchmarks against peers in one run: `cargo xtask bench [name]`. Each writes `target/bench/NAME.json`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at its first surprise"
)]
#![expect(clippy::cast_precision_loss, reason = "counts below 2^52")]

mod check;
mod client;
mod corpus;
mod harness;
mod introspect;
mod memory;
mod oidc;
mod paging;
mod replica;
mod secret;
mod store;
mod threads;

use harness::Row;

/// A benchmark's name, and what runs it.
type Bench = (&'static str, fn() -> Vec<Row>);

const BENCHES: [Bench; 10] = [
    ("secret", secret::run),
    ("check", check::run),
    ("oidc", oidc::run),
    ("threads", threads::run),
    ("memory", memory::run),
    ("store", store::run),
    ("introspect", introspect::run),
    ("client", client::run),
    ("paging", paging::run),
    ("replica", replica::run),
];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if asked.first().is_some_and(|arg| arg == memory::CHILD) {
        return memory::child(&asked);
    }
    if asked.first().is_some_and(|arg| arg == store::CHILD) {
        return store::child(&asked);
    }
    if asked.first().is_some_and(|arg| arg == replica::AUTHORITY) {
        return replica::authority(&asked);
    }
    if asked.first().is_some_and(|arg| arg == replica::REPLICA) {
        return replica::replica(&asked);
    }
    if let Some(unknown) = asked.iter().find(|name| !BENCHES.iter().any(|(known, _)| known == name)) {
        eprintln!("no benchmark is called {unknown}; there are {}", BENCHES.map(|(name, _)| name).join(", "));
        std::process::exit(2);
    }
    for (name, run) in
        BENCHES.iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|arg| arg == name))
    {
        println!("measuring {name} …");
        harness::save(name, &run());
    }
}
