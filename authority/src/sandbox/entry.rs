//! An entry as it is kept, and what is done with its attributes.

use std::collections::HashSet;

use gatepass::wire::adap::Attributes;
use gatepass::{Dn, Error, Result, Timestamp};
use rusqlite::Row;

use super::syntax::{comparable, is_single};

/// What an entry is to SCIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Other = 0,
    User = 1,
    Group = 2,
}

impl Kind {
    /// By the classes that directories have for people and for groups.
    pub(super) fn of(attributes: &Attributes) -> Self {
        const PEOPLE: [&str; 4] = ["inetOrgPerson", "person", "organizationalPerson", "user"];
        const GROUPS: [&str; 3] = ["groupOfNames", "groupOfUniqueNames", "group"];
        let classes = attributes.get("objectClass").unwrap_or_default();
        let is_one_of =
            |names: &[&str]| classes.iter().any(|of| names.iter().any(|name| name.eq_ignore_ascii_case(of)));
        match () {
            () if is_one_of(&PEOPLE) => Self::User,
            () if is_one_of(&GROUPS) => Self::Group,
            () => Self::Other,
        }
    }
}

/// An entry of the directory.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) uuid: String,
    pub(super) key: Vec<u8>,
    pub(super) parent: Option<i64>,
    pub(super) dn: String,
    pub(super) kind: Kind,
    pub(super) attributes: Attributes,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) version: i64,
}

impl Stored {
    /// The columns that [`read`](Self::read) reads, in its order.
    pub(super) const COLUMNS: &str =
        "id, uuid, key, parent, dn, kind, attributes, created, modified, version";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let time = |at| row.get(at).map(|millis| Timestamp::from_millis(millis).unwrap_or(Timestamp::MAX));
        let attributes: String = row.get(6)?;
        let broken = |error| {
            rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(error))
        };
        Ok(Self {
            id: row.get(0)?,
            uuid: row.get(1)?,
            key: row.get(2)?,
            parent: row.get(3)?,
            dn: row.get(4)?,
            kind: match row.get(5)? {
                1 => Kind::User,
                2 => Kind::Group,
                _ => Kind::Other,
            },
            attributes: serde_json::from_str(&attributes).map_err(broken)?,
            created: time(7)?,
            modified: time(8)?,
            version: row.get(9)?,
        })
    }

    /// What says something of no entry: the directory of itself (RFC 4512 section 5.1).
    pub(super) fn nowhere(attributes: Attributes) -> Self {
        let (created, modified) = (Timestamp::MAX, Timestamp::MAX);
        let (uuid, key, dn) = (String::new(), Vec::new(), String::new());
        Self {
            id: 0,
            uuid,
            key,
            parent: None,
            dn,
            kind: Kind::Other,
            attributes,
            created,
            modified,
            version: 0,
        }
    }

    /// The values of an attribute, those that the directory itself keeps among them.
    pub(super) fn values(&self, attribute: &str) -> Vec<String> {
        match self.attributes.get(attribute) {
            Some(values) => values.to_vec(),
            None => self.operational(attribute).into_iter().collect(),
        }
    }

    /// What the directory itself says of an entry (RFC 4512 section 3.4, RFC 4530, RFC 5020).
    pub(super) fn operational(&self, attribute: &str) -> Option<String> {
        let is = |name: &str| attribute.eq_ignore_ascii_case(name);
        match () {
            () if is("entryUUID") => Some(self.uuid.clone()),
            () if is("entryDN") => Some(self.dn.clone()),
            () if is("createTimestamp") => Some(generalized(self.created)),
            () if is("modifyTimestamp") => Some(generalized(self.modified)),
            () => None,
        }
    }

    /// The name of it. One that is in the file has been read before.
    pub(super) fn name(&self) -> Result<Dn> {
        Dn::parse("dn", &self.dn)
    }
}

/// What the directory itself says of entries, and gives when it is asked for by name or by `+` (RFC 3673).
pub(super) const OPERATIONAL: [&str; 4] = ["entryUUID", "entryDN", "createTimestamp", "modifyTimestamp"];

/// RFC 4517 section 3.3.13.
fn generalized(time: Timestamp) -> String {
    time.to_string().chars().filter(|c| !matches!(c, '-' | ':' | 'T')).collect()
}

/// Puts these values in the place of an attribute's; none take it away.
pub(super) fn set(attributes: &mut Attributes, name: &str, values: Vec<String>) {
    if !values.is_empty() {
        attributes.insert(known_as(attributes, name), values);
    } else if attributes.get(name).is_some() {
        let old = std::mem::take(attributes);
        *attributes = old.into_iter().filter(|(of, _)| !of.eq_ignore_ascii_case(name)).collect();
    }
}

