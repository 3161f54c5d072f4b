//! Whether something that was opened can still be asked.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gatepass::{Error, ErrorKind, Result};
use pyo3::prelude::*;

use crate::errors::Raise as _;
use crate::operation::Operation;
use crate::runtime::Process;

/// From its opening until it is closed, in the process that opened it.
#[derive(Debug)]
pub(crate) struct Life {
    what: &'static str,
    process: Process,
    closed: AtomicBool,
    /// What it was made of, and ends with.
    of: Option<Arc<Self>>,
}

impl Life {
    pub(crate) fn of(what: &'static str) -> Arc<Self> {
        Arc::new(Self { what, process: Process::current(), closed: AtomicBool::new(false), of: None })
    }

    /// One that ends with this one, or before.
    pub(crate) fn part(self: &Arc<Self>) -> Arc<Self> {
        let (closed, of) = (AtomicBool::new(false), Some(Arc::clone(self)));
        Arc::new(Self { what: self.what, process: self.process, closed, of })
    }

    /// Fails in another process, and after it was closed.
    pub(crate) fn check(&self) -> Result<()> {
        self.process.check()?;
        if self.is_closed() {
            let text = format!("this {} was closed", self.what);
            return Err(Error::new(ErrorKind::Closed, "closed", text));
        }
        Ok(())
    }

    /// Work on what was opened, unless it was closed or belongs to another process.
    pub(crate) fn ask<O: Clone, T, F>(
        &self,
        py: Python<'_>,
        opened: &O,
        work: impl FnOnce(O) -> F,
        show: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Operation>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.check().raise(py)?;
        Ok(Operation::new(work(opened.clone()), show))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.of.as_ref().is_some_and(|of| of.is_closed())
    }

    /// Whether there is something to be done about it: not twice, and not by a child, whose parent goes on using what both have.
    pub(crate) fn end(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel) && self.process.check().is_ok()
    }
}
