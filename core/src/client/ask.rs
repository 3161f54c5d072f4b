//! What a server says of one secret: by introspection (RFC 7662), or, of a `rest` token on a plain RadiantOne, by
//! `adap-token/validate`, which says whom it acts as and nothing else.
//!
//! A server says no more than that a token is not good, so that is `unknown` here. Whatever it says else than that a
//! token is good or is not (another status, a page, a member of another type, no answer at all) is an error.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::request::Request;
use super::{Client, lacking};
use crate::access::Access;
use crate::area::{Scope, ScopeSet};
use crate::grant::Grants;
use crate::guard::{Guard, Verdict};
use crate::name::check_name;
use crate::oidc::looks_like_one;
use crate::{
    AccessToken, Api, Denied, Digest, Error, Reason, Result, RoleBook, Secret, Timestamp, TokenId,
    TokenRecord, Verifier, VerifierOptions, wire,
};

/// An answer about one secret's greatest length: what the largest token there can be takes, and twice that.
const MOST_BYTES: usize = 1 << 20;

/// How a server is asked about secrets.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// A Gatepass authority, by introspection: it knows networks, and asks for the peer.
    Authority,
    /// Another product's server, by introspection.
    Foreign(Arc<Foreign>),
    /// A plain RadiantOne.
    Validate,
}

/// Where another product's server is asked, and which audience stands for which API.
#[derive(Debug)]
pub(crate) struct Foreign {
    path: String,
    audiences: Vec<(Api, String)>,
}

impl Foreign {
    /// # Errors
    /// Invalid input: `path_malformed`; `audience_missing`, for then every token of that server would be good here.
    pub(crate) fn new(path: String, audiences: Vec<(Api, String)>) -> Result<Self> {
        Request::to_service("POST", &path)?;
        if audiences.is_empty() || audiences.iter().any(|(_, name)| name.is_empty()) {
            let text = "say which audience stands for which API";
            return Err(Error::invalid("audiences", "audience_missing", text));
        }
        Ok(Self { path, audiences })
    }
}

/// One question.
pub(crate) struct Question<'a> {
    pub(crate) secret: &'a Secret,
    pub(crate) peer: Option<IpAddr>,
    /// How often it is tried, and for how long somebody waits, where somebody does.
    pub(crate) within: Option<(u32, Duration)>,
}

/// What was said: the token and the vendor's scopes that it has, if it is good, else why it is not.
#[derive(Debug)]
pub(crate) struct Told(Result<(TokenRecord, ScopeSet), Reason>);

/// The same, ready to be checked against.
#[derive(Debug)]
pub(crate) struct Said(pub(crate) Result<Access, Reason>);

impl Way {
    /// Refuses what this server can never tell.
    ///
    /// # Errors
    /// Unsupported, `needs_gatepass`, on `api` or `scopes`.
    pub(crate) fn can_tell(&self, api: Api, scope: &str) -> Result<()> {
        match self {
            Self::Validate if api != Api::Rest => {
                let text = "a plain RadiantOne tells of REST tokens only whether they are good; for other APIs connect \
                            to a Gatepass authority, or ask a server that has introspection";
                Err(lacking("api", text))
            }
            Self::Validate if !scope.is_empty() => {
                Err(lacking("scopes", "a plain RadiantOne knows no scopes of applications"))
            }
            _ => Ok(()),
        }
    }

    /// The secret to ask about; a denial where there is none. `local` is what a guard that knows no token says of it:
    /// what is no secret of an authority's form is none of its, and needs no asking, unless it may be a token of another
    /// issuer.
    pub(crate) fn admit(&self, local: Denied, credential: &[u8]) -> Result<Secret, Denied> {
        let open = match local.reason {
            Reason::Unknown => true,
            Reason::Malformed if looks_like_one(credential) => true,
            Reason::Malformed | Reason::ChecksumMismatch => !matches!(self, Self::Authority),
            _ => false,
        };
        let secret = std::str::from_utf8(credential).ok().filter(|_| open);
        secret.and_then(|secret| Secret::new(secret).ok()).ok_or(local)
    }

