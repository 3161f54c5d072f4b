//! What all commands share: the global options, and the one place where a store is opened.

use std::path::Path;

use gatepass::{Acting, Actor, Brand, Error, Gatepass, Location, OpenOptions, Result, TokenPolicy};
use tracing_subscriber::filter::LevelFilter;

use crate::args::Global;
use crate::fault::Stop;
use crate::output::Output;

/// What to do where there is no store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// To say so: a mistyped path shall not look like an empty store.
    Refuse,
    /// To make one.
    Make,
}

#[derive(Debug)]
pub(crate) struct Context {
    store: Option<String>,
    policy: TokenPolicy,
    pub(crate) brand: Brand,
    pub(crate) output: Output,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        let mut policy = TokenPolicy::default();
        policy.max_days = global.max_days.or(policy.max_days);
        policy.allow_never = global.allow_never;
        let brand = global.brand.unwrap_or_default();
        Self { store: global.store, policy, brand, output: Output::new(global.output) }
    }

    /// How long tokens may live.
    pub(crate) fn policy(&self) -> &TokenPolicy {
        &self.policy
    }

    /// Where the store is.
    ///
    /// # Errors
    /// `store_required`.
    pub(crate) fn location(&self) -> Result<Location> {
        self.store.as_deref().filter(|store| !store.is_empty()).map(Location::from).ok_or_else(|| {
            Error::invalid("store", "store_required", "say which store: --store PATH, or GATEPASS_STORE")
        })
    }

    /// Opens the store that is asked for, works on it, and lets go of it however that ended.
    pub(crate) async fn with_store<T>(
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
        let location = self.location()?;
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
