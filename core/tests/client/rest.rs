//! Entries through REST (ADAP): what is sent, and what is made of what comes back.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::{
    Attributes, BulkOperation, Credential, DerefAliases, Error, ErrorKind, Filter, Mod, RestClient,
    ReturnMode, SearchScope, Secret,
};
use serde_json::{Value, json};

use super::plain::{Act, OWN, Plain, Reply, Seen};
use super::{options, own};

pub(crate) fn rest_of(server: &Plain) -> RestClient {
    options(own()).rest(adap(server)).unwrap()
}

fn adap(server: &Plain) -> String {
    server.url.replace("/api", "/adap")
}

fn done(server: &Plain) {
    server.hook(|_| Act::Answer(Reply::json(200, &json!({"httpStatus": 200}))));
}

/// Entries of these numbers.
fn entries(numbers: std::ops::Range<usize>) -> Value {
    numbers
        .map(|n| json!({"dn": format!("uid=u{n},o=x"), "attributes": {"uid": [format!("u{n}")]}}))
        .collect()
}

fn page(numbers: std::ops::Range<usize>, total: i64, cookie: &str) -> Reply {
    let count = numbers.len();
    Reply::json(
        200,
        &json!({"resources": entries(numbers), "totalResults": total, "count": count, "cookie": cookie}),
    )
}

/// A server that pages as the vendor's does: one cookie for the whole search, and the last page says `null`.
fn paging(server: &Plain, size: usize, pages: usize) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    server.hook(move |seen| {
        if seen.target.contains("pageSize=0") {
            return Act::Answer(page(0..0, -3, "null"));
        }
        let n = count.fetch_add(1, Ordering::SeqCst);
        let cookie = if n + 1 < pages { "localhost=NTEyNDIzODcw" } else { "null" };
        Act::Answer(page(n * size..(n + 1) * size, -2, cookie))
    });
    asked
}

async fn eventually(holds: impl Fn() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), waited).await.unwrap();
}

fn size(entries: u32) -> NonZeroU32 {
    NonZeroU32::new(entries).unwrap()
}

#[tokio::test]
async fn each_operation_is_what_the_vendor_documents() {
    let server = Plain::start().await;
    done(&server);
    let rest = rest_of(&server);
    let dn = "cn=a/b?c#d%e+é,ou=x\\, y,o=z";
    rest.bind().await.unwrap();
    rest.add(dn, [("objectClass", vec!["top", "person"]), ("cn", vec!["a"])]).await.unwrap();
    rest.replace(dn, Attributes::new().with("cn", ["b"])).await.unwrap();
    rest.modify(
        dn,
        [Mod::add("a", ["1"]), Mod::replace("b", ["2", "3"]), Mod::delete("c", ["4"]), Mod::delete_all("d")],
    )
    .await
    .unwrap();
    rest.rename("uid=alice,o=z", "uid=lewis").await.unwrap();
    rest.move_to("uid=alice,o=z", "uid=alice", "ou=y,o=z").await.unwrap();
    rest.delete(dn).await.unwrap();
    rest.delete_tree("ou=y,o=z").await.unwrap();

    let path = "/adap/cn%3Da%2Fb%3Fc%23d%25e%2B%C3%A9%2Cou%3Dx%5C%2C%20y%2Co%3Dz";
    let seen = server.seen();
    assert_eq!(
        seen.iter().map(Seen::line).collect::<Vec<_>>(),
        [
            "GET /adap?bind=simpleBind".to_owned(),
            "POST /adap".to_owned(),
            format!("PUT {path}"),
            format!("PATCH {path}"),
            "PATCH /adap".to_owned(),
            "PATCH /adap".to_owned(),
            format!("DELETE {path}"),
            "DELETE /adap/ou%3Dy%2Co%3Dz?deletetree=true".to_owned(),
        ]
    );
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some(&format!("Bearer {OWN}"))));
    assert!(seen.iter().all(|seen| seen.header("proxy").is_none()));
    let bodies: Vec<_> = seen.iter().filter(|seen| !seen.body.is_empty()).map(Seen::json).collect();
    assert_eq!(
        bodies,
        [
            json!({"params": {"dn": dn, "attributes": {"objectClass": ["top", "person"], "cn": ["a"]}}}),
            json!({"params": {"attributes": {"cn": ["b"]}}}),
            json!({"params": {"mods": [
                {"attribute": "a", "type": "ADD", "values": ["1"]},
                {"attribute": "b", "type": "REPLACE", "values": ["2", "3"]},
                {"attribute": "c", "type": "DELETE", "values": ["4"]},
                {"attribute": "d", "type": "DELETE", "values": []},
            ]}}),
            json!({"params": {"DN": "uid=alice,o=z", "newRDN": "uid=lewis"}}),
            json!({"params": {"DN": "uid=alice,o=z", "newRDN": "uid=alice", "newSuperiorDN": "ou=y,o=z"}}),
        ]
    );
}

