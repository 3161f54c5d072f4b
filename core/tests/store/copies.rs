//! Copies: a backup, and moving from one system to the other.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::{
    Api, AuditFilter, Gatepass, NewToken, NewUser, Password, Permissions, Reason, Role, Rotation, Secret,
    TokenFilter, days,
};

use crate::support::{HOUR, Place, code, refusal, rest, until};
use crate::validators::sso;

/// A store with something of everything; the secrets that are good, and one that is not.
async fn fill(gp: &Gatepass) -> (Vec<Secret>, Secret) {
    gp.roles().create(Role::new("ops", Permissions::none())).await.unwrap();
    gp.validators().create(&sso("sso", Api::Scim)).await.unwrap();
    gp.users()
        .create(NewUser::new("alice").role("ops").password(Password::new("correct horse battery")))
        .await
        .unwrap();
    let _ =
        gp.tokens().create(NewToken::new("config", Api::Config).expires(days(9)).role("ops")).await.unwrap();
    let plain = rest("plain \u{1F511}").description("d").metadata("k", "v").scope("s").target_dn("cn=x");
    let plain = gp.tokens().create(plain).await.unwrap().secret;
    let old = gp.tokens().create(rest("rotated")).await.unwrap().secret;
    let new = gp.tokens().rotate("rotated", Rotation::with_grace(HOUR)).await.unwrap().secret;
    let revoked = gp.tokens().create(rest("revoked")).await.unwrap().secret;
    gp.tokens().revoke("revoked").await.unwrap();
    let _ = gp.tokens().create(rest("deleted")).await.unwrap();
    gp.tokens().delete("deleted").await.unwrap();
    let tokens = gp.tokens();
    let no = async |_: &Secret| Err(std::io::Error::other("no"));
    let lost = tokens.rotate_and_deliver("rotated", Rotation::default(), no).await;
    assert_eq!(code(lost), "rotation_in_grace");
    (vec![plain, old, new], revoked)
}

async fn everything(
    gp: &Gatepass,
) -> (
    Vec<gatepass::AccessToken>,
    gatepass::RoleBook,
    Vec<gatepass::ExternalTokenValidator>,
    Vec<gatepass::User>,
    Vec<gatepass::AuditEntry>,
) {
    (
        gp.tokens().list(TokenFilter::default()).try_collect().await.unwrap(),
        gp.roles().list().await.unwrap(),
        gp.validators().list().await.unwrap(),
        gp.users().list().await.unwrap(),
        gp.audit().list(&AuditFilter::default()).await.unwrap(),
    )
}

async fn check_copy(from: &Place, to: &Place) {
    let (source, target) = (from.open().await, to.open().await);
    let (good, revoked) = fill(&source).await;
    let follower = target.verifier().await.unwrap();
    let guard = follower.guard(Api::Rest, [""; 0]).unwrap();
    let mut tables = Vec::new();
    source
        .copy_to(&target, |progress| {
            if progress.done == progress.of {
                tables.push(progress.table);
            }
        })
        .await
        .unwrap();
    for table in ["tokens", "roles", "external_token_validators", "users", "audit", "deletions"] {
        assert!(tables.contains(&table));
    }
    assert_eq!(everything(&source).await, everything(&target).await);
    assert_eq!(source.inspect().await.unwrap(), target.inspect().await.unwrap());
    for secret in &good {
        assert_eq!(refusal(&target, secret).await, None);
        until("the copy in the index", async || guard.check_secret(secret.reveal(), None).is_ok()).await;
    }
    assert_eq!(refusal(&target, &revoked).await, Some(Reason::Revoked));
    let user = target.users().sign_in("alice", &Password::new("correct horse battery")).await.unwrap();
    assert!(user.is_some());
    // It goes on where the source was, and takes no second copy.
    let last = source.inspect().await.unwrap().revision;
    assert_eq!(target.tokens().create(rest("next")).await.unwrap().revision, last + 1);
    assert_eq!(code(source.copy_to(&target, |_| {}).await), "store_not_empty");
    assert_eq!(target.inspect().await.unwrap().faults, [""; 0]);
}

