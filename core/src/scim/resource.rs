//! A resource of any form.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A resource, as its server wrote it. What it may say is for its schemas to tell (RFC 7643).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resource(pub Map<String, Value>);

/// What it says something of, and not what: that may be a password.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("id", &self.id())
            .field("says", &self.0.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl Resource {
    /// Its id, by which it is read and changed; empty where it has none yet.
    pub fn id(&self) -> &str {
        self.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// Which it is of its versions, for [`Resources::if_match`](super::Resources::if_match); where the server counts them.
    pub fn version(&self) -> Option<&str> {
        self.get("meta.version").and_then(Value::as_str)
    }

    /// What it says: `userName`, or `name.familyName`. The names of attributes are the same in any case (RFC 7643 section 2.1).
    pub fn get(&self, path: &str) -> Option<&Value> {
        // An extension's own name is a URN, with dots in it, and the first member that it is.
        if let Some(found) = member(&self.0, path) {
            return Some(found);
        }
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(member(&self.0, first)?, |value, name| member(value.as_object()?, name))
    }
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// An object as a resource; anything else as one that says nothing.
impl From<Value> for Resource {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(members) => Self(members),
            _ => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_followed_in_any_case() {
        let of_enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let resource = Resource::from(json!({
            "id": "uid=a,o=x", "userName": "a", "name": {"familyName": "B"}, "meta": {"version": "W/\"1\""},
            of_enterprise: {"department": "C"},
        }));
        assert_eq!((resource.id(), resource.version()), ("uid=a,o=x", Some("W/\"1\"")));
        assert_eq!(resource.get("NAME.familyname"), Some(&json!("B")));
        assert_eq!(resource.get(of_enterprise), Some(&json!({"department": "C"})));
        for none in ["", ".", "name.", "name.x", "userName.x", "x.y"] {
            assert_eq!(resource.get(none), None, "{none}");
        }
        assert_eq!(Resource::from(json!([1])).id(), "");
    }
}
