//! Reading half a million entries through REST (ADAP), a page of a thousand at a time: against the loop that one would write with
//! `reqwest`, which reads each page and then asks for the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use futures_util::TryStreamExt as _;
use gatepass::{Api, Entry, RestClient, Secret};
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::harness::{Bar, Row, in_turn, resident};

/// Entries of a page.
const SIZE: usize = 1_000;
/// Pages of a search.
const PAGES: usize = 500;
const ROUNDS: usize = 10;

/// As its users read it elsewhere.
#[derive(Deserialize)]
struct Page {
    resources: Vec<Entry>,
    cookie: String,
}

pub(crate) fn run() -> Vec<Row> {
    let server = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let url = serve(&server);
    let here = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let secret = Secret::generate(Api::Rest).unwrap();
    let header = format!("Bearer {}", secret.reveal());
    let rest = RestClient::new(&url, secret).unwrap();
    let bare = reqwest::Client::builder().no_proxy().build().unwrap();
    let first = format!("{url}/o%3Dx?pageSize=1000&returnMode=array");
    let peer = |read: fn(&[u8]) -> (usize, String)| {
        here.block_on(async {
            let (mut target, mut entries) = (first.clone(), 0);
            loop {
                let answer = bare.get(&target).header(AUTHORIZATION, &header).send().await.unwrap();
                let (count, cookie) = read(&answer.bytes().await.unwrap());
                entries += count;
                if cookie == "null" {
                    break;
                }
                target = format!("{first}&cookie={cookie}");
            }
            assert_eq!(entries, SIZE * PAGES);
        });
    };
    let as_entries = in_turn(
        ROUNDS,
        SIZE * PAGES,
        |_, entries| {
            here.block_on(async {
                let found = rest.search("o=x").entries();
                assert_eq!(found.try_fold(0, async |count, _| Ok(count + 1)).await.unwrap(), entries);
            });
        },
        |_, _| {
            peer(|body| {
                let page: Page = serde_json::from_slice(body).unwrap();
                (page.resources.len(), page.cookie)
            });
        },
    );
    let mut grown = 0_f64;
    let as_json = in_turn(
        ROUNDS,
        SIZE * PAGES,
        |_, entries| {
            here.block_on(async {
                let before = resident();
                let (mut pages, mut count) = (rest.search("o=x").pages(), 0);
                while let Some(page) = pages.next().await {
                    let page = page.unwrap();
                    assert!(page.to_json().len() > SIZE);
                    count += page.len();
                    if count % (50 * SIZE) == 0 {
                        grown = grown.max(resident() - before);
                    }
                }
                assert_eq!(count, entries);
            });
        },
        |_, _| {
            peer(|body| {
                let page: serde_json::Value = serde_json::from_slice(body).unwrap();
                (page["resources"].as_array().unwrap().len(), page["cookie"].as_str().unwrap().to_owned())
            });
        },
    );
    vec![
        Row::compared("paging: an entry, read", "ns", "reqwest, to the same type", &as_entries, Bar::None),
        Row::compared("paging: an entry, as JSON", "ns", "reqwest, to a Value", &as_json, Bar::AtMost(1.0)),
        Row::absolute(
            "memory that paging 500 k entries takes",
            "MiB",
            grown / 1024.0 / 1024.0,
            Bar::AtMost(32.0),
        ),
    ]
}

/// A directory of entries that differ from page to page in the first one's name alone.
fn serve(runtime: &Runtime) -> String {
    let entry = |n: usize| {
        format!(
            r#"{{"dn":"uid=user{n:06},ou=people,o=x","attributes":{{"objectClass":["top","person","organizationalPerson","inetOrgPerson"],"uid":["user{n:06}"],"cn":["User Number {n:06}"],"sn":["Number"],"givenName":["User"],"mail":["user{n:06}@example.com"],"telephoneNumber":["+1 555 {n:07}"],"departmentNumber":["{n:04}"]}}}}"#
        )
    };
    let rest = (1..SIZE).map(entry).collect::<Vec<_>>().join(",");
    let (rest, asked) = (Arc::new(rest), Arc::new(AtomicUsize::new(0)));
    let answer = move || {
        let n = asked.fetch_add(1, Ordering::Relaxed) % PAGES + 1;
        let cookie = if n == PAGES { "null" } else { "c" };
        let body = format!(
            r#"{{"resources":[{},{rest}],"totalResults":-2,"count":{SIZE},"cookie":"{cookie}"}}"#,
            entry(n * SIZE)
        );
        std::future::ready(([("content-type", "application/json")], Bytes::from(body)))
    };
    let router = axum::Router::new().fallback(axum::routing::get(answer));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/adap", listener.local_addr().unwrap());
    runtime.spawn(async { axum::serve(listener, router).await.unwrap() });
    url
}
