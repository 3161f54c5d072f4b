//! The vendor's shapes and statuses, literally.

use std::sync::Arc;

use gatepass::testing::ManualClock;
use gatepass::{Api, NewToken, days};
use serde_json::json;

use crate::house::{House, encoded};

const TOKENS: &str = "/api/authentication-service/access_tokens";
const ROLES: &str = "/api/authentication-service/roles";
const USERS: &str = "/api/authentication-service/users";

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_made_shown_and_deleted_as_the_vendor_does() {
    let clock = Arc::new(ManualClock::new("2026-09-27T08:30:00Z".parse().unwrap()));
    let house = House::at(&clock).await;
    let admin = house.session("admin", crate::house::ADMIN_PASSWORD).await;
    house.token("another", &["readonly"]).await;
    // What the vendor's own page sends, word for word.
    let expires = "2027-09-27T00:00:00.000Z";
    let asked = format!(
        r#"{{"name": "Prod Service Account", "apiType": "CONFIG", "roles": ["readonly"], "expiresOn": "{expires}",
            "createdOn": "2022-09-27T08:30:00Z", "whatever": {{"a later": "version adds"}}}}"#
    );
    let post = || house.post(TOKENS).bearer(&admin).header("content-type", "application/json; charset=utf-8");
    let made = post().raw(asked.clone()).send().await;
    assert_eq!((made.status, &*made.headers["cache-control"]), (201, "no-store"), "{made:?}");
    assert!(made.text().starts_with("gpc_"), "a JSON string, and nothing around it");
    assert!(made.headers["gatepass-revision"].parse::<i64>().unwrap() > 0);

    let again = post().raw(asked).send().await;
    assert_eq!(again.error(), (409, "conflict".into(), "name_taken".into()));

    let path = format!("{TOKENS}/Prod%20Service%20Account");
    let one = house.get(&path).bearer(&admin).send().await;
    assert_eq!(one.status, 200);
    let one = one.json();
    assert_eq!(one["name"], "Prod Service Account");
    assert_eq!(one["apiType"], "CONFIG");
    assert_eq!(one["roles"], json!(["Read Only"]));
    assert_eq!(one["expiresOn"], expires);
    assert_eq!(one["createdOn"], "2026-09-27T08:30:00.000Z");

    let list = house.get(TOKENS).bearer(&admin).send().await.json();
    let names: Vec<_> =
        list.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Prod Service Account", "another"]);

    let gone = house.delete(&path).bearer(&admin).send().await;
    assert_eq!((gone.status, gone.body.len()), (200, 0));
    let missing = house.get(&path).bearer(&admin).send().await;
    assert_eq!(missing.error(), (404, "not_found".into(), "token_not_found".into()));
    assert_eq!(house.delete(&path).bearer(&admin).send().await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_arrives_whole() {
    let house = House::new().await;
    let admin = house.admin().await;
    let list = async || house.get(TOKENS).bearer(&admin).send().await.json().as_array().unwrap().len();
    assert_eq!(list().await, 1);
    let tokens = house.gp.tokens();
    let asked = |at: usize| NewToken::new(format!("t{at}"), Api::Rest).expires(days(1)).target_dn("o=acme");
    let made = futures_util::future::join_all((0..2000).map(|at| tokens.create(asked(at)))).await;
    assert!(made.iter().all(Result::is_ok));
    assert_eq!(list().await, 2001);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_token_is_said_by_field() {
    let house = House::new().await;
    let admin = house.admin().await;
    for (asked, field, code) in [
        (json!({"name": "x", "apiType": "REST"}), "expires", "expiration_required"),
        (json!({"name": "x", "apiType": "CONFIG", "expires": {"days": 1}}), "roles", "role_required"),
        (
            json!({"name": "x", "apiType": "REST", "expiresOn": "2020-01-01T00:00:00Z"}),
            "expires",
            "expiration_in_past",
        ),
        (
            json!({"name": "x", "apiType": "CONFIG", "roles": ["nobody's"], "expires": {"days": 1}}),
            "roles",
            "unknown_role",
        ),
    ] {
        let reply = house.post(TOKENS).bearer(&admin).json(&asked).send().await;
        assert_eq!(reply.error(), (400, "bad_request".into(), code.into()));
        assert_eq!(reply.json()["gatepass"]["field"], field);
        assert_eq!(reply.json()["gatepass"]["kind"], "invalid_input");
    }
    for name in ["", ".", "..", "a\nb"] {
        let asked = json!({"name": name, "apiType": "REST", "expires": {"days": 1}});
        let reply = house.post(TOKENS).bearer(&admin).json(&asked).send().await;
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (400, Some("item_name_invalid")),
            "{name:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_any_characters_come_back_as_they_went() {
    let house = House::new().await;
    let admin = house.admin().await;
    let long = "🔑".repeat(1000);
    for name in
        ["a/b", "%2F", "a b", "ключ 🔑", "a?b#c", "a+b&c=d", "\"quoted\\\"", "...", "revoke", "~", &long]
    {
        let asked = json!({"name": name, "apiType": "REST", "targetDn": "uid=a,o=b", "expires": {"days": 1}});
        let made = house.post(TOKENS).bearer(&admin).json(&asked).send().await;
        assert_eq!(made.status, 201, "{name}");
        let path = format!("{TOKENS}/{}", encoded(name));
        let one = house.get(&path).bearer(&admin).send().await;
        assert_eq!((one.status, one.json()["name"].as_str()), (200, Some(name)));
        let own = format!("/api/gatepass/v1/tokens/{}", encoded(name));
        let rotated = house.post(&format!("{own}/rotate")).bearer(&admin).send().await;
        assert_eq!((rotated.status, rotated.json()["token"]["name"].as_str()), (200, Some(name)));
        assert_eq!(house.post(&format!("{own}/revoke")).bearer(&admin).send().await.status, 200);
        assert_eq!(house.delete(&path).bearer(&admin).send().await.status, 200);
    }
    let broken = house.get(&format!("{TOKENS}/%FF")).bearer(&admin).send().await;
    assert_eq!(broken.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_the_vendors() {
    let house = House::new().await;
    let admin = house.admin().await;
    let list = house.get(ROLES).bearer(&admin).send().await.json();
    assert_eq!(list.as_array().unwrap().len(), 5);
    assert!(list.as_array().unwrap().contains(&json!({"name": "Read Only", "defaultRole": true})));

    // The vendor's own example, word for word but for the name of an area of its directory.
    let details = json!({
        "name": "dev", "entryDn": "cn=someRole,ou=globalgroups,cn=config", "defaultRole": false,
        "directoryBrowserPermission": "VIEW", "identityManagerPermission": "VIEW", "tasksPermission": "EDIT",
        "settingsPermission": "NONE", "globalSyncPermission": "VIEW", "observabilityPermission": "NONE",
        "dashboardPermission": "VIEW", "revokeTokenPermission": false,
        "dataCatalogPermissions": {
            "dataSourcesPermission": "EDIT",
            "dataSourceOverrides": [
                {"dataSourceName": "admin_core", "permission": "NONE"},
                {"dataSourceName": "prod_config", "permission": "VIEW"},
            ],
            "templateManagementPermission": "EDIT", "globalRelationshipsPermission": "EDIT",
            "dataAssessmentPermission": "NONE",
        },
        "administrationPermissions": {
            "userManagementPermission": "NONE", "entryStatisticsPermission": "NONE", "rolesPermission": "NONE",
            "directoryManagerPermission": "NONE", "controlPanelConfigPermission": "VIEW",
            "accessTokensPermission": "VIEW",
        },
        "securityPermissions": {"attributeEncryptionPermission": "EDIT", "accessControlPermission": "EDIT"},
        "directoryNamespacePermissions": {"namespaceDesignPermission": "EDIT", "directorySchemaPermission": "EDIT"},
        "classicControlPanelPermission": {"enabled": true, "assumeRole": "uid=aciadmin,ou=globalusers,cn=config"},
        "exportImportPermissions": {"exportEnabled": true, "importEnabled": true},
    });
    let made = house.post(ROLES).bearer(&admin).json(&details).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.headers.contains_key("gatepass-revision"));
    let dev = format!("{ROLES}/dev");
    assert_eq!(house.get(&dev).bearer(&admin).send().await.json(), details);
    let again = house.post(ROLES).bearer(&admin).json(&details).send().await;
    assert_eq!(again.error(), (409, "conflict".into(), "name_taken".into()));

    let cloned = house.post(&format!("{ROLES}?roleToClone=dev")).bearer(&admin);
    let cloned = cloned.json(&json!({"name": "dev 2", "settingsPermission": "EDIT"})).send().await;
    assert_eq!(cloned.status, 201);
    let second = house.get(&format!("{ROLES}/dev%202")).bearer(&admin).send().await.json();
    assert_eq!(second["settingsPermission"], "NONE", "all properties but the name are the original's");
    assert_eq!(second["tasksPermission"], "EDIT");
    let nothing = house
        .post(&format!("{ROLES}?roleToClone=no"))
        .bearer(&admin)
        .json(&json!({"name": "x"}))
        .send()
        .await;
    assert_eq!(nothing.error(), (404, "not_found".into(), "role_not_found".into()));

    // PUT replaces: what is absent becomes NONE.
    let put =
        house.put(&dev).bearer(&admin).json(&json!({"name": "dev", "tasksPermission": "VIEW"})).send().await;
    assert_eq!(put.status, 200);
    let after = house.get(&dev).bearer(&admin).send().await.json();
    assert_eq!((&after["tasksPermission"], &after["dashboardPermission"]), (&json!("VIEW"), &json!("NONE")));
    let missing = house.put(&format!("{ROLES}/no")).bearer(&admin).json(&json!({"name": "no"})).send().await;
    assert_eq!(missing.status, 404);
    let renamed = house.put(&dev).bearer(&admin).json(&json!({"name": "other"})).send().await;
    assert_eq!(renamed.error(), (400, "bad_request".into(), "name_differs".into()));
    let unknown =
        house.put(&dev).bearer(&admin).json(&json!({"name": "dev", "tasksPermission": "ALL"})).send().await;
    assert_eq!(unknown.error(), (400, "bad_request".into(), "unknown_level".into()));

    for default in ["Read%20Only", "readonly", "Directory%20Administrator"] {
        let reply = house.delete(&format!("{ROLES}/{default}")).bearer(&admin).send().await;
        assert_eq!(reply.error(), (400, "bad_request".into(), "default_role".into()));
    }
    let over = house
        .put(&format!("{ROLES}/Read%20Only"))
        .bearer(&admin)
        .json(&json!({"name": "Read Only"}))
        .send()
        .await;
    assert_eq!(over.status, 400);
    house.token("holder", &["dev"]).await;
    let held = house.delete(&dev).bearer(&admin).send().await;
    assert_eq!(held.error(), (409, "conflict".into(), "role_in_use".into()));
    assert_eq!(house.delete(&format!("{ROLES}/dev%202")).bearer(&admin).send().await.status, 200);
    assert_eq!(house.delete(&format!("{ROLES}/dev%202")).bearer(&admin).send().await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_the_vendors() {
    let house = House::new().await;
    let admin = house.session("admin", crate::house::ADMIN_PASSWORD).await;
    let asked = json!({
        "username": "john_smith", "password": "a password of some length", "firstName": "John", "lastName": "Smith",
        "email": "jsmith@org.com", "active": true,
    });
    let made = house.post(USERS).bearer(&admin).json(&asked).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(house.post(USERS).bearer(&admin).json(&asked).send().await.status, 409);
    let path = format!("{USERS}/john_smith");
    let shown = house.get(&path).bearer(&admin).send().await.json();
    assert_eq!(shown["password"], "", "set, and not shown");
    assert_eq!(shown["roles"], json!([]));
    assert_eq!(shown["email"], "jsmith@org.com");

    let roles = house.put(&format!("{path}/roles")).bearer(&admin).json(&json!(["readonly"])).send().await;
    assert_eq!(roles.status, 200);
    // What was read goes back changed: the password stays, and the roles are not read.
    let mut back = house.get(&path).bearer(&admin).send().await.json();
    assert_eq!(back["roles"], json!(["Read Only"]));
    back["roles"] = json!(["Directory Administrator"]);
    back["firstName"] = json!(null);
    assert_eq!(house.put(&path).bearer(&admin).json(&back).send().await.status, 200);
    let after = house.get(&path).bearer(&admin).send().await.json();
    assert_eq!((&after["firstName"], &after["roles"]), (&json!(null), &json!(["Read Only"])));
    assert_eq!(house.login("john_smith", "a password of some length").await.status, 200);

    let mut without = asked.clone();
    without["username"] = json!("jane");
    without["password"] = json!("");
    let refused = house.post(USERS).bearer(&admin).json(&without).send().await;
    assert_eq!(refused.error(), (400, "bad_request".into(), "password_required".into()));
    without["password"] = json!("too short");
    let refused = house.post(USERS).bearer(&admin).json(&without).send().await;
    assert_eq!(refused.error(), (400, "bad_request".into(), "password_too_short".into()));

    house.user("jane", "another password to type", &[]).await;
    let page = house.get(&format!("{USERS}?pageSize=2")).bearer(&admin).send().await.json();
    assert_eq!(names(&page), ["admin", "jane"]);
    let next = page["next"].as_str().unwrap();
    assert!(next.starts_with("/api/authentication-service/users?cursor="));
    let last = house.get(next).bearer(&admin).send().await.json();
    assert_eq!(
        (names(&last), last.get("cursor"), last.get("next")),
        (vec!["john_smith".to_owned()], None, None)
    );
    let found = house.get(&format!("{USERS}?searchFilter=JSMITH")).bearer(&admin).send().await.json();
    assert_eq!(names(&found), ["john_smith"]);
    assert_eq!(house.get(&format!("{USERS}?pageSize=10001")).bearer(&admin).send().await.status, 400);
    assert_eq!(house.get(&format!("{USERS}?cursor=%FF")).bearer(&admin).send().await.status, 400);

    assert_eq!(house.delete(&path).bearer(&admin).send().await.status, 200);
    assert_eq!(house.get(&path).bearer(&admin).send().await.status, 404);
    let last = house.delete(&format!("{USERS}/admin")).bearer(&admin).send().await;
    assert_eq!(last.error(), (409, "conflict".into(), "last_administrator".into()));
}

fn names(page: &serde_json::Value) -> Vec<String> {
    let users = page["users"].as_array().unwrap().iter();
    users.map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_token_is_validated() {
    let house = House::new().await;
    let path = "/api/authentication-service/adap-token/validate";
    let rest = house.issue(NewToken::new("r", Api::Rest).expires(days(1)).target_dn("uid=a,o=b")).await;
    let scim = house.issue(NewToken::new("s", Api::Scim).expires(days(1))).await;
    let good = house.post(path).bearer(&rest).send().await;
    assert_eq!((good.status, good.json()), (200, json!({"targetDn": "uid=a,o=b"})));
    for bad in [&scim, "nonsense"] {
        let reply = house.post(path).bearer(bad).send().await;
        assert_eq!((reply.status, reply.json()), (401, json!({"reason": "Authentication failed."})));
    }
}
