//! Roles over HTTP.

use reqwest::Method;

use super::answer::Codes;
use super::request::{Request, path_of};
use super::{Client, lacking};
use crate::service::Before;
use crate::wire::{self, RoleItem};
use crate::{Error, ErrorKind, Result, Role, RoleBook, TokenRights};

/// What these statuses mean of roles, where a server says no more.
const CODES: Codes = &[(404, "role_not_found"), (409, "name_taken")];

impl Client {
    /// The default roles and the server's own. The vendor's list has names only, so each is asked for.
    pub(super) async fn role_book(&self) -> Result<RoleBook> {
        let items: Vec<RoleItem> = self.sender.send(Request::new(Method::GET, wire::ROLES)).await?.json()?;
        let mut roles = Vec::new();
        for item in items.into_iter().filter(|item| !item.default_role) {
            match self.role(&item.name).await {
                Ok(role) => roles.push(role),
                // It was deleted meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(RoleBook::of_another(roles))
    }

    async fn role(&self, name: &str) -> Result<Role> {
        let path = path_of("name", wire::ROLES, name, "")?;
        self.sender.send(Request::new(Method::GET, path).codes(CODES)).await?.json()
    }

    pub(super) async fn send_role(&self, role: &Role, before: Before) -> Result<Role> {
        role.check()?;
        let rights = role.permissions.token_rights();
        if *rights != TokenRights::default() && !self.is_gatepass().await? {
            return Err(lacking("gatepassPermissions", "a plain RadiantOne knows no such permissions"));
        }
        let request = match before {
            Before::Absent => Request::new(Method::POST, wire::ROLES),
            Before::Present => Request::new(Method::PUT, path_of("name", wire::ROLES, &role.name, "")?),
        };
        self.sender.send(request.codes(CODES).json(role)?).await?;
        // What the server made of it: it may not know all that was sent.
        self.role(&role.name).await
    }

    pub(super) async fn remove_role(&self, name: &str) -> Result<()> {
        if RoleBook::default().get(name).is_some() {
            let text = "a default role cannot be changed or removed, nor its name taken; clone it";
            return Err(Error::new(ErrorKind::Conflict, "default_role", text).with_field("name"));
        }
        let path = path_of("name", wire::ROLES, name, "")?;
        self.sender.send(Request::new(Method::DELETE, path).codes(CODES).ends()).await.map(drop)
    }
}
