//! Many operations in one request.

use hyper::Method;
use serde_json::{Value, json};

use super::{Sandbox, names, refused};

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_has_its_own_result() {
    let sandbox = Sandbox::new(3).await;
    let bulk = async |body: Value| sandbox.adap(Method::POST, "/bulk").json(&body).send().await;
    let person = json!({"objectClass": "person", "cn": "x", "sn": "x"});
    let at = |uid: &str| format!("uid={uid},ou=People,o=acme");
    let reply = bulk(json!({"Operations": [
        {"method": "POST", "dn": at("x"), "params": {"attributes": person}},
        {"method": "POST", "dn": at("x"), "params": {"attributes": person}},
        {"method": "PUT", "dn": at("p0000001"), "params": {"attributes": {"objectClass": "person", "cn": "y"}}},
        {"method": "PATCH", "dn": at("x"), "params": {"mods": [
            {"attribute": "title", "type": "ADD", "values": ["a"]},
            {"attribute": "nothing", "type": "DELETE"},
        ]}},
        {"method": "PATCH", "dn": at("x"), "params": {"mods": [{"attribute": "title", "type": "ADD", "values": ["b"]}]}},
        {"method": "PATCH", "dn": at("x"), "params": {}},
        {"method": "DELETE", "dn": "ou=People,o=acme"},
        {"method": "DELETE", "dn": at("p0000002"), "params": null},
        {"method": "POST", "dn": "no name", "params": {"attributes": person}},
    ]})).await;
    assert_eq!(reply.status, 200);
    let results: Vec<(String, Value)> = reply.json()["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["status"]["code"].as_str().unwrap().to_owned(), of["status"]["ldapCode"].clone()))
        .collect();
    let ok = || ("200".to_owned(), Value::Null);
    let no = |code: i64| ("400".to_owned(), json!(code));
    let malformed = ("400".to_owned(), Value::Null);
    assert_eq!(results, [ok(), no(68), ok(), no(16), ok(), malformed, no(66), ok(), no(34)]);
    assert_eq!(reply.json()["Operations"][0]["method"], "POST");
    assert_eq!(reply.json()["Operations"][0]["dn"], at("x"));
    assert_eq!(sandbox.entry(&at("x")).await["title"], json!(["b"]), "one that failed left nothing");
    // The vendor's other form.
    let reply = bulk(json!({"params": [
        {"method": "DELETE", "dn": "ou=People,o=acme", "deletetree": false},
        {"method": "DELETE", "dn": "ou=People,o=acme", "deletetree": true},
    ]}))
    .await;
    assert_eq!(reply.json()["Operations"][0]["status"]["code"], "400");
    assert_eq!(reply.json()["Operations"][1]["status"], json!({"code": "200"}));
    assert_eq!(names(&sandbox.search("o=acme", &[("scope", "one")]).await), ["ou=Groups,o=acme"]);
    assert_eq!(
        refused(&bulk(json!({"Operations": [{"method": "MERGE", "dn": "o=acme"}]})).await),
        (400, 400)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_operations_are_one_request() {
    let sandbox = Sandbox::new(0).await;
    let operations: Vec<_> = (0..10_000)
        .map(|number| {
            json!({"method": "POST", "dn": format!("uid=u{number},ou=People,o=acme"), "params": {"attributes": {
                "objectClass": ["top", "person", "inetOrgPerson"],
                "cn": format!("Person {number}"), "sn": "Person", "mail": format!("u{number}@example.com"),
                "description": "x".repeat(100),
            }}})
        })
        .collect();
    let reply = sandbox.adap(Method::POST, "/bulk").json(&json!({"Operations": operations})).send().await;
    assert_eq!(reply.status, 200);
    let answer = reply.json();
    let results = answer["Operations"].as_array().unwrap();
    assert_eq!(results.len(), 10_000);
    assert!(results.iter().all(|of| of["status"] == json!({"code": "200"})));
    let all = sandbox.search("ou=People,o=acme", &[("sizeLimit", "0"), ("attributes", "1.1")]).await;
    assert_eq!(all["count"], 10_001);
    let gone: Vec<_> =
        operations.iter().map(|operation| json!({"method": "DELETE", "dn": operation["dn"]})).collect();
    let reply = sandbox.adap(Method::POST, "/bulk").json(&json!({"Operations": gone})).send().await;
    assert_eq!(reply.status, 200);
    assert_eq!(sandbox.search("ou=People,o=acme", &[]).await["count"], 1);
}
