//! Authorities of two versions, while one takes the other's place: what the older one does not know of, nobody says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::{Ask, Replica, Step, Upstream};
use crate::source::{Follow, Source};
use crate::wire::{Changes, Position, SnapshotEnd, SnapshotHead, ValidatorsTold};
use crate::{Api, ExternalTokenValidator, Result, RoleBook, Timestamp, Verifier, VerifierOptions};

/// An authority that says of validators what it is told to.
#[derive(Debug, Default)]
struct Told {
    snapshot: Mutex<Option<ValidatorsTold>>,
    changes: Mutex<VecDeque<Option<ValidatorsTold>>>,
}

fn position() -> Position {
    Position { store_id: "s".to_owned(), epoch: "e".to_owned(), revision: 3 }
}

#[async_trait]
impl Upstream for Told {
    fn place(&self) -> String {
        String::new()
    }

    fn turn_from(&self, _: &str) {}

    async fn snapshot(&self) -> Result<BoxStream<'static, Result<Bytes>>> {
        let (roles, validators) = (RoleBook::default(), self.snapshot.lock().unwrap().clone());
        let head = SnapshotHead { position: position(), apis: vec![Api::Rest], roles, validators, about: 0 };
        let lines = [
            serde_json::to_string(&head).unwrap(),
            serde_json::to_string(&SnapshotEnd { tokens: 0 }).unwrap(),
        ];
        Ok(stream::iter(lines.map(|line| Ok(Bytes::from(line + "\n")))).boxed())
    }

    async fn changes(&self, ask: &Ask, _: Duration) -> Result<Changes> {
        Ok(Changes {
            nonce: ask.nonce.clone(),
            position: position(),
            now: Timestamp::MIN,
            apis: vec![Api::Rest],
            credential_expires_on: None,
            start_over: None,
            roles: None,
            validators: self.changes.lock().unwrap().pop_front().unwrap(),
            tokens: Vec::new(),
            deleted: Vec::new(),
        })
    }
}

fn told(revision: i64, names: Option<&[&str]>) -> ValidatorsTold {
    let validator = |name: &&str| ExternalTokenValidator::new(*name, Api::Rest).any_issuer();
    let list = names.map(|names| {
        names.iter().map(|name| validator(name).jwks_url("https://sso.acme.example/keys")).collect()
    });
    ValidatorsTold { revision, list }
}

#[tokio::test]
async fn no_validator_outlives_an_authority_that_would_not_say_that_it_is_gone() {
    let upstream = Arc::new(Told::default());
    let (verifier, writer) = Verifier::with_writer(VerifierOptions::default());
    let (_source, Follow { progress, .. }) = Source::new(String::new(), None);
    let mut replica = Replica {
        upstream: upstream.clone(),
        id: String::new(),
        max_staleness: Duration::from_secs(10),
        writer: Some(writer),
        known: None,
        progress,
        failures: 0,
        late: false,
    };
    let used = || verifier.validators().health().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let now = |validators| *upstream.snapshot.lock().unwrap() = validators;
    let next = |validators| upstream.changes.lock().unwrap().push_back(validators);

    now(Some(told(2, Some(&["a", "b"]))));
    replica.step().await.map(drop).unwrap();
    next(Some(told(2, None)));
    assert!(matches!(replica.step().await, Ok(Step::Quiet)));
    assert_eq!(used(), ["a", "b"]);
    next(Some(told(3, Some(&["b"]))));
    replica.step().await.map(drop).unwrap();
    assert_eq!(used(), ["b"]);
    // The older one says nothing, so it could not say that `b` is gone.
    next(None);
    replica.step().await.map(drop).unwrap();
    assert_eq!(used(), [""; 0]);
    next(None);
    replica.step().await.map(drop).unwrap();
    // The newer one has nothing new to say, and is asked for all.
    next(Some(told(3, None)));
    assert!(matches!(replica.step().await, Ok(Step::Again)));
    assert_eq!(used(), [""; 0]);
    now(Some(told(3, Some(&["b"]))));
    replica.step().await.map(drop).unwrap();
    assert_eq!(used(), ["b"]);
    // A snapshot of the older one has none either.
    replica.known = None;
    now(None);
    replica.step().await.map(drop).unwrap();
    assert_eq!(used(), [""; 0]);
}
