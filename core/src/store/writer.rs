//! The one who writes: changes that wait are committed together, so that many share one sync to disk.
//!
//! While a commit is under way others queue; the next transaction takes all of them. Each is answered after
//! the commit that holds it. A change that is refused must leave nothing behind: one that had already written
//! undoes the whole transaction, and the changes are then made again, each in a transaction of its own.

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::Way;
use super::fault::fault;
use super::head::Head;
use super::location::Kind;
use super::transaction::Transaction;
use crate::{Clock, Error, ErrorKind, Result};

/// Changes in one transaction, at the most: what one of them waits for stays bounded.
const MOST_TOGETHER: usize = 512;
/// Changes that may wait; more wait outside.
const QUEUE: usize = 4096;

/// How long beginning may take: longer than a lock is waited for (`Kind::setup`). A server that says nothing until
/// then is not there any more, whatever TCP thinks.
const BEGINNING: Duration = Duration::from_secs(15);
/// How long a whole transaction may take on a server. A file's disk is waited for: it is still at it.
const COMMITTING: Duration = Duration::from_mins(1);

/// Something that changes the store, all of it or nothing. It may be tried twice, so it keeps nothing.
pub(crate) trait Change: Send + Sync + 'static {
    /// What it answers once it is durable.
    type Output: Send + 'static;

    /// Whether [`apply_all`](Self::apply_all) does better than making it after the other ones, and it does not matter
    /// to it what they did.
    fn together(&self) -> bool {
        false
    }

    /// Makes the change.
    fn apply(&self, tx: &mut Transaction) -> impl Future<Output = Result<Self::Output>> + Send;

    /// Makes several, each as if it were alone, in this order. One that is refused has written nothing; an error is a
    /// fault of the store.
    fn apply_all(
        changes: &[&Self],
        tx: &mut Transaction,
    ) -> impl Future<Output = Result<Vec<Result<Self::Output>>>> + Send
    where
        Self: Sized,
    {
        async move {
            let mut outcomes = Vec::with_capacity(changes.len());
            for change in changes {
                outcomes.push(change.apply(tx).await);
            }
            Ok(outcomes)
        }
    }
}

/// The way to the writer. When the last one is dropped, the writer finishes what waits and closes.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    messages: mpsc::Sender<Message>,
    revision: watch::Receiver<i64>,
}

impl Writer {
    /// Starts the task that writes, on a connection of its own.
    pub(crate) fn start(conn: AnyConnection, way: Way, clock: Arc<dyn Clock>) -> Self {
        let (messages, queue) = mpsc::channel(QUEUE);
        let (committed, revision) = watch::channel(0);
        let task = Task { conn: Some(conn), way, clock, roles: None, committed };
        tokio::spawn(task.run(queue));
        Self { messages, revision }
    }

    /// Makes a change, and answers when it is durable.
    pub(crate) async fn make<C: Change>(&self, change: C) -> Result<C::Output> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Asked { change, outcome: None, reply: Some(reply) });
        self.messages.send(Message::Job(job)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Takes no more changes, finishes those that wait, and returns once the connection is closed.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel::<()>();
        if self.messages.send(Message::Close(done)).await.is_ok() {
            closed.await.ok(); // the sender is dropped when the task ends
        }
    }

    /// The revision of this process's last commit, to be watched.
    pub(crate) fn revision(&self) -> watch::Receiver<i64> {
        self.revision.clone()
    }
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "closed", "this store was closed")
}

enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// Tries several changes of one kind, and keeps what came of each.
type AttemptAll = for<'a> fn(&'a mut [Box<dyn Job>], &'a mut Transaction) -> BoxFuture<'a, Result<()>>;

/// A change that waits, whatever its answer.
trait Job: Send {
    /// The kind of the change, and how several of it are made together, where that is better.
    fn together(&self) -> Option<(TypeId, AttemptAll)>;
    fn as_any(&mut self) -> &mut dyn Any;
    /// Tries it, and keeps what came of it.
    fn attempt<'a>(&'a mut self, tx: &'a mut Transaction) -> BoxFuture<'a, Option<Error>>;
    /// Answers with what was kept, or with why nothing was committed.
    fn answer(&mut self, failure: Option<&Error>);
}

