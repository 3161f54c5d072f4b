//! The delegation rule: whoever yields or widens a credential must hold all that it will permit, and all that
//! it permitted before; and nobody outlives a limit that is set on them.

use std::sync::LazyLock;

use ipnet::IpNet;

use crate::network::narrows;
use crate::permissions::{Permissions, TokenRights};
use crate::role::{DIRECTORY_ADMINISTRATOR, Role, RoleBook};
use crate::{AccessToken, Api, Dn, Error, ErrorKind, Result, Timestamp};
#[cfg(feature = "oidc")]
use crate::{ExternalTokenValidator, oidc::Expression};

/// Who asks: what they hold now, and the limits that are set on them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Caller {
    /// The user's or the token's name, for the audit trail.
    pub name: String,
    /// What they hold, all of their roles joined.
    pub permissions: Permissions,
    /// When a caller that is itself a token expires; none for a user.
    pub expires_on: Option<Timestamp>,
    /// The networks that a caller that is itself a token is bound to.
    pub networks: Vec<IpNet>,
}

impl Caller {
    /// A user who holds these roles.
    pub fn user<'a>(
        name: impl Into<String>,
        roles: impl IntoIterator<Item = &'a str>,
        book: &RoleBook,
    ) -> Self {
        let permissions = book.permissions(roles);
        Self { name: name.into(), permissions, expires_on: None, networks: Vec::new() }
    }

    /// A token that acts, with its own limits. Only a `config` token holds permissions.
    pub fn token(token: &AccessToken, book: &RoleBook) -> Self {
        let permissions = match token.api {
            Api::Config => book.permissions(token.roles.iter().map(String::as_str)),
            Api::Scim | Api::Rest => Permissions::none(),
        };
        let (expires_on, networks) = (token.expires_on, token.networks.clone());
        Self { name: token.name.clone(), permissions, expires_on, networks }
    }

    /// The one who owns the store: a Directory Administrator on whom no limit is set.
    pub fn owner(name: impl Into<String>) -> Self {
        static HELD: LazyLock<Permissions> =
            LazyLock::new(|| RoleBook::default().permissions([DIRECTORY_ADMINISTRATOR]));
        let permissions = HELD.clone();
        Self { name: name.into(), permissions, expires_on: None, networks: Vec::new() }
    }

    /// One who holds nothing.
    pub fn nobody(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { name, permissions: Permissions::none(), expires_on: None, networks: Vec::new() }
    }

    /// Whether this caller may yield a token such as this one: create it, or rotate what becomes it.
    ///
    /// # Errors
    /// Forbidden: `exceeds_permissions` on `roles`, `scopes`, `targetDn` or `api`, `outlives_caller` on
    /// `expires`, `exceeds_networks` on `networks`.
    pub fn may_yield(&self, token: &AccessToken, book: &RoleBook) -> Result<()> {
        let field = match token.api {
            Api::Config => "roles",
            Api::Rest if token.target_dn.is_some() => "targetDn",
            Api::Scim | Api::Rest => "api",
        };
        let scopes =
            TokenRights { issue_scopes: token.scopes.iter().cloned().collect(), ..TokenRights::default() };
        match token.api {
            Api::Config => self.must_hold_roles(token.roles.iter().map(String::as_str), book, field)?,
            Api::Scim | Api::Rest => self.must_hold(&right_to_issue(token)?, field)?,
        }
        self.must_hold(&Permissions::none().with_token_rights(scopes), "scopes")?;
        if self.expires_on.is_some_and(|own| token.expires_on.is_none_or(|end| end > own)) {
            let text = "a token cannot give what outlives it";
            return Err(Error::new(ErrorKind::Forbidden, "outlives_caller", text).with_field("expires"));
        }
        if !narrows(&token.networks, &self.networks) {
            let text = "a token bound to networks cannot give what can be used from others";
            return Err(Error::new(ErrorKind::Forbidden, "exceeds_networks", text).with_field("networks"));
        }
        Ok(())
    }

    /// Whether this caller may create a role (`before` is none), or change one into another.
    ///
    /// # Errors
    /// Forbidden: `exceeds_permissions`; `outlives_caller` where a caller with a limit would widen what
    /// others hold without one.
    pub fn may_set_role(&self, before: Option<&Role>, after: &Role) -> Result<()> {
        self.must_hold(&after.permissions, "permissions")?;
        // A new role widens nothing: nobody holds it yet, and giving it is asked about in its turn.
        let Some(before) = before else { return Ok(()) };
        self.must_hold(&before.permissions, "permissions")?;
        self.must_be_unlimited_to_widen(&before.permissions, &after.permissions)
    }

    /// Whether this caller may give a user who holds the roles `before` (none for a new user) the roles `after`.
    ///
    /// # Errors
    /// As [`may_set_role`](Self::may_set_role), on the field `roles`; `unknown_role` (invalid input) where a role
    /// does not exist, for nobody can tell what it will permit once it does.
    pub fn may_set_roles<'a>(
        &self,
        before: impl IntoIterator<Item = &'a str>,
        after: impl IntoIterator<Item = &'a str>,
        book: &RoleBook,
    ) -> Result<()> {
        let (before, after): (Vec<_>, Vec<_>) = (before.into_iter().collect(), after.into_iter().collect());
        if after.iter().any(|name| book.get(name).is_none()) {
            return Err(Error::invalid("roles", "unknown_role", "no role of this name exists"));
        }
        self.must_hold_roles(before.iter().chain(&after).copied(), book, "roles")?;
        let before = book.permissions(before);
        after
            .into_iter()
            .filter_map(|name| book.get(name))
            .try_for_each(|role| self.must_be_unlimited_to_widen(&before, &role.permissions))
    }

    /// Whether this caller may set the password of a user who holds these roles, and so act as them.
    ///
    /// # Errors
    /// As [`may_set_role`](Self::may_set_role), on the field `password`.
    pub fn may_set_password<'a>(
        &self,
        roles: impl IntoIterator<Item = &'a str>,
        book: &RoleBook,
    ) -> Result<()> {
        let roles: Vec<_> = roles.into_iter().collect();
        self.must_hold_roles(roles.iter().copied(), book, "password")?;
        self.must_be_unlimited_to_widen(&Permissions::none(), &book.permissions(roles))
    }

    /// Whether this caller may create a validator (`before` is none), change it, or let it be consulted again: it lets in
    /// whomever its provider says, so that takes what giving all those tokens would. For `scim` that is the right to issue
    /// them; for `rest` the right over the entries that its mapping can name, which is everybody unless each expression
    /// is a DN that ends in fixed steps; for both the right to give any application scope, because the provider says which
    /// a token has; and no limit on the caller, for a validator has none. Not to consult it any more takes none of it.
    ///
    /// # Errors
    /// Forbidden: `exceeds_permissions` on `claimsMapping`, `api` or `scopes`; `outlives_caller`.
    #[cfg(feature = "oidc")]
    pub fn may_set_validator(
        &self,
        before: Option<&ExternalTokenValidator>,
        after: &ExternalTokenValidator,
    ) -> Result<()> {
        let switched_off = |before: &ExternalTokenValidator| before.clone().enabled(false) == *after;
        if before.is_some_and(switched_off) {
            return Ok(());
        }
        for validator in before.into_iter().chain([after]) {
            let field = if validator.api == Api::Rest { "claimsMapping" } else { "api" };
            self.must_hold(&right_to_let_in(validator), field)?;
        }
        let any_scope = TokenRights { issue_scopes: ["*".to_owned()].into(), ..TokenRights::default() };
        let any_scope = Permissions::none().with_token_rights(any_scope);
        self.must_hold(&any_scope, "scopes")?;
        self.must_be_unlimited_to_widen(&Permissions::none(), &any_scope)
    }

    /// A user, and a role that somebody holds, has no expiry and no network: power put there by a token that
    /// has either would outlive it.
    fn must_be_unlimited_to_widen(&self, before: &Permissions, after: &Permissions) -> Result<()> {
        if self.expires_on.is_none() && self.networks.is_empty() || before.covers(after) {
            return Ok(());
        }
        let text = "a token that expires or is bound to networks cannot give power without those limits";
        Err(Error::new(ErrorKind::Forbidden, "outlives_caller", text))
    }

    /// Each for itself: joined, one role's unknown permission may hide another's.
    fn must_hold_roles<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
        book: &RoleBook,
        field: &'static str,
    ) -> Result<()> {
        let mut roles = names.into_iter().filter_map(|name| book.get(name));
        roles.try_for_each(|role| self.must_hold(&role.permissions, field))
    }

    fn must_hold(&self, wanted: &Permissions, field: &'static str) -> Result<()> {
        if self.permissions.covers(wanted) {
            return Ok(());
        }
        let text = "this would give permissions that the caller does not hold";
        Err(Error::new(ErrorKind::Forbidden, "exceeds_permissions", text).with_field(field))
    }
}

