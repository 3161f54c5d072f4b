//! A verifier that follows a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gatepass::{
    Api, Area, Clock, Gatepass, Guard, Level, NewToken, OpenOptions, Permissions, Reason, Role, Rotation,
    Secret, SystemClock, Timestamp, days,
};

use crate::support::{HOUR, Place, code, rest, until};

async fn guard(gp: &Gatepass) -> Guard {
    gp.verifier().await.unwrap().guard(Api::Rest, [""; 0]).unwrap()
}

fn says(guard: &Guard, secret: &Secret) -> Option<Reason> {
    guard.check_secret(secret.reveal(), None).err().map(|denied| denied.reason)
}

/// How long until it says so.
async fn soon(guard: &Guard, secret: &Secret, expected: Option<Reason>) -> Duration {
    let start = SystemClock.boot_time();
    until("what another process did", async || says(guard, secret) == expected).await;
    SystemClock.boot_time().saturating_sub(start)
}

/// Two handles share nothing but the store: they are as two processes.
async fn what_one_process_does_another_one_sees_in_time(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    let guard = guard(&two).await;
    let mut slowest = Duration::ZERO;
    for round in 0..5 {
        let name = format!("token {round}");
        let new = one.tokens().create(rest(&name)).await.unwrap();
        slowest = slowest.max(soon(&guard, &new.secret, None).await);
        let rotated = one.tokens().rotate(&name, Rotation::default()).await.unwrap();
        slowest = slowest.max(soon(&guard, &new.secret, Some(Reason::Superseded)).await);
        one.tokens().revoke(&name).await.unwrap();
        slowest = slowest.max(soon(&guard, &rotated.secret, Some(Reason::Revoked)).await);
        one.tokens().delete(&name).await.unwrap();
        slowest = slowest.max(soon(&guard, &rotated.secret, Some(Reason::Unknown)).await);
    }
    // It looks every 50 or 100 ms; the rest is for a machine that has other things to do.
    assert!(slowest < Duration::from_millis(900), "{slowest:?}");
    assert_eq!(two.tokens().get("token 0").await.unwrap_err().code(), "token_not_found");
}

async fn what_this_process_did_is_there_when_it_was_waited_for(place: Place) {
    let gp = place.open().await;
    let verifier = gp.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    for round in 0..20 {
        let name = format!("token {round}");
        let new = gp.tokens().create(rest(&name)).await.unwrap();
        verifier.wait_for(new.revision).await.unwrap();
        assert!(verifier.revision() >= new.revision);
        assert_eq!(says(&guard, &new.secret), None);
        let revoked = gp.tokens().revoke(&name).await.unwrap();
        verifier.wait_for(revoked.revision).await.unwrap();
        assert_eq!(says(&guard, &new.secret), Some(Reason::Revoked));
    }
    let early = tokio::time::timeout(Duration::from_millis(300), verifier.wait_for(i64::MAX)).await;
    early.unwrap_err();
}

async fn a_role_that_changes_binds_tokens_that_were_issued(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    let role = |level| Role::new("ops", Permissions::none().with(Area::Settings, level));
    one.roles().create(role(Level::Edit)).await.unwrap();
    let asked = NewToken::new("a", Api::Config).expires(days(1)).role("ops");
    let new = one.tokens().create(asked).await.unwrap();
    let guard = two.verifier().await.unwrap().guard(Api::Config, ["SCOPE_SETTINGS_EDIT"]).unwrap();
    assert_eq!(says(&guard, &new.secret), None);
    one.roles().update(role(Level::View)).await.unwrap();
    soon(&guard, &new.secret, Some(Reason::InsufficientScope)).await;
    one.roles().update(role(Level::Edit)).await.unwrap();
    soon(&guard, &new.secret, None).await;
}

async fn it_goes_on_when_the_one_who_made_it_is_dropped(place: Place) {
    let one = place.open().await;
    let two = place.open().await;
    let verifier = two.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    drop(two);
    let first = one.tokens().create(rest("a")).await.unwrap();
    soon(&guard, &first.secret, None).await;
    drop(verifier);
    let copy = guard.clone();
    drop(guard);
    one.tokens().revoke("a").await.unwrap();
    soon(&copy, &first.secret, Some(Reason::Revoked)).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(says(&copy, &first.secret), Some(Reason::Revoked));
}

async fn what_was_closed_does_nothing_more_and_what_follows_goes_on(place: Place) {
    let gp = place.open().await;
    let new = gp.tokens().create(rest("a")).await.unwrap();
    let guard = guard(&gp).await;
    let clone = gp.clone();
    gp.close().await;
    gp.close().await;
    let elsewhere = place.another().await;
    let other = elsewhere.open().await;
    for gp in [gp, clone] {
        assert_eq!(code(gp.tokens().create(rest("b")).await), "closed");
        assert_eq!(code(gp.tokens().get("a").await), "closed");
        assert_eq!(code(gp.tokens().revoke("a").await), "closed");
        assert_eq!(code(gp.roles().list().await), "closed");
        assert_eq!(code(gp.users().list().await), "closed");
        assert_eq!(code(gp.audit().last().await), "closed");
        assert_eq!(code(gp.inspect().await), "closed");
        assert_eq!(code(gp.verifier().await), "closed");
        assert_eq!(code(gp.copy_to(&other, |_| {}).await), "closed");
        assert_eq!(code(other.copy_to(&gp, |_| {}).await), "closed");
    }
    assert_eq!(says(&guard, &new.secret), None);
    place.open().await.tokens().revoke("a").await.unwrap();
    soon(&guard, &new.secret, Some(Reason::Revoked)).await;
}

