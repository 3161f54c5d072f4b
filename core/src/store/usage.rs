//! When tokens were last used, as those who check them report it.
//!
//! A report is late, may come twice and in any order; so of two uses the later one is kept, and none is later than now.
//! It is no change that anybody follows: it takes no revision, and leaves nothing in the audit trail.

use std::collections::HashMap;

use super::audit;
use super::tokens::json;
use super::transaction::Transaction;
use super::writer::Change;
use crate::wire::Used;
use crate::{Acting, Api, Result, TokenId};

/// Uses in one commit, at the most.
pub(crate) const USES_AT_ONCE: usize = 1000;

/// Takes uses over; those of tokens that are not there, or that the reporter may not verify, are passed over.
pub(crate) struct ReportUsage {
    pub(crate) acting: Acting,
    pub(crate) uses: Vec<Used>,
}

/// One statement for all: each alone would wait for the server. The uses are an array of arrays: id, instant, peer.
const SQLITE: &str = "UPDATE tokens SET last_used_on = used.used_on, last_used_from = used.peer, last_used_via = $2 \
     FROM (SELECT json_extract(value, '$[0]') AS used_id, json_extract(value, '$[1]') AS used_on, \
                  json_extract(value, '$[2]') AS peer FROM json_each($1)) AS used \
     WHERE id = used.used_id AND (last_used_on IS NULL OR last_used_on < used.used_on) AND api IN ($3, $4, $5)";
const POSTGRES: &str = "UPDATE tokens SET last_used_on = used.used_on, last_used_from = used.peer, last_used_via = $2 \
     FROM (SELECT value ->> 0 AS used_id, CAST(value ->> 1 AS BIGINT) AS used_on, value ->> 2 AS peer \
           FROM json_array_elements(CAST($1 AS JSON))) AS used \
     WHERE id = used.used_id AND (last_used_on IS NULL OR last_used_on < used.used_on) AND api IN ($3, $4, $5)";

impl Change for ReportUsage {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction) -> Result<()> {
        let caller = tx.caller(&self.acting.actor).await?;
        let verify = &caller.permissions.token_rights().verify;
        let now = tx.now().as_millis();
        let mut latest: HashMap<TokenId, Used> = HashMap::with_capacity(self.uses.len());
        for Used(id, on, peer) in &self.uses {
            // What happened before 1970 did not.
            let used = Used(*id, (*on).clamp(0, now.max(0)), peer.map(|peer| peer.to_canonical()));
            let kept = latest.entry(*id).or_insert_with(|| used.clone());
            if used.1 > kept.1 {
                *kept = used;
            }
        }
        let mut query = sqlx::query(tx.kind().choose(SQLITE, POSTGRES))
            .bind(json(&latest.into_values().collect::<Vec<_>>())?)
            .bind(audit::actor(&self.acting, &caller.name));
        for api in Api::ALL {
            query = query.bind(verify.contains(&api).then_some(api.as_str()));
        }
        tx.execute(query).await.map(drop)
    }
}
