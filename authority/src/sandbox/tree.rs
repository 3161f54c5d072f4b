//! What can be done with the directory's entries, each as LDAP has it (RFC 4511): adding, replacing, modifying, renaming,
//! moving, deleting. Whatever refers to an entry by its name follows it, and loses it with it.

use std::collections::{BTreeMap, HashSet};

use gatepass::wire::adap::{Attributes, Mod, ModType};
use gatepass::{Dn, Error, ErrorKind, Result, Timestamp};
use rand::TryRng as _;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::entry::{Kind, Stored, checked, checked_values, has, is_name, set};
use super::store::failed;
use super::syntax::{NAMES, comparable, indexed};

/// The entry of this name, if there is one.
pub(super) fn look_up(conn: &Connection, name: &Dn) -> Result<Option<Stored>> {
    by_key(conn, &name.key())
}

/// The entry of this name.
///
/// # Errors
/// `entry_not_found`.
pub(super) fn find(conn: &Connection, name: &Dn) -> Result<Stored> {
    look_up(conn, name)?.ok_or_else(not_found)
}

/// The entry with this key.
pub(super) fn by_key(conn: &Connection, key: &[u8]) -> Result<Option<Stored>> {
    one(conn, &format!("SELECT {} FROM entry WHERE key = ?", Stored::COLUMNS), params![key])
}

/// The entry with this number.
pub(super) fn by_id(conn: &Connection, id: i64) -> Result<Option<Stored>> {
    one(conn, &format!("SELECT {} FROM entry WHERE id = ?", Stored::COLUMNS), params![id])
}

/// The entry with this `entryUUID`.
pub(super) fn by_uuid(conn: &Connection, uuid: &str) -> Result<Option<Stored>> {
    one(conn, &format!("SELECT {} FROM entry WHERE uuid = ?", Stored::COLUMNS), params![uuid])
}