async fn a_store_is_copied_to_its_own_kind(place: Place) {
    check_copy(&place, &place.another().await).await;
}

async fn a_store_is_copied_to_the_other_kind(place: Place) {
    let other = if place.is_sqlite() { Place::postgres().await } else { Place::sqlite() };
    check_copy(&place, &other).await;
}

async fn who_followed_starts_over_after_a_restore(place: Place) {
    let live = place.open().await;
    let (good, _) = fill(&live).await;
    let verifier = live.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    let kept = place.another().await;
    let backup = kept.open().await;
    live.copy_to(&backup, |_| {}).await.unwrap();
    let later = live.tokens().create(rest("later")).await.unwrap();
    let revoked = live.tokens().revoke("plain \u{1F511}").await.unwrap();
    verifier.wait_for(revoked.revision).await.unwrap();
    assert!(guard.check_secret(later.secret.reveal(), None).is_ok());

    // The store is emptied under the one who follows, and the backup put in its place.
    for sql in [
        "DELETE FROM tokens",
        "DELETE FROM deletions",
        "DELETE FROM roles",
        "DELETE FROM external_token_validators",
        "DELETE FROM users",
        "DELETE FROM audit",
        "UPDATE head SET revision = 0, audit = 0",
    ] {
        sqlx::raw_sql(sql).execute(&mut place.raw().await).await.unwrap();
    }
    backup.restore_to(&live, |_| {}).await.unwrap();
    let (before, after) = (backup.inspect().await.unwrap(), live.inspect().await.unwrap());
    assert_eq!(before.store_id, after.store_id);
    assert_ne!(before.epoch, after.epoch);
    until("the backup in the index", async || verifier.revision() == after.revision).await;
    let denied = guard.check_secret(later.secret.reveal(), None).unwrap_err();
    assert_eq!(denied.reason, Reason::Unknown);
    // What was revoked after the backup is good again: the warning of every restore.
    assert!(guard.check_secret(good[0].reveal(), None).is_ok());
}

/// Somebody copies an older file over the store: the same epoch, and it goes back in time.
async fn a_store_that_went_back_without_a_new_epoch_is_loaded_anew(place: Place) {
    let gp = place.open().await;
    let kept = gp.tokens().create(rest("kept")).await.unwrap();
    let lost = gp.tokens().create(rest("lost")).await.unwrap();
    let verifier = gp.verifier().await.unwrap();
    let guard = verifier.guard(Api::Rest, [""; 0]).unwrap();
    assert!(guard.check_secret(lost.secret.reveal(), None).is_ok());
    let sql = "BEGIN; DELETE FROM tokens WHERE name = 'lost'; UPDATE head SET revision = 1; COMMIT";
    sqlx::raw_sql(sql).execute(&mut place.raw().await).await.unwrap();
    until("the loss", async || guard.check_secret(lost.secret.reveal(), None).is_err()).await;
    assert!(guard.check_secret(kept.secret.reveal(), None).is_ok());
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn a_copy_that_fails_leaves_the_target_empty(place: Place) {
    let other = place.another().await;
    let (source, target) = (place.open().await, other.open().await);
    fill(&source).await;
    other
        .execute(
            "INSERT INTO audit (number, happened, action, actor, outcome) VALUES (2, 0, 'x', 'x', 'done')",
        )
        .await;
    let error = source.copy_to(&target, |_| {}).await.unwrap_err();
    assert!(error.to_string().contains(&target.place()), "{error}");
    other.execute("DELETE FROM audit").await;
    assert_eq!(target.inspect().await.unwrap().tokens, 0);
    source.copy_to(&target, |_| {}).await.unwrap();
    assert_eq!(everything(&source).await, everything(&target).await);
}

on_each_store!(
    a_store_is_copied_to_its_own_kind,
    a_store_is_copied_to_the_other_kind,
    who_followed_starts_over_after_a_restore,
    a_store_that_went_back_without_a_new_epoch_is_loaded_anew,
    a_copy_that_fails_leaves_the_target_empty,
);
