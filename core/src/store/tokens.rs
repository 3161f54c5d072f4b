//! Tokens as rows: how they are written, and the ways in which they are looked for.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Row as _};

use super::fault::{corrupt, fault};
use super::insert::Insert;
use super::transaction::Transaction;
use crate::{
    AccessToken, Api, Digest, MAX_NAME_LENGTH, Result, Timestamp, TokenFilter, TokenId, TokenRecord,
    check_name,
};

/// A token as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) record: TokenRecord,
    /// The number of its last change.
    pub(crate) revision: i64,
    /// While a rotated secret is being delivered: what to go back to.
    pub(crate) undelivered: Option<Undelivered>,
}

/// A rotation whose new secret has not yet been said to have arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Undelivered {
    /// The token before the rotation.
    pub(crate) before: TokenRecord,
    /// How long the old secret is good after the delivery, in milliseconds.
    pub(crate) grace: u64,
}

/// What is only shown of a token, in one column.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

/// A query over all columns, in the order in which they are read and bound.
macro_rules! select {
    ($rest:literal) => {
        select!("details, undelivered, last_used_on, last_used_from, last_used_via", $rest)
    };
    ($shown:literal, $rest:literal) => {
        concat!(
            "SELECT id, name, api, roles, scopes, target_dn, networks, created_on, created_by, not_before, \
             expires_on, rotated_on, grace_until, revoked_on, digest, previous_digest, revision, ",
            $shown,
            " FROM tokens ",
            $rest
        )
    };
}

pub(crate) async fn find(conn: &mut AnyConnection, name: &str) -> Result<Option<Stored>> {
    if check_name("name", name).is_err() {
        return Ok(None); // what no name can be is not even asked for: PostgreSQL takes no NUL
    }
    one(sqlx::query(select!("WHERE name = $1")).bind(name), conn).await
}

pub(crate) async fn find_by_id(conn: &mut AnyConnection, id: TokenId) -> Result<Option<Stored>> {
    one(sqlx::query(select!("WHERE id = $1")).bind(id.as_str()), conn).await
}

async fn one(query: Query<'_, Any, AnyArguments>, conn: &mut AnyConnection) -> Result<Option<Stored>> {
    query.fetch_optional(conn).await.map_err(fault)?.map(|row| from_row(&row)).transpose()
}

