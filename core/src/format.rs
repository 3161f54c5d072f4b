//! The form of Gatepass's own secrets, and the one place that reads and writes it.
//!
//! ```text
//! gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1
//! ~~^ ~~~~~~~~~~~~ ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
//! | | id, 12       secret, 31 of 62: 184 bits     CRC, 6
//! | API            brand, 2 to 16 of a-z
//! ```

use std::fmt;
use std::str::FromStr;

use rand::TryCryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::{Api, Error, ErrorKind, Result};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID: usize = 12;
const RANDOM: usize = 31;
const CHECKSUM: usize = 6;
/// What follows the brand and the API letter: `_`, id, `_`, secret, checksum.
const TAIL: usize = 1 + ID + 1 + RANDOM + CHECKSUM;

/// The word a deployment's secrets begin with, 2 to 16 of `a-z`; `gp` unless it is changed. Any well-formed
/// brand is read, for the digest covers it: changing the brand kills no token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Brand(String);

impl Brand {
    const LENGTH: std::ops::RangeInclusive<usize> = 2..=16;

    /// A brand of 2 to 16 lower-case letters `a-z`.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if Self::LENGTH.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
            Ok(Self(text))
        } else {
            Err(Error::invalid("brand", "brand_malformed", "a brand is 2 to 16 letters of a-z"))
        }
    }

    /// The brand's letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The regular expression by which a secret scanner finds this brand's secrets.
    pub fn scanner_rule(&self) -> String {
        format!(r"\b{}[csr]_[0-9A-Za-z]{{{ID}}}_[0-9A-Za-z]{{{}}}\b", self.0, RANDOM + CHECKSUM)
    }
}

impl Default for Brand {
    fn default() -> Self {
        Self("gp".to_owned())
    }
}

impl fmt::Display for Brand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public part of a secret, by which its record is found: 12 characters of base62.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; ID]);

impl TokenId {
    /// The id's characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default() // ASCII by construction
    }

    /// The id's bytes, all of them base62.
    pub const fn as_bytes(&self) -> &[u8; ID] {
        &self.0
    }

    /// The id that stands for a token of another issuer, which has none: of its digest.
    #[cfg(feature = "oidc")]
    pub(crate) fn of_other(digest: &crate::Digest) -> Self {
        let mut id = [b'0'; ID];
        for (place, byte) in id.iter_mut().zip(digest.as_bytes()) {
            *place = ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().unwrap_or(b'0');
        }
        Self(id)
    }

    /// A fresh id from this source of randomness.
    pub(crate) fn generate<R: TryCryptoRng>(rng: &mut R) -> Result<Self> {
        let mut id = [0; ID];
        fill_base62(rng, &mut id)?;
        Ok(Self(id))
    }
}

impl FromStr for TokenId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let id = text.as_bytes().try_into().ok().filter(|id: &[u8; ID]| all_base62(id)).map(Self);
        id.ok_or_else(|| Error::invalid("id", "id_malformed", "an id is 12 letters or digits"))
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

impl Serialize for TokenId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TokenId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Why a string is not one of our secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormError {
    /// The length, the alphabet or the layout is not ours.
    Malformed,
    /// The layout is ours and the checksum is not: a typing error or a made-up token.
    Checksum,
}

/// What stands in the clear in a secret of our form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'a> {
    pub(crate) brand: &'a [u8],
    pub(crate) api: Api,
    pub(crate) id: TokenId,
}

