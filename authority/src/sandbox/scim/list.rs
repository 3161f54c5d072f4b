//! Queries: RFC 7644 section 3.4.2.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use gatepass::wire::scim::{ListResponse, SortOrder};
use gatepass::{Error, Result};
use rusqlite::{Connection, params};
use scim_v2::filter::Filter;
use serde_json::Value;

use super::super::entry::Stored;
use super::super::store::{failed, revision};
use super::super::tree;
use super::filter::{self, folded};
use super::project::Wanted;
use super::resource::{Needs, Object, of_entry};
use super::schema::{Found, Resource};

/// Resources that are given at the most, and where nobody says how many.
pub(super) const MOST: u64 = 1000;

/// A query.
#[derive(Debug, Clone)]
pub(super) struct Query {
    kinds: &'static [&'static Resource],
    filter: Option<Filter>,
    sort: Option<(String, SortOrder)>,
    /// The number of the first that is wanted, from 1.
    start: u64,
    count: u64,
    /// Of each of the types.
    wanted: Vec<Wanted>,
}

/// A query as it is sent, in the parameters of a GET and the body of a search.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) filter: Option<String>,
    pub(super) sort_by: Option<String>,
    pub(super) sort_order: Option<SortOrder>,
    pub(super) start_index: Option<i64>,
    pub(super) count: Option<i64>,
    pub(super) attributes: Vec<String>,
    pub(super) excluded_attributes: Vec<String>,
}

impl Query {
    /// Reads it.
    ///
    /// # Errors
    /// `invalid_filter`, `invalid_path`, `invalid_value`.
    pub(super) fn new(kinds: &'static [&'static Resource], asked: &Asked) -> Result<Self> {
        let filter = asked.filter.as_deref().map(|text| filter::parse(kinds, text)).transpose()?;
        let unknown = || Error::invalid("sortBy", "invalid_path", "what to sort by is no attribute");
        let sort = match asked.sort_by.as_deref() {
            None => None,
            Some(path) if kinds.iter().any(|kind| kind.find_path(path).is_some()) => {
                Some((path.to_owned(), asked.sort_order.unwrap_or_default()))
            }
            Some(_) => return Err(unknown()),
        };
        let natural = |number: i64| u64::try_from(number).unwrap_or(0);
        let wanted =
            |kind: &&'static Resource| Wanted::new(kind, &asked.attributes, &asked.excluded_attributes);
        Ok(Self {
            kinds,
            filter,
            sort,
            start: asked.start_index.map_or(1, natural).max(1),
            count: asked.count.map_or(MOST, natural).min(MOST),
            wanted: kinds.iter().map(wanted).collect::<Result<_>>()?,
        })
    }

    /// What fits, as far as it was asked for.
    pub(super) fn run(
        &self,
        conn: &Connection,
        base: &str,
        known: &Positions,
    ) -> Result<ListResponse<Value>> {
        let candidates = self.candidates(conn)?;
        let (ids, total) = match (candidates, &self.sort) {
            (Some(candidates), _) => {
                let mut found = Vec::new();
                for id in candidates {
                    if let Some(entry) = tree::by_id(conn, id)? {
                        found.extend(self.fitting(conn, base, &entry)?);
                    }
                }
                self.slice(found)
            }
            (None, Some(_)) => {
                let mut found = Vec::new();
                self.scan(conn, 0, |entry| {
                    found.extend(self.fitting(conn, base, &entry)?);
                    Ok(true)
                })?;
                self.slice(found)
            }
            (None, None) => self.in_order(conn, base, known)?,
        };
        let mut resources = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(entry) = tree::by_id(conn, id)? else { continue };
            let of = self.kinds.iter().zip(&self.wanted).find(|(kind, _)| kind.kind == entry.kind);
            if let Some((kind, wanted)) = of {
                let mut resource = of_entry(conn, kind, &entry, base, wanted.needs(kind))?;
                wanted.cut(kind, &mut resource);
                resources.push(Value::Object(resource));
            }
        }
        Ok(ListResponse::new(resources, self.start, total))
    }

    /// The only entries that can fit, where the index tells.
    fn candidates(&self, conn: &Connection) -> Result<Option<Vec<i64>>> {
        let Some(filter) = &self.filter else { return Ok(None) };
        let mut hints = Vec::new();
        for kind in self.kinds {
            let Some(hint) = filter::hint(conn, kind, filter)? else { return Ok(None) };
            hints.push(hint);
        }
        super::super::filter::Filter::Any(hints).candidates(conn)
    }

    /// What an entry is sorted by, if it fits.
    fn fitting(
        &self,
        conn: &Connection,
        base: &str,
        entry: &Stored,
    ) -> Result<Option<(Option<String>, i64)>> {
        let Some(kind) = self.kinds.iter().find(|kind| kind.kind == entry.kind) else { return Ok(None) };
        let mut needs = Needs::default();
        if let Some(filter) = &self.filter {
            filter::needs(kind, filter, &mut needs);
        }
        let sort = self.sort.as_ref().and_then(|(path, _)| kind.find_path(path));
        if let Some(found) = sort {
            needs.look_at(found.attribute);
        }
        let resource = of_entry(conn, kind, entry, base, needs)?;
        if let Some(filter) = &self.filter
            && !filter::fits(kind, filter, &resource)?
        {
            return Ok(None);
        }
        Ok(Some((sort.and_then(|found| key(found, &resource)), entry.id)))
    }

    /// Sorts, and takes what was asked for. What has nothing to be sorted by comes last, and first where the order is
    /// reversed (RFC 7644 section 3.4.2.3).
    fn slice(&self, mut found: Vec<(Option<String>, i64)>) -> (Vec<i64>, u64) {
        let total = found.len() as u64;
        found.sort_by(|(a, first), (b, second)| {
            let order = match (a, b) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            let order = match &self.sort {
                Some((_, SortOrder::Descending)) => order.reverse(),
                _ => order,
            };
            order.then(first.cmp(second))
        });
        let skip = usize::try_from(self.start - 1).unwrap_or(usize::MAX);
        let take = usize::try_from(self.count).unwrap_or(usize::MAX);
        (found.into_iter().skip(skip).take(take).map(|(_, id)| id).collect(), total)
    }

    /// In the order in which they were made. Where the page before ended is remembered, and how many there are in all, so
    /// that a page costs what a page costs, and not what all before it do.
    fn in_order(&self, conn: &Connection, base: &str, known: &Positions) -> Result<(Vec<i64>, u64)> {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.name).collect();
        let filter = self.filter.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = format!("{kinds:?}{filter}");
        let revision = revision(conn)?;
        let (mut total, mark) = known.find(&name, revision, self.start);
        let (condition, _) = self.condition();
        if total.is_none() && self.filter.is_none() {
            let sql = format!("SELECT count(*) FROM entry WHERE {condition}");
            let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
            let count: i64 = statement.query_row([], |row| row.get(0)).map_err(failed)?;
            total = Some(u64::try_from(count).unwrap_or(0));
        }
        // Without a total, all have to be counted, from the first.
        let (mut number, after) = mark.filter(|_| total.is_some()).unwrap_or((1, 0));
        let mut ids = Vec::new();
        let end = self.start.saturating_add(self.count);
        if self.count > 0 || total.is_none() {
            self.scan(conn, after, |entry| {
                if self.filter.is_some() && self.fitting(conn, base, &entry)?.is_none() {
                    return Ok(true);
                }
                if number >= self.start && number < end {
                    ids.push(entry.id);
                }
                number += 1;
                Ok(total.is_none() || number < end)
            })?;
        }
        let total = total.unwrap_or(number - 1);
        if let Some(last) = ids.last() {
            known.keep(name, revision, total, (self.start + ids.len() as u64, *last));
        }
        Ok((ids, total))
    }

    /// What is looked at, to be counted and to be read in order: several types together are read as the entries lie.
    fn condition(&self) -> (String, String) {
        match self.kinds {
            [kind] => {
                let one = format!("kind = {} AND kind > 0", kind.kind as i64);
                (one.clone(), one)
            }
            _ => ("kind > 0".to_owned(), "+kind > 0".to_owned()),
        }
    }

    fn scan(
        &self,
        conn: &Connection,
        after: i64,
        mut visit: impl FnMut(Stored) -> Result<bool>,
    ) -> Result<()> {
        let columns = Stored::COLUMNS;
        let (_, condition) = self.condition();
        let sql = format!("SELECT {columns} FROM entry WHERE {condition} AND id > ? ORDER BY id");
        let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map(params![after], Stored::read).map_err(failed)?;
        for entry in rows {
            if !visit(entry.map_err(failed)?)? {
                break;
            }
        }
        Ok(())
    }
}

