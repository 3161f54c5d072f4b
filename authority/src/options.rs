//! What can be set.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use gatepass::{Error, Password, Result, TrustedProxies, Verifier};

use crate::{SandboxOptions, SessionKey};

/// The environment's word for the password of the first user.
const ADMIN_PASSWORD: &str = "GATEPASS_ADMIN_PASSWORD";

/// How an authority is run.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct Options {
    /// Where it listens; port 0 picks one. `127.0.0.1:8443` when not said.
    pub listen: Vec<SocketAddr>,
    /// The certificate and its key. Without them it speaks plain HTTP, and that on loopback only.
    pub tls: Option<TlsFiles>,
    /// The proxies whose word on the client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// What sessions are signed with.
    pub session_key: SessionKey,
    /// Where the password of the first user comes from.
    pub admin_password: AdminPassword,
    /// What sessions call this server, and the realm of its challenges.
    pub server_name: String,
    /// What sessions call whom it belongs to.
    pub organization: String,
    /// How much and how long.
    pub limits: Limits,
    /// An index to answer from, of the same store; one is made when not said.
    pub verifier: Option<Verifier>,
    /// A directory for tests, to use tokens against; none when not said.
    pub sandbox: Option<SandboxOptions>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8443))],
            tls: None,
            trusted_proxies: TrustedProxies::default(),
            session_key: SessionKey::BesideStore,
            admin_password: AdminPassword::Generated,
            server_name: "gatepass".to_owned(),
            organization: String::new(),
            limits: Limits::default(),
            verifier: None,
            sandbox: None,
        }
    }
}

impl Options {
    /// The defaults, with the session key of `GATEPASS_SESSION_KEY` and the first user's password of
    /// `GATEPASS_ADMIN_PASSWORD` where they are set.
    ///
    /// # Errors
    /// Those of [`SessionKey::from_environment`].
    pub fn from_environment() -> Result<Self> {
        let admin_password = match std::env::var(ADMIN_PASSWORD) {
            Ok(text) if !text.is_empty() => AdminPassword::Given(Password::new(text)),
            _ => AdminPassword::Generated,
        };
        let session_key = SessionKey::from_environment()?.unwrap_or(SessionKey::BesideStore);
        Ok(Self { session_key, admin_password, ..Self::default() })
    }

    /// Listens on this address, and on no other that was not said as well.
    pub fn listen(mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.listen = addresses.into_iter().collect();
        self
    }

    /// Speaks TLS, with this certificate.
    pub fn tls(mut self, files: TlsFiles) -> Self {
        self.tls = Some(files);
        self
    }

    /// Believes these proxies.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.trusted_proxies = proxies;
        self
    }

    /// Signs sessions with this key.
    pub fn session_key(mut self, key: SessionKey) -> Self {
        self.session_key = key;
        self
    }

    /// Gives the first user this password.
    pub fn admin_password(mut self, password: Password) -> Self {
        self.admin_password = AdminPassword::Given(password);
        self
    }

    /// Is called so, in sessions and challenges.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = name.into();
        self
    }

    /// Belongs to this organization.
    pub fn organization(mut self, name: impl Into<String>) -> Self {
        self.organization = name.into();
        self
    }

    /// Keeps to these limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Answers from this index, which follows the same store.
    pub fn verifier(mut self, verifier: Verifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Serves a directory for tests beside it: the REST API under `/adap`, SCIM under `/scim2/v2`.
    pub fn sandbox(mut self, sandbox: SandboxOptions) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// # Errors
    /// Invalid input: `listen_missing`, and `plain_http_not_loopback` where secrets would cross a network in the clear.
    pub(crate) fn check(&self) -> Result<()> {
        if self.listen.is_empty() {
            return Err(Error::invalid("listen", "listen_missing", "say where to listen"));
        }
        if self.tls.is_none() && self.listen.iter().any(|address| !address.ip().to_canonical().is_loopback())
        {
            let text = "plain HTTP is for loopback addresses only; give a certificate and its key";
            return Err(Error::invalid("listen", "plain_http_not_loopback", text));
        }
        Ok(())
    }
}

/// A certificate chain and its key, in PEM. Both are read again when either changes, and on SIGHUP.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
    /// How often it is looked whether they have changed.
    pub look_every: Duration,
}

impl TlsFiles {
    /// This chain and this key, looked after every ten seconds.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), look_every: Duration::from_secs(10) }
    }

    /// Looks so often whether they have changed.
    #[must_use]
    pub const fn look_every(mut self, pause: Duration) -> Self {
        self.look_every = pause;
        self
    }
}

/// Where the password of the first user, `admin`, comes from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AdminPassword {
    /// It is this one.
    Given(Password),
    /// It is made, and shown once on the terminal; where there is none it is written to a file beside the store that
    /// only its owner can read.
    Generated,
    /// No user is made.
    NoUser,
}

/// How much, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at a time; more wait. Lowered to what the system permits.
    pub connections: usize,
    /// Bytes of a request's body.
    pub body: usize,
    /// Bytes of a request's line and headers.
    pub headers: usize,
    /// How long a request's line and headers may take to arrive, and how long a connection may be idle.
    pub header_time: Duration,
    /// How long a request's body may take to arrive.
    pub body_time: Duration,
    /// How long an answer may take to begin.
    pub request_time: Duration,
    /// How long the other side may leave an answer unread.
    pub write_time: Duration,
    /// How long a TLS handshake may take.
    pub handshake_time: Duration,
    /// How long shutting down waits for requests under way.
    pub shutdown_time: Duration,
    /// Passwords hashed at a time; each takes 19 MiB. One for each processor, four at the most, when not said.
    pub hashing: usize,
    /// Logins that may wait for that; more are turned away.
    pub hashing_queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            body: 1 << 20,
            headers: 64 << 10,
            header_time: Duration::from_secs(15),
            body_time: Duration::from_secs(15),
            request_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            handshake_time: Duration::from_secs(10),
            shutdown_time: Duration::from_secs(30),
            hashing: std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(4),
            hashing_queue: 64,
        }
    }
}

impl Limits {
    /// So many connections at a time.
    #[must_use]
    pub const fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// Headers and bodies that take longer to arrive are cut off, and so are idle connections and answers that nobody
    /// reads.
    #[must_use]
    pub const fn patience(mut self, limit: Duration) -> Self {
        (self.header_time, self.body_time, self.write_time) = (limit, limit, limit);
        self
    }

    /// An answer has begun by then.
    #[must_use]
    pub const fn request_time(mut self, limit: Duration) -> Self {
        self.request_time = limit;
        self
    }

    /// Shutting down waits so long for requests under way.
    #[must_use]
    pub const fn shutdown_time(mut self, limit: Duration) -> Self {
        self.shutdown_time = limit;
        self
    }

    /// So many passwords are hashed at a time, and so many logins wait for that.
    #[must_use]
    pub const fn hashing(mut self, at_a_time: usize, queue: usize) -> Self {
        (self.hashing, self.hashing_queue) = (at_a_time, queue);
        self
    }
}
