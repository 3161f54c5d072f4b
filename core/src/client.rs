//! Tokens on a server, through its Configuration API: RadiantOne's, or that of Gatepass's own authority.

pub(crate) mod ahead;
pub(crate) mod answer;
pub(crate) mod ask;
pub(crate) mod dialect;
mod generations;
mod lenient;
mod login;
mod nodes;
pub(crate) mod options;
mod redact;
pub(crate) mod request;
mod roles;
mod send;
mod tokens;
mod trace;
pub(crate) mod transport;
mod users;
mod validators;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use self::generations::Deliveries;
pub use self::login::{login, session_end};
pub use self::options::{ConnectOptions, connect};
pub(crate) use self::request::Request;
pub use self::request::ServiceAnswer;
use self::request::secrets_in;
pub(crate) use self::send::Sender;
pub use self::trace::TraceContext;
use crate::guard::Verdict;
use crate::service::{Before, Service};
use crate::wire::{self, ServerInfo};
use crate::{
    AccessToken, Acting, Api, AuditEntry, AuditFilter, Changed, Clock, Digest, Error, ErrorKind,
    ExternalTokenValidator, FollowOptions, IdempotencyKey, IssuedToken, NewToken, NewUser, Password, Result,
    Role, RoleBook, Rotation, Startup, Timestamp, TokenFilter, TokenPage, User, UserChange, Verifier,
    replica,
};

/// A server, as seen by one credential.
#[derive(Debug)]
pub(crate) struct Client {
    sender: Sender,
    clock: Arc<dyn Clock>,
    /// What the server is, once it was asked.
    is_gatepass: OnceCell<bool>,
    deliveries: Deliveries,
}

