//! Writes to a store from many tasks at once, until it is killed. Every operation is announced before it is asked for
//! (`try`), and acknowledged once it was answered (`ack`), each in a line that is written at once.
//!
//! With `STORE_STORM_UNSYNCED` it shows what a store that does not wait for the disk looks like in a trace: it writes the
//! same lines, and its rows by itself, without a sync.
#![expect(clippy::print_stderr, reason = "it talks to whoever runs it")]

use std::io::{Write as _, stdout};
use std::process::ExitCode;
use std::time::Duration;

use gatepass::{AccessToken, Acting, Actor, Api, Gatepass, NewToken, Rotation, days};
use rand::rngs::ChaCha12Rng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde_json::json;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::task::JoinSet;

const TASKS: u64 = 8;
/// Tokens that all tasks rotate and revoke.
const SHARED: u64 = 4;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [location, round, operations] = arguments.as_slice() else {
        eprintln!("usage: store_storm LOCATION ROUND OPERATIONS");
        return ExitCode::from(2);
    };
    let (Ok(round), Ok(operations)) = (round.parse(), operations.parse()) else {
        eprintln!("ROUND and OPERATIONS are numbers");
        return ExitCode::from(2);
    };
    let ended = if std::env::var_os("STORE_STORM_UNSYNCED").is_some() {
        unsynced(location, operations).await
    } else {
        storm(location, round, operations).await
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn unsynced(location: &str, operations: u64) -> gatepass::Result<()> {
    gatepass::open(location).await?.close().await;
    let failed = |error: sqlx::Error| {
        gatepass::Error::new(gatepass::ErrorKind::Internal, "unsynced", error.to_string())
    };
    let options: SqliteConnectOptions = location.parse().map_err(failed)?;
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Off);
    let mut conn = options.connect().await.map_err(failed)?;
    for number in 1..=operations {
        let id = format!("op-unsynced-{number:06}");
        let sql = "INSERT INTO audit (number, happened, action, actor, outcome, request_id) \
                   VALUES ($1, 0, 'x', 'x', 'done', $2)";
        let query = sqlx::query(sql).bind(number.cast_signed()).bind(&id);
        query.execute(&mut conn).await.map_err(failed)?;
        acknowledge(&id, "token.create", "x", None, None);
    }
    Ok(())
}

async fn storm(location: &str, round: u64, operations: u64) -> gatepass::Result<()> {
    let gp = gatepass::open(location).await?;
    let mut shared = Caller::new(&gp, round, TASKS);
    for number in 0..SHARED {
        shared.create(&format!("r{round}-shared-{number}")).await?;
    }
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let mut caller = Caller::new(&gp, round, task);
        tasks.spawn(async move { caller.run(operations).await });
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(result) => result?,
            Err(error) => eprintln!("{error}"),
        }
    }
    gp.close().await;
    Ok(())
}

/// One task, and the tokens that it made.
struct Caller {
    gp: Gatepass,
    round: u64,
    task: u64,
    random: ChaCha12Rng,
    operation: u64,
    tokens: Vec<String>,
}

impl Caller {
    fn new(gp: &Gatepass, round: u64, task: u64) -> Self {
        let random = ChaCha12Rng::seed_from_u64(round * 1000 + task);
        Self { gp: gp.clone(), round, task, random, operation: 0, tokens: Vec::new() }
    }

    async fn run(&mut self, operations: u64) -> gatepass::Result<()> {
        for number in 0..operations {
            let own = self.random.random_range(0..self.tokens.len().max(1));
            match (self.random.random_range(0..20), self.tokens.get(own).cloned()) {
                (0..5, Some(name)) => self.rotate(&name).await?,
                (5..8, Some(name)) => self.revoke(&name).await?,
                (8, Some(name)) => {
                    self.tokens.swap_remove(own);
                    self.delete(&name).await?;
                }
                (9..11, _) => {
                    let name = format!("r{}-shared-{}", self.round, self.random.next_u64() % SHARED);
                    if self.random.random_range(0..8) == 0 {
                        self.revoke(&name).await?;
                    } else {
                        self.rotate(&name).await?;
                    }
                }
                _ => {
                    let name = format!("r{}-t{}-{number}", self.round, self.task);
                    self.create(&name).await?;
                    self.tokens.push(name);
                }
            }
        }
        Ok(())
    }

    /// The store in the name of this operation, whose number is then in the audit trail.
    fn begin(&mut self, action: &str, name: &str) -> (Gatepass, String) {
        self.operation += 1;
        let id = format!("op-{:04}-{:03}-{:06}", self.round, self.task, self.operation);
        line(&json!({"try": action, "name": name, "id": id}));
        let acting = Acting::new(Actor::Owner("storm".to_owned())).with_request_id(&*id);
        (self.gp.acting(acting), id)
    }

    async fn create(&mut self, name: &str) -> gatepass::Result<()> {
        let (gp, id) = self.begin("token.create", name);
        let made = gp.tokens().create(NewToken::new(name, Api::Rest).expires(days(9))).await?;
        acknowledge(&id, "token.create", name, Some(&made.token), Some(made.secret.reveal()));
        Ok(())
    }

    async fn rotate(&mut self, name: &str) -> gatepass::Result<()> {
        let (gp, id) = self.begin("token.rotate", name);
        let rotation = Rotation::with_grace(Duration::from_hours(1)).force();
        match gp.tokens().rotate(name, rotation).await {
            Ok(made) => {
                acknowledge(&id, "token.rotate", name, Some(&made.token), Some(made.secret.reveal()));
            }
            Err(error) if error.code() == "token_revoked" => acknowledge(&id, "refused", name, None, None),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn revoke(&mut self, name: &str) -> gatepass::Result<()> {
        let (gp, id) = self.begin("token.revoke", name);
        let revoked = gp.tokens().revoke(name).await?;
        acknowledge(&id, "token.revoke", name, Some(&revoked.token), None);
        Ok(())
    }

    async fn delete(&mut self, name: &str) -> gatepass::Result<()> {
        let (gp, id) = self.begin("token.delete", name);
        gp.tokens().delete(name).await?;
        acknowledge(&id, "token.delete", name, None, None);
        Ok(())
    }
}

fn acknowledge(id: &str, action: &str, name: &str, token: Option<&AccessToken>, secret: Option<&str>) {
    line(&json!({"ack": action, "name": name, "id": id, "token": token, "secret": secret}));
}

/// In one write, so that it is there whole or not at all.
fn line(line: &serde_json::Value) {
    let mut out = stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).ok();
}
