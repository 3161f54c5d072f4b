//! The store on real processes, servers and disks: killed, stopped, filled up, damaged.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

mod damage;
mod disk;
mod durability;
#[path = "../../../xtask/src/postgres.rs"]
mod postgres;
mod server;
mod storm;
mod support;
