//! Tokens, roles, users and the audit trail, on disk: in a SQLite file, or on a PostgreSQL server.
//!
//! One set of statements serves both, through sqlx's `Any`. Everything that writes goes through one task
//! (`writer`) and one locked row (`head`); reading needs neither.

pub(crate) mod all_tokens;
pub(crate) mod answers;
pub(crate) mod audit;
pub(crate) mod copy;
pub(crate) mod fault;
pub(crate) mod file;
pub(crate) mod head;
mod insert;
pub(crate) mod inspect;
pub(crate) mod issue;
pub(crate) mod location;
pub(crate) mod passwords;
pub(crate) mod replicas;
pub(crate) mod roles;
mod schema;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod transaction;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod validators;
pub(crate) mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions as _};
use tokio::sync::watch;
use tokio::time::timeout;

use self::fault::fault;
use self::file::OpenFile;
use self::head::Head;
use self::location::Kind;
pub use self::location::Location;
use self::transaction::Roles;
use self::writer::{Change, Writer};
use crate::idempotency::random_id;
use crate::{Clock, Error, ErrorKind, Result};

/// An open store.
#[derive(Clone)]
pub(crate) struct Store {
    location: Location,
    way: Way,
    readers: AnyPool,
    writer: Writer,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("location", &self.location).finish_non_exhaustive()
    }
}

/// How a store is connected to: to the same one each time. Its options have the password, so it is not printed.
#[derive(Clone)]
pub(crate) struct Way {
    kind: Kind,
    options: AnyConnectOptions,
    file: Option<OpenFile>,
}

/// A server that says nothing for so long is not there.
const CONNECTING: Duration = Duration::from_secs(15);

impl Store {
    /// Opens the store, and makes it first where there is none and `create` says so.
    pub(crate) async fn open(location: Location, create: bool, clock: Arc<dyn Clock>) -> Result<Self> {
        let named = location.clone();
        Self::open_unnamed(location, create, clock).await.map_err(|error| name(error, &named))
    }

    async fn open_unnamed(location: Location, create: bool, clock: Arc<dyn Clock>) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let kind = location.kind();
        let supported = kind.choose(cfg!(feature = "sqlite"), cfg!(feature = "postgres"));
        if !supported {
            let text = "this build has no support for this kind of store";
            return Err(Error::new(ErrorKind::Unsupported, "store_unsupported", text).with_field("store"));
        }
        if let Some(path) = location.path() {
            file::refuse_network_file_system(path)?;
            file::prepare(path, create)?;
        }
        let file = location.path().map(OpenFile::at).transpose()?;
        let url = location.url()?;
        let options = AnyConnectOptions::from_url(&url)
            .map_err(fault)?
            // Statements and their parameters are nobody's to read in a log.
            .disable_statement_logging();
        let way = Way { kind, options, file };
        let mut conn = way.connect().await?;
        schema::migrate(&mut conn, kind, &random_id()?, create).await?;
        let readers = AnyPoolOptions::new()
            .max_connections(kind.choose(4, 8))
            .acquire_timeout(Duration::from_secs(10))
            .idle_timeout(Duration::from_mins(5))
            .after_connect(move |conn, _| Box::pin(setup(conn, kind)))
            .connect_lazy_with(way.options.clone());
        let writer = Writer::start(conn, way.clone(), clock);
        Ok(Self { location, way, readers, writer })
    }

    /// Where it is.
    pub(crate) const fn location(&self) -> &Location {
        &self.location
    }

    /// Makes a change, and answers when it is durable.
    pub(crate) async fn make<C: Change>(&self, change: C) -> Result<C::Output> {
        self.writer.make(change).await.map_err(|error| self.named(error))
    }

    /// The revision of this process's last commit, to be watched.
    pub(crate) fn revision(&self) -> watch::Receiver<i64> {
        self.writer.revision()
    }

    /// Reads, on a connection that is shared.
    pub(crate) async fn read<T>(&self, look: impl AsyncFnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
        let mut conn = self.reader().await?;
        look(&mut conn).await.map_err(|error| self.named(error))
    }

    /// A connection to read on. One that has died while nobody looked is replaced.
    pub(crate) async fn reader(&self) -> Result<PoolConnection<Any>> {
        self.way.check().map_err(|error| self.named(error))?;
        self.readers.acquire().await.map_err(|error| self.named(fault(error)))
    }

    /// A connection of one's own, unless the store was closed.
    pub(crate) async fn connect(&self) -> Result<AnyConnection> {
        if self.readers.is_closed() {
            return Err(writer::closed());
        }
        self.way.connect().await.map_err(|error| self.named(error))
    }

    /// How it is connected to, by those who go on when it is closed.
    pub(crate) const fn way(&self) -> &Way {
        &self.way
    }

    /// Says of an error which store it was, where it is about the store.
    pub(crate) fn named(&self, error: Error) -> Error {
        name(error, &self.location)
    }

    /// Which system it is on.
    pub(crate) const fn kind(&self) -> Kind {
        self.way.kind
    }

    /// The head and the roles, of one moment.
    pub(crate) async fn roles(&self) -> Result<Roles> {
        self.read(async |conn| {
            // The revision first: roles that are newer than it are read again, older ones are never kept.
            let revision = Head::read(conn).await?.roles_revision;
            Ok(Roles { revision, book: Arc::new(roles::read_all(conn).await?) })
        })
        .await
    }

    /// Finishes what was asked before, then lets go of the connections.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

/// Says of an error from the store which store it was.
fn name(error: Error, location: &Location) -> Error {
    match error.kind() {
        ErrorKind::Storage | ErrorKind::Unavailable | ErrorKind::Timeout => error.about(location),
        _ => error,
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").field("kind", &self.kind).field("file", &self.file).finish_non_exhaustive()
    }
}

impl Way {
    /// Another connection.
    pub(crate) async fn connect(&self) -> Result<AnyConnection> {
        // SQLite would apply the log that lies beside it to whatever file it finds, and remove it.
        self.check()?;
        let connected = timeout(CONNECTING, async {
            let mut conn = self.options.connect().await?;
            setup(&mut conn, self.kind).await.map(|()| conn)
        });
        let conn = connected.await.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(fault)?;
        // Looked at afterwards, so that it is known which file was opened.
        self.check().map(|()| conn)
    }

    /// Fails where the store's file is there no more.
    pub(crate) fn check(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), OpenFile::check)
    }
}

async fn setup(conn: &mut AnyConnection, kind: Kind) -> sqlx::Result<()> {
    sqlx::raw_sql(kind.setup()).execute(conn).await.map(drop)
}
