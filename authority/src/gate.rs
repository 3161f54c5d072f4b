//! What every request passes through, in both directions: its id, where it comes from, who sent it and what they may
//! do; the time it may take, and what is written down of it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use gatepass::{Actor, ErrorKind, Reason};
use percent_encoding::percent_decode_str;

use crate::app::App;
use crate::auth::{Caller, Origin, Who, authenticate};
use crate::endpoint::Endpoint;
use crate::errors::{Failure, Style, Why};
use crate::metrics::Meter;
use crate::request_id;
use crate::sandbox::access::{self, Acting};
use crate::scopes::{Needs, Rule, rule};

/// The gate of one operation.
#[derive(Clone)]
pub(crate) struct Gate {
    app: Arc<App>,
    rule: Rule,
    path: &'static str,
    /// How long an answer may take to begin.
    limit: Duration,
    meter: Meter,
}

/// Who was let in.
enum Admitted {
    /// Whoever it is.
    Anybody,
    /// Somebody whom the authority knows.
    Known(Box<Who>),
    /// A user of the sandbox.
    ToSandbox(Acting),
}

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Gate {
    pub(crate) fn new(app: &Arc<App>, endpoint: &Endpoint) -> Self {
        let meter = app.metrics.meter(endpoint.id);
        let limit = app.limits.request_time.saturating_add(endpoint.waits);
        Self { app: Arc::clone(app), rule: endpoint.rule, path: endpoint.path, limit, meter }
    }

    /// Before what is no operation.
    pub(crate) fn nowhere(app: &Arc<App>) -> Self {
        let rule = Rule { needs: Needs::Nothing, ..rule("none") };
        let (limit, meter) = (app.limits.request_time, app.metrics.meter("none"));
        Self { app: Arc::clone(app), rule, path: "", limit, meter }
    }

    /// Lets the request in, or not.
    async fn admit(
        &self,
        headers: &HeaderMap,
        connected: Option<IpAddr>,
        path: &str,
        origin: &Origin,
    ) -> Result<Admitted, Failure> {
        let scope = self.rule.needs.scope();
        match self.rule.needs {
            Needs::Nothing => return Ok(Admitted::Anybody),
            Needs::LoopbackOr(..) if is_on_this_machine(connected, headers) => return Ok(Admitted::Anybody),
            Needs::Opens(api) => {
                let acting = access::authenticate(&self.app, api, headers, origin).await?;
                return Ok(Admitted::ToSandbox(acting));
            }
            _ => {}
        }
        let realm = &*self.app.realm;
        let who = authenticate(&self.app, headers, origin).await.map_err(|refused| {
            let failure = refused.into_failure(realm);
            // The vendor's revocation of a session answers with a text.
            let texts =
                self.rule.operation == "delete-auth-token" && failure.kind() == ErrorKind::Unauthorized;
            if texts { failure.in_style(Style::Text) } else { failure }
        })?;
        let permitted = match self.rule.needs {
            Needs::Nothing | Needs::Credential => true,
            Needs::Verify => gatepass::Api::ALL.into_iter().any(|api| who.may_verify(api)),
            Needs::Area(..) | Needs::Scope(_) | Needs::LoopbackOr(..) => {
                scope.is_some_and(|scope| who.permits(scope))
            }
            Needs::Opens(_) | Needs::Impossible => false,
        };
        if !permitted {
            let scope = scope.map(|scope| scope.to_string());
            let subject = subject(self.path, path);
            self.write_down(origin, who.actor(), subject.as_deref(), Reason::InsufficientScope.code()).await;
            return Err(Failure::denied(Reason::InsufficientScope, realm, scope.as_deref()));
        }
        Ok(Admitted::Known(Box::new(who)))
    }

    /// A refusal, for the audit trail. What cannot be written there is in the log.
    async fn write_down(&self, origin: &Origin, actor: Actor, subject: Option<&str>, code: &str) {
        let gatepass = self.app.gatepass.acting(origin.acting(actor));
        if let Err(error) = gatepass.audit().refused(self.rule.action, subject, code).await {
            tracing::error!(code = error.code(), "a refusal could not be written to the audit trail");
        }
    }
}

