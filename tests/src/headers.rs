//! `headers.json`: what may stand in an Authorization header, and what may not.

use serde::{Deserialize, Serialize};

use crate::forge::TRUE_VECTOR;
use crate::text::{Text, join, repeat};

/// What a runner does.
pub const ABOUT: &str = "Each case is checked by a guard (api rest, no scopes) of a verifier that knows no \
    token; `reason` is the reason of the denial. `unknown` says that the credential was found in the header \
    and is of the right form. `authorization` is null where there was no such header, a text for one value, a \
    list of texts for several. A {\"hex\"} is bytes that are no UTF-8; where a language's headers are strings, \
    each byte is one character (ISO 8859-1), as its HTTP servers do it.";

/// A header, and what is found in it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// The header's value or values.
    pub authorization: Option<Authorization>,
    /// The reason of a verifier that knows no token.
    pub reason: String,
}

/// The header as it came.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Authorization {
    /// One value.
    One(Text),
    /// A list of them.
    Many(Vec<Text>),
}

impl<T: Into<Text>> From<T> for Authorization {
    fn from(value: T) -> Self {
        Self::One(value.into())
    }
}

const UNKNOWN: &str = "unknown";
const MISSING: &str = "missing";
const INVALID: &str = "invalid_header";
const MALFORMED: &str = "malformed";

fn one(name: impl Into<String>, value: impl Into<Authorization>, reason: &str) -> Case {
    Case { name: name.into(), authorization: Some(value.into()), reason: reason.to_owned() }
}

fn many<const N: usize>(name: &str, values: [&str; N], reason: &str) -> Case {
    let values = Authorization::Many(values.map(Text::from).into());
    Case { name: name.to_owned(), authorization: Some(values), reason: reason.to_owned() }
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = vec![Case { name: "absent".to_owned(), authorization: None, reason: MISSING.to_owned() }];
    cases.extend(of_schemes());
    cases.extend(of_spaces());
    cases.extend(of_credentials());
    cases.extend(of_lists());
    cases.extend(of_lengths());
    cases.extend(of_bytes());
    cases
}

fn of_schemes() -> Vec<Case> {
    let mut cases: Vec<Case> = ["Bearer", "bearer", "BEARER", "bEaReR"]
        .into_iter()
        .zip(["as-written", "in-small-letters", "in-capitals", "in-mixed-case"])
        .map(|(scheme, name)| one(format!("scheme-{name}"), format!("{scheme} {TRUE_VECTOR}"), UNKNOWN))
        .collect();
    cases.extend([
        one("empty", "", MISSING),
        one("spaces-alone", "   ", MISSING),
        one("tab-alone", "\t", MISSING),
        one("secret-alone", TRUE_VECTOR, MISSING),
        one("scheme-basic", "Basic dXNlcjpwYXNzd29yZA==", MISSING),
        one("scheme-basic-with-our-secret", format!("Basic {TRUE_VECTOR}"), MISSING),
        one("scheme-token", format!("Token {TRUE_VECTOR}"), MISSING),
        one("scheme-digest", "Digest username=\"u\", realm=\"r\"", MISSING),
        one("scheme-negotiate", "Negotiate YII=", MISSING),
        one("scheme-cut-short", "Bear", MISSING),
        one("scheme-of-one-letter", "B", MISSING),
        one("scheme-in-the-plural", format!("Bearers {TRUE_VECTOR}"), MISSING),
        one("scheme-with-a-suffix", format!("Bearer-Token {TRUE_VECTOR}"), MISSING),
        one("scheme-with-a-prefix", format!("XBearer {TRUE_VECTOR}"), MISSING),
        one("scheme-later-in-the-value", format!("Basic x Bearer {TRUE_VECTOR}"), MISSING),
        one("scheme-glued-to-the-secret", format!("Bearer{TRUE_VECTOR}"), MISSING),
        one("scheme-with-a-cyrillic-letter", format!("B\u{435}arer {TRUE_VECTOR}"), MISSING),
        one("scheme-in-full-width-letters", format!("\u{ff22}earer {TRUE_VECTOR}"), MISSING),
        one("scheme-alone", "Bearer", INVALID),
        one("scheme-and-a-space", "Bearer ", INVALID),
        one("scheme-and-a-tab", "Bearer\t", INVALID),
        one("scheme-twice", format!("Bearer Bearer {TRUE_VECTOR}"), INVALID),
    ]);
    cases
}

