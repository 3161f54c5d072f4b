//! Tokens, roles, users and validators, wherever they are kept: what [`open`](crate::open) returns.

mod audit;
#[cfg(feature = "store")]
mod open;
mod replicas;
mod roles;
#[cfg(feature = "store")]
mod sessions;
mod tokens;
mod users;
mod validators;
mod verifier;

use std::sync::{Arc, Mutex, Weak};

pub use self::audit::Audit;
#[cfg(feature = "store")]
pub use self::open::{OpenOptions, open};
pub use self::replicas::{Receipt, ReceiptState, Replicas, Revoked};
pub use self::roles::Roles;
#[cfg(feature = "store")]
pub use self::sessions::Sessions;
pub use self::tokens::{Changed, IssuedToken, TokenFilter, TokenPage, Tokens};
pub use self::users::Users;
pub use self::validators::{MAX_VALIDATORS, Validators};
pub use self::verifier::{FollowOptions, Startup};
#[cfg(feature = "client")]
use crate::client::Client;
#[cfg(feature = "store")]
use crate::local::Local;
use crate::service::Service;
use crate::source::Source;
#[cfg(feature = "store")]
use crate::store::Location;
#[cfg(feature = "store")]
use crate::store::copy::{self, CopyProgress, Epoch};
#[cfg(feature = "store")]
use crate::store::inspect::{self, StoreReport};
use crate::{Acting, Clock, Result, TokenPolicy};
#[cfg(any(feature = "store", feature = "client"))]
use crate::{Error, ErrorKind};
#[cfg(feature = "store")]
use crate::{Feed, Verifier};
#[cfg(feature = "client")]
use crate::{RemoteOptions, RemoteVerifier, ServiceAnswer};

/// Tokens, roles and users of one store or server, on behalf of one actor. Cheap to clone; all clones share the
/// connections.
#[derive(Debug, Clone)]
pub struct Gatepass {
    service: Arc<dyn Service>,
    /// The same, where it is a store: for what no server does for others.
    #[cfg(feature = "store")]
    local: Option<Arc<Local>>,
    /// The same, where it is a server.
    #[cfg(feature = "client")]
    client: Option<Arc<Client>>,
    acting: Acting,
    policy: TokenPolicy,
    clock: Arc<dyn Clock>,
    /// What verifiers of it follow by, as long as they do.
    following: Following,
}

type Following = Arc<Mutex<Vec<Weak<Source>>>>;

