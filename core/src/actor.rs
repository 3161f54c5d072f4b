//! On whose behalf something is done, and from where.

use std::fmt;
use std::net::IpAddr;

use crate::TokenId;

/// Who acts. What they may do is looked up when they do it: a user or a token that is gone, disabled or
/// revoked by then may do nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Actor {
    /// Whoever can open the store itself, under this name: no limit is set on them.
    Owner(String),
    /// A user.
    User(String),
    /// A `config` token.
    Token(TokenId),
}

impl Actor {
    /// What it is called by itself: a token's id, where it is one.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Owner(name) | Self::User(name) => name,
            Self::Token(id) => id.as_str(),
        }
    }

    /// The kind, as the audit trail names it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Owner(_) => "owner",
            Self::User(_) => "user",
            Self::Token(_) => "token",
        }
    }
}

/// Who acts, and what the audit trail shall say of where the request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acting {
    /// Who.
    pub actor: Actor,
    /// The address that the request came from.
    pub peer: Option<IpAddr>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl Acting {
    /// On behalf of this actor, from nowhere in particular.
    pub const fn new(actor: Actor) -> Self {
        Self { actor, peer: None, request_id: None }
    }

    /// From this address.
    #[must_use]
    pub const fn from_peer(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// With this id of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.name())
    }
}
