//! The one runtime of a process, on which everything is done that waits.

use std::sync::LazyLock;

use gatepass::{Error, ErrorKind};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::Failure;

static RUNTIME: LazyLock<std::io::Result<Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().thread_name("gatepass").enable_all().build());

/// Does this on the runtime. Whoever waits on the other side is never blocked, and a coroutine that is cancelled drops
/// this future, which ends the work where it is.
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = gatepass::Result<T>> + Send + 'static,
) -> Result<T, Failure> {
    let mut task = AbortOnDrop(runtime()?.spawn(work));
    match (&mut task.0).await {
        Ok(done) => Ok(done?),
        // The panic's own text may quote anything.
        Err(_) => Err(Error::new(ErrorKind::Internal, "panicked", "a defect in Gatepass").into()),
    }
}

/// Does this where tasks that it starts find the runtime.
pub(crate) fn within<T>(work: impl FnOnce() -> gatepass::Result<T>) -> Result<T, Failure> {
    let _entered = runtime()?.enter();
    Ok(work()?)
}

fn runtime() -> Result<&'static Runtime, Failure> {
    RUNTIME.as_ref().map_err(|error| {
        let text = format!("the runtime cannot be started: {error}");
        Error::new(ErrorKind::Internal, "runtime", text).into()
    })
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
