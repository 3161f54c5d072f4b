//! Roles, users and the audit trail.

use std::sync::Arc;

use gatepass::Password;

use crate::ask::new_user;
use crate::runtime::run;
use crate::{AuditData, AuditFilterData, Failure, GatepassHandle, RoleHandle, UserChangeData, UserData};

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
