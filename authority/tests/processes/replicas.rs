//! Replicas as processes of their own: stopped, cut off, and with authorities that die. What they say is asked from
//! outside, all the time.

use std::time::Duration;

use gatepass::{Api, Clock as _, ConnectOptions, Gatepass, NewToken, Password, SystemClock, days};
use tokio::runtime::Runtime;

use crate::children::{Authority, PASSWORD, Replica, database};
use crate::eventually;
use crate::wire::Wire;

/// What the replicas promise.
const MAX_STALENESS: Duration = Duration::from_secs(2);
/// An answer that was right when it was given takes so long to be read, at the most.
const READING: Duration = Duration::from_millis(150);

/// Whoever looks after tokens, through one authority.
struct Admin {
    runtime: Runtime,
    gp: Gatepass,
}

impl Admin {
    fn at(authority: &Authority) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = ConnectOptions::login("admin", Password::new(PASSWORD));
        let gp = options.connect(format!("http://{}", authority.address())).unwrap();
        Self { runtime, gp }
    }

    /// A `rest` token's secret.
    fn token(&self, name: &str) -> String {
        let asked = NewToken::new(name, Api::Rest).target_dn("uid=a,o=b").expires(days(1));
        self.runtime.block_on(self.gp.tokens().create(asked)).unwrap().secret.reveal().to_owned()
    }

    /// The secret that a replica uses itself.
    fn verifier(&self) -> String {
        let asked = NewToken::new("replica", Api::Config).role("Directory Administrator").expires(days(1));
        self.runtime.block_on(self.gp.tokens().create(asked)).unwrap().secret.reveal().to_owned()
    }

    /// Gives the instant at which it was acknowledged.
    fn revoke(&self, name: &str) -> Duration {
        self.runtime.block_on(self.gp.tokens().revoke(name)).unwrap();
        now()
    }
}

fn now() -> Duration {
    SystemClock.boot_time()
}

fn store(folder: &tempfile::TempDir) -> String {
    folder.path().join("tokens.db").to_str().unwrap().to_owned()
}

/// Nothing is granted that was asked later than the promise permits, for as long as said.
fn never_granted(replica: &mut Replica, secret: &str, from: Duration, until: Duration) {
    while now() < until {
        let asked = now();
        let said = replica.check(secret);
        assert!(said != "granted" || asked <= from, "granted {:?} too late", asked.saturating_sub(from));
    }
}

pub(crate) fn an_authority_that_lies_still_makes_replicas_stale_until_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start(&store(&folder));
    let admin = Admin::at(&authority);
    let (secret, own) = (admin.token("a"), admin.verifier());
    let mut replica = Replica::start(&own, &[&format!("http://{}", authority.address())], MAX_STALENESS);
    assert_eq!(replica.check(&secret), "granted");
    authority.pause();
    let stopped = now();
    eventually(|| replica.check(&secret) == "stale");
    assert!(now().saturating_sub(stopped) < MAX_STALENESS + READING);
    never_granted(&mut replica, &secret, stopped, stopped + 2 * MAX_STALENESS);
    authority.go_on();
    eventually(|| replica.check(&secret) == "granted");
    admin.revoke("a");
    eventually(|| replica.check(&secret) == "revoked");
}

pub(crate) fn a_replica_that_was_stopped_wakes_up_stale() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start(&store(&folder));
    let admin = Admin::at(&authority);
    let (secret, own) = (admin.token("a"), admin.verifier());
    let mut replica = Replica::start(&own, &[&format!("http://{}", authority.address())], MAX_STALENESS);
    assert_eq!(replica.check(&secret), "granted");
    replica.pause();
    let revoked = admin.revoke("a");
    std::thread::sleep((revoked + MAX_STALENESS + READING).saturating_sub(now()));
    replica.ask(&secret); // the first thing that it finds when it wakes up
    replica.go_on();
    let said = replica.answer();
    assert!(said == "stale" || said == "revoked", "{said}");
    eventually(|| replica.check(&secret) == "revoked");
}

