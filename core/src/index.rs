//! The tokens in memory, by id: read without locks while they are written.
//!
//! The table is an array of cells, each a pointer to a small bucket of tokens. A write builds a new bucket and
//! swaps the pointer (arc-swap), so a reader waits for nobody. Beside the pointer stand hints, eight bits of
//! each token's hash: they let a reader go straight to the token's place in the bucket, which is then the one
//! access to memory that a check has to wait for. A hint proves nothing: where it fails the bucket is searched,
//! and since that costs as much as all else, each cell takes its hints from bits that tell its tokens apart.

use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ahash::RandomState;
use arc_swap::{ArcSwap, ArcSwapAny, Guard};

use crate::bucket::{Bucket, Draft, Rare, Slot};
use crate::grant::Grants;
use crate::role::RoleBook;
use crate::{TokenId, TokenRecord};

/// Tokens in a bucket, at the most, in a table just built; twice as many and it is built anew.
const PER_BUCKET: usize = 20;
/// As many as an iterator is believed to bring; if more come, the table grows.
const MAX_EXPECTED: usize = 1 << 24;
/// How many tokens of a bucket have a hint: all bytes of the words but the last, which says by how much a hash
/// is shifted to become a hint.
const HINTS: usize = WORDS * 8 - 1;
const WORDS: usize = 3;
/// Above the bits that are the same in all of a cell's tokens, for those are its position.
const SHIFTS: std::ops::RangeInclusive<u8> = 32..=56;

/// Aligned so that none lies across two lines of the processor's cache.
#[derive(Debug)]
#[repr(align(32))]
struct Cell {
    bucket: ArcSwapAny<Bucket>,
    hints: [AtomicU64; WORDS],
}

impl Cell {
    fn store(&self, hasher: &RandomState, draft: Draft) {
        let tokens: Vec<_> = draft.slots.iter().take(HINTS).map(|slot| hash_of(hasher, slot.id)).collect();
        let shift = SHIFTS.clone().find(|shift| tells_apart(*shift, &tokens)).unwrap_or(*SHIFTS.start());
        let mut bytes = [0; WORDS * 8];
        let [hints @ .., last] = &mut bytes;
        hints.iter_mut().zip(&tokens).for_each(|(hint, hash)| *hint = hint_of(*hash, shift));
        *last = shift;
        self.bucket.store(draft.into_bucket());
        let (words, _) = bytes.as_chunks::<8>();
        for (to, from) in self.hints.iter().zip(words) {
            to.store(u64::from_le_bytes(*from), Ordering::Relaxed);
        }
    }

    /// Where the first token with the hint of this hash seems to be. Without a branch on what was found, which no
    /// processor could foresee.
    fn hinted(&self, hash: u64) -> Option<usize> {
        const LOW: u64 = u64::from_le_bytes([1; 8]);
        const HIGH: u64 = LOW << 7;
        const GATHER: u64 = 0x0002_0408_1020_4081;
        let words = self.hints.each_ref().map(|word| word.load(Ordering::Relaxed));
        let [.., last] = words.map(|word| word.to_le_bytes()[7]);
        let hint = hint_of(hash, last);
        let hits = words.iter().rev().fold(0, |hits, word| {
            // A byte that equals the hint becomes zero, and the lowest zero byte borrows into its high bit; the
            // product then has the eight high bits side by side at its top.
            let difference = word ^ (LOW * u64::from(hint));
            let zeros = difference.wrapping_sub(LOW) & !difference & HIGH;
            hits << 8 | zeros.wrapping_mul(GATHER) >> 56
        });
        (hits != 0).then(|| hits.trailing_zeros() as usize)
    }
}

#[derive(Debug)]
struct Table {
    cells: Box<[Cell]>,
}

impl Table {
    fn for_tokens(count: usize) -> Self {
        let empty = Draft::default().into_bucket();
        let cell = || Cell { bucket: ArcSwapAny::new(empty.clone()), hints: Default::default() };
        Self {
            cells: std::iter::repeat_with(cell).take((count / PER_BUCKET + 1).next_power_of_two()).collect(),
        }
    }

