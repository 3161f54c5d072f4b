//! The order of revisions is the order of commits: whoever has seen revision R has seen all up to it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gatepass::{Api, Gatepass, Secret};
use sqlx::{AnyConnection, Row as _};

use crate::support::{Place, rest};

/// All revisions of one moment: where the head is, and each change that is to be seen.
async fn look(conn: &mut AnyConnection) -> (i64, Vec<i64>) {
    let sql = "SELECT (SELECT revision FROM head), revision FROM tokens ORDER BY tokens.revision";
    let rows = sqlx::query(sql).fetch_all(conn).await.unwrap();
    let head = rows.first().map_or(0, |row| row.get(0));
    (head, rows.iter().map(|row| row.get(1)).collect())
}

/// Two writers in turn and at once; a third looks all the time. Creations alone: each takes one number, for good.
async fn nobody_sees_a_revision_without_those_before_it(place: Place) {
    let writers = [place.open().await, place.open().await];
    let done = AtomicBool::new(false);
    let mut conn = place.raw().await;
    let watch = async {
        let (mut looks, mut last) = (0, 0);
        while !done.load(Ordering::SeqCst) {
            let (head, seen) = look(&mut conn).await;
            assert_eq!(seen, (1..=head).collect::<Vec<_>>());
            assert!(head >= last);
            (looks, last) = (looks + 1, head);
            tokio::task::yield_now().await;
        }
        looks
    };
    let write = async {
        let tasks = (0..200).map(async |number: usize| {
            let gp = &writers[number % 2];
            let made = gp.tokens().create(rest(format!("token {number}"))).await.unwrap();
            // Acknowledged is readable, by the other one too.
            writers[(number + 1) % 2].tokens().get(&made.token.name).await.unwrap();
        });
        futures_util::future::join_all(tasks).await;
        done.store(true, Ordering::SeqCst);
    };
    let (looks, ()) = tokio::join!(watch, write);
    assert!(looks > 3);
}

/// The same by way of the verifier: at each revision that it says it has, it knows all tokens up to it.
async fn no_verifier_is_ahead_of_what_it_knows(place: Place) {
    let writers = [place.open().await, place.open().await];
    let reader = place.open().await;
    let verifier = reader.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    let (sender, mut made) = tokio::sync::mpsc::unbounded_channel::<(i64, Secret)>();
    let write = |gp: Gatepass, start: usize| {
        let sender = sender.clone();
        async move {
            for number in (start..120).step_by(2) {
                let new = gp.tokens().create(rest(format!("token {number}"))).await.unwrap();
                sender.send((new.revision, new.secret)).unwrap();
            }
        }
    };
    let writing = [tokio::spawn(write(writers[0].clone(), 0)), tokio::spawn(write(writers[1].clone(), 1))];
    drop(sender);
    let mut known = BTreeMap::new();
    while let Some((revision, secret)) = made.recv().await {
        known.insert(revision, secret);
        let reached = verifier.revision();
        for (revision, secret) in known.range(..=reached) {
            assert!(guard.check_secret(secret.reveal(), None).is_ok(), "{revision} of {reached}");
        }
    }
    for task in writing {
        task.await.unwrap();
    }
    verifier.wait_for(120).await.unwrap();
    assert!(known.values().all(|secret| guard.check_secret(secret.reveal(), None).is_ok()));
}

/// One who has taken a number and not yet committed holds up the others; their numbers come after it.
async fn whoever_holds_the_head_goes_first(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    let verifier = one.verifier().await.unwrap();
    let _ = one.tokens().create(rest("before")).await.unwrap();
    let mut holder = place.raw().await;
    let begin = if place.is_sqlite() { "BEGIN IMMEDIATE" } else { "BEGIN" };
    sqlx::raw_sql(begin).execute(&mut holder).await.unwrap();
    sqlx::raw_sql("UPDATE head SET revision = revision + 1").execute(&mut holder).await.unwrap();
    let waiting: Vec<_> = [one.clone(), two.clone(), one.clone(), two.clone()]
        .into_iter()
        .enumerate()
        .map(|(number, gp)| {
            tokio::spawn(async move { gp.tokens().create(rest(format!("after {number}"))).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(waiting.iter().all(|task| !task.is_finished()));
    // Reading waits for nobody, and sees nothing of what is under way.
    assert_eq!(two.inspect().await.unwrap().revision, 1);
    assert_eq!(verifier.revision(), 1);
    sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    let mut revisions = Vec::new();
    for task in waiting {
        revisions.push(task.await.unwrap().unwrap().revision);
    }
    revisions.sort_unstable();
    assert_eq!(revisions, [3, 4, 5, 6]);
    verifier.wait_for(6).await.unwrap();
}

on_each_store!(
    nobody_sees_a_revision_without_those_before_it,
    no_verifier_is_ahead_of_what_it_knows,
    whoever_holds_the_head_goes_first,
);
