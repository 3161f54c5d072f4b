//! What keeps an index up to date, as its verifier sees it: how far it has come, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::usage::Uses;
use crate::wire::Position;
use crate::{Error, ErrorKind, Result, Timestamp};

/// How long closing waits for what is under way.
const CLOSING: Duration = Duration::from_secs(5);

/// How far it has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// What is in the index.
    pub(crate) position: Position,
    /// The roles that the tokens are bound by; where it follows a store.
    #[cfg(feature = "store")]
    pub(crate) roles: Option<Arc<crate::RoleBook>>,
    /// The external token validators, and the revision of their last change; likewise.
    #[cfg(feature = "store")]
    pub(crate) validators: Arc<Vec<crate::ExternalTokenValidator>>,
    #[cfg(feature = "store")]
    pub(crate) validators_revision: i64,
    /// Whether it was answered, the last time that it asked.
    pub(crate) connected: bool,
    /// Whom it asks.
    pub(crate) place: String,
    /// Why it was not answered.
    pub(crate) trouble: Option<Error>,
    /// When its own credential ends.
    pub(crate) credential_expires_on: Option<Timestamp>,
}

/// The verifier's side. What follows ends when nobody holds it any more.
#[derive(Debug)]
pub(crate) struct Source {
    progress: watch::Receiver<Progress>,
    stop: watch::Sender<bool>,
    /// What the guards were asked, to be reported; none where that is not wanted.
    uses: Option<Arc<Uses>>,
}

/// The side of what follows.
#[derive(Debug)]
pub(crate) struct Follow {
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) stop: Stop,
}

/// Tells a task that it is to end.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits until it is to end.
    pub(crate) async fn told(&mut self) {
        self.0.wait_for(|stop| *stop).await.ok(); // nobody is left who could tell: that tells as well
    }
}

impl Source {
    /// Both sides.
    pub(crate) fn new(place: String, uses: Option<Arc<Uses>>) -> (Self, Follow) {
        let (progress, seen) = watch::channel(Progress { place, ..Progress::default() });
        let (stop, stopped) = watch::channel(false);
        (Self { progress: seen, stop, uses }, Follow { progress, stop: Stop(stopped) })
    }

    pub(crate) fn uses(&self) -> Option<&Arc<Uses>> {
        self.uses.as_ref()
    }

    pub(crate) fn stop(&self) -> Stop {
        Stop(self.stop.subscribe())
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    pub(crate) fn revision(&self) -> i64 {
        self.progress.borrow().position.revision
    }

    /// To be told of progress.
    pub(crate) fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Waits until the index has this change.
    pub(crate) async fn wait_for(&self, revision: i64) -> Result<()> {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| progress.position.revision >= revision).await;
        reached.map(drop).map_err(|_| closed())
    }

    /// Ends what follows, once what is under way is done.
    pub(crate) async fn close(&self) {
        self.stop.send_replace(true);
        timeout(CLOSING, self.stop.closed()).await.ok(); // what takes longer ends when it can
    }
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "closed", "this verifier follows nothing any more")
}

/// Why an index cannot be written any more.
pub(crate) fn lent() -> Error {
    Error::new(ErrorKind::Internal, "task_failed", "the index was lost while it was loaded")
}

/// Why a verifier is not given, after the deadline.
pub(crate) fn not_ready(trouble: Option<Error>) -> Error {
    let text = "the verifier does not know all tokens yet";
    let error = Error::new(ErrorKind::Unavailable, "verifier_not_ready", text);
    match trouble {
        Some(trouble) => error.with_cause(trouble),
        None => error,
    }
}
