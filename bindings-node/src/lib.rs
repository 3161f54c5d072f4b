//! The native layer of the npm package `gatepass`. Users never see it: `ts/` makes classes, iterators and errors of it.
//!
//! Nothing is decided here. A request comes as JSON and goes to the core as its own types, an answer goes back as the
//! core's own JSON; a check takes a way of its own, `check` and `raw`, which allocates nothing.
#![expect(clippy::needless_pass_by_value, reason = "what JavaScript gives is copied, and so comes by value")]

mod asked;
pub mod call;
mod check;
pub mod clock;
pub mod credential;
pub mod dn;
mod error;
pub mod external;
pub mod filter;
pub mod gatepass;
pub mod opening;
pub mod paging;
mod raw;
pub mod remote;
pub mod resources;
pub mod rest;
pub mod scim;
pub mod scim_filter;
pub mod search;
pub mod secret;
mod shared;
pub mod subjects;
pub mod tokens;
mod transport;
pub mod users;
pub mod validators;
pub mod vectors;
pub mod verifier;
