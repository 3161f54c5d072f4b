//! Checking by asking a server: for one that gives no copy of its tokens.

mod options;
mod questions;

use std::net::IpAddr;
use std::sync::Arc;

use tokio::time::timeout;

pub use self::options::RemoteOptions;
use self::questions::{Key, Questions, too_late};
use crate::client::Client;
use crate::client::ask::{self, Foreign, Way};
use crate::guard::{Guard, Verdict};
use crate::{Api, Authorization, Denied, Error, ErrorKind, Reason, Result, Secret, Verifier};

/// Checks tokens by asking their server: a Gatepass authority or, if told where, another product's by introspection
/// (RFC 7662); a plain RadiantOne, of `rest` tokens alone, by its `adap-token/validate`. Made by
/// [`Gatepass::remote_verifier`](crate::Gatepass::remote_verifier). Cheap to clone; all clones share what they know.
///
/// **How late a revocation is seen.** Without [`max_staleness`](RemoteOptions::max_staleness) no check that begins after
/// the server has answered the revocation is granted. With it, none is granted later than that after the answer,
/// counted on both clocks from before the question was sent. What the server itself takes comes on top: of several
/// authorities on one database one may be a second behind another, and says nothing where it is more.
///
/// **Who cannot tell does not say no.** No answer, an answer of 500 or a page of somebody in between is an error, and never
/// a denial; nor does an answer that has become too old stand in for one that fails to come.
#[derive(Debug, Clone)]
pub struct RemoteVerifier {
    questions: Arc<Questions>,
    /// Where another server is to be asked.
    foreign: Option<Arc<Foreign>>,
    /// Knows no token, and all rules.
    local: Verifier,
}

/// What a remote verifier did since it was made, and does now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteState {
    /// Questions that were sent.
    pub asked: u64,
    /// Those of them that brought no answer, or that nobody waited for any more.
    pub failed: u64,
    /// Checks that waited for the question of another.
    pub joined: u64,
    /// Checks that were answered by what was kept.
    pub cached: u64,
    /// Answers that are kept now, too old ones among them.
    pub kept: usize,
    /// Secrets that are being asked about now, or wait to be.
    pub under_way: usize,
}

impl RemoteVerifier {
    pub(crate) fn new(client: Arc<Client>, options: RemoteOptions) -> Result<Self> {
        let foreign = options.introspection.clone().map(|(path, audiences)| Foreign::new(path, audiences));
        let foreign = foreign.transpose()?.map(Arc::new);
        let local = ask::empty(&client);
        Ok(Self { questions: Arc::new(Questions::new(client, options)), foreign, local })
    }

    /// Compiles a requirement, as [`Verifier::guard`] does.
    ///
    /// # Errors
    /// Those of [`Verifier::guard`]. What only the server can refuse, it refuses when it is asked.
    pub fn guard<S: AsRef<str>>(&self, api: Api, scopes: impl IntoIterator<Item = S>) -> Result<RemoteGuard> {
        Ok(RemoteGuard { verifier: self.clone(), local: self.local.guard(api, scopes)? })
    }

    /// What it did until now: for metrics.
    pub fn state(&self) -> RemoteState {
        self.questions.state()
    }

    async fn way(&self) -> Result<Way> {
        match &self.foreign {
            Some(foreign) => Ok(Way::Foreign(Arc::clone(foreign))),
            None => self.questions.client.way().await,
        }
    }
}

/// A requirement on a server's tokens: an API and scopes. Made once, by [`RemoteVerifier::guard`], and asked on each
/// request.
#[derive(Debug, Clone)]
pub struct RemoteGuard {
    verifier: RemoteVerifier,
    local: Guard,
}

impl RemoteGuard {
    /// The API that it wants.
    pub fn api(&self) -> Api {
        self.local.api()
    }

    /// The scopes that it wants, separated by spaces.
    pub fn scope(&self) -> &str {
        self.local.scope()
    }

