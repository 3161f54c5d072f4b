//! What changes tokens: each a change of its own, decided by the rows that it affects.

use std::time::Duration;

use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use zeroize::Zeroizing;

use super::answers::{self, Bond};
use super::audit::Entry;
use super::fault::{corrupt, fault};
use super::tokens::{self, Stored, Undelivered};
use super::transaction::Transaction;
use super::writer::Change;
use crate::{
    AccessToken, Acting, Caller, Changed, Digest, Error, ErrorKind, IdempotencyKey, Issued, IssuedToken,
    Issuer, NewToken, Result, Rotation, Secret, Status, Timestamp, TokenId, TokenRecord,
};

/// How long it is remembered which tokens were deleted, for those who follow, in milliseconds: 7 days.
const DELETIONS_KEPT: i64 = 7 * 24 * 3_600_000;

/// An answer as it is kept for a request that may be sent again.
#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    secret: Zeroizing<String>,
    token: AccessToken,
    revision: i64,
}

impl IssuedToken {
    fn sealed(&self) -> Result<Zeroizing<Vec<u8>>> {
        let kept = KeptAnswer {
            secret: Zeroizing::new(self.secret.reveal().to_owned()),
            token: self.token.clone(),
            revision: self.revision,
        };
        serde_json::to_vec(&kept).map(Zeroizing::new).map_err(|_| corrupt("an answer cannot be kept"))
    }

    fn opened(json: &[u8]) -> Result<Self> {
        let kept: KeptAnswer =
            serde_json::from_slice(json).map_err(|_| corrupt("a kept answer is malformed"))?;
        Ok(Self { secret: Secret::new(kept.secret.as_str())?, token: kept.token, revision: kept.revision })
    }
}

/// Makes a token.
pub(crate) struct Create {
    pub(crate) acting: Acting,
    pub(crate) asked: NewToken,
    pub(crate) issuer: Issuer,
    pub(crate) key: Option<IdempotencyKey>,
}

impl Change for Create {
    type Output = IssuedToken;

    /// One that has a key may be another one sent again, whose answer it gets.
    fn together(&self) -> bool {
        self.key.is_none()
    }

    async fn apply(&self, tx: &mut Transaction) -> Result<IssuedToken> {
        Self::apply_all(&[self], tx).await?.pop().ok_or_else(|| corrupt("a change has no outcome"))?
    }

    async fn apply_all(changes: &[&Self], tx: &mut Transaction) -> Result<Vec<Result<IssuedToken>>> {
        let mut drafts = Vec::with_capacity(changes.len());
        for change in changes {
            drafts.push(change.draft(tx).await);
        }
        let records = drafts.iter().filter_map(|draft| match draft {
            Ok(Draft::New(new)) => Some((&new.record, new.revision)),
            _ => None,
        });
        let added = tokens::insert(tx, &records.collect::<Vec<_>>()).await?;
        let mut outcomes = Vec::with_capacity(changes.len());
        for (change, draft) in changes.iter().zip(drafts) {
            outcomes.push(match draft {
                Err(error) => Err(error),
                Ok(Draft::Answered(answer)) => Ok(*answer),
                Ok(Draft::New(new)) if added.contains(&new.record.id()) => {
                    Ok(change.finish(*new, tx).await?)
                }
                Ok(Draft::New(_)) => {
                    let text = "a token of this name exists";
                    Err(Error::new(ErrorKind::Conflict, "name_taken", text).with_field("name"))
                }
            });
        }
        Ok(outcomes)
    }
}

/// What a request for a token comes to.
enum Draft {
    /// It was answered before.
    Answered(Box<IssuedToken>),
    New(Box<NewRow>),
}

/// A token that is to be added, if its name is free.
struct NewRow {
    record: TokenRecord,
    secret: Secret,
    revision: i64,
    caller: String,
    bond: Option<Bond>,
}

