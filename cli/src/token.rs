//! `gatepass token …`: looking at tokens, and ending them.

use std::io::{BufWriter, StdoutLock, Write as _};
use std::time::Duration;

use futures_util::{Stream, TryStreamExt as _};
use gatepass::{
    AccessToken, Clock as _, Error, Gatepass, Receipt, Status, SystemClock, Timestamp, TokenFilter,
};
use serde::Serialize;

use crate::args::{List, TokenCommand};
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::output::{buffered, write_json};
use crate::progress::Progress;
use crate::replica::{self, ReceiptJson};
use crate::table::{Cell, Table};
use crate::{check, input, issue};

/// Rows that are looked at before their columns are drawn.
const BATCH: usize = 200;

pub(crate) async fn run(context: &Context, command: TokenCommand) -> Result<Outcome, Stop> {
    match command {
        TokenCommand::Create(asked) => issue::create(context, asked).await?,
        TokenCommand::Rotate(asked) => issue::rotate(context, asked).await?,
        TokenCommand::Check(asked) => return check::run(context, asked).await,
        TokenCommand::List(asked) => {
            context.with_gatepass(Missing::Refuse, async |gp| list(context, gp, asked).await).await?;
        }
        TokenCommand::Show { name } => {
            context.with_gatepass(Missing::Refuse, async |gp| show(context, gp, &name).await).await?;
        }
        TokenCommand::Revoke { names, wait } => {
            let revoke = async |gp: &Gatepass| revoke(context, gp, &names, wait).await;
            return context.with_gatepass(Missing::Refuse, revoke).await;
        }
        TokenCommand::Delete { name, yes } => {
            input::confirm(
                &format!("Remove the token `{name}`? Its secret will open nothing any more."),
                yes,
            )?;
            context.with_gatepass(Missing::Refuse, async |gp| Ok(gp.tokens().delete(&name).await?)).await?;
            context.output.note(format_args!("removed {name}"));
        }
        TokenCommand::Purge { older_than } => {
            context.with_gatepass(Missing::Refuse, async |gp| purge(context, gp, older_than).await).await?;
        }
        TokenCommand::Report => report(context).await?,
    }
    Ok(Outcome::Done)
}

/// A token as JSON: core's own form, and what it is good for now.
#[derive(Debug, Serialize)]
pub(crate) struct TokenJson<'a> {
    #[serde(flatten)]
    token: &'a AccessToken,
    status: Status,
}

impl<'a> TokenJson<'a> {
    pub(crate) fn new(token: &'a AccessToken) -> Self {
        Self { token, status: token.status(SystemClock.now()) }
    }
}

async fn list(context: &Context, gp: &Gatepass, asked: List) -> Result<(), Stop> {
    let mut filter = TokenFilter::default();
    filter.api = asked.api;
    filter.status = asked.status;
    filter.expires_within = asked.expires_within;
    filter.name_contains = asked.name;
    let tokens = gp.tokens().list(filter);
    if context.output.is_json() {
        return write_array(tokens, |to, token| write_json(to, &TokenJson::new(token))).await;
    }
    let table = Table::new(["NAME", "API", "STATUS", "EXPIRES", "LAST USED", "ROLES OR SCOPES", "ACTS AS"]);
    write_table(table, tokens, |token| {
        [
            (&token.name).into(),
            token.api.as_str().into(),
            status(token),
            expiry(token).into(),
            token.last_used_on.map(|instant| instant.to_string()).unwrap_or_default().into(),
            token.roles.iter().chain(&token.scopes).map(String::as_str).collect::<Vec<_>>().join(", ").into(),
            token.target_dn.as_deref().unwrap_or_default().into(),
        ]
    })
    .await
}

