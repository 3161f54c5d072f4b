//! A verdict as bytes: one short copy for each check, of which Kotlin reads what it is asked for.
//!
//! `Verdict.kt` reads it. Numbers are big-endian; a text is its length in bytes (`u16`) and UTF-8. A denial is the reason's
//! place among all, from 1 on, and the token's id where it is known. A grant is 0, the API, the instant at which it ends
//! (`i64`, the least of all for never), the vendor's scopes as bits (`u64`), id, name, whether there is a target DN (1),
//! claims (2), a subject (4) and an issuer (8), each of them that is, the number of roles (`u16`) and the roles, and up to the
//! end the application scopes, separated by spaces. Claims are JSON, as they came.

use gatepass::{Access, Api, Denied, Reason, Scope, Verdict};

pub(crate) fn verdict_bytes(verdict: &Verdict) -> Vec<u8> {
    let claims = verdict.as_ref().ok().and_then(Access::claims_json);
    let mut bytes = Vec::with_capacity(128 + claims.map_or(0, |claims| claims.len() + 128));
    write(verdict, &mut bytes);
    bytes
}

pub(crate) fn write(verdict: &Verdict, to: &mut Vec<u8>) {
    match verdict {
        Ok(access) => granted(access, to),
        Err(denied) => refused(denied, to),
    }
}

fn refused(denied: &Denied, to: &mut Vec<u8>) {
    let place = Reason::ALL.iter().position(|reason| *reason == denied.reason);
    to.push(place.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(u8::MAX));
    if let Some(id) = denied.id {
        to.extend(id.as_bytes());
    }
}

fn granted(access: &Access, to: &mut Vec<u8>) {
    let place = Api::ALL.iter().position(|api| *api == access.api()).unwrap_or_default();
    to.extend([0, u8::try_from(place).unwrap_or(u8::MAX)]);
    to.extend(access.expires_on().map_or(i64::MIN, gatepass::Timestamp::as_millis).to_be_bytes());
    to.extend(vendor_scopes_of(access).to_be_bytes());
    text(access.id().as_str(), to);
    text(access.name(), to);
    let texts = [access.target_dn(), access.claims_json(), access.subject(), access.issuer()];
    to.push(texts.iter().rev().fold(0, |flags, text| flags << 1 | u8::from(text.is_some())));
    for given in texts.into_iter().flatten() {
        text(given, to);
    }
    let roles = access.roles();
    count(roles.len(), to);
    for role in roles {
        text(role, to);
    }
    if access.api() != Api::Config {
        to.extend(access.scope().as_bytes());
    }
}

/// One bit for each of the vendor's scopes, in their order.
fn vendor_scopes_of(access: &Access) -> u64 {
    if access.api() != Api::Config {
        return 0;
    }
    let held = Scope::all().enumerate().filter(|(_, scope)| access.permits(*scope));
    held.fold(0, |bits, (place, _)| bits | 1_u64.checked_shl(u32::try_from(place).unwrap_or(64)).unwrap_or(0))
}

/// All limits of the core on texts and lists are below what 16 bits count.
fn count(number: usize, to: &mut Vec<u8>) {
    to.extend(u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes());
}

fn text(text: &str, to: &mut Vec<u8>) {
    count(text.len(), to);
    to.extend(text.as_bytes());
}
