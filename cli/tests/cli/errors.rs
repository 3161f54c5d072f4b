//! Bad input: an exit status of 2, a text, a code, the field at fault, and nothing on standard output.

use serde_json::{Value, json};

use crate::place::{Place, Ran};

#[test]
fn bad_input_names_its_field() {
    Place::both().iter().for_each(bad_input_names_its_field_there);
}

fn bad_input_names_its_field_there(place: &Place) {
    place.create("taken --api rest --days 9");
    for (line, code, field) in [
        ("--api rest --days 0", "expiration_zero_days", "expires"),
        ("--api rest --on 2020-01-01", "expiration_in_past", "expires"),
        ("--api rest --at 2020-01-01T00:00:00Z", "expiration_in_past", "expires"),
        ("--api rest --at 2027-03-01", "instant_malformed", "instant"),
        ("--api rest --on 2027-02-30", "date_malformed", "on"),
        ("--api rest --on 2027-03-01 --zone Mars/Olympus", "unknown_zone", "zone"),
        ("--api rest --days 4000000000", "expiration_out_of_range", "expires"),
        ("--api rest --days 9 --network 10.0.0.0/33", "network_malformed", "networks"),
        ("--api rest --days 9 --scope SCOPE_TASKS_EDIT", "scope_reserved", "scopes"),
        ("--api rest --days 9 --target-dn nonsense", "dn_malformed", "targetDn"),
        ("--api rest --days 9 --role readonly", "roles_not_config", "roles"),
        ("--api rest --days 9 --metadata nonsense", "metadata_malformed", "metadata"),
        ("--api rest --days 9 --brand GP", "brand_malformed", "brand"),
        ("--api config --days 9", "role_required", "roles"),
        ("--api config --days 9 --role nobody", "unknown_role", "roles"),
        ("--api scim --days 9 --not-before 2100-01-01T00:00:00Z", "not_before_after_expiry", "notBefore"),
    ] {
        let ran = place.run(&format!("token create new {line}"));
        ran.error(code);
        assert!(
            ran.err.starts_with("error: ") && ran.err.contains(&format!("\n  field: {field}\n")),
            "{ran:?}"
        );
        let json = place.run(&format!("token create new {line} --output json"));
        assert_eq!((json.code, json.out.as_str()), (2, ""));
        let error: Value = serde_json::from_str(&json.err).unwrap();
        assert_eq!(
            (&error["kind"], &error["code"], &error["field"], &error["retryable"]),
            (&json!("invalid_input"), &json!(code), &json!(field), &json!(false))
        );
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    place.run("token show new").error("token_not_found");
}

#[test]
fn usage_is_an_error_of_its_own() {
    let place = Place::new();
    for line in [
        "",
        "token",
        "nonsense",
        "token create",
        "token create a --api soap --days 1",
        "token create a --days 1",
        "token create a --api rest --days -1",
        "token create a --api rest --days many",
        "token list --status dead",
        "token create a --api rest --days 1 --never",
        "token create a --api rest --zone UTC",
        "token revoke",
        "role create r --edit everything",
        "user roles ann",
        "validator add a",
        "validator add a --api config --any-issuer",
        "validator update a --any-issuer --issuer b",
        "audit --follow --until 2027-01-01T00:00:00Z",
        "scanner-rule",
        "completions tcsh",
        "token purge",
        "token list --max-days 0",
    ] {
        place.run(line).error("usage");
        let ran = place.run(&format!("{line} --output json"));
        let error: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(
            (ran.code, ran.out.as_str(), &error["code"], &error["kind"]),
            (2, "", &json!("usage"), &json!("invalid_input")),
            "{line}"
        );
    }
    assert!(place.files().is_empty());
}

#[test]
fn names_are_as_odd_as_they_may_be() {
    Place::both().iter().for_each(names_are_as_odd_as_they_may_be_there);
}

fn names_are_as_odd_as_they_may_be_there(place: &Place) {
    let long = "夜".repeat(1000);
    for name in ["👩‍🚀 sync", long.as_str(), "a/b?c#d%20", "--api", "-1", " ", "'; DROP TABLE tokens; --"]
    {
        let new = place.args(&["token", "create", "--api", "rest", "--days", "9", "--", name]).ok();
        assert_eq!(place.check("--api rest", new.out.trim_end()).0, 0, "{name}");
        let shown = place.args(&["token", "show", "--output", "json", "--", name]).json();
        assert_eq!(shown["name"], name);
    }
    assert_eq!(place.run("token list").ok().lines().len(), 8);
    let too_long = "a".repeat(1001);
    for (name, code) in [
        ("", "name_empty"),
        (".", "name_reserved"),
        ("..", "name_reserved"),
        (too_long.as_str(), "name_too_long"),
        ("a\u{1b}[2J", "name_control_character"),
        ("a\nb", "name_control_character"),
    ] {
        place.args(&["token", "create", "--api", "rest", "--days", "9", "--", name]).error(code);
    }
}

#[test]
fn a_terminal_is_not_commanded_by_what_others_wrote() {
    Place::both().iter().for_each(a_terminal_is_not_commanded_by_what_others_wrote_there);
}

fn a_terminal_is_not_commanded_by_what_others_wrote_there(place: &Place) {
    let words = [
        "token",
        "create",
        "a\u{202e}b",
        "--api",
        "rest",
        "--days",
        "9",
        "--description",
        "\u{1b}]0;owned\u{7}\u{9b}2J",
    ];
    let new = place.args(&words).ok();
    assert!(!new.err.contains('\u{202e}') && new.err.contains(r"a\u{202e}b"), "{new:?}");
    let words = ["user", "create", "ann", "--password-stdin", "--first-name", "\u{1b}[31mAnn"];
    Ran::after(place.command(&words), b"correct horse battery staple").ok();
    let show = place.args(&["token", "show", "a\u{202e}b"]).ok().out;
    let all = [
        show,
        place.run("token list").ok().out,
        place.run("audit").ok().out,
        place.run("user list").ok().out,
    ]
    .concat();
    assert!(!all.contains(|c: char| c.is_control() && c != '\n') && !all.contains('\u{202e}'), "{all:?}");
    assert!(all.contains(r"\u{1b}]0;owned\u{7}\u{9b}2J") && all.contains(r"\u{1b}[31mAnn"), "{all}");
    let missing = place.args(&["token", "revoke", "x", "\u{1b}[2J"]);
    assert!(!missing.err.contains('\u{1b}'), "{missing:?}");
}

#[test]
fn what_reads_makes_no_store() {
    let place = Place::new();
    for line in [
        "token list",
        "token show a",
        "token check --api rest",
        "token rotate a --grace 1d",
        "token revoke a",
        "token delete a --yes",
        "token purge --older-than 1d",
        "token report",
        "role list",
        "role show a",
        "role update a --edit tasks",
        "role clone a b",
        "role delete a --yes",
        "validator list",
        "validator show a",
        "validator update a --any-issuer",
        "validator enable a",
        "validator disable a",
        "validator remove a --yes",
        "validator test a",
        "user list",
        "user show a",
        "user disable a",
        "user enable a",
        "user delete a --yes",
        "user roles a --none",
        "audit",
        "audit --follow",
        "backup b.db",
        "store copy --to c.db",
        "store check",
        "store info",
    ] {
        place.run(line).error("store_missing");
        assert!(place.files().is_empty(), "{line}");
    }
    place.run_with("user password a --password-stdin", "correct horse battery staple").error("store_missing");
    std::fs::write(place.path("tokens.db"), "").unwrap();
    place.run("token list").error("store_missing");
}

#[test]
fn a_store_has_to_be_one() {
    let place = Place::new();
    let mut without = place.command(&["token", "list"]);
    without.env_remove("GATEPASS_STORE");
    Ran::after(without, b"").error("store_required");
    let mut empty = place.command(&["token", "list"]);
    empty.env("GATEPASS_STORE", "");
    Ran::after(empty, b"").error("store_required");
    std::fs::create_dir(place.path("folder")).unwrap();
    place.run("token list --store folder").error("store_missing");
    place.run("token create a --api rest --days 9 --store nowhere/tokens.db").error("store_missing");
    std::fs::write(place.path("text"), "this is not a database, but it is long enough to be taken for one")
        .unwrap();
    place.run("token list --store text").error("store_corrupt");
    assert_eq!(std::fs::read(place.path("text")).unwrap().len(), 65);
    place.run("token list --store postgres://").error("store_unavailable");
}
