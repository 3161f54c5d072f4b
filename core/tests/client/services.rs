//! Roles, users and the other services.

use std::time::Duration;

use gatepass::{
    Algorithm, Api, Area, ErrorKind, ExternalTokenValidator, Level, NewUser, Password, Permissions, Role,
    TokenRights, UserChange,
};
use serde_json::{Value, json};

use super::client_of;
use super::plain::{Act, Plain, Reply};

const ROLES: &str = "/api/authentication-service/roles";
const USERS: &str = "/api/authentication-service/users";
const VALIDATORS: &str = "/api/settings-service/external_token_validators";

#[tokio::test]
async fn roles_are_read_one_by_one_and_sent_whole() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let permissions = Permissions::none().with(Area::Settings, Level::Edit);
    let made = gp.roles().create(Role::new("night/shift", permissions.clone())).await.unwrap();
    assert_eq!((made.name.as_str(), made.permissions.level(Area::Settings)), ("night/shift", Level::Edit));
    let sent = &server.seen()[0];
    assert_eq!(sent.line(), format!("POST {ROLES}"));
    // PUT replaces and so does POST: what is not said becomes NONE, so everything is.
    let body = sent.json();
    assert_eq!(body["settingsPermission"], "EDIT");
    for (member, value) in [
        ("tasksPermission", json!("NONE")),
        ("directoryBrowserPermission", json!("NONE")),
        ("revokeTokenPermission", json!(false)),
    ] {
        assert_eq!(body[member], value, "{member}");
    }
    assert!(body["dataCatalogPermissions"].is_object() && body["administrationPermissions"].is_object());
    assert!(body.get("gatepassPermissions").is_none());

    // What a later server adds is kept, and goes back with a change.
    server.state().roles.get_mut("night/shift").unwrap()["laterPermission"] = json!("VIEW");
    let mut role = gp.roles().get("night/shift").await.unwrap();
    role.permissions = role.permissions.with(Area::Tasks, Level::View);
    gp.roles().update(role).await.unwrap();
    assert_eq!(server.state().roles["night/shift"]["laterPermission"], "VIEW");
    assert_eq!(server.state().roles["night/shift"]["tasksPermission"], "VIEW");
    let lines = server.lines();
    assert!(lines.contains(&format!("PUT {ROLES}/night%2Fshift")), "{lines:?}");

    let book = gp.roles().list().await.unwrap();
    assert_eq!(book.iter().filter(|role| !role.default_role).count(), 1);
    assert_eq!(server.lines(), [format!("GET {ROLES}"), format!("GET {ROLES}/night%2Fshift")]);
    gp.roles().clone_as("Read Only", "copy").await.unwrap();
    gp.roles().delete("copy").await.unwrap();
    assert_eq!(server.state().roles.len(), 1);
}

#[tokio::test]
async fn what_goes_wrong_with_roles_has_the_codes_of_a_store() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let role = || Role::new("a", Permissions::none());
    gp.roles().create(role()).await.unwrap();
    let error = gp.roles().create(role()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "name_taken"), "with an empty body");
    let error = gp.roles().update(Role::new("b", Permissions::none())).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, "role_not_found"));
    assert_eq!(gp.roles().delete("b").await.unwrap_err().code(), "role_not_found");
    assert_eq!(gp.roles().get("b").await.unwrap_err().code(), "role_not_found");
    for name in ["Read Only", "readonly", "DIRECTORY ADMINISTRATORS"] {
        assert_eq!(gp.roles().delete(name).await.unwrap_err().code(), "default_role");
    }
    let rights = Role::new("c", Permissions::none().with_token_rights(TokenRights::all()));
    let error = gp.roles().create(rights).await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("needs_gatepass", Some("gatepassPermissions")));
    assert_eq!(server.state().roles.len(), 1);
}

#[tokio::test]
async fn a_role_that_goes_while_all_are_read_is_left_out() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    for name in ["a", "b"] {
        server
            .state()
            .roles
            .insert(name.to_owned(), json!({"name": name, "defaultRole": null, "entryDn": null}));
    }
    server.hook(|seen| {
        if seen.target.ends_with("/roles/a") { Act::Answer(Reply::new(404, "")) } else { Act::Usual }
    });
    let book = gp.roles().list().await.unwrap();
    assert!(book.get("a").is_none() && book.get("b").is_some());
}