#[tokio::test]
async fn a_bind_is_believed_only_where_the_server_says_so() {
    let server = Plain::start().await;
    let rest = rest_of(&server);
    for body in
        ["", "{}", "[]", "\"ok\"", "{\"resources\": []}", "<html></html>", "{\"httpStatus\": \"yes\"}"]
    {
        server.hook(move |_| Act::Answer(Reply::new(200, body)));
        let error = rest.bind().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, "answer_malformed"), "{body}");
    }
    // Where something is done it is enough that nothing speaks against it.
    for body in ["", "{}", "done"] {
        server.hook(move |_| Act::Answer(Reply::new(200, body)));
        rest.delete("o=x").await.unwrap();
    }
}

#[tokio::test]
async fn every_parameter_of_a_search_is_sent() {
    let server = Plain::start().await;
    server.hook(|_| Act::Answer(page(0..1, 1, "null")));
    let rest = rest_of(&server);
    rest.search("o=x").all().await.unwrap();
    rest.search("o=x")
        .filter(Filter::equals("cn", "a&b*"))
        .attributes(["cn", "sn"])
        .scope(SearchScope::One)
        .page_size(size(7))
        .return_mode(ReturnMode::LdapSchema)
        .deref_aliases(DerefAliases::Always)
        .all()
        .await
        .unwrap();
    rest.search("o=x").start_index(101).count(2).size_limit(102).all().await.unwrap();
    rest.search("o=x").context(true).context_filter("//uid=A*").unpaged().cookie("c").all().await.unwrap();
    assert_eq!(rest.get("o=x").await.unwrap().first("UID"), Some("u0"));
    assert_eq!(
        server.lines(),
        [
            "GET /adap/o%3Dx?scope=sub&sizeLimit=0&pageSize=1000&returnMode=array",
            "GET /adap/o%3Dx?filter=%28cn%3Da%26b%5C2a%29&attributes=cn%2Csn&scope=one&sizeLimit=0&pageSize=7&returnMode=ldapschema&derefAliases=3",
            "GET /adap/o%3Dx?scope=sub&startIndex=101&count=2&sizeLimit=102&returnMode=array",
            "GET /adap/o%3Dx?scope=sub&sizeLimit=0&cookie=c&context=true&contextFilter=%2F%2Fuid%3DA%2A&returnMode=array",
            "GET /adap/o%3Dx?scope=base&sizeLimit=1&returnMode=array",
        ]
    );
}

#[tokio::test]
async fn a_search_gives_everything_and_asks_one_page_ahead() {
    let server = Plain::start().await;
    let asked = paging(&server, 3, 4);
    let rest = rest_of(&server);
    let mut pages = rest.search("o=x").page_size(size(3)).pages();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(first.to_json()).unwrap(), entries(0..3));
    eventually(|| asked.load(Ordering::SeqCst) == 2).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "and no more than one");
    let mut found: Vec<_> = first.entries().unwrap();
    while let Some(page) = pages.next().await {
        found.extend(page.unwrap().entries().unwrap());
    }
    assert!(pages.next().await.is_none(), "the end stays the end");
    let names: Vec<_> = found.iter().map(|entry| entry.first("uid").unwrap().to_owned()).collect();
    assert_eq!(names, (0..12).map(|n| format!("u{n}")).collect::<Vec<_>>());
    assert!(server.lines()[1].ends_with("&pageSize=3&cookie=localhost%3DNTEyNDIzODcw&returnMode=array"));

    paging(&server, 2, 3);
    let entries: Vec<_> = rest.search("o=x").entries().try_collect().await.unwrap();
    assert_eq!(entries.len(), 6);
}