/// Reads a secret of our form: one pass for the alphabet, one for the checksum, nothing allocated.
pub(crate) fn parse(secret: &[u8]) -> Result<Form<'_>, FormError> {
    let head = secret.len().checked_sub(TAIL).ok_or(FormError::Malformed)?;
    let (head, tail) = secret.split_at_checked(head).ok_or(FormError::Malformed)?;
    let tail: &[u8; TAIL] = tail.try_into().map_err(|_| FormError::Malformed)?;
    let (letter, brand) = head.split_last().ok_or(FormError::Malformed)?;
    let api = Api::from_letter(*letter).ok_or(FormError::Malformed)?;
    if !Brand::LENGTH.contains(&brand.len()) || !brand.iter().all(u8::is_ascii_lowercase) {
        return Err(FormError::Malformed);
    }
    let ([b'_', id @ ..], [b'_', random @ ..]) = split::<{ 1 + ID }, { 1 + RANDOM + CHECKSUM }>(tail) else {
        return Err(FormError::Malformed);
    };
    let id: &[u8; ID] = id.try_into().map_err(|_| FormError::Malformed)?;
    let random: &[u8; RANDOM + CHECKSUM] = random.try_into().map_err(|_| FormError::Malformed)?;
    if !(all_base62(id) & all_base62(random)) {
        return Err(FormError::Malformed);
    }
    let (covered, checksum) = secret.split_at_checked(secret.len() - CHECKSUM).ok_or(FormError::Malformed)?;
    if decode_checksum(checksum) == u64::from(crc32fast::hash(covered)) {
        Ok(Form { brand, api, id: TokenId(*id) })
    } else {
        Err(FormError::Checksum)
    }
}

/// Writes a new secret for this id, with fresh randomness and its checksum.
pub(crate) fn generate<R: TryCryptoRng>(
    brand: &Brand,
    api: Api,
    id: TokenId,
    rng: &mut R,
) -> Result<Zeroizing<String>> {
    let mut random = Zeroizing::new([0; RANDOM]);
    fill_base62(rng, random.as_mut_slice())?;
    let mut text = Zeroizing::new(String::with_capacity(brand.0.len() + 1 + TAIL));
    text.push_str(&brand.0);
    text.push(api.letter());
    text.push('_');
    text.push_str(id.as_str());
    text.push('_');
    text.extend(random.iter().copied().map(char::from));
    let mut checksum = u64::from(crc32fast::hash(text.as_bytes()));
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = digit_of(checksum % 62);
        checksum /= 62;
    }
    text.extend(digits.map(char::from));
    Ok(text)
}

fn split<const A: usize, const B: usize>(bytes: &[u8; TAIL]) -> (&[u8], &[u8]) {
    const { assert!(A + B == TAIL) };
    bytes.split_at(A)
}

/// Six bits a character, and the two values in 64 that are no character are drawn again: no modulo bias.
fn fill_base62<R: TryCryptoRng>(rng: &mut R, out: &mut [u8]) -> Result<()> {
    let mut drawn = Zeroizing::new([0; 64]);
    let mut unused: &[u8] = &[];
    let mut out = out.iter_mut();
    let Some(mut slot) = out.next() else { return Ok(()) };
    loop {
        let Some((byte, rest)) = unused.split_first() else {
            rng.try_fill_bytes(drawn.as_mut_slice()).map_err(|_| {
                let text = "the operating system gave no random bytes";
                Error::new(ErrorKind::Internal, "random_unavailable", text)
            })?;
            unused = drawn.as_slice();
            continue;
        };
        unused = rest;
        if let Some(character) = ALPHABET.get(usize::from(byte & 63)) {
            *slot = *character;
            let Some(next) = out.next() else { return Ok(()) };
            slot = next;
        }
    }
}

fn digit_of(value: u64) -> u8 {
    usize::try_from(value).ok().and_then(|value| ALPHABET.get(value)).copied().unwrap_or(b'0')
}

/// Without a branch on the bytes, so that the compiler can take sixteen at a time.
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
fn all_base62(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| {
        let (digit, letter) = (byte.wrapping_sub(b'0') < 10, (byte | 0x20).wrapping_sub(b'a') < 26);
        all & (digit | letter)
    })
}

/// The value of base62 digits; of no use unless they are base62. By a table, for a branch on random digits is
/// guessed wrong every other time.
fn decode_checksum(digits: &[u8]) -> u64 {
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which would say so")]
    const VALUES: [u8; 256] = {
        let mut values = [0; 256];
        let mut value = 0;
        while value < 62 {
            values[ALPHABET[value as usize] as usize] = value;
            value += 1;
        }
        values
    };
    let value_of = |byte: &u8| VALUES.get(usize::from(*byte)).copied().unwrap_or_default();
    digits.iter().fold(0, |value, byte| value * 62 + u64::from(value_of(byte)))
}
