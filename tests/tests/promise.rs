//! The protocol by which a replica follows an authority, as a small model of which every run is looked at.
//!
//! One store with one token, one replica (replicas share nothing but the store), true time in ticks. Polls and answers
//! take any time, arrive any number of times or never, in any order; answers that say to start over come at will; a
//! snapshot is of any moment, and what is in it of any later one; a backup is restored once. Bounds: 4 ticks of which 2 are
//! `max_staleness`, 3 polls, 2 changes. What is not here: clocks that are wrong, tokens that expire, and the program
//! itself, which the simulation in core/src/replica runs.

#![expect(clippy::indexing_slicing, reason = "a model's steps name stores and polls that are there")]

use stateright::{Checker, HasDiscoveries, Model, Property};

const TICKS: u8 = 4;
const MAX_STALENESS: u8 = 2;
const POLLS: usize = 3;
const CHANGES: usize = 2;

/// A replica, or an authority, that is right, or has one defect.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Protocol {
    Right,
    /// The authority answers with what it read before the poll came in.
    ReadsEarly,
    /// Any answer is taken for the answer to this poll.
    AnyNonce,
    /// The proof counts from when the answer arrived.
    FromArrival,
    /// A snapshot that is older than the last proof is believed because of it.
    OldSnapshots,
}

/// The store at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Store {
    epoch: u8,
    revision: u8,
    good: bool,
    /// The revision of the token's last change.
    changed: u8,
}

impl Store {
    fn position(self) -> (u8, u8) {
        (self.epoch, self.revision)
    }
}

