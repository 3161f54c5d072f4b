//! The sandbox's file: SQLite, written by one connection and read by several. Each job has a connection for itself, on a
//! thread that may wait, so that what takes many statements is written as if there were no other.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatepass::{Error, ErrorKind, Result};
use rusqlite::{Connection, InterruptHandle, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

/// What tells a sandbox's file from all others: "GPSB", in the file's header.
const APPLICATION_ID: i32 = 0x4750_5342;
/// The version of the tables.
const VERSION: i32 = 1;
/// How long a job waits for another process that has the file.
const BUSY: Duration = Duration::from_secs(5);
/// Statements that each connection keeps.
const STATEMENTS: usize = 64;

const TABLES: &str = "
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY,
        uuid TEXT NOT NULL UNIQUE,
        -- The name, as it compares and sorts: a subtree is a range.
        key BLOB NOT NULL UNIQUE,
        parent INTEGER,
        dn TEXT NOT NULL,
        -- What it is to SCIM: 0 nothing, 1 a user, 2 a group.
        kind INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        created INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        version INTEGER NOT NULL
    );
    CREATE INDEX entry_child ON entry (parent, key);
    CREATE INDEX entry_kind ON entry (kind, id) WHERE kind > 0;
    -- Values of the attributes that are looked up.
    CREATE TABLE value (
        attribute INTEGER NOT NULL,
        value BLOB NOT NULL,
        entry INTEGER NOT NULL,
        PRIMARY KEY (attribute, value, entry)
    ) WITHOUT ROWID;
    -- Counts the changes, so that what was counted before one is known to be old.
    CREATE TABLE revision (revision INTEGER NOT NULL);
    INSERT INTO revision VALUES (0);
";

/// The file.
pub(super) struct Store {
    writer: Arc<tokio::sync::Mutex<Connection>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Store {
    /// Opens the file, and makes it where there is none.
    ///
    /// # Errors
    /// Storage: `sandbox_unavailable`, and `sandbox_other_file` where the file is something else.
    pub(super) fn open(path: &Path) -> Result<Self> {
        make(path)?;
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        prepare(&mut writer)?;
        let readers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, 8);
        let connect = |_| connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
        Ok(Self {
            writer: Arc::new(tokio::sync::Mutex::new(writer)),
            readers: Arc::new(Mutex::new((0..readers).map(connect).collect::<Result<_>>()?)),
            places: Arc::new(Semaphore::new(readers)),
        })
    }

    /// Reads, all of it as of one moment. Whoever gives up waiting stops it.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| closed())?;
        let readers = Arc::clone(&self.readers);
        let stop = Stop::default();
        let running = Arc::clone(&stop.0);
        let done = tokio::task::spawn_blocking(move || {
            let mut conn = lock(&readers).pop().ok_or_else(closed)?;
            let done = if lock(&running).begin(&conn) {
                in_transaction(&mut conn, TransactionBehavior::Deferred, |conn| job(conn))
            } else {
                Err(closed())
            };
            lock(&running).handle = None;
            lock(&readers).push(conn);
            drop(place);
            done
        });
        done.await.map_err(|_| closed())?
    }

    /// Writes: all of it, or nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            in_transaction(&mut writer, TransactionBehavior::Immediate, |transaction| {
                let done = job(transaction)?;
                transaction
                    .prepare_cached("UPDATE revision SET revision = revision + 1")
                    .and_then(|mut statement| statement.execute([]))
                    .map_err(failed)?;
                Ok(done)
            })
        });
        done.await.map_err(|_| closed())?
    }
}

impl Store {
    /// Brings what was written into the file itself, so that what was much does not lie beside it for ever.
    pub(super) async fn settle(&self) -> Result<()> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let settled = tokio::task::spawn_blocking(move || {
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failed)
        });
        settled.await.map_err(|_| closed())?
    }
}

/// A transaction of one of several operations, which is undone alone.
pub(super) fn alone<T>(
    transaction: &Transaction<'_>,
    job: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let run = |sql| transaction.prepare_cached(sql).and_then(|mut s| s.execute([])).map_err(failed);
    run("SAVEPOINT alone")?;
    let done = job(transaction);
    if done.is_err() {
        run("ROLLBACK TO alone")?;
    }
    run("RELEASE alone")?;
    done
}

fn in_transaction<T>(
    conn: &mut Connection,
    behaviour: TransactionBehavior,
    job: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let transaction = conn.transaction_with_behavior(behaviour).map_err(failed)?;
    let done = job(&transaction)?; // dropped, it is undone
    transaction.commit().map_err(failed)?;
    Ok(done)
}

