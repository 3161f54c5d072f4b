//! When a token dies. `on` is held against its definition, with chrono-tz's database for the local time: the core
//! reckons with jiff's.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use gatepass::{AccessToken, Api, ErrorKind, Expiration, Timestamp, TokenPolicy, at, days, on};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn millis(value: i64) -> Timestamp {
    Timestamp::from_millis(value).unwrap()
}

#[track_caller]
fn assert_fault(asked: &Expiration, created: Timestamp, code: &str, field: &str) {
    let got = asked.resolve(created).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        (error.code().to_owned(), error.field().unwrap_or_default().to_owned())
    });
    assert_eq!(got, Err((code.to_owned(), field.to_owned())), "{asked:?} at {created}");
}

fn instants() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis()).prop_map(millis)
}

/// Instants around which calendars are awkward: leap days, the ends of years, the ends of time.
fn awkward_instants() -> impl Strategy<Value = Timestamp> {
    let edges =
        ["1970-01-01", "1999-12-31", "2000-02-29", "2024-02-28", "2024-02-29", "2024-12-31", "2100-02-28"];
    let edges = edges.map(|text| date(text).and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
    let near = (select(edges.to_vec()), -2 * DAY..2 * DAY).prop_map(|(edge, off)| millis(edge + off));
    prop_oneof![near, instants(), Just(Timestamp::MIN), Just(Timestamp::MAX)]
}

proptest! {
    #[test]
    fn days_are_86400_seconds_each(created in awkward_instants(), count in 1..20_000u32) {
        let expected = created.as_millis() + i64::from(count) * DAY;
        match days(count).resolve(created) {
            Ok(got) => prop_assert_eq!(got.unwrap().as_millis(), expected),
            Err(error) => {
                prop_assert!(expected > Timestamp::MAX.as_millis());
                prop_assert_eq!((error.code(), error.field()), ("expiration_out_of_range", Some("expires")));
            }
        }
    }

    #[test]
    fn no_number_of_days_overflows(created in instants(), count: u32) {
        let expected = created.as_millis() + i64::from(count) * DAY;
        let got = days(count).resolve(created);
        let possible = count > 0 && expected <= Timestamp::MAX.as_millis();
        prop_assert_eq!(got.ok().flatten().map(Timestamp::as_millis), possible.then_some(expected));
    }

    #[test]
    fn at_is_that_instant_if_it_is_to_come(created in instants(), end in instants()) {
        match at(end).resolve(created) {
            Ok(got) => {
                prop_assert!(end > created);
                prop_assert_eq!(got, Some(end));
            }
            Err(error) => {
                prop_assert!(end <= created);
                prop_assert_eq!((error.code(), error.field()), ("expiration_in_past", Some("expires")));
            }
        }
    }

    #[test]
    fn every_expiration_survives_json(count: u32, end in instants(), day in days_of(1, 9999), zone in zones()) {
        let asked = [days(count), at(end), on(day), on(day).in_zone(zone.name()), Expiration::Never];
        for asked in asked {
            let json = serde_json::to_string(&asked).unwrap();
            prop_assert_eq!(serde_json::from_str::<Expiration>(&json).unwrap(), asked);
        }
    }

    #[test]
    fn a_policy_permits_up_to_its_last_day(now in instants(), max in 1..5000u32, asked in 1..5000u32, over in 0..3i64) {
        let mut policy = TokenPolicy::default();
        policy.max_days = Some(max);
        let fits = now.as_millis() + i64::from(asked) * DAY <= Timestamp::MAX.as_millis();
        let got = policy.expiry(Some(&days(asked)), now);
        prop_assert_eq!(got.is_ok(), asked <= max && fits);

        // To the millisecond.
        let last = now.as_millis() + i64::from(max) * DAY + over;
        prop_assume!(last <= Timestamp::MAX.as_millis());
        let got = policy.expiry(Some(&at(millis(last))), now);
        match got {
            Ok(end) => prop_assert!(over == 0 && end == Some(millis(last))),
            Err(error) => {
                prop_assert!(over > 0);
                prop_assert_eq!((error.code(), error.field()), ("expiration_too_late", Some("expires")));
            }
        }
        let mut token = AccessToken::new("t", Api::Scim, now);
        token.expires_on = Some(millis(last));
        prop_assert_eq!(policy.is_broken_by(&token), over > 0);
    }
}

// On a day, in a zone.

fn zones() -> impl Strategy<Value = Tz> {
    // UTC offsets have been moved about most where days were skipped or repeated.
    let awkward = [
        "Pacific/Apia",
        "Pacific/Fakaofo",
        "Pacific/Kwajalein",
        "Pacific/Kiritimati",
        "Pacific/Enderbury",
        "America/Sao_Paulo",
        "America/Havana",
        "America/Asuncion",
        "America/Santiago",
        "America/St_Johns",
        "America/Ciudad_Juarez",
        "America/Metlakatla",
        "America/Nuuk",
        "America/Scoresbysund",
        "Atlantic/Azores",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Antarctica/Troll",
        "Antarctica/Casey",
        "Asia/Beirut",
        "Asia/Amman",
        "Asia/Gaza",
        "Asia/Tehran",
        "Asia/Pyongyang",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Europe/London",
    ];
    let awkward: Vec<Tz> = awkward.iter().map(|name| name.parse().unwrap()).collect();
    prop_oneof![select(TZ_VARIANTS.as_slice()), select(awkward)]
}

fn days_of(first: i32, last: i32) -> impl Strategy<Value = NaiveDate> {
    let of = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap().num_days_from_ce();
    (of(first, 1, 1)..=of(last, 12, 31)).prop_map(|day| NaiveDate::from_num_days_from_ce_opt(day).unwrap())
}

fn offset(zone: Tz, millis: i64) -> i64 {
    let utc = DateTime::<Utc>::from_timestamp_millis(millis).unwrap();
    i64::from(zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc()) * 1000
}

fn local_date(zone: Tz, millis: i64) -> NaiveDate {
    DateTime::<Utc>::from_timestamp_millis(millis + offset(zone, millis)).unwrap().date_naive()
}

/// The instants in this span at which the zone's offset changes; it does not do so twice within a quarter of an
/// hour.
fn changes(zone: Tz, from: i64, to: i64) -> Vec<i64> {
    let step = HOUR / 4;
    let mut found = Vec::new();
    for start in (from..to).step_by(usize::try_from(step).unwrap()) {
        let (mut before, mut after) = (start, start + step);
        if offset(zone, before) == offset(zone, after) {
            continue;
        }
        while after - before > 1 {
            let middle = i64::midpoint(before, after);
            if offset(zone, middle) == offset(zone, start) {
                before = middle;
            } else {
                after = middle;
            }
        }
        found.push(after);
    }
    found
}

/// Whether both crates' databases say the same about the days around this one. They are of different years, and
/// the future that a government announces is not always the one that comes.
fn is_agreed(zone: Tz, day: NaiveDate) -> bool {
    let other = jiff::tz::TimeZoneDatabase::bundled().get(zone.name()).unwrap();
    let noon = day.and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp_millis();
    let moments = (noon - 4 * DAY..noon + 4 * DAY).step_by(usize::try_from(HOUR / 2).unwrap());
    let theirs = |moment| other.to_offset(jiff::Timestamp::from_millisecond(moment).unwrap()).seconds();
    moments.into_iter().all(|moment| offset(zone, moment) == i64::from(theirs(moment)) * 1000)
}

/// A day near one on which the zone's offset changed, if it did in that year.
fn near_a_change(zone: Tz, year: i32, which: Index, away: i64) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let all: Vec<NaiveDate> = first.iter_days().take_while(|day| day.year() == year).collect();
    let noon = |day: NaiveDate| day.and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp_millis();
    let changed: Vec<NaiveDate> = all
        .iter()
        .copied()
        .filter(|day| offset(zone, noon(*day) - DAY) != offset(zone, noon(*day)))
        .collect();
    let of = if changed.is_empty() { &all } else { &changed };
    *which.get(of) + TimeDelta::days(away)
}

