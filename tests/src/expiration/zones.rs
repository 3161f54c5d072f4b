//! Days in zones: which zones there are, and what their clocks did at known dates.

use super::{Case, asked, kebab, on_in};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = of_zones();
    cases.extend(of_daylight_saving());
    cases
}

fn of_zones() -> Vec<Case> {
    let case = |zone| asked(kebab("zone", zone), "2026-01-01T00:00:00.000Z", on_in("2026-01-15", zone));
    let unknown = |name: &str, zone| {
        asked(format!("zone-unknown-{name}"), "2026-01-01T00:00:00.000Z", on_in("2026-01-15", zone))
            .fails("zone", "unknown_zone")
    };
    vec![
        case("UTC").gives("2026-01-16T00:00:00.000Z"),
        case("Etc/UTC").gives("2026-01-16T00:00:00.000Z"),
        case("Europe/Paris").gives("2026-01-15T23:00:00.000Z"),
        case("America/New_York").gives("2026-01-16T05:00:00.000Z"),
        case("Asia/Kolkata").gives("2026-01-15T18:30:00.000Z"),
        case("Asia/Calcutta").gives("2026-01-15T18:30:00.000Z"),
        case("Asia/Kathmandu").gives("2026-01-15T18:15:00.000Z"),
        case("Australia/Eucla").gives("2026-01-15T15:15:00.000Z"),
        case("Australia/Lord_Howe").gives("2026-01-15T13:00:00.000Z"),
        case("Pacific/Chatham").gives("2026-01-15T10:15:00.000Z"),
        case("Pacific/Marquesas").gives("2026-01-16T09:30:00.000Z"),
        case("Pacific/Kiritimati").gives("2026-01-15T10:00:00.000Z"),
        case("Pacific/Pago_Pago").gives("2026-01-16T11:00:00.000Z"),
        case("Etc/GMT+12").gives("2026-01-16T12:00:00.000Z"),
        case("Etc/GMT-14").gives("2026-01-15T10:00:00.000Z"),
        unknown("place", "Mars/Olympus_Mons"),
        unknown("empty", ""),
        unknown("space", " "),
        unknown("typing-error", "Europe/Pari"),
        unknown("trailing-space", "Europe/Paris "),
        unknown("leading-slash", "/Europe/Paris"),
        unknown("path", "../../etc/passwd"),
        unknown("nul", "Europe/Paris\0"),
        unknown("offset", "+02:00"),
        unknown("posix", "CET-1CEST,M3.5.0,M10.5.0/3"),
        unknown("area-alone", "Europe"),
        // CLDR's name for "no zone is known". To take it for UTC would be a guess.
        unknown("by-its-own-name", "Etc/Unknown"),
        // Nothing here may depend on the machine's own zone.
        unknown("local", "local"),
        unknown("localtime", "localtime"),
        // An impossible zone is a fault even where the date is as well.
        asked(
            "zone-unknown-in-the-past",
            "2026-01-01T00:00:00.000Z",
            on_in("2020-01-15", "Mars/Olympus_Mons"),
        )
        .fails("zone", "unknown_zone"),
    ]
}

