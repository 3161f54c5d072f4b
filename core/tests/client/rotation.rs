//! Rotation on a plain RadiantOne: `NAME`, `NAME~2`, `NAME~3`; stopped at every point, run again, run twice at once.

use std::io;
use std::time::Duration;

use gatepass::{Api, Error, ErrorKind, Gatepass, IssuedToken, NewToken, Result, Rotation, at, days};
use serde_json::json;

use super::plain::{Act, Plain, Reply};
use super::{client_of, now};

async fn with_token() -> (Plain, Gatepass, IssuedToken) {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let asked = NewToken::new("job", Api::Rest).expires(days(90)).target_dn("uid=job,o=acme");
    let old = gp.tokens().create(asked).await.unwrap();
    server.all_lines();
    (server, gp, old)
}

fn is_good(server: &Plain, token: &IssuedToken) -> bool {
    server.state().secrets.contains_key(token.secret.reveal())
}

async fn delivered(gp: &Gatepass, name: &str) -> Result<IssuedToken> {
    gp.tokens().rotate_and_deliver(name, Rotation::default(), async |_| Ok::<_, io::Error>(())).await
}

#[tokio::test]
async fn the_next_generation_is_made_delivered_and_only_then_the_old_one_deleted() {
    let (server, gp, old) = with_token().await;
    let new = gp
        .tokens()
        .rotate_and_deliver("job", Rotation::default(), async |secret| {
            assert_eq!(server.names(), ["job", "job~2"]);
            assert!(is_good(&server, &old) && server.state().secrets.contains_key(secret.reveal()));
            Ok::<_, io::Error>(())
        })
        .await
        .unwrap();
    assert_eq!((new.token.name.as_str(), server.names()), ("job~2", vec!["job~2".to_owned()]));
    assert_eq!(new.token.expires_on, old.token.expires_on);
    assert_eq!(new.token.target_dn.as_deref(), Some("uid=job,o=acme"));
    assert!(is_good(&server, &new) && !is_good(&server, &old));
    // Of whichever generation the name is.
    assert_eq!(delivered(&gp, "job").await.unwrap().token.name, "job~3");
    assert_eq!(delivered(&gp, "job~3").await.unwrap().token.name, "job~4");
    assert_eq!(server.names(), ["job~4"]);
}

#[tokio::test]
async fn without_a_delivery_the_old_one_goes_at_once() {
    let (server, gp, old) = with_token().await;
    let later = now().saturating_add(Duration::from_hours(24 * 200));
    let new = gp.tokens().rotate("job", Rotation::default().expires(at(later))).await.unwrap();
    assert_eq!((new.token.name.as_str(), new.token.expires_on), ("job~2", Some(later)));
    assert!(is_good(&server, &new) && !is_good(&server, &old));
    let tokens = "/api/authentication-service/access_tokens";
    let expected = [
        format!("GET {tokens}"),
        format!("POST {tokens}"),
        format!("GET {tokens}/job~2"),
        format!("DELETE {tokens}/job"),
    ];
    assert_eq!(server.all_lines(), expected);
}

#[tokio::test]
async fn where_the_delivery_fails_the_new_one_is_dropped_and_the_old_one_good() {
    let (server, gp, old) = with_token().await;
    let failing = async |_: &_| Err(io::Error::other("the vault is sealed"));
    let error = gp.tokens().rotate_and_deliver("job", Rotation::default(), failing).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "delivery_failed"));
    assert_eq!(error.cause().unwrap().to_string(), "the vault is sealed");
    assert!(is_good(&server, &old));
    assert_eq!(server.names(), ["job"]);
}

/// Every request of a rotation is the last one before the process dies, done or not done; then it is run again, by
/// another process.
#[tokio::test]
async fn it_can_be_run_again_after_a_crash_at_any_point() {
    for crash_at in 1..=6 {
        for done in [true, false] {
            let (server, gp, old) = with_token().await;
            let mut count = 0;
            server.hook(move |seen| {
                count += usize::from(seen.target != "/api/gatepass/v1");
                match count.cmp(&crash_at) {
                    std::cmp::Ordering::Less => Act::Usual,
                    std::cmp::Ordering::Equal if done => Act::DoneBut(Reply::new(500, "")),
                    _ => Act::Answer(Reply::new(500, "")),
                }
            });
            let mut vault = old.secret.clone();
            let begun = gp
                .tokens()
                .rotate_and_deliver("job", Rotation::default(), async |secret| {
                    vault = secret.clone();
                    Ok::<_, io::Error>(())
                })
                .await;
            drop(begun);
            let good = |secret: &gatepass::Secret| server.state().secrets.contains_key(secret.reveal());
            assert!(good(&vault), "after {crash_at} requests what was delivered last opens something");

            server.no_hook();
            let again = client_of(&server.url);
            let new = delivered(&again, "job").await.unwrap();
            assert_eq!(server.names(), [new.token.name.as_str()], "after {crash_at} requests");
            assert!(is_good(&server, &new) && !is_good(&server, &old));
            assert_eq!(new.token.expires_on, old.token.expires_on);
        }
    }
}

