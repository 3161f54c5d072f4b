//! SCIM's filters: the core's, which know where a value ends.

use gatepass::ScimFilter;
use napi_derive::napi;
use serde_json::Value;

use crate::credential::or_throw;
use crate::error::read;

/// Which resources are wanted (RFC 7644 section 3.4.2.2).
#[napi(js_name = "ScimFilter")]
pub struct HeldFilter(ScimFilter);

#[napi]
impl HeldFilter {
    /// The attribute compares so with this value, which is JSON.
    #[napi(factory)]
    pub fn compares(path: String, operator: String, value: String) -> napi::Result<Self> {
        let value: Value = or_throw(read("value", &value))?;
        let compares = match operator.as_str() {
            "eq" => ScimFilter::eq,
            "ne" => ScimFilter::ne,
            "gt" => ScimFilter::gt,
            "ge" => ScimFilter::ge,
            "lt" => ScimFilter::lt,
            _ => ScimFilter::le,
        };
        Ok(Self(compares(&path, value)))
    }

    /// It contains this text.
    #[napi(factory)]
    pub fn contains(path: String, text: String) -> Self {
        Self(ScimFilter::contains(&path, &text))
    }

    /// It begins with this text.
    #[napi(factory)]
    pub fn starts_with(path: String, text: String) -> Self {
        Self(ScimFilter::starts_with(&path, &text))
    }

    /// It ends with this text.
    #[napi(factory)]
    pub fn ends_with(path: String, text: String) -> Self {
        Self(ScimFilter::ends_with(&path, &text))
    }

    /// It has a value.
    #[napi(factory)]
    pub fn present(path: String) -> Self {
        Self(ScimFilter::present(&path))
    }

    /// One value of a complex attribute fits all of this filter.
    #[napi(factory)]
    pub fn one_of(path: String, filter: &HeldFilter) -> Self {
        Self(ScimFilter::one_of(&path, &filter.0))
    }

    /// This text as it is.
    #[napi(factory)]
    pub fn raw(text: String) -> Self {
        Self(ScimFilter::raw(text))
    }

    /// Both fit.
    #[napi]
    #[must_use]
    pub fn and(&self, other: &HeldFilter) -> Self {
        Self(self.0.clone().and(other.0.clone()))
    }

    /// One of them fits.
    #[napi]
    #[must_use]
    pub fn or(&self, other: &HeldFilter) -> Self {
        Self(self.0.clone().or(other.0.clone()))
    }

    /// It does not fit.
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