#[tokio::test]
async fn users_are_read_page_by_page_and_their_roles_set_apart() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let password = Password::new("correct horse battery staple");
    let user = NewUser::new("eve").password(password.clone()).role("Read Only");
    let made = gp.users().create(user).await.unwrap();
    assert_eq!((made.username.as_str(), made.active), ("eve", true));
    assert_eq!(made.roles, ["Read Only"]);
    assert!(made.password_on.is_some());
    let seen = server.seen();
    let lines: Vec<_> = seen.iter().map(super::plain::Seen::line).collect();
    assert_eq!(
        lines,
        [format!("POST {USERS}"), format!("PUT {USERS}/eve/roles"), format!("GET {USERS}/eve")]
    );
    assert_eq!(seen[0].json()["password"], password.reveal());
    assert_eq!(seen[1].json(), json!(["Read Only"]));

    // PUT replaces, so what stays goes along; a password that is null stays.
    let mut change = UserChange::default();
    change.email = Some(Some("eve@acme.example".to_owned()));
    gp.users().update("eve", change).await.unwrap();
    let seen = server.seen();
    let put: Vec<_> = seen.iter().filter(|seen| seen.method == "PUT").collect();
    assert_eq!(put.len(), 1, "the roles were not to change");
    assert_eq!(put[0].json()["email"], "eve@acme.example");
    assert_eq!(put[0].json()["password"], Value::Null);
    assert_eq!(put[0].json()["active"], true);
    gp.users().update("eve", UserChange::default().roles(["Night shift"])).await.unwrap();
    assert_eq!(server.state().users["eve"]["roles"], json!(["Night shift"]));
    assert_eq!(server.state().users["eve"]["email"], "eve@acme.example");

    for name in ["a", "b", "c", "d"] {
        gp.users().create(NewUser::new(name)).await.unwrap();
    }
    server.seen();
    let names: Vec<_> = gp.users().list().await.unwrap().into_iter().map(|user| user.username).collect();
    assert_eq!(names, ["a", "b", "c", "d", "eve"]);
    assert_eq!(
        server.lines(),
        [USERS.to_owned(), format!("{USERS}?cursor=b"), format!("{USERS}?cursor=d")]
            .map(|target| format!("GET {target}"))
    );

    gp.users().delete("eve").await.unwrap();
    assert_eq!(gp.users().get("eve").await.unwrap_err().code(), "user_not_found");
    assert_eq!(gp.users().create(NewUser::new("a")).await.unwrap_err().code(), "name_taken");
    assert_eq!(gp.users().create(NewUser::new("a b")).await.unwrap_err().code(), "username_malformed");
}

#[tokio::test]
async fn pages_that_go_round_come_to_an_end() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    server.hook(|_| Act::Answer(Reply::json(200, &json!({"users": [], "cursor": "x"}))));
    gp.users().list().await.unwrap();
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_session_is_ended_by_its_token_which_no_error_shows() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let password = Password::new(super::plain::USER.1);
    let token = gatepass::login(&server.url, super::plain::USER.0, &password).await.unwrap();
    let path = format!("/authentication-service/authToken/{}", token.reveal());
    gp.request("DELETE", &path, &[], None).await.unwrap();
    assert!(server.state().sessions.is_empty());
    let error = gp.request("DELETE", &path, &[], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    let claims = token.reveal().split('.').nth(1).unwrap();
    assert!(!super::all_words(&error).contains(&claims[..12]), "{error}");
}

