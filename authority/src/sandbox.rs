//! A small directory to use tokens against: RadiantOne's REST API (ADAP) under `/adap` and SCIM 2.0 under `/scim2/v2`, over
//! the same people and groups. For tests: what is in it was invented, and it takes no care of real data.

pub(crate) mod access;
mod adap;
mod cursors;
mod entry;
mod filter;
mod invent;
mod refused;
mod scim;
mod search;
mod store;
mod syntax;
mod tree;

use std::path::PathBuf;
use std::sync::Arc;

use gatepass::{Clock, Dn, Error, ErrorKind, Result};

use self::cursors::Cursors;
use self::scim::Positions;
use self::store::Store;
use crate::app::App;
use crate::endpoint::Endpoint;
use crate::errors::Style;

/// More people than this are a mistake.
const MOST_PEOPLE: u64 = 10_000_000;

/// A sandbox, as it is asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct SandboxOptions {
    /// Its file, made where there is none.
    pub data: PathBuf,
    /// The name of its topmost entry: `o=acme` when not said.
    pub base: String,
    /// How many people are invented where the file is new: 200 when not said.
    pub people: u64,
    /// Whether whoever sends no token may read by REST, as RadiantOne can be set to. No, when not said.
    pub anonymous: bool,
}

impl SandboxOptions {
    /// A sandbox in this file.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), base: "o=acme".to_owned(), people: 200, anonymous: false }
    }

    /// With a topmost entry of this name.
    pub fn base(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }

    /// With so many invented people, where the file is new; and a group for each twenty.
    pub const fn people(mut self, people: u64) -> Self {
        self.people = people;
        self
    }

    /// Lets whoever sends no token read by REST.
    pub const fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }
}

/// The directory.
pub(crate) struct Sandbox {
    store: Store,
    base: Dn,
    anonymous: bool,
    cursors: Cursors,
    positions: Positions,
    clock: Arc<dyn Clock>,
}

impl Sandbox {
    /// The sandbox of this server.
    ///
    /// # Errors
    /// Not found, `no_such_path`, where it has none.
    fn of(app: &App) -> Result<&Arc<Self>> {
        let missing = || Error::new(ErrorKind::NotFound, "no_such_path", "there is no sandbox here");
        app.sandbox.as_ref().ok_or_else(missing)
    }

    /// Opens it, and fills it where it is new.
    ///
    /// # Errors
    /// Those of the file; invalid input on the base; `sandbox_other_base` where the file has another one.
    pub(crate) async fn open(options: &SandboxOptions, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let base = Dn::parse("sandboxBase", options.base.trim())?;
        if base.is_root() {
            return Err(Error::invalid("sandboxBase", "dn_malformed", "the topmost entry has a name"));
        }
        if options.people > MOST_PEOPLE {
            let text = "a sandbox has at most ten million people";
            return Err(Error::invalid("sandboxPeople", "too_many", text));
        }
        let path = options.data.clone();
        let store = tokio::task::spawn_blocking(move || Store::open(&path)).await.map_err(|_| {
            Error::new(ErrorKind::Internal, "sandbox_closed", "the sandbox could not be opened")
        })??;
        let this = Self {
            store,
            base,
            anonymous: options.anonymous,
            cursors: Cursors::default(),
            positions: Positions::default(),
            clock,
        };
        this.fill(options.people).await?;
        Ok(Arc::new(this))
    }

    /// All of it, or nothing: a start that was cut short leaves an empty file.
    async fn fill(&self, people: u64) -> Result<()> {
        let (base, now) = (self.base.clone(), self.clock.now());
        let filled = self.store.write(move |conn| {
            let empty = "SELECT NOT EXISTS (SELECT 1 FROM entry)";
            if conn.query_row(empty, [], |row| row.get::<_, bool>(0)).map_err(store::failed)? {
                let roots = invent::roots(conn, &base, now)?;
                invent::people(conn, &base, &roots, people, now)?;
                return invent::groups(conn, &base, &roots, people, now);
            }
            if tree::look_up(conn, &base)?.is_none_or(|top| top.parent.is_some()) {
                let text = "the sandbox's file has another topmost entry; name that one, or another file";
                return Err(Error::invalid("sandboxBase", "sandbox_other_base", text));
            }
            Ok(())
        });
        filled.await?;
        self.store.settle().await
    }

    /// The group whose members may do everything.
    fn admins(&self) -> Result<Dn> {
        Dn::parse("admins", &format!("cn=admins,ou=Groups,{}", self.base))
    }

    fn lets_all_read(&self) -> bool {
        self.anonymous
    }
}

/// In which form it is told what is wrong at a path.
pub(crate) fn style(path: &str) -> Style {
    let below = |top| path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match () {
        () if below("/adap") => Style::Adap,
        () if below("/scim2") => Style::Scim,
        () => Style::ClientError,
    }
}

/// What is served of it, each operation behind its gate.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    [adap::endpoints(), scim::endpoints()].into_iter().flatten().collect()
}
