//! A store in a file: what durability costs, how long a million tokens take to load, to look through, and to find one
//! among.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use gatepass::{Api, Gatepass, IssuedToken, NewToken, Rotation, TokenFilter, days};
use tokio::runtime::Runtime;

use crate::harness::{Bar, Pair, Row, folder, median, resident, timed};

pub(crate) const CHILD: &str = "--listing-child";
/// Tasks that create at once.
const TASKS: usize = 256;
const TOKENS: usize = 1_000_000;

pub(crate) fn run() -> Vec<Row> {
    let folder = folder("store");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let creates = creates(&runtime, &folder);
    let mut rows = vec![Row::compared(
        "durable creates from 256 tasks",
        "tokens/s",
        "one fsync for each",
        &creates,
        Bar::AtLeast(5.0),
    )];
    let listed = fill(&runtime, &folder.join("listed.db"), 100_000);
    let (before, after) = listing(&folder.join("listed.db"));
    drop(listed);
    rows.push(Row::absolute(
        "memory that listing 100 k tokens takes",
        "MiB",
        after - before,
        Bar::AtMost(32.0),
    ));
    let store = folder.join("million.db");
    let secret = fill(&runtime, &store, TOKENS);
    let loads: Vec<f64> = (0..3).map(|_| load(&runtime, &store)).collect();
    rows.push(Row::absolute(
        "loading an index of 1 M tokens from a file",
        "s",
        median(loads.into_iter()),
        Bar::AtMost(5.0),
    ));
    let checks: Vec<f64> = (0..20).map(|_| check(&store, &secret)).collect();
    let name = "`gatepass token check`, start to exit, 1 M tokens";
    rows.push(Row::absolute(name, "ms", median(checks.into_iter()), Bar::AtMost(50.0)));
    std::fs::remove_dir_all(folder).unwrap();
    rows
}

fn asked(number: usize) -> NewToken {
    let asked =
        NewToken::new(format!("service-{number:016}"), Api::Rest).expires(days(90)).scope("orders:read");
    match number % 10 {
        0..3 => asked.target_dn(format!("uid=svc-{number:07},ou=services,o=acme")),
        _ => asked,
    }
}

/// Makes tokens from many tasks, one in twenty of them in the grace of a rotation; gives one that is none of those.
pub(crate) async fn make(gp: &Gatepass, numbers: std::ops::Range<usize>, rotate: bool) -> IssuedToken {
    let tasks = (0..TASKS).map(|task| {
        let (gp, numbers) = (gp.clone(), numbers.clone());
        tokio::spawn(async move {
            let mut last = None;
            for number in numbers.skip(task).step_by(TASKS) {
                let new = gp.tokens().create(asked(number)).await.unwrap();
                if rotate && number % 20 == 0 {
                    let rotation = Rotation::with_grace(Duration::from_hours(24));
                    let _ = gp.tokens().rotate(&new.token.name, rotation).await.unwrap();
                } else {
                    last = Some(new);
                }
            }
            last
        })
    });
    let mut last = None;
    for task in tasks.collect::<Vec<_>>() {
        last = task.await.unwrap().or(last);
    }
    last.unwrap()
}

/// Rounds in turn: so many creates, and so many syncs of a page that was just written at the end of a file.
fn creates(runtime: &Runtime, folder: &Path) -> Pair {
    const CREATES: usize = 10_000;
    const SYNCS: usize = 300;
    let gp = runtime.block_on(gatepass::open(folder.join("creates.db"))).unwrap();
    let file = File::create(folder.join("synced")).unwrap();
    let rounds = (0..11).map(|round| {
        let syncs = timed(|| {
            for page in round * SYNCS..(round + 1) * SYNCS {
                file.write_all_at(&[7; 4096], page as u64 * 4096).unwrap();
                file.sync_data().unwrap();
            }
        });
        let numbers = round * CREATES..(round + 1) * CREATES;
        let creates = timed(|| drop(runtime.block_on(make(&gp, numbers, false))));
        (CREATES as f64 / creates.as_secs_f64(), SYNCS as f64 / syncs.as_secs_f64())
    });
    let rounds: Vec<_> = rounds.skip(1).collect();
    runtime.block_on(gp.close());
    Pair::of(&rounds)
}

/// A store of so many tokens; gives the secret of one.
pub(crate) fn fill(runtime: &Runtime, path: &Path, count: usize) -> String {
    runtime.block_on(async {
        let gp = gatepass::open(path).await.unwrap();
        let new = make(&gp, 0..count, true).await;
        gp.close().await;
        new.secret.reveal().to_owned()
    })
}

fn load(runtime: &Runtime, path: &Path) -> f64 {
    let gp = runtime.block_on(gatepass::open(path)).unwrap();
    let mut verifier = None;
    let time = timed(|| verifier = Some(runtime.block_on(gp.verifier()).unwrap()));
    drop(verifier);
    runtime.block_on(gp.close());
    time.as_secs_f64()
}

/// The command line program, as a script calls it.
fn check(path: &Path, secret: &str) -> f64 {
    let program = std::env::current_exe().unwrap().with_file_name("gatepass");
    let mut command = Command::new(program);
    command.args(["token", "check", "--api", "rest", "--scope", "orders:read", "--store"]).arg(path);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let time = timed(|| {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    });
    time.as_secs_f64() * 1000.0
}

/// In a process of its own: how much is resident before and after all tokens were listed, in MiB.
fn listing(path: &Path) -> (f64, f64) {
    let child = Command::new(std::env::current_exe().unwrap()).arg(CHILD).arg(path).output().unwrap();
    let printed = String::from_utf8(child.stdout).unwrap();
    let figures: Vec<f64> = printed.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    (figures[0], figures[1])
}

pub(crate) fn child(arguments: &[String]) {
    use futures_util::TryStreamExt as _;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let gp = gatepass::open(arguments[1].as_str()).await.unwrap();
        let first = gp.tokens().page(&TokenFilter::default(), None, Some(1)).await.unwrap();
        assert_eq!(first.tokens.len(), 1);
        let before = resident();
        let mut tokens = gp.tokens().list(TokenFilter::default());
        let mut count = 0;
        let mut most = before;
        while tokens.try_next().await.unwrap().is_some() {
            count += 1;
            if count % 1000 == 0 {
                most = most.max(resident());
            }
        }
        assert_eq!(count, 100_000);
        println!("{} {}", before / 1_048_576.0, most / 1_048_576.0);
    });
}
