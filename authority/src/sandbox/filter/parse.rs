//! The text of a filter (RFC 4515), read within bounds.
//!
//! The crates that read such filters bring an LDAP client, a parser's toolkit, or a licence of their own with them, and none
//! bounds how deep it goes; what is to be read is some hundred lines.

use gatepass::{Error, Result};

use super::{Filter, Rule};
use crate::sandbox::entry::is_name;

/// How deep a filter may be, and how long: whoever sends more than that means no search.
const DEPTH: usize = 50;
const LENGTH: usize = 64 << 10;
impl Filter {
    /// Reads the text of a filter. The parentheses around it may be left out, as the vendor's examples do.
    ///
    /// # Errors
    /// Invalid input: `filter_malformed`, `filter_too_deep`, `filter_too_long`, `inappropriate_matching`.
    pub(in crate::sandbox) fn parse(text: &str) -> Result<Self> {
        if text.len() > LENGTH {
            return Err(Error::invalid("filter", "filter_too_long", "a filter has at most 65536 bytes"));
        }
        let text = text.trim();
        let mut parser = Parser { rest: text };
        let filter = if text.starts_with('(') { parser.filter(0)? } else { Parser::item(text)? };
        if parser.rest.is_empty() || !text.starts_with('(') { Ok(filter) } else { Err(malformed()) }
    }
}

impl Rule {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "" => Some(Self::Usual),
            "caseignorematch" | "2.5.13.2" | "caseignoreia5match" | "1.3.6.1.4.1.1466.109.114.2" => {
                Some(Self::IgnoreCase)
            }
            "caseexactmatch" | "2.5.13.5" | "caseexactia5match" | "1.3.6.1.4.1.1466.109.114.1" => {
                Some(Self::Exact)
            }
            "1.2.840.113556.1.4.803" => Some(Self::AllBits),
            "1.2.840.113556.1.4.804" => Some(Self::AnyBit),
            _ => None,
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn filter(&mut self, depth: usize) -> Result<Filter> {
        if depth > DEPTH {
            return Err(Error::invalid("filter", "filter_too_deep", "a filter is at most 50 levels deep"));
        }
        self.take('(')?;
        let filter = match self.rest.chars().next() {
            Some('&') => Filter::All(self.filters(depth)?),
            Some('|') => Filter::Any(self.filters(depth)?),
            Some('!') => {
                self.take('!')?;
                Filter::Not(Box::new(self.filter(depth + 1)?))
            }
            _ => {
                // In a value, parentheses are escaped.
                let (item, _) = self.rest.split_once(')').ok_or_else(malformed)?;
                self.rest = self.rest.get(item.len()..).ok_or_else(malformed)?;
                Self::item(item)?
            }
        };
        self.take(')')?;
        Ok(filter)
    }

    fn filters(&mut self, depth: usize) -> Result<Vec<Filter>> {
        self.rest = self.rest.get(1..).ok_or_else(malformed)?;
        let mut filters = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(' ');
            if !self.rest.starts_with('(') {
                return Ok(filters);
            }
            filters.push(self.filter(depth + 1)?);
        }
    }

    fn item(text: &'a str) -> Result<Filter> {
        let (left, value) = text.split_once('=').ok_or_else(malformed)?;
        let left = left.trim();
        let with = |end| left.strip_suffix(end).map(name).transpose();
        if let Some(attribute) = with('>')? {
            return Ok(Filter::AtLeast(attribute, unescaped(value)?));
        }
        if let Some(attribute) = with('<')? {
            return Ok(Filter::AtMost(attribute, unescaped(value)?));
        }
        if let Some(attribute) = with('~')? {
            return Ok(Filter::Equal(attribute, unescaped(value)?));
        }
        if let Some(left) = left.strip_suffix(':') {
            return Self::rule(left, value);
        }
        let attribute = name(left)?;
        let parts: Vec<&str> = value.split('*').collect();
        match parts.as_slice() {
            [value] => Ok(Filter::Equal(attribute, unescaped(value)?)),
            ["", ""] => Ok(Filter::Present(attribute)),
            [begin, between @ .., end] => {
                let between = between.iter().filter(|part| !part.is_empty());
                let between = between.map(|part| unescaped(part)).collect::<Result<_>>()?;
                Ok(Filter::Parts(attribute, unescaped(begin)?, between, unescaped(end)?))
            }
            [] => Err(malformed()),
        }
    }

    fn rule(left: &str, value: &str) -> Result<Filter> {
        let mut parts = left.split(':');
        let attribute = parts.next().unwrap_or_default();
        let mut rest: Vec<&str> = parts.collect();
        let dn = rest.first().is_some_and(|first| first.eq_ignore_ascii_case("dn"));
        if dn {
            rest.remove(0);
        }
        let rule = match rest.as_slice() {
            [] => "",
            [rule] => rule,
            _ => return Err(malformed()),
        };
        if attribute.is_empty() && (rule.is_empty() || !dn) {
            return Err(malformed());
        }
        let known = || {
            let text = "the matching rule is not known here";
            Error::invalid("filter", "inappropriate_matching", text)
        };
        let attribute = if attribute.is_empty() { String::new() } else { name(attribute)? };
        let rule = Rule::named(rule).ok_or_else(known)?;
        Ok(Filter::Rule { attribute, rule, dn, value: unescaped(value)? })
    }

    fn take(&mut self, wanted: char) -> Result<()> {
        self.rest = self.rest.trim_start_matches(' ').strip_prefix(wanted).ok_or_else(malformed)?;
        Ok(())
    }
}

