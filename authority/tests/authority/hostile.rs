//! What is sent by mistake, or on purpose.

use std::time::Duration;

use gatepass::OpenOptions;
use gatepass_authority::Limits;
use hyper::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::{House, options};

const TOKENS: &str = "/api/authentication-service/access_tokens";

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_none_is_refused_and_not_quoted() {
    let house = House::new().await;
    let admin = house.admin().await;
    let post = || house.post(TOKENS).bearer(&admin);
    let secret = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1";
    let bodies = [
        "no json".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "{".to_owned(),
        "\"text\"".to_owned(),
        "1e999".to_owned(),
        format!(r#"{{"name": "x", "apiType": "{secret}"}}"#),
        format!(r#"{{"name": {{"{secret}": 1}}, "apiType": "REST"}}"#),
        r#"{"name": 5, "apiType": "REST"}"#.to_owned(),
        r#"{"name": "x", "apiType": "REST", "networks": ["10.0.0.0/99"]}"#.to_owned(),
        r#"{"name": "x", "name": "y", "apiType": "REST"}"#.to_owned(),
        "[".repeat(100_000),
    ];
    for body in bodies {
        let reply = post().header("content-type", "application/json").raw(body.clone()).send().await;
        assert_eq!(reply.error(), (400, "bad_request".into(), "body_malformed".into()), "{body}");
        assert!(!String::from_utf8_lossy(&reply.body).contains(secret), "{reply:?}");
    }
    assert_eq!(
        post().header("content-type", "application/json").raw(&b"\xff\xfe"[..]).send().await.status,
        400
    );
    assert_eq!(post().send().await.status, 400, "no body at all lacks a name");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "json"] {
        let reply = post().header("content-type", kind).raw("{}").send().await;
        assert_eq!(reply.error(), (415, "unsupported_media_type".into(), "media_type".into()));
    }
    let large = post().header("content-type", "application/json").raw(vec![b' '; 2 << 20]).send().await;
    assert_eq!(large.error(), (413, "request_body_too_large".into(), "body_too_large".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_credentials_are_none() {
    let house = House::new().await;
    let admin = house.admin().await;
    let two = house.get(TOKENS).bearer(&admin).bearer(&admin).send().await;
    assert_eq!(two.error(), (400, "bad_request".into(), "invalid_header".into()));
    for header in [
        format!("Bearer {admin} {admin}"),
        format!("Bearer\t{admin}"),
        "Bearer".to_owned(),
        "Bearer a,b".to_owned(),
    ] {
        let reply = house.get(TOKENS).header("authorization", &header).send().await;
        assert_eq!(reply.status, 400, "{header}");
    }
    let other = house.get(TOKENS).header("authorization", "Digest x").send().await;
    assert_eq!(other.error(), (401, "unauthorized".into(), "missing".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_in_the_same_form() {
    let house = House::new().await;
    for path in
        ["/", "/api", "/api/authentication-service/nothing", "/console", "/%00", "//", "/api/gatepass/v1/"]
    {
        let reply = house.get(path).send().await;
        assert_eq!(reply.error(), (404, "not_found".into(), "no_such_path".into()), "{path}");
        assert!(reply.headers.contains_key("x-request-id"));
    }
    for method in [Method::OPTIONS, Method::PATCH, Method::TRACE, "QUERY".parse().unwrap()] {
        let reply = house.call(method.clone(), TOKENS).send().await;
        assert_eq!(reply.error(), (405, "method_not_allowed".into(), "no_such_method".into()), "{method}");
        assert!(
            reply.headers["allow"].contains("GET") && reply.headers["allow"].contains("POST"),
            "{reply:?}"
        );
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    }
    let head = house.call(Method::HEAD, TOKENS).send().await;
    assert_eq!((head.status, head.body.len()), (401, 0));
    assert_eq!(house.call(Method::HEAD, "/healthz").send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_taken_over_only_where_it_is_sane() {
    let house = House::new().await;
    let id = async |sent: &str| {
        house.get("/healthz").header("x-request-id", sent).send().await.headers["x-request-id"].clone()
    };
    assert_eq!(id("abc-123").await, "abc-123");
    for sent in ["", "a b", "<script>", &"a".repeat(200)] {
        assert_ne!(id(sent).await, sent);
    }
    assert_ne!(id("").await, id("").await);
}

/// What the server says to these bytes, and how long it took until it hung up.
async fn says(house: &House, bytes: &[u8]) -> (String, Duration) {
    let began = tokio::time::Instant::now();
    let mut stream = TcpStream::connect(house.address()).await.unwrap();
    stream.write_all(bytes).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_is_cut_off() {
    let limits = Limits::default().patience(Duration::from_millis(400));
    let house = House::with(options().limits(limits), OpenOptions::default()).await;
    let admin = house.admin().await;
    let soon = Duration::from_secs(3);
    for start in ["", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let (answer, took) = says(&house, start.as_bytes()).await;
        assert!(took < soon && !answer.contains(" 200 "), "{start:?}: {answer} after {took:?}");
    }
    // A byte now and then does not help.
    let mut stream = TcpStream::connect(house.address()).await.unwrap();
    let began = tokio::time::Instant::now();
    for byte in b"GET /healthz HTTP/1.1\r\nHost: authority.test\r\n".iter().cycle() {
        if stream.write_all(&[*byte]).await.is_err() || began.elapsed() > soon {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(began.elapsed() < soon);
    // A body that stops on its way.
    let head = format!(
        "POST {TOKENS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\nConnection: close\r\n\r\n{{"
    );
    let (answer, took) = says(&house, head.as_bytes()).await;
    assert!(took < soon && answer.starts_with("HTTP/1.1 408 "), "{answer} after {took:?}");
    assert!(answer.contains("body_too_slow"));
    assert_eq!(house.get("/healthz").send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_bounded() {
    let limits = Limits::default().patience(Duration::from_secs(1));
    let house = House::with(options().limits(limits), OpenOptions::default()).await;
    let large = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "a".repeat(1 << 20));
    let (answer, _) = says(&house, large.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(5000));
    let (answer, _) = says(&house, many.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 20));
    let (answer, _) = says(&house, long.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    for nonsense in ["\r\n\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let stream = says(&house, nonsense.as_bytes());
        let (answer, _) = tokio::time::timeout(Duration::from_secs(20), stream).await.unwrap();
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    assert_eq!(house.get("/healthz").send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_there_are_places_wait() {
    let limits = Limits::default().connections(4).patience(Duration::from_millis(300));
    let house = House::with(options().limits(limits), OpenOptions::default()).await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(TcpStream::connect(house.address()).await.unwrap());
    }
    let answered = tokio::time::timeout(Duration::from_secs(10), house.get("/healthz").send()).await;
    assert_eq!(answered.unwrap().status, 200, "those who send nothing give way");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_does_not_read_is_cut_off() {
    let limits = Limits::default().connections(1).patience(Duration::from_millis(500));
    let house = House::with(options().limits(limits), OpenOptions::default()).await;
    let stream = TcpStream::connect(house.address()).await.unwrap();
    let asking = tokio::spawn(async move {
        let mut stream = stream;
        let request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
        while stream.write_all(request).await.is_ok() {}
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answered = tokio::time::timeout(Duration::from_secs(10), house.get("/healthz").send()).await;
    assert_eq!(answered.unwrap().status, 200, "the only place is free again");
    asking.abort();
}
