//! What a token says of itself: when, for whom, by whom, and what it permits.

use serde_json::{Value, json};

use super::{Case, EPOCH, ISSUER, Workshop, good, validator, with};

/// The cases.
pub(super) fn cases(workshop: &Workshop) -> Vec<Case> {
    vec![
        dates(workshop),
        skewed(workshop),
        aged(workshop),
        people(workshop),
        audiences(workshop),
        scopes(workshop),
        wanted(workshop),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "far less than 2^53")]
const NOW: f64 = EPOCH as f64;

fn dates(workshop: &Workshop) -> Case {
    let says = |more: Value| with(good(), &more);
    let mut case = Case::new("dates", workshop, vec![validator()])
        .denies("no-end", workshop.rs256(&says(json!({"exp": null}))), "malformed")
        .denies("over", workshop.rs256(&says(json!({"exp": EPOCH - 1}))), "expired")
        .denies("over-now", workshop.rs256(&says(json!({"exp": EPOCH}))), "expired")
        .denies("over-before-1970", workshop.rs256(&says(json!({"exp": -1}))), "expired")
        .denies("to-begin", workshop.rs256(&says(json!({"nbf": EPOCH + 1}))), "not_yet_valid")
        .denies("issued-in-the-future", workshop.rs256(&says(json!({"iat": EPOCH + 1}))), "not_yet_valid");
    for (name, date) in [
        ("text", json!("1772359200")),
        ("text-of-a-date", json!("2027-01-01T00:00:00Z")),
        ("list", json!([EPOCH + 3600])),
        ("true", json!(true)),
        ("after-9999", json!(253_402_300_800_i64)),
        ("huge", json!(1e300)),
        ("beyond-64-bits", json!(18_446_744_073_709_551_615_u64)),
    ] {
        for claim in ["exp", "nbf", "iat"] {
            let token = workshop.rs256(&says(json!({claim: date})));
            case = case.denies(&format!("{claim}-{name}"), token, "malformed");
        }
    }
    // `with` takes null for taking away, so it is written by hand.
    let mut null = good();
    if let Value::Object(claims) = &mut null {
        claims.insert("exp".to_owned(), Value::Null);
    }
    let split = says(json!({"exp": NOW + 0.5, "iat": NOW - 0.25, "nbf": EPOCH}));
    let still = says(json!({"exp": EPOCH + 10}));
    case.denies("exp-null", workshop.rs256(&null), "malformed")
        .grants("parts-of-seconds", workshop.rs256(&split), &split)
        .denies("parts-of-seconds-over", workshop.rs256(&split), "expired")
        .at(NOW + 0.5)
        .grants("the-last-millisecond", workshop.rs256(&still), &still)
        .at(NOW + 9.999)
        .denies("the-first-one-after", workshop.rs256(&still), "expired")
        .at(NOW + 10.0)
}

fn skewed(workshop: &Workshop) -> Case {
    let says = |more: Value| with(good(), &more);
    let over = says(json!({"exp": EPOCH - 59}));
    let early = says(json!({"nbf": EPOCH + 60, "iat": EPOCH + 60}));
    Case::new("clocks-a-minute-apart", workshop, vec![with(validator(), &json!({"clockSkewSeconds": 60}))])
        .grants("over-within-the-minute", workshop.rs256(&over), &over)
        .denies("over-for-a-minute", workshop.rs256(&says(json!({"exp": EPOCH - 60}))), "expired")
        .grants("to-begin-within-the-minute", workshop.rs256(&early), &early)
        .denies("to-begin-after-it", workshop.rs256(&says(json!({"nbf": EPOCH + 61}))), "not_yet_valid")
}

fn aged(workshop: &Workshop) -> Case {
    let says = |more: Value| with(good(), &more);
    let young = says(json!({"iat": EPOCH - 299}));
    Case::new("no-older-than-five-minutes", workshop, vec![with(validator(), &json!({"maxAgeSeconds": 300}))])
        .grants("young-enough", workshop.rs256(&young), &young)
        .denies("too-old", workshop.rs256(&young), "expired")
        .at(NOW + 1.0)
        .denies("of-no-known-age", workshop.rs256(&says(json!({"iat": null}))), "malformed")
}

