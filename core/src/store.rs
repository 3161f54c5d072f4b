//! Tokens, roles, users and the audit trail, on disk: in a SQLite file, or on a PostgreSQL server.
//!
//! One set of statements serves both, through sqlx's `Any`. Everything that writes goes through one task
//! (`writer`) and one locked row (`head`); reading needs neither.

pub(crate) mod answers;
pub(crate) mod audit;
pub(crate) mod copy;
pub(crate) mod fault;
pub(crate) mod head;
pub(crate) mod inspect;
pub(crate) mod issue;
pub(crate) mod location;
pub(crate) mod passwords;
pub(crate) mod roles;
mod schema;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod transaction;
pub(crate) mod users;
pub(crate) mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions as _};
use tokio::sync::watch;

use self::fault::fault;
use self::head::Head;
use self::location::Kind;
pub use self::location::Location;
use self::transaction::Roles;
use self::writer::{Change, Writer};
use crate::idempotency::random_id;
use crate::{Clock, Error, ErrorKind, Result};

/// An open store.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    location: Location,
    kind: Kind,
    options: AnyConnectOptions,
    readers: AnyPool,
    writer: Writer,
}

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
            location::refuse_network_file_system(path)?;
            prepare_file(path, create)?;
        }
        let url = location.url()?;
        let options = AnyConnectOptions::from_url(&url)
            .map_err(fault)?
            // Statements and their parameters are nobody's to read in a log.
            .disable_statement_logging();
        let mut conn = connect(&options, kind).await?;
        schema::migrate(&mut conn, kind, &random_id()?, create).await?;
        let readers = AnyPoolOptions::new()
            .max_connections(kind.choose(4, 8))
            .acquire_timeout(Duration::from_secs(10))
            .idle_timeout(Duration::from_mins(5))
            .after_connect(move |conn, _| Box::pin(setup(conn, kind)))
            .connect_lazy_with(options.clone());
        let writer = Writer::start(conn, options.clone(), kind, clock);
        Ok(Self { location, kind, options, readers, writer })
    }

    /// Where it is.
    pub(crate) const fn location(&self) -> &Location {
        &self.location
    }

    /// Makes a change, and answers when it is durable.
    pub(crate) async fn make<C: Change>(&self, change: C) -> Result<C::Output> {
        self.writer.make(change).await.map_err(|error| name(error, &self.location))
    }

    /// The revision of this process's last commit, to be watched.
    pub(crate) fn revision(&self) -> watch::Receiver<i64> {
        self.writer.revision()
    }

    /// Reads, on a connection that is shared.
    pub(crate) async fn read<T>(&self, look: impl AsyncFnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
        let mut conn = self.reader().await?;
        look(&mut conn).await.map_err(|error| name(error, &self.location))
    }

    /// A connection to read on. One that has died while nobody looked is replaced.
    pub(crate) async fn reader(&self) -> Result<PoolConnection<Any>> {
        self.readers.acquire().await.map_err(|error| name(fault(error), &self.location))
    }

    /// A connection of one's own.
    pub(crate) async fn connect(&self) -> Result<AnyConnection> {
        connect(&self.options, self.kind).await.map_err(|error| name(error, &self.location))
    }

    /// Which system it is on.
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
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

pub(crate) async fn connect(options: &AnyConnectOptions, kind: Kind) -> Result<AnyConnection> {
    let mut conn = options.connect().await.map_err(fault)?;
    setup(&mut conn, kind).await.map_err(fault)?;
    Ok(conn)
}

async fn setup(conn: &mut AnyConnection, kind: Kind) -> sqlx::Result<()> {
    sqlx::raw_sql(kind.setup()).execute(conn).await.map(drop)
}

/// A file that only its owner can read. SQLite gives the files beside it the same rights.
fn prepare_file(path: &Path, create: bool) -> Result<()> {
    let missing = |error: std::io::Error| {
        let text = format!("{}: {error}", path.display());
        Error::new(ErrorKind::Storage, "store_missing", text).with_cause(error)
    };
    if path.exists() {
        return Ok(());
    }
    if !create {
        return Err(missing(std::io::ErrorKind::NotFound.into()));
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(missing)
}
