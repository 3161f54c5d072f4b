//! Signing in, staying signed in, and how that ends.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use gatepass::testing::ManualClock;
use gatepass::{OpenOptions, Password, UserChange};
use gatepass_authority::Limits;
use serde_json::{Value, json};

use crate::house::{ADMIN_PASSWORD, House, options};

const PASSWORD: &str = "a password of some length";
const SELF: &str = "/api/gatepass/v1/self";
const REFRESH: &str = "/api/authentication-service/authToken/refresh";

fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_the_vendors() {
    let house = House::new().await;
    let reply = house.login("admin", ADMIN_PASSWORD).await;
    assert_eq!((reply.status, &*reply.headers["cache-control"]), (200, "no-store"));
    let token = reply.json()["token"].as_str().unwrap().to_owned();
    let claims = claims(&token);
    assert_eq!(claims["username"], "admin");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    for name in ["privileges", "server", "organization", "iss", "email"] {
        assert!(claims.get(name).is_some(), "{name}");
    }
    assert!(claims["privileges"].as_array().unwrap().contains(&json!("SCOPE_SETTINGS_EDIT")));
    let me = house.get(SELF).bearer(&token).send().await.json();
    assert_eq!(
        (&me["kind"], &me["name"], &me["roles"]),
        (&json!("user"), &json!("admin"), &json!(["Directory Administrator"]))
    );

    let second =
        house.post("/api/authentication-service/v2/login").basic("admin", ADMIN_PASSWORD).send().await;
    assert_eq!(second.status, 200);
    let second = second.json();
    assert_eq!(second["authenticated"], true);
    assert!(second["token"].is_string());
    assert_eq!(second["passwordReset"], json!({"allowed": false, "resetToken": null}));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_sign_in_is_told_one_thing() {
    let house = House::new().await;
    house.user("off", PASSWORD, &[]).await;
    house.gp.users().update("off", UserChange::default().active(false)).await.unwrap();
    house.gp.users().create(gatepass::NewUser::new("bare")).await.unwrap();
    let long = "x".repeat(2000);
    for (name, password) in [
        ("admin", "wrong"),
        ("nobody", PASSWORD),
        ("off", PASSWORD),
        ("bare", ""),
        ("", ""),
        ("admin\0", ADMIN_PASSWORD),
        ("admin", &long),
    ] {
        let reply = house.login(name, password).await;
        assert_eq!(
            (reply.status, reply.json()),
            (401, json!({"reason": "Authentication failed."})),
            "{name:?}"
        );
    }
    for header in ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer x", "basic", ""] {
        let call = house.post("/api/authentication-service/login").header("authorization", header);
        assert_eq!(call.send().await.status, 401, "{header}");
    }
    let call = house
        .post("/api/authentication-service/login")
        .basic("admin", ADMIN_PASSWORD)
        .basic("admin", ADMIN_PASSWORD);
    assert_eq!(call.send().await.status, 401, "two headers");
    // Who failed is in the trail; a name that nobody has is not, for it may be a password that was typed too early.
    let trail = house.trail().await;
    assert!(trail.contains(&"session.begin login_failed by user:admin of admin".to_owned()), "{trail:?}");
    assert!(trail.contains(&"session.begin login_failed by user:? of ".to_owned()), "{trail:?}");
    assert!(!trail.iter().any(|line| line.contains("nobody")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let house = House::with(options().limits(Limits::default().hashing(1, 10)), OpenOptions::default()).await;
    let time = async |name: &str| {
        let began = tokio::time::Instant::now();
        house.login(name, "a wrong password, again").await;
        began.elapsed()
    };
    time("nobody").await; // the hash that nobody has is made once
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for at in 0..9 {
        known.push(time("admin").await);
        unknown.push(time(&format!("nobody{at}")).await);
    }
    known.sort();
    unknown.sort();
    let ratio = known[4].as_secs_f64() / unknown[4].as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "{known:?} {unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_slowed_down() {
    let clock = Arc::new(ManualClock::new("2026-03-01T09:00:00Z".parse().unwrap()));
    let proxies = gatepass::TrustedProxies::new(["127.0.0.0/8".parse().unwrap()]);
    let house =
        House::with(options().trusted_proxies(proxies), OpenOptions::default().clock(clock.clone())).await;
    house.user("alice", PASSWORD, &[]).await;
    let from = async |address: &str, name: &str, password: &str| {
        let call = house.post("/api/authentication-service/login").header("x-forwarded-for", address);
        call.basic(name, password).send().await
    };
    // One name, from everywhere.
    for at in 0..10 {
        assert_eq!(from(&format!("192.0.2.{at}"), "alice", "wrong").await.status, 401);
    }
    let slow = from("192.0.2.99", "alice", PASSWORD).await;
    assert_eq!(slow.status, 429, "{slow:?}");
    assert!(slow.json()["reason"].is_string());
    let wait: u64 = slow.headers["retry-after"].parse().unwrap();
    clock.advance(Duration::from_secs(wait));
    assert_eq!(from("192.0.2.99", "alice", PASSWORD).await.status, 200);
    // One address, with any name.
    for at in 0..30 {
        assert_eq!(from("198.51.100.7", &format!("guess{at}"), "wrong").await.status, 401);
    }
    assert_eq!(from("198.51.100.7", "alice", PASSWORD).await.status, 429);
    // Who signs in spends nothing.
    for _ in 0..40 {
        assert_eq!(from("203.0.113.1", "admin", ADMIN_PASSWORD).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_when_all_wait_is_turned_away() {
    let house = Arc::new(
        House::with(options().limits(Limits::default().hashing(1, 1)), OpenOptions::default()).await,
    );
    let together = (0..12).map(|_| {
        let house = Arc::clone(&house);
        async move { house.login("admin", ADMIN_PASSWORD).await }
    });
    let replies = futures_util::future::join_all(together).await;
    let turned_away: Vec<_> = replies.iter().filter(|reply| reply.status == 503).collect();
    assert!(!turned_away.is_empty() && replies.iter().any(|reply| reply.status == 200));
    assert!(
        turned_away
            .iter()
            .all(|reply| reply.headers["retry-after"] == "1" && reply.json()["reason"].is_string())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_refreshed_for_twelve_hours_and_no_longer() {
    let clock = Arc::new(ManualClock::new("2026-03-01T09:00:00Z".parse().unwrap()));
    let house = House::at(&clock).await;
    let first = house.session("admin", ADMIN_PASSWORD).await;
    let mut token = first.clone();
    for _ in 0..12 {
        clock.advance(Duration::from_mins(59));
        let reply = house.put(REFRESH).bearer(&token).send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        token = reply.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(house.get(SELF).bearer(&token).send().await.status, 200);
    }
    let over = house.get(SELF).bearer(&first).send().await;
    assert_eq!(over.error(), (401, "unauthorized".into(), "invalid_token".into()), "an hour is an hour");
    // 11 h 48 min have passed; what is signed now ends with the session.
    let claims = claims(&token);
    assert_eq!(claims["exp"], claims["session_end"]);
    clock.advance(Duration::from_mins(12));
    for call in [house.put(REFRESH), house.get(SELF)] {
        assert_eq!(call.bearer(&token).send().await.status, 401);
    }
    let refused = house.put(REFRESH).bearer(&token).send().await;
    assert_eq!(refused.json(), json!({"reason": "Authentication failed."}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_what_it_stood_on() {
    let house = House::new().await;
    house.user("alice", PASSWORD, &["Read Only"]).await;
    let works = async |token: &str| house.get(SELF).bearer(token).send().await.status == 200;

    let token = house.session("alice", PASSWORD).await;
    assert!(works(&token).await);
    house.gp.users().set_password("alice", &Password::new("another password, as long")).await.unwrap();
    assert!(!works(&token).await, "another password");

    let token = house.session("alice", "another password, as long").await;
    house.gp.users().update("alice", UserChange::default().active(false)).await.unwrap();
    assert!(!works(&token).await, "disabled");
    house.gp.users().update("alice", UserChange::default().active(true)).await.unwrap();
    assert!(!works(&token).await, "enabled again");

    let token = house.session("alice", "another password, as long").await;
    assert_eq!(house.delete(SELF).bearer(&token).send().await.status, 200);
    assert!(!works(&token).await, "signed out");

    let token = house.session("alice", "another password, as long").await;
    let admin = house.session("admin", ADMIN_PASSWORD).await;
    let path = format!("/api/authentication-service/authToken/{token}");
    assert_eq!(house.delete(&path).bearer(&token).send().await.status, 403, "not without the scope");
    assert_eq!(house.delete(&path).bearer(&admin).send().await.status, 200);
    assert!(!works(&token).await, "revoked");
    let text = house.delete(&path).bearer(&token).send().await;
    assert_eq!((text.status, text.json()), (401, json!("Token has expired or has been revoked.")));
    assert_eq!(house.delete(&path).bearer(&admin).send().await.status, 200, "it is over already");
    assert_eq!(
        house.delete("/api/authentication-service/authToken/x.y.z").bearer(&admin).send().await.status,
        400
    );

    let token = house.session("alice", "another password, as long").await;
    house.gp.users().delete("alice").await.unwrap();
    house.user("alice", PASSWORD, &["Directory Administrator"]).await;
    assert!(!works(&token).await, "somebody else of that name");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_may_do_is_asked_each_time() {
    let house = House::new().await;
    house.user("alice", PASSWORD, &["Read Only"]).await;
    let token = house.session("alice", PASSWORD).await;
    let create = async || {
        let asked = json!({"name": "x", "apiType": "CONFIG", "roles": ["readonly"], "expires": {"days": 1}});
        house
            .post("/api/authentication-service/access_tokens")
            .bearer(&token)
            .json(&asked)
            .send()
            .await
            .status
    };
    assert_eq!(create().await, 403);
    house.gp.users().update("alice", UserChange::default().roles(["Security Administrator"])).await.unwrap();
    assert_eq!(create().await, 201, "the token says less, and does not count");
    house.gp.users().update("alice", UserChange::default().roles([""; 0])).await.unwrap();
    assert_eq!(create().await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_signs_for_nobody() {
    let (one, other) = (House::new().await, House::new().await);
    let token = one.session("admin", ADMIN_PASSWORD).await;
    assert_eq!(other.get(SELF).bearer(&token).send().await.status, 401);
    let (head, signature) = token.rsplit_once('.').unwrap();
    let mut flipped = signature.to_owned();
    flipped.replace_range(0..1, if signature.starts_with('A') { "B" } else { "A" });
    assert_eq!(one.get(SELF).bearer(&format!("{head}.{flipped}")).send().await.status, 401);
}