/// The definition: the first instant from which on no local time is within or before the day.
fn assert_is_the_end_of(day: NaiveDate, zone: Tz) {
    let asked = on(day).in_zone(zone.name());
    let end = asked.resolve(Timestamp::MIN).unwrap().unwrap();
    let end_millis = end.as_millis();
    let name = zone.name();
    assert!(local_date(zone, end_millis - 1) <= day, "{name} {day}: over before {end}");
    let reach = end_millis + 27 * HOUR;
    let moments = (end_millis..reach).step_by(usize::try_from(HOUR / 4).unwrap());
    let changes = changes(zone, end_millis - HOUR, reach);
    for moment in moments.chain(changes).filter(|moment| *moment >= end_millis) {
        let local = local_date(zone, moment);
        assert!(local > day, "{name} {day}: {local} again at {}, after {end}", millis(moment));
    }
    // Valid until then, and not then.
    assert!(asked.resolve(millis(end_millis - 1)).unwrap() == Some(end));
    assert_fault(&asked, end, "expiration_in_past", "expires");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_day_ends_when_its_last_local_time_is_over(zone in zones(), day in days_of(1975, 2030)) {
        prop_assume!(is_agreed(zone, day));
        assert_is_the_end_of(day, zone);
    }

    #[test]
    fn a_day_near_a_change_of_offset_ends_so_too(
        zone in zones(), year in 1975..=2030, which: Index, away in -2..=2i64
    ) {
        let day = near_a_change(zone, year, which, away);
        prop_assume!(is_agreed(zone, day));
        assert_is_the_end_of(day, zone);
    }

    /// What comes later on the calendar never ends earlier, and what lies a day apart ends at most two days apart.
    #[test]
    fn days_end_in_their_order(zone in zones(), year in 1975..=2030, which: Index) {
        let day = near_a_change(zone, year, which, 0);
        let end = |day| on(day).in_zone(zone.name()).resolve(Timestamp::MIN).unwrap().unwrap().as_millis();
        let ends: Vec<i64> = day.iter_days().take(4).map(end).collect();
        prop_assert!(ends.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 2 * DAY), "{ends:?}");
    }
}

