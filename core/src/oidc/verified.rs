//! Tokens that were checked, so that the next time costs one digest: bounded, known again by the whole of what was checked,
//! and never believed longer than the token, its key and its validator are.

use std::sync::Arc;

use ahash::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::jwk::Key;
use crate::{Access, Api, Digest, Timestamp};

/// Tokens, at the most.
const MOST: usize = 10_000;
/// Bytes, about, at the most.
const MOST_BYTES: u64 = 32 << 20;

/// A token that was checked.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) access: Access,
    /// By this key.
    pub(crate) key: Arc<Key>,
    /// Against the validators of this number.
    pub(crate) generation: u64,
    /// Good from here on, …
    pub(crate) from: Timestamp,
    /// … and until before this.
    pub(crate) until: Timestamp,
    /// What it takes in memory, about.
    pub(crate) size: usize,
}

impl Verified {
    fn holds(&self, generation: u64, now: Timestamp) -> bool {
        self.generation == generation && self.from <= now && now < self.until && !self.key.is_retired()
    }
}

#[derive(Debug, Clone)]
struct Size;

impl Weighter<Known, Arc<Verified>> for Size {
    fn weight(&self, _: &Known, verified: &Arc<Verified>) -> u64 {
        verified.size as u64 + 512
    }
}

/// What a token is known by: its digest, and the API that it was checked for.
type Known = (Api, [u8; 32]);

/// The tokens that were checked.
pub(crate) struct VerifiedTokens(Cache<Known, Arc<Verified>, Size, RandomState>);

impl VerifiedTokens {
    pub(crate) fn new() -> Self {
        Self(Cache::with(MOST, MOST_BYTES, Size, RandomState::new(), DefaultLifecycle::default()))
    }

    /// What was found, if it still holds.
    pub(crate) fn get(
        &self,
        api: Api,
        digest: &Digest,
        generation: u64,
        now: Timestamp,
    ) -> Option<Arc<Verified>> {
        self.0.get(&(api, *digest.as_bytes())).filter(|verified| verified.holds(generation, now))
    }

    pub(crate) fn put(&self, api: Api, digest: &Digest, verified: Verified) {
        self.0.insert((api, *digest.as_bytes()), Arc::new(verified));
    }

    /// Forgets all: none of them holds any more.
    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}

impl std::fmt::Debug for VerifiedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedTokens").field("len", &self.0.len()).finish_non_exhaustive()
    }
}
