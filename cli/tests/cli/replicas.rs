//! Replicas: who follows, whether each has heard of a revocation, and what was used.

use std::time::Duration;

use gatepass::{ConnectOptions, Credential, FollowOptions, Secret, Verifier};
use tokio::runtime::Runtime;

use crate::place::Place;

/// A verifier that follows the place's server.
fn follow(place: &Place, secret: &str) -> (Runtime, Verifier) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let credential = Credential::value(Secret::new(secret).unwrap());
    let url = format!("{}/api", place.server().url);
    let verifier = runtime.block_on(async {
        let gp = ConnectOptions::new(credential).no_proxy().connect(url).unwrap();
        gp.verifier_with(FollowOptions::default()).await.unwrap()
    });
    (runtime, verifier)
}

#[test]
fn a_revocation_is_waited_for_until_every_replica_has_it() {
    let place = Place::served();
    for name in ["a", "b", "c", "d"] {
        place.create(&format!("{name} --api rest --days 9"));
    }
    let none = place.run("token revoke d --wait 1m").ok();
    assert!(none.out.is_empty() && none.err.contains("no replicas follow"), "{none:?}");
    place.run("role create Gateway --verify rest").ok();
    let gateway = place.create("gateway --api config --role Gateway --days 9");
    let (runtime, verifier) = follow(&place, &gateway);

    let listed = place.run("replica list").ok();
    let lines = listed.lines();
    assert!(lines[0].starts_with("CREDENTIAL") && lines.len() == 2, "{listed:?}");
    for word in ["token:gateway ", " 127.0.0.1 ", " follows ", " 10s"] {
        assert!(lines[1].contains(word), "{word}: {listed:?}");
    }
    let json = place.run("replica list --output json").json();
    assert_eq!((&json[0]["actor"], &json[0]["connected"]), (&"token:gateway".into(), &true.into()));
    let id = json[0]["id"].as_str().unwrap().to_owned();

    let ran = place.run("token revoke a --wait 20s").ok();
    assert!(ran.out.is_empty(), "{ran:?}");
    for text in
        ["revoked a at ", &format!("token:gateway at 127.0.0.1 ({id}) has it since "), "no replica of 1"]
    {
        assert!(ran.err.contains(text), "{text}: {ran:?}");
    }
    let json = place.run("token revoke b --wait 20s --output json").json();
    assert_eq!((&json["tokens"][0]["name"], &json["tokens"][0]["status"]), (&"b".into(), &"revoked".into()));
    assert_eq!(
        (&json["receipts"][0]["replica"], &json["receipts"][0]["state"]),
        (&id.into(), &"confirmed".into())
    );
    assert!(json["receipts"][0]["confirmedOn"].is_string());

    // Gone without a word: it may still accept what it knew.
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(verifier);
    let ran = place.run("token revoke c --wait 1s");
    assert_eq!((ran.code, &*ran.out), (1, ""), "{ran:?}");
    assert!(
        ran.err.contains("has NOT confirmed it") && ran.err.contains("1 of 1 replicas may still"),
        "{ran:?}"
    );
    let ran = place.run("token revoke c --wait 0s --output json");
    assert_eq!(ran.code, 1);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["receipts"][0]["state"], "pending");
    place.run("token revoke c").ok();
    place.run("token revoke c --wait 10").error("duration_malformed");
}

#[test]
fn a_store_of_one_s_own_has_no_replicas() {
    let place = Place::new();
    place.create("a --api rest --days 9");
    assert_eq!(place.run("replica list --output json").json(), serde_json::json!([]));
    place.run("token revoke a --wait 10s").ok();
    place.run("token revoke b --wait 10s").error("token_not_found");
}

#[test]
fn the_last_use_is_shown() {
    for place in Place::both() {
        place.create("a --api rest --days 9");
        let shown = place.run("token show a").ok();
        assert!(!shown.out.contains("last used"), "{shown:?}");
        place.use_now("a");
        let shown = place.run("token show a").ok();
        let line = shown.lines().into_iter().find(|line| line.starts_with("last used")).unwrap();
        assert!(line.contains(" from 192.0.2.7, says owner:local"), "{shown:?}");
        let json = place.run("token show a --output json").json();
        assert!(json["lastUsedOn"].is_string());
        assert_eq!(
            (&json["lastUsedFrom"], &json["lastUsedVia"]),
            (&"192.0.2.7".into(), &"owner:local".into())
        );
        let listed = place.run("token list").ok();
        assert!(listed.lines()[0].contains(" LAST USED "), "{listed:?}");
        assert!(listed.lines()[1].contains(json["lastUsedOn"].as_str().unwrap()), "{listed:?}");
        assert_eq!(place.run("token list --output json").json()[0]["lastUsedOn"], json["lastUsedOn"]);
    }
}
