//! The sandbox directory, from outside.

mod adap;
mod bulk;
mod hostile;
mod paging;
mod rights;
mod scim;
mod scim_patch;
mod scim_query;
mod tester;

use std::sync::Arc;

use gatepass::testing::ManualClock;
use gatepass::{Api, NewToken, OpenOptions, days};
use gatepass_authority::SandboxOptions;
use hyper::Method;
use serde_json::{Value, json};

use crate::house::{Call, House, Reply, encoded, options};

pub(crate) const PEOPLE: &str = "ou=People,o=acme";

/// A house with a sandbox, and a token for each of its APIs.
pub(crate) struct Sandbox {
    pub(crate) house: House,
    pub(crate) rest: String,
    pub(crate) scim: String,
    _data: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) async fn new(people: u64) -> Self {
        Self::with(OpenOptions::default(), |sandbox| sandbox.people(people)).await
    }

    pub(crate) async fn at(clock: &Arc<ManualClock>, people: u64) -> Self {
        Self::with(OpenOptions::default().clock(clock.clone()), |sandbox| sandbox.people(people)).await
    }

    pub(crate) async fn with(open: OpenOptions, of: impl FnOnce(SandboxOptions) -> SandboxOptions) -> Self {
        let data = tempfile::tempdir().unwrap();
        let sandbox = of(SandboxOptions::new(data.path().join("sandbox.db")));
        let house = House::with(options().sandbox(sandbox), open).await;
        let rest = house.issue(NewToken::new("rest", Api::Rest).expires(days(30))).await;
        let scim = house.issue(NewToken::new("scim", Api::Scim).expires(days(30))).await;
        Self { house, rest, scim, _data: data }
    }

    /// A token that acts as this entry.
    pub(crate) async fn acting_as(&self, name: &str, dn: &str) -> String {
        self.house.issue(NewToken::new(name, Api::Rest).expires(days(30)).target_dn(dn)).await
    }

    pub(crate) fn adap<'a>(&self, method: Method, path: &str) -> Call<'a> {
        self.house.call(method, &format!("/adap{path}")).bearer(&self.rest)
    }

    /// What is found below a base.
    pub(crate) async fn search(&self, base: &str, parameters: &[(&str, &str)]) -> Value {
        let reply = self.adap(Method::GET, &under(base, parameters)).send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// What an entry says of itself.
    pub(crate) async fn entry(&self, dn: &str) -> Value {
        let found = self.search(dn, &[("scope", "base"), ("returnMode", "array")]).await;
        found["resources"][0]["attributes"].clone()
    }

    pub(crate) async fn write(&self, method: Method, path: &str, params: Value) -> Reply {
        self.adap(method, path).json(&json!({"params": params})).send().await
    }

    pub(crate) async fn add(&self, dn: &str, attributes: Value) {
        let reply = self.write(Method::POST, "", json!({"dn": dn, "attributes": attributes})).await;
        assert_eq!((reply.status, reply.json()), (200, json!({"httpStatus": 200})), "{dn}");
    }

    pub(crate) fn scim<'a>(&self, method: Method, path: &str) -> Call<'a> {
        self.house.call(method, &format!("/scim2/v2{path}")).bearer(&self.scim)
    }

    /// A resource that was made.
    pub(crate) async fn create(&self, path: &str, resource: Value) -> Value {
        let reply = self.scim(Method::POST, path).json(&resource).send().await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()
    }

    /// What a query finds.
    pub(crate) async fn list(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let reply = self.scim(Method::GET, &with(path, parameters)).send().await;
        assert_eq!(reply.status, 200, "{parameters:?} {reply:?}");
        reply.json()
    }
}

/// A path and its parameters.
pub(crate) fn with(path: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The path of an entry, and its parameters.
pub(crate) fn under(dn: &str, parameters: &[(&str, &str)]) -> String {
    with(&format!("/{}", encoded(dn)), parameters)
}

/// LDAP's code, or the other one, of a refusal whose every member is checked.
pub(crate) fn refused(reply: &Reply) -> (u16, i64) {
    let json = reply.json();
    assert_eq!(json["httpStatus"], reply.status, "{json}");
    assert!(json["description"].as_str().is_some_and(|text| !text.is_empty()), "{json}");
    assert_eq!(reply.headers["content-type"], "application/json");
    let code = json.get("ldapCode").or(json.get("errorCode")).unwrap().as_i64().unwrap();
    (reply.status, code)
}

/// Status and `scimType` of a refusal whose every member is checked.
pub(crate) fn scim_error(reply: &Reply) -> (u16, String) {
    let json = reply.json();
    assert_eq!(json["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    assert_eq!(json["status"], reply.status.to_string(), "{json}");
    assert!(json["detail"].as_str().is_some_and(|text| !text.is_empty()), "{json}");
    assert_eq!(reply.headers["content-type"], "application/scim+json");
    (reply.status, json["scimType"].as_str().unwrap_or_default().to_owned())
}

pub(crate) fn names(found: &Value) -> Vec<String> {
    let of = |entry: &Value| entry["dn"].as_str().unwrap().to_owned();
    found["resources"].as_array().unwrap().iter().map(of).collect()
}
