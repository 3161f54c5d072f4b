//! Bad answers: a typed error each, which quotes nothing that was sent.

use gatepass::{Api, ErrorKind, NewToken, NewUser, Password, days};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::plain::{Act, OWN, Plain, Reply};
use super::{all_words, client_of, options, own};

/// What a server might answer to anything, and what that is.
fn bad_answers() -> Vec<(Reply, ErrorKind, &'static str)> {
    use ErrorKind::{
        Conflict, Forbidden, InvalidInput, NotFound, Protocol, RateLimited, Timeout, Unauthorized,
        Unavailable, Unsupported,
    };
    let html = "<!doctype html><title>Gateway</title>";
    let refused = |status, code| Reply::refused(status, code, "as the server says");
    vec![
        (Reply::new(200, html), Protocol, "answer_malformed"),
        (Reply::new(200, ""), Protocol, "answer_malformed"),
        (Reply::new(204, ""), Protocol, "answer_malformed"),
        (Reply::new(200, "{\"name\": \"a\", \"apiType\": \"RE"), Protocol, "answer_malformed"),
        (Reply::new(200, "[1, 2]"), Protocol, "answer_malformed"),
        (Reply::new(200, "{\"name\": 1, \"apiType\": \"REST\"}"), Protocol, "answer_malformed"),
        (Reply::new(200, "{\"name\": \"a\"}"), Protocol, "answer_malformed"),
        (Reply::new(200, [0xff, 0xfe, 0x00]), Protocol, "answer_malformed"),
        (Reply::new(200, "[".repeat(100_000)), Protocol, "answer_malformed"),
        (Reply::new(304, ""), Protocol, "redirected"),
        (Reply::new(307, html), Protocol, "redirected"),
        (Reply::new(400, "{}"), InvalidInput, "bad_request"),
        (refused(400, "item_name_invalid"), InvalidInput, "item_name_invalid"),
        (Reply::new(401, ""), Unauthorized, "authentication_failed"),
        (refused(401, "unauthorized"), Unauthorized, "unauthorized"),
        (Reply::json(401, &json!({"reason": "no"})), Unauthorized, "authentication_failed"),
        (refused(403, "insufficient_scope"), Forbidden, "insufficient_scope"),
        (Reply::new(403, html), Forbidden, "forbidden"),
        (Reply::new(404, ""), NotFound, "token_not_found"),
        (refused(404, "not_found"), NotFound, "token_not_found"),
        (Reply::new(404, html), NotFound, "not_found"),
        (Reply::new(405, ""), Unsupported, "method_not_allowed"),
        (Reply::new(408, ""), Timeout, "bad_request"),
        (Reply::new(409, ""), Conflict, "name_taken"),
        (Reply::new(412, ""), Conflict, "precondition_failed"),
        (Reply::new(413, ""), InvalidInput, "request_body_too_large"),
        (Reply::new(418, "{\"code\": \"a b\"}"), InvalidInput, "internal_server_error"),
        (refused(429, "too_many_requests"), RateLimited, "too_many_requests"),
        (Reply::new(500, ""), Protocol, "server_error"),
        (Reply::new(500, "{\"code\": 7, \"message\": [], \"status\": null}"), Protocol, "server_error"),
        (refused(500, "internal_server_error"), Protocol, "internal_server_error"),
        (Reply::new(501, ""), Unsupported, "server_error"),
        (Reply::new(502, html), Unavailable, "server_error"),
        (Reply::new(503, "null"), Unavailable, "server_error"),
        (refused(503, "unavailable"), Unavailable, "unavailable"),
        (Reply::new(504, ""), Timeout, "server_error"),
        (Reply::new(599, ""), Protocol, "server_error"),
    ]
}

