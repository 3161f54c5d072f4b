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
