//! LDAP filters in the form of texts: RFC 4515.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::{Error, Result};

/// Which entries are wanted. Its text is RFC 4515's; what is special in a value is escaped.
///
/// ```
/// use gatepass::Filter;
///
/// let filter = Filter::equals("objectClass", "person").and(Filter::starts_with("cn", "Ad(a"));
/// assert_eq!(filter.to_string(), r"(&(objectClass=person)(cn=Ad\28a*))");
/// ```
///
/// An attribute's name cannot be escaped. One that could end the comparison that it stands in makes the filter malformed,
/// which [`check`](Self::check) says, and so does every search by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use]
pub struct Filter {
    text: String,
    well_formed: bool,
}

impl Filter {
    /// Entries with this value.
    pub fn equals(attribute: &str, value: impl AsRef<[u8]>) -> Self {
        Self::compares(attribute, "=", value.as_ref())
    }

    /// Entries with a value that is this one or greater.
    pub fn at_least(attribute: &str, value: impl AsRef<[u8]>) -> Self {
        Self::compares(attribute, ">=", value.as_ref())
    }

    /// Entries with a value that is this one or less.
    pub fn at_most(attribute: &str, value: impl AsRef<[u8]>) -> Self {
        Self::compares(attribute, "<=", value.as_ref())
    }

    /// Entries with a value that is like this one, as the server understands it.
    pub fn approximately(attribute: &str, value: impl AsRef<[u8]>) -> Self {
        Self::compares(attribute, "~=", value.as_ref())
    }

    /// Entries that have this attribute.
    pub fn present(attribute: &str) -> Self {
        Self::new(attribute, "=*")
    }

    /// Entries with a value that begins so, ends so, and has these texts in between, in this order.
    pub fn substring(attribute: &str, begin: &str, between: &[&str], end: &str) -> Self {
        let mut pattern = format!("={}*", escaped(begin.as_bytes()));
        for part in between.iter().filter(|part| !part.is_empty()) {
            pattern.push_str(&escaped(part.as_bytes()));
            pattern.push('*');
        }
        Self::new(attribute, &(pattern + &escaped(end.as_bytes())))
    }

    /// Entries with a value that begins so.
    pub fn starts_with(attribute: &str, text: &str) -> Self {
        Self::substring(attribute, text, &[], "")
    }

    /// Entries with a value that ends so.
    pub fn ends_with(attribute: &str, text: &str) -> Self {
        Self::substring(attribute, "", &[], text)
    }

    /// Entries with a value that has this text in it.
    pub fn contains(attribute: &str, text: &str) -> Self {
        Self::substring(attribute, "", &[text], "")
    }

    /// Entries with a value that fits by a matching rule: `1.2.840.113556.1.4.803` is a directory's "all of these bits".
    pub fn matches(attribute: &str, rule: &str, value: impl AsRef<[u8]>) -> Self {
        let mut filter = Self::compares(&format!("{attribute}:{rule}"), ":=", value.as_ref());
        filter.well_formed = is_attribute(attribute) && is_attribute(rule);
        filter
    }

    /// Entries that fit all of these; all entries, where there are none (RFC 4526).
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::joined('&', filters)
    }

    /// Entries that fit one of these at least; no entry, where there are none (RFC 4526).
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::joined('|', filters)
    }

    /// Entries that fit this filter and the other.
    pub fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    /// Entries that fit this filter or the other.
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// Entries that do not fit.
    #[expect(clippy::should_implement_trait, reason = "it reads as `and` and `or` do")]
    pub fn not(self) -> Self {
        Self::joined('!', [self])
    }

    /// This text as it is: nothing in it is escaped, and its server alone says whether it is well-formed. Parentheses around it
    /// may be left out.
    pub fn raw(text: impl Into<String>) -> Self {
        let text = text.into();
        let text = if text.trim_start().starts_with('(') { text } else { format!("({text})") };
        Self { text, well_formed: true }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the names of attributes are names.
    ///
    /// # Errors
    /// Invalid input, `filter_malformed`, on `filter`.
    pub fn check(&self) -> Result<()> {
        if self.well_formed {
            return Ok(());
        }
        let text = "an attribute's name has letters, digits, `-`, `_`, `.` and `;`, and no other characters";
        Err(Error::invalid("filter", "filter_malformed", text))
    }

    fn compares(attribute: &str, operator: &str, value: &[u8]) -> Self {
        Self::new(attribute, &format!("{operator}{}", escaped(value)))
    }

    fn new(attribute: &str, rest: &str) -> Self {
        Self { text: format!("({attribute}{rest})"), well_formed: is_attribute(attribute) }
    }

    fn joined(operator: char, filters: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self { text: format!("({operator}"), well_formed: true };
        for filter in filters {
            joined.text.push_str(&filter.text);
            joined.well_formed &= filter.well_formed;
        }
        joined.text.push(')');
        joined
    }
}