/// Passes a request through.
pub(crate) async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let app = &*gate.app;
    let began = app.clock.boot_time();
    let id = request_id::of(request.headers());
    let connected = request.extensions().get::<Peer>().map(|Peer(address)| address.ip());
    let origin = origin(app, connected, &request, &id);
    request.extensions_mut().insert(origin.clone());
    let method = request.method().clone();
    let (mut who, mut user) = (None, None);
    let admitted = gate.admit(request.headers(), connected, request.uri().path(), &origin).await;
    let mut response = match admitted {
        Ok(admitted) => {
            match admitted {
                Admitted::Anybody => {}
                Admitted::ToSandbox(acting) => {
                    user = Some(Arc::clone(&acting.name));
                    request.extensions_mut().insert(acting);
                }
                Admitted::Known(known) => {
                    request.extensions_mut().insert(Who::clone(&known));
                    // Introspection asks no store, thousands of times a second.
                    if gate.rule.needs != Needs::Verify {
                        let gatepass = app.gatepass.acting(origin.acting(known.actor()));
                        request.extensions_mut().insert(Caller { who: Who::clone(&known), gatepass });
                    }
                    who = Some(*known);
                }
            }
            // Only where a handler may be refused by the core is the path needed afterwards.
            let subject = who.as_ref().and_then(|_| subject(gate.path, request.uri().path()));
            let answer = tokio::time::timeout(gate.limit, next.run(request)).await;
            let response = answer.unwrap_or_else(|_| {
                let text = "No answer came in time; whether it was done is not known";
                Failure::new(ErrorKind::Timeout, "request_time", text).into_response()
            });
            if let (Some(who), Some(why)) = (&who, response.extensions().get::<Why>())
                && matches!(why.kind, ErrorKind::Forbidden | ErrorKind::Unauthorized)
            {
                gate.write_down(&origin, who.actor(), subject.as_deref(), &why.code.clone()).await;
            }
            response
        }
        Err(failure) => failure.into_response(),
    };
    let took = app.clock.boot_time().saturating_sub(began);
    let actor = who.map(|who| who.actor().to_string()).or_else(|| user.map(|user| user.to_string()));
    finish(&gate, &method, &origin, actor.as_deref(), took, &mut response);
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id);
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Answers are for whoever asked, and for no cache; they are data, and no page.
const SECURITY: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// Where a request comes from, by the word of the proxies that are trusted.
fn origin(app: &App, connected: Option<IpAddr>, request: &Request, id: &HeaderValue) -> Origin {
    let forwarded = request.headers().get_all("x-forwarded-for");
    let hops = forwarded.iter().map(|value| value.to_str().unwrap_or_default());
    let peer = connected.and_then(|peer| app.proxies.client(peer, hops));
    Origin { peer, request_id: id.to_str().unwrap_or_default().into() }
}

/// Whether a request was sent on this machine and passed on by nobody.
fn is_on_this_machine(connected: Option<IpAddr>, headers: &HeaderMap) -> bool {
    connected.is_some_and(|peer| peer.to_canonical().is_loopback()) && !was_passed_on(headers)
}

/// Whether some proxy, trusted or not, has had this request: then loopback says nothing of the client.
fn was_passed_on(headers: &HeaderMap) -> bool {
    ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host"]
        .into_iter()
        .any(|name| headers.contains_key(name))
}

/// What is done to, by its name, where the path has one. A session's token is none.
fn subject(template: &str, path: &str) -> Option<String> {
    let at = template.split('/').position(|segment| matches!(segment, "{name}" | "{username}"))?;
    let segment = path.split('/').nth(at)?;
    percent_decode_str(segment).decode_utf8().ok().map(Cow::into_owned)
}

/// Writes down what came of it.
fn finish(
    gate: &Gate,
    method: &Method,
    origin: &Origin,
    actor: Option<&str>,
    took: Duration,
    response: &mut Response,
) {
    let status = response.status().as_u16();
    gate.meter.count(status, took);
    let why = response.extensions_mut().remove::<Why>();
    if let Some(why) = &why {
        gate.app.metrics.refused(&why.code);
    }
    // Asked for thousands of times a second, so it is told of only where somebody wants that.
    let quiet = gate.rule.needs == Needs::Verify && status == 200;
    if quiet && !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let millis = took.as_secs_f64() * 1e3;
    let (code, cause) =
        (why.as_ref().map(|why| &*why.code), why.as_ref().and_then(|why| why.cause.as_deref()));
    macro_rules! tell {
        ($level:ident) => {
            tracing::$level!(
                request_id = &*origin.request_id,
                operation = gate.rule.operation,
                %method,
                path = gate.path,
                status,
                millis,
                actor,
                peer = origin.peer.map(tracing::field::display),
                code,
                cause,
                "request"
            )
        };
    }
    match status {
        500.. => tell!(error),
        _ if quiet => tell!(debug),
        _ => tell!(info),
    }
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_subject_is_the_name_in_the_path_and_never_a_secret() {
        let of = |template, path| subject(template, path);
        assert_eq!(of("/a/tokens/{name}", "/a/tokens/a%2Fb%20c+%E2%9C%93").as_deref(), Some("a/b c+✓"));
        assert_eq!(of("/a/tokens/{name}/rotate", "/a/tokens/x/rotate").as_deref(), Some("x"));
        assert_eq!(of("/a/authToken/{authToken}", "/a/authToken/secret"), None);
        assert_eq!(of("/a/tokens", "/a/tokens"), None);
        assert_eq!(of("/a/{name}", "/a/x&y=z").as_deref(), Some("x&y=z"));
    }
}
