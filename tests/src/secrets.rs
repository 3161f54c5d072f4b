//! `secrets.json`: strings, and whether they are secrets.

use serde::{Deserialize, Serialize};

use crate::expected::{Expected, invalid};
use crate::forge::{BASE62, Dice, Parts, TRUE_VECTOR, base62, crc32, sealed, sha256};
use crate::text::{Text, join, repeat};

/// What a runner does.
pub const ABOUT: &str = "Each case has a text. `secret` is what making a Secret of it gives: {ok} with its \
    digest (SHA-256, hexadecimal), what printing it shows (`redacted`), what revealing it gives, and, where \
    it is of Gatepass's own form and its checksum is right, the brand, the API and the id in it (else null); \
    or {error}. `check` is the reason for which a guard of a verifier that knows no token denies it as a \
    bare secret: `unknown` says that its form and checksum are right. Texts: see README.md.";

/// A string, and what it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// The string.
    pub text: Text,
    /// What making a `Secret` of it gives.
    pub secret: Expected<Carried>,
    /// The reason of a verifier that knows no token.
    pub check: String,
}

/// A secret that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The brand, where it is of our form.
    pub brand: Option<String>,
    /// The API, where it is of our form.
    pub api: Option<String>,
    /// The id, where it is of our form.
    pub id: Option<String>,
    /// SHA-256 of the secret.
    pub digest: String,
    /// What is printed.
    pub redacted: String,
    /// What is revealed.
    pub revealed: Text,
}

const UNKNOWN: &str = "unknown";
const MALFORMED: &str = "malformed";
const CHECKSUM: &str = "checksum_mismatch";

/// A secret of our form, sent as this text.
fn ours(name: impl Into<String>, parts: &Parts, text: impl Into<Text>) -> Case {
    let start: String = parts.id.chars().take(4).collect();
    let api = match parts.letter.as_str() {
        "c" => "config",
        "s" => "scim",
        _ => "rest",
    };
    let carried = Carried {
        brand: Some(parts.brand.clone()),
        api: Some(api.to_owned()),
        id: Some(parts.id.clone()),
        digest: parts.digest(),
        redacted: format!("{}{}_{start}…", parts.brand, parts.letter),
        revealed: parts.secret().into(),
    };
    Case { name: name.into(), text: text.into(), secret: Expected::Ok(carried), check: UNKNOWN.to_owned() }
}

/// Not of our form, but a token that somebody's server may have issued: carried as it is, and never printed.
fn carried(name: impl Into<String>, text: impl Into<Text>, check: &str) -> Case {
    let text = text.into();
    let revealed = text.clone();
    carried_as(name, text, revealed, check)
}

fn carried_as(name: impl Into<String>, text: Text, revealed: Text, check: &str) -> Case {
    let digest = sha256(&revealed.bytes());
    let secret = Carried { brand: None, api: None, id: None, digest, redacted: "…".to_owned(), revealed };
    Case { name: name.into(), text, secret: Expected::Ok(secret), check: check.to_owned() }
}

/// Nobody's secret.
fn refused(name: impl Into<String>, text: impl Into<Text>) -> Case {
    let secret = Expected::Error(invalid("secret", "secret_malformed"));
    Case { name: name.into(), text: text.into(), secret, check: MALFORMED.to_owned() }
}

/// The printed form of a secret, sent by mistake.
fn redacted(name: &str, text: &str) -> Case {
    let secret = Expected::Error(invalid("secret", "secret_redacted"));
    Case { name: name.to_owned(), text: text.into(), secret, check: MALFORMED.to_owned() }
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut dice = Dice::for_file("secrets.json");
    let mut cases = of_our_form(&mut dice);
    cases.extend(with_scheme());
    cases.extend(wrong_length());
    cases.extend(wrong_letters(&mut dice));
    cases.extend(wrong_checksum(&mut dice));
    cases.extend(noise(&mut dice));
    cases.extend(foreign());
    cases.extend(sent_redacted());
    cases
}

