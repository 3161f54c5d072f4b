//! A store, from outside.
#![cfg(feature = "sqlite")]

use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::{Api, NewToken, Reason, Rotation, TokenFilter, days};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_its_life_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let gp = gatepass::open(folder.path().join("tokens.db")).await.unwrap();
    let verifier = gp.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, ["orders:read"]).unwrap();

    let asked =
        NewToken::new("nightly", Api::Rest).expires(days(90)).scope("orders:read").target_dn("uid=a,o=b");
    let new = gp.tokens().create(asked.clone().description("für die Nacht")).await.unwrap();
    verifier.wait_for(new.revision).await.unwrap();
    assert_eq!(guard.check_secret(new.secret.reveal(), None).unwrap().target_dn(), Some("uid=a,o=b"));
    assert_eq!(gp.tokens().get("nightly").await.unwrap(), new.token);
    assert_eq!(gp.tokens().create(asked).await.unwrap_err().code(), "name_taken");

    let rotated = gp.tokens().rotate("nightly", Rotation::with_grace(Duration::from_hours(1))).await.unwrap();
    verifier.wait_for(rotated.revision).await.unwrap();
    assert!(guard.check_secret(new.secret.reveal(), None).is_ok());
    assert!(guard.check_secret(rotated.secret.reveal(), None).is_ok());

    let revoked = gp.tokens().revoke("nightly").await.unwrap();
    verifier.wait_for(revoked.revision).await.unwrap();
    assert_eq!(guard.check_secret(new.secret.reveal(), None).unwrap_err().reason, Reason::Revoked);
    let list: Vec<_> = gp.tokens().list(TokenFilter::default().api(Api::Rest)).try_collect().await.unwrap();
    assert_eq!(list, [revoked.token]);

    let deleted = gp.tokens().delete("nightly").await.unwrap();
    verifier.wait_for(deleted).await.unwrap();
    assert_eq!(guard.check_secret(new.secret.reveal(), None).unwrap_err().reason, Reason::Unknown);
    let trail = gp.audit().list(&Default::default()).await.unwrap();
    let actions: Vec<_> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["token.create", "token.rotate", "token.revoke", "token.delete"]);
    println!("{:?}", gp.inspect().await.unwrap());
    gp.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_found_ends_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let gp = gatepass::open(folder.path().join("tokens.db")).await.unwrap();
    let asked = NewToken::new("found", Api::Rest).expires(days(1)).target_dn("uid=a,o=b");
    let first = gp.tokens().create(asked).await.unwrap();
    let second = gp.tokens().rotate("found", Rotation::default()).await.unwrap();
    let leaked = async |secret: &str| gp.tokens().revoke_leaked(secret).await.unwrap();

    assert!(!leaked("gpr_of_nobody").await);
    assert!(!leaked(gatepass::Secret::generate(Api::Rest).unwrap().reveal()).await);
    // The secret before the rotation opens nothing any more, so it ends nothing.
    assert!(!leaked(first.secret.reveal()).await);
    assert_eq!(gp.tokens().get("found").await.unwrap().revoked_on, None);
    assert!(leaked(second.secret.reveal()).await);
    assert!(gp.tokens().get("found").await.unwrap().revoked_on.is_some());
    assert!(!leaked(second.secret.reveal()).await);
    let trail = gp.audit().list(&Default::default()).await.unwrap();
    let found: Vec<_> = trail.iter().filter(|entry| entry.action == "token.leaked").collect();
    let codes: Vec<_> = found.iter().map(|entry| entry.code.as_deref()).collect();
    assert_eq!(codes, [Some("not_in_use"), None, Some("not_in_use")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_may_be_made_in_two_steps() {
    let folder = tempfile::tempdir().unwrap();
    let gp = gatepass::open(folder.path().join("tokens.db")).await.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_not_begin_with_a_password_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let gp = gatepass::open(folder.path().join("tokens.db")).await.unwrap();
    let password = |text: &str| gatepass::Password::new(text);
    let user = gatepass::NewUser::new("alice").password(password("correct horse battery"));
    gp.users().create(user).await.unwrap();
    let let_in = gp.users().sign_in("alice", &password("correct horse battery")).await.unwrap().unwrap();
    let id = gp.sessions().begin_signed_in(&let_in, gatepass::Timestamp::MAX).await.unwrap();
    assert!(gp.sessions().user(&id).await.unwrap().is_some());

    tokio::time::sleep(Duration::from_millis(20)).await; // the clock shows whole ticks
    let change = gatepass::UserChange::default();
    let new = password("another horse, same battery");
    let changed = gp.users().update_with("alice", change, Some(&new)).await.unwrap();
    assert_ne!(changed.password_on, let_in.password_on);
    assert!(gp.sessions().user(&id).await.unwrap().is_none());
    let late = gp.sessions().begin_signed_in(&let_in, gatepass::Timestamp::MAX).await.unwrap_err();
    assert_eq!(late.code(), "actor_unknown");
}
