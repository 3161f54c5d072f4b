//! Rotation with delivery: whatever happens in between, somebody has a secret that is good.

use std::future::pending;
use std::io;
use std::time::Duration;

use gatepass::{Api, ErrorKind, Gatepass, IdempotencyKey, NewToken, Reason, Rotation, Secret, days};
use tokio::sync::Mutex;

use crate::support::{DAY, HOUR, Place, actions, clock, code, refusal, rest};

type Delivered = Result<(), io::Error>;

/// Begins a rotation, and dies once the new secret has been seen.
async fn crash(gp: &Gatepass, rotation: Rotation) -> Secret {
    let seen = Mutex::new(None);
    let deliver = async |secret: &Secret| -> Delivered {
        *seen.lock().await = Some(secret.clone());
        pending().await
    };
    let tokens = gp.tokens();
    let rotate = tokens.rotate_and_deliver("a", rotation, deliver);
    tokio::select! {
        _ = rotate => panic!("it was delivered"),
        () = async { while seen.lock().await.is_none() { tokio::task::yield_now().await } } => {}
    }
    seen.into_inner().unwrap()
}

async fn the_grace_begins_with_the_delivery(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let first = gp.tokens().create(rest("a")).await.unwrap();
    let deliver = async |secret: &Secret| -> Delivered {
        // Both are good while it is under way, however long that takes.
        clock.advance(DAY);
        assert_eq!(refusal(&gp, &first.secret).await, None);
        assert_eq!(refusal(&gp, secret).await, None);
        Ok(())
    };
    let second = gp.tokens().rotate_and_deliver("a", Rotation::with_grace(HOUR), deliver).await.unwrap();
    assert_eq!(second.token, gp.tokens().get("a").await.unwrap());
    assert_eq!(second.token.grace_until, Some("2026-03-02T10:00:00Z".parse().unwrap()));
    assert_eq!(refusal(&gp, &first.secret).await, None);
    clock.advance(HOUR);
    assert_eq!(refusal(&gp, &first.secret).await, Some(Reason::Superseded));
    assert_eq!(refusal(&gp, &second.secret).await, None);
    assert_eq!(actions(&gp).await[..3], ["token.create", "token.rotate", "token.delivered"]);
}

async fn a_secret_that_cannot_be_delivered_is_dropped(place: Place) {
    let gp = place.open().await;
    let first = gp.tokens().create(rest("a")).await.unwrap();
    let seen = Mutex::new(None);
    let deliver = async |secret: &Secret| {
        *seen.lock().await = Some(secret.clone());
        Err(io::Error::other("the vault is sealed"))
    };
    let error = gp.tokens().rotate_and_deliver("a", Rotation::default(), deliver).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "delivery_failed"));
    assert_eq!(error.cause().unwrap().to_string(), "the vault is sealed");
    assert_eq!(refusal(&gp, &first.secret).await, None);
    assert_eq!(refusal(&gp, &seen.into_inner().unwrap()).await, Some(Reason::WrongSecret));
    let mut token = gp.tokens().get("a").await.unwrap();
    token.rotated_on = None;
    assert_eq!(token, first.token);
    // Nothing is in the way of the next one.
    let second = gp.tokens().rotate_and_deliver("a", Rotation::default(), ok).await.unwrap();
    assert_eq!(refusal(&gp, &first.secret).await, Some(Reason::Superseded));
    assert_eq!(refusal(&gp, &second.secret).await, None);
}

async fn ok(_: &Secret) -> Delivered {
    Ok(())
}

async fn after_a_crash_between_both_secrets_are_good_and_it_can_be_run_again(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let first = gp.tokens().create(rest("a")).await.unwrap();
    let lost = crash(&gp, Rotation::with_grace(HOUR)).await;
    drop(gp);

    let gp = place.open_at(&clock).await;
    clock.advance(30 * DAY);
    assert_eq!(refusal(&gp, &first.secret).await, None);
    assert_eq!(refusal(&gp, &lost).await, None);
    let again = crash(&gp, Rotation::with_grace(HOUR)).await;
    assert_eq!(refusal(&gp, &first.secret).await, None);
    assert_eq!(refusal(&gp, &lost).await, Some(Reason::WrongSecret));
    let second = gp.tokens().rotate_and_deliver("a", Rotation::with_grace(HOUR), ok).await.unwrap();
    assert_eq!(refusal(&gp, &first.secret).await, None);
    assert_eq!(refusal(&gp, &again).await, Some(Reason::WrongSecret));
    assert_eq!(refusal(&gp, &second.secret).await, None);
    clock.advance(HOUR);
    assert_eq!(refusal(&gp, &first.secret).await, Some(Reason::Superseded));
}

async fn a_plain_rotation_too_drops_what_never_arrived(place: Place) {
    let gp = place.open().await;
    let first = gp.tokens().create(rest("a")).await.unwrap();
    let lost = crash(&gp, Rotation::default()).await;
    let second = gp.tokens().rotate("a", Rotation::with_grace(HOUR)).await.unwrap();
    assert_eq!(refusal(&gp, &first.secret).await, None);
    assert_eq!(refusal(&gp, &lost).await, Some(Reason::WrongSecret));
    assert_eq!(refusal(&gp, &second.secret).await, None);
}

