//! Roles, users and the audit trail.

use std::collections::HashMap;
use std::sync::Arc;

use gatepass::{Area, Error, ErrorKind, Level, Password, Role, Scope};

use crate::ask::new_user;
use crate::runtime::run;
use crate::{AuditData, AuditFilterData, Failure, GatepassHandle, UserChangeData, UserData};

/// A role, which does not change: what changes it makes another one.
#[derive(Debug, uniffi::Object)]
pub struct RoleHandle(pub(crate) Role);

#[uniffi::export]
impl RoleHandle {
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
        let unknown = || Error::invalid("area", "unknown_area", "no area has this name");
        let area = Area::all().find(|known| known.as_str() == area).ok_or_else(unknown)?;
        let level: Level = level.parse()?;
        let mut role = self.0.clone();
        role.permissions = role.permissions.with(area, level);
        Ok(Arc::new(Self(role)))
    }

    pub fn cloned_as(&self, name: String) -> Arc<Self> {
        Arc::new(Self(self.0.cloned_as(name)))
    }
}

#[uniffi::export]
impl GatepassHandle {
    pub async fn roles(&self) -> Result<Vec<Arc<RoleHandle>>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let book = gatepass.roles().list().await?;
            Ok(book.iter().map(|role| Arc::new(RoleHandle(role.clone()))).collect())
        })
        .await
    }

    pub async fn role(&self, name: String) -> Result<Arc<RoleHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(Arc::new(RoleHandle(gatepass.roles().get(&name).await?))) }).await
    }

    pub async fn create_role(&self, role: Arc<RoleHandle>) -> Result<Arc<RoleHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(Arc::new(RoleHandle(gatepass.roles().create(role.0.clone()).await?))) }).await
    }

    pub async fn update_role(&self, role: Arc<RoleHandle>) -> Result<Arc<RoleHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(Arc::new(RoleHandle(gatepass.roles().update(role.0.clone()).await?))) }).await
    }

    pub async fn clone_role(&self, name: String, new_name: String) -> Result<Arc<RoleHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(Arc::new(RoleHandle(gatepass.roles().clone_as(&name, &new_name).await?))) }).await
    }

    pub async fn delete_role(&self, name: String) -> Result<(), Failure> {
        let gatepass = self.0.clone();
        run(async move { gatepass.roles().delete(&name).await }).await
    }

    pub async fn users(&self) -> Result<Vec<UserData>, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(gatepass.users().list().await?.into_iter().map(Into::into).collect()) }).await
    }

    pub async fn user(&self, username: String) -> Result<UserData, Failure> {
        let gatepass = self.0.clone();
        run(async move { Ok(gatepass.users().get(&username).await?.into()) }).await
    }

    pub async fn create_user(
        &self,
        username: String,
        profile: UserChangeData,
        password: Option<String>,
    ) -> Result<UserData, Failure> {
        let (gatepass, password) = (self.0.clone(), password.map(Password::new));
        run(async move { Ok(gatepass.users().create(new_user(username, profile, password)).await?.into()) })
            .await
    }

    pub async fn update_user(
        &self,
        username: String,
        change: UserChangeData,
        password: Option<String>,
    ) -> Result<UserData, Failure> {
        let (gatepass, password) = (self.0.clone(), password.map(Password::new));
        run(async move {
            Ok(gatepass.users().update_with(&username, change.into(), password.as_ref()).await?.into())
        })
        .await
    }

    pub async fn set_password(&self, username: String, password: String) -> Result<(), Failure> {
        let (gatepass, password) = (self.0.clone(), Password::new(password));
        run(async move { gatepass.users().set_password(&username, &password).await }).await
    }

    pub async fn delete_user(&self, username: String) -> Result<(), Failure> {
        let gatepass = self.0.clone();
        run(async move { gatepass.users().delete(&username).await }).await
    }

    pub async fn audit(&self, filter: AuditFilterData) -> Result<Vec<AuditData>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            Ok(gatepass.audit().list(&filter.filter()?).await?.into_iter().map(Into::into).collect())
        })
        .await
    }

    pub async fn last_audit(&self) -> Result<i64, Failure> {
        let gatepass = self.0.clone();
        run(async move { gatepass.audit().last().await }).await
    }
}
