//! `kill -9` in a storm: what was acknowledged is there, all of it and as it was said.
//!
//! `STORE_STORM_ROUNDS` says how often; 20 times when it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::{AccessToken, Api, AuditFilter, Gatepass, Guard, Reason, TokenFilter};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;

use crate::support::{STORM, database};

/// A line of the helper.
#[derive(Debug, Clone, Deserialize)]
struct Line {
    r#try: Option<String>,
    ack: Option<String>,
    name: String,
    id: String,
    token: Option<AccessToken>,
    secret: Option<String>,
}

/// What is known of a token by its lines, in the order of the store's own trail.
#[derive(Debug, Default)]
struct Known {
    /// Acknowledged operations, and those that may have been made.
    lines: BTreeMap<String, Line>,
    pending: BTreeMap<String, Line>,
}

fn rounds(few: u64) -> u64 {
    let said = std::env::var("STORE_STORM_ROUNDS").ok().map(|text| text.parse().unwrap());
    said.map_or(few, |rounds: u64| rounds.div_ceil(20 / few))
}

/// Runs the helper, and kills it after a while. All that it said until then.
fn storm(location: &str, round: u64, random: &mut ChaCha12Rng) -> Vec<Line> {
    let mut child = Command::new(STORM)
        .args([location, &round.to_string(), "1000000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    let killer = {
        let after = Duration::from_micros(random.random_range(0..250_000));
        std::thread::spawn(move || {
            std::thread::sleep(after);
            child.kill().unwrap();
            child.wait().unwrap()
        })
    };
    let mut lines = vec![serde_json::from_str(&first).unwrap()];
    for line in out.lines() {
        lines.push(serde_json::from_str(&line.unwrap()).unwrap());
    }
    let status = killer.join().unwrap();
    assert!(!status.success() && status.code().is_none(), "it ended by itself: {status}");
    lines
}

fn by_name(lines: Vec<Line>) -> BTreeMap<String, Known> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for line in lines {
        let token = known.entry(line.name.clone()).or_default();
        if line.r#try.is_some() {
            token.pending.insert(line.id.clone(), line);
        } else {
            token.pending.remove(&line.id);
            token.lines.insert(line.id.clone(), line);
        }
    }
    known
}

/// The store has what was acknowledged, and beyond that at most what was asked for.
async fn check(gp: &Gatepass, after: i64, known: &BTreeMap<String, Known>) -> (usize, i64) {
    let mut filter = AuditFilter::default();
    (filter.after, filter.limit) = (after, Some(u32::MAX));
    let trail = gp.audit().list(&filter).await.unwrap();
    for (entry, number) in trail.iter().zip(after + 1..) {
        assert_eq!(entry.number, number);
    }
    let tokens: BTreeMap<String, AccessToken> = gp
        .tokens()
        .list(TokenFilter::default())
        .map_ok(|token| (token.name.clone(), token))
        .try_collect()
        .await
        .unwrap();
    let guard = gp.verifier().await.unwrap().guard(Api::Rest, [""; 0]).unwrap();
    let mut acknowledged = 0;
    for (name, known) in known {
        let done: Vec<&str> = trail
            .iter()
            .filter(|entry| entry.subject.as_ref() == Some(name))
            .map(|entry| entry.request_id.as_deref().unwrap())
            .collect();
        let told: BTreeSet<&str> = done.iter().copied().collect();
        assert_eq!(told.len(), done.len(), "{name}: one operation was made twice");
        for id in &told {
            assert!(known.lines.contains_key(*id) || known.pending.contains_key(*id), "{name}: {id}");
        }
        for line in known.lines.values() {
            let again = line.ack.as_deref() == Some("refused")
                || line.ack.as_deref() == Some("token.revoke") && !told.contains(line.id.as_str());
            // A refusal, and revoking what was revoked before, leave no entry.
            assert!(again || told.contains(line.id.as_str()), "{name}: lost {line:?}");
            acknowledged += 1;
        }
        check_token(name, known, &done, tokens.get(name), &guard);
    }
    let last = gp.audit().last().await.unwrap();
    assert_eq!(last, after + i64::try_from(trail.len()).unwrap());
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
    (acknowledged, last)
}

