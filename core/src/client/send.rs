//! Sending: with the credential, again where that is safe, and never for longer or for more than was agreed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use futures_util::{Stream, stream};
use rand::TryRng as _;
use rand::rngs::SysRng;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Method, StatusCode};
use tokio::time::sleep;
use url::Url;
use zeroize::Zeroizing;

use super::answer::{self, Answer};
use super::login::Session;
use super::nodes::Nodes;
use super::redact::Hidden;
use super::request::{Again, Request};
use super::trace;
use crate::{Clock, Credential, Error, ErrorKind, IdempotencyKey, Result, Secret, Timestamp, wire};

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

/// The way to a server, or to several that are one: a request goes to the one that answered last.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    http: reqwest::Client,
    bases: Arc<[Url]>,
    /// Which of them is asked.
    current: Arc<AtomicUsize>,
    /// To which others a server may send.
    nodes: Nodes,
    source: Source,
    attempts: u32,
    clock: Arc<dyn Clock>,
}

/// How often a server may send elsewhere before it sends in a circle.
const MOST_MOVES: u32 = 3;

/// Why an attempt failed.
struct Failure {
    error: Error,
    /// Nothing was done, so that even what must not be done twice may be tried again.
    untouched: bool,
    /// When the server wants to be asked again.
    after: Option<Duration>,
    /// The node that the server sends to, where that may be followed.
    elsewhere: Option<Url>,
}

impl Failure {
    const fn new(error: Error, untouched: bool) -> Self {
        Self { error, untouched, after: None, elsewhere: None }
    }
}

impl Sender {
    pub(super) fn new(
        http: reqwest::Client,
        bases: Arc<[Url]>,
        nodes: Nodes,
        source: Source,
        attempts: u32,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { http, bases, current: Arc::default(), nodes, source, attempts, clock }
    }

