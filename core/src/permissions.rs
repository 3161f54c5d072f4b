//! What a role permits: levels by area, the vendor's switches, and the right to issue data tokens; how two
//! are joined, and when one holds all of another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::area::{Area, Level, Scope, ScopeSet};
use crate::permissions_wire::{self as wire, Known};
use crate::{Api, Dn, Result};

/// A set of permissions, in the vendor's serialised form (`RoleDetails` without its name). What a newer server
/// adds is kept, grants nothing here, and goes back as it came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Permissions {
    pub(crate) levels: [Level; Area::COUNT],
    pub(crate) overrides: BTreeMap<String, Override>,
    pub(crate) switches: ScopeSet,
    pub(crate) classic_panel: Option<BTreeSet<String>>,
    pub(crate) tokens: TokenRights,
    pub(crate) unknown: Map<String, Value>,
    /// Only the built-in Directory Administrator: holds whatever anybody can name.
    pub(crate) unrestricted: bool,
}

/// Another level for one data source, and whatever else stood beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Override {
    pub(crate) level: Level,
    pub(crate) rest: Map<String, Value>,
}

/// Rights over tokens that the vendor's roles cannot express: a Gatepass extension, under
/// `gatepassPermissions`. By default only Directory Administrator has any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct TokenRights {
    /// The APIs whose tokens may be followed, introspected and reported on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub verify: BTreeSet<Api>,
    /// Whether SCIM tokens may be issued.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub issue_scim: bool,
    /// The subtrees below which REST tokens may act. A REST token without a target DN needs the root, the
    /// empty DN, for nothing says whom it acts as.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub issue_rest: Vec<Dn>,
    /// The application scopes that tokens may be given; `*` for any.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub issue_scopes: BTreeSet<String>,
    /// Rights that a later version knows.
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

impl TokenRights {
    /// Every right: what Directory Administrator has.
    pub fn all() -> Self {
        Self {
            verify: Api::ALL.into(),
            issue_scim: true,
            issue_rest: vec![Dn::root()],
            issue_scopes: BTreeSet::from(["*".to_owned()]),
            unknown: Map::new(),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        self.verify.is_superset(&other.verify)
            && (self.issue_scim || !other.issue_scim)
            && other.issue_rest.iter().all(|dn| self.issue_rest.iter().any(|base| dn.is_within(base)))
            && (self.issue_scopes.contains("*") || self.issue_scopes.is_superset(&other.issue_scopes))
            && wire::unknown_covers(&self.unknown, &other.unknown)
    }

    fn join(&mut self, other: &Self) {
        self.verify.extend(&other.verify);
        self.issue_scim |= other.issue_scim;
        self.issue_rest.extend(other.issue_rest.iter().cloned());
        self.issue_scopes.extend(other.issue_scopes.iter().cloned());
        wire::join_unknown(&mut self.unknown, &other.unknown);
    }
}

impl Permissions {
    /// No permission at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The level held in an area.
    pub fn level(&self, area: Area) -> Level {
        self.levels.get(area as usize).copied().unwrap_or_default()
    }

    /// Sets the level of an area.
    #[must_use]
    pub fn with(mut self, area: Area, level: Level) -> Self {
        if let Some(slot) = self.levels.get_mut(area as usize) {
            *slot = level;
            wire::forget(&mut self.unknown, Known::Area(area));
        }
        self
    }

    /// Turns on one of the scopes that stand alone: [`Scope::REVOKE_TOKENS`], [`Scope::EXPORT`],
    /// [`Scope::IMPORT`]. Of no effect for the scope of an area.
    #[must_use]
    pub fn with_switch(mut self, scope: Scope) -> Self {
        if [Scope::REVOKE_TOKENS, Scope::EXPORT, Scope::IMPORT].contains(&scope) {
            self.switches.insert(scope);
            wire::forget(&mut self.unknown, Known::Switch(scope));
        }
        self
    }

