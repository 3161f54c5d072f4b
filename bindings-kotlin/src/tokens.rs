//! Tokens, to be made, looked for, rotated and ended.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use gatepass::{AccessToken, IdempotencyKey, Secret};

use crate::access::verdict_bytes;
use crate::ask::instant_of;
use crate::runtime::run;
use crate::{
    CallFailed, ChangedData, Failure, GatepassHandle, IssuedHandle, NewTokenData, PageData, RotationData,
    SecretHandle, SecretSink, TokenData, TokenFilterData,
};

#[uniffi::export]
impl GatepassHandle {
    pub async fn create_token(
        &self,
        asked: NewTokenData,
        key: Option<String>,
    ) -> Result<Arc<IssuedHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let (asked, key) = (asked.asked()?, key.map(IdempotencyKey::new).transpose()?);
            let tokens = gatepass.tokens();
            let issued = match &key {
                Some(key) => tokens.once(key).create(asked).await?,
                None => tokens.create(asked).await?,
            };
            Ok(IssuedHandle::new(issued, gatepass.clock().now()))
        })
        .await
    }

    pub async fn token(&self, name: String) -> Result<TokenData, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let token = gatepass.tokens().get(&name).await?;
            Ok(TokenData::new(&token, gatepass.clock().now()))
        })
        .await
    }

    pub async fn token_page(
        &self,
        filter: TokenFilterData,
        cursor: Option<String>,
        limit: Option<i32>,
    ) -> Result<PageData, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let limit = limit.map(|limit| u32::try_from(limit).unwrap_or(0));
            let page = gatepass.tokens().page(&filter.filter()?, cursor.as_deref(), limit).await?;
            let now = gatepass.clock().now();
            let tokens = page.tokens.iter().map(|token| TokenData::new(token, now)).collect();
            Ok(PageData { tokens, next: page.next })
        })
        .await
    }

    pub async fn violations(&self) -> Result<Vec<TokenData>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let found: Vec<AccessToken> = gatepass.tokens().violations().try_collect().await?;
            let now = gatepass.clock().now();
            Ok(found.iter().map(|token| TokenData::new(token, now)).collect())
        })
        .await
    }

    pub async fn rotate_token(
        &self,
        name: String,
        rotation: RotationData,
        key: Option<String>,
    ) -> Result<Arc<IssuedHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let (rotation, key) = (rotation.rotation()?, key.map(IdempotencyKey::new).transpose()?);
            let tokens = gatepass.tokens();
            let issued = match &key {
                Some(key) => tokens.once(key).rotate(&name, rotation).await?,
                None => tokens.rotate(&name, rotation).await?,
            };
            Ok(IssuedHandle::new(issued, gatepass.clock().now()))
        })
        .await
    }

    pub async fn rotate_and_deliver(
        &self,
        name: String,
        rotation: RotationData,
        sink: Arc<dyn SecretSink>,
    ) -> Result<Arc<IssuedHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let deliver = async |secret: &Secret| -> Result<(), CallFailed> {
                sink.deliver(Arc::new(SecretHandle(secret.clone()))).await
            };
            let issued = gatepass.tokens().rotate_and_deliver(&name, rotation.rotation()?, deliver).await?;
            Ok(IssuedHandle::new(issued, gatepass.clock().now()))
        })
        .await
    }

    pub async fn revoke_token(&self, name: String) -> Result<ChangedData, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let changed = gatepass.tokens().revoke(&name).await?;
            Ok(ChangedData::new(&changed, gatepass.clock().now()))
        })
        .await
    }

    pub async fn revoke_tokens(&self, names: Vec<String>) -> Result<Vec<ChangedData>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let changed = gatepass.tokens().revoke_all(names).await?;
            let now = gatepass.clock().now();
            Ok(changed.iter().map(|changed| ChangedData::new(changed, now)).collect())
        })
        .await
    }

    pub async fn revoke_leaked(&self, secret: Arc<SecretHandle>) -> Result<bool, Failure> {
        let gatepass = self.0.clone();
        run(async move { gatepass.tokens().revoke_leaked(secret.0.reveal()).await }).await
    }

    pub async fn delete_token(&self, name: String) -> Result<i64, Failure> {
        let gatepass = self.0.clone();
        run(async move { gatepass.tokens().delete(&name).await }).await
    }

    pub async fn purge_tokens(&self, before: i64) -> Result<i64, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let gone = gatepass.tokens().purge(instant_of("before", before)?, |_| ()).await?;
            Ok(i64::try_from(gone).unwrap_or(i64::MAX))
        })
        .await
    }

    /// As `GuardHandle::check_values` answers.
    pub async fn check_secret(
        &self,
        api: String,
        scopes: Vec<String>,
        secret: Arc<SecretHandle>,
        peer: Option<String>,
    ) -> Result<Vec<u8>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let peer = peer.and_then(|peer| crate::guard::peer_of(peer.as_bytes()));
            let secret = secret.0.reveal();
            let verdict = gatepass.tokens().check_secret(api.parse()?, &scopes, secret, peer).await?;
            Ok(verdict_bytes(&verdict))
        })
        .await
    }
}
