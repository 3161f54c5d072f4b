//! One check against the store: each reason, and what it costs the store.

use gatepass::{Api, NewToken, Reason, Rotation, Secret, days, parse_network};

use crate::support::{DAY, Place, actions, clock, instant, rest};

async fn each_reason_is_told(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let create = async |asked| gp.tokens().create(asked).await.unwrap().secret;
    let good = create(rest("good").scope("read").network(parse_network("10.0.0.0/8").unwrap())).await;
    let config = NewToken::new("config", Api::Config).expires(days(9)).role("Read Only");
    let config = create(config).await;
    let later = create(rest("later").not_before(instant("2026-04-01T00:00:00Z"))).await;
    let short = create(rest("short").expires(days(1))).await;
    let revoked = create(rest("revoked")).await;
    gp.tokens().revoke("revoked").await.unwrap();
    let oldest = create(rest("rotated")).await;
    let older = gp.tokens().rotate("rotated", Rotation::default()).await.unwrap().secret;
    let _ = gp.tokens().rotate("rotated", Rotation::default()).await.unwrap();
    let deleted = create(rest("deleted")).await;
    gp.tokens().delete("deleted").await.unwrap();
    clock.advance(DAY);

    let near = Some("10.1.2.3".parse().unwrap());
    let check = async |api, scope: &[&str], secret: &str, peer| {
        let verdict = gp.tokens().check_secret(api, scope, secret, peer).await.unwrap();
        verdict.map(|access| access.name().to_owned()).map_err(|denied| denied.reason)
    };
    let rest_check = async |secret: &Secret| check(Api::Rest, &[], secret.reveal(), near).await;
    assert_eq!(check(Api::Rest, &["read"], good.reveal(), near).await.as_deref(), Ok("good"));
    let prefixed = format!("secret-token:{}", good.reveal());
    assert_eq!(check(Api::Rest, &["read"], &prefixed, near).await.as_deref(), Ok("good"));
    let vendor = check(Api::Config, &["SCOPE_SETTINGS_VIEW"], config.reveal(), None).await;
    assert_eq!(vendor.as_deref(), Ok("config"));
    let vendor = check(Api::Config, &["SCOPE_SETTINGS_EDIT"], config.reveal(), None).await;
    assert_eq!(vendor, Err(Reason::InsufficientScope));

    for noise in ["", "\0", "gpr_x", &"x".repeat(1 << 16)] {
        assert_eq!(check(Api::Rest, &[], noise, None).await, Err(Reason::Malformed));
    }
    let mut mistyped = good.reveal().to_owned();
    let last = if mistyped.pop() == Some('0') { '1' } else { '0' };
    mistyped.push(last);
    assert_eq!(check(Api::Rest, &[], &mistyped, None).await, Err(Reason::ChecksumMismatch));
    assert_eq!(rest_check(&deleted).await, Err(Reason::Unknown));
    assert_eq!(rest_check(&oldest).await, Err(Reason::WrongSecret));
    assert_eq!(rest_check(&older).await, Err(Reason::Superseded));
    assert_eq!(rest_check(&revoked).await, Err(Reason::Revoked));
    assert_eq!(rest_check(&later).await, Err(Reason::NotYetValid));
    assert_eq!(rest_check(&short).await, Err(Reason::Expired));
    assert_eq!(rest_check(&config).await, Err(Reason::WrongApi));
    for far in [None, Some("11.0.0.1".parse().unwrap()), Some("::1".parse().unwrap())] {
        assert_eq!(check(Api::Rest, &["read"], good.reveal(), far).await, Err(Reason::NetworkNotAllowed));
    }
    assert_eq!(check(Api::Rest, &["write"], good.reveal(), near).await, Err(Reason::InsufficientScope));
    // Of all these one is worth an entry.
    let told = actions(&gp).await;
    assert_eq!(told.iter().filter(|action| action.starts_with("token.super")).count(), 1);
}

async fn a_requirement_that_nothing_can_meet_is_an_error(place: Place) {
    let gp = place.open().await;
    let new = gp.tokens().create(rest("a")).await.unwrap();
    let check = async |api, scope: &'static str| {
        gp.tokens().check_secret(api, [scope], new.secret.reveal(), None).await.unwrap_err().code().to_owned()
    };
    assert_eq!(check(Api::Config, "SCOPE_NO_SUCH").await, "unknown_scope");
    assert_eq!(check(Api::Rest, "SCOPE_SETTINGS_VIEW").await, "scope_reserved");
}

on_each_store!(each_reason_is_told, a_requirement_that_nothing_can_meet_is_an_error);
