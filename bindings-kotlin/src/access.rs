//! A verdict as bytes: one short copy for each check, of which Kotlin reads what it is asked for.
//!
//! `Verdict.kt` reads it. Numbers are big-endian; a text is its length in bytes (`u16`) and UTF-8. A denial is the reason's
//! place among all, from 1 on, and the token's id where it is known. A grant is 0, the API, the instant at which it ends
//! (`i64`, the least of all for never), the vendor's scopes as bits (`u64`), id, name, whether there is a target DN (1) and
//! claims (2), each of them that is, the number of roles (`u16`) and the roles, and up to the end the application scopes,
//! separated by spaces. Claims are what the core has read from the token that was shown, so they stand here as they stand there,
//! Base64url: few look at them, and to write them anew would take as long as all the rest of a check that is remembered.

use gatepass::{Access, Api, Denied, Reason, Scope, Verdict};

/// A verdict on what was `shown`, a header's value or a bare secret. A server tells of no claims, so what it was asked about
/// need not be.
pub(crate) fn verdict_bytes(verdict: &Verdict, shown: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128 + shown.len());
    write(verdict, shown, &mut bytes);
    bytes
}

pub(crate) fn write(verdict: &Verdict, shown: &[u8], to: &mut Vec<u8>) {
    match verdict {
        Ok(access) => granted(access, shown, to),
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

fn granted(access: &Access, shown: &[u8], to: &mut Vec<u8>) {
    let place = Api::ALL.iter().position(|api| *api == access.api()).unwrap_or_default();
    to.extend([0, u8::try_from(place).unwrap_or(u8::MAX)]);
    to.extend(access.expires_on().map_or(i64::MIN, gatepass::Timestamp::as_millis).to_be_bytes());
    to.extend(vendor_scopes_of(access).to_be_bytes());
    text(access.id().as_str(), to);
    text(access.name(), to);
    let (dn, said) = (access.target_dn(), access.claims_json().and_then(|_| payload(shown)));
    to.push(u8::from(dn.is_some()) | u8::from(said.is_some()) << 1);
    if let Some(dn) = dn {
        text(dn, to);
    }
    if let Some(said) = said {
        count(said.len(), to);
        to.extend(said);
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

/// What stands between the dots of a token in the compact form (RFC 7515 section 7.1), 8 KiB at the most.
fn payload(shown: &[u8]) -> Option<&[u8]> {
    shown.split(|byte| *byte == b'.').nth(1)
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