impl Create {
    async fn draft(&self, tx: &mut Transaction) -> Result<Draft> {
        let caller = tx.caller(&self.acting.actor).await?;
        let bond = match &self.key {
            Some(_) => Some(Bond::new(&self.acting.actor, "token.create", &self.asked)?),
            None => None,
        };
        if let Some(answer) = answered(tx, self.key.as_ref().zip(bond.as_ref())).await? {
            return Ok(Draft::Answered(Box::new(answer)));
        }
        let Issued { secret, record } =
            self.issuer.issue(&self.asked, &caller, &tx.book(), tx.now(), &mut SysRng)?;
        let revision = tx.take_revision();
        Ok(Draft::New(Box::new(NewRow { record, secret, revision, caller: caller.name, bond })))
    }

    async fn finish(&self, new: NewRow, tx: &mut Transaction) -> Result<IssuedToken> {
        let NewRow { record, secret, revision, caller, bond } = new;
        let token = record.token().clone();
        let entry = Entry::new(&self.acting, &caller, "token.create", Some(&token.name));
        tx.audit(entry.details(token.api.as_str()));
        let answer = IssuedToken { secret, token, revision };
        keep(tx, self.key.as_ref().zip(bond.as_ref()), &answer).await?;
        Ok(answer)
    }
}

/// Gives a token a new secret.
pub(crate) struct Rotate {
    pub(crate) acting: Acting,
    pub(crate) name: String,
    pub(crate) rotation: Rotation,
    pub(crate) issuer: Issuer,
    pub(crate) key: Option<IdempotencyKey>,
    /// Whether the old secret stays good until [`Settle`] says what became of the new one.
    pub(crate) deliver: bool,
}

impl Change for Rotate {
    type Output = IssuedToken;

    async fn apply(&self, tx: &mut Transaction) -> Result<IssuedToken> {
        let caller = tx.caller(&self.acting.actor).await?;
        let bond = Bond::new(&self.acting.actor, "token.rotate", &(&self.name, &self.rotation))?;
        let key = self.key.as_ref().map(|key| (key, &bond));
        if let Some(answer) = answered(tx, key).await? {
            return Ok(answer);
        }
        let stored = tokens::find(&mut tx.conn, &self.name).await?.ok_or_else(not_found)?;
        // A secret that was never said to have arrived is dropped: the one before it is still good.
        let before = match &stored.undelivered {
            Some(undelivered) => undelivered.before.clone(),
            None => stored.record.clone(),
        };
        let grace = if self.deliver { Duration::MAX } else { self.rotation.grace };
        let rotation = Rotation { grace, ..self.rotation.clone() };
        let issued = self.issuer.rotate(&before, &rotation, &caller, &tx.book(), tx.now(), &mut SysRng)?;
        let undelivered = self.deliver.then(|| {
            let grace = u64::try_from(self.rotation.grace.as_millis()).unwrap_or(u64::MAX);
            Undelivered { before, grace }
        });
        let revision = tx.take_revision();
        if !tokens::replace(tx, stored.revision, &issued.record, undelivered.as_ref(), revision).await? {
            return Err(changed());
        }
        let token = issued.record.token();
        tx.audit(entry(&self.acting, &caller, "token.rotate", token));
        let answer = IssuedToken { token: token.clone(), secret: issued.secret, revision };
        keep(tx, key, &answer).await?;
        Ok(answer)
    }
}

/// Says what became of a rotated secret that was to be delivered.
pub(crate) struct Settle {
    pub(crate) acting: Acting,
    pub(crate) name: String,
    /// The digest of the secret that was to be delivered.
    pub(crate) digest: Digest,
    pub(crate) delivered: bool,
}

impl Change for Settle {
    type Output = Changed;

