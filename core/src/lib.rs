//! # Gatepass
//!
//! API access tokens in the manner of RadiantOne: issue, scope, check, rotate and revoke them.
//!
//! This crate is the whole logic. Without features it is tokens alone: no I/O, no async, no HTTP; time,
//! randomness and roles are passed in. One file holds one concept:
//!
//! | to read about | file |
//! |---|---|
//! | the secret and its form | `secret`, `format`, `digest` |
//! | when a token dies | `time`, `expiration`, `policy` |
//! | roles and what they permit | `area`, `permissions`, `permissions_wire`, `role`, `scope` |
//! | making and rotating tokens | `record`, `issuer`, `delegation` |
//! | checking them | `bearer`, `verifier`, `guard`, `index`, `bucket`, `grant`, `access`, `freshness`, `reason`, `denied`, `answer` |
//!
//! Its features put what keeps tokens on top of that, behind one façade, [`Gatepass`]: `sqlite` and `postgres` a store
//! ([`open`]), `client` a server ([`connect`]), which can also be asked about each token ([`RemoteVerifier`]). What `rest` and
//! `scim` tokens open is read and changed by [`RestClient`] and [`ScimClient`].
//!
//! ```
//! use gatepass::testing::ManualClock;
//! use gatepass::{Api, Caller, Issuer, NewToken, RoleBook, Verifier, days};
//! use rand::rngs::SysRng;
//! use std::sync::Arc;
//!
//! # fn main() -> gatepass::Result<()> {
//! let now = "2026-03-01T09:00:00Z".parse()?;
//! let (roles, caller) = (RoleBook::default(), Caller::owner("setup"));
//! let asked = NewToken::new("nightly-sync", Api::Rest)
//!     .expires(days(90))
//!     .target_dn("uid=sync,ou=svc,o=acme")
//!     .scope("orders:read");
//! let new = Issuer::default().issue(&asked, &caller, &roles, now, &mut SysRng)?;
//!
//! let verifier = Verifier::from_records([&new.record], &roles, Arc::new(ManualClock::new(now)));
//! let guard = verifier.guard(Api::Rest, ["orders:read"])?;
//! let header = format!("Bearer {}", new.secret.reveal());
//! let access = guard.check(header.as_str(), None)?;
//! assert_eq!(access.target_dn(), Some("uid=sync,ou=svc,o=acme"));
//!
//! let denied = guard.check("Bearer gpr_of_nobody", None).unwrap_err();
//! assert_eq!(denied.reason.code(), "malformed");
//! assert_eq!(denied.answer("orders").status, 401);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod access;
#[cfg(feature = "service")]
mod actor;
mod answer;
mod api;
mod area;
#[cfg(feature = "service")]
mod audit;
#[cfg(feature = "client")]
mod backoff;
mod bearer;
mod bucket;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "service")]
mod credential;
mod delegation;
mod denied;
mod digest;
mod dn;
mod error;
mod expiration;
#[cfg(feature = "store")]
mod feed;
mod filter;
#[cfg(feature = "store")]
mod follow;
mod format;
mod freshness;
#[cfg(feature = "service")]
mod gatepass;
mod grant;
mod guard;
#[cfg(feature = "service")]
mod idempotency;
mod index;
mod issuer;
#[cfg(feature = "store")]
mod local;
mod name;
mod network;
#[cfg(feature = "oidc")]
mod oidc;
mod packed;
#[cfg(feature = "service")]
mod password;
mod permissions;
mod permissions_wire;
mod policy;
mod reason;
mod record;
#[cfg(feature = "client")]
mod remote;
#[cfg(feature = "client")]
mod replica;
#[cfg(feature = "client")]
mod rest;
mod role;
#[cfg(feature = "schema")]
mod schema;
#[cfg(feature = "client")]
mod scim;
mod scope;
mod secret;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
mod source;
mod state;
#[cfg(feature = "store")]
mod store;
pub mod testing;
mod time;
#[cfg(feature = "service")]
mod usage;
#[cfg(feature = "service")]
mod user;
mod verifier;
pub mod wire;

