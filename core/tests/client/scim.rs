//! Resources through SCIM: what is sent, and what is made of what comes back.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt as _;
use gatepass::{ErrorKind, PatchOp, Resource, ScimClient, ScimFilter, SortOrder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plain::{Act, OWN, Plain, Reply, Seen};
use super::{options, own};

pub(crate) fn scim_of(server: &Plain) -> ScimClient {
    options(own()).scim(scim2(server)).unwrap()
}

fn scim2(server: &Plain) -> String {
    server.url.replace("/api", "/scim2/v2")
}

fn answering(server: &Plain, reply: Reply) {
    server.hook(move |_| Act::Answer(reply.clone()));
}

fn list(numbers: std::ops::Range<u64>, start: u64, total: u64) -> Reply {
    let resources: Value = numbers.map(|n| json!({"id": format!("u{n}")})).collect();
    Reply::json(200, &json!({"totalResults": total, "startIndex": start, "Resources": resources}))
}

fn parameter(seen: &Seen, name: &str) -> u64 {
    let (_, query) = seen.target.split_once('?').unwrap();
    query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap().parse().unwrap()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    user_name: String,
}

#[tokio::test]
async fn each_operation_is_rfc_7644_s() {
    let server = Plain::start().await;
    let user = json!({"id": "uid=a/b?,o=x", "userName": "a"});
    answering(&server, Reply::json(200, &user).header("etag", "W/\"v1\""));
    let users = scim_of(&server).resources("Users");
    let id = "uid=a/b?,o=x";
    let read = users.get(id).await.unwrap();
    assert_eq!((read.id(), read.version()), (id, Some("W/\"v1\"")), "the header's version is the resource's");
    assert_eq!(users.create(&user).await.unwrap().get("username"), Some(&json!("a")));
    users.replace(id, &user).await.unwrap();
    let patch = PatchOp::new()
        .add("emails", json!([{"value": "a@x"}]))
        .replace("active", false)
        .remove("members[value eq \"1\"]")
        .replace_all(json!({"title": "b"}))
        .add_all(json!({"nickName": "c"}));
    assert_eq!(users.patch(id, &patch).await.unwrap().unwrap().id(), id);
    users.delete(id).await.unwrap();
    users.if_match("W/\"v1\"").delete(id).await.unwrap();
    let some =
        scim_of(&server).resources("/Users/").attributes(["userName", "emails"]).excluded_attributes(["x"]);
    some.get(id).await.unwrap();
    let typed: User = some.clone().typed().get(id).await.unwrap();
    assert_eq!(typed, User { id: id.to_owned(), user_name: "a".to_owned() });
    some.clone().typed::<User>().replace(id, &typed).await.unwrap();

    let of_user = "/scim2/v2/Users/uid%3Da%2Fb%3F%2Co%3Dx";
    let seen = server.seen();
    let query = "?attributes=userName%2Cemails&excludedAttributes=x";
    assert_eq!(
        seen.iter().map(Seen::line).collect::<Vec<_>>(),
        [
            format!("GET {of_user}"),
            "POST /scim2/v2/Users".to_owned(),
            format!("PUT {of_user}"),
            format!("PATCH {of_user}"),
            format!("DELETE {of_user}"),
            format!("DELETE {of_user}"),
            format!("GET {of_user}{query}"),
            format!("GET {of_user}{query}"),
            format!("PUT {of_user}{query}"),
        ]
    );
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some(&format!("Bearer {OWN}"))));
    assert!(seen.iter().all(|seen| seen.header("accept") == Some("application/scim+json")));
    assert_eq!(seen[1].header("content-type"), Some("application/scim+json"));
    assert_eq!((seen[4].header("if-match"), seen[5].header("if-match")), (None, Some("W/\"v1\"")));
    assert_eq!(
        seen[3].json(),
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            {"op": "add", "path": "emails", "value": [{"value": "a@x"}]},
            {"op": "replace", "path": "active", "value": false},
            {"op": "remove", "path": "members[value eq \"1\"]"},
            {"op": "replace", "value": {"title": "b"}},
            {"op": "add", "value": {"nickName": "c"}},
        ]})
    );
    // A server may say no more of a change than that it was made, and answer a deletion in either way.
    answering(&server, Reply::new(204, ""));
    assert_eq!(users_of(&server).patch(id, &PatchOp::new().remove("title")).await.unwrap(), None);
    users_of(&server).delete(id).await.unwrap();
}

