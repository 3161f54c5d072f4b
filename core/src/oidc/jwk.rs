//! A provider's keys (JWK Set, RFC 7517; RFC 7518 section 6; RFC 8037), and what each may check: the key decides by which
//! algorithm, never the token (RFC 8725 section 3.1).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use smallvec::SmallVec;

use super::algorithm::Algorithm;
use super::json::{self, Json, Object};
use super::keys::Candidates;
use crate::{Digest, Error, ErrorKind, Result};

/// The greatest number of keys that are looked at in a set.
const MAX_KEYS: usize = 100;
/// As many keys are tried for a token that names none, at the most.
const MAX_TRIED: usize = 4;
/// RSA, in bits of the modulus (RFC 7518 sections 3.3 and 3.5; above it, a check takes too long).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A key that may check tokens, by one algorithm or, an RSA key that names none, by six.
pub(crate) struct Key {
    kid: Option<Box<str>>,
    /// Parsed once for each algorithm: an RSA key has several.
    parsed: SmallVec<[(Algorithm, ParsedPublicKey); 1]>,
    /// Of what it was made, to know it again.
    origin: Digest,
    retired: AtomicBool,
}

impl Key {
    /// Whether this is the signature of that text, by this algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, text: &[u8], signature: &[u8]) -> bool {
        let parsed = self.parsed.iter().find(|(own, _)| *own == algorithm);
        parsed.is_some_and(|(_, key)| key.verify_sig(text, signature).is_ok())
    }

    /// Whether it has left its provider's set: what it has checked before counts no more.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    fn fits(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        kid.is_none_or(|kid| self.kid.as_deref() == Some(kid))
            && self.parsed.iter().any(|(own, _)| *own == algorithm)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.parsed.iter().map(|(algorithm, _)| algorithm).collect();
        f.debug_struct("Key").field("kid", &self.kid).field("algorithms", &algorithms).finish_non_exhaustive()
    }
}

/// All keys of a provider that can be used.
#[derive(Debug, Default)]
pub(crate) struct KeySet {
    keys: Vec<Arc<Key>>,
    unusable: usize,
}

impl KeySet {
    /// Reads a set. Keys of the set before that are in this one too stay the same; the others are retired. What is of no
    /// use is passed over: another set has to be read where one key in it is new to us (RFC 7517 section 5).
    ///
    /// # Errors
    /// Protocol, `jwks_malformed`, where it is no set; the keys before then stay as they are.
    pub(crate) fn read(text: &[u8], before: Option<&Self>) -> Result<Self> {
        let malformed = |text: &'static str| Error::new(ErrorKind::Protocol, "jwks_malformed", text);
        let object = json::object(text).ok_or_else(|| malformed("the keys are no JSON object"))?;
        let Some(Json::List(members)) = object.get("keys") else {
            return Err(malformed("the keys are no JWK Set: there is no array `keys`"));
        };
        if members.len() > MAX_KEYS {
            return Err(malformed("there are more than 100 keys"));
        }
        let known = before.map_or(&[][..], |set| &set.keys);
        let mut set = Self::default();
        for member in members {
            let Json::Object(member) = member else {
                return Err(malformed("one of the keys is no JSON object"));
            };
            let Some(key) = read_key(member) else {
                set.unusable += 1;
                continue;
            };
            let same = known.iter().find(|known| known.origin == key.origin).cloned();
            set.keys.push(same.unwrap_or_else(|| Arc::new(key)));
        }
        let gone = known.iter().filter(|key| !set.keys.iter().any(|kept| Arc::ptr_eq(kept, key)));
        gone.for_each(|key| key.retired.store(true, Ordering::Release));
        Ok(set)
    }

    /// Those that may have signed what names this id and algorithm.
    pub(crate) fn candidates(&self, kid: Option<&str>, algorithm: Algorithm) -> Candidates {
        self.keys.iter().filter(|key| key.fits(kid, algorithm)).take(MAX_TRIED).cloned().collect()
    }

    /// How many can be used.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// How many cannot.
    pub(crate) fn unusable(&self) -> usize {
        self.unusable
    }
}

