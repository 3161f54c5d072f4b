//! A token of another issuer against the bare check of its signature, and against itself when it was seen before.

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatepass::{Api, Clock as _, ExternalTokenValidator, Guard, SystemClock, TokenValidators, Verifier};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

use crate::harness::{Bar, Row, in_turn};

/// Each is checked once, then all that is remembered is thrown away.
const TOKENS: usize = 500;
const URL: &str = "https://idp.example/jwks";
const ISSUER: &str = "https://idp.example";

pub(crate) fn run() -> Vec<Row> {
    [rs256(), es256(), ed_dsa()].iter().flat_map(measure).collect()
}

type Sign = dyn Fn(&[u8]) -> Vec<u8>;

/// A way to sign, and what checks it.
struct Provider {
    name: &'static str,
    jwk: Value,
    bare: ParsedPublicKey,
    sign: Box<Sign>,
}

fn rs256() -> Provider {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let jwk = json!({"kty": "RSA", "kid": "k", "n": BASE64.encode(&public.n), "e": BASE64.encode(&public.e)});
    let bare = public.to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256).unwrap();
    let sign = move |text: &[u8]| {
        let mut signed = vec![0; pair.public_modulus_len()];
        pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signed).unwrap();
        signed
    };
    Provider { name: "RS256", jwk, bare, sign: Box::new(sign) }
}

fn es256() -> Provider {
    let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": BASE64.encode(x), "y": BASE64.encode(y)});
    let bare = ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).unwrap();
    let sign = move |text: &[u8]| pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec();
    Provider { name: "ES256", jwk, bare, sign: Box::new(sign) }
}

fn ed_dsa() -> Provider {
    let pair = Ed25519KeyPair::generate().unwrap();
    let public = pair.public_key().as_ref();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": BASE64.encode(public)});
    let bare = ParsedPublicKey::new(&signature::ED25519, public).unwrap();
    let sign = move |text: &[u8]| pair.sign(text).as_ref().to_vec();
    Provider { name: "EdDSA", jwk, bare, sign: Box::new(sign) }
}

/// A token as an OpenID provider makes them (RFC 9068), and where its signature begins.
fn token(provider: &Provider, number: usize) -> (String, usize) {
    let now = SystemClock.now().as_millis() / 1000;
    let header = json!({"alg": provider.name, "kid": "k", "typ": "at+jwt"});
    let claims = json!({
        "iss": ISSUER,
        "sub": format!("00u1a2b3c4D5e6F7g{number:05}"),
        "aud": "https://directory.acme.example",
        "exp": now + 36_000,
        "iat": now,
        "jti": format!("AT.hVxK3m8Qw1Zy5Rt7Uo9Pa2Sd4Fg6Hj8Kl0{number:05}"),
        "client_id": "0oa1b2c3d4E5f6G7h8i9",
        "scope": "orders:read orders:list profile",
        "auth_time": now,
        "email": "ada.lovelace@acme.example",
    });
    let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let signature = BASE64.encode((provider.sign)(signed.as_bytes()));
    (format!("{signed}.{signature}"), signed.len())
}

fn settings() -> ExternalTokenValidator {
    ExternalTokenValidator::new("idp", Api::Rest)
        .jwks_url(URL)
        .expected_issuer(ISSUER)
        .expected_audience("https://directory.acme.example")
        .expected_scope("orders:read")
        .map("uid=${sub},ou=People,o=acme")
}

fn measure(provider: &Provider) -> Vec<Row> {
    let keys = json!({ "keys": [provider.jwk] }).to_string();
    let validators = TokenValidators::with_keys([settings()], [(URL, &keys)]).unwrap();
    let verifier = Verifier::of_others(validators.clone(), Arc::new(SystemClock));
    let guard = verifier.guard(Api::Rest, ["orders:read"]).unwrap();
    let tokens: Vec<_> = (0..TOKENS).map(|number| token(provider, number)).collect();
    let parts: Vec<_> = tokens
        .iter()
        .map(|(token, end)| {
            let (signed, signature) = token.as_bytes().split_at(*end);
            (signed, BASE64.decode(&signature[1..]).unwrap())
        })
        .collect();
    let headers: Vec<_> = tokens.iter().map(|(token, _)| format!("Bearer {token}")).collect();
    let check_all = |guard: &Guard| {
        for header in &headers {
            assert!(black_box(&guard.check(header.as_str(), None)).is_ok());
        }
    };
    let all = |guard: &Guard| {
        validators.set(vec![settings()]);
        check_all(guard);
    };
    let against_bare = in_turn(
        30,
        TOKENS,
        |_, _| all(&guard),
        |_, _| {
            for (text, signature) in &parts {
                assert!(black_box(provider.bare.verify_sig(text, signature)).is_ok());
            }
        },
    );
    let seen = in_turn(30, TOKENS, |_, _| check_all(&guard), |_, _| all(&guard));
    let peer = jsonwebtoken_peer(provider);
    let beside =
        in_turn(30, TOKENS, |_, _| all(&guard), |_, _| tokens.iter().for_each(|(token, _)| peer(token)));
    let name = provider.name;
    vec![
        Row::compared(
            &format!("OIDC {name}, uncached"),
            "ns",
            "the bare signature check",
            &against_bare,
            Bar::AtMost(1.25),
        ),
        Row::compared(&format!("OIDC {name}, cached"), "ns", "uncached", &seen, Bar::AtMost(0.05)),
        Row::compared(&format!("OIDC {name}, uncached"), "ns", "jsonwebtoken", &beside, Bar::None),
    ]
}

fn jsonwebtoken_peer(provider: &Provider) -> impl Fn(&str) {
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(provider.jwk.clone()).unwrap();
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    let mut validation = Validation::new(provider.name.parse().unwrap());
    validation.set_audience(&["https://directory.acme.example"]);
    validation.set_issuer(&[ISSUER]);
    move |token| drop(black_box(jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap()))
}
