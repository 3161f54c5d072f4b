//! Queries: filters, sorting, pages, and what is shown.

use hyper::Method;
use serde_json::{Value, json};

use super::{Sandbox, scim_error, with};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn crew(sandbox: &Sandbox) -> Vec<Value> {
    let mut made = Vec::new();
    for resource in [
        json!({"userName": "ana", "title": "Cook", "active": true, "externalId": "E1",
            "name": {"familyName": "Lima"}, "emails": [{"value": "ana@example.com", "type": "work"}, {"value": "A@home.example", "type": "home"}]}),
        json!({"userName": "Bo", "title": "baker", "active": false, ENTERPRISE: {"department": "Night \"Shift\""}}),
        json!({"userName": "čen", "emails": [{"value": "chen@example.com", "type": "home", "primary": true}]}),
    ] {
        made.push(sandbox.create("/Users", resource).await);
    }
    made
}

fn names(found: &Value) -> Vec<&str> {
    found["Resources"].as_array().unwrap().iter().map(|of| of["userName"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_what_rfc_7644_says() {
    let sandbox = Sandbox::new(0).await;
    let crew = crew(&sandbox).await;
    let group = json!({"displayName": "Crew", "members": [{"value": crew[0]["id"]}]});
    let group = sandbox.create("/Groups", group).await;
    let by_id = format!("id eq \"{}\"", crew[1]["id"].as_str().unwrap());
    let by_group = format!("groups.value eq \"{}\"", group["id"].as_str().unwrap());
    let department = format!("{ENTERPRISE}:department eq \"night \\\"shift\\\"\"");
    for (filter, expected) in [
        ("userName eq \"ANA\"", &["ana"][..]),
        ("USERNAME EQ \"ana\"", &["ana"]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"ana\"", &["ana"]),
        ("userName ne \"ana\"", &["Bo", "čen"]),
        ("userName sw \"B\"", &["Bo"]),
        ("userName ew \"O\"", &["Bo"]),
        ("userName co \"Č\"", &["čen"]),
        ("userName gt \"ana\"", &["Bo", "čen"]),
        ("userName le \"bo\"", &["ana", "Bo"]),
        ("title pr", &["ana", "Bo"]),
        ("not (title pr)", &["čen"]),
        ("title eq null", &["čen"]),
        ("title ne null", &["ana", "Bo"]),
        ("title ne \"cook\"", &["Bo", "čen"]),
        ("active eq true", &["ana"]),
        ("active ne true", &["Bo", "čen"]),
        ("active eq \"False\"", &["Bo"]),
        ("externalId eq \"E1\"", &["ana"]),
        ("externalId eq \"e1\"", &[]),
        ("name.familyName eq \"lima\"", &["ana"]),
        ("emails co \"example.com\"", &["ana", "čen"]),
        ("emails.value eq \"a@HOME.example\"", &["ana"]),
        ("emails.type eq \"home\"", &["ana", "čen"]),
        ("emails[type eq \"home\" and value co \"example.com\"]", &["čen"]),
        ("emails[type eq \"home\" and value eq \"chen@example.com\"]", &["čen"]),
        ("emails[not (type eq \"home\")]", &["ana"]),
        ("emails[primary eq true]", &["čen"]),
        ("title pr and active eq true", &["ana"]),
        ("title eq \"x\" or userName eq \"bo\"", &["Bo"]),
        ("(title pr or userName eq \"čen\") and not (userName eq \"ana\")", &["Bo", "čen"]),
        ("userName eq \"ana\" or userName eq \"bo\" and title eq \"x\"", &["ana"]),
        ("meta.created gt \"2020-01-01T00:00:00Z\"", &["ana", "Bo", "čen"]),
        ("meta.lastModified lt \"2020-01-01T00:00:00+02:00\"", &[]),
        ("meta.resourceType eq \"User\"", &["ana", "Bo", "čen"]),
        (&by_id, &["Bo"]),
        (&by_group, &["ana"]),
        ("groups.display eq \"crew\"", &["ana"]),
        (&department, &["Bo"]),
        ("department pr", &["Bo"]),
    ] {
        let found = sandbox.list("/Users", &[("filter", filter)]).await;
        assert_eq!(names(&found), expected, "{filter}");
        assert_eq!(found["totalResults"].as_u64().unwrap(), expected.len() as u64);
        let sorted = sandbox.list("/Users", &[("filter", filter), ("sortBy", "id"), ("count", "0")]).await;
        assert_eq!(
            (&sorted["totalResults"], &sorted["Resources"]),
            (&found["totalResults"], &json!([])),
            "{filter}"
        );
        let request =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
        assert_eq!(
            names(&sandbox.scim(Method::POST, "/Users/.search").json(&request).send().await.json()),
            expected
        );
    }
    let member = format!("members eq \"{}\"", crew[0]["id"].as_str().unwrap());
    assert_eq!(sandbox.list("/Groups", &[("filter", &member)]).await["totalResults"], 1);
    let member = "members[value eq \"uid=ana,ou=People,o=acme\"]";
    assert_eq!(
        sandbox.list("/Groups", &[("filter", member)]).await["totalResults"],
        0,
        "its id is another one"
    );
    for filter in [
        "",
        "userName",
        "userName eq",
        "userName eq ana",
        "userName xx \"a\"",
        "(userName eq \"a\"",
        "nothing eq \"a\"",
        "userName eq 5",
        "active gt true",
        "active eq 5",
        "name eq \"a\"",
        "name[familyName",
        "title[type eq \"a\"]",
        "emails[nothing eq \"a\"]",
        "emails[type eq 5]",
        "urn:x:userName eq \"a\"",
        "x509Certificates.value gt \"a\"",
    ] {
        let reply = sandbox.scim(Method::GET, &with("/Users", &[("filter", filter)])).send().await;
        if filter.is_empty() {
            assert_eq!(reply.status, 200);
        } else {
            assert_eq!(scim_error(&reply), (400, "invalidFilter".into()), "{filter}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_everything_once_in_any_order() {
    let sandbox = Sandbox::new(250).await;
    for parameters in [
        vec![],
        vec![("filter", "userType eq \"Employee\"")],
        vec![("filter", "userName sw \"p00001\"")],
        vec![("sortBy", "name.familyName"), ("sortOrder", "descending")],
        vec![("sortBy", "userName")],
        vec![("sortBy", "emails")],
    ] {
        let whole = sandbox.list("/Users", &parameters).await;
        let all = names(&whole);
        assert_eq!(whole["totalResults"].as_u64().unwrap(), all.len() as u64, "{parameters:?}");
        for count in ["30", "7", "249"] {
            let (mut seen, mut start) = (Vec::new(), 1);
            loop {
                let number = start.to_string();
                let page = [&parameters[..], &[("startIndex", &number), ("count", count)]].concat();
                let page = sandbox.list("/Users", &page).await;
                assert_eq!(page["totalResults"], whole["totalResults"]);
                assert_eq!(page["startIndex"], start);
                let found = names(&page);
                assert_eq!(page["itemsPerPage"].as_u64().unwrap(), found.len() as u64);
                if found.is_empty() {
                    break;
                }
                start += found.len() as u64;
                seen.extend(found.into_iter().map(str::to_owned));
            }
            assert_eq!(seen, all, "{parameters:?} {count}");
        }
    }
    let families =
        sandbox.list("/Users", &[("sortBy", "name.familyName"), ("attributes", "name.familyName")]).await;
    let of = |resource: &Value| resource["name"]["familyName"].as_str().unwrap().to_lowercase();
    assert!(families["Resources"].as_array().unwrap().is_sorted_by_key(of));
    // Page after page is right when something changes in between, and backwards.
    let second = async || {
        let page = sandbox.list("/Users", &[("startIndex", "101"), ("count", "2")]).await;
        names(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(second().await, ["p0000101", "p0000102"]);
    sandbox.list("/Users", &[("startIndex", "1"), ("count", "100")]).await;
    let gone = super::under("uid=p0000050,ou=People,o=acme", &[]);
    assert_eq!(sandbox.adap(Method::DELETE, &gone).send().await.status, 200);
    assert_eq!(second().await, ["p0000102", "p0000103"]);
    for (parameters, start, count) in [
        ([("startIndex", "0"), ("count", "5")], 1, 5),
        ([("startIndex", "-7"), ("count", "-1")], 1, 0),
        ([("startIndex", "1000"), ("count", "5")], 1000, 0),
        ([("startIndex", "1"), ("count", "100000")], 1, 249),
    ] {
        let page = sandbox.list("/Users", &parameters).await;
        assert_eq!((page["startIndex"].as_i64(), page["itemsPerPage"].as_u64()), (Some(start), Some(count)));
        assert_eq!(page["totalResults"], 249);
    }
    let wrong = sandbox.scim(Method::GET, "/Users?count=ten").send().await;
    assert_eq!(scim_error(&wrong), (400, "invalidValue".into()));
    let wrong = sandbox.scim(Method::GET, "/Users?sortBy=nothing").send().await;
    assert_eq!(scim_error(&wrong), (400, "invalidPath".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_to_be_sorted_by_comes_last_and_first() {
    let sandbox = Sandbox::new(0).await;
    crew(&sandbox).await;
    let sorted = async |by: &str, order: &str| {
        let found = sandbox.list("/Users", &[("sortBy", by), ("sortOrder", order)]).await;
        names(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sorted("title", "ascending").await, ["Bo", "ana", "čen"]);
    assert_eq!(sorted("title", "descending").await, ["čen", "ana", "Bo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_groups_are_searched_together() {
    let sandbox = Sandbox::new(40).await;
    let all = sandbox.list("", &[]).await;
    assert_eq!(all["totalResults"], 43);
    let kinds = |found: &Value| {
        let of = |resource: &Value| resource["meta"]["resourceType"].as_str().unwrap().to_owned();
        found["Resources"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&all).iter().filter(|kind| *kind == "Group").count(), 3);
    let named = sandbox.list("", &[("filter", "displayName eq \"admins\"")]).await;
    assert_eq!(kinds(&named), ["Group"]);
    // To a group, a userName is an attribute without a value.
    let some = json!({"filter": "userName eq \"p0000001\" or not (userName pr)", "sortBy": "displayName"});
    let found = sandbox.scim(Method::POST, "/.search").json(&some).send().await.json();
    assert_eq!(found["totalResults"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_was_asked_for() {
    let sandbox = Sandbox::new(2).await;
    let found = sandbox.list("/Users", &[("filter", "userName eq \"p0000002\"")]).await;
    let whole = found["Resources"][0].clone();
    let path = format!("/Users/{}", whole["id"].as_str().unwrap());
    let shown = async |parameters: &[(&str, &str)]| {
        let mut shown = sandbox.scim(Method::GET, &with(&path, parameters)).send().await.json();
        let object = shown.as_object_mut().unwrap();
        assert!(object.remove("id").is_some() && object.remove("schemas").is_some(), "they are always shown");
        shown
    };
    assert_eq!(shown(&[("attributes", "USERname")]).await, json!({"userName": "p0000002"}));
    let family = whole["name"]["familyName"].clone();
    assert_eq!(
        shown(&[("attributes", "name.familyName, emails.value")]).await,
        json!({
            "name": {"familyName": family}, "emails": [{"value": "p0000002@example.com"}],
        })
    );
    let department = format!("{ENTERPRISE}:department");
    assert_eq!(shown(&[("attributes", &department)]).await[ENTERPRISE].as_object().unwrap().len(), 1);
    assert_eq!(shown(&[("attributes", ENTERPRISE)]).await[ENTERPRISE], whole[ENTERPRISE]);
    assert_eq!(shown(&[("attributes", "id,nothing")]).await, json!({}));
    let manager = shown(&[("attributes", "manager.displayName,manager.value")]).await;
    assert!(manager[ENTERPRISE]["manager"]["displayName"].is_string(), "{manager}");
    let less = shown(&[("excludedAttributes", "groups,name.familyName,meta,id")]).await;
    assert!(less.get("groups").is_none() && less.get("meta").is_none());
    assert!(less["name"].get("familyName").is_none() && less["name"].get("givenName").is_some());
    assert!(whole["groups"][0].get("display").is_none());
    assert!(shown(&[("attributes", "groups.display")]).await["groups"][0]["display"].is_string());
    let both = sandbox
        .scim(Method::GET, &with(&path, &[("attributes", "id"), ("excludedAttributes", "id")]))
        .send()
        .await;
    assert_eq!(scim_error(&both), (400, "invalidValue".into()));
    // Of what is made and changed, too.
    let made = sandbox
        .scim(Method::POST, "/Users?attributes=userName")
        .json(&json!({"userName": "x", "title": "T"}))
        .send()
        .await;
    assert!(made.json().get("title").is_none());
}
