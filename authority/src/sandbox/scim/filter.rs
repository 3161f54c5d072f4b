//! Filters (RFC 7644 section 3.4.2.2), asked of resources. `scim_v2` reads them, within bounds of its own.

use std::cmp::Ordering;

use gatepass::{Error, Result, Timestamp};
use rusqlite::Connection;
use scim_v2::filter::{AttrExp, AttrPath, CompValue, CompareOp, Filter, ValFilter};
use serde_json::Value;

use super::super::filter::Filter as Of;
use super::resource::{Needs, Object, by_id};
use super::schema::{Attribute, Found, Place, Resource, Type};

/// Bytes of a filter.
const LENGTH: usize = 64 << 10;

/// Reads a filter, all of whose attributes there are in one of these types of resources. To the others they are attributes
/// without a value (section 3.4.2.1).
///
/// # Errors
/// `invalid_filter`.
pub(super) fn parse(kinds: &[&'static Resource], text: &str) -> Result<Filter> {
    if text.len() > LENGTH {
        return Err(invalid("a filter has at most 65536 bytes"));
    }
    // What it says of the text is not passed on, for it quotes it.
    let filter: Filter =
        text.parse().map_err(|_| invalid("expected a filter (RFC 7644), such as userName eq \"a\""))?;
    let mut found = Err(invalid("a filter is of some type of resources"));
    for kind in kinds {
        found = check(kind, &filter);
        if found.is_ok() {
            break;
        }
    }
    found.map(|()| filter)
}

fn check(kind: &'static Resource, filter: &Filter) -> Result<()> {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().try_for_each(|of| check(kind, of)),
        Filter::Not(filter) => check(kind, filter),
        Filter::Attr(expression) => {
            let (path, comparison) = taken(expression);
            let found = find(kind, path)?;
            comparison.map_or(Ok(()), |(operator, value)| comparable(compared(found), operator, value))
        }
        Filter::ValuePath(path) => {
            let found = find(kind, &path.attr)?;
            if found.attribute.parts.is_empty() || found.part.is_some() {
                return Err(invalid("what stands before the brackets has parts"));
            }
            check_value(found.attribute, &path.filter)
        }
    }
}

fn check_value(attribute: &'static Attribute, filter: &ValFilter) -> Result<()> {
    match filter {
        ValFilter::And(filters) | ValFilter::Or(filters) => {
            filters.iter().try_for_each(|of| check_value(attribute, of))
        }
        ValFilter::Not(filter) => check_value(attribute, filter),
        ValFilter::Attr(expression) => {
            let (path, comparison) = taken(expression);
            let part = part(attribute, path)?;
            comparison.map_or(Ok(()), |(operator, value)| comparable(part, operator, value))
        }
    }
}

fn taken(expression: &AttrExp) -> (&AttrPath, Option<(&CompareOp, &CompValue)>) {
    match expression {
        AttrExp::Present(path) => (path, None),
        AttrExp::Comparison(path, operator, value) => (path, Some((operator, value))),
    }
}

fn find(kind: &'static Resource, path: &AttrPath) -> Result<Found> {
    let found = kind.find(path.uri.as_deref(), &path.name, path.sub_attr.as_deref());
    found.ok_or_else(|| invalid("an attribute in it is none of this resource's"))
}

fn part(attribute: &'static Attribute, path: &AttrPath) -> Result<&'static Attribute> {
    let part = attribute.part(&path.name).filter(|_| path.uri.is_none() && path.sub_attr.is_none());
    part.ok_or_else(|| invalid("a part in it is none of this attribute's"))
}

/// What a comparison is of: of a complex attribute with values, these.
fn compared(found: Found) -> &'static Attribute {
    found.part.or_else(|| found.attribute.part("value")).unwrap_or(found.attribute)
}

/// Whether values can be compared so: RFC 7644 table 3.
fn comparable(attribute: &Attribute, operator: &CompareOp, value: &CompValue) -> Result<()> {
    use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
    let is_order = matches!(operator, Gt | Ge | Lt | Le);
    let is_equality = matches!(operator, Eq | Ne);
    match (attribute.kind, value) {
        (Type::Complex, value) if *value != CompValue::Null => {
            Err(invalid("a complex attribute is compared by its parts"))
        }
        (Type::Binary, CompValue::Str(_)) if is_order => Err(invalid("binary values have no order")),
        (kind, value)
            if is_equality && (*value == CompValue::Null || kind == Type::Flag && is_flag(value))
                || kind != Type::Flag && matches!(value, CompValue::Str(_)) =>
        {
            Ok(())
        }
        _ => Err(invalid("a value in it is not of its attribute's type")),
    }
}

