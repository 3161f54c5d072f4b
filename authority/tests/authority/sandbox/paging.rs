//! Searches that are cut, counted and paged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gatepass::testing::ManualClock;
use hyper::Method;
use serde_json::Value;

use super::{PEOPLE, Sandbox, names, refused, under};

async fn pages(sandbox: &Sandbox, parameters: &[(&str, &str)]) -> Vec<Vec<String>> {
    let (mut pages, mut cookie) = (Vec::new(), String::new());
    loop {
        let mut parameters = parameters.to_vec();
        if !cookie.is_empty() {
            parameters.push(("cookie", &cookie));
        }
        let page = sandbox.search("o=acme", &parameters).await;
        assert_eq!(page["totalResults"], -2);
        assert_eq!(page["count"].as_u64().unwrap(), page["resources"].as_array().unwrap().len() as u64);
        pages.push(names(&page));
        page["cookie"].as_str().unwrap().clone_into(&mut cookie);
        if cookie == "null" {
            return pages;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_everything_once_and_the_last_one_says_so() {
    let sandbox = Sandbox::new(60).await;
    let all = names(&sandbox.search("o=acme", &[("sizeLimit", "0")]).await);
    assert_eq!(all.len(), 67);
    for size in ["1", "7", "66", "67", "68", "100000"] {
        let pages = pages(&sandbox, &[("pageSize", size)]).await;
        assert_eq!(pages.concat(), all, "{size}");
        assert_eq!(pages.len(), 67_usize.div_ceil(size.parse().unwrap()), "{size}: no empty page comes last");
    }
    let some = pages(&sandbox, &[("pageSize", "2"), ("filter", "(employeeType=contractor)")]).await;
    assert_eq!(some.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
    // Looked up by the index, and in order all the same.
    let indexed = pages(&sandbox, &[("pageSize", "3"), ("filter", "(uid=p000001*)")]).await;
    assert_eq!(indexed.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 1]);
    let one = pages(&sandbox, &[("pageSize", "50"), ("scope", "one")]).await;
    assert_eq!(one.concat(), ["ou=Groups,o=acme", PEOPLE]);
    let nothing = pages(&sandbox, &[("pageSize", "5"), ("filter", "(cn=nobody)")]).await;
    assert_eq!(nothing, [[""; 0]]);
    // Sizes and numbers that go with no paging are passed over.
    let ignored = [("pageSize", "100"), ("sizeLimit", "1"), ("startIndex", "5"), ("count", "1")];
    assert_eq!(pages(&sandbox, &ignored).await.concat(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_says_so() {
    let sandbox = Sandbox::new(1100).await;
    let told = async |parameters: &[(&str, &str)]| {
        let found = sandbox.search(PEOPLE, parameters).await;
        (found["totalResults"].as_i64().unwrap(), found["count"].as_u64().unwrap())
    };
    assert_eq!(told(&[]).await, (-1, 1000));
    assert_eq!(told(&[("sizeLimit", "0")]).await, (1101, 1101));
    assert_eq!(told(&[("sizeLimit", "1101")]).await, (1101, 1101));
    assert_eq!(told(&[("sizeLimit", "1100")]).await, (-1, 1100));
    assert_eq!(told(&[("filter", "(uid=p0000007)")]).await, (1, 1));
    assert_eq!(told(&[("sizeLimit", "0"), ("startIndex", "1100"), ("count", "5")]).await, (1101, 2));
    // The vendor's own example.
    assert_eq!(told(&[("sizeLimit", "102"), ("startIndex", "101"), ("count", "2")]).await, (-1, 2));
    assert_eq!(told(&[("count", "0")]).await, (-1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_when_it_is_stopped_or_forgotten() {
    let clock = Arc::new(ManualClock::new("2026-03-01T09:00:00Z".parse().unwrap()));
    let sandbox = Sandbox::at(&clock, 30).await;
    let begin = async || {
        let page = sandbox.search("o=acme", &[("pageSize", "5")]).await;
        page["cookie"].as_str().unwrap().to_owned()
    };
    let next = async |token: &str, cookie: &str| {
        let path = format!("/adap{}", under("o=acme", &[("pageSize", "5"), ("cookie", cookie)]));
        // A clock that was set forward makes the index old, until it has been looked at again.
        for _ in 0..100 {
            let reply = sandbox.house.get(&path).bearer(token).send().await;
            if reply.status != 503 {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the index stays old");
    };
    let cookie = begin().await;
    let page = next(&sandbox.rest, &cookie).await.json();
    // An answer that was lost can be asked for again.
    assert_eq!(next(&sandbox.rest, &cookie).await.json(), page);
    let end =
        sandbox.search("o=acme", &[("pageSize", "0"), ("cookie", page["cookie"].as_str().unwrap())]).await;
    assert_eq!((end["totalResults"].as_i64(), &end["resources"]), (Some(-3), &Value::Array(Vec::new())));
    assert_eq!(end["cookie"], "null");
    assert_eq!(refused(&next(&sandbox.rest, &cookie).await), (400, 53));

    let cookie = begin().await;
    let other = sandbox.acting_as("other", "uid=p0000001,ou=People,o=acme").await;
    assert_eq!(refused(&next(&other, &cookie).await), (400, 53), "it is somebody else's");
    clock.advance_boot_time(Duration::from_secs(59));
    assert_eq!(next(&sandbox.rest, &cookie).await.status, 200);
    clock.advance_boot_time(Duration::from_mins(1));
    assert_eq!(refused(&next(&sandbox.rest, &cookie).await), (400, 53));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_meanwhile_neither_repeats_nor_hides_the_rest() {
    let sandbox = Sandbox::new(30).await;
    let before: BTreeSet<_> =
        names(&sandbox.search(PEOPLE, &[("sizeLimit", "0")]).await).into_iter().collect();
    let mut seen = Vec::new();
    let mut page = sandbox.search(PEOPLE, &[("pageSize", "4")]).await;
    for number in 0.. {
        seen.extend(names(&page));
        // What was seen goes, and something comes in before it.
        let gone = seen.last().unwrap().clone();
        assert_eq!(sandbox.adap(Method::DELETE, &under(&gone, &[])).send().await.status, 200);
        sandbox
            .add(&format!("cn=a{number},ou=People,o=acme"), serde_json::json!({"objectClass": "person"}))
            .await;
        let cookie = page["cookie"].as_str().unwrap().to_owned();
        if cookie == "null" {
            break;
        }
        page = sandbox.search(PEOPLE, &[("pageSize", "4"), ("cookie", &cookie)]).await;
    }
    assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), before);
    assert_eq!(seen.len(), before.len());
}