#[test]
fn gaps_folds_and_skipped_days_end_where_the_calendar_says() {
    let cases = [
        // A plain day, east and west of Greenwich.
        ("2026-03-01", "UTC", "2026-03-02T00:00:00Z"),
        ("2026-03-01", "Asia/Tokyo", "2026-03-01T15:00:00Z"),
        ("2026-03-01", "America/New_York", "2026-03-02T05:00:00Z"),
        ("2026-03-01", "Asia/Kathmandu", "2026-03-01T18:15:00Z"),
        // A change in the small hours leaves the day's end alone, but not its distance from UTC.
        ("2026-03-29", "Europe/Paris", "2026-03-29T22:00:00Z"),
        ("2026-10-25", "Europe/Paris", "2026-10-25T23:00:00Z"),
        // A gap at midnight: the next day begins at one o'clock, at once.
        ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("2023-04-27", "Africa/Cairo", "2023-04-27T22:00:00Z"),
        ("2022-03-26", "Asia/Beirut", "2022-03-26T22:00:00Z"),
        ("2024-03-09", "America/Havana", "2024-03-10T05:00:00Z"),
        // A fold at midnight: the day's last hour comes twice, and the second one counts.
        ("2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00:00Z"),
        ("2023-10-26", "Africa/Cairo", "2023-10-26T22:00:00Z"),
        ("2022-10-29", "Asia/Beirut", "2022-10-29T22:00:00Z"),
        // A fold after midnight repeats the next day's first hour: the day itself ends at the first midnight.
        ("2024-11-02", "America/Havana", "2024-11-03T04:00:00Z"),
        // 2011-12-30 never was in Samoa: it ends when the 29th does.
        ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("2011-12-31", "Pacific/Apia", "2011-12-31T10:00:00Z"),
        ("2011-12-30", "Pacific/Fakaofo", "2011-12-30T11:00:00Z"),
        // Nor was 1993-08-21 on Kwajalein.
        ("1993-08-20", "Pacific/Kwajalein", "1993-08-21T12:00:00Z"),
        ("1993-08-21", "Pacific/Kwajalein", "1993-08-21T12:00:00Z"),
        ("1993-08-22", "Pacific/Kwajalein", "1993-08-22T12:00:00Z"),
        // The same day twice: 1969-09-30 on Kwajalein, 1867-10-18 in Alaska, by the reckoning of the time.
        ("1969-09-30", "Pacific/Kwajalein", "1969-10-01T12:00:00Z"),
        // Half an hour of daylight saving.
        ("2026-04-04", "Australia/Lord_Howe", "2026-04-04T13:00:00Z"),
        ("2026-04-05", "Australia/Lord_Howe", "2026-04-05T13:30:00Z"),
        // Back to mountain time at midnight, for good: the day before came to have 25 hours, this one has 24.
        ("2022-11-29", "America/Ciudad_Juarez", "2022-11-30T07:00:00Z"),
        ("2022-11-30", "America/Ciudad_Juarez", "2022-12-01T07:00:00Z"),
    ];
    for (day, zone, end) in cases {
        let got = on(date(day)).in_zone(zone).resolve(Timestamp::MIN).unwrap();
        assert_eq!(got, Some(instant(end)), "{day} in {zone}");
    }
}