    /// By the bits of the hash that are no hint, cut to the power of two that is the number of cells.
    fn position(&self, hash: u64) -> usize {
        (hash >> 8) as usize & (self.cells.len() - 1)
    }

    #[expect(clippy::indexing_slicing, reason = "a position's mask is one less than the number of cells")]
    fn cell(&self, hash: u64) -> &Cell {
        &self.cells[self.position(hash)]
    }

    /// Puts the tokens of a draft in, each in the place of the one of its id; gives how many ids were new.
    fn absorb(&self, draft: &Draft, hasher: &RandomState) -> usize {
        let mut order: Vec<_> = draft
            .slots
            .iter()
            .enumerate()
            .map(|(at, slot)| (self.position(hash_of(hasher, slot.id)), slot.id, at))
            .collect();
        order.sort_unstable();
        let mut added = 0;
        for group in order.chunk_by(|(a, ..), (b, ..)| a == b) {
            let Some(cell) = group.first().and_then(|(position, ..)| self.cells.get(*position)) else {
                continue;
            };
            let old = cell.bucket.load();
            let mut new = Draft::default();
            new.keep(&old, |id| group.binary_search_by_key(&id, |(_, id, _)| *id).is_ok());
            // Of two with one id, the later one.
            for same in group.chunk_by(|(_, a, _), (_, b, _)| a == b) {
                same.last().iter().for_each(|(.., at)| new.copy(draft, *at));
            }
            added += new.slots.len() - old.slice.len();
            cell.store(hasher, new);
        }
        added
    }

    fn remove(&self, id: TokenId, hasher: &RandomState) -> bool {
        let cell = self.cell(hash_of(hasher, id));
        let old = cell.bucket.load();
        let mut new = Draft::default();
        new.keep(&old, |other| other == id);
        let removed = new.slots.len() < old.slice.len();
        cell.store(hasher, new);
        removed
    }

    const fn is_crowded(&self, tokens: usize) -> bool {
        tokens > 2 * PER_BUCKET * self.cells.len()
    }

    /// The same tokens in as many cells as suit twice their number.
    fn regrown(&self, tokens: usize, hasher: &RandomState) -> Self {
        let table = Self::for_tokens(2 * tokens);
        for cell in &self.cells {
            let mut draft = Draft::default();
            draft.keep(&cell.bucket.load(), |_| false);
            table.absorb(&draft, hasher);
        }
        table
    }
}

fn hash_of(hasher: &RandomState, id: TokenId) -> u64 {
    let (words, rest) = id.as_bytes().as_chunks::<8>();
    let word = words.first().map_or(0, |word| u64::from_ne_bytes(*word));
    let rest = rest.try_into().map_or(0, u32::from_ne_bytes);
    hasher.hash_one((word, rest))
}

/// Eight bits of a hash. A shift that is too great, which a cell never has, gives eight others.
const fn hint_of(hash: u64, shift: u8) -> u8 {
    hash.wrapping_shr(shift as u32).to_le_bytes()[0]
}

/// Whether no two of these hashes have the same hint.
fn tells_apart(shift: u8, hashes: &[u64]) -> bool {
    let mut seen = [false; 256];
    hashes.iter().all(|hash| {
        let seen = seen.get_mut(usize::from(hint_of(*hash, shift)));
        seen.is_some_and(|seen| !std::mem::replace(seen, true))
    })
}

/// What readers share.
#[derive(Debug)]
pub(crate) struct Index {
    table: ArcSwap<Table>,
    hasher: RandomState,
    tokens: AtomicUsize,
}

impl Index {
    /// How many tokens there are.
    pub(crate) fn tokens(&self) -> usize {
        self.tokens.load(Ordering::Relaxed)
    }

    /// Where a token of this id would be: the bucket, not yet looked into.
    pub(crate) fn seek(&self, id: TokenId) -> Sought {
        let hash = hash_of(&self.hasher, id);
        let table = self.table.load();
        let cell = table.cell(hash);
        Sought { id, hinted: cell.hinted(hash), bucket: cell.bucket.load() }
    }