fn people(workshop: &Workshop) -> Case {
    let says = |more: Value| with(good(), &more);
    let nobody = says(json!({"sub": null}));
    Case::new("issuers", workshop, vec![validator()])
        .denies(
            "another-issuer",
            workshop.rs256(&says(json!({"iss": "https://evil.example"}))),
            "untrusted_issuer",
        )
        .denies(
            "a-slash-more",
            workshop.rs256(&says(json!({"iss": format!("{ISSUER}/")}))),
            "untrusted_issuer",
        )
        .denies(
            "in-capitals",
            workshop.rs256(&says(json!({"iss": ISSUER.to_uppercase()}))),
            "untrusted_issuer",
        )
        .denies("no-issuer", workshop.rs256(&says(json!({"iss": null}))), "untrusted_issuer")
        .denies("issuer-a-list", workshop.rs256(&says(json!({"iss": [ISSUER]}))), "malformed")
        .denies("subject-a-number", workshop.rs256(&says(json!({"sub": 17}))), "malformed")
        .grants("no-subject", workshop.rs256(&nobody), &nobody)
}

fn audiences(workshop: &Workshop) -> Case {
    let says = |more: Value| with(good(), &more);
    let several = says(json!({"aud": ["mail", "directory"]}));
    Case::new("audiences", workshop, vec![validator()])
        .grants("one-of-several", workshop.rs256(&several), &several)
        .denies("another-audience", workshop.rs256(&says(json!({"aud": "mail"}))), "wrong_audience")
        .denies("a-part-of-it", workshop.rs256(&says(json!({"aud": "direct"}))), "wrong_audience")
        .denies("no-audience", workshop.rs256(&says(json!({"aud": null}))), "wrong_audience")
        .denies("empty-list", workshop.rs256(&says(json!({"aud": []}))), "wrong_audience")
        .denies("audience-a-number", workshop.rs256(&says(json!({"aud": 1}))), "malformed")
        .denies("audiences-of-numbers", workshop.rs256(&says(json!({"aud": ["directory", 1]}))), "malformed")
}

fn scopes(workshop: &Workshop) -> Case {
    let says = |more: Value| with(good(), &more);
    let settings = json!({"scopeClaim": "scp", "expectedScopes": ["orders:read", "orders:list"]});
    let list = says(json!({"scope": null, "scp": ["orders:list", "orders:read", "orders:read"]}));
    let text = says(json!({"scope": null, "scp": "orders:read  orders:list more"}));
    let scopes = |scopes: Value| json!({"scopes": scopes, "allows": scopes});
    Case::new("scopes-that-a-validator-expects", workshop, vec![with(validator(), &settings)])
        .grants_as(
            "scopes-as-a-list",
            workshop.rs256(&list),
            &list,
            &scopes(json!(["orders:list", "orders:read"])),
        )
        .grants_as(
            "scopes-as-a-text",
            workshop.rs256(&text),
            &text,
            &scopes(json!(["more", "orders:list", "orders:read"])),
        )
        .denies("one-missing", workshop.rs256(&says(json!({"scp": "orders:read"}))), "insufficient_scope")
        .denies("in-another-claim", workshop.rs256(&good()), "insufficient_scope")
        .denies("scopes-a-number", workshop.rs256(&says(json!({"scp": 1}))), "malformed")
        .denies("scopes-of-numbers", workshop.rs256(&says(json!({"scp": ["orders:read", 1]}))), "malformed")
}

fn wanted(workshop: &Workshop) -> Case {
    let says = |more: Value| with(good(), &more);
    let vendor = says(json!({"scope": "orders:read SCOPE_SETTINGS_EDIT"}));
    Case::new("scopes-that-a-guard-wants", workshop, vec![validator()])
        .wanting("rest", &["orders:read"])
        .grants("scope-there", workshop.rs256(&good()), &good())
        .grants_as(
            "vendors-scope-is-a-text",
            workshop.rs256(&vendor),
            &vendor,
            &json!({"refuses": ["orders:write"]}),
        )
        .denies("scope-missing", workshop.rs256(&says(json!({"scope": "orders:list"}))), "insufficient_scope")
        .denies("no-scope", workshop.rs256(&says(json!({"scope": null}))), "insufficient_scope")
}
