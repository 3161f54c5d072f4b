//! Many operations in one request: each done or refused by itself, all written to the disk together.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::IntoResponse as _;
use gatepass::wire::adap::{
    BulkAnswer, BulkCode, BulkMethod, BulkOperation, BulkRequest, BulkStatus, ldap_code,
};
use gatepass::{Dn, Error, ErrorKind, Result};

use super::{Answer, Caller, Operation};
use crate::app::App;
use crate::body::{self, Json};

/// Bytes of the body.
const BODY: usize = 64 << 20;
/// Operations of a request.
const MOST: usize = 100_000;

pub(super) async fn bulk(State(app): State<Arc<App>>, caller: Caller, request: Request) -> Answer {
    let bytes = body::read_up_to(request.into_body(), &app, BODY).await?;
    let parsing = tokio::task::spawn_blocking(move || body::parse::<BulkRequest>(&bytes));
    let lost = |_| Error::new(ErrorKind::Internal, "bulk", "the request was lost");
    let BulkRequest { operations } = parsing.await.map_err(lost)??;
    if operations.len() > MOST {
        let text = "one request has at most 100000 operations";
        return Err(Error::invalid("Operations", "too_many", text).into());
    }
    let (now, acting) = (caller.sandbox.clock.now(), caller.acting);
    let written = caller.sandbox.store.write_several(move |several| {
        let mut done = Vec::with_capacity(operations.len());
        for operation in operations {
            let (method, dn) = (operation.method, operation.dn.clone());
            let status = match several.alone(|conn| read(operation)?.run(conn, &acting, now))? {
                Ok(()) => BulkCode { code: "200".to_owned(), ldap_code: None, description: None },
                Err(error) => BulkCode {
                    code: "400".to_owned(),
                    ldap_code: ldap_code(error.code()),
                    description: Some(error.to_string()),
                },
            };
            done.push(BulkStatus { method, dn, status });
        }
        Ok(done)
    });
    Ok(Json(BulkAnswer { operations: written.await? }).into_response())
}

fn read(operation: BulkOperation) -> Result<Operation> {
    let name = Dn::parse("dn", &operation.dn)?;
    let params = operation.params;
    let missing = |text| Error::invalid("params", "body_malformed", text);
    Ok(match operation.method {
        BulkMethod::Post => {
            Operation::Add(name, params.attributes.ok_or_else(|| missing("an addition has attributes"))?)
        }
        BulkMethod::Put => Operation::Replace(
            name,
            params.attributes.ok_or_else(|| missing("a replacement has attributes"))?,
        ),
        BulkMethod::Patch => {
            Operation::Modify(name, params.mods.ok_or_else(|| missing("a modification has mods"))?)
        }
        BulkMethod::Delete => Operation::Delete { name, tree: operation.deletetree },
    })
}