    /// Sets another level for one data source.
    #[must_use]
    pub fn with_data_source(mut self, name: impl Into<String>, level: Level) -> Self {
        self.overrides.insert(name.into(), Override { level, rest: Map::new() });
        self
    }

    /// Opens the classic control panel, assuming the user with this DN where one is given.
    #[must_use]
    pub fn with_classic_panel(mut self, assume: Option<String>) -> Self {
        self.classic_panel = Some(assume.into_iter().collect());
        self
    }

    /// Sets the rights over tokens.
    #[must_use]
    pub fn with_token_rights(mut self, rights: TokenRights) -> Self {
        self.tokens = rights;
        wire::forget(&mut self.unknown, Known::TokenRights);
        self
    }

    /// The rights over tokens.
    pub fn token_rights(&self) -> &TokenRights {
        &self.tokens
    }

    /// The level held in one data source.
    pub fn data_source(&self, name: &str) -> Level {
        self.overrides.get(name).map_or_else(|| self.level(Area::DataSources), |other| other.level)
    }

    /// What else a server said of one data source.
    fn beside_data_source(&self, name: &str) -> &Map<String, Value> {
        static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        self.overrides.get(name).map_or(&NOTHING, |other| &other.rest)
    }

    /// Whether an operation that needs this scope is permitted.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes().contains(scope)
    }

    /// All scopes that follow from these permissions: EDIT opens VIEW too.
    pub fn scopes(&self) -> ScopeSet {
        let mut set = self.switches;
        for area in Area::all() {
            let level = self.level(area);
            let opened = [Level::View, Level::Edit].into_iter().filter(|step| *step <= level);
            opened.filter_map(|step| area.scope(step)).for_each(|scope| set.insert(scope));
        }
        set
    }

    /// Whether these hold all that `other` holds: the delegation rule's one question. What is not known to be
    /// held counts as not held.
    pub fn covers(&self, other: &Self) -> bool {
        if self.unrestricted {
            return true;
        }
        let mut data_sources = self.overrides.keys().chain(other.overrides.keys());
        let classic = match (&self.classic_panel, &other.classic_panel) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(wanted)) => own.is_superset(wanted),
        };
        !other.unrestricted
            && Area::all().all(|area| self.level(area) >= other.level(area))
            && data_sources.all(|name| {
                self.data_source(name) >= other.data_source(name)
                    && wire::unknown_covers(self.beside_data_source(name), other.beside_data_source(name))
            })
            && self.switches.covers(other.switches)
            && classic
            && self.tokens.covers(&other.tokens)
            && wire::unknown_covers(&self.unknown, &other.unknown)
    }

    /// Adds all that `other` holds: what several roles permit together.
    pub fn join(&mut self, other: &Self) {
        let names: BTreeSet<String> = self.overrides.keys().chain(other.overrides.keys()).cloned().collect();
        let joined = names.into_iter().map(|name| {
            let level = self.data_source(&name).max(other.data_source(&name));
            let mut rest = self.beside_data_source(&name).clone();
            wire::join_unknown(&mut rest, other.beside_data_source(&name));
            (name, Override { level, rest })
        });
        self.overrides = joined.collect();
        for (own, level) in self.levels.iter_mut().zip(other.levels) {
            *own = (*own).max(level);
        }
        other.switches.iter().for_each(|scope| self.switches.insert(scope));
        if let Some(assume) = &other.classic_panel {
            self.classic_panel.get_or_insert_default().extend(assume.iter().cloned());
        }
        self.tokens.join(&other.tokens);
        wire::join_unknown(&mut self.unknown, &other.unknown);
        self.unrestricted |= other.unrestricted;
    }

    /// Refuses what the vendor's API refuses: levels it does not know, too many or misnamed data sources.
    ///
    /// # Errors
    /// `unknown_level`, `too_many_data_sources`, `data_source_malformed`, `assume_role_too_long`, each on its
    /// field.
    pub fn check(&self) -> Result<()> {
        wire::check(self)
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        wire::write(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(wire::read)
    }
}