/// How many changes there have been.
pub(super) fn revision(conn: &Connection) -> Result<i64> {
    let sql = "SELECT revision FROM revision";
    conn.prepare_cached(sql).and_then(|mut s| s.query_row([], |row| row.get(0))).map_err(failed)
}

/// Stops a read when it is dropped before the read has ended.
#[derive(Default)]
struct Stop(Arc<Mutex<Running>>);

#[derive(Default)]
struct Running {
    stopped: bool,
    handle: Option<InterruptHandle>,
}

impl Running {
    /// Whether somebody still waits for it.
    fn begin(&mut self, conn: &Connection) -> bool {
        self.handle = Some(conn.get_interrupt_handle());
        !self.stopped
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        let mut running = lock(&self.0);
        running.stopped = true;
        if let Some(handle) = running.handle.take() {
            handle.interrupt();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that only its owner can read.
fn make(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(unavailable(path, error)),
        _ => Ok(()),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let wrong = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => other_file(),
        _ => unavailable(path, error),
    };
    let conn = Connection::open_with_flags(path, flags).map_err(wrong)?;
    let set = || {
        conn.busy_timeout(BUSY)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        conn.pragma_update(None, "cache_size", -32_768)?; // KiB
        // Data for tests: a power failure may take the last moments with it, and no more than that.
        conn.pragma_update(None, "synchronous", "NORMAL")
    };
    set().map_err(wrong)?;
    Ok(conn)
}

/// The tables, where there are none.
fn prepare(conn: &mut Connection) -> Result<()> {
    let number =
        |conn: &Connection, pragma| conn.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let found = || {
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = conn.query_row(tables, [], |row| row.get(0))?;
        Ok((tables, number(conn, "application_id")?, number(conn, "user_version")?))
    };
    match found().map_err(failed)? {
        (0, ..) => {}
        (_, APPLICATION_ID, VERSION) => return Ok(()),
        _ => return Err(other_file()),
    }
    conn.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    let transaction = conn.transaction().map_err(failed)?;
    transaction
        .execute_batch(TABLES)
        .and_then(|()| transaction.pragma_update(None, "application_id", APPLICATION_ID))
        .and_then(|()| transaction.pragma_update(None, "user_version", VERSION))
        .and_then(|()| transaction.commit())
        .map_err(failed)
}

/// What a statement that failed means: nothing that a caller could do anything about.
pub(super) fn failed(error: rusqlite::Error) -> Error {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) {
        return Error::new(ErrorKind::Timeout, "time_limit_exceeded", "it took too long");
    }
    Error::new(ErrorKind::Storage, "sandbox_failed", "the sandbox's file failed").with_cause(error)
}

fn unavailable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let text = format!("{}: {error}", path.display());
    Error::new(ErrorKind::Storage, "sandbox_unavailable", text).with_field("sandboxData").with_cause(error)
}

fn other_file() -> Error {
    let text = "the file is no sandbox of this version; name another one, or remove it";
    Error::new(ErrorKind::Storage, "sandbox_other_file", text).with_field("sandboxData")
}

fn closed() -> Error {
    Error::new(ErrorKind::Internal, "sandbox_closed", "the sandbox has ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_file_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE token (id)").unwrap();
        assert_eq!(Store::open(&path).err().unwrap().code(), "sandbox_other_file");
        std::fs::write(&path, "no database, but a text that is long enough to be looked at").unwrap();
        assert_eq!(Store::open(&path).err().unwrap().code(), "sandbox_other_file");
        let nowhere = folder.path().join("nowhere/sandbox.db");
        assert_eq!(Store::open(&nowhere).err().unwrap().code(), "sandbox_unavailable");
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_stops() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("sandbox.db")).unwrap();
        let endless = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT max(n) FROM n";
        let (ended, end) = std::sync::mpsc::channel();
        let read = store.read(move |conn| {
            let got = conn.query_row(endless, [], |row| row.get::<_, i64>(0)).map_err(failed);
            ended.send(got.map_err(|error| error.code().to_owned())).unwrap();
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(50), read).await.is_err());
        let ended = tokio::task::spawn_blocking(move || end.recv_timeout(Duration::from_secs(10)));
        assert_eq!(ended.await.unwrap().unwrap().unwrap_err(), "time_limit_exceeded");
        assert_eq!(store.read(revision).await.unwrap(), 0);
    }
}
