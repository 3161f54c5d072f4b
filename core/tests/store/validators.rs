//! External token validators: made, changed, removed, and told to those who follow.

use gatepass::wire::{SnapshotHead, ValidatorsTold};
use gatepass::{
    Api, ErrorKind, ExternalTokenValidator, Feed, Gatepass, MAX_VALIDATORS, NewToken, NewUser, Permissions,
    Role, TokenRights, days,
};

use crate::support::{Place, actions, as_user, code};

/// One that is as it should be.
pub(crate) fn sso(name: &str, api: Api) -> ExternalTokenValidator {
    ExternalTokenValidator::new(name, api)
        .discovery_url("https://sso.acme.example/.well-known/openid-configuration")
        .expected_audience("directory")
        .expected_scope("directory:read")
        .map("uid=${sub},ou=People,o=acme")
}

async fn a_validator_is_made_changed_and_removed(place: Place) {
    let gp = place.open().await;
    let validators = gp.validators();
    assert_eq!(validators.list().await.unwrap(), []);
    let made = validators.create(&sso("sso", Api::Rest)).await.unwrap();
    assert_eq!(made, sso("sso", Api::Rest));
    assert_eq!(validators.get("sso").await.unwrap(), made);
    // A name is one validator's, whichever API it is of.
    let taken = validators.create(&sso("sso", Api::Scim)).await.unwrap_err();
    assert_eq!(
        (taken.kind(), taken.code(), taken.field()),
        (ErrorKind::Conflict, "validator_exists", Some("name"))
    );
    validators.create(&sso("SSO", Api::Scim)).await.unwrap();
    assert_eq!(code(validators.update(&sso("other", Api::Rest)).await), "validator_not_found");
    let other = ExternalTokenValidator::new("sso", Api::Scim).jwks_url("https://a.example/keys").any_issuer();
    assert_eq!(validators.update(&other).await.unwrap(), other);
    let names: Vec<_> =
        place.open().await.validators().list().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["SSO", "sso"]);
    assert_eq!(validators.get("sso").await.unwrap(), other, "replaced whole");
    validators.delete("sso").await.unwrap();
    assert_eq!(code(validators.delete("sso").await), "validator_not_found");
    assert_eq!(code(validators.get("sso").await), "validator_not_found");
    let expected = ["validator.create", "validator.create", "validator.update", "validator.delete"];
    assert_eq!(actions(&gp).await, expected);
}

async fn what_could_not_work_is_refused(place: Place) {
    let gp = place.open().await;
    let none = ExternalTokenValidator::new("x", Api::Rest).jwks_url("https://a.example/keys");
    assert_eq!(code(gp.validators().create(&none).await), "issuer_required");
    assert_eq!(code(gp.validators().create(&sso("a/b", Api::Rest)).await), "validator_name_malformed");
    assert_eq!(code(gp.validators().create(&sso("x", Api::Config)).await), "api_without_validators");
    let open = sso("x", Api::Rest).map("${dn}");
    assert_eq!(code(gp.validators().create(&open).await), "dn_malformed");
    for number in 0..MAX_VALIDATORS {
        gp.validators().create(&sso(&format!("sso {number}"), Api::Rest)).await.unwrap();
    }
    let refused = gp.validators().create(&sso("x", Api::Scim)).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Conflict, "too_many_validators"));
    gp.validators().update(&sso("sso 1", Api::Scim)).await.unwrap();
    gp.validators().delete("sso 1").await.unwrap();
    gp.validators().create(&sso("x", Api::Scim)).await.unwrap();
}

async fn letting_strangers_in_takes_the_right_to_give_such_tokens(place: Place) {
    let gp = place.open().await;
    let mut rights = TokenRights::default();
    rights.issue_scim = true;
    rights.issue_scopes = ["*".to_owned()].into();
    gp.roles().create(Role::new("scim", Permissions::none().with_token_rights(rights))).await.unwrap();
    gp.users().create(NewUser::new("eve").role("scim")).await.unwrap();
    let eve = gp.acting(as_user("eve"));
    eve.validators().create(&sso("scim", Api::Scim)).await.unwrap();
    assert_eq!(code(eve.validators().create(&sso("rest", Api::Rest)).await), "exceeds_permissions");
    gp.validators().create(&sso("rest", Api::Rest)).await.unwrap();
    assert_eq!(code(eve.validators().update(&sso("rest", Api::Scim)).await), "exceeds_permissions");
    // What lets in nobody new takes no more than being let to change settings, which is a server's to ask.
    eve.validators().update(&sso("rest", Api::Rest).enabled(false)).await.unwrap();
    assert_eq!(code(eve.validators().update(&sso("rest", Api::Rest)).await), "exceeds_permissions");
    eve.validators().delete("rest").await.unwrap();
}

