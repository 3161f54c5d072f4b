//! What is read in pages: entries and resources, a page of either as the JSON text that it is.

use std::time::Duration;

use gatepass::{ListPages, Pages};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use crate::Failure;
use crate::runtime::run;

/// How long it is waited for a server to have heard that no more is wanted.
const MOST: Duration = Duration::from_secs(2);

pub(crate) type Json = Box<RawValue>;

#[derive(Debug)]
pub(crate) enum Source {
    Entries(Box<Pages>),
    Resources(Box<ListPages<Json>>),
}

/// Pages, one after another.
#[derive(Debug, uniffi::Object)]
pub struct PagesHandle(std::sync::Arc<Mutex<Option<Source>>>);

impl PagesHandle {
    pub(crate) fn new(source: Source) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self(std::sync::Arc::new(Mutex::new(Some(source)))))
    }
}

#[uniffi::export]
impl PagesHandle {
    /// The next page, as JSON: a list. None after the last.
    pub async fn next(&self) -> Result<Option<String>, Failure> {
        let source = self.0.clone();
        run(async move {
            match source.lock().await.as_mut() {
                Some(Source::Entries(pages)) => {
                    Ok(pages.next().await.transpose()?.map(|page| page.to_json().to_owned()))
                }
                Some(Source::Resources(pages)) => {
                    Ok(pages.next().await.transpose()?.map(|page| text(&page.resources)))
                }
                None => Ok(None),
            }
        })
        .await
    }

    /// Reads no more, and has the server let go of what it kept for this.
    pub async fn end(&self) -> Result<(), Failure> {
        let source = self.0.clone();
        run(async move {
            let ending = async {
                if let Some(Source::Entries(pages)) = source.lock().await.take() {
                    pages.close().await;
                }
            };
            // What takes longer goes on, and nobody waits for it.
            tokio::time::timeout(MOST, ending).await.ok();
            Ok(())
        })
        .await
    }
}

/// As JSON, of what always can be.
pub(crate) fn text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
