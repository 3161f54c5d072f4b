//! Several values of an attribute: which are the same, and which one is primary (RFC 7643 section 2.4).

use scim_v2::filter::{AttrExp, CompValue, CompareOp, ValFilter};
use serde_json::Value;

use super::resource::Object;
use super::schema::Attribute;
use super::shape;

/// Adds a value to others. One that is there already is not added again; a primary one is the only one.
pub(super) fn add(values: &mut Vec<Value>, new: &mut Value) {
    if values.contains(new) {
        return;
    }
    let is_primary = new.get("primary") == Some(&Value::Bool(true));
    // The same once more, with other details, takes the place of what was there.
    let same = values.iter().position(|value| is_same(value, new) && value.get("type") == new.get("type"));
    let at = same.unwrap_or(values.len());
    match (values.get_mut(at), new.take()) {
        (Some(Value::Object(before)), Value::Object(new)) => before.extend(new),
        (_, new) => values.push(new),
    }
    if is_primary {
        only_primary(values, at);
    }
}

pub(super) fn only_primary(values: &mut [Value], primary: usize) {
    for (at, value) in values.iter_mut().enumerate() {
        if let Some(value) = value.as_object_mut().filter(|_| at != primary)
            && value.get("primary") == Some(&Value::Bool(true))
        {
            value.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}

/// Whether two values are of the same thing: by `value`, where they have one, for the rest are details.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one.get("value"), other.get("value")) {
        (Some(Value::String(one)), Some(Value::String(other))) => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

/// What a filter says that a value is, if it says that alone.
pub(super) fn described(attribute: &'static Attribute, filter: &ValFilter, made: &mut Object) -> Option<()> {
    match filter {
        ValFilter::And(filters) => filters.iter().try_for_each(|filter| described(attribute, filter, made)),
        ValFilter::Attr(AttrExp::Comparison(path, CompareOp::Eq, value)) => {
            let part = attribute.part(&path.name)?;
            let value = match value {
                CompValue::Str(text) => Value::from(text.as_str()),
                CompValue::True => Value::Bool(true),
                CompValue::False => Value::Bool(false),
                CompValue::Number(_) | CompValue::Null => return None,
            };
            let value = shape::value(part, &value).ok()??;
            made.insert(part.name.to_owned(), value);
            Some(())
        }
        _ => None,
    }
}
