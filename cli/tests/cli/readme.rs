//! What the README says to type.

use std::process::Command;

use crate::place::{Place, Ran, clean};
use crate::served::{PASSWORD, Served};

/// The script of this number under a heading.
fn script(heading: &str, number: usize) -> &'static str {
    let section = include_str!("../../../README.md").split(heading).nth(1).unwrap();
    section.split("```sh\n").nth(number).unwrap().split("```").next().unwrap()
}

/// A shell that runs it and finds the program.
fn shell(script: &str) -> Command {
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_gatepass")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(programs.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = clean(Command::new("sh"));
    command.arg("-c").arg(script).env("PATH", path.unwrap());
    command
}

#[test]
fn the_readmes_commands_say_what_the_readme_says() {
    let script = script("## From one file: the command line", 1);
    assert!(script.contains("token create") && script.contains("audit"), "{script}");
    let place = Place::new();
    let ran = Ran::from(shell(script).current_dir(place.path("")).output().unwrap());
    let lines = ran.lines();
    assert_eq!((ran.code, lines[0], lines[lines.len() - 1]), (1, "granted", "revoked"), "{ran:?}");
    assert!(lines.iter().any(|line| line.contains("token.rotate")), "{ran:?}");
    assert!(!ran.err.contains("error"), "{ran:?}");
    assert_eq!(place.files(), ["nightly-sync.secret", "tokens.db"]);
}

#[test]
fn the_readmes_commands_work_through_a_server() {
    let start = script("## As a server: the authority", 1);
    assert!(start.starts_with("gatepass serve --store tokens.db --listen 127.0.0.1:"), "{start}");
    let script = script("## As a server: the authority", 2);
    assert!(script.contains("http://127.0.0.1:8443") && script.contains("token revoke"), "{script}");
    let served = Served::start();
    let mut command = shell(&script.replace("http://127.0.0.1:8443", &served.url));
    command.current_dir(served.path("")).env("GATEPASS_PASSWORD", PASSWORD);
    let ran = Ran::from(command.output().unwrap()).ok();
    let words = ran.lines();
    assert!(words.contains(&"granted") && !ran.err.contains("error"), "{ran:?}");
}

#[test]
fn the_readmes_commands_add_a_validator() {
    let place = Place::new();
    let script = script("## External token validators: tokens of an OpenID provider", 1);
    let ran = Ran::from(shell(script).current_dir(place.path("")).output().unwrap()).ok();
    let last = ran.lines()[1].to_owned();
    for text in ["acme-sso", "rest", "enabled", "https://sso.acme.example", "uid=${sub},ou=People,o=acme"] {
        assert!(last.contains(text), "{text}: {last}");
    }
}

#[test]
fn the_readmes_commands_use_tokens_on_the_sandbox() {
    let heading = "## Using a token: directories by REST, people by SCIM";
    assert!(script(heading, 1).trim_end().ends_with("--sandbox"));
    let served = Served::with(|command| {
        command.arg("--sandbox");
    });
    let script = script(heading, 2).replace("http://127.0.0.1:8443", &served.url);
    let mut command = shell(&format!("set -e\n{script}"));
    command.current_dir(served.path("")).env("GATEPASS_PASSWORD", PASSWORD);
    let ran = Ran::from(command.output().unwrap()).ok();
    assert!(
        !ran.err.contains("error") && ran.out.contains("+1 555 0100") && ran.out.contains("one failed"),
        "{ran:?}"
    );
    assert!(ran.lines().last().unwrap().contains("\"userName\":\""), "{ran:?}");
    let people = std::fs::read_to_string(served.path("people.ndjson")).unwrap();
    assert_eq!(people.lines().count(), 200);
}