async fn one_that_a_newer_version_wrote_is_not_used(place: Place) {
    let gp = place.open().await;
    gp.validators().create(&sso("old", Api::Rest)).await.unwrap();
    gp.validators().create(&sso("new", Api::Rest)).await.unwrap();
    let verifier = gp.verifier().await.unwrap();
    place
        .execute(
            "UPDATE external_token_validators SET validator = REPLACE(validator, '{', '{\"requires\":\"more\",') \
             WHERE name = 'new'; UPDATE head SET revision = revision + 1, validators_revision = revision + 1",
        )
        .await;
    verifier.wait_for(gp.summary().await.unwrap().revision).await.unwrap();
    let used: Vec<_> = verifier.validators().health().into_iter().map(|(name, _)| name).collect();
    assert_eq!(used, ["old"]);
    let head = head(&gp.feed(&verifier).unwrap(), &[Api::Rest]);
    assert_eq!(names(head.validators), ["old"]);
}

async fn a_verifier_follows_them(place: Place) {
    let gp = place.open().await;
    let verifier = gp.verifier().await.unwrap();
    let used = async |gp: &Gatepass| {
        verifier.wait_for(gp.summary().await.unwrap().revision).await.unwrap();
        let health = verifier.validators().health();
        health.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    gp.validators().create(&sso("a", Api::Rest)).await.unwrap();
    gp.validators().create(&sso("b", Api::Scim)).await.unwrap();
    assert_eq!(used(&gp).await, ["a", "b"]);
    gp.validators().update(&sso("a", Api::Rest).enabled(false)).await.unwrap();
    assert_eq!(used(&gp).await, ["b"]);
    // By whoever they are changed.
    let other = place.open().await;
    other.validators().delete("b").await.unwrap();
    assert_eq!(used(&other).await, [""; 0]);
}

fn head(feed: &Feed, apis: &[Api]) -> SnapshotHead {
    serde_json::from_slice(&feed.snapshot(apis.iter().copied()).next().unwrap()).unwrap()
}

fn names(told: Option<ValidatorsTold>) -> Vec<String> {
    told.unwrap().list.unwrap().into_iter().map(|one| one.name).collect()
}

async fn those_of_the_apis_that_one_may_verify_are_told(place: Place) {
    let gp = place.open().await;
    gp.validators().create(&sso("a", Api::Rest)).await.unwrap();
    gp.validators().create(&sso("b", Api::Scim)).await.unwrap();
    let feed = gp.feed(&gp.verifier().await.unwrap()).unwrap();
    let start = head(&feed, &[Api::Rest]);
    let (epoch, since) = (start.position.epoch.clone(), start.position.revision);
    assert_eq!((start.validators.as_ref().map(|told| told.revision), since), (Some(2), 2));
    assert_eq!(names(start.validators), ["a"]);
    assert_eq!(names(head(&feed, &Api::ALL).validators), ["a", "b"]);
    let told = async |after: i64, apis: &[Api]| {
        feed.read(&epoch, after).await.unwrap().into_changes("n", apis.iter().copied()).validators
    };
    let unchanged = |revision| Some(ValidatorsTold { revision, list: None });
    assert_eq!(told(since, &Api::ALL).await, unchanged(2));
    gp.tokens().create(NewToken::new("t", Api::Rest).expires(days(1))).await.map(drop).unwrap();
    assert_eq!(told(since, &Api::ALL).await, unchanged(2));
    gp.validators().delete("a").await.unwrap();
    assert_eq!(names(told(since, &Api::ALL).await), ["b"]);
    assert_eq!(names(told(since, &[Api::Rest]).await), [""; 0]);
    assert_eq!(told(4, &Api::ALL).await, unchanged(4));
}

on_each_store!(
    a_validator_is_made_changed_and_removed,
    what_could_not_work_is_refused,
    letting_strangers_in_takes_the_right_to_give_such_tokens,
    one_that_a_newer_version_wrote_is_not_used,
    a_verifier_follows_them,
    those_of_the_apis_that_one_may_verify_are_told,
);