/// Whether one position was reached on the way to the other.
fn is_within(one: (u8, u8), other: (u8, u8)) -> bool {
    one.0 == other.0 && one.1 <= other.1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Poll {
    asked_at: u8,
    after: (u8, u8),
    /// The store as it was then: what is read for the answer is this one or a later one.
    store: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: u8,
    /// The store after each change; the last is how it is.
    stores: Vec<Store>,
    /// When it was acknowledged that the token is revoked.
    revoked_at: Option<u8>,
    /// A poll's place is its nonce.
    polls: Vec<Poll>,
    replica: Replica,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Replica {
    /// What is in its index, once there is one.
    known: Option<(u8, u8)>,
    good: bool,
    /// The moment for which it is proved, and where the index was then.
    proof: Option<(u8, (u8, u8))>,
    /// The poll that it waits for.
    asked: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Tick,
    /// The token is revoked.
    Revoke,
    /// Something else is changed.
    Change,
    Restore,
    /// The replica takes a snapshot whose head is of one store, and the token in it of another.
    Load(usize, usize),
    /// The replica polls, and waits for no other answer any more.
    Ask,
    /// It gets an answer to this poll, for which this store was read; or is told to start over.
    Receive(usize, usize),
    StartOver,
}

impl World {
    fn store(&self) -> Store {
        self.stores[self.stores.len() - 1]
    }

    fn commit(&mut self, change: impl FnOnce(&mut Store)) {
        let mut store = self.store();
        store.revision += 1;
        change(&mut store);
        self.stores.push(store);
    }

    fn accepts(&self) -> bool {
        let fresh = self.replica.proof.is_some_and(|(proved, _)| self.now - proved <= MAX_STALENESS);
        fresh && self.replica.good
    }

    /// What the promise is about.
    fn accepts_too_late(&self) -> bool {
        self.accepts() && self.revoked_at.is_some_and(|revoked| self.now > revoked + MAX_STALENESS)
    }
}

impl Protocol {
    fn receive(self, world: &mut World, nonce: usize, read: usize) {
        let (replica, poll, store) = (&mut world.replica, world.polls[nonce], world.stores[read]);
        let (Some(known), Some(asked)) = (replica.known, replica.asked.take()) else { return };
        if self != Self::AnyNonce && nonce != asked {
            return;
        }
        if !is_within(known, store.position()) {
            (replica.known, replica.proof) = (None, None);
            return;
        }
        if store.changed > poll.after.1 {
            replica.good = store.good;
        }
        let asked_at = if self == Self::FromArrival { world.now } else { world.polls[asked].asked_at };
        replica.known = Some(store.position());
        replica.proof = Some((asked_at, store.position()));
    }

    fn load(self, replica: &mut Replica, head: Store, content: Store) {
        let covered = replica.proof.is_some_and(|(_, proved)| is_within(proved, head.position()));
        if !covered && self != Self::OldSnapshots {
            replica.proof = None;
        }
        (replica.known, replica.good) = (Some(head.position()), content.good);
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            now: 0,
            stores: vec![Store { epoch: 0, revision: 1, good: true, changed: 1 }],
            revoked_at: None,
            polls: Vec::new(),
            replica: Replica::default(),
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        let (replica, last) = (world.replica, world.stores.len() - 1);
        if world.now < TICKS {
            steps.push(Step::Tick);
        }
        if world.stores.len() <= CHANGES {
            if world.store().good {
                steps.push(Step::Revoke);
            }
            steps.push(Step::Change);
            if world.store().epoch == 0 {
                steps.push(Step::Restore);
            }
        }
        if replica.known.is_none() {
            let stores = || 0..=last;
            let pairs = stores().flat_map(|head| stores().map(move |content| (head, content)));
            let one_life = |at: usize, other: usize| world.stores[at].epoch == world.stores[other].epoch;
            let later = pairs.filter(|(head, content)| head <= content && one_life(*head, *content));
            steps.extend(later.map(|(head, content)| Step::Load(head, content)));
            return;
        }
        if world.polls.len() < POLLS {
            steps.push(Step::Ask);
        }
        if replica.asked.is_some() {
            steps.push(Step::StartOver);
            for (nonce, poll) in world.polls.iter().enumerate() {
                let first = if *self == Self::ReadsEarly { 0 } else { poll.store };
                steps.extend((first..=last).map(|read| Step::Receive(nonce, read)));
            }
        }
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut world = world.clone();
        let replica = &mut world.replica;
        match step {
            Step::Tick => world.now += 1,
            Step::Revoke => {
                world.commit(|store| (store.good, store.changed) = (false, store.revision));
                world.revoked_at = Some(world.now);
            }
            Step::Change => world.commit(|_| ()),
            Step::Restore => {
                // The backup is from the start, when the token was good.
                world.stores.push(Store { epoch: 1, ..world.stores[0] });
                world.revoked_at = None;
            }
            Step::Load(head, content) => self.load(replica, world.stores[head], world.stores[content]),
            Step::Ask => {
                replica.asked = Some(world.polls.len());
                let store = world.stores.len() - 1;
                world.polls.push(Poll { asked_at: world.now, after: replica.known?, store });
            }
            Step::Receive(nonce, read) => self.receive(&mut world, nonce, read),
            Step::StartOver => (replica.known, replica.asked) = (None, None),
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("accepts nothing too late", |_, world: &World| !world.accepts_too_late()),
            Property::sometimes("accepts what is good", |_, world: &World| {
                world.store().good && world.accepts()
            }),
            Property::sometimes("knows what was revoked", |_, world: &World| {
                let fresh = world.replica.proof.is_some_and(|(proved, _)| Some(proved) >= world.revoked_at);
                world.revoked_at.is_some() && fresh && !world.replica.good
            }),
            Property::sometimes("follows into another epoch", |_, world: &World| {
                world.replica.proof.is_some_and(|(_, (epoch, _))| epoch == 1)
            }),
        ]
    }
}

#[test]
fn the_promise_is_kept_in_every_run() {
    let checked = Protocol::Right.checker().threads(2).spawn_bfs().join();
    println!("{} states", checked.unique_state_count());
    checked.assert_properties();
    assert!(checked.is_done());
}

/// Each rule of the protocol is needed: without it there is a run that breaks the promise.
#[test]
fn no_rule_can_be_left_out() {
    use Protocol::{AnyNonce, FromArrival, OldSnapshots, ReadsEarly};
    for protocol in [ReadsEarly, AnyNonce, FromArrival, OldSnapshots] {
        let broken = "accepts nothing too late";
        let found = HasDiscoveries::AllOf([broken].into());
        let checked = protocol.checker().threads(2).finish_when(found).spawn_bfs().join();
        let Some(run) = checked.discovery(broken) else { panic!("{protocol:?} breaks nothing") };
        println!("{protocol:?}: {:?}", run.into_actions());
    }
}