#[tokio::test]
async fn what_is_no_answer_to_a_search_is_not_taken_for_an_empty_one() {
    let server = Plain::start().await;
    let rest = rest_of(&server);
    for body in [
        "{}",
        "[]",
        "{\"totalResults\": 0}",
        "{\"resources\": 1}",
        "{\"resources\": [1]}",
        "null",
        "{\"httpStatus\": 200}",
    ] {
        server.hook(move |_| Act::Answer(Reply::new(200, body)));
        for error in [
            rest.search("o=x").all().await.unwrap_err(),
            rest.search("o=x").pages().next().await.unwrap().unwrap_err(),
            rest.root_contexts().await.unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, "answer_malformed"), "{body}");
        }
    }
    server.hook(|_| Act::Answer(Reply::new(200, "{\"resources\": null}")));
    assert_eq!(rest.search("o=x").all().await.unwrap().len(), 0);
    assert!(rest.search("o=x").pages().next().await.unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn a_page_that_is_given_up_waiting_for_is_not_lost() {
    let server = Plain::start().await;
    paging(&server, 1, 3);
    let mut pages = rest_of(&server).search("o=x").pages();
    let mut found = 0;
    loop {
        let waited = tokio::time::timeout(Duration::from_micros(20), pages.next()).await;
        match waited {
            Ok(Some(page)) => found += page.unwrap().len(),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    assert_eq!(found, 3);
}

#[tokio::test]
async fn a_search_that_is_dropped_is_ended_on_the_server() {
    let server = Plain::start().await;
    let asked = paging(&server, 1, 1000);
    let rest = rest_of(&server);
    let ends = || {
        server.state_lines().iter().filter(|line| line.contains("pageSize=0")).cloned().collect::<Vec<_>>()
    };
    // Between two pages, and while the next one is on its way.
    for wait in [true, false] {
        server.seen();
        let mut pages = rest.search("o=x").pages();
        let before = asked.load(Ordering::SeqCst);
        pages.next().await.unwrap().unwrap();
        if wait {
            eventually(|| asked.load(Ordering::SeqCst) == before + 2).await;
        }
        drop(pages);
        eventually(|| !ends().is_empty()).await;
        assert_eq!(ends(), ["GET /adap/o%3Dx?pageSize=0&cookie=localhost%3DNTEyNDIzODcw"]);
    }
    server.seen();
    let mut pages = rest.search("o=x").pages();
    pages.next().await.unwrap().unwrap();
    pages.close().await;
    assert_eq!(ends().len(), 1, "it is known to the server when `close` is back");
    // A search that has come to its end has nothing to be ended, nor one that nobody asked for.
    paging(&server, 1, 2);
    server.seen();
    rest.search("o=x").all().await.unwrap();
    drop(rest.search("o=x").pages());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ends(), [""; 0]);
}

#[tokio::test]
async fn a_result_that_was_cut_says_how_far_it_goes() {
    let server = Plain::start().await;
    let rest = rest_of(&server);
    let cut = |error: &Error| {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, "incomplete_result"), "{error}");
        assert_eq!((error.status(), error.retryable()), (Some(200), false));
        let incomplete = error.incomplete().unwrap();
        (incomplete.count, incomplete.cookie.clone())
    };
    // Paging is off; the search ended early, with a cookie and without; fewer came than were found.
    for (reply, paged, expected) in [
        (page(0..2, -1, "null"), true, (2, None)),
        (page(0..2, -3, "c"), true, (2, Some("c".to_owned()))),
        (page(0..2, -3, "null"), true, (2, None)),
        (page(0..2, 5, "null"), true, (2, None)),
        (page(0..0, -1, ""), true, (0, None)),
        (page(0..2, -1, "null"), false, (2, None)),
        (page(0..2, 3, "null"), false, (2, None)),
    ] {
        server.hook(move |_| Act::Answer(reply.clone()));
        let search = rest.search("o=x");
        let mut pages = if paged { search } else { search.unpaged() }.pages();
        assert_eq!(pages.next().await.unwrap().unwrap().len() as u64, expected.0, "what came is given first");
        assert_eq!(cut(&pages.next().await.unwrap().unwrap_err()), expected);
        assert!(pages.next().await.is_none());
    }
    // On the second page all that came counts.
    server.hook(|seen| {
        Act::Answer(if seen.target.contains("cookie=") { page(3..5, -3, "d") } else { page(0..3, -2, "c") })
    });
    let error = rest.search("o=x").all().await.unwrap_err();
    assert_eq!(cut(&error), (5, Some("d".to_owned())));
    // Whoever asks for a part gets a part.
    for reply in [page(0..2, -1, "null"), page(0..2, 9, "null")] {
        server.hook(move |_| Act::Answer(reply.clone()));
        assert_eq!(rest.search("o=x").size_limit(2).all().await.unwrap().len(), 2);
        assert_eq!(rest.search("o=x").start_index(1).count(2).all().await.unwrap().len(), 2);
    }
    assert!(Error::invalid("a", "b", "c").incomplete().is_none());
}