/// Days around changes that no rule foretells: some places have lived through almost a whole day twice, or not at
/// all, and some last broke with their own rule where no rule of theirs has a change.
#[test]
fn days_around_odd_changes_end_by_the_same_rule() {
    let cases = [
        ("Pacific/Kwajalein", "1969-09-30"),
        ("Asia/Manila", "1844-12-30"),
        ("America/Juneau", "1867-10-18"),
        ("America/Ciudad_Juarez", "2022-11-30"),
        ("America/Metlakatla", "2019-01-20"),
        ("America/Indiana/Winamac", "2007-03-11"),
    ];
    for (zone, day) in cases {
        let zone: Tz = zone.parse().unwrap();
        for away in -2..=2 {
            assert_is_the_end_of(date(day) + TimeDelta::days(away), zone);
        }
    }
}

#[test]
fn both_databases_know_the_zones_that_are_tried() {
    let unknown: BTreeSet<&str> = TZ_VARIANTS
        .iter()
        .map(|zone| zone.name())
        .filter(|name| on(date("2026-01-01")).in_zone(*name).resolve(Timestamp::MIN).is_err())
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_zone_that_is_none_is_an_error_on_the_zone() {
    for zone in [
        "",
        " ",
        "Europe/Atlantis",
        "Etc/Unknown",
        "UTC+2",
        "+02:00",
        "EST5EDT4",
        "../../etc/passwd",
        "Europe/Paris\0",
        "local",
    ] {
        assert_fault(
            &on(date("2030-01-01")).in_zone(zone),
            instant("2026-01-01T00:00:00Z"),
            "unknown_zone",
            "zone",
        );
    }
}

#[test]
fn a_zone_is_of_no_effect_on_what_is_no_day() {
    assert_eq!(days(3).in_zone("Europe/Atlantis"), days(3));
    assert_eq!(Expiration::Never.in_zone("Europe/Atlantis"), Expiration::Never);
}

// The ends of time.

#[test]
fn year_9999_has_its_last_millisecond_and_no_more() {
    let now = instant("9999-12-01T00:00:00Z");
    assert_eq!(at(Timestamp::MAX).resolve(now).unwrap(), Some(instant("9999-12-31T23:59:59.999Z")));
    let cases = [
        ("9999-12-30", "UTC", Some("9999-12-31T00:00:00Z")),
        ("9999-12-31", "Asia/Tokyo", Some("9999-12-31T15:00:00Z")),
        ("9999-12-31", "Pacific/Kiritimati", Some("9999-12-31T10:00:00Z")),
        ("9999-12-31", "Pacific/Auckland", Some("9999-12-31T11:00:00Z")),
        ("9999-12-30", "America/New_York", Some("9999-12-31T05:00:00Z")),
        ("9999-12-30", "Etc/GMT+12", Some("9999-12-31T12:00:00Z")),
        // The instant after the last day would be the first of year 10000.
        ("9999-12-31", "UTC", None),
        ("9999-12-31", "America/New_York", None),
        ("9999-12-31", "Etc/GMT+12", None),
    ];
    for (day, zone, end) in cases {
        let asked = on(date(day)).in_zone(zone);
        match end {
            Some(end) => assert_eq!(asked.resolve(now).unwrap(), Some(instant(end)), "{day} in {zone}"),
            None => assert_fault(&asked, now, "expiration_out_of_range", "expires"),
        }
    }
    for day in [NaiveDate::from_ymd_opt(10_000, 1, 2).unwrap(), NaiveDate::MAX] {
        for zone in ["UTC", "Asia/Tokyo", "America/Sao_Paulo"] {
            assert_fault(&on(day).in_zone(zone), now, "expiration_out_of_range", "expires");
        }
    }
}

#[test]
fn the_largest_number_of_days_is_an_error_and_no_overflow() {
    for created in [Timestamp::MIN, instant("2026-01-01T00:00:00Z"), Timestamp::MAX] {
        assert_fault(&days(u32::MAX), created, "expiration_out_of_range", "expires");
    }
    assert_fault(&days(1), Timestamp::MAX, "expiration_out_of_range", "expires");
    let exactly = millis(Timestamp::MAX.as_millis() - 3 * DAY);
    assert_eq!(days(3).resolve(exactly).unwrap(), Some(Timestamp::MAX));
    assert_fault(&days(3), millis(exactly.as_millis() + 1), "expiration_out_of_range", "expires");
}

#[test]
fn days_know_no_daylight_saving_and_no_leap_day() {
    let cases = [
        ("2024-02-28T12:34:56.789Z", 1, "2024-02-29T12:34:56.789Z"),
        ("2024-02-29T12:34:56.789Z", 365, "2025-02-28T12:34:56.789Z"),
        ("2024-02-29T00:00:00.000Z", 366, "2025-03-01T00:00:00.000Z"),
        ("2023-12-31T23:59:59.999Z", 1, "2024-01-01T23:59:59.999Z"),
        ("2026-03-28T01:30:00.000Z", 1, "2026-03-29T01:30:00.000Z"),
        ("1969-12-31T23:59:59.999Z", 1, "1970-01-01T23:59:59.999Z"),
        ("2000-02-28T00:00:00.000Z", 2, "2000-03-01T00:00:00.000Z"),
        ("2100-02-28T00:00:00.000Z", 1, "2100-03-01T00:00:00.000Z"),
    ];
    for (created, count, end) in cases {
        assert_eq!(days(count).resolve(instant(created)).unwrap(), Some(instant(end)), "{created} + {count}");
    }
}

#[test]
fn the_past_is_refused_however_it_is_put() {
    let now = instant("2026-06-01T12:00:00Z");
    assert_fault(&days(0), now, "expiration_zero_days", "expires");
    assert_fault(&at(now), now, "expiration_in_past", "expires");
    assert_fault(&at(Timestamp::MIN), now, "expiration_in_past", "expires");
    assert_fault(&on(date("2026-05-31")), now, "expiration_in_past", "expires");
    assert_eq!(on(date("2026-06-01")).resolve(now).unwrap(), Some(instant("2026-06-02T00:00:00Z")));
    // The day is over in Tokyo and not in New York.
    let late = instant("2026-06-01T20:00:00Z");
    assert_fault(&on(date("2026-06-01")).in_zone("Asia/Tokyo"), late, "expiration_in_past", "expires");
    assert!(on(date("2026-06-01")).in_zone("America/New_York").resolve(late).is_ok());
}

/// A day before the first that an instant can be in is past, and not too late.
#[test]
fn the_distant_past_is_the_past() {
    let now = instant("2026-06-01T12:00:00Z");
    for day in [
        date("0001-01-01"),
        date("0000-12-31"),
        NaiveDate::from_ymd_opt(-5000, 1, 1).unwrap(),
        NaiveDate::MIN,
    ] {
        for zone in ["UTC", "Asia/Tokyo", "America/Sao_Paulo"] {
            assert_fault(&on(day).in_zone(zone), now, "expiration_in_past", "expires");
        }
    }
}

// Policy.

#[test]
fn the_default_policy_wants_an_expiry_within_366_days() {
    let (policy, now) = (TokenPolicy::default(), instant("2024-02-29T10:00:00.001Z"));
    assert_eq!(policy.expiry(Some(&days(366)), now).unwrap(), Some(instant("2025-03-01T10:00:00.001Z")));
    let refused = |asked: Option<Expiration>| {
        let error = policy.expiry(asked.as_ref(), now).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("expires")));
        error.code().to_owned()
    };
    assert_eq!(refused(Some(days(367))), "expiration_too_late");
    assert_eq!(refused(Some(at(instant("2025-03-01T10:00:00.002Z")))), "expiration_too_late");
    assert_eq!(refused(Some(on(date("2025-03-01")))), "expiration_too_late");
    assert_eq!(refused(Some(Expiration::Never)), "expiration_never");
    assert_eq!(refused(None), "expiration_required");
    assert_eq!(refused(Some(days(0))), "expiration_zero_days");
    assert_eq!(refused(Some(days(u32::MAX))), "expiration_out_of_range");
}

