//! The JSON of SCIM 2.0 (RFC 7643, RFC 7644) that a client and a server exchange, under a base such as
//! `https://HOST:8090/scim2/v2`: the messages, and what a server says of itself. Resources are whatever its schemas say.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::null_is_default;
use crate::{Error, Result};

/// The media type (RFC 7644 section 3.1).
pub const MEDIA_TYPE: &str = "application/scim+json";
/// The schema of [`ListResponse`].
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of [`PatchOp`].
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The schema of [`ScimError`].
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// The schema of a search that is sent by POST.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// The schema of a user.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of what a user is in an enterprise.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema of a group.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The schema of a [`Schema`].
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
/// The schema of a [`ResourceType`].
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// The schema of what a server can do.
pub const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// The path of the schemas.
pub const SCHEMAS: &str = "/Schemas";
/// The path of the resource types.
pub const RESOURCE_TYPES: &str = "/ResourceTypes";
/// The same as the vendor writes it.
pub const RESOURCE_TYPES_OF_VENDOR: &str = "/resourcetypes";
/// The path of what the server can do.
pub const SERVICE_PROVIDER: &str = "/ServiceProviderConfig";

/// A part of what fits a query: RFC 7644 section 3.4.2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct ListResponse<T> {
    /// [`LIST_RESPONSE`].
    #[serde(default)]
    pub schemas: Vec<String>,
    /// How many fit in all.
    #[serde(default, deserialize_with = "null_is_default")]
    pub total_results: u64,
    /// The number of the first of these, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_index: Option<u64>,
    /// How many these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items_per_page: Option<u64>,
    /// These.
    #[serde(rename = "Resources", default = "Vec::new", deserialize_with = "null_is_default")]
    pub resources: Vec<T>,
}

impl<T> ListResponse<T> {
    /// These, of so many, the first of which has this number.
    pub fn new(resources: Vec<T>, start_index: u64, total_results: u64) -> Self {
        Self {
            schemas: vec![LIST_RESPONSE.to_owned()],
            total_results,
            start_index: Some(start_index),
            items_per_page: Some(resources.len() as u64),
            resources,
        }
    }
}

/// The parameters of a query: RFC 7644 section 3.4.2.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListParams {
    /// Which are wanted.
    pub filter: Option<String>,
    /// The attribute by which they are sorted.
    pub sort_by: Option<String>,
    /// In which direction.
    pub sort_order: Option<SortOrder>,
    /// The number of the first that is wanted, from 1; what is less means 1.
    pub start_index: Option<i64>,
    /// How many are wanted at the most; what is less than 0 means 0.
    pub count: Option<i64>,
    /// The attributes that are wanted, between commas.
    pub attributes: Option<String>,
    /// Those that are not.
    pub excluded_attributes: Option<String>,
}

/// The direction in which resources are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SortOrder {
    /// The least first.
    #[default]
    Ascending,
    /// The greatest first.
    Descending,
}

impl SortOrder {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }
}

impl FromStr for SortOrder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "ascending" => Ok(Self::Ascending),
            "descending" => Ok(Self::Descending),
            _ => Err(Error::invalid("sortOrder", "sort_order_unknown", "expected ascending or descending")),
        }
    }
}

/// Changes of a resource, all of them or none, in this order: RFC 7644 section 3.5.2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use]
pub struct PatchOp {
    /// [`PATCH_OP`].
    #[serde(default)]
    pub schemas: Vec<String>,
    /// The changes.
    #[serde(rename = "Operations")]
    pub operations: Vec<PatchOperation>,
}

/// One change.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PatchOperation {
    /// What is done.
    pub op: PatchKind,
    /// To what; to the resource as a whole where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// With what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// Without the value, which may be a password.
