//! Backups, restoring, moving, and looking a store over.

use std::fs;

use crate::place::{Place, postgres_database};

fn info(place: &Place, store: &str) -> (String, String, u64) {
    let info = place.run(&format!("store info --store {store} --output json")).json();
    let text = |name: &str| info[name].as_str().unwrap().to_owned();
    (text("storeId"), text("epoch"), info["tokens"].as_u64().unwrap())
}

#[test]
fn a_backup_is_a_new_file_that_is_whole() {
    let place = Place::new();
    let secret = place.create("a --api rest --days 9");
    let ran = place.run("backup b.db").ok();
    assert!(ran.out.is_empty() && ran.err.contains("backed up 1 tokens"), "{ran:?}");
    assert_eq!(place.files(), ["b.db", "tokens.db"]);
    place.run("backup b.db").error("file_exists");
    place.run("backup nowhere/b.db").error("file_failed");
    assert_eq!(place.check("--api rest --store b.db", &secret).0, 0);
    assert_eq!(info(&place, "b.db"), info(&place, "tokens.db"));
    assert_eq!(place.run("backup c.db --output json").json()["tokens"], 1);
}

#[test]
fn restoring_begins_a_new_epoch_and_says_what_is_lost() {
    let place = Place::new();
    let secret = place.create("a --api rest --days 9");
    place.run("role create ops --edit tasks").ok();
    place.run("user create ann --role ops").ok();
    place.run("backup b.db").ok();
    place.run("token revoke a").ok();
    let lost = info(&place, "tokens.db");

    let refused = place.run("restore b.db");
    refused.error("confirmation_required");
    place.run("restore b.db --yes").error("store_not_empty");
    assert_eq!(place.check("--api rest", &secret), (1, "revoked\n".to_owned()));
    place.run("restore nothing.db --yes --store c.db").error("store_missing");
    fs::write(place.path("text"), "not a store, though there is some text in it which makes it longer")
        .unwrap();
    place.run("restore text --yes --store c.db").error("store_corrupt");
    assert!(!place.path("c.db").exists());

    let ran = place.run("restore b.db --yes --store c.db").ok();
    for text in ["warning: ", "revoked or rotated since is good again", "restored 1 tokens"] {
        assert!(ran.err.contains(text), "{text}: {ran:?}");
    }
    let restored = info(&place, "c.db");
    assert_eq!((restored.0.as_str(), restored.2), (lost.0.as_str(), 1));
    assert_ne!(restored.1, lost.1);
    assert_eq!(place.check("--api rest --store c.db", &secret).0, 0);
    place.run("role show ops --store c.db").ok();
    place.run("user show ann --store c.db").ok();
    assert_eq!(place.run("audit --store c.db --output json").ok().lines().len(), 3);
}

#[test]
fn a_store_moves_to_another_place_and_goes_on() {
    let place = Place::new();
    let secret = place.create("a --api rest --days 9");
    place.run("store copy --to b.db").ok();
    assert_eq!(info(&place, "b.db"), info(&place, "tokens.db"));
    assert_eq!(place.check("--api rest --store b.db", &secret).0, 0);
    place.run("store copy --to b.db").error("store_not_empty");
    assert_eq!(info(&place, "b.db").2, 1);
    place.run("store copy --to nowhere/b.db").error("store_missing");
    place.run("token create b --api rest --days 9 --store b.db").ok();
}

#[test]
fn faults_are_an_exit_status_of_one() {
    let place = Place::new();
    place.fill(300);
    let sound = place.run("store check").ok();
    assert!(sound.out.contains("tokens         300"), "{sound:?}");
    assert_eq!(place.run("store check --output json").json()["faults"], serde_json::json!([]));

    let path = place.path("tokens.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0x5A);
    fs::write(&path, &bytes).unwrap();
    let damaged = place.run("store check");
    assert_eq!(damaged.code, 1, "{damaged:?}");
    assert!(damaged.out.contains("fault"), "{damaged:?}");
    let json = place.run("store check --output json");
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert!(json.code == 1 && !report["faults"].as_array().unwrap().is_empty(), "{json:?}");
}

#[test]
fn a_store_moves_to_a_server_and_back() {
    let place = Place::new();
    let secret = place.create("a --api rest --days 9 --scope orders:read");
    place.run("user create ann --role readonly").ok();
    let server = postgres_database();
    place.run(&format!("token list --store {server}")).error("store_missing");
    place.run(&format!("store copy --to {server}")).ok();
    assert_eq!(info(&place, &server), info(&place, "tokens.db"));
    assert_eq!(place.check(&format!("--api rest --scope orders:read --store {server}"), &secret).0, 0);
    place.run(&format!("store copy --to {server}")).error("store_not_empty");
    place.run(&format!("store check --store {server}")).ok();

    place.create(&format!("b --api scim --days 9 --store {server}"));
    place.run(&format!("token revoke a --store {server}")).ok();
    place.run(&format!("store copy --to back.db --store {server}")).ok();
    assert_eq!(info(&place, "back.db"), info(&place, &server));
    assert_eq!(place.check("--api rest --store back.db", &secret), (1, "revoked\n".to_owned()));
    assert_eq!(place.run("audit --store back.db --output json").ok().lines().len(), 4);

    place.run(&format!("backup b.db --store {server}")).ok();
    let restored = postgres_database();
    place.run(&format!("restore b.db --yes --store {restored}")).ok();
    let (before, after) = (info(&place, "b.db"), info(&place, &restored));
    assert!(before.0 == after.0 && before.1 != after.1 && after.2 == 2, "{before:?} {after:?}");
    place.run(&format!("restore b.db --yes --store {restored}")).error("store_not_empty");
}
