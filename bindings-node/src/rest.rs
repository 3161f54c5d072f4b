//! Entries of a directory, through RadiantOne's REST API (ADAP).

use gatepass::{Attributes, BulkOperation, Error, ErrorKind, Mod};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;

use crate::call::{Call, run};
use crate::clock::Clock;
use crate::credential::{Credential, or_throw};
use crate::error::{Fault, read, write};
use crate::search::Search;
use crate::transport::{Beside, connect_options};

/// A directory, as seen by one token.
#[napi]
pub struct RestClient(Option<gatepass::RestClient>);

/// The directory at this URL. Nothing is sent yet.
#[napi]
pub fn rest(
    url: String,
    options: String,
    credential: Option<&Credential>,
    client_certificate: Option<String>,
    clock: Option<&Clock>,
) -> napi::Result<RestClient> {
    let beside = Beside { credential, password: None, certificate: client_certificate, clock };
    let client = connect_options(&options, beside).and_then(|options| options.rest(url));
    or_throw(client).map(|client| RestClient(Some(client)))
}

impl RestClient {
    pub(crate) fn open(&self) -> napi::Result<gatepass::RestClient> {
        let closed = || Error::new(ErrorKind::Closed, "closed", "this client was closed");
        or_throw(self.0.clone().ok_or_else(closed))
    }
}

#[napi]
impl RestClient {
    /// The URL that is asked.
    #[napi]
    pub fn url(&self) -> napi::Result<String> {
        Ok(self.open()?.url())
    }

    /// The same directory, as this user.
    #[napi]
    pub fn acting_as(&self, dn: String) -> napi::Result<Self> {
        or_throw(self.open()?.acting_as(dn)).map(|client| Self(Some(client)))
    }

    /// Whether the token is good.
    #[napi]
    pub fn bind<'env>(&self, env: &'env Env, call: Option<&Call>) -> napi::Result<PromiseRaw<'env, ()>> {
        let rest = self.open()?;
        run(env, call, async move { rest.bind().await })
    }

    /// A search at this entry and below it.
    #[napi]
    pub fn search(&self, base: String, options: String) -> napi::Result<Search> {
        or_throw(Search::new(self.open()?.search(base), &options))
    }

    /// One entry, as JSON.
    #[napi]
    pub fn get<'env>(
        &self,
        env: &'env Env,
        dn: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let rest = self.open()?;
        run(env, call, async move { write(&rest.get(dn).await?) })
    }

    /// The names of the entries that all others are below.
    #[napi]
    pub fn root_contexts<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Vec<String>>> {
        let rest = self.open()?;
        run(env, call, async move { rest.root_contexts().await })
    }

    /// Adds an entry.
    #[napi]
    pub fn add<'env>(
        &self,
        env: &'env Env,
        dn: String,
        attributes: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let (rest, attributes): (_, Attributes) = (self.open()?, or_throw(read("attributes", &attributes))?);
        run(env, call, async move { rest.add(dn, attributes).await })
    }

    /// Puts these attributes in the place of all that an entry has.
    #[napi]
    pub fn replace<'env>(
        &self,
        env: &'env Env,
        dn: String,
        attributes: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let (rest, attributes): (_, Attributes) = (self.open()?, or_throw(read("attributes", &attributes))?);
        run(env, call, async move { rest.replace(dn, attributes).await })
    }

    /// Changes an entry.
    #[napi]
    pub fn modify<'env>(
        &self,
        env: &'env Env,
        dn: String,
        mods: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let (rest, mods): (_, Vec<Mod>) = (self.open()?, or_throw(read("mods", &mods))?);
        run(env, call, async move { rest.modify(dn, mods).await })
    }

    /// Gives an entry another name, and another place where one is said.
    #[napi]
    pub fn rename<'env>(
        &self,
        env: &'env Env,
        dn: String,
        new_rdn: String,
        new_superior: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let rest = self.open()?;
        run(env, call, async move {
            match new_superior {
                Some(superior) => rest.move_to(dn, new_rdn, superior).await,
                None => rest.rename(dn, new_rdn).await,
            }
        })
    }

    /// Deletes an entry, with all below it where that is said.
    #[napi]
    pub fn delete<'env>(
        &self,
        env: &'env Env,
        dn: String,
        tree: bool,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let rest = self.open()?;
        run(env, call, async move { if tree { rest.delete_tree(dn).await } else { rest.delete(dn).await } })
    }

    /// Does many operations in one request, and gives the error of each, or `null`, as a list in JSON.
    #[napi]
    pub fn bulk<'env>(
        &self,
        env: &'env Env,
        operations: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (rest, operations): (_, Vec<BulkOperation>) =
            (self.open()?, or_throw(read("operations", &operations))?);
        run(env, call, async move {
            let results = rest.bulk(operations).await?;
            let faults = results.iter().map(|result| result.outcome.as_ref().err().map(Fault::new));
            write(&faults.collect::<Vec<_>>())
        })
    }

    /// Lets go of it. What was asked before is finished.
    #[napi]
    pub fn close(&mut self) {
        self.0.take();
    }
}
