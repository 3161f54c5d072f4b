//! Rotation, with and without grace.

use std::time::Duration;

use gatepass::{AuditFilter, Outcome, Reason, Rotation, days};

use crate::support::{DAY, HOUR, Place, clock, code, refusal, rest};

async fn both_secrets_are_good_until_the_grace_is_over(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let new = gp.tokens().create(rest("a")).await.unwrap();
    clock.advance(DAY);
    let rotated = gp.tokens().rotate("a", Rotation::with_grace(HOUR)).await.unwrap();
    assert_eq!(rotated.token.id, new.token.id);
    assert_eq!(rotated.token.expires_on, new.token.expires_on);
    assert_eq!(rotated.token.rotated_on, Some("2026-03-02T09:00:00Z".parse().unwrap()));
    assert_eq!(gp.tokens().get("a").await.unwrap(), rotated.token);
    for (advance, old) in [(0, None), (3_599_999, None), (1, Some(Reason::Superseded))] {
        clock.advance(Duration::from_millis(advance));
        assert_eq!(refusal(&gp, &new.secret).await, old);
        assert_eq!(refusal(&gp, &rotated.secret).await, None);
    }
    let cut = gp.tokens().rotate("a", Rotation::default()).await.unwrap();
    assert_eq!(refusal(&gp, &rotated.secret).await, Some(Reason::Superseded));
    assert_eq!(refusal(&gp, &new.secret).await, Some(Reason::WrongSecret));
    assert_eq!(refusal(&gp, &cut.secret).await, None);
}

async fn the_use_of_a_superseded_secret_is_in_the_audit_trail(place: Place) {
    let gp = place.open().await;
    let new = gp.tokens().create(rest("a")).await.unwrap();
    let _ = gp.tokens().rotate("a", Rotation::default()).await.unwrap();
    assert_eq!(refusal(&gp, &new.secret).await, Some(Reason::Superseded));
    let trail = gp.audit().list(&AuditFilter::default()).await.unwrap();
    let last = trail.last().unwrap();
    assert_eq!((last.action.as_str(), last.subject.as_deref()), ("token.superseded", Some("a")));
    assert_eq!((last.outcome, last.code.as_deref()), (Outcome::Refused, Some("superseded")));
    assert_eq!(last.number, 3);
}

async fn in_grace_only_a_forced_rotation_goes_on_and_ends_the_oldest_secret(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let first = gp.tokens().create(rest("a")).await.unwrap();
    let second = gp.tokens().rotate("a", Rotation::with_grace(HOUR)).await.unwrap();
    assert_eq!(code(gp.tokens().rotate("a", Rotation::default()).await), "rotation_in_grace");
    let third = gp.tokens().rotate("a", Rotation::with_grace(HOUR).force()).await.unwrap();
    assert_eq!(refusal(&gp, &first.secret).await, Some(Reason::WrongSecret));
    assert_eq!(refusal(&gp, &second.secret).await, None);
    assert_eq!(refusal(&gp, &third.secret).await, None);
    clock.advance(HOUR);
    let _ = gp.tokens().rotate("a", Rotation::default()).await.unwrap();
}

async fn a_grace_ends_with_the_old_secrets_own_life(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let new = gp.tokens().create(rest("a").expires(days(1))).await.unwrap();
    let rotation = Rotation::with_grace(10 * DAY).expires(days(30));
    let rotated = gp.tokens().rotate("a", rotation).await.unwrap();
    assert_eq!(rotated.token.grace_until, new.token.expires_on);
    assert!(rotated.token.expires_on > new.token.expires_on);
    clock.advance(DAY);
    assert_eq!(refusal(&gp, &new.secret).await, Some(Reason::Superseded));
    assert_eq!(refusal(&gp, &rotated.secret).await, None);
}

async fn what_is_over_is_not_rotated(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let _ = gp.tokens().create(rest("revoked")).await.unwrap();
    gp.tokens().revoke("revoked").await.unwrap();
    let _ = gp.tokens().create(rest("expired").expires(days(1))).await.unwrap();
    clock.advance(DAY);
    assert_eq!(code(gp.tokens().rotate("revoked", Rotation::default().force()).await), "token_revoked");
    assert_eq!(code(gp.tokens().rotate("expired", Rotation::default().force()).await), "token_expired");
    assert_eq!(code(gp.tokens().rotate("nobody", Rotation::default()).await), "token_not_found");
    let too_long = Rotation::default().expires(days(400));
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    assert_eq!(code(gp.tokens().rotate("a", too_long).await), "expiration_too_late");
}

async fn revoking_ends_both_secrets(place: Place) {
    let gp = place.open().await;
    let first = gp.tokens().create(rest("a")).await.unwrap();
    let second = gp.tokens().rotate("a", Rotation::with_grace(HOUR)).await.unwrap();
    gp.tokens().revoke("a").await.unwrap();
    for secret in [&first.secret, &second.secret] {
        assert_eq!(refusal(&gp, secret).await, Some(Reason::Revoked));
    }
}

on_each_store!(
    both_secrets_are_good_until_the_grace_is_over,
    the_use_of_a_superseded_secret_is_in_the_audit_trail,
    in_grace_only_a_forced_rotation_goes_on_and_ends_the_oldest_secret,
    a_grace_ends_with_the_old_secrets_own_life,
    what_is_over_is_not_rotated,
    revoking_ends_both_secrets,
);
