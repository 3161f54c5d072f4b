//! All tokens at once, as a verifier needs them: a million of them are read in seconds.

use futures_util::TryStreamExt as _;
use sqlx::AnyConnection;
use tokio::sync::mpsc::Sender;

use super::fault::{corrupt, fault, in_time};
use super::location::Kind;
use super::tokens;
use crate::packed::Packed;
use crate::{Result, TokenRecord};

/// How many tokens are handed over at once.
const PORTION: u16 = 1000;

/// Where the portions go. It is closed by who has had enough.
pub(crate) type Portions = Sender<Result<Vec<TokenRecord>>>;

/// Reads all tokens and hands them over in portions; gives their number.
pub(crate) async fn read(conn: &mut AnyConnection, kind: Kind, portions: &Portions) -> Result<usize> {
    match kind {
        Kind::Sqlite => read_packed(conn, portions).await,
        Kind::Postgres => read_rows(conn, portions).await,
    }
}

async fn read_rows(conn: &mut AnyConnection, portions: &Portions) -> Result<usize> {
    let mut rows = sqlx::query(tokens::CHANGED_SINCE).bind(i64::MIN).fetch(conn);
    let (mut portion, mut found) = (Vec::with_capacity(usize::from(PORTION)), 0);
    while let Some(row) = in_time(async { rows.try_next().await.map_err(fault) }).await? {
        portion.push(tokens::from_row(&row)?.record);
        found += 1;
        if portion.len() == usize::from(PORTION)
            && portions.send(Ok(std::mem::take(&mut portion))).await.is_err()
        {
            return Ok(found);
        }
    }
    portions.send(Ok(portion)).await.ok();
    Ok(found)
}

/// From SQLite every row is handed from thread to thread, which takes longer than reading it. So SQLite packs a
/// portion into one, as JSON.
async fn read_packed(conn: &mut AnyConnection, portions: &Portions) -> Result<usize> {
    let sql = "SELECT MAX(place), json_group_array(json_array(id, name, api, json(roles), json(scopes), target_dn, \
               json(networks), not_before, expires_on, grace_until, revoked_on, lower(hex(digest)), \
               lower(hex(previous_digest)))) \
               FROM (SELECT rowid AS place, * FROM tokens WHERE rowid > $1 ORDER BY rowid LIMIT $2)";
    let (mut place, mut found) = (i64::MIN, 0);
    loop {
        let query = sqlx::query_as::<_, (Option<i64>, String)>(sql).bind(place).bind(i64::from(PORTION));
        let (last, json) = query.fetch_one(&mut *conn).await.map_err(fault)?;
        let Some(last) = last else { return Ok(found) };
        place = last;
        // serde's own text is not passed on, for it quotes.
        let packed: Vec<Packed<'_>> =
            serde_json::from_str(&json).map_err(|_| corrupt("a token's record is malformed"))?;
        found += packed.len();
        let unpack = |packed: Packed<'_>| {
            packed.unpack().map_err(|error| corrupt("a token's record breaks a rule").with_cause(error))
        };
        let records = packed.into_iter().map(unpack).collect::<Result<_>>()?;
        if portions.send(Ok(records)).await.is_err() {
            return Ok(found);
        }
    }
}
