//! Where the secret comes from, and when it is asked for again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{
    Api, ConnectOptions, Credential, Error, ErrorKind, Gatepass, NewToken, Password, Secret, Timestamp, days,
};

use super::plain::{Act, OWN, Plain, Reply, USER, encoded};
use super::{client_of, options};

const OTHER: &str = "gpc_K7b2Xw9LmQ4z_rotated0rotated0rotated0rotated000000";

fn accept(server: &Plain, secret: &str) {
    server.state().secrets.insert(secret.to_owned(), String::new());
}

fn refuse(server: &Plain, secret: &str) {
    server.state().secrets.remove(secret);
}

async fn ask(gp: &Gatepass) -> Result<(), Error> {
    gp.request("GET", "/settings-service/properties", &[], None).await.map(drop)
}

/// A function that gives these secrets in turn, the last one again and again, and how often it was asked.
fn vault(secrets: &'static [&'static str]) -> (Credential, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let credential = Credential::callable(move || {
        let nth = count.fetch_add(1, Ordering::SeqCst).min(secrets.len() - 1);
        async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Secret::new(secrets[nth])
        }
    });
    (credential, asked)
}

#[tokio::test]
async fn a_value_that_is_refused_is_not_tried_again() {
    let server = Plain::start().await;
    refuse(&server, OWN);
    let error = ask(&client_of(&server.url)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.status()),
        (ErrorKind::Unauthorized, "authentication_failed", Some(401))
    );
    assert_eq!(error.to_string(), "Token has expired or has been revoked.");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_function_is_asked_once_and_once_more_after_a_refusal() {
    let server = Plain::start().await;
    let (credential, asked) = vault(&[OWN, OTHER]);
    let gp = options(credential).connect(&server.url).unwrap();
    ask(&gp).await.unwrap();
    ask(&gp).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1, "its answer is kept");

    refuse(&server, OWN);
    accept(&server, OTHER);
    server.seen();
    ask(&gp).await.unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), server.lines().len()), (2, 2));

    refuse(&server, OTHER);
    assert_eq!(ask(&gp).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    assert_eq!(
        (asked.load(Ordering::SeqCst), server.lines().len()),
        (3, 1),
        "the same again is not sent again"
    );
}

#[tokio::test]
async fn another_secret_that_is_refused_too_ends_it() {
    let server = Plain::start().await;
    server.hook(|_| Act::Answer(Reply::new(401, "")));
    let (credential, asked) = vault(&[OWN, OTHER, OWN, OTHER, OWN]);
    let error = ask(&options(credential).connect(&server.url).unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), asked.load(Ordering::SeqCst)), (ErrorKind::Unauthorized, 2));
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_are_refused_at_once_ask_once() {
    let server = Plain::start().await;
    let (credential, asked) = vault(&[OWN, OTHER]);
    let gp = options(credential).connect(&server.url).unwrap();
    let all = || async {
        let all = (0..20).map(|_| {
            tokio::spawn({
                let gp = gp.clone();
                async move { ask(&gp).await }
            })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap().unwrap();
        }
    };
    all().await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    refuse(&server, OWN);
    accept(&server, OTHER);
    all().await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn where_no_secret_is_to_be_had_that_is_the_error() {
    let server = Plain::start().await;
    let sealed = || async { Err(Error::new(ErrorKind::Unavailable, "vault_sealed", "the vault is sealed")) };
    let gp = options(Credential::callable(sealed)).connect(&server.url).unwrap();
    assert_eq!(ask(&gp).await.unwrap_err().code(), "vault_sealed");
    for credential in [Credential::env("GATEPASS_TEST_IS_NOT_SET"), Credential::file("is-not-there")] {
        let error = ask(&options(credential).connect(&server.url).unwrap()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthorized, "credential_missing"));
        assert_eq!(error.field(), Some("credential"));
    }
    assert!(server.all_lines().is_empty());
}

#[tokio::test]
async fn a_file_is_read_again_when_it_has_changed_and_after_a_refusal() {
    let server = Plain::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, format!("  {OWN}\r\n")).unwrap();
    let gp = options(Credential::file(&path)).connect(&server.url).unwrap();
    ask(&gp).await.unwrap();

    // Put in its place, as who rotates a secret does.
    accept(&server, OTHER);
    let next = folder.path().join("next");
    std::fs::write(&next, OTHER).unwrap();
    std::fs::rename(&next, &path).unwrap();
    server.seen();
    ask(&gp).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), Some(&*format!("Bearer {OTHER}")));

    // Written over, as long as before, and with the time of before: only a refusal tells.
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&path, OWN).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    refuse(&server, OTHER);
    assert_eq!(OWN.len(), OTHER.len());
    ask(&gp).await.unwrap();
    assert_eq!(server.lines().len(), 2);

    // Refused as it is: read again once, and not sent again.
    refuse(&server, OWN);
    assert_eq!(ask(&gp).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    assert_eq!(server.lines().len(), 1);
    std::fs::write(&path, "x".repeat(1 << 20)).unwrap();
    assert_eq!(ask(&gp).await.unwrap_err().code(), "secret_malformed");
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!(ask(&gp).await.unwrap_err().code(), "credential_missing");
}

