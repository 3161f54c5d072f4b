//! Verifiers that follow an authority in another process: how long a snapshot takes and how much of memory, how soon a
//! revocation is known to all, and how both grow.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gatepass::{
    Api, Clock as _, Gatepass, NewToken, Permissions, Role, SystemClock, TokenRights, Verifier, connect, days,
};
use gatepass_authority::{AdminPassword, Options, serve};

use crate::harness::{Bar, Row, folder, median, resident, resident_of, timed};
use crate::store::make;

pub(crate) const AUTHORITY: &str = "--authority-child";
pub(crate) const REPLICA: &str = "--replica-child";
/// Revocations of one row.
const REVOCATIONS: usize = 100;

pub(crate) fn run() -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = folder("replica");
    let store = folder.join("tokens.db");
    let gp = runtime.block_on(gatepass::open(store.as_path())).unwrap();
    let secret = runtime.block_on(credential(&gp));
    let mut rows = Vec::new();
    let mut made = 0;
    for (tokens, label) in [(10_000, "10 k"), (100_000, "100 k"), (1_000_000, "1 M")] {
        let _last = runtime.block_on(make(&gp, made..tokens, true));
        made = tokens;
        let authority = Authority::start(&store);
        if tokens == 10_000 {
            for (replicas, bar) in
                [(1, Bar::None), (10, Bar::None), (50, Bar::AtMost(100.0)), (200, Bar::None)]
            {
                rows.extend(runtime.block_on(revocations(&authority, &secret, replicas, bar)));
            }
        }
        let loads: Vec<_> = (0..3).map(|_| load(&authority.url, &secret)).collect();
        let of = |figure: fn(&(f64, f64, f64)) -> f64| median(loads.iter().map(figure));
        let (most, long) =
            if tokens == 1_000_000 { (Bar::AtMost(128.0), Bar::AtMost(5.0)) } else { (Bar::None, Bar::None) };
        rows.push(Row::absolute(
            &format!("a replica of {label} tokens, from connecting to the first check"),
            "s",
            of(|(time, ..)| *time),
            long,
        ));
        rows.push(Row::absolute(
            &format!("resident memory of a replica of {label} tokens"),
            "bytes a token",
            of(|(_, bytes, _)| *bytes) / tokens as f64,
            most,
        ));
        rows.push(Row::absolute(
            &format!("a check by a replica of {label} tokens, with its use noted"),
            "ns",
            of(|(.., check)| *check),
            Bar::None,
        ));
    }
    runtime.block_on(gp.close());
    std::fs::remove_dir_all(folder).unwrap();
    rows
}

/// A token that may verify and revoke.
async fn credential(gp: &Gatepass) -> String {
    let mut rights = TokenRights::default();
    rights.verify = Api::ALL.into();
    gp.roles().create(Role::new("verifier", Permissions::none().with_token_rights(rights))).await.unwrap();
    let asked = NewToken::new("replica", Api::Config).role("verifier").role("Directory Administrator");
    gp.tokens().create(asked.expires(days(300))).await.unwrap().secret.reveal().to_owned()
}

/// An authority in a process of its own.
struct Authority {
    child: Child,
    url: String,
}

impl Authority {
    fn start(store: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child =
            command.arg(AUTHORITY).arg(store).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    /// The time of processors that it has used.
    fn used(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after = stat.rsplit_once(") ").unwrap().1;
        let ticks: u64 = after.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10) // Linux counts a hundred of them a second
    }
}

impl Drop for Authority {
    /// It ends when nobody holds its input any more.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

pub(crate) fn authority(arguments: &[String]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let gp = gatepass::open(arguments[1].as_str()).await.unwrap();
        let mut options = Options::default().listen(["127.0.0.1:0".parse().unwrap()]);
        options.admin_password = AdminPassword::NoUser;
        let server = serve(options, gp.clone()).await.unwrap();
        println!("{}", server.url());
        let end = || std::io::stdin().read_to_end(&mut Vec::new());
        tokio::task::spawn_blocking(end).await.unwrap().unwrap();
        server.shutdown().await;
        gp.close().await;
    });
}

