//! How keys are fetched.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{Error, Result};

const COOLDOWN: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(1);
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_mins(1);
const LONGEST_REFRESH: Duration = Duration::from_hours(24);
const LONGEST_STALE: Duration = Duration::from_hours(7 * 24);
const SIZE: RangeInclusive<usize> = 1 << 10..=16 << 20;
const UNKNOWN_KIDS: RangeInclusive<usize> = 1..=65_536;

/// How the keys of providers are fetched, and for how long they serve.
///
/// A provider is asked by one request at a time, and no sooner than [`cooldown`](Self::cooldown) after the request before
/// began, whatever came of it and however many tokens ask for keys that nobody has.
#[derive(Clone)]
#[non_exhaustive]
#[must_use]
pub struct KeyOptions {
    /// Keys are fetched again when they are this old, or sooner where the provider's `Cache-Control: max-age` says so
    /// (`no-store`, `no-cache` and an age of 0 mean nothing here). From the cooldown up to 24 h; 5 min when not said.
    pub refresh_after: Duration,
    /// Fetching begins this long before, so that no check has to wait for it. Half of `refresh_after` at the most; 30 s when
    /// not said.
    pub refresh_ahead: Duration,
    /// The least time between two attempts, from the beginning of one to the beginning of the next. After a failure it is the
    /// least pause, which grows up to `refresh_after` while no token asks for keys. 100 ms to 1 h; 10 s when not said.
    pub cooldown: Duration,
    /// How long keys serve after the beginning of the attempt that fetched them, where no other one succeeds. After it tokens
    /// are denied as `keys_unavailable`. From `refresh_after` up to 7 days; 1 h when not said.
    pub stale_if_error: Duration,
    /// How long one attempt may take in all, discovery included. 100 ms to 1 min; 5 s when not said.
    pub timeout: Duration,
    /// The size of a document, in bytes. 1 KiB to 16 MiB; 512 KiB when not said.
    pub max_size: usize,
    /// Of so many keys at a time it is remembered for `refresh_after` that a provider does not have them, so that tokens that
    /// name them are denied, and are no reason to ask. 1 to 65,536; 1,024 when not said.
    pub unknown_kids: usize,
    pub(super) authorities: Vec<Vec<u8>>,
}

impl Default for KeyOptions {
    fn default() -> Self {
        Self {
            refresh_after: Duration::from_mins(5),
            refresh_ahead: Duration::from_secs(30),
            cooldown: Duration::from_secs(10),
            stale_if_error: Duration::from_hours(1),
            timeout: Duration::from_secs(5),
            max_size: 512 << 10,
            unknown_kids: 1024,
            authorities: Vec::new(),
        }
    }
}

impl KeyOptions {
    /// Fetches keys again when they are this old.
    pub const fn refresh_after(mut self, age: Duration) -> Self {
        self.refresh_after = age;
        self
    }

    /// Begins this long before.
    pub const fn refresh_ahead(mut self, lead: Duration) -> Self {
        self.refresh_ahead = lead;
        self
    }

    /// Lets this much time pass between two attempts.
    pub const fn cooldown(mut self, pause: Duration) -> Self {
        self.cooldown = pause;
        self
    }

    /// Lets keys serve for this long where they cannot be fetched again.
    pub const fn stale_if_error(mut self, limit: Duration) -> Self {
        self.stale_if_error = limit;
        self
    }

    /// Gives up on an attempt after this long.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Reads no document that is larger, in bytes.
    pub const fn max_size(mut self, bytes: usize) -> Self {
        self.max_size = bytes;
        self
    }

    /// Remembers of so many keys that a provider does not have them.
    pub const fn unknown_kids(mut self, kids: usize) -> Self {
        self.unknown_kids = kids;
        self
    }

    /// Trusts these certificates (PEM) as well as the machine's.
    pub fn certificate_authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// Refuses what is out of bounds; the error names the field.
    ///
    /// # Errors
    /// Invalid input.
    pub fn check(&self) -> Result<()> {
        let within = |fits: bool, field, code, text: &'static str| {
            if fits { Ok(()) } else { Err(Error::invalid(field, code, text)) }
        };
        within(
            COOLDOWN.contains(&self.cooldown),
            "cooldown",
            "cooldown_out_of_range",
            "expected something between 100 ms and 1 h",
        )?;
        within(
            (self.cooldown..=LONGEST_REFRESH).contains(&self.refresh_after),
            "refreshAfter",
            "refresh_after_out_of_range",
            "expected something between the cooldown and 24 h",
        )?;
        within(
            self.refresh_ahead <= self.refresh_after / 2,
            "refreshAhead",
            "refresh_ahead_out_of_range",
            "expected at most half of the age at which keys are fetched again",
        )?;
        within(
            (self.refresh_after..=LONGEST_STALE).contains(&self.stale_if_error),
            "staleIfError",
            "stale_if_error_out_of_range",
            "expected something between the age at which keys are fetched again and 7 days",
        )?;
        within(
            TIMEOUT.contains(&self.timeout),
            "timeout",
            "timeout_out_of_range",
            "expected something between 100 ms and 1 min",
        )?;
        within(
            SIZE.contains(&self.max_size),
            "maxSize",
            "max_size_out_of_range",
            "expected 1 KiB to 16 MiB, in bytes",
        )?;
        within(
            UNKNOWN_KIDS.contains(&self.unknown_kids),
            "unknownKids",
            "unknown_kids_out_of_range",
            "expected 1 to 65,536",
        )
    }
}

impl fmt::Debug for KeyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyOptions")
            .field("refresh_after", &self.refresh_after)
            .field("refresh_ahead", &self.refresh_ahead)
            .field("cooldown", &self.cooldown)
            .field("stale_if_error", &self.stale_if_error)
            .field("timeout", &self.timeout)
            .field("max_size", &self.max_size)
            .field("unknown_kids", &self.unknown_kids)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_bounds_is_refused_by_its_name() {
        let usual = KeyOptions::default;
        usual().check().unwrap();
        let (millis, hours) = (Duration::from_millis, Duration::from_hours);
        for options in [
            usual().cooldown(millis(100)).refresh_after(millis(100)).refresh_ahead(millis(50)),
            usual().refresh_after(hours(24)).stale_if_error(hours(7 * 24)),
            usual().timeout(Duration::from_mins(1)).max_size(16 << 20).unknown_kids(65_536),
        ] {
            options.check().unwrap();
        }
        for (options, field) in [
            (usual().cooldown(millis(99)), "cooldown"),
            (usual().cooldown(hours(2)), "cooldown"),
            (usual().refresh_after(Duration::from_secs(9)), "refreshAfter"),
            (usual().refresh_after(Duration::MAX), "refreshAfter"),
            (usual().refresh_ahead(Duration::from_secs(151)), "refreshAhead"),
            (usual().stale_if_error(Duration::from_secs(299)), "staleIfError"),
            (usual().stale_if_error(Duration::MAX), "staleIfError"),
            (usual().timeout(Duration::ZERO), "timeout"),
            (usual().timeout(Duration::MAX), "timeout"),
            (usual().max_size(1023), "maxSize"),
            (usual().max_size(usize::MAX), "maxSize"),
            (usual().unknown_kids(0), "unknownKids"),
            (usual().unknown_kids(usize::MAX), "unknownKids"),
        ] {
            let error = options.check().unwrap_err();
            assert_eq!((error.kind(), error.field()), (crate::ErrorKind::InvalidInput, Some(field)));
        }
    }
}
