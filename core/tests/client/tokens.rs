//! Tokens on a plain RadiantOne: what is sent, byte by byte, and what is made of the answers.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::{Api, ErrorKind, IdempotencyKey, NewToken, Reason, Status, Timestamp, TokenFilter, at, days};
use serde_json::json;

use super::plain::{Act, CreatedOn, OWN, Plain, Reply};
use super::{client_of, now};

fn rest(name: &str) -> NewToken {
    NewToken::new(name, Api::Rest).expires(days(90))
}

#[tokio::test]
async fn a_token_is_asked_for_as_the_vendor_wants_it() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let asked = NewToken::new("nightly", Api::Config).role("Read Only").role("Night shift").expires(days(90));
    let new = gp.tokens().create(asked).await.unwrap();

    let seen = server.seen();
    assert_eq!(seen[0].line(), "POST /api/authentication-service/access_tokens");
    let expected = json!({
        "name": "nightly", "apiType": "CONFIG", "roles": ["Read Only", "Night shift"],
        "expiresOn": "2026-05-31T09:00:00.000Z",
    });
    assert_eq!(seen[0].json(), expected);
    assert_eq!(seen[0].header("authorization"), Some(&*format!("Bearer {OWN}")));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(seen[0].header("idempotency-key"), None);
    let agent = concat!("gatepass/", env!("CARGO_PKG_VERSION"));
    assert_eq!(seen[0].header("user-agent"), Some(agent));
    // The Location of the answer, on a host of the server's own, is left alone.
    assert_eq!(seen[1].line(), "GET /api/authentication-service/access_tokens/nightly");
    assert_eq!(seen.len(), 2);

    assert!(server.state().secrets.contains_key(new.secret.reveal()));
    assert_eq!((new.token.api, new.token.id, new.revision), (Api::Config, None, 0));
    assert_eq!(new.token.roles, ["Read Only", "Night shift"]);
    assert_eq!(new.token.created_on.to_string(), "2026-03-01T17:04:05.678Z");
    assert_eq!(gp.tokens().get("nightly").await.unwrap(), new.token);
}

#[tokio::test]
async fn what_was_granted_is_the_server_s_to_say_and_else_what_was_asked_for() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    server.hook(|seen| match seen.method.as_str() {
        "POST" => Act::DoneBut(Reply::new(201, "rl-bare.text~of+a/secret==\n")), // says JSON, and is not
        "GET" if seen.target.contains("access_tokens/") => Act::Hang,
        _ => Act::Usual,
    });
    let begun = std::time::Instant::now();
    let new = gp.tokens().create(rest("a").target_dn("uid=a,o=acme")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(8), "who has a secret in hand does not wait for long");
    assert_eq!(new.secret.reveal(), "rl-bare.text~of+a/secret==");
    assert_eq!((new.token.target_dn.as_deref(), new.token.created_on), (Some("uid=a,o=acme"), now()));
}

#[tokio::test]
async fn an_answer_that_is_no_secret_is_none() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    for body in ["", "null", "true", "12", "{\"token\":\"x\"}", "[]", "\"two words\"", "<html>", "\"\""] {
        server.hook(move |seen| match seen.method.as_str() {
            "POST" => Act::Answer(Reply::new(201, body).header("x-request-id", "r-1")),
            _ => Act::Usual,
        });
        let error = gp.tokens().create(rest("a")).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, "answer_malformed"), "{body}");
        assert_eq!((error.status(), error.request_id()), (Some(201), Some("r-1")));
    }
}

#[tokio::test]
async fn names_of_any_characters_are_one_segment_of_the_path() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let long = "ä".repeat(1_000);
    for (name, encoded) in [
        ("a/b", "a%2Fb"),
        ("%2F", "%252F"),
        ("%2e%2e", "%252e%252e"),
        ("two words", "two%20words"),
        ("a?b#c&d=e;f+g", "a%3Fb%23c%26d%3De%3Bf%2Bg"),
        ("\\..\\", "%5C..%5C"),
        ("../x", "..%2Fx"),
        ("...", "..."),
        ("🔑", "%F0%9F%94%91"),
        ("~-_.", "~-_."),
        (&long, &"%C3%A4".repeat(1_000)),
    ] {
        let _ = gp.tokens().create(rest(name)).await.unwrap();
        server.seen();
        assert_eq!(gp.tokens().get(name).await.unwrap().name, name);
        gp.tokens().delete(name).await.unwrap();
        let path = format!("/api/authentication-service/access_tokens/{encoded}");
        assert_eq!(server.lines(), [format!("GET {path}"), format!("DELETE {path}")]);
        assert!(server.names().is_empty());
    }
}

