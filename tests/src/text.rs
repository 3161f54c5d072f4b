//! Texts in the vectors, the long and the strange ones written compactly.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A text: a JSON string, or an object that stands for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// Just so.
    Plain(String),
    /// The same, over and over.
    #[expect(missing_docs, reason = "the object has these two fields")]
    Repeat { repeat: String, times: usize },
    /// These, one after the other.
    #[expect(missing_docs, reason = "the object has this one field")]
    Join { join: Vec<Text> },
    /// These bytes, which are no UTF-8.
    #[expect(missing_docs, reason = "the object has this one field")]
    Hex { hex: String },
}

impl Text {
    /// The bytes that it stands for.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Plain(text) => text.as_bytes().to_vec(),
            Self::Repeat { repeat, times } => repeat.repeat(*times).into_bytes(),
            Self::Join { join } => join.iter().flat_map(Self::bytes).collect(),
            Self::Hex { hex } => {
                let digits: Vec<u8> =
                    hex.chars().filter_map(|c| c.to_digit(16)).filter_map(|n| u8::try_from(n).ok()).collect();
                let (pairs, _) = digits.as_chunks::<2>();
                pairs.iter().map(|[high, low]| high << 4 | low).collect()
            }
        }
    }

    /// The string that it stands for.
    pub fn string(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

/// The same text so many times.
pub fn repeat(text: &str, times: usize) -> Text {
    Text::Repeat { repeat: text.to_owned(), times }
}

/// These texts as one.
pub fn join<const N: usize>(texts: [Text; N]) -> Text {
    Text::Join { join: texts.into() }
}

/// Puts the strings in the places of the objects that stand for them, anywhere in this value.
pub fn expand(value: &mut Value) {
    let is_text = value.get("repeat").is_some() || value.get("join").is_some();
    if is_text && let Ok(text) = Text::deserialize(&*value) {
        *value = Value::String(text.string());
        return;
    }
    match value {
        Value::Array(values) => values.iter_mut().for_each(expand),
        Value::Object(fields) => fields.values_mut().for_each(expand),
        _ => {}
    }
}
