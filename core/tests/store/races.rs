//! Many at once, on one token: what can happen once happens once.

use futures_util::future::join_all;
use gatepass::{ErrorKind, Gatepass, Reason, Result, Rotation};

use crate::support::{HOUR, Place, actions, refusal, rest};

const TASKS: usize = 32;

/// What so many tasks on two handles were given, and the codes of what they were told instead.
async fn race<T, F>(place: &Place, work: impl Fn(Gatepass, usize) -> F) -> (Vec<T>, Vec<String>)
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let handles = [place.open().await, place.open().await];
    let tasks = (0..TASKS).map(|number| tokio::spawn(work(handles[number % 2].clone(), number)));
    let (mut won, mut codes) = (Vec::new(), Vec::new());
    for result in join_all(tasks).await {
        match result.unwrap() {
            Ok(value) => won.push(value),
            Err(error) => codes.push(error.code().to_owned()),
        }
    }
    codes.sort();
    codes.dedup();
    (won, codes)
}

async fn one_name_is_given_to_one_of_many(place: Place) {
    let (won, codes) = race(&place, |gp, number| async move {
        gp.tokens().create(rest("a").description(format!("by {number}"))).await
    })
    .await;
    assert_eq!((won.len(), codes), (1, vec!["name_taken".to_owned()]));
    let gp = place.open().await;
    assert_eq!(gp.tokens().get("a").await.unwrap(), won[0].token);
    assert_eq!(actions(&gp).await, ["token.create"]);
}

async fn one_of_many_rotations_with_grace_wins(place: Place) {
    let gp = place.open().await;
    let first = gp.tokens().create(rest("a")).await.unwrap();
    let (won, codes) =
        race(&place, |gp, _number| async move { gp.tokens().rotate("a", Rotation::with_grace(HOUR)).await })
            .await;
    assert_eq!((won.len(), codes), (1, vec!["rotation_in_grace".to_owned()]));
    assert_eq!(refusal(&gp, &first.secret).await, None);
    assert_eq!(refusal(&gp, &won[0].secret).await, None);
    assert_eq!(actions(&gp).await, ["token.create", "token.rotate"]);
}

async fn of_many_forced_rotations_the_last_two_secrets_remain(place: Place) {
    let gp = place.open().await;
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    let (mut won, _) = race(&place, |gp, _number| async move {
        gp.tokens().rotate("a", Rotation::with_grace(HOUR).force()).await
    })
    .await;
    assert_eq!(won.len(), TASKS);
    won.sort_by_key(|issued| issued.revision);
    for (at, issued) in won.iter().enumerate() {
        let expected = (at + 2 < TASKS).then_some(Reason::WrongSecret);
        assert_eq!(refusal(&gp, &issued.secret).await, expected);
    }
    assert_eq!(gp.tokens().get("a").await.unwrap(), won[TASKS - 1].token);
}

async fn one_of_many_deletions_wins(place: Place) {
    let gp = place.open().await;
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    let (won, codes) = race(&place, |gp, _number| async move { gp.tokens().delete("a").await }).await;
    assert_eq!((won, codes), (vec![2], vec!["token_not_found".to_owned()]));
    assert_eq!(actions(&gp).await, ["token.create", "token.delete"]);
}

async fn many_revocations_are_one(place: Place) {
    let gp = place.open().await;
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    let (won, codes) = race(&place, |gp, _number| async move { gp.tokens().revoke("a").await }).await;
    assert_eq!((won.len(), codes.len()), (TASKS, 0));
    assert!(won.iter().all(|revoked| revoked.revision == 2));
    assert_eq!(actions(&gp).await, ["token.create", "token.revoke"]);
}

/// Whatever the order: once it is revoked no secret is good any more, and no rotation makes one.
async fn a_revocation_is_never_undone_by_what_runs_beside_it(place: Place) {
    let gp = place.open().await;
    for round in 0..6 {
        let name = format!("token {round}");
        let mut secrets = vec![gp.tokens().create(rest(&name)).await.unwrap().secret];
        let (won, codes) = race(&place, |gp, number| {
            let name = name.clone();
            async move {
                match number % 4 {
                    0 => gp.tokens().revoke(&name).await.map(|_| None),
                    1 => {
                        let fails = async |_: &_| Err(std::io::Error::other("no"));
                        gp.tokens().rotate_and_deliver(&name, Rotation::default(), fails).await.map(Some)
                    }
                    _ => gp.tokens().rotate(&name, Rotation::default().force()).await.map(Some),
                }
            }
        })
        .await;
        let expected = ["changed_meanwhile", "delivery_failed", "token_revoked"];
        assert!(codes.iter().all(|code| expected.contains(&code.as_str())), "{codes:?}");
        secrets.extend(won.into_iter().flatten().map(|issued| issued.secret));
        assert!(gp.tokens().get(&name).await.unwrap().revoked_on.is_some());
        for secret in &secrets {
            assert!(refusal(&gp, secret).await.is_some());
        }
    }
}

async fn whoever_comes_between_finds_all_or_nothing(place: Place) {
    let gp = place.open().await;
    for round in 0..6 {
        let name = format!("token {round}");
        let _ = gp.tokens().create(rest(&name)).await.unwrap();
        let (won, codes) = race(&place, |gp, number| {
            let name = name.clone();
            async move {
                match number % 3 {
                    0 => gp.tokens().delete(&name).await.map(drop),
                    1 => gp.tokens().create(rest(&name)).await.map(drop),
                    _ => gp.tokens().revoke_all([name.as_str(), "nobody"]).await.map(drop),
                }
            }
        })
        .await;
        let expected = ["name_taken", "token_not_found"];
        assert!(codes.iter().all(|code| expected.contains(&code.as_str())), "{codes:?}");
        assert!(!won.is_empty());
    }
    let told = actions(&gp).await;
    let count = |wanted: &str| told.iter().filter(|action| *action == wanted).count() as u64;
    assert_eq!(count("token.revoke"), 0);
    let report = gp.inspect().await.unwrap();
    assert_eq!(report.tokens, count("token.create") - count("token.delete"));
    assert_eq!(report.faults, [""; 0]);
}

/// On the database itself, behind the back of the one who writes: what it had read is no longer so.
async fn what_changed_since_it_was_read_is_a_conflict_and_no_loss(place: Place) {
    let gp = place.open().await;
    let _ = gp.tokens().create(rest("a")).await.unwrap();
    let deliver = async |_: &_| {
        place.execute("UPDATE tokens SET digest = previous_digest").await;
        Ok::<_, std::io::Error>(())
    };
    let error = gp.tokens().rotate_and_deliver("a", Rotation::default(), deliver).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "changed_meanwhile"));
}

on_each_store!(
    one_name_is_given_to_one_of_many,
    one_of_many_rotations_with_grace_wins,
    of_many_forced_rotations_the_last_two_secrets_remain,
    one_of_many_deletions_wins,
    many_revocations_are_one,
    a_revocation_is_never_undone_by_what_runs_beside_it,
    whoever_comes_between_finds_all_or_nothing,
    what_changed_since_it_was_read_is_a_conflict_and_no_loss,
);
