//! The JSON of RadiantOne's REST API, which the vendor calls ADAP, under a base such as `https://HOST:8090/adap`.
//!
//! | operation | call | body | answer |
//! |---|---|---|---|
//! | bind check | `GET ?bind=simpleBind` | | [`Done`] |
//! | search | `GET /{dn}?` [`SearchParams`] | | [`SearchAnswer`] |
//! | root contexts | `GET` [`ROOT_DSE`] | | [`SearchAnswer`] |
//! | add | `POST` | [`Params`] of [`Add`] | [`Done`] |
//! | replace | `PUT /{dn}` | [`Params`] of [`Replace`] | [`Done`] |
//! | modify | `PATCH /{dn}` | [`Params`] of [`Modify`] | [`Done`] |
//! | rename, move | `PATCH` | [`Params`] of [`Rename`] | [`Done`] |
//! | delete | `DELETE /{dn}[?deletetree=true]` | | [`Done`] |
//! | bulk | `POST` [`BULK`] | [`BulkRequest`] | [`BulkAnswer`] |
//!
//! What is refused is answered with [`Refused`]. A DN is one segment of the path, percent-encoded whole.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use super::attributes::{Attributes, Entry};
use crate::{Error, ErrorKind, Result};

/// The path of several operations in one.
pub const BULK: &str = "/bulk";
/// The path of the root naming contexts. They are the values of `namingContexts` of the one entry of the answer, or the
/// names of its entries (*inferred*: the vendor shows a picture).
pub const ROOT_DSE: &str = "/rootdse";
/// The header that names the user to act as.
pub const PROXY: &str = "proxy";
/// Of `totalResults`: paging was asked for and is off on the server, or more was found than the size limit lets through.
pub const CUT: i64 = -1;
/// Of `totalResults`: this is a page.
pub const PAGE: i64 = -2;
/// Of `totalResults`: a paged search ended before its results did.
pub const ENDED_EARLY: i64 = -3;
/// The cookie of a last page.
pub const NO_COOKIE: &str = "null";

/// How far below the base a search looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchScope {
    /// The base alone.
    Base,
    /// What is right below it.
    One,
    /// The base, and all below it.
    Sub,
}

impl SearchScope {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::One => "one",
            Self::Sub => "sub",
        }
    }
}

impl FromStr for SearchScope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::Base, Self::One, Self::Sub];
        let malformed = || Error::invalid("scope", "search_scope_unknown", "expected base, one or sub");
        all.into_iter().find(|scope| scope.as_str() == text).ok_or_else(malformed)
    }
}

impl fmt::Display for SearchScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the server writes an attribute's values. Reading, Gatepass takes either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReturnMode {
    /// Always as a list.
    Array,
    /// As a list where the LDAP schema says that there may be several.
    LdapSchema,
}

impl FromStr for ReturnMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "array" => Ok(Self::Array),
            "ldapschema" => Ok(Self::LdapSchema),
            _ => Err(Error::invalid("returnMode", "return_mode_unknown", "expected array or ldapschema")),
        }
    }
}

/// Whether alias entries are followed, as the vendor numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DerefAliases {
    /// Never.
    Never = 0,
    /// Below the base, and not the base itself.
    Searching = 1,
    /// The base alone.
    Finding = 2,
    /// Always.
    Always = 3,
}

impl FromStr for DerefAliases {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "never" => Ok(Self::Never),
            "searching" => Ok(Self::Searching),
            "finding" => Ok(Self::Finding),
            "always" => Ok(Self::Always),
            _ => {
                let text = "expected never, searching, finding or always";
                Err(Error::invalid("derefAliases", "deref_aliases_unknown", text))
            }
        }
    }
}

/// The parameters of a search, whose names are case-sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SearchParams {
    /// An LDAP filter (RFC 4515).
    pub filter: Option<String>,
    /// The names of the attributes that are wanted, between commas; all where none are named.
    pub attributes: Option<String>,
    /// How far to look; all below the base when not said.
    pub scope: Option<SearchScope>,
    /// The number of the first entry that is wanted, from 1. Without paging.
    pub start_index: Option<u64>,
    /// How many are wanted from there. Without paging.
    pub count: Option<u64>,
    /// How many are looked for at the most: 1000 when not said, 0 for all. Without paging.
    pub size_limit: Option<u64>,
    /// Entries of a page; 0, with a cookie, ends the search.
    pub page_size: Option<u32>,
    /// What the page before said to ask with.
    pub cookie: Option<String>,
    /// Whether an entry's ancestors are wanted too.
    pub context: Option<bool>,
    /// Filters for each step on the way down, `/ou=A*/uid=Aug*`; `//` for any number of steps.
    pub context_filter: Option<String>,
    /// How values are written.
    pub return_mode: Option<ReturnMode>,
    /// 0 to 3: see [`DerefAliases`].
    pub deref_aliases: Option<u8>,
}

