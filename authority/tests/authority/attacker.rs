//! The delegation rule, as somebody sees it who wants more than they have.

use gatepass::{Api, Area, Level, NewToken, Permissions, days};
use serde_json::{Value, json};

use crate::house::{House, Reply};

const TOKENS: &str = "/api/authentication-service/access_tokens";
const ROLES: &str = "/api/authentication-service/roles";
const USERS: &str = "/api/authentication-service/users";
const PASSWORD: &str = "a password of some length";

/// Refused, for this reason, which is in the trail.
async fn assert_forbidden(house: &House, reply: &Reply, code: &str, action: &str) {
    assert_eq!(reply.error(), (403, "forbidden".into(), code.into()));
    let trail = house.trail().await;
    let last = trail.last().unwrap();
    assert!(last.starts_with(&format!("{action} {code} by ")), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_security_administrator_mints_no_more_than_they_hold() {
    let house = House::new().await;
    let attacker = house.token("attacker", &["Security Administrator"]).await;
    let mint = async |asked: Value| house.post(TOKENS).bearer(&attacker).json(&asked).send().await;
    let days = json!({"days": 1});

    let equal =
        mint(json!({"name": "equal", "apiType": "CONFIG", "roles": ["aciadmin"], "expires": days})).await;
    assert_eq!(equal.status, 201);
    for role in ["Directory Administrator", "Namespace Administrator", "schemaadmin"] {
        let reply =
            mint(json!({"name": "more", "apiType": "CONFIG", "roles": [role], "expires": days})).await;
        assert_forbidden(&house, &reply, "exceeds_permissions", "token.create").await;
        let both = json!({"name": "more", "apiType": "CONFIG", "roles": ["readonly", role], "expires": days});
        assert_eq!(mint(both).await.status, 403);
    }
    let scim = mint(json!({"name": "more", "apiType": "SCIM", "expires": days})).await;
    assert_forbidden(&house, &scim, "exceeds_permissions", "token.create").await;
    let rest =
        json!({"name": "more", "apiType": "REST", "targetDn": "cn=Directory Manager", "expires": days});
    assert_forbidden(&house, &mint(rest).await, "exceeds_permissions", "token.create").await;
    assert_eq!(mint(json!({"name": "more", "apiType": "REST", "expires": days})).await.status, 403);

    // Longer than itself, however it is asked for.
    for expires in [json!({"days": 31}), json!({"days": 366})] {
        let long = json!({"name": "long", "apiType": "CONFIG", "roles": ["readonly"], "expires": expires});
        assert_forbidden(&house, &mint(long).await, "outlives_caller", "token.create").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_rotates_their_way_to_somebody_elses_secret() {
    let house = House::new().await;
    let attacker = house.token("attacker", &["Security Administrator"]).await;
    house.token("root", &["Directory Administrator"]).await;
    house.issue(NewToken::new("data", Api::Rest).expires(days(1)).target_dn("uid=a,o=b")).await;
    house.issue(NewToken::new("scim", Api::Scim).expires(days(1))).await;
    house.token("short", &["Read Only"]).await;
    let rotate = async |name: &str, body: Value| {
        let path = format!("/api/gatepass/v1/tokens/{name}/rotate");
        house.post(&path).bearer(&attacker).json(&body).send().await
    };
    for name in ["root", "data", "scim"] {
        for body in [json!({}), json!({"deliver": true}), json!({"force": true, "graceMillis": 1000})] {
            assert_forbidden(&house, &rotate(name, body).await, "exceeds_permissions", "token.rotate").await;
        }
    }
    for name in ["short", "attacker"] {
        let longer = rotate(name, json!({"expires": {"days": 300}})).await;
        assert_forbidden(&house, &longer, "outlives_caller", "token.rotate").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_escapes_their_networks() {
    let house = House::new().await;
    let asked = NewToken::new("bound", Api::Config).expires(days(30)).role("Security Administrator");
    let bound = house.issue(asked.network("127.0.0.0/8".parse().unwrap())).await;
    let mint = async |networks: Value| {
        let asked = json!({"name": "new", "apiType": "CONFIG", "roles": ["readonly"], "expires": {"days": 1},
                           "networks": networks});
        house.post(TOKENS).bearer(&bound).json(&asked).send().await
    };
    for networks in [json!([]), json!(["0.0.0.0/0"]), json!(["127.0.0.1/32", "10.0.0.0/8"])] {
        assert_forbidden(&house, &mint(networks).await, "exceeds_networks", "token.create").await;
    }
    assert_eq!(mint(json!(["127.0.0.1/32"])).await.status, 201);

    // From elsewhere it is no credential at all, and no header says otherwise that no trusted proxy wrote.
    let asked = NewToken::new("far", Api::Config).expires(days(30)).role("readonly");
    let far = house.issue(asked.network("192.0.2.0/24".parse().unwrap())).await;
    let reply = house.get(TOKENS).bearer(&far).header("x-forwarded-for", "192.0.2.1").send().await;
    assert_eq!(reply.error(), (401, "unauthorized".into(), "invalid_token".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_after_roles_gives_themselves_nothing() {
    let house = House::new().await;
    house.role("Roles Only", Permissions::none().with(Area::Roles, Level::Edit)).await;
    house.role("Tasks", Permissions::none().with(Area::Tasks, Level::Edit)).await;
    house.role("Empty", Permissions::none()).await;
    let attacker = house.token("attacker", &["Roles Only"]).await;
    house.user("alice", PASSWORD, &["Roles Only"]).await;
    let alice = house.session("alice", PASSWORD).await;
    for who in [&attacker, &alice] {
        let post = async |query: &str, body: Value| {
            house.post(&format!("{ROLES}{query}")).bearer(who).json(&body).send().await
        };
        let put = async |name: &str, body: Value| {
            house.put(&format!("{ROLES}/{name}")).bearer(who).json(&body).send().await
        };
        let wider = json!({"name": "Roles Only",
                           "administrationPermissions": {"rolesPermission": "EDIT", "accessTokensPermission": "EDIT"}});
        let reply = put("Roles%20Only", wider).await;
        assert_forbidden(&house, &reply, "exceeds_permissions", "role.update").await;
        for new in [
            json!({"name": "mine", "settingsPermission": "VIEW"}),
            json!({"name": "mine", "gatepassPermissions": {"verify": ["REST"]}}),
            json!({"name": "mine", "gatepassPermissions": {"issueRest": ["o=acme"]}}),
            json!({"name": "mine", "aPermissionOfTomorrow": "EDIT"}),
            json!({"name": "mine", "classicControlPanelPermission": {"enabled": true}}),
        ] {
            assert_forbidden(&house, &post("", new).await, "exceeds_permissions", "role.create").await;
        }
        let reply = post("?roleToClone=Directory%20Administrator", json!({"name": "mine"})).await;
        assert_forbidden(&house, &reply, "exceeds_permissions", "role.create").await;
        // Nor may a role be narrowed by who does not hold it.
        let reply = put("Tasks", json!({"name": "Tasks", "tasksPermission": "VIEW"})).await;
        assert_forbidden(&house, &reply, "exceeds_permissions", "role.update").await;
    }
    // What a token may do it may not put where it would outlive it; a user may.
    let widened = json!({"name": "Empty", "administrationPermissions": {"rolesPermission": "EDIT"}});
    let put = async |who: &str| house.put(&format!("{ROLES}/Empty")).bearer(who).json(&widened).send().await;
    assert_forbidden(&house, &put(&attacker).await, "outlives_caller", "role.update").await;
    assert_eq!(put(&alice).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_after_users_becomes_nobody_else() {
    let house = House::new().await;
    house.role("Users Only", Permissions::none().with(Area::Users, Level::Edit)).await;
    house.user("mallory", PASSWORD, &["Users Only"]).await;
    house.user("off", PASSWORD, &["Directory Administrator"]).await;
    house.gp.users().update("off", gatepass::UserChange::default().active(false)).await.unwrap();
    let mallory = house.session("mallory", PASSWORD).await;
    let token = house.token("mallory's", &["Users Only"]).await;
    let eve = |role: &str| json!({"username": "eve", "active": true, "password": PASSWORD, "roles": [role]});

    for who in [&mallory, &token] {
        let put = async |name: &str, body: Value| {
            house.put(&format!("{USERS}/{name}")).bearer(who).json(&body).send().await
        };
        for (name, body) in [
            ("admin", json!({"username": "admin", "active": true, "password": "now I am the admin"})),
            ("off", json!({"username": "off", "active": true})),
            ("off", json!({"username": "off", "active": true, "password": "now I am an admin"})),
            ("mallory/roles", json!(["Users Only", "Directory Administrator"])),
            ("mallory/roles", json!(["Users Only", "readonly"])),
            ("admin/roles", json!(["Users Only"])),
        ] {
            assert_forbidden(&house, &put(name, body).await, "exceeds_permissions", "user.update").await;
        }
        let reply = house.post(USERS).bearer(who).json(&eve("readonly")).send().await;
        assert_forbidden(&house, &reply, "exceeds_permissions", "user.create").await;
    }
    assert_eq!(
        house.login("admin", crate::house::ADMIN_PASSWORD).await.status,
        200,
        "the password is what it was"
    );
    // A token that expires makes no user who holds what it holds, and gives nobody a password to it.
    let reply = house.post(USERS).bearer(&token).json(&eve("Users Only")).send().await;
    assert_forbidden(&house, &reply, "outlives_caller", "user.create").await;
    let password = json!({"username": "mallory", "active": true, "password": "a password by the token"});
    let reply = house.put(&format!("{USERS}/mallory")).bearer(&token).json(&password).send().await;
    assert_forbidden(&house, &reply, "outlives_caller", "user.update").await;
    assert_eq!(
        house.post(USERS).bearer(&mallory).json(&eve("Users Only")).send().await.status,
        201,
        "a user may"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_of_a_user_changes_nothing_of_them() {
    let house = House::new().await;
    house.role("Users Only", Permissions::none().with(Area::Users, Level::Edit)).await;
    house.user("mallory", PASSWORD, &["Users Only"]).await;
    let mallory = house.session("mallory", PASSWORD).await;
    let body = json!({"username": "admin", "active": true, "email": "mallory@example.org", "password": "now I am the admin"});
    assert_eq!(house.put(&format!("{USERS}/admin")).bearer(&mallory).json(&body).send().await.status, 403);
    assert_eq!(house.gp.users().get("admin").await.unwrap().email, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_data_manages_nothing() {
    let house = House::new().await;
    let rest = house.issue(NewToken::new("rest", Api::Rest).expires(days(1)).target_dn("uid=a,o=b")).await;
    let scim = house.issue(NewToken::new("scim", Api::Scim).expires(days(1))).await;
    for token in [rest, scim] {
        let reply = house.get(TOKENS).bearer(&token).send().await;
        assert_eq!(reply.error(), (401, "unauthorized".into(), "invalid_token".into()));
    }
}
