//! What replicas follow: the snapshot, and the long poll for what has changed since.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use gatepass::wire::{self, Changes, Packed, ReplicaList, SnapshotEnd, SnapshotHead, Usage};
use gatepass::{Api, Error, ErrorKind, Reason, ReplicaPoll, Result, Snapshot};
use schemars::JsonSchema;

use crate::app::App;
use crate::auth::{Caller, Origin, Who, authenticate};
use crate::body::{Json, Query};
use crate::endpoint::{Endpoint, Parameter};
use crate::errors::Failure;
use crate::server::told;

/// A poll waits no longer, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Characters of an epoch, a nonce or a replica's id, at the most.
const LONGEST_WORD: usize = 128;

const POLL: &[Parameter] = &[
    ("epoch", "the life of the store that the revision is of, as the snapshot said"),
    ("after", "the revision that the replica has"),
    ("wait", "how long to wait for a change: 1s, 250ms; 30s at the most, not at all when not said"),
    ("nonce", "what the answer shall repeat: up to 128 visible characters of ASCII"),
    ("replica", "the replica's own id, made by chance when it starts: as long at the most"),
    ("staleness", "after so long without an answer the replica denies everything: 10s; 24 h at the most"),
];

const REPLICAS: &[Parameter] = &[
    ("revision", "the number of the change; 0 when not said"),
    ("wait", "how long to wait for it to be confirmed: 1s, 250ms; 30s at the most, not at all when not said"),
];

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("get-snapshot", Method::GET, "/api/gatepass/v1/snapshot", snapshot)
            .says("Get all tokens of the APIs that the caller may verify, as lines of JSON")
            .gives_as::<Line>(wire::LINES),
        Endpoint::new("get-changes", Method::GET, "/api/gatepass/v1/changes", changes)
            .says("Get what has changed since a revision, as the database has it after it was asked")
            .query(POLL)
            .waits(LONGEST_WAIT)
            .gives::<Changes>(200)
            .refuses(&[400, 429]),
        Endpoint::new("report-usage", Method::POST, "/api/gatepass/v1/usage", usage)
            .says("Say when tokens were last used")
            .takes::<Usage>()
            .gives_nothing(204)
            .refuses(&[400]),
        Endpoint::new("list-replicas", Method::GET, "/api/gatepass/v1/replicas", replicas)
            .says("Get the replicas, once all that are connected have a change")
            .query(REPLICAS)
            .waits(LONGEST_WAIT)
            .gives::<ReplicaList>(200)
            .refuses(&[400]),
    ]
}

/// A line of a snapshot: first the head, then tokens, then the end.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape, for the OpenAPI document")]
enum Line {
    Head(SnapshotHead),
    Tokens(Vec<Packed<'static>>),
    End(SnapshotEnd),
}

/// The APIs whose tokens this caller may verify now.
fn apis_of(who: &Who) -> Vec<Api> {
    Api::ALL.into_iter().filter(|api| who.may_verify(*api)).collect()
}

/// It is made while it is sent, a line at a time, by a few at once: so it costs no memory, and one that nobody reads
/// costs nothing at all.
async fn snapshot(State(app): State<Arc<App>>, who: Who) -> Result<Response, Failure> {
    app.metrics.snapshot();
    let snapshot = app.feed.snapshot(apis_of(&who));
    let lines = stream::try_unfold(snapshot, move |snapshot| next_line(Arc::clone(&app), snapshot));
    let mut response = Response::new(Body::from_stream(lines));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(wire::LINES));
    Ok(response)
}

async fn next_line(app: Arc<App>, mut snapshot: Snapshot) -> Result<Option<(Bytes, Snapshot)>> {
    let lost = |_| Error::new(ErrorKind::Internal, "task_failed", "a task ended before it was done");
    let place = Arc::clone(&app.snapshots).acquire_owned().await;
    let made = tokio::task::spawn_blocking(move || {
        let line = snapshot.next();
        drop(place);
        line.map(|line| (line.into(), snapshot))
    });
    made.await.map_err(lost)
}

