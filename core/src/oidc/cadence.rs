//! When keys are fetched. Time is passed in, since boot, and nothing here waits or asks anybody.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::options::KeyOptions;
use crate::backoff::backoff;

/// Decides when a provider is asked, and knows which of its keys were asked for in vain.
///
/// Attempts have numbers, from 1. What was asked for before an attempt began is answered by what it brings; what is asked for
/// while it is under way is not, for the provider may have answered before.
#[derive(Debug)]
pub(super) struct Cadence {
    options: Arc<KeyOptions>,
    attempts: u64,
    /// When the last one began.
    began: Duration,
    under_way: bool,
    /// Somebody asks for what only another attempt can tell.
    wanted: bool,
    /// When the next one begins though nobody asks for it.
    next: Duration,
    failures: u32,
    missing: Missing,
}

/// What is said of a key that is not at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Miss {
    /// It was looked for after it was asked for.
    Unknown,
    /// It is being looked for.
    Wait,
    /// It will be looked for as soon as that may be, which is news.
    Wanted,
}

impl Cadence {
    /// The first attempt may begin at once.
    pub(super) fn new(options: Arc<KeyOptions>) -> Self {
        let missing = Missing::new(options.unknown_kids, options.refresh_after);
        Self {
            options,
            attempts: 0,
            began: Duration::ZERO,
            under_way: false,
            wanted: false,
            next: Duration::ZERO,
            failures: 0,
            missing,
        }
    }

    /// Begins an attempt, and gives its number.
    ///
    /// # Errors
    /// How long to wait, where it is too early.
    pub(super) fn begin(&mut self, now: Duration) -> Result<u64, Duration> {
        let cooled = if self.attempts == 0 { Duration::ZERO } else { self.began + self.options.cooldown };
        let due = match (self.under_way, self.wanted) {
            (true, _) => Duration::MAX,
            (false, true) => cooled,
            (false, false) => self.next.max(cooled),
        };
        if now < due {
            return Err(due.saturating_sub(now));
        }
        self.attempts += 1;
        (self.began, self.under_way, self.wanted) = (now, true, false);
        Ok(self.attempts)
    }

    /// The attempt has brought keys, which its provider lets be kept for so long, if it says so. They serve until the time
    /// that is given back.
    pub(super) fn succeeded(&mut self, max_age: Option<Duration>) -> Duration {
        let age = max_age.unwrap_or(Duration::MAX).min(self.options.refresh_after);
        self.next = self.began + age.saturating_sub(self.options.refresh_ahead.min(age / 2));
        (self.under_way, self.failures) = (false, 0);
        self.began + self.options.stale_if_error
    }

    /// The attempt was in vain. The next one is later and later, at a time that others who failed do not share; tokens that
    /// ask for keys have it sooner, after the cooldown.
    pub(super) fn failed(&mut self, random: Option<u64>) {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let (cooldown, longest) = (self.options.cooldown, self.options.refresh_after);
        let more =
            backoff((millis(cooldown), millis(longest.saturating_sub(cooldown))), self.failures, random);
        self.next = self.began + cooldown + more;
        self.under_way = false;
        self.failures = self.failures.saturating_add(1);
    }

    /// A key is asked for, of which this is a hash, and the keys at hand, brought by this attempt, do not have it; none where
    /// no keys are at hand.
    pub(super) fn miss(&mut self, key: u64, brought_by: Option<u64>, now: Duration) -> Miss {
        // Without keys the attempt that is under way may well bring it.
        let mut coming = self.under_way;
        if let Some(brought_by) = brought_by {
            let since = self.missing.since(key, self.attempts, now);
            if since.is_some_and(|since| since < brought_by) {
                return Miss::Unknown;
            }
            coming &= since.is_some_and(|since| since < self.attempts);
        }
        if coming || self.wanted {
            return Miss::Wait;
        }
        self.wanted = true;
        Miss::Wanted
    }

    /// How many attempts were begun.
    pub(super) fn attempts(&self) -> u64 {
        self.attempts
    }

    /// How many have failed in turn.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// Keys that were asked for in vain, for a while. No more than so many: who makes up names fills it, and can do no more.
#[derive(Debug)]
struct Missing {
    room: usize,
    kept_for: Duration,
    /// How many attempts had begun when a key was first asked for.
    since: HashMap<u64, u64, ahash::RandomState>,
    /// Until when each is kept, in the order in which they came.
    ends: VecDeque<(Duration, u64)>,
}

impl Missing {
    fn new(room: usize, kept_for: Duration) -> Self {
        Self { room, kept_for, since: HashMap::default(), ends: VecDeque::new() }
    }

    /// How many attempts had begun when it was first asked for, now being one of those times; none where there is no room.
    fn since(&mut self, key: u64, attempts: u64, now: Duration) -> Option<u64> {
        while let Some((_, ended)) = self.ends.pop_front_if(|(end, _)| *end <= now) {
            self.since.remove(&ended);
        }
        if let Some(since) = self.since.get(&key) {
            return Some(*since);
        }
        if self.since.len() >= self.room {
            return None;
        }
        self.since.insert(key, attempts);
        self.ends.push_back((now + self.kept_for, key));
        Some(attempts)
    }
}

#[cfg(test)]
mod tests;
