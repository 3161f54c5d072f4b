//! The cookie with the token of the console's session, and when it counts.
//!
//! A browser sends cookies with whatever asks it to, so a cookie alone proves nothing of who wanted the request. It counts
//! where the request carries a header that other sites cannot send without asking first (which nothing here permits), and
//! where nothing in it says that it came from elsewhere. `SameSite=Strict` keeps it from most of those anyway.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::app::App;

/// What the console sends with every request.
const CONSOLE: HeaderName = HeaderName::from_static("gatepass-console");
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// By TLS: the prefix has browsers refuse one that another host, or plain HTTP, wants to set.
const SECURE: &str = "__Host-gatepass";
/// On loopback without TLS, where there is no such prefix.
const PLAIN: &str = "gatepass";

/// The token in the cookie, where no header has a credential and the console itself has sent the request.
pub(crate) fn credential<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    if headers.contains_key(header::AUTHORIZATION) || !is_of_console(headers) {
        return None;
    }
    let plain = || if app.secure { None } else { named(headers, PLAIN) };
    named(headers, SECURE).or_else(plain)
}

/// Whether the console, as this server has served it, has sent this request.
pub(crate) fn is_of_console(headers: &HeaderMap) -> bool {
    let one = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        (values.next(), values.next().is_none())
    };
    let says = matches!(one(&CONSOLE), (Some(value), true) if value == "1");
    let site = match one(&SITE) {
        (None, _) => true,
        (Some(value), alone) => alone && value == "same-origin",
    };
    let origin = match one(&header::ORIGIN) {
        (None, _) => true,
        (Some(origin), alone) => alone && host_of(origin).is_some_and(|host| is_host(headers, host)),
    };
    says && site && origin
}

/// The host and port of `https://HOST:PORT`. Which of both schemes it is says nothing where a proxy ends TLS.
fn host_of(origin: &HeaderValue) -> Option<&str> {
    let (scheme, host) = origin.to_str().ok()?.split_once("://")?;
    matches!(scheme, "http" | "https").then_some(host)
}

fn is_host(headers: &HeaderMap, host: &str) -> bool {
    let mut own = headers.get_all(header::HOST).iter();
    let (Some(own), None) = (own.next(), own.next()) else { return false };
    own.to_str().is_ok_and(|own| own.eq_ignore_ascii_case(host))
}

/// The one cookie of this name. Of two, one was not set by us.
fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(value), None) if !value.is_empty() => Some(value),
        _ => None,
    }
}

/// The header that sets the cookie. It ends with the browser; the token in it ends earlier.
pub(crate) fn set(app: &App, headers: &HeaderMap, token: &str) -> Option<HeaderValue> {
    written(app, headers, token, "")
}

/// The header that removes it.
pub(crate) fn remove(app: &App, headers: &HeaderMap) -> Option<HeaderValue> {
    written(app, headers, "", "; Max-Age=0")
}

fn written(app: &App, headers: &HeaderMap, token: &str, rest: &str) -> Option<HeaderValue> {
    // A proxy may have ended TLS: then the browser says that it used it.
    let by_tls = headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let (name, secure) = if app.secure || by_tls { (SECURE, "; Secure") } else { (PLAIN, "") };
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{rest}");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_the_console_itself_is_believed() {
        let with = |more: &[(&'static str, &str)]| {
            let own = [("host", "127.0.0.1:8443"), ("gatepass-console", "1")];
            is_of_console(&headers(&[&own[..], more].concat()))
        };
        assert!(with(&[]));
        assert!(with(&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8443")]));
        assert!(with(&[("origin", "https://127.0.0.1:8443")]));
        for site in ["cross-site", "same-site", "none", "same-origin, cross-site", ""] {
            assert!(!with(&[("sec-fetch-site", site)]), "{site}");
        }
        for origin in ["null", "http://127.0.0.1:8444", "http://evil.example", "file://127.0.0.1:8443", ""] {
            assert!(!with(&[("origin", origin)]), "{origin}");
        }
        assert!(!with(&[("gatepass-console", "1")]));
        assert!(!is_of_console(&headers(&[("host", "127.0.0.1:8443")])));
        assert!(!is_of_console(&headers(&[("gatepass-console", "1"), ("origin", "http://a")])));
    }

    #[test]
    fn of_two_cookies_none_is_taken() {
        let of = |line| named(&headers(&[("cookie", line)]), PLAIN).map(str::to_owned);
        assert_eq!(of("a=b; gatepass=t; gatepass2=u").as_deref(), Some("t"));
        assert_eq!(of("gatepass=t; gatepass=u"), None);
        assert_eq!(of("gatepass="), None);
        assert_eq!(of("__Host-gatepass=t"), None);
        assert_eq!(named(&headers(&[("cookie", "gatepass=t"), ("cookie", "gatepass=u")]), PLAIN), None);
    }
}
