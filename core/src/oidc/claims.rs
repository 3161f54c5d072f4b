//! What a token says (RFC 7519 section 4.1), each claim of its own type or refused: a date as a text is no date that is
//! absent.

use serde_json::{Map, Value};

use crate::{Reason, Timestamp};

/// A date (`NumericDate`, RFC 7519 section 2): a number of seconds, of which a part may be given.
///
/// # Errors
/// `malformed` where it is something else, or after the year 9999.
pub(crate) fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Reason> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let number = match value {
        Value::Number(number) => number,
        _ => return Err(Reason::Malformed),
    };
    let millis = match (number.as_i64(), number.as_f64()) {
        (Some(seconds), _) => seconds.checked_mul(1000),
        #[expect(clippy::cast_possible_truncation, reason = "looked at before: far less than 2^53")]
        (None, Some(seconds)) if seconds.abs() < 1e12 => Some((seconds * 1000.0).floor() as i64),
        _ => None,
    };
    millis.and_then(Timestamp::from_millis).map(Some).ok_or(Reason::Malformed)
}

/// A text.
///
/// # Errors
/// `malformed` where it is something else.
pub(crate) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Reason> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Reason::Malformed),
    }
}

/// Texts: one, or a list of them.
///
/// # Errors
/// `malformed` where it is something else.
pub(crate) fn texts<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Vec<&'a str>, Reason> {
    match claims.get(name) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(texts)) => {
            texts.iter().map(|text| text.as_str().ok_or(Reason::Malformed)).collect()
        }
        Some(_) => Err(Reason::Malformed),
    }
}

/// Scopes: one text, separated by spaces (RFC 6749 section 3.3, RFC 9068 section 2.2.3), or a list of texts. Sorted, each once.
///
/// # Errors
/// `malformed` where it is something else.
pub(crate) fn scopes(claims: &Map<String, Value>, name: &str) -> Result<Vec<Box<str>>, Reason> {
    let texts = texts(claims, name)?;
    let words = texts.iter().flat_map(|text| text.split(' ')).filter(|word| !word.is_empty());
    let mut scopes: Vec<Box<str>> = words.map(Into::into).collect();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}