#[tokio::test]
async fn a_server_that_goes_round_in_a_circle_is_found_out() {
    let server = Plain::start().await;
    let rest = rest_of(&server);
    let run = async |expected: usize| {
        let mut pages = rest.search("o=x").pages();
        let mut found = 0;
        loop {
            match pages.next().await.expect("it has no end") {
                Ok(page) => found += page.len(),
                Err(error) => {
                    assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, "cursor_loops"));
                    assert_eq!(found, expected, "nothing was given twice");
                    return;
                }
            }
        }
    };
    server.hook(|_| Act::Answer(page(0..2, -2, "same")));
    run(2).await;
    let mut n = 0;
    server.hook(move |seen| {
        n += usize::from(!seen.target.contains("pageSize=0"));
        Act::Answer(page((n % 3) * 2..(n % 3) * 2 + 2, -2, &format!("c{n}")))
    });
    run(6).await;
    let mut n = 0;
    server.hook(move |_| {
        n += 1;
        Act::Answer(page(0..0, -2, &format!("c{n}")))
    });
    run(0).await;
}

#[tokio::test]
async fn a_page_is_not_asked_for_twice_and_the_first_one_is() {
    let server = Plain::start().await;
    let rest = rest_of(&server);
    let mut n = 0;
    server.hook(move |seen| {
        n += 1;
        match (n, seen.target.contains("cookie=")) {
            (1, _) => Act::Answer(Reply::new(503, "")),
            (_, false) => Act::Answer(page(0..1, -2, "c")),
            (_, true) => Act::Drop,
        }
    });
    let mut pages = rest.search("o=x").pages();
    pages.next().await.unwrap().unwrap();
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "connection_lost");
    let lines = server.lines();
    let asked: Vec<_> = lines.iter().filter(|line| !line.contains("pageSize=0")).collect();
    assert_eq!(asked.iter().filter(|line| line.contains("cookie=c")).count(), 1, "{asked:?}");
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_cluster_s_node_is_followed_to_where_it_may_be() {
    let (first, second, evil) = (Plain::start().await, Plain::start().await, Plain::start().await);
    let host = second.url.trim_start_matches("http://").trim_end_matches("/api").to_owned();
    let to_second = format!("http://{host}/adap/o%3Dx?cookie=c");
    first.hook(move |seen| {
        if seen.target.contains("cookie=") {
            return Act::Answer(Reply::new(302, "").header("location", &to_second));
        }
        Act::Answer(page(0..1, -2, "c"))
    });
    let mut n = 0;
    second.hook(move |seen| {
        if seen.target.contains("pageSize=0") {
            return Act::Answer(page(0..0, -3, "null"));
        }
        n += 1;
        Act::Answer(page(n..n + 1, -2, if n < 3 { "c" } else { "null" }))
    });
    let rest = options(own()).node(&host).rest(adap(&first)).unwrap();
    assert_eq!(rest.search("o=x").all().await.unwrap().len(), 4);
    assert_eq!(first.lines().len(), 2, "the cursor's node is asked from then on");
    let seen = second.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].header("authorization"), Some(&*format!("Bearer {OWN}")));
    assert_eq!(
        seen[0].line(),
        "GET /adap/o%3Dx?scope=sub&sizeLimit=0&pageSize=1000&cookie=c&returnMode=array"
    );

    // A node that nobody named gets nothing, nor does a write's redirect move it.
    let rest = rest_of(&first);
    let elsewhere = evil.url.clone();
    for status in [301, 302, 303, 307, 308] {
        let target = format!("{elsewhere}/x?token={OWN}");
        first.hook(move |_| Act::Answer(Reply::new(status, "").header("location", &target)));
        let error = rest.search("o=x").all().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.status()),
            (ErrorKind::Protocol, "redirected", Some(status))
        );
        assert_eq!(rest.delete("o=x").await.unwrap_err().code(), "redirected");
    }
    assert_eq!(evil.lines(), [""; 0]);
    let itself = adap(&first);
    first.hook(move |_| Act::Answer(Reply::new(302, "").header("location", &itself)));
    first.seen();
    assert_eq!(rest.search("o=x").all().await.unwrap_err().code(), "redirected");
    assert_eq!(first.lines().len(), 4, "a circle is left");
    assert_eq!(rest.delete("o=x").await.unwrap_err().code(), "redirected");
    assert_eq!(options(own()).node("a/b").rest(adap(&first)).unwrap_err().code(), "node_malformed");
}

