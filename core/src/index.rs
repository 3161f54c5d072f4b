//! The tokens in memory, by id: read without locks while they are written.
//!
//! The table is an array of small buckets. A bucket never changes: a write builds a new one and swaps its
//! pointer (arc-swap), so a reader sees a token as it was before or after, never between, and waits for nobody.
//! About sixteen tokens share a bucket, which keeps a write cheap and the table's own share of memory small.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::{HashSet, RandomState};
use arc_swap::ArcSwap;
use ipnet::IpNet;
use smallvec::SmallVec;

use crate::area::ScopeSet;
use crate::role::RoleBook;
use crate::{Api, Digest, Timestamp, TokenId, TokenRecord};

/// Tokens per bucket when a table is built; it is rebuilt once there are twice as many.
const PER_BUCKET: usize = 24;

/// The roles and scopes of a token, shared by all tokens that have the same.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) roles: Box<[Box<str>]>,
    /// Sorted.
    pub(crate) scopes: Box<[Box<str>]>,
    /// What the roles permit now; written when a role changes.
    vendor: AtomicU64,
}

impl Grant {
    pub(crate) fn vendor_scopes(&self) -> ScopeSet {
        ScopeSet::from_bits(self.vendor.load(Ordering::Acquire))
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.binary_search_by(|own| (**own).cmp(scope)).is_ok()
    }

    fn resolve(&self, book: &RoleBook) {
        let permissions = book.permissions(self.roles.iter().map(|name| &**name));
        self.vendor.store(permissions.scopes().bits(), Ordering::Release);
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

/// What most tokens do not have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rare {
    /// The secret before the last rotation, and until when it is good.
    pub(crate) previous: Option<(Digest, Timestamp)>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) networks: Box<[IpNet]>,
}

/// One token: 72 bytes, and its texts in the bucket's.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) digest: Digest,
    pub(crate) id: TokenId,
    text_at: u32,
    pub(crate) expires_on: Timestamp,
    pub(crate) grant: Arc<Grant>,
    name_length: u16,
    dn_length: u16,
    pub(crate) api: Api,
    pub(crate) revoked: bool,
    has_rare: bool,
}

/// A handful of tokens whose ids hash alike. Immutable.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// Two bytes of each token's hash: all that a search reads before it finds.
    tags: SmallVec<[u16; 24]>,
    slots: Box<[Slot]>,
    /// Each token's name, then its target DN.
    text: Box<str>,
    rare: Box<[(u32, Rare)]>,
}

impl Bucket {
    pub(crate) fn find(&self, hash: u64, id: TokenId) -> Option<(usize, &Slot)> {
        let tag = tag(hash);
        let hits = self.tags.iter().zip(&self.slots).enumerate();
        let mut hits = hits.filter(|(_, (own, _))| **own == tag).map(|(at, (_, slot))| (at, slot));
        hits.find(|(_, slot)| slot.id == id)
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn rare(&self, at: usize, slot: &Slot) -> Option<&Rare> {
        if !slot.has_rare {
            return None;
        }
        self.rare.iter().find(|(of, _)| usize::try_from(*of) == Ok(at)).map(|(_, rare)| rare)
    }

    pub(crate) fn name(&self, slot: &Slot) -> &str {
        self.text_at(slot.text_at, slot.name_length)
    }

    pub(crate) fn target_dn(&self, slot: &Slot) -> Option<&str> {
        let dn = self.text_at(slot.text_at + u32::from(slot.name_length), slot.dn_length);
        Some(dn).filter(|dn| !dn.is_empty())
    }

    fn text_at(&self, start: u32, length: u16) -> &str {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        self.text.get(start..start.saturating_add(length.into())).unwrap_or_default()
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.tags.iter().zip(&self.slots).enumerate().map(|(at, (tag, slot))| Entry {
            tag: *tag,
            slot: slot.clone(),
            name: self.name(slot),
            target_dn: self.target_dn(slot).unwrap_or_default(),
            rare: self.rare(at, slot).cloned(),
        })
    }
}

/// A token on its way into a bucket.
struct Entry<'a> {
    tag: u16,
    slot: Slot,
    name: &'a str,
    target_dn: &'a str,
    rare: Option<Rare>,
}

