//! Answers that may have to be given twice: a request whose answer was lost is sent again under the same key,
//! and gets the same answer, the secret in it included.
//!
//! The store cannot read them: an answer is sealed by a key that is derived from the request's, of which only a
//! hash is kept, and bound to who asked and what for.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use hkdf::Hkdf;
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::fault::fault;
use super::transaction::Transaction;
use crate::{Actor, Error, ErrorKind, IdempotencyKey, Result};

/// How long an answer is kept, in milliseconds: 24 h.
const KEPT: i64 = 24 * 3_600_000;
/// The bytes before an answer: what makes the cipher's key stream its own.
const NONCE: usize = 12;

/// All that is kept of a key.
fn hash(key: &IdempotencyKey) -> Vec<u8> {
    Sha256::digest(key.reveal().as_bytes()).to_vec()
}

fn cipher(key: &IdempotencyKey) -> Result<ChaCha20Poly1305> {
    let mut derived = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, key.reveal().as_bytes())
        .expand(b"gatepass answer v1", derived.as_mut_slice())
        .map_err(|_| broken())?;
    ChaCha20Poly1305::new_from_slice(derived.as_slice()).map_err(|_| broken())
}

fn broken() -> Error {
    Error::new(ErrorKind::Internal, "seal", "an answer cannot be sealed")
}

/// What an answer is bound to: who asked, and what for.
pub(crate) struct Bond(Vec<u8>);

impl Bond {
    pub(crate) fn new(actor: &Actor, action: &str, request: &impl Serialize) -> Result<Self> {
        let request = serde_json::to_vec(request).map_err(|_| broken())?;
        // A token by its id: its name may be another's one day.
        let caller = actor.to_string();
        let mut hash = Sha256::new();
        for part in [caller.as_bytes(), action.as_bytes(), &request] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Ok(Self(hash.finalize().to_vec()))
    }
}

/// The answer that was given to this request before, if it was sent before.
///
/// # Errors
/// `idempotency_mismatch` (conflict) where the key was used for another request, or by another caller.
pub(crate) async fn find(
    tx: &mut Transaction,
    key: &IdempotencyKey,
    bond: &Bond,
) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let sql = "SELECT sealed FROM answers WHERE key_hash = $1 AND expires_on > $2";
    let query = sqlx::query_scalar::<_, Vec<u8>>(sql).bind(hash(key)).bind(tx.now().as_millis());
    let Some(sealed) = query.fetch_optional(&mut tx.conn).await.map_err(fault)? else { return Ok(None) };
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(broken)?;
    let payload = Payload { msg: sealed, aad: &bond.0 };
    cipher(key)?.decrypt(&Nonce::from(*nonce), payload).map(|open| Some(Zeroizing::new(open))).map_err(|_| {
        let text = "this idempotency key was used for another request";
        Error::new(ErrorKind::Conflict, "idempotency_mismatch", text).with_field("idempotencyKey")
    })
}

/// Keeps an answer, and forgets those that are too old.
pub(crate) async fn keep(
    tx: &mut Transaction,
    key: &IdempotencyKey,
    bond: &Bond,
    answer: &[u8],
) -> Result<()> {
    let mut nonce = [0; NONCE];
    SysRng.try_fill_bytes(&mut nonce).map_err(|_| broken())?;
    let payload = Payload { msg: answer, aad: &bond.0 };
    let mut sealed = nonce.to_vec();
    sealed.extend(cipher(key)?.encrypt(&Nonce::from(nonce), payload).map_err(|_| broken())?);
    let now = tx.now().as_millis();
    tx.execute(sqlx::query("DELETE FROM answers WHERE expires_on <= $1").bind(now)).await?;
    let sql = "INSERT INTO answers (key_hash, sealed, expires_on) VALUES ($1, $2, $3)";
    let query = sqlx::query(sql).bind(hash(key)).bind(sealed).bind(now.saturating_add(KEPT));
    tx.execute(query).await.map(drop)
}
