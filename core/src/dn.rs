//! Distinguished names, as far as "does this lie below that" needs them (RFC 4514).

use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

/// The greatest length of a DN, in characters (the vendor's limit).
pub const MAX_DN_LENGTH: usize = 5000;

/// A distinguished name. The empty one is the root, above all others.
///
/// It is kept as written and compared as directories compare names: without regard to case or to repeated
/// spaces, escapes resolved, the parts of a multi-valued RDN in any order. An attribute under two names (`cn`,
/// `commonName`, its OID) is *not* recognised as one, so such a comparison fails, and fails closed.
#[derive(Clone)]
pub struct Dn {
    text: String,
    rdns: Vec<Rdn>,
}

/// One step of a name: types and values, in order.
type Rdn = Vec<(String, Value)>;

/// A value as it is compared. `#04026869`, the encoded form, is no text that begins with `#`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Text(String),
    Encoded(String),
}

impl Dn {
    /// Reads the string form of RFC 4514.
    ///
    /// # Errors
    /// `dn_malformed` or `dn_too_long`, on the field that it is for.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        if text.chars().count() > MAX_DN_LENGTH {
            return Err(Error::invalid(field, "dn_too_long", "a DN has at most 5000 characters"));
        }
        let rdns = Parser { rest: text.chars().collect::<Vec<_>>().as_slice() }.dn();
        let hint = "expected a distinguished name (RFC 4514), such as uid=sync,ou=svc,o=acme";
        let rdns = rdns.ok_or_else(|| Error::invalid(field, "dn_malformed", hint))?;
        Ok(Self { text: text.to_owned(), rdns })
    }

    /// The root, above all names.
    pub const fn root() -> Self {
        Self { text: String::new(), rdns: Vec::new() }
    }

    /// The name of an entry right below this one: `o=acme` and `uid`, `O'Hara, P.` make `uid=O'Hara\, P.,o=acme`.
    ///
    /// # Errors
    /// `dn_malformed`, where the attribute is none; `dn_too_long`; on `dn`.
    pub fn child(&self, attribute: &str, value: &str) -> Result<Self> {
        let parent = if self.rdns.is_empty() { String::new() } else { format!(",{}", self.text) };
        let child = Self::parse("dn", &format!("{attribute}={}{parent}", Self::escape_value(value)))?;
        let is_one_below =
            child.rdns.len() == self.rdns.len() + 1 && child.rdns.first().is_some_and(|rdn| rdn.len() == 1);
        if is_one_below {
            return Ok(child);
        }
        Err(Error::invalid("dn", "dn_malformed", "expected the name of one attribute, such as uid"))
    }

    /// A value as it stands in a name (RFC 4514 section 2.4), so that no character of it ends it.
    pub fn escape_value(value: &str) -> String {
        let last = value.chars().count().saturating_sub(1);
        let mut escaped = String::with_capacity(value.len());
        for (at, c) in value.chars().enumerate() {
            match c {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => escaped.extend(['\\', c]),
                '#' if at == 0 => escaped.push_str("\\#"),
                ' ' if at == 0 || at == last => escaped.push_str("\\ "),
                // It may stand there, but for NUL, and gets lost in headers and on paths.
                c if c.is_control() => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        write!(escaped, "\\{byte:02X}").ok(); // into a String it cannot fail
                    }
                }
                c => escaped.push(c),
            }
        }
        escaped
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this name is `base` or lies below it.
    pub fn is_within(&self, base: &Self) -> bool {
        self.rdns.ends_with(&base.rdns)
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.rdns == other.rdns
    }
}

impl Eq for Dn {}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({:?})", self.text)
    }
}

impl Serialize for Dn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Dn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse("dn", &String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

struct Parser<'a> {
    rest: &'a [char],
}

