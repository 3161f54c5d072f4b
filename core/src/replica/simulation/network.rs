//! Authorities, and the way to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use serde::Serialize;
use tokio::time::{Instant, advance, sleep_until, timeout, timeout_at};

use super::super::upstream::{Ask, Upstream};
use super::plan::{Defect, Fault};
use super::store::Store;
use super::world::{World, instant, sleep};
use crate::wire::{Changes, SnapshotEnd, SnapshotHead};
use crate::{Api, Error, ErrorKind, Result, Timestamp, TokenId};

/// As the real one: between two parts of a snapshot, so long at the most.
const PAUSE: i64 = 15_000;
/// As many answers and snapshots as a proxy keeps.
const KEPT: usize = 40;

#[derive(Debug)]
pub(super) struct Network {
    world: Arc<World>,
    place: AtomicUsize,
}

impl Network {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self { world, place: AtomicUsize::new(0) }
    }

    fn at(&self) -> usize {
        self.place.load(Ordering::Relaxed) % self.world.plan.authorities.len()
    }
}

#[async_trait]
impl Upstream for Network {
    fn place(&self) -> String {
        format!("authority-{}", self.at())
    }

    fn turn_from(&self, place: &str) {
        if self.place() == place {
            self.place.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn snapshot(&self) -> Result<BoxStream<'static, Result<Bytes>>> {
        let (world, at) = (Arc::clone(&self.world), self.at());
        world.note(|| format!("a snapshot is asked for at authority {at}"));
        let asked = async {
            message(&world).await?;
            awake(&world, at).await
        };
        timeout(millis(PAUSE), asked).await.unwrap_or_else(|_| Err(late()))?;
        let parts = match remembered(&world, |world| world.with(|state| state.snapshots.clone())) {
            Some(whole) => Parts { ready: whole, next: Next::Nothing, ..Parts::new(world, at) },
            None => Parts::new(world, at),
        };
        Ok(stream::unfold(parts, Parts::part).boxed())
    }

    async fn changes(&self, ask: &Ask, limit: Duration) -> Result<Changes> {
        let (world, at) = (&self.world, self.at());
        let deadline = Instant::now() + limit;
        thawed(world).await;
        let exchange = exchange(world, at, ask);
        tokio::pin!(exchange);
        let mut answer = timeout_at(deadline, &mut exchange).await;
        if let Some(end) = frozen_until(world) {
            // Tasks that go on find what came meanwhile, and look at it before they look at the clock.
            let end = Instant::now() + millis(end - world.ticks());
            match answer {
                Ok(_) => sleep_until(end).await,
                Err(_) => answer = timeout_at(end, &mut exchange).await,
            }
        }
        let mut answer = answer.unwrap_or_else(|_| Err(late()));
        world.note(|| match &answer {
            Ok(answer) => format!(
                "authority {at} answered: revision {} after {}, {:?}, {} tokens, {} deleted{}",
                answer.position.revision,
                ask.position.revision,
                answer.start_over,
                answer.tokens.len(),
                answer.deleted.len(),
                if answer.nonce == ask.nonce { "" } else { ", another's nonce" }
            ),
            Err(error) => format!("authority {at}: {}", error.code()),
        });
        if let (Ok(answer), Some(Defect::AnyNonce)) = (&mut answer, world.plan.defect) {
            answer.nonce.clone_from(&ask.nonce);
        }
        answer
    }
}

/// A poll and its answer, however long that takes.
async fn exchange(world: &World, at: usize, ask: &Ask) -> Result<Changes> {
    message(world).await?;
    if let Some(old) = remembered(world, |world| world.with(|state| state.answers.clone())) {
        return Ok(old);
    }
    awake(world, at).await?;
    let mut answer = answer(world, at, ask).await;
    awake(world, at).await?;
    if world.plan.defect == Some(Defect::OwnTimeOnly) {
        answer.now = Timestamp::MIN;
    }
    world.with(|state| keep(&mut state.answers, answer.clone()));
    message(world).await?;
    Ok(answer)
}

/// Reads what has changed, after the poll has come in; waits if nothing has. What it read may be old by the time that it
/// is sent.
async fn answer(world: &World, at: usize, ask: &Ask) -> Changes {
    let mut commits = world.commits();
    let until = Instant::now() + ask.wait;
    loop {
        let now = instant(world.now() + world.plan.authorities[at]);
        let changes = read(world).changes(ask, now);
        if changes.start_over.is_some() || changes.position.revision != ask.position.revision {
            return changes;
        }
        let woken = async {
            commits.changed().await.ok();
            if world.faults().any(|fault| *fault == Fault::Deaf) {
                std::future::pending::<()>().await;
            }
            sleep(world.random(0..20)).await;
        };
        if timeout_at(until, woken).await.is_err() {
            return changes;
        }
    }
}

fn read(world: &World) -> Arc<Store> {
    let store = world.store();
    if world.plan.defect == Some(Defect::ReadsEarly) {
        return world.with(|state| state.early.replace(Arc::clone(&store)).unwrap_or(store));
    }
    store
}

/// A message on its way, in either direction.
async fn message(world: &World) -> Result<()> {
    let mut delay = world.random(0..world.plan.delay + 1);
    for fault in world.faults() {
        match fault {
            Fault::Slow { least, most } => delay += world.random(*least..*most + 1),
            Fault::Held(probability, most) if world.chance(*probability) => delay += world.random(0..*most),
            Fault::Lost(probability) if world.chance(*probability) => std::future::pending().await,
            Fault::Cut { refused: false } => std::future::pending().await,
            Fault::Cut { refused: true } => {
                return Err(Error::new(ErrorKind::Unavailable, "unreachable", "no route"));
            }
            _ => {}
        }
    }
    sleep(delay).await;
    Ok(())
}

/// Waits while the authority lies still.
async fn awake(world: &World, at: usize) -> Result<()> {
    for fault in world.faults() {
        let error = match fault {
            Fault::Down(down) if *down == at => Error::new(ErrorKind::Unavailable, "down", "refused"),
            Fault::Refused(401) => Error::new(ErrorKind::Unauthorized, "unauthorized", "not you"),
            Fault::Refused(429) => Error::new(ErrorKind::RateLimited, "rate_limited", "later"),
            Fault::Refused(_) => Error::new(ErrorKind::Unavailable, "unavailable", "not now"),
            _ => continue,
        };
        return Err(error);
    }
    while let Some(end) = until(world, |fault| *fault == Fault::Stopped(at)) {
        sleep(end - world.ticks()).await;
    }
    Ok(())
}

/// Until when there is such a fault.
fn until(world: &World, is_it: impl Fn(&Fault) -> bool) -> Option<i64> {
    let now = world.ticks();
    let spells = world.plan.spells.iter().filter(|spell| (spell.from..spell.to).contains(&now));
    spells.filter(|spell| is_it(&spell.fault)).map(|spell| spell.to).max()
}

fn frozen_until(world: &World) -> Option<i64> {
    until(world, |fault| *fault == Fault::Frozen)
}

async fn thawed(world: &World) {
    while let Some(end) = frozen_until(world) {
        sleep(end - world.ticks()).await;
    }
}

/// What a proxy gives out of its memory, if there is one and it does.
fn remembered<T>(world: &World, all: impl Fn(&World) -> Vec<T>) -> Option<T> {
    let old = world.faults().find_map(|fault| match fault {
        Fault::Old(probability) => Some(*probability),
        _ => None,
    });
    if !old.is_some_and(|probability| world.chance(probability)) {
        return None;
    }
    let mut all = all(world);
    let count = i64::try_from(all.len()).unwrap();
    (count > 0).then(|| all.swap_remove(usize::try_from(world.random(0..count)).unwrap()))
}

fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() == KEPT {
        all.remove(0);
    }
    all.push(one);
}

