//! Whose secret it is, and whether it is good now, here.

use serde_json::{Value, json};

use super::{Case, Check, EXPIRES, NOW, TOMORROW, Token, YESTERDAY, bearer, deny};
use crate::forge::{Dice, Parts, sealed};
use crate::headers::Authorization;

/// The cases.
pub(super) fn cases(dice: &mut Dice) -> Vec<Case> {
    let mut cases = of_secrets(dice);
    cases.extend(of_time(dice));
    cases.extend(of_rotated_secrets(dice));
    cases.extend(of_networks(dice));
    cases
}

fn of_secrets(dice: &mut Dice) -> Vec<Case> {
    let dn = "uid=sync,ou=svc,o=acme";
    let mut token = Token::of(Parts::of_true_vector(), "nightly-sync", "rest")
        .with_scopes(&["orders:read", "orders:write"])
        .with(json!({"targetDn": dn, "description": "for the night"}))
        .with(json!({"metadata": {"team": "a"}, "createdBy": "setup"}));
    token.access.target_dn = Some(dn.to_owned());
    let branded = Token::of(Parts::draw(dice, "acmecorp", "r"), "Über-Token 🔑", "rest")
        .with_scopes(&["orders:read"])
        .expiring(None);
    let (secret, parts) = (token.parts.secret(), &token.parts);
    let other_random = parts.rotated(dice);
    let other_id = Parts { id: dice.base62(12), ..parts.clone() };
    let swapped = Parts { letter: "c".to_owned(), ..parts.clone() };
    let rebranded = Parts { brand: "acme".to_owned(), ..parts.clone() };
    let last_digit_of_id = Parts { id: parts.id.replace("x71", "x72"), ..parts.clone() };
    let nobody = |name: &str, header: String, reason| deny(name, header, reason, None);
    let absent = Check { authorization: None, ..nobody("header-absent", String::new(), "missing") };
    let twice = Authorization::Many(vec![token.header().into(), token.header().into()]);
    let alone = Authorization::Many(vec![token.header().into()]);
    vec![
        Case::new("a-rest-token", "rest", &["orders:read"]).knowing([&token, &branded]).asked([
            token.grants("secret", token.header()).telling(
                &["orders:read", "orders:write"],
                &[
                    "orders",
                    "orders:",
                    "orders:read ",
                    "Orders:read",
                    "orders:delete",
                    "",
                    "*",
                    "SCOPE_SETTINGS_VIEW",
                ],
            ),
            token.grants("secret-from-a-known-peer", token.header()).from("192.0.2.1"),
            token.grants("secret-with-its-scheme", bearer(&format!("secret-token:{secret}"))),
            token.grants("secret-in-a-list-of-one", alone),
            token.grants("secret-after-a-scheme-in-small-letters", format!("bearer {secret}")),
            branded
                .grants("secret-of-another-brand-that-never-expires", branded.header())
                .telling(&["orders:read"], &["orders:write"]),
            absent,
            nobody("header-empty", String::new(), "missing"),
            nobody("header-of-another-scheme", format!("Basic {secret}"), "missing"),
            nobody("header-with-two-secrets", format!("{} {secret}", token.header()), "invalid_header"),
            deny("header-twice", twice, "invalid_header", None),
            nobody("secret-cut-short", token.header().replace("EG1", "EG"), "malformed"),
            nobody("secret-with-a-wrong-checksum", token.header().replace("EG1", "EG2"), "checksum_mismatch"),
            nobody("secret-with-a-typing-error", token.header().replace("d9Jw", "d9JW"), "checksum_mismatch"),
            nobody("secret-of-nobody", bearer(&Parts::draw(dice, "gp", "r").secret()), "unknown"),
            nobody("secret-with-another-id", bearer(&other_id.secret()), "unknown"),
            nobody("secret-with-one-digit-of-its-id-changed", bearer(&last_digit_of_id.secret()), "unknown"),
            token.denies("secret-that-is-another", bearer(&other_random.secret()), "wrong_secret"),
            token.denies(
                "secret-of-another-token-with-this-id",
                bearer(&Parts { random: branded.parts.random.clone(), ..parts.clone() }.secret()),
                "wrong_secret",
            ),
            // The digest covers the brand and the letter: with a new checksum they still are another secret's.
            token.denies("secret-whose-api-was-swapped", bearer(&swapped.secret()), "wrong_secret"),
            token.denies("secret-whose-brand-was-changed", bearer(&rebranded.secret()), "wrong_secret"),
            token.denies(
                "secret-of-zeros-with-a-good-checksum",
                bearer(&sealed(&format!("gpr_{}_{}", parts.id, "0".repeat(31)))),
                "wrong_secret",
            ),
        ]),
    ]
}

