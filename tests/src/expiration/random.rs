//! Days in zones at random, and the oracle that knows when they end.

use chrono::{
    DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Offset as _, SecondsFormat, TimeDelta,
    TimeZone as _, Utc,
};
use chrono_tz::Tz;

use super::{Case, asked, kebab, on_in};
use crate::forge::Dice;

/// Zones whose clocks were changed often, at odd hours, or by odd amounts.
const ZONES: &[Tz] = &[
    Tz::Africa__Cairo,
    Tz::Africa__Casablanca,
    Tz::Africa__Juba,
    Tz::Africa__Tripoli,
    Tz::Africa__Windhoek,
    Tz::America__Argentina__San_Luis,
    Tz::America__Asuncion,
    Tz::America__Bogota,
    Tz::America__Campo_Grande,
    Tz::America__Caracas,
    Tz::America__Goose_Bay,
    Tz::America__Guatemala,
    Tz::America__Havana,
    Tz::America__Lima,
    Tz::America__Los_Angeles,
    Tz::America__Managua,
    Tz::America__Montevideo,
    Tz::America__New_York,
    Tz::America__Nuuk,
    Tz::America__PortauPrince,
    Tz::America__Santiago,
    Tz::America__Sao_Paulo,
    Tz::America__Scoresbysund,
    Tz::America__St_Johns,
    Tz::Antarctica__Casey,
    Tz::Antarctica__Troll,
    Tz::Asia__Amman,
    Tz::Asia__Baghdad,
    Tz::Asia__Beirut,
    Tz::Asia__Colombo,
    Tz::Asia__Damascus,
    Tz::Asia__Dhaka,
    Tz::Asia__Gaza,
    Tz::Asia__Hovd,
    Tz::Asia__Jerusalem,
    Tz::Asia__Kabul,
    Tz::Asia__Kathmandu,
    Tz::Asia__Kolkata,
    Tz::Asia__Pyongyang,
    Tz::Asia__Tehran,
    Tz::Asia__Tokyo,
    Tz::Atlantic__Azores,
    Tz::Australia__Lord_Howe,
    Tz::Australia__Sydney,
    Tz::Europe__Chisinau,
    Tz::Europe__Dublin,
    Tz::Europe__Istanbul,
    Tz::Europe__Lisbon,
    Tz::Europe__London,
    Tz::Europe__Moscow,
    Tz::Europe__Paris,
    Tz::Europe__Volgograd,
    Tz::Pacific__Apia,
    Tz::Pacific__Bougainville,
    Tz::Pacific__Chatham,
    Tz::Pacific__Easter,
    Tz::Pacific__Fiji,
    Tz::Pacific__Kiritimati,
    Tz::Pacific__Kwajalein,
    Tz::Pacific__Norfolk,
    Tz::Pacific__Tongatapu,
    Tz::UTC,
];

const RANDOM_CASES: usize = 400;

/// Three of four at a change of a zone's clocks or beside one, the others on any day of 1975 to 2030.
pub(super) fn at_random() -> Vec<Case> {
    let mut dice = Dice::for_file("expiration.json");
    let case = |number| {
        let zone = *dice.pick(ZONES);
        let year = 1975 + i32::try_from(dice.below(56)).unwrap_or_default();
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
        let any = first + Days::new(dice.below(365));
        let changes = changes_of_clocks(year, zone);
        let near_change = dice.below(4) > 0 && !changes.is_empty();
        let date = if near_change {
            *dice.pick(&changes) + TimeDelta::days(1) - Days::new(dice.below(3))
        } else {
            any
        };
        let now = (date - Days::new(3)).and_time(NaiveTime::MIN).and_utc();
        asked(
            kebab(&format!("random-{number:03}-{date}"), zone.name()),
            &written(now),
            on_in(&date.to_string(), zone.name()),
        )
        .gives(&written(first_instant_after(date, zone)))
    };
    (0..RANDOM_CASES).map(case).collect()
}

/// The days of this year in UTC within which the zone's offset changes.
fn changes_of_clocks(year: i32, zone: Tz) -> Vec<NaiveDate> {
    let offset = |date: NaiveDate| {
        zone.offset_from_utc_datetime(&date.and_time(NaiveTime::MIN)).fix().local_minus_utc()
    };
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    let days = first.iter_days().take_while(|date| date.year() == year);
    days.filter(|date| offset(*date) != offset(*date + Days::new(1))).collect()
}

/// The oracle: by looking at the zone's clock at each minute around the end of the day. Since 1972 every
/// offset of every zone is of whole minutes.
fn first_instant_after(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = (date + Days::new(1)).and_time(NaiveTime::MIN).and_utc();
    let minutes = (-27 * 60..27 * 60).map(|minutes| midnight + TimeDelta::minutes(minutes));
    let last = minutes.rev().find(|instant| instant.with_timezone(&zone).date_naive() <= date);
    last.unwrap_or_default() + TimeDelta::minutes(1)
}

fn written(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}