/// The attribute's name as it is written there already.
fn known_as(attributes: &Attributes, name: &str) -> String {
    let known = attributes.iter().find(|(of, _)| of.eq_ignore_ascii_case(name));
    known.map_or(name, |(of, _)| of).to_owned()
}

/// Whether an attribute has this value.
pub(super) fn has(attributes: &Attributes, name: &str, value: &str) -> bool {
    let wanted = comparable(name, value);
    attributes.get(name).unwrap_or_default().iter().any(|of| comparable(name, of) == wanted)
}

/// Attributes as they may be kept: their names are names, they have values, and each value once.
///
/// # Errors
/// Those of the table in `wire::adap`.
pub(super) fn checked(attributes: Attributes) -> Result<Attributes> {
    let mut all = Attributes::new();
    for (at, (name, values)) in attributes.into_iter().enumerate() {
        is_name(at, &name)?;
        if all.get(&name).is_some() {
            return Err(refused(at, "attribute_or_value_exists", "is there twice"));
        }
        let values = checked_values(at, &name, values)?;
        set(&mut all, &name, values);
    }
    Ok(all)
}

/// The same of the values of one of several attributes. Passwords are not kept: this is a directory of invented people, and nobody signs
/// in to it.
pub(super) fn checked_values(at: usize, name: &str, values: Vec<String>) -> Result<Vec<String>> {
    if name.eq_ignore_ascii_case("userPassword") {
        return Ok(Vec::new());
    }
    if OPERATIONAL.iter().any(|of| of.eq_ignore_ascii_case(name)) || name.eq_ignore_ascii_case("memberOf") {
        return Err(refused(at, "constraint_violation", "is kept by the directory itself"));
    }
    if values.len() > 1 && is_single(name) {
        return Err(refused(at, "constraint_violation", "has one value at the most"));
    }
    let mut seen = HashSet::with_capacity(values.len());
    for value in &values {
        if value.is_empty() {
            return Err(refused(at, "invalid_attribute_syntax", "has an empty value"));
        }
        if !seen.insert(comparable(name, value)) {
            return Err(refused(at, "attribute_or_value_exists", "has a value twice"));
        }
    }
    Ok(values)
}

/// RFC 4512 section 2.5, and `_` and `.`, which RadiantOne has.
pub(super) fn is_name(at: usize, name: &str) -> Result<()> {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b';');
    if !name.is_empty() && name.len() <= 256 && name.bytes().all(is_of_name) {
        return Ok(());
    }
    Err(refused(at, "undefined_attribute_type", "has a name that is none"))
}

/// What is wrong with one of several attributes. It is told by its number, for texts of others are not quoted.
fn refused(at: usize, code: &'static str, text: &str) -> Error {
    Error::invalid("attributes", code, format!("number {}: {text}", at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_one_in_any_case_of_its_name() {
        let mut attributes = Attributes::from([("givenName", ["Ana"])]);
        set(&mut attributes, "GIVENNAME", vec!["Bo".to_owned()]);
        assert_eq!(serde_json::to_string(&attributes).unwrap(), r#"{"givenName":["Bo"]}"#);
        assert!(has(&attributes, "givenname", "bO"));
        set(&mut attributes, "givenname", Vec::new());
        assert!(attributes.is_empty());
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let code = |name: &str, values: &[&str]| {
            let all: Attributes = [(name, values.iter().copied())].into_iter().collect();
            checked(all).err().map(|error| error.code().to_owned())
        };
        assert_eq!(code("cn", &["a", "b"]), None);
        assert_eq!(code("cn", &["a", "A "]).as_deref(), Some("attribute_or_value_exists"));
        assert_eq!(code("cn", &[""]).as_deref(), Some("invalid_attribute_syntax"));
        assert_eq!(code("c n", &["a"]).as_deref(), Some("undefined_attribute_type"));
        assert_eq!(code("employeeNumber", &["1", "2"]).as_deref(), Some("constraint_violation"));
        assert_eq!(code("entryuuid", &["1"]).as_deref(), Some("constraint_violation"));
        let password = Attributes::from([("userPassword", ["hunter2"])]);
        assert!(checked(password).unwrap().is_empty());
    }

    #[test]
    fn times_are_written_as_directories_write_them() {
        let time: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        assert_eq!(generalized(time), "20260301090000.000Z");
    }
}
