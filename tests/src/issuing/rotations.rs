//! Changing secrets: what stays, what dies when, and what is in the way.

use serde_json::{Value, json};

use super::{
    Action, Case, IN_90_DAYS, NOW, Rotation, TOMORROW, YESTERDAY, acting_token, case, rest_token, set, user,
};
use crate::expected::{conflict, forbidden};
use crate::expiration::{Expiration, NEVER, UNLIMITED, at, days, on_in};
use crate::forge::Parts;

const DAY_MS: u64 = 86_400_000;
/// The greatest whole number that every language's JSON holds.
const GREATEST_MS: u64 = (1 << 53) - 1;
const LAST_INSTANT: &str = "9999-12-31T23:59:59.999Z";

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = of_grace();
    cases.extend(of_expiry());
    cases.extend(of_conflicts());
    cases.extend(of_callers());
    cases
}

/// The token that is rotated, with these fields set besides, or left out where null.
fn token(fields: Value) -> Value {
    let id = Parts::of_true_vector().id;
    let mut token = rest_token(json!({"id": id, "createdOn": "2026-01-01T00:00:00.000Z"}));
    set(&mut token, fields);
    token
}

/// The rotation of this token that cuts over at once.
fn rotation(fields: Value) -> Rotation {
    let mut record = token(fields);
    set(&mut record, json!({"digest": Parts::of_true_vector().digest()}));
    Rotation { record, grace_ms: 0, force: false, expires: None }
}

fn plain() -> Rotation {
    rotation(json!({}))
}

fn graced(grace_ms: u64) -> Rotation {
    Rotation { grace_ms, ..plain() }
}

fn renewed(expires: Expiration) -> Rotation {
    Rotation { expires: Some(expires), ..plain() }
}

fn forced(rotation: Rotation) -> Rotation {
    Rotation { force: true, ..rotation }
}

/// Of a token that was rotated yesterday, and whose old secret is good until then.
fn in_grace(until: &str) -> Rotation {
    rotation(json!({"rotatedOn": YESTERDAY, "graceUntil": until}))
}

fn rotate(title: &str, rotation: Rotation) -> Case {
    case(format!("rotate-{title}"), Action::Rotate(rotation))
}

/// The token after its rotation.
fn after(grace_until: &str, fields: Value) -> Value {
    let mut token = token(json!({"rotatedOn": NOW, "graceUntil": grace_until}));
    set(&mut token, fields);
    token
}

fn of_grace() -> Vec<Case> {
    let never = || rotation(json!({"expiresOn": null}));
    let others = || {
        let (scopes, networks) = (["a", "b"], ["10.0.0.0/8"]);
        json!({"scopes": scopes, "networks": networks, "description": "d", "metadata": {"k": "v"}})
    };
    vec![
        rotate("cuts-over-at-once", plain()).ok(after(NOW, json!({}))),
        rotate("with-a-day-of-grace", graced(DAY_MS)).ok(after(TOMORROW, json!({}))),
        rotate("with-a-millisecond-of-grace", graced(1)).ok(after("2026-03-01T09:00:00.001Z", json!({}))),
        rotate("with-grace-to-the-expiry", graced(90 * DAY_MS)).ok(after(IN_90_DAYS, json!({}))),
        rotate("with-grace-past-the-expiry-ends-there", graced(91 * DAY_MS)).ok(after(IN_90_DAYS, json!({}))),
        rotate("with-the-greatest-grace", graced(GREATEST_MS)).ok(after(IN_90_DAYS, json!({}))),
        rotate(
            "with-the-greatest-grace-of-what-never-expires",
            Rotation { grace_ms: GREATEST_MS, ..never() },
        )
        .ok(after(LAST_INSTANT, json!({"expiresOn": null}))),
        rotate("before-it-is-good", rotation(json!({"notBefore": TOMORROW})))
            .ok(after(NOW, json!({"notBefore": TOMORROW}))),
        rotate("keeps-what-else-the-token-has", rotation(others())).ok(after(NOW, others())),
        rotate("at-the-end-of-time", Rotation { grace_ms: DAY_MS, ..never() })
            .at(LAST_INSTANT)
            .ok(after(LAST_INSTANT, json!({"expiresOn": null, "rotatedOn": LAST_INSTANT}))),
    ]
}

