//! The id of a request: the sender's, if it is fit to be logged, else ours.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use rand::TryRng as _;
use rand::rngs::SysRng;

/// The header, in both directions.
pub(crate) const HEADER: HeaderName = HeaderName::from_static(gatepass::wire::REQUEST_ID);
/// The greatest length that is taken over: less than any secret of ours has, so that none gets into a log this way.
const MOST: usize = 48;

/// The id of this request, as a header that is safe to echo.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    match headers.get(HEADER) {
        Some(value) if is_sane(value.as_bytes()) => value.clone(),
        _ => next(),
    }
}

fn is_sane(value: &[u8]) -> bool {
    (1..=MOST).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

/// Random for each process, counted within it: unique, and cheaper than a random number each time.
fn next() -> HeaderValue {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| SysRng.try_next_u64().unwrap_or_default());
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let text = format!("{:016x}-{:x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_logged_is_taken_over() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_bytes(text.as_bytes()).unwrap());
            super::of(&headers).to_str().unwrap() == text
        };
        assert!(of("3f2b8c1e-7a64-4a59-9d3e-0c1b2a3d4e5f"));
        let secret = gatepass::Secret::generate(gatepass::Api::Rest).unwrap();
        for text in ["", "a b", "a\"b", secret.reveal(), &"a".repeat(49)] {
            assert!(!of(text), "{text}");
        }
        assert_ne!(next(), next());
    }
}
