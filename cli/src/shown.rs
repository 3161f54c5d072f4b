//! Text of others on a terminal: names, descriptions and DNs are theirs to choose, the terminal's commands are not.

use std::fmt::{self, Write as _};

/// The text with whatever a terminal would obey, or would not show, written as an escape.
pub(crate) fn shown(text: &str) -> Shown<'_> {
    Shown(text)
}

/// A JSON text that says the same to programs, and has nothing in it that a terminal would obey: what is no ASCII letter stands
/// in strings alone, where there is an escape for it (RFC 8259 section 7).
pub(crate) fn shown_json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                write!(safe, "\\u{unit:04x}").ok(); // into a String it cannot fail
            });
        } else {
            safe.push(c);
        }
    }
    safe
}

/// See [`shown`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if is_unsafe(c) { write!(f, "{}", c.escape_unicode()) } else { f.write_char(c) }
        })
    }
}

/// Control characters, line and paragraph separators, what turns the direction of writing, and what is not seen at
/// all. The joiners stay, for emoji and several scripts need them.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_as_an_escape() {
        assert_eq!(shown("\u{1b}[2Jname\r\n").to_string(), r"\u{1b}[2Jname\u{d}\u{a}");
        assert_eq!(shown("\u{9b}2J\u{202e}txt").to_string(), r"\u{9b}2J\u{202e}txt");
        let json = serde_json::json!(["\u{9b}2J", "\u{e0001}", "\u{1b}é"]);
        let safe = shown_json(&json.to_string());
        assert_eq!(safe, r#"["\u009b2J","\udb40\udc01","\u001bé"]"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), json);
        for text in ["nightly-sync", "für die Nacht", "👩‍🚀", r"cn=a\,b,o=c", "夜間同期"] {
            assert_eq!(shown(text).to_string(), text);
        }
    }
}
