//! A page of entries. It is kept as the JSON that it came as: programs in other languages read that faster than anything
//! that could be made of it here.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::RestClient;
use crate::client::answer::Answer;
use crate::wire::adap::{Entry, NO_COOKIE};
use crate::{Error, ErrorKind, Result};

/// Entries that were found: a part of them.
#[derive(Clone)]
pub struct Page {
    /// A list of entries, each with its name and its attributes alone, their values lists of texts.
    json: Box<RawValue>,
    len: usize,
}

/// An answer to a search.
pub(super) struct Found {
    pub(super) page: Page,
    pub(super) total: i64,
    /// What to ask with for the next page.
    pub(super) cookie: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    /// Null for none, and never left out: what has no such member is no answer to a search.
    resources: Box<RawValue>,
    #[serde(default)]
    total_results: Option<i64>,
    #[serde(default)]
    count: Value,
    #[serde(default)]
    cookie: Option<String>,
}

impl Page {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entries as JSON, a list of `{"dn": …, "attributes": {NAME: [VALUE, …], …}}`. Nothing is made for it: it is what the
    /// server sent, looked over.
    pub fn to_json(&self) -> &str {
        self.json.get()
    }

    /// The entries, read from that.
    ///
    /// # Errors
    /// Protocol, `answer_malformed`: never of a page that a search gave.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let read =
            serde_json::from_str::<Option<Vec<Entry>>>(self.json.get()).ok().map(Option::unwrap_or_default);
        read.filter(|entries| entries.len() == self.len).ok_or_else(|| {
            let text = "the server's answer is not of the form that was expected";
            Error::new(ErrorKind::Protocol, "answer_malformed", text)
        })
    }

    /// A page that is looked over when its entries are read, and has as many as the server says.
    fn unread(json: Box<RawValue>, count: &Value) -> Option<Self> {
        match count.as_u64().and_then(|count| usize::try_from(count).ok()) {
            Some(len) => Some(Self { json, len }),
            None => Self::new(json),
        }
    }

    fn new(json: Box<RawValue>) -> Option<Self> {
        if let Ok(Entries(len)) = serde_json::from_str(json.get()) {
            return Some(Self { json, len });
        }
        // Something is written otherwise: a single value without its list, say.
        let entries: Option<Vec<Entry>> = serde_json::from_str(json.get()).ok()?;
        let entries = entries.unwrap_or_default();
        let json = serde_json::value::to_raw_value(&entries).ok()?;
        Some(Self { json, len: entries.len() })
    }
}

/// Its entries, as a list.
impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("len", &self.len).finish_non_exhaustive()
    }
}

impl Found {
    /// What was found; looked over at once, or when it is read where nobody wants it as JSON.
    pub(super) fn read(answer: &Answer, as_json: bool) -> Result<Self> {
        let Envelope { resources, total_results, count, cookie } = RestClient::read(answer)?;
        let page = if as_json { Page::new(resources) } else { Page::unread(resources, &count) };
        let malformed = || answer.malformed("the server's answer is not of the form that was expected");
        let cookie = cookie.filter(|cookie| !cookie.is_empty() && cookie != NO_COOKIE);
        if cookie.as_ref().is_some_and(|cookie| !answer.permits(cookie)) {
            return Err(answer.malformed("the server's cookie has the credential in it"));
        }
        Ok(Self { page: page.ok_or_else(malformed)?, total: total_results.unwrap_or(0), cookie })
    }
}

/// How many entries there are, where all are written as they should be. Nothing is kept of them.
struct Entries(usize);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
                let mut len = 0;
                while let Some(AnEntry) = list.next_element()? {
                    len += 1;
                }
                Ok(Entries(len))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

struct AnEntry;

