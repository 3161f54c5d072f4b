//! LDAP filters (RFC 4515): read within bounds, and asked of entries. An attribute that is not there fits nothing, so its
//! negation fits: of the three answers that X.511 has, "undefined" is "no" here.

use std::cmp::Ordering;
use std::collections::HashSet;

use gatepass::{Dn, Error, Result};
use rusqlite::Connection;
use serde_json::Value;

use super::entry::Stored;
use super::store::failed;
use super::syntax::{MEMBERS, Syntax, comparable, indexed, syntax};
use super::tree;

/// How deep a filter may be, and how long: whoever sends more than that means no search.
const DEPTH: usize = 50;
const LENGTH: usize = 64 << 10;
/// More entries than this are not looked for by an index: reading all in order is as good, and a page is as quick.
const CANDIDATES: usize = 10_000;

/// Which entries are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Present(String),
    Equal(String, String),
    AtLeast(String, String),
    AtMost(String, String),
    /// Texts in this order: at the beginning, in between, at the end.
    Parts(String, String, Vec<String>, String),
    /// By a matching rule; `dn` counts the values of the entry's name as well (`:dn`).
    Rule {
        attribute: String,
        rule: Rule,
        dn: bool,
        value: String,
    },
    /// One of these entries, by their keys: what `memberOf` comes to.
    OneOf(HashSet<Vec<u8>>),
}

/// The matching rules that are known (RFC 4517, and the two of Active Directory for bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Usual,
    IgnoreCase,
    Exact,
    AllBits,
    AnyBit,
}

impl Filter {
    /// Reads the text of a filter. The parentheses around it may be left out, as the vendor's examples do.
    ///
    /// # Errors
    /// Invalid input: `filter_malformed`, `filter_too_deep`, `filter_too_long`, `inappropriate_matching`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.len() > LENGTH {
            return Err(Error::invalid("filter", "filter_too_long", "a filter has at most 65536 bytes"));
        }
        let text = text.trim();
        let mut parser = Parser { rest: text };
        let filter = if text.starts_with('(') { parser.filter(0)? } else { Parser::item(text)? };
        if parser.rest.is_empty() || !text.starts_with('(') { Ok(filter) } else { Err(malformed()) }
    }

    /// All entries.
    pub(super) fn everything() -> Self {
        Self::Present("objectClass".to_owned())
    }

    /// Finds out what has to be found out once: who the members of a group are that is asked about.
    pub(super) fn resolve(&mut self, conn: &Connection) -> Result<()> {
        match self {
            Self::All(filters) | Self::Any(filters) => filters.iter_mut().try_for_each(|of| of.resolve(conn)),
            Self::Not(filter) => filter.resolve(conn),
            Self::Equal(attribute, group) if attribute.eq_ignore_ascii_case("memberOf") => {
                let group = Dn::parse("filter", group).ok().map(|name| tree::look_up(conn, &name));
                let group = group.transpose()?.flatten();
                let members = |of: &Stored| {
                    let values = MEMBERS.iter().flat_map(|name| of.values(name));
                    values.map(|value| comparable("member", &value)).collect()
                };
                *self = Self::OneOf(group.as_ref().map(members).unwrap_or_default());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether this entry is wanted.
    pub(super) fn fits(&self, entry: &Stored) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|of| of.fits(entry)),
            Self::Any(filters) => filters.iter().any(|of| of.fits(entry)),
            Self::Not(filter) => !filter.fits(entry),
            Self::OneOf(keys) => keys.contains(&entry.key),
            Self::Present(attribute) => any(entry, attribute, |_| true),
            Self::Equal(attribute, wanted) => {
                let wanted = comparable(attribute, wanted);
                any(entry, attribute, |value| comparable(attribute, value) == wanted)
            }
            Self::AtLeast(attribute, least) => {
                any(entry, attribute, |value| order(attribute, value, least) != Ordering::Less)
            }
            Self::AtMost(attribute, most) => {
                any(entry, attribute, |value| order(attribute, value, most) != Ordering::Greater)
            }
            Self::Parts(attribute, begin, between, end) => {
                let fold = |text: &str| folded(attribute, text);
                let (begin, end) = (fold(begin), fold(end));
                let between: Vec<_> = between.iter().map(|text| fold(text)).collect();
                any(entry, attribute, |value| has_parts(&fold(value), &begin, &between, &end))
            }
            Self::Rule { attribute, rule, dn, value: wanted } => {
                let matches = |value: &str| rule.fits(attribute, value, wanted);
                any(entry, attribute, matches) || *dn && is_in_name(entry, attribute, &matches)
            }
        }
    }

    /// The only entries that can fit, where an index tells, and they are not too many.
    pub(super) fn candidates(&self, conn: &Connection) -> Result<Option<Vec<i64>>> {
        match self {
            Self::All(filters) => {
                let mut best: Option<Vec<i64>> = None;
                for filter in filters {
                    let found = filter.candidates(conn)?;
                    let better = |found: &Vec<i64>| best.as_ref().is_none_or(|best| found.len() < best.len());
                    if let Some(found) = found.filter(better) {
                        best = Some(found);
                    }
                }
                Ok(best)
            }
            Self::Any(filters) => {
                let mut all = Vec::new();
                for filter in filters {
                    let Some(found) = filter.candidates(conn)? else { return Ok(None) };
                    all.extend(found);
                }
                all.sort_unstable();
                all.dedup();
                Ok((all.len() <= CANDIDATES).then_some(all))
            }
            Self::Equal(attribute, value) if attribute.eq_ignore_ascii_case("entryUUID") => {
                let found = tree::by_uuid(conn, &value.to_ascii_lowercase())?;
                Ok(Some(found.map(|entry| entry.id).into_iter().collect()))
            }
            Self::Equal(attribute, value) => {
                let Some(number) = indexed(attribute) else { return Ok(None) };
                let value = comparable(attribute, value);
                in_index(conn, "value = ?2", number, &value, &[])
            }
            Self::Parts(attribute, begin, ..) if syntax(attribute) != Syntax::Name => {
                // Without its last spaces: in the index they are squeezed. What does not fit is found out later.
                let begin = match syntax(attribute) {
                    Syntax::Exact => begin.clone(),
                    _ => Dn::folded(begin),
                };
                let Some(number) = indexed(attribute).filter(|_| !begin.is_empty()) else { return Ok(None) };
                // What begins so comes before whatever begins so and goes on with what no UTF-8 has.
                let end = [begin.as_bytes(), &[0xff]].concat();
                in_index(conn, "value >= ?2 AND value < ?3", number, begin.as_bytes(), &end)
            }
            _ => Ok(None),
        }
    }
}

