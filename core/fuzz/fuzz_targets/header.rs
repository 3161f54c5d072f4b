//! The `Authorization` header as it comes, one or several, and what is answered to it; forwarded addresses.
#![no_main]

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use gatepass::testing::ManualClock;
use gatepass::{
    Api, Authorization, Caller, Guard, Issuer, NewToken, Reason, RoleBook, Secret, Timestamp, TrustedProxies,
    Verifier, days, parse_network,
};
use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;

static KNOWN: LazyLock<(Guard, Secret)> = LazyLock::new(|| {
    let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    let (book, rng) = (RoleBook::default(), &mut ChaCha12Rng::seed_from_u64(7));
    let asked = NewToken::new("t", Api::Scim).expires(days(90));
    let issued = Issuer::default().issue(&asked, &Caller::owner("setup"), &book, now, rng).unwrap();
    let verifier = Verifier::from_records([&issued.record], &book, Arc::new(ManualClock::new(now)));
    (verifier.guard(Api::Scim, [""; 0]).unwrap(), issued.secret)
});

fuzz_target!(|data: &[u8]| {
    // A `$` stands for the secret that is good, so that the way to it can be found.
    let secret = KNOWN.1.reveal().as_bytes();
    let expanded: Vec<u8> = data
        .iter()
        .flat_map(|byte| if *byte == b'$' { secret } else { std::slice::from_ref(byte) })
        .copied()
        .collect();
    let values: Vec<&[u8]> = expanded.split(|byte| *byte == 0).collect();
    check(&values);
    check(&values[..1]);
    check(&[]);
    if let Ok(text) = std::str::from_utf8(data) {
        forwarded(text);
    }
});

fn check(values: &[&[u8]]) {
    let (guard, secret) = &*KNOWN;
    let verdict = guard.check(values.iter().copied().collect::<Authorization<'_>>(), None);
    let reason = verdict.as_ref().err().map(|denied| denied.reason);
    let expected = match values {
        [] => Expected::Is(Reason::Missing),
        [value] if value.len() > 8192 => Expected::Is(Reason::InvalidHeader),
        [value] => of_value(value),
        _ => Expected::Is(Reason::InvalidHeader),
    };
    match expected {
        Expected::Is(expected) => assert_eq!(reason, Some(expected)),
        Expected::NoScheme => assert!(matches!(reason, Some(Reason::Missing | Reason::InvalidHeader))),
        Expected::Credential(credential) => {
            let bare = without_scheme(credential);
            assert_eq!(reason.is_none(), bare == secret.reveal().as_bytes());
            let by_itself = std::str::from_utf8(credential).ok();
            let by_itself =
                by_itself.map(|text| guard.check_secret(text, None).err().map(|denied| denied.reason));
            if is_b64token(bare) {
                assert_eq!(Some(reason), by_itself);
            } else {
                assert_eq!(reason, Some(Reason::InvalidHeader));
            }
        }
    }
    if let [value] = values {
        // However the one value is handed over.
        let again = guard.check(*value, None).err().map(|denied| denied.reason);
        assert_eq!(again, reason);
        if let Ok(text) = std::str::from_utf8(value) {
            assert_eq!(guard.check(Some(text), None).err().map(|denied| denied.reason), reason);
        }
    }
    if let Err(denied) = verdict {
        let realm = String::from_utf8_lossy(values.first().copied().unwrap_or_default());
        let answer = denied.answer(&realm);
        assert!(matches!(answer.status, 400 | 401 | 403));
        let header = answer.www_authenticate.unwrap();
        assert!(
            header.starts_with("Bearer realm=\"") && header.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        );
        // The realm ends where its quotation does.
        let mut quoted = header.strip_prefix("Bearer realm=\"").unwrap().bytes();
        while let Some(byte) = quoted.next() {
            match byte {
                b'\\' => drop(quoted.next()),
                b'"' => break,
                _ => {}
            }
        }
        let rest = String::from_utf8(quoted.collect()).unwrap();
        assert!(rest.is_empty() || rest.starts_with(", error=\""), "{header}");
    }
}

enum Expected<'a> {
    Is(Reason),
    /// What begins like our scheme and goes on like nothing.
    NoScheme,
    Credential(&'a [u8]),
}

fn of_value(value: &[u8]) -> Expected<'_> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(start) = value.iter().position(|byte| !is_space(byte)) else {
        return Expected::Is(Reason::Missing);
    };
    let end = value.iter().rposition(|byte| !is_space(byte)).unwrap_or_default();
    let value = &value[start..=end];
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let scheme = value.iter().take_while(|byte| is_token(byte)).count();
    if !value[..scheme].eq_ignore_ascii_case(b"bearer") {
        return Expected::Is(Reason::Missing);
    }
    let rest = &value[scheme..];
    match rest.first() {
        None | Some(b'\t') => Expected::Is(Reason::InvalidHeader),
        Some(b' ') => {
            let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
            Expected::Credential(&rest[spaces..])
        }
        Some(_) => Expected::NoScheme,
    }
}

fn without_scheme(credential: &[u8]) -> &[u8] {
    let scheme = b"secret-token:";
    match credential.get(..scheme.len()) {
        Some(start) if start.eq_ignore_ascii_case(scheme) => &credential[scheme.len()..],
        _ => credential,
    }
}

fn is_b64token(text: &[u8]) -> bool {
    let body =
        text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte)).count();
    body > 0 && text[body..].iter().all(|byte| *byte == b'=')
}

/// Without trusted proxies the peer is the client, whatever the header says; with them the client is the last
/// address that none of them has.
fn forwarded(text: &str) {
    let peer: IpAddr = "10.0.0.1".parse().unwrap();
    assert_eq!(TrustedProxies::default().client(peer, text.lines()), Some(peer));
    let trusted = TrustedProxies::new([parse_network("10.0.0.0/8").unwrap()]);
    if let Some(client) = trusted.client(peer, text.lines()) {
        assert_eq!(client, client.to_canonical());
        let all_trusted = text.lines().flat_map(|line| line.split(',')).all(|hop| hop.contains("10."));
        assert!(!matches!(client, IpAddr::V4(v4) if v4.octets()[0] == 10) || all_trusted || text.is_empty());
    }
}