    /// The server that is asked now.
    #[expect(
        clippy::indexing_slicing,
        reason = "there is one at least, and the remainder is less than their number"
    )]
    pub(crate) fn base(&self) -> &Url {
        &self.bases[self.current.load(Ordering::Relaxed) % self.bases.len()]
    }

    /// Asks another one from now on, unless somebody else has turned to one already.
    pub(crate) fn turn_from(&self, base: &Url) {
        let current = self.current.load(Ordering::Relaxed);
        if self.bases.get(current % self.bases.len()) == Some(base) {
            let next = current.wrapping_add(1);
            self.current.compare_exchange(current, next, Ordering::Relaxed, Ordering::Relaxed).ok(); // then another did
        }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The same way with another credential.
    pub(super) fn with_source(&self, source: Source) -> Self {
        Self { source, ..self.clone() }
    }

    /// Sends a request and reads its answer. It is tried again, later and later, while that is safe: where it does
    /// no more the second time, or where it surely was not done.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer> {
        let attempts = self.attempts.min(request.attempts);
        let (mut renewed, mut touched, mut attempt) = (false, false, 1);
        let (mut node, mut moves) = (request.node.clone(), 0);
        let mut secret = self.secret(&request).await?;
        loop {
            let base = node.as_ref().unwrap_or_else(|| self.base());
            // It is large, and would be moved from future to future on its way to whoever waits for it.
            let failure = match Box::pin(self.attempt(base, &request, secret.as_ref())).await {
                Ok(mut answer) => {
                    answer.node = node;
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            if failure.elsewhere.is_some() && moves < MOST_MOVES {
                moves += 1;
                node = failure.elsewhere;
                continue;
            }
            if matches!(
                failure.error.kind(),
                ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Protocol
            ) {
                self.turn_from(base);
            }
            let status = failure.error.status();
            if touched && request.again == Again::Gone && status == Some(404) {
                return Ok(Answer::gone()); // an attempt before this one did it, whose answer was lost
            }
            let is_refused = failure.error.kind() == ErrorKind::Unauthorized;
            if let (true, false, Some(refused)) = (is_refused, renewed, &secret) {
                // The secret may have been rotated, or the session have ended.
                renewed = true;
                if let Some(other) = self.renew(refused).await? {
                    secret = Some(other);
                    continue;
                }
            }
            let safe = request.again != Again::More || failure.untouched;
            if attempt >= attempts || !safe || !failure.error.retryable() {
                return Err(failure.error);
            }
            // Not before the server wants it, and not at the moment at which everybody else comes back.
            let after = failure.after.unwrap_or_default();
            if after > request.patience {
                return Err(failure.error);
            }
            tracing::debug!(code = failure.error.code(), attempt, "trying again");
            sleep(after + backoff(attempt)).await;
            touched |= !failure.untouched;
            attempt += 1;
            secret = self.secret(&request).await?;
        }
    }

    async fn secret(&self, request: &Request) -> Result<Option<Secret>> {
        match &self.source {
            _ if request.authorization.is_some() => Ok(None),
            Source::Token(credential) => credential.secret().await.map(Some),
            Source::Session(session) => Box::pin(session.token(self)).await.map(Some),
            Source::None => Ok(None),
        }
    }

    /// Ends the session that was begun here, if one was. Asked once: where that fails it ends by itself.
    pub(super) async fn sign_out(&self) {
        let Source::Session(session) = &self.source else { return };
        if let Some(token) = session.take().await {
            let request = Request::new(Method::DELETE, format!("{}/self", wire::EXTENSIONS)).quick();
            if let Err(failure) = self.attempt(self.base(), &request, Some(&token)).await {
                tracing::debug!(code = failure.error.code(), "the session could not be ended");
            }
        }
    }

    /// Another secret than this one, which was refused.
    async fn renew(&self, refused: &Secret) -> Result<Option<Secret>> {
        match &self.source {
            Source::Token(credential) => credential.other_than(refused).await,
            Source::Session(session) => {
                session.ended(refused).await;
                Box::pin(session.token(self)).await.map(Some)
            }
            Source::None => Ok(None),
        }
    }

    /// Sends a request once, or twice where another credential is at hand, and gives the answer's body as it comes: none
    /// of its parts later than `pause` after the one before.
    pub(crate) async fn stream(
        &self,
        request: Request,
        pause: Duration,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        let mut secret = self.secret(&request).await?;
        let mut begun = Box::pin(self.begin(self.base(), &request, secret.as_ref())).await;
        if let (Err(failure), Some(refused)) = (&begun, &secret)
            && failure.error.status() == Some(401)
            && let Some(other) = self.renew(refused).await?
        {
            secret = Some(other);
            begun = Box::pin(self.begin(self.base(), &request, secret.as_ref())).await;
        }
        let (_, _, answer) = begun.map_err(|failure| failure.error)?;
        Ok(stream::try_unfold(answer, move |mut answer| async move {
            let late =
                || Error::new(ErrorKind::Timeout, "timeout", "the server paused in the middle of its answer");
            let chunk = tokio::time::timeout(pause, answer.chunk()).await.map_err(|_| late())?;
            Ok(chunk.map_err(answer::unanswered)?.map(|chunk| (chunk, answer)))
        }))
    }

    async fn attempt(
        &self,
        base: &Url,
        request: &Request,
        secret: Option<&Secret>,
    ) -> Result<Answer, Failure> {
        let (status, headers, answer) = self.begin(base, request, secret).await?;
        let body = read(answer, request.most_bytes).await.map_err(|error| Failure::new(error, false))?;
        Ok(Answer::new(status, headers, body, hidden(request, secret)))
    }

    /// Sends a request, and reads the answer's head. An answer outside of 200 to 299 is read whole, and is an error.
    async fn begin(
        &self,
        base: &Url,
        request: &Request,
        secret: Option<&Secret>,
    ) -> Result<(StatusCode, HeaderMap, reqwest::Response), Failure> {
        let unsent = |error| Failure::new(error, true);
        let mut message = reqwest::Request::new(request.method.clone(), url(base, request));
        let headers = message.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(request.accepts));
        trace::add_to(headers);
        headers.extend(request.headers.iter().cloned());
        if let Some(header) = &request.authorization {
            headers.insert(AUTHORIZATION, sensitive(header).map_err(unsent)?);
        } else if let Some(secret) = secret {
            headers.insert(AUTHORIZATION, bearer(secret).map_err(unsent)?);
        }
        if let Some(key) = &request.key {
            headers.insert(wire::IDEMPOTENCY_KEY, sensitive(key.reveal()).map_err(unsent)?);
        }
        if let Some((kind, body)) = &request.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            *message.body_mut() = Some(body.to_vec().into());
        } else if matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0")); // RFC 9110 section 8.6
        }
        if let Some(limit) = request.limit {
            *message.timeout_mut() = Some(limit);
        }
        let mut answer = self.http.execute(message).await.map_err(|error| {
            let untouched = error.is_connect();
            Failure::new(answer::unanswered(error), untouched)
        })?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        if status.is_success() {
            return Ok((status, headers, answer));
        }
        let body = read(answer, request.most_bytes).await.map_err(|error| Failure::new(error, false))?;
        let error = answer::error(status, &headers, &body, request, &hidden(request, secret));
        let location = headers.get(LOCATION).filter(|_| status.is_redirection() && request.may_move);
        let elsewhere = location.and_then(|location| self.nodes.followed(base, location.to_str().ok()?));
        let untouched = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED);
        Err(Failure { error, untouched, after: retry_after(&headers, self.clock.now()), elsewhere })
    }
}

