//! Keys that are given, and none at all.

use std::collections::HashMap;
use std::sync::Arc;

use super::algorithm::Algorithm;
use super::jwk::KeySet;
use super::keys::{KeyHealth, KeyLocation, KeySource, KeySources, Lookup};
use crate::Result;

/// Sets of keys, by the URL that stands for them.
#[derive(Debug)]
pub(crate) struct FixedKeys(HashMap<String, Arc<KeySet>>);

impl FixedKeys {
    pub(crate) fn read<U: Into<String>, K: AsRef<[u8]>>(
        keys: impl IntoIterator<Item = (U, K)>,
    ) -> Result<Self> {
        let sets = keys.into_iter().map(|(url, text)| {
            let url: String = url.into();
            // As a validator's own is written.
            let url = url::Url::parse(&url).map_or(url, String::from);
            Ok((url, Arc::new(KeySet::read(text.as_ref(), None)?)))
        });
        Ok(Self(sets.collect::<Result<_>>()?))
    }
}

impl KeySources for FixedKeys {
    fn open(&self, location: &KeyLocation) -> Arc<dyn KeySource> {
        let url = location.to_string();
        let keys = self.0.get(&url).cloned();
        Arc::new(Fixed { url, keys })
    }
}

#[derive(Debug)]
struct Fixed {
    url: String,
    keys: Option<Arc<KeySet>>,
}

impl KeySource for Fixed {
    fn look(&self, kid: Option<&str>, algorithm: Algorithm) -> Lookup {
        let Some(keys) = &self.keys else { return Lookup::Unavailable };
        let candidates = keys.candidates(kid, algorithm);
        if candidates.is_empty() { Lookup::Unknown } else { Lookup::Keys(candidates, None) }
    }

    fn health(&self) -> KeyHealth {
        let keys = self.keys.as_deref();
        KeyHealth {
            url: self.url.clone(),
            keys: keys.map_or(0, KeySet::len),
            unusable: keys.map_or(0, KeySet::unusable),
            unavailable: keys.is_none(),
            ..KeyHealth::default()
        }
    }
}

/// Where nothing can be fetched.
#[derive(Debug)]
pub(crate) struct NoKeys;

impl KeySources for NoKeys {
    fn open(&self, location: &KeyLocation) -> Arc<dyn KeySource> {
        Arc::new(Fixed { url: location.to_string(), keys: None })
    }
}
