//! The form of a token: RFC 7515 and RFC 7519 to the letter.

use serde_json::json;

use super::base64::url;
use super::{Case, EPOCH, ISSUER, Workshop, good, header, validator, with};
use crate::text::{Text, join, repeat};

/// The cases.
pub(super) fn cases(workshop: &Workshop) -> Vec<Case> {
    vec![layout(workshop), headers(workshop), members(workshop)]
}

fn layout(workshop: &Workshop) -> Case {
    let token = workshop.rs256(&good());
    let parts: Vec<&str> = token.split('.').collect();
    let (head, body, end) = match parts.as_slice() {
        [head, body, end] => (*head, *body, *end),
        _ => unreachable!("a token has three parts"),
    };
    // Of a text whose last letter carries two bits that say nothing, another one that decodes to the same bytes.
    let loose = |text: &str| {
        let last = text.chars().last().unwrap_or('A');
        let other = char::from_u32(u32::from(last) + 1).unwrap_or('B');
        format!("{}{other}", text.get(..text.len() - 1).unwrap_or_default())
    };
    // 7000 and some bytes more of claims: 8 KiB all in all, and one byte more.
    let sized = |size: usize| {
        let claims = |filler: usize| with(good(), &json!({"filler": "x".repeat(filler)}));
        (5_000..7_000)
            .map(|filler| (claims(filler), workshop.rs256(&claims(filler))))
            .find(|(_, token)| token.len() >= size)
    };
    let mut case = Case::new("the-form-of-a-token", workshop, vec![validator()])
        .grants("as-it-should-be", token.as_str(), &good())
        .grants("after-the-scheme-of-rfc-8959", format!("secret-token:{token}"), &good())
        .denies("one-part", head, "malformed")
        .denies("two-parts", format!("{head}.{body}"), "malformed")
        .denies("four-parts", format!("{token}.AAAA"), "malformed")
        .denies("encrypted-five-parts", format!("{head}.{body}.{end}.{end}.{end}"), "malformed")
        .denies("empty-header", format!(".{body}.{end}"), "malformed")
        .denies("empty-claims", format!("{head}..{end}"), "malformed")
        .denies("dots-alone", "..", "malformed")
        .denies("padded-signature", format!("{token}=="), "malformed")
        .denies("standard-alphabet", token.replace(['-', '_'], "+"), "malformed")
        .denies("bits-that-say-nothing", format!("{head}.{body}.{}", loose(end)), "malformed")
        .denies("a-space-within", format!("{head}. {body}.{end}"), "invalid_header")
        .denies("header-no-json", format!("{}.{body}.{end}", url(b"{")), "malformed")
        .denies("header-an-array", format!("{}.{body}.{end}", url(b"[]")), "malformed")
        .denies("claims-a-text", format!("{head}.{}.{end}", url(b"\"a\"")), "malformed")
        .denies("claims-no-utf-8", format!("{head}.{}.{end}", url(b"{\"a\":\"\xFF\"}")), "malformed")
        .denies("claims-with-more-behind", format!("{head}.{}.{end}", url(b"{}{}")), "malformed")
        .denies("deep-claims", deep(head, end), "malformed")
        .denies(
            "a-megabyte",
            join([format!("{head}.").into(), repeat("A", 1 << 20), format!(".{end}").into()]),
            "invalid_header",
        );
    if let Some((claims, token)) = sized(8_100) {
        case = case.grants("nearly-8-kib", token, &claims);
    }
    case
}

fn deep(head: &str, end: &str) -> Text {
    let claims = format!("{{\"a\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000));
    format!("{head}.{}.{end}", url(claims.as_bytes())).into()
}

fn headers(workshop: &Workshop) -> Case {
    let sign = |header| workshop.signed(&workshop.rsa, "RS256", &header, &good());
    let plus = |more| sign(with(header("RS256", "rsa"), &more));
    let typ = |kind: &str| plus(json!({"typ": kind}));
    Case::new("what-a-header-says", workshop, vec![validator()])
        .denies("critical-extension", plus(json!({"crit": ["exp"], "exp": 1})), "malformed")
        .denies("critical-empty", plus(json!({"crit": []})), "malformed")
        .denies("unencoded-payload", plus(json!({"b64": false})), "malformed")
        .denies("compressed", plus(json!({"zip": "DEF"})), "malformed")
        .denies("encrypted", plus(json!({"enc": "A128GCM"})), "malformed")
        .denies("a-token-in-a-token", plus(json!({"cty": "JWT"})), "malformed")
        .denies("type-no-text", plus(json!({"typ": 1})), "malformed")
        .denies("another-type", typ("dpop+jwt"), "malformed")
        .denies("logout-token", typ("logout+jwt"), "malformed")
        .grants("type-of-an-access-token", typ("at+jwt"), &good())
        .grants("type-in-full", typ("application/AT+JWT"), &good())
        .grants("type-absent", sign(json!({"alg": "RS256", "kid": "rsa"})), &good())
        .grants("unknown-member", plus(json!({"x": {"y": [1]}})), &good())
}

fn members(workshop: &Workshop) -> Case {
    let raw = |header: &str, claims: &str| workshop.signer.token(&workshop.rsa, "RS256", header, claims);
    let (head, exp) = (header("RS256", "rsa").to_string(), EPOCH + 3600);
    let claims =
        |more: &str| format!(r#"{{"iss":"{ISSUER}","sub":"ada","aud":"directory","exp":{exp}{more}}}"#);
    let plain = claims("");
    Case::new("no-member-twice", workshop, vec![validator()])
        .denies("algorithm-twice", raw(r#"{"alg":"RS256","alg":"RS256","kid":"rsa"}"#, &plain), "malformed")
        .denies(
            "algorithm-twice-escaped",
            raw(r#"{"alg":"none","\u0061lg":"RS256","kid":"rsa"}"#, &plain),
            "malformed",
        )
        .denies("subject-twice", raw(&head, &claims(r#","sub":"root""#)), "malformed")
        .denies("expiry-twice", raw(&head, &claims(r#","exp":9999999999"#)), "malformed")
        .denies("twice-deep-within", raw(&head, &claims(r#","a":[{"b":1,"b":2}]"#)), "malformed")
        .denies("number-too-great", raw(&head, &claims(r#","a":1e999"#)), "malformed")
}