/// A key, if it can be used to check signatures.
fn read_key(member: &Object<'_>) -> Option<Key> {
    let text = |name: &str| match member.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(&**text)),
        Some(_) => Err(()),
    };
    // Who publishes a private key has lost it.
    if ["d", "k", "p", "q"].iter().any(|name| member.get(name).is_some()) {
        return None;
    }
    if text("use").ok()?.is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    if let Some(operations) = member.get("key_ops") {
        operations.as_list()?.iter().find(|operation| operation.as_str() == Some("verify"))?;
    }
    let named = text("alg").ok()?.map(|name| name.parse::<Algorithm>().ok());
    let bytes = |name: &str| text(name).ok()?.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let parsed: SmallVec<_> = match text("kty").ok()?? {
        "RSA" => {
            let components = RsaPublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
            let first = components.n.first()?;
            let bits = components.n.len() * 8 - first.leading_zeros() as usize;
            let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
            let exponent_fits = components.e.len() <= 8 && components.e != [1];
            if !RSA_BITS.contains(&bits) || !odd(&components.n) || !odd(&components.e) || !exponent_fits {
                return None;
            }
            let wanted =
                RSA.iter().filter(|(algorithm, _)| named.is_none_or(|named| named == Some(*algorithm)));
            wanted
                .map(|(algorithm, parameters)| {
                    Some((*algorithm, components.to_parsed_public_key(parameters).ok()?))
                })
                .collect::<Option<_>>()?
        }
        "EC" => {
            let (algorithm, verification, length): (_, &signature::EcdsaVerificationAlgorithm, _) =
                match text("crv").ok()?? {
                    "P-256" => (Algorithm::Es256, &signature::ECDSA_P256_SHA256_FIXED, 32),
                    "P-384" => (Algorithm::Es384, &signature::ECDSA_P384_SHA384_FIXED, 48),
                    "P-521" => (Algorithm::Es512, &signature::ECDSA_P521_SHA512_FIXED, 66),
                    _ => return None,
                };
            let (x, y) = (bytes("x")?, bytes("y")?);
            if (x.len(), y.len()) != (length, length) {
                return None; // RFC 7518 section 6.2.1.2: the full size of a coordinate
            }
            let point = [&[4][..], &x, &y].concat();
            SmallVec::from_iter([(algorithm, ParsedPublicKey::new(verification, point).ok()?)])
        }
        "OKP" if text("crv").ok()? == Some("Ed25519") => {
            let x = bytes("x").filter(|x| x.len() == 32)?;
            SmallVec::from_iter([(Algorithm::EdDsa, ParsedPublicKey::new(&signature::ED25519, x).ok()?)])
        }
        _ => return None,
    };
    let binds = |(algorithm, _): &(Algorithm, _)| named.is_none_or(|named| named == Some(*algorithm));
    if parsed.is_empty() || !parsed.iter().all(binds) {
        return None;
    }
    let kid: Option<Box<str>> = text("kid").ok()?.map(Into::into);
    let mut origin = format!("{kid:?}").into_bytes();
    for (algorithm, key) in &parsed {
        origin.extend(format!(" {algorithm} ").bytes());
        origin.extend_from_slice(AsRef::<[u8]>::as_ref(key));
    }
    Some(Key { kid, parsed, origin: Digest::of(&origin), retired: AtomicBool::new(false) })
}

static RSA: [(Algorithm, &RsaParameters); 6] = [
    (Algorithm::Rs256, &signature::RSA_PKCS1_2048_8192_SHA256),
    (Algorithm::Rs384, &signature::RSA_PKCS1_2048_8192_SHA384),
    (Algorithm::Rs512, &signature::RSA_PKCS1_2048_8192_SHA512),
    (Algorithm::Ps256, &signature::RSA_PSS_2048_8192_SHA256),
    (Algorithm::Ps384, &signature::RSA_PSS_2048_8192_SHA384),
    (Algorithm::Ps512, &signature::RSA_PSS_2048_8192_SHA512),
];
