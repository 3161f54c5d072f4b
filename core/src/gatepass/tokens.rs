//! Tokens, to be made, looked for, rotated and ended.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use serde::Serialize;

use super::{Gatepass, Revoked};
use crate::guard::Verdict;
use crate::service::Service;
use crate::wire::Used;
use crate::{
    AccessToken, Acting, Api, Digest, Error, ErrorKind, IdempotencyKey, NewToken, Result, Rotation, Secret,
    Status, Timestamp,
};

/// Tokens of a page, when not said.
const PAGE: u32 = 100;
/// Tokens of a page, at the most.
const LARGEST_PAGE: u32 = 1000;
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

/// A token that was changed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Changed {
    /// The token.
    pub token: AccessToken,
    /// The number of this change: a verifier that has reached it knows of it.
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
        let (service, acting) = self.parts();
        service.create_token(acting, &asked, self.key).await
    }

    /// The token of this name.
    ///
    /// # Errors
    /// `token_not_found`.
    pub async fn get(&self, name: &str) -> Result<AccessToken> {
        self.parts().0.token(name).await
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
        let limit = limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        self.parts().0.token_page(filter, cursor, limit).await
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
    /// they live longer than is permitted. Where a server says no more of a token's creation than the day, or nothing,
    /// it is taken to be as young as it can be.
    pub fn violations(&self) -> impl Stream<Item = Result<AccessToken>> + Send + Unpin + 'a {
        let gatepass = self.gatepass;
        let now = gatepass.clock.now();
        let breaks = move |token: &AccessToken| {
            let live = matches!(token.status(now), Status::Active | Status::NotYetValid);
            let token = AccessToken { created_on: latest_creation(token, now), ..token.clone() };
            std::future::ready(live && gatepass.policy().is_broken_by(&token))
        };
        self.list(TokenFilter::default()).try_filter(breaks)
    }

    /// Gives a token a new secret; the old one stays good for the grace that is asked for.
    ///
    /// # Errors
    /// `token_not_found`; conflict: `token_revoked`, `token_expired`, `rotation_in_grace`, `changed_meanwhile`,
    /// `idempotency_mismatch`; otherwise as [`create`](Self::create).
    pub async fn rotate(&self, name: &str, rotation: Rotation) -> Result<IssuedToken> {
        let (service, acting) = self.parts();
        service.rotate_token(acting, name, &rotation, false, self.key).await
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
        let mut issued = self.begin_rotation(name, rotation).await?;
        let delivered = deliver(&issued.secret).await;
        let settled = self.settle(name, issued.secret.digest(), delivered.is_ok()).await;
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
        Changed { token: issued.token, revision: issued.revision } = settled?;
        Ok(issued)
    }

    /// The first half of [`rotate_and_deliver`](Self::rotate_and_deliver), for a delivery that is made elsewhere: the
    /// old secret is good until [`settle`](Self::settle) says what became of the new one.
    ///
    /// # Errors
    /// As [`rotate`](Self::rotate).
    pub async fn begin_rotation(&self, name: &str, rotation: Rotation) -> Result<IssuedToken> {
        let (service, acting) = self.parts();
        service.rotate_token(acting, name, &rotation, true, self.key).await
    }

    /// The second half: the secret with this digest was delivered, and the old one's grace begins; or it was not,
    /// and is dropped.
    ///
    /// # Errors
    /// `token_not_found`; `changed_meanwhile` where no such delivery is under way: the token was revoked, rotated or
    /// settled since.
    pub async fn settle(&self, name: &str, digest: Digest, delivered: bool) -> Result<Changed> {
        let (service, acting) = self.parts();
        service.settle_rotation(acting, name, digest, delivered).await
    }

    /// Ends a token, both of its secrets. One that was revoked before stays as it is.
    ///
    /// # Errors
    /// `token_not_found`.
    pub async fn revoke(&self, name: &str) -> Result<Changed> {
        let revoked = self.revoke_all([name]).await.map_err(|error| {
            let of_list = error.field().is_some_and(|field| field.starts_with("names"));
            if of_list { error.with_field("name") } else { error }
        })?;
        revoked.into_iter().next().ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "answer_malformed", "the answer does not say what was revoked")
        })
    }

    /// Ends several tokens in one commit, all of them or none.
    ///
    /// # Errors
    /// `token_not_found`, on the field `names[…]` that is missing.
    pub async fn revoke_all<S: Into<String>>(
        &self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Changed>> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let (service, acting) = self.parts();
        service.revoke_tokens(acting, &names).await
    }

    /// Ends tokens in one commit, all of them or none, and waits until no replica accepts them any more, for so long at
    /// the most. The answer tells what each replica has said:
    /// [`Replicas::confirmed`](super::Replicas::confirmed).
    ///
    /// # Errors
    /// Those of [`revoke_all`](Self::revoke_all), and of looking at the replicas: then the tokens are revoked all the
    /// same.
    pub async fn revoke_everywhere<S: Into<String>>(
        &self,
        names: impl IntoIterator<Item = S>,
        within: Duration,
    ) -> Result<Revoked> {
        let tokens = self.revoke_all(names).await?;
        let revision = tokens.iter().map(|changed| changed.revision).max().unwrap_or_default();
        let receipts = self.gatepass.replicas().confirmed(revision, within).await?;
        Ok(Revoked { tokens, revision, receipts })
    }

    /// Says when tokens were last used, and from where: what those who check them know. It may be said late, twice and
    /// in any order, for the latest use of a token counts; none is later than now. Tokens that are there no more, and those
    /// of APIs that the caller may not verify, are passed over.
    ///
    /// # Errors
    /// Unauthorized, `actor_unknown`; those of writing the store, or of the server. Some of many may have been taken then,
    /// and all may be said again. Unsupported, `needs_gatepass`, on a plain RadiantOne.
    pub async fn report_usage(&self, uses: impl IntoIterator<Item = Used>) -> Result<()> {
        let (service, acting) = self.parts();
        service.report_usage(acting, uses.into_iter().collect()).await
    }

    /// Ends the token whose secret this is, for somebody found it where it should not be. The secret is the proof, so
    /// whoever has it may report it. The answer tells whether it opened something until now.
    ///
    /// # Errors
    /// Those of reading and writing the store; unsupported, `needs_store`, on a server.
    #[cfg(feature = "store")]
    pub async fn revoke_leaked(&self, secret: &str) -> Result<bool> {
        self.gatepass.local()?.revoke_leaked(&self.gatepass.acting, secret).await
    }

    /// Removes a token, whose name is free again. Returns the number of this change.
    ///
    /// # Errors
    /// `token_not_found`.
    pub async fn delete(&self, name: &str) -> Result<i64> {
        let (service, acting) = self.parts();
        service.delete_token(acting, name).await
    }

    /// Removes the tokens that have been expired or revoked since before this instant, some hundreds at a time;
    /// `progress` is told how many are gone. Returns their number.
    ///
    /// # Errors
    /// Those of writing the store; what was removed until then is.
    pub async fn purge(&self, before: Timestamp, mut progress: impl FnMut(u64) + Send) -> Result<u64> {
        let (service, acting) = self.parts();
        let mut gone = 0;
        loop {
            let some = service.purge_tokens(acting, before).await?;
            if some == 0 {
                return Ok(gone);
            }
            gone += some;
            progress(gone);
        }
    }

    /// Checks one secret against the store, without an index: one record is read. For many checks there is
    /// [`Gatepass::verifier`], and on a server `Gatepass::remote_verifier`.
    ///
    /// # Errors
    /// Those of [`Verifier::guard`](crate::Verifier::guard), where the requirement can never be met, and of reading the store. A denial is no
    /// error: it is in the verdict.
    pub async fn check_secret<S: AsRef<str>>(
        &self,
        api: Api,
        scopes: impl IntoIterator<Item = S>,
        secret: &str,
        peer: Option<IpAddr>,
    ) -> Result<Verdict> {
        let scopes: Vec<String> = scopes.into_iter().map(|scope| scope.as_ref().to_owned()).collect();
        let (service, acting) = self.parts();
        service.check_secret(acting, api, &scopes, secret, peer).await
    }

    fn parts(&self) -> (&'a dyn Service, &'a Acting) {
        (self.gatepass.service(), &self.gatepass.acting)
    }
}

/// When a token was made at the latest. RadiantOne shows the day's first instant, or nothing.
fn latest_creation(token: &AccessToken, now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400_000;
    let made = token.created_on;
    if token.id.is_some() || made.as_millis().rem_euclid(DAY) != 0 {
        return made;
    }
    if made == Timestamp::MIN { now } else { made.saturating_add(Duration::from_hours(24)).min(now) }
}
