//! What these tests have in common.

use std::process::Command;
use std::time::Duration;

use gatepass::{Clock as _, SystemClock};
use sqlx::ConnectOptions as _;

/// The helper that writes until it is killed.
pub(crate) const STORM: &str = env!("CARGO_BIN_EXE_store_storm");

/// Fails, and names the line that installs it, where this program is missing.
pub(crate) fn need(program: &str, package: &str) {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    assert!(
        found.status.success(),
        "{program} is needed; this line installs it: apt-get install --yes --no-install-recommends {package}"
    );
}

/// An empty database on the server of this run.
pub(crate) async fn database(name: &str) -> String {
    let Ok(server) = std::env::var("GATEPASS_TEST_POSTGRES") else {
        panic!(
            "no PostgreSQL server: `cargo xtask test` starts one and sets GATEPASS_TEST_POSTGRES; \
             this line installs it: {}",
            crate::postgres::INSTALL
        );
    };
    sqlx::any::install_default_drivers();
    let options = sqlx::any::AnyConnectOptions::from_url(&server.parse().unwrap()).unwrap();
    let mut conn = options.connect().await.unwrap();
    let name = format!("{name}_{}", std::process::id());
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

/// Waits until it is so, for so long at the most; says how long it took.
pub(crate) async fn until(what: &str, limit: Duration, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let start = SystemClock.boot_time();
    while !is_so().await {
        let waited = SystemClock.boot_time().saturating_sub(start);
        assert!(waited < limit, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    SystemClock.boot_time().saturating_sub(start)
}
