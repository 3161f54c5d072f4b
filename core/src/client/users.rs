//! Users over HTTP.

use reqwest::Method;
use zeroize::Zeroizing;

use super::Client;
use super::answer::Codes;
use super::request::{Request, path_of};
use crate::user::check;
use crate::wire::{self, UserDetails, UserPage};
use crate::{NewUser, Password, Result, Timestamp, User, UserChange};

/// What these statuses mean of users, where a server says no more.
const CODES: Codes = &[(404, "user_not_found"), (409, "name_taken")];
/// Pages that are followed, at the most: a server whose cursor goes round in circles is left.
const MOST_PAGES: usize = 10_000;

impl Client {
    pub(super) async fn all_users(&self) -> Result<Vec<User>> {
        let (mut users, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let query: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.clone())).collect();
            let request = Request::new(Method::GET, wire::USERS).query(&query);
            let page: UserPage = self.sender.send(request).await?.json()?;
            users.extend(page.users.into_iter().map(User::from));
            match page.cursor.filter(|next| !next.is_empty() && cursor.as_ref() != Some(next)) {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        Ok(users)
    }

    pub(super) async fn find_user(&self, username: &str) -> Result<User> {
        let path = path_of("username", wire::USERS, username, "")?;
        let details: UserDetails =
            self.sender.send(Request::new(Method::GET, path).codes(CODES)).await?.json()?;
        Ok(details.into())
    }

    pub(super) async fn add_user(&self, user: NewUser) -> Result<User> {
        let blank = User {
            username: user.username,
            first_name: None,
            last_name: None,
            email: None,
            active: true,
            roles: Vec::new(),
            created_on: self.clock.now(),
            password_on: None,
        };
        let after = user.profile.laid_over(&blank);
        check(&after)?;
        // The vendor takes roles in a call of their own.
        let roles_apart = !after.roles.is_empty() && !self.is_gatepass().await?;
        let body = details(&after, user.password.as_ref());
        let request = Request::new(Method::POST, wire::USERS).codes(CODES).json(&body)?;
        self.sender.send(request.hiding(user.password.as_ref().map(Password::reveal))).await?;
        if roles_apart {
            self.set_roles(&after.username, &after.roles).await?;
        }
        self.find_user(&after.username).await
    }

    pub(super) async fn edit_user(
        &self,
        username: &str,
        change: &UserChange,
        password: Option<&Password>,
    ) -> Result<User> {
        // PUT replaces, so what stays is sent as well.
        let before = self.find_user(username).await?;
        let after = change.laid_over(&before);
        check(&after)?;
        let said = UserChange { roles: None, ..change.clone() };
        if said != UserChange::default() || password.is_some() {
            let path = path_of("username", wire::USERS, username, "")?;
            let body = details(&after, password);
            let request = Request::new(Method::PUT, path).codes(CODES).json(&body)?;
            self.sender.send(request.hiding(password.map(Password::reveal))).await?;
        }
        if change.roles.is_some() {
            self.set_roles(username, &after.roles).await?;
        }
        self.find_user(username).await
    }

    async fn set_roles(&self, username: &str, roles: &[String]) -> Result<()> {
        let path = path_of("username", wire::USERS, username, "/roles")?;
        self.sender.send(Request::new(Method::PUT, path).codes(CODES).json(roles)?).await.map(drop)
    }

    pub(super) async fn remove_user(&self, username: &str) -> Result<()> {
        let path = path_of("username", wire::USERS, username, "")?;
        self.sender.send(Request::new(Method::DELETE, path).codes(CODES).ends()).await.map(drop)
    }
}

fn details(user: &User, password: Option<&Password>) -> UserDetails {
    UserDetails {
        username: user.username.clone(),
        password: password.map(|password| Zeroizing::new(password.reveal().to_owned())),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        email: user.email.clone(),
        active: user.active,
        roles: user.roles.clone(),
        created_on: None,
        password_on: None,
    }
}

impl From<UserDetails> for User {
    fn from(details: UserDetails) -> Self {
        Self {
            username: details.username,
            first_name: details.first_name,
            last_name: details.last_name,
            email: details.email,
            active: details.active,
            roles: details.roles,
            // A plain RadiantOne does not say.
            created_on: details.created_on.unwrap_or(Timestamp::MIN),
            // That there is a password it says by an empty one.
            password_on: details.password_on.or(details.password.map(|_| Timestamp::MIN)),
        }
    }
}