/// True and false, and the texts that a widespread client writes for them.
fn is_flag(value: &CompValue) -> bool {
    match value {
        CompValue::True | CompValue::False => true,
        CompValue::Str(text) => ["true", "false"].iter().any(|of| text.eq_ignore_ascii_case(of)),
        CompValue::Null | CompValue::Number(_) => false,
    }
}

fn invalid(text: &'static str) -> Error {
    Error::invalid("filter", "invalid_filter", text)
}

/// Whether a resource fits.
pub(super) fn fits(kind: &'static Resource, filter: &Filter, resource: &Object) -> Result<bool> {
    Ok(match filter {
        Filter::And(filters) => all(filters, |of| fits(kind, of, resource))?,
        Filter::Or(filters) => !all(filters, |of| fits(kind, of, resource).map(|fits| !fits))?,
        Filter::Not(filter) => !fits(kind, filter, resource)?,
        Filter::Attr(expression) => {
            let (path, comparison) = taken(expression);
            let found = find(kind, path).ok();
            let values = found.map(|found| values(found, resource)).unwrap_or_default();
            match comparison {
                None => !values.is_empty(),
                Some((operator, value)) => compare_all(found.map(compared), &values, operator, value),
            }
        }
        Filter::ValuePath(path) => {
            let Ok(found) = find(kind, &path.attr) else { return Ok(false) };
            let whole = Found { part: None, ..found };
            let mut any = false;
            for value in whole_values(whole, resource) {
                any |= fits_value(found.attribute, &path.filter, value)?;
            }
            any
        }
    })
}

/// Whether one of several values fits.
pub(super) fn fits_value(attribute: &'static Attribute, filter: &ValFilter, value: &Value) -> Result<bool> {
    Ok(match filter {
        ValFilter::And(filters) => all(filters, |of| fits_value(attribute, of, value))?,
        ValFilter::Or(filters) => !all(filters, |of| fits_value(attribute, of, value).map(|fits| !fits))?,
        ValFilter::Not(filter) => !fits_value(attribute, filter, value)?,
        ValFilter::Attr(expression) => {
            let (path, comparison) = taken(expression);
            let part = part(attribute, path)?;
            let values: Vec<&Value> = value.get(part.name).into_iter().collect();
            match comparison {
                None => !values.is_empty(),
                Some((operator, value)) => {
                    comparable(part, operator, value)?;
                    compare_all(Some(part), &values, operator, value)
                }
            }
        }
    })
}

