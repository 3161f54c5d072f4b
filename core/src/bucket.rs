//! A handful of tokens, as the index holds them: one allocation that never changes, and their texts beside it.

use ipnet::IpNet;
use std::sync::Arc;
use triomphe::ThinArc;

use crate::grant::Grant;
use crate::network::canonical_network;
use crate::{Api, Digest, Timestamp, TokenId, TokenRecord};

/// Immutable: a reader sees a token as it was before a write or after it, never between.
pub(crate) type Bucket = ThinArc<Texts, Slot>;

/// What a check does not look at.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Each token's text in turn: its name and, behind a NUL, which no name has, its target DN.
    text: Box<str>,
    /// By slot, in their order.
    rare: Box<[(u32, Rare)]>,
}

/// One token: no more than a line of the processor's cache, for memory is what a check waits for.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) id: TokenId,
    text_at: u32,
    pub(crate) digest: Digest,
    pub(crate) grant: Arc<Grant>,
    term: Term,
}

const _: () = assert!(size_of::<usize>() != 8 || size_of::<Slot>() == 64);

/// The expiry in 48 bits of milliseconds, and the API and two flags in the 16 below them.
#[derive(Debug, Clone, Copy)]
struct Term(u64);

impl Term {
    const REVOKED: u64 = 1 << 8;
    const LIMITED: u64 = 1 << 9;
    const NEVER: u64 = (1 << 48) - 1;

    /// Who expired before 1970 is as expired in 1970.
    fn new(expires_on: Option<Timestamp>, api: Api, flags: u64) -> Self {
        let end = expires_on.map_or(Self::NEVER, |end| u64::try_from(end.as_millis()).unwrap_or(0));
        Self(end << 16 | flags | api as u64)
    }

    const fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }
}

impl Slot {
    /// None for never.
    pub(crate) fn expires_on(&self) -> Option<Timestamp> {
        Timestamp::from_millis((self.term.0 >> 16).cast_signed())
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now.as_millis() >= (self.term.0 >> 16).cast_signed()
    }

    pub(crate) const fn revoked(&self) -> bool {
        self.term.has(Term::REVOKED)
    }

    /// Whether it has a not-before instant or networks. A token in a grace has no need of what is rare, which
    /// lies elsewhere in memory: only a secret that is not its newest one does.
    pub(crate) const fn limited(&self) -> bool {
        self.term.has(Term::LIMITED)
    }

    pub(crate) const fn api(&self) -> Api {
        match self.term.0 & 0xff {
            0 => Api::Config,
            1 => Api::Scim,
            _ => Api::Rest,
        }
    }
}

const _: () = assert!(Api::Config as u8 == 0 && Api::Scim as u8 == 1 && Api::Rest as u8 == 2);

/// What most tokens do not have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rare {
    /// The secret before the last rotation, and until when it is good.
    pub(crate) previous: Option<(Digest, Timestamp)>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) networks: Box<[IpNet]>,
}

impl Texts {
    /// The name and the target DN of this slot, whose successor is `next`.
    pub(crate) fn of(&self, slot: &Slot, next: Option<&Slot>) -> (&str, Option<&str>) {
        split(&self.text, slot, next)
    }

    pub(crate) fn rare(&self, at: usize) -> Option<&Rare> {
        rare_at(&self.rare, at)
    }
}

fn split<'a>(text: &'a str, slot: &Slot, next: Option<&Slot>) -> (&'a str, Option<&'a str>) {
    let at = |slot: &Slot| usize::try_from(slot.text_at).unwrap_or(usize::MAX);
    let own = text.get(at(slot)..next.map_or(text.len(), at)).unwrap_or_default();
    own.split_once('\0').map_or((own, None), |(name, dn)| (name, Some(dn)))
}

fn rare_at(rare: &[(u32, Rare)], at: usize) -> Option<&Rare> {
    let found = rare.binary_search_by_key(&u32::try_from(at).ok()?, |(of, _)| *of).ok()?;
    rare.get(found).map(|(_, rare)| rare)
}

