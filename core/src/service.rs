//! What a place that keeps tokens can do: a store does it itself, a client asks a server to.

use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;

use crate::guard::Verdict;
use crate::wire::{ReplicaList, Used};
use crate::{
    AccessToken, Acting, Api, AuditEntry, AuditFilter, Changed, Digest, ExternalTokenValidator,
    FollowOptions, IdempotencyKey, IssuedToken, NewToken, NewUser, Password, Result, Role, RoleBook,
    Rotation, Timestamp, TokenFilter, TokenPage, User, UserChange, Verifier,
};

/// Whether what is put has to be there before, or must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Absent,
    Present,
}

/// Tokens, roles, validators, users and the audit trail. `acting` says on whose behalf; a client acts as its credential says,
/// and needs no telling. The façade (`gatepass`) documents each of these.
#[async_trait]
pub(crate) trait Service: Debug + Send + Sync {
    /// Where it is, without a password.
    fn place(&self) -> String;

    async fn create_token(
        &self,
        acting: &Acting,
        asked: &NewToken,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedToken>;
    async fn token(&self, name: &str) -> Result<AccessToken>;
    async fn token_page(&self, filter: &TokenFilter, cursor: Option<&str>, limit: u32) -> Result<TokenPage>;
    /// With `deliver` the old secret stays good until the rotation is settled.
    async fn rotate_token(
        &self,
        acting: &Acting,
        name: &str,
        rotation: &Rotation,
        deliver: bool,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedToken>;
    /// Says what became of the secret with this digest, which was to be delivered for the token of this name.
    async fn settle_rotation(
        &self,
        acting: &Acting,
        name: &str,
        digest: Digest,
        delivered: bool,
    ) -> Result<Changed>;
    async fn revoke_tokens(&self, acting: &Acting, names: &[String]) -> Result<Vec<Changed>>;
    async fn delete_token(&self, acting: &Acting, name: &str) -> Result<i64>;
    /// Some of the tokens that are to go; none when all are gone.
    async fn purge_tokens(&self, acting: &Acting, before: Timestamp) -> Result<u64>;
    /// Says when tokens were last used.
    async fn report_usage(&self, acting: &Acting, uses: Vec<Used>) -> Result<()>;
    async fn check_secret(
        &self,
        acting: &Acting,
        api: Api,
        scopes: &[String],
        secret: &str,
        peer: Option<IpAddr>,
    ) -> Result<Verdict>;

    async fn roles(&self) -> Result<RoleBook>;
    async fn put_role(&self, acting: &Acting, role: &Role, before: Before) -> Result<Role>;
    async fn delete_role(&self, acting: &Acting, name: &str) -> Result<()>;

    async fn validators(&self) -> Result<Vec<ExternalTokenValidator>>;
    async fn validator(&self, name: &str) -> Result<ExternalTokenValidator>;
    async fn put_validator(
        &self,
        acting: &Acting,
        validator: &ExternalTokenValidator,
        before: Before,
    ) -> Result<ExternalTokenValidator>;
    async fn delete_validator(&self, acting: &Acting, name: &str) -> Result<()>;
    #[cfg(feature = "client")]
    async fn test_validator(&self, name: &str, token: Option<&str>) -> Result<crate::wire::ValidatorTest>;

    async fn users(&self) -> Result<Vec<User>>;
    async fn user(&self, username: &str) -> Result<User>;
    async fn create_user(&self, acting: &Acting, user: NewUser) -> Result<User>;
    /// With a new password too, where one is given.
    async fn change_user(
        &self,
        acting: &Acting,
        username: &str,
        change: &UserChange,
        password: Option<&Password>,
    ) -> Result<User>;
    async fn set_password(&self, acting: &Acting, username: &str, password: &Password) -> Result<()>;
    async fn delete_user(&self, acting: &Acting, username: &str) -> Result<()>;

    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>>;
    /// The number of the last audit entry.
    async fn last_audit(&self) -> Result<i64>;

    /// Who follows, once all who are connected have this change, or after `wait`.
    async fn replicas(&self, revision: i64, wait: Duration) -> Result<ReplicaList>;

    /// Any other service of a server.
    #[cfg(feature = "client")]
    async fn request(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<crate::ServiceAnswer>;

    /// Who asks, as a server sees it.
    #[cfg(feature = "client")]
    async fn myself(&self) -> Result<crate::wire::Myself>;

    async fn verifier(&self, options: &FollowOptions) -> Result<Verifier>;
    async fn close(&self);
}
