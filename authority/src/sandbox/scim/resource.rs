//! Resources out of entries, and what entries become of resources.

use gatepass::wire::adap::Attributes;
use gatepass::{Dn, Error, ErrorKind, Result};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Map, Value, json};

use super::super::entry::{Kind, Stored, set};
use super::super::store::failed;
use super::super::syntax::{MEMBERS, comparable, indexed};
use super::super::tree;
use super::schema::{Attribute, Place, Resource, TYPES, Type};

/// A resource's JSON.
pub(super) type Object = Map<String, Value>;

/// What takes more than the entry itself, and is left out where nobody looks at it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    /// The groups of a user.
    pub(super) groups: bool,
    /// The members of a group.
    pub(super) members: bool,
    /// What the other resources are called.
    pub(super) names: bool,
}

impl Needs {
    pub(super) const ALL: Self = Self { groups: true, members: true, names: true };

    /// This attribute is looked at, with all of its parts.
    pub(super) fn look_at(&mut self, attribute: &Attribute) {
        self.groups |= attribute.place == Place::Groups;
        self.members |= attribute.place == Place::Members;
        self.names |= matches!(attribute.place, Place::Groups | Place::Members | Place::Names(_));
    }
}

/// The resource that an entry is.
pub(super) fn of_entry(
    conn: &Connection,
    kind: &'static Resource,
    entry: &Stored,
    base: &str,
    needs: Needs,
) -> Result<Object> {
    let reader = Reader { conn, entry, base, needs };
    let mut resource = Object::new();
    let mut schemas = Vec::new();
    for (at, schema) in kind.schemas.iter().enumerate() {
        let mut object = Object::new();
        for attribute in schema.attributes {
            if let Some(value) = reader.read(attribute)? {
                object.insert(attribute.name.to_owned(), value);
            }
        }
        if at == 0 {
            resource.append(&mut object);
        } else if !object.is_empty() {
            resource.insert(schema.urn.to_owned(), Value::Object(object));
        } else {
            continue;
        }
        schemas.push(schema.urn);
    }
    resource.insert("schemas".to_owned(), json!(schemas));
    resource.insert("id".to_owned(), json!(entry.uuid));
    if let Some(id) = entry.attributes.first("externalId") {
        resource.insert("externalId".to_owned(), json!(id));
    }
    // A person without a `uid` is called by another name, for a user has one.
    if kind.kind == Kind::User && !resource.contains_key("userName") {
        let name = entry.attributes.first("cn").unwrap_or(&entry.dn);
        resource.insert("userName".to_owned(), json!(name));
    }
    if kind.kind == Kind::Group && !resource.contains_key("displayName") {
        resource.insert("displayName".to_owned(), json!(entry.dn));
    }
    let meta = json!({
        "resourceType": kind.name,
        "created": entry.created,
        "lastModified": entry.modified,
        "location": location(base, kind, &entry.uuid),
        "version": version(entry),
    });
    resource.insert("meta".to_owned(), meta);
    Ok(resource)
}

/// Where a resource is.
pub(super) fn location(base: &str, kind: &Resource, id: &str) -> String {
    format!("{base}{}/{id}", kind.endpoint)
}

/// Its `ETag`.
pub(super) fn version(entry: &Stored) -> String {
    format!("W/\"{}\"", entry.version)
}

struct Reader<'a> {
    conn: &'a Connection,
    entry: &'a Stored,
    base: &'a str,
    needs: Needs,
}

