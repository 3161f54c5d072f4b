//! Whom a replica asks.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use reqwest::Method;

use crate::Result;
use crate::client::{Request, Sender};
use crate::wire::{self, Changes, Position};

/// A snapshot comes for so long at the most: a great one over a slow line.
const SNAPSHOT: Duration = Duration::from_mins(30);
/// Between two parts of it, so long at the most.
const PAUSE: Duration = Duration::from_secs(15);

/// A poll.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// What the replica has.
    pub(crate) position: Position,
    /// How long to wait for more.
    pub(crate) wait: Duration,
    pub(crate) nonce: String,
    pub(crate) replica: String,
    /// After this long without an answer the replica denies everything.
    pub(crate) max_staleness: Duration,
}

/// An authority, or several of one store of which one is asked.
#[async_trait]
pub(crate) trait Upstream: Debug + Send + Sync {
    /// Which one is asked now.
    fn place(&self) -> String;
    /// Asks another one from now on, unless another one is asked already.
    fn turn_from(&self, place: &str);
    /// All tokens, as lines (`wire::SNAPSHOT`) in parts of any length.
    async fn snapshot(&self) -> Result<BoxStream<'static, Result<Bytes>>>;
    /// What has changed, told within `limit`.
    async fn changes(&self, ask: &Ask, limit: Duration) -> Result<Changes>;
}

#[async_trait]
impl Upstream for Sender {
    fn place(&self) -> String {
        self.base().to_string()
    }

    fn turn_from(&self, place: &str) {
        let base = self.base();
        if base.as_str() == place {
            Self::turn_from(self, base);
        }
    }

    async fn snapshot(&self) -> Result<BoxStream<'static, Result<Bytes>>> {
        let request = Request::new(Method::GET, wire::SNAPSHOT).accepts(wire::LINES).once_for(SNAPSHOT);
        Ok(self.stream(request, PAUSE).await?.boxed())
    }

    async fn changes(&self, ask: &Ask, limit: Duration) -> Result<Changes> {
        let millis = |span: Duration| format!("{}ms", span.as_millis());
        let request = Request::new(Method::GET, wire::CHANGES).once_for(limit).query(&[
            ("store", ask.position.store_id.as_str()),
            ("epoch", ask.position.epoch.as_str()),
            ("after", &ask.position.revision.to_string()),
            ("wait", &millis(ask.wait)),
            ("nonce", &ask.nonce),
            ("replica", &ask.replica),
            ("staleness", &millis(ask.max_staleness)),
        ]);
        self.send(request).await?.json()
    }
}
