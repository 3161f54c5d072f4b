//! Something to be done, by whoever waits for it: a thread, or an event loop.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gatepass::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::task::AbortHandle;

use crate::errors;
use crate::runtime::{self, Process};

/// What came of it, as Python sees it; made where Python is.
pub(crate) type Answer = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;
/// What can be told without waiting, if it can.
type AtOnce = Box<dyn FnOnce(Python<'_>) -> PyResult<Option<Py<PyAny>>> + Send>;

/// How often a thread that waits looks whether somebody pressed Ctrl-C.
const SIGNALS: Duration = Duration::from_millis(50);

tokio::task_local! {
    /// Who waits for the task that runs.
    static WAITING: Waiting;
}

/// Who waits, so that functions of theirs are called where they are.
pub(crate) enum Waiting {
    /// A thread, which does what it is sent.
    Thread(Sender<Message>),
    /// An event loop of asyncio.
    Loop(Py<PyAny>),
}

pub(crate) enum Message {
    Done(Answer),
    Call(Box<dyn FnOnce(Python<'_>) + Send>),
}

/// Who waits for the task that runs; none for one in the background.
pub(crate) fn waiting() -> Option<Waiting> {
    WAITING
        .try_with(|waiting| match waiting {
            Waiting::Thread(sender) => Some(Waiting::Thread(sender.clone())),
            Waiting::Loop(event_loop) => Python::try_attach(|py| Waiting::Loop(event_loop.clone_ref(py))),
        })
        .ok()
        .flatten()
}

/// Something to be done once: `wait()` blocks until it is, `await` does not. Nothing happens before.
#[pyclass(frozen, module = "gatepass._gatepass")]
pub(crate) struct Operation {
    work: Mutex<Option<Work>>,
    at_once: Mutex<Option<AtOnce>>,
    process: Process,
}

impl Operation {
    /// This work, and how its result is shown to Python.
    pub(crate) fn new<T: Send + 'static>(
        work: impl Future<Output = Result<T>> + Send + 'static,
        show: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self {
        let work = async move {
            let done = work.await;
            Box::new(move |py: Python<'_>| match done {
                Ok(value) => show(py, value),
                Err(error) => Err(errors::raised(py, &error)),
            }) as Answer
        };
        Self {
            work: Mutex::new(Some(Box::pin(work))),
            at_once: Mutex::new(None),
            process: Process::current(),
        }
    }

    /// The same, unless there is nothing to wait for.
    pub(crate) fn unless(
        self,
        at_once: impl FnOnce(Python<'_>) -> PyResult<Option<Py<PyAny>>> + Send + 'static,
    ) -> Self {
        Self { at_once: Mutex::new(Some(Box::new(at_once))), ..self }
    }

    fn at_once(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let at_once = self.at_once.lock().unwrap_or_else(PoisonError::into_inner).take();
        let told = at_once.map_or(Ok(None), |at_once| at_once(py));
        if !matches!(told, Ok(None)) {
            self.work.lock().unwrap_or_else(PoisonError::into_inner).take(); // it is done once
        }
        told
    }

    fn take(&self, py: Python<'_>) -> PyResult<(Work, tokio::runtime::Handle)> {
        let handle = self.process.check().and_then(|()| runtime::handle());
        let handle = handle.map_err(|error| errors::raised(py, &error))?;
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let work = work.ok_or_else(|| {
            let text = "an operation is done once, and this one was waited for before";
            errors::raised(py, &Error::new(ErrorKind::InvalidInput, "operation_used", text))
        })?;
        Ok((work, handle))
    }
}

#[pymethods]
impl Operation {
    /// Does it, and waits. Other threads go on; Ctrl-C ends it.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(told) = self.at_once(py)? {
            return Ok(told);
        }
        let (work, runtime) = self.take(py)?;
        let (sender, messages) = channel();
        // A receiver is for one thread, and it is this one, which is only lent out meanwhile.
        let messages = Mutex::new(messages);
        let done = sender.clone();
        let task = async move {
            let answer = work.await;
            done.send(Message::Done(answer)).ok(); // whoever was interrupted waits no more
        };
        let task = runtime.spawn(WAITING.scope(Waiting::Thread(sender), task)).abort_handle();
        let _ends_with_us = Abort(task);
        loop {
            match next(py, &messages) {
                Ok(Message::Done(answer)) => return answer(py),
                Ok(Message::Call(call)) => call(py),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => {
                    runtime::end_with_the_interpreter(py);
                    return Err(errors::raised(py, &lost()));
                }
            }
        }
    }

    /// Does it, without blocking the event loop. Cancelling the task that waits ends it.
    fn __await__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(told) = self.at_once(py)? {
            return Ok(Py::new(py, Told(Mutex::new(Some(told))))?.into_any());
        }
        let event_loop = running_loop(py)?;
        let (work, runtime) = self.take(py)?;
        let future = event_loop.call_method0("create_future")?;
        let promise = Promise(Some((event_loop.clone().unbind(), future.clone().unbind())));
        let task = async move {
            let answer = work.await;
            promise.keep(answer);
        };
        let task = runtime.spawn(WAITING.scope(Waiting::Loop(event_loop.unbind()), task)).abort_handle();
        future.call_method1("add_done_callback", (Ender { task },))?;
        Ok(future.call_method0("__await__")?.unbind())
    }

    fn __repr__(&self) -> &'static str {
        "<gatepass operation: call wait(), or await it>"
    }
}

