//! What is looked at, from outside, all the time: the promises.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::timeout;

use super::plan::Deed;
use super::run::Seen;
use super::store::{ROLE_SCOPE, SCOPE};
use super::world::{Committed, World, instant, sleep};
use crate::{Api, Clock, Guard, Reason, Verifier, VerifierState};

/// A watch tells within this time what has become stale, whatever clocks do.
const TOLD_WITHIN: i64 = 1_200;

pub(super) struct Checks {
    world: Arc<World>,
    clock: Arc<dyn Clock>,
    verifier: Verifier,
    rest: Guard,
    config: Guard,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seen: Seen,
    /// From when on all is well.
    well_since: Option<i64>,
    /// Whether the watch said that it is stale.
    told_stale: bool,
}

impl Checks {
    pub(super) fn new(world: Arc<World>, verifier: Verifier) -> Self {
        let clock = world.machine();
        let rest = verifier.guard(Api::Rest, [SCOPE]).unwrap();
        let config = verifier.guard(Api::Config, [ROLE_SCOPE]).unwrap();
        let state = State { told_stale: verifier.state().stale, ..State::default() };
        Self { world, clock, verifier, rest, config, state: Mutex::new(state) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn world(&self) -> &Arc<World> {
        &self.world
    }

    pub(super) fn seen(&self) -> Seen {
        self.with(|state| state.seen)
    }

    /// From now on it has to be fresh, quick and right.
    pub(super) fn all_is_well(&self) {
        let now = self.world.now();
        self.with(|state| state.well_since = Some(now));
    }

    /// Waits until it has recovered from the last fault.
    pub(super) async fn recovered(&self) {
        let (since, limit) = (self.world.now(), self.world.ticks() + self.world.plan.recovers_within());
        while !self.is_there(since) {
            if self.world.ticks() > limit {
                let state = self.verifier.state();
                return self.world.violated(|| format!("it does not recover: {state:?}"));
            }
            sleep(20).await;
        }
        self.all_is_well();
    }

    /// Whether it has asked since, and knows it all.
    fn is_there(&self, since: i64) -> bool {
        let state = self.verifier.state();
        let asked =
            state.age.is_some_and(|age| age.as_millis() < (self.world.now() - since).unsigned_abs().into());
        asked && state.connected && !state.stale && self.epoch() == self.world.store().position.epoch
    }

    fn epoch(&self) -> String {
        self.verifier.source().unwrap().progress().position.epoch
    }

    /// Nothing has changed for a while: it knows what the store knows.
    pub(super) fn converged(&self) {
        let (there, state) = (self.world.store().position.clone(), self.verifier.state());
        let here = self.verifier.source().unwrap().progress().position;
        if here != there || !state.connected || state.stale || state.trouble.is_some() {
            self.world.violated(|| format!("at the end it is not there: {state:?}"));
        }
        self.everything();
    }

    pub(super) fn everything(&self) {
        (0..self.world.with(|state| state.secrets.len())).for_each(|at| self.check(at));
    }

    pub(super) async fn keep_checking(self: Arc<Self>) {
        loop {
            sleep(self.world.random(5..600)).await;
            let count = i64::try_from(self.world.with(|state| state.secrets.len())).unwrap();
            for _ in 0..4 {
                self.check(usize::try_from(self.world.random(0..count)).unwrap());
            }
            if self.world.chance(0.2) {
                self.check_made_up(usize::try_from(self.world.random(0..count)).unwrap());
            }
            let stale = self.verifier.state().stale;
            if self.with(|state| state.told_stale) != stale {
                tokio::spawn(Arc::clone(&self).told(stale));
            }
        }
    }

    /// Looks at a secret from this moment on.
    pub(super) fn look_at(self: &Arc<Self>, at: usize, from: i64) {
        let checks = Arc::clone(self);
        tokio::spawn(async move {
            for later in [1, 4, 30, 120, 700, 2_500] {
                checks.world.until(from + later).await;
                checks.check(at);
            }
        });
    }

    /// Looks at a secret once its time is over.
    pub(super) fn expire(self: &Arc<Self>, at: usize) {
        let plan = &self.world.plan;
        if let Some(end) = self.world.with(|state| state.secrets[at].expires()) {
            self.look_at(at, end + plan.max_staleness + plan.skew());
        }
    }

    fn check(&self, at: usize) {
        let (now, plan) = (self.world.now(), &self.world.plan);
        let quickly = plan.quickly();
        // Where the machine's clock is ahead, tokens expire early.
        let ahead = (self.clock.now().as_millis() - instant(now).as_millis()).max(0) + plan.skew();
        let (text, id, may, must, must_not) = self.world.with(|state| {
            let known = &state.secrets[at];
            let may = known.may_pass(now, plan.max_staleness, plan.skew());
            let must = known.must_pass(now - quickly, now + ahead);
            // How late it is, the authority may have said before it began to wait.
            let must_not = !known.may_pass(now, quickly, plan.skew() + 1_000);
            (known.text.clone(), known.id, may, must, must_not)
        });
        let api = if text.as_bytes()[2] == b'c' { Api::Config } else { Api::Rest };
        let guard = if api == Api::Config { &self.config } else { &self.rest };
        let verdict = guard.check_secret(&text, None);
        let reason = verdict.as_ref().err().map(|denied| denied.reason);
        let well = self.with(|state| {
            match reason {
                None => state.seen.accepted += 1,
                Some(Reason::Stale) => state.seen.stale += 1,
                Some(_) => state.seen.refused += 1,
            }
            state.well_since
        });
        let (age, why) = (|| self.verifier.age(), || self.world.with(|state| state.secrets[at].why()));
        let permitted = self.world.store().apis.contains(&api);
        match reason {
            None if !may => {
                self.world.violated(|| format!("{id} was accepted at {now}: {}, {:?}", why(), age()));
            }
            None if must_not && well.is_some_and(|since| since + quickly <= now) => {
                self.world.violated(|| format!("{id} was still accepted at {now}: {}", why()));
            }
            Some(Reason::Stale) if well.is_some() => {
                self.world.violated(|| format!("stale at {now}, though all is well: {:?}", age()));
            }
            Some(reason) if must && permitted && well.is_some_and(|since| since + quickly <= now) => {
                self.world.violated(|| format!("{id} was refused at {now}, {reason:?}: {}", why()));
            }
            _ => {}
        }
    }

    /// A secret that nobody was given: of an id that is known, and of one that is not.
    fn check_made_up(&self, at: usize) {
        let known = self.world.with(|state| state.secrets[at].id);
        for (api, guard) in [(Api::Config, &self.config), (Api::Rest, &self.rest)] {
            let secret = self.world.made_up(api, None);
            let of_known = self.world.made_up(api, Some(known));
            for secret in [secret, of_known] {
                if guard.check_secret(secret.reveal(), None).is_ok() {
                    self.world.violated(|| format!("{secret} was made up, and accepted"));
                }
            }
        }
    }

    /// What was made and waited for is known.
    pub(super) async fn created(self: Arc<Self>, at: usize, made: Committed) {
        self.world.until(made.acknowledged).await;
        self.verifier.wait_for(made.revision).await.ok();
        let (now, plan) = (self.world.now(), &self.world.plan);
        let ahead = (self.clock.now().as_millis() - instant(now).as_millis()).max(0) + plan.skew();
        let (text, must) = self.world.with(|state| {
            let known = &state.secrets[at];
            (known.text.clone(), known.must_pass(made.at, now + ahead))
        });
        let config = text.as_bytes()[2] == b'c';
        let guard = if config { &self.config } else { &self.rest };
        // REST tokens may always be verified, others only where that never changes.
        let permitted = !config || !plan.deeds.iter().any(|(_, deed)| matches!(deed, Deed::OtherApis));
        // A revision alone does not say of which life of the store it is.
        if must && permitted && self.epoch() == made.epoch {
            let reason = guard.check_secret(&text, None).err().map(|denied| denied.reason);
            if let Some(reason) = reason.filter(|reason| *reason != Reason::Stale) {
                self.world.violated(|| {
                    format!("revision {} was waited for, then refused: {reason:?}", made.revision)
                });
            }
        }
    }

    /// Notes what a watch tells.
    pub(super) async fn watch(self: Arc<Self>) {
        let mut watch = self.verifier.watch();
        let note = |state: &VerifierState| self.with(|noted| noted.told_stale = state.stale);
        note(watch.last());
        while let Some(state) = watch.changed().await {
            note(&state);
        }
    }

    /// It is `stale`, or is not, and a watch has not told so yet.
    async fn told(self: Arc<Self>, stale: bool) {
        let told = async {
            while self.verifier.state().stale == stale && self.with(|state| state.told_stale) != stale {
                sleep(1).await;
            }
        };
        let limit = std::time::Duration::from_millis(TOLD_WITHIN.unsigned_abs());
        if timeout(limit, told).await.is_err() {
            self.world.violated(|| format!("nobody was told of stale: {stale}"));
        }
    }
}
