//! Both data APIs against servers that behave badly: each time a clear error, and never the token in it.

use std::time::Duration;

use gatepass::{Attributes, BulkOperation, Entry, Error, Mod, PatchOp, Resource, RestClient, ScimClient};
use proptest::prelude::*;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::answers::{assert_hidden, bodies, echoes};
use super::plain::{Act, OWN, Plain, Reply};
use super::sending::{raw, read_head};
use super::{all_words, options, own};

/// Every operation, and what each said.
async fn errors_of(rest: &RestClient, scim: &ScimClient) -> Vec<Error> {
    let (a, users) = ("cn=a,o=x", scim.resources("Users"));
    let first = async {
        match rest.search(a).pages().next().await {
            Some(page) => page.err(),
            None => None,
        }
    };
    [
        rest.bind().await.err(),
        first.await,
        rest.get(a).await.err(),
        rest.search(a).unpaged().all().await.err(),
        rest.root_contexts().await.err(),
        rest.add(a, Attributes::new()).await.err(),
        rest.replace(a, Attributes::new()).await.err(),
        rest.modify(a, [Mod::delete_all("b")]).await.err(),
        rest.rename(a, "cn=b").await.err(),
        rest.delete(a).await.err(),
        rest.bulk([BulkOperation::delete(a)]).await.err(),
        users.get(a).await.err(),
        users.get_unless(a, "1").await.err(),
        users.create(&json!({})).await.err(),
        users.replace(a, &json!({})).await.err(),
        users.patch(a, &PatchOp::new()).await.err(),
        users.delete(a).await.err(),
        users.list().page().await.err(),
        users.list().count().await.err(),
        scim.resource_types().await.err(),
        scim.schemas().await.err(),
        scim.service_provider_config().await.err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How many operations that makes.
const OPERATIONS: usize = 22;

fn clients(url: &str) -> (RestClient, ScimClient) {
    let options = || options(own()).attempts(1).timeout(Duration::from_secs(2));
    (
        options().rest(url.replace("/api", "/adap")).unwrap(),
        options().scim(url.replace("/api", "/scim2/v2")).unwrap(),
    )
}

async fn codes(url: &str) -> Vec<String> {
    let (rest, scim) = clients(url);
    errors_of(&rest, &scim).await.iter().map(|error| error.code().to_owned()).collect()
}

#[tokio::test]
async fn an_answer_that_ends_in_the_middle_is_an_error() {
    for (head, body) in [
        ("content-length: 500", "{\"resources\": ["),
        ("transfer-encoding: chunked", "f\r\n{\"resources\": [\r\n"),
        ("content-length: 500", ""),
    ] {
        let (url, _) = raw(move |mut stream| async move {
            read_head(&mut stream).await;
            let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.ok();
        })
        .await;
        assert_eq!(codes(&url).await, ["connection_lost"; OPERATIONS], "{head}");
    }
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let server = Plain::start().await;
    for status in [200, 404, 500] {
        let page = Reply::new(status, "<!doctype html><html><body>Sign in</body></html>");
        server.hook(move |_| Act::Answer(page.clone()));
        let (rest, scim) = clients(&server.url);
        let errors = errors_of(&rest, &scim).await;
        assert_eq!(errors.len(), OPERATIONS, "{status}");
        assert!(errors.iter().all(|error| error.to_string().contains("web page")), "{errors:?}");
    }
}

#[tokio::test]
async fn nobody_else_gets_the_token() {
    let (server, evil) = (Plain::start().await, Plain::start().await);
    let target = format!("{}/adap?token={OWN}", evil.url);
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::new(status, "").header("location", &target);
        server.hook(move |_| Act::Answer(reply.clone()));
        assert_eq!(codes(&server.url).await, ["redirected"; OPERATIONS]);
    }
    assert_eq!(evil.lines(), [""; 0]);
}

#[tokio::test]
async fn a_token_that_is_sent_back_is_in_no_error() {
    let server = Plain::start().await;
    let (rest, scim) = clients(&server.url);
    let mut replies = echoes(OWN);
    for said in [OWN, &OWN[9..], &OWN.to_uppercase()] {
        for status in [200, 400, 401, 500] {
            replies
                .push(Reply::json(status, &json!({"httpStatus": 400, "ldapCode": 49, "description": said})));
            replies.push(Reply::json(status, &json!({"detail": said, "scimType": said, "status": said})));
            replies.push(Reply::json(status, &json!({"resources": [], "totalResults": -3, "cookie": said})));
            replies.push(Reply::json(status, &json!({"Operations": [{"method": "POST", "dn": said, "status": {"code": "400", "description": said}}]})));
        }
    }
    for reply in replies {
        server.hook(move |_| Act::Answer(reply.clone()));
        for error in errors_of(&rest, &scim).await {
            assert_hidden(&all_words(&error), OWN);
        }
        for result in rest.bulk([BulkOperation::delete("o=x")]).await.unwrap_or_default() {
            assert_hidden(&all_words(&result.outcome.unwrap_err()), OWN);
        }
    }
    // A cookie that is the token would go into a URL, and into the logs of whoever is on the way.
    server.hook(|_| {
        Act::Answer(Reply::json(200, &json!({"resources": [], "totalResults": -2, "cookie": OWN})))
    });
    server.seen();
    assert_eq!(rest.search("o=x").all().await.unwrap_err().code(), "answer_malformed");
    assert!(server.lines().iter().all(|line| !line.contains("own0")));
}

#[test]
fn what_is_said_of_a_password_is_not_shown() {
    let (name, password) = ("userPassword", "correct-horse-battery");
    let attributes = || Attributes::new().with(name, [password]);
    let change = Mod::replace(name, [password]);
    let resource = Resource::from(json!({"id": "a", name: password, "name": {"x": password}}));
    let patch = PatchOp::new().replace(name, password).add_all(json!({name: password}));
    let shown = [
        format!("{:?}", Entry::new("cn=a", attributes())),
        format!("{change:#?}"),
        format!("{:?}", BulkOperation::add("cn=a", attributes())),
        format!("{:?}", BulkOperation::modify("cn=a", [change])),
        format!("{resource:?}"),
        format!("{patch:?}"),
    ];
    assert!(shown.iter().all(|text| text.contains("userPassword") && !text.contains(password)), "{shown:?}");
}

#[test]
fn no_answer_makes_it_panic_or_quote_the_token() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Plain::start());
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(status in 200_u16..=599, body in bodies(), id in "[ -~]{0,20}")| {
        let given = Reply::new(status, body).header("x-request-id", format!("{id}{OWN}")).header("etag", format!("\"{OWN}\""));
        server.hook(move |_| Act::Answer(given.clone()));
        let (rest, scim) = clients(&server.url);
        for error in runtime.block_on(errors_of(&rest, &scim)) {
            assert_hidden(&all_words(&error), OWN);
            prop_assert!(!error.code().is_empty() && !error.to_string().is_empty());
        }
    });
}
