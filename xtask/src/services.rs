//! What tests need that is no crate: installed where it is missing and that can be done, started for one run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use xshell::{Shell, cmd};

use crate::postgres::{self, Cluster, Server};
use crate::run;

/// Where the tests read which server is theirs.
pub(crate) const POSTGRES: &str = "GATEPASS_TEST_POSTGRES";

/// What runs while the tests do. Dropped, and so stopped, whatever becomes of them.
pub(crate) struct Services {
    // Dropped in this order: the server before its data.
    _server: Server,
    postgres: Cluster,
}

impl Services {
    /// Installs what is missing, and starts what has to run.
    pub(crate) fn start(shell: &Shell) -> Result<Self> {
        if postgres::programs().is_none() {
            install(shell, "PostgreSQL", postgres::INSTALL)?;
        }
        if !has_program("strace") {
            install(shell, "strace", "apt-get install --yes --no-install-recommends strace")?;
        }
        let parent = crate::root().join("target");
        run::say("starting PostgreSQL");
        let postgres = Cluster::new(&parent)?;
        let server = postgres.start()?;
        Ok(Self { _server: server, postgres })
    }

    /// The URL of the server, on which whoever asks is its superuser.
    pub(crate) fn postgres(&self) -> String {
        self.postgres.url()
    }
}

/// Runs the line that installs something; where that takes rights that are not there, the run stops and names it.
pub(crate) fn install(shell: &Shell, what: &str, line: &str) -> Result<()> {
    if !postgres::is_root() || !has_program("apt-get") {
        bail!("{what} is needed; this line installs it: {line}");
    }
    // Whatever is asked while packages are set up has its default answer.
    let _quiet = shell.push_env("DEBIAN_FRONTEND", "noninteractive");
    let words: Vec<&str> = line.split(' ').collect();
    let installing = || run::run(cmd!(shell, "env").args(&words));
    installing()
        .or_else(|_| {
            run::run(cmd!(shell, "apt-get update"))?;
            installing()
        })
        .with_context(|| format!("{what} is needed; this line installs it: {line}"))
}

fn has_program(name: &str) -> bool {
    program(name).is_some()
}

/// Where a program of this name is, on the path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| is_file(program))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_and_nowhere_else() {
        assert!(has_program("cargo"));
        assert!(!has_program("no-such-program"));
        assert!(!has_program("."));
    }

    #[test]
    fn a_server_runs_until_it_is_dropped_and_leaves_nothing() {
        let parent = std::env::temp_dir().join(format!("gatepass-xtask-{}", std::process::id()));
        let cluster = Cluster::new(&parent).unwrap();
        let url = cluster.url();
        let port = url.rsplit([':', '/']).nth(1).unwrap().parse().unwrap();
        let reached = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        for _ in 0..2 {
            let server = cluster.start().unwrap();
            assert!(reached());
            drop(server);
            assert!(!reached());
        }
        drop(cluster);
        assert_eq!(std::fs::read_dir(&parent).unwrap().count(), 0);
        std::fs::remove_dir(&parent).unwrap();
    }
}
