//! Many operations in one request: RFC 7644 section 3.7. Each is done or refused by itself; one may refer to what another
//! one before it makes, by its `bulkId`.

use std::collections::HashMap;

use gatepass::wire::scim::{PatchOp, ScimError};
use gatepass::{Error, ErrorKind, Result};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::store::Several;
use super::resource::{location, version};
use super::schema::{Resource, TYPES};
use super::write::{Condition, Context, object};
use crate::errors::scim_error;

/// Operations of a request, and bytes of its body.
pub(super) const MOST: usize = 10_000;
pub(super) const BODY: usize = 32 << 20;

const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    #[serde(default)]
    fail_on_errors: Option<u64>,
    #[serde(rename = "Operations")]
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    method: String,
    path: String,
    #[serde(default)]
    bulk_id: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    data: Option<Value>,
}

#[derive(Serialize)]
pub(super) struct Response {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<Done>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ScimError>,
}

/// What was done: where it is, and its `ETag`, unless it is gone.
struct Outcome {
    status: u16,
    id: Option<String>,
    location: Option<String>,
    version: Option<String>,
}

/// Does all of them, in order, until so many have failed as the request says.
pub(super) fn run(context: &Context<'_>, several: &Several<'_, '_>, request: Request) -> Result<Response> {
    if request.operations.len() > MOST {
        return Err(Error::invalid("Operations", "too_many", "a request has at most 10000 operations"));
    }
    let (mut made, mut failures) = (HashMap::new(), 0);
    let mut operations = Vec::with_capacity(request.operations.len());
    for operation in request.operations {
        let (method, bulk_id) = (operation.method.to_ascii_uppercase(), operation.bulk_id.clone());
        let asked = location_of(context, &operation);
        let done = match several.alone(|_| one(context, &method, operation, &made))? {
            Ok(Outcome { status, id, location, version }) => {
                if let (Some(bulk_id), Some(id)) = (&bulk_id, id) {
                    made.insert(bulk_id.clone(), id);
                }
                Done { method, bulk_id, location, version, status: status.to_string(), response: None }
            }
            Err(error) => {
                failures += 1;
                let error = scim_error(&error);
                let status = error.status.clone();
                Done { method, bulk_id, location: asked, version: None, status, response: Some(error) }
            }
        };
        operations.push(done);
        if request.fail_on_errors.is_some_and(|most| failures >= most.max(1)) {
            break;
        }
    }
    Ok(Response { schemas: [RESPONSE], operations })
}

/// Where the resource is that an operation is about, if it says so itself.
fn location_of(context: &Context<'_>, operation: &Operation) -> Option<String> {
    let is_new = operation.method.eq_ignore_ascii_case("POST");
    (!is_new && operation.path.starts_with('/')).then(|| format!("{}{}", context.base, operation.path))
}

fn one(
    context: &Context<'_>,
    method: &str,
    operation: Operation,
    made: &HashMap<String, String>,
) -> Result<Outcome> {
    let (kind, id) = target(&operation.path, made)?;
    let mut data = operation.data.unwrap_or_default();
    resolve(&mut data, made)?;
    let condition = Condition { if_match: operation.version, if_none_match: None };
    let (status, entry) = match (method, id) {
        ("POST", None) => {
            if operation.bulk_id.is_none() {
                return Err(malformed("what makes a resource has a bulkId"));
            }
            (201, context.create(kind, &object(data)?)?)
        }
        ("PUT", Some(id)) => (200, context.replace(kind, &id, &object(data)?, &condition)?),
        ("PATCH", Some(id)) => {
            let patch: PatchOp =
                serde_json::from_value(data).map_err(|_| malformed("the data is not of its form"))?;
            (200, context.patch(kind, &id, &patch.operations, &condition)?)
        }
        ("DELETE", Some(id)) => {
            context.delete(kind, &id, &condition)?;
            let location = Some(location(context.base, kind, &id));
            return Ok(Outcome { status: 204, id: None, location, version: None });
        }
        _ => return Err(malformed("the method does not go with the path")),
    };
    Ok(Outcome {
        status,
        location: Some(location(context.base, kind, &entry.uuid)),
        version: Some(version(&entry)),
        id: Some(entry.uuid),
    })
}

/// `/Users`, `/Users/ID`, `/Users/bulkId:NAME`.
fn target(path: &str, made: &HashMap<String, String>) -> Result<(&'static Resource, Option<String>)> {
    let unknown = || Error::new(ErrorKind::NotFound, "resource_not_found", "nothing is at this path");
    let rest = path.strip_prefix('/').ok_or_else(unknown)?;
    let (endpoint, id) = rest.split_once('/').map_or((rest, None), |(endpoint, id)| (endpoint, Some(id)));
    let kind =
        TYPES.iter().find(|kind| kind.endpoint.strip_prefix('/') == Some(endpoint)).ok_or_else(unknown)?;
    let id = match id {
        None => None,
        Some(id) => match id.strip_prefix("bulkId:") {
            Some(bulk_id) => Some(made.get(bulk_id).ok_or_else(unresolved)?.clone()),
            None => Some(percent_decode_str(id).decode_utf8().map_err(|_| unknown())?.into_owned()),
        },
    };
    Ok((kind, id))
}

/// Puts the ids of what was made in the places of their `bulkId`s. How deep it goes, reading the body has bounded.
fn resolve(value: &mut Value, made: &HashMap<String, String>) -> Result<()> {
    match value {
        Value::String(text) => {
            if let Some(bulk_id) = text.strip_prefix("bulkId:") {
                *text = made.get(bulk_id).ok_or_else(unresolved)?.clone();
            }
            Ok(())
        }
        Value::Array(list) => list.iter_mut().try_for_each(|value| resolve(value, made)),
        Value::Object(parts) => parts.values_mut().try_for_each(|value| resolve(value, made)),
        _ => Ok(()),
    }
}

fn unresolved() -> Error {
    let text = "a bulkId is of nothing that was made before it";
    Error::new(ErrorKind::Conflict, "bulk_id_unresolved", text)
}

fn malformed(text: &'static str) -> Error {
    Error::invalid("Operations", "invalid_syntax", text)
}
