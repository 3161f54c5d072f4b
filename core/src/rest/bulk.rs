//! Many operations in one request.

use reqwest::Method;
use serde_json::{Value, json};

use super::{CODES, RestClient, checked, hiding, secrets_of, secrets_of_mods};
use crate::client::dialect::Dialect;
use crate::wire::adap::{self, BulkAnswer, BulkMethod, BulkOperation, BulkRequest, BulkStatus};
use crate::{Error, Result};

/// What became of one of many operations.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BulkResult {
    /// Which it was.
    pub method: BulkMethod,
    /// Its entry.
    pub dn: String,
    /// How it ended.
    pub outcome: Result<()>,
}

impl RestClient {
    /// Does many operations in one request, in this order. One that fails keeps no other from being done, and tells of it in its
    /// own result; the results have the operations' order. Ten thousand may be sent at once: a server may take longer than
    /// [`ConnectOptions::timeout`](crate::ConnectOptions::timeout) for them.
    ///
    /// # Errors
    /// Those of the request as a whole. Where the answer is lost (unavailable, timeout) some or all may have been done: it is not
    /// sent twice.
    pub async fn bulk(&self, operations: impl IntoIterator<Item = BulkOperation>) -> Result<Vec<BulkResult>> {
        let body = BulkRequest { operations: operations.into_iter().collect() };
        for operation in &body.operations {
            checked("dn", &operation.dn)?;
        }
        if body.operations.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.request(Method::POST, adap::BULK).json(&body)?;
        let secrets = body.operations.iter().flat_map(secrets_in).collect();
        let answer = self.sender.send(hiding(request, secrets)).await?;
        let results = Self::read::<BulkAnswer>(&answer)?.operations;
        if results.len() != body.operations.len() {
            return Err(answer.malformed("the server does not say of each operation what became of it"));
        }
        let each = body.operations.iter().zip(results);
        each.map(|(operation, status)| {
            let code = status.status.code.parse::<u16>();
            let code = code.map_err(|_| answer.malformed("the server says a status that is no number"))?;
            let outcome = match code {
                200..=299 => Ok(()),
                code => {
                    Err(answer.refusal(code, &said(&status), Dialect::Adap, CODES, secrets_in(operation)))
                }
            };
            Ok(BulkResult { method: operation.method, dn: operation.dn.clone(), outcome })
        })
        .collect::<Result<_, Error>>()
    }
}

/// The same as if it had been said of one operation.
fn said(status: &BulkStatus) -> Value {
    json!({"ldapCode": status.status.ldap_code, "description": status.status.description})
}

fn secrets_in(operation: &BulkOperation) -> Vec<&str> {
    let params = &operation.params;
    let attributes = params.attributes.iter().flat_map(secrets_of);
    attributes.chain(params.mods.iter().flat_map(|mods| secrets_of_mods(mods))).collect()
}