fn of_time(dice: &mut Dice) -> Vec<Case> {
    let expiring = Token::draw(dice, "expiring", "rest");
    let never = Token::draw(dice, "never-expiring", "rest").expiring(None);
    let starting = Token::draw(dice, "starting", "rest").with(json!({"notBefore": NOW}));
    let revoked = Token::draw(dice, "revoked", "rest").with(json!({"revokedOn": YESTERDAY}));
    let soon_revoked =
        Token::draw(dice, "revoked-in-the-future", "rest").with(json!({"revokedOn": TOMORROW}));
    let last = Token::draw(dice, "until-the-end-of-time", "rest").expiring(Some("9999-12-31T23:59:59.999Z"));
    let at = |check: Check, now: &str| check.at(now);
    vec![
        Case::new("time", "rest", &[])
            .knowing([&expiring, &never, &starting, &revoked, &soon_revoked, &last])
            .asked([
                expiring.grants("long-before-the-expiry", expiring.header()),
                at(
                    expiring.grants("a-millisecond-before-the-expiry", expiring.header()),
                    "2026-05-31T23:59:59.999Z",
                ),
                at(expiring.denies("at-the-expiry", expiring.header(), "expired"), EXPIRES),
                at(
                    expiring.denies("a-millisecond-after-the-expiry", expiring.header(), "expired"),
                    "2026-06-01T00:00:00.001Z",
                ),
                at(
                    expiring.denies("long-after-the-expiry", expiring.header(), "expired"),
                    "9999-01-01T00:00:00.000Z",
                ),
                // Nothing is read into the creation: clocks of two machines differ.
                at(expiring.grants("before-it-was-created", expiring.header()), "2025-12-31T23:59:59.000Z"),
                at(
                    never.grants("never-expiring-at-the-end-of-time", never.header()),
                    "9999-12-31T23:59:59.999Z",
                ),
                at(
                    starting.denies("a-millisecond-before-it-is-good", starting.header(), "not_yet_valid"),
                    "2026-03-01T08:59:59.999Z",
                ),
                at(starting.grants("when-it-becomes-good", starting.header()), NOW),
                at(starting.denies("after-it-was-good", starting.header(), "expired"), EXPIRES),
                revoked.denies("when-it-is-revoked", revoked.header(), "revoked"),
                at(revoked.denies("when-it-is-revoked-and-expired", revoked.header(), "revoked"), EXPIRES),
                // Revoked is revoked: a clock that is behind opens nothing.
                soon_revoked.denies("when-it-is-revoked-by-a-clock-ahead", soon_revoked.header(), "revoked"),
                at(
                    last.grants("a-millisecond-before-the-end-of-time", last.header()),
                    "9999-12-31T23:59:59.998Z",
                ),
                at(last.denies("at-the-end-of-time", last.header(), "expired"), "9999-12-31T23:59:59.999Z"),
            ]),
    ]
}

fn of_rotated_secrets(dice: &mut Dice) -> Vec<Case> {
    let mut rotated = |name: &str, fields: Value| {
        let token = Token::draw(dice, name, "rest").with(json!({"rotatedOn": YESTERDAY}));
        let (previous, older) = (token.parts.rotated(dice), token.parts.rotated(dice));
        let token = token.with(json!({"previousDigest": previous.digest()})).with(fields);
        (token, bearer(&previous.secret()), bearer(&older.secret()))
    };
    let (token, previous, older) = rotated("in-grace", json!({"graceUntil": TOMORROW}));
    let (at_once, previous_of_at_once, _) = rotated("without-grace", json!({"graceUntil": YESTERDAY}));
    let (no_date, previous_of_no_date, _) = rotated("without-a-date-of-grace", json!({}));
    let (revoked, previous_of_revoked, _) =
        rotated("revoked-in-grace", json!({"graceUntil": TOMORROW, "revokedOn": YESTERDAY}));
    let (expired, previous_of_expired, _) =
        rotated("expired-in-grace", json!({"graceUntil": TOMORROW, "expiresOn": YESTERDAY}));
    vec![
        Case::new("rotation", "rest", &[]).knowing([&token, &at_once, &no_date, &revoked, &expired]).asked([
            token.grants("current-secret-in-grace", token.header()),
            token.grants("previous-secret-in-grace", previous.clone()),
            token
                .grants("previous-secret-a-millisecond-before-the-end-of-grace", previous.clone())
                .at("2026-03-02T08:59:59.999Z"),
            token.denies("previous-secret-at-the-end-of-grace", previous.clone(), "superseded").at(TOMORROW),
            token
                .denies("previous-secret-after-grace", previous.clone(), "superseded")
                .at("2026-04-01T00:00:00.000Z"),
            token.denies("previous-secret-after-grace-and-expiry", previous, "superseded").at(EXPIRES),
            token.grants("current-secret-after-grace", token.header()).at(TOMORROW),
            token.denies("secret-before-the-previous-one", older, "wrong_secret"),
            at_once.grants("current-secret-after-a-rotation-without-grace", at_once.header()),
            at_once.denies(
                "previous-secret-after-a-rotation-without-grace",
                previous_of_at_once,
                "superseded",
            ),
            no_date.grants("current-secret-of-a-record-without-a-date-of-grace", no_date.header()),
            no_date.denies(
                "previous-secret-of-a-record-without-a-date-of-grace",
                previous_of_no_date,
                "superseded",
            ),
            revoked.denies("current-secret-of-what-was-revoked-in-grace", revoked.header(), "revoked"),
            revoked.denies(
                "previous-secret-of-what-was-revoked-in-grace",
                previous_of_revoked.clone(),
                "revoked",
            ),
            revoked
                .denies("previous-secret-of-what-was-revoked-after-grace", previous_of_revoked, "superseded")
                .at(TOMORROW),
            expired.denies("previous-secret-of-what-expired-in-grace", previous_of_expired, "expired"),
        ]),
    ]
}