fn of_our_form(dice: &mut Dice) -> Vec<Case> {
    let mut cases = vec![ours("the-true-vector", &Parts::of_true_vector(), TRUE_VECTOR)];
    for brand in ["gp", "ab", "acm", "csr", "gatepass", "abcdefghijklmnop"] {
        for letter in ["c", "s", "r"] {
            let parts = Parts::draw(dice, brand, letter);
            cases.push(ours(format!("ours-brand-{brand}-api-{letter}"), &parts, parts.secret()));
        }
    }
    for zeros in 1..=2 {
        let parts = drawn_with_checksum(dice, |checksum| checksum.starts_with(&"0".repeat(zeros)));
        let name = format!("checksum-is-padded-with-{zeros}-zeros");
        cases.push(ours(name, &parts, parts.secret()));
        let name = format!("checksum-without-its-{zeros}-zeros-is-too-short");
        let bare = parts.secret().chars().skip(parts.covered().len() + zeros).collect::<String>();
        cases.push(carried(name, parts.covered() + &bare, MALFORMED));
    }
    cases
}

fn drawn_with_checksum(dice: &mut Dice, wanted: impl Fn(&str) -> bool) -> Parts {
    loop {
        let parts = Parts::draw(dice, "gp", "r");
        if wanted(&base62(crc32(parts.covered().as_bytes()).into(), 6)) {
            return parts;
        }
    }
}

fn with_scheme() -> Vec<Case> {
    let parts = Parts::of_true_vector();
    let scheme = |scheme: &str| format!("{scheme}{TRUE_VECTOR}");
    vec![
        ours("scheme-is-stripped", &parts, scheme("secret-token:")),
        ours("scheme-in-capitals-is-stripped", &parts, scheme("SECRET-TOKEN:")),
        ours("scheme-in-mixed-case-is-stripped", &parts, scheme("Secret-toKen:")),
        refused("scheme-twice-is-stripped-once", scheme("secret-token:secret-token:")),
        refused("scheme-then-a-space", scheme("secret-token: ")),
        refused("space-then-scheme", scheme(" secret-token:")),
        refused("scheme-alone", "secret-token:"),
        refused("scheme-with-an-underscore", scheme("secret_token:")),
        carried_as(
            "scheme-then-slashes-which-a-foreign-token-may-have",
            scheme("secret-token://").into(),
            scheme("//").into(),
            MALFORMED,
        ),
        carried_as("scheme-before-a-foreign-token", "secret-token:abc=".into(), "abc=".into(), MALFORMED),
        carried_as(
            "scheme-does-not-count-towards-8192",
            join(["secret-token:".into(), repeat("A", 8192)]),
            repeat("A", 8192),
            MALFORMED,
        ),
        refused("scheme-before-8193", join(["secret-token:".into(), repeat("A", 8193)])),
    ]
}

fn wrong_length() -> Vec<Case> {
    let parts = Parts::of_true_vector();
    let (id, random) = (&parts.id, &parts.random);
    let all_but_last: String = TRUE_VECTOR.chars().take(53).collect();
    let all_but_first: String = TRUE_VECTOR.chars().skip(1).collect();
    vec![
        refused("empty", ""),
        carried("one-too-short-at-the-end", all_but_last, MALFORMED),
        // What is left begins with the brand of one letter that no brand may be.
        carried("one-too-short-at-the-start", all_but_first, MALFORMED),
        carried("one-too-long-at-the-end", format!("{TRUE_VECTOR}0"), MALFORMED),
        carried("one-too-long-at-the-start", format!("_{TRUE_VECTOR}"), MALFORMED),
        carried("twice", format!("{TRUE_VECTOR}{TRUE_VECTOR}"), MALFORMED),
        carried("id-of-11", sealed(&format!("gpr_{}_{random}", skip_first(id))), MALFORMED),
        carried("id-of-13", sealed(&format!("gpr_0{id}_{random}")), MALFORMED),
        carried("random-of-30", sealed(&format!("gpr_{id}_{}", skip_first(random))), MALFORMED),
        carried("random-of-32", sealed(&format!("gpr_{id}_0{random}")), MALFORMED),
        carried("separator-one-to-the-left", sealed(&format!("gpr_{}_0{random}", skip_first(id))), MALFORMED),
        carried(
            "separator-one-to-the-right",
            sealed(&format!("gpr_0{id}_{}", skip_first(random))),
            MALFORMED,
        ),
        carried("only-brand-and-api", "gpr_", MALFORMED),
        carried("without-checksum", parts.covered(), MALFORMED),
    ]
}

