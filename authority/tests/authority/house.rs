//! An authority on a new store, and a client that sends just what a test wants sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use gatepass::testing::ManualClock;
use gatepass::{Api, Gatepass, NewToken, NewUser, OpenOptions, Password, Permissions, Role, days};
use gatepass_authority::{Options, Server, SessionKey, serve};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sqlx::Connection as _;
use tokio::net::TcpStream;

pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery staple";

pub(crate) struct House {
    pub(crate) gp: Gatepass,
    pub(crate) server: Server,
    pub(crate) folder: Arc<tempfile::TempDir>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    pub(crate) fn text(&self) -> String {
        self.json().as_str().unwrap().to_owned()
    }

    /// The vendor's code and ours, of a `ClientError` whose every member is checked.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let json = self.json();
        assert_eq!(json["status"], self.status, "{json}");
        assert!(json["message"].is_string(), "{json}");
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{json}")).to_owned();
        (self.status, text(&json["code"]), text(&json["gatepass"]["code"]))
    }
}

pub(crate) fn options() -> Options {
    Options::default()
        .listen([SocketAddr::from(([127, 0, 0, 1], 0))])
        .admin_password(Password::new(ADMIN_PASSWORD))
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(options(), OpenOptions::default()).await
    }

    pub(crate) async fn at(clock: &Arc<ManualClock>) -> Self {
        Self::with(options(), OpenOptions::default().clock(clock.clone())).await
    }

    pub(crate) async fn with(options: Options, open: OpenOptions) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let gp = open.open(folder.path().join("tokens.db")).await.unwrap();
        let server = serve(options, gp.clone()).await.unwrap();
        Self { gp, server, folder }
    }

    /// Another authority on the same store.
    pub(crate) async fn neighbour(&self) -> Self {
        let gp = gatepass::open(self.folder.path().join("tokens.db")).await.unwrap();
        let server = serve(options(), gp.clone()).await.unwrap();
        Self { gp, server, folder: Arc::clone(&self.folder) }
    }

    /// Two authorities on one PostgreSQL database.
    pub(crate) async fn on_postgres() -> [Self; 2] {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("GATEPASS_TEST_POSTGRES").expect(
            "no PostgreSQL server: `cargo xtask test` starts one and sets GATEPASS_TEST_POSTGRES; \
             this line installs it: apt-get install --yes --no-install-recommends postgresql",
        );
        sqlx::any::install_default_drivers();
        let mut conn = sqlx::AnyConnection::connect(&server).await.unwrap();
        let name = format!("house{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        let location = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let start = async || {
            let gp = gatepass::open(&*location).await.unwrap();
            let key = SessionKey::File(folder.path().join("session-key"));
            let server = serve(options().session_key(key), gp.clone()).await.unwrap();
            Self { gp, server, folder: Arc::clone(&folder) }
        };
        [start().await, start().await]
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    pub(crate) fn get<'a>(&self, path: &str) -> Call<'a> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post<'a>(&self, path: &str) -> Call<'a> {
        self.call(Method::POST, path)
    }

    pub(crate) fn put<'a>(&self, path: &str) -> Call<'a> {
        self.call(Method::PUT, path)
    }

    pub(crate) fn delete<'a>(&self, path: &str) -> Call<'a> {
        self.call(Method::DELETE, path)
    }

    pub(crate) fn call<'a>(&self, method: Method, path: &str) -> Call<'a> {
        Self::call_at(self.address(), method, path)
    }

    pub(crate) fn call_at<'a>(address: SocketAddr, method: Method, path: &str) -> Call<'a> {
        Call { address, method, path: path.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    /// A `config` token with these roles, made by the owner of the store.
    pub(crate) async fn token(&self, name: &str, roles: &[&str]) -> String {
        let asked = NewToken::new(name, Api::Config).expires(days(30));
        let asked = roles.iter().fold(asked, |asked, role| asked.role(*role));
        self.issue(asked).await
    }

    pub(crate) async fn issue(&self, asked: NewToken) -> String {
        let new = self.gp.tokens().create(asked).await.unwrap();
        // The authority's own verifier has it as soon as this one has.
        tokio::time::sleep(std::time::Duration::from_millis(120)).await;
        new.secret.reveal().to_owned()
    }

    /// A token that may do everything but what needs no limit, for longer than those that it makes.
    pub(crate) async fn admin(&self) -> String {
        let asked = NewToken::new("admin-token", Api::Config).expires(days(60));
        self.issue(asked.role("Directory Administrator")).await
    }

    pub(crate) async fn role(&self, name: &str, permissions: Permissions) {
        self.gp.roles().create(Role::new(name, permissions)).await.unwrap();
    }

    pub(crate) async fn user(&self, name: &str, password: &str, roles: &[&str]) {
        let user = NewUser::new(name).password(Password::new(password));
        let user = roles.iter().fold(user, |user, role| user.role(*role));
        self.gp.users().create(user).await.unwrap();
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> Reply {
        self.post("/api/authentication-service/login").basic(name, password).send().await
    }

    pub(crate) async fn session(&self, name: &str, password: &str) -> String {
        let reply = self.login(name, password).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["token"].as_str().unwrap().to_owned()
    }

    /// Action, outcome or code, actor and subject of each entry of the audit trail.
    pub(crate) async fn trail(&self) -> Vec<String> {
        let trail = self.gp.audit().list(&gatepass::AuditFilter::default()).await.unwrap();
        let line = |entry: gatepass::AuditEntry| {
            let (code, subject) = (entry.code.unwrap_or_default(), entry.subject.unwrap_or_default());
            format!("{} {code} by {} of {subject}", entry.action, entry.actor)
        };
        trail.into_iter().map(line).collect()
    }
}

/// A request that is being made up.
pub(crate) struct Call<'a> {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(&'a str, String)>,
    body: Bytes,
}

impl<'a> Call<'a> {
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn basic(self, name: &str, password: &str) -> Self {
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
        self.header("authorization", &format!("Basic {text}"))
    }

    pub(crate) fn header(mut self, name: &'a str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").raw(body.to_string())
    }

    pub(crate) fn form(self, pairs: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        self.header("content-type", "application/x-www-form-urlencoded").raw(form.finish())
    }

    pub(crate) fn raw(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.send_over(stream).await
    }

    pub(crate) async fn send_over<S>(self, stream: S) -> Reply
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driving = tokio::spawn(connection);
        let mut request =
            Request::builder().method(self.method).uri(self.path).header("host", "authority.test");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = sender.send_request(request.body(Full::new(self.body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        driving.abort();
        let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        Reply { status: parts.status.as_u16(), headers: parts.headers.iter().map(header).collect(), body }
    }
}

/// A name as it stands in a path.
pub(crate) fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}
