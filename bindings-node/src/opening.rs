//! Opening a store, connecting to a server.

use std::sync::Arc;

use gatepass::{Acting, Actor, Brand, OpenOptions};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use serde::Deserialize;

use crate::asked::Policy;
use crate::call::{Call, run};
use crate::clock::{self, Clock};
use crate::credential::{Credential, or_throw};
use crate::error::read;
use crate::gatepass::{Gatepass, Opened};
use crate::shared::Shared;
use crate::transport::{Beside, connect_options};

/// The stores that are open, by place and options. A store with a clock of its own is not among them.
static STORES: Shared<Opened> = Shared::new();

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Open {
    brand: Option<String>,
    policy: Option<Policy>,
    actor: Option<String>,
    create: Option<bool>,
}

/// Opens a store. Threads that open the same one in the same way share it.
#[napi]
pub fn open<'env>(
    env: &'env Env,
    store: String,
    options: String,
    clock: Option<&Clock>,
    call: Option<&Call>,
) -> napi::Result<PromiseRaw<'env, Gatepass>> {
    let asked: Open = or_throw(read("options", &options))?;
    let key = clock.is_none().then(|| format!("{}\n{options}", absolute(&store)));
    let opened = or_throw(open_options(asked))?.clock(clock::or_system(clock));
    let opening = async move {
        let gatepass = opened.open(store).await?;
        Ok(Opened { gatepass, identity: None })
    };
    run(env, call, async move {
        match key {
            Some(key) => {
                let identity = Some(key.clone());
                let opening = async { opening.await.map(|opened: Opened| Opened { identity, ..opened }) };
                STORES.get(&key, opening).await.map(Gatepass::new)
            }
            None => opening.await.map(|opened| Gatepass::new(Arc::new(opened))),
        }
    })
}

fn open_options(asked: Open) -> gatepass::Result<OpenOptions> {
    let mut options = OpenOptions::default();
    if let Some(brand) = asked.brand {
        options = options.brand(Brand::new(brand)?);
    }
    if let Some(policy) = asked.policy {
        options = options.policy(policy.into());
    }
    if let Some(name) = asked.actor {
        options = options.acting(Acting::new(Actor::Owner(name)));
    }
    Ok(options.create(asked.create.unwrap_or(true)))
}

/// One file has one name, wherever a thread thinks it is; a URL stays what it is.
fn absolute(store: &str) -> String {
    if store.contains("://") {
        return store.to_owned();
    }
    std::path::absolute(store).map_or_else(|_| store.to_owned(), |path| path.display().to_string())
}

/// Connects to a server, with a credential or as a user. A user's password and a client's certificate with its key are in
/// no JSON.
#[napi]
pub fn connect(
    urls: Vec<String>,
    options: String,
    credential: Option<&Credential>,
    password: Option<String>,
    client_certificate: Option<String>,
    clock: Option<&Clock>,
) -> napi::Result<Gatepass> {
    let beside = Beside { credential, password, certificate: client_certificate, clock };
    let gatepass =
        or_throw(connect_options(&options, beside).and_then(|options| options.connect_to_one_of(&urls)))?;
    let identity = credential.filter(|_| clock.is_none()).and_then(|credential| credential.identity.clone());
    let identity = identity.map(|identity| format!("{}\n{identity}", urls.join("\n")));
    Ok(Gatepass::new(Arc::new(Opened { gatepass, identity })))
}