fn users_of(server: &Plain) -> gatepass::Resources {
    scim_of(server).resources("Users")
}

#[tokio::test]
async fn versions_keep_changes_apart() {
    let server = Plain::start().await;
    let users = users_of(&server);
    server.hook(|seen| {
        let reply = match (seen.header("if-none-match"), seen.header("if-match")) {
            (Some("\"1\""), _) => Reply::new(304, ""),
            (_, Some("\"1\"" | "*")) => {
                Reply::json(200, &json!({"id": "a", "meta": {"version": "2"}})).header("etag", "\"3\"")
            }
            (_, Some(_)) => Reply::json(412, &json!({"status": "412", "detail": "changed meanwhile"})),
            _ => Reply::json(200, &json!({"id": "a"})),
        };
        Act::Answer(reply)
    });
    assert_eq!(users.get_unless("a", "1").await.unwrap(), None);
    assert!(users.get_unless("a", "W/\"0\"").await.unwrap().is_some());
    // Its own word of its version is not overruled.
    assert_eq!(users.clone().if_match("1").replace("a", &json!({})).await.unwrap().version(), Some("2"));
    users.clone().if_match("*").delete("a").await.unwrap();
    for error in [
        users.clone().if_match("\"9\"").replace("a", &json!({})).await.unwrap_err(),
        users.clone().if_match("\"9\"").patch("a", &PatchOp::new()).await.unwrap_err(),
        users.clone().if_match("\"9\"").delete("a").await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "version_mismatch"));
        assert_eq!(error.to_string(), "changed meanwhile");
    }
    assert_eq!(users.clone().if_match("a\nb").delete("a").await.unwrap_err().code(), "version_malformed");
    // What depends on a version is not sent twice: the second time it would be refused.
    server.seen();
    answering(&server, Reply::new(503, ""));
    users.clone().if_match("1").replace("a", &json!({})).await.unwrap_err();
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_list_gives_everything_and_asks_one_page_ahead() {
    let server = Plain::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    // It gives four at the most, however many are asked for.
    server.hook(move |seen| {
        count.fetch_add(1, Ordering::SeqCst);
        let start = parameter(seen, "startIndex");
        let end = (start + parameter(seen, "count").min(4)).min(11);
        Act::Answer(list(start..end, start, 10))
    });
    let users = users_of(&server);
    let mut pages = users
        .list()
        .filter(ScimFilter::eq("userName", "a\"b"))
        .sort_by("userName")
        .sort_order(SortOrder::Descending)
        .page_size(NonZeroU64::new(7).unwrap())
        .pages();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!((first.resources.len(), first.total_results, first.start_index), (4, 10, Some(1)));
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "one ahead, and no more");
    let mut ids: Vec<_> = first.resources.iter().map(|user| user.id().to_owned()).collect();
    while let Some(page) = pages.next().await {
        ids.extend(page.unwrap().resources.iter().map(|user| user.id().to_owned()));
    }
    assert_eq!(ids, (1..11).map(|n| format!("u{n}")).collect::<Vec<_>>());
    assert!(pages.next().await.is_none());
    assert_eq!(
        server.lines(),
        [1, 5, 9].map(|start| format!(
            "GET /scim2/v2/Users?filter=userName%20eq%20%22a%5C%22b%22&sortBy=userName&sortOrder=descending&startIndex={start}&count=7"
        ))
    );
    let each: Vec<Resource> = users.list().start_index(9).each().try_collect().await.unwrap();
    assert_eq!(each.len(), 2);
    assert_eq!(users.list().all().await.unwrap().len(), 10);
    assert_eq!(users.list().first().await.unwrap().unwrap().id(), "u1");
    assert_eq!(users.list().page().await.unwrap().items_per_page, Some(4));
    assert_eq!(users.list().count().await.unwrap(), 10);
    assert!(server.lines().last().unwrap().ends_with("startIndex=1&count=0"));

    // None, in each of the ways to say it, and all at once.
    for (body, expected) in [
        (json!({"totalResults": 0}), 0),
        (json!({"totalResults": 0, "Resources": null}), 0),
        (json!({"Resources": [{"id": "a"}]}), 1),
        (json!({"totalResults": 1, "Resources": [{"id": "a"}]}), 1),
    ] {
        answering(&server, Reply::json(200, &body));
        assert_eq!(users.list().all().await.unwrap().len(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_list_that_is_cut_or_goes_round_is_an_error() {
    let server = Plain::start().await;
    let users = users_of(&server);
    server.hook(|seen| {
        let start = parameter(seen, "startIndex");
        Act::Answer(if start == 1 { list(1..4, 1, 10) } else { list(0..0, start, 10) })
    });
    let mut pages = users.list().pages();
    assert_eq!(pages.next().await.unwrap().unwrap().resources.len(), 3);
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, "incomplete_result"));
    assert_eq!(error.incomplete().map(|of| (of.count, of.cookie.clone())), Some((3, None)));
    assert!(pages.next().await.is_none());
    for reply in
        [list(1..3, 1, 10), Reply::json(200, &json!({"totalResults": 9, "Resources": [{"id": "a"}]}))]
    {
        answering(&server, reply);
        let error = users.list().all().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, "cursor_loops"));
    }
}

