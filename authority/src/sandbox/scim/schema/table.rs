//! The table: RFC 7643 sections 3.1, 4.1, 4.2 and 4.3, and which attribute of an entry each is.

use gatepass::wire::scim::{ENTERPRISE_USER, GROUP, USER};

use super::{Attribute, Mutability, Place, Resource, Returned, Schema, Type};
use crate::sandbox::entry::Kind;

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
pub(in crate::sandbox::scim) const COMMON: &[Attribute] = &[
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

pub(in crate::sandbox::scim) static USER_TYPE: Resource = Resource {
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

pub(in crate::sandbox::scim) static GROUP_TYPE: Resource = Resource {
    name: "Group",
    kind: Kind::Group,
    endpoint: "/Groups",
    says: "Groups of people, and of groups",
    schemas: &[Schema { urn: GROUP, name: "Group", says: "A group", attributes: GROUPS }],
    classes: &["top", "groupOfNames"],
    named_by: "cn",
    below: "ou=Groups",
};

pub(in crate::sandbox::scim) static TYPES: [&Resource; 2] = [&USER_TYPE, &GROUP_TYPE];