/// In a process of its own: seconds to load, bytes that are resident for it, nanoseconds of a check.
fn load(url: &str, secret: &str) -> (f64, f64, f64) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let child = command.args([REPLICA, url]).env("REPLICA_TOKEN", secret).output().unwrap();
    let printed = String::from_utf8(child.stdout).unwrap();
    let mut figures = printed.split_whitespace().map(|figure| figure.parse::<f64>().unwrap());
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let mut next = || figures.next().unwrap();
    (next(), next(), next())
}

pub(crate) fn replica(arguments: &[String]) {
    const CHECKS: u32 = 1_000_000;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let gp = runtime.block_on(connect(&arguments[1], gatepass::Credential::env("REPLICA_TOKEN"))).unwrap();
    runtime.block_on(gp.myself()).unwrap();
    let before = resident();
    let mut verifier = None;
    let time = timed(|| verifier = Some(runtime.block_on(gp.verifier()).unwrap()));
    let bytes = resident() - before;
    let guard = verifier.unwrap().guard(Api::Config, [""; 0]).unwrap();
    let secret = std::env::var("REPLICA_TOKEN").unwrap();
    let checks = timed(|| (0..CHECKS).for_each(|_| drop(guard.check_secret(&secret, None).unwrap())));
    println!("{} {bytes} {}", time.as_secs_f64(), checks.as_secs_f64() * 1e9 / f64::from(CHECKS));
}

/// From sending a revocation to when each replica has it, in milliseconds; and what the authority takes while nothing
/// happens.
async fn revocations(authority: &Authority, secret: &str, replicas: usize, bar: Bar) -> Vec<Row> {
    let gp = connect(&authority.url, gatepass::Secret::new(secret).unwrap()).await.unwrap();
    let mut names = Vec::new();
    for number in 0..REVOCATIONS {
        let name = format!("revoked {replicas} {number}");
        let asked = NewToken::new(&name, Api::Rest).target_dn("uid=a,o=b").expires(days(90));
        let _secret = gp.tokens().create(asked).await.unwrap();
        names.push(name);
    }
    let mut logs = Vec::new();
    let (end, ended) = tokio::sync::watch::channel(false);
    for _ in 0..replicas {
        // Each with connections of its own, as in another process.
        let verifier = connect(&authority.url, gatepass::Secret::new(secret).unwrap())
            .await
            .unwrap()
            .verifier()
            .await
            .unwrap();
        logs.push(tokio::spawn(log(verifier, ended.clone())));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = Duration::from_secs(5);
    let used = authority.used();
    tokio::time::sleep(idle).await;
    let share = authority.used().saturating_sub(used).as_secs_f64() / idle.as_secs_f64() * 100.0;
    let memory = resident_of(authority.child.id()) / 1_048_576.0;
    let mut sent = Vec::new();
    for name in names {
        let at = SystemClock.boot_time();
        sent.push((gp.tokens().revoke(&name).await.unwrap().revision, at));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    end.send_replace(true);
    let mut delays = Vec::new();
    for log in logs {
        let log = log.await.unwrap();
        for (revision, at) in &sent {
            let (_, when) = log.iter().find(|(seen, _)| seen >= revision).unwrap();
            delays.push(when.saturating_sub(*at).as_secs_f64() * 1000.0);
        }
    }
    delays.sort_by(f64::total_cmp);
    let at = |percent: usize| delays[(delays.len() - 1) * percent / 100];
    let name = |what: &str| format!("{what}, {replicas} replica{}", if replicas == 1 { "" } else { "s" });
    vec![
        Row::absolute(
            &name("revocation, from sending it until a replica has it, median"),
            "ms",
            at(50),
            Bar::None,
        ),
        Row::absolute(&name("revocation, from sending it until a replica has it, p99"), "ms", at(99), bar),
        Row::absolute(&name("the authority while nothing happens"), "% of a core", share, Bar::None),
        Row::absolute(&name("resident memory of the authority"), "MiB", memory, Bar::None),
    ]
}

/// When a replica had come how far.
async fn log(verifier: Verifier, mut ended: tokio::sync::watch::Receiver<bool>) -> Vec<(i64, Duration)> {
    let (mut watch, mut seen) = (verifier.watch(), Vec::new());
    loop {
        tokio::select! {
            state = watch.changed() => seen.push((state.unwrap().revision, SystemClock.boot_time())),
            _ = ended.changed() => return seen,
        }
    }
}
