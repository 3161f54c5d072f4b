//! Revoking, deleting, purging.

use futures_util::stream::{self, StreamExt as _};
use gatepass::{Reason, days};

use crate::support::{DAY, HOUR, Place, actions, clock, code, instant, refusal, rest};

async fn revoking_twice_is_revoking_once(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    let first = gp.tokens().revoke("a").await.unwrap();
    clock.advance(HOUR);
    let second = gp.tokens().revoke("a").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first.token.revoked_on, Some(instant("2026-03-01T09:00:00Z")));
    assert_eq!(actions(&gp).await, ["token.create", "token.revoke"]);
    let error = gp.tokens().revoke("b").await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("token_not_found", Some("name")));
}

async fn several_are_revoked_all_or_none(place: Place) {
    let gp = place.open().await;
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(gp.tokens().create(rest(name)).await.unwrap());
    }
    let error = gp.tokens().revoke_all(["a", "nobody", "b"]).await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("token_not_found", Some("names[1]")));
    for new in &made {
        assert_eq!(refusal(&gp, &new.secret).await, None);
    }
    assert_eq!(actions(&gp).await.len(), 3);
    // One that is named twice is revoked once, and answered twice.
    let revoked = gp.tokens().revoke_all(["c", "a", "c"]).await.unwrap();
    let names: Vec<_> = revoked.iter().map(|revoked| revoked.token.name.as_str()).collect();
    assert_eq!(names, ["c", "a", "c"]);
    assert_eq!(revoked[0], revoked[2]);
    assert_eq!(refusal(&gp, &made[0].secret).await, Some(Reason::Revoked));
    assert_eq!(refusal(&gp, &made[1].secret).await, None);
    assert_eq!(actions(&gp).await.len(), 5);
    assert_eq!(gp.tokens().revoke_all([""; 0]).await.unwrap(), []);
}

async fn what_is_deleted_is_gone_and_only_once(place: Place) {
    let gp = place.open().await;
    let new = gp.tokens().create(rest("a")).await.unwrap();
    gp.tokens().delete("a").await.unwrap();
    assert_eq!(code(gp.tokens().delete("a").await), "token_not_found");
    assert_eq!(code(gp.tokens().get("a").await), "token_not_found");
    assert_eq!(refusal(&gp, &new.secret).await, Some(Reason::Unknown));
}

async fn a_purge_removes_what_has_been_over_for_long_and_nothing_else(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    stream::iter(0..612)
        .for_each_concurrent(300, async |number| {
            let _ = gp.tokens().create(rest(format!("old {number}")).expires(days(1))).await.unwrap();
        })
        .await;
    for name in ["revoked before", "revoked after", "good"] {
        let _ = gp.tokens().create(rest(name)).await.unwrap();
    }
    let _ = gp.tokens().create(rest("expired after").expires(days(3))).await.unwrap();
    clock.advance(DAY);
    gp.tokens().revoke("revoked before").await.unwrap();
    clock.advance(2 * DAY);
    gp.tokens().revoke("revoked after").await.unwrap();

    let mut steps = Vec::new();
    let before = instant("2026-03-04T09:00:00Z");
    let gone = gp.tokens().purge(before, |gone| steps.push(gone)).await.unwrap();
    assert_eq!((gone, steps), (613, vec![500, 613]));
    let report = gp.inspect().await.unwrap();
    assert_eq!((report.tokens, report.faults), (3, Vec::new()));
    assert_eq!(code(gp.tokens().get("revoked before").await), "token_not_found");
    let purged = actions(&gp).await.iter().filter(|action| *action == "token.purge").count();
    assert_eq!(purged, 613);
    // An instant that is still to come is no reason to remove what may yet be used.
    assert_eq!(gp.tokens().purge(instant("9999-01-01T00:00:00Z"), |_| {}).await.unwrap(), 0);
    clock.advance(HOUR);
    assert_eq!(gp.tokens().purge(instant("9999-01-01T00:00:00Z"), |_| {}).await.unwrap(), 2);
    gp.tokens().get("good").await.unwrap();
}

on_each_store!(
    revoking_twice_is_revoking_once,
    several_are_revoked_all_or_none,
    what_is_deleted_is_gone_and_only_once,
    a_purge_removes_what_has_been_over_for_long_and_nothing_else,
);
