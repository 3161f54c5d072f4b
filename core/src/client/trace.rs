//! Which trace a request belongs to: W3C Trace Context, given by the caller's own tracing and passed on as it is.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

tokio::task_local! {
    static CONTEXT: TraceContext;
}

/// A place in a trace. What is asked within [`scope`](Self::scope) goes out with its headers.
#[derive(Debug, Clone)]
pub struct TraceContext {
    traceparent: HeaderValue,
    tracestate: Option<HeaderValue>,
}

impl TraceContext {
    /// The values of the headers `traceparent` and `tracestate`. None where they cannot be headers: a trace that is broken
    /// is no reason for a call to fail.
    pub fn new(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let traceparent = HeaderValue::from_str(traceparent).ok()?;
        Some(Self { traceparent, tracestate: tracestate.and_then(|text| HeaderValue::from_str(text).ok()) })
    }

    /// The one that is set.
    pub(crate) fn current() -> Option<Self> {
        CONTEXT.try_with(Clone::clone).ok()
    }

    /// Sends all that this work asks of servers with this context. What it spawns is not part of it.
    pub async fn scope<W: Future>(self, work: W) -> W::Output {
        CONTEXT.scope(self, work).await
    }
}

/// Adds the headers of the context that is set, if one is.
pub(super) fn add_to(headers: &mut HeaderMap) {
    // Outside of any context there is nothing to add.
    CONTEXT
        .try_with(|context| {
            headers.insert(TRACEPARENT, context.traceparent.clone());
            if let Some(state) = &context.tracestate {
                headers.insert(TRACESTATE, state.clone());
            }
        })
        .ok();
}
