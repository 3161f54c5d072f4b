//! A verifier that follows a store.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::AnyConnection;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::source::{Follow, Progress, Source, Stop, lent, not_ready};
use crate::store::fault::{corrupt, fault, in_time};
use crate::store::head::Head;
use crate::store::location::Kind;
use crate::store::{Store, all_tokens, roles, tokens, validators};
use crate::{
    Clock, ExternalTokenValidator, FollowOptions, Result, RoleBook, Startup, TokenRecord, Verifier,
    VerifierOptions, VerifierWriter,
};

/// Without news for so long, every check is denied.
const MAX_STALENESS: Duration = Duration::from_secs(1);
/// Portions of records on their way from the database into the index.
const IN_FLIGHT: usize = 4;

/// Loads the index, then follows.
pub(crate) async fn start(store: Store, options: &FollowOptions, clock: Arc<dyn Clock>) -> Result<Verifier> {
    let max_staleness = options.staleness_or(MAX_STALENESS)?;
    let others = options.others(&clock)?;
    let low = VerifierOptions::default().clock(clock).max_staleness(max_staleness).validators(others);
    let (verifier, writer) = Verifier::with_writer(low);
    let (source, follow) = Source::new(store.location().to_string(), options.uses());
    let verifier = verifier.fed_by(Arc::new(source));
    let Follow { progress, stop } = follow;
    let (roles, validators) = (Arc::default(), Arc::default());
    let mut follower =
        Follower { store, writer: Some(writer), conn: None, known: None, roles, validators, progress };
    // A store that was closed is not followed anew.
    follower.conn = Some(follower.store.connect().await?);
    if options.startup == Startup::Wait {
        let loading = async {
            follower.poll().await?;
            if verifier.age().is_none_or(|age| age > max_staleness / 4) {
                // Loading took its time: what it began with is old news by now, and what has come since is not much.
                follower.poll().await?;
            }
            Ok(())
        };
        let loaded = timeout(options.deadline, loading).await.unwrap_or_else(|_| Err(not_ready(None)));
        loaded.map_err(|error| follower.store.named(error))?;
    }
    let pause = Duration::from_millis(follower.store.kind().choose(50, 100)).min(max_staleness / 4);
    tokio::spawn(follower.run(pause, stop));
    Ok(verifier)
}

/// What the index has.
struct Known {
    head: Head,
    /// SQLite's own sign that nothing was written, much cheaper than a look at the head.
    data_version: Option<i64>,
}

struct Follower {
    store: Store,
    /// Lent out while an index is loaded.
    writer: Option<VerifierWriter>,
    conn: Option<AnyConnection>,
    known: Option<Known>,
    /// Those that the index has.
    roles: Arc<RoleBook>,
    validators: Arc<Vec<ExternalTokenValidator>>,
    progress: watch::Sender<Progress>,
}

impl Follower {
    async fn run(mut self, pause: Duration, mut stop: Stop) {
        let mut own_commits = self.store.revision();
        let mut failing = false;
        loop {
            // What this process commits is seen at once, what others do after the pause.
            tokio::select! {
                () = stop.told() => return,
                () = sleep(pause) => {}
                changed = own_commits.changed(), if !failing => {
                    if changed.is_err() {
                        sleep(pause).await; // the store was closed; other processes may go on
                    }
                }
            }
            let polled = tokio::select! {
                () = stop.told() => return,
                polled = self.poll() => polled,
            };
            match polled {
                Ok(()) => failing = false,
                Err(error) => {
                    if !failing {
                        tracing::warn!(
                            code = error.code(),
                            "the store cannot be followed; checks become stale"
                        );
                    }
                    (failing, self.conn) = (true, None);
                    self.progress.send_modify(|progress| {
                        (progress.connected, progress.trouble) = (false, Some(self.store.named(error)));
                    });
                }
            }
        }
    }