#[test]
fn a_policy_without_limits_permits_never_and_the_end_of_time() {
    let (policy, now) = (TokenPolicy::UNLIMITED, instant("2026-01-01T00:00:00Z"));
    assert_eq!(policy.expiry(Some(&Expiration::Never), now).unwrap(), None);
    assert_eq!(policy.expiry(Some(&at(Timestamp::MAX)), now).unwrap(), Some(Timestamp::MAX));
}

#[test]
fn the_two_settings_of_a_policy_are_apart() {
    let now = instant("2026-01-01T00:00:00Z");
    let mut policy = TokenPolicy::default();
    policy.allow_never = true;
    assert_eq!(policy.expiry(Some(&Expiration::Never), now).unwrap(), None);
    assert!(policy.expiry(Some(&days(367)), now).is_err());
    policy.allow_never = false;
    policy.max_days = None;
    assert!(policy.expiry(Some(&Expiration::Never), now).is_err());
    assert!(policy.expiry(Some(&days(50_000)), now).is_ok());
    policy.max_days = Some(u32::MAX);
    assert_eq!(policy.expiry(Some(&at(Timestamp::MAX)), now).unwrap(), Some(Timestamp::MAX));
}

#[test]
fn a_policy_is_broken_by_what_lives_longer_than_from_its_last_rotation() {
    let policy = TokenPolicy::default();
    let created = instant("2026-01-01T00:00:00Z");
    let mut token = AccessToken::new("old", Api::Rest, created);
    assert!(policy.is_broken_by(&token));
    assert!(!TokenPolicy::UNLIMITED.is_broken_by(&token));
    token.expires_on = created.checked_add(Duration::from_hours(366 * 24));
    assert!(!policy.is_broken_by(&token));
    token.expires_on = created.checked_add(Duration::from_hours(400 * 24));
    assert!(policy.is_broken_by(&token));
    token.rotated_on = created.checked_add(Duration::from_hours(34 * 24));
    assert!(!policy.is_broken_by(&token));
}

#[test]
fn a_policy_is_read_from_json_with_its_defaults() {
    let read = |text: &str| serde_json::from_str::<TokenPolicy>(text);
    assert_eq!(read("{}").unwrap(), TokenPolicy::default());
    assert_eq!(read(r#"{"max_days":null,"allow_never":true}"#).unwrap(), TokenPolicy::UNLIMITED);
    assert!(read(r#"{"maxdays":1}"#).is_err(), "a misspelt limit is no limit");
}