#[tokio::test]
async fn each_bad_answer_is_an_error_of_its_kind() {
    let server = Plain::start().await;
    let gp = options(own()).attempts(1).connect(&server.url).unwrap();
    for (reply, kind, code) in bad_answers() {
        let status = reply.status;
        let shown = format!("{status} {:.60}", String::from_utf8_lossy(&reply.body));
        let answer = reply.header("x-request-id", "req-7f3a");
        server.hook(move |_| Act::Answer(answer.clone()));
        let error = gp.tokens().get("a").await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{shown}");
        assert_eq!((error.status(), error.request_id()), (Some(status), Some("req-7f3a")), "{shown}");
        assert!(!error.to_string().is_empty());
    }
}

#[tokio::test]
async fn every_operation_survives_every_bad_answer() {
    let server = Plain::start().await;
    for (reply, ..) in bad_answers() {
        server.hook(move |_| Act::Answer(reply.clone()));
        let gp = options(own()).attempts(1).connect(&server.url).unwrap();
        // They may say that all is well, where all they need is a status. None panics, none hangs.
        let _ = gp.tokens().create(NewToken::new("a", Api::Scim).expires(days(1))).await;
        let _ = gp.tokens().page(&gatepass::TokenFilter::default(), None, None).await;
        let _ = gp.tokens().rotate("a", gatepass::Rotation::default()).await;
        let _ = gp.tokens().revoke("a").await;
        let _ = gp.tokens().delete("a").await;
        let _ = gp.tokens().check_secret(Api::Rest, [] as [&str; 0], OWN, None).await;
        let _ = gp.roles().list().await;
        let _ = gp.users().list().await;
        let _ = gp.users().create(NewUser::new("a")).await;
        let _ = gp.audit().list(&gatepass::AuditFilter::default()).await;
        let _ = gp.request("GET", "/x", &[], None).await;
    }
}

#[tokio::test]
async fn an_authority_s_own_words_are_taken_over() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    server.hook(|_| {
        Act::Answer(Reply::json(
            400,
            &json!({
                "status": 400, "code": "bad_request", "message": "expires: it is in the past",
                "gatepass": {"kind": "invalid_input", "code": "expiration_in_past", "field": "expires"},
            }),
        ))
    });
    let error = gp.tokens().get("a").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.field()),
        (ErrorKind::InvalidInput, "expiration_in_past", Some("expires"))
    );
    assert_eq!(error.to_string(), "expires: it is in the past", "and the field is said once");
    // A later authority's kind is not known here, and its code still is.
    server.hook(|_| {
        Act::Answer(Reply::json(409, &json!({"gatepass": {"kind": "later", "code": "later_code"}})))
    });
    let error = gp.tokens().get("a").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "later_code"));
}

/// Where a server could put what it was sent.
pub(crate) fn echoes(secret: &str) -> Vec<Reply> {
    let upper = secret.to_uppercase();
    let (start, end) = (&secret[..secret.len() - 9], &secret[9..]);
    let mut replies = Vec::new();
    for status in [400, 401, 403, 404, 409, 429, 500, 503] {
        for said in
            [secret, &upper, start, end, &format!("a {secret}: bad\u{7}"), &format!("\u{e9}{secret}\u{e9}")]
        {
            replies.push(Reply::refused(status, "bad_request", said));
            replies.push(Reply::refused(status, said, said));
            replies.push(Reply::json(status, &json!({"reason": said})));
            replies.push(Reply::json(status, &json!(said)));
            replies.push(Reply::new(status, said));
            replies.push(Reply::json(
                status,
                &json!({"gatepass": {"kind": "conflict", "code": said, "field": said}, "message": said}),
            ));
            if said.is_ascii() && !said.contains('\u{7}') {
                replies.push(Reply::new(status, "").header("x-request-id", said));
            }
        }
    }
    replies
        .push(Reply::json(200, &json!({"name": secret, "apiType": secret})).header("x-request-id", secret));
    replies.push(Reply::new(302, "").header("location", format!("https://other.example/?token={secret}")));
    replies
}