    /// The peer, where the answer depends on it.
    pub(crate) fn peer(&self, peer: Option<IpAddr>) -> Option<IpAddr> {
        peer.filter(|_| matches!(self, Self::Authority)).map(|peer| peer.to_canonical())
    }
}

/// A verifier that knows no token, for guards that ask a server.
pub(crate) fn empty(client: &Client) -> Verifier {
    Verifier::with_writer(VerifierOptions::default().clock(Arc::clone(&client.clock))).0
}

/// What a guard that knows no token says.
pub(crate) fn denial(verdict: Verdict) -> Denied {
    verdict.err().unwrap_or(Denied { reason: Reason::Unknown, id: None, scope: None })
}

impl Told {
    /// Guards know grants by their numbers, so all that a guard is asked about has to come from the same ones.
    pub(crate) fn known(self, grants: &mut Grants) -> Said {
        Said(self.0.map(|(record, scopes)| Access::alone(&record, scopes, grants)))
    }
}

impl Said {
    /// What a guard makes of it at this time.
    pub(crate) fn verdict(&self, guard: &Guard, digest: Digest, now: Timestamp) -> Verdict {
        match &self.0 {
            Ok(token) => guard.check_known(token, digest, now),
            Err(reason) => Err(Denied::new(*reason)),
        }
    }
}

impl Client {
    /// How this server is asked.
    pub(crate) async fn way(&self) -> Result<Way> {
        Ok(if self.is_gatepass().await? { Way::Authority } else { Way::Validate })
    }

    /// Asks once about one secret.
    pub(super) async fn check(
        &self,
        api: Api,
        scopes: &[String],
        secret: &str,
        peer: Option<IpAddr>,
    ) -> Result<Verdict> {
        // Compiled first: a requirement that can never be met is an error, whatever the secret.
        let guard = empty(self).guard(api, scopes)?;
        let local = denial(guard.check_secret(secret, peer));
        let way = self.way().await?;
        way.can_tell(api, guard.scope())?;
        let secret = match way.admit(local, secret.as_bytes()) {
            Ok(secret) => secret,
            Err(denied) => return Ok(Err(denied)),
        };
        let question = Question { secret: &secret, peer: way.peer(peer), within: None };
        let said = self.ask(&way, question).await?.known(&mut Grants::new(RoleBook::default()));
        Ok(said.verdict(&guard, secret.digest(), self.clock.now()))
    }

    /// Asks.
    ///
    /// # Errors
    /// Where the server did not say whether the token is good.
    pub(crate) async fn ask(&self, way: &Way, question: Question<'_>) -> Result<Told> {
        match way {
            Way::Authority => {
                let audiences = Api::ALL.map(|api| (api, api.as_str()));
                self.introspect(wire::INTROSPECT, &audiences, question).await
            }
            Way::Foreign(foreign) => {
                let audiences: Vec<_> = foreign.audiences.iter().map(|(api, name)| (*api, &**name)).collect();
                self.introspect(&foreign.path, &audiences, question).await
            }
            Way::Validate => self.validate(question).await,
        }
    }

    async fn introspect(
        &self,
        path: &str,
        audiences: &[(Api, &str)],
        question: Question<'_>,
    ) -> Result<Told> {
        let secret = question.secret;
        let peer = question.peer.map(|peer| peer.to_string());
        let mut form = vec![("token", secret.reveal())];
        form.extend(peer.as_deref().map(|peer| ("peer", peer)));
        let request =
            Request::new(Method::POST, path).form(&form).hiding(Some(secret.reveal())).beside_base();
        let answer = self.sender.send(question.ask(request)).await?;
        let token = match answer.json::<Introspected>()?.token(secret, audiences) {
            Ok((token, scopes)) => Ok((record(&answer, token, secret)?, scopes)),
            Err(reason) => Err(reason),
        };
        Ok(Told(token))
    }

