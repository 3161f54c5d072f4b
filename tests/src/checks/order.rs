//! What is asked first: every set of faults, and records that are too old to be believed.

use serde_json::json;

use super::{Case, Proof, TOMORROW, Token, YESTERDAY, bearer, deny};
use crate::forge::{Dice, Parts};

/// The cases.
pub(super) fn cases(dice: &mut Dice) -> Vec<Case> {
    let mut cases = of_order(dice);
    cases.extend(of_freshness(dice));
    cases
}

/// What may speak against a token once it is found, in the order in which it is asked after its secret.
const FAULTS: [&str; 6] =
    ["revoked", "not_yet_valid", "expired", "wrong_api", "network_not_allowed", "insufficient_scope"];

/// Every set of faults, with each kind of secret: the first fault in the order is the reason.
fn of_order(dice: &mut Dice) -> Vec<Case> {
    let (mut tokens, mut checks) = (Vec::new(), Vec::new());
    for grace_is_over in [false, true] {
        for set in 0..1_u32 << FAULTS.len() {
            let has = |fault: &str| {
                FAULTS.iter().position(|known| *known == fault).is_some_and(|bit| set >> bit & 1 == 1)
            };
            let faults: Vec<&str> = FAULTS.into_iter().filter(|fault| has(fault)).collect();
            let title =
                if faults.is_empty() { "good".to_owned() } else { faults.join("-").replace('_', "-") };
            let title = format!("{title}{}", if grace_is_over { "-after-grace" } else { "" });
            let api = if has("wrong_api") { "scim" } else { "rest" };
            let scopes: &[&str] =
                if has("insufficient_scope") { &["orders:write"] } else { &["orders:read"] };
            let token = Token::draw(dice, &title, api).with_scopes(scopes);
            let (previous, older) = (token.parts.rotated(dice), token.parts.rotated(dice));
            let token = token.with(json!({
                "rotatedOn": YESTERDAY,
                "previousDigest": previous.digest(),
                "graceUntil": if grace_is_over { YESTERDAY } else { TOMORROW },
                "revokedOn": has("revoked").then_some(YESTERDAY),
                "notBefore": has("not_yet_valid").then_some(TOMORROW),
                "networks": [if has("network_not_allowed") { "192.0.2.0/24" } else { "10.0.0.0/8" }],
            }));
            let token = if has("expired") { token.expiring(Some(YESTERDAY)) } else { token };
            let ask = |secret: &str, parts: &Parts, reason: Option<&str>| {
                let (name, header) = (format!("order-{secret}-secret-{title}"), bearer(&parts.secret()));
                match reason {
                    Some(reason) => token.denies(name, header, reason),
                    None => token.grants(name, header),
                }
                .from("10.1.2.3")
            };
            let first = faults.first().copied();
            checks.push(ask("current", &token.parts, first));
            checks.push(ask("previous", &previous, if grace_is_over { Some("superseded") } else { first }));
            checks.push(ask("older", &older, Some("wrong_secret")));
            tokens.push(token);
        }
    }
    vec![Case::new("the-order-of-questions", "rest", &["orders:read"]).knowing(&tokens).asked(checks)]
}

/// Nothing is believed for longer than permitted, by either clock.
fn of_freshness(dice: &mut Dice) -> Vec<Case> {
    let token = Token::draw(dice, "known", "rest");
    let expired = Token::draw(dice, "expired", "rest").expiring(Some(YESTERDAY));
    let nobody = Parts::draw(dice, "gp", "r");
    let grants = |name: &str| vec![token.grants(format!("{name}-known"), token.header())];
    let checks = |name: &str| {
        let deny =
            |title: &str, header: String, reason| deny(format!("{name}-{title}"), header, reason, None);
        let cut_short: String = token.header().chars().take(50).collect();
        let last = if token.header().ends_with('0') { "1" } else { "0" };
        let wrong: String = token.header().chars().take(60).collect::<String>() + last;
        vec![
            deny("known", token.header(), "stale"),
            deny("expired", expired.header(), "stale"),
            deny("unknown", bearer(&nobody.secret()), "stale"),
            deny("other-secret", bearer(&token.parts.rotated(&mut Dice::for_file(name)).secret()), "stale"),
            // Noise costs no look at the clock.
            deny("malformed", cut_short, "malformed"),
            deny("wrong-checksum", wrong, "checksum_mismatch"),
            deny("empty", String::new(), "missing"),
            deny("two-words", "Bearer a b".to_owned(), "invalid_header"),
        ]
    };
    let proof = |wall_age_ms, boot_age_ms| Some(Proof { wall_age_ms, boot_age_ms });
    let case = |name: &str, proof, checks| {
        Case::new(name, "rest", &[]).knowing([&token, &expired]).proved(10_000, proof).asked(checks)
    };
    let fresh = |name: &str, proof| case(name, proof, grants(name));
    let stale = |name: &str, proof| case(name, proof, checks(name));
    vec![
        fresh("fresh-just-now", proof(0, 0)),
        fresh("fresh-a-second-ago", proof(1000, 1000)),
        fresh("fresh-as-old-as-permitted", proof(10_000, 10_000)),
        stale("stale-by-a-millisecond", proof(10_001, 10_001)),
        stale("stale-by-an-hour", proof(3_600_000, 3_600_000)),
        stale("stale-for-nothing-was-ever-proved", None),
        // A suspended machine: the time of day went on, the other clock may not have.
        stale("stale-by-the-time-of-day-alone", proof(10_001, 1)),
        // The time of day was set back, which makes nothing younger.
        stale("stale-by-the-clock-since-boot-alone", proof(-3_600_000, 10_001)),
        fresh("fresh-though-the-time-of-day-was-set-back", proof(-3_600_000, 10_000)),
        Case::new("stale-at-once-where-nothing-may-be-old", "rest", &[])
            .knowing([&token])
            .proved(0, proof(1, 1))
            .asked([deny("no-staleness-a-millisecond-later", token.header(), "stale", None)]),
        Case::new("fresh-where-nothing-may-be-old", "rest", &[])
            .knowing([&token])
            .proved(0, proof(0, 0))
            .asked([token.grants("no-staleness-at-once", token.header())]),
    ]
}