fn in_index(
    conn: &Connection,
    condition: &str,
    attribute: i64,
    value: &[u8],
    end: &[u8],
) -> Result<Option<Vec<i64>>> {
    let most = CANDIDATES + 1;
    let sql = format!("SELECT entry FROM value WHERE attribute = ?1 AND {condition} LIMIT {most}");
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let read = |row: &rusqlite::Row<'_>| row.get(0);
    let rows = if end.is_empty() {
        statement.query_map(rusqlite::params![attribute, value], read)
    } else {
        statement.query_map(rusqlite::params![attribute, value, end], read)
    };
    let found: Vec<i64> = rows.and_then(Iterator::collect).map_err(failed)?;
    Ok((found.len() < most).then_some(found))
}

/// Whether an attribute has such a value. `address.state` is what the complex values of `address` say (the vendor's page on
/// complex attributes).
fn any(entry: &Stored, attribute: &str, fits: impl Fn(&str) -> bool) -> bool {
    if let Some(values) = entry.attributes.get(attribute) {
        return values.iter().any(|value| fits(value));
    }
    if let Some(value) = entry.operational(attribute) {
        return fits(&value);
    }
    let Some((name, part)) = attribute.split_once('.') else { return false };
    let parts = |value: &String| -> Option<Vec<String>> {
        let value: Value = serde_json::from_str(value).ok()?;
        let found = value.as_object()?.iter().find(|(of, _)| of.eq_ignore_ascii_case(part))?.1.clone();
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Some(match found {
            Value::Array(list) => list.into_iter().map(text).collect(),
            one => vec![text(one)],
        })
    };
    let values = entry.attributes.get(name).unwrap_or_default();
    values.iter().filter_map(parts).flatten().any(|value| fits(&value))
}

fn is_in_name(entry: &Stored, attribute: &str, fits: &impl Fn(&str) -> bool) -> bool {
    let steps = std::iter::successors(entry.name().ok(), Dn::parent);
    steps
        .flat_map(|step| step.naming())
        .any(|(name, value)| (attribute.is_empty() || name.eq_ignore_ascii_case(attribute)) && fits(&value))
}