pub(crate) fn assert_hidden(words: &str, secret: &str) {
    let (words, secret) = (words.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let shown =
        secret.as_bytes().windows(8).find(|window| words.contains(std::str::from_utf8(window).unwrap()));
    assert!(shown.is_none(), "{shown:?} of {secret} is in {words}");
}

/// Tells whether there was an error; it shows nothing of this secret.
fn hidden(error: Option<gatepass::Error>, secret: &str) -> u32 {
    error.map_or(0, |error| {
        assert_hidden(&all_words(&error), secret);
        1
    })
}

#[tokio::test]
async fn what_was_sent_is_in_no_error() {
    let mut errors = 0;
    let server = Plain::start().await;
    let gp = options(own()).attempts(1).connect(&server.url).unwrap();
    let password = "Tr0ub4dor&3-\"quoted\"-and-more";
    let key = "idempotency-key-7d41f0c2a9b8e6d5";
    let checked = "rl-0042.Zm9yZWlnbi1zZWNyZXQ/42==";
    for reply in echoes(OWN) {
        server.hook(move |_| Act::Answer(reply.clone()));
        errors += hidden(gp.tokens().get("a").await.err(), OWN);
    }
    for reply in echoes(password) {
        server.hook(move |seen| if seen.method == "GET" { Act::Usual } else { Act::Answer(reply.clone()) });
        let error = gp.users().create(NewUser::new("eve").password(Password::new(password))).await;
        errors += hidden(error.err(), password);
        let body = json!({"connection": [{"bindPassword": password}]});
        let error = gp.request("POST", "/data-source", &[], Some(&body)).await;
        errors += hidden(error.err(), password);
        let error = gatepass::ConnectOptions::login("eve", Password::new(password))
            .attempts(1)
            .connect(&server.url)
            .unwrap();
        let error = error.tokens().get("a").await;
        errors += hidden(error.err(), password);
    }
    let pair = super::plain::encoded(&format!("eve:{password}"));
    for reply in echoes(&pair) {
        server.hook(move |_| Act::Answer(reply.clone()));
        let login = gatepass::ConnectOptions::login("eve", Password::new(password)).attempts(1);
        let error = login.connect(&server.url).unwrap().tokens().get("a").await;
        errors += hidden(error.err(), &pair);
    }
    for reply in echoes(checked) {
        server.hook(move |seen| if seen.method == "GET" { Act::Usual } else { Act::Answer(reply.clone()) });
        let error = gp.tokens().check_secret(Api::Rest, [] as [&str; 0], checked, None).await;
        errors += hidden(error.err(), checked);
    }
    let idempotency = gatepass::IdempotencyKey::new(key).unwrap();
    let authority = Plain::start().await;
    let introspected = gatepass::Secret::generate(Api::Rest).unwrap();
    for reply in echoes(key).into_iter().chain(echoes(introspected.reveal())) {
        authority.hook(move |seen| match seen.target.as_str() {
            "/api/gatepass/v1" => {
                Act::Answer(Reply::json(200, &json!({"product": "gatepass", "version": "1"})))
            }
            _ => Act::Answer(reply.clone()),
        });
        let gp = options(own()).attempts(1).connect(&authority.url).unwrap();
        let asked = NewToken::new("a", Api::Scim).expires(days(1));
        let error = gp.tokens().once(&idempotency).create(asked).await;
        errors += hidden(error.err(), key);
        let error = gp.tokens().check_secret(Api::Rest, [] as [&str; 0], introspected.reveal(), None).await;
        errors += hidden(error.err(), introspected.reveal());
    }
    assert!(errors > 2_000, "{errors} is too few to prove anything");
    let printed = format!("{gp:?} {:?} {:?}", own(), options(own()));
    assert_hidden(&printed, &OWN[16..]);
}

#[tokio::test]
async fn introspection_tells_the_authority_whom_the_secret_came_from() {
    let server = Plain::start().await;
    server.hook(|seen| match seen.target.as_str() {
        "/api/gatepass/v1" => Act::Answer(Reply::json(200, &json!({"product": "gatepass", "version": "1"}))),
        "/oauth2/introspect" => Act::Answer(Reply::json(200, &json!({
            "active": true, "aud": "rest", "jti": "K7b2Xw9LmQ4z", "name": "a", "scope": "orders:read", "target_dn": "uid=a",
        }))),
        _ => Act::Usual,
    });
    let gp = client_of(&server.url);
    let peer = Some("2001:db8::1".parse().unwrap());
    let secret = gatepass::Secret::generate(Api::Rest).unwrap();
    let secret = secret.reveal();
    let verdict = gp.tokens().check_secret(Api::Rest, ["orders:read"], secret, peer).await.unwrap();
    let access = verdict.unwrap();
    assert_eq!((access.name(), access.target_dn()), ("a", Some("uid=a")));
    let seen = server.seen();
    let body = String::from_utf8_lossy(&seen[0].body).into_owned();
    assert_eq!(body, format!("token={secret}&peer=2001%3Adb8%3A%3A1"));
    let denied =
        gp.tokens().check_secret(Api::Rest, ["orders:write"], secret, peer).await.unwrap().unwrap_err();
    assert_eq!(denied.reason, gatepass::Reason::InsufficientScope);
    let denied =
        gp.tokens().check_secret(Api::Scim, ["orders:read"], secret, peer).await.unwrap().unwrap_err();
    assert_eq!(denied.reason, gatepass::Reason::WrongApi);
}

/// Bytes that a server might answer: any, JSON of any form, and JSON that is nearly what is expected.
pub(crate) fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!(OWN)),
    ];
    let member = prop_oneof![
        "(active|aud|exp|nbf|scope|jti|targetDn|name|apiType|roles|createdOn|expiresOn|id|code|message|status|reason|gatepass|kind|field|token|users|cursor|product|tokens|next|resources|totalResults|count|cookie|dn|attributes|httpStatus|ldapCode|description|Operations|status|detail|scimType|Resources|startIndex|meta|version)",
        ".{0,8}",
    ];
    let tree = leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(member.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    let json = tree.prop_map(|tree| tree.to_string().into_bytes());
    let cut = (json.clone(), any::<prop::sample::Index>()).prop_map(|(mut json, at)| {
        json.truncate(at.index(json.len() + 1));
        json
    });
    let echo =
        (".{0,20}", ".{0,20}").prop_map(|(before, after)| format!("{before}{OWN}{after}").into_bytes());
    prop_oneof![json, cut, echo, prop::collection::vec(any::<u8>(), 0..200)]
}