fn name(text: &str) -> Result<String> {
    is_name(0, text).map_err(|_| malformed())?;
    Ok(text.to_owned())
}

/// RFC 4515 section 3: a backslash, and two hexadecimal digits of a byte.
fn unescaped(text: &str) -> Result<String> {
    if text.contains(['(', ')', '\0']) {
        return Err(malformed());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        let byte = high.zip(low).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
        bytes.push(byte.ok_or_else(malformed)?);
    }
    // No value here is anything but UTF-8.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn malformed() -> Error {
    Error::invalid("filter", "filter_malformed", "expected a filter (RFC 4515), such as (cn=A*)")
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

    #[test]
    fn what_is_no_filter_is_refused_whatever_it_is() {
        for (filter, code) in [
            ("", "filter_malformed"),
            ("(", "filter_malformed"),
            ("()", "filter_malformed"),
            ("(cn=a", "filter_malformed"),
            ("(cn=a))", "filter_malformed"),
            ("cn=a)", "filter_malformed"),
            ("(cn=a)(cn=b)", "filter_malformed"),
            ("(!)", "filter_malformed"),
            ("(!(cn=a)(cn=b))", "filter_malformed"),
            ("(&(cn=a)x)", "filter_malformed"),
            ("(=a)", "filter_malformed"),
            ("(c n=a)", "filter_malformed"),
            ("(cn)", "filter_malformed"),
            (r"(cn=\zz)", "filter_malformed"),
            (r"(cn=\2)", "filter_malformed"),
            ("(cn=\0)", "filter_malformed"),
            ("(:=a)", "filter_malformed"),
            ("(cn:a:b:=c)", "filter_malformed"),
            ("(cn:1.2.3:=a)", "inappropriate_matching"),
        ] {
            assert_eq!(Filter::parse(filter).unwrap_err().code(), code, "{filter}");
        }
        let nested = |depth| format!("{}(cn=a){}", "(!".repeat(depth), ")".repeat(depth));
        assert!(Filter::parse(&nested(50)).is_ok());
        for deep in [nested(51), nested(20_000), "(&".repeat(30_000)] {
            assert_eq!(Filter::parse(&deep).unwrap_err().code(), "filter_too_deep");
        }
        let long = format!("(cn={})", "a".repeat(LENGTH));
        assert_eq!(Filter::parse(&long).unwrap_err().code(), "filter_too_long");
        // No text breaks it, nor what comes of it.
        let (one, mut state) = (entry(), 1_u64);
        let pieces = [
            "(", ")", "&", "|", "!", "=", "*", "\\", "\\2a", ":", "<", ">", "~", "cn", "é", " ", "dn", ",",
            ".",
        ];
        for _ in 0..50_000 {
            let mut text = String::new();
            for _ in 0..state % 23 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[usize::try_from(state >> 33).unwrap() % pieces.len()]);
            }
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            if let Ok(filter) = Filter::parse(&text) {
                filter.fits(&one);
            }
        }
        // Bytes that are no UTF-8 fit nothing, and break nothing.
        assert!(!Filter::parse(r"(cn=\ff\c3)").unwrap().fits(&entry()));
    }
}