fn skip_first(text: &str) -> String {
    text.chars().skip(1).collect()
}

/// Each with the checksum that belongs to it, so that nothing but the letter is wrong.
fn wrong_letters(dice: &mut Dice) -> Vec<Case> {
    let true_vector = Parts::of_true_vector();
    let mut cases = vec![
        carried("separator-before-the-id-is-a-hyphen", sealed(&covered_with(3, "-")), MALFORMED),
        carried("separator-before-the-secret-is-a-hyphen", sealed(&covered_with(16, "-")), MALFORMED),
        carried("separator-before-the-secret-is-a-letter", sealed(&covered_with(16, "x")), MALFORMED),
    ];
    for (name, brand) in [
        ("empty", ""),
        ("of-one-letter", "g"),
        ("of-17-letters", "abcdefghijklmnopq"),
        ("in-capitals", "GP"),
        ("with-one-capital", "gP"),
        ("with-a-digit", "g2"),
        ("with-an-underscore", "g_p"),
        ("with-a-hyphen", "g-p"),
    ] {
        let parts = Parts { brand: brand.to_owned(), ..true_vector.clone() };
        cases.push(carried(format!("brand-{name}"), parts.secret(), MALFORMED));
    }
    for letter in ["x", "a", "p", "C", "R", "1", "_"] {
        let parts = Parts { letter: letter.to_owned(), ..true_vector.clone() };
        cases.push(carried(format!("api-letter-{letter}"), parts.secret(), MALFORMED));
    }
    for (region, at) in [("id", 4), ("id-end", 15), ("random", 17), ("random-end", 47)] {
        for (name, letter) in [("hyphen", "-"), ("underscore", "_"), ("plus", "+"), ("dot", ".")] {
            let text = sealed(&covered_with(at, letter));
            cases.push(carried(format!("{region}-with-a-{name}"), text, MALFORMED));
        }
        // The neighbours of 0-9, A-Z and a-z in ASCII, which a wrong comparison would let in.
        for (name, letter) in
            [("colon", ":"), ("at-sign", "@"), ("bracket", "["), ("brace", "{"), ("tick", "`")]
        {
            let text = sealed(&covered_with(at, letter));
            cases.push(refused(format!("{region}-with-a-{name}"), text));
        }
    }
    for (name, letter) in [("hyphen", "-"), ("plus", "+"), ("underscore", "_")] {
        let text = secret_with(53, letter);
        cases.push(carried(format!("checksum-with-a-{name}"), text, MALFORMED));
    }
    for (name, letter) in [
        ("space", " "),
        ("nul", "\0"),
        ("line-break", "\n"),
        ("cyrillic-a", "\u{430}"),
        ("full-width-digit", "\u{ff18}"),
        ("long-s", "\u{17f}"),
        ("kelvin-sign", "\u{212a}"),
        ("emoji", "🔑"),
    ] {
        for (region, at) in [("brand", 1), ("api", 2), ("id", 11), ("random", 20), ("checksum", 50)] {
            cases.push(refused(format!("{region}-with-a-{name}"), secret_with(at, letter)));
        }
    }
    for (name, space) in
        [("space", " "), ("tab", "\t"), ("line-break", "\n"), ("crlf", "\r\n"), ("nul", "\0")]
    {
        cases.push(refused(format!("{name}-before"), format!("{space}{TRUE_VECTOR}")));
        cases.push(refused(format!("{name}-after"), format!("{TRUE_VECTOR}{space}")));
    }
    cases.extend([
        refused("byte-order-mark-before", format!("\u{feff}{TRUE_VECTOR}")),
        refused("zero-width-space-after", format!("{TRUE_VECTOR}\u{200b}")),
        refused("non-breaking-space-after", format!("{TRUE_VECTOR}\u{a0}")),
        // As many bytes as the true vector has: a Cyrillic letter in the place of two.
        refused("cyrillic-letter-with-the-right-number-of-bytes", TRUE_VECTOR.replace("aZ", "\u{430}")),
        refused("quoted", format!("\"{TRUE_VECTOR}\"")),
        refused("percent-encoded", TRUE_VECTOR.replace('_', "%5F")),
        carried("all-in-capitals", TRUE_VECTOR.to_uppercase(), MALFORMED),
        carried("all-in-small-letters", TRUE_VECTOR.to_lowercase(), CHECKSUM),
    ]);
    let parts = Parts::draw(dice, "gp", "c");
    cases.push(carried("all-zeros-without-their-checksum", zeroed(&parts), CHECKSUM));
    cases
}

