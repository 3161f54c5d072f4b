//! What replicas tell: what was used, and how far they have come.

use std::time::Duration;

use gatepass::wire::{ReplicaList, Usage, Used};
use gatepass::{
    Api, Clock as _, ConnectOptions, Credential, Gatepass, NewToken, Password, Permissions, ReceiptState,
    SystemClock, days,
};
use serde_json::json;

use crate::feed::{gateway, poll, said, snapshot};
use crate::house::{ADMIN_PASSWORD, House};

const USAGE: &str = "/api/gatepass/v1/usage";
const REPLICAS: &str = "/api/gatepass/v1/replicas";

fn admin_of(house: &House) -> Gatepass {
    let options = ConnectOptions::login("admin", Password::new(ADMIN_PASSWORD)).no_proxy();
    options.connect(format!("{}/api", house.server.url())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_is_told_by_those_who_may_verify_it() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    for (name, api) in [("orders", Api::Rest), ("people", Api::Scim)] {
        house.issue(NewToken::new(name, api).expires(days(1))).await;
    }
    let id = async |name: &str| house.gp.tokens().get(name).await.unwrap().id.unwrap();
    let (orders, people) = (id("orders").await, id("people").await);
    let before = house.gp.inspect().await.unwrap();
    let client = ConnectOptions::new(Credential::value(gatepass::Secret::new(&*gateway).unwrap())).no_proxy();
    let client = client.connect(format!("{}/api", house.server.url())).unwrap();
    let peer = "192.0.2.7".parse().ok();
    let uses = [Used(orders, 1_700_000_000_000, peer), Used(people, 1_700_000_000_000, peer)];
    client.tokens().report_usage(uses).await.unwrap();
    let token = house.gp.tokens().get("orders").await.unwrap();
    assert_eq!(token.last_used_on.unwrap().to_string(), "2023-11-14T22:13:20.000Z");
    assert_eq!(
        (token.last_used_from.as_deref(), token.last_used_via.as_deref()),
        (Some("192.0.2.7"), Some("token:gateway"))
    );
    assert_eq!(house.gp.tokens().get("people").await.unwrap().last_used_on, None);
    // A client sees it as the store does.
    assert_eq!(admin_of(&house).tokens().get("orders").await.unwrap(), token);
    // More than goes into one request.
    client.tokens().report_usage((0..12_000).map(|on| Used(orders, on, None))).await.unwrap();
    assert_eq!(house.gp.tokens().get("orders").await.unwrap(), token);
    // It is no change, and nothing that the trail tells of.
    let after = house.gp.inspect().await.unwrap();
    assert_eq!(after.revision, before.revision);
    assert!(!house.trail().await.iter().any(|line| line.starts_with("usage")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_report_is_refused() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    let send = async |body: &serde_json::Value| house.post(USAGE).bearer(&gateway).json(body).send().await;
    assert_eq!(send(&json!({"uses": []})).await.status, 204);
    let id = "000000000000".parse().unwrap();
    let full = Usage {
        uses: vec![Used(id, i64::MAX, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff".parse().ok()); 10_000],
    };
    assert_eq!(send(&serde_json::to_value(&full).unwrap()).await.status, 204);
    let more = json!({"uses": vec![json!(["000000000000", 1, null]); 10_001]});
    assert_eq!(send(&more).await.error(), (400, "bad_request".into(), "too_many_uses".into()));
    for wrong in [
        json!({}),
        json!({"uses": [["short", 1, null]]}),
        json!({"uses": [["000000000000", "soon", null]]}),
        json!({"uses": [["000000000000", 1e300, null]]}),
        json!({"uses": [["000000000000", 1, "somewhere"]]}),
        json!({"uses": [["000000000000"]]}),
        json!([]),
    ] {
        assert_eq!(send(&wrong).await.error().2, "body_malformed", "{wrong}");
    }
}

/// The replica polls again and again, as its own does, until it is dropped.
struct Replica(tokio::task::JoinHandle<()>);

impl Replica {
    fn start(house: &House, token: &str, id: &'static str, epoch: &str, revision: i64) -> Self {
        let address = house.address();
        let (token, epoch) = (token.to_owned(), epoch.to_owned());
        let mut revision = revision;
        Self(tokio::spawn(async move {
            loop {
                let path = poll(&epoch, revision, "1s").replace("replica=r1", &format!("replica={id}"));
                let reply = House::call_at(address, hyper::Method::GET, &path).bearer(&token).send().await;
                revision = said(&reply).position.revision;
            }
        }))
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn receipts_come_from_the_replicas_of_all(one: House, other: House) {
    let gateway = gateway(&one, &[Api::Rest]).await;
    let start = snapshot(&one, &gateway).await.head.position;
    let own = Replica::start(&one, &gateway, "own", &start.epoch, start.revision);
    let its = Replica::start(&other, &gateway, "its", &start.epoch, start.revision);
    // One that has had an answer, and then nothing more: it may still go on with what it knew.
    let silent = poll(&start.epoch, start.revision, "0s").replace("replica=r1", "replica=silent");
    said(&other.get(&silent).bearer(&gateway).send().await);
    let admin = admin_of(&one);
    let listed = async |gp: &Gatepass| {
        let list = gp.replicas().list().await.unwrap();
        let now = list.now;
        let each =
            list.replicas.into_iter().map(|replica| (replica.is_connected(now), replica.actor, replica.id));
        each.collect::<Vec<_>>()
    };
    let all = ["its", "own", "silent"].map(|id| (true, "token:gateway".to_owned(), id.to_owned()));
    let end = SystemClock.boot_time() + Duration::from_secs(10);
    while listed(&admin).await != all {
        assert!(SystemClock.boot_time() < end, "{:?}", listed(&admin).await);
    }
    assert_eq!(listed(&admin_of(&other)).await, all);

    let asked = NewToken::new("a", Api::Rest).expires(days(1)).target_dn("uid=a,o=b");
    admin.tokens().create(asked).await.map(drop).unwrap();
    let began = SystemClock.boot_time();
    let revoked = admin.tokens().revoke_everywhere(["a"], Duration::from_secs(2)).await.unwrap();
    assert!(SystemClock.boot_time().saturating_sub(began) >= Duration::from_secs(2));
    assert!(!revoked.is_everywhere());
    let states: Vec<_> = revoked
        .receipts
        .iter()
        .map(|receipt| (&*receipt.replica.id, matches!(receipt.state, ReceiptState::Confirmed { .. })))
        .collect();
    assert_eq!(states, [("its", true), ("own", true), ("silent", false)]);
    assert!(revoked.receipts[2].is_pending());
    assert_eq!(revoked.receipts[0].replica.peer.as_deref(), Some("127.0.0.1"));

    // When it comes back it is told, and with its next poll all have it.
    let confirming = admin.replicas();
    let confirming = confirming.confirmed(revoked.revision, Duration::from_secs(20));
    let (confirmed, ()) = tokio::join!(confirming, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let told = said(&one.get(&silent).bearer(&gateway).send().await);
        assert_eq!(told.tokens.len(), 1);
        let next = poll(&start.epoch, told.position.revision, "0s").replace("replica=r1", "replica=silent");
        said(&one.get(&next).bearer(&gateway).send().await);
    });
    assert!(confirmed.unwrap().iter().all(|receipt| matches!(receipt.state, ReceiptState::Confirmed { .. })));
    drop((own, its));
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_come_from_the_replicas_of_all_authorities_on_a_file() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    receipts_come_from_the_replicas_of_all(house, neighbour).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_come_from_the_replicas_of_all_authorities_on_a_database() {
    let [one, other] = House::on_postgres().await;
    receipts_come_from_the_replicas_of_all(one, other).await;
}

/// What one authority has acknowledged the other one tells, whenever it is asked afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_older_than_its_question_on_two_authorities_of_one_database() {
    let [one, other] = House::on_postgres().await;
    let gateway = gateway(&one, &[Api::Rest]).await;
    let start = snapshot(&other, &gateway).await.head.position;
    for number in 0..20 {
        let asked = NewToken::new(format!("t{number}"), Api::Rest).expires(days(1));
        one.gp.tokens().create(asked).await.map(drop).unwrap();
        let revoked = one.gp.tokens().revoke(&format!("t{number}")).await.unwrap();
        let reply = other.get(&poll(&start.epoch, revoked.revision - 1, "5s")).bearer(&gateway).send().await;
        let told = said(&reply);
        assert!(told.position.revision >= revoked.revision);
        assert_eq!(told.tokens.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_shown_to_those_who_may_see_tokens() {
    let house = House::new().await;
    let gateway = gateway(&house, &[Api::Rest]).await;
    house.role("Nothing", Permissions::none()).await;
    let start = snapshot(&house, &gateway).await.head.position;
    said(&house.get(&poll(&start.epoch, start.revision, "0s")).bearer(&gateway).send().await);
    assert_eq!(house.get(REPLICAS).bearer(&gateway).send().await.error().0, 403);
    let reader = house.token("reader", &["Read Only"]).await;
    let list = async |query: &str| house.get(&format!("{REPLICAS}{query}")).bearer(&reader).send().await;
    let shown: ReplicaList = serde_json::from_slice(&list("").await.body).unwrap();
    assert_eq!((shown.replicas.len(), &*shown.replicas[0].id), (1, "r1"));
    assert_eq!(shown.replicas[0].revision, start.revision);
    for (query, code) in [
        ("?revision=x", "parameter_malformed"),
        ("?wait=1", "parameter_malformed"),
        ("?wait=1s&wait=1s", "parameter_twice"),
    ] {
        assert_eq!(list(query).await.error().2, code);
    }
    let began = SystemClock.boot_time();
    assert_eq!(list(&format!("?revision={}&wait=600ms", i64::MAX)).await.status, 200);
    assert!(SystemClock.boot_time().saturating_sub(began) >= Duration::from_millis(590));
    let metrics = house.get("/metrics").send().await.body;
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    for line in ["gatepass_replicas 1\n", "gatepass_snapshots_total 1\n", "gatepass_polls_waiting 0\n"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    // Shutting down does not wait for who waits.
    let path = format!("{REPLICAS}?revision={}&wait=30s", i64::MAX);
    let waiting = tokio::spawn(house.get(&path).bearer(&reader).send());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = SystemClock.boot_time();
    house.server.shutdown().await;
    assert_eq!(waiting.await.unwrap().status, 200);
    assert!(SystemClock.boot_time().saturating_sub(began) < Duration::from_secs(5));
}