#[tokio::test]
async fn of_two_runs_the_earlier_one_gives_way_and_something_is_always_good() {
    let (server, gp, old) = with_token().await;
    let other = client_of(&server.url);
    let first = gp.tokens().begin_rotation("job", Rotation::default()).await.unwrap();
    let second = other.tokens().begin_rotation("job", Rotation::default()).await.unwrap();
    assert_eq!((first.token.name.as_str(), second.token.name.as_str()), ("job~2", "job~3"));
    let error = gp.tokens().settle("job", first.secret.digest(), true).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "changed_meanwhile"));
    assert!(is_good(&server, &old) && is_good(&server, &first) && is_good(&server, &second));
    // The second one's delivery fails: what the first one delivered stays good.
    other.tokens().settle("job", second.secret.digest(), false).await.unwrap();
    assert!(is_good(&server, &old) && is_good(&server, &first));
    assert_eq!(server.names(), ["job", "job~2"]);
    let last = delivered(&other, "job").await.unwrap();
    assert_eq!(server.names(), [last.token.name]);
}

#[tokio::test]
async fn two_that_begin_at_one_moment_ask_for_one_name() {
    let (server, gp, _) = with_token().await;
    let other = client_of(&server.url);
    server.hook(|seen| match seen.method.as_str() {
        // Both have read the list before either makes its token.
        "POST" if seen.json()["name"] == "job~2" => Act::DoneBut(Reply::refused(409, "conflict", "exists")),
        _ => Act::Usual,
    });
    let (one, two) = tokio::join!(delivered(&gp, "job"), delivered(&other, "job"));
    let codes = [one, two].map(|result| result.map(drop).map_err(|error| error.code().to_owned()));
    assert!(codes.iter().any(|code| *code == Err("name_taken".to_owned())), "{codes:?}");
    assert!(!server.names().is_empty());
}

#[tokio::test]
async fn what_was_not_begun_here_is_not_settled_here() {
    let (server, gp, _) = with_token().await;
    let begun = gp.tokens().begin_rotation("job", Rotation::default()).await.unwrap();
    let digest = begun.secret.digest();
    let error = client_of(&server.url).tokens().settle("job", digest, true).await.unwrap_err();
    assert_eq!(error.code(), "changed_meanwhile");
    assert_eq!(server.names(), ["job", "job~2"]);
    gp.tokens().delete("job~2").await.unwrap();
    for _ in 0..2 {
        assert_eq!(gp.tokens().settle("job", digest, true).await.unwrap_err().code(), "changed_meanwhile");
    }
    assert_eq!(server.names(), ["job"], "the old one is as good as before");
}

#[tokio::test]
async fn where_an_old_one_cannot_be_deleted_that_is_said_and_another_run_ends_it() {
    let (server, gp, old) = with_token().await;
    server.hook(|seen| match seen.method.as_str() {
        "DELETE" => Act::Answer(Reply::refused(403, "forbidden", "no")),
        _ => Act::Usual,
    });
    let error = delivered(&gp, "job").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(is_good(&server, &old));
    assert_eq!(server.names(), ["job", "job~2"]);
    server.no_hook();
    let _ = delivered(&gp, "job").await.unwrap();
    assert_eq!(server.names(), ["job~3"]);
}

#[tokio::test]
async fn what_cannot_be_rotated_is_refused_before_anything_is_made() {
    let (server, gp, _) = with_token().await;
    let key = gatepass::IdempotencyKey::generate().unwrap();
    let expired = json!({"name": "old", "apiType": "REST", "createdOn": "2026-01-01T00:00:00Z", "expiresOn": "2026-02-01T00:00:00Z"});
    let twin = json!({"name": "job~7", "apiType": "SCIM", "createdOn": "2026-01-01T00:00:00Z"});
    let plain = json!({"name": "twin~2", "apiType": "REST", "createdOn": "2026-01-01T00:00:00Z"});
    let of_other =
        json!({"name": "twin", "apiType": "REST", "targetDn": "uid=x", "createdOn": "2026-01-01T00:00:00Z"});
    let long = "x".repeat(999);
    let named_long = json!({"name": long, "apiType": "REST", "createdOn": "2026-01-01T00:00:00Z", "expiresOn": "2026-12-01T00:00:00Z"});
    for token in [expired, twin, plain, of_other, named_long] {
        server.state().tokens.insert(token["name"].as_str().unwrap().to_owned(), token);
    }
    let code = |result: Result<IssuedToken, Error>| {
        let error = result.map(drop).unwrap_err();
        (error.code().to_owned(), error.field().map(str::to_owned))
    };
    let of = |code: &str, field: Option<&str>| (code.to_owned(), field.map(str::to_owned));
    let (tokens, plainly) = (gp.tokens(), Rotation::default);
    let graceful = Rotation::with_grace(Duration::from_mins(1));
    assert_eq!(code(tokens.rotate("job", graceful).await), of("needs_gatepass", Some("grace")));
    assert_eq!(
        code(tokens.once(&key).rotate("job", plainly()).await),
        of("needs_gatepass", Some("idempotencyKey"))
    );
    assert_eq!(code(tokens.rotate("none", plainly()).await), of("token_not_found", Some("name")));
    assert_eq!(code(tokens.rotate("old", plainly()).await), of("token_expired", None));
    assert_eq!(code(tokens.rotate("job", plainly()).await), of("name_ambiguous", Some("name")));
    assert_eq!(code(tokens.rotate("twin", plainly()).await), of("name_ambiguous", Some("name")));
    assert_eq!(code(tokens.rotate(&long, plainly()).await), of("name_too_long", Some("name")));
    assert_eq!(code(tokens.rotate("..", plainly()).await), of("name_reserved", Some("name")));
    assert!(server.seen().iter().all(|seen| seen.method == "GET"));
}
