//! What users and groups say (RFC 7643 section 4), and where an entry of the directory has it: one table, out of which
//! `/Schemas` is made, and by which resources are read, written, filtered, patched and cut down.

use gatepass::wire::scim::{ENTERPRISE_USER, GROUP, SchemaAttribute, USER};
use serde_json::Value;

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

const fn attribute(name: &'static str, kind: Type, says: &'static str) -> Attribute {
    Attribute {
        name,
        kind,
        multi: false,
        required: false,
        exact: matches!(kind, Type::Reference | Type::Binary),
        unique: false,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        place: Place::Own,
        parts: &[],
        canonical: &[],
        refers: &[],
        says,
    }
}

const fn text(name: &'static str, place: &'static str, says: &'static str) -> Attribute {
    Attribute { place: Place::In(place), ..attribute(name, Type::Text, says) }
}

const fn part(name: &'static str, says: &'static str) -> Attribute {
    attribute(name, Type::Text, says)
}

const fn complex(name: &'static str, parts: &'static [Attribute], says: &'static str) -> Attribute {
    Attribute { parts, ..attribute(name, Type::Complex, says) }
}

const fn several(
    name: &'static str,
    place: Place,
    parts: &'static [Attribute],
    says: &'static str,
) -> Attribute {
    Attribute { multi: true, place, ..complex(name, parts, says) }
}

const PRIMARY: Attribute =
    attribute("primary", Type::Flag, "Whether it is the preferred one; one is, at the most");
const DISPLAY: Attribute = part("display", "How it is shown to people");

const fn kind_of(canonical: &'static [&'static str]) -> Attribute {
    Attribute { canonical, ..part("type", "What it is for") }
}

const fn reference(name: &'static str, refers: &'static [&'static str], says: &'static str) -> Attribute {
    Attribute { refers, ..attribute(name, Type::Reference, says) }
}

/// Parts of what refers to another resource, which name it and so do not change.
const fn fixed(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::Immutable, ..attribute }
}

const fn read_only(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::ReadOnly, ..attribute }
}

const fn on_request(attribute: Attribute) -> Attribute {
    Attribute { returned: Returned::Request, ..attribute }
}

/// What every resource has: RFC 7643 section 3.1.
pub(super) const COMMON: &[Attribute] = &[
    Attribute {
        exact: true,
        required: true,
        mutability: Mutability::ReadOnly,
        returned: Returned::Always,
        place: Place::Nowhere,
        ..attribute("id", Type::Text, "The entry's `entryUUID`")
    },
    Attribute { exact: true, ..text("externalId", "externalId", "What the client calls it") },
    Attribute {
        mutability: Mutability::ReadOnly,
        place: Place::Nowhere,
        ..complex(
            "meta",
            &[
                Attribute { exact: true, ..read_only(part("resourceType", "`User` or `Group`")) },
                read_only(attribute("created", Type::Time, "When it was made")),
                read_only(attribute("lastModified", Type::Time, "When it was last changed")),
                read_only(reference("location", &["uri"], "Where it is")),
                Attribute { exact: true, ..read_only(part("version", "Its `ETag`")) },
            ],
            "What the server says of it",
        )
    },
    Attribute {
        multi: true,
        exact: true,
        required: true,
        returned: Returned::Always,
        place: Place::Nowhere,
        ..attribute("schemas", Type::Reference, "The schemas that it has attributes of")
    },
];

const PERSONAL_VALUES: &[Attribute] =
    &[part("value", "The value"), DISPLAY, kind_of(&["work", "home", "other"]), PRIMARY];

