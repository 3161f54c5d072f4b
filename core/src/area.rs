//! What a role speaks of: areas, the level held in each, and the vendor's scopes that follow from them.
//!
//! One table, [`AREAS`], says for each area where it stands in the vendor's `RoleDetails` and which scopes
//! it opens. A new area of the vendor's is one line there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How much of an area a role opens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// Reading.
    View,
    /// Reading and changing.
    Edit,
}

impl Level {
    /// The vendor's name: `NONE`, `VIEW`, `EDIT`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::View => "VIEW",
            Self::Edit => "EDIT",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::None, Self::View, Self::Edit]
            .into_iter()
            .find(|level| text == level.as_str())
            .ok_or_else(|| Error::invalid("level", "unknown_level", "expected NONE, VIEW or EDIT"))
    }
}

macro_rules! areas {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $group:expr, $key:literal, $scope:expr;)*) => {
        /// A part of RadiantOne that a role opens to a [`Level`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Area { $($(#[$doc])* $name,)* }

        pub(crate) const AREAS: &[AreaInfo] = &[
            $(AreaInfo { area: Area::$name, text: $text, group: $group, key: $key, scope: $scope },)*
        ];
    };
}

pub(crate) struct AreaInfo {
    pub(crate) area: Area,
    text: &'static str,
    /// The object within `RoleDetails` that holds it; none for the top.
    pub(crate) group: Option<&'static str>,
    pub(crate) key: &'static str,
    /// The scope's name without `_VIEW` and `_EDIT`; none where no operation is known to need it.
    scope: Option<&'static str>,
}

const NAMESPACE: Option<&str> = Some("directoryNamespacePermissions");
const SECURITY: Option<&str> = Some("securityPermissions");
const CATALOG: Option<&str> = Some("dataCatalogPermissions");
const ADMINISTRATION: Option<&str> = Some("administrationPermissions");

// Scopes marked *inferred* are not in the vendor's published description; nobody has proved them on a live server.
areas! {
    /// Browsing and editing the directory's entries.
    DirectoryBrowser = "directory browser", None, "directoryBrowserPermission", Some("SCOPE_DIRECTORY_BROWSER");
    /// The design of the namespace.
    NamespaceDesign = "namespace design", NAMESPACE, "namespaceDesignPermission",
        Some("SCOPE_DIRECTORY_NAMESPACE_NAMESPACE_DESIGN");
    /// The directory's schema.
    DirectorySchema = "directory schema", NAMESPACE, "directorySchemaPermission",
        Some("SCOPE_DIRECTORY_NAMESPACE_DIRECTORY_SCHEMA");
    /// The identity manager. No scope is published.
    IdentityManager = "identity manager", None, "identityManagerPermission", None;
    /// Encryption of attributes.
    AttributeEncryption = "attribute encryption", SECURITY, "attributeEncryptionPermission",
        Some("SCOPE_SECURITY_ATTRIBUTE_ENCRYPTION");
    /// Access control within the directory.
    AccessControl = "access control", SECURITY, "accessControlPermission", Some("SCOPE_SECURITY_ACCESS_CONTROL");
    /// Scheduled tasks. The scope is *inferred*.
    Tasks = "tasks", None, "tasksPermission", Some("SCOPE_TASKS");
    /// Global settings.
    Settings = "settings", None, "settingsPermission", Some("SCOPE_SETTINGS");
    /// Global synchronisation. No scope is published.
    GlobalSync = "global sync", None, "globalSyncPermission", None;
    /// Identity observability.
    Observability = "observability", None, "observabilityPermission", Some("SCOPE_IDENTITY_OBSERVABILITY");
    /// The dashboard.
    Dashboard = "dashboard", None, "dashboardPermission", Some("SCOPE_DASHBOARD");
    /// Data sources; a role may set other levels for single ones.
    DataSources = "data sources", CATALOG, "dataSourcesPermission", Some("SCOPE_DATA_CATALOG_DATA_SOURCE");
    /// Templates of data sources.
    Templates = "templates", CATALOG, "templateManagementPermission",
        Some("SCOPE_DATA_CATALOG_TEMPLATE_MANAGEMENT");
    /// Relationships between data sources. No scope is published.
    GlobalRelationships = "global relationships", CATALOG, "globalRelationshipsPermission", None;
    /// Assessment of data. No scope is published.
    DataAssessment = "data assessment", CATALOG, "dataAssessmentPermission", None;
    /// Users of the control panel. The scope is *inferred*.
    Users = "users", ADMINISTRATION, "userManagementPermission", Some("SCOPE_ADMINISTRATION_USER_MANAGEMENT");
    /// Statistics of entries.
    EntryStatistics = "entry statistics", ADMINISTRATION, "entryStatisticsPermission",
        Some("SCOPE_ADMINISTRATION_ENTRY_STATISTICS");
    /// Delegated-admin roles. The scope is *inferred*.
    Roles = "roles", ADMINISTRATION, "rolesPermission", Some("SCOPE_ADMINISTRATION_ROLES");
    /// The directory manager. The scope is *inferred*.
    DirectoryManager = "directory manager", ADMINISTRATION, "directoryManagerPermission",
        Some("SCOPE_ADMINISTRATION_DIRECTORY_MANAGER");
    /// The configuration of the control panel.
    ControlPanelConfig = "control panel config", ADMINISTRATION, "controlPanelConfigPermission",
        Some("SCOPE_ADMINISTRATION_CONTROL_PANEL_CONFIGURATION");
    /// Access tokens. The scope is *inferred*.
    AccessTokens = "access tokens", ADMINISTRATION, "accessTokensPermission",
        Some("SCOPE_ADMINISTRATION_ACCESS_TOKENS");
}

