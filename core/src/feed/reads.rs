//! Changes, read from the database for many who ask at once.
//!
//! Whoever asks joins those who wait for the next read, which begins when the one before has ended. So nobody is
//! answered by a read that began before they asked, and two hundred who are woken by one change cost one read.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use sqlx::AnyConnection;
use tokio::sync::{mpsc, oneshot};

use crate::store::fault::{fault, in_time};
use crate::store::head::Head;
use crate::store::tokens::{self, Deleted};
use crate::store::{Store, roles, validators, writer};
use crate::wire::{Changes, Packed, Position, StartOver, ValidatorsTold};
use crate::{Api, Clock, Error, ExternalTokenValidator, Result, RoleBook, Timestamp, TokenRecord};

/// Who has missed more than so many changes loads a snapshot.
const MOST_CHANGES: i64 = 100_000;
/// An answer is kept below some 16 MiB, for a client does not read without an end.
const MOST_BYTES: usize = 16 << 20;
/// What a token takes beside its texts.
const BYTES: usize = 256;
/// Those who wait for the next read; more wait outside.
const WAITING: usize = 4096;

/// The way to the one who reads. It ends when the last one is dropped.
#[derive(Debug, Clone)]
pub(super) struct Reads(mpsc::Sender<Ask>);

#[derive(Debug)]
struct Ask {
    epoch: String,
    after: i64,
    reply: oneshot::Sender<Result<FeedRead>>,
}

/// What the database said, as of one moment.
#[derive(Debug, Clone)]
pub struct FeedRead {
    position: Position,
    /// The revision of the last change of validators.
    validators_revision: i64,
    now: Timestamp,
    after: i64,
    /// Changes since `after` or earlier; or why there are none.
    changes: Result<Arc<Since>, StartOver>,
}

/// What has changed since some revision, in no order; each with its own.
#[derive(Debug, Default)]
struct Since {
    tokens: Vec<(i64, TokenRecord)>,
    deleted: Vec<Deleted>,
    roles: Option<(i64, RoleBook)>,
    validators: Option<(i64, Vec<ExternalTokenValidator>)>,
}

impl FeedRead {
    /// Where the store was.
    pub const fn position(&self) -> &Position {
        &self.position
    }

    /// What this says to one who may verify tokens of these APIs.
    pub fn into_changes(self, nonce: impl Into<String>, apis: impl IntoIterator<Item = Api>) -> Changes {
        let mut apis: Vec<Api> = apis.into_iter().collect();
        apis.sort_unstable();
        apis.dedup();
        let mut changes = Changes {
            nonce: nonce.into(),
            position: self.position,
            now: self.now,
            apis,
            credential_expires_on: None,
            start_over: None,
            roles: None,
            validators: Some(ValidatorsTold { revision: self.validators_revision, list: None }),
            tokens: Vec::new(),
            deleted: Vec::new(),
        };
        let since = match self.changes {
            Ok(since) => since,
            Err(reason) => return Changes { start_over: Some(reason), ..changes },
        };
        let has = |api: Api| changes.apis.contains(&api);
        let wanted = since.tokens.iter().filter(|(at, record)| *at > self.after && has(record.token().api));
        let wanted: Vec<_> = wanted.map(|(_, record)| record).collect();
        if wanted.iter().map(|record| size(record)).sum::<usize>() > MOST_BYTES {
            return Changes { start_over: Some(StartOver::Behind), ..changes };
        }
        let deleted =
            since.deleted.iter().filter(|gone| gone.revision > self.after && gone.api.is_none_or(has));
        changes.deleted = deleted.map(|gone| gone.id).collect();
        let roles = since.roles.as_ref().filter(|(at, _)| *at > self.after && has(Api::Config));
        changes.roles = roles.map(|(_, book)| book.clone());
        if let Some((at, all)) = since.validators.as_ref().filter(|(at, _)| *at > self.after) {
            changes.validators = Some(ValidatorsTold::new(*at, all, &changes.apis));
        }
        changes.tokens = wanted.into_iter().map(|record| Packed::from(record).into_owned()).collect();
        changes
    }
}

fn size(record: &TokenRecord) -> usize {
    let token = record.token();
    let texts = token.roles.iter().chain(&token.scopes).chain(&token.target_dn).map(String::len);
    BYTES + token.name.len() + 64 * token.networks.len() + texts.sum::<usize>()
}