#[tokio::test]
async fn a_name_that_no_path_can_carry_is_refused_before_anything_is_sent() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let long = "x".repeat(1_001);
    for (name, code) in [
        (".", "name_reserved"),
        ("..", "name_reserved"),
        ("", "name_empty"),
        ("a\nb", "name_control_character"),
        (&long, "name_too_long"),
    ] {
        let errors = [
            gp.tokens().create(rest(name)).await.map(drop).unwrap_err(),
            gp.tokens().get(name).await.map(drop).unwrap_err(),
            gp.tokens().delete(name).await.map(drop).unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.code(), error.field()), (code, Some("name")));
        }
        assert_eq!(gp.roles().delete(name).await.unwrap_err().code(), code);
        assert_eq!(gp.users().get(name).await.unwrap_err().code(), code);
    }
    assert_eq!(server.lines(), [] as [&str; 0]);
}

#[tokio::test]
async fn what_a_plain_server_would_drop_is_refused_before_it_is_sent() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let key = IdempotencyKey::generate().unwrap();
    let lacking = [
        ("scopes", rest("a").scope("orders:read")),
        ("networks", rest("a").network("10.0.0.0/8".parse().unwrap())),
        ("notBefore", rest("a").not_before(now())),
        ("description", rest("a").description("x")),
        ("metadata", rest("a").metadata("k", "v")),
    ];
    let mut errors = Vec::new();
    for (field, asked) in lacking {
        errors.push((field, gp.tokens().create(asked).await.map(drop).unwrap_err()));
    }
    errors.push(("idempotencyKey", gp.tokens().once(&key).create(rest("a")).await.map(drop).unwrap_err()));
    errors.push(("revoke", gp.tokens().revoke("a").await.map(drop).unwrap_err()));
    errors.push(("audit", gp.audit().list(&gatepass::AuditFilter::default()).await.map(drop).unwrap_err()));
    for (field, error) in errors {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unsupported, "needs_gatepass"));
        assert_eq!(error.field(), Some(field));
    }
    assert_eq!(gp.verifier().await.unwrap_err().code(), "needs_gatepass");
    // What the server is was asked once, and nothing else.
    assert_eq!(server.all_lines(), ["GET /api/gatepass/v1"]);
}

#[tokio::test]
async fn a_server_is_asked_once_what_it_is_and_again_only_where_it_did_not_say() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    server.hook(|seen| match seen.target.as_str() {
        "/api/gatepass/v1" => Act::Answer(Reply::new(500, "")),
        _ => Act::Usual,
    });
    let error = gp.tokens().create(rest("a")).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("server_error", Some(500)));
    server.no_hook();
    server.all_lines();
    let tokens = gp.tokens();
    let (one, two, three) =
        tokio::join!(tokens.create(rest("a")), tokens.create(rest("b")), tokens.create(rest("c")));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    let asked = server.all_lines().iter().filter(|line| line.ends_with("/gatepass/v1")).count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_plain_server_may_say_in_many_ways_that_it_is_one() {
    for reply in [
        Reply::new(404, ""),
        Reply::new(403, "{}"),
        Reply::new(405, ""),
        Reply::new(302, "").header("location", "/login"),
        Reply::new(200, "<html>control panel</html>"),
        Reply::new(200, "{\"product\":\"radiantone\",\"version\":\"8\"}"),
        Reply::new(200, "[]"),
    ] {
        let server = Plain::start().await;
        server.hook(move |seen| match seen.target.as_str() {
            "/api/gatepass/v1" => Act::Answer(reply.clone()),
            _ => Act::Usual,
        });
        assert!(client_of(&server.url).tokens().create(rest("a")).await.is_ok());
    }
}

#[tokio::test]
async fn the_list_is_filtered_and_paged_here() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    for (name, api, end) in [
        ("b-soon", Api::Rest, now().saturating_add(Duration::from_hours(24))),
        ("a-Later", Api::Scim, now().saturating_add(Duration::from_hours(2_400))),
        ("c-soon", Api::Config, now().saturating_add(Duration::from_hours(48))),
    ] {
        let asked = NewToken::new(name, api).expires(at(end));
        let _ = gp.tokens().create(asked).await.unwrap();
    }
    let old = json!({"name": "d-old", "apiType": "REST", "createdOn": "2025-01-01T00:00:00Z", "expiresOn": "2026-03-02T09:00Z"});
    let newer = json!({"name": "e", "apiType": "GRAPH"});
    server.state().tokens.extend([("d-old".to_owned(), old), ("e".to_owned(), newer)]);

    let names = async |filter: TokenFilter| {
        let tokens: Vec<_> = gp.tokens().list(filter).try_collect().await.unwrap();
        tokens.into_iter().map(|token| token.name).collect::<Vec<_>>().join(" ")
    };
    let all = TokenFilter::default;
    assert_eq!(names(all()).await, "a-Later b-soon c-soon d-old");
    assert_eq!(names(all().api(Api::Rest)).await, "b-soon d-old");
    assert_eq!(names(all().status(Status::Expired)).await, "d-old");
    assert_eq!(names(all().expires_within(Duration::from_hours(48))).await, "b-soon c-soon");
    assert_eq!(names(all().name_contains("LATER")).await, "a-Later");
    assert_eq!(names(all().name_contains("soon").api(Api::Scim)).await, "");

    let first = gp.tokens().page(&all(), None, Some(3)).await.unwrap();
    assert_eq!((first.tokens.len(), first.next.as_deref()), (3, Some("c-soon")));
    let second = gp.tokens().page(&all(), first.next.as_deref(), Some(3)).await.unwrap();
    assert_eq!((second.tokens.len(), second.next), (1, None));

    server.seen();
    assert_eq!(gp.tokens().purge(now(), |_| {}).await.unwrap(), 0, "until then it was good");
    let later = now().saturating_add(Duration::from_millis(1));
    assert_eq!(gp.tokens().purge(later, |_| {}).await.unwrap(), 0, "what is to come is no past");
    assert_eq!(server.names().len(), 5);
}

