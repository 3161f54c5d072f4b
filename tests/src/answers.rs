//! `answers.json`: what is told to the outside about a denial (RFC 6750 section 3).

use serde::{Deserialize, Serialize};

/// What a runner does.
pub const ABOUT: &str = "Each case makes the answer for a denial of this `reason`, for a resource of this \
    `realm`; `scope` is the list of scopes that the guard wanted, null where it is not told. The answer is \
    compared byte for byte: its status, the headers WWW-Authenticate and Retry-After (null for none), and the \
    error code for its body.";

/// A denial, and the answer to it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// The code of the reason.
    pub reason: String,
    /// The realm of the resource.
    pub realm: String,
    /// The scopes that were wanted.
    pub scope: Option<String>,
    /// The answer.
    pub answer: Answer,
}

/// What is sent back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `WWW-Authenticate` header.
    pub www_authenticate: Option<String>,
    /// The `Retry-After` header, in seconds.
    pub retry_after: Option<u32>,
    /// The error code.
    pub error: Option<String>,
}

/// What nobody outside can tell apart.
const INVALID_TOKEN: [&str; 13] = [
    "malformed",
    "checksum_mismatch",
    "unknown",
    "wrong_secret",
    "superseded",
    "revoked",
    "not_yet_valid",
    "expired",
    "wrong_api",
    "network_not_allowed",
    "bad_signature",
    "untrusted_issuer",
    "wrong_audience",
];
const UNAVAILABLE: [&str; 2] = ["stale", "keys_unavailable"];

fn case(name: impl Into<String>, reason: &str, realm: &str, scope: Option<&str>, answer: Answer) -> Case {
    let scope = scope.map(str::to_owned);
    Case { name: name.into(), reason: reason.to_owned(), realm: realm.to_owned(), scope, answer }
}

fn challenge(status: u16, error: Option<&str>, www_authenticate: &str) -> Answer {
    let www_authenticate = Some(www_authenticate.to_owned());
    Answer { status, www_authenticate, retry_after: None, error: error.map(str::to_owned) }
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let missing = || challenge(401, None, r#"Bearer realm="orders""#);
    let fault = |status, error: &str, description: &str, scope: &str| {
        let header =
            format!(r#"Bearer realm="orders", error="{error}", error_description="{description}"{scope}"#);
        challenge(status, Some(error), &header)
    };
    let invalid_request = fault(400, "invalid_request", "The Authorization header is malformed", "");
    let invalid_token = || {
        let description = "The access token is malformed, expired, revoked or not valid here";
        fault(401, "invalid_token", description, "")
    };
    let insufficient_scope = |scope: &str| {
        let description = "The request requires more than this token permits";
        fault(403, "insufficient_scope", description, scope)
    };
    let unavailable = || Answer {
        status: 503,
        www_authenticate: None,
        retry_after: Some(1),
        error: Some("temporarily_unavailable".to_owned()),
    };
    let mut cases = vec![
        case("missing", "missing", "orders", None, missing()),
        case("missing-tells-no-scope", "missing", "orders", Some("orders:read"), missing()),
        case("invalid-header", "invalid_header", "orders", None, invalid_request),
        case("insufficient-scope", "insufficient_scope", "orders", None, insufficient_scope("")),
        case(
            "insufficient-scope-names-the-scope",
            "insufficient_scope",
            "orders",
            Some("orders:read"),
            insufficient_scope(r#", scope="orders:read""#),
        ),
        case(
            "insufficient-scope-names-all-scopes",
            "insufficient_scope",
            "orders",
            Some("orders:read orders:write"),
            insufficient_scope(r#", scope="orders:read orders:write""#),
        ),
    ];
    for reason in INVALID_TOKEN {
        let name = reason.replace('_', "-");
        cases.push(case(format!("{name}-looks-like-any-bad-token"), reason, "orders", None, invalid_token()));
    }
    cases.push(case("expired-tells-no-scope", "expired", "orders", Some("orders:read"), invalid_token()));
    for reason in UNAVAILABLE {
        let name = reason.replace('_', "-");
        cases.push(case(format!("{name}-is-nobodys-fault"), reason, "orders", None, unavailable()));
    }
    cases.extend(of_realms());
    cases
}

/// What may stand in a header at all, and how (RFC 9110 section 5.6.4).
fn of_realms() -> Vec<Case> {
    let realm = |name: &str, realm: &str, quoted: &str| {
        case(
            format!("realm-{name}"),
            "missing",
            realm,
            None,
            challenge(401, None, &format!("Bearer realm={quoted}")),
        )
    };
    vec![
        realm("empty", "", r#""""#),
        realm("with-spaces", "my  orders", r#""my  orders""#),
        realm("with-quotes", r#"my "orders""#, r#""my \"orders\"""#),
        realm("of-one-quote", "\"", r#""\"""#),
        realm("with-a-backslash", r"my\orders", r#""my\\orders""#),
        realm("with-a-backslash-at-the-end", r"orders\", r#""orders\\""#),
        realm("with-a-backslash-before-a-quote", r#"\""#, r#""\\\"""#),
        realm("with-a-comma-and-an-equals-sign", "a, b=c", r#""a, b=c""#),
        realm(
            "with-a-parameter-smuggled-in",
            r#"x", error="invalid_token"#,
            r#""x\", error=\"invalid_token""#,
        ),
        realm("with-a-header-smuggled-in", "x\r\nSet-Cookie: a=b", r#""x  Set-Cookie: a=b""#),
        realm("with-a-line-feed", "a\nb", r#""a b""#),
        realm("with-a-carriage-return", "a\rb", r#""a b""#),
        realm("with-nul-and-delete", "a\0b\u{7f}c", r#""a b c""#),
        realm("with-umlauts", "Aufträge", r#""Auftr?ge""#),
        realm("with-an-emoji", "🔑", r#""?""#),
        realm("with-a-line-break-of-unicode", "a\u{2028}b\u{85}c", r#""a?b?c""#),
        realm(
            "with-every-printable-sign",
            "!#$%&'()*+,-./:;<=>?@[]^_`{|}~",
            r#""!#$%&'()*+,-./:;<=>?@[]^_`{|}~""#,
        ),
    ]
}