    async fn apply(&self, tx: &mut Transaction) -> Result<Changed> {
        let caller = tx.caller(&self.acting.actor).await?;
        let stored = tokens::find(&mut tx.conn, &self.name).await?.ok_or_else(not_found)?;
        let undelivered = match stored.undelivered {
            Some(undelivered) if stored.record.digest() == self.digest => undelivered,
            _ => return Err(changed()),
        };
        let (record, action) = if self.delivered {
            // The grace runs from the delivery on, not past the old secret's own end.
            let end = tx.now().saturating_add(Duration::from_millis(undelivered.grace));
            let own_end = undelivered.before.token().expires_on;
            let grace_until = own_end.map_or(end, |own| own.min(end));
            (stored.record.with_grace_until(grace_until), "token.delivered")
        } else {
            (undelivered.before, "token.undelivered")
        };
        let revision = tx.take_revision();
        if !tokens::replace(tx, stored.revision, &record, None, revision).await? {
            return Err(changed());
        }
        tx.audit(entry(&self.acting, &caller, action, record.token()));
        Ok(Changed { token: record.token().clone(), revision })
    }
}

/// Ends tokens, both secrets of each. Those that are revoked already stay as they are.
pub(crate) struct Revoke {
    pub(crate) acting: Acting,
    pub(crate) names: Vec<String>,
}

impl Change for Revoke {
    type Output = Vec<Changed>;

    async fn apply(&self, tx: &mut Transaction) -> Result<Vec<Changed>> {
        let caller = tx.caller(&self.acting.actor).await?;
        // All are found before the first is changed, so that one that is missing refuses all.
        for (at, name) in self.names.iter().enumerate() {
            let missing = || not_found().with_field(format!("names[{at}]"));
            tokens::find(&mut tx.conn, name).await?.ok_or_else(missing)?;
        }
        let mut revoked = Vec::with_capacity(self.names.len());
        for name in &self.names {
            // Found again, for a name that is given twice was revoked by its first.
            let stored = tokens::find(&mut tx.conn, name).await?.ok_or_else(not_found)?;
            let Stored { record, revision: was, .. } = stored;
            let already = record.token().revoked_on.is_some();
            let record = record.revoked(tx.now());
            let revision = if already { was } else { tx.take_revision() };
            if !already {
                if !tokens::replace(tx, was, &record, None, revision).await? {
                    return Err(changed());
                }
                tx.audit(entry(&self.acting, &caller, "token.revoke", record.token()));
            }
            revoked.push(Changed { token: record.token().clone(), revision });
        }
        Ok(revoked)
    }
}

/// Ends the token of which a secret was found in the open.
pub(crate) struct RevokeLeaked {
    pub(crate) acting: Acting,
    pub(crate) id: TokenId,
    /// The digest of that secret.
    pub(crate) digest: Digest,
}

impl Change for RevokeLeaked {
    /// Whether the secret was good for anything.
    type Output = bool;

    async fn apply(&self, tx: &mut Transaction) -> Result<bool> {
        let caller = tx.caller(&self.acting.actor).await?;
        let Some(Stored { record, revision: was, .. }) = tokens::find_by_id(&mut tx.conn, self.id).await?
        else {
            return Ok(false);
        };
        let token = record.token();
        let in_grace = token.grace_until.is_some_and(|end| tx.now() < end);
        let ended = matches!(token.status(tx.now()), Status::Revoked | Status::Expired);
        if self.digest != record.digest() && (Some(self.digest) != record.previous_digest() || !in_grace)
            || ended
        {
            // It is good for nothing any more, so nobody is to lose the token over it.
            tx.audit(entry(&self.acting, &caller, "token.leaked", token).refused("not_in_use"));
            return Ok(false);
        }
        let record = record.revoked(tx.now());
        let revision = tx.take_revision();
        if !tokens::replace(tx, was, &record, None, revision).await? {
            return Err(changed());
        }
        tx.audit(entry(&self.acting, &caller, "token.leaked", record.token()));
        Ok(true)
    }
}

/// Removes a token. Its secrets become `unknown`.
pub(crate) struct Delete {
    pub(crate) acting: Acting,
    pub(crate) name: String,
}

impl Change for Delete {
    type Output = i64;

