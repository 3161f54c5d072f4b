//! What the threads of a process have in common: one store and one index for each place, however many workers ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use gatepass::Result;

/// Things by their keys, for as long as somebody holds them.
pub(crate) struct Shared<T>(Mutex<Option<HashMap<String, Slot<T>>>>);

/// One makes it, the others wait.
type Slot<T> = Arc<tokio::sync::Mutex<Weak<T>>>;

impl<T> Shared<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The thing of this key, which is made where nobody has it.
    pub(crate) async fn get(&self, key: &str, make: impl Future<Output = Result<T>>) -> Result<Arc<T>> {
        let slot = self.slot(key);
        let mut held = slot.lock().await;
        if let Some(found) = held.upgrade() {
            return Ok(found);
        }
        let new = Arc::new(make.await?);
        *held = Arc::downgrade(&new);
        Ok(new)
    }

    fn slot(&self, key: &str) -> Slot<T> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = slots.get_or_insert_default();
        // Keys that nobody holds any more are forgotten when another one comes.
        slots.retain(|_, slot| {
            Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|held| held.strong_count() > 0)
        });
        Arc::clone(slots.entry(key.to_owned()).or_default())
    }
}