#[tokio::test]
async fn tokens_are_read_whatever_is_shown_of_their_creation() {
    for (shown, created) in [
        (CreatedOn::Exact, "2026-03-01T17:04:05.678Z"),
        (CreatedOn::Midnight, "2026-03-01T00:00:00.000Z"),
        (CreatedOn::Absent, "0001-01-01T00:00:00.000Z"),
    ] {
        let server = Plain::start().await;
        server.state().created_on = shown;
        let gp = client_of(&server.url);
        let end: Timestamp = "2027-03-02T17:04:05.678Z".parse().unwrap(); // after 366 days, which are permitted
        let _ = gp.tokens().create(rest("a").expires(at(end))).await.unwrap();
        let _ = gp.tokens().create(rest("b").expires(days(400))).await.unwrap();
        let tokens: Vec<_> = gp.tokens().list(TokenFilter::default()).try_collect().await.unwrap();
        assert_eq!(tokens[0].created_on, created.parse::<Timestamp>().unwrap());
        let broken: Vec<_> = gp.tokens().violations().try_collect().await.unwrap();
        assert_eq!(broken.iter().map(|token| &token.name).collect::<Vec<_>>(), ["b"]);
    }
}

#[tokio::test]
async fn a_rest_token_is_checked_by_the_server_that_made_it() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let new = gp.tokens().create(rest("a").target_dn("uid=a,o=acme")).await.unwrap();
    let scim = gp.tokens().create(NewToken::new("s", Api::Scim).expires(days(1))).await.unwrap();
    server.seen();
    let none: [&str; 0] = [];

    let access = gp.tokens().check_secret(Api::Rest, none, new.secret.reveal(), None).await.unwrap().unwrap();
    assert_eq!((access.target_dn(), access.api()), (Some("uid=a,o=acme"), Api::Rest));
    let seen = server.seen();
    assert_eq!(seen[0].line(), "POST /api/authentication-service/adap-token/validate");
    assert_eq!(seen[0].header("authorization"), Some(&*format!("Bearer {}", new.secret.reveal())));
    assert!(seen[0].body.is_empty() && seen.len() == 1);

    let denied =
        gp.tokens().check_secret(Api::Rest, none, scim.secret.reveal(), None).await.unwrap().unwrap_err();
    assert_eq!(denied.reason, Reason::Unknown);
    let denied = gp.tokens().check_secret(Api::Rest, none, "two words", None).await.unwrap().unwrap_err();
    assert_eq!(denied.reason, Reason::Malformed);
    assert_eq!(server.lines().len(), 1, "the one that could be a secret");

    let error = gp.tokens().check_secret(Api::Scim, none, scim.secret.reveal(), None).await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("needs_gatepass", Some("api")));
    let error = gp.tokens().check_secret(Api::Rest, ["a:b"], new.secret.reveal(), None).await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("needs_gatepass", Some("scopes")));
    let error = gp.tokens().check_secret(Api::Config, ["nonsense"], OWN, None).await.unwrap_err();
    assert_eq!(error.field(), Some("scopes"));
}

#[tokio::test]
async fn a_secret_that_is_refused_in_a_check_says_nothing_of_our_own() {
    let server = Plain::start().await;
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = std::sync::Arc::clone(&asked);
    let credential = gatepass::Credential::callable(move || {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async { gatepass::Secret::new(OWN) }
    });
    let gp = super::options(credential).connect(&server.url).unwrap();
    let none: [&str; 0] = [];
    assert!(gp.tokens().check_secret(Api::Rest, none, "rl-bad", None).await.unwrap().is_err());
    assert_eq!(server.lines().len(), 1, "a refusal is not tried again");
    assert!(asked.load(std::sync::atomic::Ordering::SeqCst) <= 1);
}
