//! Where a store is: a file, or a database on a PostgreSQL server.

use std::fmt;
use std::path::{Path, PathBuf};

use url::{Host, Url};

use crate::{Error, ErrorKind, Result};

/// Where a store is: the path of a SQLite file, or `postgres://user@host/database`. It is printed without its
/// password, and a password is better left out of it: `PGPASSFILE` is honoured.
#[derive(Clone, PartialEq, Eq)]
pub struct Location(String);

/// Which system holds a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub(crate) const fn choose<T: Copy>(self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }

    /// What begins a transaction that writes: SQLite takes its lock now, for it cannot be taken after reading.
    pub(crate) const fn begin(self) -> &'static str {
        self.choose("BEGIN IMMEDIATE", "BEGIN")
    }

    /// What begins a transaction that sees one moment throughout.
    pub(crate) const fn begin_snapshot(self) -> &'static str {
        self.choose("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    /// What keeps two programs from changing the tables at once, where beginning does not.
    pub(crate) const fn migration_lock(self) -> Option<&'static str> {
        self.choose(None, Some("SELECT pg_advisory_xact_lock(7165921044332)"))
    }

    /// What is run on each new connection.
    pub(crate) const fn setup(self) -> &'static str {
        self.choose(
            // A write is answered once it is on disk (FULL, in write-ahead mode, syncs the log at each commit).
            "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
            // A lock that a dead program held, or a stuck disk, ends in an error and not in waiting for ever.
            "SET lock_timeout = '10s'; SET statement_timeout = '60s'; SET synchronous_commit = on;",
        )
    }
}

impl Location {
    pub(crate) fn kind(&self) -> Kind {
        let scheme = |name| self.0.get(..11).is_some_and(|start: &str| start.starts_with(name));
        if scheme("postgres://") || self.0.starts_with("postgresql://") {
            Kind::Postgres
        } else {
            Kind::Sqlite
        }
    }

    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        (self.kind() == Kind::Sqlite).then(|| Path::new(&self.0))
    }

    /// The URL that sqlx connects to.
    ///
    /// # Errors
    /// `store_location` where it is no URL of PostgreSQL, or names no file.
    pub(crate) fn url(&self) -> Result<Url> {
        match self.path() {
            Some(path) => file_url(path),
            None => self.server_url(),
        }
    }

    fn server_url(&self) -> Result<Url> {
        // The parser's own error is not passed on: it may quote a password.
        let mut url =
            Url::parse(&self.0).map_err(|_| wrong("not a URL such as postgres://user@host/tokens"))?;
        let said = |name: &str| matches!(name, "sslmode" | "ssl-mode");
        let has_mode =
            url.query_pairs().any(|(name, _)| said(&name)) || std::env::var_os("PGSSLMODE").is_some();
        if !has_mode && !is_local(&url) {
            url.query_pairs_mut().append_pair("sslmode", "verify-full");
        }
        Ok(url)
    }
}

/// A server on this machine needs no proof of who it is.
fn is_local(url: &Url) -> bool {
    let socket = url.query_pairs().any(|(name, value)| name == "host" && value.starts_with('/'));
    let elsewhere = url.query_pairs().any(|(name, _)| matches!(&*name, "host" | "hostaddr"));
    let host = match url.host() {
        None => true,
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // PostgreSQL is no special scheme to the parser, so addresses arrive as names, a socket's path encoded.
        Some(Host::Domain(name)) => {
            name.is_empty()
                || name == "localhost"
                || name.to_ascii_lowercase().starts_with("%2f")
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    socket || host && !elsewhere
}

/// Characters that end a path in a URL, or begin something else there, are encoded.
fn file_url(path: &Path) -> Result<Url> {
    let text = path.to_str().ok_or_else(|| wrong("the path is not UTF-8"))?;
    if text.is_empty() || text.contains('\0') || text.starts_with(":memory:") {
        return Err(wrong("not the path of a file"));
    }
    let absolute =
        std::path::absolute(path).map_err(|error| wrong("not the path of a file").with_cause(error))?;
    let mut url = Url::from_file_path(&absolute).map_err(|()| wrong("not the path of a file"))?;
    let path = url.path().to_owned();
    url = Url::parse("sqlite:///").map_err(|_| wrong("not the path of a file"))?;
    url.set_path(&path);
    url.set_query(Some("mode=rwc"));
    Ok(url)
}

fn wrong(text: &'static str) -> Error {
    Error::invalid("store", "store_location", text)
}

/// SQLite's locks cannot be trusted on network file systems, whose kernels promise what their servers do not keep.
///
/// # Errors
/// `network_file_system`, where the system tells (Linux and Android; elsewhere this is for the user to know).
pub(crate) fn refuse_network_file_system(path: &Path) -> Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // NFS, SMB in its three forms, AFS, Coda, NCP, 9P, Ceph, Lustre: their numbers in Linux's magic.h.
        const NETWORK: [u32; 10] = [
            0x6969,
            0x517B,
            0xFF53_4D42,
            0xFE53_4D42,
            0x5346_414F,
            0x7375_7245,
            0x564C,
            0x0102_1997,
            0x00C3_6400,
            0x0BD0_0BD0,
        ];
        let folder = std::path::absolute(path).ok().and_then(|path| path.parent().map(PathBuf::from));
        let found = folder.and_then(|folder| rustix::fs::statfs(&folder).ok());
        if found.is_some_and(|found| u32::try_from(found.f_type).is_ok_and(|kind| NETWORK.contains(&kind))) {
            let text =
                "a store does not work on a network file system; put it on a local disk, or use PostgreSQL";
            return Err(Error::new(ErrorKind::Unsupported, "network_file_system", text).with_field("store"));
        }
    }
    let _ = path;
    Ok(())
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Location {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self(path.to_string_lossy().into_owned())
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        path.as_path().into()
    }
}

impl From<&Self> for Location {
    fn from(location: &Self) -> Self {
        location.clone()
    }
}

/// Of a server, only what says which: its parameters may hold a password as well.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind() == Kind::Sqlite {
            return f.write_str(&self.0);
        }
        match Url::parse(&self.0) {
            Ok(url) => {
                write!(f, "postgres://{}", url.host_str().unwrap_or_default())?;
                url.port().map_or(Ok(()), |port| write!(f, ":{port}"))?;
                f.write_str(url.path())
            }
            Err(_) => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}
