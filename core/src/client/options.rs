//! How a server is connected to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use url::Url;

use super::Client;
use super::generations::Deliveries;
use super::login::Session;
use super::nodes::Nodes;
use super::send::{Sender, Source};
use super::transport::{Transport, user_agent};
use crate::{
    Acting, Actor, Clock, Credential, Error, Gatepass, Password, Result, Secret, SystemClock, TokenPolicy,
};

/// Connects to the Configuration API at this URL, `https://HOST:8443/api`, with a `config` token of one's own.
/// Nothing is sent until something is asked.
///
/// # Errors
/// Invalid input, on `url`: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine).
///
/// ```no_run
/// # async fn example() -> gatepass::Result<()> {
/// use gatepass::{Api, Credential, NewToken, days};
///
/// let gp = gatepass::connect("https://radiantone.example:8443/api", Credential::env("R1_TOKEN")).await?;
/// let new = gp.tokens().create(NewToken::new("nightly-sync", Api::Rest).expires(days(90))).await?;
/// # Ok(())
/// # }
/// ```
pub async fn connect(url: impl AsRef<str>, credential: impl Into<Credential>) -> Result<Gatepass> {
    ConnectOptions::new(credential).connect(url)
}

/// How a server is connected to: the trust store of the machine, `HTTPS_PROXY` and `NO_PROXY`, 10 s to connect and 30 s
/// for an answer, unless something else is said.
#[derive(Clone)]
#[must_use]
pub struct ConnectOptions {
    source: Source,
    timeout: Duration,
    connect_timeout: Duration,
    attempts: u32,
    authorities: Vec<Vec<u8>>,
    identity: Option<zeroize::Zeroizing<Vec<u8>>>,
    proxy: bool,
    nodes: Nodes,
    product: Option<String>,
    policy: TokenPolicy,
    clock: Arc<dyn Clock>,
}

impl ConnectOptions {
    /// With this secret.
    pub fn new(credential: impl Into<Credential>) -> Self {
        Self::with(Source::Token(credential.into()))
    }

    /// As this user: signed in when something is first asked, kept signed in, and signed in again where the session has
    /// ended.
    pub fn login(username: impl Into<String>, password: Password) -> Self {
        Self::with(Source::Session(Arc::new(Session::new(username.into(), password))))
    }

    fn with(source: Source) -> Self {
        Self {
            source,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            attempts: 4,
            authorities: Vec::new(),
            identity: None,
            proxy: true,
            nodes: Nodes::default(),
            product: None,
            policy: TokenPolicy::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// How long one attempt may take in all.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// How long connecting may take.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How often something is tried that can safely be tried again; 4 times when not said, 1 for never again.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Trusts these certificates (PEM) as well as the machine's.
    pub fn certificate_authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// Shows this certificate with its key (PEM, both in one) to a server that asks for one.
    pub fn client_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.identity = Some(zeroize::Zeroizing::new(pem.into()));
        self
    }

    /// Goes past the proxy that the environment names.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = false;
        self
    }

    /// Follows a server that sends a search to this node of its cluster, `node2.example` or `node2.example:8091`; without a
    /// port it has the server's own. Elsewhere no credential goes. For [`RestClient`](crate::RestClient) alone.
    pub fn node(mut self, host: impl Into<String>) -> Self {
        self.nodes.permit(host.into());
        self
    }

    /// Names the calling program, `backup-job/2.1`, in the user agent, before Gatepass and its version.
    pub fn product(mut self, name: impl Into<String>) -> Self {
        self.product = Some(name.into());
        self
    }

