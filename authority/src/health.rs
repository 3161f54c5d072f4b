//! Whether it runs, and whether it can do what it is for.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::Method;
use gatepass::ErrorKind;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::app::App;
use crate::body::Json;
use crate::endpoint::Endpoint;
use crate::errors::Failure;

/// An index older than this denies everything.
const FRESH: Duration = Duration::from_secs(1);
/// A store that takes longer to answer is not there.
const PATIENCE: Duration = Duration::from_secs(2);
/// The store is asked no more often than this, however often we are.
const REMEMBERED: Duration = Duration::from_secs(1);

/// What the store last said, and when.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Duration, bool)>>);

impl Readiness {
    async fn of(&self, app: &App) -> bool {
        let mut last = self.0.lock().await;
        let now = app.clock.boot_time();
        if let Some((then, ready)) = *last
            && now.saturating_sub(then) < REMEMBERED
            && !now.is_zero()
        {
            return ready;
        }
        let asked = tokio::time::timeout(PATIENCE, app.gatepass.audit().last()).await;
        let ready = matches!(asked, Ok(Ok(_)));
        *last = Some((now, ready));
        ready
    }
}

/// How it is.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("get-health", Method::GET, "/healthz", live)
            .says("Whether it runs")
            .gives::<Health>(200),
        Endpoint::new("get-readiness", Method::GET, "/readyz", ready)
            .says("Whether the store can be reached and the index is fresh")
            .gives::<Health>(200)
            .refuses(&[503]),
    ]
}

async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

async fn ready(State(app): State<Arc<App>>) -> Result<Json<Health>, Failure> {
    // An index that follows nothing was never proved, and never will be.
    let fresh = app.verifier.age().is_none_or(|age| age <= FRESH);
    if fresh && app.readiness.of(&app).await {
        return Ok(Json(Health { status: "ok" }));
    }
    let (code, text) = if fresh {
        ("store_unavailable", "The store cannot be reached")
    } else {
        ("stale", "The index is not fresh")
    };
    Err(Failure::new(ErrorKind::Unavailable, code, text))
}
