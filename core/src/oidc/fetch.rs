//! One attempt to fetch a provider's keys.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CACHE_CONTROL, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Method, Request, Response, StatusCode};
use tokio::sync::OnceCell;
use url::Url;

use super::json::{self, Json};
use super::keys::KeyLocation;
use super::options::KeyOptions;
use super::validator::fetchable;
use crate::client::answer::unanswered;
use crate::client::transport::{Transport, user_agent};
use crate::{Error, ErrorKind, Result};

const ACCEPTS: HeaderValue = HeaderValue::from_static("application/json, application/jwk-set+json");

/// A JWK Set as it came.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) text: Vec<u8>,
    /// How long the provider lets it be kept, where it says so.
    pub(super) max_age: Option<Duration>,
}

/// Asks providers, with no credential and no cookie.
pub(super) struct Fetch {
    options: Arc<KeyOptions>,
    /// Made when it is first needed: a machine that trusts nobody may still ask itself.
    secure: OnceCell<Client>,
    plain: OnceCell<Client>,
}

impl Fetch {
    /// # Errors
    /// Invalid input, `certificate_malformed`.
    pub(super) fn new(options: Arc<KeyOptions>) -> Result<Self> {
        if !options.authorities.is_empty() {
            client(&options, false)?;
        }
        Ok(Self { options, secure: OnceCell::new(), plain: OnceCell::new() })
    }

    /// Fetches the keys that are there, in the time there is for an attempt. Where they are is asked each time, so that a
    /// provider may move them.
    pub(super) async fn keys(&self, location: &KeyLocation) -> Result<Fetched> {
        let limit = self.options.timeout;
        let late = || Error::new(ErrorKind::Timeout, "keys_timeout", "the provider did not answer in time");
        tokio::time::timeout(limit, self.keys_there(location)).await.map_err(|_| late())?
    }

    async fn keys_there(&self, location: &KeyLocation) -> Result<Fetched> {
        match location {
            KeyLocation::Jwks(url) => self.get(url).await,
            KeyLocation::Discovery { url, issuer } => {
                let configuration = self.get(url).await?;
                self.get(&jwks_url(&configuration.text, url, issuer.as_deref())?).await
            }
        }
    }

    async fn get(&self, url: &Url) -> Result<Fetched> {
        let plain = url.scheme() == "http";
        let cell = if plain { &self.plain } else { &self.secure };
        let http = cell.get_or_try_init(async || client(&self.options, plain)).await?;
        let mut request = Request::new(Method::GET, url.clone());
        request.headers_mut().insert(ACCEPT, ACCEPTS);
        let answer = http.execute(request).await.map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers());
        if status != StatusCode::OK {
            return Err(refused(url, status, headers.get(LOCATION)));
        }
        let max_age = max_age(headers);
        Ok(Fetched { text: read(answer, self.options.max_size).await?, max_age })
    }
}

fn client(options: &KeyOptions, plain: bool) -> Result<Client> {
    let authorities = &options.authorities;
    let transport = Transport { agent: user_agent(None)?, authorities, identity: None, proxy: true, plain };
    // An attempt has its own end, which is that of connecting too.
    transport.build(|builder| builder)
}

/// Where an issuer's keys are, by its own configuration (`OpenID` Connect Discovery 1.0 sections 3 and 4.3).
fn jwks_url(configuration: &[u8], asked: &Url, issuer: Option<&str>) -> Result<Url> {
    let malformed = |text: &'static str| Error::new(ErrorKind::Protocol, "discovery_malformed", text);
    let object =
        json::object(configuration).ok_or_else(|| malformed("the configuration is no JSON object"))?;
    let text = |name: &str| object.get(name).and_then(Json::as_str);
    if issuer.is_some() && text("issuer") != issuer {
        let text = "the configuration is that of another issuer than the one that is expected";
        return Err(Error::new(ErrorKind::Protocol, "discovery_issuer_mismatch", text));
    }
    let url =
        text("jwks_uri").ok_or_else(|| malformed("the configuration does not say where the keys are"))?;
    let url = fetchable("jwks_uri", url).map_err(|error| {
        malformed("the keys are said to be where they may not be fetched from").with_cause(error)
    })?;
    if asked.scheme() == "https" && url.scheme() != "https" {
        return Err(malformed("the keys are said to be where others could change them on the way"));
    }
    Ok(url)
}

fn unreachable(error: reqwest::Error) -> Error {
    let error = unanswered(error);
    if error.code() == "tls_failed" {
        return error;
    }
    let text = "the provider cannot be reached, or its answer ended before it was whole";
    Error::new(ErrorKind::Unavailable, "keys_unreachable", text).with_cause(error)
}

