//! The client's own part of a call: against `reqwest` alone, which does the same GET of the same server, on connections
//! that stay open.

use gatepass::{Api, Secret, SystemClock, Timestamp};
use reqwest::header::AUTHORIZATION;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::harness::{Bar, Row, in_turn};

const CALLS: usize = 1_000;

pub(crate) fn run() -> Vec<Row> {
    let server = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let url = serve(&server);
    let here = Builder::new_current_thread().enable_all().build().unwrap();
    let secret = Secret::generate(Api::Config).unwrap();
    let header = format!("Bearer {}", secret.reveal());
    let gp = here.block_on(gatepass::connect(&url, secret)).unwrap();
    let bare = reqwest::Client::builder().no_proxy().build().unwrap();
    let target = format!("{url}/authentication-service/access_tokens/nightly-sync");
    let pair = in_turn(
        20,
        CALLS,
        |_, calls| {
            here.block_on(async {
                for _ in 0..calls {
                    assert_eq!(gp.tokens().get("nightly-sync").await.unwrap().name, "nightly-sync");
                }
            });
        },
        |_, calls| {
            here.block_on(async {
                for _ in 0..calls {
                    let answer = bare.get(&target).header(AUTHORIZATION, &header).send().await.unwrap();
                    assert!(answer.status().is_success() && !answer.bytes().await.unwrap().is_empty());
                }
            });
        },
    );
    vec![Row::compared("client: get a token", "ns", "bare reqwest", &pair, Bar::AtMost(1.1))]
}

/// A server that answers with one token.
fn serve(runtime: &Runtime) -> String {
    let mut token = gatepass::AccessToken::new("nightly-sync", Api::Rest, gatepass::Clock::now(&SystemClock));
    token.target_dn = Some("uid=sync,ou=svc,o=acme".to_owned());
    token.expires_on = Some(Timestamp::MAX);
    let body = serde_json::to_string(&token).unwrap();
    let answer = move || std::future::ready(([("content-type", "application/json")], body.clone()));
    let router = axum::Router::new().fallback(axum::routing::get(answer));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    runtime.spawn(async { axum::serve(listener, router).await.unwrap() });
    url
}