impl Reads {
    pub(super) fn start(store: Store, clock: Arc<dyn Clock>) -> Self {
        let (asks, waiting) = mpsc::channel(WAITING);
        tokio::spawn(Reader { store, clock, conn: None }.run(waiting));
        Self(asks)
    }

    /// What has changed since this revision, by a read that begins later than now.
    pub(super) async fn ask(&self, epoch: &str, after: i64) -> Result<FeedRead> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask { epoch: epoch.to_owned(), after, reply };
        self.0.send(ask).await.map_err(|_| writer::closed())?;
        answer.await.map_err(|_| writer::closed())?
    }
}

struct Reader {
    store: Store,
    clock: Arc<dyn Clock>,
    conn: Option<AnyConnection>,
}

/// One read: where the store was, when, and what had changed since `least`.
struct Read {
    head: Head,
    now: Timestamp,
    since: Arc<Since>,
}

impl Reader {
    async fn run(mut self, mut waiting: mpsc::Receiver<Ask>) {
        let mut asks = Vec::new();
        while waiting.recv_many(&mut asks, WAITING).await > 0 {
            asks.retain(|ask| !ask.reply.is_closed());
            if asks.is_empty() {
                continue;
            }
            let read = self.read(&asks).await.map_err(|error| self.store.named(error));
            for ask in asks.drain(..) {
                let answer = read.as_ref().map(|read| read.answer(&ask)).map_err(Error::clone);
                ask.reply.send(answer).ok(); // whoever asked may have gone
            }
        }
    }

    /// A connection may have died while nobody looked, so that another one is tried.
    async fn read(&mut self, asks: &[Ask]) -> Result<Read> {
        if let Some(conn) = self.conn.take()
            && let Ok(read) = self.read_on(conn, asks).await
        {
            return Ok(read);
        }
        let conn = self.store.connect().await?;
        self.read_on(conn, asks).await
    }

    async fn read_on(&mut self, mut conn: AnyConnection, asks: &[Ask]) -> Result<Read> {
        self.store.way().check()?;
        let begun = async {
            sqlx::raw_sql(self.store.kind().begin_snapshot()).execute(&mut conn).await.map_err(fault)?;
            Head::read(&mut conn).await
        };
        let head = in_time(begun).await?;
        let now = self.clock.now();
        let behind = asks.iter().filter(|ask| why_not(ask, &head).is_none()).map(|ask| ask.after);
        let since = match behind.min().filter(|after| *after < head.revision) {
            Some(after) => since(&mut conn, after, &head).await?,
            None => Since::default(),
        };
        in_time(async { sqlx::query("COMMIT").execute(&mut conn).await.map_err(fault) }).await?;
        self.conn = Some(conn);
        Ok(Read { head, now, since: Arc::new(since) })
    }
}

impl Read {
    fn answer(&self, ask: &Ask) -> FeedRead {
        let changes = why_not(ask, &self.head).map_or_else(|| Ok(Arc::clone(&self.since)), Err);
        FeedRead {
            position: self.head.position(),
            validators_revision: self.head.validators_revision,
            now: self.now,
            after: ask.after,
            changes,
        }
    }
}

/// Why this one cannot be told what has changed.
fn why_not(ask: &Ask, head: &Head) -> Option<StartOver> {
    if ask.epoch != head.epoch {
        Some(StartOver::OtherEpoch)
    } else if ask.after > head.revision {
        Some(StartOver::Ahead)
    } else if ask.after < head.kept_from {
        Some(StartOver::Forgotten)
    } else if head.revision.saturating_sub(ask.after) > MOST_CHANGES {
        Some(StartOver::Behind)
    } else {
        None
    }
}

async fn since(conn: &mut AnyConnection, after: i64, head: &Head) -> Result<Since> {
    let mut since = Since { deleted: in_time(tokens::deleted_since(conn, after)).await?, ..Since::default() };
    if head.roles_revision > after {
        since.roles = Some((head.roles_revision, in_time(roles::read_all(conn)).await?));
    }
    if head.validators_revision > after {
        let validators = in_time(validators::read_understood(conn)).await?;
        since.validators = Some((head.validators_revision, validators));
    }
    let mut rows = sqlx::query(tokens::CHANGED_SINCE).bind(after).fetch(conn);
    while let Some(row) = in_time(async { rows.try_next().await.map_err(fault) }).await? {
        let stored = tokens::from_row(&row)?;
        since.tokens.push((stored.revision, stored.record));
    }
    Ok(since)
}
