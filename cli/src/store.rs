//! `gatepass store …`

use std::io::Write as _;

use gatepass::{Gatepass, StoreReport};
use serde::Serialize;

use crate::args::StoreCommand;
use crate::backup;
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::output::buffered;
use crate::table::{Cell, Table};

pub(crate) async fn run(context: &Context, command: StoreCommand) -> Result<Outcome, Stop> {
    match command {
        StoreCommand::Copy { to } => backup::copy(context, to).await,
        StoreCommand::Check => check(context).await,
        StoreCommand::Info => {
            let look = async |gp: &Gatepass| Ok(gp.summary().await?);
            let report = context.with_store(Missing::Refuse, look).await?;
            show(context, &report)?;
            Ok(Outcome::Done)
        }
    }
}

async fn check(context: &Context) -> Result<Outcome, Stop> {
    let look = async |gp: &Gatepass| Ok(gp.inspect().await?);
    let report = match context.with_store(Missing::Refuse, look).await {
        Ok(report) => report,
        // A store that is too damaged to be looked over has a fault, which is what was asked.
        Err(Stop::Failed(error)) if error.code() == "store_corrupt" => {
            let mut report = StoreReport::default();
            report.faults.push(error.to_string());
            report
        }
        Err(stop) => return Err(stop),
    };
    show(context, &report)?;
    Ok(if report.faults.is_empty() { Outcome::Done } else { Outcome::No })
}

/// A report as JSON: core's own form, and where the store is.
#[derive(Debug, Serialize)]
struct ReportJson<'a> {
    location: String,
    #[serde(flatten)]
    report: &'a StoreReport,
}

fn show(context: &Context, report: &StoreReport) -> Result<(), Stop> {
    let location = context.location()?.to_string();
    if context.output.is_json() {
        return context.output.json(&ReportJson { location, report });
    }
    let rows: [[Cell; 2]; 9] = [
        ["store".into(), location.into()],
        ["id".into(), (&report.store_id).into()],
        ["epoch".into(), (&report.epoch).into()],
        ["revision".into(), report.revision.to_string().into()],
        ["tokens".into(), report.tokens.to_string().into()],
        ["custom roles".into(), report.roles.to_string().into()],
        ["validators".into(), report.validators.to_string().into()],
        ["users".into(), report.users.to_string().into()],
        ["audit entries".into(), report.audit.to_string().into()],
    ];
    let faults: Vec<[Cell; 2]> =
        report.faults.iter().map(|fault| [Cell::bad("fault"), fault.into()]).collect();
    let mut stdout = buffered();
    let mut table = Table::without_headers();
    table.write(&mut stdout, &rows)?;
    table.write(&mut stdout, &faults)?;
    Ok(stdout.flush()?)
}
