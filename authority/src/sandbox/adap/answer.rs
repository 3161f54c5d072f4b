//! How entries are written: straight into the answer, for there may be half a million.

use gatepass::Result;
use gatepass::wire::adap::ReturnMode;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::super::entry::{OPERATIONAL, Stored};
use super::super::store::failed;
use super::super::syntax::{MEMBERS, indexed, is_single};

/// Which attributes are wanted, and how their values are written.
#[derive(Debug, Clone)]
pub(super) struct Form {
    names: Vec<String>,
    all: bool,
    operational: bool,
    mode: Option<ReturnMode>,
}

impl Form {
    /// By the parameter `attributes`: names between commas, `*` for all, `+` for those that the directory keeps itself
    /// (RFC 3673), `1.1` for none (RFC 4511 section 4.5.1.8). `address.*` is `address`, as a whole.
    pub(super) fn new(attributes: Option<&str>, mode: Option<ReturnMode>) -> Self {
        let names = attributes.unwrap_or("*").split(',').map(str::trim).filter(|name| !name.is_empty());
        let names: Vec<String> =
            names.map(|name| name.strip_suffix(".*").unwrap_or(name).to_owned()).collect();
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        Self { all: has("*") || names.is_empty(), operational: has("+"), names, mode }
    }

    fn wants(&self, name: &str) -> bool {
        self.names.iter().any(|of| of.eq_ignore_ascii_case(name))
    }

    /// Writes an entry behind the others.
    pub(super) fn write(&self, conn: &Connection, entry: &Stored, out: &mut Vec<u8>) -> Result<()> {
        if out.last() == Some(&b'}') {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"dn\":");
        json(&entry.dn, out);
        out.extend_from_slice(b",\"attributes\":{");
        let mut first = true;
        let mut attribute = |name: &str, values: &[String]| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            json(name, out);
            out.push(b':');
            self.values(name, values, out);
        };
        for (name, values) in entry.attributes.iter() {
            if self.all || self.wants(name) {
                attribute(name, values);
            }
        }
        for name in OPERATIONAL {
            if self.operational || self.wants(name) {
                attribute(name, &entry.values(name));
            }
        }
        if self.wants("memberOf") {
            let groups = groups(conn, entry)?;
            if !groups.is_empty() {
                attribute("memberOf", &groups);
            }
        }
        out.extend_from_slice(b"}}");
        Ok(())
    }

    fn values(&self, name: &str, values: &[String], out: &mut Vec<u8>) {
        let alone = match self.mode {
            None => values.len() == 1,
            Some(ReturnMode::Array) => false,
            Some(ReturnMode::LdapSchema) => values.len() == 1 && is_single(name),
        };
        if let ([value], true) = (values, alone) {
            return write_value(value, out);
        }
        out.push(b'[');
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_value(value, out);
        }
        out.push(b']');
    }
}

/// A complex value, which is kept as its JSON, is written as that.
fn write_value(value: &str, out: &mut Vec<u8>) {
    if value.starts_with('{') && serde_json::from_str::<IgnoredAny>(value).is_ok() {
        out.extend_from_slice(value.as_bytes());
    } else {
        json(value, out);
    }
}

fn json(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    // Texts are always written; a null in their place is better than an answer that is cut.
    if serde_json::to_writer(&mut *out, value).is_err() {
        serde_json::to_writer(out, &Value::Null).ok();
    }
}

/// The names of the groups that an entry is in.
fn groups(conn: &Connection, entry: &Stored) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT entry.dn FROM value JOIN entry ON entry.id = value.entry
               WHERE value.attribute IN (?1, ?2) AND value.value = ?3 ORDER BY entry.key";
    let [one, other] = MEMBERS.map(indexed);
    let mut statement = conn.prepare_cached(sql).map_err(failed)?;
    let rows = statement.query_map(params![one, other, entry.key], |row| row.get(0));
    rows.and_then(Iterator::collect).map_err(failed)
}
