//! Stores of one's own, and what the tests say often.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{
    Acting, Actor, Api, Clock, Error, Gatepass, NewToken, OpenOptions, Reason, Secret, SystemClock,
    Timestamp, days,
};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _};
use tempfile::TempDir;

/// When the tests' clocks begin.
pub(crate) const START: &str = "2026-03-01T09:00:00Z";
pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// Runs each of these on a new store of either kind.
macro_rules! on_each_store {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::Place::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::Place::postgres().await).await;
            })*
        }
    };
}

/// Where a test has its store.
#[derive(Debug)]
pub(crate) struct Place {
    location: String,
    folder: Option<TempDir>,
}

impl Place {
    /// A file that is not there yet.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = folder.path().join("tokens.db").to_str().unwrap().to_owned();
        Self { location, folder: Some(folder) }
    }

    /// An empty database.
    pub(crate) async fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var("GATEPASS_TEST_POSTGRES") else {
            panic!(
                "no PostgreSQL server: `cargo xtask test` starts one and sets GATEPASS_TEST_POSTGRES; \
                 this line installs it: apt-get install --yes --no-install-recommends postgresql"
            );
        };
        let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut conn = connect(&server).await;
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        let location = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        Self { location, folder: None }
    }

    /// One of the same kind.
    pub(crate) async fn another(&self) -> Self {
        if self.is_sqlite() { Self::sqlite() } else { Self::postgres().await }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.folder.is_some()
    }

    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    pub(crate) async fn open(&self) -> Gatepass {
        gatepass::open(self.location()).await.unwrap()
    }

    pub(crate) async fn open_with(&self, options: OpenOptions) -> Gatepass {
        options.open(self.location()).await.unwrap()
    }

    /// Opened by a clock that stands still.
    pub(crate) async fn open_at(&self, clock: &Arc<ManualClock>) -> Gatepass {
        self.open_with(OpenOptions::default().clock(clock.clone())).await
    }

    /// The database itself.
    pub(crate) async fn raw(&self) -> AnyConnection {
        if self.is_sqlite() {
            connect(&format!("sqlite://{}", self.location)).await
        } else {
            connect(&self.location).await
        }
    }

    /// Runs a statement on the database itself.
    pub(crate) async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.raw().await).await.unwrap();
    }
}

async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnectOptions::from_url(&url.parse().unwrap()).unwrap().connect().await.unwrap()
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(START.parse().unwrap()))
}

/// A REST token for 90 days.
pub(crate) fn rest(name: impl Into<String>) -> NewToken {
    NewToken::new(name, Api::Rest).expires(days(90))
}

/// Acting as this user.
pub(crate) fn as_user(name: &str) -> Acting {
    Acting::new(Actor::User(name.to_owned()))
}

/// The code of what has to be an error.
pub(crate) fn code<T: Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().code().to_owned()
}

/// What one check of a secret says: nothing where it is good.
pub(crate) async fn refusal(gp: &Gatepass, secret: &Secret) -> Option<Reason> {
    let verdict = gp.tokens().check_secret(Api::Rest, [""; 0], secret.reveal(), None).await.unwrap();
    verdict.err().map(|denied| denied.reason)
}

/// The actions of the audit trail, in order.
pub(crate) async fn actions(gp: &Gatepass) -> Vec<String> {
    let mut filter = gatepass::AuditFilter::default();
    filter.limit = Some(u32::MAX);
    gp.audit().list(&filter).await.unwrap().into_iter().map(|entry| entry.action).collect()
}

/// Waits until it is so, for ten seconds at the most.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = SystemClock.boot_time() + Duration::from_secs(10);
    while !is_so().await {
        assert!(SystemClock.boot_time() < end, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}
