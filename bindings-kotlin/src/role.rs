//! Roles: named sets of permissions.

use std::collections::HashMap;
use std::sync::Arc;

use gatepass::{Area, Dn, Error, ErrorKind, Level, Permissions, Role, Scope};

use crate::Failure;

/// A role, which does not change: what changes it makes another one.
#[derive(Debug, uniffi::Object)]
pub struct RoleHandle(pub(crate) Role);

/// Gatepass's own rights over tokens.
#[derive(Debug, Clone, uniffi::Record)]
pub struct RightsData {
    pub verify: Vec<String>,
    pub issue_scim: bool,
    pub issue_rest: Vec<String>,
    pub issue_scopes: Vec<String>,
}

impl RoleHandle {
    fn changed(&self, change: impl FnOnce(Permissions) -> Permissions) -> Arc<Self> {
        let mut role = self.0.clone();
        role.permissions = change(std::mem::take(&mut role.permissions));
        Arc::new(Self(role))
    }
}

#[uniffi::export]
impl RoleHandle {
    /// Of this name, which permits nothing.
    #[uniffi::constructor]
    pub fn named(name: String) -> Arc<Self> {
        Arc::new(Self(Role::new(name, Permissions::none())))
    }

    /// From the vendor's `RoleDetails`, as JSON. What is not understood is kept.
    #[uniffi::constructor]
    pub fn from_json(json: String) -> Result<Arc<Self>, Failure> {
        let malformed = |error: serde_json::Error| {
            // The error of a role's own rules names a field; serde's texts quote what was given.
            let text = "this is no role as RadiantOne writes it";
            match error.classify() {
                serde_json::error::Category::Data => Error::invalid("role", "role_malformed", text),
                _ => Error::invalid("role", "json_malformed", "this is no JSON"),
            }
        };
        let role: Role = serde_json::from_str(&json).map_err(malformed)?;
        Ok(Arc::new(Self(role)))
    }

    pub fn to_json(&self) -> Result<String, Failure> {
        let defect = |_| Error::new(ErrorKind::Internal, "role", "a role cannot be written");
        Ok(serde_json::to_string(&self.0).map_err(defect)?)
    }

    /// Refuses what no server takes.
    pub fn check(&self) -> Result<(), Failure> {
        Ok(self.0.check()?)
    }

    pub fn name(&self) -> String {
        self.0.name.clone()
    }

    pub fn entry_dn(&self) -> Option<String> {
        self.0.entry_dn.clone()
    }

    pub fn default_role(&self) -> bool {
        self.0.default_role
    }

    /// The levels, by area.
    pub fn levels(&self) -> HashMap<String, String> {
        let level = |area: Area| self.0.permissions.level(area).as_str().to_owned();
        Area::all().map(|area| (area.as_str().to_owned(), level(area))).collect()
    }

    /// All vendor scopes that follow.
    pub fn scopes(&self) -> Vec<String> {
        self.0.permissions.scopes().iter().map(|scope| scope.to_string()).collect()
    }

    pub fn allows(&self, scope: String) -> bool {
        scope.parse::<Scope>().is_ok_and(|scope| self.0.permissions.allows(scope))
    }

    pub fn with_level(&self, area: String, level: String) -> Result<Arc<Self>, Failure> {
        let (area, level): (Area, Level) = (area.parse()?, level.parse()?);
        Ok(self.changed(|permissions| permissions.with(area, level)))
    }

    /// The level held in one data source.
    pub fn data_source(&self, name: String) -> String {
        self.0.permissions.data_source(&name).as_str().to_owned()
    }

    pub fn with_data_source(&self, name: String, level: String) -> Result<Arc<Self>, Failure> {
        let level: Level = level.parse()?;
        Ok(self.changed(|permissions| permissions.with_data_source(name, level)))
    }

    /// With a scope that stands alone.
    pub fn with_switch(&self, scope: String) -> Result<Arc<Self>, Failure> {
        let scope: Scope = scope.parse()?;
        Ok(self.changed(|permissions| permissions.with_switch(scope)))
    }

    /// With the Classic Control Panel, as the user of this DN where one is named.
    pub fn with_classic_panel(&self, assumed: Option<String>) -> Arc<Self> {
        self.changed(|permissions| permissions.with_classic_panel(assumed))
    }

    pub fn rights(&self) -> RightsData {
        let rights = self.0.permissions.token_rights();
        RightsData {
            verify: rights.verify.iter().map(|api| api.wire().to_owned()).collect(),
            issue_scim: rights.issue_scim,
            issue_rest: rights.issue_rest.iter().map(|dn| dn.as_str().to_owned()).collect(),
            issue_scopes: rights.issue_scopes.iter().cloned().collect(),
        }
    }

    pub fn with_rights(&self, rights: RightsData) -> Result<Arc<Self>, Failure> {
        let subtree = |dn: &String| Dn::parse("issueRest", dn);
        // What a newer server adds to them stays.
        let mut held = self.0.permissions.token_rights().clone();
        held.verify = rights.verify.iter().map(|api| api.parse()).collect::<gatepass::Result<_>>()?;
        held.issue_scim = rights.issue_scim;
        held.issue_rest = rights.issue_rest.iter().map(subtree).collect::<gatepass::Result<_>>()?;
        held.issue_scopes = rights.issue_scopes.into_iter().collect();
        Ok(self.changed(|permissions| permissions.with_token_rights(held)))
    }

    pub fn cloned_as(&self, name: String) -> Arc<Self> {
        Arc::new(Self(self.0.cloned_as(name)))
    }
}