impl Client {
    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Whether the server is a Gatepass authority. Asked once.
    async fn is_gatepass(&self) -> Result<bool> {
        let ask = async || {
            let answer = self.sender.send(Request::new(Method::GET, wire::EXTENSIONS)).await;
            match answer {
                Ok(answer) => Ok(answer.json::<ServerInfo>().is_ok_and(|info| info.product == "gatepass")),
                // A plain RadiantOne has nothing there, and says so in one way or another; an authority answers
                // everybody. Whatever else went wrong says nothing of what it is.
                Err(error) if matches!(error.status(), Some(300..=400 | 403..=405 | 410 | 501)) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.is_gatepass.get_or_try_init(ask).await.copied()
    }

    /// For what a plain RadiantOne cannot do.
    async fn need_gatepass(&self, what: &'static str) -> Result<()> {
        if self.is_gatepass().await? {
            return Ok(());
        }
        Err(lacking(what, "this server is a plain RadiantOne, which has no such operation"))
    }
}

/// What a plain RadiantOne cannot do, and the field that asks for it.
fn lacking(field: &'static str, text: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "needs_gatepass", text).with_field(field)
}

#[async_trait]
impl Service for Client {
    fn place(&self) -> String {
        self.sender.base().to_string()
    }

    async fn create_token(
        &self,
        _: &Acting,
        asked: &NewToken,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedToken> {
        self.create(asked, key).await
    }

    async fn token(&self, name: &str) -> Result<AccessToken> {
        self.get(name).await
    }

    async fn token_page(&self, filter: &TokenFilter, cursor: Option<&str>, limit: u32) -> Result<TokenPage> {
        self.page(filter, cursor, limit).await
    }

    async fn rotate_token(
        &self,
        _: &Acting,
        name: &str,
        rotation: &Rotation,
        deliver: bool,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedToken> {
        self.rotate(name, rotation, deliver, key).await
    }

    async fn settle_rotation(
        &self,
        _: &Acting,
        name: &str,
        digest: Digest,
        delivered: bool,
    ) -> Result<Changed> {
        self.settle(name, digest, delivered).await
    }

    async fn revoke_tokens(&self, _: &Acting, names: &[String]) -> Result<Vec<Changed>> {
        self.revoke(names).await
    }

    async fn delete_token(&self, _: &Acting, name: &str) -> Result<i64> {
        self.delete(name).await
    }

    async fn purge_tokens(&self, _: &Acting, before: Timestamp) -> Result<u64> {
        self.purge(before).await
    }

    async fn report_usage(&self, _: &Acting, uses: Vec<wire::Used>) -> Result<()> {
        self.report(uses).await
    }

    async fn check_secret(
        &self,
        _: &Acting,
        api: Api,
        scopes: &[String],
        secret: &str,
        peer: Option<IpAddr>,
    ) -> Result<Verdict> {
        self.check(api, scopes, secret, peer).await
    }

    async fn roles(&self) -> Result<RoleBook> {
        self.role_book().await
    }

    async fn put_role(&self, _: &Acting, role: &Role, before: Before) -> Result<Role> {
        self.send_role(role, before).await
    }

    async fn delete_role(&self, _: &Acting, name: &str) -> Result<()> {
        self.remove_role(name).await
    }

    async fn validators(&self) -> Result<Vec<ExternalTokenValidator>> {
        self.all_validators().await
    }

    async fn validator(&self, name: &str) -> Result<ExternalTokenValidator> {
        self.find_validator(name).await
    }

    async fn put_validator(
        &self,
        _: &Acting,
        validator: &ExternalTokenValidator,
        before: Before,
    ) -> Result<ExternalTokenValidator> {
        self.send_validator(validator, before).await
    }

    async fn delete_validator(&self, _: &Acting, name: &str) -> Result<()> {
        self.remove_validator(name).await
    }

    async fn test_validator(&self, name: &str, token: Option<&str>) -> Result<wire::ValidatorTest> {
        self.try_validator(name, token).await
    }

    async fn users(&self) -> Result<Vec<User>> {
        self.all_users().await
    }

    async fn user(&self, username: &str) -> Result<User> {
        self.find_user(username).await
    }

    async fn create_user(&self, _: &Acting, user: NewUser) -> Result<User> {
        self.add_user(user).await
    }

    async fn change_user(
        &self,
        _: &Acting,
        username: &str,
        change: &UserChange,
        password: Option<&Password>,
    ) -> Result<User> {
        self.edit_user(username, change, password).await
    }

    async fn set_password(&self, _: &Acting, username: &str, password: &Password) -> Result<()> {
        self.edit_user(username, &UserChange::default(), Some(password)).await.map(drop)
    }

    async fn delete_user(&self, _: &Acting, username: &str) -> Result<()> {
        self.remove_user(username).await
    }

    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
        self.need_gatepass("audit").await?;
        let path = format!("{}/audit", wire::EXTENSIONS);
        let request = Request::new(Method::GET, path).query(&wire::audit_query(filter));
        self.sender.send(request).await?.json::<wire::AuditList>().map(|list| list.entries)
    }

    async fn last_audit(&self) -> Result<i64> {
        self.need_gatepass("audit").await?;
        let path = format!("{}/audit", wire::EXTENSIONS);
        let request = Request::new(Method::GET, path).query(&[("limit", "1")]);
        self.sender.send(request).await?.json::<wire::AuditList>().map(|list| list.last)
    }

    async fn replicas(&self, revision: i64, wait: Duration) -> Result<wire::ReplicaList> {
        self.need_gatepass("replicas").await?;
        let query = [("revision", revision.to_string()), ("wait", format!("{}ms", wait.as_millis()))];
        self.sender.send(Request::new(Method::GET, wire::REPLICAS).query(&query)).await?.json()
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<ServiceAnswer> {
        let mut request = Request::to_service(method, path)?.query(query);
        if let Some(body) = body {
            request = request.json(body)?;
            request =
                secrets_in(body).into_iter().fold(request, |request, secret| request.hiding(Some(secret)));
        }
        let answer = self.sender.send(request).await?;
        Ok(ServiceAnswer { status: answer.status.as_u16(), body: answer.value() })
    }

    async fn myself(&self) -> Result<wire::Myself> {
        self.need_gatepass("self").await?;
        self.sender.send(Request::new(Method::GET, format!("{}/self", wire::EXTENSIONS))).await?.json()
    }

    async fn verifier(&self, options: &FollowOptions) -> Result<Verifier> {
        if options.startup == Startup::Wait {
            match timeout(options.deadline, self.is_gatepass()).await {
                Ok(Ok(false)) => {
                    let text = "this server is a plain RadiantOne, which cannot be followed; ask it about each secret with a \
                                remote verifier";
                    return Err(lacking("verifier", text));
                }
                // What is wrong with it may pass before the deadline.
                Ok(Err(error)) if !error.retryable() => return Err(error),
                _ => {}
            }
        }
        replica::start(Arc::new(self.sender.clone()), options, Arc::clone(&self.clock)).await
    }

    /// A session that was begun here is of use to nobody else.
    async fn close(&self) {
        if self.is_gatepass.get() != Some(&false) {
            self.sender.sign_out().await;
        }
    }
}
