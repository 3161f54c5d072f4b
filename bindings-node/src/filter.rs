//! Filters: the core's, which know what is to be escaped.

use gatepass::Result;
use napi::Either;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use crate::credential::or_throw;

/// Which entries are wanted (RFC 4515).
#[napi(js_name = "Filter")]
pub struct LdapFilter(gatepass::Filter);

type Core = gatepass::Filter;
type Value = Either<String, Uint8Array>;

/// A name that is none is refused at once, where it was written.
fn checked(filter: Core) -> napi::Result<LdapFilter> {
    let check = |filter: Core| -> Result<LdapFilter> {
        filter.check()?;
        Ok(LdapFilter(filter))
    };
    or_throw(check(filter))
}

fn bytes(value: &Value) -> &[u8] {
    match value {
        Either::A(text) => text.as_bytes(),
        Either::B(bytes) => bytes,
    }
}

#[napi]
impl LdapFilter {
    /// Entries with this value.
    #[napi(factory)]
    pub fn equals(attribute: String, value: Value) -> napi::Result<Self> {
        checked(Core::equals(&attribute, bytes(&value)))
    }

    /// Entries with a value that is this one or greater.
    #[napi(factory)]
    pub fn at_least(attribute: String, value: Value) -> napi::Result<Self> {
        checked(Core::at_least(&attribute, bytes(&value)))
    }

    /// Entries with a value that is this one or less.
    #[napi(factory)]
    pub fn at_most(attribute: String, value: Value) -> napi::Result<Self> {
        checked(Core::at_most(&attribute, bytes(&value)))
    }

    /// Entries with a value that is like this one.
    #[napi(factory)]
    pub fn approximately(attribute: String, value: Value) -> napi::Result<Self> {
        checked(Core::approximately(&attribute, bytes(&value)))
    }

    /// Entries that have this attribute.
    #[napi(factory)]
    pub fn present(attribute: String) -> napi::Result<Self> {
        checked(Core::present(&attribute))
    }

    /// Entries with a value that has these texts in it, in this order.
    #[napi(factory)]
    pub fn substring(
        attribute: String,
        begin: String,
        between: Vec<String>,
        end: String,
    ) -> napi::Result<Self> {
        let between: Vec<&str> = between.iter().map(String::as_str).collect();
        checked(Core::substring(&attribute, &begin, &between, &end))
    }

    /// Entries with a value that fits by a matching rule.
    #[napi(factory)]
    pub fn matches(attribute: String, rule: String, value: Value) -> napi::Result<Self> {
        checked(Core::matches(&attribute, &rule, bytes(&value)))
    }

    /// Entries that fit all of these.
    #[napi(factory)]
    pub fn all(filters: Vec<&LdapFilter>) -> Self {
        Self(Core::all(filters.iter().map(|filter| filter.0.clone())))
    }

    /// Entries that fit one of these at least.
    #[napi(factory)]
    pub fn any(filters: Vec<&LdapFilter>) -> Self {
        Self(Core::any(filters.iter().map(|filter| filter.0.clone())))
    }

    /// This text as it is.
    #[napi(factory)]
    pub fn raw(text: String) -> Self {
        Self(Core::raw(text))
    }

    /// Entries that do not fit.
    #[napi]
    #[must_use]
    pub fn not(&self) -> Self {
        Self(self.0.clone().not())
    }

    /// The text.
    #[napi]
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}