#[tokio::test]
async fn each_refusal_is_an_error_of_its_kind() {
    use ErrorKind::{
        Conflict, Forbidden, InvalidInput, NotFound, Protocol, Unauthorized, Unavailable, Unsupported,
    };
    let server = Plain::start().await;
    let rest = options(own()).attempts(1).rest(adap(&server)).unwrap();
    let old = |code: i64| json!({"httpStatus": 400, "ldapCode": code, "description": "why"});
    let new = |code: i64| json!({"httpStatus": 400, "errorCode": code, "description": "why"});
    for (status, said, kind, code) in [
        (400, old(32), NotFound, "entry_not_found"),
        (404, json!(null), NotFound, "entry_not_found"),
        (404, new(32), NotFound, "entry_not_found"),
        (400, new(68), Conflict, "entry_exists"),
        (409, json!({}), Conflict, "entry_exists"),
        (400, old(20), Conflict, "attribute_or_value_exists"),
        (400, old(65), InvalidInput, "object_class_violation"),
        (400, new(34), InvalidInput, "dn_malformed"),
        (400, old(50), Forbidden, "insufficient_access_rights"),
        (400, old(49), Unauthorized, "authentication_failed"),
        (400, old(66), Conflict, "not_allowed_on_non_leaf"),
        (400, new(51), Unavailable, "busy"),
        (400, new(53), Unsupported, "unwilling_to_perform"),
        (500, old(80), Protocol, "server_error"),
        (400, old(9999), InvalidInput, "bad_request"),
        (400, json!({"httpStatus": 400, "ldapCode": "x"}), InvalidInput, "bad_request"),
        (401, new(49), Unauthorized, "authentication_failed"),
        (403, json!({}), Forbidden, "forbidden"),
        // A success that says otherwise in its body.
        (200, old(32), NotFound, "entry_not_found"),
    ] {
        let answer = Reply::json(status, &said).header("x-request-id", "req-1");
        server.hook(move |_| Act::Answer(answer.clone()));
        let errors = [
            rest.get("o=x").await.unwrap_err(),
            rest.add("o=x", Attributes::new()).await.unwrap_err(),
            rest.bulk([BulkOperation::delete("o=x")]).await.unwrap_err(),
            rest.bind().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.kind(), error.code()), (kind, code), "{status} {said} {error}");
            assert_eq!(error.request_id(), Some("req-1"));
            if said.get("description").is_some() {
                assert_eq!(error.to_string(), "why");
            }
        }
    }
    server.hook(|_| Act::Answer(page(0..0, 0, "null")));
    let error = rest.get("o=x").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (NotFound, "entry_not_found"));
}

#[tokio::test]
async fn an_older_server_s_word_about_a_bad_token_is_understood() {
    let server = Plain::start().await;
    let secrets = [OWN, "gpr_K7b2Xw9LmQ4z_new0new0new0new0new0new0new0new000000"];
    let (count, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let ask = Arc::clone(&count);
    let credential = Credential::callable(move || {
        let n = ask.fetch_add(1, Ordering::SeqCst);
        async move { Secret::new(secrets[n.min(1)]) }
    });
    let seen_by = Arc::clone(&asked);
    server.hook(move |seen| {
        seen_by.fetch_add(1, Ordering::SeqCst);
        let token = seen.header("authorization").unwrap().trim_start_matches("Bearer ").to_owned();
        if token == OWN {
            let said = json!({"httpStatus": 400, "description": format!("Invalid token: {token}")});
            return Act::Answer(Reply::json(400, &said));
        }
        Act::Answer(Reply::json(200, &json!({"httpStatus": 200})))
    });
    let rest = options(credential).rest(adap(&server)).unwrap();
    rest.add("o=x", Attributes::new()).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2, "asked again with the new one");
    let rest = rest_of(&server);
    let error = rest.bind().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthorized, "authentication_failed"));
    assert!(!format!("{error:?} {error}").contains("own0"), "{error:?}");
    // Where the password of an entry is quoted, nothing is wrong with the token.
    server.hook(|_| {
        Act::Answer(Reply::json(
            400,
            &json!({"httpStatus": 400, "ldapCode": 19, "description": "hunter2hunter2 is weak"}),
        ))
    });
    let error = rest.add("o=x", [("userPassword", ["hunter2hunter2"])]).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidInput, "constraint_violation"));
    assert_eq!(error.to_string(), "… is weak");
    let error = rest.modify("o=x", [Mod::replace("unicodePwd", ["hunter2hunter2"])]).await.unwrap_err();
    assert_eq!(error.to_string(), "… is weak");
}

