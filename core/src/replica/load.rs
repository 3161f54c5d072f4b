//! All tokens at once, as they come.

use std::vec;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{Known, Replica, Step, broken, malformed};
use crate::source::lent;
use crate::wire::{Packed, SnapshotEnd, SnapshotHead};
use crate::{Result, TokenRecord};

/// Lines on their way into the index.
const IN_FLIGHT: usize = 4;
/// A line's greatest length: some thousand tokens with the longest names there are.
const LONGEST_LINE: usize = 64 << 20;
/// As many tokens as an index is made for.
const MOST_TOKENS: u64 = 1 << 28;

impl Replica {
    /// Takes a snapshot. The old index serves until the new one is whole. It proves nothing: the next poll does. Where
    /// it is older than what was proved, which an authority that lags or a proxy may cause, nothing is served until then.
    pub(super) async fn load(&mut self) -> Result<Step> {
        let mut parts = self.upstream.snapshot().await?.fuse();
        let mut lines = Lines::default();
        let mut next = async || {
            loop {
                if let Some(line) = lines.take() {
                    return Ok(Some(line));
                }
                match parts.next().await {
                    Some(part) => lines.add(&part?)?,
                    None => return Ok(lines.rest()),
                }
            }
        };
        let first = next().await?.ok_or_else(cut_short)?;
        let head: SnapshotHead = serde_json::from_slice(&first)
            .map_err(|_| malformed("the server's answer does not begin as a snapshot"))?;
        if !self.progress.borrow().position.is_within(&head.position) {
            self.forget_proof()?;
        }
        let validators = head.validators.as_ref().map(|told| told.revision);
        let (known, about) = (Known { position: head.position, apis: head.apis, validators }, head.about);
        let mut writer = self.writer.take().ok_or_else(lent)?;
        let (sender, arriving) = mpsc::channel(IN_FLIGHT);
        let loading = spawn_blocking(move || {
            let loaded = writer.try_load(Tokens::new(arriving, about));
            if loaded.is_ok() {
                writer.set_roles(head.roles);
                writer.set_validators(head.validators.and_then(|told| told.list).unwrap_or_default());
            }
            (writer, loaded)
        });
        loop {
            let line = next().await;
            let last = !matches!(line, Ok(Some(_)));
            if sender.send(line.and_then(|line| line.ok_or_else(cut_short))).await.is_err() || last {
                break; // whoever has had enough says why
            }
        }
        drop(sender);
        let (writer, loaded) = loading.await.map_err(|_| lent())?;
        self.writer = Some(writer);
        loaded?;
        self.known = Some(known);
        Ok(Step::Quiet)
    }
}

fn cut_short() -> crate::Error {
    crate::Error::new(
        crate::ErrorKind::Unavailable,
        "snapshot_cut_short",
        "the snapshot ended before its end",
    )
}

/// Lines out of parts that begin and end anywhere.
#[derive(Default)]
struct Lines {
    buffer: Vec<u8>,
    /// So far no line ends.
    seen: usize,
}

impl Lines {
    fn add(&mut self, part: &[u8]) -> Result<()> {
        if self.buffer.len() + part.len() > LONGEST_LINE {
            return Err(malformed("a line of the snapshot is too long"));
        }
        self.buffer.extend_from_slice(part);
        Ok(())
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        let unseen = self.buffer.get(self.seen..)?;
        let Some(at) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.seen = self.buffer.len();
            return None;
        };
        let rest = self.buffer.split_off(self.seen + at + 1);
        self.seen = 0;
        Some(std::mem::replace(&mut self.buffer, rest))
    }

    /// What comes after the last line's end, if anything.
    fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = std::mem::take(&mut self.buffer);
        (!rest.is_empty()).then_some(rest)
    }
}

/// The tokens of lines that arrive. It ends well only where the last line says that it is the last.
struct Tokens {
    arriving: mpsc::Receiver<Result<Vec<u8>>>,
    portion: vec::IntoIter<Packed<'static>>,
    about: u64,
    found: u64,
    ended: bool,
}

impl Tokens {
    fn new(arriving: mpsc::Receiver<Result<Vec<u8>>>, about: u64) -> Self {
        Self { arriving, portion: Vec::new().into_iter(), about, found: 0, ended: false }
    }

    /// The next portion; none after the last line.
    fn portion(&mut self) -> Result<Option<Vec<Packed<'static>>>> {
        let line = self.arriving.blocking_recv().unwrap_or_else(|| Err(cut_short()))?;
        if line.first() == Some(&b'[') {
            return serde_json::from_slice(&line)
                .map(Some)
                .map_err(|_| malformed("a line of the snapshot is malformed"));
        }
        let end: SnapshotEnd =
            serde_json::from_slice(&line).map_err(|_| malformed("a line of the snapshot is malformed"))?;
        if end.tokens != self.found {
            return Err(malformed("there are not as many tokens as the snapshot says"));
        }
        Ok(None)
    }
}

impl Iterator for Tokens {
    type Item = Result<TokenRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(token) = self.portion.next() {
                self.found += 1;
                if self.found > MOST_TOKENS {
                    return Some(Err(malformed("the snapshot does not end")));
                }
                return Some(token.unpack().map_err(broken));
            }
            if self.ended {
                return None;
            }
            match self.portion() {
                Ok(Some(portion)) => self.portion = portion.into_iter(),
                Ok(None) => self.ended = true,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::try_from(self.about).unwrap_or(0), None)
    }
}