/// A search's answer. The vendor's server leaves members out, and writes the cookie of a last page as the text `null`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchAnswer {
    /// The entries. What has no such member is no answer to a search.
    #[serde(deserialize_with = "super::null_is_default")]
    pub resources: Vec<Entry>,
    /// How many there are in all, or [`CUT`], [`PAGE`] or [`ENDED_EARLY`].
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub total_results: i64,
    /// How many are here.
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub count: u64,
    /// What to ask with for the next page. It may be the same from page to page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
}

/// What is said of one entry, in the envelope that all writes have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params<T> {
    /// What is said.
    pub params: T,
}

/// An entry to be added.
pub type Add = Entry;

/// What an entry is to be from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replace {
    /// All of its attributes.
    pub attributes: Attributes,
}

/// Changes of one entry, all of them or none, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modify {
    /// The changes.
    pub mods: Vec<Mod>,
}

/// A change of one attribute.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mod {
    /// The attribute.
    pub attribute: String,
    /// What is done with the values.
    #[serde(rename = "type")]
    pub kind: ModType,
    /// The values. None delete the attribute, and replace it by nothing.
    #[serde(default, deserialize_with = "super::attributes::values")]
    pub values: Vec<String>,
}

/// What a [`Mod`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ModType {
    /// Adds values.
    Add,
    /// Puts these values in the place of all that were there.
    Replace,
    /// Takes these values away, or all where none are named.
    Delete,
}

impl Mod {
    /// Adds values to an attribute.
    pub fn add<V: Into<String>>(attribute: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        Self::new(ModType::Add, attribute, values)
    }

    /// Puts these values in the place of all that an attribute has; none remove it.
    pub fn replace<V: Into<String>>(
        attribute: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self::new(ModType::Replace, attribute, values)
    }

    /// Takes values away from an attribute.
    pub fn delete<V: Into<String>>(
        attribute: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self::new(ModType::Delete, attribute, values)
    }

    /// Takes an attribute away with all of its values.
    pub fn delete_all(attribute: impl Into<String>) -> Self {
        Self::new(ModType::Delete, attribute, [] as [String; 0])
    }

    fn new<V: Into<String>>(
        kind: ModType,
        attribute: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self { attribute: attribute.into(), kind, values: values.into_iter().map(Into::into).collect() }
    }
}

/// Without the values, of which one may be a password.
impl fmt::Debug for Mod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mod");
        shown.field("attribute", &self.attribute).field("kind", &self.kind);
        shown.field("values", &self.values.len()).finish()
    }
}

/// A new name, or a new place. Its names are the vendor's, and unlike those elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// The entry.
    #[serde(rename = "DN")]
    pub dn: String,
    /// The first part of its new name: `uid=lewis`.
    #[serde(rename = "newRDN")]
    pub new_rdn: String,
    /// The entry that it shall be below, where that is another one.
    #[serde(rename = "newSuperiorDN", default, skip_serializing_if = "Option::is_none")]
    pub new_superior_dn: Option<String>,
}

/// Several operations, done one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkRequest {
    /// The operations.
    #[serde(rename = "Operations", alias = "params")]
    pub operations: Vec<BulkOperation>,
}

/// One of several operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkOperation {
    /// Which.
    pub method: BulkMethod,
    /// The entry.
    pub dn: String,
    /// What is said of it. The vendor calls it required, and leaves it out of its own examples of a deletion.
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub params: BulkParams,
    /// Of a deletion: whether all below goes too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deletetree: bool,
}

/// An operation's HTTP method, were it sent alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BulkMethod {
    /// Adds an entry.
    Post,
    /// Replaces an entry.
    Put,
    /// Modifies an entry.
    Patch,
    /// Deletes an entry.
    Delete,
}

/// What one of several operations says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkParams {
    /// Of an addition and a replacement: the attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Attributes>,
    /// Of a modification: the changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mods: Option<Vec<Mod>>,
}

impl BulkOperation {
    /// Adds an entry.
    pub fn add(dn: impl Into<String>, attributes: impl Into<Attributes>) -> Self {
        let params = BulkParams { attributes: Some(attributes.into()), mods: None };
        Self { method: BulkMethod::Post, dn: dn.into(), params, deletetree: false }
    }

    /// Replaces an entry: what is not named is gone.
    pub fn replace(dn: impl Into<String>, attributes: impl Into<Attributes>) -> Self {
        Self { method: BulkMethod::Put, ..Self::add(dn, attributes) }
    }

