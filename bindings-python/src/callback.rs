//! Functions of the caller's, called where the caller is: a vault to deliver to, a source of secrets.

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::sync::oneshot;

use crate::operation::{Message, Waiting, waiting};

/// Calls `function` with what `argument` makes: on the thread that waits, so that it may block and be interrupted; on
/// the event loop that waits, where it may be a coroutine function; for what goes on in the background on a thread
/// of its own.
pub(crate) async fn call<A>(function: Py<PyAny>, argument: A) -> PyResult<Py<PyAny>>
where
    A: FnOnce(Python<'_>) -> PyResult<Vec<Py<PyAny>>> + Send + 'static,
{
    call_at(waiting(), function, argument).await
}

/// The same for what goes on in the background: on this loop, or on a thread of its own.
pub(crate) async fn call_in_background<A>(
    function: Py<PyAny>,
    event_loop: Option<Py<PyAny>>,
    argument: A,
) -> PyResult<Py<PyAny>>
where
    A: FnOnce(Python<'_>) -> PyResult<Vec<Py<PyAny>>> + Send + 'static,
{
    call_at(event_loop.map(Waiting::Loop), function, argument).await
}

/// The loop that a coroutine function was given on, for what it awaits there may belong to that loop; none for an ordinary
/// function, which would hold the loop up.
pub(crate) fn own_loop(function: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let found = helper(function.py(), "own_loop")?.call1((function,))?;
    Ok((!found.is_none()).then(|| found.unbind()))
}

async fn call_at<A>(place: Option<Waiting>, function: Py<PyAny>, argument: A) -> PyResult<Py<PyAny>>
where
    A: FnOnce(Python<'_>) -> PyResult<Vec<Py<PyAny>>> + Send + 'static,
{
    let (done, answer) = oneshot::channel();
    let gone = |()| PyRuntimeError::new_err("whoever waited for this is gone");
    match place {
        Some(Waiting::Thread(sender)) => {
            let call = move |py: Python<'_>| {
                done.send(invoke(py, &function, argument).and_then(|value| not_awaitable(py, value))).ok();
            };
            sender.send(Message::Call(Box::new(call))).map_err(|_| gone(()))?;
            answer.await.map_err(|_| gone(()))?
        }
        Some(Waiting::Loop(event_loop)) => {
            let scheduled = Python::attach(|py| {
                let arguments = argument(py)?;
                let helper = helper(py, "call")?.call1((function, arguments))?;
                let schedule = py.import("asyncio")?.getattr("run_coroutine_threadsafe")?;
                let scheduled = schedule.call1((helper, event_loop))?;
                let receiver = Receiver { done: std::sync::Mutex::new(Some(done)) };
                scheduled.call_method1("add_done_callback", (receiver,))?;
                PyResult::Ok(Scheduled(scheduled.unbind()))
            })?;
            let answer = answer.await.map_err(|_| gone(()))?;
            drop(scheduled);
            answer
        }
        None => {
            let call = move || {
                Python::attach(|py| {
                    let arguments = argument(py)?;
                    Ok(helper(py, "call_in_background")?.call1((function, arguments))?.unbind())
                })
            };
            tokio::task::spawn_blocking(call).await.map_err(|_| gone(()))?
        }
    }
}

fn invoke<A>(py: Python<'_>, function: &Py<PyAny>, argument: A) -> PyResult<Py<PyAny>>
where
    A: FnOnce(Python<'_>) -> PyResult<Vec<Py<PyAny>>>,
{
    let arguments = pyo3::types::PyTuple::new(py, argument(py)?)?;
    function.call1(py, arguments)
}

/// A coroutine that nobody awaits would be a delivery that never happened.
fn not_awaitable(py: Python<'_>, value: Py<PyAny>) -> PyResult<Py<PyAny>> {
    if helper(py, "discarded_awaitable")?.call1((&value,))?.is_truthy()? {
        let text = "a coroutine function needs gatepass.aio; here the function must be an ordinary one";
        return Err(PyTypeError::new_err(text));
    }
    Ok(value)
}

/// Of the package's few lines of Python that know asyncio.
fn helper<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("gatepass._calls").map(Bound::unbind))?;
    module.bind(py).getattr(name)
}

/// Takes what came of a call on the event loop.
#[pyclass(frozen, module = "gatepass._gatepass")]
struct Receiver {
    done: std::sync::Mutex<Option<oneshot::Sender<PyResult<Py<PyAny>>>>>,
}

#[pymethods]
impl Receiver {
    fn __call__(&self, future: &Bound<'_, PyAny>) {
        let done = self.done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(done) = done {
            done.send(future.call_method0("result").map(Bound::unbind)).ok();
        }
    }
}

/// A call on the event loop, which ends with the one who wanted it.
struct Scheduled(Py<PyAny>);

impl Drop for Scheduled {
    fn drop(&mut self) {
        Python::try_attach(|py| self.0.call_method0(py, "cancel").map(drop)).transpose().ok();
    }
}
