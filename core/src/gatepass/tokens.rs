//! Tokens, to be made, looked for, rotated and ended.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use serde::Serialize;

use super::Gatepass;
use crate::format;
use crate::guard::Verdict;
use crate::secret::strip_scheme;
use crate::store::answers::IdempotencyKey;
use crate::store::audit::{Entry, Note};
use crate::store::issue::{Create, Delete, Purge, Revoke, Rotate, Settle, not_found};
use crate::store::tokens;
use crate::{
    AccessToken, Api, Error, ErrorKind, NewToken, Reason, Result, Rotation, Secret, Status, Timestamp,
    Verifier,
};

/// Tokens of a page, when not said.
const PAGE: u32 = 100;
/// Tokens of a page, at the most.
const LARGEST_PAGE: u32 = 1000;
/// Tokens that are purged in one commit.
const PURGED_AT_ONCE: i64 = 500;

/// The tokens: see [`Gatepass::tokens`].
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    gatepass: &'a Gatepass,
    key: Option<&'a IdempotencyKey>,
}

/// A token that was made or rotated: the secret, which is here and nowhere else, and what is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use = "the secret is here and nowhere else"]
pub struct IssuedToken {
    /// The secret.
    pub secret: Secret,
    /// The token.
    pub token: AccessToken,
    /// The number of this change: a verifier that has reached it knows the secret
    /// ([`Verifier::wait_for`](crate::Verifier::wait_for)).
    pub revision: i64,
}

/// A token that was revoked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Revoked {
    /// The token.
    pub token: AccessToken,
    /// The number of this change: a verifier that has reached it refuses the token.
    pub revision: i64,
}

/// Which tokens are wanted: those that fit all that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[must_use]
pub struct TokenFilter {
    /// For this API.
    pub api: Option<Api>,
    /// Of this status.
    pub status: Option<Status>,
    /// Neither revoked nor expired, and expiring within this time.
    pub expires_within: Option<Duration>,
    /// With this text in the name, in any case of the letters A to Z.
    pub name_contains: Option<String>,
}

impl TokenFilter {
    /// For this API.
    pub const fn api(mut self, api: Api) -> Self {
        self.api = Some(api);
        self
    }

    /// Of this status.
    pub const fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Neither revoked nor expired, and expiring within this time.
    pub const fn expires_within(mut self, span: Duration) -> Self {
        self.expires_within = Some(span);
        self
    }

    /// With this text in the name, in any case of the letters A to Z.
    pub fn name_contains(mut self, text: impl Into<String>) -> Self {
        self.name_contains = Some(text.into());
        self
    }
}

