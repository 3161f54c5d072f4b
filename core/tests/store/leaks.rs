//! Secrets that were found where they should not be.

use gatepass::{Api, AuditFilter, NewToken, Rotation, days};

use crate::support::Place;

async fn a_secret_that_was_found_ends_its_token(place: Place) {
    let gp = place.open().await;
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
    let trail = gp.audit().list(&AuditFilter::default()).await.unwrap();
    let found: Vec<_> = trail.iter().filter(|entry| entry.action == "token.leaked").collect();
    let codes: Vec<_> = found.iter().map(|entry| entry.code.as_deref()).collect();
    assert_eq!(codes, [Some("not_in_use"), None, Some("not_in_use")]);
}

on_each_store!(a_secret_that_was_found_ends_its_token);
