//! All tokens, as lines of JSON, a portion at a time.

use serde::Serialize;

use crate::index::Walk;
use crate::packed::Packed;
use crate::source::Progress;
use crate::wire::{SnapshotEnd, SnapshotHead, ValidatorsTold};
use crate::{Api, Verifier};

/// Tokens on a line, at the least; those of one bucket come on top.
const PORTION: u64 = 1000;
/// Cells that are looked at for a line, at the most, where few of their tokens are wanted.
const CELLS: usize = 1000;

/// The lines of a snapshot, each with its end of line: the head, the tokens, the end.
///
/// It is read off the index while that changes: everything up to the head's position is in it, and some of what came
/// later. Between two lines it holds nothing but its place. Making a line takes about a millisecond.
#[derive(Debug)]
pub struct Snapshot {
    verifier: Verifier,
    apis: Vec<Api>,
    tokens: u64,
    next: Next,
}

#[derive(Debug)]
enum Next {
    Head(Box<SnapshotHead>),
    Tokens(Walk),
    End,
    Nothing,
}

impl Snapshot {
    pub(super) fn new(verifier: Verifier, reached: Progress, apis: impl IntoIterator<Item = Api>) -> Self {
        let mut apis: Vec<Api> = apis.into_iter().collect();
        apis.sort_unstable();
        apis.dedup();
        let Progress { position, roles, validators, validators_revision, .. } = reached;
        let roles = roles.filter(|_| apis.contains(&Api::Config)).as_deref().cloned().unwrap_or_default();
        let tokens = verifier.index().tokens();
        let validators = Some(ValidatorsTold::new(validators_revision, &validators, &apis));
        let head = SnapshotHead { position, apis: apis.clone(), roles, validators, about: tokens as u64 };
        Self { verifier, apis, tokens: 0, next: Next::Head(Box::new(head)) }
    }

    /// The next tokens; how many there were is counted.
    fn portion(&mut self, mut walk: Walk) -> serde_json::Result<Vec<u8>> {
        let mut line = Vec::with_capacity(256 << 10);
        let before = self.tokens;
        for _ in 0..CELLS {
            let (bucket, next) = self.verifier.index().walk(walk);
            let texts = &bucket.header.header;
            for (at, slot) in bucket.slice.iter().enumerate() {
                if self.apis.contains(&slot.api()) {
                    line.push(if self.tokens == before { b'[' } else { b',' });
                    let text = texts.of(slot, bucket.slice.get(at + 1));
                    serde_json::to_writer(&mut line, &Packed::of_slot(slot, text, texts.rare(at)))?;
                    self.tokens += 1;
                }
            }
            self.next = next.map_or(Next::End, Next::Tokens);
            let Some(next) = next.filter(|_| self.tokens - before < PORTION) else { break };
            walk = next;
        }
        if self.tokens == before {
            line.push(b'[');
        }
        line.extend_from_slice(b"]\n");
        Ok(line)
    }
}

impl Iterator for Snapshot {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let line = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Head(head) => {
                self.next = Next::Tokens(Walk::default());
                line(&head)
            }
            Next::Tokens(walk) => self.portion(walk),
            Next::End => line(&SnapshotEnd { tokens: self.tokens }),
            Next::Nothing => return None,
        };
        // What cannot be written ends it without its end, by which it is known to be cut short.
        line.inspect_err(|_| self.next = Next::Nothing).ok()
    }
}

fn line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}