impl<'a> FromIterator<Entry<'a>> for Bucket {
    fn from_iter<I: IntoIterator<Item = Entry<'a>>>(entries: I) -> Self {
        let (mut tags, mut slots, mut text, mut rares) =
            (SmallVec::new(), Vec::new(), String::new(), Vec::new());
        for Entry { tag, mut slot, name, target_dn, rare } in entries {
            // A bucket that outgrew 4 GiB of names would be cut to empty texts; names have at most 4000 bytes.
            slot.text_at = u32::try_from(text.len()).unwrap_or(u32::MAX);
            slot.has_rare = rare.is_some();
            text.push_str(name);
            text.push_str(target_dn);
            rares.extend(rare.map(|rare| (u32::try_from(slots.len()).unwrap_or(u32::MAX), rare)));
            tags.push(tag);
            slots.push(slot);
        }
        Self { tags, slots: slots.into(), text: text.into(), rare: rares.into() }
    }
}

#[derive(Debug)]
struct Table {
    buckets: Box<[ArcSwap<Bucket>]>,
}

impl Table {
    fn for_tokens(count: usize) -> Self {
        let empty = Arc::new(Bucket::default());
        let count = (count / PER_BUCKET).next_power_of_two();
        Self { buckets: (0..count).map(|_| ArcSwap::new(Arc::clone(&empty))).collect() }
    }

    /// Where the tokens of this hash are: by the bits that are not their tag, cut to the power of two that is
    /// the number of buckets.
    fn position(&self, hash: u64) -> usize {
        (hash >> 16) as usize & (self.buckets.len() - 1)
    }

    #[expect(clippy::indexing_slicing, reason = "a position is below the number of buckets, by its mask")]
    fn bucket(&self, hash: u64) -> &ArcSwap<Bucket> {
        &self.buckets[self.position(hash)]
    }
}

/// The bits of a hash that tell tokens of one bucket apart; the table takes others.
#[expect(clippy::cast_possible_truncation, reason = "the low sixteen bits are what is wanted")]
const fn tag(hash: u64) -> u16 {
    hash as u16
}

/// What readers share.
#[derive(Debug)]
pub(crate) struct Index {
    table: ArcSwap<Table>,
    hasher: RandomState,
}

impl Index {
    pub(crate) fn hash(&self, id: TokenId) -> u64 {
        let (words, rest) = id.as_bytes().as_chunks::<8>();
        let word = words.first().map_or(0, |word| u64::from_ne_bytes(*word));
        let rest = rest.try_into().map_or(0, u32::from_ne_bytes);
        self.hasher.hash_one((word, rest))
    }

    /// The bucket that a token of this hash is in, if it is in any.
    pub(crate) fn bucket(&self, hash: u64) -> arc_swap::Guard<Arc<Bucket>> {
        self.table.load().bucket(hash).load()
    }
}

/// The one who writes: counts the tokens, and keeps the grants and the roles that they are resolved by.
#[derive(Debug)]
pub(crate) struct IndexWriter {
    index: Arc<Index>,
    grants: HashSet<Arc<Grant>>,
    purge_at: usize,
    book: RoleBook,
    tokens: usize,
}

const FIRST_PURGE: usize = 1024;

impl IndexWriter {
    pub(crate) fn new(book: RoleBook) -> Self {
        let table = ArcSwap::from_pointee(Table::for_tokens(0));
        let index = Arc::new(Index { table, hasher: RandomState::new() });
        Self { index, grants: HashSet::default(), purge_at: FIRST_PURGE, book, tokens: 0 }
    }

    pub(crate) fn reader(&self) -> Arc<Index> {
        Arc::clone(&self.index)
    }

    pub(crate) const fn tokens(&self) -> usize {
        self.tokens
    }

    /// Takes these roles; every token that holds one is bound by them at once.
    pub(crate) fn set_roles(&mut self, book: RoleBook) {
        self.book = book;
        self.grants.iter().for_each(|grant| grant.resolve(&self.book));
    }