/// A page of tokens, by name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TokenPage {
    /// The tokens.
    pub tokens: Vec<AccessToken>,
    /// What to ask with for the next page; none on the last one.
    pub next: Option<String>,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(gatepass: &'a Gatepass) -> Self {
        Self { gatepass, key: None }
    }

    /// The same, with a key by which what is asked is done once, however often it is sent: for 24 h the same
    /// request gets the same answer, with the secret in it. For [`create`](Self::create) and
    /// [`rotate`](Self::rotate).
    #[must_use]
    pub const fn once(self, key: &'a IdempotencyKey) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Makes a token.
    ///
    /// # Errors
    /// Invalid input, naming the field; conflict: `name_taken`, `idempotency_mismatch`; forbidden by the delegation
    /// rule: [`Caller::may_yield`](crate::Caller::may_yield).
    pub async fn create(&self, asked: NewToken) -> Result<IssuedToken> {
        let Gatepass { inner, acting } = self.gatepass;
        let (acting, issuer) = (acting.clone(), inner.issuer.clone());
        inner.store.make(Create { acting, asked, issuer, key: self.key.cloned() }).await
    }

    /// The token of this name.
    ///
    /// # Errors
    /// `token_not_found`.
    pub async fn get(&self, name: &str) -> Result<AccessToken> {
        let store = &self.gatepass.inner.store;
        let found = store.read(async |conn| tokens::find(conn, name).await).await?;
        found.map(|stored| stored.record.token().clone()).ok_or_else(not_found)
    }

    /// A page of the tokens that fit, by name: `limit` of them (100 when not said, at most 1000) after `cursor`, which
    /// is what the page before said to ask with.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn page(
        &self,
        filter: &TokenFilter,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<TokenPage> {
        let inner = &self.gatepass.inner;
        let limit = limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        let (after, now) = (cursor.unwrap_or_default(), inner.clock.now());
        // One more than was asked for tells whether there is another page.
        let read = async |conn: &mut _| tokens::page(conn, filter, after, i64::from(limit) + 1, now).await;
        let mut tokens = inner.store.read(read).await?;
        let more = tokens.len() > limit as usize;
        tokens.truncate(limit as usize);
        let next = tokens.last().filter(|_| more).map(|token| token.name.clone());
        Ok(TokenPage { tokens, next })
    }

    /// All tokens that fit, by name. They are read as they are asked for, a page at a time.
    pub fn list(&self, filter: TokenFilter) -> impl Stream<Item = Result<AccessToken>> + Send + Unpin + 'a {
        let this = *self;
        let pages = stream::try_unfold(Some(String::new()), move |cursor: Option<String>| {
            let filter = filter.clone();
            async move {
                let Some(cursor) = cursor else { return Ok(None) };
                let page = this.page(&filter, Some(&cursor), Some(LARGEST_PAGE)).await?;
                Ok::<_, Error>(Some((stream::iter(page.tokens.into_iter().map(Ok)), page.next)))
            }
        });
        pages.try_flatten().boxed()
    }

    /// The tokens that break the present policy and still open something: they never expire where all must, or
    /// they live longer than is permitted.
    pub fn violations(&self) -> impl Stream<Item = Result<AccessToken>> + Send + Unpin + 'a {
        let gatepass = self.gatepass;
        let now = gatepass.inner.clock.now();
        let breaks = move |token: &AccessToken| {
            let live = matches!(token.status(now), Status::Active | Status::NotYetValid);
            std::future::ready(live && gatepass.policy().is_broken_by(token))
        };
        self.list(TokenFilter::default()).try_filter(breaks)
    }

    /// Gives a token a new secret; the old one stays good for the grace that is asked for.
    ///
    /// # Errors
    /// `token_not_found`; conflict: `token_revoked`, `token_expired`, `rotation_in_grace`, `changed_meanwhile`,
    /// `idempotency_mismatch`; otherwise as [`create`](Self::create).
    pub async fn rotate(&self, name: &str, rotation: Rotation) -> Result<IssuedToken> {
        self.rotate_step(name, rotation, false).await
    }

    /// Gives a token a new secret and hands it over. The grace begins once `deliver` has succeeded; until then, and
    /// where it fails, the old secret is good as before. Where it fails the new one is dropped.
    ///
    /// It can be run again after a crash at any point, and needs no key for that: a secret that was not said to have arrived is dropped
    /// then, and another one is delivered in its place.
    ///
    /// # Errors
    /// `delivery_failed` (unavailable), with the cause that `deliver` gave; `changed_meanwhile` where the token was
    /// revoked, deleted or rotated during the delivery; otherwise as [`rotate`](Self::rotate).
    pub async fn rotate_and_deliver<E>(
        &self,
        name: &str,
        rotation: Rotation,
        deliver: impl AsyncFnOnce(&Secret) -> Result<(), E>,
    ) -> Result<IssuedToken>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut issued = self.rotate_step(name, rotation, true).await?;
        let delivered = deliver(&issued.secret).await;
        let Gatepass { inner, acting } = self.gatepass;
        let id = issued.token.id.ok_or_else(not_found)?;
        let settle = Settle {
            acting: acting.clone(),
            id,
            digest: issued.secret.digest(),
            delivered: delivered.is_ok(),
        };
        let settled = inner.store.make(settle).await;
        if let Err(cause) = delivered {
            let text = match &settled {
                Ok(_) => {
                    "the new secret could not be delivered; it was dropped, and the old one is good as before"
                }
                Err(_) => {
                    "the new secret could not be delivered, nor dropped; the old one is good as before, \
                     and another rotation drops it"
                }
            };
            let error = Error::new(ErrorKind::Unavailable, "delivery_failed", text);
            return Err(error.with_boxed_cause(cause.into()));
        }
        (issued.token, issued.revision) = settled?;
        Ok(issued)
    }

    /// Ends a token, both of its secrets. One that was revoked before stays as it is.
    ///
    /// # Errors
    /// `token_not_found`.
    pub async fn revoke(&self, name: &str) -> Result<Revoked> {
        let revoked = self.revoke_all([name]).await.map_err(|error| error.with_field("name"))?;
        revoked.into_iter().next().ok_or_else(not_found)
    }

    /// Ends several tokens in one commit, all of them or none.
    ///
    /// # Errors
    /// `token_not_found`, on the field `names[…]` that is missing.
    pub async fn revoke_all<S: Into<String>>(
        &self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Revoked>> {
        let names = names.into_iter().map(Into::into).collect();
        let Gatepass { inner, acting } = self.gatepass;
        inner.store.make(Revoke { acting: acting.clone(), names }).await
    }

    /// Removes a token, whose name is free again. Returns the number of this change.
    ///
    /// # Errors
    /// `token_not_found`.
    pub async fn delete(&self, name: &str) -> Result<i64> {
        let Gatepass { inner, acting } = self.gatepass;
        inner.store.make(Delete { acting: acting.clone(), name: name.to_owned() }).await
    }

    /// Removes the tokens that have been expired or revoked since before this instant, some hundreds at a time;
    /// `progress` is told how many are gone. Returns their number.
    ///
    /// # Errors
    /// Those of writing the store; what was removed until then is.
    pub async fn purge(&self, before: Timestamp, mut progress: impl FnMut(u64) + Send) -> Result<u64> {
        let Gatepass { inner, acting } = self.gatepass;
        let mut gone = 0;
        loop {
            let purge = Purge { acting: acting.clone(), before, limit: PURGED_AT_ONCE };
            let some = inner.store.make(purge).await?;
            if some == 0 {
                return Ok(gone);
            }
            gone += some;
            progress(gone);
        }
    }

    /// Checks one secret against the store, without an index: one record is read. For many checks there is
    /// [`Gatepass::verifier`].
    ///
    /// # Errors
    /// Those of [`Verifier::guard`], where the requirement can never be met, and of reading the store. A denial is no
    /// error: it is in the verdict.
    pub async fn check_secret<S: AsRef<str>>(
        &self,
        api: Api,
        scopes: impl IntoIterator<Item = S>,
        secret: &str,
        peer: Option<IpAddr>,
    ) -> Result<Verdict> {
        let Gatepass { inner, acting } = self.gatepass;
        let book = inner.store.roles().await?.book;
        // What has not even the form of a secret costs no look-up.
        let stored = match format::parse(strip_scheme(secret.as_bytes())) {
            Ok(form) => inner.store.read(async |conn| tokens::find_by_id(conn, form.id).await).await?,
            Err(_) => None,
        };
        let record = stored.as_ref().map(|stored| &stored.record);
        let verifier = Verifier::from_records(record, &book, Arc::clone(&inner.clock));
        let verdict = verifier.guard(api, scopes)?.check_secret(secret, peer);
        if let (Err(denied), Some(record)) = (&verdict, record)
            && denied.reason == Reason::Superseded
        {
            // Somebody still has an old secret: worth an entry, whoever asked.
            let caller = acting.actor.name();
            let entry = Entry::new(acting, caller, "token.superseded", Some(&record.token().name));
            inner.store.make(Note(entry.refused(denied.reason.code()))).await?;
        }
        Ok(verdict)
    }

    async fn rotate_step(&self, name: &str, rotation: Rotation, deliver: bool) -> Result<IssuedToken> {
        let Gatepass { inner, acting } = self.gatepass;
        let rotate = Rotate {
            acting: acting.clone(),
            name: name.to_owned(),
            rotation,
            issuer: inner.issuer.clone(),
            // What was dropped, or has arrived, must not be handed over again under the same key.
            key: self.key.filter(|_| !deliver).cloned(),
            deliver,
        };
        inner.store.make(rotate).await
    }
}
