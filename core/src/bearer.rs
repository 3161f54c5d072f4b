//! The `Authorization` header as it came, and the credential in it: RFC 6750 section 2.1, in linear time.

use crate::reason::Reason;
use crate::secret::{is_b64token, strip_scheme};

/// The greatest length of a header value that is looked at, in bytes.
const MAX_HEADER_LENGTH: usize = 8 * 1024;

/// The `Authorization` header's value or values as they came: absent, one, or several, which is refused, for
/// two programs might each believe in another one.
#[derive(Debug, Clone, Copy)]
pub struct Authorization<'a>(Values<'a>);

#[derive(Clone, Copy)]
enum Values<'a> {
    None,
    One(&'a [u8]),
    Many,
}

/// The value is a secret, so it is not printed.
impl std::fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::One(_) => "One(…)",
            Self::Many => "Many",
        })
    }
}

impl<'a> Authorization<'a> {
    /// The credential in the header: what stands after `Bearer`.
    ///
    /// `missing` where there is no header, an empty one, or one of another scheme; `invalid_header` where there
    /// are two, where it is longer than 8 KiB, or where what follows `Bearer` is not one credential.
    pub(crate) fn credential(self) -> Result<&'a [u8], Reason> {
        let value = match self.0 {
            Values::None => return Err(Reason::Missing),
            Values::Many => return Err(Reason::InvalidHeader),
            Values::One(value) if value.len() > MAX_HEADER_LENGTH => return Err(Reason::InvalidHeader),
            Values::One(value) => trim(value),
        };
        let (scheme, rest) = value.split_first_chunk::<6>().ok_or(Reason::Missing)?;
        // As nearly everybody writes it, which is one comparison, or in any other case, which is six.
        if !(scheme == b"Bearer" || scheme.eq_ignore_ascii_case(b"bearer")) {
            return Err(Reason::Missing);
        }
        match rest {
            [b' ', ..] => Ok(after_spaces(rest)),
            [] | [b'\t', ..] => Err(Reason::InvalidHeader),
            _ => Err(Reason::Missing), // another scheme, whose name begins like ours
        }
    }

    /// Whether a credential that is none of ours is at least a bearer credential.
    pub(crate) fn is_well_formed(credential: &[u8]) -> bool {
        is_b64token(strip_scheme(credential))
    }
}

const fn after_spaces(mut value: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] = value {
        value = rest;
    }
    value
}

/// Only the header's own white space; `trim_ascii` would take line breaks too.
const fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

impl<'a> From<&'a str> for Authorization<'a> {
    fn from(value: &'a str) -> Self {
        Self(Values::One(value.as_bytes()))
    }
}

impl<'a> From<&'a [u8]> for Authorization<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self(Values::One(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Authorization<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self(Values::None), Into::into)
    }
}

impl<'a, T: AsRef<[u8]> + ?Sized> FromIterator<&'a T> for Authorization<'a> {
    /// All the values that came, `headers.get_all(AUTHORIZATION)`.
    fn from_iter<I: IntoIterator<Item = &'a T>>(values: I) -> Self {
        let mut values = values.into_iter();
        Self(match (values.next(), values.next()) {
            (None, _) => Values::None,
            (Some(value), None) => Values::One(value.as_ref()),
            (Some(_), Some(_)) => Values::Many,
        })
    }
}