impl Parser<'_> {
    fn dn(mut self) -> Option<Vec<Rdn>> {
        let mut rdns = Vec::new();
        if self.rest.iter().all(|c| *c == ' ') {
            return Some(rdns);
        }
        loop {
            let mut rdn = vec![self.attribute()?];
            while self.take('+') {
                rdn.push(self.attribute()?);
            }
            rdn.sort();
            rdns.push(rdn);
            if !self.take(',') {
                return self.rest.is_empty().then_some(rdns);
            }
        }
    }

    fn attribute(&mut self) -> Option<(String, Value)> {
        self.skip_spaces();
        let length =
            self.rest.iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).count();
        let (kind, rest) = self.rest.split_at_checked(length)?;
        let well_formed = match kind.first()? {
            'a'..='z' | 'A'..='Z' => !kind.contains(&'.'),
            '0'..='9' => {
                kind.split(|c| *c == '.').all(|arc| !arc.is_empty() && arc.iter().all(char::is_ascii_digit))
            }
            _ => false,
        };
        self.rest = rest;
        let kind = kind.iter().map(char::to_ascii_lowercase).collect();
        self.skip_spaces();
        (well_formed && self.take('=')).then_some(())?;
        self.skip_spaces();
        let value = if self.rest.first() == Some(&'#') {
            Value::Encoded(self.hex_string()?)
        } else {
            Value::Text(self.string()?)
        };
        Some((kind, value))
    }

    /// `#04024869`: kept as it is, for what it encodes depends on the attribute's syntax.
    fn hex_string(&mut self) -> Option<String> {
        let length = 1 + self.rest.iter().skip(1).take_while(|c| c.is_ascii_hexdigit()).count();
        let (value, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        self.skip_spaces();
        (length > 1 && length % 2 == 1).then(|| value.iter().map(char::to_ascii_lowercase).collect())
    }

    /// A value with its escapes resolved, folded to lower case, its spaces trimmed and squeezed.
    fn string(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        loop {
            match *self.rest {
                [',' | '+', ..] | [] => break,
                ['\\', high, low, ref rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    bytes.push(u8::try_from(high.to_digit(16)? << 4 | low.to_digit(16)?).ok()?);
                    self.rest = rest;
                }
                ['\\', c @ (' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\'), ref rest @ ..] => {
                    bytes.push(u8::try_from(c).ok()?);
                    self.rest = rest;
                }
                ['\\' | '"' | ';' | '<' | '>' | '\0', ..] => return None,
                [c, ref rest @ ..] => {
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    self.rest = rest;
                }
            }
        }
        let value = String::from_utf8(bytes).ok()?.to_lowercase();
        Some(value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.split_first() {
            Some((c, rest)) if *c == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_spaces(&mut self) {
        while self.take(' ') {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_its_name() {
        for (value, expected) in [
            ("Lučić", "Lučić"),
            ("James \"Jim\" Smith, III", r#"James \"Jim\" Smith\, III"#),
            (" # a ", r"\ # a\ "),
            ("#a", r"\#a"),
            (" ", r"\ "),
            ("  ", r"\ \ "),
            ("a=b+c;d<e>f\\", r"a\=b\+c\;d\<e\>f\\"),
            ("a\0b\r\u{85}", r"a\00b\0D\C2\85"),
            ("", ""),
        ] {
            assert_eq!(Dn::escape_value(value), expected);
        }
    }

    #[test]
    fn a_child_is_right_below() {
        let acme = Dn::parse("dn", "o=acme").unwrap();
        let child = acme.child("uid", "a,o=x").unwrap();
        assert_eq!(child.as_str(), r"uid=a\,o\=x,o=acme");
        assert!(child.is_within(&acme) && !child.is_within(&Dn::parse("dn", "o=x,o=acme").unwrap()));
        assert_eq!(Dn::root().child("o", "acme").unwrap(), acme);
        for attribute in ["", "a,b", "a=b,c", "a=b+c", "é"] {
            assert_eq!(acme.child(attribute, "x").unwrap_err().code(), "dn_malformed");
        }
    }
}
