//! How requests are sent: how often, how long, how much, and to nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gatepass::{Api, ErrorKind, NewToken, days};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::plain::{Act, Plain, Reply};
use super::{client_of, options, own};

const PROPERTIES: &str = "/settings-service/properties";

/// Fails these many times as told, and then does as usual.
fn fail(server: &Plain, times: usize, act: impl Fn() -> Act + Send + 'static) {
    let mut left = times;
    server.hook(move |seen| {
        if left == 0 || seen.target == "/api/gatepass/v1" {
            return Act::Usual;
        }
        left -= 1;
        act()
    });
}

/// A server that does this with each connection, and how many there were.
pub(crate) async fn raw<F>(each: impl Fn(TcpStream) -> F + Send + 'static) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let (count, counted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counting = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counting.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(each(stream));
        }
    });
    drop(counted);
    (url, count)
}

pub(crate) async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
}

#[tokio::test]
async fn what_does_no_more_the_second_time_is_tried_four_times() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    for act in [|| Act::Answer(Reply::new(503, "")), || Act::Drop, || Act::Answer(Reply::new(502, "<html>"))]
    {
        fail(&server, 3, act);
        gp.request("GET", PROPERTIES, &[], None).await.unwrap();
        gp.request("PUT", PROPERTIES, &[], Some(&json!({}))).await.unwrap();
        assert_eq!(server.lines().len(), 3 + 2);
    }
    fail(&server, usize::MAX, || Act::Answer(Reply::new(503, "")));
    for method in ["GET", "PUT", "DELETE"] {
        let error = gp.request(method, PROPERTIES, &[], None).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status(), error.retryable()),
            (ErrorKind::Unavailable, Some(503), true)
        );
        assert_eq!(server.lines().len(), 4, "{method}, and none after that");
    }
    let once = options(own()).attempts(1).connect(&server.url).unwrap();
    assert!(once.request("GET", PROPERTIES, &[], None).await.is_err());
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn what_might_be_done_twice_is_tried_again_only_where_it_was_surely_not_done() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let tokens = gp.tokens();
    let create = |name| tokens.create(NewToken::new(name, Api::Scim).expires(days(1)));
    for (kind, act) in [
        (ErrorKind::Unavailable, (|| Act::DoneDrop) as fn() -> Act),
        (ErrorKind::Unavailable, || Act::DoneBut(Reply::new(503, ""))),
        (ErrorKind::Timeout, || Act::DoneBut(Reply::new(504, ""))),
    ] {
        fail(&server, 1, act);
        assert_eq!(create("a").await.map(drop).unwrap_err().kind(), kind);
        assert_eq!(server.lines().len(), 1);
        server.state().tokens.clear();
    }
    fail(&server, 2, || Act::Answer(Reply::new(429, "").header("retry-after", "0")));
    let _ = create("b").await.unwrap();
    assert_eq!(server.lines().len(), 4, "refused twice, made, and read");
    for method in ["POST", "PATCH"] {
        fail(&server, 1, || Act::Answer(Reply::new(503, "")));
        assert!(gp.request(method, "/settings-service/restart", &[], None).await.is_err());
        assert_eq!(server.lines().len(), 1, "{method}");
    }
    // The secret was refused, so nothing was done.
    fail(&server, 1, || Act::Answer(Reply::new(401, "")));
    assert!(create("c").await.is_err());
}

#[tokio::test]
async fn a_create_with_a_key_is_sent_again_with_the_same_key() {
    let server = Plain::start().await;
    let mut failed = 0;
    server.hook(move |seen| match (seen.method.as_str(), seen.target.as_str()) {
        ("GET", "/api/gatepass/v1") => {
            Act::Answer(Reply::json(200, &json!({"product": "gatepass", "version": "9"})))
        }
        ("POST", _) if failed < 2 => {
            failed += 1;
            Act::Drop
        }
        _ => Act::Usual,
    });
    let gp = client_of(&server.url);
    let _ = gp.tokens().create(NewToken::new("a", Api::Scim).expires(days(1)).scope("a:b")).await.unwrap();
    let keys: Vec<_> =
        server.seen().iter().filter_map(|seen| seen.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys[0].len() >= 32 && keys.iter().all(|key| *key == keys[0]));
    let _ = gp.tokens().create(NewToken::new("b", Api::Scim).expires(days(1))).await.unwrap();
    assert_ne!(server.seen()[0].header("idempotency-key"), Some(&*keys[0]), "each request has its own");
}

#[tokio::test]
async fn what_is_gone_when_it_is_deleted_again_was_deleted() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    let _ = gp.tokens().create(NewToken::new("a", Api::Scim).expires(days(1))).await.unwrap();
    fail(&server, 1, || Act::DoneDrop);
    server.seen();
    gp.tokens().delete("a").await.unwrap();
    assert_eq!(server.lines().len(), 2);
    let error = gp.tokens().delete("a").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, "token_not_found"));
    fail(&server, 1, || Act::Answer(Reply::new(429, "")));
    assert_eq!(
        gp.tokens().delete("a").await.unwrap_err().code(),
        "token_not_found",
        "it was not ours that did it"
    );
}

#[tokio::test]
async fn a_server_that_says_when_is_asked_then_unless_it_is_too_long() {
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    fail(&server, 1, || Act::Answer(Reply::new(503, "").header("retry-after", "1")));
    let begun = Instant::now();
    gp.request("GET", PROPERTIES, &[], None).await.unwrap();
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(4), "{took:?}");
    server.seen();
    for long in ["31", "99999999999999999999", "Fri, 01 Jan 2100 00:00:00 GMT"] {
        fail(&server, usize::MAX, move || Act::Answer(Reply::new(429, "").header("retry-after", long)));
        let begun = Instant::now();
        let error = gp.request("GET", PROPERTIES, &[], None).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::RateLimited, "too_many_requests"));
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(server.lines().len(), 1, "{long}");
    }
}

