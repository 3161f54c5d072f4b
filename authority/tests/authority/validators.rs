//! External token validators: the vendor's form, who may change them, and how replicas hear of it.

use std::time::Duration;

use gatepass::{
    Algorithm, Api, Area, ConnectOptions, ErrorKind, ExternalTokenValidator, Gatepass, Level, Password,
    Permissions, Reason, RemoteOptions, Role, Secret, TokenRights, Verifier,
};
use serde_json::json;

use crate::house::{ADMIN_PASSWORD, House};
use crate::provider::Provider;

const LIST: &str = "/api/settings-service/external_token_validators";

fn administrator(house: &House) -> Gatepass {
    let url = house.server.url();
    ConnectOptions::login("admin", Password::new(ADMIN_PASSWORD)).no_proxy().connect(url).unwrap()
}

fn sso(name: &str, api: Api) -> ExternalTokenValidator {
    ExternalTokenValidator::new(name, api)
        .jwks_url("https://sso.acme.example/keys")
        .expected_issuer("https://sso.acme.example")
        .map("uid=${sub},ou=People,o=acme")
}

#[tokio::test(flavor = "multi_thread")]
async fn validators_are_the_vendors_and_say_more() {
    let house = House::new().await;
    let admin = house.session("admin", ADMIN_PASSWORD).await;
    let asked = json!({
        "name": "acme sso", "enabled": true, "apiService": "REST(adap)", "oidcProvider": "Keycloak",
        "oidcDiscoveryUrl": "https://sso.acme.example/.well-known/openid-configuration",
        "jsonWebKeySetUri": "https://sso.acme.example/keys", "scopeClaimName": "scp", "expectedAudience": "",
        "expectedScope": "a:read,b", "jwtValidationClock": 60,
        "claimsMapper": {"claimsExpressionList": ["uid=${sub},ou=People,o=acme"]},
    });
    let made = house.post(LIST).bearer(&admin).json(&asked).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.headers.contains_key("gatepass-revision"));
    let mut kept = asked.clone();
    kept["expectedScope"] = json!("a:read b");
    let path = format!("{LIST}/acme%20sso");
    assert_eq!(made.json(), kept);
    assert_eq!(house.get(&path).bearer(&admin).send().await.json(), kept);
    assert_eq!(house.get(LIST).bearer(&admin).send().await.json(), json!([kept]));

    let again = house.post(LIST).bearer(&admin).json(&asked).send().await;
    assert_eq!(again.error(), (409, "conflict".into(), "validator_exists".into()));
    // What was read goes back changed, with what the vendor lacks.
    let mut more = kept.clone();
    more["apiService"] = json!("scim");
    more["enabled"] = json!(false);
    more["algorithms"] = json!(["ES256"]);
    more["tokenType"] = json!("at+jwt");
    more["maxAgeSeconds"] = json!(600);
    more["expectedIssuer"] = json!("https://sso.acme.example");
    let put = house.put(&path).bearer(&admin).json(&more).send().await;
    assert_eq!(put.status, 200, "{put:?}");
    more["apiService"] = json!("SCIM");
    assert_eq!(house.get(&path).bearer(&admin).send().await.json(), more);

    for (member, value, code) in [
        ("apiService", json!("CONFIG"), "unknown_api"),
        ("algorithms", json!(["HS256"]), "unknown_algorithm"),
        ("jwtValidationClock", json!(3601), "clock_skew_out_of_range"),
        ("jsonWebKeySetUri", json!("http://sso.acme.example/keys"), "url_insecure"),
        ("claimsMapper", json!({"claimsExpressionList": ["${dn}"]}), "dn_malformed"),
        ("name", json!("other"), "name_differs"),
    ] {
        let mut wrong = more.clone();
        wrong[member] = value;
        let refused = house.put(&path).bearer(&admin).json(&wrong).send().await;
        assert_eq!(refused.error(), (400, "bad_request".into(), code.into()));
    }
    let mut anybodys = asked.clone();
    anybodys["name"] = json!("x");
    anybodys["oidcDiscoveryUrl"] = json!(null);
    let refused = house.post(LIST).bearer(&admin).json(&anybodys).send().await;
    assert_eq!(refused.error(), (400, "bad_request".into(), "issuer_required".into()));

    let missing = house.put(&format!("{LIST}/no")).bearer(&admin);
    let missing = missing.json(&json!({"name": "no", "apiService": "SCIM", "anyIssuer": true,
        "jsonWebKeySetUri": "https://sso.acme.example/keys"}));
    assert_eq!(missing.send().await.error(), (404, "not_found".into(), "validator_not_found".into()));
    assert_eq!(house.delete(&path).bearer(&admin).send().await.status, 200);
    let gone = house.delete(&path).bearer(&admin).send().await;
    assert_eq!(gone.error(), (404, "not_found".into(), "validator_not_found".into()));
    let trail = house.trail().await;
    let said: Vec<_> = trail.iter().filter(|line| line.starts_with("validator.")).collect();
    assert_eq!(
        said,
        [
            "validator.create  by user:admin of acme sso",
            "validator.update  by user:admin of acme sso",
            "validator.delete  by user:admin of acme sso",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_does_all_that_a_store_does() {
    let house = House::new().await;
    let gp = administrator(&house);
    let all = sso("b", Api::Scim)
        .enabled(false)
        .provider("Okta")
        .discovery_url("https://sso.acme.example/.well-known/openid-configuration")
        .expected_audience("directory")
        .scope_claim("scp")
        .expected_scope("a")
        .clock_skew(Duration::from_secs(5))
        .algorithms([Algorithm::Rs256, Algorithm::EdDsa])
        .token_type("at+jwt")
        .max_age(Duration::from_hours(1));
    assert_eq!(gp.validators().create(&all).await.unwrap(), all);
    assert_eq!(house.gp.validators().get("b").await.unwrap(), all);
    let few = ExternalTokenValidator::new("a", Api::Rest).jwks_url("https://a.example/keys").any_issuer();
    assert_eq!(gp.validators().create(&few).await.unwrap(), few);
    assert_eq!(gp.validators().list().await.unwrap(), [few, all.clone()]);
    let error = gp.validators().create(&all).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.field()),
        (ErrorKind::Conflict, "validator_exists", Some("name"))
    );
    let error = gp.validators().create(&ExternalTokenValidator::new("c", Api::Rest)).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("keys_nowhere", None), "before anything is sent");
    let on = all.clone().enabled(true);
    assert_eq!(gp.validators().update(&on).await.unwrap(), on);
    gp.validators().delete("b").await.unwrap();
    for error in [
        gp.validators().get("b").await.unwrap_err(),
        gp.validators().update(&on).await.unwrap_err(),
        gp.validators().delete("b").await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, "validator_not_found"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scope_for_settings_lets_nobody_in() {
    let house = House::new().await;
    house.gp.validators().create(&sso("theirs", Api::Rest)).await.unwrap();
    house.role("Settings", Permissions::none().with(Area::Settings, Level::Edit)).await;
    house.user("eve", "a password of some length", &["Settings"]).await;
    let url = house.server.url();
    let eve = ConnectOptions::login("eve", Password::new("a password of some length")).no_proxy();
    let eve = eve.connect(&*url).unwrap();
    for (made, field) in [
        (eve.validators().create(&sso("x", Api::Rest)).await, "claimsMapping"),
        (eve.validators().create(&sso("x", Api::Scim)).await, "api"),
        (eve.validators().update(&sso("theirs", Api::Rest).token_type("jwt")).await, "claimsMapping"),
    ] {
        let error = made.unwrap_err();
        assert_eq!((error.code(), error.field()), ("exceeds_permissions", Some(field)));
    }
    // It is enough for shutting out.
    eve.validators().update(&sso("theirs", Api::Rest).enabled(false)).await.unwrap();
    assert_eq!(
        eve.validators().update(&sso("theirs", Api::Rest)).await.unwrap_err().code(),
        "exceeds_permissions"
    );
    eve.validators().delete("theirs").await.unwrap();
    // Whoever ends lets in nobody who would go on.
    let admin = house.admin().await;
    let gp = ConnectOptions::new(Secret::new(admin).unwrap()).no_proxy().connect(&*url).unwrap();
    assert_eq!(gp.validators().create(&sso("x", Api::Scim)).await.unwrap_err().code(), "outlives_caller");
}

fn used(verifier: &Verifier) -> Vec<String> {
    verifier.validators().health().into_iter().map(|(name, _)| name).collect()
}

/// What a replica has reached it has with all validators as they were then, those of its APIs alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_knows_no_validator_longer_than_its_revision() {
    let house = House::new().await;
    house.gp.validators().create(&sso("first", Api::Rest)).await.unwrap();
    house.gp.validators().create(&sso("other", Api::Scim)).await.unwrap();
    let rights = |apis: &[Api]| {
        let mut rights = TokenRights::default();
        rights.verify = apis.iter().copied().collect();
        Permissions::none().with_token_rights(rights)
    };
    house.role("Gateway", rights(&[Api::Rest])).await;
    let secret = Secret::new(house.token("gateway", &["Gateway"]).await).unwrap();
    let gp = ConnectOptions::new(secret).no_proxy().connect(house.server.url()).unwrap();
    let verifier = gp.verifier().await.unwrap();
    assert_eq!(used(&verifier), ["first"]);
    for round in 0..20 {
        let name = format!("sso {round}");
        house.gp.validators().create(&sso(&name, Api::Rest)).await.unwrap();
        verifier.wait_for(house.gp.revision()).await.unwrap();
        assert_eq!(used(&verifier), ["first", &name]);
        if round % 2 == 0 {
            house.gp.validators().update(&sso(&name, Api::Rest).enabled(false)).await.unwrap();
        } else {
            house.gp.validators().update(&sso(&name, Api::Scim)).await.unwrap();
        }
        verifier.wait_for(house.gp.revision()).await.unwrap();
        assert_eq!(used(&verifier), ["first"]);
        house.gp.validators().delete(&name).await.unwrap();
    }
    house.gp.roles().update(Role::new("Gateway", rights(&[Api::Scim]))).await.unwrap();
    for _ in 0..500 {
        if used(&verifier) == ["other"] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", used(&verifier));
}

/// A validator of this provider's tokens, which act as people.
fn of(provider: &Provider, name: &str, api: Api) -> ExternalTokenValidator {
    let validator = ExternalTokenValidator::new(name, api).discovery_url(provider.discovery());
    validator.expected_audience("directory").map("uid=${sub},ou=People,o=acme")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_issuer_opens_its_api_for_as_long_as_its_validator_is_there() {
    let (house, provider) = (House::new().await, Provider::start().await);
    let gp = administrator(&house);
    gp.validators().create(&of(&provider, "sso", Api::Rest)).await.unwrap();
    let validate = async |token: &str| {
        let call = house.post("/api/authentication-service/adap-token/validate").bearer(token);
        let reply = call.send().await;
        (reply.status, reply.json())
    };
    let ada = provider.token(json!({"sub": "ada", "aud": ["other", "directory"], "scope": "b a:r"}));
    assert_eq!(validate(&ada).await, (200, json!({"targetDn": "uid=ada,ou=People,o=acme"})));
    let refused = (401, json!({"reason": "Authentication failed."}));
    for claims in [
        json!({"sub": "ada", "aud": "other"}),
        json!({"sub": "ada", "aud": "directory", "iss": "https://elsewhere.example"}),
        json!({"sub": "ada", "aud": "directory", "exp": 1000}),
        json!({"aud": "directory"}),
    ] {
        assert_eq!(validate(&provider.token(claims)).await, refused);
    }
    assert_eq!(validate(&format!("{ada}A")).await, refused);

    // Introspection says it to those who may verify tokens of that API, and to nobody else.
    let rights = |apis: &[Api]| {
        let mut rights = TokenRights::default();
        rights.verify = apis.iter().copied().collect();
        Permissions::none().with_token_rights(rights)
    };
    house.role("rest", rights(&[Api::Rest])).await;
    house.role("scim", rights(&[Api::Scim])).await;
    let ask = async |checker: &str, token: &str| {
        house.post("/oauth2/introspect").bearer(checker).form(&[("token", token)]).send().await.json()
    };
    let checker = house.token("rest", &["rest"]).await;
    let said = ask(&checker, &ada).await;
    assert_eq!(
        (&said["active"], &said["aud"], &said["name"], &said["scope"], &said["sub"]),
        (&json!(true), &json!("rest"), &json!("sso"), &json!("a:r b"), &json!("uid=ada,ou=People,o=acme"))
    );
    let other = house.token("scim", &["scim"]).await;
    assert_eq!(ask(&other, &ada).await, json!({"active": false}));

    // The façade says the same, whether it asks a store or the server; and so does a verifier that asks.
    let remote = gp.remote_verifier(RemoteOptions::default()).unwrap().guard(Api::Rest, ["a:r"]).unwrap();
    for verdict in [
        house.gp.tokens().check_secret(Api::Rest, ["a:r"], &ada, None).await.unwrap(),
        gp.tokens().check_secret(Api::Rest, ["a:r"], &ada, None).await.unwrap(),
        remote.check_secret(&ada, None).await.unwrap(),
    ] {
        let access = verdict.unwrap();
        assert_eq!((access.name(), access.target_dn()), ("sso", Some("uid=ada,ou=People,o=acme")));
    }
    for gp in [&house.gp, &gp] {
        let verdict = gp.tokens().check_secret(Api::Rest, ["c"], &ada, None).await.unwrap();
        assert_eq!(verdict.unwrap_err().reason, Reason::InsufficientScope);
        let verdict = gp.tokens().check_secret(Api::Scim, [""; 0], &ada, None).await.unwrap();
        assert!(verdict.is_err());
    }

    // What is acknowledged holds for every request after it.
    gp.validators().update(&of(&provider, "sso", Api::Scim)).await.unwrap();
    assert_eq!(validate(&ada).await, refused);
    assert_eq!(ask(&checker, &ada).await, json!({"active": false}));
    assert_eq!(ask(&other, &ada).await["aud"], "scim");
    gp.validators().delete("sso").await.unwrap();
    assert_eq!(ask(&other, &ada).await, json!({"active": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_refuses_what_only_a_validator_that_is_gone_accepted() {
    let (house, provider) = (House::new().await, Provider::start().await);
    let mut rights = TokenRights::default();
    rights.verify = [Api::Rest].into();
    house.role("Gateway", Permissions::none().with_token_rights(rights)).await;
    let secret = Secret::new(house.token("gateway", &["Gateway"]).await).unwrap();
    let gp = ConnectOptions::new(secret).no_proxy().connect(house.server.url()).unwrap();
    let verifier = gp.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, ["a:r"]).unwrap();
    let ada = provider.token(json!({"sub": "ada", "aud": "directory", "scope": "a:r"}));
    for _ in 0..10 {
        house.gp.validators().create(&of(&provider, "sso", Api::Rest)).await.unwrap();
        verifier.wait_for(house.gp.revision()).await.unwrap();
        let access = guard.check_secret_async(&ada, None).await.unwrap();
        assert_eq!((access.name(), access.subject()), ("sso", Some("ada")));
        house.gp.validators().delete("sso").await.unwrap();
        verifier.wait_for(house.gp.revision()).await.unwrap();
        assert_eq!(guard.check_secret(&ada, None).unwrap_err().reason, Reason::Malformed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_is_tried_out() {
    let (house, provider) = (House::new().await, Provider::start().await);
    let gp = administrator(&house);
    let validator = of(&provider, "sso", Api::Rest).enabled(false);
    gp.validators().create(&validator).await.unwrap();
    let keys = gp.validators().test("sso", None).await.unwrap();
    assert_eq!((keys.keys.url, keys.keys.usable, keys.keys.unusable), (provider.discovery(), 1, 0));
    assert!(keys.keys.fetched_on.is_some() && keys.keys.code.is_none() && keys.verdict.is_none());

    let ada = provider.token(json!({"sub": "ada", "aud": "directory", "scope": "b a:r"}));
    let said = gp.validators().test("sso", Some(&ada)).await.unwrap().verdict.unwrap();
    assert_eq!((said.granted, said.reason, said.issuer.as_deref()), (true, None, Some(&*provider.url)));
    assert_eq!((said.subject.as_deref(), said.scopes), (Some("ada"), vec!["a:r".to_owned(), "b".to_owned()]));
    assert_eq!(said.target_dn.as_deref(), Some("uid=ada,ou=People,o=acme"));
    assert!(said.expires_on.is_some());
    for (claims, reason) in [
        (json!({"sub": "ada", "aud": "other"}), Reason::WrongAudience),
        (json!({"sub": "ada", "aud": "directory", "exp": 1000}), Reason::Expired),
        (json!({"sub": "ada", "iss": "https://elsewhere.example"}), Reason::UntrustedIssuer),
    ] {
        let said = gp.validators().test("sso", Some(&provider.token(claims))).await.unwrap().verdict.unwrap();
        assert_eq!((said.granted, said.reason, said.subject), (false, Some(reason), None));
    }
    let said = gp.validators().test("sso", Some("nonsense")).await.unwrap().verdict.unwrap();
    assert_eq!(said.reason, Some(Reason::Malformed));
    // A store does it by itself.
    let said = house.gp.validators().test("sso", Some(&ada)).await.unwrap();
    assert!(said.verdict.unwrap().granted);
    assert_eq!(gp.validators().test("no", None).await.unwrap_err().code(), "validator_not_found");

    provider.break_down();
    gp.validators()
        .create(&of(&provider, "other", Api::Rest).jwks_url(format!("{}/keys?", provider.url)))
        .await
        .unwrap();
    let keys = gp.validators().test("other", Some(&ada)).await.unwrap();
    assert_eq!((keys.keys.usable, keys.keys.fetched_on), (0, None));
    assert!(keys.keys.code.is_some() && keys.keys.message.is_some(), "{keys:?}");
    assert_eq!(keys.verdict.unwrap().reason, Some(Reason::KeysUnavailable));
}