/// A JSON array, an element a line, as they come: a long list is never in memory.
async fn write_array(
    mut tokens: impl Stream<Item = gatepass::Result<AccessToken>> + Unpin,
    write: impl Fn(&mut BufWriter<StdoutLock<'static>>, &AccessToken) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut stdout = buffered();
    let mut before = "[";
    while let Some(token) = tokens.try_next().await? {
        stdout.write_all(before.as_bytes())?;
        write(&mut stdout, &token)?;
        before = ",\n";
    }
    writeln!(stdout, "{}", if before == "[" { "[]" } else { "]" })?;
    Ok(stdout.flush()?)
}

/// A table, a batch of rows at a time.
async fn write_table<const N: usize>(
    mut table: Table<N>,
    mut tokens: impl Stream<Item = gatepass::Result<AccessToken>> + Unpin,
    row: impl Fn(&AccessToken) -> [Cell; N],
) -> Result<(), Stop> {
    let mut stdout = buffered();
    let mut rows = Vec::with_capacity(BATCH);
    while let Some(token) = tokens.try_next().await? {
        rows.push(row(&token));
        if rows.len() == BATCH {
            table.write(&mut stdout, &rows)?;
            rows.clear();
        }
    }
    table.write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

async fn show(context: &Context, gp: &Gatepass, name: &str) -> Result<(), Stop> {
    let token = gp.tokens().get(name).await?;
    if context.output.is_json() {
        return context.output.json(&TokenJson::new(&token));
    }
    let instant = |instant: Option<Timestamp>| instant.map(|instant| instant.to_string());
    let joined = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
    let networks: Vec<String> = token.networks.iter().map(ToString::to_string).collect();
    let metadata: Vec<String> = token.metadata.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let facts = [
        ("name", Some(token.name.clone())),
        ("id", token.id.map(|id| id.to_string())),
        ("api", Some(token.api.to_string())),
        ("status", Some(token.status(SystemClock.now()).to_string())),
        ("expires", Some(expiry(&token))),
        ("good from", instant(token.not_before)),
        ("roles", joined(&token.roles)),
        ("scopes", joined(&token.scopes)),
        ("acts as", token.target_dn.clone()),
        ("networks", joined(&networks)),
        ("description", token.description.clone()),
        ("metadata", joined(&metadata)),
        ("created", instant(Some(token.created_on))),
        ("created by", token.created_by.clone()),
        ("rotated", instant(token.rotated_on)),
        ("old secret until", instant(token.grace_until)),
        ("revoked", instant(token.revoked_on)),
        ("last used", last_use(&token)),
    ];
    let rows: Vec<[Cell; 2]> =
        facts.into_iter().filter_map(|(what, text)| Some([what.into(), text?.into()])).collect();
    let mut stdout = buffered();
    Table::without_headers().write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

/// When, from where, and who says so.
fn last_use(token: &AccessToken) -> Option<String> {
    let mut text = token.last_used_on?.to_string();
    for (word, what) in [(" from ", &token.last_used_from), (", says ", &token.last_used_via)] {
        if let Some(what) = what {
            text.push_str(word);
            text.push_str(what);
        }
    }
    Some(text)
}

async fn revoke(
    context: &Context,
    gp: &Gatepass,
    names: &[String],
    wait: Option<Duration>,
) -> Result<Outcome, Stop> {
    let revoked = gp.tokens().revoke_all(names).await.map_err(|error| by_name(error, names))?;
    for token in revoked.iter().map(|revoked| &revoked.token) {
        let when = token.revoked_on.unwrap_or(Timestamp::MIN);
        context.output.note(format_args!("revoked {} at {when}", token.name));
    }
    let receipts = match wait {
        Some(wait) => {
            let revision = revoked.iter().map(|revoked| revoked.revision).max().unwrap_or_default();
            let confirmed = gp.replicas().confirmed(revision, wait).await;
            Some(confirmed.inspect_err(|_| {
                context.output.warn(format_args!("the tokens are revoked; what replicas say is not known"));
            })?)
        }
        None => None,
    };
    if context.output.is_json() {
        let tokens: Vec<_> = revoked.iter().map(|revoked| TokenJson::new(&revoked.token)).collect();
        match &receipts {
            None => context.output.json(&tokens)?,
            Some(receipts) => {
                let receipts: Vec<_> = receipts.iter().map(ReceiptJson::from).collect();
                context.output.json(&serde_json::json!({"tokens": tokens, "receipts": receipts}))?;
            }
        }
    }
    let receipts = receipts.unwrap_or_default();
    if wait.is_some() {
        replica::tell(context, &receipts);
    }
    Ok(if receipts.iter().any(Receipt::is_pending) { Outcome::No } else { Outcome::Done })
}

/// Core says which of several names is missing by its place; a person wants the name.
fn by_name(error: Error, names: &[String]) -> Error {
    let place = error
        .field()
        .and_then(|field| field.strip_prefix("names[")?.strip_suffix(']')?.parse::<usize>().ok());
    match place.and_then(|place| names.get(place)).filter(|_| names.len() > 1) {
        Some(name) => {
            let text = format!("no token is called `{name}`; none was revoked");
            let field = error.field().unwrap_or_default().to_owned();
            Error::new(error.kind(), error.code().to_owned(), text).with_field(field)
        }
        None => error,
    }
}

async fn purge(context: &Context, gp: &Gatepass, older_than: Duration) -> Result<(), Stop> {
    let age = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
    let before = SystemClock.now().as_millis().saturating_sub(age);
    let before = Timestamp::from_millis(before).unwrap_or(Timestamp::MIN);
    let progress = Progress::new(context.output);
    let gone = gp.tokens().purge(before, |gone| progress.counted("tokens removed:", gone)).await?;
    drop(progress);
    if context.output.is_json() {
        return context.output.json(&serde_json::json!({"purged": gone}));
    }
    context.output.note(format_args!("removed {gone} tokens that ended before {before}"));
    Ok(())
}

/// A token of the report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    #[serde(flatten)]
    token: TokenJson<'a>,
    breaks_policy: bool,
    never_expires: bool,
}

/// Under a policy that lets nothing live for ever, what never expires is found by the same question as what lives too
/// long; whether it breaks the policy at hand is asked of that one.
async fn report(context: &Context) -> Result<(), Stop> {
    let policy = context.policy();
    let mut strict = policy.clone();
    strict.allow_never = false;
    context
        .with_policy(strict, Missing::Refuse, async |gp| {
            let tokens = gp.tokens().violations();
            if context.output.is_json() {
                return write_array(tokens, |to, token| {
                    let finding = Finding {
                        token: TokenJson::new(token),
                        breaks_policy: policy.is_broken_by(token),
                        never_expires: token.expires_on.is_none(),
                    };
                    write_json(to, &finding)
                })
                .await;
            }
            let table = Table::new(["NAME", "API", "STATUS", "EXPIRES", "FINDING"]);
            write_table(table, tokens, |token| {
                let finding = match (policy.is_broken_by(token), token.expires_on) {
                    (true, None) => Cell::bad("never expires, and the policy wants every token to"),
                    (true, Some(_)) => Cell::bad("lives longer than the policy permits"),
                    (false, _) => Cell::doubtful("never expires, as the policy permits"),
                };
                [
                    (&token.name).into(),
                    token.api.as_str().into(),
                    status(token),
                    expiry(token).into(),
                    finding,
                ]
            })
            .await
        })
        .await
}

pub(crate) fn expiry(token: &AccessToken) -> String {
    token.expires_on.map_or_else(|| "never".to_owned(), |instant| instant.to_string())
}

fn status(token: &AccessToken) -> Cell {
    let now = SystemClock.now();
    match token.status(now) {
        Status::Active if token.in_grace(now) => Cell::good("active, in grace"),
        Status::Active => Cell::good("active"),
        Status::Revoked => Cell::bad("revoked"),
        other => Cell::doubtful(other.as_str()),
    }
}
