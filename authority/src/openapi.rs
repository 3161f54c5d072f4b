//! The OpenAPI document, made from the operations as they are served.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use gatepass::wire::{ClientError, LoginRefused};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::body::json_bytes;
use crate::endpoint::{Content, Endpoint, all};
use crate::scopes::Needs;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("get-openapi", Method::GET, "/openapi.json", read)
            .says("This document")
            .gives::<Map<String, Value>>(200),
    ]
}

async fn read(State(_): State<Arc<App>>) -> Response {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());
    json_bytes(DOCUMENT.clone())
}

/// The description of every operation, in OpenAPI 3.1.
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in all() {
        let operation = operation(&endpoint, &mut generator);
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Value::Object(path) = path {
            path.insert(endpoint.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gatepass authority",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "RadiantOne's authentication service, and what Gatepass adds to it.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    })
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = path_parameters(endpoint.path)
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    for (place, list) in [("query", endpoint.query), ("header", endpoint.headers)] {
        parameters.extend(list.iter().map(|(name, description)| {
            json!({"name": name, "in": place, "description": description, "schema": {"type": "string"}})
        }));
    }
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": responses(endpoint, generator),
        "security": security(endpoint),
    });
    if let Value::Object(operation) = &mut operation {
        if let Some(content) = endpoint.takes {
            let body = json!({"required": true, "content": body(content, generator)});
            operation.insert("requestBody".to_owned(), body);
        }
        if let Some(scope) = endpoint.rule.needs.scope() {
            operation.insert("x-gatepass-scope".to_owned(), json!(scope.to_string()));
            operation.insert("x-gatepass-scope-inferred".to_owned(), json!(endpoint.rule.inferred));
        }
    }
    operation
}

fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn body(content: Content, generator: &mut SchemaGenerator) -> Value {
    let mut body = Map::new();
    body.insert(content.media.to_owned(), json!({"schema": (content.schema)(generator)}));
    Value::Object(body)
}

fn responses(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    let mut well = json!({"description": "Done"});
    if let (Value::Object(well), Some(content)) = (&mut well, endpoint.gives.content) {
        well.insert("content".to_owned(), body(content, generator));
    }
    responses.insert(endpoint.gives.status.to_string(), well);
    let error = match endpoint.id {
        "post-login" | "post-login-v2" | "put-token-refresh" | "validate-adap-token" => {
            generator.subschema_for::<LoginRefused>()
        }
        _ => generator.subschema_for::<ClientError>(),
    };
    let text = generator.subschema_for::<String>();
    let mut refuses = endpoint.refuses.to_vec();
    if !matches!(endpoint.rule.needs, Needs::Nothing) {
        refuses.extend([401, 403, 503]);
    }
    for status in refuses {
        let schema = if endpoint.id == "delete-auth-token" && status == 401 { &text } else { &error };
        let description = gatepass::wire::vendor_code(status);
        let answer = json!({"description": description, "content": {"application/json": {"schema": schema}}});
        responses.insert(status.to_string(), answer);
    }
    Value::Object(responses)
}

fn security(endpoint: &Endpoint) -> Value {
    match (endpoint.id, endpoint.rule.needs) {
        ("post-login" | "post-login-v2", _) => json!([{"basic": []}]),
        ("put-token-refresh" | "validate-adap-token", _) => json!([{"bearer": []}]),
        (_, Needs::Nothing) => json!([]),
        (_, needs) => {
            let scopes: Vec<String> = needs.scope().iter().map(ToString::to_string).collect();
            json!([{"bearer": scopes}])
        }
    }
}
