//! What replicas follow: snapshots, changes, and what starts a replica over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::wire::{Changes, Packed, SnapshotEnd, SnapshotHead, StartOver};
use gatepass::{
    Api, Area, Clock as _, Feed, Gatepass, Level, NewToken, OpenOptions, Permissions, ReplicaPoll, Role,
    Rotation, Snapshot, TokenFilter, TokenId, TokenRecord, days,
};

use crate::support::{DAY, HOUR, Place, clock, code, rest, until};

async fn feed(gp: &Gatepass) -> Feed {
    gp.feed(&gp.verifier().await.unwrap()).unwrap()
}

/// What a replica knows.
#[derive(Default)]
struct Replica {
    epoch: String,
    revision: i64,
    tokens: BTreeMap<TokenId, TokenRecord>,
}

impl Replica {
    /// Line by line, with something between.
    async fn load(&mut self, snapshot: Snapshot, mut between: impl AsyncFnMut()) -> SnapshotHead {
        let (mut head, mut end, mut count) = (None, None, 0);
        for line in snapshot {
            assert!(end.is_none() && line.ends_with(b"\n") && !line[..line.len() - 1].contains(&b'\n'));
            if head.is_none() {
                head = Some(serde_json::from_slice::<SnapshotHead>(&line).unwrap());
            } else if line[0] == b'[' {
                let tokens: Vec<Packed<'_>> = serde_json::from_slice(&line).unwrap();
                count += tokens.len() as u64;
                for packed in tokens {
                    self.put(packed);
                }
            } else {
                end = Some(serde_json::from_slice::<SnapshotEnd>(&line).unwrap());
            }
            between().await;
        }
        assert_eq!(end.unwrap().tokens, count);
        let head = head.unwrap();
        (self.epoch, self.revision) = (head.position.epoch.clone(), head.position.revision);
        head
    }

    fn put(&mut self, packed: Packed<'_>) {
        let record = packed.unpack().unwrap();
        self.tokens.insert(record.id(), record);
    }