    /// Checks the `Authorization` header as it came, and the peer's address if it is known. What can be told from the
    /// header alone is told without asking. Of a token that is not good the server says no more than that, so it is
    /// `unknown`.
    ///
    /// # Errors
    /// Where nobody can tell whether the token is good, which is to be answered with 503
    /// ([`Answer::new`](crate::Answer::new) of [`Reason::Stale`]): timeout; rate limited; protocol, where the server said
    /// what makes no sense; unavailable, whatever else kept it from saying, a credential of the client's own that is
    /// refused among it. Unsupported, `needs_gatepass`, where a plain RadiantOne is asked about another API than `rest`,
    /// or about scopes. Never unauthorized or forbidden: nothing here can be taken for a word about the token.
    pub async fn check<'a>(
        &self,
        authorization: impl Into<Authorization<'a>>,
        peer: Option<IpAddr>,
    ) -> Result<Verdict> {
        let authorization = authorization.into();
        let local = ask::denial(self.local.check(authorization, peer));
        match authorization.credential() {
            Ok(credential) if local.reason != Reason::InvalidHeader => {
                self.in_time(local, credential, peer).await
            }
            _ => Ok(Err(local)),
        }
    }

    /// Checks a bare secret.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn check_secret(&self, secret: &str, peer: Option<IpAddr>) -> Result<Verdict> {
        let local = ask::denial(self.local.check_secret(secret, peer));
        self.in_time(local, secret.as_bytes(), peer).await
    }

    async fn in_time(&self, local: Denied, credential: &[u8], peer: Option<IpAddr>) -> Result<Verdict> {
        let limit = self.verifier.questions.options.deadline;
        let found = timeout(limit, self.find_out(local, credential, peer)).await;
        found.unwrap_or_else(|_| Err(too_late())).map_err(untold)
    }

    async fn find_out(&self, local: Denied, credential: &[u8], peer: Option<IpAddr>) -> Result<Verdict> {
        let way = self.verifier.way().await?;
        way.can_tell(self.api(), self.scope())?;
        match way.admit(local, credential) {
            Ok(secret) => self.ask(&way, &secret, way.peer(peer)).await,
            Err(denied) => Ok(Err(denied)),
        }
    }

    async fn ask(&self, way: &Way, secret: &Secret, peer: Option<IpAddr>) -> Result<Verdict> {
        let (questions, digest) = (&self.verifier.questions, secret.digest());
        let key = Key::new(digest, peer);
        // Once more where another's question did not help, or a clock was set meanwhile.
        for again in [true, false] {
            if let Some((answer, now)) = questions.kept(&key) {
                return Ok(answer.said.verdict(&self.local, digest, answer.time(now)));
            }
            let (answer, fresh) = questions.join(key, secret, way);
            match answer.await {
                Ok(answer) => {
                    let now = questions.now();
                    if questions.serves(&answer, fresh, now) {
                        return Ok(answer.said.verdict(&self.local, digest, answer.time(now)));
                    }
                }
                Err(error) if fresh || !again => return Err(error),
                Err(_) => {}
            }
        }
        let text = "the server takes longer to answer than its answers may be old";
        Err(Error::new(ErrorKind::Timeout, "answer_too_old", text))
    }
}

/// What kept the server from saying, as what it is to whoever has a token checked: that the client's own credential is
/// refused, say, is not their fault.
fn untold(error: Error) -> Error {
    use ErrorKind::{Closed, Internal, Protocol, RateLimited, Timeout, Unavailable, Unsupported};
    let is_told = match error.kind() {
        Timeout | RateLimited | Unavailable | Unsupported | Closed | Internal => true,
        Protocol => error.status().is_none_or(|status| status < 500),
        _ => false,
    };
    if is_told {
        return error;
    }
    let text = format!("the server did not say whether the token is good: {error}");
    let mut untold = Error::new(ErrorKind::Unavailable, error.code().to_owned(), text);
    if let Some(status) = error.status() {
        untold = untold.with_status(status);
    }
    if let Some(id) = error.request_id() {
        untold = untold.with_request_id(id);
    }
    untold.with_cause(error)
}

const _: () = {
    const fn crosses_threads<T: Send + Sync + Clone + 'static>() {}
    crosses_threads::<RemoteVerifier>();
    crosses_threads::<RemoteGuard>();
};
