//! The program as a server, in a process of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::place::{Ran, program};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A session's token.
#[derive(Clone)]
pub(crate) struct Credential(pub(crate) String);

/// A server that runs, and ends with this. Its store and its log are in a folder of its own.
pub(crate) struct Served {
    pub(crate) url: String,
    child: Child,
    folder: TempDir,
    // Read no further: it is open for as long as the server is to find it so.
    _stdout: BufReader<std::process::ChildStdout>,
}

impl Served {
    pub(crate) fn start() -> Self {
        Self::with(|_| ())
    }

    /// With more arguments, or another environment.
    pub(crate) fn with(change: impl FnOnce(&mut Command)) -> Self {
        Self::on(tempfile::tempdir().unwrap(), "127.0.0.1:0", change)
    }

    pub(crate) fn on(folder: TempDir, listen: &str, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = program();
        command.args(["serve", "--listen", listen]).current_dir(folder.path());
        command.env("GATEPASS_STORE", "tokens.db").env("GATEPASS_ADMIN_PASSWORD", PASSWORD);
        change(&mut command);
        let log = File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.trim_end().to_owned();
        assert!(url.starts_with("http"), "{url:?}: {:?}", fs::read_to_string(folder.path().join("log")));
        Self { url, child, folder, _stdout: stdout }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address and port, as they stand in the URL.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    pub(crate) fn session(&self) -> Credential {
        let mut command = self.command(&["login", "--user", "admin"]);
        command.env("GATEPASS_PASSWORD", PASSWORD);
        Credential(Ran::after(command, b"").ok().out.trim_end().to_owned())
    }

    /// The program, to work through this server.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments).env("GATEPASS_SERVER", &self.url).current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for it to end; its exit status.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Ends it as a power cut does; what it leaves behind.
    pub(crate) fn killed(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