impl Reader<'_> {
    fn read(&self, attribute: &'static Attribute) -> Result<Option<Value>> {
        let entry = &self.entry.attributes;
        Ok(match (attribute.place, attribute.kind) {
            (Place::Nowhere, _) => None,
            (Place::Groups, _) => Self::others(self.needs.groups, || self.groups())?,
            (Place::Members, _) => Self::others(self.needs.members, || self.members())?,
            (Place::Names(name), _) => self.manager(name)?,
            (Place::Own, Type::Complex) if !attribute.multi => {
                let mut parts = Object::new();
                for part in attribute.parts {
                    if let Some(value) = self.read(part)? {
                        parts.insert(part.name.to_owned(), value);
                    }
                }
                (!parts.is_empty()).then_some(Value::Object(parts))
            }
            (Place::Own, _) if attribute.multi => {
                let values: Vec<Value> =
                    entry.get(attribute.name).into_iter().flatten().map(detailed).collect();
                (!values.is_empty()).then_some(Value::Array(values))
            }
            (Place::In(name), _) if attribute.multi => {
                let details: Vec<Value> =
                    entry.get(attribute.name).into_iter().flatten().map(detailed).collect();
                let mut values = Vec::new();
                for value in entry.get(name).unwrap_or_default() {
                    let of_it = |detail: &&Value| detail.get("value").is_some_and(|of| of == value);
                    let before = values.len();
                    values.extend(details.iter().filter(of_it).cloned());
                    if values.len() == before {
                        values.push(json!({"value": value}));
                    }
                }
                (!values.is_empty()).then_some(Value::Array(values))
            }
            (Place::Own, kind) => entry.first(attribute.name).map(|text| typed(kind, text)),
            (Place::In(name), kind) => {
                let text = entry.first(name).filter(|text| !self.is_a_stopgap(name, text));
                text.map(|text| typed(kind, text))
            }
        })
    }

    /// A person's class asks for `cn` and `sn`. Where SCIM said neither, the user's name stands there, and says nothing.
    fn is_a_stopgap(&self, name: &str, value: &str) -> bool {
        self.entry.kind == Kind::User
            && matches!(name, "cn" | "sn")
            && self.entry.attributes.first("uid") == Some(value)
    }

    fn others(wanted: bool, read: impl Fn() -> Result<Vec<Value>>) -> Result<Option<Value>> {
        let found = if wanted { read()? } else { Vec::new() };
        Ok((!found.is_empty()).then_some(Value::Array(found)))
    }

    fn groups(&self) -> Result<Vec<Value>> {
        let sql = "SELECT DISTINCT entry.id, entry.uuid FROM value JOIN entry ON entry.id = value.entry
                   WHERE value.attribute IN (?1, ?2) AND value.value = ?3 AND entry.kind = 2 ORDER BY entry.id";
        let [one, other] = MEMBERS.map(indexed);
        let mut statement = self.conn.prepare_cached(sql).map_err(failed)?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let rows: Vec<(i64, String)> = statement
            .query_map(params![one, other, self.entry.key], row)
            .and_then(Iterator::collect)
            .map_err(failed)?;
        let of = |(id, uuid): (i64, String)| {
            let location = location(self.base, &super::schema::GROUP_TYPE, &uuid);
            let mut group = json!({"value": uuid, "$ref": location, "type": "direct"});
            self.name(&mut group, "display", || tree::by_id(self.conn, id))?;
            Ok(group)
        };
        rows.into_iter().map(of).collect()
    }

    /// Adds what another resource is called, where that is wanted.
    fn name(&self, to: &mut Value, part: &str, find: impl Fn() -> Result<Option<Stored>>) -> Result<()> {
        let Some(entry) = self.needs.names.then(find).transpose()?.flatten() else { return Ok(()) };
        let name = entry.attributes.first("displayName").or_else(|| entry.attributes.first("cn"));
        if let (Some(name), Value::Object(to)) = (name, to) {
            to.insert(part.to_owned(), json!(name));
        }
        Ok(())
    }

    fn members(&self) -> Result<Vec<Value>> {
        let all = MEMBERS.iter().flat_map(|name| self.entry.attributes.get(name).unwrap_or_default());
        all.map(|name| self.refer(name, "display")).collect()
    }

    fn manager(&self, name: &str) -> Result<Option<Value>> {
        let Some(dn) = self.entry.attributes.first(name) else { return Ok(None) };
        let mut manager = self.refer(dn, "displayName")?;
        if let Value::Object(manager) = &mut manager {
            manager.remove("type");
        }
        Ok(Some(manager))
    }

    /// A resource that is referred to by the name of its entry. One that is not there is its name, which is good as an id.
    fn refer(&self, dn: &str, display: &str) -> Result<Value> {
        let key = comparable("member", dn);
        let sql = "SELECT uuid, kind FROM entry WHERE key = ?";
        let mut statement = self.conn.prepare_cached(sql).map_err(failed)?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let there: Option<(String, i64)> =
            statement.query_row(params![key], row).optional().map_err(failed)?;
        let of = |(uuid, number)| Some((uuid, TYPES.iter().find(|of| of.kind as i64 == number)?));
        let Some((uuid, kind)) = there.and_then(of) else { return Ok(json!({"value": dn})) };
        let location = location(self.base, kind, &uuid);
        let mut found = json!({"value": uuid, "$ref": location, "type": kind.name});
        self.name(&mut found, display, || tree::by_key(self.conn, &key))?;
        Ok(found)
    }
}

/// A complex value, which is kept as its JSON.
fn detailed(text: &String) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Object(value)) => Value::Object(value),
        _ => json!({"value": text}),
    }
}

fn typed(kind: Type, text: &str) -> Value {
    match kind {
        Type::Flag => json!(text.eq_ignore_ascii_case("true")),
        _ => json!(text),
    }
}

