//! JSON schemas of what is not written as it is declared, for an authority's description of itself.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::permissions_wire;
use crate::{Digest, Level, Permissions, Timestamp, TokenId, TokenRights};

macro_rules! text {
    ($($name:ident: $($key:literal => $value:expr),+;)*) => {
        $(impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", $($key: $value),+})
            }
        })*
    };
}

text! {
    Timestamp: "format" => "date-time";
    Digest: "pattern" => "^[0-9a-f]{64}$";
    TokenId: "pattern" => "^[0-9A-Za-z]{12}$";
}

impl JsonSchema for Permissions {
    fn schema_name() -> Cow<'static, str> {
        "Permissions".into()
    }

    /// What the vendor's form has a place for; what stands beside it is kept, whatever it is.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let level = generator.subschema_for::<Level>();
        let rights = generator.subschema_for::<TokenRights>();
        let mut properties = Map::new();
        for (key, value) in permissions_wire::write(&Self::none()) {
            properties.insert(key, shape(&value, level.as_value()));
        }
        properties.insert(permissions_wire::TOKENS.to_owned(), rights.to_value());
        json_schema!({"type": "object", "properties": properties})
    }
}

/// The schema of what looks like this, where every text is a level.
fn shape(example: &Value, level: &Value) -> Value {
    match example {
        Value::String(_) => level.clone(),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Object(members) => {
            let members: Map<_, _> =
                members.iter().map(|(key, value)| (key.clone(), shape(value, level))).collect();
            json!({"type": "object", "properties": members})
        }
        Value::Array(_) => json!({"type": "array", "items": {
            "type": "object",
            "properties": {"dataSourceName": {"type": "string"}, "permission": level},
            "required": ["dataSourceName", "permission"],
        }}),
        Value::Null | Value::Number(_) => json!({"type": ["string", "null"]}),
    }
}
