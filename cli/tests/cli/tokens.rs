//! Tokens are made, looked at, rotated and ended.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::place::Place;

#[test]
fn a_created_secret_stands_alone_on_standard_output() {
    let place = Place::new();
    let ran = place
        .run("token create nightly --api rest --days 90 --scope orders:read --target-dn uid=sync,o=acme")
        .ok();
    assert_eq!(ran.lines().len(), 1);
    assert!(ran.out.starts_with("gpr_") && ran.out.len() == 55, "{ran:?}");
    for told in
        ["made a new store, tokens.db", "created nightly for rest", "  id: ", "  expires: 2", "orders:read"]
    {
        assert!(ran.err.contains(told), "{told}: {ran:?}");
    }
    assert!(!ran.err.contains(ran.out.trim_end()));
    let again = place.run("token create nightly --api rest --days 90");
    again.error("name_taken");
    assert!(!again.err.contains("made a new store"));
}

#[test]
fn json_has_the_secret_and_the_token_in_one_object() {
    Place::both().iter().for_each(json_has_the_secret_and_the_token_in_one_object_there);
}

fn json_has_the_secret_and_the_token_in_one_object_there(place: &Place) {
    let ran = place
        .run("token create ops --api config --role readonly --at 2027-03-01T12:00:00+02:00 --output json")
        .ok();
    assert_eq!((ran.lines().len(), ran.err.as_str()), (1, ""));
    let new = ran.json();
    let (secret, token) = (new["secret"].as_str().unwrap(), &new["token"]);
    assert!(secret.starts_with("gpc_"));
    assert_eq!(token["expiresOn"], "2027-03-01T10:00:00.000Z");
    assert_eq!(
        (&token["roles"], &token["apiType"], &token["status"]),
        (&json!(["Read Only"]), &json!("CONFIG"), &json!("active"))
    );
    assert_eq!(place.check("--api config --scope SCOPE_SETTINGS_VIEW", secret), (0, "granted\n".to_owned()));
    assert_eq!(&place.run("token show ops --output json").json(), token);
}

#[test]
fn everything_that_can_be_asked_for_is_kept() {
    Place::both().iter().for_each(everything_that_can_be_asked_for_is_kept_there);
}

fn everything_that_can_be_asked_for_is_kept_there(place: &Place) {
    let words = [
        "token",
        "create",
        "full",
        "--api",
        "rest",
        "--on",
        "2027-03-28",
        "--zone",
        "Europe/Paris",
        "--scope",
        "b",
        "--scope",
        "a",
        "--target-dn",
        "uid=a b,o=c",
        "--network",
        "10.1.0.0/16",
        "--network",
        "2001:db8::/32",
        "--not-before",
        "2027-01-01T00:00:00Z",
        "--description",
        "für die Nacht",
        "--metadata",
        "team=a=b",
        "--metadata",
        "empty=",
    ];
    place.args(&words).ok();
    let token = place.run("token show full --output json").json();
    // The clocks go forward in Paris on that day, so it is 23 hours long.
    assert_eq!(token["expiresOn"], "2027-03-28T22:00:00.000Z");
    assert_eq!(token["scopes"], json!(["a", "b"]));
    assert_eq!(token["targetDn"], "uid=a b,o=c");
    assert_eq!(token["networks"], json!(["10.1.0.0/16", "2001:db8::/32"]));
    assert_eq!(token["notBefore"], "2027-01-01T00:00:00.000Z");
    assert_eq!(token["description"], "für die Nacht");
    assert_eq!(token["metadata"], json!({"team": "a=b", "empty": ""}));
    assert_eq!(token["status"], "not_yet_valid");
    let shown = place.run("token show full").ok().out;
    for text in ["uid=a b,o=c", "10.1.0.0/16, 2001:db8::/32", "für die Nacht", "team=a=b", "not_yet_valid"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn what_never_expires_needs_the_policys_permission() {
    let place = Place::new();
    place.run("token create ever --api scim --never").error("expiration_never");
    place.run("token create ever --api scim").error("expiration_required");
    place.run("token create ever --api scim --never --allow-never").ok();
    place.run("token create long --api scim --days 400").error("expiration_too_late");
    place.run("token create long --api scim --days 400 --max-days 500").ok();
    place.run("token create short --api scim --days 30").ok();
    let mut by_environment = place.command(&["token", "create", "too-long", "--api", "scim", "--days", "8"]);
    by_environment.env("GATEPASS_MAX_DAYS", "7");
    crate::place::Ran::after(by_environment, b"").error("expiration_too_late");

    let report = place.run("token report --output json").json();
    let found: Vec<_> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (&t["name"], &t["breaksPolicy"], &t["neverExpires"]))
        .collect();
    assert_eq!(
        found,
        [(&json!("ever"), &json!(true), &json!(true)), (&json!("long"), &json!(true), &json!(false))]
    );
    let report = place.run("token report --allow-never --max-days 500 --output json").json();
    assert_eq!(
        (&report[0]["name"], &report[0]["breaksPolicy"], report.as_array().unwrap().len()),
        (&json!("ever"), &json!(false), 1)
    );
    let table = place.run("token report").ok().out;
    assert!(
        table.contains("lives longer") && table.contains("never expires") && !table.contains("short"),
        "{table}"
    );
}

#[test]
fn a_list_is_filtered_and_counts_none_as_an_array() {
    Place::both().iter().for_each(a_list_is_filtered_and_counts_none_as_an_array_there);
}

fn a_list_is_filtered_and_counts_none_as_an_array_there(place: &Place) {
    place.create("nightly-sync --api rest --days 90");
    place.create("soon --api rest --days 3");
    place.create("people --api scim --days 90");
    place.run("token revoke people").ok();
    let names = |line: &str| -> Vec<String> {
        let list = place.run(&format!("token list {line} --output json")).json();
        list.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(""), ["nightly-sync", "people", "soon"]);
    assert_eq!(names("--api rest"), ["nightly-sync", "soon"]);
    assert_eq!(names("--status revoked"), ["people"]);
    assert_eq!(names("--expires-within 1w"), ["soon"]);
    assert_eq!(names("--name SYNC"), ["nightly-sync"]);
    assert_eq!(names("--api config"), Vec::<String>::new());
    let table = place.run("token list").ok();
    assert_eq!(table.lines().len(), 4);
    assert!(table.lines()[0].starts_with("NAME ") && !table.out.contains('\u{1b}'), "{table:?}");
}

#[test]
fn a_list_of_more_than_a_page_is_whole() {
    Place::both().iter().for_each(a_list_of_more_than_a_page_is_whole_there);
}

fn a_list_of_more_than_a_page_is_whole_there(place: &Place) {
    place.fill(2500);
    let list = place.run("token list --output json").json();
    let names: Vec<_> =
        list.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap()).collect();
    assert!(names.len() == 2500 && names.is_sorted(), "{}", names.len());
    assert_eq!(place.run("token list").ok().lines().len(), 2501);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    Place::both().iter().for_each(a_reader_that_has_seen_enough_is_no_error_there);
}