    async fn poll(&mut self, feed: &Feed, apis: &[Api]) -> Changes {
        let read = feed.read(&self.epoch, self.revision).await.unwrap();
        let changes = read.into_changes("n", apis.iter().copied());
        assert_eq!((changes.nonce.as_str(), changes.start_over), ("n", None));
        let applied = changes.clone();
        for packed in applied.tokens {
            self.put(packed);
        }
        for id in &applied.deleted {
            self.tokens.remove(id);
        }
        self.revision = applied.position.revision;
        changes
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.tokens.values().map(|record| record.token().name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Whether it knows just what is so.
    async fn is_true(&self, gp: &Gatepass) {
        let tokens: Vec<_> = gp.tokens().list(TokenFilter::default()).try_collect().await.unwrap();
        assert_eq!(tokens.len(), self.tokens.len());
        for token in tokens {
            let known = self.tokens[&token.id.unwrap()].token();
            assert_eq!((&known.name, known.api, &known.roles), (&token.name, token.api, &token.roles));
            assert_eq!((known.expires_on, &known.target_dn), (token.expires_on, &token.target_dn));
            assert_eq!((known.not_before, known.grace_until), (token.not_before, token.grace_until));
            assert_eq!((&known.scopes, &known.networks), (&token.scopes, &token.networks));
            assert_eq!(known.revoked_on.is_some(), token.revoked_on.is_some());
        }
    }
}

/// Writers change, add and remove while it is read, so that the index grows under it.
async fn a_snapshot_that_others_write_into_comes_true_with_the_changes_since(place: Place) {
    let gp = place.open().await;
    gp.roles().create(Role::new("ops", Permissions::none().with(Area::Tasks, Level::Edit))).await.unwrap();
    let make = async |name: String| {
        let asked = rest(name).scope("b").scope("a").target_dn("uid=a,o=b");
        gp.tokens().create(asked.network("192.0.2.0/24".parse().unwrap())).await.map(drop).unwrap();
    };
    for number in 0..300 {
        make(format!("old {number}")).await;
    }
    gp.tokens().create(NewToken::new("c", Api::Config).role("ops").expires(days(1))).await.map(drop).unwrap();
    let feed = feed(&gp).await;
    let mut replica = Replica::default();
    let mut number = 0;
    let head = replica
        .load(feed.snapshot(Api::ALL), async || {
            // Enough for the table to be built anew at least once.
            for _ in 0..500 {
                let gone = format!("old {number}");
                if number < 100 {
                    gp.tokens().delete(&gone).await.unwrap();
                } else if number < 200 {
                    gp.tokens().revoke(&gone).await.unwrap();
                } else if number < 300 {
                    let grace = Rotation::with_grace(HOUR);
                    gp.tokens().rotate(&gone, grace).await.map(drop).unwrap();
                }
                make(format!("new {number}")).await;
                number += 1;
            }
        })
        .await;
    assert_eq!((head.apis, head.about), (Api::ALL.to_vec(), 301));
    assert!(head.roles.get("ops").is_some());
    replica.poll(&feed, &Api::ALL).await;
    replica.is_true(&gp).await;
    // And on, change by change.
    for name in ["new 0", "new 1"] {
        gp.tokens().revoke(name).await.unwrap();
        gp.tokens().delete("c").await.ok();
        replica.poll(&feed, &Api::ALL).await;
        replica.is_true(&gp).await;
    }
}

/// No token is missed, however many there are to a line, and in however many cells.
async fn a_snapshot_has_all_that_there_is_and_nothing_else(place: Place) {
    let gp = place.open().await;
    for size in [0, 1, 1500] {
        for number in 0..size {
            let api = if number % 5 == 0 { Api::Scim } else { Api::Rest };
            let asked = NewToken::new(format!("{size} {number}"), api).expires(days(1));
            gp.tokens().create(asked).await.map(drop).unwrap();
        }
        let feed = feed(&gp).await;
        let mut all = Replica::default();
        all.load(feed.snapshot(Api::ALL), async || ()).await;
        all.is_true(&gp).await;
        let mut some = Replica::default();
        let head = some.load(feed.snapshot([Api::Scim, Api::Scim]), async || ()).await;
        assert_eq!(head.apis, [Api::Scim]);
        assert_eq!(some.names().len(), usize::from(size > 0) + if size > 1 { 300 } else { 0 });
    }
}

async fn changes_are_those_of_the_apis_that_are_asked_for(place: Place) {
    let gp = place.open().await;
    let feed = feed(&gp).await;
    let mut replica = Replica::default();
    replica.load(feed.snapshot([Api::Rest]), async || ()).await;
    for (name, api) in [("r", Api::Rest), ("s", Api::Scim), ("r2", Api::Rest), ("s2", Api::Scim)] {
        gp.tokens().create(NewToken::new(name, api).expires(days(1))).await.map(drop).unwrap();
    }
    let scim = gp.tokens().get("s").await.unwrap().id.unwrap();
    let other = gp.tokens().get("r").await.unwrap().id.unwrap();
    gp.tokens().delete("s").await.unwrap();
    gp.tokens().delete("r").await.unwrap();
    gp.roles().create(Role::new("ops", Permissions::none())).await.unwrap();
    let (epoch, since) = (replica.epoch.clone(), replica.revision);
    let told = replica.poll(&feed, &[Api::Rest]).await;
    assert_eq!((replica.names(), told.deleted, told.roles), (vec!["r2"], vec![other], None));
    let told = feed.read(&epoch, since).await.unwrap().into_changes("n", [Api::Scim, Api::Config]);
    assert_eq!((told.tokens.len(), told.deleted, told.apis), (1, vec![scim], vec![Api::Config, Api::Scim]));
    assert!(told.roles.unwrap().get("ops").is_some());
    // What an older version deleted without saying what it was is told to all.
    place.execute("UPDATE deletions SET api = NULL").await;
    let told = feed.read(&epoch, since).await.unwrap().into_changes("n", [Api::Config]);
    assert_eq!((told.tokens.len(), told.deleted.len()), (0, 2));
    // Changes of roles since another change are told no more.
    let told = feed.read(&epoch, replica.revision).await.unwrap().into_changes("n", Api::ALL);
    assert_eq!((told.tokens.len(), told.deleted.len(), told.roles), (0, 0, None));
}

async fn who_cannot_be_told_starts_over(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let feed = feed(&gp).await;
    for name in ["a", "b", "c"] {
        gp.tokens().create(rest(name)).await.map(drop).unwrap();
    }
    gp.tokens().delete("a").await.unwrap();
    clock.advance(8 * DAY);
    gp.tokens().delete("b").await.unwrap();
    feed.read("", 0).await.unwrap(); // after which the index has it as well
    let mut replica = Replica::default();
    replica.load(feed.snapshot(Api::ALL), async || ()).await;
    let (epoch, now) = (replica.epoch.clone(), replica.revision);
    let why = async |epoch: &str, after: i64| {
        let changes = feed.read(epoch, after).await.unwrap().into_changes("n", Api::ALL);
        assert!(changes.start_over.is_none() || changes.tokens.is_empty() && changes.deleted.is_empty());
        changes.start_over
    };
    assert_eq!((now, why(&epoch, now).await, why(&epoch, 4).await), (5, None, None));
    assert_eq!(why(&epoch, 3).await, Some(StartOver::Forgotten));
    assert_eq!(why(&epoch, -1).await, Some(StartOver::Forgotten));
    assert_eq!(why(&epoch, i64::MIN).await, Some(StartOver::Forgotten));
    assert_eq!(why(&epoch, now + 1).await, Some(StartOver::Ahead));
    assert_eq!(why(&epoch, i64::MAX).await, Some(StartOver::Ahead));
    assert_eq!(why("another", now).await, Some(StartOver::OtherEpoch));
    // All of them share one read, and each is told its own.
    let (a, b, c) = tokio::join!(why("another", 4), why(&epoch, 4), why(&epoch, 3));
    assert_eq!((a, b, c), (Some(StartOver::OtherEpoch), None, Some(StartOver::Forgotten)));
    place.execute("UPDATE head SET revision = revision + 99999").await;
    assert_eq!((why(&epoch, now + 1).await, why(&epoch, now - 1).await), (None, None));
    assert_eq!(why(&epoch, now - 1).await, None);
    place.execute("UPDATE head SET revision = revision + 1").await;
    assert_eq!((why(&epoch, now - 1).await, why(&epoch, now).await), (Some(StartOver::Behind), None));
    // The store goes on as another: as after a restore.
    place.execute("UPDATE head SET epoch = 'restored', revision = 5").await;
    assert_eq!(why(&epoch, now).await, Some(StartOver::OtherEpoch));
    assert_eq!(why("restored", 5).await, None);
}

/// A read that was asked for after a change was acknowledged knows of it, whoever made it and however many ask.
async fn no_read_is_older_than_its_question(place: Place) {
    let (gp, other) = (place.open().await, place.open().await);
    let feed = feed(&gp).await;
    let mut replica = Replica::default();
    let epoch = replica.load(feed.snapshot([]), async || ()).await.position.epoch;
    let stop = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..20)
        .map(|_| {
            let (feed, epoch, stop) = (feed.clone(), epoch.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut last = 0;
                while !stop.load(Ordering::SeqCst) {
                    let at = feed.read(&epoch, last).await.unwrap().position().revision;
                    assert!(at >= last);
                    last = at;
                }
            })
        })
        .collect();
    for number in 0..60 {
        let new = other.tokens().create(rest(format!("t{number}"))).await.unwrap();
        let read = feed.read(&epoch, new.revision - 1).await.unwrap();
        assert!(read.position().revision >= new.revision);
        let changes = read.into_changes("n", [Api::Rest]);
        let told = changes.tokens.into_iter().map(|packed| packed.unpack().unwrap());
        assert!(told.into_iter().any(|record| Some(record.id()) == new.token.id));
    }
    stop.store(true, Ordering::SeqCst);
    for asker in askers {
        asker.await.unwrap();
    }
}

