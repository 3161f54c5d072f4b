//! What is kept of a token: its description, and the digests by which its secrets are known.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::dn::MAX_DN_LENGTH;
use crate::name::check_name;
use crate::{Api, Digest, Error, Result, Timestamp, TokenId};

/// The greatest length of a description, in characters.
pub const MAX_DESCRIPTION_LENGTH: usize = 1000;
/// The greatest number of metadata entries.
pub const MAX_METADATA: usize = 64;
/// The greatest length of a metadata key, in bytes.
pub const MAX_METADATA_KEY_LENGTH: usize = 64;
/// The greatest length of a metadata value, in bytes.
pub const MAX_METADATA_VALUE_LENGTH: usize = 1024;

/// A token as it is shown: everything but its secret. Serialised as the vendor's `AccessToken`, with what
/// Gatepass adds beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessToken {
    /// The public part of its secret; none for a token that another product issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<TokenId>,
    /// Its name, unique among tokens.
    pub name: String,
    /// The API that it opens.
    #[serde(rename = "apiType")]
    pub api: Api,
    /// The roles that say what it permits; `config` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Application scopes; `scim` and `rest` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The entry that it acts as; `rest` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_dn: Option<String>,
    /// The networks that it may be used from; empty for anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub networks: Vec<IpNet>,
    /// What it is for, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// When it was made.
    pub created_on: Timestamp,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// From when on it is good; none for from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The first instant at which it is no longer good; none for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
    /// When its secret was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_on: Option<Timestamp>,
    /// Until when the secret before the last rotation is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_until: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_on: Option<Timestamp>,
    /// When it was last used, as far as those who check tokens have reported it: late, and never later than when they
    /// did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_on: Option<Timestamp>,
    /// The address from which it was last used, where that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_from: Option<String>,
    /// Who reported that: `token:gateway`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_via: Option<String>,
}

impl AccessToken {
    /// A token of this name, from now on and without limits: what the other fields are set on.
    pub fn new(name: impl Into<String>, api: Api, created_on: Timestamp) -> Self {
        Self {
            id: None,
            name: name.into(),
            api,
            roles: Vec::new(),
            scopes: Vec::new(),
            target_dn: None,
            networks: Vec::new(),
            description: None,
            metadata: BTreeMap::new(),
            created_on,
            created_by: None,
            not_before: None,
            expires_on: None,
            rotated_on: None,
            grace_until: None,
            revoked_on: None,
            last_used_on: None,
            last_used_from: None,
            last_used_via: None,
        }
    }

    /// What this token is good for at this moment.
    pub fn status(&self, now: Timestamp) -> Status {
        if self.revoked_on.is_some() {
            Status::Revoked
        } else if self.expires_on.is_some_and(|end| now >= end) {
            Status::Expired
        } else if self.not_before.is_some_and(|start| now < start) {
            Status::NotYetValid
        } else {
            Status::Active
        }
    }

    /// Whether the secret before the last rotation is still good.
    pub fn in_grace(&self, now: Timestamp) -> bool {
        self.status(now) == Status::Active && self.grace_until.is_some_and(|end| now < end)
    }
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// It opens its API.
    Active,
    /// It will, from its not-before instant on.
    NotYetValid,
    /// It no longer does, for its time is over.
    Expired,
    /// It no longer does, for somebody said so.
    Revoked,
}

impl Status {
    const ALL: [Self; 4] = [Self::Active, Self::NotYetValid, Self::Expired, Self::Revoked];

    /// The status's name: `active`, `not_yet_valid`, `expired`, `revoked`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| text == status.as_str()).ok_or_else(|| {
            Error::invalid("status", "unknown_status", "expected active, not_yet_valid, expired or revoked")
        })
    }
}

/// A token as a store or a verifier holds it: the description and the digests, never a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Unchecked")]
pub struct TokenRecord {
    #[serde(flatten)]
    token: AccessToken,
    digest: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_digest: Option<Digest>,
    #[serde(skip)]
    id: TokenId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unchecked {
    #[serde(flatten)]
    token: AccessToken,
    digest: Digest,
    #[serde(default)]
    previous_digest: Option<Digest>,
}

impl TryFrom<Unchecked> for TokenRecord {
    type Error = Error;

    fn try_from(unchecked: Unchecked) -> Result<Self> {
        Self::new(unchecked.token, unchecked.digest, unchecked.previous_digest)
    }
}

impl TokenRecord {
    /// A record of this token, whose secret has this digest, and whose secret before the last rotation had
    /// that one.
    ///
    /// # Errors
    /// `id_missing` where the token has no id: such a one belongs to another product, which alone can check it.
    /// Those of a name or a target DN that is too long to be one.
    pub fn new(token: AccessToken, digest: Digest, previous_digest: Option<Digest>) -> Result<Self> {
        let id =
            token.id.ok_or_else(|| Error::invalid("id", "id_missing", "a record needs its token's id"))?;
        check_name("name", &token.name)?;
        if token.target_dn.as_ref().is_some_and(|dn| dn.chars().count() > MAX_DN_LENGTH) {
            return Err(Error::invalid("targetDn", "dn_too_long", "a DN has at most 5000 characters"));
        }
        Ok(Self { token, digest, previous_digest, id })
    }

    /// The description.
    pub fn token(&self) -> &AccessToken {
        &self.token
    }

    /// The public part of its secrets.
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// The digest of its secret.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The digest of the secret before the last rotation, kept after its grace so that its use can be told
    /// from a wrong secret.
    pub fn previous_digest(&self) -> Option<Digest> {
        self.previous_digest
    }

    /// The same, revoked at this instant, which ends both of its secrets; unchanged where it already was.
    #[must_use]
    pub fn revoked(mut self, now: Timestamp) -> Self {
        self.token.revoked_on.get_or_insert(now);
        self
    }

    /// The same, with another end of the grace.
    #[cfg(feature = "store")]
    pub(crate) fn with_grace_until(mut self, end: Timestamp) -> Self {
        self.token.grace_until = Some(end);
        self
    }

    pub(crate) fn replaced(&self, token: AccessToken, digest: Digest) -> Self {
        Self { token, digest, previous_digest: Some(self.digest), id: self.id }
    }
}
