//! One run: what is done to the world, while everything is looked at.

use std::sync::Arc;
use std::time::Duration;

use super::checks::Checks;
use super::network::Network;
use super::plan::{Deed, Plan};
use super::store::Store;
use super::world::{Committed, Known, World, instant, sleep};
use crate::{Api, FollowOptions, Startup, TokenId};

/// As many secrets as are made in a run.
const SECRETS: usize = 24;

/// What a run has shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) stale: u64,
}

impl Seen {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
            stale: self.stale + other.stale,
        }
    }
}

/// # Errors
/// The first violation, and what led to it.
pub(super) async fn run(plan: Plan) -> Result<Seen, String> {
    let world = World::new(plan);
    for _ in 0..6 {
        create(&world);
    }
    backup(&world);
    let plan = &world.plan;
    let options = FollowOptions::default()
        .max_staleness(Duration::from_millis(plan.max_staleness.unsigned_abs()))
        .usage_interval(None)
        .startup(if plan.background { Startup::Background } else { Startup::Wait });
    let (upstream, clock) = (Arc::new(Network::new(Arc::clone(&world))), world.machine());
    let verifier = super::super::start(upstream, &options, clock).await;
    let verifier = verifier.map_err(|error| format!("it did not start: {error}"))?;
    let checks = Arc::new(Checks::new(Arc::clone(&world), verifier));
    if plan.spells.is_empty() {
        checks.all_is_well();
        if world.ticks() > plan.quickly() {
            world.violated(|| format!("it started after {} ms", world.ticks()));
        }
    }
    let (run, watch) = (tokio::spawn(Arc::clone(&checks).keep_checking()), Arc::clone(&checks).watch());
    let watch = tokio::spawn(watch);
    let write = tokio::spawn(keep_writing(Arc::clone(&checks), plan.quiet));
    for (at, deed) in &plan.deeds {
        sleep(at - world.ticks()).await;
        act(&checks, deed);
    }
    sleep(plan.ends - world.ticks()).await;
    checks.recovered().await;
    sleep(3_000).await;
    write.abort();
    sleep(2_000).await;
    checks.converged();
    run.abort();
    watch.abort();
    world.violation().map_or_else(|| Ok(checks.seen()), Err)
}

/// What people do all the time.
async fn keep_writing(checks: Arc<Checks>, quiet: bool) {
    let world = checks.world();
    if quiet {
        return;
    }
    loop {
        sleep(world.random(20..1_500)).await;
        let room = world.with(|state| state.secrets.len() < SECRETS);
        match world.random(0..10) {
            0..3 if room => {
                let (at, made) = create(world);
                checks.expire(at);
                tokio::spawn(Arc::clone(&checks).created(at, made));
            }
            3..5 => act(&checks, &Deed::Revoke),
            5 if room => ended(&checks, rotate(world)),
            6 => ended(&checks, world.commit("the role was changed", |store, _| store.toggle_role())),
            7 => {
                let id = some_id(world);
                ended(
                    &checks,
                    world.commit("a token was deleted", |store, _| {
                        if let Some(id) = id {
                            store.delete(id);
                        }
                    }),
                );
            }
            _ => {}
        }
    }
}

fn act(checks: &Arc<Checks>, deed: &Deed) {
    let world = checks.world();
    match deed {
        Deed::Suspend(millis) => {
            world.suspend(*millis);
            checks.everything();
        }
        Deed::Step(millis) => {
            world.step(*millis);
            checks.everything();
        }
        Deed::Backup => backup(world),
        Deed::Restore => ended(
            checks,
            world.commit("the backup was restored", |store, state| {
                if let Some(backup) = &state.backup {
                    store.restore(backup, &mut state.rng);
                }
            }),
        ),
        Deed::Lose => ended(
            checks,
            world.commit("the database was lost", |store, state| {
                *store = Store::new(&mut state.rng);
                state.backup = None;
            }),
        ),
        Deed::Forget => ended(checks, world.commit("deletions were forgotten", |store, _| store.forget())),
        Deed::OtherApis => ended(
            checks,
            world.commit("other APIs may be verified", |store, _| {
                store.apis = if store.apis.len() == 1 { Api::ALL.to_vec() } else { vec![Api::Rest] };
            }),
        ),
        Deed::Revoke => {
            let (id, now) = (some_id(world), instant(world.now()));
            ended(
                checks,
                world.commit("a token was revoked", |store, _| {
                    if let Some(id) = id {
                        store.revoke(id, now);
                    }
                }),
            );
        }
    }
}

fn ended(checks: &Arc<Checks>, committed: Committed) {
    for at in committed.ended {
        checks.look_at(at, committed.acknowledged + checks.world().plan.max_staleness);
    }
}

/// Makes a token, and knows its secret.
fn create(world: &World) -> (usize, Committed) {
    let api = if world.chance(0.3) { Api::Config } else { Api::Rest };
    let now = world.now();
    let lives = world.random(500..3 * world.plan.max_staleness);
    let expires = world.chance(0.3).then(|| instant(now + lives));
    let mut at = 0;
    let committed = world.commit("a token was made", |store, state| {
        let issued = store.issue(api, expires, instant(now), &mut state.rng);
        at = state.secrets.len();
        state.secrets.push(Known::new(issued.secret.reveal().to_owned(), issued.record.id()));
    });
    (at, committed)
}

fn rotate(world: &World) -> Committed {
    let (id, now) = (some_id(world), instant(world.now()));
    let grace = if world.chance(0.5) { 0 } else { world.random(1..2 * world.plan.max_staleness) };
    let grace = Duration::from_millis(grace.unsigned_abs());
    world.commit("a token was rotated", |store, state| {
        let issued = id.and_then(|id| store.rotate(id, grace, now, &mut state.rng));
        let known = issued.map(|issued| Known::new(issued.secret.reveal().to_owned(), issued.record.id()));
        state.secrets.extend(known);
    })
}

fn backup(world: &World) {
    let backup = world.store();
    world.note(|| format!("a backup was made at revision {}", backup.position.revision));
    world.with(|state| state.backup = Some(backup));
}

fn some_id(world: &World) -> Option<TokenId> {
    let ids: Vec<_> = world.store().ids().collect();
    let count = i64::try_from(ids.len()).unwrap();
    (count > 0).then(|| ids[usize::try_from(world.random(0..count)).unwrap()])
}
