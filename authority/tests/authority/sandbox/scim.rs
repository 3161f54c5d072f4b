//! SCIM: resources, from making to deleting, and what the server says of itself.

use hyper::Method;
use serde_json::{Value, json};

use super::{Sandbox, scim_error};
use crate::house::encoded;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub(crate) fn user(name: &str) -> Value {
    json!({"schemas": [USER], "userName": name})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_the_same_by_scim_and_by_rest() {
    let sandbox = Sandbox::new(1).await;
    let boss = sandbox.list("/Users", &[]).await["Resources"][0]["id"].clone();
    let sent = json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "ana, of \"Lima\"",
        "externalId": "hr-1",
        "name": {"formatted": "Ana Lima", "familyName": "Lima", "givenName": "Ana", "honorificPrefix": "Dr."},
        "emails": [{"value": "ana@example.com", "type": "work", "primary": true}, {"value": "a@example.com", "type": "home"}],
        "addresses": [{"locality": "Sampleton", "country": "XX", "type": "work"}],
        "active": "True",
        "password": "not kept anywhere",
        "unknown": {"passed": "over"},
        "id": "chosen by the client",
        ENTERPRISE: {"department": "Finance", "manager": {"value": boss}},
    });
    let reply = sandbox
        .scim(Method::POST, "/Users")
        .header("content-type", "application/scim+json")
        .raw(sent.to_string())
        .send()
        .await;
    assert_eq!((reply.status, &*reply.headers["content-type"]), (201, "application/scim+json"));
    let made = reply.json();
    let id = made["id"].as_str().unwrap();
    let location = format!("http://authority.test/scim2/v2/Users/{id}");
    assert_eq!(reply.headers["location"], location);
    assert_eq!(made["meta"]["location"], location);
    assert_eq!(
        (reply.headers["etag"].as_str(), made["meta"]["version"].as_str()),
        ("W/\"1\"", Some("W/\"1\""))
    );
    assert_eq!(made["name"], sent["name"]);
    assert_eq!(made["emails"], sent["emails"]);
    assert_eq!(made["addresses"], sent["addresses"]);
    assert_eq!(made["active"], true);
    assert_eq!(made["externalId"], "hr-1");
    assert!(made.get("password").is_none() && made.get("unknown").is_none());
    assert_ne!(made["id"], "chosen by the client");

    let dn = r#"uid=ana\, of \"Lima\",ou=People,o=acme"#;
    let entry = sandbox.entry(dn).await;
    assert_eq!(entry["cn"], json!(["Ana Lima"]));
    assert_eq!(entry["mail"], json!(["ana@example.com", "a@example.com"]));
    assert_eq!(entry["manager"], json!(["uid=p0000001,ou=People,o=acme"]));
    assert_eq!(entry["departmentNumber"], json!(["Finance"]));
    assert!(!entry.to_string().contains("not kept"));
    // What REST changes, SCIM shows, and what it says besides of an address stays with it.
    let mods = json!({"mods": [
        {"attribute": "mail", "type": "REPLACE", "values": ["new@example.com", "ana@example.com"]},
        {"attribute": "sn", "type": "REPLACE", "values": ["Lima-Sample"]},
        {"attribute": "description", "type": "ADD", "values": ["not of SCIM"]},
    ]});
    assert_eq!(sandbox.write(Method::PATCH, &super::under(dn, &[]), mods).await.status, 200);
    let path = format!("/Users/{id}");
    let seen = sandbox.scim(Method::GET, &path).send().await.json();
    assert_eq!(
        seen["emails"],
        json!([{"value": "new@example.com"}, {"value": "ana@example.com", "type": "work", "primary": true}])
    );
    assert_eq!(seen["name"]["familyName"], "Lima-Sample");
    assert_eq!(seen["meta"]["version"], "W/\"2\"");

    // A PUT takes away what it does not say, of what SCIM speaks of.
    let put = sandbox.scim(Method::PUT, &path).json(&user("ana")).send().await;
    assert_eq!(put.status, 200);
    let put = put.json();
    assert_eq!(
        (&put["id"], &put["userName"]),
        (&made["id"], &json!("ana")),
        "its id stays when its name changes"
    );
    for gone in ["name", "emails", "addresses", "active", "externalId", ENTERPRISE] {
        assert!(put.get(gone).is_none(), "{gone}");
    }
    let entry = sandbox.entry("uid=ana,ou=People,o=acme").await;
    assert_eq!(entry["description"], json!(["not of SCIM"]));
    assert_eq!((&entry["cn"], &entry["sn"]), (&json!(["ana"]), &json!(["ana"])), "the class asks for them");

    assert_eq!(sandbox.scim(Method::DELETE, &path).send().await.status, 204);
    assert_eq!(scim_error(&sandbox.scim(Method::GET, &path).send().await), (404, String::new()));
    assert_eq!(scim_error(&sandbox.scim(Method::DELETE, &path).send().await), (404, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_good_as_an_id() {
    let sandbox = Sandbox::new(20).await;
    let odd = r"cn=Cobblepot\, Delia,ou=People,o=acme";
    let thirteenth =
        sandbox.search("o=acme", &[("filter", "(uid=p0000013)")]).await["resources"][0]["dn"].clone();
    assert!(thirteenth.as_str().unwrap().contains(r"\,"), "not {odd}, but of its kind: {thirteenth}");
    for dn in
        ["uid=p0000001,ou=People,o=acme", "UID=P0000001 , OU=people, O=ACME", thirteenth.as_str().unwrap()]
    {
        let path = format!("/Users/{}", encoded(dn));
        let found = sandbox.scim(Method::GET, &path).send().await;
        assert_eq!(found.status, 200, "{dn}");
        let id = found.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(
            sandbox.scim(Method::GET, &format!("/Users/{}", id.to_uppercase())).send().await.json()["id"],
            id
        );
        let change = json!({"Operations": [{"op": "replace", "path": "title", "value": "Cook"}]});
        assert_eq!(sandbox.scim(Method::PATCH, &path).json(&change).send().await.json()["title"], "Cook");
    }
    // A slash in a name is a part of it.
    sandbox.add("uid=a/b?c#d%,ou=People,o=acme", json!({"objectClass": "person"})).await;
    let path = format!("/Users/{}", encoded("uid=a/b?c#d%,ou=People,o=acme"));
    assert_eq!(sandbox.scim(Method::GET, &path).send().await.json()["userName"], "a/b?c#d%");
    for none in [
        "x",
        "%00",
        "uid%3Dnobody%2Co%3Dacme",
        "ou%3DPeople%2Co%3Dacme",
        "cn%3Dadmins%2Cou%3DGroups%2Co%3Dacme",
        "%ff",
    ] {
        assert_eq!(
            scim_error(&sandbox.scim(Method::GET, &format!("/Users/{none}")).send().await).0,
            404,
            "{none}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_know_their_members_and_members_their_groups() {
    let sandbox = Sandbox::new(0).await;
    let ana = sandbox.create("/Users", user("ana")).await;
    let bo = sandbox.create("/Users", user("bo")).await;
    let group = json!({
        "displayName": "Night, Shift",
        "members": [{"value": ana["id"]}, {"value": "uid=bo,ou=People,o=acme", "type": "User"}, {"value": ana["id"]}],
    });
    let group = sandbox.create("/Groups", group).await;
    let path = format!("/Groups/{}", group["id"].as_str().unwrap());
    let member = |of: &Value| json!({"value": of["id"], "type": "User", "$ref": of["meta"]["location"]});
    assert_eq!(group["members"], json!([member(&ana), member(&bo)]));
    let display = "?attributes=members.display,members.value";
    let named = sandbox.scim(Method::GET, &format!("{path}{display}")).send().await.json();
    assert_eq!(named["members"][0], json!({"value": ana["id"], "display": "ana"}));
    let outer =
        sandbox.create("/Groups", json!({"displayName": "All", "members": [{"value": group["id"]}]})).await;
    assert_eq!(outer["members"][0]["type"], "Group");
    let seen =
        sandbox.scim(Method::GET, &format!("/Users/{}", ana["id"].as_str().unwrap())).send().await.json();
    assert_eq!(
        seen["groups"],
        json!([{"value": group["id"], "type": "direct", "$ref": group["meta"]["location"]}])
    );
    // By a new name they are the same members.
    let rename = json!({"Operations": [{"op": "replace", "value": {"userName": "bobo", "groups": []}}]});
    assert_eq!(
        sandbox
            .scim(Method::PATCH, &format!("/Users/{}", bo["id"].as_str().unwrap()))
            .json(&rename)
            .send()
            .await
            .status,
        200
    );
    let entry = sandbox.entry(r"cn=Night\, Shift,ou=Groups,o=acme").await;
    assert_eq!(entry["member"], json!(["uid=ana,ou=People,o=acme", "uid=bobo,ou=People,o=acme"]));
    assert_eq!(sandbox.scim(Method::GET, &path).send().await.json()["members"], group["members"]);
    sandbox.scim(Method::DELETE, &format!("/Users/{}", ana["id"].as_str().unwrap())).send().await;
    assert_eq!(sandbox.scim(Method::GET, &path).send().await.json()["members"], json!([member(&bo)]));
    let wrong = sandbox
        .scim(Method::POST, "/Groups")
        .json(&json!({"displayName": "x", "members": [{"value": "nobody"}]}));
    assert_eq!(scim_error(&wrong.send().await), (400, "invalidValue".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_resource_is_told_by_its_type() {
    let sandbox = Sandbox::new(1).await;
    sandbox.create("/Users", user("ana")).await;
    let id =
        sandbox.list("/Users", &[("filter", "userName eq \"p0000001\"")]).await["Resources"][0]["id"].clone();
    let path = format!("/Users/{}", id.as_str().unwrap());
    for (method, at, sent, expected) in [
        (Method::POST, "/Users", user("ana"), (409, "uniqueness")),
        (Method::POST, "/Users", user("ANA"), (409, "uniqueness")),
        (Method::PUT, &*path, user("Ana"), (409, "uniqueness")),
        (Method::POST, "/Groups", json!({"displayName": "ADMINS"}), (409, "uniqueness")),
        (Method::POST, "/Users", json!({"schemas": [USER]}), (400, "invalidValue")),
        (Method::POST, "/Users", user(""), (400, "invalidValue")),
        (Method::POST, "/Users", json!({"schemas": ["urn:x"], "userName": "x"}), (400, "invalidValue")),
        (Method::POST, "/Users", json!({"userName": 5}), (400, "invalidValue")),
        (Method::POST, "/Users", json!({"userName": "x", "active": "perhaps"}), (400, "invalidValue")),
        (Method::POST, "/Users", json!({"userName": "x", "name": "Ana"}), (400, "invalidValue")),
        (Method::POST, "/Users", json!({"userName": "x", "emails": [5]}), (400, "invalidValue")),
        (
            Method::POST,
            "/Users",
            json!({"userName": "x", "emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
            (400, "invalidValue"),
        ),
        (Method::POST, "/Users", json!([]), (400, "invalidSyntax")),
        (Method::PUT, "/Users/nobody", user("x"), (404, "")),
        (Method::GET, "/Nothing", json!({}), (404, "")),
        (Method::POST, "/Schemas", json!({}), (405, "")),
        (Method::GET, "/Schemas/urn:x", json!({}), (404, "")),
    ] {
        let reply = sandbox.scim(method.clone(), at).json(&sent).send().await;
        let (status, kind) = expected;
        assert_eq!(scim_error(&reply), (status, kind.to_owned()), "{method} {at} {sent}");
    }
    let broken = sandbox.scim(Method::POST, "/Users").raw("{").send().await;
    assert_eq!(scim_error(&broken), (400, "invalidSyntax".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_changed_by_who_knows_it() {
    let sandbox = Sandbox::new(0).await;
    let made = sandbox.create("/Users", user("ana")).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let call = |method, header, tag| sandbox.scim(method, &path).header(header, tag);
    let same = call(Method::GET, "if-none-match", "W/\"1\"").send().await;
    assert_eq!((same.status, same.body.len(), &*same.headers["etag"]), (304, 0, "W/\"1\""));
    assert_eq!(call(Method::GET, "if-none-match", "\"0\", W/\"2\"").send().await.status, 200);
    let change = json!({"Operations": [{"op": "add", "path": "title", "value": "Cook"}]});
    assert_eq!(
        call(Method::PATCH, "if-match", "W/\"1\"").json(&change).send().await.headers["etag"],
        "W/\"2\""
    );
    for method in [Method::PATCH, Method::PUT, Method::DELETE] {
        let body = if method == Method::PATCH { change.clone() } else { user("ana") };
        let late = call(method, "if-match", "W/\"1\"").json(&body).send().await;
        assert_eq!(scim_error(&late), (412, String::new()));
    }
    // What changes nothing is no new version.
    assert_eq!(call(Method::PATCH, "if-match", "*").json(&change).send().await.headers["etag"], "W/\"2\"");
    assert_eq!(call(Method::DELETE, "if-match", "W/\"2\"").send().await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_what_it_can_do() {
    let sandbox = Sandbox::new(0).await;
    let get = async |path: &str| sandbox.scim(Method::GET, path).send().await.json();
    let config = get("/ServiceProviderConfig").await;
    for able in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[able]["supported"], true, "{able}");
    }
    assert_eq!(config["changePassword"]["supported"], false);
    let types = get("/ResourceTypes").await;
    assert_eq!(types, get("/resourcetypes").await, "the vendor's path");
    assert_eq!(types["totalResults"], 2);
    assert_eq!(types["Resources"][0]["schemaExtensions"], json!([{"schema": ENTERPRISE, "required": false}]));
    assert_eq!(get("/ResourceTypes/Group").await["endpoint"], "/Groups");
    let schemas = get("/Schemas").await;
    assert_eq!(schemas["totalResults"], 3);
    let user = get(&format!("/Schemas/{USER}")).await;
    assert_eq!(user, schemas["Resources"][0]);
    let name = user["attributes"].as_array().unwrap().iter().find(|of| of["name"] == "userName").unwrap();
    assert_eq!(
        (&name["uniqueness"], &name["required"], &name["caseExact"]),
        (&json!("server"), &json!(true), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_changes_are_one_request() {
    let sandbox = Sandbox::new(1).await;
    let there = sandbox.list("/Users", &[]).await["Resources"][0]["id"].clone();
    let bulk = async |body: Value| sandbox.scim(Method::POST, "/Bulk").json(&body).send().await;
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": user("ana")},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": user("ana")},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "Crew", "members": [{"value": "bulkId:a"}]}},
        {"method": "PATCH", "path": "/Users/bulkId:a", "data": {"Operations": [{"op": "add", "value": {"title": "Cook"}}]}},
        {"method": "PUT", "path": format!("/Users/{}", there.as_str().unwrap()), "version": "W/\"9\"", "data": user("x")},
        {"method": "DELETE", "path": format!("/Users/{}", there.as_str().unwrap())},
        {"method": "POST", "path": "/Groups", "bulkId": "h", "data": {"displayName": "None", "members": [{"value": "bulkId:zzz"}]}},
        {"method": "DELETE", "path": "/Nothing/1"},
        {"method": "POST", "path": "/Users", "data": user("y")},
    ]);
    let reply = bulk(json!({"Operations": operations})).await.json();
    let done = reply["Operations"].as_array().unwrap();
    let statuses: Vec<_> = done.iter().map(|of| of["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201", "409", "201", "200", "412", "204", "409", "404", "400"]);
    assert_eq!(done[1]["response"]["scimType"], "uniqueness");
    assert_eq!(done[0]["bulkId"], "a");
    let ana = sandbox.list("/Users", &[("filter", "title eq \"cook\"")]).await["Resources"][0].clone();
    assert_eq!(ana["meta"]["location"], done[0]["location"]);
    assert_eq!(ana["groups"][0]["$ref"], done[2]["location"]);
    let stopped = bulk(json!({"failOnErrors": 2, "Operations": operations})).await.json();
    assert_eq!(stopped["Operations"].as_array().unwrap().len(), 2, "ana is there, twice");
    assert_eq!(scim_error(&bulk(json!({"Operations": 5})).await), (400, "invalidSyntax".into()));
}
