//! When a token dies: after a number of days, through a calendar day in a zone, or at an instant.

use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Timestamp};

const DAY: u64 = 86_400;
const REACH: i64 = 26 * 3600;

/// A way to say when a token expires; [`resolve`](Expiration::resolve) turns it into the instant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expiration {
    /// So many days of 86 400 s after the creation, in UTC: no daylight saving comes into it.
    Days(u32),
    /// Valid through a day in a zone: see [`on`] and [`in_zone`](Expiration::in_zone).
    On {
        /// The last day on which the token is good.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        date: NaiveDate,
        /// An IANA time zone, `Europe/Paris`.
        zone: String,
    },
    /// This instant.
    At(Timestamp),
    /// Never; only where the [`TokenPolicy`](crate::TokenPolicy) allows it.
    Never,
}

/// Expires `count` × 86 400 s after its creation.
pub const fn days(count: u32) -> Expiration {
    Expiration::Days(count)
}

/// Valid *through* this day in UTC: it expires at the first instant after which no time of that day occurs.
pub fn on(date: NaiveDate) -> Expiration {
    Expiration::On { date, zone: "UTC".to_owned() }
}

/// Expires at this instant.
pub const fn at(instant: Timestamp) -> Expiration {
    Expiration::At(instant)
}

impl Expiration {
    /// The same day, counted in another zone, `Europe/Paris`; of no effect unless made by [`on`].
    #[must_use]
    pub fn in_zone(self, zone: impl Into<String>) -> Self {
        match self {
            Self::On { date, .. } => Self::On { date, zone: zone.into() },
            other => other,
        }
    }

    /// The instant, for a token created at `created`; none for [`Expiration::Never`].
    ///
    /// # Errors
    /// On the field `expires`: `expiration_zero_days`, `expiration_in_past` (not after `created`),
    /// `expiration_out_of_range` (past year 9999). On the field `zone`: `unknown_zone`.
    pub fn resolve(&self, created: Timestamp) -> Result<Option<Timestamp>> {
        let instant = match self {
            Self::Days(0) => return Err(fault("expiration_zero_days", "a token lives for at least one day")),
            Self::Days(count) => created.checked_add(Duration::from_secs(u64::from(*count) * DAY)),
            Self::On { date, zone } => end_of_day(*date, &time_zone(zone)?),
            Self::At(instant) => Some(*instant),
            Self::Never => return Ok(None),
        };
        let instant = instant.ok_or_else(|| {
            fault("expiration_out_of_range", "the latest instant is 9999-12-31T23:59:59.999Z")
        })?;
        if instant <= created {
            return Err(fault("expiration_in_past", format!("{instant} is not in the future")));
        }
        Ok(Some(instant))
    }
}

fn fault(code: &'static str, text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid("expires", code, text)
}

/// The database that is compiled in, never the machine's: the same answer on every machine. Its two names for "no
/// zone was set" are no zone to count days in.
fn time_zone(name: &str) -> Result<TimeZone> {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(name).ok();
    zone.filter(|zone| !zone.is_unknown() && !name.eq_ignore_ascii_case("Factory")).ok_or_else(|| {
        Error::invalid("zone", "unknown_zone", "expected an IANA time zone, such as Europe/Paris")
    })
}

/// The first instant after which the zone's local time is never again within or before `date`.
///
/// Local time is UTC plus an offset that jumps at the zone's transitions, so it may pass a midnight twice (a
/// fold), jump over it (a gap) or over a whole day. Between two transitions it runs on evenly, so the last
/// moment of `date` lies at the zone's midnight or at a transition: each stretch is looked at in turn.
fn end_of_day(date: NaiveDate, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = date.and_time(NaiveTime::MIN).and_utc().timestamp() + DAY.cast_signed();
    // No zone was ever more than 16 hours off UTC: outside of this window the local date is beyond doubt.
    let (opens, closes) = (midnight - REACH, midnight + REACH);
    let (mut since, mut end) = (opens, opens);
    // Forwards: jiff 1.0 walking back misses the transitions of a year in which its list gives way to a rule.
    let transitions = zone.following(clamped(opens)).map(|transition| transition.timestamp().as_second());
    for until in transitions.take_while(|second| *second < closes).chain([closes]) {
        let passes_midnight = midnight - i64::from(zone.to_offset(clamped(since)).seconds());
        if passes_midnight > since {
            end = passes_midnight.min(until);
        }
        since = until;
    }
    // A day before the first that an instant can be in is as past as that one.
    Timestamp::from_millis(end * 1000).or((end < 0).then_some(Timestamp::MIN))
}

/// jiff's instants end a day before year 9999 does, so that every offset fits; no zone changes after that.
fn clamped(second: i64) -> jiff::Timestamp {
    let (min, max) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
    jiff::Timestamp::from_second(second).unwrap_or(if second < 0 { min } else { max })
}
