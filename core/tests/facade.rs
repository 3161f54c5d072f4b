//! What the façade says of a store as a whole, and of several tokens at once.
#![cfg(feature = "sqlite")]

use gatepass::{Api, NewToken, days};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_given_twice_is_revoked_once() {
    let folder = tempfile::tempdir().unwrap();
    let gp = gatepass::open(folder.path().join("tokens.db")).await.unwrap();
    for name in ["a", "b"] {
        let _ = gp.tokens().create(NewToken::new(name, Api::Scim).expires(days(1))).await.unwrap();
    }
    let revoked = gp.tokens().revoke_all(["a", "b", "a"]).await.unwrap();
    assert_eq!(revoked.len(), 3);
    assert_eq!(revoked[0], revoked[2]);
    let trail = gp.audit().list(&gatepass::AuditFilter::default()).await.unwrap();
    assert_eq!(trail.iter().filter(|entry| entry.action == "token.revoke").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_store_stays_so_unless_one_is_to_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    std::fs::write(&path, "").unwrap();
    let error = gatepass::OpenOptions::default().create(false).open(path.clone()).await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("store_missing", Some("store")));
    let gp = gatepass::open(path.clone()).await.unwrap();
    let summary = gp.summary().await.unwrap();
    assert_eq!((summary.tokens, summary.audit), (0, 0));
    assert_eq!(summary, gp.inspect().await.unwrap());
    gp.close().await;
    assert!(gatepass::OpenOptions::default().create(false).open(path).await.is_ok());
}
