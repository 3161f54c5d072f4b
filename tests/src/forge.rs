//! Secrets put together by hand from the written format, with a CRC-32 of its own.

use std::fmt::Write as _;

use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// The digits of base62, in their order.
pub const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A secret of the format's documentation, with its checksum.
pub const TRUE_VECTOR: &str = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1";

/// Numbers at random, the same in every run: a file's own, so that a new case in one changes no other.
#[derive(Debug)]
pub struct Dice(ChaCha20Rng);

impl Dice {
    /// The dice for this file.
    pub fn for_file(name: &str) -> Self {
        Self(ChaCha20Rng::from_seed(Sha256::digest(name).into()))
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = usize::try_from(self.below(of.len() as u64));
        at.ok().and_then(|at| of.get(at)).unwrap_or_else(|| unreachable!("a choice among none"))
    }

    /// So many digits of base62.
    pub fn base62(&mut self, length: usize) -> String {
        let digits: Vec<char> = BASE62.chars().collect();
        (0..length).map(|_| *self.pick(&digits)).collect()
    }
}

/// The parts of a secret, each of which may be made wrong.
#[derive(Debug, Clone)]
pub struct Parts {
    /// `gp`, or a deployment's own.
    pub brand: String,
    /// `c`, `s` or `r`.
    pub letter: String,
    /// The public part: 12 digits of base62.
    pub id: String,
    /// 31 digits of base62.
    pub random: String,
}

impl Parts {
    /// A secret's parts, at random.
    pub fn draw(dice: &mut Dice, brand: &str, letter: &str) -> Self {
        let (id, random) = (dice.base62(12), dice.base62(31));
        Self { brand: brand.to_owned(), letter: letter.to_owned(), id, random }
    }

    /// The parts of [`TRUE_VECTOR`].
    pub fn of_true_vector() -> Self {
        let part = str::to_owned;
        let (id, random) = (part("8fK2mQ0aZx71"), part("d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p"));
        Self { brand: part("gp"), letter: part("r"), id, random }
    }

    /// Other random digits under the same id: what a rotation gives.
    #[must_use]
    pub fn rotated(&self, dice: &mut Dice) -> Self {
        Self { random: dice.base62(31), ..self.clone() }
    }

    /// All but the checksum.
    pub fn covered(&self) -> String {
        format!("{}{}_{}_{}", self.brand, self.letter, self.id, self.random)
    }

    /// The secret, with the checksum that belongs to it.
    pub fn secret(&self) -> String {
        sealed(&self.covered())
    }

    /// SHA-256 of the secret.
    pub fn digest(&self) -> String {
        sha256(self.secret().as_bytes())
    }
}

/// A text and its checksum behind it.
pub fn sealed(covered: &str) -> String {
    format!("{covered}{}", base62(u64::from(crc32(covered.as_bytes())), 6))
}

/// So many digits of base62, the most significant one first.
pub fn base62(mut value: u64, digits: usize) -> String {
    let mut out = String::new();
    for _ in 0..digits {
        let digit = usize::try_from(value % 62).ok().and_then(|at| BASE62.chars().nth(at));
        out.insert(0, digit.unwrap_or('0'));
        value /= 62;
    }
    out
}

/// CRC-32/ISO-HDLC, bit by bit.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for byte in bytes {
        remainder ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = remainder & 1 == 1;
            remainder >>= 1;
            if carry {
                remainder ^= 0xEDB8_8320;
            }
        }
    }
    !remainder
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forge_makes_the_true_vector() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926, "the check value of CRC-32/ISO-HDLC");
        assert_eq!(Parts::of_true_vector().secret(), TRUE_VECTOR);
        assert!(Parts::of_true_vector().digest().starts_with("a6765f8abf3cada5"));
    }
}