async fn what_is_revoked_or_deleted_meanwhile_stays_so(place: Place) {
    let gp = place.open().await;
    for delivers in [true, false] {
        let first = gp.tokens().create(rest("a")).await.unwrap();
        let deliver = async |_: &Secret| {
            gp.tokens().revoke("a").await.unwrap();
            if delivers { Ok(()) } else { Err(io::Error::other("no")) }
        };
        let error = gp.tokens().rotate_and_deliver("a", Rotation::default(), deliver).await.unwrap_err();
        assert_eq!(error.code(), if delivers { "changed_meanwhile" } else { "delivery_failed" });
        assert_eq!(refusal(&gp, &first.secret).await, Some(Reason::Revoked));
        let deliver = async |_: &Secret| -> Delivered { Ok(()) };
        let again = gp.tokens().rotate_and_deliver("a", Rotation::default(), deliver).await;
        assert_eq!(code(again), "token_revoked");
        gp.tokens().delete("a").await.unwrap();
    }
    for (again, expected) in [(true, "changed_meanwhile"), (false, "token_not_found")] {
        let _ = gp.tokens().create(rest("a")).await.unwrap();
        let deliver = async |_: &Secret| -> Delivered {
            gp.tokens().delete("a").await.unwrap();
            if again {
                let _ = gp.tokens().create(rest("a")).await.unwrap();
            }
            Ok(())
        };
        let rotated = gp.tokens().rotate_and_deliver("a", Rotation::default(), deliver).await;
        assert_eq!(code(rotated), expected);
        gp.tokens().delete("a").await.ok();
    }
}

async fn of_two_deliveries_at_once_the_later_rotation_wins(place: Place) {
    let gp = place.open().await;
    let first = gp.tokens().create(rest("a")).await.unwrap();
    let other = Mutex::new(None);
    let deliver = async |_: &Secret| -> Delivered {
        let rotated = gp.tokens().rotate_and_deliver("a", Rotation::default(), ok).await.unwrap();
        *other.lock().await = Some(rotated);
        Ok(())
    };
    let error = gp.tokens().rotate_and_deliver("a", Rotation::default(), deliver).await;
    assert_eq!(code(error), "changed_meanwhile");
    assert_eq!(refusal(&gp, &first.secret).await, Some(Reason::Superseded));
    assert_eq!(refusal(&gp, &other.into_inner().unwrap().secret).await, None);
}

/// What was dropped must not be handed over by another attempt under the same key.
async fn a_key_never_brings_back_a_secret_that_was_dropped(place: Place) {
    let gp = place.open().await;
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    let key = IdempotencyKey::generate().unwrap();
    let fails = async |_: &Secret| Err(io::Error::other("no"));
    let error = gp.tokens().once(&key).rotate_and_deliver("a", Rotation::default(), fails).await;
    assert_eq!(code(error), "delivery_failed");
    let good = async |secret: &Secret| -> Delivered {
        assert_eq!(refusal(&gp, secret).await, None);
        Ok(())
    };
    for _ in 0..2 {
        let _ = gp.tokens().once(&key).rotate_and_deliver("a", Rotation::default(), good).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn a_delivery_may_be_made_in_two_steps(place: Place) {
    let gp = place.open().await;
    let asked = NewToken::new("moved", Api::Rest).expires(days(1)).target_dn("uid=a,o=b");
    let first = gp.tokens().create(asked).await.unwrap();
    let works = async |secret: &gatepass::Secret| {
        gp.tokens().check_secret(Api::Rest, [""; 0], secret.reveal(), None).await.unwrap().is_ok()
    };
    let lost = gp.tokens().begin_rotation("moved", Rotation::default()).await.unwrap();
    assert!(works(&first.secret).await && works(&lost.secret).await);
    gp.tokens().settle("moved", lost.secret.digest(), false).await.unwrap();
    assert!(works(&first.secret).await && !works(&lost.secret).await);
    let again = gp.tokens().settle("moved", lost.secret.digest(), true).await.unwrap_err();
    assert_eq!(again.code(), "changed_meanwhile");

    let arrived = gp.tokens().begin_rotation("moved", Rotation::default()).await.unwrap();
    gp.tokens().settle("moved", arrived.secret.digest(), true).await.unwrap();
    assert!(!works(&first.secret).await && works(&arrived.secret).await);
}

on_each_store!(
    a_delivery_may_be_made_in_two_steps,
    the_grace_begins_with_the_delivery,
    a_secret_that_cannot_be_delivered_is_dropped,
    after_a_crash_between_both_secrets_are_good_and_it_can_be_run_again,
    a_plain_rotation_too_drops_what_never_arrived,
    what_is_revoked_or_deleted_meanwhile_stays_so,
    of_two_deliveries_at_once_the_later_rotation_wins,
    a_key_never_brings_back_a_secret_that_was_dropped,
);