impl Gatepass {
    #[cfg(feature = "client")]
    pub(crate) fn connected(
        client: Arc<Client>,
        acting: Acting,
        policy: TokenPolicy,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            service: Arc::clone(&client) as Arc<dyn Service>,
            #[cfg(feature = "store")]
            local: None,
            client: Some(client),
            acting,
            policy,
            clock,
            following: Following::default(),
        }
    }

    fn service(&self) -> &dyn Service {
        self.service.as_ref()
    }

    #[cfg(feature = "store")]
    fn local(&self) -> Result<&Local> {
        self.local.as_deref().ok_or_else(|| {
            let text = "this is done on a store, and not through a server";
            Error::new(ErrorKind::Unsupported, "needs_store", text)
        })
    }

    /// The tokens.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens::new(self)
    }

    /// The roles.
    pub fn roles(&self) -> Roles<'_> {
        Roles::new(self)
    }

    /// The users.
    pub fn users(&self) -> Users<'_> {
        Users::new(self)
    }

    /// The external token validators: whose tokens open an API beside access tokens.
    pub fn validators(&self) -> Validators<'_> {
        Validators::new(self)
    }

    /// The sessions of users who have signed in.
    #[cfg(feature = "store")]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(self)
    }

    /// The replicas that follow the authorities of this store.
    pub fn replicas(&self) -> Replicas<'_> {
        Replicas::new(self)
    }

    /// The audit trail.
    pub fn audit(&self) -> Audit<'_> {
        Audit::new(self)
    }

    /// What replicas follow of this store, by way of this verifier, which has to follow it: for a server that they ask.
    ///
    /// # Errors
    /// Unsupported: `needs_store` on a server; `verifier_without_store` where the verifier follows none.
    #[cfg(feature = "store")]
    pub fn feed(&self, verifier: &Verifier) -> Result<Feed> {
        Feed::new(self.local()?, verifier)
    }

    /// Checks tokens by asking the server about each: for one that has no [`verifier`](Self::verifier) to follow it.
    /// Nothing is sent until something is checked.
    ///
    /// # Errors
    /// Invalid input on `path` or `audiences` of [`RemoteOptions::introspection`]; unsupported, `needs_server`, on a store.
    #[cfg(feature = "client")]
    pub fn remote_verifier(&self, options: RemoteOptions) -> Result<RemoteVerifier> {
        let client = self.client.clone().ok_or_else(|| {
            let text = "a store is not asked about each token; it has a verifier that follows it";
            Error::new(ErrorKind::Unsupported, "needs_server", text)
        })?;
        RemoteVerifier::new(client, options)
    }

    /// The same store, on behalf of another.
    #[must_use]
    pub fn acting(&self, acting: Acting) -> Self {
        Self { acting, ..self.clone() }
    }

    /// Where the tokens are: the store's or the server's place, without a password.
    pub fn place(&self) -> String {
        self.service().place()
    }

    /// Where the store is; none on a server.
    #[cfg(feature = "store")]
    pub fn location(&self) -> Option<&Location> {
        self.local.as_ref().map(|local| local.store.location())
    }

    /// How long tokens may live.
    pub fn policy(&self) -> &TokenPolicy {
        &self.policy
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The number of this process's last commit, of whatever kind: a verifier that has reached it
    /// ([`Verifier::wait_for`]) knows all that was answered here before. 0 before the first, and on a server.
    #[cfg(feature = "store")]
    pub fn revision(&self) -> i64 {
        self.local.as_ref().map_or(0, |local| *local.store.revision().borrow())
    }

    /// Calls any other service of the Configuration API, with the same credential, time limits, retries and errors:
    /// `request("GET", "/settings-service/external_token_validators", &[], None)`. The path goes under the base URL as it
    /// is, its segments percent-encoded; the parameters are encoded here. Tried again only where the method permits it.
    ///
    /// # Errors
    /// Invalid input on `method` or `path`; those of the server; unsupported, `needs_server`, on a store.
    #[cfg(feature = "client")]
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<ServiceAnswer> {
        self.service().request(method, path, query, body).await
    }

    /// Who asks, as the server sees it: a user who is signed in, or a token; what they hold, and until when.
    ///
    /// # Errors
    /// Those of the server; unsupported: `needs_server` on a store, `needs_gatepass` on a plain RadiantOne.
    #[cfg(feature = "client")]
    pub async fn myself(&self) -> Result<crate::wire::Myself> {
        self.service().myself().await
    }

    /// Copies the whole store, as of one moment, into another one that is empty. The copy takes this one's place: who
    /// follows may go on with it. Sessions and kept answers are left out. `progress` is told every thousand rows.
    ///
    /// # Errors
    /// `store_not_empty` (conflict), and those of either store.
    #[cfg(feature = "store")]
    pub async fn copy_to(&self, target: &Self, mut progress: impl FnMut(CopyProgress) + Send) -> Result<()> {
        copy::copy(&self.local()?.store, &target.local()?.store, Epoch::Same, &mut progress).await
    }

    /// Copies a backup into a store that is empty. What was done after the backup is lost, revocations too; the new
    /// store has a new epoch, so that whoever followed the old one starts over.
    ///
    /// # Errors
    /// As [`copy_to`](Self::copy_to).
    #[cfg(feature = "store")]
    pub async fn restore_to(
        &self,
        target: &Self,
        mut progress: impl FnMut(CopyProgress) + Send,
    ) -> Result<()> {
        copy::copy(&self.local()?.store, &target.local()?.store, Epoch::New, &mut progress).await
    }

    /// Says which store this is and how much is in it, without looking for faults.
    ///
    /// # Errors
    /// Those of reading the store.
    #[cfg(feature = "store")]
    pub async fn summary(&self) -> Result<StoreReport> {
        self.local()?.store.read(async |conn| inspect::summary(conn).await).await
    }

    /// Reads the whole store once, and says what is in it and what is wrong with it.
    ///
    /// # Errors
    /// Where it cannot be read at all.
    #[cfg(feature = "store")]
    pub async fn inspect(&self) -> Result<StoreReport> {
        inspect::inspect(&self.local()?.store).await
    }

    /// Finishes what was asked before, and lets go of the store: what is asked after that is refused as `closed`. On a
    /// server it ends the session that was begun here, where one was.
    pub async fn close(&self) {
        self.report_usage().await;
        self.service().close().await;
    }
}
