//! The one runtime of this process, and what a fork does to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use gatepass::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

/// How many forks lie between the first process that loaded this and the one that runs it now.
static FORKS: AtomicU64 = AtomicU64::new(0);
/// Whether the interpreter is on its way out.
static ENDING: AtomicBool = AtomicBool::new(false);
static RUNTIME: ArcSwapOption<Runtime> = ArcSwapOption::const_empty();

/// The process that something was made in. Threads do not survive a fork, nor does what they were doing: whatever
/// needs them asks [`Process::check`] first, and so fails at once where it would else wait for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u64);

impl Process {
    /// The one that runs now. Cheaper than asking the system for its number.
    #[inline]
    pub(crate) fn current() -> Self {
        Self(FORKS.load(Ordering::Relaxed))
    }

    /// Fails in any other process.
    #[inline]
    pub(crate) fn check(self) -> Result<()> {
        if self == Self::current() { Ok(()) } else { Err(forked()) }
    }
}

#[cold]
fn forked() -> Error {
    let text = "this was opened before os.fork(), and a child has none of its threads; open it in each process, \
                for example in gunicorn's post_fork or at the first request";
    Error::new(ErrorKind::Closed, "forked", text)
}

/// Made when first needed, and again after a fork. No lock: one that another thread held during the fork would stay
/// locked in the child.
pub(crate) fn handle() -> Result<Handle> {
    if let Some(runtime) = RUNTIME.load().as_ref() {
        return Ok(runtime.handle().clone());
    }
    let made = Builder::new_multi_thread().worker_threads(2).thread_name("gatepass").enable_all().build();
    let made = made.map_err(|error| {
        Error::new(ErrorKind::Internal, "no_runtime", "no threads can be started").with_cause(error)
    })?;
    let made = Arc::new(made);
    let earlier = RUNTIME.compare_and_swap(&None::<Arc<Runtime>>, Some(Arc::clone(&made)));
    match earlier.as_ref() {
        None => Ok(made.handle().clone()),
        // Another thread was faster; ours ends without having done anything.
        Some(runtime) => Ok(runtime.handle().clone()),
    }
}

/// Where a thread waits for what was ended with the interpreter: a daemon thread, for all others have ended by then, and
/// Python stops those wherever they are.
pub(crate) fn end_with_the_interpreter(py: Python<'_>) {
    while ENDING.load(Ordering::Acquire) {
        py.detach(std::thread::park);
    }
}

/// Told by `os.register_at_fork`, in the child.
#[pyfunction]
pub(crate) fn after_fork_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    // Dropping it would wait for threads that are not there.
    std::mem::forget(RUNTIME.swap(None));
}

/// Told by `atexit`: what follows a store in the background ends before the interpreter does.
#[pyfunction]
pub(crate) fn shut_down(py: Python<'_>) {
    ENDING.store(true, Ordering::Release);
    py.detach(|| {
        if let Some(runtime) = RUNTIME.swap(None).and_then(|runtime| Arc::try_unwrap(runtime).ok()) {
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        }
    });
}