/// Numbers as numbers, all else as texts.
fn order(attribute: &str, a: &str, b: &str) -> Ordering {
    match (a.trim().parse::<i64>(), b.trim().parse::<i64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => folded(attribute, a).cmp(&folded(attribute, b)),
    }
}

fn folded(attribute: &str, text: &str) -> String {
    match syntax(attribute) {
        Syntax::Exact => text.to_owned(),
        // Spaces at the ends of a part may stand within the value.
        Syntax::Text | Syntax::Name => text.to_lowercase(),
    }
}

fn has_parts(value: &str, begin: &str, between: &[String], end: &str) -> bool {
    let Some(mut rest) = value.strip_prefix(begin) else { return false };
    for part in between {
        let Some((_, after)) = rest.split_once(part.as_str()) else { return false };
        rest = after;
    }
    rest.ends_with(end)
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

    fn fits(self, attribute: &str, value: &str, wanted: &str) -> bool {
        let bits = || Some((value.parse::<i64>().ok()?, wanted.parse::<i64>().ok()?));
        match self {
            Self::Usual => comparable(attribute, value) == comparable(attribute, wanted),
            Self::IgnoreCase => Dn::folded(value) == Dn::folded(wanted),
            Self::Exact => value == wanted,
            Self::AllBits => bits().is_some_and(|(value, wanted)| value & wanted == wanted),
            Self::AnyBit => bits().is_some_and(|(value, wanted)| value & wanted != 0),
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
    super::entry::is_name(0, text).map_err(|_| malformed())?;
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
    use gatepass::Timestamp;
    use gatepass::wire::adap::Attributes;

    use super::super::entry::Kind;
    use super::*;

    fn entry() -> Stored {
        let dn = Dn::parse("dn", "uid=al,ou=People,o=acme").unwrap();
        let attributes = Attributes::new()
            .with("objectClass", ["person"])
            .with("cn", ["Ána Lima", "Lima, Ána (x*y)"])
            .with("uid", ["al"])
            .with("age", ["42"])
            .with("flags", ["6"])
            .with("manager", ["uid=B, ou=People, O=acme"])
            .with("address", [r#"{"state":"NY","tags":["a","b"]}"#]);
        Stored {
            id: 1,
            uuid: "00000000-0000-4000-8000-000000000001".to_owned(),
            key: dn.key(),
            parent: None,
            dn: dn.to_string(),
            kind: Kind::User,
            attributes,
            created: Timestamp::MAX,
            modified: Timestamp::MAX,
            version: 1,
        }
    }

    #[test]
    fn entries_fit_as_rfc_4511_says() {
        let entry = entry();
        for (filter, fits) in [
            ("(cn=ÁNA  lima)", true),
            ("cn=ána lima", true),
            ("(cn=ana lima)", false),
            ("(cn=*)", true),
            ("(nothing=*)", false),
            ("(!(nothing=x))", true),
            ("(&)", true),
            ("(|)", false),
            ("(&(cn=á*)(|(uid=x)(uid=AL)))", true),
            ("(& (cn=á*) (uid=al) )", true),
            ("(cn=*LIM*)", true),
            ("(cn=á*i*a)", true),
            ("(cn=á*a*i*a)", true),
            ("(cn=á*a*a*i*a)", false),
            (r"(cn=*\28x\2ay\29)", true),
            (r"(cn=*\28x\2a\29)", false),
            (r"(cn=Lima\2c *)", true),
            ("(cn=aa*)", false),
            ("(uid=a*l)", true),
            ("(uid=al*l)", false),
            ("(age>=9)", true),
            ("(age<=9)", false),
            ("(age>=43)", false),
            ("(uid>=ak)", true),
            ("(nothing>=1)", false),
            ("(cn~=ána lima)", true),
            ("(manager=UID=b,ou=people,o=acme)", true),
            ("(entryUUID=00000000-0000-4000-8000-000000000001)", true),
            ("(entryDN=uid=al, ou=People, o=acme)", true),
            ("(flags:1.2.840.113556.1.4.803:=2)", true),
            ("(flags:1.2.840.113556.1.4.803:=3)", false),
            ("(flags:1.2.840.113556.1.4.804:=3)", true),
            ("(uid:caseExactMatch:=AL)", false),
            ("(uid:2.5.13.2:=AL)", true),
            ("(uid:=AL)", true),
            ("(ou:dn:=people)", true),
            ("(ou:=people)", false),
            ("(address.state=ny)", true),
            ("(address.tags=b)", true),
            ("(address.none=ny)", false),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().fits(&entry), fits, "{filter}");
        }
    }

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
