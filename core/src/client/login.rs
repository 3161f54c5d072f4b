//! Signing in with a name and a password, and staying signed in.

use std::fmt;
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
use crate::{Password, Result, Secret, Timestamp, wire};

/// A session is renewed when it has less than this left.
const RENEWED_BEFORE: Duration = Duration::from_mins(10);

/// Signs in at this server once, and gives the session's token: a secret that is good for as long as the server says.
/// [`ConnectOptions::login`] keeps a client signed in.
///
/// # Errors
/// Unauthorized, `authentication_failed`; those of [`connect`](crate::connect) and of sending.
pub async fn login(url: impl AsRef<str>, username: &str, password: &Password) -> Result<Secret> {
    ConnectOptions::login(username, password.clone()).sign_in(url).await
}

/// A user who is signed in when that is needed.
pub(crate) struct Session {
    username: String,
    password: Password,
    /// One signs in at a time; others wait for what they get.
    held: Mutex<Option<Held>>,
}

#[derive(Clone)]
struct Held {
    token: Secret,
    ends: Option<Timestamp>,
}

impl Session {
    pub(super) fn new(username: String, password: Password) -> Self {
        Self { username, password, held: Mutex::new(None) }
    }

    /// The session's token, renewed or begun anew where its end is near.
    pub(super) async fn token(&self, sender: &Sender) -> Result<Secret> {
        let bare = sender.with_source(Source::None);
        let mut held = self.held.lock().await;
        let now = sender.clock().now();
        if let Some(session) = &*held {
            let ends_soon = session.ends.is_some_and(|end| end.since(now) < RENEWED_BEFORE);
            if !ends_soon {
                return Ok(session.token.clone());
            }
            if let Ok(token) = refresh(sender, session.token.clone()).await {
                let ends = session_end(&token);
                // A server may keep to a session's own end; then what is left of it is used.
                *held = Some(Held { token: token.clone(), ends });
                if ends.is_none_or(|end| end.since(now) >= RENEWED_BEFORE) {
                    return Ok(token);
                }
            }
        }
        let token = sign_in(&bare, &self.username, &self.password).await?;
        *held = Some(Held { token: token.clone(), ends: None });
        if let Some(session) = &mut *held {
            session.ends = session_end(&token);
        }
        Ok(token)
    }

    /// The token of the session that was begun, if one was; it is forgotten.
    pub(super) async fn take(&self) -> Option<Secret> {
        self.held.lock().await.take().map(|held| held.token)
    }

    /// The server refused this token: the next call signs in again. Tells whether that is of use.
    pub(super) async fn ended(&self, refused: Option<&Secret>) -> bool {
        let mut held = self.held.lock().await;
        if held.as_ref().map(|session| &session.token) == refused {
            *held = None;
        }
        true
    }
}

async fn sign_in(sender: &Sender, username: &str, password: &Password) -> Result<Secret> {
    let pair = Zeroizing::new(format!("{username}:{}", password.reveal()));
    let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let request = Request::new(Method::POST, wire::LOGIN).authorization(basic).repeatable();
    token_in(&sender.send(request).await?)
}

async fn refresh(sender: &Sender, token: Secret) -> Result<Secret> {
    let holder = sender.with_source(Source::Token(token.into()));
    let request = Request::new(Method::PUT, format!("{}/refresh", wire::AUTH_TOKEN));
    token_in(&Box::pin(holder.send(request)).await?)
}

fn token_in(answer: &Answer) -> Result<Secret> {
    Secret::new(answer.json::<wire::Login>()?.token.as_str())
}

/// When a session's token ends, where it is a JWT with an `exp` (RFC 7519 section 4.1.4). It is read to know when to
/// renew, and proves nothing.
#[must_use]
pub fn session_end(token: &Secret) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.reveal().split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_millis(claims.exp.checked_mul(1000)?)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.username)
    }
}
