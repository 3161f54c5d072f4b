//! RFC 7662.

use std::time::Duration;

use gatepass::{Api, NewToken, Permissions, Rotation, TokenRights, days};
use serde_json::json;

use crate::house::{ADMIN_PASSWORD, House};

const PATH: &str = "/oauth2/introspect";

async fn verifier_of(house: &House, name: &str, apis: &[Api]) -> String {
    let mut rights = TokenRights::default();
    rights.verify = apis.iter().copied().collect();
    house.role(name, Permissions::none().with_token_rights(rights)).await;
    house.token(name, &[name]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_is_described() {
    let house = House::new().await;
    let checker = verifier_of(&house, "checker", &[Api::Rest, Api::Config]).await;
    let asked = NewToken::new("orders \"1\"", Api::Rest)
        .expires(days(1))
        .target_dn("uid=a,o=b")
        .scope("b")
        .scope("a:r");
    let rest = house.issue(asked).await;
    let ask = async |token: &str| house.post(PATH).bearer(&checker).form(&[("token", token)]).send().await;
    let reply = ask(&rest).await;
    assert_eq!((reply.status, &*reply.headers["cache-control"]), (200, "no-store"));
    let kept = house.gp.tokens().get("orders \"1\"").await.unwrap();
    assert_eq!(
        reply.json(),
        json!({
            "active": true, "scope": "a:r b", "token_type": "Bearer", "sub": "uid=a,o=b", "aud": "rest",
            "exp": kept.expires_on.unwrap().as_millis() / 1000, "jti": kept.id.unwrap(), "name": "orders \"1\"",
            "target_dn": "uid=a,o=b",
        })
    );
    let typed: gatepass::wire::Introspection = serde_json::from_slice(&reply.body).unwrap();
    assert!(typed.active);
    let config = ask(&checker).await.json();
    assert_eq!(
        (&config["aud"], &config["roles"], &config["sub"]),
        (&json!("config"), &json!(["checker"]), &json!("checker"))
    );
    assert_eq!(ask(&format!("secret-token:{rest}")).await.json()["active"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_any_other_token_nothing_is_said() {
    let house = House::new().await;
    let checker = verifier_of(&house, "checker", &[Api::Rest]).await;
    let ask = async |pairs: &[(&str, &str)]| {
        let reply = house.post(PATH).bearer(&checker).form(pairs).send().await;
        assert_eq!(reply.status, 200);
        reply.json()
    };
    let inactive = json!({"active": false});
    let revoked = house.issue(NewToken::new("revoked", Api::Rest).expires(days(1))).await;
    let revision = house.gp.tokens().revoke("revoked").await.unwrap().revision;
    assert!(revision > 0);
    tokio::time::sleep(Duration::from_millis(120)).await;
    let scim = house.issue(NewToken::new("scim", Api::Scim).expires(days(1))).await;
    let bound = NewToken::new("bound", Api::Rest).expires(days(1)).network("192.0.2.0/24".parse().unwrap());
    let bound = house.issue(bound).await;
    let unknown = gatepass::Secret::generate(Api::Rest).unwrap();
    for token in [&revoked, &scim, &bound, unknown.reveal(), "x", "", "a.b.c"] {
        assert_eq!(ask(&[("token", token)]).await, inactive, "{token}");
    }
    // Where it was sent from is the caller's to say.
    assert_eq!(ask(&[("token", &bound), ("peer", "192.0.2.7")]).await["active"], true);
    assert_eq!(ask(&[("token", &bound), ("peer", "198.51.100.7")]).await, inactive);

    let old = house.issue(NewToken::new("old", Api::Rest).expires(days(1))).await;
    drop(house.gp.tokens().rotate("old", Rotation::default()).await.unwrap());
    tokio::time::sleep(Duration::from_millis(120)).await;
    for _ in 0..5 {
        assert_eq!(ask(&[("token", &old)]).await, inactive);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let trail = house.trail().await;
    let noticed: Vec<_> = trail.iter().filter(|line| line.starts_with("token.superseded")).collect();
    assert_eq!(noticed.len(), 1, "{trail:?}");
    assert!(noticed[0].ends_with("of old"), "{noticed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_verify_may_ask() {
    let house = House::new().await;
    let reader = house.token("reader", &["Security Administrator"]).await;
    let rest = house.issue(NewToken::new("r", Api::Rest).expires(days(1))).await;
    let ask = || house.post(PATH).form(&[("token", &rest)]);
    assert_eq!(ask().bearer(&reader).send().await.status, 403);
    assert_eq!(ask().bearer(&rest).send().await.status, 401);
    assert_eq!(ask().send().await.status, 401);
    let admin = house.session("admin", ADMIN_PASSWORD).await;
    assert_eq!(ask().bearer(&admin).send().await.json()["active"], true, "a session may as well");

    let checker = verifier_of(&house, "checker", &[Api::Rest]).await;
    let wrong = house.post(PATH).bearer(&checker).json(&json!({"token": rest})).send().await;
    assert_eq!(wrong.error(), (415, "unsupported_media_type".into(), "media_type".into()));
    for pairs in [&[][..], &[("token", "a"), ("token", "b")], &[("token", "a"), ("peer", "here")]] {
        assert_eq!(house.post(PATH).bearer(&checker).form(pairs).send().await.status, 400);
    }
    // The right is asked about each time.
    house.gp.roles().update(gatepass::Role::new("checker", Permissions::none())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(ask().bearer(&checker).send().await.status, 403);
}
