//! Introspection over HTTP against the least that a server of this kind can do: an axum handler that reads the body
//! and answers with as many bytes; and what a token costs that is made over HTTP and on disk when it is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderName, header};
use axum::routing::post;
use gatepass::{
    Api, Caller, Issuer, NewToken, Permissions, Role, RoleBook, SystemClock, TokenRights, Verifier, days,
};
use gatepass_authority::{AdminPassword, Options, Server, serve};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::corpus::{NOW, samples};
use crate::harness::{Bar, Pair, Row, folder, timed};

/// Connections that ask at once, each for its next answer as soon as it has one.
const CONNECTIONS: usize = 16;
/// Requests of one connection in one round.
const REQUESTS: usize = 500;
const ROUNDS: usize = 15;

pub(crate) fn run() -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let peer = "a bare axum handler";
    let mut rows: Vec<_> = [
        (1_000, "introspection, 1 k tokens", Bar::None),
        (1_000_000, "introspection, 1 M tokens", Bar::AtLeast(0.7)),
    ]
    .into_iter()
    .map(|(count, name, bar)| Row::compared(name, "requests/s", peer, &introspection(&runtime, count), bar))
    .collect();
    for (connections, name) in
        [(1, "creates over HTTP, one at a time"), (64, "creates over HTTP, 64 at a time")]
    {
        rows.push(Row::absolute(name, "tokens/s", runtime.block_on(creates(connections)), Bar::None));
    }
    rows
}

/// What asks, as it goes over the wire, for each token.
fn introspection(runtime: &Runtime, count: usize) -> Pair {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let mut rights = TokenRights::default();
    rights.verify = Api::ALL.into();
    let checker = Role::new("checker", Permissions::none().with_token_rights(rights));
    let book = RoleBook::with([checker]).unwrap();
    let asked = NewToken::new("checker", Api::Config).role("checker").expires(days(300));
    let caller = Caller::owner("bench");
    let new = Issuer::default().issue(&asked, &caller, &book, NOW, &mut rng).unwrap();
    let mut secrets: Vec<Box<str>> = Vec::with_capacity(count);
    let records = samples(count).map(|sample| {
        secrets.push(sample.header.strip_prefix("Bearer ").unwrap().into());
        sample.record
    });
    let records: Vec<_> = records.chain([new.record]).collect();
    let verifier = Verifier::from_records(&records, &book, Arc::new(SystemClock));
    drop(records);
    secrets.shuffle(&mut rng);
    let requests: Vec<Bytes> = secrets
        .iter()
        .cycle()
        .take(200_000.min(count * 20))
        .map(|secret| request(new.secret.reveal(), secret))
        .collect();
    let requests: Arc<[Bytes]> = requests.into();

    let folder = folder("authority");
    let (server, bare) = runtime.block_on(async {
        let gp = gatepass::open(folder.join("tokens.db")).await.unwrap();
        let server = authority(gp, Some(verifier)).await;
        let sample = ask(server.addresses()[0], &requests, 0, 1).await;
        assert!(sample.starts_with(b"HTTP/1.1 200") && memmem(&sample, b"\"active\":true"), "{sample:?}");
        (server, bare(body_of(&sample)).await)
    });
    let ours = server.addresses()[0];
    let rate = |address: SocketAddr, round: usize| {
        let time = timed(|| {
            runtime.block_on(async {
                let all = (0..CONNECTIONS).map(|connection| {
                    let requests = Arc::clone(&requests);
                    let start = (round * CONNECTIONS + connection) * REQUESTS;
                    tokio::spawn(async move { ask(address, &requests, start, REQUESTS).await })
                });
                for done in all.collect::<Vec<_>>() {
                    done.await.unwrap();
                }
            });
        });
        (CONNECTIONS * REQUESTS) as f64 / time.as_secs_f64()
    };
    let pairs: Vec<_> = (0..=ROUNDS)
        .map(|round| {
            if round % 2 == 0 {
                let own = rate(ours, 2 * round);
                (own, rate(bare, 2 * round + 1))
            } else {
                let other = rate(bare, 2 * round);
                (rate(ours, 2 * round + 1), other)
            }
        })
        .skip(1) // the first round warms up
        .collect();
    runtime.block_on(server.shutdown());
    std::fs::remove_dir_all(folder).unwrap();
    Pair::of(&pairs)
}

fn request(checker: &str, secret: &str) -> Bytes {
    let body = format!("token={secret}");
    format!(
        "POST /oauth2/introspect HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {checker}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into()
}

async fn authority(gp: gatepass::Gatepass, verifier: Option<Verifier>) -> Server {
    let mut options = Options::default().listen(["127.0.0.1:0".parse().unwrap()]);
    options.admin_password = AdminPassword::NoUser;
    options.verifier = verifier;
    serve(options, gp).await.unwrap()
}

/// The peer: it reads the body, and answers the same bytes each time.
async fn bare(answer: Vec<u8>) -> SocketAddr {
    let answer = Bytes::from(answer);
    let handler = move |body: Bytes| {
        let answer = answer.clone();
        async move {
            std::hint::black_box(body);
            let kind: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
            (kind, answer)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/oauth2/introspect", post(handler));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Sends so many of the requests over one connection, each after the answer to the one before. Returns the last answer.
async fn ask(address: SocketAddr, requests: &[Bytes], start: usize, count: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = Vec::with_capacity(4096);
    for request in requests.iter().cycle().skip(start % requests.len()).take(count) {
        answer.clear();
        stream.write_all(request).await.unwrap();
        while !is_whole(&answer) {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "{}", String::from_utf8_lossy(&answer));
        }
        assert!(answer.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&answer));
    }
    answer
}

/// Whether head and body are there.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let text = std::str::from_utf8(&answer[..head]).unwrap();
    let length = text.split("\r\n").find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    answer.len() >= head + 4 + length.parse::<usize>().unwrap()
}

fn body_of(answer: &[u8]) -> Vec<u8> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    answer[head + 4..].to_vec()
}

fn memmem(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Tokens a second, each on disk when it is answered.
async fn creates(connections: usize) -> f64 {
    let folder = folder("authority");
    let gp = gatepass::open(folder.join("tokens.db")).await.unwrap();
    let asked = NewToken::new("maker", Api::Config).role("Directory Administrator").expires(days(300));
    let maker = gp.tokens().create(asked).await.unwrap();
    let server = authority(gp.clone(), None).await;
    let address = server.addresses()[0];
    let each = (1024 / connections).min(200);
    let create = |connection: usize| {
        let requests: Vec<Bytes> = (0..each)
            .map(|at| {
                let body = format!(
                    r#"{{"name":"t{connection}-{at}","apiType":"REST","targetDn":"uid=a,o=b","expires":{{"days":90}}}}"#
                );
                format!(
                    "POST /api/authentication-service/access_tokens HTTP/1.1\r\nhost: localhost\r\n\
                     authorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    maker.secret.reveal(),
                    body.len()
                )
                .into()
            })
            .collect();
        tokio::spawn(async move { ask(address, &requests, 0, each).await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let clock = gp.clock();
    let began = clock.boot_time();
    for done in (0..connections).map(create).collect::<Vec<_>>() {
        done.await.unwrap();
    }
    let took = clock.boot_time().saturating_sub(began);
    server.shutdown().await;
    gp.close().await;
    std::fs::remove_dir_all(folder).unwrap();
    (connections * each) as f64 / took.as_secs_f64()
}
