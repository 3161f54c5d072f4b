//! Tokens, to be made, looked for, rotated and ended.

use futures_util::TryStreamExt as _;
use gatepass::wire::Replica;
use gatepass::{AccessToken, Api, Changed, IdempotencyKey, Receipt, ReceiptState, Timestamp};
use napi::Status;
use napi::bindgen_prelude::{Env, Function, Promise, PromiseRaw};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;
use serde_json::{Value, json};

use crate::asked::{Create, Rotate, Tokens, instant_of, span};
use crate::call::{Call, run};
use crate::credential::or_throw;
use crate::error::{read, write};
use crate::gatepass::Gatepass;
use crate::secret::{Held, Issued, Shown, token_json};

/// What hands a secret over.
type Deliver = ThreadsafeFunction<Held, Promise<()>, Held, Status, false, true>;

/// That a delivery failed; why, `ts/tokens.ts` knows.
#[derive(Debug)]
struct Undelivered;

impl std::fmt::Display for Undelivered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the function that delivers failed")
    }
}

impl std::error::Error for Undelivered {}

#[napi]
impl Gatepass {
    /// Makes a token.
    #[napi]
    pub fn create_token<'env>(
        &self,
        env: &'env Env,
        asked: String,
        key: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Issued>> {
        let gp = self.facade()?;
        let asked = or_throw(read::<Create>("token", &asked).and_then(Create::asked))?;
        let key = or_throw(key.map(IdempotencyKey::new).transpose())?;
        run(env, call, async move {
            let tokens = gp.tokens();
            let issued = match &key {
                Some(key) => tokens.once(key).create(asked).await?,
                None => tokens.create(asked).await?,
            };
            Issued::new(issued, gp.clock().now())
        })
    }

