//! JSON of others, read strictly: an object that says a member twice is refused, for two programs might each believe in
//! another one (RFC 7515 section 4, RFC 7519 section 4). Texts stay where they are, so a token costs hardly an allocation.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// How deep arrays and objects may lie in each other.
const MAX_DEPTH: u8 = 16;
/// So many members are compared with each other; more are put in order first.
const FEW: usize = 16;

/// The object that this text is; none where it is no object, or not to be trusted to be one.
pub(crate) fn object(text: &[u8]) -> Option<Object<'_>> {
    let mut reader = serde_json::Deserializer::from_str(std::str::from_utf8(text).ok()?);
    let object = reader.deserialize_map(Members(MAX_DEPTH)).ok()?;
    reader.end().ok()?;
    Some(object)
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    /// Above that.
    Natural(u64),
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// An object: each member once.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Json<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_list(&self) -> Option<&[Json<'a>]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }
}

impl<'a> Object<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    fn says_nothing_twice(&self) -> bool {
        let names = self.0.iter().map(|(name, _)| &**name);
        if self.0.len() <= FEW {
            let earlier = |at: usize, name: &str| self.0.iter().take(at).any(|(own, _)| own == name);
            return !names.enumerate().any(|(at, name)| earlier(at, name));
        }
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names.is_sorted_by(|one, next| one != next)
    }
}

struct Members(u8);

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut object = Object(Vec::with_capacity(FEW));
        while let Some(name) = members.next_key_seed(Any(0))? {
            let Json::Text(name) = name else { return Err(de::Error::custom("no name")) };
            object.0.push((name, members.next_value_seed(Any(self.0))?));
        }
        if object.says_nothing_twice() { Ok(object) } else { Err(de::Error::custom("a member twice")) }
    }
}

struct Any(u8);

impl Any {
    fn deeper<E: de::Error>(&self) -> Result<u8, E> {
        self.0.checked_sub(1).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Natural(value), Json::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Any(depth))? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Json<'de>, A::Error> {
        Members(self.deeper()?).visit_map(members).map(Json::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_a_thing_twice_is_refused_at_every_depth() {
        assert!(object(br#"{"a":1,"b":{"a":1,"c":[{"a":1}]}}"#).is_some());
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[{"a":1,"a":2}]}"#,
            r#"{"a":1} "#.repeat(2).as_str(),
            r#"{"a":1}x"#,
            r#"{"a":1e999}"#,
            "[]",
            "",
            "null",
            "{\"a\":\"\u{1}\"}",
        ] {
            assert_eq!(object(text.as_bytes()), None, "{text}");
        }
        assert_eq!(object(b"{\"a\":\"\xFF\"}"), None);
    }

    #[test]
    fn many_members_are_told_apart_as_few_are() {
        let members = |count: usize, last: &str| {
            let members = (0..count).map(|number| format!("\"m{number}\":{number},"));
            format!("{{{}\"{last}\":0}}", members.collect::<String>())
        };
        for count in [1, FEW - 1, FEW, FEW + 1, 1000] {
            let text = members(count, "last");
            let object = object(text.as_bytes()).unwrap();
            assert_eq!(object.get("m0"), Some(&Json::Integer(0)));
            assert_eq!(super::object(members(count, "m0").as_bytes()), None, "{count}");
        }
    }

    #[test]
    fn what_is_deep_is_refused() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(16).as_bytes()).is_some());
        assert!(object(nested(17).as_bytes()).is_none());
        assert!(object(nested(100_000).as_bytes()).is_none());
    }
}