/// A bucket for one token that has no record.
#[cfg(feature = "oidc")]
pub(crate) fn of_other(
    api: Api,
    grant: Arc<Grant>,
    (name, dn): (&str, Option<&str>),
    digest: Digest,
    end: Timestamp,
) -> Bucket {
    let mut text = String::with_capacity(name.len() + dn.map_or(0, |dn| 1 + dn.len()));
    push_text(&mut text, name, dn);
    let (id, term) = (TokenId::of_other(&digest), Term::new(Some(end), api, 0));
    let texts = Texts { text: text.into(), rare: Box::default() };
    Bucket::from_header_and_iter(texts, std::iter::once(Slot { id, text_at: 0, digest, grant, term }))
}

fn push_text(text: &mut String, name: &str, dn: Option<&str>) {
    text.push_str(name);
    if let Some(dn) = dn {
        text.push('\0');
        text.push_str(dn);
    }
}

/// Tokens on their way into buckets.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) slots: Vec<Slot>,
    text: String,
    rare: Vec<(u32, Rare)>,
}

impl Draft {
    /// More would not be good for the offsets, which have 32 bits, nor for the memory that a draft takes.
    const MAX_TEXT: usize = 1 << 30;

    pub(crate) fn is_full(&self) -> bool {
        self.text.len() >= Self::MAX_TEXT
    }

    /// Adds a record's token.
    pub(crate) fn push(&mut self, record: &TokenRecord, grant: Arc<Grant>) {
        let token = record.token();
        let previous = record.previous_digest().zip(token.grace_until.or(Some(Timestamp::MIN)));
        let networks: Box<[IpNet]> = token.networks.iter().map(canonical_network).collect();
        let flag = |flag: u64, is_set: bool| if is_set { flag } else { 0 };
        let limited = token.not_before.is_some() || !networks.is_empty();
        let flags = flag(Term::LIMITED, limited) | flag(Term::REVOKED, token.revoked_on.is_some());
        let rare = (previous.is_some() || limited).then_some(Rare {
            previous,
            not_before: token.not_before,
            networks,
        });
        let slot = Slot {
            id: record.id(),
            text_at: 0,
            digest: record.digest(),
            grant,
            term: Term::new(token.expires_on, token.api, flags),
        };
        self.push_slot(slot, (&token.name, token.target_dn.as_deref()), rare);
    }

    /// Adds the tokens of a bucket but for these.
    pub(crate) fn keep(&mut self, bucket: &Bucket, gone: impl Fn(TokenId) -> bool) {
        let texts = &bucket.header.header;
        for (at, slot) in bucket.slice.iter().enumerate().filter(|(_, slot)| !gone(slot.id)) {
            let text = texts.of(slot, bucket.slice.get(at + 1));
            self.push_slot(slot.clone(), text, texts.rare(at).cloned());
        }
    }

    /// Adds one of another draft's tokens.
    pub(crate) fn copy(&mut self, other: &Self, at: usize) {
        if let Some(slot) = other.slots.get(at) {
            let text = split(&other.text, slot, other.slots.get(at + 1));
            self.push_slot(slot.clone(), text, rare_at(&other.rare, at).cloned());
        }
    }

    fn push_slot(&mut self, mut slot: Slot, (name, dn): (&str, Option<&str>), rare: Option<Rare>) {
        // These numbers fit: a full draft takes no more, and a bucket is small.
        slot.text_at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        push_text(&mut self.text, name, dn);
        self.rare.extend(rare.map(|rare| (u32::try_from(self.slots.len()).unwrap_or(u32::MAX), rare)));
        self.slots.push(slot);
    }

    pub(crate) fn into_bucket(self) -> Bucket {
        let texts = Texts { text: self.text.into(), rare: self.rare.into() };
        Bucket::from_header_and_iter(texts, self.slots.into_iter())
    }
}
