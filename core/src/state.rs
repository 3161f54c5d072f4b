//! How a verifier is doing: for readiness probes, metrics and logs.

use std::time::Duration;

#[cfg(feature = "service")]
use crate::Verifier;
use crate::{Error, Timestamp};

/// How a verifier is doing at this moment.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct VerifierState {
    /// The number of the last change that is in the index; 0 where it follows nothing.
    pub revision: i64,
    /// How long ago everything was known to be in the index; none before the first proof, and where it follows nothing.
    pub age: Option<Duration>,
    /// Whether that is so long ago that every check is denied.
    pub stale: bool,
    /// Whether whom it follows answered, the last time that it was asked.
    pub connected: bool,
    /// How many tokens are in the index.
    pub tokens: usize,
    /// Whom it follows: a store or a server, without a password; empty where it follows nothing.
    pub place: String,
    /// Why it is not connected, if it was tried.
    pub trouble: Option<Error>,
    /// When the credential ends by which it follows, where it is known: it has to be rotated before.
    pub credential_expires_on: Option<Timestamp>,
}

impl VerifierState {
    /// Whether something has changed that is worth telling. Its age always has.
    #[cfg(feature = "service")]
    fn differs(&self, other: &Self) -> bool {
        fn told(state: &VerifierState) -> impl PartialEq + '_ {
            let code = state.trouble.as_ref().map(Error::code);
            let place = state.place.as_str();
            (
                state.revision,
                state.stale,
                state.connected,
                state.tokens,
                place,
                code,
                state.credential_expires_on,
            )
        }
        told(self) != told(other)
    }
}

/// How often it is looked whether it is stale, whatever its age was.
#[cfg(feature = "service")]
const LOOKING: Duration = Duration::from_secs(1);

/// A verifier's state, to be watched: see [`Verifier::watch`].
#[cfg(feature = "service")]
#[derive(Debug)]
pub struct StateWatch {
    verifier: Verifier,
    progress: Option<tokio::sync::watch::Receiver<crate::source::Progress>>,
    last: VerifierState,
}

#[cfg(feature = "service")]
impl StateWatch {
    pub(crate) fn new(verifier: Verifier) -> Self {
        let progress = verifier.source().map(|source| source.watch());
        let last = verifier.state();
        Self { verifier, progress, last }
    }

    /// The state as it was told last.
    pub fn last(&self) -> &VerifierState {
        &self.last
    }

    /// Waits until something other than the age has changed, and tells the state as it is then: that it is `stale`
    /// within a moment of when it becomes so, and at once when it no longer is. None when it will change no more.
    pub async fn changed(&mut self) -> Option<VerifierState> {
        loop {
            let state = self.verifier.state();
            if state.differs(&self.last) {
                self.last = state.clone();
                return Some(state);
            }
            let progress = self.progress.as_mut()?;
            let ages = async {
                match self.verifier.left() {
                    // A clock that is set back may end it, too.
                    Some(_) if state.stale => tokio::time::sleep(LOOKING).await,
                    // It is believed through its last millisecond. Clocks may be set meanwhile, or the machine suspended.
                    Some(left) => tokio::time::sleep((left + Duration::from_millis(1)).min(LOOKING)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = progress.changed() => if changed.is_err() {
                    self.progress = None; // once more, for what was said last
                },
                () = ages => {}
            }
        }
    }
}
