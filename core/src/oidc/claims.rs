//! What a token says (RFC 7519 section 4.1), each claim of its own type or refused: a date as a text is no date that is
//! absent.

use smallvec::SmallVec;

use super::json::{Json, Object};
use crate::{Reason, Timestamp};

/// A date (`NumericDate`, RFC 7519 section 2): a number of seconds, of which a part may be given.
///
/// # Errors
/// `malformed` where it is something else, or after the year 9999.
pub(crate) fn date(claims: &Object<'_>, name: &str) -> Result<Option<Timestamp>, Reason> {
    let millis = match claims.get(name) {
        None => return Ok(None),
        Some(Json::Integer(seconds)) => seconds.checked_mul(1000),
        #[expect(clippy::cast_possible_truncation, reason = "looked at before: far less than 2^53")]
        Some(Json::Number(seconds)) if seconds.abs() < 1e12 => Some((seconds * 1000.0).floor() as i64),
        Some(_) => None,
    };
    millis.and_then(Timestamp::from_millis).map(Some).ok_or(Reason::Malformed)
}

/// A text.
///
/// # Errors
/// `malformed` where it is something else.
pub(crate) fn text<'a>(claims: &'a Object<'_>, name: &str) -> Result<Option<&'a str>, Reason> {
    match claims.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text)),
        Some(_) => Err(Reason::Malformed),
    }
}

/// Mostly one.
type Texts<'a> = SmallVec<[&'a str; 2]>;

/// Texts: one, or a list of them.
///
/// # Errors
/// `malformed` where it is something else.
pub(crate) fn texts<'a>(claims: &'a Object<'_>, name: &str) -> Result<Texts<'a>, Reason> {
    match claims.get(name) {
        None => Ok(Texts::new()),
        Some(Json::Text(text)) => Ok(Texts::from_elem(text, 1)),
        Some(Json::List(texts)) => texts.iter().map(|text| text.as_str().ok_or(Reason::Malformed)).collect(),
        Some(_) => Err(Reason::Malformed),
    }
}

/// Scopes: one text, separated by spaces (RFC 6749 section 3.3, RFC 9068 section 2.2.3), or a list of texts. Sorted, each once.
///
/// # Errors
/// `malformed` where it is something else.
pub(crate) fn scopes(claims: &Object<'_>, name: &str) -> Result<Vec<Box<str>>, Reason> {
    let texts = texts(claims, name)?;
    let words = texts.iter().flat_map(|text| text.split(' ')).filter(|word| !word.is_empty());
    let mut scopes: Vec<Box<str>> = words.map(Into::into).collect();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}
