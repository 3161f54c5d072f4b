//! Tokens over HTTP. A Gatepass authority does what it is asked; on a plain RadiantOne `generations` stands in for
//! rotation, and what it cannot do is refused before anything is sent.

use reqwest::Method;

use super::answer::Codes;
use super::request::{Request, path_of};
use super::{Client, generations, lacking, lenient};
use crate::wire::{self, CreateToken};
use crate::{
    AccessToken, Changed, Digest, Error, ErrorKind, IdempotencyKey, IssuedToken, NewToken, Result, Rotation,
    Secret, Status, Timestamp, TokenFilter, TokenPage, check_name,
};

/// What these statuses mean of tokens, where a server says no more.
const CODES: Codes = &[(404, "token_not_found"), (409, "name_taken")];

impl Client {
    pub(super) async fn create(&self, asked: &NewToken, key: Option<&IdempotencyKey>) -> Result<IssuedToken> {
        // A token of such a name could be made, and never be named in a path again.
        check_name("name", &asked.name)?;
        let mut body = CreateToken::new(asked, self.clock.now())?;
        let mut request = Request::new(Method::POST, wire::ACCESS_TOKENS).codes(CODES);
        if self.is_gatepass().await? {
            // A lost answer is then never a lost token.
            request = request.key(key.map_or_else(IdempotencyKey::generate, |key| Ok(key.clone()))?);
        } else if key.is_some() {
            return Err(lacking("idempotencyKey", "a plain RadiantOne knows no such keys"));
        } else {
            body = body.for_plain_server()?;
        }
        let answer = self.sender.send(request.json(&body)?).await?;
        let (secret, revision) = (answer.secret()?, answer.revision());
        // What was granted is the server's to say. Where it does not, and soon, the secret is not lost over it.
        let token = match self.read(on_token(&body.name)?.quick()).await {
            Ok(token) => token,
            Err(_) => self.as_asked(&body, &secret),
        };
        Ok(IssuedToken { secret, token, revision })
    }

    fn as_asked(&self, body: &CreateToken, secret: &Secret) -> AccessToken {
        AccessToken {
            id: secret.id(),
            roles: body.roles.clone(),
            scopes: body.scopes.clone(),
            target_dn: body.target_dn.clone(),
            networks: body.networks.clone(),
            not_before: body.not_before,
            expires_on: body.expires_on,
            ..AccessToken::new(body.name.clone(), body.api_type, self.clock.now())
        }
    }

    pub(super) async fn get(&self, name: &str) -> Result<AccessToken> {
        self.read(on_token(name)?).await
    }

    async fn read(&self, request: Request) -> Result<AccessToken> {
        let answer = self.sender.send(request).await?;
        lenient::token(&answer)?.ok_or_else(|| {
            let text = "this token is for an API that this version does not know";
            Error::new(ErrorKind::Unsupported, "unknown_api", text).with_field("apiType")
        })
    }

    /// All tokens, by name: what a plain RadiantOne has instead of pages.
    pub(super) async fn all(&self) -> Result<Vec<AccessToken>> {
        let answer = self.sender.send(Request::new(Method::GET, wire::ACCESS_TOKENS)).await?;
        let (mut tokens, others) = lenient::tokens(&answer)?;
        if others > 0 {
            tracing::warn!(others, "tokens for an API that this version does not know are left out");
        }
        tokens.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(tokens)
    }

