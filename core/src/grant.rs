//! The roles and scopes of tokens, kept once for all tokens that have the same, and resolved again when a
//! role changes.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::HashSet;

use crate::area::ScopeSet;
use crate::role::RoleBook;

/// The roles and application scopes of a token, and what the roles permit now.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) roles: Box<[Box<str>]>,
    /// Sorted.
    pub(crate) scopes: Box<[Box<str>]>,
    vendor: AtomicU64,
    /// From one on, and never given twice.
    pub(crate) serial: u64,
}

impl Grant {
    /// That of a token of another issuer, which no index has: these scopes, sorted. No guard remembers it.
    #[cfg(feature = "oidc")]
    pub(crate) fn of_other(scopes: Vec<Box<str>>) -> Self {
        Self { roles: Box::default(), scopes: scopes.into(), vendor: AtomicU64::new(0), serial: u64::MAX }
    }

    pub(crate) fn vendor_scopes(&self) -> ScopeSet {
        ScopeSet::from_bits(self.vendor.load(Ordering::Acquire))
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.binary_search_by(|own| (**own).cmp(scope)).is_ok()
    }

    fn resolve(&self, book: &RoleBook) {
        let permissions = book.permissions(self.roles.iter().map(|name| &**name));
        let scopes = permissions.scopes().with_verify(&permissions.token_rights().verify);
        self.vendor.store(scopes.bits(), Ordering::Release);
    }
}

impl PartialEq for Grant {
    fn eq(&self, other: &Self) -> bool {
        (&self.roles, &self.scopes) == (&other.roles, &other.scopes)
    }
}

impl Eq for Grant {}

impl Hash for Grant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.roles, &self.scopes).hash(state);
    }
}

/// All grants that some token has, and the roles that they are resolved by.
#[derive(Debug)]
pub(crate) struct Grants {
    known: HashSet<Arc<Grant>>,
    purge_at: usize,
    last_serial: u64,
    book: RoleBook,
}

const FIRST_PURGE: usize = 1024;

impl Grants {
    pub(crate) fn new(book: RoleBook) -> Self {
        Self { known: HashSet::default(), purge_at: FIRST_PURGE, last_serial: 0, book }
    }

    /// Takes these roles; every token that holds one is bound by them at once.
    pub(crate) fn set_roles(&mut self, book: RoleBook) {
        self.book = book;
        self.known.iter().for_each(|grant| grant.resolve(&self.book));
    }

    pub(crate) fn intern(&mut self, roles: &[String], scopes: &[String]) -> Arc<Grant> {
        let boxed =
            |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect::<Box<[Box<str>]>>();
        let mut scopes = boxed(scopes);
        scopes.sort_unstable();
        let grant =
            Grant { roles: boxed(roles), scopes, vendor: AtomicU64::new(0), serial: self.last_serial + 1 };
        if let Some(known) = self.known.get(&grant) {
            return Arc::clone(known);
        }
        if self.known.len() >= self.purge_at {
            self.known.retain(|grant| Arc::strong_count(grant) > 1);
            self.purge_at = FIRST_PURGE.max(2 * self.known.len());
        }
        self.last_serial = grant.serial;
        grant.resolve(&self.book);
        let grant = Arc::new(grant);
        self.known.insert(Arc::clone(&grant));
        grant
    }
}