    /// The token of this name.
    #[napi]
    pub fn token<'env>(
        &self,
        env: &'env Env,
        name: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move { token_json(&gp.tokens().get(&name).await?, gp.clock().now()) })
    }

    /// A page of tokens.
    #[napi]
    pub fn token_page<'env>(
        &self,
        env: &'env Env,
        filter: String,
        cursor: Option<String>,
        limit: Option<u32>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        let filter = or_throw(read::<Tokens>("filter", &filter).and_then(Tokens::filter))?;
        run(env, call, async move {
            let page = gp.tokens().page(&filter, cursor.as_deref(), limit).await?;
            write(&json!({ "tokens": shown(page.tokens.iter(), gp.clock().now()), "next": page.next }))
        })
    }

    /// The tokens that break the policy.
    #[napi]
    pub fn violations<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move {
            let found: Vec<AccessToken> = gp.tokens().violations().try_collect().await?;
            write(&shown(found.iter(), gp.clock().now()))
        })
    }

    /// Gives a token a new secret.
    #[napi]
    pub fn rotate_token<'env>(
        &self,
        env: &'env Env,
        name: String,
        rotation: String,
        key: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Issued>> {
        let gp = self.facade()?;
        let rotation = or_throw(read::<Rotate>("rotation", &rotation).and_then(Rotate::rotation))?;
        let key = or_throw(key.map(IdempotencyKey::new).transpose())?;
        run(env, call, async move {
            let tokens = gp.tokens();
            let issued = match &key {
                Some(key) => tokens.once(key).rotate(&name, rotation).await?,
                None => tokens.rotate(&name, rotation).await?,
            };
            Issued::new(issued, gp.clock().now())
        })
    }

    /// Gives a token a new secret, and has it handed over.
    #[napi]
    pub fn rotate_and_deliver<'env>(
        &self,
        env: &'env Env,
        name: String,
        rotation: String,
        deliver: Function<'env, Held, Promise<()>>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, Issued>> {
        let gp = self.facade()?;
        let rotation = or_throw(read::<Rotate>("rotation", &rotation).and_then(Rotate::rotation))?;
        let deliver: Deliver = deliver.build_threadsafe_function().weak::<true>().build()?;
        run(env, call, async move {
            let handed_over = async |secret: &gatepass::Secret| {
                let delivering =
                    deliver.call_async_catch(Held(secret.clone())).await.map_err(|_| Undelivered)?;
                delivering.await.map_err(|_| Undelivered)
            };
            let issued = gp.tokens().rotate_and_deliver(&name, rotation, handed_over).await?;
            Issued::new(issued, gp.clock().now())
        })
    }

    /// Ends tokens, all of them or none.
    #[napi]
    pub fn revoke_tokens<'env>(
        &self,
        env: &'env Env,
        names: Vec<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move {
            let changed = gp.tokens().revoke_all(names).await?;
            let now = gp.clock().now();
            write(&changed.iter().map(|changed| changed_json(changed, now)).collect::<Vec<_>>())
        })
    }

    /// The same, and waits until no replica accepts them any more.
    #[napi]
    pub fn revoke_everywhere<'env>(
        &self,
        env: &'env Env,
        names: Vec<String>,
        within: f64,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (gp, within) = (self.facade()?, or_throw(span("within", within))?);
        run(env, call, async move {
            let revoked = gp.tokens().revoke_everywhere(names, within).await?;
            let now = gp.clock().now();
            write(&json!({
                "tokens": shown(revoked.tokens.iter().map(|changed| &changed.token), now),
                "revision": revoked.revision,
                "everywhere": revoked.is_everywhere(),
                "receipts": receipts_json(&revoked.receipts),
            }))
        })
    }

    /// The replicas, and which are connected.
    #[napi]
    pub fn replicas<'env>(
        &self,
        env: &'env Env,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move {
            let list = gp.replicas().list().await?;
            let each = list.replicas.iter();
            write(
                &each
                    .map(|replica| replica_json(replica, replica.is_connected(list.now)))
                    .collect::<Vec<_>>(),
            )
        })
    }

    /// Waits until no replica can be without a change.
    #[napi]
    pub fn confirmed<'env>(
        &self,
        env: &'env Env,
        revision: i64,
        within: f64,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (gp, within) = (self.facade()?, or_throw(span("within", within))?);
        run(
            env,
            call,
            async move { write(&receipts_json(&gp.replicas().confirmed(revision, within).await?)) },
        )
    }

    /// Ends one token.
    #[napi]
    pub fn revoke_token<'env>(
        &self,
        env: &'env Env,
        name: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        run(env, call, async move {
            let changed = gp.tokens().revoke(&name).await?;
            write(&changed_json(&changed, gp.clock().now()))
        })
    }

    /// Ends the token whose secret this is.
    #[napi]
    pub fn revoke_leaked<'env>(
        &self,
        env: &'env Env,
        secret: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, bool>> {
        let (gp, secret) = (self.facade()?, zeroize::Zeroizing::new(secret));
        run(env, call, async move { gp.tokens().revoke_leaked(&secret).await })
    }

    /// Removes a token.
    #[napi]
    pub fn delete_token<'env>(
        &self,
        env: &'env Env,
        name: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, i64>> {
        let gp = self.facade()?;
        run(env, call, async move { gp.tokens().delete(&name).await })
    }

    /// Removes the tokens that have been over since before this instant.
    #[napi]
    pub fn purge_tokens<'env>(
        &self,
        env: &'env Env,
        before: String,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, i64>> {
        let (gp, before) = (self.facade()?, or_throw(instant_of("before", &before))?);
        run(env, call, async move {
            let gone = gp.tokens().purge(before, |_| ()).await?;
            Ok(i64::try_from(gone).unwrap_or(i64::MAX))
        })
    }

    /// Checks one secret against the store or server, without an index.
    #[napi]
    pub fn check_secret<'env>(
        &self,
        env: &'env Env,
        api: String,
        scopes: Vec<String>,
        secret: String,
        peer: Option<String>,
        call: Option<&Call>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let gp = self.facade()?;
        let api: Api = or_throw(api.parse())?;
        let (secret, peer) = (zeroize::Zeroizing::new(secret), peer.and_then(|peer| peer.parse().ok()));
        run(env, call, async move {
            let verdict = gp.tokens().check_secret(api, scopes, &secret, peer).await?;
            Ok(crate::check::verdict_text(&verdict))
        })
    }
}

fn shown<'a>(tokens: impl Iterator<Item = &'a AccessToken>, now: Timestamp) -> Vec<Shown<'a>> {
    tokens.map(|token| Shown::new(token, now)).collect()
}

fn receipts_json(receipts: &[Receipt]) -> Vec<Value> {
    let each = receipts.iter().map(|Receipt { replica, state, .. }| {
        let (state, on) = match state {
            ReceiptState::Confirmed { on } => ("confirmed", Some(on)),
            ReceiptState::Stale => ("stale", None),
            // What a later core may add is no confirmation.
            _ => ("pending", None),
        };
        json!({ "replica": replica, "state": state, "confirmedOn": on })
    });
    each.collect()
}

fn replica_json(replica: &Replica, connected: bool) -> Value {
    let mut json = json!(replica);
    if let Some(members) = json.as_object_mut() {
        members.insert("connected".to_owned(), connected.into());
    }
    json
}

fn changed_json(changed: &Changed, now: Timestamp) -> Value {
    json!({ "token": Shown::new(&changed.token, now), "revision": changed.revision })
}