fn all<T>(list: &[T], mut fits: impl FnMut(&T) -> Result<bool>) -> Result<bool> {
    for one in list {
        if !fits(one)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The values that a path leads to, each by itself.
pub(super) fn values(found: Found, resource: &Object) -> Vec<&Value> {
    let whole = whole_values(found, resource);
    let part = found.part.or_else(|| found.attribute.part("value").filter(|_| found.attribute.multi));
    match part {
        None => whole,
        Some(part) => whole.into_iter().filter_map(|value| value.get(part.name)).collect(),
    }
}

fn whole_values(found: Found, resource: &Object) -> Vec<&Value> {
    let object = match found.extension {
        None => Some(resource),
        Some(urn) => resource.get(urn).and_then(Value::as_object),
    };
    match object.and_then(|object| object.get(found.attribute.name)) {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

/// Of several values one has to fit (RFC 7644 section 3.4.2.2). What is not there differs from everything.
fn compare_all(
    attribute: Option<&Attribute>,
    values: &[&Value],
    operator: &CompareOp,
    wanted: &CompValue,
) -> bool {
    match (operator, wanted) {
        (CompareOp::Eq, CompValue::Null) => values.is_empty(),
        (CompareOp::Ne, CompValue::Null) => !values.is_empty(),
        (CompareOp::Ne, _) if values.is_empty() => true,
        _ => attribute
            .is_some_and(|attribute| values.iter().any(|value| compare(attribute, value, operator, wanted))),
    }
}

fn compare(attribute: &Attribute, value: &Value, operator: &CompareOp, wanted: &CompValue) -> bool {
    let wanted = match wanted {
        CompValue::Str(text) => text.as_str(),
        CompValue::True => "true",
        CompValue::False => "false",
        CompValue::Number(_) | CompValue::Null => return false,
    };
    let value = match value {
        Value::String(text) => text.as_str(),
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        _ => return false,
    };
    let (value, wanted) = (folded(attribute, value), folded(attribute, wanted));
    let order = || match (value.parse::<Timestamp>(), wanted.parse::<Timestamp>()) {
        (Ok(value), Ok(wanted)) if attribute.kind == Type::Time => value.cmp(&wanted),
        _ => value.cmp(&wanted),
    };
    match operator {
        CompareOp::Eq if attribute.kind == Type::Time => order() == Ordering::Equal,
        CompareOp::Ne if attribute.kind == Type::Time => order() != Ordering::Equal,
        CompareOp::Eq => value == wanted,
        CompareOp::Ne => value != wanted,
        CompareOp::Co => value.contains(&wanted),
        CompareOp::Sw => value.starts_with(&wanted),
        CompareOp::Ew => value.ends_with(&wanted),
        CompareOp::Gt => order() == Ordering::Greater,
        CompareOp::Ge => order() != Ordering::Less,
        CompareOp::Lt => order() == Ordering::Less,
        CompareOp::Le => order() != Ordering::Greater,
    }
}

/// A value as it compares.
pub(super) fn folded(attribute: &Attribute, value: &str) -> String {
    if attribute.exact || attribute.kind == Type::Time { value.to_owned() } else { value.to_lowercase() }
}

/// What a filter looks at that takes more than the entry itself.
pub(super) fn needs(kind: &'static Resource, filter: &Filter, needs: &mut Needs) {
    let mut of = |path: &AttrPath| {
        if let Some(found) = kind.find(path.uri.as_deref(), &path.name, path.sub_attr.as_deref()) {
            needs.look_at(found.attribute);
        }
    };
    match filter {
        Filter::And(filters) | Filter::Or(filters) => {
            filters.iter().for_each(|filter| self::needs(kind, filter, needs));
        }
        Filter::Not(filter) => self::needs(kind, filter, needs),
        Filter::Attr(expression) => of(taken(expression).0),
        Filter::ValuePath(path) => of(&path.attr),
    }
}

/// The same filter as one of the directory, as far as its index can help: whatever fits this one fits that one too.
pub(super) fn hint(conn: &Connection, kind: &'static Resource, filter: &Filter) -> Result<Option<Of>> {
    Ok(match filter {
        Filter::And(filters) => {
            let mut hints = Vec::new();
            for filter in filters {
                hints.extend(hint(conn, kind, filter)?);
            }
            (!hints.is_empty()).then_some(Of::All(hints))
        }
        Filter::Or(filters) => {
            let mut hints = Vec::new();
            for filter in filters {
                let Some(hint) = hint(conn, kind, filter)? else { return Ok(None) };
                hints.push(hint);
            }
            Some(Of::Any(hints))
        }
        Filter::Attr(AttrExp::Comparison(path, operator, CompValue::Str(value))) => {
            let Ok(found) = find(kind, path) else { return Ok(None) };
            hint_of(conn, found, operator, value)?
        }
        Filter::Not(_) | Filter::Attr(_) => None,
        Filter::ValuePath(path) => {
            let Ok(found) = find(kind, &path.attr) else { return Ok(None) };
            hint_of_value(conn, found, &path.filter)?
        }
    })
}

fn hint_of_value(conn: &Connection, found: Found, filter: &ValFilter) -> Result<Option<Of>> {
    Ok(match filter {
        ValFilter::Attr(AttrExp::Comparison(path, operator, CompValue::Str(value))) => {
            let part = found.attribute.part(&path.name);
            hint_of(conn, Found { part, ..found }, operator, value)?
        }
        ValFilter::And(filters) => {
            for filter in filters {
                if let Some(hint) = hint_of_value(conn, found, filter)? {
                    return Ok(Some(hint));
                }
            }
            None
        }
        _ => None,
    })
}

fn hint_of(conn: &Connection, found: Found, operator: &CompareOp, value: &str) -> Result<Option<Of>> {
    let like = |name: &str| match operator {
        CompareOp::Eq => Some(Of::Equal(name.to_owned(), value.to_owned())),
        CompareOp::Sw => Some(Of::Parts(name.to_owned(), value.to_owned(), Vec::new(), String::new())),
        _ => None,
    };
    let is_value = found.part.is_none_or(|part| part.name == "value");
    Ok(match (found.attribute.name, found.attribute.place) {
        ("id", _) if *operator == CompareOp::Eq => Some(Of::Equal("entryUUID".to_owned(), value.to_owned())),
        // A person without a `uid` is called by the `cn`.
        ("userName", _) => like("uid").zip(like("cn")).map(|(uid, cn)| Of::Any(vec![uid, cn])),
        ("displayName", Place::In("cn")) | ("emails" | "externalId" | "employeeNumber", _) if is_value => {
            match found.attribute.place {
                Place::In(name) => like(name),
                _ => None,
            }
        }
        ("members", _) if is_value && *operator == CompareOp::Eq => {
            let name = by_id(conn, value)?.map_or_else(|| value.to_owned(), |entry| entry.dn);
            let equal = |attribute: &str| Of::Equal(attribute.to_owned(), name.clone());
            Some(Of::Any(vec![equal("member"), equal("uniqueMember")]))
        }
        _ => None,
    })
}
