//! Signing in with a name and a password, and staying signed in.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::options::ConnectOptions;
use super::request::Request;
use super::send::{Sender, Source};
use crate::{Error, Password, Result, Secret, Timestamp, wire};

/// A session is renewed when it has less than this left, or less than a quarter where it is a short one.
const RENEWED_BEFORE: Duration = Duration::from_mins(10);
/// So long it is not tried again where that was in vain.
const REST: Duration = Duration::from_secs(30);

/// Signs in at this server once, and gives the session's token: a secret that is good for as long as the server says.
/// [`ConnectOptions::login`] keeps a client signed in.
///
/// # Errors
/// Unauthorized, `authentication_failed`; `username_malformed`; those of [`connect`](crate::connect) and of sending.
pub async fn login(url: impl AsRef<str>, username: &str, password: &Password) -> Result<Secret> {
    ConnectOptions::login(username, password.clone()).sign_in(url).await
}

/// A user who is signed in when that is needed.
pub(crate) struct Session {
    username: String,
    password: Password,
    /// One signs in at a time; others wait for what comes of it.
    state: Mutex<State>,
    /// How often it was tried.
    tries: AtomicU64,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// What the last attempt ended with.
    failed: Option<Error>,
}

#[derive(Clone)]
struct Held {
    token: Secret,
    /// When it was given, by our clock.
    since: Timestamp,
    /// How long it is good from then on; none where it does not say.
    life: Option<Duration>,
    /// How long it was good when the user signed in.
    first_life: Option<Duration>,
    /// Until then it is used as it is: renewing it was tried in vain.
    rests_until: Timestamp,
}

impl Held {
    fn new(token: Secret, now: Timestamp, first_life: Option<Duration>) -> Self {
        let life = life_of(&token, now);
        Self { token, since: now, life, first_life: first_life.or(life), rests_until: Timestamp::MIN }
    }

    fn has_left(&self, now: Timestamp) -> Option<Duration> {
        self.life.map(|life| life.saturating_sub(now.since(self.since)))
    }

    fn is_to_be_renewed(&self, now: Timestamp) -> bool {
        let quarter = self.life.unwrap_or_default() / 4;
        let is_due = self.has_left(now).is_some_and(|left| left < RENEWED_BEFORE.min(quarter));
        is_due && (now >= self.rests_until || self.has_left(now) == Some(Duration::ZERO))
    }

    /// A server may renew a session up to an end of its own, and each time for less.
    fn is_near_its_own_end(&self) -> bool {
        self.life.zip(self.first_life).is_some_and(|(life, first)| life < first / 2)
    }
}

impl Session {
    pub(super) fn new(username: String, password: Password) -> Self {
        Self { username, password, state: Mutex::default(), tries: AtomicU64::new(0) }
    }

    /// The session's token, renewed or begun anew where its end is near.
    pub(super) async fn token(&self, sender: &Sender) -> Result<Secret> {
        let tries = self.tries.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        let now = sender.clock().now();
        let held = state.held.clone();
        if let Some(held) = held.as_ref().filter(|held| !held.is_to_be_renewed(now)) {
            return Ok(held.token.clone());
        }
        // Who waited while another's attempt failed asks no more: a wrong password is not to be tried by everybody.
        if let (Some(error), true) = (&state.failed, self.tries.load(Ordering::Acquire) != tries) {
            return Err(error.clone());
        }
        let begun = self.begin(sender, held.as_ref(), now).await;
        self.tries.fetch_add(1, Ordering::Release);
        match begun {
            Ok(begun) => {
                let token = begun.token.clone();
                *state = State { held: Some(begun), failed: None };
                Ok(token)
            }
            Err(error) => match held.filter(|held| held.has_left(now) > Some(Duration::ZERO)) {
                // What is left of the old one is used while the server cannot be reached.
                Some(held) if error.retryable() => {
                    let token = held.token.clone();
                    let rests_until = now.saturating_add(REST);
                    *state = State { held: Some(Held { rests_until, ..held }), failed: None };
                    Ok(token)
                }
                _ => {
                    *state = State { held: None, failed: Some(error.clone()) };
                    Err(error)
                }
            },
        }
    }

    /// The token of the session that was begun, if one was; it is forgotten.
    pub(super) async fn take(&self) -> Option<Secret> {
        std::mem::take(&mut *self.state.lock().await).held.map(|held| held.token)
    }

    async fn begin(&self, sender: &Sender, held: Option<&Held>, now: Timestamp) -> Result<Held> {
        if let Some(held) = held
            && let Ok(token) = refresh(sender, held.token.clone()).await
        {
            let renewed = Held::new(token, now, held.first_life);
            if !renewed.is_near_its_own_end() {
                return Ok(renewed);
            }
        }
        let bare = sender.with_source(Source::None);
        Ok(Held::new(sign_in(&bare, &self.username, &self.password).await?, now, None))
    }

    /// The server refused this token: the next call signs in again.
    pub(super) async fn ended(&self, refused: &Secret) {
        let mut state = self.state.lock().await;
        if state.held.as_ref().is_some_and(|held| held.token == *refused) {
            *state = State::default();
        }
    }
}

async fn sign_in(sender: &Sender, username: &str, password: &Password) -> Result<Secret> {
    // RFC 7617 section 2: everything behind the first colon is the password.
    if username.is_empty() || username.contains(|c: char| c == ':' || c.is_control()) {
        let text = "a name to sign in with has no colon and no control characters";
        return Err(Error::invalid("username", "username_malformed", text));
    }
    let pair = Zeroizing::new(format!("{username}:{}", password.reveal()));
    let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let request = Request::new(Method::POST, wire::LOGIN).authorization(basic).repeatable();
    token_in(&sender.send(request.hiding(Some(password.reveal()))).await?)
}

async fn refresh(sender: &Sender, token: Secret) -> Result<Secret> {
    let holder = sender.with_source(Source::Token(token.into()));
    let request = Request::new(Method::PUT, format!("{}/refresh", wire::AUTH_TOKEN)).quick();
    token_in(&Box::pin(holder.send(request)).await?)
}

fn token_in(answer: &Answer) -> Result<Secret> {
    let login: wire::Login = answer.json()?;
    Secret::new(login.token.as_str())
        .map_err(|_| answer.malformed("the server answered with something that is no token"))
}

/// When a session's token ends, where it is a JWT with an `exp` (RFC 7519 section 4.1.4), by the server's clock. It is
/// read to be told to people, and proves nothing.
#[must_use]
pub fn session_end(token: &Secret) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "a float is cut to what an integer holds")]
    Timestamp::from_millis((claims(token)?.exp * 1e3) as i64)
}

/// How long a JWT is good from now on: its `exp` and `iat` (RFC 7519 section 4.1) by the server's clock, for ours may be
/// wrong. They are read to know when to renew, and prove nothing.
fn life_of(token: &Secret, now: Timestamp) -> Option<Duration> {
    let claims = claims(token)?;
    let span = |seconds: f64| Duration::try_from_secs_f64(seconds).ok().filter(|span| !span.is_zero());
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of the years 1 to 9999 are below 2^53")]
    let by_our_clock = span(claims.exp - now.as_millis() as f64 / 1e3);
    let by_theirs = claims.iat.and_then(|iat| span(claims.exp - iat));
    // A renewed session may keep its `iat`, so the shorter one.
    by_our_clock.into_iter().chain(by_theirs).min()
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
    iat: Option<f64>,
}

fn claims(token: &Secret) -> Option<Claims> {
    let claims = URL_SAFE_NO_PAD.decode(token.reveal().split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.username)
    }
}
