//! Searching the tree: in the order of its keys, from anywhere on, so that the thousandth page costs what the first does.

use std::ops::ControlFlow;

use gatepass::wire::adap::SearchScope;
use gatepass::{Dn, Result};
use rusqlite::{Connection, params};

use super::entry::Stored;
use super::filter::Filter;
use super::store::failed;
use super::tree;

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub(super) struct Search {
    base: Dn,
    scope: SearchScope,
    filter: Filter,
}

impl Search {
    pub(super) fn new(base: Dn, scope: SearchScope, filter: Filter) -> Self {
        Self { base, scope, filter }
    }

    /// Shows each entry that fits, behind the one with this key, until told to stop.
    ///
    /// # Errors
    /// `entry_not_found` where there is no base; the visitor's own.
    pub(super) fn run(
        &self,
        conn: &Connection,
        after: Option<&[u8]>,
        mut visit: impl FnMut(Stored) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let base = tree::find(conn, &self.base)?;
        let mut filter = self.filter.clone();
        filter.resolve(conn)?;
        if self.scope == SearchScope::Base {
            if after.is_none() && filter.fits(&base) {
                let _: ControlFlow<()> = visit(base)?;
            }
            return Ok(());
        }
        if let Some(candidates) = filter.candidates(conn)? {
            let mut found = Vec::new();
            for id in candidates {
                found.extend(tree::by_id(conn, id)?.filter(|entry| self.has(&base, entry)));
            }
            found.sort_by(|a, b| a.key.cmp(&b.key));
            for entry in found {
                let is_next = after.is_none_or(|after| entry.key.as_slice() > after) && filter.fits(&entry);
                if is_next && visit(entry)?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let (below, end) = tree::range(&base.key);
        let columns = Stored::COLUMNS;
        let (sql, begin) = match self.scope {
            SearchScope::One => {
                let sql = "parent = ?1 AND key > ?2 AND key < ?3";
                (sql, after.unwrap_or(&below))
            }
            _ if after.is_none() => ("?1 IS NOT NULL AND key >= ?2 AND key < ?3", base.key.as_slice()),
            _ => ("?1 IS NOT NULL AND key > ?2 AND key < ?3", after.unwrap_or_default()),
        };
        let sql = format!("SELECT {columns} FROM entry WHERE {sql} ORDER BY key");
        let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map(params![base.id, begin, end], Stored::read).map_err(failed)?;
        for entry in rows {
            let entry = entry.map_err(failed)?;
            if filter.fits(&entry) && visit(entry)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn has(&self, base: &Stored, entry: &Stored) -> bool {
        match self.scope {
            SearchScope::Base => entry.id == base.id,
            SearchScope::One => entry.parent == Some(base.id),
            SearchScope::Sub => {
                let (begin, end) = tree::range(&base.key);
                entry.id == base.id || entry.key >= begin && entry.key < end
            }
        }
    }
}
