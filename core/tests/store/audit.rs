//! The audit trail.

use gatepass::{Acting, Actor, AuditFilter, NewUser, Outcome, Rotation};

use crate::support::{HOUR, Place, as_user, clock, code, instant, rest};

async fn numbers_have_no_gaps_whatever_is_refused_between(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    let work = (0..60).map(async |number| {
        let gp = if number % 2 == 0 { &one } else { &two };
        let name = format!("token {}", number / 3);
        gp.tokens().create(rest(&name)).await.map(drop).ok();
        gp.tokens().rotate(&name, Rotation::with_grace(HOUR)).await.map(drop).ok();
        gp.tokens().create(rest("a\0")).await.unwrap_err();
        gp.tokens().revoke(&name).await.map(drop)
    });
    for result in futures_util::future::join_all(work).await {
        result.unwrap();
    }
    let mut filter = AuditFilter::default();
    filter.limit = Some(1000);
    let trail = one.audit().list(&filter).await.unwrap();
    assert!(trail.len() >= 40);
    for (entry, number) in trail.iter().zip(1..) {
        assert_eq!(entry.number, number);
    }
    assert_eq!(two.audit().last().await.unwrap(), i64::try_from(trail.len()).unwrap());
    // Each token was created once, and revoked once.
    for action in ["token.create", "token.revoke"] {
        assert_eq!(trail.iter().filter(|entry| entry.action == action).count(), 20);
    }
    assert_eq!(one.inspect().await.unwrap().faults, [""; 0]);
}

async fn each_filter_finds_what_fits(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    gp.users().create(NewUser::new("alice").role("Directory Administrator")).await.unwrap();
    let alice = gp
        .acting(as_user("alice").from_peer("192.0.2.7".parse().unwrap()).with_request_id("req-1 \u{1F511}"));
    clock.advance(HOUR);
    let _ = alice.tokens().create(rest("a%b")).await.unwrap();
    clock.advance(HOUR);
    let _ = gp.tokens().create(rest("A%B")).await.unwrap();
    alice.tokens().revoke("a%b").await.unwrap();
    alice.audit().refused("session.begin", Some("bob"), "wrong_password").await.unwrap();

    let found = async |set: &dyn Fn(&mut AuditFilter)| {
        let mut filter = AuditFilter::default();
        set(&mut filter);
        let entries = gp.audit().list(&filter).await.unwrap();
        entries.into_iter().map(|entry| entry.number).collect::<Vec<_>>()
    };
    assert_eq!(found(&|_| {}).await, [1, 2, 3, 4, 5]);
    assert_eq!(found(&|filter| filter.after = 3).await, [4, 5]);
    assert_eq!(found(&|filter| filter.limit = Some(2)).await, [1, 2]);
    assert_eq!(found(&|filter| filter.action = Some("token.".into())).await, [2, 3, 4]);
    assert_eq!(found(&|filter| filter.action = Some("token.create".into())).await, [2, 3]);
    // A text stands for itself, on either system: no pattern, and its case counts.
    for action in ["Token.", "token%", "t_ken", "\\", "oken", "a\0"] {
        assert_eq!(found(&|filter| filter.action = Some(action.into())).await, [0; 0]);
    }
    assert_eq!(found(&|filter| filter.actor = Some("user:alice".into())).await, [2, 4, 5]);
    assert_eq!(found(&|filter| filter.actor = Some("owner:local".into())).await, [1, 3]);
    assert_eq!(found(&|filter| filter.actor = Some("x\0".into())).await, [0; 0]);
    assert_eq!(found(&|filter| filter.subject = Some("a%b".into())).await, [2, 4]);
    assert_eq!(found(&|filter| filter.outcome = Some(Outcome::Refused)).await, [5]);
    assert_eq!(found(&|filter| filter.outcome = Some(Outcome::Done)).await, [1, 2, 3, 4]);
    assert_eq!(found(&|filter| filter.since = Some(instant("2026-03-01T10:00:00Z"))).await, [2, 3, 4, 5]);
    assert_eq!(found(&|filter| filter.until = Some(instant("2026-03-01T11:00:00Z"))).await, [1, 2]);
    assert_eq!(found(&|filter| filter.before = Some(3)).await, [1, 2]);
    assert_eq!(found(&|filter| filter.newest_first = true).await, [5, 4, 3, 2, 1]);
    let backwards = |filter: &mut AuditFilter| {
        (filter.newest_first, filter.before, filter.limit) = (true, Some(4), Some(2));
        filter.action = Some("token.".into());
    };
    assert_eq!(found(&backwards).await, [3, 2]);
    let several = |filter: &mut AuditFilter| {
        filter.actor = Some("user:alice".into());
        filter.action = Some("token.".into());
        filter.after = 2;
    };
    assert_eq!(found(&several).await, [4]);

    let entry = &gp.audit().list(&AuditFilter::default()).await.unwrap()[3];
    assert_eq!(entry.happened, instant("2026-03-01T11:00:00Z"));
    assert_eq!((entry.actor.as_str(), entry.action.as_str()), ("user:alice", "token.revoke"));
    assert_eq!(entry.peer, Some("192.0.2.7".parse().unwrap()));
    assert_eq!(entry.request_id.as_deref(), Some("req-1 \u{1F511}"));
}

async fn an_entry_commits_with_its_change_or_not_at_all(place: Place) {
    let gp = place.open().await;
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    let _ = gp.tokens().create(rest("b")).await.unwrap();
    // An entry that cannot be written takes the change with it.
    place
        .execute(
            "INSERT INTO audit (number, happened, action, actor, outcome) VALUES (3, 0, 'x', 'x', 'done')",
        )
        .await;
    gp.tokens().revoke("a").await.unwrap_err();
    gp.tokens().delete("b").await.unwrap_err();
    assert_eq!(gp.tokens().get("a").await.unwrap().revoked_on, None);
    gp.tokens().get("b").await.unwrap();
    assert_eq!(gp.audit().last().await.unwrap(), 2);
    assert_ne!(gp.inspect().await.unwrap().faults, [""; 0]);
    place.execute("DELETE FROM audit WHERE number = 3").await;
    gp.tokens().revoke("a").await.unwrap();
    assert_eq!(gp.audit().last().await.unwrap(), 3);
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
}

async fn a_change_in_the_name_of_nobody_is_not_in_the_trail(place: Place) {
    let gp = place.open().await;
    let nobody = gp.acting(Acting::new(Actor::User("nobody".into())));
    assert_eq!(code(nobody.tokens().create(rest("a")).await), "actor_unknown");
    assert_eq!(gp.audit().last().await.unwrap(), 0);
}

on_each_store!(
    numbers_have_no_gaps_whatever_is_refused_between,
    each_filter_finds_what_fits,
    an_entry_commits_with_its_change_or_not_at_all,
    a_change_in_the_name_of_nobody_is_not_in_the_trail,
);
