//! What replicas follow, over the wire.

use std::time::Duration;

use gatepass::wire::{Changes, Packed, SnapshotEnd, SnapshotHead, StartOver};
use gatepass::{
    Api, Area, Clock as _, Level, NewToken, OpenOptions, Permissions, Role, Rotation, SystemClock,
    TokenRights, days,
};
use gatepass_authority::Limits;

use crate::house::{House, Reply, options};

const SNAPSHOT: &str = "/api/gatepass/v1/snapshot";

/// What a snapshot said.
pub(crate) struct Snapshot {
    pub(crate) head: SnapshotHead,
    tokens: Vec<gatepass::TokenRecord>,
}

impl Snapshot {
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.tokens.iter().map(|record| &*record.token().name).collect();
        names.sort_unstable();
        names
    }
}

pub(crate) async fn snapshot(house: &House, token: &str) -> Snapshot {
    let reply = house.get(SNAPSHOT).bearer(token).send().await;
    assert_eq!((reply.status, &*reply.headers["content-type"]), (200, "application/x-ndjson"));
    assert_eq!(reply.headers["cache-control"], "no-store");
    let text = std::str::from_utf8(&reply.body).unwrap();
    let lines: Vec<_> = text.split_terminator('\n').collect();
    let head = serde_json::from_str(lines[0]).unwrap();
    let end: SnapshotEnd = serde_json::from_str(lines[lines.len() - 1]).unwrap();
    let packed = lines[1..lines.len() - 1].iter().flat_map(|line| {
        serde_json::from_str::<Vec<Packed<'_>>>(line)
            .unwrap()
            .into_iter()
            .map(|packed| packed.unpack().unwrap())
    });
    let tokens: Vec<_> = packed.collect();
    assert_eq!(end.tokens, tokens.len() as u64);
    Snapshot { head, tokens }
}

/// The path of a poll, as a replica makes it.
pub(crate) fn poll(epoch: &str, after: i64, wait: &str) -> String {
    format!(
        "/api/gatepass/v1/changes?epoch={epoch}&after={after}&wait={wait}&nonce=N1&replica=r1&staleness=10s"
    )
}

pub(crate) fn said(reply: &Reply) -> Changes {
    assert_eq!(reply.status, 200, "{reply:?}");
    serde_json::from_slice(&reply.body).unwrap()
}

async fn verifier_role(house: &House, name: &str, apis: &[Api]) {
    let mut rights = TokenRights::default();
    rights.verify = apis.iter().copied().collect();
    house.role(name, Permissions::none().with_token_rights(rights)).await;
}