#[test]
fn no_answer_makes_it_panic_or_quote_the_secret() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Plain::start());
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(status in 200_u16..=599, body in bodies(), detected in any::<bool>(), id in "[ -~]{0,20}")| {
        let given = Reply::new(status, body).header("x-request-id", format!("{id}{OWN}"));
        server.hook(move |seen| match (detected, seen.target.as_str()) {
            (true, "/api/gatepass/v1") => Act::Answer(Reply::json(200, &json!({"product": "gatepass", "version": "1"}))),
            _ => Act::Answer(given.clone()),
        });
        let errors = runtime.block_on(async {
            let gp = options(own()).attempts(1).connect(&server.url).unwrap();
            let tokens = gp.tokens();
            [
                tokens.get("a").await.err(),
                tokens.create(NewToken::new("a", Api::Scim).expires(days(1))).await.err(),
                tokens.page(&gatepass::TokenFilter::default(), None, None).await.err(),
                tokens.begin_rotation("a", gatepass::Rotation::default()).await.err(),
                tokens.check_secret(Api::Rest, [] as [&str; 0], OWN, None).await.err(),
                gp.roles().list().await.err(),
                gp.users().list().await.err(),
                gp.audit().last().await.err(),
                gp.request("PUT", "/x", &[], None).await.err(),
            ]
        });
        for error in errors.into_iter().flatten() {
            assert_hidden(&all_words(&error), OWN);
            prop_assert!(!error.code().is_empty() && !error.to_string().is_empty());
        }
    });
}