pub use access::Access;
#[cfg(feature = "service")]
pub use actor::{Acting, Actor};
pub use answer::Answer;
pub use api::Api;
pub use area::{Area, Level, Scope, ScopeSet};
#[cfg(feature = "service")]
pub use audit::{AuditEntry, AuditFilter, Outcome};
pub use bearer::Authorization;
#[cfg(feature = "client")]
pub use client::{ConnectOptions, ServiceAnswer, TraceContext, connect, login, session_end};
#[cfg(feature = "service")]
pub use credential::Credential;
pub use delegation::Caller;
pub use denied::Denied;
pub use digest::Digest;
pub use dn::{Dn, MAX_DN_LENGTH};
pub use error::{Error, ErrorKind, Incomplete, Result};
pub use expiration::{Expiration, at, days, on};
#[cfg(feature = "store")]
pub use feed::{Feed, FeedRead, ReplicaPoll, Snapshot};
pub use filter::Filter;
pub use format::{Brand, TokenId};
pub use freshness::Reading;
#[cfg(feature = "service")]
pub use gatepass::{
    Audit, Changed, FollowOptions, Gatepass, IssuedToken, MAX_VALIDATORS, Receipt, ReceiptState, Replicas,
    Revoked, Roles, Startup, TokenFilter, TokenPage, Tokens, Users, Validators,
};
#[cfg(feature = "store")]
pub use gatepass::{OpenOptions, Sessions, open};
pub use guard::{Guard, Verdict};
#[cfg(feature = "service")]
pub use idempotency::IdempotencyKey;
pub use issuer::{Issued, Issuer, MAX_ROLES, NewToken, Rotation};
pub use name::{MAX_NAME_LENGTH, check_name, names_secret};
pub use network::{MAX_NETWORKS, TrustedProxies, parse_network};
#[cfg(feature = "oidc")]
pub use oidc::{
    Algorithm, ExternalTokenValidator, KeyHealth, MAX_CLOCK_SKEW, MAX_EXPRESSIONS, SubjectSearch,
    TokenValidators,
};
#[cfg(feature = "client")]
pub use oidc::{KeyOptions, SubjectResolver, ValidatorOptions};
#[cfg(feature = "service")]
pub use password::{MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, Password};
pub use permissions::{Permissions, TokenRights};
pub use policy::TokenPolicy;
pub use reason::Reason;
pub use record::{
    AccessToken, MAX_DESCRIPTION_LENGTH, MAX_METADATA, MAX_METADATA_KEY_LENGTH, MAX_METADATA_VALUE_LENGTH,
    Status, TokenRecord,
};
#[cfg(feature = "client")]
pub use remote::{RemoteGuard, RemoteOptions, RemoteState, RemoteVerifier};
#[cfg(feature = "client")]
pub use rest::{BulkResult, Page, Pages, RestClient, Search};
pub use role::{Role, RoleBook};
#[cfg(feature = "client")]
pub use scim::{ListPages, Listing, Resource, Resources, ScimClient, ScimFilter};
pub use scope::{MAX_SCOPE_LENGTH, MAX_SCOPES, check_application_scope};
pub use secret::{MAX_SECRET_LENGTH, Secret};
#[cfg(feature = "service")]
pub use state::StateWatch;
pub use state::VerifierState;
#[cfg(feature = "store")]
pub use store::{Location, copy::CopyProgress, inspect::StoreReport};
pub use time::{Clock, SystemClock, Timestamp};
#[cfg(feature = "service")]
pub use user::{NewUser, User, UserChange, check_username};
pub use verifier::{Verifier, VerifierOptions, VerifierWriter};
pub use wire::adap::{
    Attributes, BulkMethod, BulkOperation, DerefAliases, Entry, Mod, ModType, ReturnMode, SearchScope,
};
pub use wire::scim::{
    ListResponse, Meta, PatchKind, PatchOp, PatchOperation, ResourceType, Schema, SchemaAttribute,
    SchemaExtension, SortOrder,
};

/// The README's examples are run as tests.
#[cfg(all(doctest, feature = "sqlite", feature = "client"))]
#[doc = include_str!("../../README.md")]
struct Readme;
