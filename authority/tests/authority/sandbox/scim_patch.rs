//! Changes of a resource: RFC 7644 section 3.5.2, case by case.

use hyper::Method;
use serde_json::{Value, json};

use super::{Sandbox, scim_error};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A change of that user, where to look, and what is there then.
#[expect(clippy::too_many_lines, reason = "one case a line")]
fn cases() -> Vec<(Value, &'static str, Value)> {
    let work = json!({"value": "work@example.com", "type": "work", "primary": true});
    let home = json!({"value": "home@example.com", "type": "home"});
    vec![
        // Where it is simple: set, changed, gone.
        (json!({"op": "add", "path": "nickName", "value": "A"}), "/nickName", json!("A")),
        (json!({"op": "Replace", "path": "TITLE", "value": "Baker"}), "/title", json!("Baker")),
        (json!({"op": "remove", "path": "title"}), "/title", Value::Null),
        (json!({"op": "replace", "path": "title", "value": null}), "/title", Value::Null),
        (json!({"op": "add", "path": "active", "value": "False"}), "/active", json!(false)),
        (
            json!({"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:title", "value": "B"}),
            "/title",
            json!("B"),
        ),
        // Without a path, the value is a part of the resource; one key may be a path.
        (json!({"op": "add", "value": {"nickName": "A", "unknown": 1, "meta": {}}}), "/nickName", json!("A")),
        (
            json!({"op": "replace", "value": {"name.givenName": "B"}}),
            "/name",
            json!({"familyName": "Lima", "givenName": "B"}),
        ),
        (
            json!({"op": "replace", "value": {"emails[type eq \"home\"].value": "h"}}),
            "/emails/1/value",
            json!("h"),
        ),
        // Complex: the parts that are named, and no other.
        (
            json!({"op": "replace", "path": "name", "value": {"givenName": "B"}}),
            "/name",
            json!({"familyName": "Lima", "givenName": "B"}),
        ),
        (json!({"op": "add", "path": "name", "value": {"middleName": "C"}}), "/name/middleName", json!("C")),
        (
            json!({"op": "add", "path": "name.honorificPrefix", "value": "Dr."}),
            "/name/honorificPrefix",
            json!("Dr."),
        ),
        (json!({"op": "remove", "path": "name.givenName"}), "/name", json!({"familyName": "Lima"})),
        (json!({"op": "remove", "path": "name"}), "/name", Value::Null),
        // Several values.
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "n"}]}),
            "/emails",
            json!([work, home, {"value": "n"}]),
        ),
        (
            json!({"op": "add", "path": "emails", "value": {"value": "n"}}),
            "/emails",
            json!([work, home, {"value": "n"}]),
        ),
        (json!({"op": "add", "path": "emails", "value": [home]}), "/emails", json!([work, home])),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "n", "primary": true}]}),
            "/emails/0/primary",
            json!(false),
        ),
        (
            json!({"op": "replace", "path": "emails", "value": [{"value": "n"}]}),
            "/emails",
            json!([{"value": "n"}]),
        ),
        (json!({"op": "replace", "path": "emails", "value": []}), "/emails", Value::Null),
        (json!({"op": "remove", "path": "emails"}), "/emails", Value::Null),
        (
            json!({"op": "remove", "path": "emails", "value": [{"value": "HOME@example.com"}]}),
            "/emails",
            json!([work]),
        ),
        (
            json!({"op": "replace", "path": "phoneNumbers.type", "value": "home"}),
            "/phoneNumbers",
            json!([{"value": "1", "type": "home"}]),
        ),
        (json!({"op": "remove", "path": "emails.type"}), "/emails/1", json!({"value": "home@example.com"})),
        // Some of several values.
        (json!({"op": "remove", "path": "emails[type eq \"work\"]"}), "/emails", json!([home])),
        (
            json!({"op": "remove", "path": "emails[type sw \"w\" or primary eq true]"}),
            "/emails",
            json!([home]),
        ),
        (json!({"op": "remove", "path": "emails[not (type eq \"work\")]"}), "/emails", json!([work])),
        (json!({"op": "remove", "path": "emails[value pr]"}), "/emails", Value::Null),
        (
            json!({"op": "replace", "path": "emails[type eq \"HOME\"].value", "value": "h"}),
            "/emails/1",
            json!({"value": "h", "type": "home"}),
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": {"value": "h"}}),
            "/emails/1",
            json!({"value": "h"}),
        ),
        (
            json!({"op": "add", "path": "emails[type eq \"home\"]", "value": {"display": "d"}}),
            "/emails/1/display",
            json!("d"),
        ),
        (
            json!({"op": "add", "path": "emails[type eq \"home\"].primary", "value": true}),
            "/emails/0/primary",
            json!(false),
        ),
        (
            json!({"op": "remove", "path": "emails[type eq \"home\"].type"}),
            "/emails/1",
            json!({"value": "home@example.com"}),
        ),
        // As a widespread client adds what is not there.
        (
            json!({"op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "2"}),
            "/phoneNumbers/1",
            json!({"value": "2", "type": "mobile"}),
        ),
        // Extensions.
        (
            json!({"op": "add", "path": format!("{ENTERPRISE}:division"), "value": "D"}),
            "/ENTERPRISE",
            json!({"department": "Finance", "division": "D"}),
        ),
        (
            json!({"op": "replace", "value": {format!("{ENTERPRISE}:department"): "D"}}),
            "/ENTERPRISE",
            json!({"department": "D"}),
        ),
        (
            json!({"op": "add", "value": {ENTERPRISE: {"costCenter": "C"}}}),
            "/ENTERPRISE",
            json!({"department": "Finance", "costCenter": "C"}),
        ),
        (
            json!({"op": "add", "path": ENTERPRISE, "value": {"costCenter": "C"}}),
            "/ENTERPRISE/costCenter",
            json!("C"),
        ),
        (json!({"op": "remove", "path": ENTERPRISE}), "/ENTERPRISE", Value::Null),
        (json!({"op": "remove", "path": format!("{ENTERPRISE}:department")}), "/ENTERPRISE", Value::Null),
    ]
}