#[tokio::test]
async fn any_other_service_is_called_with_the_same_credential() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let answer = gp
        .request("get", "/settings-service/properties", &[("a b", "c/d&e=f"), ("é", "")], None)
        .await
        .unwrap();
    assert_eq!((answer.status, answer.body), (200, json!({"a": 1})));
    let body = json!({"x": [1, null]});
    let answer = gp.request("PUT", "/settings-service/properties", &[], Some(&body)).await.unwrap();
    assert_eq!((answer.status, answer.body), (204, Value::Null));
    let answer = gp.request("POST", "/settings-service/restart", &[], None).await.unwrap();
    assert_eq!(answer.body, json!("Restarting."), "says JSON, and is not");
    let error = gp.request("GET", "/settings-service/nothing", &[], None).await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.status()), (ErrorKind::NotFound, "not_found", Some(404)));

    let seen = server.seen();
    assert_eq!(seen[0].line(), "GET /api/settings-service/properties?a%20b=c%2Fd%26e%3Df&%C3%A9=");
    assert_eq!(seen[1].json(), body);
    assert_eq!(seen[2].header("content-length"), Some("0"));
    assert!(seen.iter().all(|seen| seen.header("authorization").is_some()));
    for path in ["/a/../b", "//other.example/a", "a", "/a?b"] {
        assert_eq!(gp.request("GET", path, &[], None).await.unwrap_err().code(), "path_malformed");
    }
    // What no URL can carry is said so, and not tried four times.
    let long = format!("/{}", "x".repeat(70_000));
    let error = gp.request("GET", &long, &[], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn validators_are_sent_as_the_vendor_has_them() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let asked = ExternalTokenValidator::new("acme sso", Api::Rest)
        .jwks_url("https://sso.acme.example/keys")
        .expected_scope("a:read")
        .expected_scope("b")
        .any_issuer()
        .map("uid=${sub},ou=People,o=acme");
    let made = gp.validators().create(&asked).await.unwrap();
    // That any issuer is taken is said by nothing there, so what is read expects one, and says none.
    assert_eq!(
        (made.any_issuer, made.issuer(), made.check().unwrap_err().code()),
        (false, None, "issuer_required")
    );
    let sent = server.seen().into_iter().find(|seen| seen.method == "POST").unwrap();
    assert_eq!(sent.target, VALIDATORS);
    let body = json!({
        "name": "acme sso", "enabled": true, "apiService": "REST(adap)", "oidcProvider": "", "oidcDiscoveryUrl": "",
        "jsonWebKeySetUri": "https://sso.acme.example/keys", "scopeClaimName": "scope", "expectedAudience": "",
        "expectedScope": "a:read b", "jwtValidationClock": 30,
        "claimsMapper": {"claimsExpressionList": ["uid=${sub},ou=People,o=acme"]},
    });
    assert_eq!(sent.json(), body, "the vendor's members alone");
    let error = gp.validators().create(&asked).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "validator_exists"), "with an empty body");
    gp.validators().update(&asked.clone().enabled(false)).await.unwrap();
    assert!(server.lines().contains(&format!("PUT {VALIDATORS}/acme%20sso")));

    server.state().validators.insert("later".to_owned(), json!({"name": "later", "apiService": "GraphQL"}));
    for lists_names in [false, true] {
        server.state().lists_names = lists_names;
        let all = gp.validators().list().await.unwrap();
        assert_eq!(
            all.iter().map(|one| (&*one.name, one.enabled)).collect::<Vec<_>>(),
            [("acme sso", false)]
        );
    }
    gp.validators().delete("acme sso").await.unwrap();
    assert_eq!(gp.validators().delete("acme sso").await.unwrap_err().code(), "validator_not_found");
    assert_eq!(gp.validators().get("acme sso").await.unwrap_err().code(), "validator_not_found");
    assert_eq!(gp.validators().update(&asked).await.unwrap_err().code(), "validator_not_found");
}

#[tokio::test]
async fn a_plain_server_is_sent_no_validator_that_it_would_use_for_more() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let base = || ExternalTokenValidator::new("x", Api::Scim).jwks_url("https://a.example/keys");
    for (validator, field) in [
        (base().expected_issuer("https://a.example"), "expectedIssuer"),
        (base().any_issuer().algorithms([Algorithm::Es256]), "algorithms"),
        (base().any_issuer().token_type("at+jwt"), "tokenType"),
        (base().any_issuer().max_age(Duration::from_mins(1)), "maxAge"),
    ] {
        let error = gp.validators().create(&validator).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some(field)));
    }
    assert!(server.state().validators.is_empty());
}
