//! A folder with a store, and the program run in it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use gatepass::wire::Used;
use gatepass::{Api, NewToken, days};
use serde_json::Value;
use sqlx::Connection as _;
use tempfile::TempDir;

use crate::served::{Credential, Served};

/// A folder of one's own; the store is `tokens.db` in it, made by the first command that makes something. Or a server
/// has the store, in a folder of its own.
pub(crate) struct Place {
    folder: TempDir,
    served: Option<(Served, Credential)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), served: None }
    }

    /// One whose commands work through a server, as its first user.
    pub(crate) fn served() -> Self {
        let served = Served::start();
        let session = served.session();
        Self { served: Some((served, session)), ..Self::new() }
    }

    /// What is the same wherever the tokens are.
    pub(crate) fn both() -> [Self; 2] {
        [Self::new(), Self::served()]
    }

    pub(crate) fn server(&self) -> &Served {
        &self.served.as_ref().unwrap().0
    }

    /// What is said of a secret that was good before: a server says no more than that it is not.
    pub(crate) fn reason<'a>(&self, precise: &'a str) -> &'a str {
        if self.served.is_some() { "unknown" } else { precise }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> PathBuf {
        self.served.as_ref().map_or_else(|| self.path("tokens.db"), |(served, _)| served.path("tokens.db"))
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program, in the folder, with nothing of the caller's environment that it listens to.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.folder.path()).args(arguments);
        match &self.served {
            None => command.env("GATEPASS_STORE", "tokens.db"),
            Some((served, session)) => {
                command.env("GATEPASS_SERVER", &served.url).env("GATEPASS_TOKEN", &session.0)
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a line whose words are separated by spaces, with nothing on standard input.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.args(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn args(&self, arguments: &[&str]) -> Ran {
        Ran::after(self.command(arguments), b"")
    }

    pub(crate) fn run_with(&self, line: &str, stdin: impl AsRef<[u8]>) -> Ran {
        Ran::after(self.command(&line.split_whitespace().collect::<Vec<_>>()), stdin.as_ref())
    }

    pub(crate) fn start(&self, line: &str) -> Child {
        self.command(&line.split_whitespace().collect::<Vec<_>>()).spawn().unwrap()
    }

    /// Makes a token, and gives its secret.
    pub(crate) fn create(&self, line: &str) -> String {
        self.run(&format!("token create {line}")).ok().out.trim_end().to_owned()
    }

    /// Fills the store with so many tokens, faster than by running the program for each.
    pub(crate) fn fill(&self, count: u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let gp = gatepass::open(self.store()).await.unwrap();
            let all = (0..count).map(async |number| {
                let asked = NewToken::new(format!("t{number:05}"), Api::Rest).expires(days(9));
                gp.tokens().create(asked).await.map(drop).unwrap();
            });
            join_all(all).await;
            gp.close().await;
        });
    }

    /// Tells the store that a token was used just now.
    pub(crate) fn use_now(&self, name: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let gp = gatepass::open(self.store()).await.unwrap();
            let id = gp.tokens().get(name).await.unwrap().id.unwrap();
            gp.tokens().report_usage([Used(id, i64::MAX, "192.0.2.7".parse().ok())]).await.unwrap();
            gp.close().await;
        });
    }

    /// Checks a secret: the exit status, and what stands on standard output.
    pub(crate) fn check(&self, line: &str, secret: &str) -> (i32, String) {
        let ran = self.run_with(&format!("token check {line}"), format!("{secret}\n"));
        (ran.code, ran.out)
    }
}

/// The program, with nothing of the caller's environment that it listens to.
pub(crate) fn program() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_gatepass")))
}

/// A command that sees nothing of what the program listens to.
pub(crate) fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GATEPASS_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn after(mut command: Command, stdin: &[u8]) -> Self {
        let mut child = command.spawn().unwrap();
        // A program that has read enough closes its end.
        child.stdin.take().unwrap().write_all(stdin).ok();
        child.wait_with_output().unwrap().into()
    }

    /// A run that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// A run that ended in an error of this code; nothing of it is on standard output.
    #[track_caller]
    pub(crate) fn error(&self, code: &str) -> &Self {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{self:?}");
        assert!(self.err.contains(&format!("\n  code: {code}\n")), "{code}: {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok().out).unwrap()
    }

    pub(crate) fn lines(&self) -> Vec<&str> {
        self.out.lines().collect()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// An empty database on the tests' server.
pub(crate) fn postgres_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("GATEPASS_TEST_POSTGRES");
    let server =
        server.expect("no PostgreSQL server: `cargo xtask test` starts one and sets GATEPASS_TEST_POSTGRES");
    let name = format!("cli{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let mut conn = sqlx::AnyConnection::connect(&server).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    });
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}
