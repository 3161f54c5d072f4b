//! # The authority
//!
//! The HTTP server over [`gatepass`]: RadiantOne's authentication service under `/api`, so that its clients work
//! against it, and beside it what the vendor lacks: rotation, revocation, the audit trail, introspection (RFC 7662).
//!
//! ```no_run
//! # async fn example() -> gatepass::Result<()> {
//! use gatepass_authority::{Options, serve};
//!
//! let gp = gatepass::open("tokens.db").await?;
//! let server = serve(Options::from_environment()?, gp.clone()).await?;
//! println!("{}", server.url());
//! server.run_until_signal().await?;
//! gp.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! | to read about | file |
//! |---|---|
//! | what can be set, and how it starts | `options`, `key`, `first_start` |
//! | connections, TLS, shutting down | `server`, `tls` |
//! | what every request passes through | `gate`, `request_id`, `auth`, `session`, `errors`, `body`, `throttle` |
//! | which operations there are, and what each needs | `endpoint`, `scopes`, `openapi` |
//! | the vendor's operations | `tokens`, `roles`, `users`, `login` |
//! | Gatepass's own | `extensions`, `feed`, `introspect`, `leaks`, `health`, `metrics` |
//! | what is written down | `logging`, `metrics` |
//! | the page for browsers, and its session | `console` |
//! | a directory to use tokens against, for tests | `sandbox` |
#![forbid(unsafe_code)]

mod app;
mod auth;
mod body;
mod console;
mod endpoint;
mod errors;
mod extensions;
mod feed;
mod first_start;
mod gate;
mod hashing;
mod health;
mod introspect;
mod key;
mod leaks;
pub mod logging;
mod login;
mod metrics;
mod openapi;
mod options;
mod request_id;
mod roles;
mod sandbox;
mod scopes;
mod server;
mod session;
mod superseded;
mod throttle;
mod tls;
mod tokens;
mod users;
mod validators;

pub use self::key::SessionKey;
pub use self::openapi::document;
pub use self::options::{AdminPassword, Limits, Options, TlsFiles};
pub use self::sandbox::SandboxOptions;
pub use self::server::{Server, serve};