async fn a_wait_ends_with_a_change(place: Place) {
    let (gp, other) = (place.open().await, place.open().await);
    let feed = feed(&gp).await;
    let mut replica = Replica::default();
    replica.load(feed.snapshot([]), async || ()).await;
    let wait = feed.changed(&replica.epoch, 0);
    let early = tokio::time::timeout(Duration::from_millis(300), wait).await;
    early.unwrap_err();
    let tokens = other.tokens();
    let (waited, _) = tokio::join!(feed.changed(&replica.epoch, 0), tokens.create(rest("a")));
    waited.unwrap();
    feed.changed("another", 99).await.unwrap();
}

async fn a_feed_needs_a_verifier_that_follows(place: Place) {
    let gp = place.open().await;
    let fixed =
        gatepass::Verifier::from_records([&gp_record(&gp).await], &gatepass::RoleBook::default(), gp.clock());
    assert_eq!(code(gp.feed(&fixed)), "verifier_without_store");
    let feed = feed(&gp).await;
    gp.close().await;
    assert_eq!(code(feed.read("e", 0).await), "closed");
}

async fn gp_record(gp: &Gatepass) -> TokenRecord {
    let feed = feed(gp).await;
    gp.tokens().create(rest("a")).await.map(drop).unwrap();
    let changes = async || feed.read(&epoch(gp).await, 0).await.unwrap().into_changes("n", Api::ALL);
    changes().await.tokens.pop().unwrap().unpack().unwrap()
}

