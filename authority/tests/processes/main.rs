//! The authority as a process of its own: killed under load, beside another one, and with ten thousand connections.
//!
//! This program is the test, and by its first argument the processes that it starts; so it has no harness but this.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test that is its own runner")]

mod children;
mod http;
mod replicas;
mod wire;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::children::{Authority, Crowd, database};
use crate::http::{Reply, ask};
use crate::replicas::{
    a_replica_that_is_cut_off_accepts_nothing_for_longer_than_it_promised,
    a_replica_that_was_stopped_wakes_up_stale, a_store_that_was_restored_is_loaded_anew,
    an_authority_that_is_killed_and_comes_back_is_hardly_noticed,
    an_authority_that_lies_still_makes_replicas_stale_until_it_goes_on, fifty_replicas_hear_of_a_revocation,
};

/// The tests, by name.
const TESTS: [(&str, fn()); 9] = [
    ("what_was_answered_survives_a_kill_under_load", what_was_answered_survives_a_kill_under_load),
    ("of_two_authorities_on_one_database_one_may_die", of_two_authorities_on_one_database_one_may_die),
    ("ten_thousand_connections_leave_it_answering", ten_thousand_connections_leave_it_answering),
    (
        "an_authority_that_lies_still_makes_replicas_stale_until_it_goes_on",
        an_authority_that_lies_still_makes_replicas_stale_until_it_goes_on,
    ),
    ("a_replica_that_was_stopped_wakes_up_stale", a_replica_that_was_stopped_wakes_up_stale),
    (
        "an_authority_that_is_killed_and_comes_back_is_hardly_noticed",
        an_authority_that_is_killed_and_comes_back_is_hardly_noticed,
    ),
    (
        "a_replica_that_is_cut_off_accepts_nothing_for_longer_than_it_promised",
        a_replica_that_is_cut_off_accepts_nothing_for_longer_than_it_promised,
    ),
    ("a_store_that_was_restored_is_loaded_anew", a_store_that_was_restored_is_loaded_anew),
    ("fifty_replicas_hear_of_a_revocation", fifty_replicas_hear_of_a_revocation),
];
const TOKENS: &str = "/api/authentication-service/access_tokens";
const VALIDATE: &str = "/api/authentication-service/adap-token/validate";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if children::is_child(&arguments) {
        return;
    }
    let filters: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    for (name, test) in TESTS {
        if filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str())) {
            test(); // a failure ends this program
            println!("test {name} ... ok");
        }
    }
}

fn what_was_answered_survives_a_kill_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("tokens.db").to_str().unwrap().to_owned();
    let mut authority = Authority::start(&store);
    let session = authority.session();
    let (made, killed) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (address, session, made, killed) = (authority.address(), &session, &made, &killed);
            scope.spawn(move || {
                for at in 0.. {
                    let name = format!("w{worker}-{at}");
                    let body = format!(
                        r#"{{"name":"{name}","apiType":"REST","targetDn":"uid=a,o=b","expires":{{"days":1}}}}"#
                    );
                    match ask(address, "POST", TOKENS, session, &body) {
                        Some(Reply { status: 201, body }) => {
                            let secret = body.trim_matches('"').to_owned();
                            made.lock().unwrap().push((name, secret));
                        }
                        _ if killed.load(Ordering::SeqCst) => break,
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(1500));
        killed.store(true, Ordering::SeqCst);
        authority.kill();
    });
    let made = made.into_inner().unwrap();
    assert!(made.len() > 20, "it was hardly under load: {}", made.len());
    let authority = Authority::start(&store);
    let list = ask(authority.address(), "GET", TOKENS, &session, "").unwrap();
    assert_eq!(list.status, 200, "the session lives on: {list:?}");
    for (name, secret) in &made {
        assert!(list.body.contains(&format!("\"{name}\"")), "{name} was answered and is lost");
        let good = ask(authority.address(), "POST", VALIDATE, secret, "").unwrap();
        assert_eq!((good.status, &*good.body), (200, r#"{"targetDn":"uid=a,o=b"}"#));
    }
}

fn of_two_authorities_on_one_database_one_may_die() {
    let store = database("authorities");
    let (mut one, other) = (Authority::start(&store), Authority::start(&store));
    let session = one.session();
    let create = |authority: &Authority, name: &str| {
        let body =
            format!(r#"{{"name":"{name}","apiType":"REST","targetDn":"uid=a,o=b","expires":{{"days":1}}}}"#);
        let reply = ask(authority.address(), "POST", TOKENS, &session, &body).unwrap();
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.body.trim_matches('"').to_owned()
    };
    let status = |authority: &Authority, secret: &str| {
        ask(authority.address(), "POST", VALIDATE, secret, "").unwrap().status
    };
    let (here, there) = (create(&one, "here"), create(&other, "there"));
    eventually(|| status(&one, &there) == 200 && status(&other, &here) == 200);
    let revoked = ask(one.address(), "POST", "/api/gatepass/v1/tokens/there/revoke", &session, "").unwrap();
    assert_eq!((revoked.status, status(&one, &there)), (200, 401));
    one.kill();
    eventually(|| status(&other, &there) == 401);
    let after = create(&other, "after");
    assert_eq!(status(&other, &after), 200);
    assert_eq!(status(&other, &here), 200);
    let again = Authority::start(&store);
    assert_eq!(status(&again, &after), 200);
    assert_eq!(status(&again, &there), 401);
}

fn ten_thousand_connections_leave_it_answering() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start(folder.path().join("tokens.db").to_str().unwrap());
    let session = authority.session();
    let crowd = Crowd::of(10_000, authority.address());
    for _ in 0..20 {
        let reply = ask(authority.address(), "GET", TOKENS, &session, "").unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    drop(crowd);
    assert_eq!(ask(authority.address(), "GET", "/readyz", "", "").unwrap().status, 200);
}

fn eventually(mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("not within ten seconds");
}
