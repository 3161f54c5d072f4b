//! Secrets, as bytes and as text. What is taken for one of ours is held against the form as it is documented,
//! written down here a second time.
#![no_main]

use std::sync::{Arc, LazyLock};

use gatepass::testing::ManualClock;
use gatepass::{
    Api, Brand, Caller, Digest, Guard, Issuer, NewToken, Reason, RoleBook, Secret, Timestamp, Verifier, days,
};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;

const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A guard that knows one token, and its secret.
static KNOWN: LazyLock<(Guard, Secret)> = LazyLock::new(|| {
    let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    let (book, rng) = (RoleBook::default(), &mut ChaCha12Rng::seed_from_u64(62));
    let asked = NewToken::new("t", Api::Scim).expires(days(90));
    let issued = Issuer::default().issue(&asked, &Caller::owner("setup"), &book, now, rng).unwrap();
    let verifier = Verifier::from_records([&issued.record], &book, Arc::new(ManualClock::new(now)));
    (verifier.guard(Api::Scim, [""; 0]).unwrap(), issued.secret)
});

fuzz_target!(|data: &[u8]| {
    check(data);
    check(&well_formed(data));
    // One byte away from a good secret.
    if let [at, by, ..] = *data {
        let mut near = well_formed(data);
        let at = usize::from(at) % near.len();
        near[at] ^= by;
        check(&near);
    }
    // The one that is known, with something done to it.
    let (_, known) = &*KNOWN;
    let mut near = known.reveal().as_bytes().to_vec();
    for (to, by) in near.iter_mut().zip(data) {
        *to ^= by;
    }
    check(&near);
});

fn check(text: &[u8]) {
    let (guard, known) = &*KNOWN;
    let bare = match text.split_at_checked(13) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"secret-token:") => rest,
        _ => text,
    };
    let form = form_of(bare);
    let Ok(text) = std::str::from_utf8(text) else {
        assert!(form.is_err());
        return;
    };
    let verdict = guard.check_secret(text, None);
    let reason = verdict.as_ref().err().map(|denied| denied.reason);
    match &form {
        Err(Form::Malformed) => assert_eq!(reason, Some(Reason::Malformed)),
        Err(Form::Checksum) => assert_eq!(reason, Some(Reason::ChecksumMismatch)),
        Ok(_) if bare == known.reveal().as_bytes() => assert_eq!(reason, None),
        Ok((_, _, id)) if *id == known.id().unwrap().as_str().as_bytes() => {
            assert_eq!(reason, Some(Reason::WrongSecret))
        }
        Ok(_) => assert_eq!(reason, Some(Reason::Unknown)),
    }
    match Secret::new(text) {
        Ok(secret) => {
            assert_eq!(secret.reveal().as_bytes(), bare);
            assert_eq!(secret.digest(), Digest::of(bare));
            let printed = format!("{secret}");
            match form {
                Ok((brand, letter, id)) => {
                    assert_eq!(secret.brand().unwrap().as_str().as_bytes(), brand);
                    assert_eq!(secret.api().unwrap().letter(), char::from(letter));
                    assert_eq!(secret.id().unwrap().as_str().as_bytes(), id);
                    let id = String::from_utf8(id[..4].to_vec()).unwrap();
                    assert!(printed.ends_with(&format!("_{id}…")));
                    assert_eq!(printed.len(), brand.len() + 1 + 1 + 4 + "…".len());
                }
                Err(_) => {
                    assert!(secret.id().is_none() && secret.api().is_none() && secret.brand().is_none());
                    assert_eq!(printed, "…");
                }
            }
            assert_eq!(Secret::new(secret.reveal()).is_ok_and(|again| again == secret), !has_scheme(bare));
        }
        Err(error) => {
            assert!(form.is_err(), "ours, and refused: {error}");
            assert_eq!(error.field(), Some("secret"));
        }
    }
    let _ = Brand::new(text);
}

/// A `:` is in no secret, so what is left has no second scheme.
fn has_scheme(text: &[u8]) -> bool {
    text.contains(&b':')
}

#[derive(Debug)]
enum Form {
    Malformed,
    Checksum,
}

/// Brand, letter and id, by the documented form.
fn form_of(text: &[u8]) -> Result<(&[u8], u8, &[u8]), Form> {
    let parts: Vec<&[u8]> = text.split(|byte| *byte == b'_').collect();
    let [head, id, random] = parts.as_slice() else { return Err(Form::Malformed) };
    let Some((letter, brand)) = head.split_last() else { return Err(Form::Malformed) };
    let is_base62 = |part: &[u8]| part.iter().all(|byte| ALPHABET.contains(byte));
    let well_formed = b"csr".contains(letter)
        && (2..=16).contains(&brand.len())
        && brand.iter().all(u8::is_ascii_lowercase)
        && id.len() == 12
        && random.len() == 37
        && is_base62(id)
        && is_base62(random);
    if !well_formed {
        return Err(Form::Malformed);
    }
    let (covered, sum) = text.split_at(text.len() - 6);
    if checksum(covered) == sum { Ok((brand, *letter, id)) } else { Err(Form::Checksum) }
}

/// CRC-32 (ISO-HDLC), bit by bit, in six digits of base62.
fn checksum(covered: &[u8]) -> [u8; 6] {
    let mut crc = u32::MAX;
    for byte in covered {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut left = u64::from(!crc);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(left % 62).unwrap()];
        left /= 62;
    }
    digits
}

/// A secret of the documented form, made of these bytes.
fn well_formed(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.iter().copied().chain(std::iter::repeat(7));
    let mut next = || usize::from(bytes.next().unwrap());
    let mut text = Vec::new();
    for _ in 0..2 + next() % 15 {
        text.push(b'a' + u8::try_from(next() % 26).unwrap());
    }
    text.push(b"csr"[next() % 3]);
    for length in [12, 31] {
        text.push(b'_');
        text.extend((0..length).map(|_| ALPHABET[next() % 62]));
    }
    let sum = checksum(&text);
    text.extend(sum);
    assert!(form_of(&text).is_ok());
    text
}
