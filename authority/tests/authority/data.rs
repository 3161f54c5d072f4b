//! The core's clients for the data APIs against the sandbox: what one writes the other reads, and each wants its own token.

use futures_util::TryStreamExt as _;
use gatepass::{
    Api, BulkOperation, Credential, Dn, ErrorKind, Filter, Mod, NewToken, OpenOptions, PatchOp, RestClient,
    ScimClient, ScimFilter, SearchScope, Secret, SortOrder, days,
};
use gatepass_authority::SandboxOptions;
use serde_json::json;

use crate::house::{House, options};

const PEOPLE: usize = 2_345;

struct Sandbox {
    house: House,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = SandboxOptions::new(folder.path().join("sandbox.db")).people(PEOPLE as u64);
        let house = House::with(options().sandbox(sandbox), OpenOptions::default()).await;
        Self { house, _folder: folder }
    }

    async fn token(&self, asked: NewToken) -> Credential {
        Secret::new(self.house.issue(asked.expires(days(1))).await).unwrap().into()
    }

    async fn rest(&self) -> RestClient {
        self.rest_with(self.token(NewToken::new("rest", Api::Rest)).await)
    }

    fn rest_with(&self, credential: Credential) -> RestClient {
        RestClient::new(self.house.server.url(), credential).unwrap()
    }

    async fn scim(&self) -> ScimClient {
        self.scim_with(self.token(NewToken::new("scim", Api::Scim)).await)
    }

    fn scim_with(&self, credential: Credential) -> ScimClient {
        ScimClient::new(self.house.server.url(), credential).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_read_whole_and_changed_by_rest() {
    let sandbox = Sandbox::new().await;
    let rest = sandbox.rest().await;
    rest.bind().await.unwrap();
    let contexts = rest.root_contexts().await.unwrap();
    assert_eq!(contexts, ["o=acme"]);
    let person = Filter::equals("objectClass", "inetOrgPerson");
    let people: Vec<_> = rest
        .search("o=acme")
        .filter(person.clone())
        .attributes(["uid"])
        .entries()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(people.len(), PEOPLE);
    assert!(people.iter().all(|entry| entry.attributes.len() == 1 && entry.first("UID").is_some()));
    let unpaged =
        rest.search("o=acme").filter(person.clone()).attributes(["uid"]).unpaged().all().await.unwrap();
    assert_eq!(unpaged.len(), PEOPLE);
    assert_eq!(rest.search("o=acme").filter(person).size_limit(7).all().await.unwrap().len(), 7);
    // Searches that are given up leave none of the cursors that the server can have.
    for _ in 0..50 {
        let mut pages = rest.search("o=acme").pages();
        pages.next().await.unwrap().unwrap();
        pages.close().await;
    }

    let below = Dn::parse("dn", "ou=People,o=acme").unwrap();
    let dn = below.child("cn", " Ä/ö?#%, \"x\"+y ").unwrap();
    let dn = dn.as_str();
    let class = ("objectClass", vec!["top", "person", "organizationalPerson", "inetOrgPerson"]);
    rest.add(dn, [class.clone(), ("sn", vec!["a*(b)\\"]), ("uid", vec!["odd"])]).await.unwrap();
    assert_eq!(rest.add(dn, [class.clone()]).await.unwrap_err().code(), "entry_exists");
    let found = rest.search("o=acme").filter(Filter::equals("sn", "a*(b)\\")).all().await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].first("uid"), Some("odd"));
    let read = rest.get(&found[0].dn).await.unwrap();
    assert_eq!(read, found[0], "the name that came back leads to the entry");
    rest.modify(dn, [Mod::add("mail", ["a@example.com", "b@example.com"]), Mod::replace("sn", ["B"])])
        .await
        .unwrap();
    let error = rest.modify(dn, [Mod::add("mail", ["a@example.com"])]).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "attribute_or_value_exists"));
    rest.modify(dn, [Mod::delete("mail", ["a@example.com"])]).await.unwrap();
    assert_eq!(rest.get(dn).await.unwrap().get("mail").unwrap(), ["b@example.com"]);
    rest.rename(dn, "cn=plain").await.unwrap();
    rest.move_to("cn=plain,ou=People,o=acme", "cn=plain", "ou=Groups,o=acme").await.unwrap();
    let moved = "cn=plain,ou=Groups,o=acme";
    rest.replace(moved, [class, ("sn", vec!["C"]), ("cn", vec!["plain"])]).await.unwrap();
    assert_eq!(rest.get(moved).await.unwrap().get("mail"), None);
    rest.delete(moved).await.unwrap();
    assert_eq!(rest.get(moved).await.unwrap_err().code(), "entry_not_found");
    assert_eq!(rest.delete("ou=People,o=acme").await.unwrap_err().code(), "not_allowed_on_non_leaf");
    let malformed = rest.search("o=acme").filter("(cn=").all().await.unwrap_err();
    assert_eq!(malformed.kind(), ErrorKind::InvalidInput, "{malformed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_operations_are_done_in_one_call() {
    let sandbox = Sandbox::new().await;
    let rest = sandbox.rest().await;
    let dn = |n: usize| format!("uid=bulk{n},ou=People,o=acme");
    let class = ["top", "person", "organizationalPerson", "inetOrgPerson"].map(str::to_owned).to_vec();
    let add = |n: usize| {
        BulkOperation::add(
            dn(n),
            [("objectClass", class.clone()), ("cn", vec![format!("B {n}")]), ("sn", vec!["B".to_owned()])],
        )
    };
    let operations =
        (0..10_000).map(|n| if n == 5_000 { BulkOperation::delete("uid=nobody,o=acme") } else { add(n) });
    let results = rest.bulk(operations).await.unwrap();
    let failed: Vec<_> = results.iter().filter_map(|result| result.outcome.as_ref().err()).collect();
    assert_eq!((results.len(), failed.len(), failed[0].code()), (10_000, 1, "entry_not_found"), "{failed:?}");
    let found =
        rest.search("ou=People,o=acme").scope(SearchScope::One).filter(Filter::starts_with("uid", "bulk"));
    assert_eq!(found.attributes(["uid"]).all().await.unwrap().len(), 9_999);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_acts_as_its_user_or_as_whom_that_user_may() {
    let sandbox = Sandbox::new().await;
    let rest = sandbox.rest().await;
    let user = rest.search("ou=People,o=acme").filter(Filter::present("uid")).first().await.unwrap().unwrap();
    let own = sandbox.token(NewToken::new("own", Api::Rest).target_dn(&user.dn)).await;
    let own = sandbox.rest_with(own);
    let change = || [Mod::replace("title", ["Gardener"])];
    own.modify(&user.dn, change()).await.unwrap();
    let other = own.modify("ou=People,o=acme", change()).await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Forbidden, "{other}");
    // Whoever may do all may do less.
    let acting = rest.acting_as(&user.dn).unwrap();
    acting.modify(&user.dn, change()).await.unwrap();
    assert_eq!(acting.modify("ou=People,o=acme", change()).await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(
        own.acting_as("uid=nobody,o=acme").unwrap().bind().await.unwrap_err().kind(),
        ErrorKind::Forbidden
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_read_whole_and_changed_by_scim() {
    let sandbox = Sandbox::new().await;
    let (scim, rest) = (sandbox.scim().await, sandbox.rest().await);
    let types = scim.resource_types().await.unwrap();
    assert_eq!(types.iter().map(|of| of.endpoint.as_str()).collect::<Vec<_>>(), ["/Users", "/Groups"]);
    assert!(scim.schemas().await.unwrap().iter().any(|schema| schema.id == types[0].schema));
    assert_eq!(scim.service_provider_config().await.unwrap()["patch"]["supported"], true);
    let users = scim.resources(&types[0].endpoint);
    assert_eq!(users.list().count().await.unwrap(), PEOPLE as u64);
    let ids: Vec<_> = users
        .clone()
        .attributes(["userName"])
        .list()
        .each()
        .map_ok(|user| user.id().to_owned())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), PEOPLE);
    let sorted = users.list().sort_by("userName").sort_order(SortOrder::Descending).page().await.unwrap();
    let names: Vec<_> =
        sorted.resources.iter().map(|user| user.get("userName").unwrap().as_str().unwrap()).collect();
    assert!(names.is_sorted_by(|a, b| a >= b), "{names:?}");

    let asked = json!({
        "schemas": [gatepass::wire::scim::USER], "userName": "od\"d", "name": {"familyName": "O", "givenName": "D"},
        "emails": [{"value": "odd@example.com", "type": "work"}], "password": "correct horse battery",
    });
    let made = users.create(&asked).await.unwrap();
    assert!(made.version().is_some() && made.get("password").is_none());
    let taken = users.create(&asked).await.unwrap_err();
    assert_eq!((taken.kind(), taken.code()), (ErrorKind::Conflict, "uniqueness"));
    let found = users.list().filter(ScimFilter::eq("userName", "od\"d")).all().await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id(), made.id());
    // The same entry by REST; an id leads to it, whatever its form.
    let entry = rest
        .search("o=acme")
        .filter(Filter::equals("mail", "odd@example.com"))
        .first()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(entry.first("sn"), Some("O"));

    let version = made.version().unwrap().to_owned();
    assert_eq!(users.get_unless(made.id(), &version).await.unwrap(), None);
    let patch = PatchOp::new()
        .replace("name.familyName", "P")
        .remove("emails[type eq \"work\"]")
        .add("title", "Gardener");
    let patched = users.clone().if_match(&version).patch(made.id(), &patch).await.unwrap().unwrap();
    assert_eq!(patched.get("name.familyName"), Some(&json!("P")));
    assert_eq!((patched.get("emails"), patched.get("title")), (None, Some(&json!("Gardener"))));
    let late = users.clone().if_match(&version).replace(made.id(), &asked).await.unwrap_err();
    assert_eq!((late.kind(), late.code()), (ErrorKind::Conflict, "version_mismatch"));
    let replaced = users.replace(made.id(), &asked).await.unwrap();
    assert_eq!((replaced.get("title"), replaced.get("emails.x")), (None, None));
    for (patch, code) in [
        (PatchOp::new().replace("id", "x"), "mutability"),
        (PatchOp::new().remove("emails[type eq"), "invalid_path"),
    ] {
        assert_eq!(users.patch(made.id(), &patch).await.unwrap_err().code(), code);
    }
    assert_eq!(users.list().filter("userName zz 1").all().await.unwrap_err().code(), "invalid_filter");

    let groups = scim.resources("Groups");
    let group = json!({"schemas": [gatepass::wire::scim::GROUP], "displayName": "odd ones", "members": [{"value": made.id()}]});
    let group = groups.create(&group).await.unwrap();
    let gone = PatchOp::new().remove(format!("members[value eq \"{}\"]", made.id()));
    groups.patch(group.id(), &gone).await.unwrap();
    assert_eq!(groups.get(group.id()).await.unwrap().get("members"), None);
    groups.delete(group.id()).await.unwrap();
    users.delete(made.id()).await.unwrap();
    assert_eq!(users.get(made.id()).await.unwrap_err().code(), "resource_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_api_is_opened_by_its_own_token_alone() {
    let sandbox = Sandbox::new().await;
    let config = sandbox.token(NewToken::new("config", Api::Config).role("Read Only")).await;
    let rest = sandbox.token(NewToken::new("rest", Api::Rest)).await;
    let scim = sandbox.token(NewToken::new("scim", Api::Scim)).await;
    sandbox.rest_with(rest.clone()).bind().await.unwrap();
    sandbox.scim_with(scim.clone()).resources("Users").list().first().await.unwrap();
    for (of_rest, of_scim) in [(config.clone(), config), (scim, rest)] {
        let secrets = [of_rest.secret().await.unwrap(), of_scim.secret().await.unwrap()];
        for error in [
            sandbox.rest_with(of_rest).bind().await.unwrap_err(),
            sandbox.scim_with(of_scim).resources("Users").list().first().await.unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthorized, Some(401)), "{error}");
            assert!(error.request_id().is_some());
            assert!(secrets.iter().all(|secret| !format!("{error:?}").contains(secret.reveal())));
        }
    }
}
