//! Keys and algorithms: the key says by which it is checked (RFC 8725 section 3.1).

use serde_json::{Value, json};

use super::base64::url;
use super::keys::WEAK_MODULUS;
use super::{Case, URL, Workshop, good, header, validator, with};

/// The cases.
pub(super) fn cases(workshop: &Workshop) -> Vec<Case> {
    vec![each(workshop), confused(workshop), sets(workshop), unnamed(workshop)]
}

fn each(workshop: &Workshop) -> Case {
    let mut case = Case::new("each-algorithm", workshop, vec![validator()]);
    let by = [
        (&workshop.rsa, "rsa", "RS256"),
        (&workshop.rsa, "rsa", "RS384"),
        (&workshop.rsa, "rsa", "RS512"),
        (&workshop.rsa, "rsa", "PS256"),
        (&workshop.rsa, "rsa", "PS384"),
        (&workshop.rsa, "rsa", "PS512"),
        (&workshop.p256, "p256", "ES256"),
        (&workshop.p384, "p384", "ES384"),
        (&workshop.p521, "p521", "ES512"),
        (&workshop.ed, "ed", "EdDSA"),
        (&workshop.ed, "ed", "Ed25519"),
    ];
    for (key, kid, algorithm) in by {
        let token = workshop.signed(key, algorithm, &header(algorithm, kid), &good());
        let name = algorithm.to_lowercase();
        case = case.grants(&format!("good-{name}"), token.clone(), &good());
        case = case.denies(&format!("flipped-{name}"), flipped(&token), "bad_signature");
        let (signed, _) = token.rsplit_once('.').unwrap_or_default();
        case = case.denies(&format!("empty-signature-{name}"), format!("{signed}."), "malformed");
        case = case.denies(&format!("short-signature-{name}"), format!("{signed}.AAAA"), "bad_signature");
        let zeros = url(&vec![0; token.len() - signed.len()]);
        case = case.denies(&format!("zero-signature-{name}"), format!("{signed}.{zeros}"), "bad_signature");
    }
    case
}

/// The signature with its first letter changed.
fn flipped(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", signature.get(1..).unwrap_or_default())
}

