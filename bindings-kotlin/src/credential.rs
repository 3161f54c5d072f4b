//! Functions in Kotlin that are called from here: what gives a secret, and what takes one over.

use std::sync::Arc;

use gatepass::{Credential, Error, ErrorKind};

use crate::{CallFailed, Failure, SecretHandle};

/// A credential that Kotlin looks up.
#[uniffi::export(with_foreign)]
#[async_trait::async_trait]
pub trait SecretSource: Send + Sync {
    async fn secret(&self) -> Result<Arc<SecretHandle>, CallFailed>;
}

/// What hands a new secret over.
#[uniffi::export(with_foreign)]
#[async_trait::async_trait]
pub trait SecretSink: Send + Sync {
    async fn deliver(&self, secret: Arc<SecretHandle>) -> Result<(), CallFailed>;
}

#[derive(Debug, uniffi::Object)]
pub struct CredentialHandle(pub(crate) Credential);

#[uniffi::export]
impl CredentialHandle {
    #[uniffi::constructor]
    pub fn value(secret: Arc<SecretHandle>) -> Arc<Self> {
        Arc::new(Self(Credential::value(secret.0.clone())))
    }

    #[uniffi::constructor]
    pub fn env(name: String) -> Arc<Self> {
        Arc::new(Self(Credential::env(name)))
    }

    #[uniffi::constructor]
    pub fn file(path: String) -> Arc<Self> {
        Arc::new(Self(Credential::file(path)))
    }

    #[uniffi::constructor]
    pub fn source(source: Arc<dyn SecretSource>) -> Arc<Self> {
        Arc::new(Self(Credential::callable(move || {
            let source = Arc::clone(&source);
            async move {
                let secret = source.secret().await.map_err(|failed| {
                    let text = "the function that gives the credential failed";
                    let error = Error::new(ErrorKind::Unauthorized, "credential_missing", text);
                    error.with_field("credential").with_cause(failed)
                })?;
                Ok(secret.0.clone())
            }
        })))
    }

    /// The secret as it is now: for clients of other services.
    pub async fn secret(&self) -> Result<Arc<SecretHandle>, Failure> {
        let credential = self.0.clone();
        crate::runtime::run(async move { Ok(Arc::new(SecretHandle(credential.secret().await?))) }).await
    }

    /// Another one than this, which was refused; none where asking again gives no other.
    pub async fn other_than(&self, refused: Arc<SecretHandle>) -> Result<Option<Arc<SecretHandle>>, Failure> {
        let credential = self.0.clone();
        crate::runtime::run(async move {
            let other = credential.other_than(&refused.0).await?;
            Ok(other.map(|secret| Arc::new(SecretHandle(secret))))
        })
        .await
    }
}