fn of_networks(dice: &mut Dice) -> Vec<Case> {
    let mut bound =
        |name: &str, networks: &[&str]| Token::draw(dice, name, "rest").with(json!({"networks": networks}));
    let free = bound("from-anywhere", &[]);
    let both = bound("from-two-networks", &["10.0.0.0/8", "2001:db8::/32"]);
    let one = bound("from-one-address", &["192.0.2.1/32"]);
    let all_v4 = bound("from-all-of-ipv4", &["0.0.0.0/0"]);
    let all_v6 = bound("from-all-of-ipv6", &["::/0"]);
    let grants = |token: &Token, name: &str, peer: &str| token.grants(name, token.header()).from(peer);
    let denies = |token: &Token, name: &str, peer: &str| {
        token.denies(name, token.header(), "network_not_allowed").from(peer)
    };
    let unknown_peer = |token: &Token, name: &str| token.denies(name, token.header(), "network_not_allowed");
    vec![Case::new("networks", "rest", &[]).knowing([&free, &both, &one, &all_v4, &all_v6]).asked([
        free.grants("unbound-from-an-unknown-peer", free.header()),
        grants(&free, "unbound-from-ipv4", "203.0.113.9"),
        grants(&free, "unbound-from-ipv6", "2001:db8::1"),
        grants(&both, "bound-from-within-ipv4", "10.1.2.3"),
        grants(&both, "bound-from-the-first-address", "10.0.0.0"),
        grants(&both, "bound-from-the-last-address", "10.255.255.255"),
        denies(&both, "bound-from-below-the-first-address", "9.255.255.255"),
        denies(&both, "bound-from-above-the-last-address", "11.0.0.0"),
        grants(&both, "bound-from-within-ipv6", "2001:db8:ffff::1"),
        denies(&both, "bound-from-outside-ipv6", "2001:db9::1"),
        grants(&both, "bound-from-ipv4-in-ipv6", "::ffff:10.1.2.3"),
        grants(&both, "bound-from-ipv4-in-ipv6-in-hexadecimal", "::ffff:a01:203"),
        denies(&both, "bound-from-ipv4-in-ipv6-outside", "::ffff:11.0.0.1"),
        // Neither the old "compatible" form nor NAT64 is the IPv4 address that it holds.
        denies(&both, "bound-from-ipv4-compatible-ipv6", "::10.1.2.3"),
        denies(&both, "bound-from-nat64", "64:ff9b::10.1.2.3"),
        unknown_peer(&both, "bound-from-an-unknown-peer"),
        grants(&one, "bound-to-one-address-from-it", "192.0.2.1"),
        grants(&one, "bound-to-one-address-from-it-in-ipv6", "::ffff:192.0.2.1"),
        denies(&one, "bound-to-one-address-from-its-neighbour", "192.0.2.2"),
        denies(&one, "bound-to-one-address-from-loopback", "127.0.0.1"),
        grants(&all_v4, "bound-to-all-of-ipv4-from-ipv4", "203.0.113.9"),
        grants(&all_v4, "bound-to-all-of-ipv4-from-ipv4-in-ipv6", "::ffff:203.0.113.9"),
        denies(&all_v4, "bound-to-all-of-ipv4-from-ipv6", "2001:db8::1"),
        unknown_peer(&all_v4, "bound-to-all-of-ipv4-from-an-unknown-peer"),
        grants(&all_v6, "bound-to-all-of-ipv6-from-ipv6", "2001:db8::1"),
        denies(&all_v6, "bound-to-all-of-ipv6-from-ipv4", "203.0.113.9"),
        denies(&all_v6, "bound-to-all-of-ipv6-from-ipv4-in-ipv6", "::ffff:203.0.113.9"),
    ])]
}
