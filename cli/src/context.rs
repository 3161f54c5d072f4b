//! What all commands share: the global options, and the one place where a store is opened or a server connected to.

use std::path::Path;

use clap::ArgMatches;
use clap::parser::ValueSource;
use gatepass::{
    Acting, Actor, Brand, Error, ErrorKind, Gatepass, Location, OpenOptions, Result, TokenPolicy,
};
use tracing_subscriber::filter::LevelFilter;

use crate::args::Global;
use crate::fault::Stop;
use crate::login::needs_server;
use crate::output::Output;
use crate::remote::Remote;

/// What to do where there is no store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// To say so: a mistyped path shall not look like an empty store.
    Refuse,
    /// To make one.
    Make,
}

/// Something of the global options that the environment may say too.
#[derive(Debug)]
struct Said {
    text: String,
    /// Whether the arguments say it.
    by_argument: bool,
}

impl Said {
    /// What is said; an empty text says nothing.
    fn of(text: Option<String>, name: &str, matches: &ArgMatches) -> Option<Self> {
        let by_argument = matches.value_source(name) == Some(ValueSource::CommandLine);
        text.filter(|text| !text.is_empty()).map(|text| Self { text, by_argument })
    }
}

/// Where the tokens are.
enum Place<'a> {
    Store(Location),
    Server(&'a str),
}

#[derive(Debug)]
pub(crate) struct Context {
    store: Option<Said>,
    server: Option<Said>,
    remote: Remote,
    policy: TokenPolicy,
    pub(crate) brand: Brand,
    pub(crate) output: Output,
    /// How much more than usual is to be said.
    pub(crate) verbose: u8,
}

impl Context {
    pub(crate) fn new(global: Global, matches: &ArgMatches) -> Self {
        let mut policy = TokenPolicy::default();
        policy.max_days = global.max_days.or(policy.max_days);
        policy.allow_never = global.allow_never;
        Self {
            store: Said::of(global.store, "store", matches),
            server: Said::of(global.server, "server", matches),
            remote: Remote { token_file: global.token_file, login: global.login, ca_file: global.ca_file },
            policy,
            brand: global.brand.unwrap_or_default(),
            output: Output::new(global.output),
            verbose: global.verbose,
        }
    }

    /// How long tokens may live.
    pub(crate) fn policy(&self) -> &TokenPolicy {
        &self.policy
    }

    /// How a server is reached.
    pub(crate) fn remote(&self) -> &Remote {
        &self.remote
    }

    /// What is worked on. An argument goes before the environment, where each names something else.
    ///
    /// # Errors
    /// `store_required`, `store_and_server`.
    fn place(&self) -> Result<Place<'_>> {
        let server = match (&self.store, &self.server) {
            (None, None) => return Err(store_required()),
            (Some(store), Some(server)) if store.by_argument == server.by_argument => {
                let text = "say --store or --server, not both: a command works on one of them";
                return Err(Error::invalid("server", "store_and_server", text));
            }
            (Some(store), server) if store.by_argument || server.is_none() => None,
            (_, server) => server.as_ref(),
        };
        match (server, &self.store) {
            (Some(server), _) => Ok(Place::Server(&server.text)),
            (None, Some(_)) if self.remote.is_asked_for() => Err(needs_server()),
            (None, Some(store)) => Ok(Place::Store(Location::from(store.text.as_str()))),
            (None, None) => Err(store_required()),
        }
    }

    /// Where the store is, for a command that no server does for others.
    ///
    /// # Errors
    /// `needs_store`, `store_required`.
    pub(crate) fn location(&self) -> Result<Location> {
        match (&self.store, &self.server) {
            (Some(store), None) => Ok(Location::from(store.text.as_str())),
            (Some(store), Some(server)) if !server.by_argument => Ok(Location::from(store.text.as_str())),
            (_, Some(_)) => {
                let text = "this is done on the store itself, and not through a server: say --store, without --server";
                Err(Error::new(ErrorKind::Unsupported, "needs_store", text).with_field("server"))
            }
            (None, None) => {
                let text = "say which store: --store PATH, or GATEPASS_STORE";
                Err(Error::invalid("store", "store_required", text))
            }
        }
    }

    /// Where the server is, for a command that no store can answer.
    ///
    /// # Errors
    /// `needs_server`, `store_and_server`.
    pub(crate) fn server(&self) -> Result<&str> {
        match &self.server {
            Some(server) if !self.store.as_ref().is_some_and(|store| store.by_argument) => Ok(&server.text),
            _ => Err(needs_server()),
        }
    }

    /// Opens the store or connects to the server that is asked for, works on it, and lets go of it however that ended.
    pub(crate) async fn with_gatepass<T>(
        &self,
        missing: Missing,
        work: impl AsyncFnOnce(&Gatepass) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        self.with_policy(self.policy.clone(), missing, work).await
    }

    /// The same under another policy.
    pub(crate) async fn with_policy<T>(
        &self,
        policy: TokenPolicy,
        missing: Missing,
        work: impl AsyncFnOnce(&Gatepass) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        match self.place()? {
            Place::Store(location) => self.on_store(location, policy, missing, work).await,
            Place::Server(url) => {
                let gatepass = self.remote.options()?.policy(policy).connect(url)?;
                let done = work(&gatepass).await;
                gatepass.close().await;
                done
            }
        }
    }

    /// The same for what is done on a store itself.
    pub(crate) async fn with_store<T>(
        &self,
        missing: Missing,
        work: impl AsyncFnOnce(&Gatepass) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        self.on_store(self.location()?, self.policy.clone(), missing, work).await
    }

    async fn on_store<T>(
        &self,
        location: Location,
        policy: TokenPolicy,
        missing: Missing,
        work: impl AsyncFnOnce(&Gatepass) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let made = missing == Missing::Make && location.path().is_some_and(|path| !path.exists());
        let gatepass = self.open(location, policy, missing).await?;
        if made {
            self.output.note(format_args!("made a new store, {}", gatepass.place()));
        }
        let done = work(&gatepass).await;
        gatepass.close().await;
        done
    }

    /// Opens a store, under the name of whoever runs this program. All stores are opened here.
    pub(crate) async fn open(
        &self,
        location: Location,
        policy: TokenPolicy,
        missing: Missing,
    ) -> Result<Gatepass> {
        let user = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
        let options = OpenOptions::default()
            .brand(self.brand.clone())
            .policy(policy)
            .acting(Acting::new(Actor::Owner(user)))
            .create(missing == Missing::Make);
        options.open(location).await
    }
}

fn store_required() -> Error {
    let text =
        "say which store: --store PATH, or GATEPASS_STORE; or which server: --server URL, or GATEPASS_SERVER";
    Error::invalid("store", "store_required", text)
}

/// Removes a file that a failed command made, with what SQLite put beside it.
pub(crate) fn remove_store_file(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        std::fs::remove_file(name).ok();
    }
}

/// Shows what the library notes down, on standard error. Other libraries' notes stay away: one might hold a secret.
pub(crate) fn trace(verbose: u8) {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;

    let level = if verbose > 1 { LevelFilter::TRACE } else { LevelFilter::DEBUG };
    let ours = tracing_subscriber::filter::Targets::new().with_target("gatepass", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(lines).with(ours).init();
}
