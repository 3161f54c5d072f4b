//! `gatepass audit`: who did what, and what happens from now on.

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::Duration;

use gatepass::{AuditEntry, AuditFilter, Gatepass, Outcome as Ended, Result};

use crate::args::AuditArgs;
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::output::{buffered, write_json};
use crate::table::{Cell, Table};

/// Entries that are read at once.
const PAGE: u32 = 1000;
/// What is shown of the past before the present is followed, when not said.
const PAST: u32 = 10;
/// How often it is asked whether something has happened.
const INTERVAL: Duration = Duration::from_millis(250);

pub(crate) async fn run(context: &Context, asked: AuditArgs) -> Result<Outcome, Stop> {
    context.with_gatepass(Missing::Refuse, async |gp| show(context, gp, asked).await).await?;
    Ok(Outcome::Done)
}

async fn show(context: &Context, gp: &Gatepass, asked: AuditArgs) -> Result<(), Stop> {
    let mut filter = AuditFilter::default();
    filter.action = asked.action;
    filter.actor = asked.actor;
    filter.subject = asked.subject;
    filter.outcome = asked.outcome.map(Ended::from);
    filter.since = asked.since;
    filter.until = asked.until;
    filter.limit = Some(PAGE);
    let mut writer = Writer::new(context);
    // What happens while the past is read belongs to what is followed, or to neither, never to both.
    let end = gp.audit().last().await?;
    if let Some(limit) = asked.limit.or(asked.follow.then_some(PAST)) {
        writer.write(&last(gp, &filter, limit, end).await?)?;
    } else {
        let mut past = filter.clone();
        while let Some(page) = next(gp, &mut past, Some(end)).await? {
            writer.write(&page)?;
        }
        writer.write(&[])?;
    }
    if !asked.follow {
        return Ok(());
    }
    filter.after = end;
    loop {
        match next(gp, &mut filter, None).await {
            Ok(Some(page)) => writer.write(&page)?,
            // A database that is restarted will be there again.
            Err(error) if !error.retryable() => return Err(error.into()),
            Ok(None) | Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    }
}

/// The next entries that fit, up to the one of this number; none where there are no more.
async fn next(gp: &Gatepass, filter: &mut AuditFilter, end: Option<i64>) -> Result<Option<Vec<AuditEntry>>> {
    let mut page = gp.audit().list(filter).await?;
    page.retain(|entry| end.is_none_or(|end| entry.number <= end));
    filter.after = page.last().map_or(filter.after, |entry| entry.number);
    Ok((!page.is_empty()).then_some(page))
}

/// The last so many entries that fit, in the order in which they happened.
async fn last(gp: &Gatepass, filter: &AuditFilter, limit: u32, end: i64) -> Result<Vec<AuditEntry>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut filter = filter.clone();
    let mut everything = AuditFilter::default();
    everything.limit = filter.limit;
    if filter == everything {
        // Numbers have no gaps, so where all fit the last ones are found without reading the rest.
        filter.after = end.saturating_sub(i64::try_from(limit).unwrap_or(i64::MAX)).max(0);
    }
    let mut kept = VecDeque::new();
    while let Some(page) = next(gp, &mut filter, Some(end)).await? {
        kept.extend(page);
        kept.drain(..kept.len().saturating_sub(limit));
    }
    Ok(kept.into())
}

/// Entries, as they come.
struct Writer {
    json: bool,
    table: Table<8>,
}

impl Writer {
    fn new(context: &Context) -> Self {
        let headers = ["NUMBER", "WHEN", "ACTION", "SUBJECT", "ACTOR", "OUTCOME", "FROM", "DETAILS"];
        Self { json: context.output.is_json(), table: Table::new(headers) }
    }

    fn write(&mut self, entries: &[AuditEntry]) -> Result<(), Stop> {
        let mut stdout = buffered();
        if self.json {
            for entry in entries {
                write_json(&mut stdout, entry)?;
                writeln!(stdout)?;
            }
        } else {
            self.table.write(&mut stdout, &entries.iter().map(row).collect::<Vec<_>>())?;
        }
        Ok(stdout.flush()?)
    }
}

fn row(entry: &AuditEntry) -> [Cell; 8] {
    let outcome = match (entry.outcome, entry.code.as_deref()) {
        (Ended::Done, _) => Cell::good("done"),
        (_, None) => Cell::bad("refused"),
        (_, Some(code)) => Cell::bad(format!("refused: {code}")),
    };
    [
        entry.number.to_string().into(),
        entry.happened.to_string().into(),
        (&entry.action).into(),
        entry.subject.as_deref().unwrap_or_default().into(),
        (&entry.actor).into(),
        outcome,
        entry.peer.map(|peer| peer.to_string()).unwrap_or_default().into(),
        entry.details.as_deref().unwrap_or_default().into(),
    ]
}
