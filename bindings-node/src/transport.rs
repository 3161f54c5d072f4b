//! How a server is talked to: what `connect` and the clients of the data APIs are all told.

use std::time::Duration;

use gatepass::{ConnectOptions, Error, Password, Result, TokenPolicy};
use serde::Deserialize;

use crate::asked::Policy;
use crate::clock::{self, Clock};
use crate::credential::Credential;
use crate::error::read;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Transport {
    timeout_ms: Option<u32>,
    connect_timeout_ms: Option<u32>,
    attempts: Option<u32>,
    #[serde(default)]
    certificate_authorities: Vec<String>,
    #[serde(default)]
    no_proxy: bool,
    product: Option<String>,
    #[serde(default)]
    nodes: Vec<String>,
    policy: Option<Policy>,
    username: Option<String>,
}

/// What is in no JSON: secrets, and what is JavaScript's own.
pub(crate) struct Beside<'a> {
    pub(crate) credential: Option<&'a Credential>,
    /// A user's.
    pub(crate) password: Option<String>,
    /// A client's, with its key.
    pub(crate) certificate: Option<String>,
    pub(crate) clock: Option<&'a Clock>,
}

pub(crate) fn connect_options(json: &str, beside: Beside<'_>) -> Result<ConnectOptions> {
    let asked: Transport = read("options", json)?;
    let millis = |millis: u32| Duration::from_millis(millis.into());
    let mut options = match (beside.credential, asked.username, beside.password) {
        (Some(credential), None, None) => ConnectOptions::new(credential.source.clone()),
        (None, Some(username), Some(password)) => ConnectOptions::login(username, Password::new(password)),
        _ => {
            let text = "give either a credential, or a user's name and password";
            return Err(Error::invalid("credential", "credential_required", text));
        }
    };
    if let Some(limit) = asked.timeout_ms {
        options = options.timeout(millis(limit));
    }
    if let Some(limit) = asked.connect_timeout_ms {
        options = options.connect_timeout(millis(limit));
    }
    if let Some(attempts) = asked.attempts {
        options = options.attempts(attempts);
    }
    options = asked.certificate_authorities.into_iter().fold(options, ConnectOptions::certificate_authority);
    if let Some(pem) = beside.certificate {
        options = options.client_certificate(pem);
    }
    if asked.no_proxy {
        options = options.no_proxy();
    }
    if let Some(name) = asked.product {
        options = options.product(name);
    }
    options = asked.nodes.into_iter().fold(options, ConnectOptions::node);
    options = options.policy(asked.policy.map_or_else(TokenPolicy::default, Into::into));
    Ok(options.clock(clock::or_system(beside.clock)))
}
