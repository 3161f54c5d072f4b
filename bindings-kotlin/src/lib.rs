//! The native library of the Kotlin SDK: the façade of the core, as uniffi hands it to the JVM.
//!
//! No rule is here and no idiom: rules are the core's, idiom is `gatepass-kotlin`'s, over what is generated from this. A
//! `…Handle` is something that lives on this side, a `…Data` something that is copied to the other. Instants and spans of
//! time cross as milliseconds, secrets as handles.
#![expect(missing_docs, reason = "what is generated from this is seen by gatepass-kotlin alone")]
#![expect(clippy::needless_pass_by_value, reason = "what comes from the other side comes to stay")]
#![expect(clippy::result_large_err, reason = "an error crosses as a copy of all its parts")]

mod access;
mod admin;
mod ask;
mod credential;
mod data;
mod external;
mod failure;
mod filter;
mod guard;
mod open;
mod paged;
mod passage;
mod remote;
mod replicas;
mod rest;
mod role;
mod runtime;
mod scim;
mod secret;
mod testing;
mod tokens;
mod verifier;

pub use admin::*;
pub use ask::*;
pub use credential::*;
pub use data::*;
pub use external::*;
pub use failure::*;
pub use filter::*;
pub use guard::*;
pub use open::*;
pub use paged::*;
pub use passage::*;
pub use remote::*;
pub use replicas::*;
pub use rest::*;
pub use role::*;
pub use scim::*;
pub use secret::*;
pub use testing::*;
pub use verifier::*;

uniffi::setup_scaffolding!("gatepass");