/// Known changes of known clocks, with instants worked out by hand.
fn of_daylight_saving() -> Vec<Case> {
    let case = |name, date: &str, zone| {
        let now = format!("{}-01-01T00:00:00.000Z", date.chars().take(4).collect::<String>());
        asked(name, &now, on_in(date, zone))
    };
    let first_of_month = |name, date: &str, zone| {
        let now = format!("{}-01T00:00:00.000Z", date.chars().take(7).collect::<String>());
        asked(name, &now, on_in(date, zone))
    };
    vec![
        // Ordinary: at night, away from midnight.
        case("dst-day-of-23-hours", "2026-03-29", "Europe/Paris").gives("2026-03-29T22:00:00.000Z"),
        case("dst-day-of-25-hours", "2026-10-25", "Europe/Paris").gives("2026-10-25T23:00:00.000Z"),
        case("dst-day-before-one-of-23-hours", "2026-03-28", "Europe/Paris")
            .gives("2026-03-28T23:00:00.000Z"),
        case("dst-new-york-spring", "2026-03-08", "America/New_York").gives("2026-03-09T04:00:00.000Z"),
        case("dst-new-york-autumn", "2026-11-01", "America/New_York").gives("2026-11-02T05:00:00.000Z"),
        case("dst-lord-howe-by-half-an-hour", "2026-04-05", "Australia/Lord_Howe")
            .gives("2026-04-05T13:30:00.000Z"),
        case("dst-far-in-the-future", "2150-07-01", "Europe/Paris").gives("2150-07-01T22:00:00.000Z"),
        // Gaps that swallow a midnight: 00:00 becomes 01:00, so the day ends an hour "late" by no clock.
        case("gap-at-midnight-sao-paulo-day-before", "2018-11-03", "America/Sao_Paulo")
            .gives("2018-11-04T03:00:00.000Z"),
        case("gap-at-midnight-sao-paulo-day-itself", "2018-11-04", "America/Sao_Paulo")
            .gives("2018-11-05T02:00:00.000Z"),
        case("gap-at-midnight-havana", "2018-03-10", "America/Havana").gives("2018-03-11T05:00:00.000Z"),
        case("gap-at-midnight-beirut", "2021-03-27", "Asia/Beirut").gives("2021-03-27T22:00:00.000Z"),
        case("gap-at-midnight-cairo", "2023-04-27", "Africa/Cairo").gives("2023-04-27T22:00:00.000Z"),
        case("gap-at-midnight-azores", "2021-03-27", "Atlantic/Azores").gives("2021-03-28T01:00:00.000Z"),
        case("gap-at-midnight-amman", "2021-03-25", "Asia/Amman").gives("2021-03-25T22:00:00.000Z"),
        case("gap-at-midnight-tehran", "2022-03-21", "Asia/Tehran").gives("2022-03-21T20:30:00.000Z"),
        case("gap-at-midnight-asuncion", "2023-09-30", "America/Asuncion").gives("2023-10-01T04:00:00.000Z"),
        // 23:30 becomes 00:00: the gap ends where the next day begins.
        case("gap-before-midnight-pyongyang", "2018-05-04", "Asia/Pyongyang")
            .gives("2018-05-04T15:00:00.000Z"),
        // Folds over midnight: the clocks go back into the day that had ended. It ends for good an hour later.
        case("fold-over-midnight-sao-paulo", "2018-02-17", "America/Sao_Paulo")
            .gives("2018-02-18T03:00:00.000Z"),
        case("fold-over-midnight-beirut", "2021-10-30", "Asia/Beirut").gives("2021-10-30T22:00:00.000Z"),
        case("fold-over-midnight-cairo", "2023-10-26", "Africa/Cairo").gives("2023-10-26T22:00:00.000Z"),
        case("fold-over-midnight-tehran", "2022-09-21", "Asia/Tehran").gives("2022-09-21T20:30:00.000Z"),
        case("fold-over-midnight-asuncion", "2024-03-23", "America/Asuncion")
            .gives("2024-03-24T04:00:00.000Z"),
        // At 00:01 the clocks went back to 23:01 of the day before, a minute after that had ended.
        case("fold-a-minute-after-midnight-st-johns", "2009-10-31", "America/St_Johns")
            .gives("2009-11-01T03:30:00.000Z"),
        // Folds that end at midnight: 01:00 becomes 00:00 of the same day. The day before had ended for good.
        case("fold-to-midnight-havana", "2018-11-03", "America/Havana").gives("2018-11-04T04:00:00.000Z"),
        case("fold-to-midnight-havana-day-itself", "2018-11-04", "America/Havana")
            .gives("2018-11-05T05:00:00.000Z"),
        case("fold-to-midnight-azores", "2021-10-30", "Atlantic/Azores").gives("2021-10-31T00:00:00.000Z"),
        case("fold-to-midnight-amman", "2021-10-28", "Asia/Amman").gives("2021-10-28T21:00:00.000Z"),
        // The Friday that Samoa and Tokelau left out: whoever is good through it is good through Thursday.
        first_of_month("skipped-day-apia-day-before", "2011-12-29", "Pacific/Apia")
            .gives("2011-12-30T10:00:00.000Z"),
        first_of_month("skipped-day-apia", "2011-12-30", "Pacific/Apia").gives("2011-12-30T10:00:00.000Z"),
        first_of_month("skipped-day-apia-day-after", "2011-12-31", "Pacific/Apia")
            .gives("2011-12-31T10:00:00.000Z"),
        first_of_month("skipped-day-fakaofo", "2011-12-30", "Pacific/Fakaofo")
            .gives("2011-12-30T11:00:00.000Z"),
        first_of_month("skipped-day-kwajalein-day-before", "1993-08-20", "Pacific/Kwajalein")
            .gives("1993-08-21T12:00:00.000Z"),
        first_of_month("skipped-day-kwajalein", "1993-08-21", "Pacific/Kwajalein")
            .gives("1993-08-21T12:00:00.000Z"),
        first_of_month("skipped-day-kwajalein-day-after", "1993-08-22", "Pacific/Kwajalein")
            .gives("1993-08-22T12:00:00.000Z"),
        first_of_month("skipped-day-kiritimati", "1994-12-31", "Pacific/Kiritimati")
            .gives("1994-12-31T10:00:00.000Z"),
        // Days that came twice: the second one counts.
        first_of_month("repeated-day-kwajalein", "1969-09-30", "Pacific/Kwajalein")
            .gives("1969-10-01T12:00:00.000Z"),
        // The clock of 1867 showed seconds, and Alaska's Friday came twice.
        first_of_month("repeated-day-juneau", "1867-10-18", "America/Juneau")
            .gives("1867-10-19T08:57:41.000Z"),
    ]
}