    /// Takes over what has changed. The index is as fresh as the moment *before* the store was asked.
    async fn poll(&mut self) -> Result<()> {
        let mut conn = if let Some(conn) = self.conn.take() {
            conn
        } else {
            // Another connection counts its versions anew.
            self.known.iter_mut().for_each(|known| known.data_version = None);
            self.store.way().connect().await?
        };
        self.store.way().check()?;
        let asked_at = self.writer()?.reading();
        let data_version = match self.store.kind() {
            Kind::Postgres => None,
            Kind::Sqlite => {
                let version = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut conn).await;
                Some(version.map_err(fault)?)
            }
        };
        let unchanged = |known: &Known| data_version.is_some() && known.data_version == data_version;
        if !self.known.as_ref().is_some_and(unchanged) {
            let begun = async {
                sqlx::raw_sql(self.store.kind().begin_snapshot()).execute(&mut conn).await.map_err(fault)?;
                Head::read(&mut conn).await
            };
            let head = in_time(begun).await?;
            self.take_over(&mut conn, &head).await?;
            sqlx::query("COMMIT").execute(&mut conn).await.map_err(fault)?;
            self.known = Some(Known { head, data_version });
        }
        let recovered = self.writer()?.prove_again(asked_at);
        self.conn = Some(conn);
        self.tell(recovered);
        Ok(())
    }

    /// Tells how far it has come, where that is news.
    fn tell(&self, recovered: bool) {
        let Some(head) = self.known.as_ref().map(|known| &known.head) else { return };
        self.progress.send_if_modified(|progress| {
            let reached =
                progress.position.revision == head.revision && progress.position.epoch == head.epoch;
            let news = !reached || !progress.connected || recovered;
            if news {
                progress.position = head.position();
                progress.roles = Some(Arc::clone(&self.roles));
                progress.validators = Arc::clone(&self.validators);
                progress.validators_revision = head.validators_revision;
                (progress.connected, progress.trouble) = (true, None);
            }
            news
        });
    }

    /// What was committed since; everything, where it is not known what was deleted since, or the store went back.
    async fn take_over(&mut self, conn: &mut AnyConnection, head: &Head) -> Result<()> {
        let known = self.known.as_ref().map(|known| &known.head).filter(|known| known.epoch == head.epoch);
        let same_roles = known.is_some_and(|known| known.roles_revision == head.roles_revision);
        let same_validators =
            known.is_some_and(|known| known.validators_revision == head.validators_revision);
        if !same_roles {
            let book = in_time(roles::read_all(conn)).await?;
            self.roles = Arc::new(book.clone());
            self.writer()?.set_roles(book);
        }
        if !same_validators {
            let validators = in_time(validators::read_understood(conn)).await?;
            self.validators = Arc::new(validators.clone());
            self.writer()?.set_validators(validators);
        }
        match self.known.as_ref().map(|known| &known.head) {
            Some(known)
                if known.epoch == head.epoch
                    && (head.kept_from..=head.revision).contains(&known.revision) =>
            {
                if known.revision != head.revision {
                    let since = known.revision;
                    self.changes(conn, since).await?;
                }
            }
            _ => self.load(conn).await?,
        }
        Ok(())
    }

    async fn changes(&mut self, conn: &mut AnyConnection, since: i64) -> Result<()> {
        for deleted in in_time(tokens::deleted_since(conn, since)).await? {
            self.writer()?.remove(deleted.id);
        }
        let mut rows = sqlx::query(tokens::CHANGED_SINCE).bind(since).fetch(conn);
        while let Some(row) = in_time(async { rows.try_next().await.map_err(fault) }).await? {
            let stored = tokens::from_row(&row)?;
            self.writer()?.put(&stored.record);
        }
        Ok(())
    }

    /// All tokens. They are indexed while they are read, on another thread, so that they are never all in memory;
    /// where reading fails, or finds fewer than there are, the index stays what it was.
    async fn load(&mut self, conn: &mut AnyConnection) -> Result<()> {
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM tokens").fetch_one(&mut *conn).await.map_err(fault)?;
        let mut writer = self.writer.take().ok_or_else(lent)?;
        let (portions, mut arriving) = mpsc::channel(IN_FLIGHT);
        let loading = spawn_blocking(move || {
            let each = std::iter::from_fn(|| arriving.blocking_recv()).flat_map(
                |portion: Result<Vec<TokenRecord>>| match portion {
                    Ok(records) => records.into_iter().map(Ok).collect::<Vec<_>>(),
                    Err(error) => vec![Err(error)],
                },
            );
            let loaded = writer.try_load(Counted { count: usize::try_from(count).unwrap_or(0), each });
            (writer, loaded)
        });
        let read = match all_tokens::read(conn, self.store.kind(), &portions).await {
            Ok(found) if i64::try_from(found) != Ok(count) => {
                Err(corrupt("there are not as many tokens as it says"))
            }
            other => other,
        };
        if let Err(error) = read {
            portions.send(Err(error)).await.ok();
        }
        drop(portions);
        let (writer, loaded) = loading.await.map_err(|_| lent())?;
        self.writer = Some(writer);
        loaded
    }

    fn writer(&mut self) -> Result<&mut VerifierWriter> {
        self.writer.as_mut().ok_or_else(lent)
    }
}

/// Records of which it is known how many there will be.
struct Counted<I> {
    count: usize,
    each: I,
}

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.each.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, None)
    }
}
