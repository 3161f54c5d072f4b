//! The secret's form: what is generated is read back, what was changed is refused, and nothing that anybody
//! sends makes it panic.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use gatepass::testing::ManualClock;
use gatepass::{
    Api, Brand, Caller, Digest, ErrorKind, Guard, Issued, Issuer, NewToken, Reason, RoleBook, Secret,
    Timestamp, TokenPolicy, Verifier, days,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rand::rngs::ChaCha12Rng;
use rand::{SeedableRng, TryCryptoRng, TryRng};

const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const NOW: i64 = 1_772_355_600_000;

fn now() -> Timestamp {
    Timestamp::from_millis(NOW).unwrap()
}

fn asked(api: Api) -> NewToken {
    let asked = NewToken::new("nightly-sync", api).expires(days(90));
    match api {
        Api::Config => asked.role("Read Only"),
        Api::Scim => asked,
        Api::Rest => asked.target_dn("uid=sync,ou=svc,o=acme"),
    }
}

fn issue<R: TryCryptoRng>(brand: &str, api: Api, rng: &mut R) -> gatepass::Result<Issued> {
    let issuer = Issuer::new(Brand::new(brand)?, TokenPolicy::default());
    issuer.issue(&asked(api), &Caller::owner("setup"), &RoleBook::default(), now(), rng)
}

fn issued(brand: &str, api: Api, seed: u64) -> Issued {
    issue(brand, api, &mut ChaCha12Rng::seed_from_u64(seed)).unwrap()
}

fn guard_over(issued: &Issued) -> Guard {
    let clock = Arc::new(ManualClock::new(now()));
    let verifier = Verifier::from_records([&issued.record], &RoleBook::default(), clock);
    verifier.guard(issued.record.token().api, [""; 0]).unwrap()
}

/// CRC-32 (ISO-HDLC), bit by bit as its definition says, and in base62.
fn checksum(covered: &str) -> String {
    let crc = !covered.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    });
    let digits = (0..6u32).rev().map(|place| u64::from(crc) / 62u64.pow(place) % 62);
    digits.map(|digit| ALPHABET.as_bytes()[usize::try_from(digit).unwrap()] as char).collect()
}

fn apis() -> impl Strategy<Value = Api> {
    select(&Api::ALL)
}

fn brands() -> impl Strategy<Value = String> {
    "[a-z]{2,16}"
}

/// A header and a bare secret are refused alike, except that a header can be no credential at all.
fn reasons(guard: &Guard, text: &str) -> [Option<Reason>; 2] {
    let by_header = guard.check(format!("Bearer {text}").as_str(), None);
    [guard.check_secret(text, None), by_header].map(|verdict| verdict.err().map(|denied| denied.reason))
}

#[test]
fn the_documented_secret_is_read_as_documented() {
    let text = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1";
    let secret = Secret::new(text).unwrap();
    assert_eq!(secret.api(), Some(Api::Rest));
    assert_eq!(secret.brand(), Some(Brand::default()));
    assert_eq!(secret.id().unwrap().as_str(), "8fK2mQ0aZx71");
    assert!(secret.digest().to_string().starts_with("a6765f8abf3cada5"));
    assert_eq!(text.len(), 54);
    assert_eq!(checksum(&text[..48]), text[48..]);
    assert_eq!(secret.to_string(), "gpr_8fK2…");
}

