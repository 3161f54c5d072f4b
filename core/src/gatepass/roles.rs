//! Roles, to be read and changed.

use super::Gatepass;
use crate::service::Before;
use crate::{Error, ErrorKind, Result, Role, RoleBook};

/// The roles: see [`Gatepass::roles`].
#[derive(Debug, Clone, Copy)]
pub struct Roles<'a>(&'a Gatepass);

impl<'a> Roles<'a> {
    pub(super) const fn new(gatepass: &'a Gatepass) -> Self {
        Self(gatepass)
    }

    /// All of them, the default ones too.
    ///
    /// # Errors
    /// Those of reading the store.
    pub async fn list(&self) -> Result<RoleBook> {
        self.0.service().roles().await
    }

    /// The role of this name; a default role under any of its names.
    ///
    /// # Errors
    /// `role_not_found`.
    pub async fn get(&self, name: &str) -> Result<Role> {
        self.list().await?.get(name).cloned().ok_or_else(|| {
            let text = "no role of this name exists";
            Error::new(ErrorKind::NotFound, "role_not_found", text).with_field("name")
        })
    }

    /// Adds a role.
    ///
    /// # Errors
    /// Conflict: `name_taken`, `default_role`. Forbidden by the delegation rule:
    /// [`Caller::may_set_role`](crate::Caller::may_set_role).
    pub async fn create(&self, role: Role) -> Result<Role> {
        self.0.service().put_role(&self.0.acting, &role, Before::Absent).await
    }

    /// Puts this role in the place of the one of its name, whole: tokens and users that hold it are bound by it at
    /// once.
    ///
    /// # Errors
    /// `role_not_found`; otherwise as [`create`](Self::create).
    pub async fn update(&self, role: Role) -> Result<Role> {
        self.0.service().put_role(&self.0.acting, &role, Before::Present).await
    }

    /// Adds a role that permits what another one does.
    ///
    /// # Errors
    /// `role_not_found`; otherwise as [`create`](Self::create).
    pub async fn clone_as(&self, name: &str, new_name: &str) -> Result<Role> {
        self.create(self.get(name).await?.cloned_as(new_name)).await
    }

    /// Removes a role that nobody holds.
    ///
    /// # Errors
    /// `role_not_found`; conflict: `default_role`, `role_in_use`.
    pub async fn delete(&self, name: &str) -> Result<()> {
        self.0.service().delete_role(&self.0.acting, name).await
    }
}
