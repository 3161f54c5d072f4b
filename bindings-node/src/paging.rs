//! What is found, a page at a time: each page is one text in JSON, which JavaScript reads faster than anything that could
//! be made of it here.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use gatepass::Result;
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use tokio::sync::{Mutex, Notify};

use crate::call::{Call, run};

/// Pages; gone when they were let go of.
type Held = Mutex<Option<BoxStream<'static, Result<String>>>>;

/// The pages of a search or a list. Forgotten before its end, it ends on the server too.
#[napi]
pub struct Pages {
    held: Arc<Held>,
    let_go: Arc<Notify>,
}

impl Pages {
    pub(crate) fn new(pages: BoxStream<'static, Result<String>>) -> Self {
        Self { held: Arc::new(Mutex::new(Some(pages))), let_go: Arc::default() }
    }
}

#[napi]
impl Pages {
    /// The next page, a list in JSON; `null` after the last one. It may be given up waiting for, and asked for again.
    #[napi]
    pub fn next<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let (held, let_go) = (Arc::clone(&self.held), Arc::clone(&self.let_go));
        run(env, call, async move {
            let mut held = held.lock().await;
            let Some(pages) = held.as_mut() else { return Ok(None) };
            let page = tokio::select! {
                page = pages.next() => page.transpose()?,
                () = let_go.notified() => None,
            };
            if page.is_none() {
                held.take();
            }
            Ok(page)
        })
    }

    /// Lets go of them, also while one is waited for, which then is none.
    #[napi]
    pub fn close(&self) {
        match self.held.try_lock() {
            Ok(mut held) => drop(held.take()),
            Err(_) => self.let_go.notify_one(),
        }
    }
}
