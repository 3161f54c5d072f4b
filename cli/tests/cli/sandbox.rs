//! `gatepass serve --sandbox`: how it starts, and where it is.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::place::{Ran, program};
use crate::served::{PASSWORD, Served};

#[test]
fn it_says_where_its_apis_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program();
    command.args(["serve", "--listen", "127.0.0.1:0", "--sandbox", "--sandbox-people", "3"]);
    command
        .current_dir(folder.path())
        .env("GATEPASS_STORE", "tokens.db")
        .env("GATEPASS_ADMIN_PASSWORD", PASSWORD);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let said: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().take(3).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(said[1..], [format!("{}/adap", said[0]), format!("{}/scim2/v2", said[0])]);
}

#[test]
fn its_file_is_beside_the_store_and_stays_as_it_is() {
    let served = Served::with(|command| {
        command.args(["--sandbox", "--sandbox-people", "3"]);
    });
    let file = served.path("tokens.db-sandbox.db");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let found = |served: &Served, name: &str| {
        let session = served.session().0;
        let run = |arguments: &[&str], token: &str, of: &str| {
            let mut command = served.command(arguments);
            command.env(of, token).env("GATEPASS_REST_URL", &served.url);
            Ran::after(command, b"").ok()
        };
        let token =
            run(&["token", "create", name, "--api", "rest", "--days", "3"], &session, "GATEPASS_TOKEN");
        run(&["rest", "search", "o=acme"], token.out.trim_end(), "GATEPASS_REST_TOKEN").lines().len()
    };
    assert_eq!(found(&served, "one"), 8);
    // What it was filled with counts, and not what is said later.
    let again = Served::on(served.killed(), "127.0.0.1:0", |command| {
        command.args(["--sandbox", "--sandbox-people", "50"]);
    });
    assert_eq!(found(&again, "two"), 8);
    let folder = again.killed();
    let mut other = program();
    other.args(["serve", "--listen", "127.0.0.1:0", "--sandbox", "--sandbox-base", "dc=example"]);
    other.current_dir(folder.path()).env("GATEPASS_STORE", "tokens.db");
    Ran::from(other.output().unwrap()).error("sandbox_other_base");
}

#[test]
fn what_cannot_be_a_sandbox_is_told() {
    let refused = |arguments: &[&str], code: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program();
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).current_dir(folder.path());
        command.env("GATEPASS_STORE", "tokens.db").env("GATEPASS_ADMIN_PASSWORD", PASSWORD);
        Ran::from(command.output().unwrap()).error(code);
    };
    refused(&["--sandbox-people", "5"], "usage");
    refused(&["--sandbox", "--sandbox-people", "-1"], "usage");
    refused(&["--sandbox", "--sandbox-people", "99999999999"], "too_many");
    refused(&["--sandbox", "--sandbox-base", "nothing"], "dn_malformed");
    refused(&["--sandbox", "--sandbox-base", ""], "dn_malformed");
    refused(&["--sandbox", "--sandbox-data", "nowhere/sandbox.db"], "sandbox_unavailable");
    // A store is no sandbox, and is not made one.
    refused(&["--sandbox", "--sandbox-data", "tokens.db"], "sandbox_other_file");
    refused(&["--store", "postgres://localhost/tokens", "--sandbox"], "sandbox_data_required");
}
