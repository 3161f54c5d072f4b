//! What clients send, in the shape that the schema says: names in their case, values of their types, and nothing that
//! only the server says.

use gatepass::{Result, Timestamp};
use serde_json::{Map, Value};

use super::resource::{Object, invalid_value};
use super::schema::{Attribute, COMMON, Mutability, Resource, Type};

/// A resource as it was sent. What nobody knows is passed over, and what only the server says too (RFC 7644 section 3.5.1).
///
/// # Errors
/// `invalid_value`, `invalid_syntax`.
pub(super) fn resource(kind: &'static Resource, sent: &Object) -> Result<Object> {
    declared(kind, sent)?;
    let mut clean = Object::new();
    for (at, schema) in kind.schemas.iter().enumerate() {
        if at == 0 {
            clean.append(&mut attributes(schema.attributes, sent)?);
            continue;
        }
        let Some((_, extension)) = sent.iter().find(|(name, _)| name.eq_ignore_ascii_case(schema.urn)) else {
            continue;
        };
        let extension = match extension {
            Value::Object(extension) => attributes(schema.attributes, extension)?,
            Value::Null => continue,
            _ => return Err(invalid_value("an extension is an object")),
        };
        if !extension.is_empty() {
            clean.insert(schema.urn.to_owned(), Value::Object(extension));
        }
    }
    clean.append(&mut attributes(COMMON, sent)?);
    let required = kind.schemas.iter().flat_map(|schema| schema.attributes).filter(|of| of.required);
    for attribute in required {
        let is_there = clean.get(attribute.name).is_some_and(|value| value.as_str() != Some(""));
        if !is_there {
            return Err(invalid_value(format!("{}: the resource has to have it", attribute.name)));
        }
    }
    Ok(clean)
}

/// What is sent says which schemas it is of (RFC 7643 section 3).
fn declared(kind: &Resource, sent: &Object) -> Result<()> {
    let Some((_, schemas)) = sent.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas")) else {
        return Ok(());
    };
    let core = kind.schemas.first().map(|schema| schema.urn);
    let says = |urn: &Value| core.zip(urn.as_str()).is_some_and(|(core, urn)| core.eq_ignore_ascii_case(urn));
    if schemas.as_array().is_some_and(|schemas| schemas.iter().any(says)) {
        return Ok(());
    }
    Err(invalid_value("schemas: names the schema of the resource's type"))
}

fn attributes(known: &'static [Attribute], sent: &Object) -> Result<Object> {
    let mut clean = Object::new();
    for (name, value) in sent {
        let Some(attribute) = known.iter().find(|of| of.name.eq_ignore_ascii_case(name)) else { continue };
        if attribute.mutability == Mutability::ReadOnly || attribute.name == "schemas" {
            continue;
        }
        if let Some(value) = self::value(attribute, value)? {
            clean.insert(attribute.name.to_owned(), value);
        }
    }
    Ok(clean)
}

/// An attribute's value; none where it stands for nothing (RFC 7643 section 2.5).
pub(super) fn value(attribute: &'static Attribute, sent: &Value) -> Result<Option<Value>> {
    if sent.is_null() {
        return Ok(None);
    }
    if !attribute.multi {
        return single(attribute, sent);
    }
    let list = match sent {
        Value::Array(list) => list.as_slice(),
        // One value alone, as some clients send it.
        one => std::slice::from_ref(one),
    };
    let mut values = Vec::with_capacity(list.len());
    for value in list {
        // A text alone stands for the value of a complex one.
        let wrapped = match value {
            Value::String(_) => Value::Object(Map::from_iter([("value".to_owned(), value.clone())])),
            other => other.clone(),
        };
        values.extend(single(attribute, &wrapped)?);
    }
    let is_primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
    if values.iter().filter(is_primary).count() > 1 {
        return Err(invalid_value(format!("{}: one is primary, at the most", attribute.name)));
    }
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

/// One value of it.
pub(super) fn single(attribute: &'static Attribute, sent: &Value) -> Result<Option<Value>> {
    let wrong = |expected| Err(invalid_value(format!("{}: expected {expected}", attribute.name)));
    Ok(match (attribute.kind, sent) {
        (_, Value::Null) => None,
        (Type::Complex, Value::Object(parts)) => {
            let parts = attributes(attribute.parts, parts)?;
            (!parts.is_empty()).then_some(Value::Object(parts))
        }
        (Type::Complex, Value::String(text)) if attribute.name == "manager" => {
            // As a widespread client sends it.
            let of =
                |text: &String| Value::Object(Map::from_iter([("value".to_owned(), text.clone().into())]));
            (!text.is_empty()).then(|| of(text))
        }
        (Type::Complex, _) => return wrong("an object"),
        (Type::Flag, Value::Bool(_)) => Some(sent.clone()),
        (Type::Flag, Value::String(text)) if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        (Type::Flag, Value::String(text)) if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        (Type::Flag, _) => return wrong("true or false"),
        (Type::Time, Value::String(text)) if text.parse::<Timestamp>().is_ok() => Some(sent.clone()),
        (Type::Time, _) => return wrong("a time (RFC 3339)"),
        (Type::Text | Type::Reference | Type::Binary, Value::String(text)) => {
            if text.contains('\0') {
                return wrong("a text without the character NUL");
            }
            (!text.is_empty()).then(|| sent.clone())
        }
        (Type::Text | Type::Reference | Type::Binary, _) => return wrong("a text"),
    })
}
