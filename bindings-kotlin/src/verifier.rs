//! An index of tokens, how it is doing, and the guards on it.

use std::sync::Arc;

use gatepass::{StateWatch, Verifier};
use tokio::sync::Mutex;

use crate::runtime::run;
use crate::{Failure, GuardHandle, StateData};

#[derive(Debug, uniffi::Object)]
pub struct VerifierHandle(Verifier);

impl VerifierHandle {
    pub(crate) const fn new(verifier: Verifier) -> Self {
        Self(verifier)
    }
}

#[uniffi::export]
impl VerifierHandle {
    pub fn guard(&self, api: String, scopes: Vec<String>) -> Result<Arc<GuardHandle>, Failure> {
        Ok(Arc::new(GuardHandle(self.0.guard(api.parse()?, scopes)?)))
    }

    pub fn state(&self) -> StateData {
        self.0.state().into()
    }

    pub fn watch(&self) -> Arc<WatchHandle> {
        Arc::new(WatchHandle(Arc::new(Mutex::new(self.0.watch()))))
    }

    pub async fn wait_for(&self, revision: i64) -> Result<(), Failure> {
        let verifier = self.0.clone();
        run(async move { verifier.wait_for(revision).await }).await
    }

    pub async fn close_all(&self) -> Result<(), Failure> {
        let verifier = self.0.clone();
        run(async move {
            verifier.close().await;
            Ok(())
        })
        .await
    }
}

/// One who watches.
#[derive(Debug, uniffi::Object)]
pub struct WatchHandle(Arc<Mutex<StateWatch>>);

#[uniffi::export]
impl WatchHandle {
    /// The next state that differs from the one before; none when there will be no other.
    pub async fn changed(&self) -> Result<Option<StateData>, Failure> {
        let watch = Arc::clone(&self.0);
        run(async move { Ok(watch.lock().await.changed().await.map(Into::into)) }).await
    }
}