#[tokio::test]
async fn a_bulk_tells_of_each_operation() {
    let server = Plain::start().await;
    let rest = rest_of(&server);
    server.hook(|_| {
        Act::Answer(Reply::json(200, &json!({"Operations": [
            {"method": "POST", "dn": "o=a", "status": {"code": "200"}},
            {"method": "PUT", "dn": "o=b", "status": {"code": "400", "ldapCode": 32, "description": "no such"}},
            {"method": "PATCH", "dn": "o=c", "status": {"code": 404}},
            {"method": "DELETE", "dn": "o=d", "status": {"code": "201"}},
            {"method": "POST", "dn": "o=e", "status": {"code": "400", "description": "hunter2hunter2 is weak"}},
        ]})))
    });
    let results = rest
        .bulk([
            BulkOperation::add("o=a", [("o", ["a"])]),
            BulkOperation::replace("o=b", [("o", ["b"])]),
            BulkOperation::modify("o=c", [Mod::add("d", ["e"])]),
            BulkOperation::delete_tree("o=d"),
            BulkOperation::add("o=e", [("userPassword", ["hunter2hunter2"])]),
        ])
        .await
        .unwrap();
    let codes: Vec<_> = results
        .iter()
        .map(|result| result.outcome.as_ref().err().map(|error| error.code().to_owned()))
        .collect();
    let expected = [None, Some("entry_not_found"), Some("entry_not_found"), None, Some("bad_request")];
    assert_eq!(codes, expected.map(|code| code.map(str::to_owned)));
    assert_eq!(results[1].outcome.as_ref().unwrap_err().to_string(), "no such");
    assert_eq!(results[4].outcome.as_ref().unwrap_err().to_string(), "… is weak");
    assert_eq!(results.iter().map(|result| result.dn.as_str()).collect::<String>(), "o=ao=bo=co=do=e");
    let seen = server.seen();
    assert_eq!(seen[0].line(), "POST /adap/bulk");
    assert_eq!(
        seen[0].json(),
        json!({"Operations": [
            {"method": "POST", "dn": "o=a", "params": {"attributes": {"o": ["a"]}}},
            {"method": "PUT", "dn": "o=b", "params": {"attributes": {"o": ["b"]}}},
            {"method": "PATCH", "dn": "o=c", "params": {"mods": [{"attribute": "d", "type": "ADD", "values": ["e"]}]}},
            {"method": "DELETE", "dn": "o=d", "params": {}, "deletetree": true},
            {"method": "POST", "dn": "o=e", "params": {"attributes": {"userPassword": ["hunter2hunter2"]}}},
        ]})
    );
    // Fewer results than operations say nothing of any.
    let error = rest.bulk([BulkOperation::delete("o=a")]).await.unwrap_err();
    assert_eq!(error.code(), "answer_malformed");
    assert_eq!(rest.bulk([]).await.unwrap().len(), 0);
    assert_eq!(server.lines().len(), 1, "nothing is sent for nothing");
    // It is sent once, whatever becomes of it.
    server.hook(|_| Act::Answer(Reply::new(503, "")));
    assert_eq!(rest.bulk([BulkOperation::delete("o=a")]).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn ten_thousand_operations_go_in_one_call() {
    let server = Plain::start().await;
    server.hook(|seen| {
        let operations = seen.json()["Operations"].as_array().unwrap().clone();
        let done = operations
            .iter()
            .map(|of| json!({"method": of["method"], "dn": of["dn"], "status": {"code": "200"}}));
        Act::Answer(Reply::json(200, &json!({"Operations": done.collect::<Value>()})))
    });
    let operations = (0..10_000).map(|n| {
        BulkOperation::add(
            format!("uid=u{n},o=x"),
            [("uid", vec![format!("u{n}")]), ("userPassword", vec![format!("password{n}")])],
        )
    });
    let results = rest_of(&server).bulk(operations).await.unwrap();
    assert!(results.len() == 10_000 && results.iter().all(|result| result.outcome.is_ok()));
}

#[tokio::test]
async fn a_user_is_acted_as_by_a_header() {
    let server = Plain::start().await;
    done(&server);
    let rest = rest_of(&server);
    rest.acting_as("uid=é\u{1F600},ou=a\\, b,o=x").unwrap().bind().await.unwrap();
    rest.bind().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].header("proxy"), Some("uid=\\C3\\A9\\F0\\9F\\98\\80,ou=a\\, b,o=x"));
    assert_eq!(seen[1].header("proxy"), None);
    for dn in ["", "x", "uid=a\r\nx: y", "uid=a\0"] {
        assert_eq!(rest.acting_as(dn).unwrap_err().code(), "dn_malformed", "{dn:?}");
    }
}