async fn epoch(gp: &Gatepass) -> String {
    gp.summary().await.unwrap().epoch
}

fn poll(id: &str, epoch: &str, after: i64) -> ReplicaPoll {
    ReplicaPoll::new((id, "token:gateway"), (epoch, after), Duration::from_secs(10))
}

/// Two handles share nothing but the store: they are as two authorities.
async fn every_authority_knows_every_replica(place: Place) {
    let clock = clock();
    let (one, two) = (place.open_at(&clock).await, place.open_at(&clock).await);
    let (here, there) = (feed(&one).await, feed(&two).await);
    let epoch = epoch(&one).await;
    let peer = "192.0.2.7".parse().unwrap();
    here.seen(poll("r1", &epoch, 0).from_peer(Some(peer))).await.unwrap();
    there.seen(poll("r2", &epoch, 0)).await.unwrap();
    assert_eq!((here.replicas(), there.replicas()), (1, 1));
    // It is there as soon as it may be answered.
    for gp in [&one, &two] {
        let list = gp.replicas().list().await.unwrap();
        let ids: Vec<_> = list.replicas.iter().map(|replica| (&*replica.id, &*replica.actor)).collect();
        assert_eq!(ids, [("r1", "token:gateway"), ("r2", "token:gateway")]);
        assert_eq!(list.replicas[0].peer.as_deref(), Some("192.0.2.7"));
        assert_eq!(list.replicas[0].max_staleness_millis, 10_000);
        assert_eq!((list.now, list.replicas[0].confirmed_on), (gp.clock().now(), gp.clock().now()));
    }
    one.tokens().create(rest("a")).await.map(drop).unwrap();
    clock.advance(Duration::from_secs(1));
    // It waits by a clock that stands still, so it is this that ends it.
    let revoking = {
        let one = one.clone();
        tokio::spawn(async move { one.tokens().revoke_everywhere(["a"], HOUR).await.unwrap() })
    };
    until("the revocation", async || one.revision() == 2).await;
    there.seen(poll("r1", &epoch, 2)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!revoking.is_finished());
    let pending = two.replicas().confirmed(2, Duration::ZERO).await.unwrap();
    let states: Vec<_> = pending.iter().map(|receipt| (&*receipt.replica.id, receipt.is_pending())).collect();
    assert_eq!(states, [("r1", false), ("r2", true)]);
    here.seen(poll("r2", &epoch, 2)).await.unwrap();
    let revoked = revoking.await.unwrap();
    assert_eq!((revoked.revision, revoked.tokens.len(), revoked.is_everywhere()), (2, 1, true));
    let on = clock.now();
    for receipt in &revoked.receipts {
        assert_eq!(receipt.state, gatepass::ReceiptState::Confirmed { on });
    }
    // What it confirmed earlier it does not confirm again.
    clock.advance(Duration::from_secs(3));
    here.seen(poll("r2", &epoch, 2)).await.unwrap();
    until("that it was seen", async || {
        two.replicas().list().await.unwrap().replicas[1].seen_on == clock.now()
    })
    .await;
    assert_eq!(two.replicas().list().await.unwrap().replicas[1].confirmed_on, on);
}