/// What one must hold to let in all that a validator accepts, but for their scopes.
#[cfg(feature = "oidc")]
fn right_to_let_in(validator: &ExternalTokenValidator) -> Permissions {
    let rights = match validator.api {
        Api::Scim => TokenRights { issue_scim: true, ..TokenRights::default() },
        Api::Rest | Api::Config => {
            // Without a mapping nothing says whom a token acts as, so it takes the right over everybody.
            let everybody = validator.claims_mapping.is_empty().then(Dn::root);
            // What cannot be read names nobody, and nobody knows what a later version makes of it.
            let below = validator
                .claims_mapping
                .iter()
                .map(|text| Expression::read(text).map_or(Dn::root(), |expression| expression.within()));
            TokenRights { issue_rest: everybody.into_iter().chain(below).collect(), ..TokenRights::default() }
        }
    };
    Permissions::none().with_token_rights(rights)
}

/// What one must hold to give a token for data.
fn right_to_issue(token: &AccessToken) -> Result<Permissions> {
    let rights = if token.api == Api::Scim {
        TokenRights { issue_scim: true, ..TokenRights::default() }
    } else {
        // Without a target nothing says whom it acts as, so it takes the right over everybody.
        let target = token.target_dn.as_deref().unwrap_or_default();
        TokenRights { issue_rest: vec![Dn::parse("targetDn", target)?], ..TokenRights::default() }
    };
    Ok(Permissions::none().with_token_rights(rights))
}

