//! What is known of attributes: how their values compare, which are found by an index, which have one value at the most.
//! Of all others nothing is known, and they are texts that compare without regard to case.

use gatepass::Dn;

/// How values of an attribute compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Texts, without regard to case and repeated spaces.
    Text,
    /// Texts, byte by byte.
    Exact,
    /// Distinguished names.
    Name,
}

/// Attributes whose values are names of entries: what they refer to is renamed and deleted with its entry.
pub(super) const NAMES: [&str; 6] = ["member", "uniqueMember", "manager", "owner", "secretary", "seeAlso"];
/// Attributes of groups that say who belongs to them.
pub(super) const MEMBERS: [&str; 2] = ["member", "uniqueMember"];
const EXACT: [&str; 4] = ["labeledURI", "externalId", "homeDirectory", "loginShell"];
/// The place of an attribute among these is its number in the index, so the order never changes.
const INDEXED: [&str; 11] = [
    "member",
    "uniqueMember",
    "manager",
    "owner",
    "secretary",
    "seeAlso",
    "uid",
    "cn",
    "mail",
    "externalId",
    "employeeNumber",
];
/// Attributes with one value at the most, by their definitions (RFC 4519, RFC 2798, RFC 4524) or in the sandbox.
const SINGLE: [&str; 15] = [
    "displayName",
    "employeeNumber",
    "preferredLanguage",
    "c",
    "externalId",
    "active",
    "uidNumber",
    "gidNumber",
    "homeDirectory",
    "loginShell",
    "locale",
    "timezone",
    "entryUUID",
    "createTimestamp",
    "modifyTimestamp",
];

fn is_in(list: &[&str], attribute: &str) -> bool {
    list.iter().any(|of| of.eq_ignore_ascii_case(attribute))
}

/// How values of this attribute compare.
pub(super) fn syntax(attribute: &str) -> Syntax {
    match attribute {
        _ if is_in(&NAMES, attribute) => Syntax::Name,
        _ if ["memberOf", "entryDN"].iter().any(|of| of.eq_ignore_ascii_case(attribute)) => Syntax::Name,
        _ if is_in(&EXACT, attribute) => Syntax::Exact,
        _ => Syntax::Text,
    }
}

/// Whether this attribute has one value at the most.
pub(super) fn is_single(attribute: &str) -> bool {
    is_in(&SINGLE, attribute)
}

/// The attribute's number in the index, where it is in it.
pub(super) fn indexed(attribute: &str) -> Option<i64> {
    INDEXED.iter().position(|of| of.eq_ignore_ascii_case(attribute)).and_then(|at| i64::try_from(at).ok())
}

/// A value in the form in which equal ones are the same bytes.
pub(super) fn comparable(attribute: &str, value: &str) -> Vec<u8> {
    match syntax(attribute) {
        Syntax::Exact => value.as_bytes().to_vec(),
        Syntax::Text => Dn::folded(value).into_bytes(),
        Syntax::Name => match Dn::parse("dn", value) {
            Ok(name) => name.key(),
            // What is no name is like itself alone; no key begins so.
            Err(_) => [&[0xff], value.as_bytes()].concat(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_by_their_attribute() {
        let same = |attribute, a, b| comparable(attribute, a) == comparable(attribute, b);
        assert!(same("cn", "Ana  Lima", "ANA lima "));
        assert!(!same("labeleduri", "http://A", "http://a"));
        assert!(same("MEMBER", "uid=a, O=Acme", "UID=A,o=acme"));
        assert!(!same("member", "no name", "No name"));
        assert!(!same("cn", "uid=a, o=acme", "uid=a,o=acme"));
    }

    #[test]
    fn every_name_is_in_the_index() {
        assert!(NAMES.iter().chain(&MEMBERS).all(|name| indexed(name).is_some()));
    }
}