/// A text as it is: [`Filter::raw`].
impl From<&str> for Filter {
    fn from(text: &str) -> Self {
        Self::raw(text)
    }
}

/// A text as it is: [`Filter::raw`].
impl From<String> for Filter {
    fn from(text: String) -> Self {
        Self::raw(text)
    }
}

impl FromStr for Filter {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::raw(text))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// RFC 4512 section 2.5, and what RadiantOne has beyond it: `_`, and the dots of complex attributes.
fn is_attribute(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b';');
    !name.is_empty() && name.bytes().all(is_of_name)
}

/// RFC 4515 section 3. What is no UTF-8 is escaped byte by byte.
pub(crate) fn escaped(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\0' | '(' | ')' | '*' | '\\' => escape(&mut text, c as u8),
                c => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| escape(&mut text, *byte));
    }
    text
}

fn escape(text: &mut String, byte: u8) {
    write!(text, "\\{byte:02x}").ok(); // into a String it cannot fail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_rfc_4515() {
        // The examples of its section 4, but for their capital digits.
        for (filter, expected) in [
            (Filter::equals("cn", "Babs Jensen"), "(cn=Babs Jensen)"),
            (Filter::equals("cn", "Tim Howes").not(), "(!(cn=Tim Howes))"),
            (
                Filter::equals("objectClass", "Person")
                    .and(Filter::equals("sn", "Jensen").or(Filter::starts_with("cn", "Babs J"))),
                "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
            ),
            (Filter::substring("o", "univ", &["of", "mich"], ""), "(o=univ*of*mich*)"),
            (Filter::equals("seeAlso", ""), "(seeAlso=)"),
            (
                Filter::equals("o", "Parens R Us (for all your parenthetical needs)"),
                r"(o=Parens R Us \28for all your parenthetical needs\29)",
            ),
            (Filter::contains("cn", "*"), r"(cn=*\2a*)"),
            (Filter::equals("filename", r"C:\MyFile"), r"(filename=C:\5cMyFile)"),
            (Filter::equals("bin", [0, 0, 0, 4]), "(bin=\\00\\00\\00\u{4})"),
            (Filter::equals("sn", "Lučić"), "(sn=Lučić)"),
            (Filter::equals("x", [0xff, b'a', 0xc3]), r"(x=\ffa\c3)"),
            (Filter::ends_with("mail", "@acme"), "(mail=*@acme)"),
            (Filter::present("address.state;lang-en"), "(address.state;lang-en=*)"),
            (Filter::at_least("age", "7").and(Filter::at_most("age", "9")), "(&(age>=7)(age<=9))"),
            (Filter::approximately("cn", "x"), "(cn~=x)"),
            (Filter::matches("flags", "1.2.840.113556.1.4.803", "2"), "(flags:1.2.840.113556.1.4.803:=2)"),
            (Filter::all([]), "(&)"),
            (Filter::any([]), "(|)"),
            (Filter::raw("cn=a*"), "(cn=a*)"),
            (Filter::from(" (cn=a*)"), " (cn=a*)"),
        ] {
            assert_eq!(filter.to_string(), expected);
            filter.check().unwrap();
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_breaks_out(value in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
            let filter = Filter::equals("cn", &value).to_string();
            let special = filter.bytes().filter(|byte| matches!(byte, b'(' | b')' | b'*' | b'\0')).count();
            proptest::prop_assert_eq!((special, filter.starts_with("(cn="), filter.ends_with(')')), (2, true, true));
        }
    }

    #[test]
    fn no_name_breaks_out() {
        for name in ["", "cn=*)(uid", "cn)", "a b", "é", "cn\0", "a*"] {
            for filter in [
                Filter::equals(name, "x"),
                Filter::present(name).not(),
                Filter::all([Filter::present("cn"), Filter::starts_with(name, "x")]),
                Filter::matches(name, "1.2", "x"),
                Filter::matches("cn", name, "x"),
            ] {
                assert_eq!(filter.check().unwrap_err().code(), "filter_malformed", "{name:?}");
            }
        }
    }
}
