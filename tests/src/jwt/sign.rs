//! Signs tokens, by the library that the core checks them with: the standards say what comes of it, and RFC 7520's and RFC
//! 8037's examples are in its own tests.
//!
//! Some algorithms never sign twice alike (RFC 7518 section 3.4, RFC 8017 section 8.1). So what was signed before is taken
//! again where it still holds.

use std::collections::HashMap;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
    VerificationAlgorithm,
};
use serde_json::{Value, json};

use super::base64::{standard, url};
use super::keys;

/// A key, by the algorithms that it signs with.
pub(super) enum Key {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
}

/// What signs.
pub(super) struct Signer {
    /// Signatures of before, by what they are over.
    before: HashMap<String, Vec<String>>,
}

fn read(text: &str) -> Vec<u8> {
    standard(text).unwrap_or_default()
}

pub(super) fn rsa(text: &str) -> Key {
    Key::Rsa(RsaKeyPair::from_pkcs8(&read(text)).unwrap_or_else(|error| unreachable!("{error}")))
}

pub(super) fn ec(text: &str, curve: &'static str) -> Key {
    let algorithm = match curve {
        "P-256" => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        "P-384" => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    };
    let key =
        EcdsaKeyPair::from_pkcs8(algorithm, &read(text)).unwrap_or_else(|error| unreachable!("{error}"));
    Key::Ec(key, curve)
}

pub(super) fn ed() -> Key {
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&read(keys::ED25519));
    Key::Ed(key.unwrap_or_else(|error| unreachable!("{error}")))
}

impl Key {
    /// The public key, as a JWK without anything that is optional.
    pub(super) fn jwk(&self) -> Value {
        match self {
            Self::Rsa(key) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "n": url(&public.n), "e": url(&public.e)})
            }
            Self::Ec(key, curve) => {
                let point = key.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": url(x), "y": url(y)})
            }
            Self::Ed(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": url(key.public_key().as_ref())}),
        }
    }

    fn sign(&self, algorithm: &str, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let signed = match self {
            Self::Rsa(key) => {
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signed = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, text, &mut signed).map(|()| signed)
            }
            Self::Ec(key, _) => key.sign(&random, text).map(|signed| signed.as_ref().to_vec()),
            Self::Ed(key) => Ok(key.sign(text).as_ref().to_vec()),
        };
        signed.unwrap_or_else(|error| unreachable!("{algorithm}: {error}"))
    }

    fn verifies(&self, algorithm: &str, text: &[u8], signed: &[u8]) -> bool {
        let (by, public): (&'static dyn VerificationAlgorithm, &[u8]) = match self {
            Self::Rsa(key) => (
                match algorithm {
                    "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                    "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
                    "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                },
                key.public_key().as_ref(),
            ),
            Self::Ec(key, curve) => (
                match *curve {
                    "P-256" => &signature::ECDSA_P256_SHA256_FIXED,
                    "P-384" => &signature::ECDSA_P384_SHA384_FIXED,
                    _ => &signature::ECDSA_P521_SHA512_FIXED,
                },
                key.public_key().as_ref(),
            ),
            Self::Ed(key) => (&signature::ED25519, key.public_key().as_ref()),
        };
        signature::UnparsedPublicKey::new(by, public).verify(text, signed).is_ok()
    }
}

impl Signer {
    pub(super) fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/jwt.json");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut before: HashMap<String, Vec<String>> = HashMap::new();
        let tokens = text.split('"').filter(|text| text.bytes().filter(|byte| *byte == b'.').count() == 2);
        for (signed, signature) in tokens.filter_map(|token| token.rsplit_once('.')) {
            before.entry(signed.to_owned()).or_default().push(signature.to_owned());
        }
        Self { before }
    }

    /// A token of these two texts, signed so.
    pub(super) fn token(&self, key: &Key, algorithm: &str, header: &str, claims: &str) -> String {
        let text = format!("{}.{}", url(header.as_bytes()), url(claims.as_bytes()));
        let holds = |signed: &&String| {
            super::base64::read_url(signed)
                .is_some_and(|signed| key.verifies(algorithm, text.as_bytes(), &signed))
        };
        let before = self.before.get(&text).and_then(|signed| signed.iter().find(holds).cloned());
        let signed = before.unwrap_or_else(|| url(&key.sign(algorithm, text.as_bytes())));
        format!("{text}.{signed}")
    }
}