pub(crate) fn an_authority_that_is_killed_and_comes_back_is_hardly_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = Authority::start(&store(&folder));
    let admin = Admin::at(&authority);
    let (good, bad, own) = (admin.token("good"), admin.token("bad"), admin.verifier());
    let wire = Wire::to(authority.address());
    let mut replica = Replica::start(&own, &[&wire.url()], Duration::from_secs(10));
    assert_eq!((replica.check(&good), replica.check(&bad)), ("granted".to_owned(), "granted".to_owned()));
    admin.revoke("bad");
    authority.kill();
    let again = Authority::start(&store(&folder));
    wire.lead_to(again.address());
    eventually(|| {
        assert_eq!(replica.check(&good), "granted");
        replica.check(&bad) == "revoked"
    });
}

/// Two authorities on one database, of which the replica knows one, and that one falls silent.
pub(crate) fn a_replica_that_is_cut_off_accepts_nothing_for_longer_than_it_promised() {
    let store = database("replicas");
    let (one, other) = (Authority::start(&store), Authority::start(&store));
    let admin = Admin::at(&other);
    let (secret, own) = (admin.token("a"), admin.verifier());
    let wire = Wire::to(one.address());
    let mut replica = Replica::start(&own, &[&wire.url()], MAX_STALENESS);
    assert_eq!(replica.check(&secret), "granted");
    wire.hold();
    let revoked = admin.revoke("a");
    never_granted(&mut replica, &secret, revoked + MAX_STALENESS, revoked + 2 * MAX_STALENESS);
    assert_eq!(replica.check(&secret), "stale");
    wire.release();
    eventually(|| replica.check(&secret) == "revoked");

    // One that knows both turns to the other, in time.
    let good = admin.token("good");
    let urls = [wire.url(), format!("http://{}", other.address())];
    let mut replica = Replica::start(&own, &[&urls[0], &urls[1]], Duration::from_secs(6));
    wire.hold();
    let held = now();
    let bad = admin.token("bad");
    while now().saturating_sub(held) < Duration::from_secs(8) {
        assert_eq!(replica.check(&good), "granted");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(replica.check(&bad), "granted");
    admin.revoke("bad");
    eventually(|| replica.check(&bad) == "revoked");
}

pub(crate) fn a_store_that_was_restored_is_loaded_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = Authority::start(&store(&folder));
    let admin = Admin::at(&authority);
    let (before, own) = (admin.token("before"), admin.verifier());
    let wire = Wire::to(authority.address());
    let backup = folder.path().join("backup.db");
    let restored = folder.path().join("restored.db");
    admin.runtime.block_on(async {
        let (live, copy) =
            (gatepass::open(store(&folder)).await.unwrap(), gatepass::open(&*backup).await.unwrap());
        live.copy_to(&copy, |_| {}).await.unwrap();
        let new = gatepass::open(&*restored).await.unwrap();
        copy.restore_to(&new, |_| {}).await.unwrap();
        for gp in [live, copy, new] {
            gp.close().await;
        }
    });
    let mut replica = Replica::start(&own, &[&wire.url()], MAX_STALENESS);
    let after = admin.token("after");
    admin.revoke("before");
    eventually(|| replica.check(&after) == "granted" && replica.check(&before) == "revoked");
    authority.kill();
    let again = Authority::start(restored.to_str().unwrap());
    wire.lead_to(again.address());
    // As the store has it, in which neither happened.
    eventually(|| replica.check(&after) == "unknown");
    assert_eq!(replica.check(&before), "granted");
}

pub(crate) fn fifty_replicas_hear_of_a_revocation() {
    const REPLICAS: usize = 50;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start(&store(&folder));
    let admin = Admin::at(&authority);
    let (secret, own) = (admin.token("a"), admin.verifier());
    let url = format!("http://{}", authority.address());
    let begin = |_| Replica::begin(&own, &[&url], Duration::from_secs(10));
    let mut replicas: Vec<_> = (0..REPLICAS).map(begin).collect();
    replicas.iter_mut().for_each(Replica::ready);
    for replica in &mut replicas {
        assert_eq!(replica.check(&secret), "granted");
    }
    let revoked = admin.revoke("a");
    for replica in &mut replicas {
        eventually(|| replica.check(&secret) == "revoked");
    }
    // Each was asked in turn, so this is no measure of how fast it is; the benchmark is.
    assert!(now().saturating_sub(revoked) < Duration::from_secs(5), "{:?}", now().saturating_sub(revoked));
    // All at once they lose it, and find it again.
    authority.pause();
    std::thread::sleep(Duration::from_secs(3));
    authority.go_on();
    let again = admin.token("b");
    for replica in &mut replicas {
        eventually(|| replica.check(&again) == "granted");
    }
}
