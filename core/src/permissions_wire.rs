//! Permissions as the vendor's `RoleDetails` writes them. Reading takes known fields out of the object; what
//! is left over, or has a value that is not understood, is kept and written back.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::area::{AREAS, Area, Level, Scope};
use crate::permissions::{Override, Permissions};
use crate::{Error, Result};

type Object = Map<String, Value>;

const CATALOG: &str = "dataCatalogPermissions";
const OVERRIDES: &str = "dataSourceOverrides";
const CLASSIC: &str = "classicControlPanelPermission";
pub(crate) const TOKENS: &str = "gatepassPermissions";
const SWITCHES: [(Option<&str>, &str, Scope); 3] = [
    (None, "revokeTokenPermission", Scope::REVOKE_TOKENS),
    (Some("exportImportPermissions"), "exportEnabled", Scope::EXPORT),
    (Some("exportImportPermissions"), "importEnabled", Scope::IMPORT),
];
const MAX_OVERRIDES: usize = 100;
const MAX_ASSUME_ROLE: usize = 10_000;

pub(crate) fn read(mut object: Object) -> Permissions {
    let mut permissions = Permissions::default();
    for info in AREAS {
        let level = take(&mut object, info.group, info.key, |value| value.as_str()?.parse::<Level>().ok());
        permissions = permissions.with(info.area, level.unwrap_or_default());
    }
    for (group, key, scope) in SWITCHES {
        if take(&mut object, group, key, Value::as_bool) == Some(true) {
            permissions.switches.insert(scope);
        }
    }
    for (name, found) in take(&mut object, Some(CATALOG), OVERRIDES, read_overrides).into_iter().flatten() {
        // Named twice: the lower level counts.
        let known = permissions.overrides.entry(name).or_insert_with(|| found.clone());
        known.level = known.level.min(found.level);
    }
    let enabled = take(&mut object, Some(CLASSIC), "enabled", Value::as_bool) == Some(true);
    let assume = take(&mut object, Some(CLASSIC), "assumeRole", |value| value.as_str().map(str::to_owned));
    permissions.classic_panel = enabled.then(|| assume.into_iter().collect::<BTreeSet<_>>());
    permissions.tokens = take(&mut object, None, TOKENS, |value| serde_json::from_value(value.clone()).ok())
        .unwrap_or_default();
    for group in groups() {
        if object
            .get(group)
            .is_some_and(|left| left.is_null() || left.as_object().is_some_and(Object::is_empty))
        {
            object.remove(group);
        }
    }
    permissions.unknown = object;
    permissions
}

/// The objects within `RoleDetails`. One that is null has nothing set.
fn groups() -> impl Iterator<Item = &'static str> {
    let of_areas = AREAS.iter().filter_map(|info| info.group);
    of_areas.chain(SWITCHES.iter().filter_map(|(group, ..)| *group)).chain([CLASSIC])
}

/// Forgets what was kept of something because it was not understood: it has been set since.
pub(crate) fn forget(unknown: &mut Object, set: Known) {
    let (group, key) = match set {
        Known::Area(area) => (area.info().group, area.info().key),
        Known::TokenRights => (None, TOKENS),
        Known::Switch(scope) => match SWITCHES.iter().find(|(.., switch)| *switch == scope) {
            Some((group, key, _)) => (*group, *key),
            None => return,
        },
    };
    let Some(group) = group else {
        unknown.remove(key);
        return;
    };
    match unknown.get_mut(group) {
        Some(Value::Object(holder)) => holder.remove(key),
        // In the place of a group stands something else, which cannot hold what is now set.
        Some(_) => unknown.remove(group),
        None => None,
    };
}

/// What can be set on permissions.
#[derive(Clone, Copy)]
pub(crate) enum Known {
    Area(Area),
    Switch(Scope),
    TokenRights,
}

pub(crate) fn write(permissions: &Permissions) -> Object {
    let mut object = Object::new();
    for info in AREAS {
        put(&mut object, info.group, info.key, json!(permissions.level(info.area)));
    }
    for (group, key, scope) in SWITCHES {
        put(&mut object, group, key, json!(permissions.switches.contains(scope)));
    }
    let overrides = permissions.overrides.iter().map(|(name, found)| {
        let mut entry = Object::new();
        entry.insert("dataSourceName".to_owned(), json!(name));
        entry.insert("permission".to_owned(), json!(found.level));
        entry.extend(found.rest.clone());
        Value::Object(entry)
    });
    put(&mut object, Some(CATALOG), OVERRIDES, overrides.collect());
    put(&mut object, Some(CLASSIC), "enabled", json!(permissions.classic_panel.is_some()));
    let assume = permissions.classic_panel.as_ref().and_then(BTreeSet::first);
    put(&mut object, Some(CLASSIC), "assumeRole", json!(assume));
    if permissions.tokens != crate::TokenRights::default() {
        put(&mut object, None, TOKENS, json!(permissions.tokens));
    }
    for (key, value) in &permissions.unknown {
        restore(&mut object, key, value);
    }
    object
}

