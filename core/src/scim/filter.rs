//! SCIM's filters in the form of texts: RFC 7644 section 3.4.2.2.

use std::fmt;

use serde_json::Value;

/// Which resources are wanted. Its text is RFC 7644's, with values as JSON, so that none ends the comparison that it stands in.
/// The paths of attributes are taken as they are.
///
/// ```
/// use gatepass::ScimFilter;
///
/// let filter = ScimFilter::eq("userName", "b\"j").and(ScimFilter::eq("active", true));
/// assert_eq!(filter.to_string(), r#"userName eq "b\"j" and active eq true"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use]
pub struct ScimFilter {
    text: String,
    /// Whether it needs parentheses where it is joined to others.
    is_joined: bool,
}

impl ScimFilter {
    /// The attribute has this value.
    pub fn eq(path: &str, value: impl Into<Value>) -> Self {
        Self::compares(path, "eq", value)
    }

    /// It does not.
    pub fn ne(path: &str, value: impl Into<Value>) -> Self {
        Self::compares(path, "ne", value)
    }

    /// It contains this text.
    pub fn contains(path: &str, text: &str) -> Self {
        Self::compares(path, "co", text)
    }

    /// It begins with this text.
    pub fn starts_with(path: &str, text: &str) -> Self {
        Self::compares(path, "sw", text)
    }

    /// It ends with this text.
    pub fn ends_with(path: &str, text: &str) -> Self {
        Self::compares(path, "ew", text)
    }

    /// It has a value.
    pub fn present(path: &str) -> Self {
        Self { text: format!("{path} pr"), is_joined: false }
    }

    /// It is greater than this value.
    pub fn gt(path: &str, value: impl Into<Value>) -> Self {
        Self::compares(path, "gt", value)
    }

    /// It is this value or greater.
    pub fn ge(path: &str, value: impl Into<Value>) -> Self {
        Self::compares(path, "ge", value)
    }

    /// It is less than this value.
    pub fn lt(path: &str, value: impl Into<Value>) -> Self {
        Self::compares(path, "lt", value)
    }

    /// It is this value or less.
    pub fn le(path: &str, value: impl Into<Value>) -> Self {
        Self::compares(path, "le", value)
    }

    /// One value of a complex attribute fits all of this filter: `emails[type eq "work" and value co "@acme"]`.
    pub fn one_of(path: &str, filter: &Self) -> Self {
        Self { text: format!("{path}[{filter}]"), is_joined: false }
    }

    /// Both fit.
    pub fn and(self, other: Self) -> Self {
        self.joined("and", other)
    }

    /// One of them fits.
    pub fn or(self, other: Self) -> Self {
        self.joined("or", other)
    }

    /// It does not fit.
    #[expect(clippy::should_implement_trait, reason = "it reads as `and` and `or` do")]
    pub fn not(self) -> Self {
        Self { text: format!("not ({self})"), is_joined: false }
    }

    /// This text as it is.
    pub fn raw(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_joined: true }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn compares(path: &str, operator: &str, value: impl Into<Value>) -> Self {
        Self { text: format!("{path} {operator} {}", value.into()), is_joined: false }
    }

    fn joined(self, operator: &str, other: Self) -> Self {
        let bound = |filter: Self| if filter.is_joined { format!("({filter})") } else { filter.text };
        Self { text: format!("{} {operator} {}", bound(self), bound(other)), is_joined: true }
    }
}

/// A text as it is: [`ScimFilter::raw`].
impl From<&str> for ScimFilter {
    fn from(text: &str) -> Self {
        Self::raw(text)
    }
}

/// A text as it is: [`ScimFilter::raw`].
impl From<String> for ScimFilter {
    fn from(text: String) -> Self {
        Self::raw(text)
    }
}

impl fmt::Display for ScimFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_rfc_7644() {
        for (filter, expected) in [
            (ScimFilter::eq("userName", "bjensen"), r#"userName eq "bjensen""#),
            (ScimFilter::contains("name.familyName", "O'Malley"), r#"name.familyName co "O'Malley""#),
            (ScimFilter::present("title"), "title pr"),
            (
                ScimFilter::eq("userType", "Employee")
                    .and(ScimFilter::contains("emails", "example.com").or(ScimFilter::ends_with("a", "b"))),
                r#"userType eq "Employee" and (emails co "example.com" or a ew "b")"#,
            ),
            (
                ScimFilter::ne("userType", "Employee").and(ScimFilter::raw("a pr").not()),
                r#"userType ne "Employee" and not (a pr)"#,
            ),
            (
                ScimFilter::one_of(
                    "emails",
                    &ScimFilter::eq("type", "work").and(ScimFilter::starts_with("value", "@")),
                ),
                r#"emails[type eq "work" and value sw "@"]"#,
            ),
            (
                ScimFilter::gt("n", 1).or(ScimFilter::ge("n", 2)).or(ScimFilter::lt("n", 3)),
                "(n gt 1 or n ge 2) or n lt 3",
            ),
            (
                ScimFilter::le("meta.lastModified", "2011-05-13T04:42:34Z"),
                r#"meta.lastModified le "2011-05-13T04:42:34Z""#,
            ),
            (ScimFilter::eq("x", "\" or userName pr or \""), r#"x eq "\" or userName pr or \"""#),
            (ScimFilter::eq("x", Value::Null), "x eq null"),
            (ScimFilter::from("a pr").and(ScimFilter::from(String::from("b pr"))), "(a pr) and (b pr)"),
        ] {
            assert_eq!(filter.to_string(), expected);
        }
    }
}