/// Under the base, whose host is not looked at again.
fn url(base: &Url, request: &Request) -> Url {
    let mut url = base.clone();
    let path = base.path();
    let path = if request.beside_base { path.strip_suffix("/api").unwrap_or(path) } else { path };
    url.set_path(&format!("{path}{}", request.path));
    if !request.query.is_empty() {
        url.set_query(Some(&request.query));
    }
    url
}

/// What was sent and must not come back in an error.
fn hidden(request: &Request, secret: Option<&Secret>) -> Hidden {
    let mut hidden = Hidden::credential(secret.map(Secret::reveal));
    let key = request.key.as_ref().map(IdempotencyKey::reveal).into_iter();
    let given = request
        .authorization
        .iter()
        .map(|header| header.split_once(' ').map_or(header.as_str(), |(_, credential)| credential));
    let others = request.secrets.iter().map(|secret| secret.as_str());
    key.chain(given).chain(others).for_each(|secret| hidden.add(secret));
    hidden
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
async fn read(mut answer: reqwest::Response, most: usize) -> Result<Zeroizing<Vec<u8>>> {
    let status = answer.status().as_u16();
    let too_long = || {
        let text = format!("the server's answer is longer than {} MiB", most >> 20);
        Error::new(ErrorKind::Protocol, "answer_too_long", text).with_status(status)
    };
    let announced = answer.content_length().unwrap_or(0);
    if announced > most as u64 {
        return Err(too_long());
    }
    // What is announced is believed only so far.
    let room = usize::try_from(announced).unwrap_or(0).min(1 << 20);
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    while let Some(chunk) = answer.chunk().await.map_err(answer::unanswered)? {
        if body.len() + chunk.len() > most {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// In seconds, or at a date (RFC 9110 section 10.2.3), which is counted from the server's own `Date`: clocks differ.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = |text: &str| Timestamp::try_from(DateTime::parse_from_rfc2822(text).ok()?.to_utc()).ok();
    let now = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or(now);
    Some(date(text)?.since(now))
}

/// The pause before another attempt, 5 s at the most.
fn backoff(attempt: u32) -> Duration {
    crate::backoff::backoff((200, 5_000), attempt, SysRng.try_next_u64().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_before_another_attempt_is_random_and_bounded() {
        for (attempt, longest) in [(1, 400), (2, 800), (3, 1_600), (5, 5_000), (u32::MAX, 5_000)] {
            let pauses: Vec<_> = (0..200).map(|_| backoff(attempt)).collect();
            let longest = Duration::from_millis(longest);
            assert!(pauses.iter().all(|pause| *pause <= longest));
            // That none of 200 is in the upper or the lower half happens once in 2^199 runs.
            assert!(pauses.iter().any(|pause| *pause > longest / 2));
            assert!(pauses.iter().any(|pause| *pause < longest / 2));
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let wait = |text: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after(&headers, now)
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(wait("0", None), seconds(0));
        assert_eq!(wait(" 120 ", None), seconds(120));
        assert_eq!(wait("99999999999999999999999", None), Some(Duration::MAX));
        assert_eq!(wait("Sun, 01 Mar 2026 09:00:07 GMT", None), seconds(7));
        assert_eq!(wait("Sun, 01 Mar 2026 08:59:00 GMT", None), seconds(0));
        let theirs = Some("Sun, 01 Mar 2026 04:00:00 GMT");
        assert_eq!(wait("Sun, 01 Mar 2026 04:00:03 GMT", theirs), seconds(3));
        for no in ["", "-1", "1.5", "soon", "Sun, 01 Mar 2026"] {
            assert_eq!(wait(no, None), None, "{no}");
        }
    }
}
