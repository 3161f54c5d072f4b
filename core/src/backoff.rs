//! How long to rest after something was in vain.

use std::time::Duration;

/// Anything between nothing and twice as long as the time before, up to a limit, in milliseconds: so that many who failed
/// together do not come back together. Without a random number it is as long as it may be.
pub(crate) fn backoff((first, longest): (u64, u64), failures: u32, random: Option<u64>) -> Duration {
    let longest = first.saturating_mul(1 << failures.min(10)).min(longest);
    Duration::from_millis(random.map_or(longest, |random| random % (longest + 1)))
}
