//! Creating and getting.

use futures_util::TryStreamExt as _;
use gatepass::{Api, NewToken, Reason, TokenPolicy, days, parse_network};

use crate::support::{HOUR, Place, actions, clock, code, instant, refusal, rest};

async fn a_token_is_kept_as_it_was_asked_for(place: Place) {
    let gp = place.open_at(&clock()).await;
    let asked = rest("full")
        .description("Zeile 1\nline 2 \u{1F511}")
        .metadata("team", "Größe \"L\" \\ 'x' %")
        .metadata("empty", "")
        .scope("orders:write")
        .scope("orders:read")
        .target_dn("uid=Jo\\,e, ou=\u{540d}\u{524d}, o=acme")
        .network(parse_network("10.0.0.0/8").unwrap())
        .network(parse_network("2001:db8::/32").unwrap())
        .not_before(instant("2026-03-02T00:00:00Z"));
    let full = gp.tokens().create(asked).await.unwrap();
    let config = NewToken::new("config", Api::Config).expires(days(1)).role("readonly").role("aciadmin");
    let config = gp.tokens().create(config).await.unwrap();
    assert_eq!(config.token.roles, ["Read Only", "Security Administrator"]);
    assert_eq!(full.token.created_by.as_deref(), Some("local"));
    assert!(full.revision < config.revision);
    gp.close().await;

    let again = place.open_at(&clock()).await;
    for issued in [&full, &config] {
        let found = again.tokens().get(&issued.token.name).await.unwrap();
        assert_eq!(found, issued.token);
        assert_eq!(found.id, issued.secret.id());
    }
}

async fn a_name_is_taken_once_and_compared_bytewise(place: Place) {
    let gp = place.open().await;
    // The last two look alike: one letter, or a letter with an accent after it.
    let names = ["sync", "Sync", "SYNC", "sync ", "\u{e9}", "e\u{301}"];
    for name in names {
        let _ = gp.tokens().create(rest(name)).await.unwrap();
    }
    for name in names {
        let error = gp.tokens().create(rest(name)).await.unwrap_err();
        assert_eq!((error.code(), error.field()), ("name_taken", Some("name")));
        assert_eq!(gp.tokens().get(name).await.unwrap().name, name);
    }
    assert_eq!(code(gp.tokens().get("sYNC").await), "token_not_found");
}

async fn the_name_of_a_deleted_token_is_free_for_another(place: Place) {
    let gp = place.open().await;
    let first = gp.tokens().create(rest("sync")).await.unwrap();
    gp.tokens().delete("sync").await.unwrap();
    assert_eq!(refusal(&gp, &first.secret).await, Some(Reason::Unknown));
    let second = gp.tokens().create(rest("sync")).await.unwrap();
    assert_ne!(first.token.id, second.token.id);
    assert_eq!(refusal(&gp, &first.secret).await, Some(Reason::Unknown));
    assert_eq!(refusal(&gp, &second.secret).await, None);
}

async fn what_is_refused_leaves_nothing(place: Place) {
    let gp = place.open_at(&clock()).await;
    let refused = [
        (rest(""), "name_empty"),
        (rest("n".repeat(1001)), "name_too_long"),
        (rest("a\nb"), "name_control_character"),
        (rest(".."), "name_reserved"),
        (NewToken::new("a", Api::Rest), "expiration_required"),
        (NewToken::new("a", Api::Rest).expires(days(367)), "expiration_too_late"),
        (NewToken::new("a", Api::Config).expires(days(1)), "role_required"),
        (NewToken::new("a", Api::Config).expires(days(1)).role("nobody"), "unknown_role"),
        (rest("a").not_before(instant("2027-03-01T00:00:00Z")), "not_before_after_expiry"),
    ];
    for (asked, expected) in refused {
        assert_eq!(code(gp.tokens().create(asked).await), expected);
    }
    let report = gp.inspect().await.unwrap();
    assert_eq!((report.tokens, report.revision, report.audit), (0, 0, 0));
    assert_eq!(actions(&gp).await, [""; 0]);
    assert_eq!(gp.tokens().create(rest("a")).await.unwrap().revision, 1);
}

async fn the_policy_of_the_one_who_opened_holds(place: Place) {
    let mut options = gatepass::OpenOptions::default().policy(TokenPolicy::UNLIMITED);
    options.clock = clock();
    let gp = place.open_with(options).await;
    let asked = NewToken::new("forever", Api::Rest);
    assert_eq!(gp.tokens().create(asked).await.unwrap().token.expires_on, None);
    let strict = place.open_at(&clock()).await;
    assert_eq!(code(strict.tokens().create(NewToken::new("other", Api::Rest)).await), "expiration_required");
    // What another one's policy permitted is reported by this one's.
    let _ = strict.tokens().create(rest("short")).await.unwrap();
    let _ = gp.tokens().create(NewToken::new("gone", Api::Rest)).await.unwrap();
    gp.tokens().revoke("gone").await.unwrap();
    let breaking: Vec<_> = strict.tokens().violations().try_collect().await.unwrap();
    assert_eq!(breaking.iter().map(|token| token.name.as_str()).collect::<Vec<_>>(), ["forever"]);
    let breaking: Vec<_> = gp.tokens().violations().try_collect().await.unwrap();
    assert!(breaking.is_empty());
}

async fn a_token_is_good_from_its_first_instant_to_its_last(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let asked = NewToken::new("a", Api::Rest).not_before(instant("2026-03-01T10:00:00Z")).expires(days(1));
    let new = gp.tokens().create(asked).await.unwrap();
    assert_eq!(refusal(&gp, &new.secret).await, Some(Reason::NotYetValid));
    clock.advance(HOUR);
    assert_eq!(refusal(&gp, &new.secret).await, None);
    clock.set(instant("2026-03-02T08:59:59.999Z"));
    assert_eq!(refusal(&gp, &new.secret).await, None);
    clock.set(instant("2026-03-02T09:00:00Z"));
    assert_eq!(refusal(&gp, &new.secret).await, Some(Reason::Expired));
}

on_each_store!(
    a_token_is_kept_as_it_was_asked_for,
    a_name_is_taken_once_and_compared_bytewise,
    the_name_of_a_deleted_token_is_free_for_another,
    what_is_refused_leaves_nothing,
    the_policy_of_the_one_who_opened_holds,
    a_token_is_good_from_its_first_instant_to_its_last,
);
