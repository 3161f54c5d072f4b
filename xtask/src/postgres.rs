//! A PostgreSQL server of one's own: in a folder that is made for it, on a port that is free, gone afterwards.
//!
//! This file is also a module of the tests that need a server which they can stop; so it takes nothing but the
//! standard library.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// The line that installs it, where Debian's packages are used.
pub(crate) const INSTALL: &str = "apt-get install --yes --no-install-recommends postgresql";
/// Who runs the server where root asks for it, for it refuses to run as root.
const USER: &str = "postgres";
/// How often it is asked whether it is up, and how long after one another.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// The folder of the newest version's programs, where there is one.
pub(crate) fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let folder = entry.path().join("bin");
            let version = entry.file_name().to_str()?.parse().ok()?;
            folder.join("initdb").exists().then_some((version, folder))
        })
        .collect();
    found.sort();
    let elsewhere = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    };
    found.pop().map(|(_, folder)| folder).or_else(elsewhere)
}

/// A server's data, and the port that it has. The data are removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

/// A server that runs, until this is dropped.
#[derive(Debug)]
pub(crate) struct Server(Child);

impl Cluster {
    /// Makes the data folder inside of `parent`; elsewhere, where the server's user cannot get there.
    pub(crate) fn new(parent: &Path) -> io::Result<Self> {
        let programs = programs().ok_or_else(|| {
            io::Error::other(format!("PostgreSQL is needed; this line installs it: {INSTALL}"))
        })?;
        fs::create_dir_all(parent)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let name = format!("postgres-{}-{port}", std::process::id());
        let mut folder = parent.join(&name);
        fs::create_dir(&folder)?;
        if is_root() {
            own(&folder)?;
            if !as_user(Path::new("test")).arg("-w").arg(&folder).status()?.success() {
                fs::remove_dir(&folder)?;
                folder = std::env::temp_dir().join(&name);
                fs::create_dir(&folder)?;
                own(&folder)?;
            }
        }
        let cluster = Self { programs, folder, port };
        let init = as_user(&cluster.programs.join("initdb"))
            .current_dir("/")
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--username", USER])
            .arg("--pgdata")
            .arg(cluster.data())
            .output()?;
        if init.status.success() {
            return Ok(cluster);
        }
        Err(io::Error::other(format!("initdb: {}", String::from_utf8_lossy(&init.stderr))))
    }

    /// Starts the server, and returns once it answers.
    pub(crate) fn start(&self) -> io::Result<Server> {
        let log = File::options().create(true).append(true).open(self.folder.join("log"))?;
        let settings =
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=200"];
        let mut postgres = as_user(&self.programs.join("postgres"));
        postgres.current_dir("/").arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        for setting in settings {
            postgres.args(["-c", setting]);
        }
        let mut server = Server(postgres.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        for _ in 0..TRIES {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["--quiet", "--host=127.0.0.1", "--port", &self.port.to_string()])
                .status()?;
            if ready.success() {
                return Ok(server);
            }
            if server.0.try_wait()?.is_some() {
                break;
            }
            sleep(PAUSE);
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(io::Error::other(format!("PostgreSQL does not start: {log}")))
    }

    /// Where a client finds it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

impl Drop for Server {
    /// SIGINT ends it without waiting for its clients.
    fn drop(&mut self) {
        let stopped = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        if !stopped.is_ok_and(|status| status.success()) {
            self.0.kill().ok();
        }
        self.0.wait().ok();
    }
}

/// A program, run by the server's user where root asks for it.
fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    // It ends with the one who started it, even if that one is killed.
    command
        .args(["--reuid", USER, "--regid", USER, "--clear-groups", "--pdeathsig", "INT", "--"])
        .arg(program);
    command
}

fn own(folder: &Path) -> io::Result<()> {
    let status = Command::new("chown").arg(USER).arg(folder).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("the data folder cannot be given away")) }
}

/// Whether this is run by root.
pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
