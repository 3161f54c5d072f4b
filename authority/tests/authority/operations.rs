//! What operators rely on: metrics, logs, health, TLS, the first start, shutting down, several authorities.

use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatepass::{Api, NewToken, OpenOptions, days};
use gatepass_authority::{AdminPassword, Limits, Options, TlsFiles, logging, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::{ADMIN_PASSWORD, House, options};

const TOKENS: &str = "/api/authentication-service/access_tokens";

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_in_the_metrics() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.get(TOKENS).bearer(&admin).send().await;
    house.get(TOKENS).bearer(gatepass::Secret::generate(Api::Config).unwrap().reveal()).send().await;
    house.get(TOKENS).bearer("nonsense").send().await;
    house.login("admin", "wrong").await;
    house.login("admin", ADMIN_PASSWORD).await;
    house.get("/nothing").send().await;
    let reply = house.get("/metrics").send().await;
    assert!(reply.headers["content-type"].starts_with("application/openmetrics-text"));
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    for line in [
        r#"gatepass_requests_total{operation="get-access-token-list",status="200"} 1"#,
        r#"gatepass_requests_total{operation="get-access-token-list",status="401"} 2"#,
        r#"gatepass_requests_total{operation="none",status="404"} 1"#,
        r#"gatepass_refusals_total{code="unknown"} 1"#,
        r#"gatepass_refusals_total{code="malformed"} 1"#,
        r#"gatepass_logins_total{outcome="done"} 1"#,
        r#"gatepass_logins_total{outcome="refused"} 1"#,
        r#"gatepass_request_duration_seconds_count{operation="post-login"} 2"#,
        "gatepass_verifier_age_seconds ",
        "gatepass_connections ",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// What is logged, kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// On one thread, so that what it logs comes to this test and that of others does not.
#[tokio::test]
async fn no_secret_is_in_the_log() {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber =
        logging::subscriber(logging::Format::Json, logging::Filter::new("trace"), move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let house = House::new().await;
    let admin = house.admin().await;
    let session = house.session("admin", ADMIN_PASSWORD).await;
    house.login("a typo: my password", "another secret password").await;
    let asked =
        json!({"name": "a-new-token", "apiType": "REST", "targetDn": "uid=a,o=b", "expires": {"days": 1}});
    let made = house.post(TOKENS).bearer(&admin).json(&asked).send().await.text();
    house
        .get(&format!("{TOKENS}/a-new-token"))
        .bearer(&session)
        .header("x-request-id", "seen-in-the-log")
        .send()
        .await;
    house.delete(&format!("/api/authentication-service/authToken/{session}")).bearer(&admin).send().await;
    house.get(&format!("/lost/{made}?token={made}")).send().await;
    house.post("/oauth2/introspect").bearer(&admin).form(&[("token", &made)]).send().await;
    house.post("/api/gatepass/v1/leaks").json(&json!({"token": made})).send().await;
    let user = json!({"username": "eve", "active": true, "password": "the password of eve"});
    house.post("/api/authentication-service/users").bearer(&admin).json(&user).send().await;
    drop(house);
    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let signature = session.rsplit('.').next().unwrap();
    for secret in [
        &*admin,
        &*made,
        &*session,
        signature,
        ADMIN_PASSWORD,
        "my password",
        "another secret",
        "password of eve",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for said in [
        "/api/authentication-service/authToken/{authToken}",
        "seen-in-the-log",
        "\"operation\":\"create-access-token\"",
        "user:admin",
    ] {
        assert!(log.contains(said), "{said} is not in the log:\n{log}");
    }
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_while_the_store_is_there() {
    let house = House::new().await;
    assert_eq!(house.get("/healthz").send().await.json(), json!({"status": "ok"}));
    assert_eq!(house.get("/readyz").send().await.json(), json!({"status": "ok"}));
    house.gp.close().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let reply = house.get("/readyz").send().await;
    assert_eq!((reply.status, reply.error().1), (503, "unavailable".into()));
    assert_eq!(house.get("/healthz").send().await.status, 200, "it runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished() {
    let limits = Limits::default().hashing(1, 10);
    let house = House::with(options().limits(limits), OpenOptions::default()).await;
    let House { server, folder: _folder, gp } = house;
    let address = server.addresses()[0];
    // The head and half of the body are there, the rest comes once the server is stopping.
    let mut stream = TcpStream::connect(address).await.unwrap();
    let secret = gp
        .tokens()
        .create(NewToken::new("admin-token", Api::Config).expires(days(2)).role("Directory Administrator"))
        .await
        .unwrap()
        .secret;
    tokio::time::sleep(Duration::from_millis(120)).await;
    let body = json!({"name": "late", "apiType": "SCIM", "expires": {"days": 1}}).to_string();
    let (first, rest) = body.split_at(10);
    let head = format!(
        "POST {TOKENS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{first}",
        secret.reveal(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let idle = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stopping = tokio::spawn(server.shutdown());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody else is accepted");
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    tokio::time::timeout(Duration::from_secs(5), stopping)
        .await
        .expect("an idle connection holds nobody up")
        .unwrap();
    assert!(gp.tokens().get("late").await.is_ok());
    drop(idle);
    gp.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_is_cut_off_at_the_end() {
    let limits = Limits::default().shutdown_time(Duration::from_millis(200));
    let House { server, folder: _folder, .. } =
        House::with(options().limits(limits), OpenOptions::default()).await;
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    let head = format!("POST {TOKENS} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::timeout(Duration::from_secs(3), server.shutdown()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_authorities_on_one_store_are_one() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let admin = house.admin().await;
    let works = async |house: &House, token: &str| house.get(TOKENS).bearer(token).send().await.status == 200;
    let session = house.session("admin", ADMIN_PASSWORD).await;
    assert!(works(&neighbour, &session).await, "the key is shared");

    let asked = json!({"name": "app", "apiType": "CONFIG", "roles": ["readonly"], "expires": {"days": 1}});
    let made = house.post(TOKENS).bearer(&admin).json(&asked).send().await.text();
    eventually(async || works(&neighbour, &made).await).await;
    let revoked = neighbour.post("/api/gatepass/v1/tokens/app/revoke").bearer(&session).send().await;
    assert_eq!(revoked.status, 200);
    assert!(!works(&neighbour, &made).await, "here at once");
    eventually(async || !works(&house, &made).await).await;

    assert_eq!(neighbour.delete("/api/gatepass/v1/self").bearer(&session).send().await.status, 200);
    assert!(!works(&house, &session).await, "a session everywhere at once");
}

/// Within the half second that an index may need and that tests allow it.
async fn eventually(holds: impl AsyncFn() -> bool) {
    for _ in 0..25 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within half a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_one_user_and_hides_the_password() {
    let mut options = options();
    options.admin_password = AdminPassword::Generated;
    let house = House::with(options.clone(), OpenOptions::default()).await;
    let file = house.folder.path().join("tokens.db.admin-password");
    let password = std::fs::read_to_string(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(house.login("admin", password.trim()).await.status, 200);
    let admin = house.gp.users().get("admin").await.unwrap();
    assert_eq!(admin.roles, ["Directory Administrator"]);
    std::fs::remove_file(&file).unwrap();
    drop(serve(options, house.gp.clone()).await.unwrap());
    assert!(!file.exists(), "there is a user now");
    assert_eq!(house.gp.users().list().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_do_not_cross_a_network_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let gp = gatepass::open(folder.path().join("tokens.db")).await.unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = serve(options().listen([address.parse().unwrap()]), gp.clone()).await.unwrap_err();
        assert_eq!((refused.code(), refused.field()), ("plain_http_not_loopback", Some("listen")));
    }
    let none = serve(Options::default().listen([]), gp.clone()).await.unwrap_err();
    assert_eq!(none.code(), "listen_missing");
    let server = serve(options(), gp.clone()).await.unwrap();
    let taken = serve(options().listen([server.addresses()[0]]), gp).await.unwrap_err();
    assert_eq!(taken.code(), "listen_failed");
}

/// A certificate for this name, in files; the root that signed it is itself.
fn certificate(folder: &Path) -> rustls::RootCertStore {
    let made = rcgen::generate_simple_self_signed(["authority.test".to_owned()]).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    roots
}

async fn over_tls(house: &House, roots: &rustls::RootCertStore) -> Option<u16> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let stream = TcpStream::connect(house.address()).await.unwrap();
    let name = "authority.test".try_into().unwrap();
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    let reply = house.get("/healthz").send_over(stream).await;
    assert!(reply.headers["strict-transport-security"].starts_with("max-age="));
    Some(reply.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_used_and_another_one_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let first = certificate(folder.path());
    let files = TlsFiles::new(folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let options = options().tls(files.look_every(Duration::from_millis(50)));
    let house = House::with(options, OpenOptions::default()).await;
    assert!(house.server.url().starts_with("https://127.0.0.1:"));
    assert_eq!(over_tls(&house, &first).await, Some(200));

    // What is no certificate does not take the place of one.
    let good = std::fs::read(folder.path().join("cert.pem")).unwrap();
    std::fs::write(folder.path().join("cert.pem"), "no certificate").unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(over_tls(&house, &first).await, Some(200));
    std::fs::write(folder.path().join("cert.pem"), good).unwrap();

    let second = certificate(folder.path());
    let mut taken_over = None;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        taken_over = over_tls(&house, &second).await;
        if taken_over.is_some() {
            break;
        }
    }
    assert_eq!(taken_over, Some(200));
    assert_eq!(over_tls(&house, &first).await, None);

    // Plain HTTP on that port is no way in.
    let mut stream = TcpStream::connect(house.address()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));

    let broken = TlsFiles::new(folder.path().join("none.pem"), folder.path().join("key.pem"));
    let refused = serve(crate::house::options().tls(broken), house.gp.clone()).await.unwrap_err();
    assert_eq!((refused.code(), refused.field()), ("tls_unreadable", Some("tls")));
}