/// What a resource is sorted by: of several values the primary one, or the first.
fn key(found: Found, resource: &Object) -> Option<String> {
    let attribute = found.part.or_else(|| found.attribute.part("value")).unwrap_or(found.attribute);
    let values = filter::values(found, resource);
    let primary = resource.get(found.attribute.name).and_then(Value::as_array).and_then(|values| {
        let is_primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
        values.iter().find(is_primary)?.get(attribute.name)
    });
    match primary.or_else(|| values.first().copied())? {
        Value::String(text) => Some(folded(attribute, text)),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Where pages ended, of the queries that were last asked.
#[derive(Default)]
pub(crate) struct Positions(Mutex<VecDeque<Known>>);

struct Known {
    query: String,
    revision: i64,
    total: u64,
    /// The number of a resource, and the entry that comes before it.
    marks: VecDeque<(u64, i64)>,
}

/// Queries that are remembered, and pages of each.
const QUERIES: usize = 64;
const MARKS: usize = 16;

impl Positions {
    /// How many fit this query, and the last place before this number that is known, as long as nothing has changed.
    fn find(&self, query: &str, revision: i64, start: u64) -> (Option<u64>, Option<(u64, i64)>) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = all.iter().find(|known| known.query == query && known.revision == revision) else {
            return (None, None);
        };
        let before = known.marks.iter().filter(|(number, _)| *number <= start);
        (Some(known.total), before.max_by_key(|(number, _)| *number).copied())
    }

    fn keep(&self, query: String, revision: i64, total: u64, mark: (u64, i64)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = all.iter().position(|known| known.query == query);
        let known = same.and_then(|at| all.remove(at)).filter(|known| known.revision == revision);
        let mut known = known.unwrap_or(Known { query, revision, total, marks: VecDeque::new() });
        known.marks.retain(|(number, _)| *number != mark.0);
        known.marks.push_back(mark);
        if known.marks.len() > MARKS {
            known.marks.pop_front();
        }
        all.push_back(known);
        if all.len() > QUERIES {
            all.pop_front();
        }
    }
}
