//! A validator, tried out: can its keys be fetched, and what would it say of a token?

use std::time::Duration;

use super::Validator;
use crate::secret::strip_scheme;
use crate::wire::{KeyReport, TestVerdict, ValidatorTest};
use crate::{Access, Clock, Digest, ExternalTokenValidator, Reason, Result, TokenValidators};

/// An attempt that takes as long as it may has ended after this much more.
const LEEWAY: Duration = Duration::from_secs(1);

impl TokenValidators {
    /// Tries a validator out as if it were consulted, whether or not it is one of these: whether its keys can be fetched,
    /// and, given a token, what would be said of it. Waits for keys as long as one attempt may take. Nothing of it is kept.
    ///
    /// # Errors
    /// Those of [`ExternalTokenValidator::check`].
    pub async fn try_out(
        &self,
        settings: &ExternalTokenValidator,
        token: Option<&str>,
        clock: &dyn Clock,
    ) -> Result<ValidatorTest> {
        let validator = Validator::new(settings.clone(), self.0.sources.as_ref())?;
        let look = || {
            let verdict = token.map(|token| self.verdict(&validator, token, clock));
            (validator.keys.health(), verdict)
        };
        let mut seen = look();
        if let Some((mut news, patience)) = self.news() {
            let settled = async {
                loop {
                    news.borrow_and_update(); // first, so that nothing that comes from here on is missed
                    seen = look();
                    let (health, verdict) = &seen;
                    let waits_for_keys = matches!(verdict, Some(Err(Reason::KeysUnavailable)));
                    let done = health.trouble.is_some() || health.fetched_on.is_some() && !waits_for_keys;
                    if done || news.changed().await.is_err() {
                        return;
                    }
                }
            };
            tokio::time::timeout(patience.saturating_add(LEEWAY), settled).await.ok(); // then it is as it was last
        }
        let (health, verdict) = seen;
        let verdict = verdict.map(|verdict| match verdict {
            Ok(access) => TestVerdict::granted(&access),
            Err(reason) => TestVerdict { reason: Some(reason), ..TestVerdict::default() },
        });
        Ok(ValidatorTest { keys: KeyReport::from(health), verdict })
    }

    fn verdict(&self, validator: &Validator, token: &str, clock: &dyn Clock) -> Result<Access, Reason> {
        let token = strip_scheme(token.trim().as_bytes());
        let verified = self.0.judge(std::iter::once(validator), token, Digest::of(token), clock.now())?;
        Ok(verified.access)
    }
}
