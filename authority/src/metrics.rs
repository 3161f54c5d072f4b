//! What Prometheus reads: how many requests, how long they took, and what was refused, by code.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use gatepass::{Api, ErrorKind};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;
use crate::endpoint::Endpoint;
use crate::errors::Failure;

/// Upper bounds in seconds: an introspection takes microseconds, a login tens of milliseconds.
const BOUNDS: [f64; 10] = [0.000_1, 0.000_5, 0.002, 0.005, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0];
/// Codes that are counted apart; there are some hundred.
const MOST_CODES: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: Cow<'static, str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginOutcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfApi {
    api: &'static str,
}

/// All that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Operation, Histogram>,
    refusals: Family<Code, Counter>,
    codes: std::sync::Mutex<std::collections::HashSet<String>>,
    logins: Family<LoginOutcome, Counter>,
    issued: Family<OfApi, Counter>,
    leaks: Counter,
    snapshots: Counter,
    waiting: Gauge,
    replicas: Gauge,
    connections: Gauge,
    age: Gauge<f64, AtomicU64>,
    revision: Gauge,
}

/// What is counted of one operation, found once.
#[derive(Clone)]
pub(crate) struct Meter {
    operation: &'static str,
    requests: Family<Answered, Counter>,
    well: Counter,
    seconds: Histogram,
}

impl Meter {
    /// Counts a request.
    pub(crate) fn count(&self, status: u16, took: Duration) {
        if status == 200 {
            self.well.inc();
        } else {
            self.requests.get_or_create(&Answered { operation: self.operation, status }).inc();
        }
        self.seconds.observe(took.as_secs_f64());
    }
}

/// A poll that waits.
pub(crate) struct Waiting(Gauge);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("gatepass");
        let seconds = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> Histogram);
        let metrics = Self {
            requests: Family::default(),
            refusals: Family::default(),
            codes: std::sync::Mutex::default(),
            logins: Family::default(),
            issued: Family::default(),
            leaks: Counter::default(),
            snapshots: Counter::default(),
            waiting: Gauge::default(),
            replicas: Gauge::default(),
            connections: Gauge::default(),
            age: Gauge::default(),
            revision: Gauge::default(),
            registry: Registry::default(),
            seconds,
        };
        registry.register("requests", "Requests, by operation and status", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "How long requests took",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register("refusals", "What was refused, by code", metrics.refusals.clone());
        registry.register("logins", "Logins, by outcome", metrics.logins.clone());
        registry.register("tokens_issued", "Tokens that were made", metrics.issued.clone());
        registry.register("leaks", "Tokens that ended because their secret was found", metrics.leaks.clone());
        registry.register("snapshots", "Snapshots that were begun, for replicas", metrics.snapshots.clone());
        registry.register("polls_waiting", "Replicas' polls that wait for a change", metrics.waiting.clone());
        registry.register("replicas", "Replicas that follow this authority", metrics.replicas.clone());
        registry.register("connections", "Connections that are open", metrics.connections.clone());
        registry.register_with_unit(
            "verifier_age",
            "How long ago the index was known to be complete",
            Unit::Seconds,
            metrics.age.clone(),
        );
        registry.register("verifier_revision", "The last change in the index", metrics.revision.clone());
        Self { registry, ..metrics }
    }

    /// What counts the requests of this operation.
    pub(crate) fn meter(&self, operation: &'static str) -> Meter {
        Meter {
            operation,
            requests: self.requests.clone(),
            well: self.requests.get_or_create(&Answered { operation, status: 200 }).clone(),
            seconds: self.seconds.get_or_create(&Operation { operation }).clone(),
        }
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, code: &str) {
        // Codes are ours, so they are few; should one ever come from elsewhere, memory does not grow with it.
        let mut known = self.codes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !known.contains(code) {
            if known.len() >= MOST_CODES {
                return;
            }
            known.insert(code.to_owned());
        }
        drop(known);
        self.refusals.get_or_create(&Code { code: code.to_owned().into() }).inc();
    }

    /// Counts a login.
    pub(crate) fn login(&self, outcome: &'static str) {
        self.logins.get_or_create(&LoginOutcome { outcome }).inc();
    }

    /// Counts a token.
    pub(crate) fn issued(&self, api: Api) {
        self.issued.get_or_create(&OfApi { api: api.as_str() }).inc();
    }

    /// Counts a token that ended because its secret was found.
    pub(crate) fn leak(&self) {
        self.leaks.inc();
    }

    /// Counts a snapshot.
    pub(crate) fn snapshot(&self) {
        self.snapshots.inc();
    }

    /// Counts a poll that waits, until this is dropped.
    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting.inc();
        Waiting(self.waiting.clone())
    }

    /// The gauge of connections.
    pub(crate) fn connections(&self) -> Gauge {
        self.connections.clone()
    }
}

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("get-metrics", Method::GET, "/metrics", read)
            .says("Metrics for Prometheus; from this machine, or with a scope")
            .gives_text("application/openmetrics-text"),
    ]
}

async fn read(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    app.metrics.age.set(app.verifier.age().unwrap_or_default().as_secs_f64());
    app.metrics.replicas.set(i64::try_from(app.feed.replicas()).unwrap_or(i64::MAX));
    app.metrics.revision.set(app.verifier.revision());
    let mut text = String::new();
    encode(&mut text, &app.metrics.registry)
        .map_err(|_| Failure::new(ErrorKind::Internal, "answer", "the metrics cannot be written"))?;
    let mut response = Response::new(text.into());
    let media = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    Ok(response)
}
