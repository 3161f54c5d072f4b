//! `expiration.json`: when tokens die, in every way in which that can be said.

mod random;
mod zones;

use serde::{Deserialize, Serialize};

use crate::expected::{Expected, invalid};

/// What a runner does.
pub const ABOUT: &str = "Each case resolves `expiration` under `policy` (where absent the default one: 366 \
    days at most, no never-expiring tokens) at the time `now`. {\"days\": n}; {\"on\": date, \"zone\": name}, \
    in UTC where there is no zone; {\"at\": instant} in RFC 3339; \"never\"; null where none was given. `ok` \
    is the instant at which the token expires, null for never.";

/// A way to say when a token expires, and when that is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// What is asked for.
    pub expiration: Option<Expiration>,
    /// The deployment's limits; absent for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The time of the request.
    pub now: String,
    /// The resolved instant.
    pub expected: Expected<Option<String>>,
}

/// How an expiration is written in the vectors.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expiration {
    /// After so many days of 86 400 s.
    #[expect(missing_docs, reason = "the object has this one field")]
    Days { days: u32 },
    /// Through this day, in this zone.
    #[expect(missing_docs, reason = "the object has these two fields")]
    On {
        on: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
    /// At this instant.
    #[expect(missing_docs, reason = "the object has this one field")]
    At { at: String },
    /// Never.
    Never(Never),
}

/// The string `"never"`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Never {
    /// Never.
    Never,
}

/// A deployment's limits.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The longest life; null for no limit.
    pub max_days: Option<u32>,
    /// Whether tokens may never expire.
    pub allow_never: bool,
}

/// No limit at all.
pub const UNLIMITED: Policy = Policy { max_days: None, allow_never: true };

/// After so many days of 86 400 s.
pub fn days(days: u32) -> Expiration {
    Expiration::Days { days }
}

/// Through this day in UTC.
pub fn on(date: &str) -> Expiration {
    Expiration::On { on: date.to_owned(), zone: None }
}

/// Through this day in this zone.
pub fn on_in(date: &str, zone: &str) -> Expiration {
    Expiration::On { on: date.to_owned(), zone: Some(zone.to_owned()) }
}

/// At this instant.
pub fn at(instant: &str) -> Expiration {
    Expiration::At { at: instant.to_owned() }
}

/// Never.
pub const NEVER: Expiration = Expiration::Never(Never::Never);

/// A case that is still to be told what to expect.
struct Unexpected {
    name: String,
    now: String,
    expiration: Option<Expiration>,
    policy: Option<Policy>,
}

/// What is asked for at this time, under the default policy.
fn asked(name: impl Into<String>, now: &str, expiration: impl Into<Option<Expiration>>) -> Unexpected {
    Unexpected { name: name.into(), now: now.to_owned(), expiration: expiration.into(), policy: None }
}

impl Unexpected {
    fn under(self, policy: Policy) -> Self {
        Self { policy: Some(policy), ..self }
    }

    fn gives(self, instant: &str) -> Case {
        self.expects(Expected::Ok(Some(instant.to_owned())))
    }

    fn gives_never(self) -> Case {
        self.expects(Expected::Ok(None))
    }

    fn fails(self, field: &str, code: &str) -> Case {
        self.expects(Expected::Error(invalid(field, code)))
    }

    fn expects(self, expected: Expected<Option<String>>) -> Case {
        let Self { name, now, expiration, policy } = self;
        Case { name, expiration, policy, now, expected }
    }
}

const IN_PAST: &str = "expiration_in_past";
const OUT_OF_RANGE: &str = "expiration_out_of_range";
const TOO_LATE: &str = "expiration_too_late";

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = of_days();
    cases.extend(of_instants());
    cases.extend(of_policies());
    cases.extend(of_dates());
    cases.extend(zones::cases());
    cases.extend(random::at_random());
    cases
}

