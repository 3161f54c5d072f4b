//! Which token opens what, and as whom.

use gatepass::{Api, ExternalTokenValidator, OpenOptions};
use hyper::Method;
use serde_json::{Value, json};

use super::{Sandbox, refused, scim_error, under};
use crate::provider::Provider;

const FIRST: &str = "uid=p0000001,ou=People,o=acme";
const SECOND: &str = "uid=p0000002,ou=People,o=acme";

#[tokio::test(flavor = "multi_thread")]
async fn each_token_opens_its_own_api_alone() {
    let sandbox = Sandbox::new(2).await;
    let config = sandbox.house.admin().await;
    let adap = async |token: &str| sandbox.house.get("/adap?bind=simpleBind").bearer(token).send().await;
    let scim = async |token: &str| sandbox.house.get("/scim2/v2/Users").bearer(token).send().await;
    let api =
        async |token: &str| sandbox.house.get("/api/gatepass/v1/self").bearer(token).send().await.status;
    assert_eq!(
        (adap(&sandbox.rest).await.status, scim(&sandbox.scim).await.status, api(&config).await),
        (200, 200, 200)
    );
    let challenge = "Bearer realm=\"gatepass\", error=\"invalid_token\"";
    for token in [&config, &sandbox.scim, "gpr_nonsense"] {
        let reply = adap(token).await;
        assert_eq!(refused(&reply), (401, 49));
        assert!(reply.headers["www-authenticate"].starts_with(challenge), "{reply:?}");
        assert!(!String::from_utf8_lossy(&reply.body).contains(token));
    }
    for token in [&config, &sandbox.rest, "gps_nonsense"] {
        let reply = scim(token).await;
        assert_eq!(scim_error(&reply), (401, String::new()));
        assert!(reply.headers["www-authenticate"].starts_with(challenge), "{reply:?}");
    }
    assert_eq!((api(&sandbox.rest).await, api(&sandbox.scim).await), (401, 401));
    // Nobody at all is told how to be somebody.
    let nobody = sandbox.house.get("/adap/o=acme").send().await;
    assert_eq!(refused(&nobody), (401, 49));
    assert_eq!(nobody.headers["www-authenticate"], "Bearer realm=\"gatepass\"");
    assert_eq!(sandbox.house.get("/scim2/v2/Users").send().await.status, 401);
    let basic = sandbox.house.get("/adap/o=acme").basic("cn=directory manager", "password").send().await;
    assert_eq!(refused(&basic), (401, 49));
    sandbox.house.gp.tokens().revoke("rest").await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(120)).await;
    assert_eq!(refused(&adap(&sandbox.rest).await), (401, 49));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_acts_as_its_entry() {
    let sandbox = Sandbox::new(3).await;
    let second = sandbox.acting_as("second", SECOND).await;
    let call = async |method: Method, path: &str, body: Option<Value>| {
        let call = sandbox.house.call(method, &format!("/adap{path}")).bearer(&second);
        match body {
            Some(params) => call.json(&json!({"params": params})).send().await,
            None => call.send().await,
        }
    };
    let title = json!({"mods": [{"attribute": "title", "type": "REPLACE", "values": ["Cook"]}]});
    let device = |dn: &str| json!({"dn": format!("cn=phone,{dn}"), "attributes": {"objectClass": "device"}});
    // It reads all, and changes itself and what is below it.
    assert_eq!(call(Method::GET, &under("o=acme", &[]), None).await.json()["count"], 8);
    assert_eq!(call(Method::PATCH, &under(SECOND, &[]), Some(title.clone())).await.status, 200);
    assert_eq!(call(Method::POST, "", Some(device(SECOND))).await.status, 200);
    let denied = (400, 50);
    for (method, path, body) in [
        (Method::PATCH, under(FIRST, &[]), Some(title.clone())),
        (Method::PUT, under(FIRST, &[]), Some(json!({"attributes": {"objectClass": "person"}}))),
        (Method::POST, String::new(), Some(device(FIRST))),
        (Method::POST, String::new(), Some(device("ou=People,o=acme"))),
        (Method::DELETE, under(FIRST, &[]), None),
        (Method::DELETE, under(SECOND, &[("deletetree", "true")]), None),
        (Method::PATCH, String::new(), Some(json!({"DN": SECOND, "newRDN": "uid=boss"}))),
        (
            Method::PATCH,
            String::new(),
            Some(json!({"DN": format!("cn=phone,{SECOND}"), "newRDN": "cn=phone", "newSuperiorDN": FIRST})),
        ),
        // Not even what is not there is told apart.
        (Method::DELETE, under("uid=nobody,o=acme", &[]), None),
    ] {
        assert_eq!(refused(&call(method.clone(), &path, body).await), denied, "{method} {path}");
    }
    let operations = json!({"Operations": [
        {"method": "DELETE", "dn": FIRST},
        {"method": "DELETE", "dn": format!("cn=phone,{SECOND}")},
    ]});
    let reply = sandbox.house.post("/adap/bulk").bearer(&second).json(&operations).send().await.json();
    assert_eq!(reply["Operations"][0]["status"]["ldapCode"], 50);
    assert_eq!(reply["Operations"][1]["status"], json!({"code": "200"}));

    // The first one is an admin, by being in the group.
    let first = sandbox.acting_as("first", FIRST).await;
    let admin = async |path: &str| {
        let call = sandbox.house.call(Method::PATCH, path).bearer(&first);
        call.json(&json!({"params": title})).send().await
    };
    let path = format!("/adap{}", under(SECOND, &[]));
    assert_eq!(admin(&path).await.status, 200);
    let leave = json!({"mods": [{"attribute": "member", "type": "DELETE", "values": []}]});
    let group = under("cn=admins,ou=Groups,o=acme", &[]);
    assert_eq!(sandbox.write(Method::PATCH, &group, leave).await.status, 200);
    assert_eq!(refused(&admin(&path).await), denied);
    // An entry that is gone is nobody.
    assert_eq!(sandbox.adap(Method::DELETE, &under(SECOND, &[])).send().await.status, 200);
    assert_eq!(refused(&call(Method::GET, "/rootdse", None).await), (401, 49));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_everything_may_act_as_somebody_else() {
    let sandbox = Sandbox::new(3).await;
    let second = sandbox.acting_as("second", SECOND).await;
    let first = sandbox.acting_as("first", FIRST).await;
    let change = async |token: &str, proxy: &str, dn: &str| {
        let call = sandbox.house.call(Method::PATCH, &format!("/adap{}", under(dn, &[])));
        let mods =
            json!({"params": {"mods": [{"attribute": "title", "type": "REPLACE", "values": [proxy]}]}});
        call.bearer(token).header("proxy", proxy).json(&mods).send().await
    };
    for token in [&sandbox.rest, &first] {
        assert_eq!(change(token, SECOND, SECOND).await.status, 200);
        assert_eq!(refused(&change(token, SECOND, FIRST).await), (400, 50));
        assert_eq!(change(token, FIRST, SECOND).await.status, 200, "an admin is one by proxy too");
        assert_eq!(refused(&change(token, "uid=nobody,o=acme", SECOND).await), (400, 50));
        assert_eq!(refused(&change(token, "nobody", SECOND).await), (400, 34));
    }
    assert_eq!(refused(&change(&second, FIRST, SECOND).await), (400, 50));
    assert_eq!(refused(&change(&second, SECOND, SECOND).await), (400, 50));
    let twice =
        sandbox.adap(Method::GET, "/rootdse").header("proxy", FIRST).header("proxy", SECOND).send().await;
    assert_eq!(refused(&twice), (400, 34));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_one_may_read_where_the_sandbox_lets_one() {
    let sandbox = Sandbox::with(OpenOptions::default(), |of| of.people(2).anonymous()).await;
    let nobody = |method: Method, path: &str| sandbox.house.call(method, &format!("/adap{path}"));
    assert_eq!(nobody(Method::GET, "?bind=simpleBind").send().await.status, 200);
    assert_eq!(nobody(Method::GET, "/o=acme").send().await.json()["count"], 7);
    assert_eq!(refused(&nobody(Method::DELETE, &under(FIRST, &[])).send().await), (400, 50));
    assert_eq!(refused(&nobody(Method::GET, "/o=acme").header("proxy", FIRST).send().await), (400, 50));
    // A bad token is no better than before, and SCIM has nobody without one.
    assert_eq!(refused(&nobody(Method::GET, "/o=acme").bearer("gpr_nonsense").send().await), (401, 49));
    assert_eq!(sandbox.house.get("/scim2/v2/Users").send().await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_sandbox_where_none_was_asked_for() {
    let house = crate::house::House::new().await;
    for path in ["/adap", "/adap/o=acme", "/scim2/v2/Users"] {
        assert_eq!(house.get(path).send().await.error().0, 404, "{path}");
    }
}

/// Whom its validator says, or nobody: never everybody, as a `rest` token without a target is.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_issuer_acts_as_its_mapping_says() {
    let (sandbox, provider) = (Sandbox::new(2).await, Provider::start().await);
    let house = &sandbox.house;
    let token = provider.token(json!({"sub": "p0000002"}));
    let validator = || ExternalTokenValidator::new("sso", Api::Rest).discovery_url(provider.discovery());
    let title = json!({"params": {"mods": [{"attribute": "title", "type": "REPLACE", "values": ["Baker"]}]}});
    let change = async |dn: &str| {
        let call = house.call(Method::PATCH, &format!("/adap{}", under(dn, &[]))).bearer(&token);
        call.json(&title).send().await.status
    };
    house.gp.validators().create(&validator().map("uid=${sub},ou=People,o=acme")).await.unwrap();
    house.token("one", &["Read Only"]).await; // by when the authority knows of the validator as well
    assert_eq!((change(SECOND).await, change(FIRST).await), (200, 400));
    house.gp.validators().update(&validator()).await.unwrap();
    house.token("two", &["Read Only"]).await;
    assert_eq!(change(SECOND).await, 400);
    let read = house.get(&format!("/adap{}", under(FIRST, &[("scope", "base")]))).bearer(&token).send().await;
    assert_eq!(read.status, 200);
}
