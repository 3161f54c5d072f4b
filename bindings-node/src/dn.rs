//! Distinguished names: the core's, which knows what is to be escaped.

use gatepass::{Dn, Result};
use napi_derive::napi;

use crate::credential::or_throw;

fn parsed(text: &str) -> Result<Dn> {
    Dn::parse("dn", text)
}

/// Refuses what is no name.
#[napi]
pub fn check_dn(dn: String) -> napi::Result<()> {
    or_throw(parsed(&dn)).map(drop)
}

/// The name of an entry right below this one.
#[napi]
pub fn dn_child(dn: String, attribute: String, value: String) -> napi::Result<String> {
    or_throw(parsed(&dn).and_then(|dn| dn.child(&attribute, &value))).map(|child| child.to_string())
}

/// The name above this one; `null` of the root.
#[napi]
pub fn dn_parent(dn: String) -> napi::Result<Option<String>> {
    or_throw(parsed(&dn)).map(|dn| dn.parent().map(|parent| parent.to_string()))
}

/// The first step; `null` of the root.
#[napi]
pub fn dn_rdn(dn: String) -> napi::Result<Option<String>> {
    or_throw(parsed(&dn)).map(|dn| dn.rdn().map(str::to_owned))
}

/// Whether a name is this base, or lies below it.
#[napi]
pub fn dn_is_within(dn: String, base: String) -> napi::Result<bool> {
    or_throw(parsed(&dn).and_then(|dn| Ok(dn.is_within(&Dn::parse("base", &base)?))))
}