fn check_token(name: &str, known: &Known, done: &[&str], token: Option<&AccessToken>, guard: &Guard) {
    let ack = |line: &Line| line.ack.clone().unwrap_or_default();
    if done.is_empty() {
        assert!(token.is_none(), "{name} is there, and nobody made it");
        return;
    }
    if known.lines.values().any(|line| ack(line) == "token.delete") {
        assert!(token.is_none(), "{name} is back");
    }
    let may_be_deleted = known.pending.values().any(|line| line.r#try.as_deref() == Some("token.delete"));
    let Some(token) = token else {
        let deleted = known.lines.values().any(|line| ack(line) == "token.delete");
        assert!(deleted || may_be_deleted, "{name} is lost");
        return;
    };
    let revoked = known.lines.values().any(|line| ack(line) == "token.revoke");
    assert!(!revoked || token.revoked_on.is_some(), "the revocation of {name} was undone");
    if revoked {
        let revoking = known.lines.values().find(|line| ack(line) == "token.revoke").unwrap();
        assert_eq!(revoking.token.as_ref().unwrap().revoked_on, token.revoked_on);
    }
    // The last operation of the trail is what the token is now, exactly, where it was acknowledged.
    let last = known.lines.get(done[done.len() - 1]);
    if let Some(line) = last {
        // When it was last used is told late, and no operation.
        let mut token = token.clone();
        (token.last_used_on, token.last_used_from, token.last_used_via) = (None, None, None);
        assert_eq!(line.token.as_ref(), Some(&token), "{name}");
    }
    // Secrets in the order in which they were made: the last two open it, unless it was revoked.
    let made: Vec<Option<&str>> = done
        .iter()
        .filter_map(|id| match known.lines.get(*id) {
            Some(line) => line.secret.as_deref().map(Some),
            None => (known.pending[*id].r#try.as_deref() != Some("token.revoke")).then_some(None),
        })
        .collect();
    for (place, secret) in made.iter().rev().enumerate() {
        let Some(secret) = secret else { continue };
        let expected = match (place, token.revoked_on) {
            (0 | 1, None) => None,
            (0 | 1, Some(_)) => Some(Reason::Revoked),
            _ => Some(Reason::WrongSecret),
        };
        let got = guard.check_secret(secret, None).err().map(|denied| denied.reason);
        assert_eq!(got, expected, "{name}: secret {place} from the last");
    }
}

async fn rounds_of(location: &str, rounds: u64) {
    let mut random = ChaCha12Rng::seed_from_u64(rounds);
    let (mut last, mut acknowledged, mut all) = (0, 0, BTreeMap::new());
    for round in 0..rounds {
        // Every other time two processes are at it, and killed each at its own moment.
        let mut storms = vec![(round * 2, ChaCha12Rng::from_rng(&mut random))];
        if round % 2 == 1 {
            storms.push((round * 2 + 1, ChaCha12Rng::from_rng(&mut random)));
        }
        let lines = std::thread::scope(|scope| {
            let run = |(round, mut random)| scope.spawn(move || storm(location, round, &mut random));
            let running: Vec<_> = storms.into_iter().map(run).collect();
            running.into_iter().flat_map(|storm| storm.join().unwrap()).collect()
        });
        let known = by_name(lines);
        let gp = gatepass::open(location).await.unwrap();
        if location.contains("://") {
            // The server may still be at what the one who was killed had asked for.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let (some, end) = check(&gp, last, &known).await;
        acknowledged += some;
        last = end;
        all.extend(known);
        gp.close().await;
    }
    // No round has undone what an earlier one had.
    let gp = gatepass::open(location).await.unwrap();
    check(&gp, 0, &all).await;
    assert!(acknowledged as u64 > rounds * 10, "{acknowledged} in {rounds} rounds");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_had_acknowledged_is_there_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    rounds_of(folder.path().join("tokens.db").to_str().unwrap(), rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_client_had_acknowledged_is_there_on_postgres() {
    rounds_of(&database("storm").await, rounds(4)).await;
}