/// Brings an entry's attributes to what a resource says, and leaves alone what SCIM does not speak of.
pub(super) fn to_entry(
    conn: &Connection,
    kind: &'static Resource,
    resource: &Object,
    attributes: &mut Attributes,
) -> Result<()> {
    let id = resource.get("externalId").and_then(Value::as_str);
    put(attributes, "externalId", id);
    for (at, schema) in kind.schemas.iter().enumerate() {
        let none = Object::new();
        let object = match at {
            0 => resource,
            _ => resource.get(schema.urn).and_then(Value::as_object).unwrap_or(&none),
        };
        for attribute in schema.attributes {
            write(conn, attribute, object.get(attribute.name), attributes)?;
        }
    }
    if kind.kind == Kind::User
        && let Some(uid) = attributes.first("uid").map(str::to_owned)
    {
        for name in ["cn", "sn"] {
            if attributes.get(name).is_none() {
                set(attributes, name, vec![uid.clone()]);
            }
        }
    }
    Ok(())
}

fn write(
    conn: &Connection,
    attribute: &'static Attribute,
    value: Option<&Value>,
    attributes: &mut Attributes,
) -> Result<()> {
    let list = || value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match (attribute.place, attribute.kind) {
        (Place::Nowhere | Place::Groups, _) => {}
        (Place::Members, _) => {
            let mut names = Vec::new();
            for member in list() {
                names.extend(named(conn, member)?);
            }
            let [member, unique] = MEMBERS;
            let classes = attributes.get("objectClass").unwrap_or_default();
            let is_unique = classes.iter().any(|class| class.eq_ignore_ascii_case("groupOfUniqueNames"));
            let (of, other) = if is_unique { (unique, member) } else { (member, unique) };
            set(attributes, of, distinct(of, names));
            set(attributes, other, Vec::new());
        }
        (Place::Names(name), _) => {
            let of = value.map(|value| named(conn, value)).transpose()?.flatten();
            set(attributes, name, of.into_iter().collect());
        }
        (Place::Own, Type::Complex) if !attribute.multi => {
            for part in attribute.parts {
                write(conn, part, value.and_then(|value| value.get(part.name)), attributes)?;
            }
        }
        (Place::Own, _) if attribute.multi => {
            set(attributes, attribute.name, distinct(attribute.name, list().iter().map(text).collect()));
        }
        (Place::In(name), _) if attribute.multi => {
            let of = |value: &Value| value.get("value").and_then(Value::as_str).map(str::to_owned);
            set(attributes, name, distinct(name, list().iter().filter_map(of).collect()));
            let says_more = |value: &Value| value.as_object().is_some_and(|of| of.len() > 1);
            let details = if list().iter().any(says_more) { list() } else { &[] };
            let details = details.iter().map(text).collect();
            set(attributes, attribute.name, distinct(attribute.name, details));
        }
        (Place::Own, _) => put(attributes, attribute.name, value.map(text).as_deref()),
        (Place::In(name), _) => put(attributes, name, value.map(text).as_deref()),
    }
    Ok(())
}

/// SCIM shows the first of several values. Where that stays, the others do too.
fn put(attributes: &mut Attributes, name: &str, value: Option<&str>) {
    if attributes.first(name) != value {
        set(attributes, name, value.map(str::to_owned).into_iter().collect());
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => if *flag { "TRUE" } else { "FALSE" }.to_owned(),
        other => other.to_string(),
    }
}

fn distinct(name: &str, values: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    values.into_iter().filter(|value| seen.insert(comparable(name, value))).collect()
}

/// The name of the entry that a value refers to: by its id, or by that name itself.
fn named(conn: &Connection, value: &Value) -> Result<Option<String>> {
    let Some(id) = value.get("value").and_then(Value::as_str) else {
        return Err(invalid_value("what is referred to has a value, its id"));
    };
    if let Some(entry) = by_id(conn, id)? {
        return Ok(Some(entry.dn));
    }
    // A directory lets groups have members that are not there (any more).
    match Dn::parse("value", id) {
        Ok(name) if !name.is_root() => Ok(Some(id.to_owned())),
        _ => Err(invalid_value("what is referred to is not there")),
    }
}

/// The entry with this id: its `entryUUID`, or its name, which is the id that RadiantOne's own SCIM gives it.
pub(super) fn by_id(conn: &Connection, id: &str) -> Result<Option<Stored>> {
    if let Some(entry) = tree::by_uuid(conn, &id.to_ascii_lowercase())? {
        return Ok(Some(entry));
    }
    match Dn::parse("id", id) {
        Ok(name) => tree::look_up(conn, &name),
        Err(_) => Ok(None),
    }
}

/// The resource of this kind and id.
///
/// # Errors
/// Not found.
pub(super) fn find(conn: &Connection, kind: &Resource, id: &str) -> Result<Stored> {
    let missing = || Error::new(ErrorKind::NotFound, "resource_not_found", "there is no such resource");
    by_id(conn, id)?.filter(|entry| entry.kind == kind.kind).ok_or_else(missing)
}

pub(super) fn invalid_value(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid("value", "invalid_value", text)
}