#[tokio::test]
async fn an_older_server_is_spoken_to_as_it_wants() {
    let server = Plain::start().await;
    for status in [415, 406] {
        server.hook(move |seen| {
            let kinds = [seen.header("content-type"), seen.header("accept")];
            if kinds.contains(&Some("application/scim+json")) {
                return Act::Answer(Reply::new(status, ""));
            }
            Act::Answer(Reply::json(201, &json!({"id": "a"})))
        });
        let scim = scim_of(&server);
        scim.resources("Users").create(&json!({})).await.unwrap();
        assert_eq!(server.lines().len(), 2);
        scim.clone().resources("Groups").create(&json!({})).await.unwrap();
        scim.resources("Users").get("a").await.unwrap();
        assert_eq!(server.lines().len(), 2, "and that is not forgotten");
    }
    // Where neither is liked, that is said, and nothing is concluded.
    let scim = scim_of(&server);
    answering(&server, Reply::new(415, ""));
    assert_eq!(
        scim.resources("Users").create(&json!({})).await.unwrap_err().code(),
        "unsupported_media_type"
    );
    server.seen();
    answering(&server, Reply::json(200, &json!({"id": "a"})));
    scim.resources("Users").get("a").await.unwrap();
    assert_eq!(server.seen()[0].header("accept"), Some("application/scim+json"));
}

#[tokio::test]
async fn each_refusal_is_an_error_of_its_kind() {
    use ErrorKind::{Conflict, InvalidInput, NotFound, Protocol, Unauthorized, Unsupported};
    let server = Plain::start().await;
    let scim = options(own()).attempts(1).scim(scim2(&server)).unwrap();
    let users = scim.resources("Users");
    let said =
        |scim_type: &str| json!({"schemas": [], "status": "400", "scimType": scim_type, "detail": "why"});
    for (status, said, kind, code) in [
        (400, said("invalidFilter"), InvalidInput, "invalid_filter"),
        (400, said("tooMany"), InvalidInput, "too_many"),
        (409, said("uniqueness"), Conflict, "uniqueness"),
        (400, said("uniqueness"), Conflict, "uniqueness"),
        (400, said("mutability"), InvalidInput, "mutability"),
        (400, said("noTarget"), InvalidInput, "no_target"),
        (400, said("ofAnotherVersion"), InvalidInput, "bad_request"),
        (404, json!({"status": "404", "detail": "why"}), NotFound, "resource_not_found"),
        (409, json!({"status": 409, "detail": "why"}), Conflict, "uniqueness"),
        (501, json!({"detail": "why"}), Unsupported, "server_error"),
        (500, json!({"detail": "why"}), Protocol, "server_error"),
        (500, json!({"detail": "LDAP: error code 49 - why"}), Unauthorized, "authentication_failed"),
        (500, json!({"detail": format!("unknown {OWN}")}), Unauthorized, "authentication_failed"),
        (401, json!({"detail": "why"}), Unauthorized, "authentication_failed"),
    ] {
        answering(&server, Reply::json(status, &said));
        for error in [
            users.get("a").await.unwrap_err(),
            users.create(&json!({})).await.unwrap_err(),
            users.list().all().await.unwrap_err(),
            users.delete("a").await.unwrap_err(),
        ] {
            assert_eq!(
                (error.kind(), error.code(), error.status()),
                (kind, code, Some(status)),
                "{said} {error}"
            );
            assert!(!error.to_string().contains("own0"), "{error}");
        }
    }
    // The password of a new user is not quoted, and is no sign of a bad token.
    answering(&server, Reply::json(500, &json!({"detail": "t1meMa$heen is weak"})));
    let error = users.create(&json!({"userName": "a", "password": "t1meMa$heen"})).await.unwrap_err();
    assert_eq!((error.code(), &*error.to_string()), ("server_error", "… is weak"));
}