fn one(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Option<Stored>> {
    let mut statement = conn.prepare_cached(sql).map_err(failed)?;
    statement.query_row(params, Stored::read).optional().map_err(failed)
}

/// The entries with this value of an attribute that is in the index.
pub(super) fn with_value(conn: &Connection, attribute: &str, value: &[u8]) -> Result<Vec<i64>> {
    let sql = "SELECT entry FROM value WHERE attribute = ? AND value = ?";
    let mut statement = conn.prepare_cached(sql).map_err(failed)?;
    let found = statement.query_map(params![indexed(attribute), value], |row| row.get(0)).map_err(failed)?;
    found.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// Adds an entry below one that is there. Its name's own values are among its attributes, said or not.
///
/// # Errors
/// `entry_exists`; `entry_not_found`, where nothing is above it; those of its attributes.
pub(super) fn add(conn: &Connection, name: &Dn, attributes: Attributes, now: Timestamp) -> Result<Stored> {
    let parent = name.parent().ok_or_else(|| unwilling("the root is no entry"))?;
    if look_up(conn, name)?.is_some() {
        return Err(exists());
    }
    let parent = find(conn, &parent)?;
    insert(conn, name, Some(parent.id), attributes, now, uuid()?)
}

/// Adds an entry that is known to be new, below this one.
pub(super) fn insert(
    conn: &Connection,
    name: &Dn,
    parent: Option<i64>,
    attributes: Attributes,
    now: Timestamp,
    uuid: String,
) -> Result<Stored> {
    let attributes = well_formed(name, attributes)?;
    let kind = Kind::of(&attributes);
    let key = name.key();
    let sql = "INSERT INTO entry (uuid, key, parent, dn, kind, attributes, created, modified, version)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)";
    let mut statement = conn.prepare_cached(sql).map_err(failed)?;
    let dn = name.as_str().trim_matches(' ').to_owned();
    let json = json(&attributes)?;
    let millis = now.as_millis();
    let row = params![uuid, key, parent, dn, kind as i64, json, millis, millis];
    statement.execute(row).map_err(failed)?;
    let id = conn.last_insert_rowid();
    index(conn, id, &Attributes::new(), &attributes)?;
    Ok(Stored { id, uuid, key, parent, dn, kind, attributes, created: now, modified: now, version: 1 })
}

/// Gives an entry these attributes, and no others but those of its name.
pub(super) fn replace(
    conn: &Connection,
    entry: &Stored,
    attributes: Attributes,
    now: Timestamp,
) -> Result<Stored> {
    let attributes = well_formed(&entry.name()?, attributes)?;
    put(conn, entry, attributes, now)
}

/// Changes an entry's attributes, one after the other.
///
/// # Errors
/// `attribute_or_value_exists`, `no_such_attribute`, `not_allowed_on_rdn`, and those of attributes.
pub(super) fn modify(conn: &Connection, entry: &Stored, mods: &[Mod], now: Timestamp) -> Result<Stored> {
    let mut attributes = entry.attributes.clone();
    for (at, change) in mods.iter().enumerate() {
        let name = &change.attribute;
        is_name(at, name)?;
        let before = attributes.get(name).unwrap_or_default();
        let values = match change.kind {
            ModType::Replace => change.values.clone(),
            ModType::Add => [before, &change.values].concat(),
            ModType::Delete if before.is_empty() => return Err(no_such_value()),
            ModType::Delete if change.values.is_empty() => Vec::new(),
            ModType::Delete => {
                let gone: HashSet<_> = change.values.iter().map(|value| comparable(name, value)).collect();
                let stays = |value: &&String| !gone.contains(&comparable(name, value));
                let left: Vec<_> = before.iter().filter(stays).cloned().collect();
                if before.len() - left.len() < gone.len() {
                    return Err(no_such_value());
                }
                left
            }
        };
        let values = checked_values(at, name, values)?;
        set(&mut attributes, name, values);
    }
    if entry.name()?.naming().iter().any(|(name, value)| !has(&attributes, name, value)) {
        let text = "a value that the entry is named by stays; rename the entry";
        return Err(Error::invalid("attributes", "not_allowed_on_rdn", text));
    }
    if attributes.get("objectClass").is_none() {
        return Err(no_class());
    }
    put(conn, entry, attributes, now)
}

/// Writes an entry's attributes, which are known to be well-formed. What changes nothing is no change.
fn put(conn: &Connection, entry: &Stored, attributes: Attributes, now: Timestamp) -> Result<Stored> {
    if attributes == entry.attributes {
        return Ok(entry.clone());
    }
    let sql = "UPDATE entry SET attributes = ?, kind = ?, modified = ?, version = version + 1 WHERE id = ?";
    let mut statement = conn.prepare_cached(sql).map_err(failed)?;
    let kind = Kind::of(&attributes);
    statement.execute(params![json(&attributes)?, kind as i64, now.as_millis(), entry.id]).map_err(failed)?;
    index(conn, entry.id, &entry.attributes, &attributes)?;
    Ok(Stored { attributes, kind, modified: now, version: entry.version + 1, ..entry.clone() })
}

/// Gives an entry another name, or another place, with all that is below it. The value that it was named by goes.
///
/// # Errors
/// `entry_exists`; `entry_not_found`, where nothing is above its new place; `unwilling_to_perform` for the topmost entry and
/// a place below itself; those of names.
pub(super) fn rename(
    conn: &Connection,
    entry: &Stored,
    rdn: &str,
    superior: Option<&Dn>,
    now: Timestamp,
) -> Result<Stored> {
    let old = entry.name()?;
    let rdn = Dn::parse("newRDN", rdn)?;
    if rdn.parent().is_none_or(|above| !above.is_root()) {
        return Err(Error::invalid(
            "newRDN",
            "dn_malformed",
            "expected one step of a name, such as uid=lewis",
        ));
    }
    let (Some(above), Some(_)) = (superior.cloned().or_else(|| old.parent()), entry.parent) else {
        return Err(unwilling("the topmost entry keeps its name"));
    };
    if above.is_within(&old) {
        return Err(unwilling("an entry cannot be moved below itself"));
    }
    let parent = find(conn, &above)?;
    let new = Dn::parse("newRDN", &format!("{},{}", rdn.as_str(), parent.dn))?;
    if look_up(conn, &new)?.is_some_and(|there| there.id != entry.id) {
        return Err(exists());
    }
    let mut attributes = entry.attributes.clone();
    for (name, value) in old.naming() {
        let gone = comparable(&name, &value);
        let values = attributes.get(&name).unwrap_or_default();
        let left = values.iter().filter(|value| comparable(&name, value) != gone).cloned().collect();
        set(&mut attributes, &name, left);
    }
    let attributes = well_formed(&new, attributes)?;
    let renamed = put(conn, entry, attributes, now)?;
    move_all(conn, entry, &new, parent.id)?;
    by_id(conn, renamed.id)?.ok_or_else(not_found)
}

/// Writes the new names of an entry and of all below it, and of what refers to them.
fn move_all(conn: &Connection, entry: &Stored, new: &Dn, parent: i64) -> Result<()> {
    let (from, to) = (entry.key.clone(), new.key());
    // Those below first: a name that is taken from them may be the entry's own new one.
    let sql = "SELECT id, key, dn FROM entry WHERE key >= ? AND key < ?";
    let (begin, end) = range(&from);
    let below: Vec<(i64, Vec<u8>, String)> = {
        let mut statement = conn.prepare_cached(sql).map_err(failed)?;
        let rows =
            statement.query_map(params![begin, end], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.and_then(Iterator::collect).map_err(failed)?
    };
    let steps = |dn: &str| std::iter::successors(Dn::parse("dn", dn).ok(), Dn::parent).count();
    let depth = steps(&entry.dn);
    let mut names = BTreeMap::from([(from.clone(), new.as_str().to_owned())]);
    let sql = "UPDATE entry SET key = ?, dn = ? WHERE id = ?";
    let mut statement = conn.prepare_cached(sql).map_err(failed)?;
    for (id, key, dn) in below {
        let own = steps(&dn).saturating_sub(depth);
        let rdns: Vec<String> = std::iter::successors(Dn::parse("dn", &dn).ok(), Dn::parent)
            .take(own)
            .filter_map(|name| name.rdn().map(str::to_owned))
            .collect();
        let renamed = format!("{},{}", rdns.join(","), new.as_str());
        let moved = [&to, key.get(from.len()..).unwrap_or_default()].concat();
        statement.execute(params![moved, renamed, id]).map_err(failed)?;
        names.insert(key, renamed);
    }
    conn.prepare_cached("UPDATE entry SET key = ?, dn = ?, parent = ? WHERE id = ?")
        .and_then(|mut statement| statement.execute(params![to, new.as_str(), parent, entry.id]))
        .map_err(failed)?;
    refer(conn, &from, |key| names.get(key).cloned())
}

/// Deletes an entry; with `tree`, and all below it.
///
/// # Errors
/// `not_allowed_on_non_leaf`; `unwilling_to_perform` for the topmost entry, as with the vendor's root naming contexts.
pub(super) fn delete(conn: &Connection, entry: &Stored, tree: bool) -> Result<()> {
    if entry.parent.is_none() {
        return Err(unwilling("the topmost entry stays"));
    }
    let (begin, end) = range(&entry.key);
    if !tree {
        let sql = "SELECT EXISTS (SELECT 1 FROM entry WHERE key >= ? AND key < ?)";
        let mut statement = conn.prepare_cached(sql).map_err(failed)?;
        if statement.query_row(params![begin, end], |row| row.get::<_, bool>(0)).map_err(failed)? {
            let text = "other entries are below it";
            return Err(Error::new(ErrorKind::Conflict, "not_allowed_on_non_leaf", text));
        }
    }
    refer(conn, &entry.key, |_| None)?;
    let mut below = conn
        .prepare_cached("SELECT id, attributes FROM entry WHERE key >= ?1 AND key < ?2")
        .map_err(failed)?;
    let rows = below
        .query_map(params![entry.key, end], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<(i64, String)>>>)
        .map_err(failed)?;
    for (id, attributes) in rows {
        let attributes: Attributes = serde_json::from_str(&attributes).map_err(|_| unreadable())?;
        index(conn, id, &attributes, &Attributes::new())?;
    }
    conn.prepare_cached("DELETE FROM entry WHERE key >= ?1 AND key < ?2")
        .and_then(|mut statement| statement.execute(params![entry.key, end]))
        .map_err(failed)?;
    Ok(())
}

/// Changes what refers to an entry, or to one below it: to the name that is given for its key, or to nothing.
fn refer(conn: &Connection, key: &[u8], renamed: impl Fn(&[u8]) -> Option<String>) -> Result<()> {
    let (_, end) = range(key);
    let mut referring: BTreeMap<i64, HashSet<&str>> = BTreeMap::new();
    let sql = "SELECT entry FROM value WHERE attribute = ?1 AND value >= ?2 AND value < ?3";
    for name in NAMES {
        let mut statement = conn.prepare_cached(sql).map_err(failed)?;
        let rows = statement.query_map(params![indexed(name), key, end], |row| row.get(0)).map_err(failed)?;
        for id in rows {
            referring.entry(id.map_err(failed)?).or_default().insert(name);
        }
    }
    for (id, names) in referring {
        let Some(entry) = by_id(conn, id)? else { continue };
        let mut attributes = entry.attributes.clone();
        for name in names {
            let mut values = Vec::new();
            for value in entry.attributes.get(name).unwrap_or_default() {
                let of = comparable(name, value);
                let concerned = of.as_slice() >= key && of < end;
                values.extend(if concerned { renamed(&of) } else { Some(value.clone()) });
            }
            set(&mut attributes, name, values);
        }
        put(conn, &entry, attributes, entry.modified)?;
    }
    Ok(())
}

/// Where the keys of all that is below an entry lie. From its own key to the same end lies that, and the entry.
pub(super) fn range(key: &[u8]) -> (Vec<u8>, Vec<u8>) {
    ([key, &[0]].concat(), [key, &[1]].concat())
}

/// The attributes of an entry of this name: checked, its name's own values among them.
fn well_formed(name: &Dn, attributes: Attributes) -> Result<Attributes> {
    let mut attributes = checked(attributes)?;
    for (kind, value) in name.naming() {
        if !has(&attributes, &kind, &value) {
            let values = attributes.get(&kind).unwrap_or_default();
            let values = [&[value], values].concat();
            set(&mut attributes, &kind, values);
        }
    }
    if attributes.get("objectClass").is_none() {
        return Err(no_class());
    }
    Ok(attributes)
}

/// Brings the index from these attributes to those.
fn index(conn: &Connection, id: i64, before: &Attributes, after: &Attributes) -> Result<()> {
    let rows = |attributes: &Attributes| -> HashSet<(i64, Vec<u8>)> {
        let indexed = attributes.iter().filter_map(|(name, values)| Some((indexed(name)?, name, values)));
        indexed
            .flat_map(|(number, name, values)| {
                values.iter().map(move |value| (number, comparable(name, value)))
            })
            .collect()
    };
    let (before, after) = (rows(before), rows(after));
    let changes = [
        ("DELETE FROM value WHERE attribute = ? AND value = ? AND entry = ?", before.difference(&after)),
        ("INSERT INTO value VALUES (?, ?, ?)", after.difference(&before)),
    ];
    for (sql, rows) in changes {
        let mut statement = conn.prepare_cached(sql).map_err(failed)?;
        for (attribute, value) in rows {
            statement.execute(params![attribute, value, id]).map_err(failed)?;
        }
    }
    Ok(())
}

fn json(attributes: &Attributes) -> Result<String> {
    serde_json::to_string(attributes).map_err(|_| unreadable())
}

/// A random UUID (RFC 9562 section 5.4).
fn uuid() -> Result<String> {
    let mut bytes = [0; 16];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Internal, "random", "the system gives no random numbers").with_cause(error)
    })?;
    Ok(as_uuid(bytes, 4))
}

/// These bytes as a UUID of this version.
pub(super) fn as_uuid(bytes: [u8; 16], version: u8) -> String {
    let mut bytes = u128::from_be_bytes(bytes);
    bytes = bytes & !(0xf << 76) | u128::from(version & 0xf) << 76;
    bytes = bytes & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{bytes:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "entry_not_found", "there is no such entry")
}

fn exists() -> Error {
    Error::new(ErrorKind::Conflict, "entry_exists", "there is an entry of this name already")
}

fn no_such_value() -> Error {
    Error::new(ErrorKind::Conflict, "no_such_attribute", "a value that was to be deleted is not there")
}

fn no_class() -> Error {
    Error::invalid("attributes", "object_class_violation", "an entry has an objectClass")
}

pub(super) fn unwilling(text: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "unwilling_to_perform", text)
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Storage, "sandbox_failed", "an entry in the sandbox's file cannot be read")
}
