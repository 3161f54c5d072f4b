//! What is sent by mistake, or on purpose.

use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Sandbox, refused, scim_error, under, with};
use crate::house::encoded;

/// As much of a text as an assertion has to show.
fn begin(text: &str) -> String {
    text.chars().take(20).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_all_kinds_find_their_entry_or_nothing() {
    let sandbox = Sandbox::new(40).await;
    // Whatever is in a name, its entry is found by it, by both APIs.
    let all = sandbox.search("o=acme", &[("sizeLimit", "0"), ("filter", "(objectClass=person)")]).await;
    for entry in all["resources"].as_array().unwrap() {
        let dn = entry["dn"].as_str().unwrap();
        assert_eq!(sandbox.entry(dn).await["uid"][0], entry["attributes"]["uid"], "{dn}");
        let found = sandbox.scim(Method::GET, &format!("/Users/{}", encoded(dn))).send().await;
        assert_eq!(found.json()["userName"], entry["attributes"]["uid"], "{dn}");
    }
    for value in [
        "a+b",
        "a/b",
        "a%2Fb",
        "a\\b",
        " a ",
        "#a",
        "a,b=c",
        "\"",
        "<a>",
        "שלום",
        "a\u{202e}b",
        "e\u{301}",
        "🦆",
        "a;b",
        "a\u{0}b",
        "a\nb",
    ] {
        let name = gatepass::Dn::escape(value);
        let dn = format!("uid={name},ou=People,o=acme");
        sandbox.add(&dn, json!({"objectClass": "person"})).await;
        let kept = sandbox.entry(&dn).await["uid"][0].clone();
        assert_eq!(kept, value, "{dn}");
        assert_eq!(sandbox.adap(Method::DELETE, &under(&dn, &[])).send().await.status, 200, "{dn}");
    }
    for (path, code) in [
        ("/%ff%fe", 34),
        ("/uid=a%00,o=acme", 34),
        ("/o", 34),
        ("/=", 34),
        ("/,", 34),
        ("/uid=a,,o=acme", 34),
        ("/uid=a%5Cz,o=acme", 34),
        ("/uid=%2522,o=acme", 32),
        ("/%20", 32),
        ("/o=acme/x", 32),
        ("/o=acme%2Fx", 32),
    ] {
        assert_eq!(refused(&sandbox.adap(Method::GET, path).send().await), (400, code), "{path}");
    }
    let long = format!("/{}", "cn=a,".repeat(1100) + "o=acme");
    let reply = sandbox.adap(Method::GET, &long).send().await;
    assert_eq!(refused(&reply).0, 400);
    assert_eq!(refused(&sandbox.adap(Method::GET, "/o=acme?scope=base&scope=sub").send().await), (400, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_are_deep_or_long_are_refused() {
    let sandbox = Sandbox::new(0).await;
    let deep = format!("{}(cn=a){}", "(!".repeat(3000), ")".repeat(3000));
    for filter in [&*deep, &"(&".repeat(5000), &"(".repeat(10_000), "(cn=\\", "(cn=\\g0)", "(cn:=", "(=)"] {
        let reply = sandbox.adap(Method::GET, &under("o=acme", &[("filter", filter)])).send().await;
        assert_eq!(refused(&reply), (400, 400), "{}", begin(filter));
    }
    let deep = format!("{}title pr{}", "not (".repeat(2000), ")".repeat(2000));
    let terms = vec!["title pr"; 3000].join(" or ");
    let brackets = "(".repeat(10_000);
    for filter in [&*deep, &terms, &brackets, "emails[", "title eq \"", "title eq \"\\ud800\"", "\u{0}"] {
        let reply = sandbox.scim(Method::GET, &with("/Users", &[("filter", filter)])).send().await;
        assert_eq!(scim_error(&reply), (400, "invalidFilter".into()), "{}", begin(filter));
        let request = json!({"filter": filter});
        let reply = sandbox.scim(Method::POST, "/Users/.search").json(&request).send().await;
        assert_eq!(scim_error(&reply), (400, "invalidFilter".into()));
    }
    // As broad as it may be, it is answered.
    let broad = vec!["title eq \"a\""; 1000].join(" or ");
    let reply = sandbox.scim(Method::POST, "/Users/.search").json(&json!({"filter": broad})).send().await;
    assert_eq!(reply.status, 200);
    let id = sandbox.create("/Users", json!({"userName": "a"})).await["id"].clone();
    let nested = format!("emails[{}].value", "(".repeat(1000));
    let change = json!({"Operations": [{"op": "remove", "path": nested}]});
    let reply =
        sandbox.scim(Method::PATCH, &format!("/Users/{}", id.as_str().unwrap())).json(&change).send().await;
    assert_eq!(scim_error(&reply), (400, "invalidPath".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_none_are_refused_and_not_quoted() {
    let sandbox = Sandbox::new(1).await;
    let secret = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1";
    let deep = "[".repeat(100_000);
    let nested = format!("{{\"params\":{}", "{\"a\":".repeat(10_000));
    let quoted = format!(r#"{{"params": {{"dn": {{"{secret}": 1}}}}}}"#);
    let user = under("uid=p0000001,ou=People,o=acme", &[]);
    for body in [
        "",
        "no json",
        "[]",
        "null",
        "{",
        "5",
        "\"text\"",
        "1e999",
        "{\"params\": 5}",
        "{\"params\": {}}",
        &deep,
        &nested,
        &quoted,
    ] {
        for (method, path) in [
            (Method::POST, ""),
            (Method::PATCH, ""),
            (Method::PUT, &*user),
            (Method::PATCH, &*user),
            (Method::POST, "/bulk"),
        ] {
            let reply = sandbox.adap(method.clone(), path).raw(body.to_owned()).send().await;
            let what = begin(body);
            assert_eq!(refused(&reply), (400, 400), "{method} {path} {what}");
            assert!(!String::from_utf8_lossy(&reply.body).contains(secret));
        }
        if body == "{\"params\": {}}" || body == quoted {
            continue;
        }
        let reply = sandbox.scim(Method::POST, "/Users").raw(body.to_owned()).send().await;
        assert_eq!(scim_error(&reply).0, 400, "{}", begin(body));
    }
    // What is refused names no more than was sent.
    let dn = json!({"params": {"dn": format!("cn={secret},o=nowhere"), "attributes": {secret: ["", ""]}}});
    let reply = sandbox.adap(Method::POST, "").json(&dn).send().await;
    assert!(!String::from_utf8_lossy(&reply.body).contains(secret), "{reply:?}");
    let reply = sandbox
        .scim(Method::GET, &with("/Users", &[("filter", &format!("{secret} eq {secret}"))]))
        .send()
        .await;
    assert!(!String::from_utf8_lossy(&reply.body).contains(secret), "{reply:?}");

    // What says that it is too long is not waited for.
    for (path, token) in
        [("/adap", &sandbox.rest), ("/adap/bulk", &sandbox.rest), ("/scim2/v2/Users", &sandbox.scim)]
    {
        let mut stream = TcpStream::connect(sandbox.house.address()).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 99999999\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path} {answer}");
    }
    let attributes: Value = (0..5000)
        .map(|number| (format!("a{number}"), json!(["x"])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let reply = sandbox
        .write(Method::POST, "", json!({"dn": "cn=wide,ou=People,o=acme", "attributes": attributes}))
        .await;
    assert_eq!(refused(&reply), (400, 65), "wide, and without a class");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_no_path_is_told_in_the_apis_own_form() {
    let sandbox = Sandbox::new(0).await;
    assert_eq!(refused(&sandbox.adap(Method::TRACE, "/o=acme").send().await), (405, 405));
    assert_eq!(refused(&sandbox.adap(Method::GET, "/bulk").send().await), (405, 405));
    assert_eq!(scim_error(&sandbox.scim(Method::GET, "/Devices").send().await), (404, String::new()));
    assert_eq!(scim_error(&sandbox.scim(Method::PUT, "/Users").send().await), (405, String::new()));
    assert_eq!(
        sandbox.house.get("/scim3").send().await.error().0,
        404,
        "what is beside it is the authority's"
    );
    let mut stream = TcpStream::connect(sandbox.house.address()).await.unwrap();
    let head = format!(
        "GET /scim2/v2/ServiceProviderConfig HTTP/1.1\r\nhost: evil.example/<script>\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        sandbox.scim
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("://localhost/scim2/v2/") && !answer.contains("<script"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_lose_nothing() {
    let sandbox = std::sync::Arc::new(Sandbox::new(0).await);
    let group = sandbox.create("/Groups", json!({"displayName": "Crew"})).await["id"].clone();
    let path = format!("/Groups/{}", group.as_str().unwrap());
    let tasks: Vec<_> = (0..24)
        .map(|number| {
            let (sandbox, path) = (std::sync::Arc::clone(&sandbox), path.clone());
            tokio::spawn(async move {
                let user = sandbox.create("/Users", json!({"userName": format!("u{number}")})).await;
                let add = json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": user["id"]}]}]});
                let reply = sandbox.scim(Method::PATCH, &path).json(&add).send().await;
                assert_eq!(reply.status, 200, "{reply:?}");
                // One name, and only one of them gets it.
                sandbox.scim(Method::POST, "/Users").json(&json!({"userName": "same"})).send().await.status
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1], statuses[23]), (201, 409, 409));
    let members = sandbox.scim(Method::GET, &path).send().await.json()["members"].as_array().unwrap().len();
    assert_eq!(members, 24);
}
