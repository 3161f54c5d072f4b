//! An OpenID provider on this machine: its keys over HTTP, and tokens that it signs.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass::{Clock as _, SystemClock};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) struct Provider {
    key: Ed25519KeyPair,
    /// Its issuer, and what its URLs begin with.
    pub(crate) url: String,
    broken: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": x}]}).to_string();
        let configuration = json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string();
        let broken = Arc::new(AtomicBool::new(false));
        let is_broken = Arc::clone(&broken);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (keys, configuration) = (keys.clone(), configuration.clone());
                let is_broken = Arc::clone(&is_broken);
                let answer = service_fn(move |request: Request<Incoming>| {
                    let body = if request.uri().path() == "/keys" { &keys } else { &configuration };
                    let status = if is_broken.load(Ordering::SeqCst) { 500 } else { 200 };
                    let mut response = Response::new(Full::new(Bytes::from(body.clone())));
                    *response.status_mut() = status.try_into().unwrap();
                    async move { Ok::<_, Infallible>(response) }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
            }
        });
        Self { key, url, broken, task }
    }

    pub(crate) fn break_down(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    pub(crate) fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.url)
    }

    /// A token with these claims, good for some minutes unless they say otherwise.
    #[expect(clippy::needless_pass_by_value, reason = "it is written where it is called")]
    pub(crate) fn token(&self, claims: Value) -> String {
        let now = SystemClock.now().as_millis() / 1000;
        let mut all = json!({"iss": self.url, "iat": now, "exp": now + 300});
        all.as_object_mut().unwrap().append(&mut claims.as_object().unwrap().clone());
        let header = json!({"alg": "EdDSA", "kid": "1", "typ": "at+jwt"});
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(&all));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).as_ref()))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}