    /// The tokens of the cell that a walk has come to, and where it goes on; none at its end. A walk holds nothing on
    /// its way, and misses no token that is there throughout, whatever becomes of the table.
    #[cfg(feature = "store")]
    #[expect(clippy::cast_possible_truncation, reason = "a position is less than the number of cells")]
    #[expect(clippy::indexing_slicing, reason = "a position's mask is one less than the number of cells")]
    pub(crate) fn walk(&self, Walk(place): Walk) -> (Guard<Bucket>, Option<Walk>) {
        let table = self.table.load();
        let cells = table.cells.len();
        let position = (place.reverse_bits() & (cells as u64 - 1)) as usize;
        // One cell is the whole circle.
        let step = (u64::MAX / cells as u64).checked_add(1);
        let next = step.and_then(|step| (place & !(step - 1)).checked_add(step));
        (table.cells[position].bucket.load(), next.map(Walk))
    }
}

/// How far a walk over all tokens is, as the position of a cell with its lowest bit first. In this order the cells that
/// come of one when the table grows lie side by side, where that one was: so what is behind stays behind.
#[cfg(feature = "store")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Walk(u64);

/// A bucket in which a token may be.
pub(crate) struct Sought {
    id: TokenId,
    hinted: Option<usize>,
    bucket: Guard<Bucket>,
}

impl Sought {
    /// The token, if it is there.
    pub(crate) fn find(&self) -> Option<Found<'_>> {
        let is_it = |slot: &Slot| slot.id == self.id;
        let hinted = self.hinted.filter(|at| self.bucket.slice.get(*at).is_some_and(is_it));
        let at = hinted.or_else(|| self.bucket.slice.iter().position(is_it))?;
        self.bucket.slice.get(at).map(|slot| Found { at, slot, bucket: &self.bucket })
    }

    /// A place that was found, to be kept.
    pub(crate) fn keep(self, at: usize) -> Place {
        Place { bucket: self.bucket, at: u32::try_from(at).unwrap_or(u32::MAX) }
    }
}

/// A token that was found, in its bucket.
pub(crate) struct Found<'a> {
    pub(crate) at: usize,
    pub(crate) slot: &'a Slot,
    bucket: &'a Bucket,
}

impl<'a> Found<'a> {
    pub(crate) fn rare(&self) -> Option<&'a Rare> {
        self.bucket.header.header.rare(self.at)
    }
}

/// The one who writes: counts the tokens and keeps their grants.
#[derive(Debug)]
pub(crate) struct IndexWriter {
    index: Arc<Index>,
    grants: Grants,
}

impl IndexWriter {
    pub(crate) fn new(book: RoleBook) -> Self {
        let table = ArcSwap::from_pointee(Table::for_tokens(0));
        let index = Arc::new(Index { table, hasher: RandomState::new(), tokens: AtomicUsize::new(0) });
        Self { index, grants: Grants::new(book) }
    }

    pub(crate) fn reader(&self) -> Arc<Index> {
        Arc::clone(&self.index)
    }

    pub(crate) fn set_roles(&mut self, book: RoleBook) {
        self.grants.set_roles(book);
    }

    /// Puts these tokens in the place of all. A reader sees the old ones or the new ones; of two with one id,
    /// the later one.
    ///
    /// # Errors
    /// That of the first record that is one; the old tokens then stay.
    pub(crate) fn load<R: Borrow<TokenRecord>, E>(
        &mut self,
        records: impl Iterator<Item = Result<R, E>>,
    ) -> Result<(), E> {
        let mut table = Table::for_tokens(records.size_hint().0.min(MAX_EXPECTED));
        let (mut draft, mut tokens) = (Draft::default(), 0);
        let mut absorb = |draft: Draft| {
            tokens += table.absorb(&draft, &self.index.hasher);
            if table.is_crowded(tokens) {
                table = table.regrown(tokens, &self.index.hasher);
            }
        };
        for record in records {
            let record = record?;
            let record = record.borrow();
            let token = record.token();
            draft.push(record, self.grants.intern(&token.roles, &token.scopes));
            if draft.is_full() {
                absorb(std::mem::take(&mut draft));
            }
        }
        absorb(draft);
        self.index.tokens.store(tokens, Ordering::Relaxed);
        self.index.table.store(Arc::new(table));
        Ok(())
    }

