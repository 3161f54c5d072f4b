//! Opening: for the first time, by several at once, by a program that is too old, of what is no store.

use gatepass::{ErrorKind, OpenOptions};

use crate::support::{Place, code, rest};

async fn several_may_open_a_new_store_at_once(place: Place) {
    for _ in 0..4 {
        let place = place.another().await;
        let opening = (0..8).map(|_| tokio::spawn(gatepass::open(place.location().to_owned())));
        let mut ids = Vec::new();
        for (number, opened) in futures_util::future::join_all(opening).await.into_iter().enumerate() {
            let gp = opened.unwrap().unwrap();
            let _ = gp.tokens().create(rest(format!("token {number}"))).await.unwrap();
            ids.push(gp.inspect().await.unwrap().store_id);
        }
        assert!(ids.iter().all(|id| *id == ids[0] && id.len() == 32));
    }
}

async fn an_older_program_refuses_what_a_newer_one_made(place: Place) {
    place.open().await.close().await;
    let newer = if place.is_sqlite() {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (999, 'of tomorrow', TRUE, x'00', 0)"
    } else {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (999, 'of tomorrow', TRUE, '\\x00', 0)"
    };
    place.execute(newer).await;
    let error = gatepass::open(place.location()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Storage, "store_too_new"));
    assert!(error.to_string().contains("newer version"), "{error}");
    // Nothing is changed by the attempt.
    place.execute("DELETE FROM _sqlx_migrations WHERE version = 999").await;
    let _ = place.open().await.tokens().create(rest("a")).await.unwrap();
}

async fn a_migration_that_was_changed_since_is_noticed(place: Place) {
    place.open().await.close().await;
    place.execute("UPDATE _sqlx_migrations SET version = version - 1").await;
    assert_eq!(code(gatepass::open(place.location()).await), "store_too_new");
}

/// As the first version made it, and left it.
async fn a_store_of_the_first_version_is_brought_up_to_date(place: Place) {
    let gp = place.open().await;
    for name in ["a", "b"] {
        gp.tokens().create(rest(name)).await.map(drop).unwrap();
    }
    gp.tokens().delete("b").await.unwrap();
    let before = gp.inspect().await.unwrap();
    gp.close().await;
    let sql = "ALTER TABLE tokens DROP COLUMN last_used_on; ALTER TABLE tokens DROP COLUMN last_used_from; \
               ALTER TABLE tokens DROP COLUMN last_used_via; ALTER TABLE deletions DROP COLUMN api; \
               DROP TABLE replicas; DROP TABLE external_token_validators; \
               ALTER TABLE head DROP COLUMN validators_revision; DELETE FROM _sqlx_migrations WHERE version > 1";
    place.execute(sql).await;
    let gp = place.open().await;
    assert_eq!(gp.inspect().await.unwrap(), before);
    let token = gp.tokens().get("a").await.unwrap();
    gp.tokens().report_usage([gatepass::wire::Used(token.id.unwrap(), 7, None)]).await.unwrap();
    assert_eq!(gp.tokens().get("a").await.unwrap().last_used_on, gatepass::Timestamp::from_millis(7));
    assert_eq!(gp.replicas().list().await.unwrap().replicas, []);
    let feed = gp.feed(&gp.verifier().await.unwrap()).unwrap();
    let read = feed.read(&before.epoch, 0).await.unwrap();
    assert_eq!(read.into_changes("n", []).deleted.len(), 1); // of an API that nobody knows, so told to all
}

async fn a_store_keeps_its_id(place: Place) {
    let first = place.open().await.inspect().await.unwrap();
    let again = place.open().await.inspect().await.unwrap();
    assert_eq!(first, again);
    assert_ne!(place.another().await.open().await.inspect().await.unwrap().store_id, first.store_id);
}

async fn a_store_without_its_head_is_damaged(place: Place) {
    let gp = place.open().await;
    place.execute("DELETE FROM head").await;
    for error in [
        gp.tokens().create(rest("a")).await.unwrap_err(),
        gp.verifier().await.unwrap_err(),
        gp.inspect().await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Storage, "store_corrupt"));
        assert!(error.to_string().contains(&gp.place()), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_no_password_is_told() {
    let place = Place::postgres().await;
    let server: url::Url = place.location().parse().unwrap();
    let port = server.port().unwrap();
    // Port 1 is nobody's; the second has no such database; the third speaks no TLS.
    let cases = [
        ("postgres://u:hunter2@127.0.0.1:1/tokens".to_owned(), ErrorKind::Unavailable, "store_unavailable"),
        (
            format!("postgres://postgres:hunter2@127.0.0.1:{port}/nowhere"),
            ErrorKind::Storage,
            "store_missing",
        ),
        (format!("postgres://nobody:hunter2@127.0.0.1:{port}/postgres"), ErrorKind::Storage, "store_login"),
        (
            format!("postgres://u:hunter2@127.0.0.1:{port}/tokens?sslmode=verify-full"),
            ErrorKind::Unavailable,
            "store_tls",
        ),
        (
            format!("postgres://u:hunter2@127.0.0.1:{port}/tokens?sslmode=hunter2"),
            ErrorKind::InvalidInput,
            "store_location",
        ),
        (
            format!("postgres://u@127.0.0.1:{port}/tokens?no_such=hunter2"),
            ErrorKind::InvalidInput,
            "store_location",
        ),
    ];
    for (url, kind, code) in cases {
        let error = OpenOptions::default().open(url.as_str()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{url}: {error:?}");
        let mut said = format!("{error:?} {error}");
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            said = format!("{said} {next} {next:?}");
            cause = next.source();
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn no_open_store_prints_its_password() {
    let place = Place::postgres().await;
    let gp = gatepass::open(place.location().replacen("postgres@", "postgres:hunter2@", 1)).await.unwrap();
    let said = format!("{gp:?} {:?} {:?} {:?}", gp.tokens(), gp.place(), gp.verifier().await.unwrap());
    assert!(said.contains("127.0.0.1") && !said.contains("hunter2"), "{said}");
}

on_each_store!(
    several_may_open_a_new_store_at_once,
    an_older_program_refuses_what_a_newer_one_made,
    a_migration_that_was_changed_since_is_noticed,
    a_store_of_the_first_version_is_brought_up_to_date,
    a_store_keeps_its_id,
    a_store_without_its_head_is_damaged,
);
