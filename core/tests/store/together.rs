//! Changes that are committed together: many share a commit, and none harms another.

use std::time::Duration;

use futures_util::future::join_all;
use gatepass::{Gatepass, NewUser, Permissions, Role, Rotation};

use crate::support::{Place, actions, as_user, rest};

/// Each commit adds to the log: its last frame says how large the database is, which no other frame does
/// (sqlite.org/fileformat2.html, "The WAL header").
fn commits_in(log: &[u8]) -> usize {
    let number = |at: usize| log[at..at + 4].iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    let frame = usize::try_from(number(8)).unwrap() + 24;
    (32..log.len()).step_by(frame).filter(|at| number(at + 4) != 0).count()
}

/// How many commits the database has seen.
async fn commits(place: &Place) -> usize {
    if place.is_sqlite() {
        return commits_in(&std::fs::read(format!("{}-wal", place.location())).unwrap());
    }
    // What a server counts it tells a while later.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut place.raw().await).await.unwrap();
    usize::try_from(count).unwrap()
}

async fn many_creations_share_few_commits(place: Place) {
    let gp = place.open().await;
    let before = commits(&place).await;
    let made = join_all((0..400).map(|number| {
        let gp = gp.clone();
        tokio::spawn(async move { gp.tokens().create(rest(format!("token {number}"))).await.unwrap() })
    }));
    assert_eq!(made.await.len(), 400);
    let after = commits(&place).await;
    assert!(after - before <= 40, "{}", after - before);
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
}

/// Good changes and bad ones of every kind, all at once and so in one transaction.
async fn what_is_refused_leaves_nothing_and_harms_no_other(place: Place) {
    let gp = place.open().await;
    for name in ["taken", "graced"] {
        let _ = gp.tokens().create(rest(name)).await.unwrap();
    }
    let _ = gp.tokens().rotate("graced", Rotation::with_grace(Duration::from_hours(9))).await.unwrap();
    gp.users().create(NewUser::new("eve").role("Security Administrator")).await.unwrap();
    gp.users().create(NewUser::new("root").role("Directory Administrator")).await.unwrap();
    let eve = gp.acting(as_user("eve"));
    let before = actions(&gp).await.len();
    let refused = async |gp: &Gatepass, eve: &Gatepass, kind: usize| match kind {
        0 => gp.tokens().create(rest("taken")).await.map(drop).unwrap_err(),
        1 => gp.tokens().create(rest("bad\n")).await.map(drop).unwrap_err(),
        2 => gp.tokens().rotate("graced", Rotation::default()).await.map(drop).unwrap_err(),
        3 => gp.tokens().revoke_all(["taken", "nobody"]).await.map(drop).unwrap_err(),
        4 => eve.tokens().create(rest("not hers")).await.map(drop).unwrap_err(),
        5 => gp.roles().create(Role::new("Read Only", Permissions::none())).await.map(drop).unwrap_err(),
        6 => gp.users().delete("root").await.unwrap_err(),
        _ => gp.tokens().delete("nobody").await.map(drop).unwrap_err(),
    };
    let work = (0..160).map(async |number: usize| {
        if number.is_multiple_of(2) {
            let _ = gp.tokens().create(rest(format!("good {number}"))).await.unwrap();
        } else {
            refused(&gp, &eve, number / 2 % 8).await;
        }
    });
    join_all(work).await;
    let trail = actions(&gp).await;
    assert_eq!(trail.len() - before, 80);
    assert!(trail[before..].iter().all(|action| action == "token.create"));
    let report = gp.inspect().await.unwrap();
    assert_eq!((report.tokens, report.faults), (82, Vec::new()));
    assert_eq!(gp.tokens().get("taken").await.unwrap().revoked_on, None);
}

/// One that had written before it failed takes the transaction with it: the others are made again, each once.
async fn one_that_fails_late_is_undone_alone(place: Place) {
    let gp = place.open().await;
    let _ = gp.tokens().create(rest("cursed")).await.unwrap();
    let curse = if place.is_sqlite() {
        "CREATE TRIGGER curse BEFORE INSERT ON deletions BEGIN SELECT RAISE(ABORT, 'cursed'); END"
    } else {
        "CREATE FUNCTION curse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'cursed'; END $$ LANGUAGE plpgsql; \
         CREATE TRIGGER curse BEFORE INSERT ON deletions FOR EACH ROW EXECUTE FUNCTION curse()"
    };
    place.execute(curse).await;
    let work = (0..60).map(async |number: usize| {
        if number % 20 == 10 {
            assert_eq!(gp.tokens().delete("cursed").await.unwrap_err().code(), "store_failed");
        } else {
            let _ = gp.tokens().create(rest(format!("good {number}"))).await.unwrap();
        }
    });
    join_all(work).await;
    let report = gp.inspect().await.unwrap();
    assert_eq!((report.tokens, report.audit, report.revision), (58, 58, 58));
    assert_eq!(report.faults, [""; 0]);
    gp.tokens().get("cursed").await.unwrap();
}

/// Whoever stops waiting for an answer does not stop what was asked, and takes nobody along.
async fn who_does_not_wait_for_the_answer_harms_no_other(place: Place) {
    let gp = place.open().await;
    let work = (0..100).map(async |number: u64| {
        let create = async { gp.tokens().create(rest(format!("token {number}"))).await };
        if number.is_multiple_of(2) {
            tokio::time::timeout(Duration::from_micros(number * 20), create).await.ok();
        } else {
            let _ = create.await.unwrap();
        }
    });
    join_all(work).await;
    let report = gp.inspect().await.unwrap();
    assert!((50..=100).contains(&report.tokens));
    assert_eq!((report.audit, report.faults), (report.tokens, Vec::new()));
}

on_each_store!(
    many_creations_share_few_commits,
    what_is_refused_leaves_nothing_and_harms_no_other,
    one_that_fails_late_is_undone_alone,
    who_does_not_wait_for_the_answer_harms_no_other,
);