/// A replica's poll.
struct Poll {
    epoch: String,
    after: i64,
    wait: Duration,
    nonce: String,
    replica: String,
    staleness: Duration,
}

impl Poll {
    fn of(query: &Query) -> Result<Self> {
        let staleness = query.span("staleness")?.ok_or_else(|| missing("staleness"))?;
        if staleness.is_zero() || staleness > wire::LONGEST_STALENESS {
            let text = "expected more than nothing, and at most 24 hours";
            return Err(Error::invalid("staleness", "parameter_out_of_range", text));
        }
        Ok(Self {
            epoch: word(query, "epoch")?,
            after: query.parsed("after")?.ok_or_else(|| missing("after"))?,
            wait: query.span("wait")?.unwrap_or_default().min(LONGEST_WAIT),
            nonce: word(query, "nonce")?,
            replica: word(query, "replica")?,
            staleness,
        })
    }
}

fn missing(name: &'static str) -> Error {
    Error::invalid(name, "parameter_missing", "this parameter is needed")
}

/// A parameter of visible characters.
fn word(query: &Query, name: &'static str) -> Result<String> {
    let text = query.text(name).ok_or_else(|| missing(name))?;
    if text.len() > LONGEST_WORD || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let text = "expected up to 128 visible characters of ASCII";
        return Err(Error::invalid(name, "parameter_malformed", text));
    }
    Ok(text.to_owned())
}

/// The order matters. First it waits, then it reads, then it asks again who is there and what they may do: by an index
/// that has all that was read. So what was revoked, of the caller too, is either told or has ended this.
async fn changes(
    State(app): State<Arc<App>>,
    who: Who,
    origin: Origin,
    headers: HeaderMap,
    query: Query,
) -> Result<Json<Changes>, Failure> {
    let poll = Poll::of(&query)?;
    let replica = (poll.replica, who.name());
    let seen = ReplicaPoll::new(replica, (&*poll.epoch, poll.after), poll.staleness).from_peer(origin.peer);
    app.feed.seen(seen).await?;
    let waiting = app.metrics.waiting();
    let mut stopping = app.stopping.clone();
    let early = tokio::select! {
        changed = app.feed.changed(&poll.epoch, poll.after) => changed,
        () = tokio::time::sleep(poll.wait) => Ok(()),
        // What is known is told at once, so that the replica may go on with another authority.
        () = told(&mut stopping) => Ok(()),
    };
    drop(waiting);
    early?;
    let read = app.feed.read(&poll.epoch, poll.after).await?;
    let realm = &*app.realm;
    let who = authenticate(&app, &headers, &origin).await;
    let who = who.map_err(|refused| refused.into_failure(realm))?;
    let apis = apis_of(&who);
    if apis.is_empty() {
        return Err(Failure::denied(Reason::InsufficientScope, realm, None));
    }
    let mut changes = read.into_changes(poll.nonce, apis);
    changes.credential_expires_on = who.expires_on();
    Ok(Json(changes))
}

async fn usage(
    State(app): State<Arc<App>>,
    who: Who,
    origin: Origin,
    Json(Usage { uses }): Json<Usage>,
) -> Result<StatusCode, Failure> {
    if uses.len() > wire::MOST_USES {
        let text = "at most 10000 uses are reported at once";
        return Err(Error::invalid("uses", "too_many_uses", text).into());
    }
    app.gatepass.acting(origin.acting(who.actor())).tokens().report_usage(uses).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn replicas(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: Query,
) -> Result<Json<ReplicaList>, Failure> {
    let revision = query.parsed("revision")?.unwrap_or_default();
    let wait = query.span("wait")?.unwrap_or_default().min(LONGEST_WAIT);
    let mut stopping = app.stopping.clone();
    let replicas = caller.gatepass.replicas();
    let list = tokio::select! {
        list = replicas.at(revision, wait) => list,
        () = told(&mut stopping) => replicas.at(revision, Duration::ZERO).await,
    };
    Ok(Json(list?))
}
