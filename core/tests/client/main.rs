//! The client, from the outside: against a simulated plain RadiantOne that records what it is sent, and against servers
//! that behave badly.
#![cfg(feature = "client")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "tests and what helps them, which may stop at their first surprise"
)]

mod answers;
mod credentials;
mod data;
mod plain;
mod remote;
mod rest;
mod rotation;
mod scim;
mod secure;
mod sending;
mod services;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{ConnectOptions, Credential, Gatepass, Secret, Timestamp};

/// The time that it is for most tests.
const NOW: &str = "2026-03-02T09:00:00.000Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn own() -> Credential {
    Secret::new(plain::OWN).unwrap().into()
}

fn options(credential: impl Into<Credential>) -> ConnectOptions {
    ConnectOptions::new(credential).clock(Arc::new(ManualClock::new(now()))).timeout(Duration::from_secs(5))
}

/// A client of this server, with the secret that it knows.
fn client_of(url: &str) -> Gatepass {
    options(own()).connect(url).unwrap()
}

/// An error in all the words that it has for anybody.
fn all_words(error: &gatepass::Error) -> String {
    let mut words = format!("{error} {error:?} {error:#?} {} {:?}", error.code(), error.request_id());
    let mut cause = std::error::Error::source(error);
    while let Some(beneath) = cause {
        words = format!("{words} {beneath} {beneath:?}");
        cause = beneath.source();
    }
    words
}
