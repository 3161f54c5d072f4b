//! Tokens as servers write them, which is not always as the vendor's description has it: members that are null,
//! dates in the forms that Java has for them, members that a later version added under a name of ours.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Number, Value};

use super::answer::Answer;
use crate::{AccessToken, Api, Error, Timestamp, TokenId};

const DATES: [&str; 6] = ["createdOn", "expiresOn", "notBefore", "rotatedOn", "graceUntil", "revokedOn"];
/// The vendor's members, and the one that is seen on the wire.
const VENDOR_S: [&str; 6] = ["name", "apiType", "roles", "createdOn", "expiresOn", "targetDn"];

/// The token of an answer; none where it is for an API that this version does not know.
pub(super) fn token(answer: &Answer) -> Result<Option<AccessToken>, Error> {
    // Most are written as they should be, and read three times as fast by that.
    match answer.json::<AccessToken>() {
        Ok(token) => Ok(Some(without_blanks(token))),
        Err(_) => answer.json::<Lenient>().map(|Lenient(token)| token),
    }
}

/// The tokens of an answer but for those that are for another API, and how many those are.
pub(super) fn tokens(answer: &Answer) -> Result<(Vec<AccessToken>, usize), Error> {
    if let Ok(tokens) = answer.json::<Vec<AccessToken>>() {
        return Ok((tokens.into_iter().map(without_blanks).collect(), 0));
    }
    let read: Vec<Lenient> = answer.json()?;
    let all = read.len();
    let tokens: Vec<AccessToken> = read.into_iter().filter_map(|Lenient(token)| token).collect();
    let others = all - tokens.len();
    Ok((tokens, others))
}

/// An entry without a name is none.
fn without_blanks(mut token: AccessToken) -> AccessToken {
    token.target_dn = token.target_dn.filter(|dn| !dn.is_empty());
    token
}

/// A token, or none where it is for an API that this version does not know.
struct Lenient(Option<AccessToken>);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let token = read(Map::deserialize(deserializer)?);
        token.map(Self).ok_or_else(|| de::Error::custom("no access token"))
    }
}

#[expect(clippy::option_option, reason = "outside: whether it is a token at all")]
fn read(mut object: Map<String, Value>) -> Option<Option<AccessToken>> {
    object.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    let api = object.get("apiType")?.as_str()?;
    let Some(api) = Api::ALL.into_iter().find(|known| known.wire().eq_ignore_ascii_case(api)) else {
        return Some(None);
    };
    object.insert("apiType".to_owned(), api.wire().into());
    for date in DATES {
        let Some(value) = object.remove(date) else { continue };
        match instant(&value) {
            Some(instant) => object.insert(date.to_owned(), instant.to_string().into()),
            None if date == "createdOn" => None,
            // That it never expires is not what it says.
            None => return None,
        };
    }
    // Who does not say when it was made, made it at the beginning of time.
    object.entry("createdOn").or_insert_with(|| Timestamp::MIN.to_string().into());
    if object.get("id").is_some_and(|id| id.as_str().is_none_or(|id| id.parse::<TokenId>().is_err())) {
        object.remove("id"); // another product's
    }
    let of_gatepass = AccessToken::deserialize(&Value::Object(object.clone()));
    of_gatepass
        .ok()
        .or_else(|| {
            object.retain(|member, _| VENDOR_S.contains(&member.as_str()));
            AccessToken::deserialize(&Value::Object(object)).ok()
        })
        .map(Some)
}

/// RFC 3339, and what Java writes beside it: no colon in the offset, no offset (UTC), no seconds where they are zero,
/// the zone's name behind it, the day alone, or a number of milliseconds or seconds.
fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => of_number(number),
        Value::String(text) => of_text(text.trim()),
        _ => None,
    }
}

/// What is below this counts seconds, until the year 5138; what is above milliseconds, since 1973.
const LEAST_MILLIS: i64 = 100_000_000_000;

fn of_number(number: &Number) -> Option<Timestamp> {
    let millis = match number.as_i64() {
        Some(number) if number.abs() < LEAST_MILLIS => number * 1000,
        Some(number) => number,
        None => {
            let seconds = number.as_f64().filter(|seconds| seconds.abs() < 1e12)?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "below 10^15, and finer than a millisecond is dropped"
            )]
            let millis = (seconds * 1e3).floor() as i64;
            millis
        }
    };
    Timestamp::from_millis(millis)
}

fn of_text(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let text = text.split_once('[').map_or(text, |(text, _)| text).replacen(' ', "T", 1);
    let offset = text.strip_suffix(['Z', 'z']).map_or_else(|| text.clone(), |bare| format!("{bare}+0000"));
    let with_offset = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let with_offset = with_offset.iter().find_map(|form| DateTime::parse_from_str(&offset, form).ok());
    let bare = || {
        let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        let bare = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
        bare.or_else(|| Some(NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN)))
    };
    let instant = with_offset.map(|instant| instant.to_utc());
    instant
        .or_else(|| bare().map(|instant| instant.and_utc()))
        .and_then(|instant: DateTime<Utc>| instant.try_into().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_are_read_as_java_writes_them() {
        for form in [
            json!("2024-04-10T22:30:00.000Z"),
            json!("2024-04-10T22:30:00Z"),
            json!("2024-04-10T22:30Z"),
            json!("2024-04-10T15:30:00-07:00"),
            json!("2024-04-10T22:30:00.000+0000"),
            json!("2024-04-11T00:30:00.000000+02:00[Europe/Berlin]"),
            json!("2024-04-10T22:30:00"),
            json!("2024-04-10 22:30:00.0"),
            json!("2024-04-10T22:30"),
            json!(1_712_788_200_000_i64),
            json!(1_712_788_200),
            json!(1_712_788_200.000_5),
        ] {
            let read = instant(&form).map(|instant| instant.to_string());
            assert_eq!(read.as_deref(), Some("2024-04-10T22:30:00.000Z"), "{form}");
        }
        let day = instant(&json!("2024-04-10")).map(|instant| instant.to_string());
        assert_eq!(day.as_deref(), Some("2024-04-10T00:00:00.000Z"));
        for no in [
            json!("soon"),
            json!("2024-13-01"),
            json!(true),
            json!([2024, 4, 10]),
            json!(1e300),
            json!(i64::MAX),
        ] {
            assert_eq!(instant(&no), None, "{no}");
        }
    }

    #[test]
    fn what_is_null_or_not_ours_does_not_hide_a_token() {
        let token = |value| serde_json::from_value::<Lenient>(value).map(|read| read.0);
        let read = token(json!({
            "name": "a", "apiType": "Rest", "roles": null, "createdOn": null, "expiresOn": "2024-04-10T00:00Z",
            "id": "0f0c", "description": {"en": "later"}, "scopes": "x y", "targetDn": "uid=a",
        }));
        let read = read.unwrap().unwrap();
        assert_eq!(
            (read.name.as_str(), read.api, read.target_dn.as_deref()),
            ("a", Api::Rest, Some("uid=a"))
        );
        assert_eq!((read.id, read.created_on, read.description), (None, Timestamp::MIN, None));
        assert_eq!(read.expires_on.unwrap().to_string(), "2024-04-10T00:00:00.000Z");

        assert!(token(json!({"name": "a", "apiType": "GRAPH"})).unwrap().is_none());
        // An end that cannot be read is not the same as none.
        assert!(token(json!({"name": "a", "apiType": "REST", "expiresOn": "soon"})).is_err());
        assert!(token(json!({"apiType": "REST"})).is_err() && token(json!({"name": "a"})).is_err());
        assert!(token(json!(["a"])).is_err());
    }
}
