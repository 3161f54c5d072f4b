//! Application scopes: what a `scim` or `rest` token may do, in the words of the application that checks it.

use crate::{Error, Result};

/// The greatest number of scopes that a token carries.
pub const MAX_SCOPES: usize = 100;
/// The greatest length of a scope, in bytes.
pub const MAX_SCOPE_LENGTH: usize = 256;
/// What the vendor's scopes begin with; no application scope may.
const VENDOR_PREFIX: &str = "SCOPE_";

/// An application scope is an RFC 6749 `scope-token` (section 3.3: `%x21 / %x23-5B / %x5D-7E`) of 1 to 256
/// bytes that does not begin with `SCOPE_`, the vendor's own. A Gatepass extension.
pub fn check_application_scope(scope: &str) -> Result<()> {
    let fault = if scope.starts_with(VENDOR_PREFIX) {
        ("scope_reserved", "SCOPE_ begins the vendor's scopes, which come from roles")
    } else if !(1..=MAX_SCOPE_LENGTH).contains(&scope.len()) {
        ("scope_length", "a scope has 1 to 256 bytes")
    } else if !scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)) {
        (
            "scope_malformed",
            "a scope has no space, quote, backslash or character outside ASCII (RFC 6749 3.3)",
        )
    } else {
        return Ok(());
    };
    Err(Error::invalid("scopes", fault.0, fault.1))
}

/// Checks each, and puts them in order without repetition.
pub(crate) fn canonical_scopes<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for scope in scopes {
        check_application_scope(scope)?;
        out.push(scope.to_owned());
    }
    out.sort_unstable();
    out.dedup();
    if out.len() > MAX_SCOPES {
        return Err(Error::invalid("scopes", "too_many_scopes", "a token carries at most 100 scopes"));
    }
    Ok(out)
}
