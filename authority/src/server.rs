//! Connections: how many, how slow, and how they end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use gatepass::{Error, ErrorKind, Gatepass, Result};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_io_timeout::TimeoutStream;
use tower_service::Service as _;

use crate::app::App;
use crate::gate::Peer;
use crate::tls::Tls;
use crate::{Limits, Options, endpoint, first_start};

/// What is left of the files that the system permits, for the store and the rest.
const OTHER_FILES: u64 = 256;
/// How long accepting rests where the system has no more files.
const REST: Duration = Duration::from_millis(100);

/// An authority that listens. Dropping it ends it at once; [`shutdown`](Self::shutdown) lets requests finish.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    secure: bool,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    helpers: JoinSet<()>,
}

/// Starts an authority over this store: listens, and makes the first user where there is none.
///
/// # Errors
/// Those of the options and of the store; `listen_failed` where an address cannot be had.
pub async fn serve(options: Options, gatepass: Gatepass) -> Result<Server> {
    options.check()?;
    let tls = options.tls.clone().map(Tls::load).transpose()?;
    let mut listeners = Vec::new();
    for address in &options.listen {
        let listener = TcpListener::bind(address).await.map_err(|error| failed(address, error))?;
        listeners.push(listener);
    }
    let addresses = listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(|error| failed(&"the address", error))?;
    let (stop, stopping) = watch::channel(false);
    let app = App::new(&options, gatepass, stopping.clone()).await?;
    // Last of what can fail: a password that was made for a start that came to nothing would be good all the same.
    first_start::make_admin(&app.gatepass, &options.admin_password).await?;
    let mut helpers = JoinSet::new();
    if let Some(tls) = &tls {
        helpers.spawn(Arc::clone(tls).watch());
    }
    let acceptor = Acceptor {
        router: endpoint::router(&app),
        places: Arc::new(Semaphore::new(places(&options.limits))),
        secure: tls.is_some(),
        tls,
        stopping,
        app,
    };
    let mut loops = JoinSet::new();
    for listener in listeners {
        loops.spawn(acceptor.clone().run(listener));
    }
    let running = tokio::spawn(async move { while loops.join_next().await.is_some() {} });
    let server = Server { addresses, secure: acceptor.secure, stop, running, helpers };
    let console = format!("{}/", server.url());
    tracing::info!(url = server.url(), console, store = acceptor.app.gatepass.place(), "listening");
    Ok(server)
}

fn failed(address: &impl std::fmt::Display, error: std::io::Error) -> Error {
    let text = format!("{address}: {error}");
    Error::new(ErrorKind::Unavailable, "listen_failed", text).with_field("listen").with_cause(error)
}

/// As many connections as are wished for and the system permits.
fn places(limits: &Limits) -> usize {
    let files = usize::try_from(files().saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    limits.connections.min(files).clamp(1, Semaphore::MAX_PERMITS)
}

/// The files that this process may have open; the most that it may ask for, where it may ask.
fn files() -> u64 {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        let before = limit.current;
        limit.current = limit.maximum;
        let permitted = if setrlimit(Resource::Nofile, limit).is_ok() { limit.current } else { before };
        permitted.unwrap_or(u64::MAX)
    }
    #[cfg(not(unix))]
    u64::MAX
}

impl Server {
    /// The addresses that it listens on, with the ports that were picked.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The URL of the first one.
    pub fn url(&self) -> String {
        self.urls().into_iter().next().unwrap_or_default()
    }

    /// The URLs of all of them.
    pub fn urls(&self) -> Vec<String> {
        let scheme = if self.secure { "https" } else { "http" };
        self.addresses.iter().map(|address| format!("{scheme}://{address}")).collect()
    }

    /// Accepts nobody any more, lets the requests under way finish for as long as the limits permit, and ends. The store
    /// stays open; it is the caller's.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        (&mut self.running).await.ok(); // it can only have been aborted
        self.helpers.shutdown().await;
        tracing::info!("stopped");
    }

    /// Runs until the process is asked to end (SIGINT, SIGTERM), then shuts down; asked again it ends at once. The
    /// process listens for that from the call on, before the future is awaited: so whoever is told afterwards that the
    /// server is there may ask it to end.
    ///
    /// # Errors
    /// Internal where the system does not tell of signals.
    pub fn run_until_signal(self) -> impl Future<Output = Result<()>> + Send {
        let signals = Signals::new().map_err(|error| {
            let text = "the system does not tell of signals";
            Error::new(ErrorKind::Internal, "signals", text).with_cause(error)
        });
        async move {
            let mut signals = signals?;
            signals.next().await;
            tracing::info!("stopping");
            tokio::select! {
                () = self.shutdown() => {}
                () = signals.next() => tracing::warn!("asked to end again: requests under way were cut off"),
            }
            Ok(())
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Waits until it is told to stop.
pub(crate) async fn told(stopping: &mut watch::Receiver<bool>) {
    stopping.wait_for(|stopping| *stopping).await.ok(); // whoever could have told is gone: that tells as well
}

/// What asks this process to end.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    async fn next(&mut self) {
        self.interrupt.recv().await;
    }
}

/// What makes answers of connections.
#[derive(Clone)]
struct Acceptor {
    router: Router,
    places: Arc<Semaphore>,
    tls: Option<Arc<Tls>>,
    secure: bool,
    stopping: watch::Receiver<bool>,
    app: Arc<App>,
}

impl Acceptor {
    async fn run(self, listener: TcpListener) {
        let mut stopping = self.stopping.clone();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = told(&mut stopping) => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.accept(&listener) => accepted,
            };
            let Some((stream, address, place)) = accepted else { continue };
            let this = self.clone();
            connections.spawn(async move {
                let gauge = this.app.metrics.connections();
                gauge.inc();
                this.connection(stream, address).await;
                gauge.dec();
                drop(place);
            });
        }
        drop(listener);
        let finished = async { while connections.join_next().await.is_some() {} };
        let limit = self.app.limits.shutdown_time;
        if tokio::time::timeout(limit, finished).await.is_err() {
            tracing::warn!(left = connections.len(), "requests that took too long were cut off");
        }
        connections.shutdown().await;
    }

    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, address)) => Some((stream, address, place)),
            Err(error) => {
                // Either this one is gone already, or the system has no more files: then some will close meanwhile.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
                None
            }
        }
    }

    async fn connection(self, stream: TcpStream, address: SocketAddr) {
        stream.set_nodelay(true).ok(); // a refinement
        let mut stream = TimeoutStream::new(stream);
        // Whoever asks and does not read would hold a place for ever.
        stream.set_write_timeout(Some(self.app.limits.write_time));
        let stream = Box::pin(stream);
        match &self.tls {
            None => self.http(stream, address).await,
            Some(tls) => {
                let handshake = tls.acceptor().accept(stream);
                match tokio::time::timeout(self.app.limits.handshake_time, handshake).await {
                    Ok(Ok(stream)) => self.http(stream, address).await,
                    Ok(Err(error)) => {
                        tracing::debug!(%error, peer = %address.ip(), "no TLS came of a connection");
                    }
                    Err(_) => tracing::debug!(peer = %address.ip(), "a TLS handshake took too long"),
                }
            }
        }
    }

    /// HTTP/1.1 alone: what HTTP/2 would gain here is little, and it has more ways to be abused.
    async fn http<S>(&self, stream: S, address: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = &self.app.limits;
        let router = self.router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(address));
            router.clone().call(request)
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.header_time).max_buf_size(limits.headers);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let mut stopping = self.stopping.clone();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told(&mut stopping) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, peer = %address.ip(), "a connection ended early");
        }
    }
}
