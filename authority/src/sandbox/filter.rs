//! LDAP filters (RFC 4511 section 4.5.1.7), asked of entries. An attribute that is not there fits nothing, so its
//! negation fits: of the three answers that X.511 has, "undefined" is "no" here.

mod parse;

use std::cmp::Ordering;
use std::collections::HashSet;

use gatepass::{Dn, Result};
use rusqlite::Connection;
use serde_json::Value;

use super::entry::Stored;
use super::store::failed;
use super::syntax::{MEMBERS, Syntax, comparable, indexed, syntax};
use super::tree;

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

#[cfg(test)]
mod tests {
    use gatepass::Timestamp;
    use gatepass::wire::adap::Attributes;

    use super::super::entry::Kind;
    use super::*;

    pub(super) fn entry() -> Stored {
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
}
