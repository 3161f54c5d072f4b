//! A plain RadiantOne, as far as its wire is known: what it answers, quirks included, and a record of what it was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// The secret that the server knows from the start, as a caller's own.
pub(crate) const OWN: &str = "gpc_K7b2Xw9LmQ4z_own0own0own0own0own0own0own0own000000";
/// The user that it knows.
pub(crate) const USER: (&str, &str) = ("admin", "correct horse battery staple");

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// As it was sent, still encoded.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn segments(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap_or_default();
        let decoded = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
        path.split('/').skip(1).map(decoded).collect()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
        Some(percent_decode_str(pair).decode_utf8_lossy().into_owned())
    }

    fn bearer(&self) -> &str {
        self.header("authorization").and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", "application/json".to_owned())], body: body.into() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string())
    }

    /// The vendor's `ClientError`.
    pub(crate) fn refused(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"status": status, "code": code, "message": message}))
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What becomes of a request.
pub(crate) enum Act {
    /// What the server does anyway.
    Usual,
    /// This answer, and nothing is done.
    Answer(Reply),
    /// It is done, and then this is answered.
    DoneBut(Reply),
    /// The connection ends without an answer.
    Drop,
    /// It is done, and then the connection ends without an answer.
    DoneDrop,
    /// Nothing, for as long as the client waits.
    Hang,
}

type Hook = Box<dyn FnMut(&Seen) -> Act + Send>;

/// What the server shows of a token's creation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreatedOn {
    Exact,
    Midnight,
    Absent,
}

pub(crate) struct State {
    pub(crate) tokens: BTreeMap<String, Value>,
    /// Every secret that is good, and the name of its token.
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) roles: BTreeMap<String, Value>,
    /// External token validators, of which the list has no more than what `lists_names` leaves of them.
    pub(crate) validators: BTreeMap<String, Value>,
    pub(crate) lists_names: bool,
    pub(crate) users: BTreeMap<String, Value>,
    pub(crate) sessions: BTreeSet<String>,
    pub(crate) created_on: CreatedOn,
    /// A new session's `iat` and `exp`.
    pub(crate) session_times: (i64, i64),
    made: u64,
    seen: Vec<Seen>,
}

struct Shared {
    state: Mutex<State>,
    hook: Mutex<Option<Hook>>,
}

/// The server. It ends when it is dropped.
pub(crate) struct Plain {
    pub(crate) url: String,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

impl Plain {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Behind TLS, where so configured.
    pub(crate) async fn start_with(tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/api", listener.local_addr().unwrap());
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let state = State {
            tokens: BTreeMap::new(),
            secrets: BTreeMap::from([(OWN.to_owned(), String::new())]),
            roles: BTreeMap::new(),
            validators: BTreeMap::new(),
            lists_names: false,
            users: BTreeMap::new(),
            sessions: BTreeSet::new(),
            created_on: CreatedOn::Exact,
            session_times: (1_772_000_000, 1_772_003_600),
            made: 0,
            seen: Vec::new(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), hook: Mutex::new(None) });
        let (mut accepting, of_task) = (JoinSet::new(), Arc::clone(&shared));
        accepting.spawn(async move {
            let mut serving = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&of_task));
                serving.spawn(async move {
                    match acceptor {
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => serve(stream, shared).await,
                            Err(_refused) => {}
                        },
                        None => serve(stream, shared).await,
                    }
                });
            }
        });
        Self { url, shared, _accepting: accepting }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    /// Decides what becomes of each request from now on.
    pub(crate) fn hook(&self, hook: impl FnMut(&Seen) -> Act + Send + 'static) {
        *lock(&self.shared.hook) = Some(Box::new(hook));
    }

    pub(crate) fn no_hook(&self) {
        *lock(&self.shared.hook) = None;
    }

    /// What was sent since it was last asked, detection left out.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = std::mem::take(&mut self.state().seen);
        seen.into_iter().filter(|seen| seen.target != "/api/gatepass/v1").collect()
    }

    /// The same, detection included, as lines.
    pub(crate) fn all_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.state().seen).iter().map(Seen::line).collect()
    }

    /// What was sent, and stays to be asked again.
    pub(crate) fn state_lines(&self) -> Vec<String> {
        self.state().seen.iter().map(Seen::line).collect()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state().tokens.keys().cloned().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
            let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let seen = Seen { method: head.method.to_string(), target, headers: head.headers, body };
            lock(&shared.state).seen.push(seen.clone());
            let act = lock(&shared.hook).as_mut().map_or(Act::Usual, |hook| hook(&seen));
            let usual = || lock(&shared.state).answer(&seen);
            let reply = match act {
                Act::Usual => usual(),
                Act::Answer(reply) => reply,
                Act::DoneBut(reply) => {
                    usual();
                    reply
                }
                Act::Drop => return Err("dropped"),
                Act::DoneDrop => {
                    usual();
                    return Err("dropped");
                }
                Act::Hang => std::future::pending().await,
            };
            let mut response = Response::builder().status(reply.status);
            for (name, value) in &reply.headers {
                response = response.header(*name, value);
            }
            Ok(response.body(Full::new(Bytes::from(reply.body))).unwrap())
        }
    });
    let _ended =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