    /// Puts these tokens in the place of all. A reader sees the old ones or the new ones.
    pub(crate) fn load<'a>(&mut self, records: impl ExactSizeIterator<Item = &'a TokenRecord>) {
        let table = Table::for_tokens(records.len());
        let mut sorted: Vec<_> = records
            .map(|record| {
                let hash = self.index.hash(record.id());
                (table.position(hash), hash, record)
            })
            .collect();
        sorted.sort_unstable_by_key(|(at, hash, record)| (*at, *hash, record.id()));
        sorted.dedup_by_key(|(_, _, record)| record.id());
        self.tokens = sorted.len();
        for group in sorted.chunk_by(|(a, ..), (b, ..)| a == b) {
            let entries: Vec<_> = group.iter().map(|(_, hash, record)| self.entry(*hash, record)).collect();
            if let Some((_, hash, _)) = group.first() {
                table.bucket(*hash).store(Arc::new(entries.into_iter().collect()));
            }
        }
        self.index.table.store(Arc::new(table));
        self.purge_grants();
    }

    /// Adds a token, or replaces the one of its id.
    pub(crate) fn put(&mut self, record: &TokenRecord) {
        let hash = self.index.hash(record.id());
        let entry = self.entry(hash, record);
        if self.replace(hash, record.id(), Some(entry)).is_none() {
            self.tokens += 1;
            self.grow();
        }
        if self.grants.len() > self.purge_at {
            self.purge_grants();
        }
    }

    /// Forgets a token; the answer tells whether it was there.
    pub(crate) fn remove(&mut self, id: TokenId) -> bool {
        let hash = self.index.hash(id);
        let removed = self.replace(hash, id, None).is_some();
        self.tokens -= usize::from(removed);
        removed
    }

    /// Swaps in a bucket without this id and with this entry; gives the old bucket if the id was in it.
    fn replace(&self, hash: u64, id: TokenId, entry: Option<Entry<'_>>) -> Option<Arc<Bucket>> {
        let table = self.index.table.load();
        let bucket = table.bucket(hash);
        let old = bucket.load_full();
        let kept = old.entries().filter(|entry| entry.slot.id != id);
        bucket.store(Arc::new(kept.chain(entry).collect()));
        Some(old).filter(|old| old.find(hash, id).is_some())
    }

    /// Twice the buckets and more, once they are twice as full as they were built. Readers go on with the
    /// old table until the new one is whole.
    fn grow(&self) {
        let old = self.index.table.load_full();
        if self.tokens <= 2 * PER_BUCKET * old.buckets.len() {
            return;
        }
        let table = Table::for_tokens(2 * self.tokens);
        let buckets: Vec<_> = old.buckets.iter().map(ArcSwap::load_full).collect();
        let entries = buckets.iter().flat_map(|bucket| bucket.entries());
        let mut groups: Vec<Vec<Entry<'_>>> =
            std::iter::repeat_with(Vec::new).take(table.buckets.len()).collect();
        for entry in entries {
            let hash = self.index.hash(entry.slot.id);
            if let Some(group) = groups.get_mut(table.position(hash)) {
                group.push(entry);
            }
        }
        for (bucket, group) in table.buckets.iter().zip(groups) {
            if !group.is_empty() {
                bucket.store(Arc::new(group.into_iter().collect()));
            }
        }
        self.index.table.store(Arc::new(table));
    }

    fn entry<'a>(&mut self, hash: u64, record: &'a TokenRecord) -> Entry<'a> {
        let token = record.token();
        let target_dn = token.target_dn.as_deref().unwrap_or_default();
        let previous =
            record.previous_digest().map(|digest| (digest, token.grace_until.unwrap_or(Timestamp::MIN)));
        let networks: Box<[IpNet]> = token.networks.as_slice().into();
        let rare = (previous.is_some() || token.not_before.is_some() || !networks.is_empty())
            .then_some(Rare { previous, not_before: token.not_before, networks });
        let slot = Slot {
            digest: record.digest(),
            id: record.id(),
            text_at: 0,
            expires_on: token.expires_on.unwrap_or(Timestamp::NEVER),
            grant: self.grant(&token.roles, &token.scopes),
            // A record's name and DN are within these bounds, or it is no record.
            name_length: u16::try_from(token.name.len()).unwrap_or(u16::MAX),
            dn_length: u16::try_from(target_dn.len()).unwrap_or(u16::MAX),
            api: token.api,
            revoked: token.revoked_on.is_some(),
            has_rare: rare.is_some(),
        };
        Entry { tag: tag(hash), slot, name: &token.name, target_dn, rare }
    }

    fn grant(&mut self, roles: &[String], scopes: &[String]) -> Arc<Grant> {
        let boxed =
            |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect::<Box<[Box<str>]>>();
        let mut scopes = boxed(scopes);
        scopes.sort_unstable();
        let grant = Grant { roles: boxed(roles), scopes, vendor: AtomicU64::new(0) };
        if let Some(known) = self.grants.get(&grant) {
            return Arc::clone(known);
        }
        grant.resolve(&self.book);
        let grant = Arc::new(grant);
        self.grants.insert(Arc::clone(&grant));
        grant
    }

    /// Forgets grants that no token has any more; seldom, for each costs a look at all.
    fn purge_grants(&mut self) {
        self.grants.retain(|grant| Arc::strong_count(grant) > 1);
        self.purge_at = FIRST_PURGE.max(2 * self.grants.len());
    }
}