fn of_expiry() -> Vec<Case> {
    let never = || rotation(json!({"expiresOn": null}));
    vec![
        rotate("keeps-never-expiring-unless-asked", Rotation { grace_ms: DAY_MS, ..never() })
            .ok(after(TOMORROW, json!({"expiresOn": null}))),
        rotate("of-what-never-expires-with-a-new-expiry", Rotation { expires: Some(days(90)), ..never() })
            .ok(after(NOW, json!({}))),
        rotate("with-a-new-expiry", renewed(days(366)))
            .ok(after(NOW, json!({"expiresOn": "2027-03-02T09:00:00.000Z"}))),
        rotate("with-a-sooner-expiry", renewed(days(1))).ok(after(NOW, json!({"expiresOn": TOMORROW}))),
        // The old secret dies at its own expiry, however late the new one does.
        rotate(
            "with-a-new-expiry-does-not-prolong-the-old-secret",
            Rotation { grace_ms: 100 * DAY_MS, ..renewed(days(200)) },
        )
        .ok(after(IN_90_DAYS, json!({"expiresOn": "2026-09-17T09:00:00.000Z"}))),
        rotate("policy-counts-from-now-and-refuses", renewed(days(367)))
            .fails_on("expires", "expiration_too_late"),
        rotate("policy-refuses-never", renewed(NEVER)).fails_on("expires", "expiration_never"),
        rotate("policy-that-allows-never", renewed(NEVER))
            .under(UNLIMITED)
            .ok(after(NOW, json!({"expiresOn": null}))),
        rotate("with-an-expiry-in-the-past", renewed(at("2026-02-01T00:00:00Z")))
            .fails_on("expires", "expiration_in_past"),
        rotate("with-an-unknown-zone", renewed(on_in("2026-04-01", "Nowhere")))
            .fails_on("zone", "unknown_zone"),
        rotate(
            "with-an-expiry-before-it-is-good",
            Rotation { expires: Some(days(1)), ..rotation(json!({"notBefore": TOMORROW})) },
        )
        .fails_on("notBefore", "not_before_after_expiry"),
    ]
}

fn of_conflicts() -> Vec<Case> {
    let revoked = || rotation(json!({"revokedOn": YESTERDAY}));
    let expired = || rotation(json!({"expiresOn": YESTERDAY}));
    let both = || rotation(json!({"expiresOn": YESTERDAY, "revokedOn": YESTERDAY}));
    vec![
        rotate("of-a-revoked-token", revoked()).fails(conflict(None, "token_revoked")),
        rotate("of-a-revoked-token-by-force", forced(revoked())).fails(conflict(None, "token_revoked")),
        rotate("of-an-expired-token", expired()).fails(conflict(None, "token_expired")),
        rotate("of-an-expired-token-with-a-new-expiry", Rotation { expires: Some(days(9)), ..expired() })
            .fails(conflict(None, "token_expired")),
        rotate("of-a-token-that-expires-now", rotation(json!({"expiresOn": NOW})))
            .fails(conflict(None, "token_expired")),
        rotate("of-a-revoked-token-that-also-expired", both()).fails(conflict(None, "token_revoked")),
        rotate("during-a-grace", in_grace(TOMORROW)).fails(conflict(None, "rotation_in_grace")),
        rotate("in-the-last-millisecond-of-a-grace", in_grace("2026-03-01T09:00:00.001Z"))
            .fails(conflict(None, "rotation_in_grace")),
        rotate("at-the-end-of-a-grace", in_grace(NOW)).ok(after(NOW, json!({}))),
        rotate("after-a-grace", in_grace(YESTERDAY)).ok(after(NOW, json!({}))),
        rotate("during-a-grace-by-force", forced(Rotation { grace_ms: DAY_MS / 2, ..in_grace(TOMORROW) }))
            .ok(after("2026-03-01T21:00:00.000Z", json!({}))),
        rotate("by-force-without-need", forced(plain())).ok(after(NOW, json!({}))),
    ]
}

fn of_callers() -> Vec<Case> {
    let sooner = || acting_token(json!({"roles": ["Directory Administrator"], "expiresOn": TOMORROW}));
    vec![
        rotate("by-somebody-else-keeps-its-maker", plain())
            .by(user(&["Directory Administrator"]))
            .ok(after(NOW, json!({}))),
        rotate("by-one-who-may-not-give-it", plain())
            .by(user(&["Security Administrator"]))
            .exceeds("targetDn"),
        rotate("that-is-a-conflict-is-told-first", in_grace(TOMORROW))
            .by(user(&["Security Administrator"]))
            .fails(conflict(None, "rotation_in_grace")),
        rotate("by-a-token-that-expires-sooner", plain())
            .by(sooner())
            .fails(forbidden(Some("expires"), "outlives_caller")),
        rotate("by-a-token-that-expires-sooner-to-its-own-expiry", renewed(at(TOMORROW)))
            .by(sooner())
            .ok(after(NOW, json!({"expiresOn": TOMORROW}))),
    ]
}