#[cfg(all(test, feature = "oidc"))]
mod tests {
    use super::*;

    fn caller(rights: TokenRights) -> Caller {
        let permissions = Permissions::none().with_token_rights(rights);
        Caller { permissions, ..Caller::nobody("delegate") }
    }

    fn code(
        caller: &Caller,
        before: Option<&ExternalTokenValidator>,
        after: &ExternalTokenValidator,
    ) -> String {
        let done = caller.may_set_validator(before, after);
        done.err().map_or_else(String::new, |error| error.code().to_owned())
    }

    #[test]
    fn letting_in_takes_what_giving_the_tokens_would() {
        let people = || ExternalTokenValidator::new("x", Api::Rest).map("uid=${sub},ou=People,o=acme");
        let scopes = ["*".to_owned()].into();
        let over = |dn: &str| vec![Dn::parse("dn", dn).unwrap()];
        let delegate = caller(TokenRights {
            issue_rest: over("ou=People,o=acme"),
            issue_scopes: scopes,
            ..TokenRights::default()
        });
        assert_eq!(code(&delegate, None, &people()), "");
        assert_eq!(code(&delegate, Some(&people()), &people().token_type("at+jwt")), "");
        let (nobody, search) = (ExternalTokenValidator::new("x", Api::Rest), "o=acme??sub?(mail=${email})");
        let scim = ExternalTokenValidator::new("x", Api::Scim).map("uid=${sub},ou=People,o=acme");
        let services = ExternalTokenValidator::new("x", Api::Rest).map("uid=${sub},ou=Services,o=acme");
        for other in [nobody, people().map(search), people().map("uid=${sub}"), scim, services] {
            assert_eq!(code(&delegate, None, &other), "exceeds_permissions");
            assert_eq!(code(&Caller::owner("root"), None, &other), "");
            // Neither may another one's be taken over, nor consulted again; but switched off it may be.
            assert_eq!(code(&delegate, Some(&other), &people()), "exceeds_permissions");
            let off = other.clone().enabled(false);
            assert_eq!(code(&delegate, Some(&off), &other), "exceeds_permissions");
            assert_eq!(code(&delegate, Some(&other), &off), "");
            assert_eq!(code(&delegate, Some(&other), &off.token_type("x")), "exceeds_permissions");
        }
        let few = TokenRights {
            issue_rest: over(""),
            issue_scopes: ["a".to_owned()].into(),
            ..TokenRights::default()
        };
        let error = caller(few).may_set_validator(None, &people()).unwrap_err();
        assert_eq!(error.field(), Some("scopes"));
        let limited = Caller { expires_on: Some(Timestamp::MAX), ..Caller::owner("root") };
        assert_eq!(code(&limited, None, &people()), "outlives_caller");
    }
}