#[tokio::test]
async fn what_is_no_name_is_not_sent() {
    let server = Plain::start().await;
    done(&server);
    let rest = rest_of(&server);
    let long = format!("cn={}", "a".repeat(5000));
    for (dn, code) in [
        ("", "dn_malformed"),
        (".", "dn_malformed"),
        ("..", "dn_malformed"),
        ("rootdse", "dn_malformed"),
        ("a=b\n", "dn_malformed"),
        (&long, "dn_too_long"),
    ] {
        let errors = [
            rest.get(dn).await.unwrap_err(),
            rest.add(dn, Attributes::new()).await.unwrap_err(),
            rest.replace(dn, Attributes::new()).await.unwrap_err(),
            rest.modify(dn, []).await.unwrap_err(),
            rest.rename(dn, "cn=b").await.unwrap_err(),
            rest.rename("cn=b", dn).await.unwrap_err(),
            rest.move_to("cn=b", "cn=b", dn).await.unwrap_err(),
            rest.delete(dn).await.unwrap_err(),
            rest.delete_tree(dn).await.unwrap_err(),
            rest.bulk([BulkOperation::delete(dn)]).await.unwrap_err(),
            rest.search(dn).all().await.unwrap_err(),
        ];
        assert!(
            errors.iter().all(|error| error.code() == code && error.kind() == ErrorKind::InvalidInput),
            "{dn}"
        );
    }
    let error = rest.search("o=x").filter(Filter::equals("cn=*)(uid", "x")).all().await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("filter_malformed", Some("filter")));
    assert_eq!(server.lines(), [""; 0]);
}

#[tokio::test]
async fn root_contexts_are_told_in_one_of_two_ways() {
    let server = Plain::start().await;
    let rest = rest_of(&server);
    for resources in [
        json!([{"dn": "", "attributes": {"namingcontexts": ["o=a", "o=b"]}}]),
        json!([{"dn": "o=a", "attributes": {}}, {"dn": "o=b"}]),
    ] {
        let reply = Reply::json(200, &json!({"resources": resources}));
        server.hook(move |_| Act::Answer(reply.clone()));
        assert_eq!(rest.root_contexts().await.unwrap(), ["o=a", "o=b"]);
    }
    assert_eq!(server.lines()[0], "GET /adap/rootdse?returnMode=array");
}

#[tokio::test]
async fn where_it_is_is_said_once() {
    for (url, expected) in [
        ("https://r1.example:8090", "https://r1.example:8090/adap"),
        ("https://r1.example:8090/adap/", "https://r1.example:8090/adap"),
        ("http://127.0.0.1:8089/x", "http://127.0.0.1:8089/x"),
    ] {
        assert_eq!(RestClient::new(url, own()).unwrap().url(), expected);
    }
    assert_eq!(RestClient::new("http://r1.example/adap", own()).unwrap_err().code(), "url_insecure");
    assert_eq!(RestClient::new("r1", own()).unwrap_err().code(), "url_malformed");
    let login = gatepass::ConnectOptions::login("a", gatepass::Password::new("b"));
    assert_eq!(login.rest("https://r1.example").unwrap_err().code(), "token_required");
}