fn zeroed(parts: &Parts) -> String {
    format!("{}{}_{}_{}", parts.brand, parts.letter, "0".repeat(12), "0".repeat(37))
}

/// The true vector without its checksum, one character replaced.
fn covered_with(at: usize, letter: &str) -> String {
    replaced(&Parts::of_true_vector().covered(), at, letter)
}

/// The true vector, one character replaced.
fn secret_with(at: usize, letter: &str) -> String {
    replaced(TRUE_VECTOR, at, letter)
}

fn replaced(text: &str, at: usize, letter: &str) -> String {
    let before: String = text.chars().take(at).collect();
    let after: String = text.chars().skip(at + 1).collect();
    format!("{before}{letter}{after}")
}

fn wrong_checksum(dice: &mut Dice) -> Vec<Case> {
    let parts = Parts::draw(dice, "gp", "r");
    let (covered, secret) = (parts.covered(), parts.secret());
    let checksum: String = secret.chars().skip(covered.len()).collect();
    let next = |digit: char| BASE62.chars().cycle().skip_while(|own| *own != digit).nth(1).unwrap_or('0');
    let mut cases = Vec::new();
    for (at, digit) in checksum.chars().enumerate() {
        let text = replaced(&secret, covered.len() + at, &next(digit).to_string());
        cases.push(carried(format!("checksum-digit-{}-is-the-next-one", at + 1), text, CHECKSUM));
    }
    for (region, at) in [("brand", 0), ("id", 9), ("random", 30)] {
        let letter = secret.chars().nth(at).map_or('0', next).to_string();
        let text = replaced(&secret, at, &letter);
        cases.push(carried(format!("typing-error-in-{region}"), text, CHECKSUM));
    }
    for letter in ["c", "s"] {
        let text = replaced(&secret, 2, letter);
        cases.push(carried(format!("api-swapped-to-{letter}-with-the-old-checksum"), text, CHECKSUM));
    }
    let swapped = |from: &str, to: &str| secret.replace(from, to);
    let value = u64::from(crc32(covered.as_bytes()));
    let with_value = |value: u64| format!("{covered}{}", base62(value, 6));
    cases.extend([
        carried("rebranded-with-the-old-checksum", swapped("gpr_", "acr_"), CHECKSUM),
        carried(
            "checksum-of-another-byte-order",
            with_value(u64::from(crc32(covered.as_bytes()).swap_bytes())),
            CHECKSUM,
        ),
        carried("checksum-not-inverted", with_value(u64::from(!crc32(covered.as_bytes()))), CHECKSUM),
        // Six digits of base62 hold more than 32 bits: what is equal modulo 2^32 is not equal.
        carried("checksum-right-modulo-2-to-the-32", with_value(value + (1 << 32)), CHECKSUM),
        carried("checksum-right-modulo-2-to-the-32-again", with_value(value + (2 << 32)), CHECKSUM),
        carried("checksum-of-all-z", format!("{covered}zzzzzz"), CHECKSUM),
        carried("checksum-of-all-zeros", format!("{covered}000000"), CHECKSUM),
    ]);
    cases
}