    async fn apply(&self, tx: &mut Transaction) -> Result<i64> {
        let caller = tx.caller(&self.acting.actor).await?;
        let stored = tokens::find(&mut tx.conn, &self.name).await?.ok_or_else(not_found)?;
        if !tokens::delete(tx, stored.record.id()).await? {
            return Err(changed());
        }
        tx.audit(entry(&self.acting, &caller, "token.delete", stored.record.token()));
        forget_deletions(tx).await?;
        Ok(tx.head.revision)
    }
}

/// Removes tokens that have been expired or revoked since before an instant, so many at the most.
pub(crate) struct Purge {
    pub(crate) acting: Acting,
    pub(crate) before: Timestamp,
    pub(crate) limit: i64,
}

impl Change for Purge {
    /// How many it removed.
    type Output = u64;

    async fn apply(&self, tx: &mut Transaction) -> Result<u64> {
        let caller = tx.caller(&self.acting.actor).await?;
        let sql = "SELECT id, name FROM tokens WHERE expires_on < $1 OR revoked_on < $1 LIMIT $2";
        let query = sqlx::query(sql).bind(self.before.min(tx.now()).as_millis()).bind(self.limit);
        let rows = query.fetch_all(&mut tx.conn).await.map_err(fault)?;
        for row in &rows {
            let (id, name): (String, String) =
                (row.try_get(0).map_err(fault)?, row.try_get(1).map_err(fault)?);
            let id = id.parse().map_err(|_| corrupt("a token's id is malformed"))?;
            tokens::delete(tx, id).await?;
            tx.audit(Entry::new(&self.acting, &caller.name, "token.purge", Some(&name)));
        }
        forget_deletions(tx).await?;
        Ok(rows.len() as u64)
    }
}

/// Who has not followed for so long starts over.
async fn forget_deletions(tx: &mut Transaction) -> Result<()> {
    let until = tx.now().as_millis().saturating_sub(DELETIONS_KEPT);
    // Most often the oldest one is not old enough, which is seen without looking at the others.
    let sql = "SELECT deleted_on FROM deletions ORDER BY revision LIMIT 1";
    let oldest = sqlx::query_scalar::<_, i64>(sql).fetch_optional(&mut tx.conn).await.map_err(fault)?;
    if oldest.is_none_or(|oldest| oldest >= until) {
        return Ok(());
    }
    let sql = "SELECT MAX(revision) FROM deletions WHERE deleted_on < $1";
    let last = sqlx::query_scalar::<_, Option<i64>>(sql).bind(until).fetch_one(&mut tx.conn).await;
    if let Some(last) = last.map_err(fault)? {
        tx.execute(sqlx::query("DELETE FROM deletions WHERE revision <= $1").bind(last)).await?;
        tx.head.kept_from = tx.head.kept_from.max(last);
    }
    Ok(())
}

async fn answered(
    tx: &mut Transaction,
    key: Option<(&IdempotencyKey, &Bond)>,
) -> Result<Option<IssuedToken>> {
    let Some((key, bond)) = key else { return Ok(None) };
    answers::find(tx, key, bond).await?.map(|json| IssuedToken::opened(&json)).transpose()
}

async fn keep(
    tx: &mut Transaction,
    key: Option<(&IdempotencyKey, &Bond)>,
    answer: &IssuedToken,
) -> Result<()> {
    match key {
        Some((key, bond)) => answers::keep(tx, key, bond, &answer.sealed()?).await,
        None => Ok(()),
    }
}

fn entry(acting: &Acting, caller: &Caller, action: &'static str, token: &AccessToken) -> Entry {
    Entry::new(acting, &caller.name, action, Some(&token.name))
}

pub(crate) fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "token_not_found", "no token of this name exists").with_field("name")
}

/// Somebody else came first.
fn changed() -> Error {
    let text = "the token was rotated, revoked or deleted meanwhile";
    Error::new(ErrorKind::Conflict, "changed_meanwhile", text).with_field("name")
}