fn of_spaces() -> Vec<Case> {
    vec![
        one("two-spaces", format!("Bearer  {TRUE_VECTOR}"), UNKNOWN),
        one("twenty-spaces", join(["Bearer".into(), repeat(" ", 20), TRUE_VECTOR.into()]), UNKNOWN),
        one("thousands-of-spaces", join(["Bearer".into(), repeat(" ", 8000), TRUE_VECTOR.into()]), UNKNOWN),
        one("spaces-around", format!("  Bearer {TRUE_VECTOR}  "), UNKNOWN),
        one("tabs-around", format!("\tBearer {TRUE_VECTOR}\t"), UNKNOWN),
        one("tab-for-the-space", format!("Bearer\t{TRUE_VECTOR}"), INVALID),
        one("space-then-tab", format!("Bearer \t{TRUE_VECTOR}"), INVALID),
        one("tab-then-space", format!("Bearer\t {TRUE_VECTOR}"), INVALID),
        one("line-break-for-the-space", format!("Bearer \n{TRUE_VECTOR}"), INVALID),
        one("line-break-behind", format!("Bearer {TRUE_VECTOR}\n"), INVALID),
        one("crlf-behind", format!("Bearer {TRUE_VECTOR}\r\n"), INVALID),
        one("another-header-smuggled-in", format!("Bearer {TRUE_VECTOR}\r\nX-Role: admin"), INVALID),
        one("space-inside-the-secret", format!("Bearer {}", TRUE_VECTOR.replace("_d9", "_ d9")), INVALID),
        one("two-secrets", format!("Bearer {TRUE_VECTOR} {TRUE_VECTOR}"), INVALID),
        one("nul-behind", format!("Bearer {TRUE_VECTOR}\0"), INVALID),
        one("nul-before", format!("Bearer \0{TRUE_VECTOR}"), INVALID),
    ]
}

fn of_credentials() -> Vec<Case> {
    vec![
        one("secret-token-scheme", format!("Bearer secret-token:{TRUE_VECTOR}"), UNKNOWN),
        one("secret-token-scheme-in-capitals", format!("Bearer SECRET-TOKEN:{TRUE_VECTOR}"), UNKNOWN),
        one("secret-token-scheme-twice", format!("Bearer secret-token:secret-token:{TRUE_VECTOR}"), INVALID),
        one("secret-token-scheme-for-the-scheme", format!("secret-token:{TRUE_VECTOR}"), MISSING),
        one("wrong-checksum", format!("Bearer {}", TRUE_VECTOR.replace("EG1", "EG2")), "checksum_mismatch"),
        one("ours-cut-short", format!("Bearer {}", TRUE_VECTOR.replace("EG1", "EG")), MALFORMED),
        one("foreign-token", "Bearer dG9rZW4=", MALFORMED),
        one("foreign-token-of-one-letter", "Bearer x", MALFORMED),
        one("padding-in-the-middle", "Bearer dG9=rZW4", INVALID),
        one("padding-alone", "Bearer ==", INVALID),
        one("quoted", format!("Bearer \"{TRUE_VECTOR}\""), INVALID),
        one("as-a-parameter", format!("Bearer token=\"{TRUE_VECTOR}\""), INVALID),
        one("with-a-semicolon", format!("Bearer {TRUE_VECTOR};"), INVALID),
        one("a-challenge-sent-back", "Bearer realm=\"orders\"", INVALID),
        one("percent-encoded", "Bearer gpr%5F8fK2mQ0aZx71", INVALID),
        one("redacted-form", "Bearer gpr_8fK2…", INVALID),
        one("joined-by-a-comma", format!("Bearer {TRUE_VECTOR}, Bearer {TRUE_VECTOR}"), INVALID),
        one(
            "joined-by-a-comma-without-spaces",
            format!("Bearer {TRUE_VECTOR},Bearer {TRUE_VECTOR}"),
            INVALID,
        ),
        one("joined-with-basic-behind", format!("Bearer {TRUE_VECTOR}, Basic dTpw"), INVALID),
        one("joined-with-basic-before", format!("Basic dTpw, Bearer {TRUE_VECTOR}"), MISSING),
        one("comma-behind", format!("Bearer {TRUE_VECTOR},"), INVALID),
    ]
}