    /// Changes an entry.
    pub fn modify(dn: impl Into<String>, mods: impl IntoIterator<Item = Mod>) -> Self {
        let params = BulkParams { attributes: None, mods: Some(mods.into_iter().collect()) };
        Self { method: BulkMethod::Patch, dn: dn.into(), params, deletetree: false }
    }

    /// Deletes an entry.
    pub fn delete(dn: impl Into<String>) -> Self {
        let params = BulkParams::default();
        Self { method: BulkMethod::Delete, dn: dn.into(), params, deletetree: false }
    }

    /// Deletes an entry and all below it.
    pub fn delete_tree(dn: impl Into<String>) -> Self {
        Self { deletetree: true, ..Self::delete(dn) }
    }
}

/// What became of several operations, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkAnswer {
    /// Of each.
    #[serde(rename = "Operations")]
    pub operations: Vec<BulkStatus>,
}

/// What became of one of several operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkStatus {
    /// Which it was.
    pub method: BulkMethod,
    /// Its entry.
    pub dn: String,
    /// How it ended.
    pub status: BulkCode,
}

/// How one of several operations ended. Only the code is documented; the rest is as [`Refused`] has it (*inferred*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkCode {
    /// Its HTTP status, as a text.
    #[serde(deserialize_with = "super::attributes::text")]
    pub code: String,
    /// LDAP's result code, where it failed.
    #[serde(default, alias = "errorCode", skip_serializing_if = "Option::is_none")]
    pub ldap_code: Option<i64>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// The HTTP status.
    pub http_status: u16,
}

/// Something was refused. One of the two codes is there, and which depends on where it was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// The HTTP status.
    pub http_status: u16,
    /// LDAP's result code (RFC 4511 section 4.1.9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ldap_code: Option<i64>,
    /// The same, or a number of the vendor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i64>,
    /// For people.
    #[serde(default)]
    pub description: String,
}

/// LDAP's result codes (RFC 4511 appendix A.2): the code of the error that each is, and its kind. Those that are no errors, and
/// those that say nothing, are not among them.
const LDAP: &[(i64, &str, ErrorKind)] = &[
    (3, "time_limit_exceeded", ErrorKind::Timeout),
    (4, "size_limit_exceeded", ErrorKind::Conflict),
    (7, "auth_method_not_supported", ErrorKind::Unsupported),
    (8, "stronger_auth_required", ErrorKind::Forbidden),
    (11, "admin_limit_exceeded", ErrorKind::Conflict),
    (12, "unavailable_critical_extension", ErrorKind::Unsupported),
    (13, "confidentiality_required", ErrorKind::Forbidden),
    (16, "no_such_attribute", ErrorKind::Conflict),
    (17, "undefined_attribute_type", ErrorKind::InvalidInput),
    (18, "inappropriate_matching", ErrorKind::InvalidInput),
    (19, "constraint_violation", ErrorKind::InvalidInput),
    (20, "attribute_or_value_exists", ErrorKind::Conflict),
    (21, "invalid_attribute_syntax", ErrorKind::InvalidInput),
    (32, "entry_not_found", ErrorKind::NotFound),
    (33, "alias_problem", ErrorKind::Conflict),
    (34, "dn_malformed", ErrorKind::InvalidInput),
    (36, "alias_dereferencing_problem", ErrorKind::Conflict),
    (48, "inappropriate_authentication", ErrorKind::Unauthorized),
    (49, "authentication_failed", ErrorKind::Unauthorized),
    (50, "insufficient_access_rights", ErrorKind::Forbidden),
    (51, "busy", ErrorKind::Unavailable),
    (52, "unavailable", ErrorKind::Unavailable),
    (53, "unwilling_to_perform", ErrorKind::Unsupported),
    (64, "naming_violation", ErrorKind::InvalidInput),
    (65, "object_class_violation", ErrorKind::InvalidInput),
    (66, "not_allowed_on_non_leaf", ErrorKind::Conflict),
    (67, "not_allowed_on_rdn", ErrorKind::InvalidInput),
    (68, "entry_exists", ErrorKind::Conflict),
    (69, "object_class_mods_prohibited", ErrorKind::InvalidInput),
    (71, "affects_multiple_dsas", ErrorKind::Unsupported),
];

/// What LDAP's result code means here: a kind, and a stable code.
pub fn ldap_meaning(number: i64) -> Option<(ErrorKind, &'static str)> {
    LDAP.iter().find(|(of, ..)| *of == number).map(|(_, code, kind)| (*kind, *code))
}

/// LDAP's result code for an error of this code.
pub fn ldap_code(code: &str) -> Option<i64> {
    LDAP.iter().find(|(_, of, _)| *of == code).map(|(number, ..)| *number)
}
