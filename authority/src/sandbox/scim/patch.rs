//! Changes of a resource: RFC 7644 section 3.5.2. Paths are read by `scim_v2`; what they lead to, the schema says.

use gatepass::wire::scim::{PatchKind, PatchOperation};
use gatepass::{Error, Result};
use scim_v2::filter::{PatchPath, PatchValuePath, ValFilter};
use serde_json::{Map, Value};

use super::filter::fits_value;
use super::resource::{Object, invalid_value};
use super::schema::{Attribute, Found, Mutability, Resource, Schema};
use super::shape;
use super::values::{add, described, is_same, only_primary};

/// Changes of a request.
const MOST: usize = 1000;

/// Makes all of these changes, one after the other.
///
/// # Errors
/// `invalid_path`, `no_target`, `mutability`, `invalid_value`, `too_many`.
pub(super) fn apply(
    kind: &'static Resource,
    resource: &mut Object,
    operations: &[PatchOperation],
) -> Result<()> {
    if operations.len() > MOST {
        return Err(Error::invalid("Operations", "too_many", "a request has at most 1000 changes"));
    }
    operations.iter().try_for_each(|operation| {
        let value = operation.value.as_ref();
        // A replacement by nothing takes away (RFC 7643 section 2.5).
        if value.is_none() && operation.op == PatchKind::Add {
            return Err(invalid_value("a change that adds has a value"));
        }
        match operation.path.as_deref().map(str::trim).filter(|path| !path.is_empty()) {
            Some(path) => at_path(kind, resource, operation.op, path, value),
            None if operation.op == PatchKind::Remove => {
                Err(Error::invalid("path", "no_target", "a change that removes has a path"))
            }
            None => everywhere(kind, resource, operation.op, value),
        }
    })
}

/// A value without a path is a part of the resource.
fn everywhere(
    kind: &'static Resource,
    resource: &mut Object,
    op: PatchKind,
    value: Option<&Value>,
) -> Result<()> {
    let Some(Value::Object(parts)) = value else {
        return Err(invalid_value("without a path, the value is an object"));
    };
    for (path, value) in parts {
        // What nobody knows, and what only the server says, is passed over, as it is in a resource.
        let known = kind.extension(path).is_some()
            || path.contains('[')
            || kind.find_path(path).is_some_and(|found| {
                found.attribute.mutability != Mutability::ReadOnly && found.attribute.name != "schemas"
            });
        if known {
            at_path(kind, resource, op, path, Some(value))?;
        }
    }
    Ok(())
}

fn at_path(
    kind: &'static Resource,
    resource: &mut Object,
    op: PatchKind,
    path: &str,
    value: Option<&Value>,
) -> Result<()> {
    if let Some(schema) = kind.extension(path) {
        return at_extension(resource, op, schema, value);
    }
    let invalid = || Error::invalid("path", "invalid_path", "the path leads to nothing that there can be");
    let (found, filter) = match path.parse::<PatchPath>().map_err(|_| invalid())? {
        PatchPath::Attr(path) => {
            (kind.find(path.uri.as_deref(), &path.name, path.sub_attr.as_deref()).ok_or_else(invalid)?, None)
        }
        PatchPath::Value(PatchValuePath { attr, filter, sub_attr }) => {
            let found =
                kind.find(attr.uri.as_deref(), &attr.name, sub_attr.as_deref()).ok_or_else(invalid)?;
            if !found.attribute.multi || attr.sub_attr.is_some() {
                return Err(invalid());
            }
            (found, Some(filter))
        }
    };
    is_changeable(found)?;
    let object = match found.extension {
        None => &mut *resource,
        Some(urn) => {
            let extension = resource.entry(urn).or_insert_with(|| Value::Object(Map::new()));
            extension.as_object_mut().ok_or_else(invalid)?
        }
    };
    let change = Change { op, attribute: found.attribute, part: found.part, value };
    match filter {
        Some(filter) => change.of_some(object, &filter)?,
        None => change.of_all(object)?,
    }
    if let Some(urn) = found.extension
        && resource.get(urn).and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        resource.remove(urn);
    }
    Ok(())
}