/// Whatever is not 200. A redirect is not followed: keys come from where an admin says.
fn refused(asked: &Url, status: StatusCode, location: Option<&HeaderValue>) -> Error {
    let error = if let Some(location) = location.filter(|_| status.is_redirection()) {
        let to = location.to_str().ok().and_then(|to| asked.join(to).ok());
        let host = to.as_ref().and_then(Url::host_str).unwrap_or("nowhere");
        let text = format!("the provider sends to {host}, which is not followed: say where the keys are");
        Error::new(ErrorKind::Protocol, "keys_redirected", text)
    } else {
        let later = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let kind = if later { ErrorKind::Unavailable } else { ErrorKind::Protocol };
        Error::new(kind, "keys_status", format!("the provider answered {}", status.as_u16()))
    };
    error.with_status(status.as_u16())
}

/// The whole body, if it is not too long.
async fn read(mut answer: Response, most: usize) -> Result<Vec<u8>> {
    let too_large = || {
        let text = format!("the provider's document is longer than {most} bytes");
        Error::new(ErrorKind::Protocol, "keys_too_large", text)
    };
    if answer.content_length().is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if text.len() + chunk.len() > most {
            return Err(too_large());
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

/// RFC 9111 section 5.2.2.1. An age of 0, and what else says that nothing is to be kept, means nothing here: frameworks say it
/// of whatever they answer, and who believes it asks for the same keys all day.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let age = lines.flat_map(|line| line.split(',')).find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        let seconds = seconds.trim().trim_matches('"').parse().ok()?;
        name.trim().eq_ignore_ascii_case("max-age").then_some(Duration::from_secs(seconds))
    });
    age.filter(|age| !age.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_at_which_keys_are_fetched_again_is_read() {
        let age = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, line.parse().unwrap());
            }
            max_age(&headers).map(|age| age.as_secs())
        };
        assert_eq!(age(&["public, Max-Age=60, must-revalidate"]), Some(60));
        assert_eq!(age(&["no-store", "private,max-age=\"7\""]), Some(7));
        for nothing in
            ["", "no-cache, no-store, max-age=0, must-revalidate", "max-age", "max-age=-1", "s-maxage=9"]
        {
            assert_eq!(age(&[nothing]), None, "{nothing}");
        }
        assert_eq!(age(&[]), None);
    }

    #[test]
    fn a_configuration_has_to_be_of_its_issuer_and_name_a_place_that_is_safe() {
        let asked = Url::parse("https://sso.example/.well-known/openid-configuration").unwrap();
        let issuer = Some("https://sso.example");
        let read = |text: &str, asked: &Url, issuer| jwks_url(text.as_bytes(), asked, issuer);
        let said = |issuer: &str, url: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{url}"}}"#);
        let good = said("https://sso.example", "https://keys.example/jwks");
        assert_eq!(read(&good, &asked, issuer).unwrap().as_str(), "https://keys.example/jwks");
        assert!(read(r#"{"jwks_uri":"https://keys.example/jwks"}"#, &asked, None).is_ok());
        let elsewhere = ["https://sso.example/", "https://SSO.example", "https://evil.example", ""];
        for other in elsewhere {
            let error = read(&said(other, "https://keys.example/jwks"), &asked, issuer).unwrap_err();
            assert_eq!(error.code(), "discovery_issuer_mismatch", "{other}");
        }
        let error = read(r#"{"jwks_uri":"https://keys.example/jwks"}"#, &asked, issuer).unwrap_err();
        assert_eq!(error.code(), "discovery_issuer_mismatch");
        for url in [
            "http://keys.example/jwks",
            "http://localhost/jwks", // from what came safely, not to what did not
            "file:///etc/keys",
            "https://user:password@keys.example/",
            "/jwks",
            "",
        ] {
            let error = read(&said("https://sso.example", url), &asked, issuer).unwrap_err();
            assert_eq!(error.code(), "discovery_malformed", "{url}");
        }
        let local = Url::parse("http://127.0.0.1:1/").unwrap();
        assert!(read(&said("x", "http://localhost/jwks"), &local, Some("x")).is_ok());
        for text in ["", "[]", "{", r#"{"issuer":"https://sso.example","jwks_uri":7}"#] {
            let error = read(text, &asked, None).unwrap_err();
            assert_eq!(error.code(), "discovery_malformed", "{text}");
        }
    }
}
