//! What goes with a call that takes its time: that it can be given up, and which trace it belongs to.

use std::sync::Arc;

use gatepass::{Error, ErrorKind, TraceContext};
use napi::bindgen_prelude::{Env, PromiseRaw, ToNapiValue};
use napi_derive::napi;
use tokio::sync::Notify;

use crate::error::fault;

/// A call under way, for `AbortSignal` and for who traces it.
#[napi]
pub struct Call {
    given_up: Arc<Notify>,
    trace: Option<TraceContext>,
}

#[napi]
impl Call {
    /// A call that is about to begin, within a trace (W3C Trace Context) where one is named.
    #[napi(constructor)]
    pub fn new(traceparent: Option<String>, tracestate: Option<String>) -> Self {
        let trace = traceparent.and_then(|parent| TraceContext::new(&parent, tracestate.as_deref()));
        Self { given_up: Arc::default(), trace }
    }

    /// Gives it up: its promise is rejected with `cancelled`, which `ts/call.ts` turns into the signal's own reason.
    #[napi]
    pub fn give_up(&self) {
        self.given_up.notify_one();
    }
}

/// Runs something on the runtime, until it ends or is given up.
pub(crate) fn run<'env, T, F>(
    env: &'env Env,
    call: Option<&Call>,
    work: F,
) -> napi::Result<PromiseRaw<'env, T>>
where
    T: ToNapiValue + Send + 'static,
    F: Future<Output = gatepass::Result<T>> + Send + 'static,
{
    let (given_up, trace) = call.map(|call| (Arc::clone(&call.given_up), call.trace.clone())).unzip();
    env.spawn_future(async move {
        let work = async {
            match trace.flatten() {
                Some(trace) => trace.scope(work).await,
                None => work.await,
            }
        };
        let done = match given_up {
            None => work.await,
            Some(given_up) => tokio::select! {
                biased;
                done = work => done,
                () = given_up.notified() => {
                    Err(Error::new(ErrorKind::Internal, "cancelled", "the call was given up"))
                }
            },
        };
        done.map_err(|error| fault(&error))
    })
}