fn signed_in(server: &Plain) -> (Gatepass, Arc<ManualClock>) {
    let (iat, _) = server.state().session_times;
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(iat * 1000).unwrap()));
    let options = ConnectOptions::login(USER.0, Password::new(USER.1)).clock(clock.clone());
    (options.timeout(Duration::from_secs(5)).connect(&server.url).unwrap(), clock)
}

fn kinds(server: &Plain) -> Vec<&'static str> {
    let kind = |line: &String| match line.rsplit('/').next() {
        Some("login") => "login",
        Some("refresh") => "refresh",
        _ => "call",
    };
    server.lines().iter().map(kind).collect()
}

#[tokio::test]
async fn a_user_is_signed_in_once_and_stays_so() {
    let server = Plain::start().await;
    let (gp, clock) = signed_in(&server);
    assert!(server.all_lines().is_empty(), "not before something is asked");
    let (a, b, c) = tokio::join!(ask(&gp), ask(&gp), ask(&gp));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let seen = server.seen();
    assert_eq!(seen[0].line(), "POST /api/authentication-service/login");
    let basic = format!("Basic {}", encoded(&format!("{}:{}", USER.0, USER.1)));
    assert_eq!(seen[0].header("authorization"), Some(&*basic));
    assert!(seen[0].body.is_empty());
    assert_eq!(seen.len(), 4, "one signed in for all three");

    clock.advance(Duration::from_mins(49));
    ask(&gp).await.unwrap();
    assert_eq!(kinds(&server), ["call"]);
    clock.advance(Duration::from_mins(2));
    server.state().session_times = (1_772_003_060, 1_772_006_660);
    ask(&gp).await.unwrap();
    assert_eq!(kinds(&server), ["refresh", "call"], "when less than ten minutes are left");
}