fn of_days() -> Vec<Case> {
    let now = "2026-03-01T09:00:00.000Z";
    vec![
        asked("days-1", now, days(1)).gives("2026-03-02T09:00:00.000Z"),
        asked("days-90", now, days(90)).gives("2026-05-30T09:00:00.000Z"),
        // Through both changes of the clocks of that year in Europe and America: days are of 86 400 s.
        asked("days-365-know-no-daylight-saving", now, days(365)).gives("2027-03-01T09:00:00.000Z"),
        asked("days-keep-milliseconds", "2026-03-01T09:00:00.123Z", days(1))
            .gives("2026-03-02T09:00:00.123Z"),
        asked("days-into-a-29th-of-february", "2028-02-28T12:00:00.000Z", days(1))
            .gives("2028-02-29T12:00:00.000Z"),
        asked("days-out-of-a-29th-of-february", "2028-02-29T12:00:00.000Z", days(1))
            .gives("2028-03-01T12:00:00.000Z"),
        asked("days-365-through-a-leap-year", "2028-01-01T00:00:00.000Z", days(365))
            .gives("2028-12-31T00:00:00.000Z"),
        asked("days-366-through-a-leap-year", "2028-01-01T00:00:00.000Z", days(366))
            .gives("2029-01-01T00:00:00.000Z"),
        asked("days-through-a-century-without-leap-day", "2100-02-28T00:00:00.000Z", days(1))
            .gives("2100-03-01T00:00:00.000Z"),
        asked("days-through-a-century-with-leap-day", "2000-02-28T00:00:00.000Z", days(1))
            .gives("2000-02-29T00:00:00.000Z"),
        asked("days-over-the-end-of-a-year", "2026-12-31T23:59:59.999Z", days(1))
            .gives("2027-01-01T23:59:59.999Z"),
        // 2016-12-31 had a leap second, which no clock here knows.
        asked("days-over-a-leap-second", "2016-12-31T12:00:00.000Z", days(1))
            .gives("2017-01-01T12:00:00.000Z"),
        asked("days-0", now, days(0)).fails("expires", "expiration_zero_days"),
        asked("days-0-without-limits", now, days(0))
            .under(UNLIMITED)
            .fails("expires", "expiration_zero_days"),
        asked("days-of-32-bits", now, days(u32::MAX)).fails("expires", OUT_OF_RANGE),
        asked("days-of-32-bits-without-limits", now, days(u32::MAX))
            .under(UNLIMITED)
            .fails("expires", OUT_OF_RANGE),
        asked("days-of-31-bits", now, days(1 << 31)).under(UNLIMITED).fails("expires", OUT_OF_RANGE),
        asked("days-to-the-last-millisecond", "9999-12-30T23:59:59.999Z", days(1))
            .gives("9999-12-31T23:59:59.999Z"),
        asked("days-past-the-last-millisecond", "9999-12-31T00:00:00.000Z", days(1))
            .fails("expires", OUT_OF_RANGE),
        asked("days-into-the-last-year", "2000-01-01T00:00:00.000Z", days(2_921_939))
            .under(UNLIMITED)
            .gives("9999-12-31T00:00:00.000Z"),
        asked("days-one-too-many-for-the-last-year", "2000-01-01T00:00:00.000Z", days(2_921_940))
            .under(UNLIMITED)
            .fails("expires", OUT_OF_RANGE),
    ]
}