fn late() -> Error {
    Error::new(ErrorKind::Timeout, "timeout", "no answer came in time")
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A snapshot while it is sent. Each portion is read when its turn comes, so that later changes get in.
struct Parts {
    world: Arc<World>,
    at: usize,
    next: Next,
    apis: Vec<Api>,
    sent: u64,
    /// What was made and not sent yet.
    ready: Vec<u8>,
    whole: Vec<u8>,
}

enum Next {
    Head,
    Tokens(Option<TokenId>),
    Nothing,
}

impl Parts {
    fn new(world: Arc<World>, at: usize) -> Self {
        let (apis, ready, whole) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, at, next: Next::Head, apis, sent: 0, ready, whole }
    }

    async fn part(mut self) -> Option<(Result<Bytes>, Self)> {
        if let Err(error) = self.comes().await {
            return Some((Err(error), self));
        }
        let cut = self
            .world
            .faults()
            .any(|fault| matches!(fault, Fault::CutSnapshot(probability) if self.world.chance(*probability)));
        if cut {
            return None;
        }
        self.make();
        // Parts end anywhere.
        let made = i64::try_from(self.ready.len()).unwrap();
        let ends = if self.world.chance(0.3) { self.world.random(0..made + 1) } else { made };
        let rest = self.ready.split_off(usize::try_from(ends).unwrap());
        let part = std::mem::replace(&mut self.ready, rest);
        if part.is_empty() && self.ready.is_empty() {
            return None;
        }
        Some((Ok(part.into()), self))
    }

    /// Waits for a part that is under way.
    async fn comes(&self) -> Result<()> {
        let world = &self.world;
        let mut delay = 0;
        for fault in world.faults() {
            match fault {
                Fault::SlowSnapshot(most) | Fault::Slow { most, .. } => delay += world.random(0..*most),
                Fault::Cut { refused: true } => {
                    return Err(Error::new(ErrorKind::Unavailable, "cut", "reset"));
                }
                Fault::Down(at) if *at == self.at => {
                    return Err(Error::new(ErrorKind::Unavailable, "down", "reset"));
                }
                _ => {}
            }
        }
        let stands = |fault: &Fault| *fault == Fault::Stopped(self.at) || matches!(fault, Fault::Cut { .. });
        delay = delay.max(until(world, stands).map_or(0, |end| end - world.ticks()));
        pass(delay.min(PAUSE)).await;
        if let Some(end) = frozen_until(world) {
            pass(end - world.ticks()).await;
        }
        if delay >= PAUSE { Err(late()) } else { Ok(()) }
    }

    fn make(&mut self) {
        let world = &self.world;
        let lag = world.faults().map(|fault| if let Fault::Behind(lag) = fault { *lag } else { 0 }).max();
        let store = world.store_before(lag.unwrap_or(0));
        let before = self.ready.len();
        self.next = match self.next {
            Next::Head => {
                self.apis.clone_from(&store.apis);
                let (position, roles) = (store.position.clone(), store.roles().clone());
                let apis = self.apis.clone();
                let head = SnapshotHead { position, apis, roles, validators: None, about: 20 };
                line(&mut self.ready, &head);
                Next::Tokens(None)
            }
            Next::Tokens(after) => {
                let (tokens, last) = store.portion(after, &self.apis, 4);
                if last.is_some() {
                    self.sent += tokens.len() as u64;
                    line(&mut self.ready, &tokens);
                    Next::Tokens(last)
                } else {
                    line(&mut self.ready, &SnapshotEnd { tokens: self.sent });
                    Next::Nothing
                }
            }
            Next::Nothing => return,
        };
        self.whole.extend_from_slice(&self.ready[before..]);
        if matches!(self.next, Next::Nothing) {
            let whole = std::mem::take(&mut self.whole);
            world.with(|state| keep(&mut state.snapshots, whole));
        }
    }
}

fn line(into: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(&mut *into, value).unwrap();
    into.push(b'\n');
}

/// Waits. While a snapshot is loaded by another thread, tokio does not move its time by itself.
async fn pass(millis: i64) {
    let until = Instant::now() + self::millis(millis);
    while Instant::now() < until {
        advance(Duration::from_millis(20).min(until - Instant::now())).await;
    }
}