fn of_lists() -> Vec<Case> {
    let bearer = &format!("Bearer {TRUE_VECTOR}");
    vec![
        many("list-of-none", [], MISSING),
        many("list-of-one", [bearer], UNKNOWN),
        many("list-of-one-other-scheme", ["Basic dTpw"], MISSING),
        many("list-of-one-empty", [""], MISSING),
        many("list-of-two-alike", [bearer, bearer], INVALID),
        many("list-of-bearer-and-basic", [bearer, "Basic dTpw"], INVALID),
        many("list-of-basic-and-bearer", ["Basic dTpw", bearer], INVALID),
        many("list-of-bearer-and-empty", [bearer, ""], INVALID),
        many("list-of-empty-and-bearer", ["", bearer], INVALID),
        many("list-of-two-empty", ["", ""], INVALID),
        many("list-of-two-basic", ["Basic dTpw", "Basic dTpw"], INVALID),
        many("list-of-three", [bearer, bearer, bearer], INVALID),
    ]
}

/// 8 KiB are looked at, whatever is in them.
fn of_lengths() -> Vec<Case> {
    let scheme = || Text::from("Bearer ");
    vec![
        one("of-8192-bytes", join([scheme(), repeat("A", 8185)]), MALFORMED),
        one("of-8193-bytes", join([scheme(), repeat("A", 8186)]), INVALID),
        one("of-8192-bytes-of-spaces", repeat(" ", 8192), MISSING),
        one("of-8192-bytes-of-scheme-and-spaces", join([scheme(), repeat(" ", 8185)]), INVALID),
        one(
            "of-8193-bytes-with-spaces-around",
            join([repeat(" ", 8132), scheme(), TRUE_VECTOR.into()]),
            INVALID,
        ),
        one("a-hundred-thousand-spaces", join([scheme(), repeat(" ", 100_000), TRUE_VECTOR.into()]), INVALID),
        one("a-hundred-thousand-spaces-and-nothing", join([scheme(), repeat(" ", 100_000)]), INVALID),
        one("a-hundred-thousand-tabs", join([scheme(), repeat("\t", 100_000), TRUE_VECTOR.into()]), INVALID),
        one("a-hundred-thousand-schemes", repeat("Bearer ", 100_000), INVALID),
        one("a-million-letters", join([scheme(), repeat("A", 1_000_000)]), INVALID),
        one("a-million-commas", join([scheme(), repeat(",", 1_000_000)]), INVALID),
    ]
}

/// What no UTF-8 reader gets through.
fn of_bytes() -> Vec<Case> {
    let hex = |hex: &str| Text::Hex { hex: hex.to_owned() };
    let bearer = || Text::from(format!("Bearer {TRUE_VECTOR}"));
    vec![
        one("byte-ff-for-a-secret", join(["Bearer ".into(), hex("ff")]), INVALID),
        one("byte-ff-behind", join([bearer(), hex("ff")]), INVALID),
        one(
            "byte-80-inside",
            join(["Bearer gpr_8fK2mQ0aZx7".into(), hex("80"), "_d9Jw0Qb3yVn5".into()]),
            INVALID,
        ),
        one("byte-of-a-latin-1-umlaut", join(["Bearer schl".into(), hex("fc"), "ssel".into()]), INVALID),
        one("byte-of-a-latin-1-space-behind", join([bearer(), hex("a0")]), INVALID),
        one("bytes-of-half-an-emoji", join(["Bearer ".into(), hex("f09f94")]), INVALID),
        one("bytes-before-the-scheme", join([hex("efbbbf"), bearer()]), MISSING),
        one("bytes-in-the-scheme", join(["Bear".into(), hex("ffff"), " x".into()]), MISSING),
        one("emoji-for-a-secret", "Bearer 🔑", INVALID),
        one(
            "cyrillic-letter-in-the-secret",
            format!("Bearer {}", TRUE_VECTOR.replace('a', "\u{430}")),
            INVALID,
        ),
    ]
}
