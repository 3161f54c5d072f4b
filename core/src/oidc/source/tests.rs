//! Sources against providers that do as they are told, well or badly, on loopback.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use url::Url;

use super::*;
use crate::SystemClock;
use crate::testing::ManualClock;

/// What a provider does when it is asked.
#[derive(Debug, Clone)]
enum Reply {
    /// 200, with these headers and this body.
    Document(Vec<(&'static str, String)>, String),
    Status(u16, &'static str),
    Redirect(String),
    /// A byte at a time, one every 20 ms.
    Drip(String),
    /// A body without an end; whether its length is said, which is huge then.
    Endless {
        announced: bool,
    },
    /// Half of what was announced.
    CutOff,
    /// No answer at all.
    Silence,
}

fn document(body: impl ToString) -> Reply {
    Reply::Document(Vec::new(), body.to_string())
}

/// A key with this id, another one each time.
fn jwk(kid: &str) -> serde_json::Value {
    let key = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
    json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
}

fn jwks(kids: &[&str]) -> Reply {
    document(json!({"keys": kids.iter().map(|kid| jwk(kid)).collect::<Vec<_>>()}))
}

/// A provider of keys.
struct Provider {
    url: String,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    /// When it was asked, and the heads of the requests.
    seen: Arc<Mutex<Vec<(Instant, String)>>>,
    _serving: JoinSet<()>,
}

impl Provider {
    /// Whose keys are at `/keys`.
    async fn start(keys: Reply) -> Self {
        Self::start_with(keys, None).await
    }

    async fn start_with(keys: Reply, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let replies = Arc::new(Mutex::new(HashMap::from([("/keys".to_owned(), keys)])));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let (all_replies, all_seen) = (Arc::clone(&replies), Arc::clone(&seen));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (replies, seen, tls) = (Arc::clone(&all_replies), Arc::clone(&all_seen), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, &replies, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &replies, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url, replies, seen, _serving: serving }
    }

    fn set(&self, path: &str, reply: Reply) {
        lock(&self.replies).insert(path.to_owned(), reply);
    }

    fn asked(&self) -> usize {
        lock(&self.seen).len()
    }

    /// When it was asked.
    fn times(&self) -> Vec<Instant> {
        lock(&self.seen).iter().map(|(at, _)| *at).collect()
    }

    fn keys(&self) -> KeyLocation {
        KeyLocation::Jwks(Url::parse(&format!("{}/keys", self.url)).unwrap())
    }

    fn discovery(&self, issuer: Option<&str>) -> KeyLocation {
        let url = Url::parse(&format!("{}/.well-known/openid-configuration", self.url)).unwrap();
        KeyLocation::Discovery { url, issuer: issuer.map(str::to_owned) }
    }

    fn set_discovery(&self, configuration: impl ToString) {
        self.set("/.well-known/openid-configuration", document(configuration));
    }
}

/// One request, one connection.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    replies: &Mutex<HashMap<String, Reply>>,
    seen: &Mutex<Vec<(Instant, String)>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    lock(seen).push((Instant::now(), head));
    let reply = lock(replies).get(&path).cloned().unwrap_or(Reply::Status(404, "there is nothing"));
    let full = |status: u16, headers: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
    };
    let text = match reply {
        Reply::Document(headers, body) => {
            let headers: String =
                headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            full(200, &headers, &body)
        }
        Reply::Status(status, body) => full(status, "", body),
        Reply::Redirect(to) => full(302, &format!("Location: {to}\r\n"), ""),
        Reply::Drip(body) => {
            for byte in full(200, "", &body).as_bytes() {
                if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
            return;
        }
        Reply::Endless { announced } => {
            let length = if announced { "Content-Length: 99999999999\r\n" } else { "" };
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{length}\r\n");
            let mut written = stream.write_all(head.as_bytes()).await;
            while written.is_ok() {
                written = stream.write_all(&[b' '; 4096]).await;
            }
            return;
        }
        Reply::CutOff => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys\":".to_owned(),
        Reply::Silence => return std::future::pending().await,
    };
    stream.write_all(text.as_bytes()).await.ok();
    stream.shutdown().await.ok();
}

fn fetcher(options: KeyOptions, clock: Arc<dyn Clock>) -> (Fetcher, watch::Receiver<u64>) {
    let (news, seen) = watch::channel(0);
    (Fetcher::new(options, clock, Handle::current(), Arc::new(news)).unwrap(), seen)
}

/// A source of its own, after its first attempt.
async fn opened(location: &KeyLocation, options: KeyOptions, clock: Arc<dyn Clock>) -> Opened {
    let (fetcher, mut news) = fetcher(options, clock);
    let source = fetcher.open(location);
    next(&mut news).await;
    Opened { source, news, fetcher }
}

struct Opened {
    source: Arc<dyn KeySource>,
    news: watch::Receiver<u64>,
    fetcher: Fetcher,
}

impl Opened {
    fn look(&self, kid: &str) -> Lookup {
        self.source.look(Some(kid), Algorithm::EdDsa)
    }

    fn has(&self, kid: &str) -> bool {
        matches!(self.look(kid), Lookup::Keys(_))
    }

    fn trouble(&self) -> Error {
        self.source.health().trouble.unwrap()
    }
}

/// Waits until an attempt has ended.
async fn next(news: &mut watch::Receiver<u64>) {
    timeout(Duration::from_secs(10), news.changed()).await.unwrap().unwrap();
}

fn manual() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-03-02T09:00:00Z".parse().unwrap()))
}

#[tokio::test]
async fn keys_are_fetched_at_once_with_no_credential() {
    let provider = Provider::start(jwks(&["a", "b"])).await;
    let clock = manual();
    let opened = opened(&provider.keys(), KeyOptions::default(), clock.clone()).await;
    assert!(opened.has("a") && opened.has("b"));
    assert!(matches!(opened.source.look(None, Algorithm::EdDsa), Lookup::Keys(keys) if keys.len() == 2));
    assert!(matches!(opened.look("c"), Lookup::Unavailable));
    assert!(matches!(opened.source.look(Some("a"), Algorithm::Rs256), Lookup::Unavailable));
    let health = opened.source.health();
    assert_eq!((health.keys, health.unusable, health.failures, health.fetches), (2, 0, 0, 1));
    assert_eq!((health.fetched_on, health.tried_on), (Some(clock.now()), Some(clock.now())));
    assert!(health.trouble.is_none() && !health.unavailable);
    assert_eq!(health.url, format!("{}/keys", provider.url));
    let head = lock(&provider.seen)[0].1.to_lowercase();
    assert!(head.starts_with("get /keys http/1.1\r\n"), "{head}");
    assert!(head.contains("accept: application/json, application/jwk-set+json\r\n"), "{head}");
    assert!(!head.contains("authorization") && !head.contains("cookie"), "{head}");
}
