//! `gatepass replica …`, and what replicas say of a change.

use std::io::Write as _;
use std::time::Duration;

use gatepass::wire::Replica;
use gatepass::{Gatepass, Receipt, ReceiptState, Timestamp};
use serde::Serialize;

use crate::args::ReplicaCommand;
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::output::buffered;
use crate::table::{Cell, Table};

pub(crate) async fn run(context: &Context, command: ReplicaCommand) -> Result<Outcome, Stop> {
    match command {
        ReplicaCommand::List => {
            context.with_gatepass(Missing::Refuse, async |gp| list(context, gp).await).await?;
        }
    }
    Ok(Outcome::Done)
}

/// A replica as JSON: core's own form, and whether it follows now.
#[derive(Debug, Serialize)]
struct ReplicaJson<'a> {
    #[serde(flatten)]
    replica: &'a Replica,
    connected: bool,
}

async fn list(context: &Context, gp: &Gatepass) -> Result<(), Stop> {
    let list = gp.replicas().list().await?;
    if context.output.is_json() {
        let json = |replica| ReplicaJson { replica, connected: replica.is_connected(list.now) };
        return context.output.json(&list.replicas.iter().map(json).collect::<Vec<_>>());
    }
    let row = |replica: &Replica| {
        let state = if replica.is_connected(list.now) { Cell::good("follows") } else { Cell::bad("is gone") };
        [
            (&replica.actor).into(),
            (&replica.id).into(),
            replica.peer.as_deref().unwrap_or_default().into(),
            state,
            replica.revision.to_string().into(),
            replica.confirmed_on.to_string().into(),
            replica.seen_on.to_string().into(),
            format!("{:?}", Duration::from_millis(replica.max_staleness_millis)).into(),
        ]
    };
    let rows: Vec<_> = list.replicas.iter().map(row).collect();
    let headers = ["CREDENTIAL", "REPLICA", "FROM", "STATE", "HAS", "SINCE", "LAST SEEN", "MAX STALENESS"];
    let mut stdout = buffered();
    Table::new(headers).write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

/// What a replica said of a change, as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceiptJson<'a> {
    replica: &'a str,
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_on: Option<Timestamp>,
}

impl<'a> From<&'a Receipt> for ReceiptJson<'a> {
    fn from(receipt: &'a Receipt) -> Self {
        let (state, confirmed_on) = match receipt.state {
            ReceiptState::Confirmed { on } => ("confirmed", Some(on)),
            ReceiptState::Stale => ("stale", None),
            _ => ("pending", None),
        };
        let Replica { id, actor, peer, .. } = &receipt.replica;
        Self { replica: id, actor, peer: peer.as_deref(), state, confirmed_on }
    }
}

/// Tells people what each replica said; what is pending, they must not miss.
pub(crate) fn tell(context: &Context, receipts: &[Receipt]) {
    for receipt in receipts {
        let Replica { id, actor, peer, .. } = &receipt.replica;
        let from = peer.as_ref().map(|peer| format!(" at {peer}")).unwrap_or_default();
        let who = format!("{actor}{from} ({id})");
        match receipt.state {
            ReceiptState::Confirmed { on } => context.output.note(format_args!("{who} has it since {on}")),
            ReceiptState::Stale => context.output.note(format_args!("{who} is gone, and denies everything")),
            _ => context.output.note(format_args!("{who} has NOT confirmed it")),
        }
    }
    let pending = receipts.iter().filter(|receipt| receipt.is_pending()).count();
    match (pending, receipts.len()) {
        (0, 0) => context.output.note(format_args!("no replicas follow")),
        (0, all) => context.output.note(format_args!("no replica of {all} accepts it any more")),
        (some, all) => {
            context.output.note(format_args!(
                "{some} of {all} replicas may still accept it; none does longer than its own limit without news"
            ));
        }
    }
}