#[tokio::test]
async fn what_a_server_has_is_discovered_in_either_spelling() {
    let server = Plain::start().await;
    let scim = scim_of(&server);
    let types = json!([
        {"id": "User", "name": "User", "endpoint": "/Users", "schema": "urn:u", "schemaExtensions": [{"schema": "urn:e", "required": true}]},
        {"name": "companydirectory", "endpoint": "companydirectory", "schema": null, "schemaExtensions": null, "more": 1},
    ]);
    let of_list = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 2, "Resources": types});
    for (body, vendor) in [(&types, false), (&of_list, false), (&of_list, true)] {
        let body = body.clone();
        server.hook(move |seen| match seen.target.as_str() {
            "/scim2/v2/ResourceTypes" if vendor => Act::Answer(Reply::new(404, "")),
            "/scim2/v2/ResourceTypes" | "/scim2/v2/resourcetypes" => Act::Answer(Reply::json(200, &body)),
            _ => Act::Answer(Reply::new(404, "")),
        });
        let found = scim.resource_types().await.unwrap();
        assert_eq!(
            found.iter().map(|of| of.endpoint.as_str()).collect::<Vec<_>>(),
            ["/Users", "companydirectory"]
        );
        assert!(found[0].schema_extensions[0].required);
    }
    let schemas = json!({"Resources": [{"id": "urn:u", "attributes": [
        {"name": "name", "type": "complex", "subAttributes": [{"name": "familyName", "required": true}]},
    ]}]});
    answering(&server, Reply::json(200, &schemas));
    let found = scim.schemas().await.unwrap();
    assert!(found[0].attributes[0].sub_attributes[0].required);
    assert_eq!(found[0].attributes[0].kind.as_deref(), Some("complex"));
    assert_eq!(scim.service_provider_config().await.unwrap()["Resources"][0]["id"], "urn:u");
}

#[tokio::test]
async fn what_cannot_stand_in_a_path_is_not_sent() {
    let server = Plain::start().await;
    let scim = scim_of(&server);
    for endpoint in ["", "/", "..", "Users/..", "a\nb"] {
        assert_eq!(
            scim.resources(endpoint).get("a").await.unwrap_err().code(),
            "endpoint_malformed",
            "{endpoint:?}"
        );
    }
    for id in ["", ".", "..", "a\nb", &"a".repeat(5001)] {
        let users = scim.resources("Users");
        for error in [
            users.get(id).await.unwrap_err(),
            users.replace(id, &json!({})).await.unwrap_err(),
            users.patch(id, &PatchOp::new()).await.unwrap_err(),
            users.delete(id).await.unwrap_err(),
        ] {
            assert_eq!((error.code(), error.field()), ("id_malformed", Some("id")), "{id:?}");
        }
    }
    assert_eq!(server.lines(), [""; 0]);
    answering(&server, Reply::json(200, &json!({"id": "a"})));
    scim.resources("a b/é").get("%2e").await.unwrap();
    assert_eq!(server.lines(), ["GET /scim2/v2/a%20b/%C3%A9/%252e"]);
    assert_eq!(
        ScimClient::new("https://r1.example:8090", own()).unwrap().url(),
        "https://r1.example:8090/scim2/v2"
    );
    assert_eq!(ScimClient::new("http://r1.example", own()).unwrap_err().code(), "url_insecure");
}