fn of_instants() -> Vec<Case> {
    let now = "2026-03-01T09:00:00.000Z";
    let case = |name, instant| asked(name, now, at(instant));
    vec![
        case("at-an-instant", "2026-06-01T00:00:00Z").gives("2026-06-01T00:00:00.000Z"),
        case("at-with-an-offset-to-the-east", "2026-06-01T00:00:00+02:00").gives("2026-05-31T22:00:00.000Z"),
        case("at-with-an-offset-to-the-west", "2026-05-31T17:00:00-07:00").gives("2026-06-01T00:00:00.000Z"),
        case("at-with-an-offset-of-minutes", "2026-06-01T05:45:00+05:45").gives("2026-06-01T00:00:00.000Z"),
        case("at-with-an-offset-of-zero", "2026-06-01T00:00:00+00:00").gives("2026-06-01T00:00:00.000Z"),
        case("at-with-an-unknown-offset", "2026-06-01T00:00:00-00:00").gives("2026-06-01T00:00:00.000Z"),
        case("at-with-milliseconds", "2026-06-01T00:00:00.123Z").gives("2026-06-01T00:00:00.123Z"),
        case("at-with-tenths", "2026-06-01T00:00:00.5Z").gives("2026-06-01T00:00:00.500Z"),
        case("at-with-microseconds-is-cut", "2026-06-01T00:00:00.123999Z").gives("2026-06-01T00:00:00.123Z"),
        case("at-with-nanoseconds-is-cut", "2026-06-01T00:00:00.999999999Z")
            .gives("2026-06-01T00:00:00.999Z"),
        case("at-one-millisecond-from-now", "2026-03-01T09:00:00.001Z").gives("2026-03-01T09:00:00.001Z"),
        case("at-now", "2026-03-01T09:00:00.000Z").fails("expires", IN_PAST),
        case("at-now-with-another-offset", "2026-03-01T10:00:00+01:00").fails("expires", IN_PAST),
        case("at-less-than-a-millisecond-from-now", "2026-03-01T09:00:00.000999Z").fails("expires", IN_PAST),
        case("at-a-millisecond-ago", "2026-03-01T08:59:59.999Z").fails("expires", IN_PAST),
        case("at-long-ago", "1970-01-01T00:00:00Z").fails("expires", IN_PAST),
        case("at-before-1970", "1969-12-31T23:59:59.999Z").fails("expires", IN_PAST),
        case("at-the-last-millisecond", "9999-12-31T23:59:59.999Z")
            .under(UNLIMITED)
            .gives("9999-12-31T23:59:59.999Z"),
        case("at-less-than-a-millisecond-after-the-last-is-cut", "9999-12-31T23:59:59.999999Z")
            .under(UNLIMITED)
            .gives("9999-12-31T23:59:59.999Z"),
        case("at-the-last-day-by-its-offset", "9999-12-31T23:59:59.999+14:00")
            .under(UNLIMITED)
            .gives("9999-12-31T09:59:59.999Z"),
        asked(
            "at-the-last-millisecond-at-which-nothing-is-left",
            "9999-12-31T23:59:59.999Z",
            at("9999-12-31T23:59:59.999Z"),
        )
        .fails("expires", IN_PAST),
    ]
}

fn of_policies() -> Vec<Case> {
    let now = "2026-03-01T09:00:00.000Z";
    let case = |name, expiration| asked(name, now, expiration);
    let at_most = |max_days| Policy { max_days: Some(max_days), allow_never: false };
    let never_only = Policy { max_days: Some(366), allow_never: true };
    let no_limit = Policy { max_days: None, allow_never: false };
    vec![
        case("policy-default-wants-an-expiration", None).fails("expires", "expiration_required"),
        case("policy-default-refuses-never", Some(NEVER)).fails("expires", "expiration_never"),
        case("policy-default-permits-366-days", Some(days(366))).gives("2027-03-02T09:00:00.000Z"),
        case("policy-default-refuses-367-days", Some(days(367))).fails("expires", TOO_LATE),
        case("policy-default-permits-366-days-to-the-millisecond", Some(at("2027-03-02T09:00:00.000Z")))
            .gives("2027-03-02T09:00:00.000Z"),
        case("policy-default-refuses-a-millisecond-more", Some(at("2027-03-02T09:00:00.001Z")))
            .fails("expires", TOO_LATE),
        case("policy-default-ignores-less-than-a-millisecond-more", Some(at("2027-03-02T09:00:00.000999Z")))
            .gives("2027-03-02T09:00:00.000Z"),
        case("policy-default-permits-the-day-before", Some(on("2027-03-01")))
            .gives("2027-03-02T00:00:00.000Z"),
        case("policy-default-refuses-the-day-itself", Some(on("2027-03-02"))).fails("expires", TOO_LATE),
        asked(
            "policy-default-permits-the-day-itself-where-it-ends-early",
            "2026-03-01T11:00:00.000Z",
            on_in("2027-03-02", "Pacific/Kiritimati"),
        )
        .gives("2027-03-02T10:00:00.000Z"),
        case("policy-default-counts-the-zone", Some(on_in("2027-03-01", "Etc/GMT+12")))
            .fails("expires", TOO_LATE),
        case("policy-of-one-day", Some(days(1))).under(at_most(1)).gives("2026-03-02T09:00:00.000Z"),
        case("policy-of-one-day-refuses-two", Some(days(2))).under(at_most(1)).fails("expires", TOO_LATE),
        case("policy-of-zero-days-refuses-all", Some(days(1))).under(at_most(0)).fails("expires", TOO_LATE),
        case("policy-of-ten-years", Some(days(3650))).under(at_most(3650)).gives("2036-02-27T09:00:00.000Z"),
        case("policy-of-32-bits-of-days", Some(at("9999-12-31T23:59:59.999Z")))
            .under(at_most(u32::MAX))
            .gives("9999-12-31T23:59:59.999Z"),
        case("policy-that-allows-never", Some(NEVER)).under(never_only).gives_never(),
        case("policy-that-allows-never-still-limits-days", Some(days(367)))
            .under(never_only)
            .fails("expires", TOO_LATE),
        case("policy-without-limit", Some(days(36_500))).under(no_limit).gives("2126-02-05T09:00:00.000Z"),
        case("policy-without-limit-refuses-never", Some(NEVER))
            .under(no_limit)
            .fails("expires", "expiration_never"),
        case("policy-without-limit-wants-an-expiration", None)
            .under(no_limit)
            .fails("expires", "expiration_required"),
        case("policy-unlimited-allows-never", Some(NEVER)).under(UNLIMITED).gives_never(),
    ]
}