fn confused(workshop: &Workshop) -> Case {
    let sign = |key, by: &str, header: Value| workshop.signed(key, by, &header, &good());
    let text = format!("{}.{}", url(br#"{"alg":"none","typ":"JWT"}"#), url(good().to_string().as_bytes()));
    let hmac = |name: &str| {
        let header = json!({"alg": name, "kid": "rsa", "typ": "JWT"});
        format!(
            "{}.{}.{}",
            url(header.to_string().as_bytes()),
            url(good().to_string().as_bytes()),
            url(&[7; 32])
        )
    };
    let own = with(workshop.other.jwk(), &json!({"kid": "rsa"}));
    Case::new("whatever-the-header-wishes", workshop, vec![validator()])
        .denies("none-without-signature", format!("{text}."), "malformed")
        .denies("none-with-signature", format!("{text}.AAAA"), "malformed")
        .denies("none-in-capitals", sign(&workshop.rsa, "RS256", header("NONE", "rsa")), "malformed")
        .denies("hmac-by-the-public-key", hmac("HS256"), "malformed")
        .denies("hmac-512", hmac("HS512"), "malformed")
        .denies(
            "algorithm-in-small-letters",
            sign(&workshop.rsa, "RS256", header("rs256", "rsa")),
            "malformed",
        )
        .denies("no-algorithm", sign(&workshop.rsa, "RS256", json!({"kid": "rsa"})), "malformed")
        .denies(
            "algorithm-no-text",
            sign(&workshop.rsa, "RS256", json!({"alg": ["RS256"], "kid": "rsa"})),
            "malformed",
        )
        .denies("another-hash", sign(&workshop.rsa, "RS512", header("RS256", "rsa")), "bad_signature")
        .denies("pss-as-pkcs1", sign(&workshop.rsa, "PS256", header("RS256", "rsa")), "bad_signature")
        .denies("rsa-key-for-ec", sign(&workshop.rsa, "RS256", header("ES256", "rsa")), "bad_signature")
        .denies("ec-key-for-rsa", sign(&workshop.p256, "ES256", header("RS256", "p256")), "bad_signature")
        .denies("another-curve", sign(&workshop.p384, "ES384", header("ES256", "p384")), "bad_signature")
        .denies("somebody-elses-key", sign(&workshop.other, "RS256", header("RS256", "rsa")), "bad_signature")
        .denies(
            "embedded-key",
            sign(&workshop.other, "RS256", json!({"alg": "RS256", "jwk": own})),
            "bad_signature",
        )
        .denies(
            "embedded-key-of-a-known-name",
            sign(&workshop.other, "RS256", json!({"alg": "RS256", "kid": "rsa", "jwk": own})),
            "bad_signature",
        )
        .denies(
            "embedded-place",
            sign(
                &workshop.other,
                "RS256",
                json!({"alg": "RS256", "kid": "rsa", "jku": "https://evil.example/jwks"}),
            ),
            "bad_signature",
        )
        .grants(
            "a-place-that-nobody-looks-at",
            sign(
                &workshop.rsa,
                "RS256",
                json!({"alg": "RS256", "kid": "rsa", "x5u": "https://idp.example/x"}),
            ),
            &good(),
        )
        .denies("unknown-key", sign(&workshop.rsa, "RS256", header("RS256", "gone")), "bad_signature")
        .denies("key-no-text", sign(&workshop.rsa, "RS256", json!({"alg": "RS256", "kid": 7})), "malformed")
}

/// What a provider may publish, and what is of no use.
fn sets(workshop: &Workshop) -> Case {
    let named = |key: Value, name: &str, more: Value| with(with(key, &json!({"kid": name})), &more);
    let rsa = || workshop.rsa.jwk();
    let keys = json!({"unknown": true, "keys": [
        {"kty": "unheard-of", "kid": "unheard-of"},
        {"kty": "oct", "kid": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"kid": "no-kind"},
        {"kty": "RSA", "kid": "weak", "n": WEAK_MODULUS, "e": "AQAB"},
        {"kty": "RSA", "kid": "no-modulus", "e": "AQAB"},
        named(rsa(), "exponent-one", json!({"e": "AQ"})),
        named(rsa(), "exponent-even", json!({"e": "Ag"})),
        named(rsa(), "padded", json!({"e": "AQAB=="})),
        named(rsa(), "for-encryption", json!({"use": "enc"})),
        named(rsa(), "operations-without-verify", json!({"key_ops": ["encrypt"]})),
        named(rsa(), "operations", json!({"key_ops": ["verify"]})),
        named(rsa(), "bound", json!({"alg": "RS512"})),
        named(rsa(), "bound-to-encryption", json!({"alg": "RSA-OAEP"})),
        named(rsa(), "private", json!({"d": "AAAA"})),
        named(workshop.p256.jwk(), "wrong-curve", json!({"crv": "P-384"})),
        named(workshop.p256.jwk(), "not-on-the-curve", json!({"y": workshop.p256.jwk().get("x")})),
        named(workshop.ed.jwk(), "x25519", json!({"crv": "X25519"})),
        named(workshop.other.jwk(), "twins", json!({})),
        named(rsa(), "twins", json!({})),
    ]});
    let token = |name: &str| workshop.signed(&workshop.rsa, "RS256", &header("RS256", name), &good());
    let mut case = Case::new("keys-of-all-kinds", workshop, vec![validator()]).publishing(URL, keys);
    for name in [
        "unheard-of",
        "oct",
        "no-kind",
        "weak",
        "no-modulus",
        "exponent-one",
        "exponent-even",
        "padded",
        "for-encryption",
        "operations-without-verify",
        "bound",
        "bound-to-encryption",
        "private",
        "wrong-curve",
    ] {
        case = case.denies(&format!("key-{name}"), token(name), "bad_signature");
    }
    let by = |algorithm, key, name: &str| workshop.signed(key, algorithm, &header(algorithm, name), &good());
    case.grants("key-operations", token("operations"), &good())
        .grants("key-bound-to-its-algorithm", by("RS512", &workshop.rsa, "bound"), &good())
        .denies("key-bound-to-another", by("PS512", &workshop.rsa, "bound"), "bad_signature")
        .denies("key-wrong-curve-by-its-own", by("ES256", &workshop.p256, "wrong-curve"), "bad_signature")
        .denies("key-not-on-the-curve", by("ES256", &workshop.p256, "not-on-the-curve"), "bad_signature")
        .denies("key-for-agreement", by("EdDSA", &workshop.ed, "x25519"), "bad_signature")
        .grants("key-second-of-that-name", token("twins"), &good())
}

/// A token that names no key is checked by those that fit.
fn unnamed(workshop: &Workshop) -> Case {
    let token = |algorithm: &str, key| workshop.signed(key, algorithm, &json!({"alg": algorithm}), &good());
    Case::new("keys-that-are-not-named", workshop, vec![validator()])
        .grants("unnamed-rsa", token("PS256", &workshop.rsa), &good())
        .grants("unnamed-ec", token("ES256", &workshop.p256), &good())
        .denies("unnamed-of-somebody-else", token("RS256", &workshop.other), "bad_signature")
}
