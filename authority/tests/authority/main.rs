//! The authority, from outside: real requests over loopback.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at its first surprise, in what it shares with others too"
)]

mod attacker;
mod client;
mod console;
mod data;
mod feed;
mod hostile;
mod house;
mod introspection;
mod operations;
mod own;
mod provider;
mod receipts;
mod remote;
mod replica;
mod sandbox;
mod scopes;
mod sessions;
mod validators;
mod vendor;