#[tokio::test]
async fn a_session_that_was_ended_is_begun_anew_once() {
    let server = Plain::start().await;
    let (gp, _) = signed_in(&server);
    ask(&gp).await.unwrap();
    server.state().sessions.clear();
    server.seen();
    let (a, b) = tokio::join!(ask(&gp), ask(&gp));
    assert!(a.is_ok() && b.is_ok());
    let kinds = kinds(&server);
    assert_eq!(kinds.iter().filter(|kind| **kind == "login").count(), 1, "{kinds:?}");

    server.hook(|seen| {
        if seen.target.ends_with("/properties") { Act::Answer(Reply::new(401, "")) } else { Act::Usual }
    });
    assert_eq!(ask(&gp).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    assert_eq!(self::kinds(&server), ["call", "login", "call"], "and no loop");
}

#[tokio::test]
async fn a_short_session_is_not_renewed_at_every_call() {
    let server = Plain::start().await;
    server.state().session_times = (1_772_000_000, 1_772_000_000 + 300);
    let (gp, clock) = signed_in(&server);
    for _ in 0..3 {
        ask(&gp).await.unwrap();
    }
    assert_eq!(kinds(&server), ["login", "call", "call", "call"]);
    clock.advance(Duration::from_secs(230));
    // The server keeps to an end of its own: what it gives is good for 70 s.
    server.state().session_times.0 += 230;
    ask(&gp).await.unwrap();
    assert_eq!(kinds(&server), ["refresh", "login", "call"]);
}

#[tokio::test]
async fn a_clock_that_is_wrong_does_not_sign_in_at_every_call() {
    let server = Plain::start().await;
    for wrong_by in [-86_400_000, 86_400_000] {
        let (gp, clock) = signed_in(&server);
        clock.set(Timestamp::from_millis(1_772_000_000_000 + wrong_by).unwrap());
        ask(&gp).await.unwrap();
        ask(&gp).await.unwrap();
        assert_eq!(kinds(&server), ["login", "call", "call"], "{wrong_by}");
    }
}

#[tokio::test]
async fn what_is_left_of_a_session_is_used_while_it_cannot_be_renewed() {
    let server = Plain::start().await;
    let (gp, clock) = signed_in(&server);
    ask(&gp).await.unwrap();
    server.seen();
    clock.advance(Duration::from_mins(55));
    server.hook(|seen| {
        let down = || Act::Answer(Reply::new(503, "").header("retry-after", "3600"));
        if seen.target.ends_with("/properties") { Act::Usual } else { down() }
    });
    ask(&gp).await.unwrap();
    ask(&gp).await.unwrap();
    assert_eq!(kinds(&server), ["refresh", "login", "call", "call"]);
    clock.advance(Duration::from_mins(6));
    assert_eq!(ask(&gp).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_tried_once_for_all_who_wait() {
    let server = Plain::start().await;
    server.hook(|_| {
        std::thread::sleep(Duration::from_millis(100));
        Act::Usual
    });
    let gp = ConnectOptions::login(USER.0, Password::new("wrong")).connect(&server.url).unwrap();
    let all: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let gp = gp.clone();
                async move { ask(&gp).await }
            })
        })
        .collect();
    for one in all {
        let error = one.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthorized, "authentication_failed"));
    }
    assert_eq!(kinds(&server), ["login"]);
    assert!(ask(&gp).await.is_err());
    assert_eq!(kinds(&server), ["login"], "who asks later tries it again");
}

#[tokio::test]
async fn signing_in_alone_gives_the_session_s_token() {
    let server = Plain::start().await;
    let token = gatepass::login(&server.url, USER.0, &Password::new(USER.1)).await.unwrap();
    assert!(server.state().sessions.contains(token.reveal()));
    let gp = gatepass::connect(&server.url, token).await.unwrap();
    let _ = gp.tokens().create(NewToken::new("a", Api::Scim).expires(days(1))).await.unwrap();

    let error = gatepass::login(&server.url, USER.0, &Password::new("wrong")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.status()),
        (ErrorKind::Unauthorized, "authentication_failed", Some(401))
    );
    assert_eq!(error.to_string(), "Authentication failed.");
    for name in ["", "a:b", "a\nb"] {
        let error = gatepass::login(&server.url, name, &Password::new(USER.1)).await.unwrap_err();
        assert_eq!(error.code(), "username_malformed");
    }
    for body in ["{}", "{\"token\":\"two words\"}", "{\"token\":null}", "<html>", ""] {
        server.hook(move |_| Act::Answer(Reply::new(200, body)));
        let error = gatepass::login(&server.url, USER.0, &Password::new(USER.1)).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, "answer_malformed"), "{body}");
    }
}
