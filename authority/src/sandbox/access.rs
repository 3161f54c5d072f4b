//! Who uses the sandbox, and what they may do there: one function says it for both APIs.
//!
//! | who | reads | writes |
//! |---|---|---|
//! | a `scim` token; a `rest` token without a target DN | everything | everything |
//! | a `rest` token that acts as a member of `cn=admins,ou=Groups` | everything | everything |
//! | a `rest` token that acts as somebody else | everything | its own entry, and all below it |
//! | a token of another issuer | as a `rest` token that acts as the entry of its mapping; everything without one | likewise; nothing |
//! | nobody (no header), where the sandbox lets them read | everything | nothing |

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use gatepass::{Api, Dn, Error, ErrorKind, Reason, Result};
use rusqlite::Connection;

use super::Sandbox;
use super::syntax::{MEMBERS, comparable, indexed};
use super::tree;
use crate::app::App;
use crate::auth::{Origin, note_if_superseded};
use crate::errors::{Failure, Style};

/// A user of the sandbox who was let in.
#[derive(Debug, Clone)]
pub(crate) struct Acting {
    /// What logs call them.
    pub(crate) name: Arc<str>,
    rights: Rights,
    /// Whom they act as, where that is somebody.
    dn: Option<Dn>,
}

/// What somebody may write.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rights {
    All,
    /// This entry, and what is below it.
    Own(Dn),
    None,
}

/// The token in the request's header, and the entry that it acts as.
pub(crate) async fn authenticate(
    app: &App,
    api: Api,
    headers: &HeaderMap,
    origin: &Origin,
) -> Result<Acting, Failure> {
    let style = if api == Api::Rest { Style::Adap } else { Style::Scim };
    let sandbox = Sandbox::of(app).map_err(|error| Failure::from(error).in_style(style))?;
    let values = headers.get_all(header::AUTHORIZATION);
    let authorization = values.iter().collect::<gatepass::Authorization<'_>>();
    let acting = match app.guard(api).check_async(authorization, origin.peer).await {
        Ok(access) => {
            let name = format!("token:{}", access.name());
            // Whom nobody gave a token acts as nobody, unless its validator says whom it acts as.
            match (access.claims_json(), access.target_dn()) {
                (Some(_), None) => Ok(Acting { name: name.into(), rights: Rights::None, dn: None }),
                (_, target) => sandbox.acting(name, target).await,
            }
        }
        Err(denied) if denied.reason == Reason::Missing && api == Api::Rest && sandbox.lets_all_read() => {
            Ok(Acting { name: "anonymous".into(), rights: Rights::None, dn: None })
        }
        Err(denied) => {
            note_if_superseded(app, api, &denied, headers, origin);
            return Err(Failure::denied(denied.reason, &app.realm, None).in_style(style));
        }
    };
    acting.map_err(|error| Failure::from(error).in_style(style))
}

impl Sandbox {
    async fn acting(&self, name: String, target: Option<&str>) -> Result<Acting> {
        let Some(target) = target else {
            return Ok(Acting { name: name.into(), rights: Rights::All, dn: None });
        };
        let nobody = || {
            let text = "the entry that the token acts as is not there";
            Error::new(ErrorKind::Unauthorized, "authentication_failed", text)
        };
        let target = Dn::parse("targetDn", target).map_err(|_| nobody())?;
        let rights = self.rights(target.clone()).await?.ok_or_else(nobody)?;
        Ok(Acting { name: name.into(), rights, dn: Some(target) })
    }

    /// What the entry of this name may do, where there is one.
    async fn rights(&self, who: Dn) -> Result<Option<Rights>> {
        let admins = self.admins()?;
        self.store
            .read(move |conn| {
                let there = tree::look_up(conn, &who)?.is_some();
                let is_admin = there && is_member(conn, &admins, &who)?;
                Ok(there.then_some(if is_admin { Rights::All } else { Rights::Own(who) }))
            })
            .await
    }

    /// The same user on behalf of another one: the vendor's header `Proxy`.
    ///
    /// # Errors
    /// Forbidden, `insufficient_access_rights`, for those who may not do everything themselves.
    pub(super) async fn on_behalf_of(&self, acting: Acting, who: &str) -> Result<Acting> {
        if acting.rights != Rights::All {
            return Err(forbidden("only who may do everything may act as somebody else"));
        }
        let who = Dn::parse("proxy", who)?;
        let missing = || forbidden("there is nobody of the name that was to be acted as");
        let rights = self.rights(who.clone()).await?.ok_or_else(missing)?;
        Ok(Acting { rights, dn: Some(who), ..acting })
    }
}

/// Whether a group has this member.
fn is_member(conn: &Connection, group: &Dn, who: &Dn) -> Result<bool> {
    let Some(group) = tree::look_up(conn, group)? else { return Ok(false) };
    let wanted = comparable("member", who.as_str());
    for attribute in MEMBERS.into_iter().filter(|of| indexed(of).is_some()) {
        if tree::with_value(conn, attribute, &wanted)?.contains(&group.id) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Acting {
    /// The entry that they act as.
    pub(super) fn dn(&self) -> Option<&Dn> {
        self.dn.as_ref()
    }

    /// Changing the attributes of an entry.
    ///
    /// # Errors
    /// `insufficient_access_rights`.
    pub(super) fn may_change(&self, name: &Dn) -> Result<()> {
        self.within(|own| name.is_within(own))
    }

    /// Making an entry of this name, taking it away, or giving it another: what changes the entry above it.
    ///
    /// # Errors
    /// `insufficient_access_rights`.
    pub(super) fn may_make(&self, name: &Dn) -> Result<()> {
        self.within(|own| name.is_within(own) && name != own)
    }

    fn within(&self, is_within: impl FnOnce(&Dn) -> bool) -> Result<()> {
        let may = match &self.rights {
            Rights::All => true,
            Rights::Own(own) => is_within(own),
            Rights::None => false,
        };
        if may { Ok(()) } else { Err(forbidden("this is not for whom the token acts as to change")) }
    }
}

fn forbidden(text: &'static str) -> Error {
    Error::new(ErrorKind::Forbidden, "insufficient_access_rights", text)
}

impl<S: Send + Sync> FromRequestParts<S> for Acting {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // The gate puts it there.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Failure::denied(Reason::Missing, "", None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_end_at_ones_own_entry() {
        let dn = |text| Dn::parse("dn", text).unwrap();
        let acting = |rights| Acting { name: "x".into(), rights, dn: None };
        let own = acting(Rights::Own(dn("uid=a,o=acme")));
        assert!(own.may_change(&dn("UID=A, o=acme")).is_ok());
        assert!(own.may_make(&dn("UID=A, o=acme")).is_err());
        assert!(own.may_make(&dn("cn=x,uid=a,o=acme")).is_ok());
        assert!(own.may_change(&dn("uid=ab,o=acme")).is_err());
        assert!(own.may_change(&dn("o=acme")).is_err());
        let error = acting(Rights::None).may_change(&dn("uid=a,o=acme")).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Forbidden, "insufficient_access_rights"));
        assert!(acting(Rights::All).may_make(&dn("o=acme")).is_ok());
    }
}
