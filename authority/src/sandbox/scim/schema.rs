//! What users and groups say (RFC 7643 section 4), and where an entry of the directory has it: one table, out of which
//! `/Schemas` is made, and by which resources are read, written, filtered, patched and cut down. The table itself is in
//! `table`.

mod table;

use gatepass::wire::scim::SchemaAttribute;
use serde_json::Value;

pub(super) use self::table::{COMMON, GROUP_TYPE, TYPES, USER_TYPE};
use super::super::entry::Kind;

/// The type of an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Flag,
    Time,
    Reference,
    Binary,
    Complex,
}

/// Who may change an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
    WriteOnly,
}

/// When an attribute is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returned {
    Always,
    Default,
    Request,
    Never,
}

/// Where an entry has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In an attribute of its own name; what is complex, as complex values.
    Own,
    /// In this attribute. Of several values, `value` is there, and the rest of them in an attribute of its own name.
    In(&'static str),
    /// In this attribute, as the names of other entries.
    Names(&'static str),
    /// In the names of its members, whichever attribute its class has for them.
    Members,
    /// In the entries that have it as a member.
    Groups,
    /// Nowhere: it is made, or not kept.
    Nowhere,
}

/// An attribute.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "RFC 7643 section 7 has as many")]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    pub(super) multi: bool,
    pub(super) required: bool,
    pub(super) exact: bool,
    pub(super) unique: bool,
    pub(super) mutability: Mutability,
    pub(super) returned: Returned,
    pub(super) place: Place,
    pub(super) parts: &'static [Self],
    canonical: &'static [&'static str],
    refers: &'static [&'static str],
    says: &'static str,
}

/// A type of resources.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Where such resources are, under the base.
    pub(super) endpoint: &'static str,
    pub(super) says: &'static str,
    /// Its schema, and those that extend it.
    pub(super) schemas: &'static [Schema],
    /// The classes of a new entry, and the attribute that names it.
    pub(super) classes: &'static [&'static str],
    pub(super) named_by: &'static str,
    pub(super) below: &'static str,
}

/// Attributes under one URN.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) urn: &'static str,
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    pub(super) attributes: &'static [Attribute],
}

/// An attribute that was found by its path: under the URN of an extension or at the top, alone or as part of another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) extension: Option<&'static str>,
    pub(super) attribute: &'static Attribute,
    pub(super) part: Option<&'static Attribute>,
}

impl Resource {
    /// The attribute of this name, in any case: RFC 7643 section 2.1. Without a URN it is the core schema's, or the only one
    /// of that name.
    pub(super) fn find(&'static self, urn: Option<&str>, name: &str, part: Option<&str>) -> Option<Found> {
        let named = |list: &'static [Attribute]| list.iter().find(|of| of.name.eq_ignore_ascii_case(name));
        let core = self.schemas.first()?;
        let (extension, attribute) = match urn {
            None => common(name).map(|found| (None, found)).or_else(|| {
                let all = self.schemas.iter().enumerate();
                let mut found = all.filter_map(|(at, schema)| {
                    Some(((at > 0).then_some(schema.urn), named(schema.attributes)?))
                });
                found.next()
            })?,
            Some(urn) => {
                let schema = self.schemas.iter().find(|of| of.urn.eq_ignore_ascii_case(urn))?;
                let is_core = std::ptr::eq(schema, core);
                let common = if is_core { common(name) } else { None };
                let found = common.or_else(|| named(schema.attributes))?;
                ((!is_core).then_some(schema.urn), found)
            }
        };
        let part = match part {
            None => None,
            Some(part) => Some(attribute.part(part)?),
        };
        Some(Found { extension, attribute, part })
    }

    /// The extension of this URN.
    pub(super) fn extension(&'static self, urn: &str) -> Option<&'static Schema> {
        self.schemas.iter().skip(1).find(|schema| schema.urn.eq_ignore_ascii_case(urn))
    }

    /// The same of a path as clients write it where it is no filter: `name.givenName`, with a URN or without.
    pub(super) fn find_path(&'static self, path: &str) -> Option<Found> {
        let path = path.trim();
        let with_urn = self.schemas.iter().find_map(|schema| {
            let (urn, rest) = path.split_at_checked(schema.urn.len())?;
            let rest = rest.strip_prefix(':')?;
            urn.eq_ignore_ascii_case(schema.urn).then_some((schema.urn, rest))
        });
        let (urn, rest) = with_urn.map_or((None, path), |(urn, rest)| (Some(urn), rest));
        let (name, part) = rest.split_once('.').map_or((rest, None), |(name, part)| (name, Some(part)));
        self.find(urn, name, part)
    }
}

fn common(name: &str) -> Option<&'static Attribute> {
    COMMON.iter().find(|of| of.name.eq_ignore_ascii_case(name))
}

impl Attribute {
    /// A part of it, by its name in any case.
    pub(super) fn part(&'static self, name: &str) -> Option<&'static Self> {
        self.parts.iter().find(|of| of.name.eq_ignore_ascii_case(name))
    }

    /// How it describes itself: RFC 7643 section 7.
    pub(super) fn described(&self) -> SchemaAttribute {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let kind = match self.kind {
            Type::Text => "string",
            Type::Flag => "boolean",
            Type::Time => "dateTime",
            Type::Reference => "reference",
            Type::Binary => "binary",
            Type::Complex => "complex",
        };
        let mutability = match self.mutability {
            Mutability::ReadOnly => "readOnly",
            Mutability::ReadWrite => "readWrite",
            Mutability::Immutable => "immutable",
            Mutability::WriteOnly => "writeOnly",
        };
        let returned = match self.returned {
            Returned::Always => "always",
            Returned::Default => "default",
            Returned::Request => "request",
            Returned::Never => "never",
        };
        SchemaAttribute {
            name: self.name.to_owned(),
            kind: Some(kind.to_owned()),
            sub_attributes: self.parts.iter().map(Self::described).collect(),
            multi_valued: self.multi,
            description: Some(self.says.to_owned()),
            required: self.required,
            canonical_values: owned(self.canonical).into_iter().map(Value::from).collect(),
            case_exact: self.exact,
            mutability: Some(mutability.to_owned()),
            returned: Some(returned.to_owned()),
            uniqueness: Some(if self.unique { "server" } else { "none" }.to_owned()),
            reference_types: owned(self.refers),
        }
    }
}

#[cfg(test)]
mod tests {
    use gatepass::wire::scim::ENTERPRISE_USER;

    use super::*;

    #[test]
    fn attributes_are_found_by_any_path_that_names_them() {
        let name = |path: &str| {
            USER_TYPE.find_path(path).map(|found| {
                let part = found.part.map_or("", |part| part.name);
                format!("{} {} {part}", found.extension.unwrap_or_default(), found.attribute.name)
            })
        };
        assert_eq!(name("USERNAME").unwrap(), " userName ");
        assert_eq!(name("name.GIVENname").unwrap(), " name givenName");
        assert_eq!(name("urn:ietf:params:scim:schemas:core:2.0:user:userName").unwrap(), " userName ");
        assert_eq!(name("meta.lastModified").unwrap(), " meta lastModified");
        let department = format!("{ENTERPRISE_USER} department ");
        assert_eq!(name(&format!("{ENTERPRISE_USER}:department")).unwrap(), department);
        assert_eq!(name("department").unwrap(), department);
        for none in
            ["", ".", "name.", "nothing", "name.nothing", "userName.x", "urn:x:userName", ENTERPRISE_USER]
        {
            assert_eq!(name(none), None, "{none}");
        }
    }
}
