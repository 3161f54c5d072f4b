//! Distinguished names (RFC 4514): how they are read and written, compared, and put in order.

use std::borrow::Cow;
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
    /// Where each step ends in `text`, in bytes.
    ends: Vec<usize>,
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
        let chars = text.chars().collect::<Vec<_>>();
        let rdns = Parser { rest: &chars }.dn(text);
        let hint = "expected a distinguished name (RFC 4514), such as uid=sync,ou=svc,o=acme";
        let (rdns, ends) = rdns.ok_or_else(|| Error::invalid(field, "dn_malformed", hint))?;
        Ok(Self { text: text.to_owned(), rdns, ends })
    }

    /// The root, above all names.
    pub const fn root() -> Self {
        Self { text: String::new(), rdns: Vec::new(), ends: Vec::new() }
    }

    /// How many steps it has.
    #[cfg(feature = "oidc")]
    pub(crate) fn depth(&self) -> usize {
        self.rdns.len()
    }

    /// The name of an entry right below this one: `o=acme` and `uid`, `O'Hara, P.` make `uid=O'Hara\, P.,o=acme`.
    ///
    /// # Errors
    /// `dn_malformed`, where the attribute is none; `dn_too_long`; on `dn`.
    pub fn child(&self, attribute: &str, value: &str) -> Result<Self> {
        let parent = if self.rdns.is_empty() { String::new() } else { format!(",{}", self.text) };
        let child = Self::parse("dn", &format!("{attribute}={}{parent}", Self::escape(value)))?;
        let is_one_below =
            child.rdns.len() == self.rdns.len() + 1 && child.rdns.first().is_some_and(|rdn| rdn.len() == 1);
        if is_one_below {
            return Ok(child);
        }
        Err(Error::invalid("dn", "dn_malformed", "expected the name of one attribute, such as uid"))
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this name is `base` or lies below it.
    pub fn is_within(&self, base: &Self) -> bool {
        self.rdns.ends_with(&base.rdns)
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The name's first step, as it was written: `uid=sync`. The root has none.
    pub fn rdn(&self) -> Option<&str> {
        let text = self.text.get(..*self.ends.first()?)?.trim_start_matches(' ');
        let trimmed = text.trim_end_matches(' ');
        // A space behind an odd number of backslashes is the value's own.
        let escaped = trimmed.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2;
        text.get(..text.len().min(trimmed.len() + escaped))
    }

    /// The name above this one. The root has none.
    pub fn parent(&self) -> Option<Self> {
        let (first, rest) = self.ends.split_first()?;
        let start = if rest.is_empty() { self.text.len() } else { first + 1 };
        let text = self.text.get(start..)?.to_owned();
        let ends = rest.iter().map(|end| end - start).collect();
        Some(Self { text, rdns: self.rdns.get(1..)?.to_vec(), ends })
    }

    /// The types and values of the first step, escapes resolved: what an entry of this name has among its attributes.
    /// Values in the encoded form (`#0402…`) stay in it.
    pub fn naming(&self) -> Vec<(String, String)> {
        let chars: Vec<char> = self.rdn().unwrap_or_default().chars().collect();
        let mut parser = Parser { rest: &chars };
        let mut found = Vec::new();
        while let Some((kind, value)) = parser.written() {
            found.push((kind, value));
            if !parser.take('+') {
                break;
            }
        }
        found
    }

    /// What stands for this name in an index: equal where names are, and so ordered that what lies below a name comes
    /// right after it. Everything below a name with the key `k` lies between `k 00` and `k 01`.
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.text.len());
        for (at, rdn) in self.rdns.iter().rev().enumerate() {
            if at > 0 {
                key.push(0);
            }
            for (at, (kind, value)) in rdn.iter().enumerate() {
                if at > 0 {
                    key.push(1);
                }
                key.extend_from_slice(kind.as_bytes());
                key.push(b'=');
                let text = match value {
                    Value::Text(text) => text,
                    Value::Encoded(text) => {
                        key.push(2);
                        text
                    }
                };
                for byte in text.bytes() {
                    match byte {
                        0..=2 => key.extend([2, b'0' + byte]),
                        _ => key.push(byte),
                    }
                }
            }
        }
        key
    }

    /// A value as values of names are compared: in lower case, its spaces trimmed and squeezed (RFC 4517's
    /// `caseIgnoreMatch`, without Unicode's compatibility forms).
    pub fn folded(value: &str) -> String {
        let value = value.to_lowercase();
        value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// A value as it stands in a name, so that no character of it ends it (RFC 4514 section 2.4).
    pub fn escape(value: &str) -> Cow<'_, str> {
        let special = |c: char| matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') || c.is_control();
        let edges = value.starts_with([' ', '#']) || value.ends_with(' ');
        if !edges && !value.contains(special) {
            return Cow::Borrowed(value);
        }
        let mut escaped = String::with_capacity(value.len() + 8);
        let last = value.char_indices().next_back().map(|(at, _)| at);
        for (at, c) in value.char_indices() {
            let edge = c == ' ' && (at == 0 || Some(at) == last) || c == '#' && at == 0;
            match c {
                // But for NUL they may stand there as they are, and get lost in headers and on paths.
                c if c.is_control() => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        write!(escaped, "\\{byte:02X}").ok(); // into a String it cannot fail
                    }
                }
                _ if edge || special(c) => escaped.extend(['\\', c]),
                _ => escaped.push(c),
            }
        }
        Cow::Owned(escaped)
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
    fn dn(mut self, text: &str) -> Option<(Vec<Rdn>, Vec<usize>)> {
        let (mut rdns, mut ends) = (Vec::new(), Vec::new());
        if self.rest.iter().all(|c| *c == ' ') {
            return Some((rdns, ends));
        }
        let (mut left, mut at) = (self.rest.len(), 0);
        loop {
            let mut rdn = vec![self.attribute()?];
            while self.take('+') {
                rdn.push(self.attribute()?);
            }
            rdn.sort();
            rdns.push(rdn);
            let read = left - self.rest.len();
            let length = text.get(at..)?.chars().take(read).map(char::len_utf8).sum::<usize>();
            ends.push(at + length);
            if !self.take(',') {
                return self.rest.is_empty().then_some((rdns, ends));
            }
            (left, at) = (self.rest.len(), at + length + 1);
        }
    }

    fn attribute(&mut self) -> Option<(String, Value)> {
        let kind = self.kind()?;
        let value = if self.rest.first() == Some(&'#') {
            Value::Encoded(self.hex_string()?)
        } else {
            Value::Text(Dn::folded(&self.string()?))
        };
        Some((kind.to_ascii_lowercase(), value))
    }

    /// The same as it was written, without its escapes.
    fn written(&mut self) -> Option<(String, String)> {
        let kind = self.kind()?;
        let value = if self.rest.first() == Some(&'#') { self.hex_string()? } else { self.string()? };
        Some((kind, value))
    }

    /// The type, and all up to the value.
    fn kind(&mut self) -> Option<String> {
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
        let kind = kind.iter().collect();
        self.skip_spaces();
        (well_formed && self.take('=')).then_some(())?;
        self.skip_spaces();
        Some(kind)
    }

    /// `#04024869`: kept as it is, for what it encodes depends on the attribute's syntax.
    fn hex_string(&mut self) -> Option<String> {
        let length = 1 + self.rest.iter().skip(1).take_while(|c| c.is_ascii_hexdigit()).count();
        let (value, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        self.skip_spaces();
        (length > 1 && length % 2 == 1).then(|| value.iter().map(char::to_ascii_lowercase).collect())
    }

    /// A value with its escapes resolved, and without the spaces around it that are none of its own.
    fn string(&mut self) -> Option<String> {
        let (mut bytes, mut own) = (Vec::new(), 0);
        loop {
            match *self.rest {
                [',' | '+', ..] | [] => break,
                ['\\', high, low, ref rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    bytes.push(u8::try_from(high.to_digit(16)? << 4 | low.to_digit(16)?).ok()?);
                    own = bytes.len();
                    self.rest = rest;
                }
                ['\\', c @ (' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\'), ref rest @ ..] => {
                    bytes.push(u8::try_from(c).ok()?);
                    own = bytes.len();
                    self.rest = rest;
                }
                ['\\' | '"' | ';' | '<' | '>' | '\0', ..] => return None,
                [c, ref rest @ ..] => {
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    if c != ' ' {
                        own = bytes.len();
                    }
                    self.rest = rest;
                }
            }
        }
        bytes.truncate(own);
        String::from_utf8(bytes).ok()
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

    fn dn(text: &str) -> Dn {
        Dn::parse("dn", text).unwrap()
    }

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
            assert_eq!(Dn::escape(value), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_value_is_it_comes_out_of_its_name_again(value in ".{0,40}") {
            let child = Dn::parse("dn", "o=acme").unwrap().child("cn", &value).unwrap();
            proptest::prop_assert_eq!(child.naming(), [("cn".to_owned(), value)]);
            let parent = child.parent().unwrap();
            proptest::prop_assert_eq!(parent.as_str(), "o=acme");
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

    #[test]
    fn a_name_comes_apart_as_it_was_written() {
        let name = dn(r"cn=Wei\, \22Lin\22 + uid=wl , ou=People,o=acme");
        assert_eq!(name.rdn(), Some(r"cn=Wei\, \22Lin\22 + uid=wl"));
        assert_eq!(name.naming(), [("cn".into(), "Wei, \"Lin\"".into()), ("uid".into(), "wl".into())]);
        let parent = name.parent().unwrap();
        assert_eq!(parent.as_str(), " ou=People,o=acme");
        assert_eq!(parent.rdn(), Some("ou=People"));
        assert_eq!(parent.parent().unwrap().as_str(), "o=acme");
        assert!(parent.parent().unwrap().parent().unwrap().is_root());
        assert_eq!(Dn::root().parent(), None);
        let arabic = dn("cn=\u{645}\u{631}\u{62d},ou=\u{540d},o=acme");
        assert_eq!(arabic.parent().unwrap().as_str(), "ou=\u{540d},o=acme");
        assert_eq!(dn("o=#0401FF").naming(), [("o".into(), "#0401ff".into())]);
    }

    #[test]
    fn keys_are_equal_where_names_are_and_sort_as_a_tree() {
        let key = |text| dn(text).key();
        assert_eq!(key("CN=A  b, O=Acme"), key("cn=a b,o=acme"));
        assert_eq!(key("cn=a+uid=b,o=acme"), key("uid=b+cn=a,o=acme"));
        assert_ne!(key("o=#0401"), key(r"o=\#0401"));
        assert_ne!(key(r"o=a\00b"), key("o=a,o=b"));
        let below = [key("o=acme"), vec![0]].concat()..[key("o=acme"), vec![1]].concat();
        assert!(below.contains(&key("cn=x,ou=y,o=acme")) && below.contains(&key("ou=\u{10ffff},o=acme")));
        assert!(!below.contains(&key("o=acme")) && !below.contains(&key("o=acme2")));
        assert!(!below.contains(&key(r"o=acme\00x")) && !below.contains(&key("o=acme+ou=x")));
    }

    #[test]
    fn what_is_escaped_reads_as_it_was() {
        for value in ["plain", " edge ", "#1", "a,b+c", "\"<>;=\\", "x\0y", "", " ", "\u{5d0},"] {
            let name = dn(&format!("cn={}, o=acme", Dn::escape(value)));
            assert_eq!(name.naming(), [("cn".to_owned(), value.to_owned())]);
        }
        assert!(matches!(Dn::escape("plain"), Cow::Borrowed("plain")));
    }
}
