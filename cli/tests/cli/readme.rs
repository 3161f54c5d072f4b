//! What the README says to type.

use std::process::Command;

use crate::place::{Place, Ran};

#[test]
fn the_readmes_commands_say_what_the_readme_says() {
    let readme = include_str!("../../../README.md");
    let section = readme.split("## From one file: the command line").nth(1).unwrap();
    let script = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(script.contains("token create") && script.contains("audit"), "{script}");

    let place = Place::new();
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_gatepass")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(programs.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).current_dir(place.path("")).env("PATH", path.unwrap());
    let ran = Ran::from(command.output().unwrap());
    let lines = ran.lines();
    assert_eq!((ran.code, lines[0], lines[lines.len() - 1]), (1, "granted", "revoked"), "{ran:?}");
    assert!(lines.iter().any(|line| line.contains("token.rotate")), "{ran:?}");
    assert!(!ran.err.contains("error"), "{ran:?}");
    assert_eq!(place.files(), ["nightly-sync.secret", "tokens.db"]);
}