fn a_reader_that_has_seen_enough_is_no_error_there(place: &Place) {
    place.fill(2500);
    for line in ["token list", "token list --output json", "audit --output json"] {
        let mut child = place.start(line);
        let mut some = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut some).unwrap();
        let ran = crate::place::Ran::from(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}");
    }
}

#[test]
fn a_rotation_gives_a_new_secret_and_the_old_one_a_grace() {
    Place::both().iter().for_each(a_rotation_gives_a_new_secret_and_the_old_one_a_grace_there);
}

fn a_rotation_gives_a_new_secret_and_the_old_one_a_grace_there(place: &Place) {
    let old = place.create("nightly --api rest --days 90");
    let rotated = place.run("token rotate nightly --grace 1d").ok();
    let new = rotated.out.trim_end().to_owned();
    assert_eq!(rotated.lines().len(), 1);
    assert!(new != old && rotated.err.contains("the old secret is good until: "), "{rotated:?}");
    assert_eq!(place.check("--api rest", &old).0, 0);
    assert_eq!(place.check("--api rest", &new).0, 0);
    place.run("token rotate nightly --grace 1d").error("rotation_in_grace");
    let forced = place.run("token rotate nightly --grace 0s --force --days 7 --output json").json();
    assert!(forced["token"]["graceUntil"].is_string() && forced["token"]["rotatedOn"].is_string());
    let newest = forced["secret"].as_str().unwrap();
    assert_eq!(place.check("--api rest", &old), (1, format!("{}\n", place.reason("wrong_secret"))));
    assert_eq!(place.check("--api rest", &new), (1, format!("{}\n", place.reason("superseded"))));
    assert_eq!(place.check("--api rest", newest).0, 0);
    place.run("token rotate nobody --grace 1d").error("token_not_found");
    place.run("token rotate nightly").error("usage");
    place.run("token rotate nightly --grace 30").error("duration_malformed");
}

