//! Roles: names for sets of permissions, the vendor's five default ones among them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::area::{Area, Level, Scope};
use crate::name::check_name;
use crate::permissions::{Permissions, TokenRights};
use crate::{Dn, Error, ErrorKind, Result};

/// A named set of permissions, serialised as the vendor's `RoleDetails`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Role {
    /// The name, by which tokens and users hold it.
    pub name: String,
    /// The group entry that stands for it in the directory.
    #[serde(default)]
    pub entry_dn: Option<String>,
    /// Whether it is one of the five that come with the product and cannot be changed.
    #[serde(default, deserialize_with = "crate::wire::null_is_default")]
    pub default_role: bool,
    /// What it permits.
    #[serde(flatten)]
    pub permissions: Permissions,
}

impl Role {
    /// A custom role.
    pub fn new(name: impl Into<String>, permissions: Permissions) -> Self {
        Self { name: name.into(), entry_dn: None, default_role: false, permissions }
    }

    /// A custom role that permits what this one does: all of its properties but the name, as the vendor clones.
    #[must_use]
    pub fn cloned_as(&self, name: impl Into<String>) -> Self {
        let permissions = Permissions { unrestricted: false, ..self.permissions.clone() };
        Self { name: name.into(), entry_dn: self.entry_dn.clone(), default_role: false, permissions }
    }

    /// Refuses what the vendor's API refuses; the error names the field.
    pub fn check(&self) -> Result<()> {
        check_name("name", &self.name)?;
        if let Some(dn) = &self.entry_dn {
            Dn::parse("entryDn", dn)?;
        }
        self.permissions.check()
    }
}

/// A default role, its other spellings on the wire, and the areas in which it differs from its base level.
struct DefaultRole {
    name: &'static str,
    aliases: &'static [&'static str],
    base: Level,
    edit: &'static [Area],
}

pub(crate) const DIRECTORY_ADMINISTRATOR: &str = "Directory Administrator";

/// The vendor's table. Every cell is VIEW but for those named here; Directory Administrator has EDIT throughout.
const DEFAULT_ROLES: [DefaultRole; 5] = [
    DefaultRole {
        name: DIRECTORY_ADMINISTRATOR,
        aliases: &["directory administrators"],
        base: Level::Edit,
        edit: &[],
    },
    DefaultRole {
        name: "Namespace Administrator",
        aliases: &["namespaceadmin"],
        base: Level::View,
        edit: &[
            Area::DataSources,
            Area::Templates,
            Area::NamespaceDesign,
            Area::DirectorySchema,
            Area::DirectoryBrowser,
            Area::Tasks,
        ],
    },
    DefaultRole {
        name: "Schema Administrator",
        aliases: &["schemaadmin"],
        base: Level::View,
        edit: &[Area::DataSources, Area::Templates, Area::NamespaceDesign, Area::DirectorySchema],
    },
    DefaultRole {
        name: "Security Administrator",
        aliases: &["aciadmin"],
        base: Level::View,
        edit: &[Area::AttributeEncryption, Area::AccessControl, Area::AccessTokens],
    },
    DefaultRole { name: "Read Only", aliases: &["readonly"], base: Level::View, edit: &[] },
];

impl DefaultRole {
    /// Default roles are looked up without regard to case, under any of their names.
    fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }

    fn build(&self) -> Role {
        let mut permissions = Area::all().fold(Permissions::none(), |all, area| {
            all.with(area, if self.edit.contains(&area) { Level::Edit } else { self.base })
        });
        if self.name == DIRECTORY_ADMINISTRATOR {
            for switch in [Scope::REVOKE_TOKENS, Scope::EXPORT, Scope::IMPORT] {
                permissions = permissions.with_switch(switch);
            }
            permissions = permissions.with_classic_panel(None).with_token_rights(TokenRights::all());
            permissions.unrestricted = true;
        }
        Role { default_role: true, ..Role::new(self.name, permissions) }
    }
}

/// The roles that exist: the five default ones, always, and custom ones.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleBook(BTreeMap<String, Role>);

impl Default for RoleBook {
    fn default() -> Self {
        Self(DEFAULT_ROLES.iter().map(|role| (role.name.to_owned(), role.build())).collect())
    }
}

impl RoleBook {
    /// The default roles and these.
    pub fn with(custom: impl IntoIterator<Item = Role>) -> Result<Self> {
        let mut book = Self::default();
        custom.into_iter().try_for_each(|role| book.put(role))?;
        Ok(book)
    }

    /// The default roles and those that a store or another server has: one that this version does not understand in
    /// full is kept, and what is not understood permits nothing. Default roles are known, so theirs are passed over.
    pub(crate) fn of_another(roles: impl IntoIterator<Item = Role>) -> Self {
        let mut book = Self::default();
        let custom =
            roles.into_iter().filter(|role| !role.default_role && Self::check_custom(&role.name).is_ok());
        book.0.extend(custom.map(|role| (role.name.clone(), role)));
        book
    }

    /// The name under which a role is kept: for a default role its display name, however it was spelt.
    pub fn canonical_name(name: &str) -> &str {
        DEFAULT_ROLES.iter().find(|role| role.is_called(name)).map_or(name, |role| role.name)
    }

    /// The role of this name.
    pub fn get(&self, name: &str) -> Option<&Role> {
        self.0.get(Self::canonical_name(name))
    }

    /// Every role, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.0.values()
    }

    /// Adds a custom role, or replaces the one of its name.
    ///
    /// # Errors
    /// Those of [`Role::check`]; `default_role` (conflict) where the name is a default role's.
    pub fn put(&mut self, role: Role) -> Result<()> {
        Self::check_custom(&role.name)?;
        role.check()?;
        let role = Role { default_role: false, ..role };
        self.0.insert(role.name.clone(), role);
        Ok(())
    }

    /// Removes a custom role; the answer tells whether there was one. That nobody holds it is the store's to see.
    pub fn remove(&mut self, name: &str) -> Result<bool> {
        Self::check_custom(name)?;
        Ok(self.0.remove(name).is_some())
    }

    /// What these roles permit together. An unknown name permits nothing.
    pub fn permissions<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Permissions {
        names.into_iter().filter_map(|name| self.get(name)).fold(Permissions::none(), |mut all, role| {
            all.join(&role.permissions);
            all
        })
    }

    fn check_custom(name: &str) -> Result<()> {
        if DEFAULT_ROLES.iter().any(|role| role.is_called(name)) {
            let text = "a default role cannot be changed or removed, nor its name taken; clone it";
            return Err(Error::new(ErrorKind::Conflict, "default_role", text).with_field("name"));
        }
        Ok(())
    }
}

impl Serialize for RoleBook {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.values().filter(|role| !role.default_role))
    }
}

impl<'de> Deserialize<'de> for RoleBook {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Role>::deserialize(deserializer).map(Self::of_another)
    }
}