    /// What [`Tokens::violations`](crate::Tokens::violations) measures against.
    pub fn policy(mut self, policy: TokenPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// It is as late as this clock says.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Connects: see [`connect`].
    ///
    /// # Errors
    /// Those of [`connect`]; `certificate_malformed` where a certificate or key cannot be read.
    pub fn connect(self, url: impl AsRef<str>) -> Result<Gatepass> {
        self.connect_to_one_of([url])
    }

    /// Connects to several authorities of one store, of which any will do: when one cannot be reached, or does not answer,
    /// another is asked.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect); `url_missing`; `url_mixed` where some are `https` and some are not.
    pub fn connect_to_one_of<U: AsRef<str>>(self, urls: impl IntoIterator<Item = U>) -> Result<Gatepass> {
        let (policy, clock) = (self.policy.clone(), Arc::clone(&self.clock));
        let bases =
            urls.into_iter().map(|url| base(url.as_ref(), &CONFIG)).collect::<Result<Arc<[Url]>>>()?;
        let client = Client {
            sender: self.sender(bases)?,
            clock: self.clock,
            is_gatepass: OnceCell::new(),
            deliveries: Deliveries::default(),
        };
        let acting = Acting::new(Actor::Owner("client".to_owned()));
        Ok(Gatepass::connected(Arc::new(client), acting, policy, clock))
    }

    /// Signs in at this server once, and gives the session's token: see [`login`](crate::login). For options that
    /// [`ConnectOptions::login`] made.
    ///
    /// # Errors
    /// Unauthorized, `authentication_failed`; those of [`connect`] and of sending; invalid input, `login_required`, where
    /// the options say of no user.
    pub async fn sign_in(self, url: impl AsRef<str>) -> Result<Secret> {
        let Source::Session(session) = &self.source else {
            let text = "to sign in takes a user and a password";
            return Err(Error::invalid("credential", "login_required", text));
        };
        session.token(&self.sender(Arc::new([base(url.as_ref(), &CONFIG)?]))?).await
    }

    /// The way to one of the data APIs.
    pub(crate) fn data_sender(&self, url: &str, usual: &Base) -> Result<Sender> {
        if let Source::Session(_) = self.source {
            let text = "a session is for the Configuration API; this one is opened by a token of its own";
            return Err(Error::invalid("credential", "token_required", text));
        }
        self.sender(Arc::new([base(url, usual)?]))
    }

    pub(super) fn sender(&self, bases: Arc<[Url]>) -> Result<Sender> {
        let is_plain = |base: &Url| base.scheme() == "http";
        let Some(plain) = bases.first().map(is_plain) else {
            return Err(Error::invalid("url", "url_missing", "say which server"));
        };
        if bases.iter().any(|base| is_plain(base) != plain) {
            return Err(Error::invalid(
                "url",
                "url_mixed",
                "either all URLs are https, or all are on this machine",
            ));
        }
        let transport = Transport {
            agent: user_agent(self.product.as_deref())?,
            authorities: &self.authorities,
            identity: self.identity.as_ref().map(|pem| pem.as_slice()),
            proxy: self.proxy,
            plain,
        };
        let http =
            transport.build(|builder| builder.timeout(self.timeout).connect_timeout(self.connect_timeout))?;
        let (nodes, source) = (self.nodes.checked()?, self.source.clone());
        Ok(Sender::new(http, bases, nodes, source, self.attempts, Arc::clone(&self.clock)))
    }
}

/// Where an API is when only its server is named, and how a URL of it looks.
pub(crate) struct Base {
    pub(crate) path: &'static str,
    pub(crate) example: &'static str,
}

const CONFIG: Base = Base { path: "/api", example: "expected a URL such as https://HOST:8443/api" };

/// Whether a URL's host is this machine.
pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        // Not the names below it: not every resolver keeps them on this machine (RFC 6761 section 6.3).
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The base of an API. Where only a server is named, its usual path is meant.
fn base(text: &str, usual: &Base) -> Result<Url> {
    let malformed = || Error::invalid("url", "url_malformed", usual.example);
    let mut url = Url::parse(text).map_err(|_| malformed())?;
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        let text = "a server's URL has no user, query or fragment; the credential is given apart";
        return Err(Error::invalid("url", "url_malformed", text));
    }
    if url.host().is_none() {
        return Err(malformed());
    }
    match url.scheme() {
        "https" => {}
        "http" if is_local(&url) => {}
        "http" => {
            let text = "plain HTTP would show the credential to everybody on the way; use https";
            return Err(Error::invalid("url", "url_insecure", text));
        }
        _ => return Err(malformed()),
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(if path.is_empty() { usual.path } else { &path });
    Ok(url)
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("source", &self.source)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("attempts", &self.attempts)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_url_is_the_base_of_its_api() {
        for (text, expected) in [
            ("https://r1.example:8443/api", "https://r1.example:8443/api"),
            ("https://r1.example:8443/api/", "https://r1.example:8443/api"),
            ("https://r1.example:8443", "https://r1.example:8443/api"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api"),
            ("http://[::1]:1/x/api", "http://[::1]:1/x/api"),
        ] {
            assert_eq!(base(text, &CONFIG).unwrap().as_str(), expected);
        }
        for (text, code) in [
            ("r1.example", "url_malformed"),
            ("ftp://r1.example", "url_malformed"),
            ("https://user:secret@r1.example", "url_malformed"),
            ("https://r1.example/api?token=x", "url_malformed"),
            ("http://r1.example/api", "url_insecure"),
            ("http://localhost.example/api", "url_insecure"),
            ("http://x.localhost/api", "url_insecure"),
            ("http://127.0.0.1.example/api", "url_insecure"),
            ("http://[::ffff:10.0.0.1]/api", "url_insecure"),
            ("http://0.0.0.0/api", "url_insecure"),
        ] {
            assert_eq!(base(text, &CONFIG).unwrap_err().code(), code, "{text}");
        }
    }
}
