//! A store in this process: what is asked becomes changes and look-ups.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::guard::Verdict;
#[cfg(feature = "client")]
use crate::oidc::looks_like_one;
use crate::secret::strip_scheme;
use crate::service::{Before, Service};
use crate::store::audit::{Entry, Note};
use crate::store::issue::{Create, Delete, Purge, Revoke, RevokeLeaked, Rotate, Settle, not_found};
use crate::store::roles::{DeleteRole, PutRole};
use crate::store::usage::{ReportUsage, USES_AT_ONCE};
use crate::store::users::{ChangeUser, CreateUser, DeleteUser, SetPassword};
use crate::store::validators::{DeleteValidator, PutValidator};
use crate::store::{Store, audit, head, passwords, replicas, tokens, users, validators};
use crate::wire::{Replica, ReplicaList, Used};
use crate::{
    AccessToken, Acting, Api, AuditEntry, AuditFilter, Changed, Clock, Digest, Error, ErrorKind,
    ExternalTokenValidator, FollowOptions, IdempotencyKey, IssuedToken, Issuer, NewToken, NewUser, Password,
    Reason, Result, Role, RoleBook, Rotation, Timestamp, TokenFilter, TokenPage, User, UserChange, Verifier,
    check_username, follow, format,
};
#[cfg(feature = "client")]
use crate::{TokenValidators, ValidatorOptions};

/// Tokens that are purged in one commit.
const PURGED_AT_ONCE: i64 = 500;

/// How often it is looked whether replicas have confirmed a change.
const LOOKED_AGAIN: Duration = Duration::from_millis(50);