/// What is told at once, as a coroutine tells it: it is never suspended.
#[pyclass(frozen, module = "gatepass._gatepass")]
struct Told(Mutex<Option<Py<PyAny>>>);

#[pymethods]
impl Told {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> PyResult<()> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Err(pyo3::exceptions::PyStopIteration::new_err((told,)))
    }
}

fn next(
    py: Python<'_>,
    messages: &Mutex<Receiver<Message>>,
) -> std::result::Result<Message, RecvTimeoutError> {
    py.detach(|| messages.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(SIGNALS))
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "task_failed", "a task ended before it was done")
}

struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An event loop's future that is owed a result: one way or another it gets it, or its task would wait for ever.
struct Promise(Option<(Py<PyAny>, Py<PyAny>)>);

impl Promise {
    fn keep(mut self, answer: Answer) {
        self.settle(answer);
    }

    fn settle(&mut self, answer: Answer) {
        let Some((event_loop, future)) = self.0.take() else { return };
        // None where the interpreter is on its way out: nobody waits there any more.
        Python::try_attach(|py| {
            let (value, error) = match answer(py) {
                Ok(value) => (value, py.None()),
                Err(error) => (py.None(), error.into_value(py).into_any()),
            };
            let settle = wrap_pyfunction!(settle, py)?;
            // A loop that was closed meanwhile has nobody who waits.
            event_loop.call_method1(py, "call_soon_threadsafe", (settle, future, value, error)).map(drop)
        })
        .transpose()
        .ok();
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.settle(Box::new(|py| Err(errors::raised(py, &lost()))));
    }
}

/// On the loop's own thread.
#[pyfunction]
fn settle(future: &Bound<'_, PyAny>, value: Py<PyAny>, error: Bound<'_, PyAny>) -> PyResult<()> {
    if future.call_method0("done")?.is_truthy()? {
        return Ok(()); // cancelled meanwhile
    }
    let (method, value) =
        if error.is_none() { ("set_result", value) } else { ("set_exception", error.unbind()) };
    future.call_method1(method, (value,)).map(drop)
}

/// Ends the task of a future that was cancelled; of one that is done there is nothing left to end.
#[pyclass(frozen, module = "gatepass._gatepass")]
struct Ender {
    task: AbortHandle,
}

#[pymethods]
impl Ender {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.task.abort();
    }
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RUNNING.import(py, "asyncio", "get_running_loop")?.call0()
}
