//! Validators whose keys are fetched, and what can be said of how.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::check::{Fetching, TokenValidators};
use super::options::KeyOptions;
use super::source::Fetcher;
use super::subjects::{SubjectResolver, Subjects};
use super::validator::ExternalTokenValidator;
use crate::{Clock, Error, ErrorKind, Result, SystemClock};

/// How validators get their providers' keys, and find out whom a token acts as.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct ValidatorOptions {
    /// How keys are fetched.
    pub keys: KeyOptions,
    /// Who searches for the entry that a token acts as, where a validator's mapping is a search: a
    /// [`RestClient`](crate::RestClient), or what the caller has. Without it such a token is denied as `keys_unavailable`.
    pub subjects: Option<Arc<dyn SubjectResolver>>,
    /// The clock that what was fetched ages by.
    pub clock: Arc<dyn Clock>,
}

impl Default for ValidatorOptions {
    fn default() -> Self {
        Self { keys: KeyOptions::default(), subjects: None, clock: Arc::new(SystemClock) }
    }
}

impl ValidatorOptions {
    /// Fetches keys so.
    pub fn keys(mut self, options: KeyOptions) -> Self {
        self.keys = options;
        self
    }

    /// Searches for entries so.
    pub fn subjects(mut self, resolver: Arc<dyn SubjectResolver>) -> Self {
        self.subjects = Some(resolver);
        self
    }

    /// Lets what was fetched age by this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl TokenValidators {
    /// These validators, whose keys are fetched in the background, at once and from then on, by tasks of the Tokio runtime that
    /// this is called on. The tasks end with the last clone. A check until the first keys have come is denied as
    /// `keys_unavailable`; [`Guard::check_async`](crate::Guard::check_async) waits for them.
    ///
    /// # Errors
    /// Those of [`ExternalTokenValidator::check`] and [`KeyOptions::check`]; `certificate_malformed`; internal, `no_runtime`.
    pub fn start(
        validators: impl IntoIterator<Item = ExternalTokenValidator>,
        options: ValidatorOptions,
    ) -> Result<Self> {
        let validators: Vec<_> = validators.into_iter().collect();
        validators.iter().try_for_each(ExternalTokenValidator::check)?;
        let no_runtime = |_| {
            Error::new(
                ErrorKind::Internal,
                "no_runtime",
                "keys are fetched on a Tokio runtime, and there is none",
            )
        };
        let runtime = Handle::try_current().map_err(no_runtime)?;
        let ValidatorOptions { keys, subjects, clock } = options;
        let (news, patience) = (Arc::new(watch::Sender::new(0)), keys.timeout);
        let subjects = subjects
            .map(|resolver| Subjects::new(resolver, Arc::clone(&clock), runtime.clone(), Arc::clone(&news)));
        let fetcher = Fetcher::new(keys, clock, runtime, Arc::clone(&news))?;
        let started = Self::fetched(Box::new(fetcher), Fetching { subjects, news, patience });
        started.set(validators);
        Ok(started)
    }
}