    pub(super) async fn page(
        &self,
        filter: &TokenFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<TokenPage> {
        if self.is_gatepass().await? {
            let mut query = wire::token_query(filter);
            let cursor = cursor.filter(|cursor| !cursor.is_empty());
            query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
            query.push(("limit", limit.to_string()));
            let request = Request::new(Method::GET, tokens_path("")).query(&query);
            let answer = self.sender.send(request).await?;
            let list: wire::TokenList = answer.json()?;
            if list.next.is_some() && list.next.as_deref() == cursor {
                return Err(answer.malformed("the server's pages go round in a circle"));
            }
            return Ok(TokenPage { tokens: list.tokens, next: list.next });
        }
        let (after, now) = (cursor.unwrap_or_default(), self.clock.now());
        let fits = |token: &AccessToken| token.name.as_str() > after && filter.admits(token, now);
        let mut tokens: Vec<_> = self.all().await?.into_iter().filter(fits).collect();
        let more = tokens.len() > limit as usize;
        tokens.truncate(limit as usize);
        let next = tokens.last().filter(|_| more).map(|token| token.name.clone());
        Ok(TokenPage { tokens, next })
    }

    pub(super) async fn rotate(
        &self,
        name: &str,
        rotation: &Rotation,
        deliver: bool,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedToken> {
        if !self.is_gatepass().await? {
            return generations::rotate(self, name, rotation, deliver, key).await;
        }
        let key = key.map_or_else(IdempotencyKey::generate, |key| Ok(key.clone()))?;
        let request = on(name, "/rotate")?.key(key).json(&wire::RotateToken::new(rotation, deliver))?;
        let issued: wire::Issued = self.sender.send(request).await?.json()?;
        let secret = Secret::new(issued.secret.as_str()).map_err(|_| malformed())?;
        Ok(IssuedToken { secret, token: issued.token, revision: issued.revision })
    }

    pub(super) async fn settle(&self, name: &str, digest: Digest, delivered: bool) -> Result<Changed> {
        if !self.is_gatepass().await? {
            return generations::settle(self, name, digest, delivered).await;
        }
        // Sent again it finds nothing that is to be settled: no harm, but an answer that would mislead.
        let request = on(name, "/settle")?.json(&wire::SettleRotation { digest, delivered })?;
        self.sender.send(request).await?.json().map(changed)
    }

    pub(super) async fn revoke(&self, names: &[String]) -> Result<Vec<Changed>> {
        self.need_gatepass("revoke").await?;
        let body = wire::RevokeTokens { names: names.to_vec() };
        let request = Request::new(Method::POST, tokens_path("/revoke")).codes(CODES).repeatable();
        let revoked: Vec<wire::Changed> = self.sender.send(request.json(&body)?).await?.json()?;
        Ok(revoked.into_iter().map(changed).collect())
    }

    pub(super) async fn delete(&self, name: &str) -> Result<i64> {
        let path = path_of("name", wire::ACCESS_TOKENS, name, "")?;
        let answer = self.sender.send(Request::new(Method::DELETE, path).codes(CODES).ends()).await?;
        Ok(answer.revision())
    }

    pub(super) async fn purge(&self, before: Timestamp) -> Result<u64> {
        if self.is_gatepass().await? {
            let request = Request::new(Method::POST, tokens_path("/purge")).repeatable();
            let request = request.json(&wire::PurgeTokens { before })?;
            return self.sender.send(request).await?.json::<wire::Purged>().map(|purged| purged.purged);
        }
        let before = before.min(self.clock.now());
        let ended = |token: &AccessToken| token.expires_on.is_some_and(|end| end < before);
        let mut gone = 0;
        for token in self.all().await?.into_iter().filter(ended).take(50) {
            match self.delete(&token.name).await {
                Ok(_) => gone += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => {} // somebody else was faster
                Err(error) => return Err(error),
            }
        }
        Ok(gone)
    }

    /// A use that is reported twice is one.
    pub(super) async fn report(&self, uses: Vec<wire::Used>) -> Result<()> {
        self.need_gatepass("usage").await?;
        for uses in uses.chunks(wire::MOST_USES / 2) {
            let request = Request::new(Method::POST, wire::USAGE).repeatable();
            self.sender.send(request.json(&wire::Usage { uses: uses.to_vec() })?).await?;
        }
        Ok(())
    }
}

impl TokenFilter {
    /// Whether a token fits: what a store asks its database.
    fn admits(&self, token: &AccessToken, now: Timestamp) -> bool {
        let contains = |text: &String| token.name.to_ascii_lowercase().contains(&text.to_ascii_lowercase());
        let ends_within = |span| {
            token.revoked_on.is_none()
                && token.expires_on.is_some_and(|end| end > now && end <= now.saturating_add(span))
        };
        self.api.is_none_or(|api| token.api == api)
            && self.status.is_none_or(|status: Status| token.status(now) == status)
            && self.name_contains.as_ref().is_none_or(contains)
            && self.expires_within.is_none_or(ends_within)
    }
}

/// A request for one token.
fn on_token(name: &str) -> Result<Request> {
    let path = path_of("name", wire::ACCESS_TOKENS, name, "")?;
    Ok(Request::new(Method::GET, path).codes(CODES))
}

/// A request to one token's extension.
fn on(name: &str, what: &str) -> Result<Request> {
    let path = path_of("name", &tokens_path(""), name, what)?;
    Ok(Request::new(Method::POST, path).codes(CODES))
}

fn tokens_path(rest: &str) -> String {
    format!("{}/tokens{rest}", wire::EXTENSIONS)
}

fn changed(changed: wire::Changed) -> Changed {
    Changed { token: changed.token, revision: changed.revision }
}

fn malformed() -> Error {
    let text = "the server's answer is not of the form that was expected";
    Error::new(ErrorKind::Protocol, "answer_malformed", text)
}