#[tokio::test]
async fn nobody_is_waited_for_for_longer_than_was_said() {
    let quick = || options(own()).timeout(Duration::from_millis(300)).attempts(2);
    let get = async |url: &str| {
        let begun = Instant::now();
        let error = quick().connect(url).unwrap().request("GET", PROPERTIES, &[], None).await.unwrap_err();
        (error, begun.elapsed())
    };
    // No answer at all.
    let (silent, count) = raw(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let (error, took) = get(&silent).await;
    assert_eq!((error.kind(), error.code(), error.status()), (ErrorKind::Timeout, "timeout", None));
    assert!(took >= Duration::from_millis(600) && took < Duration::from_secs(3), "{took:?}");
    assert_eq!(count.load(Ordering::SeqCst), 2);
    // A body that never comes to its end.
    let (slow, _) = raw(|mut stream| async move {
        read_head(&mut stream).await;
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        while stream.write_all(b"1\r\n \r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let (error, took) = get(&slow).await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, "timeout"));
    assert!(took < Duration::from_secs(3), "{took:?}");
    // Nobody there.
    let (error, _) = get("http://127.0.0.1:1").await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "unreachable"));
}

#[tokio::test]
async fn a_post_that_never_left_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let later = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let listener = TcpListener::bind(address).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    });
    let gp = options(own()).attempts(20).connect(format!("http://{address}")).unwrap();
    gp.request("POST", "/settings-service/restart", &[], None).await.unwrap();
    later.await.unwrap();
}

#[tokio::test]
async fn an_answer_of_more_than_64_mib_is_left_unread() {
    const CHUNK: usize = 1 << 20;
    // One that says so, and one that does not.
    for announced in [true, false] {
        let (url, count) = raw(move |mut stream| async move {
            read_head(&mut stream).await;
            let head = if announced { "content-length: 67108865" } else { "connection: close" };
            let _sent = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes()).await;
            let chunk = vec![b' '; CHUNK];
            while stream.write_all(&chunk).await.is_ok() {}
        })
        .await;
        let gp = options(own()).timeout(Duration::from_mins(1)).connect(&url).unwrap();
        let error = gp.request("GET", PROPERTIES, &[], None).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.status()),
            (ErrorKind::Protocol, "answer_too_long", Some(200))
        );
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn nobody_is_followed_to_another_place() {
    let (elsewhere, came) = raw(|_| async {}).await;
    let server = Plain::start().await;
    let gp = client_of(&server.url);
    for status in [301, 302, 303, 307, 308] {
        let there = elsewhere.clone();
        server.hook(move |seen| match seen.target.as_str() {
            "/api/gatepass/v1" => Act::Usual,
            _ => Act::Answer(Reply::new(status, "").header("location", there.clone())),
        });
        let error = gp.request("GET", PROPERTIES, &[], None).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.status()),
            (ErrorKind::Protocol, "redirected", Some(status))
        );
        let error = gp.tokens().create(NewToken::new("a", Api::Scim).expires(days(1))).await.unwrap_err();
        assert_eq!(error.code(), "redirected");
    }
    server.no_hook();
    let there = elsewhere.clone();
    server.hook(move |seen| match seen.method.as_str() {
        "POST" => Act::DoneBut(Reply::json(201, &json!("rl-made")).header("location", there.clone())),
        _ => Act::Usual,
    });
    let _ = gp.tokens().create(NewToken::new("b", Api::Scim).expires(days(1))).await.unwrap();
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_is_no_longer_waited_for_is_told_by_the_connection() {
    let (ended, mut has_ended) = tokio::sync::mpsc::unbounded_channel();
    let (url, count) = raw(move |mut stream| {
        let ended = ended.clone();
        async move {
            read_head(&mut stream).await;
            // The other side goes: the end of the stream, or its reset.
            let _end = stream.read_u8().await;
            let _told = ended.send(());
        }
    })
    .await;
    let gp = client_of(&url);
    for _ in 0..3 {
        let asked = gp.request("GET", PROPERTIES, &[], None);
        assert!(tokio::time::timeout(Duration::from_millis(100), asked).await.is_err());
        let told = tokio::time::timeout(Duration::from_secs(2), has_ended.recv()).await;
        assert!(told.is_ok(), "the connection stays open");
    }
    assert_eq!(count.load(Ordering::SeqCst), 3, "and nothing is tried again behind one's back");
}

#[tokio::test]
async fn connections_are_used_again() {
    let (url, count) = raw(|mut stream| async move {
        loop {
            read_head(&mut stream).await;
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.is_err() {
                return;
            }
        }
    })
    .await;
    let gp = client_of(&url);
    for _ in 0..10 {
        gp.request("GET", PROPERTIES, &[], None).await.unwrap();
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_calling_program_is_named_first() {
    let server = Plain::start().await;
    let gp = options(own()).product("backup-job/2.1").connect(&server.url).unwrap();
    gp.request("GET", PROPERTIES, &[], None).await.unwrap();
    let agent = format!("backup-job/2.1 gatepass/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(server.seen()[0].header("user-agent"), Some(&*agent));
    let error = options(own()).product("two\nlines").connect(&server.url).unwrap_err();
    assert_eq!((error.code(), error.field()), ("product_malformed", Some("product")));
}