struct Asked<C: Change> {
    change: C,
    outcome: Option<Result<C::Output>>,
    reply: Option<oneshot::Sender<Result<C::Output>>>,
}

impl<C: Change> Job for Asked<C> {
    fn together(&self) -> Option<(TypeId, AttemptAll)> {
        let all: AttemptAll = |jobs, tx| Box::pin(attempt_all::<C>(jobs, tx));
        self.change.together().then(|| (TypeId::of::<C>(), all))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn attempt<'a>(&'a mut self, tx: &'a mut Transaction) -> BoxFuture<'a, Option<Error>> {
        Box::pin(async move {
            let outcome = self.change.apply(tx).await;
            let error = outcome.as_ref().err().cloned();
            self.outcome = Some(outcome);
            error
        })
    }

    fn answer(&mut self, failure: Option<&Error>) {
        let Some(reply) = self.reply.take() else { return };
        let outcome = match (failure, self.outcome.take()) {
            (Some(failure), _) => Err(failure.clone()),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(closed()),
        };
        reply.send(outcome).ok(); // nobody may be waiting any more; the change is made all the same
    }
}

async fn attempt_all<C: Change>(jobs: &mut [Box<dyn Job>], tx: &mut Transaction) -> Result<()> {
    let mut asked: Vec<_> =
        jobs.iter_mut().filter_map(|job| job.as_any().downcast_mut::<Asked<C>>()).collect();
    let changes: Vec<&C> = asked.iter().map(|asked| &asked.change).collect();
    let outcomes = C::apply_all(&changes, tx).await?;
    asked.iter_mut().zip(outcomes).for_each(|(asked, outcome)| asked.outcome = Some(outcome));
    Ok(())
}

struct Task {
    conn: Option<AnyConnection>,
    way: Way,
    clock: Arc<dyn Clock>,
    /// The custom roles, as of their revision.
    roles: Option<super::transaction::Roles>,
    committed: watch::Sender<i64>,
}

/// How a transaction ended.
enum End {
    Committed,
    /// A change failed in a way that took others with it.
    Apart,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let (mut messages, mut waiting_for_close) = (Vec::new(), Vec::new());
        while queue.recv_many(&mut messages, MOST_TOGETHER).await > 0 {
            let mut together = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => together.push(job),
                    Message::Close(done) => {
                        queue.close();
                        waiting_for_close.push(done);
                    }
                }
            }
            match self.commit_in_time(&mut together).await {
                Ok(End::Committed) => together.iter_mut().for_each(|job| job.answer(None)),
                Ok(End::Apart) => self.one_by_one(&mut together).await,
                Err(error) => together.iter_mut().for_each(|job| job.answer(Some(&error))),
            }
        }
        if let Some(conn) = self.conn.take() {
            conn.close().await.ok();
        }
    }

    async fn one_by_one(&mut self, jobs: &mut [Box<dyn Job>]) {
        let mut unreachable = None;
        for job in jobs {
            if let Some(error) = &unreachable {
                job.answer(Some(error));
                continue;
            }
            match self.commit_in_time(std::slice::from_mut(job)).await {
                // Of one change alone its own answer says what went wrong.
                Ok(_) => job.answer(None),
                Err(error) => {
                    job.answer(Some(&error));
                    // That the store cannot be reached has not to be found out by each in its turn.
                    unreachable = (error.kind() == ErrorKind::Unavailable).then_some(error);
                }
            }
        }
    }

    /// Given up after a while, and the connection with it.
    async fn commit_in_time(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<End> {
        if self.way.kind == Kind::Sqlite {
            return self.commit(jobs).await;
        }
        timeout(COMMITTING, self.commit(jobs)).await.unwrap_or_else(|_| Err(unknown()))
    }

    /// One transaction. An error means that none of it was committed, or that nobody knows.
    async fn commit(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<End> {
        let mut tx = self.begin().await?;
        for run in jobs.chunk_by_mut(|a, b| are_together(a.as_ref(), b.as_ref())) {
            if !attempt_run(run, &mut tx).await {
                self.undo(tx).await;
                return Ok(End::Apart);
            }
        }
        if !tx.has_changes() {
            self.undo(tx).await;
            return Ok(End::Committed);
        }
        if let Err(error) = tx.flush().await {
            self.undo(tx).await;
            return Err(error);
        }
        let Transaction { mut conn, head, roles, .. } = tx;
        if let Err(error) = sqlx::query("COMMIT").execute(&mut conn).await.map_err(fault) {
            return Err(self.lost(conn, error).await);
        }
        self.conn = Some(conn);
        self.roles = Some(roles);
        self.committed.send_replace(head.revision);
        Ok(End::Committed)
    }

    /// A connection may have died while nobody looked. Nothing was asked of it yet, so another is tried.
    async fn begin(&mut self) -> Result<Transaction> {
        self.way.check()?;
        if let Some(conn) = self.conn.take() {
            match self.begin_on(conn).await {
                Err(error) if error.code() != "store_unavailable" => return Err(error),
                Ok(tx) => return Ok(tx),
                Err(_) => {}
            }
        }
        let conn = self.way.connect().await?;
        self.begin_on(conn).await
    }

    async fn begin_on(&mut self, mut conn: AnyConnection) -> Result<Transaction> {
        let begun = async {
            sqlx::query(self.way.kind.begin()).execute(&mut conn).await.map_err(fault)?;
            Head::lock(&mut conn).await
        };
        let Ok(begun) = timeout(BEGINNING, begun).await else {
            return Err(fault(sqlx::Error::PoolTimedOut)); // the connection is dropped
        };
        match begun {
            Ok(head) => {
                let (roles, clock) = (self.roles.take(), Arc::clone(&self.clock));
                Transaction::new(conn, self.way.kind, head, roles, clock).await
            }
            Err(error) => {
                self.keep_if_clean(conn).await;
                Err(error)
            }
        }
    }

    async fn undo(&mut self, tx: Transaction) {
        self.keep_if_clean(tx.conn).await;
    }

    /// A connection that cannot even roll back is of no more use.
    async fn keep_if_clean(&mut self, mut conn: AnyConnection) {
        // SQLite may have rolled back by itself, and then says that there is nothing to roll back.
        let rolled_back = sqlx::query("ROLLBACK").execute(&mut conn).await;
        let works = rolled_back.is_ok() || sqlx::query("SELECT 1").execute(&mut conn).await.is_ok();
        self.conn = works.then_some(conn);
    }

    /// A commit that was not confirmed. SQLite tells whether it happened; a server that went away does not.
    async fn lost(&mut self, conn: AnyConnection, error: Error) -> Error {
        self.keep_if_clean(conn).await;
        if error.kind() == ErrorKind::Unavailable && self.way.kind == Kind::Postgres {
            return unknown().with_cause(error);
        }
        error
    }
}

/// Whether two changes are of one kind that is better made together.
fn are_together(a: &dyn Job, b: &dyn Job) -> bool {
    let kind = |job: &dyn Job| job.together().map(|(kind, _)| kind);
    kind(a).is_some_and(|kind_of_a| kind(b) == Some(kind_of_a))
}

/// Tries one change, or several of one kind. False where what went wrong takes the others of the transaction with it.
async fn attempt_run(run: &mut [Box<dyn Job>], tx: &mut Transaction) -> bool {
    if let [first, _, ..] = run
        && let Some((_, all)) = first.together()
    {
        return all(run, tx).await.is_ok();
    }
    for job in run {
        let mark = tx.mark();
        if let Some(error) = job.attempt(tx).await
            && (is_fault(&error) || !tx.go_back(mark))
        {
            return false;
        }
    }
    true
}

fn unknown() -> Error {
    let text = "the database went away during a commit; whether it was made is not known";
    Error::new(ErrorKind::Timeout, "commit_unknown", text)
}

/// What is wrong with the store, and not with what was asked.
fn is_fault(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Storage | ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Internal
    )
}