fn noise(dice: &mut Dice) -> Vec<Case> {
    let mut cases = vec![
        refused("noise-of-a-million", repeat("A", 1_000_000)),
        refused(
            "noise-of-a-million-after-a-good-start",
            join(["gpr_8fK2mQ0aZx71_".into(), repeat("A", 1_000_000)]),
        ),
        refused(
            "noise-of-a-million-after-a-whole-secret",
            join([TRUE_VECTOR.into(), repeat("0", 1_000_000)]),
        ),
        refused("noise-of-a-million-spaces", repeat(" ", 1_000_000)),
        refused("noise-of-a-million-bytes-of-emoji", repeat("🔑", 250_000)),
        refused("noise-of-a-million-schemes", repeat("secret-token:", 80_000)),
        refused("noise-of-a-million-equals-signs", repeat("=", 1_000_000)),
        carried("noise-of-512", repeat("A", 512), MALFORMED),
        carried("noise-of-513", repeat("A", 513), MALFORMED),
    ];
    for length in [1, 12, 37, 52, 53, 54, 55, 64, 68, 69] {
        cases.push(carried(format!("noise-of-{length}"), dice.base62(length), MALFORMED));
    }
    cases
}

/// RFC 6750's b64token: what RadiantOne's own tokens may look like.
fn foreign() -> Vec<Case> {
    vec![
        carried("foreign-of-one-character", "x", MALFORMED),
        carried("foreign-of-8192", repeat("A", 8192), MALFORMED),
        refused("foreign-of-8193", repeat("A", 8193)),
        carried("foreign-with-every-sign", "aZ09-._~+/", MALFORMED),
        carried("foreign-with-padding", "dG9rZW4=", MALFORMED),
        carried("foreign-with-much-padding", "dG9r====", MALFORMED),
        carried("foreign-of-8192-with-padding", join([repeat("A", 8190), "==".into()]), MALFORMED),
        refused("foreign-of-padding-alone", "=="),
        refused("foreign-with-padding-in-the-middle", "dG9=rZW4"),
        refused("foreign-with-padding-in-front", "=dG9rZW4"),
        refused("foreign-with-a-comma", "abc,def"),
        refused("foreign-with-a-colon", "user:password"),
        refused("foreign-with-a-space-inside", "abc def"),
        refused("foreign-with-a-quote", "abc\"def"),
        refused("foreign-with-a-percent-sign", "abc%3D"),
        refused("foreign-with-a-delete-character", "abc\u{7f}"),
        refused("foreign-with-an-umlaut", "schlüssel"),
        carried(
            "foreign-that-begins-like-a-github-token",
            "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
            MALFORMED,
        ),
        carried("foreign-uuid", "0f8fad5b-d9cb-469f-a165-70867728950e", MALFORMED),
    ]
}

fn sent_redacted() -> Vec<Case> {
    vec![
        redacted("redacted-form-of-ours", "gpr_8fK2…"),
        redacted("redacted-form-after-the-scheme", "secret-token:gpr_8fK2…"),
        redacted("redacted-form-of-a-foreign-token", "…"),
        redacted("redacted-form-of-another-brand", "acmec_0aZ9…"),
        refused("ellipsis-in-the-middle", "gpr_8fK2…EG1"),
    ]
}