const USERS: &[Attribute] = &[
    Attribute {
        required: true,
        unique: true,
        ..text("userName", "uid", "What the user is called when signing in")
    },
    complex(
        "name",
        &[
            text("formatted", "cn", "The whole name"),
            text("familyName", "sn", "The family name"),
            text("givenName", "givenName", "The given name"),
            text("middleName", "middleName", "The middle name"),
            text("honorificPrefix", "personalTitle", "What stands before it"),
            text("honorificSuffix", "generationQualifier", "What stands behind it"),
        ],
        "The parts of the user's name",
    ),
    text("displayName", "displayName", "The name that is shown"),
    text("nickName", "nickName", "What friends call the user"),
    Attribute {
        place: Place::In("labeledURI"),
        ..reference("profileUrl", &["external"], "A page about the user")
    },
    text("title", "title", "The user's job"),
    text("userType", "employeeType", "How the user belongs to the organization"),
    text("preferredLanguage", "preferredLanguage", "The language that the user prefers to read"),
    text("locale", "locale", "How dates and numbers are written for the user"),
    text("timezone", "timezone", "The user's time zone"),
    attribute("active", Type::Flag, "Whether the user may sign in"),
    Attribute {
        mutability: Mutability::WriteOnly,
        returned: Returned::Never,
        place: Place::Nowhere,
        ..attribute("password", Type::Text, "Accepted, and not kept: nobody signs in to a sandbox")
    },
    several("emails", Place::In("mail"), PERSONAL_VALUES, "Addresses for mail"),
    several(
        "phoneNumbers",
        Place::In("telephoneNumber"),
        &[
            part("value", "The number"),
            DISPLAY,
            kind_of(&["work", "home", "mobile", "fax", "pager", "other"]),
            PRIMARY,
        ],
        "Numbers of telephones",
    ),
    several(
        "ims",
        Place::Own,
        &[
            part("value", "The address"),
            DISPLAY,
            kind_of(&["aim", "gtalk", "icq", "xmpp", "skype", "qq"]),
            PRIMARY,
        ],
        "Addresses for messages",
    ),
    several(
        "photos",
        Place::Own,
        &[
            reference("value", &["external"], "Where the picture is"),
            DISPLAY,
            kind_of(&["photo", "thumbnail"]),
            PRIMARY,
        ],
        "Pictures",
    ),
    several(
        "addresses",
        Place::Own,
        &[
            part("formatted", "The whole address"),
            part("streetAddress", "Street and number"),
            part("locality", "The town"),
            part("region", "The state or region"),
            part("postalCode", "The postal code"),
            part("country", "The country"),
            kind_of(&["work", "home", "other"]),
            PRIMARY,
        ],
        "Postal addresses",
    ),
    Attribute {
        mutability: Mutability::ReadOnly,
        ..several(
            "groups",
            Place::Groups,
            &[
                read_only(part("value", "The group's id")),
                read_only(reference("$ref", &["Group"], "Where the group is")),
                read_only(on_request(DISPLAY)),
                Attribute { canonical: &["direct"], ..read_only(part("type", "How the user belongs to it")) },
            ],
            "The groups that the user is in",
        )
    },
    several("entitlements", Place::Own, PLAIN_VALUES, "What the user may have"),
    several("roles", Place::Own, PLAIN_VALUES, "What the user is"),
    several(
        "x509Certificates",
        Place::Own,
        &[
            attribute("value", Type::Binary, "The certificate (DER)"),
            DISPLAY,
            part("type", "What it is for"),
            PRIMARY,
        ],
        "Certificates",
    ),
];

const PLAIN_VALUES: &[Attribute] =
    &[part("value", "The value"), DISPLAY, part("type", "What it is for"), PRIMARY];

const ENTERPRISE: &[Attribute] = &[
    text("employeeNumber", "employeeNumber", "The number that the organization gave"),
    text("costCenter", "costCenter", "Whose costs they are"),
    text("organization", "o", "The organization"),
    text("division", "division", "The division"),
    text("department", "departmentNumber", "The department"),
    Attribute {
        place: Place::Names("manager"),
        ..complex(
            "manager",
            &[
                part("value", "The manager's id"),
                reference("$ref", &["User"], "Where the manager is"),
                read_only(on_request(part("displayName", "The manager's name"))),
            ],
            "Who manages the user",
        )
    },
];

const GROUPS: &[Attribute] = &[
    Attribute { required: true, unique: true, ..text("displayName", "cn", "The group's name") },
    several(
        "members",
        Place::Members,
        &[
            fixed(part("value", "The member's id")),
            fixed(reference("$ref", &["User", "Group"], "Where the member is")),
            Attribute { canonical: &["User", "Group"], ..fixed(part("type", "What the member is")) },
            read_only(on_request(DISPLAY)),
        ],
        "Who is in the group",
    ),
];

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

pub(super) static USER_TYPE: Resource = Resource {
    name: "User",
    kind: Kind::User,
    endpoint: "/Users",
    says: "People",
    schemas: &[
        Schema { urn: USER, name: "User", says: "A user", attributes: USERS },
        Schema {
            urn: ENTERPRISE_USER,
            name: "EnterpriseUser",
            says: "A user of an enterprise",
            attributes: ENTERPRISE,
        },
    ],
    classes: &["top", "person", "organizationalPerson", "inetOrgPerson"],
    named_by: "uid",
    below: "ou=People",
};

pub(super) static GROUP_TYPE: Resource = Resource {
    name: "Group",
    kind: Kind::Group,
    endpoint: "/Groups",
    says: "Groups of people, and of groups",
    schemas: &[Schema { urn: GROUP, name: "Group", says: "A group", attributes: GROUPS }],
    classes: &["top", "groupOfNames"],
    named_by: "cn",
    below: "ou=Groups",
};

pub(super) static TYPES: [&Resource; 2] = [&USER_TYPE, &GROUP_TYPE];

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
