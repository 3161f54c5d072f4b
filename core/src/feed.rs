//! What replicas follow: the server's side of [`wire::SNAPSHOT`](crate::wire::SNAPSHOT) and
//! [`wire::CHANGES`](crate::wire::CHANGES).
//!
//! A snapshot comes out of an index that is in memory anyway, so that many replicas that start together cost the
//! database nothing; it proves nothing. Only changes do, which are read from the database after they were asked for.

mod followers;
mod reads;
mod snapshot;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use self::followers::Followers;
pub use self::followers::ReplicaPoll;
pub use self::reads::FeedRead;
use self::reads::Reads;
pub use self::snapshot::Snapshot;
use crate::local::Local;
use crate::source::{self, Progress};
use crate::{Api, Error, ErrorKind, Result, Verifier};

/// How long what was read may take to be in the index as well.
const IN_INDEX_WITHIN: Duration = Duration::from_secs(1);

/// What replicas follow: see [`Gatepass::feed`](crate::Gatepass::feed). Cheap to clone.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Which follows for as long as there is a feed.
    verifier: Verifier,
    reached: watch::Receiver<Progress>,
    reads: Reads,
    followers: Followers,
}

impl Feed {
    pub(crate) fn new(local: &Local, verifier: &Verifier) -> Result<Self> {
        let followed = verifier.source().map(|source| source.watch());
        let reached = followed.filter(|reached| reached.borrow().roles.is_some()).ok_or_else(|| {
            let text = "a feed needs a verifier that follows the store";
            Error::new(ErrorKind::Unsupported, "verifier_without_store", text).with_field("verifier")
        })?;
        let reads = Reads::start(local.store.clone(), Arc::clone(&local.clock));
        let followers = Followers::start(local.store.clone(), Arc::clone(&local.clock));
        Ok(Self { verifier: verifier.clone(), reached, reads, followers })
    }

    /// All tokens of these APIs, line by line.
    pub fn snapshot(&self, apis: impl IntoIterator<Item = Api>) -> Snapshot {
        // How far it is, *before* the first token is looked at.
        let reached = self.reached.borrow().clone();
        Snapshot::new(self.verifier.clone(), reached, apis)
    }

    /// Notes who asks, and what it confirms to have, for all authorities of the store: to be called, and waited for,
    /// before it is given what was [`read`](Self::read).
    ///
    /// # Errors
    /// `too_many_replicas` (rate limited).
    pub async fn seen(&self, poll: ReplicaPoll) -> Result<()> {
        self.followers.seen(poll).await
    }

    /// How many replicas follow here now.
    pub fn replicas(&self) -> usize {
        self.followers.count()
    }

    /// Waits until there is something after this revision of this life of the store, as far as this process knows: a
    /// hint for when to [`read`](Self::read), and no more than that.
    ///
    /// # Errors
    /// `closed` where the store is followed no more.
    pub async fn changed(&self, epoch: &str, after: i64) -> Result<()> {
        let mut reached = self.reached.clone();
        let news =
            |Progress { position, .. }: &Progress| position.revision > after || position.epoch != epoch;
        reached.wait_for(news).await.map(drop).map_err(|_| source::closed())
    }

    /// What has changed since this revision of this life of the store: read from the database, by a transaction that
    /// began after this was called. Those who ask while one is under way share the next one.
    ///
    /// It is given out once the index has it too: whoever checks a credential by the index then checks it as of what was
    /// read, or later.
    ///
    /// # Errors
    /// Those of reading the store; unavailable, `index_behind`, where the index does not get there.
    pub async fn read(&self, epoch: &str, after: i64) -> Result<FeedRead> {
        let read = self.reads.ask(epoch, after).await?;
        let mut reached = self.reached.clone();
        let there = reached.wait_for(|Progress { position, .. }| {
            position.epoch == read.position().epoch && position.revision >= read.position().revision
        });
        match timeout(IN_INDEX_WITHIN, there).await {
            Ok(Ok(_)) => Ok(read),
            Ok(Err(_)) => Err(source::closed()),
            Err(_) => {
                let text = "the index of this process does not follow";
                Err(Error::new(ErrorKind::Unavailable, "index_behind", text))
            }
        }
    }
}
