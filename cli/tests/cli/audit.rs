//! The audit trail.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use crate::place::Place;

fn entries(place: &Place, line: &str) -> Vec<Value> {
    let ran = place.run(&format!("audit {line} --output json")).ok();
    ran.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(place: &Place, line: &str) -> Vec<i64> {
    entries(place, line).iter().map(|entry| entry["number"].as_i64().unwrap()).collect()
}

#[test]
fn who_did_what_is_found_by_any_of_it() {
    let place = Place::new();
    let old = place.create("a --api rest --days 9");
    place.run("token rotate a --grace 0s --output json").ok();
    assert_eq!(place.check("--api rest", &old), (1, "superseded\n".to_owned()));
    place.run("token revoke a").ok();
    place.run("user create ann").ok();
    let all = entries(&place, "");
    let actions: Vec<_> = all.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["token.create", "token.rotate", "token.superseded", "token.revoke", "user.create"]);
    let actor = all[0]["actor"].as_str().unwrap();
    assert!(actor.starts_with("owner:") && actor.len() > 6, "{actor}");

    assert_eq!(numbers(&place, "--action token."), [1, 2, 3, 4]);
    assert_eq!(numbers(&place, "--action user.create"), [5]);
    assert_eq!(numbers(&place, "--subject ann"), [5]);
    assert_eq!(numbers(&place, "--outcome refused"), [3]);
    assert_eq!(numbers(&place, &format!("--actor {actor} --limit 2")), [4, 5]);
    assert_eq!(numbers(&place, "--actor user:nobody"), [0; 0]);
    assert_eq!(numbers(&place, "--limit 3"), [3, 4, 5]);
    assert_eq!(numbers(&place, "--limit 0"), [0; 0]);
    let when = all[3]["happened"].as_str().unwrap();
    assert!(numbers(&place, &format!("--since {when}")).ends_with(&[4, 5]));
    assert!(!numbers(&place, &format!("--until {when}")).contains(&4));
    place.run("audit --since yesterday").error("instant_malformed");
    let table = place.run("audit").ok().out;
    assert!(table.lines().count() == 6 && table.contains("refused: superseded"), "{table}");
}

#[test]
fn a_trail_of_more_than_a_page_is_whole() {
    let place = Place::new();
    place.fill(2100);
    assert_eq!(numbers(&place, ""), (1..=2100).collect::<Vec<_>>());
    assert_eq!(numbers(&place, "--limit 1500"), (601..=2100).collect::<Vec<_>>());
    assert_eq!(numbers(&place, "--action token. --limit 2"), [2099, 2100]);
}

#[test]
fn what_happens_now_is_followed() {
    Place::both().iter().for_each(what_happens_now_is_followed_there);
}

fn what_happens_now_is_followed_there(place: &Place) {
    for name in ["a", "b"] {
        place.create(&format!("{name} --api rest --days 9"));
    }
    let mut follower = place.start("audit --follow --limit 1 --output json");
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["subject"], "b");
    for name in ["c", "d"] {
        place.create(&format!("{name} --api rest --days 9"));
        assert_eq!(next()["subject"], name);
    }
    place.run("token revoke a").ok();
    assert_eq!(
        (next()["action"].as_str(), follower.try_wait().unwrap().is_none()),
        (Some("token.revoke"), true)
    );
    follower.kill().unwrap();
    follower.wait().unwrap();
}
