//! Sending: with the credential, again where that is safe, and never for longer or for more than was agreed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rand::TryRng as _;
use rand::rngs::SysRng;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use tokio::time::sleep;
use url::Url;
use zeroize::Zeroizing;

use super::answer::{self, Answer};
use super::login::Session;
use super::request::Request;
use crate::{Clock, Credential, Error, ErrorKind, Result, Secret, wire};

/// An answer's greatest length: a hundred thousand tokens, and more.
const MOST_BYTES: usize = 64 << 20;
/// The longest that a server's `Retry-After` is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where the credential comes from.
#[derive(Clone)]
pub(crate) enum Source {
    Token(Credential),
    Session(Arc<Session>),
    None,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(credential) => fmt::Debug::fmt(credential, f),
            Self::Session(session) => fmt::Debug::fmt(session, f),
            Self::None => f.write_str("None"),
        }
    }
}

/// The way to one server.
#[derive(Debug)]
pub(crate) struct Sender {
    http: reqwest::Client,
    base: Url,
    source: Source,
    attempts: u32,
    clock: Arc<dyn Clock>,
}

/// Why an attempt failed.
struct Failure {
    error: Error,
    /// Nothing was done, so that even what must not be done twice may be tried again.
    untouched: bool,
    /// When the server wants to be asked again.
    after: Option<Duration>,
}

impl Sender {
    pub(super) fn new(
        http: reqwest::Client,
        base: Url,
        source: Source,
        attempts: u32,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { http, base, source, attempts, clock }
    }

    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The same way with another credential.
    pub(super) fn with_source(&self, source: Source) -> Self {
        let (http, base, clock) = (self.http.clone(), self.base.clone(), Arc::clone(&self.clock));
        Self { http, base, source, attempts: self.attempts, clock }
    }

    /// Sends a request and reads its answer. It is tried again, later and later, while that is safe: where it does
    /// no more the second time, or where it surely was not done.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer> {
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            let secret = self.secret().await?;
            let failure = match self.attempt(&request, secret.as_ref()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if failure.error.status() == Some(401) && !renewed && self.renew(secret.as_ref()).await {
                renewed = true; // the secret may have been rotated, or the session have ended
                continue;
            }
            let safe = request.repeatable || failure.untouched;
            if attempt >= self.attempts || !safe || !failure.error.retryable() {
                return Err(failure.error);
            }
            let pause = failure.after.unwrap_or_else(|| backoff(attempt));
            if pause > LONGEST_WAIT {
                return Err(failure.error);
            }
            tracing::debug!(code = failure.error.code(), attempt, "trying again");
            sleep(pause).await;
            attempt += 1;
        }
    }

    async fn secret(&self) -> Result<Option<Secret>> {
        match &self.source {
            Source::Token(credential) => credential.secret().await.map(Some),
            Source::Session(session) => Box::pin(session.token(self)).await.map(Some),
            Source::None => Ok(None),
        }
    }

    /// Ends the session that was begun here, if one was. Asked once: where that fails it ends by itself.
    pub(super) async fn sign_out(&self) {
        let Source::Session(session) = &self.source else { return };
        if let Some(token) = session.take().await {
            let request = Request::new(Method::DELETE, format!("{}/self", wire::EXTENSIONS));
            if let Err(failure) = self.attempt(&request, Some(&token)).await {
                tracing::debug!(code = failure.error.code(), "the session could not be ended");
            }
        }
    }

    /// Whether asking for the credential again gives another one.
    async fn renew(&self, refused: Option<&Secret>) -> bool {
        match &self.source {
            Source::Token(credential) => {
                credential.refused() && credential.secret().await.ok().as_ref() != refused
            }
            Source::Session(session) => session.ended(refused).await,
            Source::None => false,
        }
    }

    async fn attempt(&self, request: &Request, secret: Option<&Secret>) -> Result<Answer, Failure> {
        let unsent = |error| Failure { error, untouched: false, after: None };
        let mut builder = self.http.request(request.method.clone(), self.url(request).map_err(unsent)?);
        builder = builder.header(ACCEPT, "application/json");
        if let Some(header) = &request.authorization {
            builder = builder.header(AUTHORIZATION, sensitive(header).map_err(unsent)?);
        } else if let Some(secret) = secret {
            builder = builder.header(AUTHORIZATION, bearer(secret).map_err(unsent)?);
        }
        if let Some(key) = &request.key {
            builder = builder.header(wire::IDEMPOTENCY_KEY, sensitive(key.reveal()).map_err(unsent)?);
        }
        if let Some((kind, body)) = &request.body {
            builder = builder.header(CONTENT_TYPE, *kind).body(body.to_vec());
        } else if request.method == Method::POST || request.method == Method::PUT {
            builder = builder.body(Vec::new()); // some servers want a length
        }
        let answer = builder.send().await.map_err(|error| {
            let untouched = error.is_connect();
            Failure { error: answer::unanswered(error), untouched, after: None }
        })?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = read(answer).await.map_err(|error| Failure { error, untouched: false, after: None })?;
        if status.is_success() {
            return Ok(Answer { status, headers, body });
        }
        let sent = sent(request, secret);
        let sent: Vec<&str> = sent.iter().map(|text| text.as_str()).collect();
        let error = answer::error(status, &headers, &body, request.codes, &sent);
        Err(Failure {
            error,
            untouched: status == StatusCode::TOO_MANY_REQUESTS,
            after: retry_after(&headers),
        })
    }

    fn url(&self, request: &Request) -> Result<Url> {
        let base = self.base.as_str();
        let base = if request.beside_base { base.strip_suffix("/api").unwrap_or(base) } else { base };
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        Url::parse(&format!("{base}{}{query}", request.path)).map_err(|_| {
            Error::invalid("path", "path_malformed", "expected a path such as /settings-service/x")
        })
    }
}

/// What was sent and must not come back in an error.
fn sent(request: &Request, secret: Option<&Secret>) -> Vec<Zeroizing<String>> {
    let secret = secret.map(|secret| Zeroizing::new(secret.reveal().to_owned()));
    let key = request.key.as_ref().map(|key| Zeroizing::new(key.reveal().to_owned()));
    let body =
        request.body.as_ref().map(|(_, body)| Zeroizing::new(String::from_utf8_lossy(body).into_owned()));
    let given = request.authorization.clone();
    secret.into_iter().chain(key).chain(body).chain(given).collect()
}

fn bearer(secret: &Secret) -> Result<HeaderValue> {
    sensitive(&Zeroizing::new(format!("Bearer {}", secret.reveal())))
}

/// A header that HTTP libraries leave out of what they print.
fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Error::invalid("credential", "secret_malformed", "the credential cannot stand in a header")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The whole body, if it is not too long.
async fn read(mut answer: reqwest::Response) -> Result<Zeroizing<Vec<u8>>> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = answer.chunk().await.map_err(answer::unanswered)? {
        if body.len() + chunk.len() > MOST_BYTES {
            let text = "the server's answer is longer than 64 MiB";
            return Err(Error::new(ErrorKind::Protocol, "answer_too_long", text));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// In seconds (RFC 9110 section 10.2.3); a date is not waited for.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Anything between nothing and twice as long as the time before, 5 s at the most: so that many who failed together
/// do not come back together.
fn backoff(attempt: u32) -> Duration {
    let longest = 200_u64.saturating_mul(1 << attempt.min(10)).min(5_000);
    let random = SysRng.try_next_u64().unwrap_or(longest);
    Duration::from_millis(random % (longest + 1))
}
