//! Where a client gets its own secret from, a function of JavaScript's among them.

use std::sync::Arc;

use gatepass::{Error, ErrorKind};
use napi::Status;
use napi::bindgen_prelude::{Function, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use crate::error::fault;
use crate::secret::Held;

/// A function that gives a secret. It keeps no process alive.
type Ask = ThreadsafeFunction<(), Promise<String>, (), Status, false, true>;

/// A credential.
#[napi]
pub struct Credential {
    pub(crate) source: gatepass::Credential,
    /// What two threads must have in common to be asking the same; none for a function, which is one thread's own.
    pub(crate) identity: Option<String>,
}

#[napi]
impl Credential {
    /// This secret.
    #[napi(factory)]
    pub fn value(secret: &Held) -> Self {
        let identity = format!("value {}", secret.0.digest());
        Self { source: gatepass::Credential::value(secret.0.clone()), identity: Some(identity) }
    }

    /// The environment variable of this name.
    #[napi(factory)]
    pub fn env(name: String) -> Self {
        let identity = format!("env {name}");
        Self { source: gatepass::Credential::env(name), identity: Some(identity) }
    }

    /// What is in this file.
    #[napi(factory)]
    pub fn file(path: String) -> Self {
        let identity = std::path::absolute(&path).map(|path| format!("file {}", path.display())).ok();
        Self { source: gatepass::Credential::file(path), identity }
    }

    /// What this function gives: a promise of a secret's text.
    #[napi(factory)]
    pub fn callable(ask: Function<'_, (), Promise<String>>) -> napi::Result<Self> {
        let ask: Arc<Ask> = Arc::new(ask.build_threadsafe_function().weak::<true>().build()?);
        let asking = move || {
            let ask = Arc::clone(&ask);
            async move {
                let failed = |_| {
                    let text = "the function that gives the credential failed";
                    Error::new(ErrorKind::Unauthorized, "credential_missing", text).with_field("credential")
                };
                let text = ask.call_async_catch(()).await.map_err(failed)?.await.map_err(failed)?;
                gatepass::Secret::new(text).map_err(|error| error.with_field("credential"))
            }
        };
        Ok(Self { source: gatepass::Credential::callable(asking), identity: None })
    }

    /// What may be shown of it.
    #[napi]
    pub fn shown(&self) -> String {
        format!("{:?}", self.source)
    }
}

/// For what is thrown at once and not through a promise.
pub(crate) fn or_throw<T>(done: gatepass::Result<T>) -> napi::Result<T> {
    done.map_err(|error| fault(&error))
}
