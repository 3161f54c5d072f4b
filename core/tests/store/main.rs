//! The store, from outside: one suite, run on SQLite and on PostgreSQL alike; the names of the tests say on which.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

#[macro_use]
mod support;

mod acting;
mod audit;
mod checking;
mod copies;
mod delivery;
mod feed;
mod files;
mod following;
mod idempotency;
mod leaks;
mod life;
mod listing;
mod model;
mod opening;
mod order;
mod races;
mod removing;
mod roles;
mod rotation;
mod sessions;
mod texts;
mod together;
mod tokens;
mod usage;
mod users;
mod validators;
