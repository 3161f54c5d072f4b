//! The processes that the tests start, each this program again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass::{Api, ConnectOptions, Credential, FollowOptions};
use gatepass_authority::{Options, serve};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::ConnectOptions as _;
use sqlx::any::AnyConnectOptions;

use crate::http::send;

const SERVE: &str = "--child-serve";
const CROWD: &str = "--child-crowd";
const FOLLOW: &str = "--child-follow";
/// Where a replica finds its secret.
const TOKEN: &str = "GATEPASS_TOKEN";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Whether this process is one of the children; then it has been what it is to be, until it was told to end.
pub(crate) fn is_child(arguments: &[String]) -> bool {
    match arguments {
        [what, store] if what == SERVE => be_an_authority(store),
        [what, count, address] if what == CROWD => {
            be_a_crowd(count.parse().unwrap(), address.parse().unwrap());
        }
        [what, staleness, urls @ ..] if what == FOLLOW => be_a_replica(staleness.parse().unwrap(), urls),
        _ => return false,
    }
    true
}

fn be_an_authority(store: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let gp = gatepass::open(store).await.unwrap();
        let options = Options::from_environment().unwrap().listen([SocketAddr::from(([127, 0, 0, 1], 0))]);
        let server = serve(options, gp.clone()).await.unwrap();
        println!("{}", server.addresses().first().unwrap());
        server.run_until_signal().await.unwrap();
        gp.close().await;
    });
}

/// Says `ready`, then of each secret that it reads a line of what a check says.
fn be_a_replica(staleness: u64, urls: &[String]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let gp = ConnectOptions::new(Credential::env(TOKEN)).connect_to_one_of(urls).unwrap();
    let options = FollowOptions::default().max_staleness(Duration::from_millis(staleness));
    let verifier = runtime.block_on(gp.verifier_with(options)).unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    println!("ready");
    for secret in std::io::stdin().lines() {
        let said = guard.check_secret(&secret.unwrap(), None);
        println!("{}", said.map_or_else(|denied| denied.reason.code(), |_| "granted"));
    }
}

fn be_a_crowd(count: usize, address: SocketAddr) {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let needed = count as u64 + 100;
    assert!(most.maximum.is_none_or(|most| most >= needed), "this needs `ulimit -Hn` of {needed} at least");
    let more = rustix::process::Rlimit { current: most.maximum, ..most };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, more).unwrap();
    // Half of each request, so that none of them can be answered.
    let connections: Vec<TcpStream> = (0..count)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n").ok();
            stream
        })
        .collect();
    println!("{}", connections.len());
    std::io::stdin().lock().read_line(&mut String::new()).unwrap(); // until the parent lets go
}

/// An authority in a process of its own, which ends with this.
pub(crate) struct Authority {
    child: Child,
    address: SocketAddr,
}

impl Authority {
    pub(crate) fn start(store: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([SERVE, store]).stdout(Stdio::piped());
        // All of them share it, as they do a database.
        command.env("GATEPASS_SESSION_KEY", STANDARD.encode([7; 32]));
        command.env("GATEPASS_ADMIN_PASSWORD", PASSWORD);
        let mut child = command.spawn().unwrap();
        let address = first_line(&mut child).parse().unwrap();
        Self { child, address }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A session of the first user.
    pub(crate) fn session(&self) -> String {
        let basic = format!("Basic {}", STANDARD.encode(format!("admin:{PASSWORD}")));
        let reply = send(self.address, "POST", "/api/authentication-service/login", &basic, "").unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body.strip_prefix(r#"{"token":""#).unwrap().strip_suffix(r#""}"#).unwrap().to_owned()
    }

    /// Makes it lie still, as a machine does that is out of memory or out of reach.
    pub(crate) fn pause(&self) {
        signal(&self.child, Signal::STOP);
    }

    pub(crate) fn go_on(&self) {
        signal(&self.child, Signal::CONT);
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn signal(child: &Child, signal: Signal) {
    let process = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(process, signal).unwrap();
}

/// A verifier in a process of its own, which ends with this.
pub(crate) struct Replica {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Replica {
    /// One that is ready.
    pub(crate) fn start(secret: &str, urls: &[&str], max_staleness: Duration) -> Self {
        let mut replica = Self::begin(secret, urls, max_staleness);
        replica.ready();
        replica
    }

    /// One that is still to become ready.
    pub(crate) fn begin(secret: &str, urls: &[&str], max_staleness: Duration) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(FOLLOW).arg(max_staleness.as_millis().to_string()).args(urls).env(TOKEN, secret);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    pub(crate) fn ready(&mut self) {
        assert_eq!(self.answer(), "ready");
    }

    /// `granted`, or why not.
    pub(crate) fn check(&mut self, secret: &str) -> String {
        self.ask(secret);
        self.answer()
    }

    pub(crate) fn ask(&mut self, secret: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{secret}").unwrap();
    }

    pub(crate) fn answer(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    pub(crate) fn pause(&self) {
        signal(&self.child, Signal::STOP);
    }

    pub(crate) fn go_on(&self) {
        signal(&self.child, Signal::CONT);
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Many connections from another process, which end with this.
pub(crate) struct Crowd(Child);

impl Crowd {
    pub(crate) fn of(count: usize, address: SocketAddr) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([CROWD, &count.to_string(), &address.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        assert_eq!(first_line(&mut child), count.to_string());
        Self(child)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// An empty database.
pub(crate) fn database(of: &str) -> String {
    let Ok(server) = std::env::var("GATEPASS_TEST_POSTGRES") else {
        panic!(
            "no PostgreSQL server: `cargo xtask test` starts one and sets GATEPASS_TEST_POSTGRES; \
             this line installs it: apt-get install --yes --no-install-recommends postgresql"
        );
    };
    let name = format!("{of}{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let options = AnyConnectOptions::from_url(&server.parse().unwrap()).unwrap();
        let mut connection = options.connect().await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    });
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}
