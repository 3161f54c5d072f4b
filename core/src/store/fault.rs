//! What a database says went wrong, as one of our errors.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::timeout;

use crate::{Error, ErrorKind, Result};

/// Our error for one of sqlx's.
pub(crate) fn fault(error: sqlx::Error) -> Error {
    let (kind, code, text) = match &error {
        sqlx::Error::Database(database) => meaning(&database.code().unwrap_or_default()),
        // A pool that does not get a connection says only that it waited.
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => UNREACHABLE,
        sqlx::Error::Tls(_) => {
            (ErrorKind::Unavailable, "store_tls", "the database server's certificate is not trusted")
        }
        // Its text may quote the store's URL, and so a password.
        sqlx::Error::Configuration(_) => {
            return Error::invalid("store", "store_location", "the store's URL cannot be used");
        }
        sqlx::Error::PoolClosed => (ErrorKind::Closed, "closed", "this store was closed"),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. } => CORRUPT,
        _ => (ErrorKind::Storage, "store_failed", "the database refused what it was asked"),
    };
    Error::new(kind, code, text).with_cause(error)
}

/// Whether what was asked for is no table: PostgreSQL's `undefined_table`, SQLite's plain error.
pub(crate) fn is_no_table(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "42P01" | "1"))
}

/// What is in the store makes no sense.
pub(crate) fn corrupt(text: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Storage, "store_corrupt", text)
}

type Meaning = (ErrorKind, &'static str, &'static str);

const UNREACHABLE: Meaning =
    (ErrorKind::Unavailable, "store_unavailable", "the database cannot be reached now");
const CORRUPT: Meaning = (ErrorKind::Storage, "store_corrupt", "the store is damaged, or is no store");
const BUSY: Meaning = (ErrorKind::Unavailable, "store_busy", "another program holds the store's lock");
const READ_ONLY: Meaning = (ErrorKind::Storage, "store_read_only", "the store cannot be written");
const FULL: Meaning = (ErrorKind::Storage, "store_full", "there is no space left for the store");

/// By SQLSTATE, five characters (PostgreSQL, appendix A), or by SQLite's number, whose low byte is the class
/// (sqlite.org/rescode.html).
fn meaning(code: &str) -> Meaning {
    if code.len() == 5 {
        return match code {
            "53100" => FULL,
            "25006" => READ_ONLY,
            "55P03" => BUSY,
            "3D000" => (ErrorKind::Storage, "store_missing", "the server has no database of this name"),
            "28000" | "28P01" => (ErrorKind::Storage, "store_login", "the database server refused the login"),
            "42501" => (ErrorKind::Storage, "store_rights", "the login lacks rights on the store's tables"),
            "XX001" | "XX002" => CORRUPT,
            _ if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => UNREACHABLE,
            _ => (ErrorKind::Storage, "store_failed", "the database refused what it was asked"),
        };
    }
    let code = code.parse::<u32>();
    if code == Ok(4874) {
        return FULL; // SQLITE_IOERR_SHMSIZE: the log's index cannot be made larger
    }
    match code.map(|code| code & 0xFF) {
        Ok(5 | 6) => BUSY,
        Ok(8) => READ_ONLY,
        Ok(11 | 26) => CORRUPT,
        Ok(13) => FULL,
        Ok(10) => (ErrorKind::Storage, "store_failed", "the disk failed to read or write the store"),
        Ok(14) => (ErrorKind::Storage, "store_missing", "the store's file cannot be opened"),
        _ => (ErrorKind::Storage, "store_failed", "the database refused what it was asked"),
    }
}

/// How long an answer may take. A server that says nothing until then is not there any more, whatever TCP thinks;
/// another connection may find it.
const ANSWERING: Duration = Duration::from_secs(5);

/// An answer of the database, unless it takes too long.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(ANSWERING, answer).await.unwrap_or_else(|_| Err(fault(sqlx::Error::PoolTimedOut)))
}