impl fmt::Debug for PatchOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchOperation")
            .field("op", &self.op)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What a change does. It is read in any case, for a widespread client writes `Replace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchKind {
    /// Adds a value, or sets one where there can be one only.
    Add,
    /// Takes values away.
    Remove,
    /// Puts a value in the place of what was there.
    Replace,
}

impl<'de> Deserialize<'de> for PatchKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?.to_ascii_lowercase();
        match text.as_str() {
            "add" => Ok(Self::Add),
            "remove" => Ok(Self::Remove),
            "replace" => Ok(Self::Replace),
            _ => Err(de::Error::custom("expected add, remove or replace")),
        }
    }
}

impl Default for PatchOp {
    fn default() -> Self {
        Self { schemas: vec![PATCH_OP.to_owned()], operations: Vec::new() }
    }
}

impl PatchOp {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value at this path: `emails`, `members`, `name.givenName`.
    pub fn add(self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.and(PatchKind::Add, Some(path.into()), Some(value.into()))
    }

    /// Puts a value in the place of what is at this path: `active`, `emails[type eq "work"].value`.
    pub fn replace(self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.and(PatchKind::Replace, Some(path.into()), Some(value.into()))
    }

    /// Takes away what is at this path: `nickName`, `members[value eq "2819c223"]`.
    pub fn remove(self, path: impl Into<String>) -> Self {
        self.and(PatchKind::Remove, Some(path.into()), None)
    }

    /// Adds all that this object has to the resource.
    pub fn add_all(self, values: impl Into<Value>) -> Self {
        self.and(PatchKind::Add, None, Some(values.into()))
    }

    /// Replaces all that this object has in the resource.
    pub fn replace_all(self, values: impl Into<Value>) -> Self {
        self.and(PatchKind::Replace, None, Some(values.into()))
    }

    fn and(mut self, op: PatchKind, path: Option<String>, value: Option<Value>) -> Self {
        self.operations.push(PatchOperation { op, path, value });
        self
    }
}

/// Something was refused: RFC 7644 section 3.12.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScimError {
    /// [`ERROR`].
    #[serde(default)]
    pub schemas: Vec<String>,
    /// The HTTP status, as a text.
    #[serde(deserialize_with = "super::attributes::text")]
    pub status: String,
    /// Why, as a program can tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scim_type: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl ScimError {
    /// An error of this status.
    pub fn new(status: u16, scim_type: Option<ScimType>, detail: impl fmt::Display) -> Self {
        Self {
            schemas: vec![ERROR.to_owned()],
            status: status.to_string(),
            scim_type: scim_type.map(|of| of.as_str().to_owned()),
            detail: Some(detail.to_string()),
        }
    }
}

/// Why something was refused: RFC 7644 table 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScimType {
    /// The filter cannot be read, or not for this attribute.
    InvalidFilter,
    /// More fits than the server is willing to look at.
    TooMany,
    /// A value is in use that only one may have.
    Uniqueness,
    /// The attribute cannot be changed.
    Mutability,
    /// The body cannot be read.
    InvalidSyntax,
    /// The path of a change cannot be read.
    InvalidPath,
    /// The path of a change leads to nothing.
    NoTarget,
    /// A value is missing, or not of its attribute's type.
    InvalidValue,
    /// The version of the protocol is not supported.
    InvalidVers,
    /// What was asked would have to stand in a URL, and must not.
    Sensitive,
}

impl ScimType {
    /// Each, its name on the wire, and the code of the error that it is.
    const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::InvalidFilter, "invalidFilter", "invalid_filter"),
        (Self::TooMany, "tooMany", "too_many"),
        (Self::Uniqueness, "uniqueness", "uniqueness"),
        (Self::Mutability, "mutability", "mutability"),
        (Self::InvalidSyntax, "invalidSyntax", "invalid_syntax"),
        (Self::InvalidPath, "invalidPath", "invalid_path"),
        (Self::NoTarget, "noTarget", "no_target"),
        (Self::InvalidValue, "invalidValue", "invalid_value"),
        (Self::InvalidVers, "invalidVers", "invalid_vers"),
        (Self::Sensitive, "sensitive", "sensitive"),
    ];

    /// The one of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, of, _)| *of == name).map(|(this, ..)| *this)
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(of, ..)| *of == self).map_or("", |(_, name, _)| name)
    }

    /// The one that errors of this code are.
    pub fn coded(code: &str) -> Option<Self> {
        Self::ALL.iter().find(|(.., of)| *of == code).map(|(this, ..)| *this)
    }

    /// The code of the error that it is.
    pub fn code(self) -> &'static str {
        Self::ALL.iter().find(|(of, ..)| *of == self).map_or("", |(.., code)| code)
    }
}

/// A kind of resources that a server has: RFC 7643 section 6.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceType {
    /// [`RESOURCE_TYPE`].
    #[serde(deserialize_with = "null_is_default")]
    pub schemas: Vec<String>,
    /// The id; often the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    pub name: String,
    /// Where such resources are, under the base: `/Users`.
    pub endpoint: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Their schema.
    #[serde(deserialize_with = "null_is_default")]
    pub schema: String,
    /// Schemas that may be there as well.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub schema_extensions: Vec<SchemaExtension>,
    /// Of the resource type itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// A schema that resources may have as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaExtension {
    /// The schema.
    pub schema: String,
    /// Whether all of them must have it.
    #[serde(default, deserialize_with = "null_is_default")]
    pub required: bool,
}

/// What resources may say: RFC 7643 section 7.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Schema {
    /// [`SCHEMA`].
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
    /// Its URN.
    pub id: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What there is.
    #[serde(deserialize_with = "null_is_default")]
    pub attributes: Vec<SchemaAttribute>,
    /// Of the schema itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// An attribute. Where something is not said, RFC 7643 section 2.2 says what holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SchemaAttribute {
    /// Its name.
    pub name: String,
    /// `string`, `boolean`, `decimal`, `integer`, `dateTime`, `binary`, `reference` or `complex`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What a complex one has.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<SchemaAttribute>,
    /// Whether there may be several.
    #[serde(deserialize_with = "null_is_default")]
    pub multi_valued: bool,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it must be there.
    #[serde(deserialize_with = "null_is_default")]
    pub required: bool,
    /// Usual values.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<Value>,
    /// Whether values differ that differ in case.
    #[serde(deserialize_with = "null_is_default")]
    pub case_exact: bool,
    /// `readOnly`, `readWrite`, `immutable` or `writeOnly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutability: Option<String>,
    /// `always`, `never`, `default` or `request`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<String>,
    /// `none`, `server` or `global`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uniqueness: Option<String>,
    /// What a reference may refer to.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
}

/// What a server says of any resource: RFC 7643 section 3.1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// The name of its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Which it is of its versions: its `ETag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}