/// So many of the tokens that fit a filter, by name, from after the cursor on.
pub(crate) async fn page(
    conn: &mut AnyConnection,
    filter: &TokenFilter,
    after: &str,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<AccessToken>> {
    let sql = select!(
        "WHERE name > $1 \
           AND ($2 IS NULL OR api = $2) \
           AND ($3 IS NULL OR $3 = CASE WHEN revoked_on IS NOT NULL THEN 'revoked' \
                                        WHEN expires_on <= $4 THEN 'expired' \
                                        WHEN not_before > $4 THEN 'not_yet_valid' \
                                        ELSE 'active' END) \
           AND ($5 IS NULL OR (expires_on <= $5 AND expires_on > $4 AND revoked_on IS NULL)) \
           AND ($6 IS NULL OR lower(name) LIKE $6 ESCAPE '\\') \
         ORDER BY name LIMIT $7"
    );
    if filter
        .name_contains
        .as_deref()
        .is_some_and(|text| text.chars().count() > MAX_NAME_LENGTH || text.contains(char::is_control))
    {
        return Ok(Vec::new());
    }
    // No name has a NUL, which PostgreSQL does not take; what comes after one that had is what comes after its start.
    let after = after.split('\0').next().unwrap_or_default();
    let until = filter.expires_within.map(|span| now.saturating_add(span).as_millis());
    let query = sqlx::query(sql)
        .bind(after)
        .bind(filter.api.map(crate::Api::as_str))
        .bind(filter.status.map(crate::Status::as_str))
        .bind(now.as_millis())
        .bind(until)
        .bind(filter.name_contains.as_deref().map(contains))
        .bind(limit);
    let rows = query.fetch_all(conn).await.map_err(fault)?;
    rows.iter().map(|row| from_row(row).map(|stored| stored.record.token().clone())).collect()
}

/// The pattern of LIKE for texts that contain this one; letters outside of ASCII are compared as they are.
fn contains(text: &str) -> String {
    format!("%{}%", escaped(&text.to_ascii_lowercase()))
}

/// A text that stands for itself in a pattern of LIKE.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What a verifier needs of the tokens that changed after this revision, in the order of their ids.
pub(crate) const CHANGED_SINCE: &str =
    select!("NULL, NULL, CAST(NULL AS BIGINT), NULL, NULL", "WHERE revision > $1");
/// All there is to know of all tokens.
pub(crate) const ALL_IN_FULL: &str = select!("ORDER BY name");

/// A token that was deleted.
#[derive(Debug, Clone)]
pub(crate) struct Deleted {
    pub(crate) revision: i64,
    pub(crate) id: TokenId,
    /// None where it was deleted by a version that did not write it down.
    pub(crate) api: Option<Api>,
}

/// The tokens that were deleted after this revision.
pub(crate) async fn deleted_since(conn: &mut AnyConnection, revision: i64) -> Result<Vec<Deleted>> {
    let sql = "SELECT revision, id, api FROM deletions WHERE revision > $1";
    let query = sqlx::query_as::<_, (i64, String, Option<String>)>(sql);
    let rows = query.bind(revision).fetch_all(conn).await.map_err(fault)?;
    let deleted = |(revision, text, api): (i64, String, Option<String>)| {
        Ok(Deleted { revision, id: id(&text)?, api: api.and_then(|api| api.parse().ok()) })
    };
    rows.into_iter().map(deleted).collect()
}

/// Adds tokens, each with the number of the change. Gives the ids of those that were added: the name of another, or its
/// id, is taken, be it by one before it.
pub(crate) async fn insert(tx: &mut Transaction, rows: &[(&TokenRecord, i64)]) -> Result<HashSet<TokenId>> {
    static INSERT: Insert = Insert::new(
        "INSERT INTO tokens (id, name, api, roles, scopes, target_dn, networks, created_on, created_by, not_before, \
         expires_on, rotated_on, grace_until, revoked_on, digest, previous_digest, revision, details)",
        18,
        "ON CONFLICT DO NOTHING RETURNING id",
    );
    let mut added = HashSet::with_capacity(rows.len());
    for (statement, rows) in INSERT.portions(tx.kind(), rows) {
        let mut query = sqlx::query(statement);
        for (record, revision) in rows {
            let token = record.token();
            query = query
                .bind(record.id().as_str())
                .bind(&token.name)
                .bind(token.api.as_str())
                .bind(list(&token.roles)?)
                .bind(list(&token.scopes)?)
                .bind(&token.target_dn)
                .bind(list(&token.networks)?)
                .bind(token.created_on.as_millis())
                .bind(&token.created_by)
                .bind(token.not_before.map(Timestamp::as_millis))
                .bind(token.expires_on.map(Timestamp::as_millis))
                .bind(token.rotated_on.map(Timestamp::as_millis))
                .bind(token.grace_until.map(Timestamp::as_millis))
                .bind(token.revoked_on.map(Timestamp::as_millis))
                .bind(record.digest().as_bytes().as_slice())
                .bind(record.previous_digest().map(|digest| digest.as_bytes().to_vec()))
                .bind(*revision)
                .bind(details(token)?);
        }
        for row in tx.fetch_changed(query).await? {
            added.insert(id(&row.try_get::<String, _>(0).map_err(fault)?)?);
        }
    }
    Ok(added)
}

pub(super) fn id(text: &str) -> Result<TokenId> {
    text.parse().map_err(|_| corrupt("a token's id is malformed"))
}

/// Changes what a rotation or a revocation changes, if the token is still as it was at revision `was`.
pub(crate) async fn replace(
    tx: &mut Transaction,
    was: i64,
    record: &TokenRecord,
    undelivered: Option<&Undelivered>,
    revision: i64,
) -> Result<bool> {
    let sql = "UPDATE tokens SET expires_on = $3, rotated_on = $4, grace_until = $5, revoked_on = $6, \
               digest = $7, previous_digest = $8, undelivered = $9, revision = $10 \
               WHERE id = $1 AND revision = $2";
    let token = record.token();
    let query = sqlx::query(sql)
        .bind(record.id().as_str())
        .bind(was)
        .bind(token.expires_on.map(Timestamp::as_millis))
        .bind(token.rotated_on.map(Timestamp::as_millis))
        .bind(token.grace_until.map(Timestamp::as_millis))
        .bind(token.revoked_on.map(Timestamp::as_millis))
        .bind(record.digest().as_bytes().as_slice())
        .bind(record.previous_digest().map(|digest| digest.as_bytes().to_vec()))
        .bind(undelivered.map(json).transpose()?)
        .bind(revision);
    Ok(tx.execute(query).await? == 1)
}

/// Removes a token, and remembers its id for those who follow.
pub(crate) async fn delete(tx: &mut Transaction, id: TokenId) -> Result<bool> {
    let gone = sqlx::query("DELETE FROM tokens WHERE id = $1 RETURNING api").bind(id.as_str());
    let gone = tx.fetch_changed(gone).await?;
    let Some(row) = gone.first() else { return Ok(false) };
    let api: String = row.try_get(0).map_err(fault)?;
    let revision = tx.take_revision();
    let noted = sqlx::query("INSERT INTO deletions (revision, id, deleted_on, api) VALUES ($1, $2, $3, $4)")
        .bind(revision)
        .bind(id.as_str())
        .bind(tx.now().as_millis())
        .bind(api);
    tx.execute(noted).await?;
    Ok(true)
}

fn details(token: &AccessToken) -> Result<Option<String>> {
    let details = Details { description: token.description.clone(), metadata: token.metadata.clone() };
    (details != Details::default()).then(|| json(&details)).transpose()
}

fn list<T: Serialize>(items: &[T]) -> Result<Option<String>> {
    (!items.is_empty()).then(|| json(items)).transpose()
}

pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| corrupt("what is to be stored cannot be written").with_cause(error))
}

