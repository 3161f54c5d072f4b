//! Reading in pages, each asked for while the caller is busy with the one before, and never more than one.

use std::fmt;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::trace::TraceContext;
use crate::{Error, ErrorKind, Result};

/// What is read in pages. It is dropped when there are no more, when reading failed, and when nobody wants more: also in
/// the middle of a request.
pub(crate) trait Cursor: Send + 'static {
    type Page: Send + 'static;

    /// The next page; none after the last.
    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Page>>> + Send;
}

type Fetched<C> = (C, Result<Option<<C as Cursor>::Page>>);

pub(crate) struct Ahead<C: Cursor>(State<C>);

enum State<C: Cursor> {
    /// Nothing was asked yet.
    New(Option<C>),
    Fetching(JoinHandle<Fetched<C>>),
    Ended,
}

impl<C: Cursor> Ahead<C> {
    pub(crate) const fn new(cursor: C) -> Self {
        Self(State::New(Some(cursor)))
    }

    /// What is read, to be ended in order; a page that is on its way is waited for. None where it has ended already.
    pub(crate) async fn into_cursor(mut self) -> Option<C> {
        match std::mem::replace(&mut self.0, State::Ended) {
            State::New(cursor) => cursor,
            State::Fetching(task) => task.await.ok().map(|(cursor, _)| cursor),
            State::Ended => None,
        }
    }

    /// The next page; none after the last, and after an error. Whoever stops waiting for it and asks again gets it then.
    pub(crate) async fn next(&mut self) -> Option<Result<C::Page>> {
        if let State::New(cursor) = &mut self.0 {
            let Ok(runtime) = Handle::try_current() else {
                let text = "pages are read within a tokio runtime";
                return Some(Err(Error::new(ErrorKind::Internal, "runtime_missing", text)));
            };
            self.0 = cursor.take().map_or(State::Ended, |cursor| fetch(&runtime, cursor));
        }
        let State::Fetching(task) = &mut self.0 else { return None };
        let joined = task.await;
        self.0 = State::Ended;
        let (cursor, fetched) = match joined {
            Ok(fetched) => fetched,
            Err(error) if error.is_panic() => {
                let text = "reading a page failed for a defect in Gatepass";
                return Some(Err(Error::new(ErrorKind::Internal, "reading_failed", text)));
            }
            Err(_) => {
                let text = "the runtime that was reading has been shut down";
                return Some(Err(Error::new(ErrorKind::Closed, "runtime_closed", text)));
            }
        };
        if let (Ok(Some(_)), Ok(runtime)) = (&fetched, Handle::try_current()) {
            self.0 = fetch(&runtime, cursor);
        }
        fetched.transpose()
    }
}

fn fetch<C: Cursor>(runtime: &Handle, mut cursor: C) -> State<C> {
    let trace = TraceContext::current();
    let fetching = async move {
        let fetched = cursor.next().await;
        (cursor, fetched)
    };
    State::Fetching(match trace {
        Some(trace) => runtime.spawn(trace.scope(fetching)),
        None => runtime.spawn(fetching),
    })
}

impl<C: Cursor> fmt::Debug for Ahead<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::New(_) => "New",
            State::Fetching(_) => "Fetching",
            State::Ended => "Ended",
        })
    }
}

impl<C: Cursor> Drop for Ahead<C> {
    fn drop(&mut self) {
        if let State::Fetching(task) = &self.0 {
            task.abort();
        }
    }
}