    async fn validate(&self, question: Question<'_>) -> Result<Told> {
        let secret = question.secret;
        let header = Zeroizing::new(format!("Bearer {}", secret.reveal()));
        let request = Request::new(Method::POST, wire::VALIDATE).authorization(header);
        let answer = match self.sender.send(question.ask(request)).await {
            Ok(answer) => answer,
            Err(error) if error.status() == Some(401) => {
                return Ok(Told(Err(Reason::Unknown)));
            }
            Err(error) => return Err(error),
        };
        let target_dn = answer.json::<wire::Validated>()?.target_dn.filter(|dn| !dn.is_empty());
        let token = AccessToken {
            id: secret.id().or_else(|| stand_in(secret)),
            target_dn,
            ..AccessToken::new("-", Api::Rest, Timestamp::MIN)
        };
        Ok(Told(Ok((record(&answer, token, secret)?, ScopeSet::default()))))
    }
}

impl Question<'_> {
    fn ask(&self, request: Request) -> Request {
        let request = request.repeatable().at_most(MOST_BYTES);
        match self.within {
            Some((attempts, limit)) => request.within(attempts, limit),
            None => request,
        }
    }
}

/// The answer of RFC 7662 section 2.2, which leaves more open than an authority of ours makes use of.
#[derive(Deserialize)]
struct Introspected {
    active: bool,
    scope: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    aud: Option<Audience>,
    jti: Option<String>,
    name: Option<String>,
    username: Option<String>,
    client_id: Option<String>,
    sub: Option<String>,
    roles: Option<Vec<String>>,
    target_dn: Option<String>,
}

/// RFC 7519 section 4.1.3: one, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(several) => several.iter().any(|one| one == name),
        }
    }
}

impl Introspected {
    /// The token, and the vendor's scopes that it has; else why it is not good.
    fn token(self, secret: &Secret, audiences: &[(Api, &str)]) -> Result<(AccessToken, ScopeSet), Reason> {
        if !self.active {
            return Err(Reason::Unknown);
        }
        let is_for = |name: &str| self.aud.as_ref().is_some_and(|aud| aud.names(name));
        let (api, _) = audiences.iter().find(|(_, name)| is_for(name)).ok_or(Reason::WrongAudience)?;
        let scope = self.scope.unwrap_or_default();
        let scopes = scope.split(' ').filter(|scope| !scope.is_empty());
        let (mut vendor, mut application) = (ScopeSet::default(), Vec::new());
        match api {
            // What a later version calls a scope permits nothing here.
            Api::Config => vendor = scopes.filter_map(|scope| scope.parse::<Scope>().ok()).collect(),
            Api::Scim | Api::Rest => application = scopes.map(str::to_owned).collect(),
        }
        let names = [self.name, self.username, self.client_id, self.sub];
        let name = names.into_iter().flatten().find(|name| check_name("name", name).is_ok());
        let id = self.jti.and_then(|id| id.parse::<TokenId>().ok());
        let token = AccessToken {
            id: id.or_else(|| secret.id()).or_else(|| stand_in(secret)),
            roles: self.roles.unwrap_or_default(),
            scopes: application,
            target_dn: self.target_dn,
            not_before: self.nbf.map(instant),
            expires_on: self.exp.map(instant),
            ..AccessToken::new(
                name.unwrap_or_else(|| "-".to_owned()),
                *api,
                self.iat.map_or(Timestamp::MIN, instant),
            )
        };
        Ok((token, vendor))
    }
}

/// An instant in seconds. What lies outside of the years that there are is as early or as late as can be: an end is
/// never none.
fn instant(seconds: i64) -> Timestamp {
    let bound = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    seconds.checked_mul(1000).and_then(Timestamp::from_millis).unwrap_or(bound)
}

fn record(answer: &Answer, token: AccessToken, secret: &Secret) -> Result<TokenRecord> {
    TokenRecord::new(token, secret.digest(), None)
        .map_err(|_| answer.malformed("the server's answer is not of the form that was expected"))
}

/// In the place of an id that a foreign secret does not have: made of its digest, so always the same.
fn stand_in(secret: &Secret) -> Option<TokenId> {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digest = secret.digest();
    let digits = digest.as_bytes().iter().take(12).filter_map(|byte| DIGITS.get(usize::from(byte % 62)));
    digits.map(|digit| char::from(*digit)).collect::<String>().parse().ok()
}
