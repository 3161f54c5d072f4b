//! The short way of a check: memory that both sides know, and a call that takes and gives numbers alone.
//!
//! A call that takes or gives bytes costs the JVM more than ten checks: for each, JNA makes objects that its one cleaner has
//! to undo. So the text of a check is laid into a [`Passage`], a piece of memory of this side's whose address the other knows,
//! and the verdict is read there. One check at a time goes through a passage: the other side keeps as many as it
//! has checks at a time. What does not fit goes the long way, [`GuardHandle`]'s.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use gatepass::{Guard, Verdict};
use smallvec::SmallVec;
use zeroize::Zeroize as _;

use crate::GuardHandle;
use crate::access::verdict_bytes;
use crate::guard::{peer_of, split};

/// In bytes. Most JWTs fit, and what is said of them.
const SIZE: usize = 4096;
const WORD: usize = size_of::<u64>();

/// Words that may change while they are looked at, for the other side writes to them: it does so between two checks.
#[derive(Debug)]
struct Passage {
    guard: Guard,
    memory: Box<[AtomicU64]>,
}

impl Passage {
    /// Takes the first bytes out, and leaves zeroes: no secret stays behind.
    fn take(&self, length: usize) -> SmallVec<[u8; SIZE]> {
        let mut text = SmallVec::from_elem(0, length.next_multiple_of(WORD));
        // One check at a time is here, so nobody writes between the two; a swap takes a lock on the memory for each word.
        for (word, bytes) in self.memory.iter().zip(text.chunks_exact_mut(WORD)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
            word.store(0, Ordering::Relaxed);
        }
        text.truncate(length);
        text
    }

    /// Lays these bytes where the other side reads; none where they do not fit.
    fn lay(&self, bytes: &[u8]) -> Option<i32> {
        if bytes.len() > SIZE {
            return None;
        }
        let (words, rest) = bytes.as_chunks();
        let mut last = [0; WORD];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        for (to, from) in self.memory.iter().zip(words.iter().chain([&last])) {
            to.store(u64::from_ne_bytes(*from), Ordering::Relaxed);
        }
        i32::try_from(bytes.len()).ok()
    }
}

/// All that are there, by the numbers that they are known by: where one stands, and which one it is of all that stood there.
static OPEN: LazyLock<ArcSwap<Vec<Option<Numbered>>>> = LazyLock::new(ArcSwap::default);

type Numbered = (u64, Arc<Passage>);

fn place_of(number: u64) -> usize {
    usize::try_from(number & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

#[derive(Debug, uniffi::Object)]
pub struct PassageHandle {
    number: u64,
    passage: Arc<Passage>,
}

#[uniffi::export]
impl GuardHandle {
    /// A new one for checks by this guard. It is there for as long as what is given here.
    pub fn passage(&self) -> Arc<PassageHandle> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let memory = std::iter::repeat_with(AtomicU64::default).take(SIZE / WORD).collect();
        let passage = Arc::new(Passage { guard: self.0.clone(), memory });
        let which = u64::from(MADE.fetch_add(1, Ordering::Relaxed)) << 32;
        let mut number = 0;
        OPEN.rcu(|open| {
            let mut open = Vec::clone(open);
            let place = open.iter().position(Option::is_none).unwrap_or(open.len());
            number = which | place as u64;
            open.resize(open.len().max(place + 1), None);
            if let Some(slot) = open.get_mut(place) {
                *slot = Some((number, Arc::clone(&passage)));
            }
            open
        });
        Arc::new(PassageHandle { number, passage })
    }
}

impl Drop for PassageHandle {
    fn drop(&mut self) {
        OPEN.rcu(|open| {
            let mut open = Vec::clone(open);
            if let Some(slot) = open.get_mut(place_of(self.number)) {
                *slot = None;
            }
            open
        });
    }
}

#[uniffi::export]
impl PassageHandle {
    /// What [`check_header`] and [`check_bare`] know it by.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn address(&self) -> u64 {
        self.passage.memory.as_ptr().expose_provenance() as u64
    }

    pub fn size(&self) -> i32 {
        i32::try_from(SIZE).unwrap_or_default()
    }
}

/// Checks the header that lies in this passage, so many bytes of it, and behind it the peer's address as text, where it is
/// known. Gives the length of the verdict that lies there then; -1 where that does not fit, 0 where there is no such passage,
/// which is also what a caller sees of a panic.
#[uniffi::export]
pub fn check_header(passage: u64, header: i32, peer: i32) -> i32 {
    through(passage, header, peer, |guard, header, peer| guard.check(header, peer))
}

/// The same of a bare secret.
#[uniffi::export]
pub fn check_bare(passage: u64, secret: i32, peer: i32) -> i32 {
    through(passage, secret, peer, |guard, secret, peer| {
        // What is no UTF-8 is no secret either.
        guard.check_secret(std::str::from_utf8(secret).unwrap_or_default(), peer)
    })
}

fn through(
    number: u64,
    first: i32,
    peer: i32,
    check: impl FnOnce(&Guard, &[u8], Option<IpAddr>) -> Verdict,
) -> i32 {
    let open = OPEN.load();
    let Some(Some((found, passage))) = open.get(place_of(number)) else { return 0 };
    let (Ok(first), Ok(peer)) = (usize::try_from(first), usize::try_from(peer)) else { return 0 };
    if *found != number || first + peer > SIZE {
        return 0;
    }
    let mut text = passage.take(first + peer);
    let (given, peer) = split(&text, first);
    let verdict = verdict_bytes(&check(&passage.guard, given, peer_of(peer)));
    text.as_mut_slice().zeroize();
    passage.lay(&verdict).unwrap_or(-1)
}