fn is_changeable(found: Found) -> Result<()> {
    let is_read_only = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
    if is_read_only(found.attribute)
        || found.part.is_some_and(is_read_only)
        || found.attribute.name == "schemas"
    {
        return Err(immutable("only the server changes it"));
    }
    Ok(())
}

fn immutable(text: &'static str) -> Error {
    Error::invalid("path", "mutability", text)
}

/// A path that is the URN of an extension leads to all of it.
fn at_extension(
    resource: &mut Object,
    op: PatchKind,
    schema: &'static Schema,
    value: Option<&Value>,
) -> Result<()> {
    let Some(value) = value.filter(|_| op != PatchKind::Remove) else {
        resource.remove(schema.urn);
        return Ok(());
    };
    let Value::Object(parts) = value else { return Err(invalid_value("an extension is an object")) };
    let mut extension = match resource.remove(schema.urn) {
        Some(Value::Object(before)) => before,
        _ => Map::new(),
    };
    for (name, value) in parts {
        let attribute = schema.attributes.iter().find(|of| of.name.eq_ignore_ascii_case(name));
        if let Some(attribute) = attribute.filter(|of| of.mutability != Mutability::ReadOnly) {
            Change { op, attribute, part: None, value: Some(value) }.of_all(&mut extension)?;
        }
    }
    if !extension.is_empty() {
        resource.insert(schema.urn.to_owned(), Value::Object(extension));
    }
    Ok(())
}

/// What is done to an attribute, or to a part of it.
struct Change<'a> {
    op: PatchKind,
    attribute: &'static Attribute,
    part: Option<&'static Attribute>,
    value: Option<&'a Value>,
}

