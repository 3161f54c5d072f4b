//! What each operation needs: the table, from outside.

use gatepass::Permissions;
use serde_json::{Value, json};

use crate::house::{House, options};

/// Every operation that wants a credential, and the scope it needs; `verify` and `any` are the two that no scope opens.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/api/authentication-service/access_tokens", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_VIEW"),
    ("POST", "/api/authentication-service/access_tokens", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_EDIT"),
    ("GET", "/api/authentication-service/access_tokens/{name}", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_VIEW"),
    ("DELETE", "/api/authentication-service/access_tokens/{name}", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_EDIT"),
    ("DELETE", "/api/authentication-service/authToken/{authToken}", "SCOPE_AUTH_TOKEN_REVOKE"),
    ("GET", "/api/authentication-service/roles", "SCOPE_ADMINISTRATION_ROLES_VIEW"),
    ("POST", "/api/authentication-service/roles", "SCOPE_ADMINISTRATION_ROLES_EDIT"),
    ("GET", "/api/authentication-service/roles/{name}", "SCOPE_ADMINISTRATION_ROLES_VIEW"),
    ("PUT", "/api/authentication-service/roles/{name}", "SCOPE_ADMINISTRATION_ROLES_EDIT"),
    ("DELETE", "/api/authentication-service/roles/{name}", "SCOPE_ADMINISTRATION_ROLES_EDIT"),
    ("GET", "/api/authentication-service/users", "SCOPE_ADMINISTRATION_USER_MANAGEMENT_VIEW"),
    ("POST", "/api/authentication-service/users", "SCOPE_ADMINISTRATION_USER_MANAGEMENT_EDIT"),
    ("GET", "/api/authentication-service/users/{username}", "SCOPE_ADMINISTRATION_USER_MANAGEMENT_VIEW"),
    ("PUT", "/api/authentication-service/users/{username}", "SCOPE_ADMINISTRATION_USER_MANAGEMENT_EDIT"),
    ("DELETE", "/api/authentication-service/users/{username}", "SCOPE_ADMINISTRATION_USER_MANAGEMENT_EDIT"),
    (
        "PUT",
        "/api/authentication-service/users/{username}/roles",
        "SCOPE_ADMINISTRATION_USER_MANAGEMENT_EDIT",
    ),
    ("GET", "/api/settings-service/external_token_validators", "SCOPE_SETTINGS_VIEW"),
    ("POST", "/api/settings-service/external_token_validators", "SCOPE_SETTINGS_EDIT"),
    ("GET", "/api/settings-service/external_token_validators/{name}", "SCOPE_SETTINGS_VIEW"),
    ("PUT", "/api/settings-service/external_token_validators/{name}", "SCOPE_SETTINGS_EDIT"),
    ("DELETE", "/api/settings-service/external_token_validators/{name}", "SCOPE_SETTINGS_EDIT"),
    ("POST", "/api/gatepass/v1/validators/{name}/test", "SCOPE_SETTINGS_EDIT"),
    ("GET", "/api/gatepass/v1/tokens", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_VIEW"),
    ("GET", "/api/gatepass/v1/tokens/expiring", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_VIEW"),
    ("POST", "/api/gatepass/v1/tokens/{name}/rotate", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_EDIT"),
    ("POST", "/api/gatepass/v1/tokens/{name}/settle", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_EDIT"),
    ("POST", "/api/gatepass/v1/tokens/{name}/revoke", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_EDIT"),
    ("POST", "/api/gatepass/v1/tokens/revoke", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_EDIT"),
    ("POST", "/api/gatepass/v1/tokens/purge", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_EDIT"),
    ("GET", "/api/gatepass/v1/audit", "SCOPE_SECURITY_ACCESS_CONTROL_VIEW"),
    ("GET", "/api/gatepass/v1/self", "any"),
    ("DELETE", "/api/gatepass/v1/self", "any"),
    ("GET", "/api/gatepass/v1/snapshot", "verify"),
    ("GET", "/api/gatepass/v1/changes", "verify"),
    ("POST", "/api/gatepass/v1/usage", "verify"),
    ("GET", "/api/gatepass/v1/replicas", "SCOPE_ADMINISTRATION_ACCESS_TOKENS_VIEW"),
    ("POST", "/oauth2/introspect", "verify"),
    ("GET", "/metrics", "SCOPE_DASHBOARD_VIEW"),
];

fn filled(path: &str) -> String {
    path.replace("{name}", "x").replace("{username}", "x").replace("{authToken}", "x")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_scope_every_operation_is_refused() {
    let house = House::new().await;
    house.role("Nothing", Permissions::none()).await;
    let nothing = house.token("nothing", &["Nothing"]).await;
    for (method, path, scope) in TABLE {
        let call =
            || house.call(method.parse().unwrap(), &filled(path)).header("x-forwarded-for", "192.0.2.1");
        let anonymous = call().send().await;
        assert_eq!(anonymous.status, 401, "{method} {path}");
        assert_eq!(anonymous.headers["www-authenticate"], "Bearer realm=\"gatepass\"");
        if *path != "/api/authentication-service/authToken/{authToken}" {
            assert_eq!(anonymous.error(), (401, "unauthorized".into(), "missing".into()));
        }
        if *scope == "any" {
            continue;
        }
        let reply = call().bearer(&nothing).send().await;
        assert_eq!(
            reply.error(),
            (403, "insufficient_scope".into(), "insufficient_scope".into()),
            "{method} {path}"
        );
        let challenge = &reply.headers["www-authenticate"];
        assert_eq!(challenge.contains(scope), *scope != "verify", "{challenge}");
    }
    // Each refusal is in the trail, under the name of what was not done.
    let trail = house.trail().await;
    let refused = trail.iter().filter(|line| line.contains("insufficient_scope by token:"));
    assert_eq!(refused.count(), TABLE.len() - 2);
    let rotate = "token.rotate insufficient_scope by token:";
    assert!(trail.iter().any(|line| line.starts_with(rotate) && line.ends_with(" of x")), "{trail:?}");
}

/// A token that has just the scope that is needed is not refused for it.
#[tokio::test(flavor = "multi_thread")]
async fn with_the_scope_alone_no_operation_is_refused_for_it() {
    use gatepass::{Area, Level, Scope};
    let house = House::new().await;
    for (at, (method, path, scope)) in TABLE.iter().enumerate() {
        let Ok(scope) = scope.parse::<Scope>() else { continue };
        let permissions = if scope == Scope::REVOKE_TOKENS {
            Permissions::none().with_switch(scope)
        } else {
            let level = if scope.to_string().ends_with("_EDIT") { Level::Edit } else { Level::View };
            let area = Area::all().find(|area| area.scope(level) == Some(scope)).unwrap();
            Permissions::none().with(area, level)
        };
        house.role(&format!("just {at}"), permissions).await;
        let token = house.token(&format!("just {at}"), &[&format!("just {at}")]).await;
        let call = house.call(method.parse().unwrap(), &filled(path)).header("x-forwarded-for", "192.0.2.1");
        let reply = call.bearer(&token).send().await;
        assert!(![401, 403].contains(&reply.status), "{method} {path}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_says_the_same() {
    let house = House::new().await;
    let reply = house.get("/openapi.json").send().await;
    let document = reply.json();
    assert_eq!(document, gatepass_authority::document());
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let needs = match operation.get("x-gatepass-scope").and_then(Value::as_str) {
                Some(scope) => scope,
                None if operation["security"] != json!([{"bearer": []}]) => continue,
                None if path.ends_with("/self") => "any",
                None if !path.contains("adap-token") && !path.contains("authToken") => "verify",
                None => continue,
            };
            described.push((method.to_uppercase(), path.clone(), needs.to_owned()));
        }
    }
    let mut expected: Vec<_> =
        TABLE.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
    described.sort();
    expected.sort();
    assert_eq!(described, expected);
    // Every reference leads somewhere, and every operation has its own id and says what it does.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let operations = || {
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    };
    let ids: std::collections::BTreeSet<_> =
        operations().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), operations().count());
    assert!(operations().all(|operation| !operation["summary"].as_str().unwrap().is_empty()));
    // The vendor's operations are all there but those of its directory manager.
    for path in ["login", "v2/login", "authToken/refresh", "adap-token/validate"] {
        let path = format!("/api/authentication-service/{path}");
        assert!(document["paths"].get(&path).is_some(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_are_for_this_machine_or_for_who_has_the_scope() {
    let house = House::with(options(), gatepass::OpenOptions::default()).await;
    assert_eq!(house.get("/metrics").send().await.status, 200);
    for header in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        assert_eq!(house.get("/metrics").header(header, "192.0.2.1").send().await.status, 401, "{header}");
    }
}
