//! The audit trail: an entry commits with the change that it tells of, and its number is its place among all.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::fault::{corrupt, fault};
use super::insert::Insert;
use super::location::Kind;
use super::transaction::Transaction;
use super::writer::Change;
use crate::{Acting, AuditEntry, AuditFilter, MAX_NAME_LENGTH, Outcome, Result, Timestamp};

/// An entry before it has its number.
#[derive(Debug, Clone)]
pub(crate) struct Entry(AuditEntry);

impl Entry {
    /// Something that was done by whom `caller` names.
    pub(crate) fn new(acting: &Acting, caller: &str, action: &'static str, subject: Option<&str>) -> Self {
        Self(AuditEntry {
            number: 0,
            happened: Timestamp::MIN,
            action: action.to_owned(),
            actor: actor(acting, caller),
            subject: subject.map(line),
            outcome: Outcome::Done,
            code: None,
            peer: acting.peer,
            request_id: acting.request_id.as_deref().map(line),
            details: None,
        })
    }

    /// Something that was refused, for this reason.
    pub(crate) fn refused(mut self, code: &str) -> Self {
        self.0.outcome = Outcome::Refused;
        self.0.code = Some(line(code));
        self
    }

    pub(crate) fn details(mut self, text: impl Into<String>) -> Self {
        self.0.details = Some(text.into());
        self
    }

    pub(super) fn numbered(mut self, number: i64, now: Timestamp) -> Self {
        (self.0.number, self.0.happened) = (number, now);
        self
    }
}

/// How who acts is named, whom `caller` names.
pub(super) fn actor(acting: &Acting, caller: &str) -> String {
    line(&format!("{}:{caller}", acting.actor.kind()))
}

/// The most characters of a text in the trail: those of the longest name, after what kind of an actor has it.
const MAX_LINE: usize = MAX_NAME_LENGTH + 8;

/// What came from outside, as one line that any store keeps and any log shows.
fn line(text: &str) -> String {
    text.chars()
        .take(MAX_LINE)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// An entry of its own, for what changes nothing else.
pub(crate) struct Note(pub(crate) Entry);

impl Change for Note {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        tx.audit(self.0.clone());
        Ok(())
    }
}

pub(super) async fn insert(conn: &mut AnyConnection, kind: Kind, trail: &[Entry]) -> Result<()> {
    static INSERT: Insert = Insert::new(
        "INSERT INTO audit (number, happened, action, actor, subject, outcome, code, peer, request_id, details)",
        10,
        "",
    );
    for (statement, entries) in INSERT.portions(kind, trail) {
        let mut query = sqlx::query(statement);
        for Entry(entry) in entries {
            query = query
                .bind(entry.number)
                .bind(entry.happened.as_millis())
                .bind(&entry.action)
                .bind(&entry.actor)
                .bind(&entry.subject)
                .bind(entry.outcome.as_str())
                .bind(&entry.code)
                .bind(entry.peer.map(|peer| peer.to_string()))
                .bind(&entry.request_id)
                .bind(&entry.details);
        }
        query.execute(&mut *conn).await.map_err(fault)?;
    }
    Ok(())
}

macro_rules! select {
    ($order:literal) => {
        concat!(
            "SELECT number, happened, action, actor, subject, outcome, code, peer, request_id, details \
             FROM audit WHERE number > $1 \
               AND ($2 IS NULL OR substr(action, 1, length($2)) = $2) \
               AND ($3 IS NULL OR actor = $3) \
               AND ($4 IS NULL OR subject = $4) \
               AND ($5 IS NULL OR outcome = $5) \
               AND ($6 IS NULL OR happened >= $6) \
               AND ($7 IS NULL OR happened < $7) \
               AND ($9 IS NULL OR number < $9) \
             ORDER BY number ",
            $order,
            " LIMIT $8"
        )
    };
}

pub(crate) async fn find(conn: &mut AnyConnection, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
    let sought = [&filter.action, &filter.actor, &filter.subject];
    if sought.into_iter().flatten().any(|text| text.contains(char::is_control)) {
        return Ok(Vec::new()); // no entry has any; PostgreSQL does not even take a NUL
    }
    let sql = if filter.newest_first { select!("DESC") } else { select!("ASC") };
    let query = sqlx::query(sql)
        .bind(filter.after)
        .bind(&filter.action)
        .bind(&filter.actor)
        .bind(&filter.subject)
        .bind(filter.outcome.map(Outcome::as_str))
        .bind(filter.since.map(Timestamp::as_millis))
        .bind(filter.until.map(Timestamp::as_millis))
        .bind(i64::from(filter.limit.unwrap_or(100)))
        .bind(filter.before);
    let rows = query.fetch_all(conn).await.map_err(fault)?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &AnyRow) -> Result<AuditEntry> {
    let text = |at: usize| row.try_get::<Option<String>, _>(at).map_err(fault);
    let outcome: String = row.try_get(5).map_err(fault)?;
    Ok(AuditEntry {
        number: row.try_get(0).map_err(fault)?,
        happened: Timestamp::from_millis(row.try_get(1).map_err(fault)?)
            .ok_or_else(|| corrupt("an audit entry's instant is out of range"))?,
        action: row.try_get(2).map_err(fault)?,
        actor: row.try_get(3).map_err(fault)?,
        subject: text(4)?,
        outcome: if outcome == Outcome::Done.as_str() { Outcome::Done } else { Outcome::Refused },
        code: text(6)?,
        peer: text(7)?.and_then(|peer| peer.parse().ok()),
        request_id: text(8)?,
        details: text(9)?,
    })
}
