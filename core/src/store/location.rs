//! Where a store is: a file, or a database on a PostgreSQL server.

use std::fmt;
use std::path::{Path, PathBuf};

use url::{Host, Url};

use crate::{Error, Result};

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

    /// What begins a transaction that sees one moment throughout, and may take its time for reading it all.
    pub(crate) const fn begin_snapshot(self) -> &'static str {
        self.choose(
            "BEGIN",
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0",
        )
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
    /// What has a scheme is a server: were it taken for a path, it would be printed with its password.
    pub(crate) fn kind(&self) -> Kind {
        if self.scheme().is_some() { Kind::Postgres } else { Kind::Sqlite }
    }

    fn is_postgres(&self) -> bool {
        let known = |scheme: &str| {
            scheme.eq_ignore_ascii_case("postgres") || scheme.eq_ignore_ascii_case("postgresql")
        };
        self.scheme().is_some_and(known)
    }

    fn scheme(&self) -> Option<&str> {
        let (scheme, _) = self.0.split_once("://")?;
        let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        (!scheme.is_empty() && scheme.bytes().all(part)).then_some(scheme)
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
            None => self.server_url(|name| std::env::var(name).ok()),
        }
    }

    /// `environment` has what stands in for what the URL does not say, as everywhere with PostgreSQL.
    fn server_url(&self, environment: impl Fn(&str) -> Option<String>) -> Result<Url> {
        if !self.is_postgres() {
            return Err(wrong("neither the path of a file nor a URL such as postgres://user@host/tokens"));
        }
        // The parser's own error is not passed on: it may quote a password.
        let mut url =
            Url::parse(&self.0).map_err(|_| wrong("not a URL such as postgres://user@host/tokens"))?;
        if is_cut_short(&url) {
            return Err(wrong("a password in a URL has its / ? # @ percent-encoded"));
        }
        if url.query_pairs().any(|(name, _)| !PARAMETERS.contains(&&*name) && !name.starts_with("options[")) {
            return Err(wrong("the URL has a parameter that is not known"));
        }
        let said = |name: &str| matches!(name, "sslmode" | "ssl-mode");
        let has_mode = url.query_pairs().any(|(name, _)| said(&name)) || environment("PGSSLMODE").is_some();
        let host = environment("PGHOSTADDR").or_else(|| environment("PGHOST"));
        if !has_mode && !is_local(&url, host.as_deref()) {
            url.query_pairs_mut().append_pair("sslmode", "verify-full");
        }
        Ok(url)
    }
}

/// What sqlx understands. What it does not, such as a mistyped `sslmode`, it ignores, and logs with its value.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Whether a password with a `/`, a `?` or a `#` in it ended the URL's host too early: what follows is part of it.
fn is_cut_short(url: &Url) -> bool {
    url.fragment().is_some() || url.path().contains('@') || url.path().matches('/').count() > 1
}

/// A server on this machine needs no proof of who it is. `default` is the host where the URL names none.
fn is_local(url: &Url, default: Option<&str>) -> bool {
    let socket = url.query_pairs().any(|(name, value)| name == "host" && value.starts_with('/'));
    let elsewhere = url.query_pairs().any(|(name, _)| matches!(&*name, "host" | "hostaddr"));
    let host = match url.host() {
        None | Some(Host::Domain("")) => is_local_host(default.unwrap_or_default()),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // PostgreSQL is no special scheme to the parser, so addresses arrive as names, a socket's path encoded.
        Some(Host::Domain(name)) => name.to_ascii_lowercase().starts_with("%2f") || is_local_host(name),
    };
    socket || host && !elsewhere
}

