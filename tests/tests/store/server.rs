//! A PostgreSQL server that goes away and comes back, under load.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::{Api, ErrorKind, Gatepass, NewToken, Reason, TokenFilter, days};
use sqlx::ConnectOptions as _;

use crate::postgres::Cluster;
use crate::support::{database, until};

const LIMIT: Duration = Duration::from_secs(30);

/// What the tasks of a load were told.
#[derive(Debug, Default)]
struct Told {
    created: BTreeSet<String>,
    revoked: BTreeSet<String>,
    /// Not acknowledged: made or not.
    unknown: BTreeSet<String>,
    codes: BTreeSet<&'static str>,
}

impl Told {
    /// Whether it was done; otherwise nobody knows, and it was for want of a server.
    fn note<T>(&mut self, result: gatepass::Result<T>, name: &str) -> bool {
        let Err(error) = result else { return true };
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout), "{error:?}");
        self.unknown.insert(name.to_owned());
        self.codes.insert(kind.as_str());
        false
    }
}

async fn load(gp: Gatepass, task: usize, stop: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let name = format!("token {task} {number}");
        let asked = NewToken::new(&name, Api::Rest).expires(days(1));
        if told.note(gp.tokens().create(asked).await, &name) {
            told.created.insert(name.clone());
            if number % 3 == 0 && told.note(gp.tokens().revoke(&name).await, &name) {
                told.revoked.insert(name);
            }
        } else {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    told
}

/// All that was acknowledged is there, and nothing that nobody asked for.
async fn check(gp: &Gatepass, all: &[Told]) {
    let tokens: Vec<_> = gp.tokens().list(TokenFilter::default()).try_collect().await.unwrap();
    let have: BTreeSet<_> = tokens.iter().map(|token| token.name.clone()).collect();
    let revoked: BTreeSet<_> =
        tokens.iter().filter(|token| token.revoked_on.is_some()).map(|token| token.name.clone()).collect();
    for told in all {
        assert!(told.created.is_subset(&have));
        assert!(told.revoked.is_subset(&revoked));
    }
    let asked =
        |name: &String| all.iter().any(|told| told.created.contains(name) || told.unknown.contains(name));
    assert!(have.iter().filter(|name| name.starts_with("token ")).all(asked));
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_server_stops_all_is_unavailable_and_when_it_starts_all_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::new(folder.path()).unwrap();
    let mut server = cluster.start().unwrap();
    let gp = gatepass::open(cluster.url()).await.unwrap();
    let verifier = gp.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    let kept = gp.tokens().create(NewToken::new("kept", Api::Rest).expires(days(1))).await.unwrap();
    let says = || guard.check_secret(kept.secret.reveal(), None).err().map(|denied| denied.reason);
    verifier.wait_for(kept.revision).await.unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..16).map(|task| tokio::spawn(load(gp.clone(), task, Arc::clone(&stop)))).collect();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(server);
        let stale =
            until("that old news is not believed", LIMIT, async || says() == Some(Reason::Stale)).await;
        assert!(stale < Duration::from_millis(1800), "{stale:?}");
        let error = gp.tokens().get("kept").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        server = cluster.start().unwrap();
        until("service again", LIMIT, async || gp.tokens().get("kept").await.is_ok()).await;
        until("news again", LIMIT, async || says().is_none()).await;
    }
    let before = gp.inspect().await.unwrap().revision;
    until("writing again", LIMIT, async || gp.inspect().await.unwrap().revision > before + 20).await;
    stop.store(true, Ordering::SeqCst);
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.unwrap());
    }
    assert!(all.iter().any(|told| told.codes.contains("unavailable")));
    assert!(all.iter().all(|told| told.created.len() > 10 && !told.codes.is_empty()), "{all:?}");
    check(&gp, &all).await;
    drop(server);
}

/// Connections are cut one after another, the server stays: hardly anybody notices.
#[tokio::test(flavor = "multi_thread")]
async fn when_connections_are_cut_others_take_their_place() {
    let location = database("cut").await;
    let gp = gatepass::open(&*location).await.unwrap();
    let verifier = gp.verifier().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..8).map(|task| tokio::spawn(load(gp.clone(), task, Arc::clone(&stop)))).collect();
    let options = sqlx::any::AnyConnectOptions::from_url(&location.parse().unwrap()).unwrap();
    let mut conn = options.connect().await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        sqlx::raw_sql(cut).execute(&mut conn).await.unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.unwrap());
    }
    assert!(all.iter().all(|told| told.created.len() > 10), "{all:?}");
    until("reading again", LIMIT, async || gp.inspect().await.is_ok()).await;
    check(&gp, &all).await;
    let last = gp.inspect().await.unwrap().revision;
    tokio::time::timeout(LIMIT, verifier.wait_for(last)).await.unwrap().unwrap();
}

/// Connections that stay open and say nothing, as when a machine on the way is gone: here the processes behind them
/// are stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_given_up_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::new(folder.path()).unwrap();
    let server = cluster.start().unwrap();
    let gp = gatepass::open(cluster.url()).await.unwrap();
    let verifier = gp.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    let kept = gp.tokens().create(NewToken::new("kept", Api::Rest).expires(days(1))).await.unwrap();
    let says = || guard.check_secret(kept.secret.reveal(), None).err().map(|denied| denied.reason);
    gp.tokens().get("kept").await.unwrap();
    verifier.wait_for(kept.revision).await.unwrap();

    let options = sqlx::any::AnyConnectOptions::from_url(&cluster.url().parse().unwrap()).unwrap();
    let mut conn = options.connect().await.unwrap();
    let sql = "SELECT pid::bigint FROM pg_stat_activity \
               WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let silent: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&mut conn).await.unwrap();
    assert!(silent.len() >= 3, "{silent:?}");
    let signal = |signal: &str| {
        let all = silent.iter().map(i64::to_string);
        assert!(Command::new("kill").arg(signal).args(all).status().unwrap().success());
    };
    signal("-STOP");
    until("that old news is not believed", LIMIT, async || says() == Some(Reason::Stale)).await;
    let tokens = gp.tokens();
    let (created, again) = tokio::join!(
        tokens.create(NewToken::new("new", Api::Rest).expires(days(1))),
        until("news by another connection", LIMIT, async || says().is_none()),
    );
    assert!(again < Duration::from_secs(10), "{again:?}");
    let created = created.unwrap();
    verifier.wait_for(created.revision).await.unwrap();
    until("reading again", LIMIT, async || gp.tokens().get("new").await.is_ok()).await;
    signal("-CONT");
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
    drop(server);
}
