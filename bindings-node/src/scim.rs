//! Resources of a SCIM server.

use gatepass::{Error, ErrorKind, ScimClient};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;

use crate::call::{Call, run};
use crate::clock::Clock;
use crate::credential::{Credential, or_throw};
use crate::error::write;
use crate::resources::Resources;
use crate::transport::{Beside, connect_options};

/// A SCIM server, as seen by one token.
#[napi(js_name = "ScimClient")]
pub struct Scim(Option<ScimClient>);

/// The SCIM server at this URL. Nothing is sent yet.
#[napi]
pub fn scim(
    url: String,
    options: String,
    credential: Option<&Credential>,
    client_certificate: Option<String>,
    clock: Option<&Clock>,
) -> napi::Result<Scim> {
    let beside = Beside { credential, password: None, certificate: client_certificate, clock };
    let client = connect_options(&options, beside).and_then(|options| options.scim(url));
    or_throw(client).map(|client| Scim(Some(client)))
}

impl Scim {
    fn open(&self) -> napi::Result<ScimClient> {
        let closed = || Error::new(ErrorKind::Closed, "closed", "this client was closed");
        or_throw(self.0.clone().ok_or_else(closed))
    }
}

#[napi]
impl Scim {
    /// The URL that is asked.
    #[napi]
    pub fn url(&self) -> napi::Result<String> {
        Ok(self.open()?.url())
    }

    /// The kinds of resources that the server has, as a list in JSON.
    #[napi]
    pub fn resource_types<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let scim = self.open()?;
        run(env, call, async move { write(&scim.resource_types().await?) })
    }

    /// What resources may say, as a list in JSON.
    #[napi]
    pub fn schemas<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let scim = self.open()?;
        run(env, call, async move { write(&scim.schemas().await?) })
    }

    /// What the server can do, as JSON.
    #[napi]
    pub fn service_provider_config<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let scim = self.open()?;
        run(env, call, async move { write(&scim.service_provider_config().await?) })
    }

    /// The resources at one endpoint.
    #[napi]
    pub fn resources(&self, endpoint: String, options: String) -> napi::Result<Resources> {
        or_throw(Resources::new(self.open()?.resources(endpoint), &options))
    }

    /// Lets go of it. What was asked before is finished.
    #[napi]
    pub fn close(&mut self) {
        self.0.take();
    }
}