impl<'de> Deserialize<'de> for AnEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Member {
            Dn,
            Attributes,
        }

        impl<'de> Visitor<'de> for Members {
            type Value = AnEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entry")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnEntry, A::Error> {
                let mut met = (0, 0);
                while let Some(member) = map.next_key()? {
                    match member {
                        Member::Dn => {
                            map.next_value::<AText>()?;
                            met.0 += 1;
                        }
                        Member::Attributes => {
                            map.next_value::<SomeAttributes>()?;
                            met.1 += 1;
                        }
                    }
                }
                if met == (1, 1) { Ok(AnEntry) } else { Err(A::Error::custom("each once")) }
            }
        }

        deserializer.deserialize_map(Members)
    }
}

struct SomeAttributes;

impl<'de> Deserialize<'de> for SomeAttributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = SomeAttributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SomeAttributes, A::Error> {
                while map.next_key::<IgnoredAny>()?.is_some() {
                    map.next_value::<SomeTexts>()?;
                }
                Ok(SomeAttributes)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

struct SomeTexts;

impl<'de> Deserialize<'de> for SomeTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = SomeTexts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<SomeTexts, A::Error> {
                while let Some(AText) = list.next_element()? {}
                Ok(SomeTexts)
            }
        }

        deserializer.deserialize_seq(List)
    }
}

struct AText;

impl<'de> Deserialize<'de> for AText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = AText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, _: &str) -> Result<AText, E> {
                Ok(AText)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> Option<Page> {
        Page::new(RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn what_is_written_as_it_should_be_is_left_as_it_is() {
        let json = r#"[ {"attributes":{"cn":["a\"b","é"],"x":[]},"dn":"cn=a"},{"dn":"","attributes":{}} ]"#;
        let page = page(json).unwrap();
        assert_eq!((page.to_json(), page.len()), (json, 2));
        assert_eq!(serde_json::to_string(&page).unwrap(), json);
        assert_eq!(page.entries().unwrap()[0].first("CN"), Some("a\"b"));
    }

    #[test]
    fn a_page_that_is_read_later_has_what_it_says() {
        let raw = || RawValue::from_string(r#"[{"dn":"a","attributes":{"cn":"x"}}]"#.to_owned()).unwrap();
        assert_eq!(Page::unread(raw(), &1.into()).unwrap().entries().unwrap()[0].first("cn"), Some("x"));
        assert_eq!(Page::unread(raw(), &2.into()).unwrap().entries().unwrap_err().code(), "answer_malformed");
        for none in [Value::Null, Value::from(-1), Value::from("1")] {
            assert_eq!(Page::unread(raw(), &none).unwrap().len(), 1);
        }
        let null = RawValue::from_string("null".to_owned()).unwrap();
        assert!(Page::unread(null, &0.into()).unwrap().entries().unwrap().is_empty());
    }

    #[test]
    fn everything_else_is_written_as_it_should_be() {
        for (json, expected) in [
            (r#"[{"dn":"a","attributes":{"cn":"x"}}]"#, r#"[{"dn":"a","attributes":{"cn":["x"]}}]"#),
            (r#"[{"dn":"a","attributes":{"n":[1]}}]"#, r#"[{"dn":"a","attributes":{"n":["1"]}}]"#),
            (r#"[{"dn":"a","attributes":{},"more":1}]"#, r#"[{"dn":"a","attributes":{}}]"#),
            (r#"[{"dn":"a"}]"#, r#"[{"dn":"a","attributes":{}}]"#),
            (r#"[{"dn":"a","attributes":null}]"#, r#"[{"dn":"a","attributes":{}}]"#),
        ] {
            let page = page(json).unwrap();
            assert_eq!((page.to_json(), page.len()), (expected, 1), "{json}");
        }
        assert_eq!(page("null").unwrap().to_json(), "[]");
        for json in ["{}", "1", "[1]", r#"[{"attributes":{}}]"#, r#"[{"dn":"a","dn":"b","attributes":{}}]"#] {
            assert!(page(json).is_none(), "{json}");
        }
    }
}
