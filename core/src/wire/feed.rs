//! The feed by which replicas follow an authority.
//!
//! A replica loads the snapshot once, then asks for changes over and over (a long poll). Each answer was read from the
//! database *after* the poll came in, and echoes its nonce: so it speaks for the moment at which the replica asked,
//! however long it was on its way, and no answer of another poll can stand in for it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(feature = "oidc")]
use crate::ExternalTokenValidator;
pub use crate::packed::Packed;
use crate::{Api, RoleBook, Timestamp, TokenId};

/// All tokens: a `GET` is answered with lines of JSON. The first is a [`SnapshotHead`], the last a [`SnapshotEnd`], and
/// each of those between an array of [`Packed`].
pub const SNAPSHOT: &str = "/gatepass/v1/snapshot";
/// What has changed: `GET …?epoch=E&after=R&wait=1s&nonce=N&replica=I&staleness=10s`, answered with [`Changes`].
pub const CHANGES: &str = "/gatepass/v1/changes";
/// What was used: a `POST` of [`Usage`], answered with 204.
pub const USAGE: &str = "/gatepass/v1/usage";
/// Uses in one report, at the most.
pub const MOST_USES: usize = 10_000;
/// Who follows, and how far each has come: `GET …?revision=R&wait=5s`, answered with [`ReplicaList`].
pub const REPLICAS: &str = "/gatepass/v1/replicas";
/// The longest that a verifier may go on without news: nobody wants to wait longer for a revocation, and who does has
/// mistaken the unit.
pub const LONGEST_STALENESS: Duration = Duration::from_hours(24);
/// The media type of a snapshot.
pub const LINES: &str = "application/x-ndjson";

/// Which store, and how far its changes had come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// The store, from its making on.
    pub store_id: String,
    /// Its life so far. A backup that is restored begins another, in which revisions mean something else.
    pub epoch: String,
    /// The number of the last change.
    pub revision: i64,
}

impl Position {
    /// Whether this was reached on the way to that one.
    #[cfg(feature = "client")]
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        (&self.store_id, &self.epoch) == (&other.store_id, &other.epoch) && self.revision <= other.revision
    }
}

/// The first line of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SnapshotHead {
    /// Every change up to here is in it, and some after it may be.
    #[serde(flatten)]
    pub position: Position,
    /// The APIs whose tokens the caller may verify, and whose tokens are here, in their order.
    pub apis: Vec<Api>,
    /// The roles that are none of the default ones; for those who may verify `config` tokens.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::Role>"))]
    pub roles: RoleBook,
    /// The external token validators. An authority that says nothing of them has none.
    #[cfg(feature = "oidc")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validators: Option<ValidatorsTold>,
    /// About how many tokens there are.
    pub about: u64,
}

/// The last line of a snapshot. One without it was cut short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SnapshotEnd {
    /// How many tokens were on the lines before.
    pub tokens: u64,
}

/// What has changed since a revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The poll's own nonce.
    pub nonce: String,
    /// What the database said after the poll had come in. With these changes the replica is there.
    #[serde(flatten)]
    pub position: Position,
    /// The authority's time at that moment.
    pub now: Timestamp,
    /// The APIs whose tokens the caller may verify, in their order. Where they are not those of the snapshot, another
    /// one is to be loaded.
    pub apis: Vec<Api>,
    /// When the caller's own credential ends, so that it can be replaced before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_expires_on: Option<Timestamp>,
    /// Why the replica has to load a snapshot again; there are no changes then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_over: Option<StartOver>,
    /// All roles that are none of the default ones, where one has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<crate::Role>>"))]
    pub roles: Option<RoleBook>,
    /// The external token validators. An authority that says nothing of them has none.
    #[cfg(feature = "oidc")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validators: Option<ValidatorsTold>,
    /// Tokens that were made or changed, as they are now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Packed<'static>>,
    /// Tokens that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub deleted: Vec<TokenId>,
}

/// What an authority says of the external token validators.
#[cfg(feature = "oidc")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidatorsTold {
    /// The number of their last change. A replica that has those of another one, and is told no list, loads a snapshot.
    pub revision: i64,
    /// Those of the APIs whose tokens the caller may verify; absent where none has changed since the revision that was
    /// asked with.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "all_understood")]
    pub list: Option<Vec<ExternalTokenValidator>>,
}

#[cfg(feature = "oidc")]
impl ValidatorsTold {
    /// What one is told who may verify tokens of these APIs.
    #[cfg(feature = "store")]
    pub(crate) fn new(revision: i64, all: &[ExternalTokenValidator], apis: &[Api]) -> Self {
        let list = all.iter().filter(|validator| apis.contains(&validator.api)).cloned();
        Self { revision, list: Some(list.collect()) }
    }
}

/// A validator, unless it has a member that this version does not know: it may be there to refuse tokens.
#[cfg(feature = "oidc")]
pub(crate) fn understood(
    members: serde_json::Map<String, serde_json::Value>,
) -> Option<ExternalTokenValidator> {
    let names: Vec<String> = members.keys().cloned().collect();
    let validator: ExternalTokenValidator = serde_json::from_value(members.into()).ok()?;
    let known = serde_json::to_value(&validator).ok()?;
    names.iter().all(|name| known.get(name).is_some()).then_some(validator)
}

#[cfg(feature = "oidc")]
fn all_understood<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<ExternalTokenValidator>>, D::Error> {
    let all = Vec::deserialize(deserializer)?;
    Ok(Some(all.into_iter().filter_map(understood).collect()))
}

/// Why the changes since a revision cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StartOver {
    /// It is not that store, or not that life of it.
    OtherEpoch,
    /// What was deleted since then is no longer known.
    Forgotten,
    /// The store has not come so far: it lost what the replica knows.
    Ahead,
    /// So much has changed that a snapshot is less.
    Behind,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

/// What was used since the last report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usage {
    /// Each token once.
    pub uses: Vec<Used>,
}

/// A token's last use: its id, when in milliseconds after 1970, and the peer's address if known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Used(
    #[cfg_attr(feature = "schema", schemars(with = "String"))] pub TokenId,
    pub i64,
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))] pub Option<std::net::IpAddr>,
);

/// The replicas that follow, with any authority of the store, or did until lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplicaList {
    /// The authority's time.
    pub now: Timestamp,
    /// By name, then by id.
    pub replicas: Vec<Replica>,
}

/// What is written down of a replica may be so much older than its last poll; and the clocks of two authorities differ
/// by some of it.
pub(crate) const SLACK: Duration = Duration::from_secs(5);

impl Replica {
    /// Whether it may still accept anything without having heard of what has changed since it last asked, by the time of
    /// an authority. One that may not denies everything, and has to ask first.
    pub fn is_connected(&self, now: Timestamp) -> bool {
        let longest = Duration::from_millis(self.max_staleness_millis).saturating_add(SLACK);
        now.since(self.seen_on) <= longest
    }
}

/// A replica, as an authority knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Replica {
    /// Made by the replica when it starts, by chance.
    pub id: String,
    /// Whose credential it uses: `token:gateway`, `user:alice`.
    pub actor: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The last change that it said to have.
    pub revision: i64,
    /// When it first said so, by the clock of the authority that it said it to.
    pub confirmed_on: Timestamp,
    /// When it last asked, or up to some seconds before that.
    pub seen_on: Timestamp,
    /// After so many milliseconds without an answer it denies everything.
    pub max_staleness_millis: u64,
}
