//! A request that is sent again under its key.

use std::time::Duration;

use gatepass::{Acting, Actor, Api, Gatepass, IdempotencyKey, IssuedToken, NewToken, Rotation, days};
use sqlx::Row as _;

use crate::support::{HOUR, Place, actions, as_user, clock, code, rest};

fn same(one: &IssuedToken, other: &IssuedToken) -> bool {
    one.secret == other.secret && one.token == other.token && one.revision == other.revision
}

async fn the_same_request_gets_the_same_answer_and_is_done_once(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let (one, two) = (IdempotencyKey::generate().unwrap(), IdempotencyKey::generate().unwrap());
    let create = async |gp: &Gatepass| gp.tokens().once(&one).create(rest("a").metadata("k", "v")).await;
    let created = create(&gp).await.unwrap();
    let rotate = async |gp: &Gatepass| gp.tokens().once(&two).rotate("a", Rotation::with_grace(HOUR)).await;
    let rotated = rotate(&gp).await.unwrap();
    gp.close().await;
    let gp = place.open_at(&clock).await;
    clock.advance(Duration::from_millis(86_399_999));
    assert!(same(&create(&gp).await.unwrap(), &created));
    assert!(same(&rotate(&gp).await.unwrap(), &rotated));
    assert_eq!(actions(&gp).await, ["token.create", "token.rotate"]);
    // After a day the answer is forgotten, and the request is a new one.
    clock.advance(Duration::from_millis(1));
    assert_eq!(code(create(&gp).await), "name_taken");
    assert!(!same(&rotate(&gp).await.unwrap(), &rotated));
}

async fn many_at_once_under_one_key_make_one_token(place: Place) {
    let gp = place.open().await;
    let other = place.open().await;
    let key = IdempotencyKey::generate().unwrap();
    let asked = (0..32).map(async |number| {
        let gp = if number % 2 == 0 { &gp } else { &other };
        gp.tokens().once(&key).create(rest("a")).await.unwrap()
    });
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| same(answer, &answers[0])));
    assert_eq!(actions(&gp).await, ["token.create"]);
}

async fn a_key_is_bound_to_its_request_and_its_caller(place: Place) {
    let gp = place.open().await;
    let key = IdempotencyKey::generate().unwrap();
    let admin = NewToken::new("local", Api::Config).expires(days(30)).role("Directory Administrator");
    let admin = gp.tokens().create(admin).await.unwrap().token;
    let user = gatepass::NewUser::new("local").role("Directory Administrator");
    gp.users().create(user).await.unwrap();
    let _ = gp.tokens().once(&key).create(rest("a")).await.unwrap();
    let again = gp.tokens().once(&key);
    assert_eq!(code(again.create(rest("b")).await), "idempotency_mismatch");
    assert_eq!(code(again.create(rest("a").scope("x")).await), "idempotency_mismatch");
    assert_eq!(code(again.rotate("a", Rotation::default()).await), "idempotency_mismatch");
    // Whoever else knows the key, be it under the same name, learns nothing by it.
    let others = [
        as_user("local"),
        Acting::new(Actor::Owner("root".into())),
        Acting::new(Actor::Token(admin.id.unwrap())),
    ];
    for other in others {
        let other = gp.acting(other);
        assert_eq!(code(other.tokens().once(&key).create(rest("a")).await), "idempotency_mismatch");
    }
    assert_eq!(actions(&gp).await.len(), 3);
}

async fn a_request_that_was_refused_may_be_sent_again(place: Place) {
    let gp = place.open().await;
    let key = IdempotencyKey::generate().unwrap();
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    assert_eq!(code(gp.tokens().once(&key).create(rest("a")).await), "name_taken");
    gp.tokens().delete("a").await.unwrap();
    let _ = gp.tokens().once(&key).create(rest("a")).await.unwrap();
}

async fn what_is_kept_of_an_answer_shows_nothing_of_it(place: Place) {
    let gp = place.open().await;
    let key = IdempotencyKey::new("0123456789abcdef0123456789abcdef").unwrap();
    let new = gp.tokens().once(&key).create(rest("a")).await.unwrap();
    gp.close().await;
    let mut conn = place.raw().await;
    let row = sqlx::query("SELECT key_hash, sealed FROM answers").fetch_one(&mut conn).await.unwrap();
    let stored: Vec<u8> = [row.get::<Vec<u8>, _>(0), row.get::<Vec<u8>, _>(1)].concat();
    let mut all = stored.clone();
    if place.is_sqlite() {
        for end in ["", "-wal"] {
            all.extend(std::fs::read(format!("{}{end}", place.location())).unwrap_or_default());
        }
    }
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(has(&all, new.token.id.unwrap().as_str().as_bytes()) || !place.is_sqlite());
    let (secret, key) = (new.secret.reveal().as_bytes(), key.reveal().as_bytes());
    for part in secret[17..].windows(8).chain(key.windows(8)) {
        assert!(!has(&all, part));
    }
    assert!(secret.windows(5).all(|part| !has(&stored, part)));
}

on_each_store!(
    the_same_request_gets_the_same_answer_and_is_done_once,
    many_at_once_under_one_key_make_one_token,
    a_key_is_bound_to_its_request_and_its_caller,
    a_request_that_was_refused_may_be_sent_again,
    what_is_kept_of_an_answer_shows_nothing_of_it,
);
