//! What a change is made in: the connection, the head, the roles, the time, and the audit trail of this commit.

use std::sync::Arc;

use sqlx::AnyConnection;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;

use super::audit::{self, Entry};
use super::fault::fault;
use super::head::Head;
use super::location::Kind;
use super::{roles, tokens, users};
use crate::{Actor, Caller, Clock, Error, ErrorKind, Result, RoleBook, Timestamp, check_name};

/// The custom roles as of a revision.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    pub(crate) revision: i64,
    pub(crate) book: Arc<RoleBook>,
}

/// One transaction, under the head's lock.
pub(crate) struct Transaction {
    pub(crate) conn: AnyConnection,
    pub(crate) head: Head,
    pub(crate) roles: Roles,
    kind: Kind,
    now: Timestamp,
    trail: Vec<Entry>,
    writes: u64,
}

/// A moment in a transaction, to go back to where nothing was written since.
pub(super) struct Mark {
    writes: u64,
    head: Head,
    trail: usize,
}

impl Transaction {
    /// A transaction that has the head's lock. The roles are read anew where they have changed since.
    pub(crate) async fn new(
        mut conn: AnyConnection,
        kind: Kind,
        head: Head,
        known: Option<Roles>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let known = known.filter(|roles| roles.revision == head.roles_revision);
        let roles = if let Some(roles) = known {
            roles
        } else {
            let book = Arc::new(roles::read_all(&mut conn).await?);
            Roles { revision: head.roles_revision, book }
        };
        let now = clock.now();
        Ok(Self { conn, head, roles, kind, now, trail: Vec::new(), writes: 0 })
    }

    /// The time, one for all that is committed together.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Which system it is on.
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The roles that exist.
    pub(crate) fn book(&self) -> Arc<RoleBook> {
        Arc::clone(&self.roles.book)
    }

    /// The number for the change that is being made.
    pub(crate) const fn take_revision(&mut self) -> i64 {
        self.head.revision += 1;
        self.head.revision
    }

    /// Takes these roles, which were just written, for those that exist.
    pub(crate) fn set_book(&mut self, book: RoleBook) -> i64 {
        let revision = self.take_revision();
        self.head.roles_revision = revision;
        self.roles = Roles { revision, book: Arc::new(book) };
        revision
    }

    /// Says that the external token validators have changed.
    pub(crate) const fn touch_validators(&mut self) {
        self.head.validators_revision = self.take_revision();
    }

    /// Runs a statement that changes something; gives the number of rows that it changed.
    pub(crate) async fn execute(&mut self, query: Query<'_, sqlx::Any, AnyArguments>) -> Result<u64> {
        let changed = query.execute(&mut self.conn).await.map_err(fault)?.rows_affected();
        self.writes += changed;
        Ok(changed)
    }

    /// Runs a statement that gives each row that it changed.
    pub(crate) async fn fetch_changed(
        &mut self,
        query: Query<'_, sqlx::Any, AnyArguments>,
    ) -> Result<Vec<AnyRow>> {
        let changed = query.fetch_all(&mut self.conn).await.map_err(fault)?;
        self.writes += changed.len() as u64;
        Ok(changed)
    }

    /// Adds to the audit trail, which is committed with the change.
    pub(crate) fn audit(&mut self, entry: Entry) {
        self.head.audit += 1;
        self.trail.push(entry.numbered(self.head.audit, self.now));
    }

    /// Who acts, with what they hold now.
    ///
    /// # Errors
    /// Those of [`check_name`] for an owner. Unauthorized, `actor_unknown`, where a user or a token that acts is there no more or is no longer good.
    pub(crate) async fn caller(&mut self, actor: &Actor) -> Result<Caller> {
        let gone = || {
            let text = "the user or the token that asks for this is there no more, or no longer active";
            Error::new(ErrorKind::Unauthorized, "actor_unknown", text)
        };
        let book = self.book();
        match actor {
            Actor::Owner(name) => check_name("actor", name).map(|()| Caller::owner(name)),
            Actor::User(name) => {
                let user =
                    users::find(&mut self.conn, name).await?.filter(|user| user.active).ok_or_else(gone)?;
                Ok(Caller::user(name, user.roles.iter().map(String::as_str), &book))
            }
            Actor::Token(id) => {
                let stored = tokens::find_by_id(&mut self.conn, *id).await?.ok_or_else(gone)?;
                let token = stored.record.token();
                if token.status(self.now) != crate::Status::Active {
                    return Err(gone());
                }
                Ok(Caller::token(token, &book))
            }
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { writes: self.writes, head: self.head.clone(), trail: self.trail.len() }
    }

    /// Forgets what was gathered since; false where something was written since, which only the database undoes.
    pub(super) fn go_back(&mut self, mark: Mark) -> bool {
        if self.writes > mark.writes {
            return false;
        }
        self.head = mark.head;
        self.trail.truncate(mark.trail);
        true
    }

    pub(super) const fn has_changes(&self) -> bool {
        self.writes > 0 || !self.trail.is_empty()
    }

    /// Writes what was gathered: the audit trail, and the head.
    pub(super) async fn flush(&mut self) -> Result<()> {
        audit::insert(&mut self.conn, self.kind, &self.trail).await?;
        self.head.write(&mut self.conn).await
    }
}
