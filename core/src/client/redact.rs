//! Keeping what was sent to a server out of what is said about its answer.

use std::collections::HashSet;

use zeroize::Zeroizing;

/// So many bytes in a row of a secret tell too much of it.
const TELLING: usize = 8;
/// What is shorter could stand anywhere by chance.
const SHORTEST: usize = 4;
/// A word of letters, digits, `_` and `-` that is as long as this is taken for a secret, whoever's it is.
const SUSPICIOUS: usize = 40;
/// How much of a server's own words goes into an error, in characters.
const MOST_WORDS: usize = 500;

/// The secrets of one request.
#[derive(Default)]
pub(super) struct Hidden {
    /// By which it was sent.
    credential: Option<Zeroizing<String>>,
    /// Others that were sent.
    others: Vec<Zeroizing<String>>,
}

impl Hidden {
    /// The secret by which a request was sent.
    pub(super) fn credential(secret: Option<&str>) -> Self {
        Self { credential: secret.map(lower), others: Vec::new() }
    }

    /// Adds a secret that was sent.
    pub(super) fn add(&mut self, secret: &str) {
        self.others.push(lower(secret));
    }

    /// The same credential, and of the others these alone: for an answer to a part of what was sent.
    pub(super) fn for_part<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let others = secrets.into_iter().map(lower).collect();
        Self { credential: self.credential.clone(), others }
    }

    /// Whether a server's words have the credential in them.
    pub(super) fn quotes_credential(&self, words: &str) -> bool {
        let words: String = words.chars().take(4 * MOST_WORDS).collect();
        marked(&words, self.credential.iter()).contains(&true)
    }

    /// A server's own words on one line, cut short, without what was sent to it and what looks like a secret.
    pub(super) fn words(&self, words: &str) -> String {
        // Cut before as well, for a server may say a lot.
        let words: String = words.chars().take(4 * MOST_WORDS).collect();
        let mut marked = self.marked(&words);
        mark_suspicious(&words, &mut marked);
        let mut safe = String::new();
        let mut is_hidden = false;
        for ((_, character), hide) in words.char_indices().zip(by_character(&words, &marked)) {
            if !hide {
                safe.push(if character.is_control() { ' ' } else { character });
            } else if !is_hidden {
                safe.push('…');
            }
            is_hidden = hide;
        }
        if let Some((end, _)) = safe.char_indices().nth(MOST_WORDS) {
            safe.truncate(end);
            safe.push('…');
        }
        safe
    }

    /// Whether nothing that was sent is in this text, in any case of its letters.
    pub(super) fn permits(&self, text: &str) -> bool {
        !self.marked(text).contains(&true)
    }

    /// Which bytes of a text are part of a secret.
    fn marked(&self, text: &str) -> Vec<bool> {
        marked(text, self.credential.iter().chain(&self.others))
    }
}

fn lower(secret: &str) -> Zeroizing<String> {
    Zeroizing::new(secret.to_ascii_lowercase())
}

fn marked<'a>(text: &str, secrets: impl Iterator<Item = &'a Zeroizing<String>>) -> Vec<bool> {
    let text = text.to_ascii_lowercase();
    let mut marked = vec![false; text.len()];
    for secret in secrets.filter(|secret| secret.len() >= SHORTEST) {
        let length = secret.len().min(TELLING);
        let telling: HashSet<&[u8]> = secret.as_bytes().windows(length).collect();
        for (at, window) in text.as_bytes().windows(length).enumerate() {
            if telling.contains(window) {
                marked.iter_mut().skip(at).take(length).for_each(|mark| *mark = true);
            }
        }
    }
    marked
}

fn mark_suspicious(text: &str, marked: &mut [bool]) {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut start = 0;
    for word in text.as_bytes().split(|byte| !is_of_word(*byte)) {
        if word.len() >= SUSPICIOUS {
            marked.iter_mut().skip(start).take(word.len()).for_each(|mark| *mark = true);
        }
        start += word.len() + 1;
    }
}

/// A character is hidden where one of its bytes is.
fn by_character<'a>(text: &'a str, marked: &'a [bool]) -> impl Iterator<Item = bool> + 'a {
    text.char_indices()
        .map(|(at, character)| marked.iter().skip(at).take(character.len_utf8()).any(|mark| *mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1";

    const PART: &str = "Qb3yVn5uTz1K";

    fn hidden(secrets: &[&str]) -> Hidden {
        let mut hidden = Hidden::default();
        for secret in secrets {
            hidden.add(secret);
        }
        hidden
    }

    #[test]
    fn a_secret_is_hidden_whole_in_part_and_in_any_case() {
        let hidden = hidden(&[SECRET, "pass word é", "abc"]);
        assert_eq!(hidden.words(&format!("bad token {SECRET}, sorry")), "bad token …, sorry");
        assert_eq!(hidden.words(&format!("bad token {PART}, sorry")), "bad token …, sorry");
        assert_eq!(hidden.words(&SECRET.to_uppercase()), "…");
        assert_eq!(hidden.words("wrong: «pass word é»"), "wrong: «…»");
        assert_eq!(hidden.words("abc is too short to be one\nline"), "abc is too short to be one line");
        assert!(!hidden.permits("gpr_8fK2") && hidden.permits("gpr_8fK"));
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden_too() {
        let words = hidden(&[]).words(&format!("{SECRET} é 3f2b8a6e-5d1c-4e7f-9a0b-1c2d3e4f5a6b"));
        assert_eq!(words, "… é 3f2b8a6e-5d1c-4e7f-9a0b-1c2d3e4f5a6b");
    }

    #[test]
    fn words_are_cut_short() {
        assert_eq!(hidden(&[]).words(&"é ".repeat(1_000)), format!("{}…", "é ".repeat(250)));
    }
}
