//! A directory's entries as JSON: an attribute's values are always a list when they are read, however they were written.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// An entry of a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// Its name.
    pub dn: String,
    /// What is said of it.
    #[serde(default)]
    pub attributes: Attributes,
}

impl Entry {
    /// An entry of this name.
    pub fn new(dn: impl Into<String>, attributes: impl Into<Attributes>) -> Self {
        Self { dn: dn.into(), attributes: attributes.into() }
    }

    /// The values of an attribute, in any case of its name; none where it is not there.
    pub fn get(&self, attribute: &str) -> Option<&[String]> {
        self.attributes.get(attribute)
    }

    /// The first value of an attribute, in any case of its name.
    pub fn first(&self, attribute: &str) -> Option<&str> {
        self.attributes.first(attribute)
    }
}

/// Attributes by name, in the order in which they came. Names are as they were written, and are found in any case.
///
/// A value that is no text is read as its JSON: RadiantOne's complex attributes, a number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(String, Vec<String>)>);

impl Attributes {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// These, and this one.
    #[must_use]
    pub fn with<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.insert(name, values);
        self
    }

    /// Puts an attribute in the place of the one that has this name in any case, or at the end.
    pub fn insert<V: Into<String>>(&mut self, name: impl Into<String>, values: impl IntoIterator<Item = V>) {
        let (name, values) = (name.into(), values.into_iter().map(Into::into).collect());
        match self.0.iter_mut().find(|(of, _)| of.eq_ignore_ascii_case(&name)) {
            Some(old) => *old = (name, values),
            None => self.0.push((name, values)),
        }
    }

    /// The values of an attribute, in any case of its name.
    pub fn get(&self, name: &str) -> Option<&[String]> {
        let found = self.0.iter().find(|(of, _)| of.eq_ignore_ascii_case(name));
        found.map(|(_, values)| values.as_slice())
    }

    /// The first value of an attribute, in any case of its name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.get(name)?.first().map(String::as_str)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Attributes {
    type Item = (String, Vec<String>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<N: Into<String>, V: Into<String>, L: IntoIterator<Item = V>> FromIterator<(N, L)> for Attributes {
    fn from_iter<T: IntoIterator<Item = (N, L)>>(all: T) -> Self {
        all.into_iter().fold(Self::new(), |these, (name, values)| these.with(name, values))
    }
}

impl<N: Into<String>, V: Into<String>, L: IntoIterator<Item = V>, const COUNT: usize> From<[(N, L); COUNT]>
    for Attributes
{
    fn from(all: [(N, L); COUNT]) -> Self {
        all.into_iter().collect()
    }
}

/// The names, and how many values each has: a value may be a password.
impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, values)| (name, values.len()))).finish()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, values) in &self.0 {
            map.serialize_entry(name, values)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut all = Vec::new();
                while let Some(name) = map.next_key()? {
                    all.push((name, map.next_value::<Values>()?.0));
                }
                Ok(Attributes(all))
            }

            fn visit_unit<E>(self) -> Result<Attributes, E> {
                Ok(Attributes::new())
            }
        }

        deserializer.deserialize_any(All)
    }
}

/// One value or several, as a list: for a field.
pub(super) fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Values::deserialize(deserializer).map(|Values(values)| values)
}

/// A text, or the JSON of what is none: for a field.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Text::deserialize(deserializer).map(|Text(text)| text)
}

struct Values(Vec<String>);

struct OneOrMore;

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMore)
    }
}

impl<'de> Visitor<'de> for OneOrMore {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
        let mut all = Vec::new();
        while let Some(Text(text)) = list.next_element()? {
            all.push(text);
        }
        Ok(Values(all))
    }

    fn visit_unit<E>(self) -> Result<Values, E> {
        Ok(Values(Vec::new()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Values, E> {
        one(AsText.visit_str(value))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Values, E> {
        one(AsText.visit_bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Values, E> {
        one(AsText.visit_i64(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Values, E> {
        one(AsText.visit_u64(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Values, E> {
        one(AsText.visit_f64(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, value: A) -> Result<Values, A::Error> {
        one(AsText.visit_map(value))
    }
}

fn one<E>(text: Result<Text, E>) -> Result<Values, E> {
    text.map(|Text(text)| Values(vec![text]))
}

struct Text(String);

struct AsText;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AsText)
    }
}

impl<'de> Visitor<'de> for AsText {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
        Ok(Text(Value::from(value).to_string()))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Text, A::Error> {
        let value = Value::deserialize(de::value::SeqAccessDeserializer::new(list))?;
        Ok(Text(value.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
        let value = Value::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Text(value.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_lists_however_they_were_written() {
        let written = json!({"dn": "cn=a", "attributes": {
            "Z": "one", "a": ["x", "y"], "n": 7, "f": 1.5, "t": true, "none": null, "empty": [],
            "complex": {"type": "home"}, "several": [{"k": ["v"]}, "w", 3, false, null, [1]],
        }});
        let entry: Entry = serde_json::from_str(&written.to_string()).unwrap();
        let expected = json!({"dn": "cn=a", "attributes": {
            "Z": ["one"], "a": ["x", "y"], "n": ["7"], "f": ["1.5"], "t": ["true"], "none": [], "empty": [],
            "complex": ["{\"type\":\"home\"}"],
            "several": ["{\"k\":[\"v\"]}", "w", "3", "false", "", "[1]"],
        }});
        assert_eq!(serde_json::to_value(&entry).unwrap(), expected);
        assert_eq!(
            serde_json::from_value::<Entry>(expected).unwrap().attributes.len(),
            entry.attributes.len()
        );
        assert_eq!(entry.first("z"), Some("one"));
        assert_eq!((entry.get("A").map(<[_]>::len), entry.get("b")), (Some(2), None));
    }

    #[test]
    fn order_is_kept_and_a_name_is_one_in_any_case() {
        let entry: Entry =
            serde_json::from_str(r#"{"dn": "cn=a", "attributes": {"z": [], "B": "1", "a": "2"}}"#).unwrap();
        assert_eq!(entry.attributes.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["z", "B", "a"]);
        let attributes = Attributes::from([("cn", ["a"]), ("CN", ["b"])]);
        assert_eq!(attributes, Attributes::new().with("CN", ["b"]));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for text in [
            "[]",
            "{}",
            r#"{"dn": 1}"#,
            r#"{"dn": "a", "attributes": []}"#,
            r#"{"dn": "a", "attributes": "x"}"#,
        ] {
            assert!(serde_json::from_str::<Entry>(text).is_err(), "{text}");
        }
    }
}
