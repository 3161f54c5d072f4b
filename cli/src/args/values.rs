//! Values of arguments that core has no reader for.

use std::time::Duration;

use chrono::NaiveDate;
use gatepass::{Error, Result};
use jiff::{Span, SpanRelativeTo};

/// A span of time with its unit, `15m`, `12h`, `14d`, `2w`. A bare number is refused, for nobody can tell what it
/// counts; months and years are, for they have no fixed length.
pub(super) fn span(text: &str) -> Result<Duration> {
    let span =
        text.parse::<Span>().ok().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    span.and_then(|span| Duration::try_from(span).ok()).ok_or_else(|| {
        Error::invalid(
            "duration",
            "duration_malformed",
            "expected a number and its unit: 30s, 15m, 12h, 14d or 2w",
        )
    })
}

/// A calendar day.
pub(super) fn date(text: &str) -> Result<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| {
        Error::invalid("on", "date_malformed", "expected a day of the calendar, such as 2027-03-01")
    })
}

/// `KEY=VALUE`.
pub(super) fn label(text: &str) -> Result<(String, String)> {
    text.split_once('=')
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| Error::invalid("metadata", "metadata_malformed", "expected KEY=VALUE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit_and_a_fixed_length() {
        let seconds = |text: &str| span(text).map(|span| span.as_secs()).ok();
        let good = [
            ("30s", 30),
            ("15m", 900),
            ("12h", 43_200),
            ("14d", 1_209_600),
            ("2w", 1_209_600),
            ("0s", 0),
            ("1d12h", 129_600),
        ];
        for (text, expected) in good {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["30", "0", "", "d", "-1d", "1d ago", "1mo", "1y", "1 fortnight", "99999999999999d"] {
            assert_eq!(
                span(text).map_err(|error| error.code().to_owned()),
                Err("duration_malformed".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_day_is_one_of_the_calendar() {
        assert_eq!(date("2028-02-29").unwrap().to_string(), "2028-02-29");
        for text in ["2027-02-29", "2027-13-01", "tomorrow", "", "2027-03-01T00:00:00Z"] {
            assert_eq!(date(text).unwrap_err().code(), "date_malformed", "{text}");
        }
    }
}