    /// Adds a token, or replaces the one of its id.
    pub(crate) fn put(&mut self, record: &TokenRecord) {
        let token = record.token();
        let mut draft = Draft::default();
        draft.push(record, self.grants.intern(&token.roles, &token.scopes));
        let table = self.index.table.load_full();
        let added = table.absorb(&draft, &self.index.hasher);
        let tokens = self.index.tokens.fetch_add(added, Ordering::Relaxed) + added;
        if table.is_crowded(tokens) {
            // Readers go on with the old table until the new one is whole.
            self.index.table.store(Arc::new(table.regrown(tokens, &self.index.hasher)));
        }
    }

    /// Forgets a token; the answer tells whether it was there.
    pub(crate) fn remove(&mut self, id: TokenId) -> bool {
        let removed = self.index.table.load().remove(id, &self.index.hasher);
        self.index.tokens.fetch_sub(usize::from(removed), Ordering::Relaxed);
        removed
    }
}

/// A place in a bucket that is kept alive, for as long as somebody looks at it.
#[derive(Debug)]
pub(crate) struct Place {
    bucket: Guard<Bucket>,
    at: u32,
}

impl Place {
    /// A place for one token, which is in no index.
    #[cfg(feature = "client")]
    pub(crate) fn alone(record: &TokenRecord, grants: &mut Grants) -> Self {
        let token = record.token();
        let mut draft = Draft::default();
        draft.push(record, grants.intern(&token.roles, &token.scopes));
        Self { bucket: Guard::from_inner(draft.into_bucket()), at: 0 }
    }

    /// A place for a token of another issuer.
    #[cfg(feature = "oidc")]
    pub(crate) fn of(bucket: Bucket) -> Self {
        Self { bucket: Guard::from_inner(bucket), at: 0 }
    }

    #[cfg(feature = "client")]
    pub(crate) fn found(&self) -> Found<'_> {
        Found { at: self.at as usize, slot: self.slot(), bucket: &self.bucket }
    }

    #[expect(clippy::indexing_slicing, reason = "a bucket never changes, and the place was found in it")]
    pub(crate) fn slot(&self) -> &Slot {
        &self.bucket.slice[self.at as usize]
    }

    /// Whether this is that place: buckets do not change, so what is there is the same too.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.slot(), other.slot())
    }

    /// The name and the target DN.
    pub(crate) fn texts(&self) -> (&str, Option<&str>) {
        self.bucket.header.header.of(self.slot(), self.bucket.slice.get(self.at as usize + 1))
    }
}

impl Clone for Place {
    fn clone(&self) -> Self {
        Self { bucket: Guard::from_inner(Bucket::clone(&self.bucket)), at: self.at }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::{AccessToken, Api, Digest, Timestamp};

    fn record(number: usize) -> TokenRecord {
        let mut token = AccessToken::new("token", Api::Rest, Timestamp::MIN);
        token.id = Some(format!("{number:012}").parse().unwrap());
        TokenRecord::new(token, Digest::DUMMY, None).unwrap()
    }

    /// With hints that may be the same in a cell, one in fifty would not be.
    #[test]
    fn a_token_is_where_its_hint_says() {
        const TOKENS: usize = 1024 * PER_BUCKET;
        let mut writer = IndexWriter::new(RoleBook::default());
        writer.load((0..TOKENS).map(|at| Ok::<_, Infallible>(record(at)))).unwrap(); // in 2048 cells, so that hardly one has more tokens than hints
        let index = writer.reader();
        let led = (0..TOKENS).filter(|number| {
            let sought = index.seek(record(*number).id());
            sought.hinted == Some(sought.find().unwrap().at)
        });
        let led = led.count();
        assert!(led > TOKENS - TOKENS / 200, "{led} of {TOKENS}");
    }
}
