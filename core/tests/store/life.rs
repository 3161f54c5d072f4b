//! The main job, from the first call to the last.

use futures_util::TryStreamExt as _;
use gatepass::{Api, AuditFilter, Reason, Rotation, TokenFilter};

use crate::support::{HOUR, Place, rest};

async fn a_token_lives_its_life(place: Place) {
    let gp = place.open().await;
    let verifier = gp.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, ["orders:read"]).unwrap();

    let asked = rest("nightly").scope("orders:read").target_dn("uid=a,o=b");
    let new = gp.tokens().create(asked.clone().description("für die Nacht")).await.unwrap();
    verifier.wait_for(new.revision).await.unwrap();
    assert_eq!(guard.check_secret(new.secret.reveal(), None).unwrap().target_dn(), Some("uid=a,o=b"));
    assert_eq!(gp.tokens().get("nightly").await.unwrap(), new.token);
    assert_eq!(gp.tokens().create(asked).await.unwrap_err().code(), "name_taken");

    let rotated = gp.tokens().rotate("nightly", Rotation::with_grace(HOUR)).await.unwrap();
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
    let trail = gp.audit().list(&AuditFilter::default()).await.unwrap();
    let actions: Vec<_> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["token.create", "token.rotate", "token.revoke", "token.delete"]);
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
    gp.close().await;
}

on_each_store!(a_token_lives_its_life);
