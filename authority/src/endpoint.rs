//! What an operation is: where it is, what it needs, takes and gives, and what does it. The router and the OpenAPI
//! document are both made from this, so neither can lack what the other has.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::app::App;
use crate::errors::{Failure, Style};
use crate::gate::{Gate, gate};
use crate::scopes::{Rule, rule};

/// An operation.
pub(crate) struct Endpoint {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) rule: Rule,
    pub(crate) query: &'static [Parameter],
    pub(crate) headers: &'static [Parameter],
    pub(crate) takes: Option<Content>,
    pub(crate) gives: Gives,
    /// Other statuses that it answers with, beside those that all do.
    pub(crate) refuses: &'static [u16],
    /// How long it may wait for something to happen, on top of what an answer may take.
    pub(crate) waits: Duration,
    handler: MethodRouter<Arc<App>>,
}

/// A parameter: its name, and what it is.
pub(crate) type Parameter = (&'static str, &'static str);

/// A body: its media type, and its schema.
#[derive(Clone, Copy)]
pub(crate) struct Content {
    pub(crate) media: &'static str,
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
}

/// What it answers with when all is well.
#[derive(Clone, Copy)]
pub(crate) struct Gives {
    pub(crate) status: u16,
    pub(crate) content: Option<Content>,
}

/// What a JSON body of this type looks like.
fn json<T: JsonSchema>() -> Content {
    Content { media: "application/json", schema: |generator| generator.subschema_for::<T>() }
}

impl Endpoint {
    pub(crate) fn new<H, T>(id: &'static str, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        // What is asked for by no other word than these is not served at all.
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::TRACE);
        Self {
            id,
            method,
            path,
            summary: "",
            rule: rule(id),
            query: &[],
            headers: &[],
            takes: None,
            gives: Gives { status: 200, content: None },
            refuses: &[],
            waits: Duration::ZERO,
            handler: on(filter, handler),
        }
    }

    pub(crate) fn says(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    pub(crate) fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn headers(self, headers: &'static [Parameter]) -> Self {
        Self { headers, ..self }
    }

    pub(crate) fn takes<T: JsonSchema>(self) -> Self {
        Self { takes: Some(json::<T>()), ..self }
    }

    pub(crate) fn takes_form<T: JsonSchema>(self) -> Self {
        Self { takes: Some(Content { media: "application/x-www-form-urlencoded", ..json::<T>() }), ..self }
    }

    pub(crate) fn gives<T: JsonSchema>(self, status: u16) -> Self {
        Self { gives: Gives { status, content: Some(json::<T>()) }, ..self }
    }

    pub(crate) fn gives_text(self, media: &'static str) -> Self {
        self.gives_as::<String>(media)
    }

    pub(crate) fn gives_as<T: JsonSchema>(self, media: &'static str) -> Self {
        let content = Content { media, ..json::<T>() };
        Self { gives: Gives { content: Some(content), ..self.gives }, ..self }
    }

    pub(crate) fn gives_nothing(self, status: u16) -> Self {
        Self { gives: Gives { status, content: None }, ..self }
    }

    pub(crate) fn waits(self, waits: Duration) -> Self {
        Self { waits, ..self }
    }

    pub(crate) fn refuses(self, refuses: &'static [u16]) -> Self {
        Self { refuses, ..self }
    }
}

/// All operations.
pub(crate) fn all() -> Vec<Endpoint> {
    [
        crate::tokens::endpoints(),
        crate::login::endpoints(),
        crate::roles::endpoints(),
        crate::users::endpoints(),
        crate::validators::endpoints(),
        crate::extensions::endpoints(),
        crate::feed::endpoints(),
        crate::leaks::endpoints(),
        crate::introspect::endpoints(),
        crate::metrics::endpoints(),
        crate::health::endpoints(),
        crate::openapi::endpoints(),
        crate::console::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The router of all operations, each behind its gate, and of what is none.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let nowhere = Gate::nowhere(app);
    let sandbox = app.sandbox.as_ref().map(|_| crate::sandbox::endpoints()).unwrap_or_default();
    let router = all().into_iter().chain(sandbox).fold(Router::new(), |router, endpoint| {
        let gate_of = Gate::new(app, &endpoint);
        router.route(endpoint.path, endpoint.handler.layer(from_fn_with_state(gate_of, gate)))
    });
    let style = if app.sandbox.is_some() { crate::sandbox::style } else { |_: &str| Style::ClientError };
    let no_path = async move |uri: Uri| {
        let text = "nothing is at this path";
        Failure::status(StatusCode::NOT_FOUND, "no_such_path", text).in_style(style(uri.path()))
    };
    let no_method = async move |uri: Uri| {
        let text = "what is at this path does not take this method";
        let failure = Failure::status(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", text);
        failure.in_style(style(uri.path()))
    };
    router
        .method_not_allowed_fallback(no_method.layer(from_fn_with_state(nowhere.clone(), gate)))
        .fallback(no_path.layer(from_fn_with_state(nowhere, gate)))
        .layer(DefaultBodyLimit::disable()) // `body::read` has the limit
        .with_state(Arc::clone(app))
}
