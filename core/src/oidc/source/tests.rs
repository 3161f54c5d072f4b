//! Sources against providers that do as they are told, well or badly, on loopback.

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

fn document(body: impl Into<String>) -> Reply {
    Reply::Document(Vec::new(), body.into())
}

/// A key with this id, another one each time.
fn jwk(kid: &str) -> serde_json::Value {
    let key = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
    json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
}

fn jwks(kids: &[&str]) -> Reply {
    let keys: Vec<_> = kids.iter().map(|kid| jwk(kid)).collect();
    document(json!({"keys": keys}).to_string())
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

    fn set_discovery(&self, configuration: &serde_json::Value) {
        self.set("/.well-known/openid-configuration", document(configuration.to_string()));
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
            let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            full(200, &lines.concat(), &body)
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
    let source = fetcher.source(location);
    next(&mut news).await;
    Opened { source, news, fetcher }
}

struct Opened {
    source: Arc<FetchedKeys>,
    news: watch::Receiver<u64>,
    fetcher: Fetcher,
}

impl Opened {
    fn look(&self, kid: &str) -> Lookup {
        self.source.look(Some(kid), Algorithm::EdDsa)
    }

    fn has(&self, kid: &str) -> bool {
        matches!(self.look(kid), Lookup::Keys(..))
    }

    /// Has it look at its clock, of which it does not know that it was set.
    fn wake(&self) {
        self.source.shared.wake.notify_one();
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
    assert!(matches!(opened.source.look(None, Algorithm::EdDsa), Lookup::Keys(keys, _) if keys.len() == 2));
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

#[tokio::test]
async fn where_the_keys_are_is_read_from_the_issuer_s_configuration_each_time() {
    let provider = Provider::start(jwks(&["a"])).await;
    let issuer = "https://sso.example";
    provider.set_discovery(&json!({"issuer": issuer, "jwks_uri": format!("{}/keys", provider.url)}));
    let (location, clock) = (provider.discovery(Some(issuer)), manual());
    let mut opened = opened(&location, KeyOptions::default(), clock.clone()).await;
    assert!(opened.has("a"));
    assert_eq!(provider.asked(), 2);
    // The provider moves its keys.
    provider.set("/elsewhere", jwks(&["b"]));
    provider.set_discovery(&json!({"issuer": issuer, "jwks_uri": format!("{}/elsewhere", provider.url)}));
    clock.advance(Duration::from_secs(10));
    assert!(!opened.has("b"));
    next(&mut opened.news).await;
    assert!(opened.has("b") && !opened.has("a"));
    assert_eq!(provider.asked(), 4);
}

/// Why the first attempt fails at this provider.
async fn failure(location: &KeyLocation, options: KeyOptions) -> Error {
    let clock = manual();
    let opened = opened(location, options, clock.clone()).await;
    assert!(matches!(opened.look("a"), Lookup::Unavailable));
    let health = opened.source.health();
    assert_eq!((health.failures, health.fetches, health.keys), (1, 1, 0));
    assert_eq!((health.fetched_on, health.tried_on), (None, Some(clock.now())));
    assert!(health.unavailable);
    let error = health.trouble.unwrap();
    let mut words = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(beneath) = cause {
        words = format!("{words} {beneath} {beneath:?}");
        cause = beneath.source();
    }
    assert!(!words.contains("hunter2"), "what a provider says is in nobody's log: {words}");
    error
}

#[tokio::test]
async fn what_a_bad_provider_does_is_told_by_its_code() {
    let long = json!({"keys": [], "x": "hunter2".repeat(100)}).to_string();
    let huge = json!({"keys": [], "x": "hunter2".repeat(1 << 17)}).to_string();
    let begun = Instant::now();
    for (reply, code, kind) in [
        (Reply::Drip(long.clone()), "keys_timeout", ErrorKind::Timeout),
        (Reply::Silence, "keys_timeout", ErrorKind::Timeout),
        (Reply::Endless { announced: true }, "keys_too_large", ErrorKind::Protocol),
        (Reply::Endless { announced: false }, "keys_too_large", ErrorKind::Protocol),
        (document(huge), "keys_too_large", ErrorKind::Protocol),
        (document("{\"keys\": hunter2"), "jwks_malformed", ErrorKind::Protocol),
        (document("<html>hunter2</html>"), "jwks_malformed", ErrorKind::Protocol),
        (document("[".repeat(100_000)), "jwks_malformed", ErrorKind::Protocol),
        (document("{\"keys\":[],\"keys\":[]}"), "jwks_malformed", ErrorKind::Protocol),
        (Reply::Status(500, "hunter2"), "keys_status", ErrorKind::Unavailable),
        (Reply::Status(429, "hunter2"), "keys_status", ErrorKind::Unavailable),
        (Reply::Status(404, "hunter2"), "keys_status", ErrorKind::Protocol),
        (Reply::Status(204, ""), "keys_status", ErrorKind::Protocol),
        (Reply::Status(302, "hunter2"), "keys_status", ErrorKind::Protocol), // to nowhere
        (Reply::CutOff, "keys_unreachable", ErrorKind::Unavailable),
    ] {
        let limit = Duration::from_millis(if code == "keys_timeout" { 400 } else { 5_000 });
        let options = || KeyOptions::default().timeout(limit);
        let provider = Provider::start(reply.clone()).await;
        let error = failure(&provider.keys(), options()).await;
        assert_eq!((error.code(), error.kind()), (code, kind), "{reply:?}: {error:?}");
        assert_eq!(provider.asked(), 1, "{reply:?}");
        if code == "keys_status" {
            assert!(error.status().is_some());
        }
        let configured = Provider::start(jwks(&[])).await;
        configured.set("/.well-known/openid-configuration", reply.clone());
        let error = failure(&configured.discovery(None), options()).await;
        let code = if code == "jwks_malformed" { "discovery_malformed" } else { code };
        assert_eq!(error.code(), code, "{reply:?}: {error:?}");
        assert_eq!(configured.asked(), 1, "{reply:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "none is waited for any longer");
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let other = Provider::start(jwks(&["a"])).await;
    let to = format!("http://user:hunter2@{}/keys?hunter2", other.url.strip_prefix("http://").unwrap());
    let provider = Provider::start(Reply::Redirect(to)).await;
    let error = failure(&provider.keys(), KeyOptions::default()).await;
    assert_eq!((error.code(), error.status()), ("keys_redirected", Some(302)));
    assert!(error.to_string().contains(" 127.0.0.1,"), "{error}");
    assert_eq!((provider.asked(), other.asked()), (1, 0));
}

#[tokio::test]
async fn who_is_gone_is_unreachable() {
    let provider = Provider::start(jwks(&["a"])).await;
    let location = provider.keys();
    drop(provider);
    assert_eq!(failure(&location, KeyOptions::default()).await.code(), "keys_unreachable");
}

#[tokio::test]
async fn a_configuration_that_is_another_s_or_leads_astray_is_not_followed() {
    let provider = Provider::start(jwks(&["a"])).await;
    let keys = format!("{}/keys", provider.url);
    let issuer = "https://sso.example";
    for (configuration, code) in [
        (json!({"issuer": "https://evil.example", "jwks_uri": keys}), "discovery_issuer_mismatch"),
        (json!({"issuer": format!("{issuer}/"), "jwks_uri": keys}), "discovery_issuer_mismatch"),
        (json!({"jwks_uri": keys}), "discovery_issuer_mismatch"),
        (json!({"issuer": issuer, "jwks_uri": "http://keys.example/jwks"}), "discovery_malformed"),
        (json!({"issuer": issuer, "jwks_uri": "file:///etc/passwd"}), "discovery_malformed"),
        (json!({"issuer": issuer}), "discovery_malformed"),
        (json!(["hunter2"]), "discovery_malformed"),
    ] {
        provider.set_discovery(&configuration);
        let before = provider.asked();
        let error = failure(&provider.discovery(Some(issuer)), KeyOptions::default()).await;
        assert_eq!(error.code(), code, "{configuration}");
        assert_eq!(provider.asked(), before + 1, "{configuration}");
    }
}

/// An authority's certificate (PEM), and a server with one that it gave to 127.0.0.1.
fn certified() -> (String, ServerConfig) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new([]).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let names = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = names.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (pem, builder.with_single_cert(vec![certificate.der().clone()], key).unwrap())
}

#[tokio::test]
async fn only_an_authority_that_is_trusted_vouches_for_a_provider() {
    let (authority, server) = certified();
    let provider = Provider::start_with(jwks(&["a"]), Some(server)).await;
    let (stranger, _) = certified();
    for options in [KeyOptions::default(), KeyOptions::default().certificate_authority(stranger)] {
        let error = failure(&provider.keys(), options).await;
        assert_eq!((error.code(), error.kind()), ("tls_failed", ErrorKind::Protocol));
    }
    assert_eq!(provider.asked(), 0);
    let trusting = KeyOptions::default().certificate_authority(authority);
    assert!(opened(&provider.keys(), trusting, manual()).await.has("a"));

    let (news, _) = watch::channel(0);
    let bad = KeyOptions::default().certificate_authority("no PEM");
    let error = Fetcher::new(bad, manual(), Handle::current(), Arc::new(news)).unwrap_err();
    assert_eq!((error.code(), error.field()), ("certificate_malformed", Some("certificateAuthority")));
}

#[tokio::test]
async fn ten_thousand_made_up_keys_in_a_second_are_one_attempt() {
    let provider = Provider::start(jwks(&["a"])).await;
    let clock = manual();
    let mut opened = opened(&provider.keys(), KeyOptions::default(), clock.clone()).await;
    clock.advance(Duration::from_secs(10));
    let kids: Vec<_> = (0..10_000).map(|number| format!("made-up-{number}")).collect();
    for ten_ms in kids.chunks(100) {
        assert!(ten_ms.iter().all(|kid| !opened.has(kid)));
        assert!(opened.has("a"), "who has a key is served");
        sleep(Duration::from_millis(1)).await; // with the first of them the attempt begins
        clock.advance(Duration::from_millis(10));
    }
    next(&mut opened.news).await;
    assert_eq!(provider.asked(), 2);
    // That it is not there is known of those that were asked for before it was looked for.
    assert!(matches!(opened.look("made-up-0"), Lookup::Unknown));
    assert!(matches!(opened.look("made-up-9999"), Lookup::Unavailable));
    clock.advance(Duration::from_millis(8_999));
    opened.wake();
    sleep(Duration::from_millis(50)).await;
    assert_eq!((provider.asked(), opened.source.health().fetches), (2, 2), "within the cooldown");
    clock.advance(Duration::from_millis(1));
    opened.wake();
    next(&mut opened.news).await;
    assert_eq!(provider.asked(), 3);
    // Nobody asks for more, so nothing is fetched.
    clock.advance(Duration::from_secs(100));
    opened.wake();
    sleep(Duration::from_millis(50)).await;
    assert_eq!((provider.asked(), opened.source.health().fetches), (3, 3));
}

#[tokio::test]
async fn a_new_key_is_found_and_one_that_has_left_is_retired() {
    let (a, b, c) = (jwk("a"), jwk("b"), jwk("c"));
    let provider = Provider::start(document(json!({"keys": [a, b]}).to_string())).await;
    let clock = manual();
    let mut opened = opened(&provider.keys(), KeyOptions::default(), clock.clone()).await;
    let keys = |opened: &Opened, kid: &str| match opened.look(kid) {
        Lookup::Keys(keys, _) => keys,
        other => panic!("{kid}: {other:?}"),
    };
    let (old_a, old_b) = (keys(&opened, "a"), keys(&opened, "b"));
    provider.set("/keys", document(json!({"keys": [b, c]}).to_string()));
    assert!(matches!(opened.look("c"), Lookup::Unavailable));
    sleep(Duration::from_millis(50)).await;
    assert_eq!(provider.asked(), 1, "not within the cooldown");
    clock.advance(Duration::from_secs(10));
    opened.wake();
    next(&mut opened.news).await;
    assert_eq!(keys(&opened, "c").len(), 1);
    assert!(matches!(opened.look("a"), Lookup::Unavailable));
    assert!(old_a[0].is_retired() && !old_b[0].is_retired());
    assert!(Arc::ptr_eq(&old_b[0], &keys(&opened, "b")[0]));
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn keys_serve_until_they_are_too_old_and_no_failure_wipes_them() {
    let provider = Provider::start(jwks(&["a"])).await;
    let clock = manual();
    let mut opened = opened(&provider.keys(), KeyOptions::default(), clock.clone()).await;
    let fetched_on = clock.now();
    let bad = [Reply::Status(500, ""), Reply::CutOff, document("{}")];
    for (failures, reply) in (1..).zip(bad) {
        provider.set("/keys", reply);
        clock.advance(Duration::from_mins(10));
        opened.wake();
        next(&mut opened.news).await;
        assert!(opened.has("a"));
        assert_eq!(opened.source.health().failures, failures);
    }
    clock.advance(Duration::from_mins(30) - Duration::from_millis(1));
    assert!(opened.has("a") && !opened.source.health().unavailable);
    assert_eq!(opened.source.health().trouble.unwrap().code(), "jwks_malformed");
    clock.advance(Duration::from_millis(1));
    provider.set("/keys", jwks(&["a"]));
    assert!(opened.source.health().unavailable);
    assert_eq!(opened.source.health().fetched_on, Some(fetched_on));
    assert!(matches!(opened.look("a"), Lookup::Unavailable));
    next(&mut opened.news).await;
    assert!(opened.has("a"));
    let health = opened.source.health();
    assert_eq!((health.failures, health.fetched_on), (0, Some(clock.now())));
    assert!(health.trouble.is_none() && !health.unavailable);
}

#[tokio::test]
async fn keys_are_fetched_again_before_they_are_old_and_meanwhile_the_old_ones_serve() {
    let provider = Provider::start(jwks(&["a"])).await;
    let options = KeyOptions::default()
        .cooldown(Duration::from_millis(100))
        .refresh_after(Duration::from_secs(2))
        .refresh_ahead(Duration::from_secs(1));
    let opened = opened(&provider.keys(), options, Arc::new(SystemClock)).await;
    provider.set("/keys", Reply::Silence);
    while provider.asked() < 2 {
        assert!(opened.has("a"));
        sleep(Duration::from_millis(5)).await;
    }
    let times = provider.times();
    let pause = times[1] - times[0];
    assert!((Duration::from_millis(500)..Duration::from_secs(2)).contains(&pause), "{pause:?}");
    sleep(Duration::from_millis(500)).await;
    assert!(opened.has("a"));
    assert_eq!(provider.asked(), 2, "one at a time");
}

#[tokio::test]
async fn a_provider_s_own_age_is_believed() {
    let provider = Provider::start(jwks(&[])).await;
    let Reply::Document(_, body) = jwks(&["a"]) else { unreachable!() };
    provider.set("/keys", Reply::Document(vec![("Cache-Control", "max-age=2".to_owned())], body));
    let options = KeyOptions::default().cooldown(Duration::from_millis(100));
    let mut opened = opened(&provider.keys(), options, Arc::new(SystemClock)).await;
    next(&mut opened.news).await;
    let times = provider.times();
    let pause = times[1] - times[0];
    assert!((Duration::from_millis(500)..Duration::from_secs(2)).contains(&pause), "{pause:?}");
}

#[tokio::test]
async fn sources_of_one_place_are_one_which_ends_when_nobody_has_it() {
    let provider = Provider::start(jwks(&["a"])).await;
    let options = KeyOptions::default()
        .cooldown(Duration::from_millis(100))
        .refresh_after(Duration::from_millis(100))
        .refresh_ahead(Duration::ZERO);
    let Opened { source, fetcher, .. } = opened(&provider.keys(), options, Arc::new(SystemClock)).await;
    let same = fetcher.source(&provider.keys());
    assert!(Arc::ptr_eq(&source, &same));
    assert!(!Arc::ptr_eq(&source, &fetcher.source(&provider.discovery(None))));
    drop(source);
    let before = provider.asked();
    sleep(Duration::from_millis(300)).await;
    assert!(provider.asked() > before, "it goes on while somebody has it");
    // In the middle of an attempt too.
    provider.set("/keys", Reply::Silence);
    sleep(Duration::from_millis(200)).await;
    let left = Arc::downgrade(&same.shared);
    drop(same);
    let ended = async {
        while left.strong_count() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), ended).await.expect("its task has to end");
    let ended = provider.asked();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(provider.asked(), ended);
    assert!(fetcher.source(&provider.keys()).health().unavailable, "another one begins anew");
}

#[tokio::test]
async fn a_defect_is_a_failure_like_others() {
    let error = surviving::<()>(async { panic!("the defect") }).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Internal, "task_failed"));
}