#[test]
fn a_secret_file_is_for_its_owner_alone() {
    let place = Place::new();
    let ran = place.run("token create nightly --api rest --days 9 --secret-file secret").ok();
    assert_eq!(ran.out, "");
    let first = fs::read_to_string(place.path("secret")).unwrap();
    assert!(first.starts_with("gpr_") && first.ends_with('\n') && !ran.err.contains(first.trim_end()));
    assert_eq!(fs::metadata(place.path("secret")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(place.check("--api rest", first.trim_end()).0, 0);

    place.run("token create other --api rest --days 9 --secret-file secret").error("secret_file_exists");
    place.run("token show other").error("token_not_found");
    place
        .run("token create other --api rest --days 9 --secret-file nowhere/secret")
        .error("secret_file_failed");
    place.run("token show other").error("token_not_found");

    let json = place.run("token rotate nightly --grace 1h --secret-file secret --output json").json();
    let second = fs::read_to_string(place.path("secret")).unwrap();
    assert!(second != first && json["secretFile"] == "secret" && json.get("secret").is_none(), "{json}");
    assert_eq!(place.check("--api rest", second.trim_end()).0, 0);
    assert_eq!(fs::metadata(place.path("secret")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(place.files(), ["secret", "tokens.db"]);
}

#[test]
fn where_a_secret_cannot_be_handed_over_the_old_one_stays_good() {
    Place::both().iter().for_each(where_a_secret_cannot_be_handed_over_the_old_one_stays_good_there);
}

fn where_a_secret_cannot_be_handed_over_the_old_one_stays_good_there(place: &Place) {
    let old = place.create("nightly --api rest --days 9");
    place.run("token rotate nightly --grace 0s --secret-file nowhere/secret").error("secret_file_failed");
    fs::create_dir(place.path("folder")).unwrap();
    place.run("token rotate nightly --grace 0s --secret-file folder").error("secret_file_exists");
    assert_eq!(place.check("--api rest", &old).0, 0);
}

/// `/dev/full` fails each write, as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn where_standard_output_fails_nothing_half_done_is_left() {
    Place::both().iter().for_each(where_standard_output_fails_nothing_half_done_is_left_there);
}

fn where_standard_output_fails_nothing_half_done_is_left_there(place: &Place) {
    use crate::place::Ran;

    let old = place.create("nightly --api rest --days 9");
    let full = |words: &[&str]| {
        let mut command = place.command(words);
        command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        Ran::after(command, b"")
    };
    full(&["token", "create", "lost", "--api", "rest", "--days", "9"]).error("secret_not_delivered");
    place.run("token show lost").error("token_not_found");
    full(&["token", "rotate", "nightly", "--grace", "0s"]).error("delivery_failed");
    assert_eq!(place.check("--api rest", &old).0, 0);
    full(&["token", "list"]).error("output_failed");
}

#[test]
fn revoking_is_done_once_however_often_it_is_asked() {
    Place::both().iter().for_each(revoking_is_done_once_however_often_it_is_asked_there);
}

fn revoking_is_done_once_however_often_it_is_asked_there(place: &Place) {
    let secret = place.create("a --api rest --days 9");
    place.create("b --api rest --days 9");
    let missing = place.run("token revoke a nobody b");
    missing.error("token_not_found");
    assert!(missing.err.contains("`nobody`"), "{missing:?}");
    assert_eq!(place.check("--api rest", &secret).0, 0);
    assert_eq!(place.run("token revoke a b a").ok().out, "");
    assert_eq!(place.check("--api rest", &secret), (1, format!("{}\n", place.reason("revoked"))));
    let first = place.run("token revoke a --output json").json();
    let second = place.run("token revoke a --output json").json();
    assert_eq!(first, second);
    assert_eq!(first[0]["status"], "revoked");
    assert_eq!(place.run("audit --action token.revoke --output json").ok().lines().len(), 2);
}

#[test]
fn what_is_removed_is_confirmed_first() {
    Place::both().iter().for_each(what_is_removed_is_confirmed_first_there);
}

fn what_is_removed_is_confirmed_first_there(place: &Place) {
    let secret = place.create("a --api rest --days 9");
    place.run("token delete a").error("confirmation_required");
    assert_eq!(place.check("--api rest", &secret).0, 0);
    place.run("token delete a --yes").ok();
    assert_eq!(place.check("--api rest", &secret), (1, "unknown\n".to_owned()));
    place.run("token delete a --yes").error("token_not_found");
}

#[test]
fn purging_removes_what_ended_long_ago() {
    Place::both().iter().for_each(purging_removes_what_ended_long_ago_there);
}

fn purging_removes_what_ended_long_ago_there(place: &Place) {
    place.create("a --api rest --days 9");
    place.create("b --api rest --days 9");
    place.run("token revoke a").ok();
    assert_eq!(place.run("token purge --older-than 30d --output json").json(), json!({"purged": 0}));
    std::thread::sleep(std::time::Duration::from_millis(30));
    let ran = place.run("token purge --older-than 0s").ok();
    assert!(ran.out.is_empty() && ran.err.contains("removed 1 tokens"), "{ran:?}");
    place.run("token show a").error("token_not_found");
    place.run("token show b").ok();
    place.run("token purge --older-than 30").error("duration_malformed");
}
