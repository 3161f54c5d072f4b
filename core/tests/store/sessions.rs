//! Sessions, and what ends them.

use gatepass::{Gatepass, NewUser, Password, User, UserChange};

use crate::support::{HOUR, Place, clock, code, instant};

fn word() -> Password {
    Password::new("correct horse battery")
}

async fn alice(gp: &Gatepass) -> User {
    gp.users().create(NewUser::new("alice").password(word())).await.unwrap()
}

async fn a_session_lasts_until_it_is_ended_or_over(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let user = alice(&gp).await;
    let begin = async |until: &str| gp.sessions().begin(&user, instant(until)).await.unwrap();
    let (one, two) = (begin("2026-03-01T10:00:00Z").await, begin("2026-03-01T11:00:00Z").await);
    assert_ne!(one, two);
    assert_eq!(gp.sessions().user(&one).await.unwrap().as_ref(), Some(&user));
    clock.advance(HOUR);
    assert_eq!(gp.sessions().user(&one).await.unwrap(), None);
    assert!(gp.sessions().user(&two).await.unwrap().is_some());
    assert!(gp.sessions().end(&two).await.unwrap());
    assert!(!gp.sessions().end(&two).await.unwrap());
    assert_eq!(gp.sessions().user(&two).await.unwrap(), None);
    for nonsense in ["", "x", "a\0b", "\u{540d}"] {
        assert_eq!(gp.sessions().user(nonsense).await.unwrap(), None);
        assert!(!gp.sessions().end(nonsense).await.unwrap());
    }
}

async fn a_new_password_being_disabled_and_being_removed_end_all_sessions(place: Place) {
    let gp = place.open().await;
    let mut user = alice(&gp).await;
    gp.users().create(NewUser::new("bob")).await.unwrap();
    let bob = gp.users().get("bob").await.unwrap();
    let until = instant("9999-01-01T00:00:00Z");
    let bobs = gp.sessions().begin(&bob, until).await.unwrap();
    let ended = async |id: &str| gp.sessions().user(id).await.unwrap().is_none();
    let (one, two) =
        (gp.sessions().begin(&user, until).await.unwrap(), gp.sessions().begin(&user, until).await.unwrap());
    gp.users().set_password("alice", &Password::new("another correct horse")).await.unwrap();
    assert!(ended(&one).await && ended(&two).await);
    user = gp.users().get("alice").await.unwrap();
    let three = gp.sessions().begin(&user, until).await.unwrap();
    gp.users().update("alice", UserChange::default().active(false)).await.unwrap();
    assert!(ended(&three).await);
    gp.users().update("alice", UserChange::default().active(true)).await.unwrap();
    assert!(ended(&three).await);
    let four = gp.sessions().begin(&user, until).await.unwrap();
    gp.users().delete("alice").await.unwrap();
    assert!(ended(&four).await);
    alice(&gp).await;
    assert!(ended(&four).await);
    assert!(!ended(&bobs).await);
}

/// Whoever signed in with a password that was changed before the session began is not in.
async fn a_session_does_not_begin_for_who_has_changed_since_signing_in(place: Place) {
    let gp = place.open().await;
    alice(&gp).await;
    let until = instant("9999-01-01T00:00:00Z");
    let user = gp.users().sign_in("alice", &word()).await.unwrap().unwrap();
    gp.users().set_password("alice", &Password::new("another correct horse")).await.unwrap();
    assert_eq!(code(gp.sessions().begin(&user, until).await), "signed_out");
    let user = gp.users().get("alice").await.unwrap();
    gp.users().update("alice", UserChange::default().active(false)).await.unwrap();
    assert_eq!(code(gp.sessions().begin(&user, until).await), "signed_out");
    gp.users().delete("alice").await.unwrap();
    assert_eq!(code(gp.sessions().begin(&user, until).await), "signed_out");
}

on_each_store!(
    a_session_lasts_until_it_is_ended_or_over,
    a_new_password_being_disabled_and_being_removed_end_all_sessions,
    a_session_does_not_begin_for_who_has_changed_since_signing_in,
);