async fn what_was_asked_before_closing_is_finished(place: Place) {
    let gp = place.open().await;
    let asked: Vec<_> = (0..100)
        .map(|number| {
            let gp = gp.clone();
            tokio::spawn(async move { gp.tokens().create(rest(format!("token {number}"))).await })
        })
        .collect();
    tokio::task::yield_now().await;
    gp.close().await;
    let mut made = 0;
    for task in asked {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert_eq!(error.code(), "closed"),
        }
    }
    assert_eq!(place.open().await.inspect().await.unwrap().tokens, made);
}

/// Once nobody has it any more, nothing has a connection either.
async fn dropping_everything_stops_everything(place: Place) {
    let gp = place.open().await;
    let guard = guard(&gp).await;
    let new = gp.tokens().create(rest("a").expires(days(1))).await.unwrap();
    soon(&guard, &new.secret, None).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(tasks() >= 2);
    drop((gp, guard));
    until("the end of the tasks", async || tasks() == 0).await;
    if !place.is_sqlite() {
        let mut conn = place.raw().await;
        let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()";
        until("the end of the connections", async || {
            sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut conn).await.unwrap() == 1
        })
        .await;
    }
}

async fn an_index_is_loaded_with_all_that_there_is(place: Place) {
    let gp = place.open().await;
    let mut made = Vec::new();
    for number in 0..50 {
        made.push(gp.tokens().create(rest(format!("token {number}"))).await.unwrap());
    }
    let old = gp.tokens().rotate("token 1", Rotation::with_grace(HOUR)).await.unwrap();
    gp.tokens().delete("token 2").await.unwrap();
    let guard = guard(&place.open().await).await;
    assert_eq!(says(&guard, &old.secret), None);
    for (number, new) in made.iter().enumerate() {
        assert_eq!(says(&guard, &new.secret), (number == 2).then_some(Reason::Unknown));
    }
}

/// A clock on which loading took two seconds: it jumps once it has been looked at.
#[derive(Debug, Default)]
struct SlowLoading(AtomicBool);

impl Clock for SlowLoading {
    fn now(&self) -> Timestamp {
        crate::support::instant(crate::support::START)
    }

    fn boot_time(&self) -> Duration {
        if self.0.swap(true, Ordering::SeqCst) { Duration::from_secs(2) } else { Duration::ZERO }
    }
}

async fn a_verifier_that_was_long_in_loading_is_fresh_when_it_is_there(place: Place) {
    let gp = place.open_with(OpenOptions::default().clock(Arc::new(SlowLoading::default()))).await;
    let new = gp.tokens().create(rest("a")).await.unwrap();
    assert_eq!(says(&guard(&gp).await, &new.secret), None);
}

/// Who has missed more than is remembered of deletions starts over.
async fn deletions_that_are_forgotten_are_not_missed(place: Place) {
    let clock = crate::support::clock();
    let one = place.open_at(&clock).await;
    let new = one.tokens().create(rest("a")).await.unwrap();
    one.tokens().create(rest("b")).await.map(drop).unwrap();
    one.tokens().delete("b").await.unwrap();
    clock.advance(8 * crate::support::DAY);
    one.tokens().create(rest("c")).await.map(drop).unwrap();
    one.tokens().delete("c").await.unwrap();
    let mut conn = place.raw().await;
    let sql = "SELECT COUNT(*) FROM deletions";
    assert_eq!(sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut conn).await.unwrap(), 1);

    let guard = guard(&place.open_at(&clock).await).await;
    assert_eq!(says(&guard, &new.secret), None);
    // As if it had slept through it all: the token goes, and what tells of it too.
    let sql = "BEGIN; DELETE FROM tokens WHERE name = 'a'; \
               UPDATE head SET revision = revision + 1, kept_from = revision + 1; COMMIT";
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    soon(&guard, &new.secret, Some(Reason::Unknown)).await;
}

on_each_store!(
    what_one_process_does_another_one_sees_in_time,
    what_this_process_did_is_there_when_it_was_waited_for,
    a_role_that_changes_binds_tokens_that_were_issued,
    it_goes_on_when_the_one_who_made_it_is_dropped,
    what_was_closed_does_nothing_more_and_what_follows_goes_on,
    what_was_asked_before_closing_is_finished,
    dropping_everything_stops_everything,
    an_index_is_loaded_with_all_that_there_is,
    a_verifier_that_was_long_in_loading_is_fresh_when_it_is_there,
    deletions_that_are_forgotten_are_not_missed,
);
