//! Filters, LDAP's and SCIM's, and the names of entries: put together by the core, which alone knows how they are written.

use std::sync::Arc;

use gatepass::{Dn, Error, Filter, ScimFilter};
use serde_json::Value;

use crate::Failure;

#[derive(Debug, uniffi::Object)]
pub struct FilterHandle(pub(crate) Filter);

#[uniffi::export]
impl FilterHandle {
    #[uniffi::constructor]
    pub fn equal(attribute: String, value: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(Filter::equals(&attribute, value)))
    }

    #[uniffi::constructor]
    pub fn at_least(attribute: String, value: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(Filter::at_least(&attribute, value)))
    }

    #[uniffi::constructor]
    pub fn at_most(attribute: String, value: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(Filter::at_most(&attribute, value)))
    }

    #[uniffi::constructor]
    pub fn approximately(attribute: String, value: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(Filter::approximately(&attribute, value)))
    }

    #[uniffi::constructor]
    pub fn present(attribute: String) -> Arc<Self> {
        Arc::new(Self(Filter::present(&attribute)))
    }

    #[uniffi::constructor]
    pub fn substring(attribute: String, begin: String, between: Vec<String>, end: String) -> Arc<Self> {
        let between: Vec<&str> = between.iter().map(String::as_str).collect();
        Arc::new(Self(Filter::substring(&attribute, &begin, &between, &end)))
    }

    #[uniffi::constructor]
    pub fn matching(attribute: String, rule: String, value: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(Filter::matches(&attribute, &rule, value)))
    }

    #[uniffi::constructor]
    pub fn every(filters: Vec<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self(Filter::all(filters.iter().map(|filter| filter.0.clone()))))
    }

    #[uniffi::constructor]
    pub fn some(filters: Vec<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self(Filter::any(filters.iter().map(|filter| filter.0.clone()))))
    }

    #[uniffi::constructor]
    pub fn raw(text: String) -> Arc<Self> {
        Arc::new(Self(Filter::raw(text)))
    }

    pub fn negated(&self) -> Arc<Self> {
        Arc::new(Self(self.0.clone().not()))
    }

    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

#[derive(Debug, uniffi::Object)]
pub struct ScimFilterHandle(pub(crate) ScimFilter);

#[uniffi::export]
impl ScimFilterHandle {
    /// By RFC 7644's operator, with a value as JSON.
    #[uniffi::constructor]
    pub fn compared(path: String, operator: String, value: String) -> Result<Arc<Self>, Failure> {
        let value = json_of("value", &value)?;
        Ok(Arc::new(Self(match operator.as_str() {
            "eq" => ScimFilter::eq(&path, value),
            "ne" => ScimFilter::ne(&path, value),
            "gt" => ScimFilter::gt(&path, value),
            "ge" => ScimFilter::ge(&path, value),
            "lt" => ScimFilter::lt(&path, value),
            "le" => ScimFilter::le(&path, value),
            _ => {
                let text = "expected eq, ne, gt, ge, lt or le";
                return Err(Error::invalid("operator", "operator_unknown", text).into());
            }
        })))
    }

    #[uniffi::constructor]
    pub fn containing(path: String, text: String) -> Arc<Self> {
        Arc::new(Self(ScimFilter::contains(&path, &text)))
    }

    #[uniffi::constructor]
    pub fn starting(path: String, text: String) -> Arc<Self> {
        Arc::new(Self(ScimFilter::starts_with(&path, &text)))
    }

    #[uniffi::constructor]
    pub fn ending(path: String, text: String) -> Arc<Self> {
        Arc::new(Self(ScimFilter::ends_with(&path, &text)))
    }

    #[uniffi::constructor]
    pub fn present(path: String) -> Arc<Self> {
        Arc::new(Self(ScimFilter::present(&path)))
    }

    #[uniffi::constructor]
    pub fn one_of(path: String, filter: Arc<Self>) -> Arc<Self> {
        Arc::new(Self(ScimFilter::one_of(&path, &filter.0)))
    }

    #[uniffi::constructor]
    pub fn raw(text: String) -> Arc<Self> {
        Arc::new(Self(ScimFilter::raw(text)))
    }

    pub fn with(&self, other: Arc<Self>) -> Arc<Self> {
        Arc::new(Self(self.0.clone().and(other.0.clone())))
    }

    pub fn or_else(&self, other: Arc<Self>) -> Arc<Self> {
        Arc::new(Self(self.0.clone().or(other.0.clone())))
    }

    pub fn negated(&self) -> Arc<Self> {
        Arc::new(Self(self.0.clone().not()))
    }

    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

/// What Kotlin wrote as JSON. The error has none of it in it.
pub(crate) fn json_of(field: &'static str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|_| Error::invalid(field, "json_malformed", "this cannot be read as JSON").into())
}

#[uniffi::export]
pub fn dn_child(dn: String, attribute: String, value: String) -> Result<String, Failure> {
    Ok(Dn::parse("dn", &dn)?.child(&attribute, &value)?.as_str().to_owned())
}

#[uniffi::export]
pub fn dn_escape(value: String) -> String {
    Dn::escape(&value).into_owned()
}

#[uniffi::export]
pub fn dn_parent(dn: String) -> Result<Option<String>, Failure> {
    Ok(Dn::parse("dn", &dn)?.parent().map(|parent| parent.as_str().to_owned()))
}

#[uniffi::export]
pub fn dn_rdn(dn: String) -> Result<Option<String>, Failure> {
    Ok(Dn::parse("dn", &dn)?.rdn().map(str::to_owned))
}

#[uniffi::export]
pub fn dn_is_within(dn: String, base: String) -> Result<bool, Failure> {
    Ok(Dn::parse("dn", &dn)?.is_within(&Dn::parse("base", &base)?))
}
