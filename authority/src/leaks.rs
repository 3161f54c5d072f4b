//! Secrets that were found where they should not be. The secret itself is the proof, so anybody may report one; and
//! nobody learns from the answer whether it was good.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use gatepass::wire::Leak;
use gatepass::{Actor, Result};

use crate::app::App;
use crate::auth::Origin;
use crate::body::Json;
use crate::endpoint::Endpoint;
use crate::errors::Failure;
use crate::throttle::neighbourhood;

/// Whom the audit trail names.
const REPORTER: &str = "leak-report";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("report-leak", Method::POST, "/api/gatepass/v1/leaks", report)
            .says("Report a secret that was found in the open; if it is a live token's, the token ends")
            .takes::<Leak>()
            .gives_nothing(202)
            .refuses(&[429]),
    ]
}

/// 202 whatever the body is and whatever came of it; only who reports too much is told so, for a report that is
/// dropped unsaid would leave a token alive that its finder believes dead.
async fn report(
    State(app): State<Arc<App>>,
    origin: Origin,
    leak: Result<Json<Leak>, Failure>,
) -> Result<StatusCode, Failure> {
    let address = neighbourhood(origin.peer);
    if let Err(wait) = app.leaks.take(&address, app.clock.boot_time()) {
        let text = "Too many reports; wait, then try again";
        return Err(Failure::slow_down(wait, "leaks_throttled", text));
    }
    if let Ok(Json(leak)) = leak {
        let gatepass = app.gatepass.acting(origin.acting(Actor::Owner(REPORTER.to_owned())));
        let found = gatepass.tokens().revoke_leaked(leak.token.trim()).await?;
        if found {
            app.known(gatepass.revision()).await;
            app.metrics.leak();
            tracing::warn!(
                request_id = &*origin.request_id,
                "a live secret was reported as leaked; its token has ended"
            );
        }
    }
    Ok(StatusCode::ACCEPTED)
}