impl State {
    fn answer(&mut self, seen: &Seen) -> Reply {
        let segments = seen.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["api", service, rest @ ..] = segments.as_slice() else { return page(404) };
        if let ("authentication-service", ["login"]) = (*service, rest) {
            return self.login(seen);
        }
        // A check of a REST token is answered for whoever has one.
        if let ("authentication-service", ["adap-token", "validate"]) = (*service, rest) {
            return self.validate(seen);
        }
        if !self.secrets.contains_key(seen.bearer()) && !self.sessions.contains(seen.bearer()) {
            return Reply::new(401, "\"Token has expired or has been revoked.\"");
        }
        match (*service, seen.method.as_str(), rest) {
            ("authentication-service", "PUT", ["authToken", "refresh"]) => {
                let token = self.session();
                Reply::json(200, &json!({"token": token}))
            }
            ("authentication-service", "DELETE", ["authToken", token]) => {
                if self.sessions.remove(*token) {
                    return Reply::new(200, "");
                }
                Reply::new(401, format!("\"No session {token} is there.\""))
            }
            ("authentication-service", method, ["access_tokens", name @ ..]) => {
                self.tokens(method, name, seen)
            }
            ("authentication-service", method, ["roles", name @ ..]) => self.of_roles(method, name, seen),
            ("settings-service", method, ["external_token_validators", name @ ..]) => {
                self.of_validators(method, name, seen)
            }
            ("authentication-service", method, ["users", name @ ..]) => self.of_users(method, name, seen),
            ("settings-service", "GET", ["properties"]) => Reply::json(200, &json!({"a": 1})),
            ("settings-service", "PUT", ["properties"]) => Reply::new(204, ""),
            // Says JSON, and is not.
            ("settings-service", "POST", ["restart"]) => Reply::new(200, "Restarting."),
            _ => page(404),
        }
    }

    fn tokens(&mut self, method: &str, name: &[&str], seen: &Seen) -> Reply {
        let missing = || Reply::refused(404, "not_found", "Access token not found");
        match (method, name) {
            ("GET", []) => Reply::json(200, &self.tokens.values().map(|token| self.shown(token)).collect()),
            ("POST", []) => {
                let mut token = seen.json();
                let name = token["name"].as_str().unwrap_or_default().to_owned();
                if self.tokens.contains_key(&name) {
                    return Reply::refused(409, "conflict", "An access token with this name already exists");
                }
                if !token["createdOn"].is_string() {
                    token["createdOn"] = json!("2026-03-01T17:04:05.678Z");
                }
                self.made += 1;
                let secret =
                    format!("rl-{:04}.Zm9yZWlnbi1zZWNyZXQtb2YtdGhlLXNlcnZlcg/{}==", self.made, self.made);
                self.secrets.insert(secret.clone(), name.clone());
                self.tokens.insert(name, token);
                Reply::json(201, &json!(secret)).header("location", "http://internal:7070/access_tokens/x")
            }
            ("GET", [name]) => {
                self.tokens.get(*name).map_or_else(missing, |token| Reply::json(200, &self.shown(token)))
            }
            ("DELETE", [name]) => {
                self.secrets.retain(|_, of| of != name);
                self.tokens.remove(*name).map_or_else(missing, |_| Reply::new(200, ""))
            }
            _ => Reply::refused(405, "method_not_allowed", "Method Not Allowed"),
        }
    }

    /// Only what the vendor knows, and what is not set as null.
    fn shown(&self, token: &Value) -> Value {
        let mut shown =
            json!({"name": token["name"], "apiType": token["apiType"], "expiresOn": token["expiresOn"]});
        shown["roles"] = token["roles"].clone();
        shown["targetDn"] = token["targetDn"].clone();
        let created = token["createdOn"].as_str().unwrap_or_default();
        match self.created_on {
            CreatedOn::Exact => shown["createdOn"] = json!(created),
            CreatedOn::Midnight => shown["createdOn"] = json!(format!("{}T00:00:00.000Z", &created[..10])),
            CreatedOn::Absent => {}
        }
        shown
    }

    fn of_validators(&mut self, method: &str, name: &[&str], seen: &Seen) -> Reply {
        let missing = || Reply::refused(404, "not_found", "no such validator");
        match (method, name) {
            ("GET", []) if self.lists_names => {
                Reply::json(200, &self.validators.keys().map(|name| json!({"name": name})).collect())
            }
            ("GET", []) => Reply::json(200, &self.validators.values().cloned().collect()),
            ("POST", []) => {
                let validator = seen.json();
                let name = validator["name"].as_str().unwrap_or_default().to_owned();
                if self.validators.contains_key(&name) {
                    return Reply::new(409, "");
                }
                self.validators.insert(name, validator);
                Reply::new(201, "")
            }
            ("GET", [name]) => self.validators.get(*name).map_or_else(missing, |one| Reply::json(200, one)),
            ("PUT", [name]) if self.validators.contains_key(*name) => {
                self.validators.insert((*name).to_owned(), seen.json());
                Reply::new(200, "")
            }
            ("DELETE", [name]) => self.validators.remove(*name).map_or_else(missing, |_| Reply::new(200, "")),
            _ => missing(),
        }
    }