/// A user with something of everything.
async fn user(sandbox: &Sandbox) -> String {
    let made = sandbox.create(
        "/Users",
        json!({
            "userName": "ana",
            "name": {"familyName": "Lima", "givenName": "Ana"},
            "title": "Cook",
            "emails": [
                {"value": "work@example.com", "type": "work", "primary": true},
                {"value": "home@example.com", "type": "home"},
            ],
            "phoneNumbers": [{"value": "1", "type": "work"}],
            ENTERPRISE: {"department": "Finance"},
        }),
    );
    format!("/Users/{}", made.await["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_do_what_rfc_7644_says() {
    let sandbox = Sandbox::new(0).await;
    for (operation, at, expected) in cases() {
        let path = user(&sandbox).await;
        let reply = sandbox.scim(Method::PATCH, &path).json(&json!({"Operations": [operation]})).send().await;
        assert_eq!(reply.status, 200, "{operation} {reply:?}");
        let look = |resource: &Value| {
            let mut resource = resource.clone();
            if let Some(extension) = resource.as_object_mut().unwrap().remove(ENTERPRISE) {
                resource["ENTERPRISE"] = extension;
            }
            resource.pointer(at).cloned().unwrap_or_default()
        };
        assert_eq!(look(&reply.json()), expected, "{operation}");
        let seen = sandbox.scim(Method::GET, &path).send().await.json();
        assert_eq!(look(&seen), expected, "{operation}: and it is still so when it is read");
        sandbox.scim(Method::DELETE, &path).send().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_changed_is_refused_and_all_of_it() {
    let sandbox = Sandbox::new(0).await;
    let path = user(&sandbox).await;
    let before = sandbox.scim(Method::GET, &path).send().await.json();
    for (operation, kind) in [
        (json!({"op": "replace", "path": "nothing", "value": 1}), "invalidPath"),
        (json!({"op": "replace", "path": "name.nothing", "value": 1}), "invalidPath"),
        (json!({"op": "replace", "path": "title[type eq \"a\"]", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq \"a\"].nothing", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "urn:x:title", "value": "x"}), "invalidPath"),
        (json!({"op": "remove", "path": "emails[nothing eq \"a\"]"}), "invalidFilter"),
        (json!({"op": "remove", "path": "emails[primary gt true]"}), "invalidFilter"),
        (json!({"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x"}), "noTarget"),
        (json!({"op": "remove", "path": "emails[type eq \"other\"]"}), "noTarget"),
        (json!({"op": "add", "path": "emails[type co \"other\"].value", "value": "x"}), "noTarget"),
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "replace", "path": "meta.version", "value": "x"}), "mutability"),
        (json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}), "mutability"),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "replace", "path": "userName", "value": ""}), "mutability"),
        (json!({"op": "replace", "path": "title", "value": {"a": 1}}), "invalidValue"),
        (json!({"op": "replace", "path": "active", "value": 1}), "invalidValue"),
        (json!({"op": "replace", "path": "name", "value": "Ana"}), "invalidValue"),
        (json!({"op": "add", "path": "title"}), "invalidValue"),
        (json!({"op": "replace", "value": "text"}), "invalidValue"),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
            "invalidValue",
        ),
        (json!({"op": "merge", "path": "title", "value": "x"}), "invalidSyntax"),
        (json!({"path": "title", "value": "x"}), "invalidSyntax"),
    ] {
        let first = json!({"op": "replace", "path": "title", "value": "changed"});
        let sent = json!({"Operations": [first, operation]});
        let reply = sandbox.scim(Method::PATCH, &path).json(&sent).send().await;
        assert_eq!(scim_error(&reply), (400, kind.to_owned()), "{operation}");
    }
    let many = vec![json!({"op": "replace", "path": "title", "value": "x"}); 1001];
    let reply = sandbox.scim(Method::PATCH, &path).json(&json!({"Operations": many})).send().await;
    assert_eq!(scim_error(&reply), (400, "tooMany".into()));
    assert_eq!(sandbox.scim(Method::GET, &path).send().await.json(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go() {
    let sandbox = Sandbox::new(0).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(
            sandbox.create("/Users", json!({"userName": name})).await["id"].as_str().unwrap().to_owned(),
        );
    }
    let crew = sandbox.create("/Groups", json!({"displayName": "Crew"})).await;
    let crew = format!("/Groups/{}", crew["id"].as_str().unwrap());
    let patch = async |operation: Value| {
        let reply = sandbox.scim(Method::PATCH, &crew).json(&json!({"Operations": [operation]})).send().await;
        assert_eq!(reply.status, 200, "{operation} {reply:?}");
        let json = reply.json();
        let members = json["members"].as_array().cloned().unwrap_or_default();
        members.iter().map(|of| of["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let value = |at: usize| json!({"value": ids[at]});
    assert_eq!(patch(json!({"op": "add", "path": "members", "value": [value(0), value(1)]})).await, ids[..2]);
    assert_eq!(patch(json!({"op": "add", "path": "members", "value": [value(1), value(2)]})).await, ids);
    let filter = format!("members[value eq \"{}\"]", ids[1]);
    assert_eq!(patch(json!({"op": "remove", "path": filter})).await, [&*ids[0], &*ids[2]]);
    assert_eq!(patch(json!({"op": "Remove", "path": "members", "value": [value(0)]})).await, ids[2..]);
    assert_eq!(patch(json!({"op": "replace", "path": "members", "value": [value(1)]})).await, ids[1..2]);
    assert_eq!(patch(json!({"op": "remove", "path": "members"})).await, [""; 0]);
    patch(json!({"op": "add", "path": "members", "value": [value(0)]})).await;
    let fixed = json!({"Operations": [{"op": "replace", "path": "members.value", "value": ids[1]}]});
    let reply = sandbox.scim(Method::PATCH, &crew).json(&fixed).send().await;
    assert_eq!(scim_error(&reply), (400, "mutability".into()));
}
