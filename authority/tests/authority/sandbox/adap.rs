//! RadiantOne's REST API: searches, and what is done with an entry.

use hyper::Method;
use serde_json::json;

use super::{PEOPLE, Sandbox, names, refused, under};

const BO: &str = "uid=bo,ou=People,o=acme";

fn person(name: &str) -> serde_json::Value {
    json!({
        "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson"],
        "cn": format!("{name} Sample"), "sn": "Sample", "mail": [format!("{name}@example.com"), "second@example.com"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_sandbox_has_people_and_groups_and_says_where() {
    let sandbox = Sandbox::new(40).await;
    let bind = sandbox.adap(Method::GET, "?bind=simpleBind").send().await;
    assert_eq!((bind.status, bind.json()), (200, json!({"httpStatus": 200})));
    assert_eq!(refused(&sandbox.adap(Method::GET, "").send().await).0, 400);
    let root = sandbox.adap(Method::GET, "/rootdse?attributes=namingcontexts").send().await.json();
    assert_eq!(root["resources"], json!([{"dn": "", "attributes": {"namingContexts": "o=acme"}}]));
    assert_eq!(names(&sandbox.search("o=acme", &[("scope", "one")]).await), ["ou=Groups,o=acme", PEOPLE]);
    let all = sandbox.search("o=acme", &[("sizeLimit", "0")]).await;
    assert_eq!((all["totalResults"].as_i64(), all["count"].as_i64()), (Some(46), Some(46)));
    let admins = sandbox.entry("cn=admins,ou=Groups,o=acme").await;
    assert_eq!(admins["member"], json!(["uid=p0000001,ou=People,o=acme"]));
    // Whoever is named in a group is there.
    let groups = sandbox.search("ou=Groups,o=acme", &[("scope", "one"), ("returnMode", "array")]).await;
    for group in groups["resources"].as_array().unwrap() {
        for member in group["attributes"]["member"].as_array().unwrap() {
            sandbox.entry(member.as_str().unwrap()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_was_asked_for() {
    let sandbox = Sandbox::new(0).await;
    sandbox.add(BO, person("bo")).await;
    sandbox.add("cn=crew,ou=Groups,o=acme", json!({"objectClass": "groupOfNames", "member": [BO]})).await;
    let shown = async |parameters: &[(&str, &str)]| {
        let found = sandbox.search(BO, parameters).await;
        found["resources"][0]["attributes"].clone()
    };
    assert_eq!(
        shown(&[("attributes", "CN, mail")]).await,
        json!({
            "cn": "bo Sample", "mail": ["bo@example.com", "second@example.com"],
        })
    );
    assert_eq!(
        shown(&[("attributes", "cn,uid"), ("returnMode", "array")]).await,
        json!({"cn": ["bo Sample"], "uid": ["bo"]})
    );
    sandbox
        .write(
            Method::PATCH,
            &under(BO, &[]),
            json!({"mods": [
                {"attribute": "employeeNumber", "type": "ADD", "values": ["7"]},
            ]}),
        )
        .await;
    assert_eq!(
        shown(&[("attributes", "employeeNumber,cn"), ("returnMode", "ldapschema")]).await,
        json!({"cn": ["bo Sample"], "employeeNumber": "7"})
    );
    assert_eq!(shown(&[("attributes", "1.1")]).await, json!({}));
    assert_eq!(shown(&[("attributes", "memberOf")]).await, json!({"memberOf": "cn=crew,ou=Groups,o=acme"}));
    let own = shown(&[("attributes", "+")]).await;
    assert_eq!(own["entryDN"], BO);
    assert_eq!(own.as_object().unwrap().len(), 4);
    assert!(shown(&[]).await.get("entryUUID").is_none());
    let by_group = sandbox.search("o=acme", &[("filter", "(memberOf=CN=Crew, ou=groups,o=ACME)")]).await;
    assert_eq!(names(&by_group), [BO]);
    // As the vendor's examples have it.
    assert_eq!(names(&sandbox.search("o=acme", &[("filter", "cn=bo sample")]).await), [BO]);
    for (parameters, status) in [
        ([("contextFilter", "/ou=A*")], (400, 53)),
        ([("context", "true")], (400, 53)),
        ([("derefAliases", "3")], (400, 53)),
        ([("derefAliases", "9")], (400, 400)),
        ([("scope", "tree")], (400, 400)),
        ([("returnMode", "xml")], (400, 400)),
        ([("pageSize", "-1")], (400, 400)),
        ([("count", "ten")], (400, 400)),
        ([("filter", "(cn=")], (400, 400)),
    ] {
        let reply = sandbox.adap(Method::GET, &under("o=acme", &parameters)).send().await;
        assert_eq!(refused(&reply), status, "{parameters:?}");
    }
    assert_eq!(sandbox.search(BO, &[("derefAliases", "0"), ("context", "false")]).await["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_lives_from_adding_to_deleting() {
    let sandbox = Sandbox::new(0).await;
    sandbox.add(BO, person("bo")).await;
    let entry = sandbox.entry(BO).await;
    assert_eq!(entry["uid"], json!(["bo"]), "what it is named by is said by its name");
    let modify = async |mods| sandbox.write(Method::PATCH, &under(BO, &[]), json!({"mods": mods})).await;
    let done = modify(json!([
        {"attribute": "telephoneNumber", "type": "ADD", "values": ["+1 202 555 0100"]},
        {"attribute": "MAIL", "type": "DELETE", "values": ["SECOND@example.com"]},
        {"attribute": "title", "type": "REPLACE", "values": ["Gardener"]},
        {"attribute": "phone", "type": "ADD", "values": [{"type": "home", "value": "123"}]},
        {"attribute": "userPassword", "type": "REPLACE", "values": ["not kept"]},
    ]))
    .await;
    assert_eq!((done.status, done.json()), (200, json!({"httpStatus": 200})));
    let entry = sandbox.entry(BO).await;
    assert_eq!(entry["mail"], json!(["bo@example.com"]));
    assert_eq!(entry["phone"], json!([{"type": "home", "value": "123"}]));
    assert!(entry.get("userPassword").is_none());
    assert_eq!(sandbox.search("o=acme", &[("filter", "(phone.type=HOME)")]).await["count"], 1);
    for (mods, code) in [
        (json!([{"attribute": "title", "type": "ADD", "values": ["gardener"]}]), 20),
        (json!([{"attribute": "title", "type": "DELETE", "values": ["Cook"]}]), 16),
        (json!([{"attribute": "nothing", "type": "DELETE"}]), 16),
        (json!([{"attribute": "uid", "type": "REPLACE", "values": ["other"]}]), 67),
        (json!([{"attribute": "uid", "type": "DELETE", "values": []}]), 67),
        (json!([{"attribute": "objectClass", "type": "DELETE", "values": []}]), 65),
        (json!([{"attribute": "a b", "type": "ADD", "values": ["x"]}]), 17),
        (json!([{"attribute": "title", "type": "REPLACE", "values": [""]}]), 21),
        (json!([{"attribute": "entryUUID", "type": "REPLACE", "values": ["x"]}]), 19),
        (json!([{"attribute": "displayName", "type": "ADD", "values": ["a", "b"]}]), 19),
    ] {
        assert_eq!(refused(&modify(mods.clone()).await), (400, code), "{mods}");
    }
    // All of them, or none.
    modify(json!([
        {"attribute": "title", "type": "REPLACE", "values": ["Cook"]},
        {"attribute": "nothing", "type": "DELETE"},
    ]))
    .await;
    assert_eq!(sandbox.entry(BO).await["title"], json!(["Gardener"]));

    let attributes = json!({"objectClass": ["person"], "cn": "Bo", "sn": "S"});
    let put = sandbox.write(Method::PUT, &under(BO, &[]), json!({"attributes": attributes})).await;
    assert_eq!(put.status, 200);
    assert_eq!(
        sandbox.entry(BO).await,
        json!({"objectClass": ["person"], "cn": ["Bo"], "sn": ["S"], "uid": ["bo"]})
    );
    let gone = sandbox.adap(Method::DELETE, &under(BO, &[])).send().await;
    assert_eq!((gone.status, gone.json()), (200, json!({"httpStatus": 200})));
    assert_eq!(refused(&sandbox.adap(Method::GET, &under(BO, &[])).send().await), (400, 32));
    assert_eq!(refused(&sandbox.adap(Method::DELETE, &under(BO, &[])).send().await), (400, 32));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_added_is_told_by_ldaps_code() {
    let sandbox = Sandbox::new(0).await;
    sandbox.add(BO, person("bo")).await;
    for (dn, attributes, code) in [
        (BO, person("bo"), 68),
        ("UID=Bo , OU=people,o=ACME", person("bo"), 68),
        ("uid=x,ou=Nowhere,o=acme", person("x"), 32),
        ("uid=x,o=elsewhere", person("x"), 32),
        ("no name", person("x"), 34),
        ("uid=x,ou=People,o=acme", json!({"cn": "x"}), 65),
        ("uid=x,ou=People,o=acme", json!({"objectClass": ["person", "PERSON"]}), 20),
    ] {
        let reply = sandbox.write(Method::POST, "", json!({"dn": dn, "attributes": attributes})).await;
        assert_eq!(refused(&reply), (400, code), "{dn}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_takes_along_what_is_below_it_and_what_refers_to_it() {
    let sandbox = Sandbox::new(0).await;
    let unit = json!({"objectClass": "organizationalUnit"});
    sandbox.add("ou=Old,ou=People,o=acme", unit.clone()).await;
    sandbox.add("ou=Inner,ou=Old,ou=People,o=acme", unit.clone()).await;
    sandbox.add(r"cn=a\, b,ou=Inner,ou=Old,ou=People,o=acme", json!({"objectClass": "person"})).await;
    let members = json!([r"cn=A\, B, ou=inner,ou=OLD,ou=people,o=acme", "uid=nobody,o=acme"]);
    sandbox.add("cn=crew,ou=Groups,o=acme", json!({"objectClass": "groupOfNames", "member": members})).await;
    let rename = async |params| sandbox.write(Method::PATCH, "", params).await;
    // With a space before it, as in the vendor's example.
    let renamed = rename(json!({"DN": " ou=Old,ou=People,o=acme ", "newRDN": " ou=New"})).await;
    assert_eq!((renamed.status, renamed.json()), (200, json!({"httpStatus": 200})));
    assert_eq!(sandbox.entry("ou=New,ou=People,o=acme").await["ou"], json!(["New"]));
    let moved = rename(json!({
        "DN": "ou=New,ou=People,o=acme", "newRDN": "ou=New", "newSuperiorDN": "ou=Groups,o=acme",
    }))
    .await;
    assert_eq!(moved.status, 200);
    let found = sandbox.search("ou=New,ou=Groups,o=acme", &[]).await;
    let there = r"cn=a\, b,ou=Inner,ou=New,ou=Groups,o=acme";
    assert_eq!(names(&found), ["ou=New,ou=Groups,o=acme", "ou=Inner,ou=New,ou=Groups,o=acme", there,]);
    assert_eq!(sandbox.search(PEOPLE, &[]).await["count"], 1);
    let crew = "cn=crew,ou=Groups,o=acme";
    assert_eq!(sandbox.entry(crew).await["member"], json!([there, "uid=nobody,o=acme"]));
    for (params, code) in [
        (
            json!({"DN": "ou=New,ou=Groups,o=acme", "newRDN": "ou=New", "newSuperiorDN": "ou=Inner,ou=New,ou=Groups,o=acme"}),
            53,
        ),
        (json!({"DN": "o=acme", "newRDN": "o=other"}), 53),
        (json!({"DN": "ou=New,ou=Groups,o=acme", "newRDN": "cn=crew"}), 68),
        (json!({"DN": "ou=New,ou=Groups,o=acme", "newRDN": "ou=New", "newSuperiorDN": "o=elsewhere"}), 32),
        (json!({"DN": "ou=New,ou=Groups,o=acme", "newRDN": "ou=a,ou=b"}), 34),
        (json!({"DN": "ou=None,o=acme", "newRDN": "ou=a"}), 32),
    ] {
        assert_eq!(refused(&rename(params.clone()).await), (400, code), "{params}");
    }
    // In another case it is the same name.
    assert_eq!(rename(json!({"DN": "ou=New,ou=Groups,o=acme", "newRDN": "ou=NEW"})).await.status, 200);
    assert_eq!(
        names(&sandbox.search("ou=new,ou=Groups,o=acme", &[("scope", "base")]).await),
        ["ou=NEW,ou=Groups,o=acme"]
    );

    let delete = async |parameters: &[(&str, &str)]| {
        sandbox.adap(Method::DELETE, &under("ou=New,ou=Groups,o=acme", parameters)).send().await
    };
    assert_eq!(refused(&delete(&[]).await), (400, 66));
    assert_eq!(refused(&delete(&[("deletetree", "false")]).await), (400, 66));
    assert_eq!(refused(&delete(&[("deletetree", "perhaps")]).await), (400, 400));
    assert_eq!(delete(&[("deletetree", "true")]).await.status, 200);
    assert_eq!(sandbox.entry(crew).await["member"], json!(["uid=nobody,o=acme"]));
    let top = sandbox.adap(Method::DELETE, &under("o=acme", &[("deletetree", "true")])).send().await;
    assert_eq!(refused(&top), (400, 53), "as with the vendor's root naming contexts");
}
