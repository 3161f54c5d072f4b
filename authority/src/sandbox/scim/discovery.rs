//! What the server says of itself: RFC 7644 section 4. All of it is made from the table of attributes.

use gatepass::wire::scim::{
    ListResponse, Meta, RESOURCE_TYPE, ResourceType, SCHEMA, SERVICE_PROVIDER_CONFIG, Schema as Described,
    SchemaExtension,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::bulk;
use super::list::MOST;
use super::schema::{Resource, Schema, TYPES};

fn meta(kind: &str, base: &str, path: &str) -> Meta {
    let location = Some(format!("{base}{path}"));
    Meta { resource_type: Some(kind.to_owned()), location, ..Meta::default() }
}

pub(super) fn schemas(base: &str) -> Vec<Described> {
    let of = |schema: &'static Schema| Described {
        schemas: vec![SCHEMA.to_owned()],
        id: schema.urn.to_owned(),
        name: Some(schema.name.to_owned()),
        description: Some(schema.says.to_owned()),
        attributes: schema.attributes.iter().map(super::schema::Attribute::described).collect(),
        meta: Some(meta("Schema", base, &format!("/Schemas/{}", schema.urn))),
    };
    TYPES.iter().flat_map(|kind| kind.schemas).map(of).collect()
}

pub(super) fn resource_types(base: &str) -> Vec<ResourceType> {
    let of = |kind: &&'static Resource| ResourceType {
        schemas: vec![RESOURCE_TYPE.to_owned()],
        id: Some(kind.name.to_owned()),
        name: kind.name.to_owned(),
        endpoint: kind.endpoint.to_owned(),
        description: Some(kind.says.to_owned()),
        schema: kind.schemas.first().map(|schema| schema.urn.to_owned()).unwrap_or_default(),
        schema_extensions: kind
            .schemas
            .iter()
            .skip(1)
            .map(|schema| SchemaExtension { schema: schema.urn.to_owned(), required: false })
            .collect(),
        meta: Some(meta("ResourceType", base, &format!("/ResourceTypes/{}", kind.name))),
    };
    TYPES.iter().map(of).collect()
}

pub(super) fn config(base: &str) -> Value {
    json!({
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "documentationUri": "https://www.rfc-editor.org/rfc/rfc7644",
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": bulk::MOST,
            "maxPayloadSize": bulk::BODY,
        },
        "filter": {"supported": true, "maxResults": MOST},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Access token",
            "description": "A token for the SCIM API, in the header Authorization (RFC 6750)",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": meta("ServiceProviderConfig", base, "/ServiceProviderConfig"),
    })
}

/// All of them in one list; they are few.
pub(super) fn list<T: Serialize>(all: Vec<T>) -> ListResponse<T> {
    let count = all.len() as u64;
    ListResponse::new(all, 1, count)
}
