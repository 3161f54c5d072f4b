//! What a validator is asked for, several validators, and those that there cannot be.

use serde_json::{Value, json};

use super::{Case, ISSUER, Workshop, good, header, validator, with};
use crate::expected::invalid;

/// The cases.
pub(super) fn cases(workshop: &Workshop) -> Vec<Case> {
    let mut cases = vec![
        several(workshop),
        apis(workshop, "rest", "granted-at-its-api"),
        other_api(workshop, "scim", "malformed"),
        other_api(workshop, "config", "malformed"),
        kinds(workshop),
        few(workshop),
        any(workshop),
        discovered(workshop),
        off(workshop),
        nowhere(workshop),
    ];
    cases.extend(impossible(workshop));
    cases
}

fn several(workshop: &Workshop) -> Case {
    let second = with(validator(), &json!({"name": "second", "expectedAudience": "mail"}));
    let other = json!({"name": "other", "api": "REST", "jwksUrl": "https://other.example/jwks", "expectedIssuer": "https://other.example"});
    let theirs = json!({"keys": [with(workshop.other.jwk(), &json!({"kid": "rsa"}))]});
    let mail = with(good(), &json!({"aud": "mail"}));
    let of_other = with(good(), &json!({"iss": "https://other.example"}));
    let by_other =
        |claims: &Value| workshop.signed(&workshop.other, "RS256", &header("RS256", "rsa"), claims);
    Case::new("several-validators", workshop, vec![validator(), second, other])
        .publishing("https://other.example/jwks", theirs)
        .grants("the-first-accepts", workshop.rs256(&good()), &good())
        .grants_as("the-second-accepts", workshop.rs256(&mail), &mail, &json!({"name": "second"}))
        .grants_as("the-other-accepts", by_other(&of_other), &of_other, &json!({"name": "other"}))
        .denies("none-accepts", workshop.rs256(&with(good(), &json!({"aud": "chat"}))), "wrong_audience")
        .denies("the-others-key-for-ours", by_other(&good()), "bad_signature")
        .denies("our-key-for-the-others", workshop.rs256(&of_other), "bad_signature")
}

fn apis(workshop: &Workshop, api: &str, name: &str) -> Case {
    Case::new(
        "a-validator-of-this-api",
        workshop,
        vec![with(validator(), &json!({"api": api.to_uppercase()}))],
    )
    .grants(name, workshop.rs256(&good()), &good())
}

fn other_api(workshop: &Workshop, api: &str, reason: &str) -> Case {
    Case::new(&format!("a-guard-of-{api}"), workshop, vec![validator()]).wanting(api, &[]).denies(
        &format!("refused-at-{api}"),
        workshop.rs256(&good()),
        reason,
    )
}

fn kinds(workshop: &Workshop) -> Case {
    let typ = |kind: Value| {
        let header = with(header("RS256", "rsa"), &json!({"typ": kind}));
        workshop.signed(&workshop.rsa, "RS256", &header, &good())
    };
    Case::new("access-tokens-alone", workshop, vec![with(validator(), &json!({"tokenType": "at+jwt"}))])
        .grants("the-type", typ(json!("at+jwt")), &good())
        .grants("the-type-in-full", typ(json!("application/at+jwt")), &good())
        .denies("the-usual-type", typ(json!("JWT")), "malformed")
        .denies("no-type", typ(Value::Null), "malformed")
}

fn few(workshop: &Workshop) -> Case {
    let es256 = workshop.signed(&workshop.p256, "ES256", &header("ES256", "p256"), &good());
    Case::new("one-algorithm-alone", workshop, vec![with(validator(), &json!({"algorithms": ["ES256"]}))])
        .grants("the-algorithm", es256, &good())
        .denies("another-algorithm", workshop.rs256(&good()), "bad_signature")
}

fn any(workshop: &Workshop) -> Case {
    let settings = json!({"expectedIssuer": null, "anyIssuer": true, "expectedAudience": null});
    let foreign = with(good(), &json!({"iss": "https://tenant.example", "aud": null}));
    let unsaid = with(good(), &json!({"iss": null}));
    Case::new("of-any-issuer", workshop, vec![with(validator(), &settings)])
        .grants("any-issuer", workshop.rs256(&foreign), &foreign)
        .grants("no-issuer-at-all", workshop.rs256(&unsaid), &unsaid)
}

