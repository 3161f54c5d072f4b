//! A secret, which stays on this side and is wiped there; what is shown of it; a key by which something is done once.

use std::sync::Arc;

use gatepass::{Brand, IdempotencyKey, IssuedToken, Secret};

use crate::{Failure, TokenData};

#[derive(Debug, uniffi::Object)]
pub struct SecretHandle(pub(crate) Secret);

#[uniffi::export]
impl SecretHandle {
    #[uniffi::constructor]
    pub fn new(text: String) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(Secret::new(text)?)))
    }

    pub fn reveal(&self) -> String {
        self.0.reveal().to_owned()
    }

    pub fn redacted(&self) -> String {
        self.0.to_string()
    }

    pub fn id(&self) -> Option<String> {
        self.0.id().map(|id| id.to_string())
    }

    pub fn api(&self) -> Option<String> {
        self.0.api().map(|api| api.wire().to_owned())
    }

    pub fn brand(&self) -> Option<String> {
        self.0.brand().map(|brand| brand.as_str().to_owned())
    }

    pub fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    /// In constant time.
    pub fn same(&self, other: Arc<Self>) -> bool {
        self.0 == other.0
    }
}

/// A token that was made or rotated, its secret apart from what is copied.
#[derive(Debug, uniffi::Object)]
pub struct IssuedHandle {
    secret: Arc<SecretHandle>,
    token: TokenData,
    revision: i64,
}

impl IssuedHandle {
    pub(crate) fn new(issued: IssuedToken, now: gatepass::Timestamp) -> Arc<Self> {
        let IssuedToken { secret, token, revision, .. } = issued;
        Arc::new(Self {
            secret: Arc::new(SecretHandle(secret)),
            token: TokenData::new(&token, now),
            revision,
        })
    }
}

#[uniffi::export]
impl IssuedHandle {
    pub fn secret(&self) -> Arc<SecretHandle> {
        Arc::clone(&self.secret)
    }

    pub fn token(&self) -> TokenData {
        self.token.clone()
    }

    pub fn revision(&self) -> i64 {
        self.revision
    }
}

#[uniffi::export]
pub fn idempotency_key() -> Result<String, Failure> {
    Ok(IdempotencyKey::generate()?.reveal().to_owned())
}

#[uniffi::export]
pub fn scanner_rule(brand: Option<String>) -> Result<String, Failure> {
    Ok(brand.map_or_else(|| Ok(Brand::default()), Brand::new)?.scanner_rule())
}