fn is_local_host(name: &str) -> bool {
    name.is_empty()
        || name == "localhost"
        || name.starts_with('/')
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Characters that end a path in a URL, or begin something else there, are encoded.
fn file_url(path: &Path) -> Result<Url> {
    let text = path.to_str().ok_or_else(|| wrong("the path is not UTF-8"))?;
    if text.contains(NOT_UTF_8) {
        return Err(wrong("the path is not UTF-8"));
    }
    if text.is_empty() || text.starts_with(":memory:") {
        return Err(wrong("not the path of a file"));
    }
    let absolute =
        std::path::absolute(path).map_err(|error| wrong("not the path of a file").with_cause(error))?;
    let mut url = Url::from_file_path(&absolute).map_err(|()| wrong("not the path of a file"))?;
    let path = url.path().to_owned();
    url = Url::parse("sqlite:///").map_err(|_| wrong("not the path of a file"))?;
    url.set_path(&path);
    // It is there already; one that was deleted is not made again behind everybody's back.
    url.set_query(Some("mode=rw"));
    Ok(url)
}

fn wrong(text: &'static str) -> Error {
    Error::invalid("store", "store_location", text)
}

/// Ends a path that was not UTF-8, so that no other file is opened in its place. No path has it.
const NOT_UTF_8: char = '\0';

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
        match path.to_str() {
            Some(text) => Self(text.to_owned()),
            None => Self(format!("{}{NOT_UTF_8}", path.to_string_lossy())),
        }
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
            return f.write_str(self.0.trim_end_matches(NOT_UTF_8));
        }
        match Url::parse(&self.0) {
            Ok(url) if !is_cut_short(&url) && self.is_postgres() => {
                write!(f, "postgres://{}", url.host_str().unwrap_or_default())?;
                url.port().map_or(Ok(()), |port| write!(f, ":{port}"))?;
                f.write_str(url.path())
            }
            _ => write!(f, "{}://…", self.scheme().unwrap_or_default()),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str, environment: &[(&str, &str)]) -> Result<String> {
        let environment = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Location::from(url).server_url(environment).map(|url| url.to_string())
    }

    #[test]
    fn off_this_machine_the_server_proves_who_it_is() {
        for remote in [
            "postgres://u:p@db.example.org/tokens",
            "postgresql://10.0.0.1:5433/tokens",
            "POSTGRES://db/tokens?application_name=x",
            "postgres://localhost.example.org/tokens",
            "postgres://[2001:db8::1]/tokens",
            "postgres:///tokens?host=db.example.org",
            "postgres://localhost/tokens?hostaddr=10.0.0.1",
        ] {
            let url = server(remote, &[]).unwrap();
            assert!(url.ends_with("sslmode=verify-full"), "{remote}: {url}");
        }
        for local in [
            "postgres:///tokens",
            "postgres://localhost/tokens",
            "postgres://u:p@127.0.0.1:5432/tokens",
            "postgres://[::1]/tokens",
            "postgres://%2Frun%2Fpostgresql/tokens",
            "postgres:///tokens?host=/run/postgresql",
        ] {
            let url = server(local, &[]).unwrap();
            assert!(!url.contains("sslmode"), "{local}: {url}");
        }
    }

    #[test]
    fn the_environment_counts_where_the_url_says_nothing() {
        let remote = [("PGHOST", "db.example.org")];
        assert!(server("postgres:///tokens", &remote).unwrap().ends_with("sslmode=verify-full"));
        assert!(!server("postgres://localhost/tokens", &remote).unwrap().contains("sslmode"));
        let address = [("PGHOSTADDR", "10.0.0.1"), ("PGHOST", "localhost")];
        assert!(server("postgres:///tokens", &address).unwrap().ends_with("sslmode=verify-full"));
        assert!(!server("postgres:///tokens", &[("PGHOST", "/run")]).unwrap().contains("sslmode"));
        // What somebody has said stays.
        let said = "postgres://db.example.org/tokens?sslmode=verify-ca";
        assert_eq!(server(said, &[]).unwrap(), said);
        let said = [("PGSSLMODE", "require")];
        assert!(!server("postgres://db.example.org/tokens", &said).unwrap().contains("sslmode"));
    }

    #[test]
    fn no_password_is_printed() {
        for url in [
            "postgres://user:hunter2@db/tokens",
            "Postgres://user:hunter2@db/tokens",
            "postgresql://db/tokens?user=u&password=hunter2",
            "postgres://user:1/hunter2@db/tokens",
            "postgres://user:1#hunter2@db/tokens",
            "postgres://user:1?hunter2@db/tokens",
            "postgres://user:x/hunter2@db/tokens",
            "postgres://db/tokens?pasword=hunter2",
            "mysql://user:hunter2@db/tokens",
            "postgres+tls://user:hunter2@db/tokens",
        ] {
            let location = Location::from(url);
            let said = location.server_url(|_| None).err().map(|error| {
                assert_eq!((error.code(), error.field()), ("store_location", Some("store")));
                format!("{error} {error:?}")
            });
            let all = format!("{location} {location:?} {said:?}");
            assert!(!all.contains("hunter2"), "{all}");
        }
        assert_eq!(
            Location::from("postgres://u:p@db:5433/tokens?x=y").to_string(),
            "postgres://db:5433/tokens"
        );
    }

    #[test]
    fn a_path_is_a_file_whatever_is_in_it() {
        for path in
            ["tokens.db", "a ?#%25&;=+.db", "postgres:/x", "\u{540d}", "file:x?mode=memory", "a//b://c"]
        {
            let location = Location::from(path);
            assert_eq!(location.path(), Some(Path::new(path)));
            let url = location.url().unwrap();
            assert_eq!((url.scheme(), url.query()), ("sqlite", Some("mode=rw")));
        }
        for none in ["", ":memory:", "a\0b", "sqlite://tokens.db"] {
            assert_eq!(Location::from(none).url().unwrap_err().code(), "store_location");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_path_that_is_not_utf_8_is_refused_and_no_other_opened() {
        let path: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"tokens\xff.db");
        let location = Location::from(Path::new(path));
        assert_eq!(location.url().unwrap_err().code(), "store_location");
        assert_eq!(location.to_string(), "tokens\u{fffd}.db");
    }
}