impl Area {
    /// How many areas there are.
    pub const COUNT: usize = AREAS.len();

    /// All of them.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        AREAS.iter().map(|info| info.area)
    }

    /// The area's name for people: `access tokens`.
    pub fn as_str(self) -> &'static str {
        self.info().text
    }

    /// The scope that an operation at this level of this area needs; none for [`Level::None`], and none
    /// where the vendor names no scope.
    pub fn scope(self, level: Level) -> Option<Scope> {
        self.info().scope?;
        let bit = 2 * self as u8;
        match level {
            Level::None => None,
            Level::View => Some(Scope(bit)),
            Level::Edit => Some(Scope(bit + 1)),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "the table has a row for each variant, by its macro")]
    pub(crate) fn info(self) -> &'static AreaInfo {
        &AREAS[self as usize]
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Area {
    type Err = Error;

    /// Takes its name, with hyphens in the place of spaces too, for a command line.
    fn from_str(text: &str) -> Result<Self> {
        let spaced = text.replace('-', " ");
        Self::all().find(|area| spaced == area.as_str()).ok_or_else(|| {
            Error::invalid("area", "unknown_area", "no such area; `access tokens` is one, for example")
        })
    }
}

/// One of the vendor's scopes: what one operation of the Configuration API needs, such as
/// `SCOPE_SETTINGS_EDIT`. A level of EDIT opens what VIEW opens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(u8);

/// The scopes that stand alone, a yes or no each; their bits follow those of the areas.
const SWITCHES: [&str; 3] =
    ["SCOPE_AUTH_TOKEN_REVOKE", "SCOPE_CONFIGURATION_EXPORT_ENABLED", "SCOPE_CONFIGURATION_IMPORT_ENABLED"];
#[expect(clippy::cast_possible_truncation, reason = "some twenty areas")]
const FIRST_SWITCH: u8 = 2 * Area::COUNT as u8;
const _: () = assert!(2 * Area::COUNT + SWITCHES.len() <= 61, "a ScopeSet has 64 bits, three for `verify`");

impl Scope {
    /// Revoking a login session: `SCOPE_AUTH_TOKEN_REVOKE`.
    pub const REVOKE_TOKENS: Self = Self(FIRST_SWITCH);
    /// Exporting the configuration: `SCOPE_CONFIGURATION_EXPORT_ENABLED`.
    pub const EXPORT: Self = Self(FIRST_SWITCH + 1);
    /// Importing a configuration: `SCOPE_CONFIGURATION_IMPORT_ENABLED`.
    pub const IMPORT: Self = Self(FIRST_SWITCH + 2);

    /// All that are known.
    pub fn all() -> impl Iterator<Item = Self> {
        let of_areas = Area::all().flat_map(|area| [area.scope(Level::View), area.scope(Level::Edit)]);
        of_areas.flatten().chain([Self::REVOKE_TOKENS, Self::EXPORT, Self::IMPORT])
    }

    const fn bit(self) -> u64 {
        1 << self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(switch) = self.0.checked_sub(FIRST_SWITCH) {
            return f.write_str(SWITCHES.get(usize::from(switch)).unwrap_or(&""));
        }
        let stem = AREAS.get(usize::from(self.0 / 2)).and_then(|info| info.scope).unwrap_or_default();
        write!(f, "{stem}_{}", if self.0.is_multiple_of(2) { Level::View } else { Level::Edit })
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (stem, level) = match text.rsplit_once('_') {
            Some((stem, "VIEW")) => (stem, Level::View),
            Some((stem, "EDIT")) => (stem, Level::Edit),
            _ => (text, Level::None),
        };
        let of_area =
            AREAS.iter().find(|info| info.scope == Some(stem)).and_then(|info| info.area.scope(level));
        let switches = [Self::REVOKE_TOKENS, Self::EXPORT, Self::IMPORT].into_iter().zip(SWITCHES);
        of_area
            .or_else(|| switches.into_iter().find(|(_, name)| *name == text).map(|(scope, _)| scope))
            .ok_or_else(|| {
                Error::invalid("scopes", "unknown_scope", "no such scope of the Configuration API")
            })
    }
}

/// A set of the vendor's scopes, small enough for a register.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(u64);

impl ScopeSet {
    /// Whether this scope is in it.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether all of `other` is in it.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds one.
    pub const fn insert(&mut self, scope: Scope) {
        self.0 |= scope.bit();
    }

    /// The scopes in it.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::all().filter(move |scope| self.contains(*scope))
    }

    /// With the right to verify the tokens of these APIs, which is kept in the bits that no scope has.
    pub(crate) fn with_verify<'a>(self, apis: impl IntoIterator<Item = &'a crate::Api>) -> Self {
        Self(apis.into_iter().fold(self.0, |bits, api| bits | verify_bit(*api)))
    }

    pub(crate) const fn may_verify(self, api: crate::Api) -> bool {
        self.0 & verify_bit(api) != 0
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

const fn verify_bit(api: crate::Api) -> u64 {
    1 << (63 - api as u8)
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Self::default();
        scopes.into_iter().for_each(|scope| set.insert(scope));
        set
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
