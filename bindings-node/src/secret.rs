//! Secrets: they stay on this side until they are revealed.

use gatepass::{AccessToken, IssuedToken, Timestamp};
use napi_derive::napi;
use serde::Serialize;

use crate::error::{fault, write};

/// A secret. JavaScript has it as a text only where it asks for that.
#[napi(js_name = "Secret")]
#[derive(Clone)]
pub struct Held(pub(crate) gatepass::Secret);

#[napi]
impl Held {
    /// Takes a secret over.
    #[napi(constructor)]
    pub fn new(text: String) -> napi::Result<Self> {
        gatepass::Secret::new(text).map(Self).map_err(|error| fault(&error))
    }

    /// The secret itself.
    #[napi]
    pub fn reveal(&self) -> String {
        self.0.reveal().to_owned()
    }

    /// What may be shown of it.
    #[napi]
    pub fn redacted(&self) -> String {
        self.0.to_string()
    }

    /// Whether both are the same, in constant time.
    #[napi]
    pub fn equals(&self, other: &Held) -> bool {
        self.0 == other.0
    }

    /// The id in it, where it is of our form.
    #[napi]
    pub fn id(&self) -> Option<String> {
        self.0.id().map(|id| id.to_string())
    }

    /// The API that it is for, where it is of our form.
    #[napi]
    pub fn api(&self) -> Option<&'static str> {
        self.0.api().map(gatepass::Api::as_str)
    }

    /// The brand in it, where it is of our form.
    #[napi]
    pub fn brand(&self) -> Option<String> {
        self.0.brand().map(|brand| brand.to_string())
    }

    /// SHA-256 of it, in hexadecimal.
    #[napi]
    pub fn digest(&self) -> String {
        self.0.digest().to_string()
    }
}

/// A token that was made or rotated.
#[napi]
pub struct Issued {
    secret: gatepass::Secret,
    token: String,
    revision: i64,
}

#[napi]
impl Issued {
    /// Its secret.
    #[napi]
    pub fn secret(&self) -> Held {
        Held(self.secret.clone())
    }

    /// The token, as JSON.
    #[napi]
    pub fn token(&self) -> String {
        self.token.clone()
    }

    /// The number of the change.
    #[napi]
    pub fn revision(&self) -> i64 {
        self.revision
    }
}

impl Issued {
    pub(crate) fn new(issued: IssuedToken, now: Timestamp) -> gatepass::Result<Self> {
        let token = token_json(&issued.token, now)?;
        Ok(Self { secret: issued.secret, token, revision: issued.revision })
    }
}

/// A token with what is true of it at this moment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown<'a> {
    #[serde(flatten)]
    token: &'a AccessToken,
    api: &'static str,
    status: &'static str,
    in_grace: bool,
}

impl<'a> Shown<'a> {
    pub(crate) fn new(token: &'a AccessToken, now: Timestamp) -> Self {
        let (api, status) = (token.api.as_str(), token.status(now).as_str());
        Self { token, api, status, in_grace: token.in_grace(now) }
    }
}

pub(crate) fn token_json(token: &AccessToken, now: Timestamp) -> gatepass::Result<String> {
    write(&Shown::new(token, now))
}
