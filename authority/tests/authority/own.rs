//! What Gatepass adds.

use std::time::Duration;

use gatepass::{Api, NewToken, days};
use serde_json::json;

use crate::house::House;

const TOKENS: &str = "/api/authentication-service/access_tokens";
const OWN: &str = "/api/gatepass/v1";

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_is() {
    let house = House::new().await;
    let info = house.get(OWN).send().await;
    assert_eq!((info.status, info.json()["product"].as_str()), (200, Some("gatepass")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_keeps_the_old_secret_for_the_grace() {
    let house = House::new().await;
    let admin = house.admin().await;
    let first = house.token("app", &["readonly"]).await;
    let works = async |token: &str| house.get(TOKENS).bearer(token).send().await.status == 200;
    let rotate =
        async |body| house.post(&format!("{OWN}/tokens/app/rotate")).bearer(&admin).json(&body).send().await;

    let reply = rotate(json!({"graceMillis": 60_000})).await;
    assert_eq!(reply.status, 200);
    let issued = reply.json();
    let second = issued["secret"].as_str().unwrap().to_owned();
    assert_eq!(reply.headers["gatepass-revision"], issued["revision"].to_string());
    assert!(issued["token"]["graceUntil"].is_string());
    assert!(works(&first).await && works(&second).await, "at once, for the answer waits for the index");
    let again = rotate(json!({})).await;
    assert_eq!(again.error(), (409, "conflict".into(), "rotation_in_grace".into()));
    let third = rotate(json!({"force": true})).await.json()["secret"].as_str().unwrap().to_owned();
    assert!(!works(&first).await && !works(&second).await && works(&third).await);

    // The use of a secret from before is noticed.
    for _ in 0..50 {
        if house.trail().await.iter().any(|line| line.starts_with("token.superseded superseded")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", house.trail().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_settled_either_way() {
    let house = House::new().await;
    let admin = house.admin().await;
    let first = house.token("app", &["readonly"]).await;
    let works = async |token: &str| house.get(TOKENS).bearer(token).send().await.status == 200;
    let begin = async || {
        let body = json!({"deliver": true});
        let reply = house.post(&format!("{OWN}/tokens/app/rotate")).bearer(&admin).json(&body).send().await;
        reply.json()["secret"].as_str().unwrap().to_owned()
    };
    let settle = async |secret: &str, delivered: bool| {
        let digest = gatepass::Digest::of(secret.as_bytes()).to_string();
        let body = json!({"digest": digest, "delivered": delivered});
        house.post(&format!("{OWN}/tokens/app/settle")).bearer(&admin).json(&body).send().await
    };
    let lost = begin().await;
    assert_eq!(settle(&lost, false).await.status, 200);
    assert!(works(&first).await && !works(&lost).await);
    let arrived = begin().await;
    assert!(works(&first).await && works(&arrived).await);
    assert_eq!(settle(&lost, true).await.error(), (409, "conflict".into(), "changed_meanwhile".into()));
    let settled = settle(&arrived, true).await;
    assert_eq!((settled.status, settled.json()["token"]["name"].as_str()), (200, Some("app")));
    assert!(!works(&first).await && works(&arrived).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_gets_the_same_answer() {
    let house = House::new().await;
    let admin = house.admin().await;
    let other = house.token("other", &["Directory Administrator"]).await;
    let key = gatepass::IdempotencyKey::generate().unwrap();
    let asked = json!({"name": "once", "apiType": "CONFIG", "roles": ["readonly"], "expires": {"days": 1}});
    let create = async |who: &str, key: &str, asked: &serde_json::Value| {
        house.post(TOKENS).bearer(who).header("idempotency-key", key).json(asked).send().await
    };
    let first = create(&admin, key.reveal(), &asked).await;
    let second = create(&admin, key.reveal(), &asked).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.text(), second.text());
    assert_eq!(first.headers["gatepass-revision"], second.headers["gatepass-revision"]);
    let mut another = asked.clone();
    another["name"] = json!("twice");
    for reply in [create(&admin, key.reveal(), &another).await, create(&other, key.reveal(), &asked).await] {
        assert_eq!(reply.error(), (409, "conflict".into(), "idempotency_mismatch".into()));
    }
    let short = create(&admin, "too-short", &another).await;
    assert_eq!(short.error(), (400, "bad_request".into(), "idempotency_key_malformed".into()));

    let rotate = async || {
        let call = house.post(&format!("{OWN}/tokens/once/rotate")).bearer(&admin);
        call.header("idempotency-key", "0123456789abcdef0123456789abcdef").send().await.json()["secret"]
            .clone()
    };
    assert_eq!(rotate().await, rotate().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_revoked_and_purged() {
    let house = House::new().await;
    let admin = house.admin().await;
    for name in ["a1", "a2", "b1"] {
        drop(house.gp.tokens().create(NewToken::new(name, Api::Scim).expires(days(3))).await.unwrap());
    }
    house.issue(NewToken::new("far", Api::Scim).expires(days(90))).await;
    let names = async |query: &str| {
        let reply = house.get(&format!("{OWN}/{query}")).bearer(&admin).send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let list = reply.json();
        let names: Vec<_> = list["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["name"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), list["next"].as_str().map(str::to_owned))
    };
    assert_eq!(names("tokens?nameContains=A&api=scim&limit=2").await, ("a1 a2".into(), Some("a2".into())));
    assert_eq!(names("tokens?api=scim&limit=2&cursor=a2").await, ("b1 far".into(), None));
    assert_eq!(names("tokens/expiring").await, ("a1 a2 b1".into(), None));
    assert_eq!(names("tokens/expiring?withinMillis=1000").await.0, "");
    for query in ["tokens?api=all", "tokens?limit=-1", "tokens?limit=1&limit=2", "tokens?status=fine"] {
        assert_eq!(house.get(&format!("{OWN}/{query}")).bearer(&admin).send().await.status, 400, "{query}");
    }

    let revoke = async |names| {
        house.post(&format!("{OWN}/tokens/revoke")).bearer(&admin).json(&json!({"names": names})).send().await
    };
    let missing = revoke(json!(["a1", "no"])).await;
    assert_eq!(missing.error(), (404, "not_found".into(), "token_not_found".into()));
    assert_eq!(missing.json()["gatepass"]["field"], "names[1]");
    assert_eq!(names("tokens?status=revoked").await.0, "", "all or none");
    let both = revoke(json!(["a1", "a2"])).await;
    assert_eq!((both.status, both.json().as_array().unwrap().len()), (200, 2));
    let one = house.post(&format!("{OWN}/tokens/b1/revoke")).bearer(&admin).send().await;
    assert!(one.json()["token"]["revokedOn"].is_string());
    assert_eq!(names("tokens?status=revoked").await.0, "a1 a2 b1");

    tokio::time::sleep(Duration::from_millis(30)).await;
    let purge = json!({"before": "2999-01-01T00:00:00Z"});
    let purged = house.post(&format!("{OWN}/tokens/purge")).bearer(&admin).json(&purge).send().await;
    assert_eq!(purged.json(), json!({"purged": 3}));
    assert_eq!(names("tokens?api=scim").await.0, "far");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_sees_itself_and_the_trail_by_its_filters() {
    let house = House::new().await;
    let admin = house.admin().await;
    let me = house.get(&format!("{OWN}/self")).bearer(&admin).send().await.json();
    assert_eq!((&me["kind"], &me["name"]), (&json!("token"), &json!("admin-token")));
    assert_eq!(me["token"]["roles"], json!(["Directory Administrator"]));
    assert!(me["scopes"].as_array().unwrap().contains(&json!("SCOPE_AUTH_TOKEN_REVOKE")));
    assert!(me["expiresOn"].is_string());
    let no_session = house.delete(&format!("{OWN}/self")).bearer(&admin).send().await;
    assert_eq!(no_session.error(), (409, "conflict".into(), "no_session".into()));

    let asked = json!({"name": "new", "apiType": "CONFIG", "roles": ["readonly"], "expires": {"days": 1}});
    let made = house.post(TOKENS).bearer(&admin).header("x-request-id", "my-id.1").json(&asked).send().await;
    assert_eq!(made.headers["x-request-id"], "my-id.1");
    let audit = async |query: &str| house.get(&format!("{OWN}/audit?{query}")).bearer(&admin).send().await;
    let found = audit("action=token.&subject=new").await.json()["entries"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1);
    let entry = &found[0];
    assert_eq!((&entry["actor"], &entry["outcome"]), (&json!("token:admin-token"), &json!("done")));
    assert_eq!((&entry["requestId"], &entry["peer"]), (&json!("my-id.1"), &json!("127.0.0.1")));
    let number = entry["number"].as_i64().unwrap();
    assert_eq!(audit(&format!("after={number}")).await.json(), json!({"entries": [], "last": number}));
    assert_eq!(audit("outcome=refused").await.json()["entries"], json!([]));
    assert_eq!(audit("limit=1").await.json()["entries"].as_array().unwrap().len(), 1);
    assert_eq!(audit("outcome=maybe").await.status, 400);
    assert_eq!(audit("since=yesterday").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_ends_its_token_and_tells_nobody() {
    let house = House::new().await;
    let live = house.token("live", &["readonly"]).await;
    let report = async |body: String| {
        house.post(&format!("{OWN}/leaks")).header("content-type", "application/json").raw(body).send().await
    };
    let unknown = gatepass::Secret::generate(Api::Rest).unwrap();
    let of = |token: &str| json!({"token": token}).to_string();
    let bodies =
        [of(&live), of(&live), of(unknown.reveal()), of("x"), "{}".into(), "no json".into(), String::new()];
    let mut answers = Vec::new();
    for body in bodies {
        let mut reply = report(body).await;
        reply.headers.remove("x-request-id");
        reply.headers.remove("date");
        answers.push((reply.status, reply.headers, reply.body));
    }
    assert_eq!((answers[0].0, answers[0].2.len()), (202, 0));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(house.get(TOKENS).bearer(&live).send().await.status, 401);
    let trail = house.trail().await;
    assert!(trail.contains(&"token.leaked  by owner:leak-report of live".to_owned()), "{trail:?}");
    let mut last = 202;
    for _ in 0..80 {
        last = report("{}".into()).await.status;
    }
    assert_eq!(last, 429);
}
