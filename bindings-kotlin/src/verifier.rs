//! An index of tokens, how it is doing, and the guards on it.

use std::sync::Arc;

use gatepass::{StateWatch, Verifier};
use tokio::sync::Mutex;

use crate::data::TroubleData;
use crate::runtime::run;
use crate::{Failure, GuardHandle, KeyHealthData, StateData};

#[derive(Debug, uniffi::Object)]
pub struct VerifierHandle {
    verifier: Verifier,
}

impl VerifierHandle {
    pub(crate) const fn new(verifier: Verifier) -> Self {
        Self { verifier }
    }
}

#[uniffi::export]
impl VerifierHandle {
    pub fn guard(&self, api: String, scopes: Vec<String>) -> Result<Arc<GuardHandle>, Failure> {
        Ok(Arc::new(GuardHandle(self.verifier.guard(api.parse()?, scopes)?)))
    }

    pub fn state(&self) -> StateData {
        self.verifier.state().into()
    }

    pub fn watch(&self) -> Arc<WatchHandle> {
        Arc::new(WatchHandle(Arc::new(Mutex::new(self.verifier.watch()))))
    }

    /// How the keys of its external token validators are doing.
    pub fn key_health(&self) -> Vec<KeyHealthData> {
        self.verifier.validators().health().into_iter().map(KeyHealthData::new).collect()
    }

    /// Those of its validators that are not consulted, and why.
    pub fn validator_faults(&self) -> Vec<ValidatorFaultData> {
        let fault = |(validator, error): (String, gatepass::Error)| ValidatorFaultData {
            validator,
            trouble: error.into(),
        };
        self.verifier.validators().faults().into_iter().map(fault).collect()
    }

    pub async fn wait_for(&self, revision: i64) -> Result<(), Failure> {
        let verifier = self.verifier.clone();
        run(async move { verifier.wait_for(revision).await }).await
    }

    pub async fn close_all(&self) -> Result<(), Failure> {
        let verifier = self.verifier.clone();
        run(async move {
            verifier.close().await;
            Ok(())
        })
        .await
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct ValidatorFaultData {
    pub validator: String,
    pub trouble: TroubleData,
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