/// One that denies everything need not confirm; until it surely does, it has to.
async fn whoever_is_gone_for_long_enough_is_not_waited_for(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let feed = feed(&gp).await;
    let epoch = epoch(&gp).await;
    feed.seen(poll("r1", &epoch, 0)).await.unwrap();
    gp.tokens().create(rest("a")).await.map(drop).unwrap();
    let revoked = async || gp.tokens().revoke_everywhere(["a"], Duration::ZERO).await.unwrap();
    clock.advance(Duration::from_secs(10));
    assert!(revoked().await.receipts[0].is_pending());
    clock.advance(Duration::from_secs(5));
    assert!(revoked().await.receipts[0].is_pending());
    clock.advance(Duration::from_millis(1));
    let gone = revoked().await;
    assert_eq!(gone.receipts[0].state, gatepass::ReceiptState::Stale);
    assert_eq!((gone.is_everywhere(), feed.replicas()), (true, 0));
    // It comes back, with what it had then.
    feed.seen(poll("r1", &epoch, 0)).await.unwrap();
    until("that it is there again", async || revoked().await.receipts[0].is_pending()).await;
    // What it has of another life of the store says nothing.
    feed.seen(poll("r1", "another", 99)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(revoked().await.receipts[0].is_pending());
    // After ten minutes it is forgotten.
    clock.advance(Duration::from_mins(11));
    feed.seen(poll("r2", &epoch, gp.revision())).await.unwrap();
    until("the end of it", async || revoked().await.receipts.len() == 1).await;
}

async fn replicas_are_written_down_without_a_change_that_anybody_follows(place: Place) {
    let gp = place.open().await;
    let feed = feed(&gp).await;
    let epoch = epoch(&gp).await;
    for after in 0..3 {
        feed.seen(poll("r1", &epoch, after)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let report = gp.inspect().await.unwrap();
    assert_eq!((report.revision, report.audit, report.faults.len()), (0, 0, 0));
    let another = place.another().await;
    let elsewhere = another.open().await;
    gp.copy_to(&elsewhere, |_| ()).await.unwrap();
    assert_eq!(elsewhere.replicas().list().await.unwrap().replicas.len(), 0);
}

async fn a_store_without_replicas_waits_for_none(place: Place) {
    let gp = place.open_with(OpenOptions::default()).await;
    gp.tokens().create(rest("a")).await.map(drop).unwrap();
    let revoked = gp.tokens().revoke_everywhere(["a"], HOUR).await.unwrap();
    assert_eq!((revoked.receipts.len(), revoked.is_everywhere()), (0, true));
    assert_eq!(code(gp.tokens().revoke_everywhere(["b"], HOUR).await), "token_not_found");
}

on_each_store!(
    a_snapshot_that_others_write_into_comes_true_with_the_changes_since,
    a_snapshot_has_all_that_there_is_and_nothing_else,
    changes_are_those_of_the_apis_that_are_asked_for,
    who_cannot_be_told_starts_over,
    no_read_is_older_than_its_question,
    a_wait_ends_with_a_change,
    a_feed_needs_a_verifier_that_follows,
    every_authority_knows_every_replica,
    whoever_is_gone_for_long_enough_is_not_waited_for,
    replicas_are_written_down_without_a_change_that_anybody_follows,
    a_store_without_replicas_waits_for_none,
);
