//! Commands that work through a server: which one, with which credential, and what they cannot do there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::place::{Place, Ran, program};
use crate::served::{PASSWORD, Served};

#[test]
fn a_command_works_on_a_store_or_on_a_server_and_not_on_both() {
    let place = Place::served();
    place.create("there --api rest --days 9");
    place.run("token list --store a.db --server http://127.0.0.1:1").error("store_and_server");
    let mut both = place.command(&["token", "list"]);
    both.env("GATEPASS_STORE", "a.db");
    Ran::after(both, b"").error("store_and_server");
    // What an argument says goes before what the environment says.
    place.run("token create here --api rest --days 9 --store a.db").ok();
    assert_eq!(place.files(), ["a.db"]);
    let mut by_argument = place.command(&["token", "show", "there", "--server", &place.server().url]);
    by_argument.env("GATEPASS_STORE", "a.db");
    Ran::after(by_argument, b"").ok();
    place.run("token show there --store a.db").error("token_not_found");
    place.run("token list --store a.db --login admin").error("needs_server");
}

#[test]
fn what_is_done_on_a_store_itself_is_not_done_through_a_server() {
    let place = Place::served();
    for line in
        ["backup b.db", "restore b.db --yes", "store info", "store check", "store copy --to c.db", "serve"]
    {
        place.run(line).error("needs_store");
        place.run(&format!("{line} --store a.db --server http://127.0.0.1:1")).error("needs_store");
    }
    assert!(place.files().is_empty());
    let local = Place::new();
    for line in ["self", "login --user ann", "logout"] {
        local.run(line).error("needs_server");
    }
}

#[test]
fn one_s_own_credential_is_in_the_environment_in_a_file_or_typed() {
    let place = Place::served();
    let with = |line: &str, token: Option<&str>, password: &str| {
        let mut command = place.command(&line.split(' ').collect::<Vec<_>>());
        command.env("GATEPASS_TOKEN", token.unwrap_or_default()).env("GATEPASS_PASSWORD", password);
        Ran::after(command, b"")
    };
    with("token list", None, "").error("credential_required");
    with("token list --login admin", None, "").error("password_required");
    with("token list --login admin", None, "not the password").error("authentication_failed");
    with("token list --login admin", None, PASSWORD).ok();
    with("token list --login admin --token-file x", None, PASSWORD).error("credential_twice");
    with("token list --token-file x", None, PASSWORD).error("credential_missing");
    with("token list", Some("gpc_of_nobody"), "").error("invalid_token");
    with("login", None, PASSWORD).error("user_required");

    // A token of one's own, which is rotated in its file.
    place
        .args(&[
            "token",
            "create",
            "tool",
            "--api",
            "config",
            "--role",
            "Read Only",
            "--days",
            "9",
            "--secret-file",
            "tool",
        ])
        .ok();
    let listed = with("token list --token-file tool", None, "").ok();
    assert!(listed.out.contains("tool"), "{listed:?}");
    place.run("token rotate tool --grace 0s --secret-file tool").ok();
    with("token list --token-file tool", None, "").ok();
    let refused = with("token create more --api rest --days 1 --token-file tool", None, "");
    refused.error("insufficient_scope");
    assert!(refused.err.contains("\n  request: "), "{refused:?}");
    let myself = with("self --token-file tool --output json", None, "").json();
    assert_eq!(
        (&myself["kind"], &myself["name"], &myself["roles"]),
        (&json!("token"), &json!("tool"), &json!(["Read Only"]))
    );
    let trail = place.run("audit --output json").ok().out;
    assert!(trail.contains(r#""session.end""#), "{trail}: `--login` leaves no session behind");
}

#[test]
fn a_session_is_good_until_it_is_ended() {
    let served = Served::start();
    let signed_in = |arguments: &[&str]| {
        let mut command = served.command(arguments);
        command.env("GATEPASS_PASSWORD", PASSWORD);
        Ran::after(command, b"").ok()
    };
    let token = signed_in(&["login", "--user", "admin"]);
    assert_eq!(token.lines().len(), 1);
    let token = token.out.trim_end();
    assert_eq!(token.split('.').count(), 3);
    let with = |arguments: &[&str]| {
        let mut command = served.command(arguments);
        command.env("GATEPASS_TOKEN", token);
        Ran::after(command, b"")
    };
    let shown = with(&["self"]).ok().out;
    assert!(shown.starts_with("user     admin\n") && shown.contains("SCOPE_SETTINGS_EDIT"), "{shown}");
    with(&["logout"]).ok();
    with(&["self"]).error("invalid_token");
    with(&["token", "show", token]).error("secret_in_arguments");

    let told = signed_in(&["login", "--user", "admin", "--token-file", "session"]);
    assert_eq!(told.out, "");
    let file = served.path("session");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    Ran::after(served.command(&["self", "--token-file", "session"]), b"").ok();
    let written = fs::read_to_string(&file).unwrap();
    assert!(!served.log().contains(written.trim_end()) && !served.log().contains(PASSWORD));
    let json = signed_in(&["login", "--login", "admin", "--output", "json"]).json();
    assert_eq!(json["user"], "admin");
    assert_eq!(json["token"].as_str().unwrap().split('.').count(), 3);
}

#[test]
fn users_are_managed_through_a_server() {
    let place = Place::served();
    place.run_with("user create ann --role readonly --password-stdin", PASSWORD).ok();
    place.run_with("user password ann --password-stdin", "another horse battery staple").ok();
    place.run("user roles ann --role aciadmin").ok();
    place.run("user disable ann").ok();
    let ann = place.run("user show ann --output json").json();
    assert_eq!((&ann["roles"], &ann["active"]), (&json!(["Security Administrator"]), &json!(false)));
    place.run("user enable ann").ok();
    let mut as_ann = place.command(&["self", "--login", "ann", "--output", "json"]);
    as_ann.env("GATEPASS_PASSWORD", "another horse battery staple");
    assert_eq!(Ran::after(as_ann, b"").json()["name"], "ann");
    place.run("user delete admin --yes").error("last_administrator");
    place.run("user delete ann --yes").ok();
    assert_eq!(place.run("user list").ok().lines().len(), 2);
}

#[test]
fn a_report_measures_by_the_policy_of_who_asks() {
    let place = Place::served();
    place.create("long --api rest --days 90");
    place.create("short --api rest --days 9");
    assert_eq!(place.run("token report --output json").json(), json!([]));
    let report = place.run("token report --max-days 30 --output json").json();
    assert_eq!((&report[0]["name"], report.as_array().unwrap().len()), (&json!("long"), 1));
}

#[test]
fn a_server_that_is_not_there_or_would_see_the_credential_in_the_clear_is_an_error() {
    for (url, code) in [
        ("http://127.0.0.1:1", "unreachable"),
        ("http://gatepass.example", "url_insecure"),
        ("https://ann:hunter2@gatepass.example", "url_malformed"),
        ("gatepass", "url_malformed"),
    ] {
        let mut command = program();
        command
            .args(["token", "list", "--output", "json"])
            .env("GATEPASS_SERVER", url)
            .env("GATEPASS_TOKEN", "gpc_x");
        let ran = Ran::from(command.output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        assert!(ran.err.contains(&format!(r#""code":"{code}""#)) && !ran.err.contains("hunter2"), "{ran:?}");
    }
}
