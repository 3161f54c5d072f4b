//! What is read in pages: entries and resources, a page of either as the JSON text that it is.

use std::sync::Arc;

use gatepass::{Credential, ListPages, Page, Pages, Result};
use pyo3::prelude::*;
use pyo3::types::PyString;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use crate::convert::none;
use crate::errors::Raise as _;
use crate::life::Life;
use crate::operation::Operation;

/// Pages, one after another.
#[pyclass(frozen, module = "gatepass._gatepass")]
pub(crate) struct Cursor {
    reading: Arc<Mutex<Reading>>,
    life: Arc<Life>,
}

struct Reading {
    source: Option<Source>,
    /// Asked before anything is read: a function that gives it is called where the caller is, and not in the background,
    /// where pages are read.
    credential: Option<Credential>,
}

pub(crate) enum Source {
    Entries(Box<Pages>),
    Resources(Box<ListPages<Box<RawValue>>>),
}

enum Text {
    OfEntries(Page),
    OfResources(String),
}

impl Cursor {
    pub(crate) fn new(source: Source, credential: Credential, life: Arc<Life>) -> Self {
        let reading = Reading { source: Some(source), credential: Some(credential) };
        Self { reading: Arc::new(Mutex::new(reading)), life }
    }
}

#[pymethods]
impl Cursor {
    /// The next page, as JSON: a list. None after the last.
    fn next(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.check().raise(py)?;
        let reading = Arc::clone(&self.reading);
        let next = async move { reading.lock().await.next().await.transpose() };
        Ok(Operation::new(next, |py, page| {
            Ok(match page {
                None => py.None(),
                Some(Text::OfEntries(page)) => PyString::new(py, page.to_json()).into_any().unbind(),
                Some(Text::OfResources(text)) => PyString::new(py, &text).into_any().unbind(),
            })
        }))
    }

    /// Reads no more, and has the server let go of what it kept for this.
    fn close(&self) -> Operation {
        let reading = Arc::clone(&self.reading);
        let close = async move {
            let source = reading.lock().await.source.take();
            if let Some(Source::Entries(pages)) = source {
                pages.close().await;
            }
            Ok(())
        };
        Operation::new(close, none)
    }
}

impl Reading {
    async fn next(&mut self) -> Option<Result<Text>> {
        if let Some(credential) = self.credential.take()
            && let Err(error) = credential.secret().await
        {
            return Some(Err(error));
        }
        match self.source.as_mut()? {
            Source::Entries(pages) => Some(pages.next().await?.map(Text::OfEntries)),
            Source::Resources(pages) => {
                Some(pages.next().await?.map(|page| Text::OfResources(list(&page.resources))))
            }
        }
    }
}

/// Texts of JSON, as the text of a list of them.
pub(crate) fn list(of: &[Box<RawValue>]) -> String {
    let mut text = String::with_capacity(2 + of.iter().map(|one| one.get().len() + 1).sum::<usize>());
    text.push('[');
    for (number, one) in of.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        text.push_str(one.get());
    }
    text.push(']');
    text
}