/// An open store, with what makes tokens.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) store: Store,
    pub(crate) issuer: Issuer,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Service for Local {
    fn place(&self) -> String {
        self.store.location().to_string()
    }

    async fn create_token(
        &self,
        acting: &Acting,
        asked: &NewToken,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedToken> {
        let (acting, asked, issuer) = (acting.clone(), asked.clone(), self.issuer.clone());
        self.store.make(Create { acting, asked, issuer, key: key.cloned() }).await
    }

    async fn token(&self, name: &str) -> Result<AccessToken> {
        let found = self.store.read(async |conn| tokens::find(conn, name).await).await?;
        found.map(|stored| stored.record.token().clone()).ok_or_else(not_found)
    }

    async fn token_page(&self, filter: &TokenFilter, cursor: Option<&str>, limit: u32) -> Result<TokenPage> {
        let (after, now) = (cursor.unwrap_or_default(), self.clock.now());
        // One more than was asked for tells whether there is another page.
        let read = async |conn: &mut _| tokens::page(conn, filter, after, i64::from(limit) + 1, now).await;
        let mut tokens = self.store.read(read).await?;
        let more = tokens.len() > limit as usize;
        tokens.truncate(limit as usize);
        let next = tokens.last().filter(|_| more).map(|token| token.name.clone());
        Ok(TokenPage { tokens, next })
    }

    async fn rotate_token(
        &self,
        acting: &Acting,
        name: &str,
        rotation: &Rotation,
        deliver: bool,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedToken> {
        let rotate = Rotate {
            acting: acting.clone(),
            name: name.to_owned(),
            rotation: rotation.clone(),
            issuer: self.issuer.clone(),
            // What was dropped, or has arrived, must not be handed over again under the same key.
            key: key.filter(|_| !deliver).cloned(),
            deliver,
        };
        self.store.make(rotate).await
    }

    async fn settle_rotation(
        &self,
        acting: &Acting,
        name: &str,
        digest: Digest,
        delivered: bool,
    ) -> Result<Changed> {
        self.store.make(Settle { acting: acting.clone(), name: name.to_owned(), digest, delivered }).await
    }

    async fn revoke_tokens(&self, acting: &Acting, names: &[String]) -> Result<Vec<Changed>> {
        self.store.make(Revoke { acting: acting.clone(), names: names.to_vec() }).await
    }

    async fn delete_token(&self, acting: &Acting, name: &str) -> Result<i64> {
        self.store.make(Delete { acting: acting.clone(), name: name.to_owned() }).await
    }

    async fn purge_tokens(&self, acting: &Acting, before: Timestamp) -> Result<u64> {
        self.store.make(Purge { acting: acting.clone(), before, limit: PURGED_AT_ONCE }).await
    }

    async fn report_usage(&self, acting: &Acting, uses: Vec<Used>) -> Result<()> {
        for uses in uses.chunks(USES_AT_ONCE) {
            self.store.make(ReportUsage { acting: acting.clone(), uses: uses.to_vec() }).await?;
        }
        Ok(())
    }

    async fn check_secret(
        &self,
        acting: &Acting,
        api: Api,
        scopes: &[String],
        secret: &str,
        peer: Option<IpAddr>,
    ) -> Result<Verdict> {
        #[cfg(feature = "client")]
        if looks_like_one(strip_scheme(secret.as_bytes())) {
            return self.check_other(api, scopes, secret, peer).await;
        }
        let book = self.store.roles().await?.book;
        // What has not even the form of a secret costs no look-up.
        let stored = match format::parse(strip_scheme(secret.as_bytes())) {
            Ok(form) => self.store.read(async |conn| tokens::find_by_id(conn, form.id).await).await?,
            Err(_) => None,
        };
        let record = stored.as_ref().map(|stored| &stored.record);
        let verifier = Verifier::from_records(record, &book, Arc::clone(&self.clock));
        let verdict = verifier.guard(api, scopes)?.check_secret(secret, peer);
        if let (Err(denied), Some(record)) = (&verdict, record)
            && denied.reason == Reason::Superseded
        {
            // Somebody still has an old secret: worth an entry, whoever asked.
            let entry =
                Entry::new(acting, acting.actor.name(), "token.superseded", Some(&record.token().name));
            self.store.make(Note(entry.refused(denied.reason.code()))).await?;
        }
        Ok(verdict)
    }

    async fn roles(&self) -> Result<RoleBook> {
        self.store.roles().await.map(|roles| RoleBook::clone(&roles.book))
    }

    async fn put_role(&self, acting: &Acting, role: &Role, before: Before) -> Result<Role> {
        self.store.make(PutRole { acting: acting.clone(), role: role.clone(), before }).await
    }

    async fn delete_role(&self, acting: &Acting, name: &str) -> Result<()> {
        self.store.make(DeleteRole { acting: acting.clone(), name: name.to_owned() }).await
    }

    async fn validators(&self) -> Result<Vec<ExternalTokenValidator>> {
        self.store.read(async |conn| validators::read_all(conn).await).await
    }

    async fn validator(&self, name: &str) -> Result<ExternalTokenValidator> {
        let found = self.store.read(async |conn| validators::find(conn, name).await).await?;
        found.ok_or_else(validators::not_found)
    }

    async fn put_validator(
        &self,
        acting: &Acting,
        validator: &ExternalTokenValidator,
        before: Before,
    ) -> Result<ExternalTokenValidator> {
        let (acting, validator) = (acting.clone(), validator.clone());
        self.store.make(PutValidator { acting, validator, before }).await
    }

    async fn delete_validator(&self, acting: &Acting, name: &str) -> Result<()> {
        self.store.make(DeleteValidator { acting: acting.clone(), name: name.to_owned() }).await
    }

    #[cfg(feature = "client")]
    async fn test_validator(&self, name: &str, token: Option<&str>) -> Result<crate::wire::ValidatorTest> {
        let validator = self.validator(name).await?;
        let options = ValidatorOptions::default().clock(Arc::clone(&self.clock));
        TokenValidators::start([], options)?.try_out(&validator, token, self.clock.as_ref()).await
    }

    async fn users(&self) -> Result<Vec<User>> {
        self.store.read(async |conn| users::read_all(conn).await).await
    }

    async fn user(&self, username: &str) -> Result<User> {
        let found = self.store.read(async |conn| users::find(conn, username).await).await?;
        found.ok_or_else(users::not_found)
    }

    async fn create_user(&self, acting: &Acting, user: NewUser) -> Result<User> {
        let password = match &user.password {
            Some(password) => Some(hashed(password, &user.username).await?),
            None => None,
        };
        let NewUser { username, profile, .. } = user;
        self.store.make(CreateUser { acting: acting.clone(), username, profile, password }).await
    }

    async fn change_user(
        &self,
        acting: &Acting,
        username: &str,
        change: &UserChange,
        password: Option<&Password>,
    ) -> Result<User> {
        let password = match password {
            Some(password) => Some(hashed(password, username).await?),
            None => None,
        };
        let (acting, username, change) = (acting.clone(), username.to_owned(), change.clone());
        self.store.make(ChangeUser { acting, username, change, password }).await
    }

    async fn set_password(&self, acting: &Acting, username: &str, password: &Password) -> Result<()> {
        let password = hashed(password, username).await?;
        self.store.make(SetPassword { acting: acting.clone(), username: username.to_owned(), password }).await
    }

    async fn delete_user(&self, acting: &Acting, username: &str) -> Result<()> {
        self.store.make(DeleteUser { acting: acting.clone(), username: username.to_owned() }).await
    }

    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
        self.store.read(async |conn| audit::find(conn, filter).await).await
    }

    async fn last_audit(&self) -> Result<i64> {
        let read = async |conn: &mut _| head::Head::read(conn).await;
        self.store.read(read).await.map(|head| head.audit)
    }

    async fn replicas(&self, revision: i64, wait: Duration) -> Result<ReplicaList> {
        let end = self.clock.boot_time().saturating_add(wait);
        loop {
            let replicas = self.store.read(async |conn| replicas::read_all(conn).await).await?;
            let list = ReplicaList { now: self.clock.now(), replicas };
            let left = end.saturating_sub(self.clock.boot_time());
            let pending = |replica: &Replica| replica.revision < revision && replica.is_connected(list.now);
            if left.is_zero() || !list.replicas.iter().any(pending) {
                return Ok(list);
            }
            tokio::time::sleep(left.min(LOOKED_AGAIN)).await;
        }
    }

    #[cfg(feature = "client")]
    async fn request(
        &self,
        _: &str,
        _: &str,
        _: &[(&str, &str)],
        _: Option<&serde_json::Value>,
    ) -> Result<crate::ServiceAnswer> {
        let text = "a store has no other services; connect to a server";
        Err(Error::new(ErrorKind::Unsupported, "needs_server", text))
    }

    #[cfg(feature = "client")]
    async fn myself(&self) -> Result<crate::wire::Myself> {
        let text = "whoever opens a store is its owner; only a server tells callers apart";
        Err(Error::new(ErrorKind::Unsupported, "needs_server", text))
    }

    async fn verifier(&self, options: &FollowOptions) -> Result<Verifier> {
        follow::start(self.store.clone(), options, Arc::clone(&self.clock)).await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

#[cfg(feature = "client")]
impl Local {
    /// What the validators of now say of a token of another issuer, with keys that are fetched for it.
    async fn check_other(
        &self,
        api: Api,
        scopes: &[String],
        token: &str,
        peer: Option<IpAddr>,
    ) -> Result<Verdict> {
        let validators = self.store.read(async |conn| validators::read_understood(conn).await).await?;
        let options = ValidatorOptions::default().clock(Arc::clone(&self.clock));
        let others = TokenValidators::start([], options)?;
        others.set(validators.into_iter().filter(|validator| validator.api == api).collect());
        let guard = Verifier::of_others(others, Arc::clone(&self.clock)).guard(api, scopes)?;
        Ok(guard.check_secret_async(token, peer).await)
    }
}

impl Local {
    /// See [`Tokens::revoke_leaked`](crate::Tokens::revoke_leaked).
    pub(crate) async fn revoke_leaked(&self, acting: &Acting, secret: &str) -> Result<bool> {
        let secret = strip_scheme(secret.as_bytes());
        // What has not even the form of a secret costs no look-up.
        let Ok(form) = format::parse(secret) else { return Ok(false) };
        let (id, digest) = (form.id, Digest::of(secret));
        let found = self.store.read(async |conn| tokens::find_by_id(conn, id).await).await?;
        let belongs = |stored: tokens::Stored| {
            digest == stored.record.digest() || Some(digest) == stored.record.previous_digest()
        };
        if !found.is_some_and(belongs) {
            return Ok(false);
        }
        self.store.make(RevokeLeaked { acting: acting.clone(), id, digest }).await
    }

    /// See [`Users::sign_in`](crate::Users::sign_in).
    pub(crate) async fn sign_in(&self, username: &str, password: &Password) -> Result<Option<User>> {
        let read = async |conn: &mut _| {
            Ok((users::find(conn, username).await?, users::password(conn, username).await?))
        };
        let (user, stored) = self.store.read(read).await?;
        let password = password.clone();
        let fits = blocking(move || passwords::fits(&password, stored.as_deref())).await?;
        Ok(user.filter(|user| fits && user.active))
    }
}

async fn hashed(password: &Password, username: &str) -> Result<String> {
    check_username(username)?;
    password.check(username)?;
    let password = password.clone();
    blocking(move || passwords::hash(&password)).await?
}

/// Hashing passwords is slow on purpose, so it is kept away from what others wait for.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Error::new(ErrorKind::Internal, "task_failed", "a task ended before it was done").with_cause(error)
    })
}
