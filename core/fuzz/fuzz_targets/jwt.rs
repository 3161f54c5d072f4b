//! A token of another issuer as it comes, what it says when it is signed, its provider's keys, and a validator's settings.
#![no_main]

use std::sync::{Arc, LazyLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatepass::testing::ManualClock;
use gatepass::{Api, Clock, ExternalTokenValidator, Guard, Timestamp, TokenValidators, Verifier};
use libfuzzer_sys::fuzz_target;

const URL: &str = "https://idp.example/jwks";

static PAIR: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
static GUARD: LazyLock<Guard> = LazyLock::new(|| {
    let jwk = BASE64.encode(PAIR.public_key().as_ref());
    let keys = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{jwk}"}}]}}"#);
    guard(&keys).unwrap()
});

fn guard(keys: &str) -> Option<Guard> {
    let validator = ExternalTokenValidator::new("idp", Api::Rest)
        .jwks_url(URL)
        .any_issuer()
        .map("uid=${sub},ou=People,o=acme")
        .map("cn=${email}+ou=${ou},o=acme");
    let validators = TokenValidators::with_keys([validator], [(URL, keys)]).ok()?;
    let now: Timestamp = "2026-03-01T09:00:00Z".parse().ok()?;
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(now));
    Verifier::of_others(validators, clock).guard(Api::Rest, [""; 0]).ok()
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = GUARD.check_secret(text, None);
    if let Some(guard) = guard(text) {
        let _ = guard.check_secret("e30.e30.AA", None);
    }
    if let Ok(settings) = serde_json::from_str::<ExternalTokenValidator>(text) {
        let _ = settings.check();
    }
    // What comes after a signature that holds: the header before a line break, the claims after it.
    let (header, claims) = text.split_once('\n').unwrap_or((r#"{"alg":"EdDSA"}"#, text));
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let token = format!("{signed}.{}", BASE64.encode(PAIR.sign(signed.as_bytes())));
    let first = GUARD.check_secret(&token, None);
    let again = GUARD.check_secret(&token, None);
    match (first, again) {
        (Ok(first), Ok(again)) => {
            assert_eq!(first.target_dn(), again.target_dn());
            assert!(first.claims().is_some() && first.target_dn().is_some());
            assert!(first.target_dn().is_some_and(|dn| dn.ends_with(",o=acme")));
        }
        (Err(first), Err(again)) => assert_eq!(first.reason, again.reason),
        _ => panic!("what is remembered changes the answer"),
    }
});
