//! Instants of a millisecond, and the clock they are read from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

/// An instant in UTC, in whole milliseconds, from year 1 to the last millisecond of year 9999. It is written
/// as RadiantOne's clients write it: `2027-03-01T00:00:00.000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// `0001-01-01T00:00:00.000Z`.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// `9999-12-31T23:59:59.999Z`: the last instant that RFC 3339 can write.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The instant so many milliseconds after 1970-01-01T00:00:00Z; none outside of the years 1 to 9999.
    pub const fn from_millis(millis: i64) -> Option<Self> {
        if millis < Self::MIN.0 || millis > Self::MAX.0 { None } else { Some(Self(millis)) }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This much later, or none past year 9999. What is finer than a millisecond is dropped.
    pub fn checked_add(self, span: Duration) -> Option<Self> {
        let millis = i64::try_from(span.as_millis()).ok()?;
        self.0.checked_add(millis).and_then(Self::from_millis)
    }

    /// This much later, or [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        self.checked_add(span).unwrap_or(Self::MAX)
    }

    /// This much earlier, or [`Timestamp::MIN`]. What is finer than a millisecond is dropped.
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(millis)).unwrap_or(Self::MIN)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = Error;

    /// What is finer than a millisecond is dropped, so nothing outlives the instant that was asked for.
    fn try_from(instant: DateTime<Utc>) -> Result<Self> {
        Self::from_millis(instant.timestamp_millis())
            .ok_or_else(|| Error::invalid("instant", "instant_out_of_range", "outside the years 1 to 9999"))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(instant: Timestamp) -> Self {
        Self::from_timestamp_millis(instant.0).unwrap_or_default() // in chrono's range by construction
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&DateTime::<Utc>::from(*self).to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339 with any offset.
    fn from_str(text: &str) -> Result<Self> {
        DateTime::parse_from_rfc3339(text)
            .map_err(|_| {
                Error::invalid("instant", "instant_malformed", "expected RFC 3339: 2027-03-01T00:00:00Z")
            })
            .and_then(|instant| instant.to_utc().try_into())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Where the time comes from. Everything here takes its clock, so a test can say what time it is.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day. It may jump in both directions when an operator or NTP sets it.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment before. It never jumps, and it counts the time a machine was suspended.
    fn boot_time(&self) -> Duration;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn boot_time(&self) -> Duration {
        (**self).boot_time()
    }
}

/// The machine's own clocks. On Linux and Android the time of day is read as of the kernel's last tick, 1 to 10 ms
/// ago and never ahead: the exact one makes the processor wait for all that it had begun, which costs a check more
/// than its look-up does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn now(&self) -> Timestamp {
        timestamp(since(rustix::time::ClockId::RealtimeCoarse))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all else is handed")]
    fn now(&self) -> Timestamp {
        timestamp(std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).ok())
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn boot_time(&self) -> Duration {
        since(rustix::time::ClockId::Boottime).unwrap_or_default()
    }

    /// Elsewhere the monotonic clock stands in. Where it stops during a suspend, the wall clock, which is
    /// compared as well, does not.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all else is handed")]
    fn boot_time(&self) -> Duration {
        static START: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        START.elapsed()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn since(clock: rustix::time::ClockId) -> Option<Duration> {
    let spec = rustix::time::clock_gettime(clock);
    Some(Duration::new(spec.tv_sec.try_into().ok()?, spec.tv_nsec.try_into().ok()?))
}

/// A clock before 1970 was never set: it then counts as being after all instants, for to deny is the safe side.
fn timestamp(since_1970: Option<Duration>) -> Timestamp {
    let millis = since_1970.and_then(|since| i64::try_from(since.as_millis()).ok());
    millis.and_then(Timestamp::from_millis).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_it_is_read() {
        for text in ["0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let offset: Timestamp = "2027-03-01T01:00:00.0019+01:00".parse().unwrap();
        assert_eq!(offset.to_string(), "2027-03-01T00:00:00.001Z");
        for text in ["0000-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999-01:00", "2027-03-01", "", "now"] {
            assert_eq!(text.parse::<Timestamp>().unwrap_err().field(), Some("instant"));
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "this is what the clock is compared with")]
    fn the_system_clock_is_never_ahead_and_hardly_behind() {
        let exact = || Timestamp::try_from(chrono::Utc::now()).unwrap();
        let (shown, later) = (SystemClock.now(), exact());
        assert!(shown <= later && later.since(shown) < Duration::from_secs(1), "{shown} at {later}");
        let before = SystemClock.boot_time();
        std::thread::sleep(Duration::from_millis(5));
        assert!(SystemClock.boot_time() >= before + Duration::from_millis(5));
    }

    #[test]
    fn a_clock_that_was_never_set_is_past_all_instants() {
        assert_eq!(timestamp(None), Timestamp::MAX);
    }
}
