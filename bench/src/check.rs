//! A check against its floor (one SHA-256, one look-up) and against what others check with.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use biscuit_auth::{AuthorizerLimits, Biscuit, KeyPair};
use gatepass::{Api, RoleBook, SystemClock, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use sha2::{Digest, Sha256};

use crate::corpus::{Sample, samples};
use crate::harness::{Bar, Pair, Row, in_turn};

/// What a check cannot do without.
type Floor = HashMap<[u8; 12], [u8; 32], ahash::RandomState>;

pub(crate) fn run() -> Vec<Row> {
    let floor = "SHA-256 + HashMap get";
    let mut rows: Vec<_> =
        [(1_000, "check, 1 k tokens", Bar::None), (1_000_000, "check, 1 M tokens", Bar::AtMost(1.3))]
            .into_iter()
            .map(|(count, name, bar)| Row::compared(name, "ns", floor, &against_floor(count), bar))
            .collect();
    for (peer, pair) in against_others() {
        rows.push(Row::compared(&format!("check, beside {peer}"), "ns", peer, &pair, Bar::None));
    }
    rows
}

fn against_floor(count: usize) -> Pair {
    let mut tokens: Vec<Sample> = samples(count).collect();
    let clock = Arc::new(SystemClock);
    let verifier =
        Verifier::from_records(tokens.iter().map(|sample| &sample.record), &RoleBook::default(), clock);
    let guard = verifier.guard(Api::Rest, ["orders:read"]).unwrap();
    let floor: Floor = tokens
        .iter()
        .map(|sample| (*sample.record.id().as_bytes(), *sample.record.digest().as_bytes()))
        .collect();
    tokens.shuffle(&mut ChaCha8Rng::seed_from_u64(11));
    let headers: Vec<_> = tokens.into_iter().map(|sample| sample.header).collect();
    let operations = 20_000;
    // Each side takes another stretch of the headers each time, so that neither finds them in a cache.
    let stretch =
        |round: usize| headers.iter().cycle().skip(round * operations % headers.len()).take(operations);
    in_turn(
        60,
        operations,
        |round, _| {
            stretch(round).for_each(|header| assert!(black_box(&guard.check(&**header, None)).is_ok()));
        },
        |round, _| {
            for header in stretch(round) {
                let secret = &header.as_bytes()[7..];
                let digest: [u8; 32] = Sha256::digest(secret).into();
                let id: &[u8; 12] = secret[4..16].try_into().unwrap();
                black_box((digest, *floor.get(id).unwrap()));
            }
        },
    )
}

fn against_others() -> Vec<(&'static str, Pair)> {
    let sample = samples(1).next().unwrap();
    let verifier = Verifier::from_records([&sample.record], &RoleBook::default(), Arc::new(SystemClock));
    let guard = verifier.guard(Api::Rest, ["orders:read"]).unwrap();
    let beside = |mut peer: Box<dyn FnMut()>| {
        in_turn(
            20,
            2_000,
            |_, count| (0..count).for_each(|_| drop(black_box(guard.check(&*sample.header, None).unwrap()))),
            |_, count| (0..count).for_each(|_| peer()),
        )
    };
    vec![
        ("jsonwebtoken HS256", beside(jwt(&Header::new(Algorithm::HS256), &hmac_keys()))),
        ("jsonwebtoken EdDSA", beside(jwt(&Header::new(Algorithm::EdDSA), &ed25519_keys()))),
        ("biscuit-auth", beside(biscuit())),
    ]
}

fn hmac_keys() -> (EncodingKey, DecodingKey) {
    let key = [7; 32];
    (EncodingKey::from_secret(&key), DecodingKey::from_secret(&key))
}

fn ed25519_keys() -> (EncodingKey, DecodingKey) {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    (EncodingKey::from_ed_der(pkcs8.as_ref()), DecodingKey::from_ed_der(pair.public_key().as_ref()))
}

fn jwt(header: &Header, (encoding, decoding): &(EncodingKey, DecodingKey)) -> Box<dyn FnMut()> {
    let claims = serde_json::json!({"sub": "nightly-sync", "scope": "orders:read", "exp": 4_000_000_000_u64});
    let token = jsonwebtoken::encode(header, &claims, encoding).unwrap();
    let (validation, decoding) = (Validation::new(header.alg), decoding.clone());
    Box::new(move || {
        drop(black_box(jsonwebtoken::decode::<serde_json::Value>(&token, &decoding, &validation).unwrap()));
    })
}

fn biscuit() -> Box<dyn FnMut()> {
    let root = KeyPair::new();
    let token = biscuit_auth::macros::biscuit!(r#"right("orders", "read");"#).build(&root).unwrap();
    let (token, key) = (token.to_base64().unwrap(), root.public());
    // Its own limit of a millisecond is one that a noisy machine breaks.
    let limits = AuthorizerLimits { max_time: Duration::from_secs(1), ..AuthorizerLimits::default() };
    Box::new(move || {
        let token = Biscuit::from_base64(&token, key).unwrap();
        let policy = biscuit_auth::macros::authorizer!(r#"allow if right("orders", "read");"#);
        black_box(policy.build(&token).unwrap().authorize_with_limits(limits.clone()).unwrap());
    })
}