/// A token from a row of `select!`.
pub(crate) fn from_row(row: &AnyRow) -> Result<Stored> {
    let text = |at: usize| row.try_get::<Option<String>, _>(at).map_err(fault);
    let instant = |at: usize| match row.try_get::<Option<i64>, _>(at).map_err(fault)? {
        None => Ok(None),
        Some(millis) => Timestamp::from_millis(millis)
            .map(Some)
            .ok_or_else(|| corrupt("a token's instant is out of range")),
    };
    let required = |at: usize| row.try_get::<String, _>(at).map_err(fault);
    let name = required(1)?;
    let api = required(2)?.parse().map_err(|_| corrupt("a token's API is unknown"))?;
    let created_on = instant(7)?.ok_or_else(|| corrupt("a token was never created"))?;
    let details: Details = parsed(text(17)?)?;
    let token = AccessToken {
        id: Some(id(&required(0)?)?),
        roles: parsed(text(3)?)?,
        scopes: parsed(text(4)?)?,
        target_dn: text(5)?,
        networks: parsed(text(6)?)?,
        description: details.description,
        metadata: details.metadata,
        created_by: text(8)?,
        not_before: instant(9)?,
        expires_on: instant(10)?,
        rotated_on: instant(11)?,
        grace_until: instant(12)?,
        revoked_on: instant(13)?,
        last_used_on: instant(19)?,
        last_used_from: text(20)?,
        last_used_via: text(21)?,
        ..AccessToken::new(name, api, created_on)
    };
    let record = TokenRecord::new(token, digest(row.try_get(14).map_err(fault)?)?, {
        row.try_get::<Option<Vec<u8>>, _>(15).map_err(fault)?.map(digest).transpose()?
    });
    Ok(Stored {
        record: record.map_err(|error| corrupt("a token's record breaks a rule").with_cause(error))?,
        revision: row.try_get(16).map_err(fault)?,
        undelivered: parsed(text(18)?)?,
    })
}

fn digest(bytes: Vec<u8>) -> Result<Digest> {
    bytes.try_into().map(Digest::from_bytes).map_err(|_| corrupt("a token's digest has not 32 bytes"))
}

/// JSON, or what stands for nothing.
pub(super) fn parsed<T: DeserializeOwned + Default>(json: Option<String>) -> Result<T> {
    // serde's own text is not passed on, for it quotes.
    json.map_or_else(
        || Ok(T::default()),
        |json| serde_json::from_str(&json).map_err(|_| corrupt("a stored list or description is malformed")),
    )
}