proptest! {
    #[test]
    fn what_is_generated_is_read_back(brand in brands(), api in apis(), seed: u64) {
        let Issued { secret, record } = issued(&brand, api, seed);
        let text = secret.reveal();
        prop_assert_eq!(text.len(), 52 + brand.len());
        let (covered, sum) = text.split_at(text.len() - 6);
        prop_assert_eq!(sum, checksum(covered));
        let parts: Vec<_> = covered.split('_').collect();
        prop_assert_eq!(parts.len(), 3);
        prop_assert_eq!(parts[0], format!("{brand}{}", api.letter()));
        prop_assert_eq!((parts[1].len(), parts[2].len()), (12, 31));
        prop_assert!((parts[1].chars().chain(parts[2].chars())).all(|c| ALPHABET.contains(c)));

        let read = Secret::new(text).unwrap();
        prop_assert_eq!(&read, &secret);
        prop_assert_eq!(read.brand(), Some(Brand::new(brand).unwrap()));
        prop_assert_eq!((read.api(), read.id()), (Some(api), Some(record.id())));
        prop_assert_eq!(read.digest(), Digest::of(text.as_bytes()));
        prop_assert_eq!(record.digest(), read.digest());

        let guard = guard_over(&Issued { secret: read, record });
        prop_assert_eq!(reasons(&guard, text), [None, None]);
    }

    #[test]
    fn a_change_of_one_character_is_refused_by_its_form(
        brand in brands(), api in apis(), seed: u64, at: Index, to: char, likely in select(ALPHABET.as_bytes()),
        use_likely: bool,
    ) {
        let issued = issued(&brand, api, seed);
        let guard = guard_over(&issued);
        let text = issued.secret.reveal();
        let at = at.index(text.len());
        let to = if use_likely { char::from(likely) } else { to };
        prop_assume!(!text[at..].starts_with(to));
        let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
        let [bare, in_header] = reasons(&guard, &changed);
        let by_form = [Some(Reason::Malformed), Some(Reason::ChecksumMismatch)];
        prop_assert!(by_form.contains(&bare), "{changed}: {bare:?}");
        prop_assert!(by_form.contains(&in_header) || in_header == Some(Reason::InvalidHeader), "{changed}");
    }

    /// Heavier damage may hit a checksum by chance; what it never does is open anything.
    #[test]
    fn a_damaged_secret_is_never_granted(
        api in apis(), seed: u64, cuts in prop::collection::vec((any::<Index>(), any::<Index>(), "\\PC{0,3}"), 1..4)
    ) {
        let issued = issued("gp", api, seed);
        let text = issued.secret.reveal();
        let mut damaged: Vec<char> = text.chars().collect();
        for (from, to, insert) in cuts {
            let (from, to) = (from.index(damaged.len() + 1), to.index(damaged.len() + 1));
            damaged.splice(from.min(to)..from.max(to), insert.chars());
        }
        let damaged: String = damaged.into_iter().collect();
        let [bare, in_header] = reasons(&guard_over(&issued), &damaged);
        if damaged != text {
            prop_assert!(bare.is_some(), "{damaged}");
        }
        // In a header the spaces around a credential are not part of it.
        if damaged.trim_matches([' ', '\t']) != text {
            prop_assert!(in_header.is_some(), "{damaged}");
        }
    }

    #[test]
    fn another_secret_of_the_same_form_is_unknown(api in apis(), seed: u64, other: u64) {
        prop_assume!(seed != other);
        let guard = guard_over(&issued("gp", api, seed));
        let stranger = issued("gp", api, other);
        prop_assert_eq!(reasons(&guard, stranger.secret.reveal()), [Some(Reason::Unknown); 2]);
    }

    /// The letter is part of what is hashed: with a checksum that fits, it is still not the token's secret.
    #[test]
    fn the_letter_of_the_api_cannot_be_swapped(api in apis(), other in apis(), seed: u64) {
        prop_assume!(api != other);
        let issued = issued("gp", api, seed);
        let swapped = format!("gp{}{}", other.letter(), &issued.secret.reveal()[3..48]);
        let swapped = format!("{swapped}{}", checksum(&swapped));
        prop_assert_eq!(reasons(&guard_over(&issued), &swapped), [Some(Reason::WrongSecret); 2]);
    }

    #[test]
    fn rebranding_kills_nothing_and_opens_nothing(seed: u64, brand in brands()) {
        prop_assume!(brand != "gp");
        let issued = issued("gp", Api::Scim, seed);
        let renamed = format!("{brand}{}", &issued.secret.reveal()[2..48]);
        let renamed = format!("{renamed}{}", checksum(&renamed));
        prop_assert_eq!(reasons(&guard_over(&issued), &renamed), [Some(Reason::WrongSecret); 2]);
    }

    #[test]
    fn arbitrary_text_never_panics_and_is_never_granted(text in any::<String>(), ascii in "[ -~]{0,120}") {
        let guard = guard_over(&issued("gp", Api::Rest, 1));
        for text in [text, ascii] {
            let [bare, in_header] = reasons(&guard, &text);
            prop_assert!(bare.is_some() && in_header.is_some());
            prop_assert!(guard.check(text.as_str(), None).is_err());
            let _ = Secret::new(text.clone()).map(|secret| (secret.id(), secret.api(), secret.to_string()));
            let _ = Brand::new(text);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_are_never_granted(
        bytes in prop::collection::vec(any::<u8>(), 0..200), spaces in 0usize..9,
    ) {
        let guard = guard_over(&issued("gp", Api::Rest, 1));
        let header = [b"bEaReR".as_slice(), &vec![b' '; spaces], &bytes].concat();
        for value in [bytes.as_slice(), &header] {
            prop_assert!(guard.check(value, None).is_err());
            prop_assert_eq!(
                guard.check([value, value].into_iter().collect::<gatepass::Authorization<'_>>(), None).unwrap_err().reason,
                Reason::InvalidHeader
            );
        }
    }

    /// The form is drawn from the alphabet of secrets and still refused: what is not of our layout is malformed.
    #[test]
    fn what_is_nearly_of_our_form_is_read_as_ours_only_with_its_checksum(
        brand in "[a-z]{1,17}", letter in "[a-z]", id in "[0-9A-Za-z]{11,13}", random in "[0-9A-Za-z]{30,32}",
        fitting: bool,
    ) {
        let covered = format!("{brand}{letter}_{id}_{random}");
        let sum = if fitting { checksum(&covered) } else { "000000".to_owned() };
        let text = format!("{covered}{sum}");
        let secret = Secret::new(text.clone()).unwrap();
        let ours = (2..=16).contains(&brand.len()) && "csr".contains(&letter) && id.len() == 12
            && random.len() == 31 && sum == checksum(&covered);
        prop_assert_eq!(secret.id().is_some(), ours, "{}", text);
        prop_assert_eq!(secret.id().is_some(), secret.brand().is_some() && secret.api().is_some());
    }

    #[test]
    fn printing_shows_at_most_four_characters_of_the_id(brand in brands(), api in apis(), seed: u64) {
        let secret = issued(&brand, api, seed).secret;
        let id = secret.id().unwrap();
        let shown = format!("{brand}{}_{}…", api.letter(), &id.as_str()[..4]);
        prop_assert_eq!(secret.to_string(), shown.clone());
        prop_assert_eq!(format!("{secret:>80}"), shown.clone());
        prop_assert_eq!(format!("{secret:?}"), format!("Secret({shown})"));
        prop_assert_eq!(format!("{secret:#?}"), format!("Secret({shown})"));
        prop_assert_eq!(format!("{:?}", Some(&secret)), format!("Some(Secret({shown}))"));
    }

    /// Of a secret that is not ours nobody knows which part is public.
    #[test]
    fn printing_shows_nothing_of_a_foreign_secret(text in "[A-Za-z0-9._~+/-]{1,80}={0,2}") {
        let secret = Secret::new(text.clone()).unwrap();
        prop_assume!(secret.id().is_none());
        prop_assert_eq!((secret.to_string(), format!("{secret:?}")), ("…".to_owned(), "Secret(…)".to_owned()));
        prop_assert_eq!(secret.reveal(), text);
    }

    #[test]
    fn the_scheme_is_stripped_once_in_any_case(seed: u64, upper in prop::collection::vec(any::<bool>(), 13)) {
        let issued = issued("gp", Api::Scim, seed);
        let guard = guard_over(&issued);
        let text = issued.secret.reveal();
        let scheme: String = "secret-token:".chars().zip(upper)
            .map(|(c, upper)| if upper { c.to_ascii_uppercase() } else { c }).collect();
        let marked = format!("{scheme}{text}");
        prop_assert_eq!(reasons(&guard, &marked), [None, None]);
        prop_assert_eq!(Secret::new(marked.clone()).unwrap(), issued.secret.clone());
        let twice = format!("{scheme}{marked}");
        prop_assert_eq!(reasons(&guard, &twice), [Some(Reason::Malformed), Some(Reason::InvalidHeader)]);
        let error = Secret::new(twice).unwrap_err();
        prop_assert_eq!(error.code(), "secret_malformed");
    }

    #[test]
    fn a_secret_is_carried_if_it_is_a_b64token_of_at_most_8192_bytes(text in "[A-Za-z0-9=._ ~+/,…-]{0,24}") {
        let body = text.trim_end_matches('=');
        let legal = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        let b64token = !body.is_empty() && body.chars().all(legal);
        let expected = if b64token {
            None
        } else if text.ends_with('…') {
            Some("secret_redacted")
        } else {
            Some("secret_malformed")
        };
        let got = Secret::new(text.clone());
        prop_assert_eq!(got.as_ref().err().map(gatepass::Error::code), expected, "{}", text);
        prop_assert!(got.err().is_none_or(|error| error.field() == Some("secret")));
    }
}

#[test]
fn every_character_of_a_secret_can_be_changed_into_any_other_and_is_refused() {
    let issued = issued("gp", Api::Config, 7);
    let guard = guard_over(&issued);
    let text = issued.secret.reveal();
    for at in 0..text.len() {
        for to in (0..128u8).map(char::from).filter(|to| !text[at..].starts_with(*to)) {
            let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
            let reason = guard.check_secret(&changed, None).unwrap_err().reason;
            assert!(matches!(reason, Reason::Malformed | Reason::ChecksumMismatch), "{changed}: {reason}");
        }
    }
}

#[test]
fn the_length_of_a_carried_secret_ends_at_8192_bytes() {
    assert!(Secret::new("x".repeat(8192)).is_ok());
    assert!(Secret::new(format!("Secret-Token:{}", "x".repeat(8192))).is_ok());
    assert_eq!(Secret::new("x".repeat(8193)).unwrap_err().code(), "secret_malformed");
}

#[test]
fn a_printed_secret_is_told_from_a_wrong_one() {
    let printed = issued("gp", Api::Rest, 3).secret.to_string();
    let error = Secret::new(printed.clone()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidInput, "secret_redacted"));
    assert!(!error.to_string().contains(&printed[..8]), "an error shows nothing of what it refuses");
}

/// Pearson's chi-square over every random character of 5000 secrets. With 61 degrees of freedom a fair source
/// stays below 137 but once in ten million; drawing modulo 62 from a byte would give some 2000.
#[test]
fn the_alphabet_is_drawn_from_evenly() {
    let mut rng = ChaCha12Rng::seed_from_u64(62);
    let mut counts = BTreeMap::<char, u32>::new();
    let mut firsts = counts.clone();
    for _ in 0..5000 {
        let secret = issue("gp", Api::Scim, &mut rng).unwrap().secret;
        let drawn = secret.reveal()[4..48].chars().filter(|c| *c != '_').collect::<Vec<_>>();
        assert_eq!(drawn.len(), 43);
        *firsts.entry(drawn[0]).or_default() += 1;
        for c in drawn {
            *counts.entry(c).or_default() += 1;
        }
    }
    for (name, counts) in [("all", counts), ("first", firsts)] {
        assert_eq!(counts.len(), 62, "{name}: {counts:?}");
        let expected = f64::from(counts.values().sum::<u32>()) / 62.0;
        let chi_square: f64 =
            counts.values().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        assert!(chi_square < 137.0, "{name}: {chi_square}");
        assert!(chi_square > 20.0, "{name}: {chi_square}, too even for chance");
    }
}

/// Counts up: byte 62 and 63 of each 64 stand for no character.
#[derive(Debug, Default)]
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand::rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand::rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

/// Has nothing to give.
#[derive(Debug)]
struct Dry;

#[derive(Debug)]
struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no entropy")
    }
}

impl std::error::Error for NoEntropy {}

impl TryRng for Dry {
    type Error = NoEntropy;

    fn try_next_u32(&mut self) -> Result<u32, NoEntropy> {
        Err(NoEntropy)
    }

    fn try_next_u64(&mut self) -> Result<u64, NoEntropy> {
        Err(NoEntropy)
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), NoEntropy> {
        Err(NoEntropy)
    }
}

impl TryCryptoRng for Dry {}

#[test]
fn a_value_that_is_no_character_is_drawn_again() {
    let secret = issue("gp", Api::Rest, &mut Counting(60)).unwrap().secret;
    // 60 and 61 are the last two characters; 62 and 63 are dropped; 64 begins anew.
    assert_eq!(secret.id().unwrap().as_str(), "yz0123456789");
}

#[test]
fn without_randomness_there_is_no_token() {
    let error = issue("gp", Api::Rest, &mut Dry).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Internal, "random_unavailable"));
}

#[test]
fn two_generated_secrets_differ() {
    let [a, b] = [0, 1].map(|_| Secret::generate(Api::Rest).unwrap());
    assert_ne!(a, b);
    assert_ne!(a.id(), b.id());
}