fn of_dates() -> Vec<Case> {
    let now = "2026-03-01T09:00:00.000Z";
    let case = |name, date| asked(name, now, on(date));
    let kiritimati = "Pacific/Kiritimati";
    vec![
        case("on-today-is-good-until-midnight", "2026-03-01").gives("2026-03-02T00:00:00.000Z"),
        case("on-tomorrow", "2026-03-02").gives("2026-03-03T00:00:00.000Z"),
        case("on-the-last-day-of-a-year", "2026-12-31").gives("2027-01-01T00:00:00.000Z"),
        case("on-the-last-day-of-february", "2026-02-28").fails("expires", IN_PAST),
        case("on-yesterday", "2026-02-27").fails("expires", IN_PAST),
        case("on-long-ago", "1970-01-01").fails("expires", IN_PAST),
        asked("on-yesterday-at-midnight", "2026-03-02T00:00:00.000Z", on("2026-03-01"))
            .fails("expires", IN_PAST),
        asked("on-today-with-a-millisecond-left", "2026-03-01T23:59:59.999Z", on("2026-03-01"))
            .gives("2026-03-02T00:00:00.000Z"),
        asked("on-a-29th-of-february", "2028-01-01T00:00:00.000Z", on("2028-02-29"))
            .gives("2028-03-01T00:00:00.000Z"),
        asked("on-a-28th-of-february-of-a-leap-year", "2028-01-01T00:00:00.000Z", on("2028-02-28"))
            .gives("2028-02-29T00:00:00.000Z"),
        asked(
            "on-yesterday-in-utc-which-is-today-in-the-west",
            "2026-03-02T05:00:00.000Z",
            on_in("2026-03-01", "America/Los_Angeles"),
        )
        .gives("2026-03-02T08:00:00.000Z"),
        asked(
            "on-today-in-utc-which-is-yesterday-in-the-east",
            "2026-03-01T20:00:00.000Z",
            on_in("2026-03-01", "Asia/Tokyo"),
        )
        .fails("expires", IN_PAST),
        case("on-the-last-day-but-one-of-time", "9999-12-30")
            .under(UNLIMITED)
            .gives("9999-12-31T00:00:00.000Z"),
        case("on-the-last-day-of-time", "9999-12-31").under(UNLIMITED).fails("expires", OUT_OF_RANGE),
        asked("on-the-last-day-of-time-in-the-east", now, on_in("9999-12-31", kiritimati))
            .under(UNLIMITED)
            .gives("9999-12-31T10:00:00.000Z"),
        asked("on-the-last-day-of-time-in-the-west", now, on_in("9999-12-31", "America/New_York"))
            .under(UNLIMITED)
            .fails("expires", OUT_OF_RANGE),
        asked("on-the-last-day-but-one-of-time-in-the-west", now, on_in("9999-12-30", "Etc/GMT+12"))
            .under(UNLIMITED)
            .gives("9999-12-31T12:00:00.000Z"),
        asked("on-the-last-day-of-time-in-europe", now, on_in("9999-12-31", "Europe/Paris"))
            .under(UNLIMITED)
            .gives("9999-12-31T23:00:00.000Z"),
    ]
}

fn kebab(prefix: &str, zone: &str) -> String {
    let zone = zone.to_lowercase().replace("gmt-", "gmt-minus-").replace('+', "-plus-");
    format!("{prefix}-{}", zone.replace(['/', '_'], "-"))
}