fn discovered(workshop: &Workshop) -> Case {
    let settings =
        json!({"expectedIssuer": null, "discoveryUrl": format!("{ISSUER}/.well-known/openid-configuration")});
    Case::new("the-issuer-that-the-discovery-url-says", workshop, vec![with(validator(), &settings)])
        .grants("that-issuer", workshop.rs256(&good()), &good())
        .denies(
            "not-that-issuer",
            workshop.rs256(&with(good(), &json!({"iss": "https://evil.example"}))),
            "untrusted_issuer",
        )
}

fn off(workshop: &Workshop) -> Case {
    Case::new("a-validator-that-is-off", workshop, vec![with(validator(), &json!({"enabled": false}))])
        .denies("not-consulted", workshop.rs256(&good()), "malformed")
}

fn nowhere(workshop: &Workshop) -> Case {
    let settings = json!({"jwksUrl": "https://gone.example/jwks"});
    Case::new("keys-that-are-not-there", workshop, vec![with(validator(), &settings)])
        .denies("nobody-can-tell", workshop.rs256(&good()), "keys_unavailable")
        .denies(
            "another-issuer-all-the-same",
            workshop.rs256(&with(good(), &json!({"iss": "x"}))),
            "untrusted_issuer",
        )
}

fn impossible(workshop: &Workshop) -> Vec<Case> {
    let long = "x".repeat(2_001);
    let cases = [
        ("no-issuer-said", json!({"expectedIssuer": null}), "expectedIssuer", "issuer_required"),
        ("any-issuer-and-one", json!({"anyIssuer": true}), "anyIssuer", "issuer_contradicted"),
        ("nowhere-to-find-keys", json!({"jwksUrl": null}), "jwksUrl", "keys_nowhere"),
        ("keys-in-the-clear", json!({"jwksUrl": "http://idp.example/jwks"}), "jwksUrl", "url_insecure"),
        ("keys-in-a-file", json!({"jwksUrl": "file:///etc/passwd"}), "jwksUrl", "url_malformed"),
        (
            "keys-with-a-password",
            json!({"jwksUrl": "https://a:b@idp.example/jwks"}),
            "jwksUrl",
            "url_malformed",
        ),
        (
            "discovery-in-the-clear",
            json!({"discoveryUrl": "http://idp.example/x"}),
            "discoveryUrl",
            "url_insecure",
        ),
        ("no-name", json!({"name": ""}), "name", "validator_name_malformed"),
        ("a-name-with-a-slash", json!({"name": "a/b"}), "name", "validator_name_malformed"),
        ("a-long-name", json!({"name": "x".repeat(101)}), "name", "validator_name_malformed"),
        ("for-the-configuration-api", json!({"api": "CONFIG"}), "api", "api_without_validators"),
        ("clocks-too-far-apart", json!({"clockSkewSeconds": 3601}), "clockSkew", "clock_skew_out_of_range"),
        ("no-age-at-all", json!({"maxAgeSeconds": 0}), "maxAge", "max_age_out_of_range"),
        ("a-scope-of-two", json!({"expectedScopes": ["a b"]}), "expectedScopes", "scope_malformed"),
        ("a-long-audience", json!({"expectedAudience": long}), "expectedAudience", "text_malformed"),
        ("an-empty-claim", json!({"scopeClaim": ""}), "scopeClaim", "text_malformed"),
        ("mapping-no-name", json!({"claimsMapping": ["nobody"]}), "claimsMapping", "dn_malformed"),
        (
            "mapping-without-end",
            json!({"claimsMapping": ["uid=${sub"]}),
            "claimsMapping",
            "expression_malformed",
        ),
        (
            "mapping-to-a-type",
            json!({"claimsMapping": ["${type}=a"]}),
            "claimsMapping",
            "expression_malformed",
        ),
    ];
    let made = cases.into_iter().map(|(name, settings, field, code)| Case {
        error: Some(invalid(field, code)),
        ..Case::new(&format!("impossible-{name}"), workshop, vec![with(validator(), &settings)])
    });
    made.collect()
}