/// A token that may verify tokens of these APIs, called `gateway`.
pub(crate) async fn gateway(house: &House, apis: &[Api]) -> String {
    verifier_role(house, "Gateway", apis).await;
    house.token("gateway", &["Gateway"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_has_the_tokens_of_the_apis_that_one_may_verify() {
    let house = House::new().await;
    for (name, api) in [("orders", Api::Rest), ("people", Api::Scim)] {
        house.issue(NewToken::new(name, api).expires(days(1)).scope("a:read").scope("b")).await;
    }
    let grace = Rotation::with_grace(Duration::from_hours(1));
    house.gp.tokens().rotate("orders", grace).await.map(drop).unwrap();
    house.gp.tokens().revoke("people").await.unwrap();
    let gateway = gateway(&house, &[Api::Rest]).await;
    let of_rest = snapshot(&house, &gateway).await;
    assert_eq!((of_rest.names(), &*of_rest.head.apis), (vec!["orders"], &[Api::Rest][..]));
    assert_eq!(of_rest.head.position.revision, house.gp.revision());
    assert_eq!(of_rest.head.about, 3);
    assert_eq!(of_rest.head.roles.iter().filter(|role| !role.default_role).count(), 0);
    let (orders, kept) = (&of_rest.tokens[0], house.gp.tokens().get("orders").await.unwrap());
    assert_eq!((orders.token().expires_on, orders.token().grace_until), (kept.expires_on, kept.grace_until));
    assert_eq!(orders.token().scopes, kept.scopes);
    assert!(orders.previous_digest().is_some());

    let all = snapshot(&house, &house.admin().await).await;
    assert_eq!(all.names(), ["admin-token", "gateway", "orders", "people"]);
    assert_eq!(all.head.apis, Api::ALL);
    assert_eq!(all.head.roles.get("Gateway"), house.gp.roles().list().await.unwrap().get("Gateway"));
    let people = all.tokens.iter().find(|record| record.token().name == "people").unwrap();
    assert!(people.token().revoked_on.is_some());
    assert!(all.tokens.iter().any(|record| record.token().roles == ["Gateway"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_to_those_who_may_verify_them() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let admin = house.admin().await;
    let start = snapshot(&house, &gateway).await.head.position;
    let rest = |name: &str| NewToken::new(name, Api::Rest).expires(days(1));
    house.issue(rest("a")).await;
    house.issue(rest("b")).await;
    house.issue(NewToken::new("c", Api::Scim).expires(days(1))).await;
    house.issue(NewToken::new("d", Api::Scim).expires(days(1))).await;
    let gone = house.gp.tokens().get("b").await.unwrap().id.unwrap();
    let gone_too = house.gp.tokens().get("d").await.unwrap().id.unwrap();
    house.gp.tokens().delete("b").await.unwrap();
    house.gp.tokens().delete("d").await.unwrap();
    house.role("Other", Permissions::none().with(Area::Tasks, Level::Edit)).await;
    let before = SystemClock.now();
    let reply = house.get(&poll(&start.epoch, start.revision, "0s")).bearer(&gateway).send().await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    let told = said(&reply);
    assert_eq!((&*told.nonce, told.start_over, &*told.apis), ("N1", None, &[Api::Rest][..]));
    assert_eq!((&told.position.store_id, &told.position.epoch), (&start.store_id, &start.epoch));
    assert_eq!(told.position.revision, house.gp.revision());
    // The clock shows the kernel's tick.
    assert!(told.now.as_millis() + 20 >= before.as_millis() && told.now <= SystemClock.now());
    let names: Vec<_> =
        told.tokens.into_iter().map(|packed| packed.unpack().unwrap().token().name.clone()).collect();
    assert_eq!((names, told.deleted, told.roles), (vec!["a".to_owned()], vec![gone], None));

    let told = said(&house.get(&poll(&start.epoch, start.revision, "0s")).bearer(&admin).send().await);
    assert_eq!((told.tokens.len(), told.deleted), (2, vec![gone, gone_too]));
    assert!(told.roles.unwrap().get("Other").is_some());
    let now = told.position.revision;
    let told = said(&house.get(&poll(&start.epoch, now, "0s")).bearer(&admin).send().await);
    assert_eq!((told.tokens.len(), told.deleted.len(), told.roles), (0, 0, None));

    for (epoch, after, why) in
        [("elsewhere", now, StartOver::OtherEpoch), (&*start.epoch, now + 1, StartOver::Ahead)]
    {
        let told = said(&house.get(&poll(epoch, after, "0s")).bearer(&admin).send().await);
        assert_eq!((told.start_over, told.position.revision), (Some(why), now));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_waits_for_a_change_and_no_longer() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let start = snapshot(&house, &gateway).await.head.position;
    let began = SystemClock.boot_time();
    let path = poll(&start.epoch, start.revision, "30s");
    let waiting = house.get(&path).bearer(&gateway).send();
    let made = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        house.gp.tokens().create(NewToken::new("a", Api::Rest).expires(days(1))).await.unwrap()
    };
    let (reply, _) = tokio::join!(waiting, made);
    let told = said(&reply);
    assert_eq!(told.tokens.len(), 1);
    let took = SystemClock.boot_time().saturating_sub(began);
    assert!(took >= Duration::from_millis(290) && took < Duration::from_secs(5), "{took:?}");

    let began = SystemClock.boot_time();
    let path = poll(&start.epoch, told.position.revision, "400ms");
    let nothing = said(&house.get(&path).bearer(&gateway).send().await);
    assert_eq!((nothing.tokens.len(), &nothing.position), (0, &told.position));
    assert!(SystemClock.boot_time().saturating_sub(began) >= Duration::from_millis(390));
}

/// What an operation may take has nothing to do with how long a poll waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_not_cut_short_by_the_limit_on_answers() {
    let limits = Limits::default().request_time(Duration::from_secs(1));
    let house = House::with(options().limits(limits), OpenOptions::default()).await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let start = snapshot(&house, &gateway).await.head.position;
    let reply = house.get(&poll(&start.epoch, start.revision, "1500ms")).bearer(&gateway).send().await;
    said(&reply);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_wait_and_are_all_told_at_once() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let start = snapshot(&house, &gateway).await.head.position;
    let path = poll(&start.epoch, start.revision, "30s");
    let polls: Vec<_> = (0..200).map(|_| tokio::spawn(house.get(&path).bearer(&gateway).send())).collect();
    let admin = house.admin().await; // which is a change, but for `config`; all are woken
    for poll in polls {
        let told = said(&poll.await.unwrap());
        assert_eq!((told.tokens.len(), told.start_over), (0, None));
        assert!(told.position.revision > start.revision);
    }
    let polls: Vec<_> = (0..200)
        .map(|_| {
            let path = poll(&start.epoch, house.gp.revision(), "30s");
            tokio::spawn(house.get(&path).bearer(&gateway).send())
        })
        .collect();
    let waiting = async || {
        let text = house.get("/metrics").send().await.body;
        String::from_utf8(text.to_vec()).unwrap().contains("gatepass_polls_waiting 200\n")
    };
    let end = SystemClock.boot_time() + Duration::from_secs(20);
    while !waiting().await {
        assert!(SystemClock.boot_time() < end);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Others are served meanwhile.
    assert_eq!(house.get("/api/gatepass/v1/self").bearer(&admin).send().await.status, 200);
    house.issue(NewToken::new("a", Api::Rest).expires(days(1))).await;
    for poll in polls {
        assert_eq!(said(&poll.await.unwrap()).tokens.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_revoked_while_waiting_gets_no_proof() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let neighbour = house.neighbour().await;
    let start = snapshot(&house, &gateway).await.head.position;
    let path = poll(&start.epoch, start.revision, "30s");
    // It waits here, and ends there.
    let (reply, _) = tokio::join!(house.get(&path).bearer(&gateway).send(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        neighbour.gp.tokens().revoke("gateway").await.unwrap()
    });
    assert_eq!(reply.error(), (401, "unauthorized".into(), "invalid_token".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_the_right_while_waiting_gets_less() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest, Api::Scim]).await;
    let neighbour = house.neighbour().await;
    let start = snapshot(&house, &gateway).await.head.position;
    let update = async |apis: &[Api]| {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut rights = TokenRights::default();
        rights.verify = apis.iter().copied().collect();
        let role = Role::new("Gateway", Permissions::none().with_token_rights(rights));
        neighbour.gp.roles().update(role).await.unwrap()
    };
    let path = poll(&start.epoch, start.revision, "30s");
    let (reply, _) = tokio::join!(house.get(&path).bearer(&gateway).send(), update(&[Api::Scim]));
    let told = said(&reply);
    assert_eq!(told.apis, [Api::Scim]);
    let path = poll(&start.epoch, told.position.revision, "30s");
    let (reply, _) = tokio::join!(house.get(&path).bearer(&gateway).send(), update(&[]));
    assert_eq!(reply.error(), (403, "insufficient_scope".into(), "insufficient_scope".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_waits_for_no_poll() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let start = snapshot(&house, &gateway).await.head.position;
    let path = poll(&start.epoch, start.revision, "30s");
    let polls: Vec<_> = (0..20).map(|_| tokio::spawn(house.get(&path).bearer(&gateway).send())).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = SystemClock.boot_time();
    house.server.shutdown().await;
    assert!(SystemClock.boot_time().saturating_sub(began) < Duration::from_secs(5));
    for poll in polls {
        said(&poll.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_poll_is_refused() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let good = [
        ("epoch", "e"),
        ("after", "0"),
        ("wait", "0s"),
        ("nonce", "n"),
        ("replica", "r"),
        ("staleness", "10s"),
    ];
    let long = "x".repeat(129);
    for (name, wrong, code) in [
        ("epoch", "", "parameter_missing"),
        ("epoch", &*long, "parameter_malformed"),
        ("after", "", "parameter_missing"),
        ("after", "x", "parameter_malformed"),
        ("after", "9223372036854775808", "parameter_malformed"),
        ("wait", "1", "parameter_malformed"),
        ("wait", "-1s", "parameter_malformed"),
        ("wait", "+1s", "parameter_malformed"),
        ("wait", "1.5s", "parameter_malformed"),
        ("wait", "s", "parameter_malformed"),
        ("wait", "99999999999999999999s", "parameter_malformed"),
        ("wait", "18446744073709551615s", "parameter_malformed"),
        ("nonce", "", "parameter_missing"),
        ("nonce", &*long, "parameter_malformed"),
        ("nonce", "a b", "parameter_malformed"),
        ("nonce", "\u{e9}", "parameter_malformed"),
        ("replica", "", "parameter_missing"),
        ("replica", &*long, "parameter_malformed"),
        ("staleness", "", "parameter_missing"),
        ("staleness", "0s", "parameter_out_of_range"),
        ("staleness", "86401s", "parameter_out_of_range"),
    ] {
        let pairs = good.map(|(known, value)| (known, if known == name { wrong } else { value }));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let path = format!("/api/gatepass/v1/changes?{query}");
        let reply = house.get(&path).bearer(&gateway).send().await;
        assert_eq!(reply.error(), (400, "bad_request".into(), code.into()), "{name} {wrong}");
        assert_eq!(reply.json()["gatepass"]["field"], name);
    }
    let twice = format!("{}&nonce=M", poll("e", 0, "0s"));
    assert_eq!(house.get(&twice).bearer(&gateway).send().await.error().2, "parameter_twice");
    let least = poll("e", i64::MIN, "99999s");
    assert_eq!(
        said(&house.get(&least).bearer(&gateway).send().await).start_over,
        Some(StartOver::OtherEpoch)
    );
}

/// An answer from memory would prove nothing.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_store_is_gone_nothing_is_told() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let start = snapshot(&house, &gateway).await.head.position;
    for name in ["tokens.db", "tokens.db-wal", "tokens.db-shm"] {
        std::fs::remove_file(house.folder.path().join(name)).unwrap();
    }
    let reply = house.get(&poll(&start.epoch, start.revision, "0s")).bearer(&gateway).send().await;
    assert!(matches!(reply.status, 500 | 503), "{reply:?}");
}
