//! What is found, a page at a time: each page is one text in JSON, which JavaScript reads faster than anything that could
//! be made of it here.

use std::sync::Arc;

use gatepass::{ListPages, Result};
use napi::bindgen_prelude::{Env, PromiseRaw};
use napi_derive::napi;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, Notify};

use crate::call::{Call, run};
use crate::error::write;

/// Where pages come from.
pub(crate) enum Reading {
    Search(Box<gatepass::Pages>),
    List(Box<ListPages<Box<RawValue>>>),
}

impl Reading {
    async fn next(&mut self) -> Option<Result<String>> {
        Some(match self {
            Self::Search(pages) => pages.next().await?.map(|page| page.to_json().to_owned()),
            Self::List(pages) => pages.next().await?.and_then(|page| write(&page.resources)),
        })
    }

    async fn close(self) {
        if let Self::Search(pages) = self {
            pages.close().await;
        }
    }
}

/// The pages of a search or a list. Forgotten before its end, it ends on the server too.
#[napi]
pub struct Pages {
    /// Gone when it was let go of.
    reading: Arc<Mutex<Option<Reading>>>,
    let_go: Arc<Notify>,
}

impl Pages {
    pub(crate) fn new(reading: Reading) -> Self {
        Self { reading: Arc::new(Mutex::new(Some(reading))), let_go: Arc::default() }
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
        let (reading, let_go) = (Arc::clone(&self.reading), Arc::clone(&self.let_go));
        run(env, call, async move {
            let mut reading = reading.lock().await;
            let Some(pages) = reading.as_mut() else { return Ok(None) };
            tokio::select! {
                page = pages.next() => page.transpose(),
                () = let_go.notified() => Ok(None),
            }
        })
    }

    /// Lets go of them, also while one is waited for, which then is none; and waits until the server has heard of it.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let reading = Arc::clone(&self.reading);
        self.let_go.notify_one();
        run(env, None, async move {
            let reading = reading.lock().await.take();
            if let Some(reading) = reading {
                reading.close().await;
            }
            Ok(())
        })
    }
}