pub(crate) fn check(permissions: &Permissions) -> Result<()> {
    let known = AREAS.iter().map(|info| (info.group, info.key));
    let known = known.chain(SWITCHES.map(|(group, key, _)| (group, key)));
    let known = known.chain([(Some(CATALOG), OVERRIDES), (Some(CLASSIC), "enabled"), (None, TOKENS)]);
    for (group, key) in known {
        if find(&permissions.unknown, group, key).is_some() {
            let text = "expected a level (NONE, VIEW, EDIT), or a value of the vendor's type";
            return Err(Error::invalid(key, "unknown_level", text));
        }
    }
    if permissions.overrides.len() > MAX_OVERRIDES {
        let text = "a role sets levels for at most 100 data sources";
        return Err(Error::invalid(OVERRIDES, "too_many_data_sources", text));
    }
    let well_formed = |name: &str| {
        (1..=1000).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'))
    };
    for (name, found) in &permissions.overrides {
        if !well_formed(name) || found.rest.contains_key("permission") {
            let text = "a data source has a name of A-Z a-z 0-9 _ . $, and a level";
            return Err(Error::invalid(OVERRIDES, "data_source_malformed", text));
        }
    }
    let assumed = permissions.classic_panel.iter().flatten();
    if assumed.into_iter().any(|dn| dn.chars().count() > MAX_ASSUME_ROLE) {
        let text = "at most 10000 characters";
        return Err(Error::invalid("assumeRole", "assume_role_too_long", text));
    }
    Ok(())
}

/// Whether each unknown permission in `wanted` is one that permits nothing, or stands in `held` just so.
pub(crate) fn unknown_covers(held: &Object, wanted: &Object) -> bool {
    wanted.iter().all(|(key, value)| match (held.get(key), value) {
        (Some(own), value) if own == value => true,
        (Some(Value::Object(own)), Value::Object(value)) => unknown_covers(own, value),
        (_, Value::Object(value)) => unknown_covers(&Object::new(), value),
        (_, Value::Null | Value::Bool(false)) => true,
        (_, Value::String(level)) => level == Level::None.as_str(),
        (_, Value::Array(list)) => list.is_empty(),
        _ => false,
    })
}

/// Joins what can be joined, levels and switches; where two say something else, the first stays, which can only
/// hold too little.
pub(crate) fn join_unknown(own: &mut Object, other: &Object) {
    for (key, value) in other {
        match (own.get_mut(key), value) {
            (None, value) => {
                own.insert(key.clone(), value.clone());
            }
            (Some(Value::Object(own)), Value::Object(value)) => join_unknown(own, value),
            (Some(Value::Bool(own)), Value::Bool(value)) => *own |= value,
            (Some(Value::String(own)), Value::String(value)) if is_lower_level(own, value) => {
                own.clone_from(value);
            }
            _ => {}
        }
    }
}

fn is_lower_level(own: &str, other: &str) -> bool {
    own.parse::<Level>().ok().zip(other.parse().ok()).is_some_and(|(own, other)| own < other)
}

fn read_overrides(value: &Value) -> Option<Vec<(String, Override)>> {
    let entry = |value: &Value| {
        let mut rest = value.as_object()?.clone();
        let name = rest.remove("dataSourceName")?.as_str()?.to_owned();
        // A level that is not understood opens nothing, and is kept to be written back.
        let level =
            take(&mut rest, None, "permission", |value| value.as_str()?.parse().ok()).unwrap_or_default();
        Some((name, Override { level, rest }))
    };
    value.as_array()?.iter().map(entry).collect()
}

fn find<'a>(object: &'a Object, group: Option<&str>, key: &str) -> Option<&'a Value> {
    match group {
        Some(group) => object.get(group)?.as_object()?.get(key),
        None => object.get(key),
    }
}

/// Takes a value out if it is understood; null, the vendor's "not set", is dropped.
fn take<T>(
    object: &mut Object,
    group: Option<&str>,
    key: &str,
    understand: impl FnOnce(&Value) -> Option<T>,
) -> Option<T> {
    let holder = match group {
        Some(group) => object.get_mut(group)?.as_object_mut()?,
        None => object,
    };
    let value = holder.get(key)?;
    let understood = understand(value);
    if understood.is_some() || value.is_null() {
        holder.remove(key);
    }
    understood
}

fn put(object: &mut Object, group: Option<&str>, key: &str, value: Value) {
    let holder = match group {
        Some(group) => object.entry(group).or_insert_with(|| json!({})).as_object_mut(),
        None => Some(object),
    };
    if let Some(holder) = holder {
        holder.insert(key.to_owned(), value);
    }
}

/// Puts back what was kept, over what was written.
fn restore(object: &mut Object, key: &str, kept: &Value) {
    match (object.get_mut(key), kept) {
        (Some(Value::Object(written)), Value::Object(kept)) => {
            kept.iter().for_each(|(key, value)| restore(written, key, value));
        }
        _ => {
            object.insert(key.to_owned(), kept.clone());
        }
    }
}

const _: () = assert!(Area::COUNT == AREAS.len());