impl Change<'_> {
    /// The change of an attribute as a whole, or of a part of all of its values.
    fn of_all(&self, object: &mut Object) -> Result<()> {
        let name = self.attribute.name;
        match self.part {
            Some(part) if self.attribute.multi => {
                let Some(Value::Array(values)) = object.get_mut(name) else {
                    let mut value = Map::new();
                    self.set_part(part, &mut value)?;
                    if !value.is_empty() {
                        object.insert(name.to_owned(), Value::Array(vec![Value::Object(value)]));
                    }
                    return Ok(());
                };
                for value in values.iter_mut().filter_map(Value::as_object_mut) {
                    is_mutable(part, value)?;
                    self.set_part(part, value)?;
                }
                values.retain(|value| value.as_object().is_none_or(|value| !value.is_empty()));
                self.tidy(object);
                Ok(())
            }
            Some(part) => {
                let value = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
                let value =
                    value.as_object_mut().ok_or_else(|| invalid_value("a complex value is an object"))?;
                self.set_part(part, value)?;
                if value.is_empty() {
                    object.remove(name);
                }
                Ok(())
            }
            None if self.op == PatchKind::Remove => self.remove(object),
            None => self.put(object),
        }
    }

    fn set_part(&self, part: &'static Attribute, of: &mut Object) -> Result<()> {
        let value = match (self.op, self.value) {
            (PatchKind::Remove, _) | (_, None) => None,
            (_, Some(value)) => shape::value(part, value)?,
        };
        match value {
            Some(value) => of.insert(part.name.to_owned(), value),
            None => of.remove(part.name),
        };
        Ok(())
    }

    fn clear(&self, object: &mut Object) -> Result<()> {
        if self.attribute.required {
            return Err(immutable("the resource has to have it"));
        }
        object.remove(self.attribute.name);
        Ok(())
    }

    fn remove(&self, object: &mut Object) -> Result<()> {
        let name = self.attribute.name;
        // Some clients say in a value which of several are to go.
        let Some(which) = self.value.filter(|value| self.attribute.multi && !value.is_null()) else {
            return self.clear(object);
        };
        let gone = shape::value(self.attribute, which)?.unwrap_or_default();
        let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(Value::Array(values)) = object.get_mut(name) {
            values.retain(|value| !gone.iter().any(|gone| is_same(gone, value)));
        }
        self.tidy(object);
        Ok(())
    }

    /// Adds or replaces.
    fn put(&self, object: &mut Object) -> Result<()> {
        let name = self.attribute.name;
        let Some(mut new) =
            self.value.map(|value| shape::value(self.attribute, value)).transpose()?.flatten()
        else {
            // Nothing, added to something, changes nothing; in its place, it takes it away.
            return if self.op == PatchKind::Add { Ok(()) } else { self.clear(object) };
        };
        match (object.get_mut(name), &mut new) {
            (Some(Value::Array(before)), Value::Array(new)) if self.op == PatchKind::Add => {
                for value in new {
                    add(before, value);
                }
            }
            // The parts that are named replace those that are there; the others stay, either way.
            (Some(Value::Object(before)), Value::Object(new)) => before.append(new),
            (_, new) => {
                object.insert(name.to_owned(), new.take());
            }
        }
        Ok(())
    }

    /// The change of those values that a filter picks.
    fn of_some(&self, object: &mut Object, filter: &ValFilter) -> Result<()> {
        let name = self.attribute.name;
        let mut values = match object.remove(name) {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        };
        let mut picked = Vec::new();
        for (at, value) in values.iter().enumerate() {
            if fits_value(self.attribute, filter, value)? {
                picked.push(at);
            }
        }
        let done = if picked.is_empty() {
            self.of_none(&mut values, filter)
        } else {
            self.of_picked(&mut values, &picked)
        };
        // What is refused changes nothing.
        object.insert(name.to_owned(), Value::Array(values));
        self.tidy(object);
        done
    }

    /// Where nothing fits, what is added is made so that it fits.
    fn of_none(&self, values: &mut Vec<Value>, filter: &ValFilter) -> Result<()> {
        let no_target = || Error::invalid("path", "no_target", "no value fits the path's filter");
        if self.op != PatchKind::Add {
            return Err(no_target());
        }
        let mut made = Map::new();
        described(self.attribute, filter, &mut made).ok_or_else(no_target)?;
        match (self.part, self.value) {
            (Some(part), _) => self.set_part(part, &mut made)?,
            (None, Some(value)) => {
                if let Some(Value::Object(mut parts)) = shape::single(self.attribute, value)? {
                    made.append(&mut parts);
                }
            }
            (None, None) => {}
        }
        add(values, &mut Value::Object(made));
        Ok(())
    }

    fn of_picked(&self, values: &mut Vec<Value>, picked: &[usize]) -> Result<()> {
        if self.op == PatchKind::Remove && self.part.is_none() {
            let mut at = 0;
            values.retain(|_| {
                at += 1;
                !picked.contains(&(at - 1))
            });
            return Ok(());
        }
        let whole = match self.part {
            Some(_) => None,
            None => self.value.map(|value| shape::single(self.attribute, value)).transpose()?.flatten(),
        };
        for at in picked {
            let Some(Value::Object(value)) = values.get_mut(*at) else { continue };
            match (self.part, &whole) {
                (Some(part), _) => {
                    is_mutable(part, value)?;
                    self.set_part(part, value)?;
                }
                (None, Some(Value::Object(parts))) if self.op == PatchKind::Add => {
                    value.append(&mut parts.clone());
                }
                (None, Some(whole)) => {
                    if let Value::Object(parts) = whole {
                        value.clone_from(parts);
                    }
                }
                (None, None) => value.clear(),
            }
        }
        values.retain(|value| value.as_object().is_none_or(|value| !value.is_empty()));
        let primary = picked.last().filter(|_| self.makes_primary()).copied();
        if let Some(primary) = primary {
            only_primary(values, primary);
        }
        Ok(())
    }

    fn makes_primary(&self) -> bool {
        let is_true = |value: &Value| value == &Value::Bool(true);
        match self.part {
            Some(part) => part.name == "primary" && self.value.is_some_and(is_true),
            None => self.value.and_then(|value| value.get("primary")).is_some_and(is_true),
        }
    }

    /// An empty list is no value (RFC 7643 section 2.5).
    fn tidy(&self, object: &mut Object) {
        if object.get(self.attribute.name).and_then(Value::as_array).is_some_and(Vec::is_empty) {
            object.remove(self.attribute.name);
        }
    }
}

/// A part that does not change once it is there (RFC 7643 section 7).
fn is_mutable(part: &Attribute, of: &Object) -> Result<()> {
    if part.mutability == Mutability::Immutable && of.contains_key(part.name) {
        return Err(immutable("it does not change; remove the value, and add another one"));
    }
    Ok(())
}
