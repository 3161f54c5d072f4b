//! JSON that stores and servers send: records, roles, permissions, expirations, entries and resources; names, networks and
//! filters as text. What is
//! read goes back as it came, and what was read once is read again.
#![no_main]

use std::fmt::Debug;

use gatepass::wire::adap::{BulkAnswer, BulkRequest, SearchAnswer};
use gatepass::{
    AccessToken, Dn, Expiration, Filter, ListResponse, PatchOp, Permissions, ResourceType, Role, RoleBook,
    Schema, Scope, Timestamp, TokenPolicy, TokenRecord, TokenRights, Verifier, VerifierOptions,
    parse_network,
};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    if let Ok(value) = serde_json::from_slice::<Value>(data) {
        json(&value);
        // Read as text, where a key may come twice, a reader may say no; it may not panic.
        let _ = serde_json::from_slice::<Role>(data);
        let _ = serde_json::from_slice::<TokenRecord>(data);
        let _ = serde_json::from_slice::<Permissions>(data);
        let _ = serde_json::from_slice::<SearchAnswer>(data);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        name(text);
        network(text);
        escaped(text);
        let _ = text.parse::<Scope>();
        if let Ok(instant) = text.parse::<Timestamp>() {
            assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        }
    }
});

/// Reads it; if it can be read, so can what is then written, and both are the same.
fn again<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &Value) -> Option<T> {
    let read: T = serde_json::from_value(value.clone()).ok()?;
    let written = serde_json::to_value(&read).unwrap();
    let again: T =
        serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(again, read);
    assert_eq!(serde_json::to_value(&again).unwrap(), written);
    Some(read)
}

fn json(value: &Value) {
    if let Some(record) = again::<TokenRecord>(value) {
        let (_, mut writer) = Verifier::with_writer(VerifierOptions::default());
        writer.put(&record);
        writer.put(&record.clone().revoked(Timestamp::MIN));
        assert_eq!(writer.len(), 1);
        assert!(writer.remove(record.id()));
    }
    if let Some(token) = again::<AccessToken>(value) {
        for now in [Timestamp::MIN, Timestamp::MAX] {
            let _ = (token.status(now), token.in_grace(now), TokenPolicy::default().is_broken_by(&token));
        }
    }
    if let Some(role) = again::<Role>(value) {
        permissions(&role.permissions);
        if role.check().is_ok() && !role.default_role {
            let mut book = RoleBook::default();
            if book.put(role.clone()).is_ok() {
                let written = serde_json::to_value(&book).unwrap();
                let read = serde_json::from_value::<RoleBook>(written).unwrap();
                assert_eq!(read, book);
            }
        }
    }
    if let Some(held) = again::<Permissions>(value) {
        permissions(&held);
    }
    again::<SearchAnswer>(value);
    again::<BulkRequest>(value);
    again::<BulkAnswer>(value);
    again::<ListResponse<Value>>(value);
    again::<PatchOp>(value);
    again::<ResourceType>(value);
    again::<Schema>(value);
    again::<TokenRights>(value);
    again::<RoleBook>(value);
    again::<TokenPolicy>(value);
    if let Some(expiration) = again::<Expiration>(value) {
        for created in [Timestamp::MIN, "2026-03-01T09:00:00Z".parse().unwrap(), Timestamp::MAX] {
            match expiration.resolve(created) {
                Ok(end) => assert!(end.is_none_or(|end| end > created)),
                Err(error) => assert!(matches!(error.field(), Some("expires" | "zone"))),
            }
        }
    }
}

fn permissions(held: &Permissions) {
    assert!(held.covers(held));
    assert!(held.covers(&Permissions::none()));
    let mut twice = held.clone();
    twice.join(held);
    assert!(twice.covers(held) && held.covers(&twice));
    assert_eq!(twice.scopes(), held.scopes());
    let mut more = RoleBook::default().permissions(["Read Only"]);
    more.join(held);
    assert!(more.covers(held));
}

fn name(text: &str) {
    let Ok(dn) = Dn::parse("dn", text) else { return };
    assert_eq!(dn.as_str(), text);
    assert!(dn.is_within(&dn) && dn.is_within(&Dn::root()));
    let parse = |text: &str| Dn::parse("dn", text).unwrap();
    let is_root = dn == Dn::root();
    assert_eq!(is_root, text.bytes().all(|byte| byte == b' '));
    // Not where it would become too long.
    if text.chars().count() < 4900 && !is_root {
        let below = parse(&format!("uid=x,{text}"));
        assert!(below.is_within(&dn) && !dn.is_within(&below));
        let spaced = parse(&format!("  {text}"));
        assert!(spaced == dn);
        let beside = parse(&format!("{text},o=elsewhere"));
        assert!(beside.is_within(&parse("o=elsewhere")));
        // The RDNs that are left of the whole are not below it, unless each is the same.
        if let Some((_, parent)) =
            text.rsplit_once(',').and_then(|(rest, last)| Some((last, Dn::parse("dn", rest).ok()?)))
        {
            assert!(parent != dn);
        }
    }
}

/// Whatever a value is, it ends neither a comparison nor a name.
fn escaped(text: &str) {
    let filter = Filter::equals("cn", text).to_string();
    assert_eq!(filter.bytes().filter(|byte| matches!(byte, b'(' | b')' | b'*')).count(), 2);
    let child = Dn::root().child("o", "acme").unwrap().child("cn", text);
    if let Ok(child) = child {
        assert_eq!(child.naming(), [("cn".to_owned(), text.to_owned())]);
        assert_eq!(child.parent().unwrap().as_str(), "o=acme");
    } else {
        assert!(text.chars().count() > 1500); // escaped it is too long
    }
}

fn network(text: &str) {
    let Ok(network) = parse_network(text) else { return };
    assert_eq!(network, network.trunc());
    assert_eq!(parse_network(&network.to_string()).unwrap(), network);
    assert!(network.contains(&network.addr()));
}
