//! Uses of secrets from before a rotation, for the audit trail: told of while a request is answered, written down
//! after.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use gatepass::{Acting, Actor, Api, Gatepass, TokenId};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Uses that may wait to be written down; what comes on top is counted in the metrics alone.
const WAITING: usize = 256;
/// One token's uses are written down so far apart, however many there are.
const APART: Duration = Duration::from_mins(1);
/// Tokens of which that is remembered.
const REMEMBERED: usize = 4096;

/// A use of an old secret.
pub(crate) struct Use {
    pub(crate) api: Api,
    pub(crate) id: TokenId,
    pub(crate) secret: Zeroizing<String>,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) request_id: String,
    /// Who was shown it, where that is not this authority itself.
    pub(crate) shown_to: Option<Actor>,
}

/// The way to what writes them down.
pub(crate) struct Superseded(mpsc::Sender<Use>);

impl Superseded {
    /// Starts what writes them down. It ends when this is dropped.
    pub(crate) fn start(gatepass: Gatepass) -> Self {
        let (uses, waiting) = mpsc::channel(WAITING);
        tokio::spawn(write(gatepass, waiting));
        Self(uses)
    }

    /// Tells of one. Never waits.
    pub(crate) fn tell(&self, used: Use) {
        self.0.try_send(used).ok(); // as said at WAITING
    }
}

async fn write(gatepass: Gatepass, mut waiting: mpsc::Receiver<Use>) {
    let clock = gatepass.clock();
    let mut last: HashMap<TokenId, Duration> = HashMap::new();
    while let Some(used) = waiting.recv().await {
        let now = clock.boot_time();
        if last.get(&used.id).is_some_and(|then| now.saturating_sub(*then) < APART) {
            continue;
        }
        last.retain(|_, then| now.saturating_sub(*then) < APART);
        if last.len() < REMEMBERED {
            last.insert(used.id, now);
        }
        let actor = used.shown_to.unwrap_or_else(|| Actor::Owner("authority".to_owned()));
        let mut acting = Acting::new(actor).with_request_id(used.request_id);
        acting.peer = used.peer;
        // The core looks again, in the store, and writes it down where it is so.
        let checked =
            gatepass.acting(acting).tokens().check_secret(used.api, [""; 0], &used.secret, used.peer).await;
        if let Err(error) = checked {
            tracing::warn!(code = error.code(), "the use of an old secret could not be written down");
        }
    }
}