    fn of_roles(&mut self, method: &str, name: &[&str], seen: &Seen) -> Reply {
        let missing = || Reply::refused(404, "not_found", "Role not found");
        match (method, name) {
            ("GET", []) => {
                let own = self.roles.keys().map(|name| json!({"name": name, "defaultRole": false}));
                let all = [json!({"name": "Read Only", "defaultRole": true})].into_iter().chain(own);
                Reply::json(200, &all.collect())
            }
            ("POST", []) => {
                let role = seen.json();
                let name = role["name"].as_str().unwrap_or_default().to_owned();
                if self.roles.insert(name, role).is_some() {
                    return Reply::new(409, "");
                }
                Reply::new(201, "").header("location", "http://internal:7070/roles/x")
            }
            ("GET", [name]) => self.roles.get(*name).map_or_else(missing, |role| Reply::json(200, role)),
            ("PUT", [name]) if self.roles.contains_key(*name) => {
                self.roles.insert((*name).to_owned(), seen.json());
                Reply::new(200, "")
            }
            ("DELETE", [name]) => self.roles.remove(*name).map_or_else(missing, |_| Reply::new(200, "")),
            _ => missing(),
        }
    }

    fn of_users(&mut self, method: &str, name: &[&str], seen: &Seen) -> Reply {
        let missing = || Reply::refused(404, "not_found", "User not found");
        match (method, name) {
            // Two on a page.
            ("GET", []) => {
                let after = seen.parameter("cursor").unwrap_or_default();
                let rest: Vec<_> =
                    self.users.range(after.clone()..).filter(|(name, _)| **name != after).collect();
                let page: Vec<&Value> = rest.iter().take(2).map(|(_, user)| *user).collect();
                let next = rest.get(1).filter(|_| rest.len() > 2).map(|(name, _)| name.as_str());
                Reply::json(
                    200,
                    &json!({"users": page, "cursor": next, "next": next.map(|next| format!("/users?cursor={next}"))}),
                )
            }
            ("POST", []) => {
                let mut user = seen.json();
                let name = user["username"].as_str().unwrap_or_default().to_owned();
                if self.users.contains_key(&name) {
                    return Reply::refused(409, "conflict", "exists");
                }
                user["roles"] = Value::Null; // read in a call of their own
                if user["password"].is_string() {
                    user["password"] = json!("");
                }
                self.users.insert(name, user);
                Reply::new(201, "")
            }
            ("GET", [name]) => self.users.get(*name).map_or_else(missing, |user| Reply::json(200, user)),
            ("PUT", [name]) => {
                let Some(user) = self.users.get_mut(*name) else { return missing() };
                let mut after = seen.json();
                after["roles"] = user["roles"].take();
                after["password"] = user["password"].take();
                *user = after;
                Reply::new(200, "")
            }
            ("PUT", [name, "roles"]) => {
                let Some(user) = self.users.get_mut(*name) else { return missing() };
                user["roles"] = seen.json();
                Reply::new(200, "")
            }
            ("DELETE", [name]) => self.users.remove(*name).map_or_else(missing, |_| Reply::new(200, "")),
            _ => missing(),
        }
    }

    fn login(&mut self, seen: &Seen) -> Reply {
        let expected = format!("Basic {}", encoded(&format!("{}:{}", USER.0, USER.1)));
        if seen.header("authorization") != Some(&expected) {
            return Reply::json(401, &json!({"reason": "Authentication failed."}));
        }
        let token = self.session();
        Reply::json(200, &json!({"token": token}))
    }

    fn session(&mut self) -> String {
        self.made += 1;
        let (iat, exp) = self.session_times;
        let claims = json!({"iat": iat, "exp": exp, "username": USER.0, "n": self.made});
        let token =
            format!("eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl", encoded(&claims.to_string()).replace('=', ""));
        self.sessions.insert(token.clone());
        token
    }

    fn validate(&self, seen: &Seen) -> Reply {
        let token = self.secrets.get(seen.bearer()).and_then(|name| self.tokens.get(name));
        match token.filter(|token| token["apiType"] == "REST") {
            Some(token) => Reply::json(200, &json!({"targetDn": token["targetDn"]})),
            None => Reply::new(401, ""),
        }
    }
}

/// What stands in front of the services answers so.
fn page(status: u16) -> Reply {
    let body = "<!doctype html><html><body>Not Found</body></html>".as_bytes();
    Reply { status, headers: vec![("content-type", "text/html".to_owned())], body: body.to_vec() }
}

/// RFC 4648, by hand: what is expected is not asked of the library that the client uses.
pub(crate) fn encoded(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let bits =
            bytes.iter().chain([&0; 2]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let digit =
            |at: usize| if at <= bytes.len() { char::from(DIGITS[bits >> (18 - 6 * at) & 63]) } else { '=' };
        (0..4).map(digit).collect::<String>()
    };
    text.as_bytes().chunks(3).map(group).collect()
}
