//! What all operations share.

use std::sync::Arc;
use std::time::Duration;

use gatepass::{Api, Clock, Feed, Gatepass, Guard, Result, TrustedProxies, Verifier};
use tokio::sync::{Semaphore, watch};

use crate::hashing::Hashing;
use crate::metrics::Metrics;
use crate::sandbox::Sandbox;
use crate::session::Signer;
use crate::superseded::Superseded;
use crate::throttle::Throttle;
use crate::{Limits, Options};

/// How long a change waits to be in this authority's own index. It is made either way.
const KNOWN_WITHIN: Duration = Duration::from_secs(1);

/// What all operations share.
pub(crate) struct App {
    pub(crate) gatepass: Gatepass,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) verifier: Verifier,
    /// What replicas follow.
    pub(crate) feed: Feed,
    /// Places for making lines of snapshots, which takes a processor.
    pub(crate) snapshots: Arc<Semaphore>,
    /// Whether it is shutting down.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Whom a `config` token lets in, whatever it permits.
    pub(crate) admission: Guard,
    /// Whether a token opens its API at all, by API.
    pub(crate) open: [Guard; 3],
    pub(crate) signer: Signer,
    pub(crate) realm: String,
    pub(crate) organization: String,
    pub(crate) proxies: TrustedProxies,
    pub(crate) limits: Limits,
    pub(crate) secure: bool,
    pub(crate) hashing: Hashing,
    pub(crate) by_address: Throttle,
    pub(crate) by_name: Throttle,
    pub(crate) leaks: Throttle,
    pub(crate) superseded: Superseded,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: crate::health::Readiness,
    /// A directory to use tokens against, where there is one.
    pub(crate) sandbox: Option<Arc<Sandbox>>,
}

impl App {
    pub(crate) async fn new(
        options: &Options,
        gatepass: Gatepass,
        stopping: watch::Receiver<bool>,
    ) -> Result<Arc<Self>> {
        let key = options.session_key.read(gatepass.location())?;
        let verifier = match &options.verifier {
            Some(verifier) => verifier.clone(),
            None => gatepass.verifier().await?,
        };
        let sandbox = match &options.sandbox {
            Some(sandbox) => Some(Sandbox::open(sandbox, gatepass.clock()).await?),
            None => None,
        };
        let guard = |api| verifier.guard(api, [""; 0]);
        let metrics = Metrics::new();
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Arc::new(Self {
            clock: gatepass.clock(),
            admission: guard(Api::Config)?,
            open: [guard(Api::Config)?, guard(Api::Scim)?, guard(Api::Rest)?],
            signer: Signer::new(&key),
            realm: options.server_name.clone(),
            organization: options.organization.clone(),
            proxies: options.trusted_proxies.clone(),
            limits: options.limits.clone(),
            secure: options.tls.is_some(),
            hashing: Hashing::new(&options.limits),
            by_address: Throttle::new(30, Duration::from_secs(4)),
            by_name: Throttle::new(10, Duration::from_secs(15)),
            leaks: Throttle::new(60, Duration::from_secs(1)),
            feed: gatepass.feed(&verifier)?,
            snapshots: Arc::new(Semaphore::new(processors.div_ceil(2))),
            stopping,
            superseded: Superseded::start(gatepass.clone()),
            metrics,
            readiness: crate::health::Readiness::default(),
            sandbox,
            gatepass,
            verifier,
        }))
    }

    /// The guard of an API.
    pub(crate) fn guard(&self, api: Api) -> &Guard {
        let [config, scim, rest] = &self.open;
        match api {
            Api::Config => config,
            Api::Scim => scim,
            Api::Rest => rest,
        }
    }

    /// Waits until this authority's own index has a change that was made, so that whoever was told of it finds it done.
    pub(crate) async fn known(&self, revision: i64) {
        tokio::time::timeout(KNOWN_WITHIN, self.verifier.wait_for(revision)).await.ok();
    }
}
