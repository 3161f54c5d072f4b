//! Whom a token acts as: an entry's name, or a search that finds it, with claims in the places of `${…}`. A claim is foreign
//! text, so it is escaped as a value, and can end neither the value nor the step of a name that it stands in.

use std::borrow::Cow;

use super::json::{Json, Object};
use crate::filter::escaped;
use crate::wire::adap::SearchScope;
use crate::{Dn, Error, Filter, MAX_DN_LENGTH, Result};

/// Stands for a claim while an expression is looked over.
const EXAMPLE: &str = "claim";
/// The greatest length of an expression, in bytes.
const MAX_LENGTH: usize = 2000;

/// An expression, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// `uid=${sub},ou=People,o=acme`.
    Name(Name),
    /// `ou=People,o=acme??one?(mail=${email})`, in the manner of an LDAP URL (RFC 4516 section 2).
    Search { base: Name, scope: SearchScope, filter: Template },
}

/// Whom an expression means, for one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meant {
    /// The entry of this name.
    Name(String),
    /// The one entry that this finds.
    Search(SubjectSearch),
}

/// A search for the one entry that a token acts as.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectSearch {
    base: String,
    scope: SearchScope,
    filter: String,
}

impl SubjectSearch {
    /// The entry at which it begins.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// How deep it goes.
    pub fn scope(&self) -> SearchScope {
        self.scope
    }

    /// What it looks for (RFC 4515), claims escaped.
    pub fn filter(&self) -> &str {
        &self.filter
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// Invalid input on `claimsMapping`.
    pub(crate) fn read(text: &str) -> Result<Self> {
        if text.len() > MAX_LENGTH {
            return Err(malformed("an expression has at most 2000 bytes"));
        }
        let mut parts = text.splitn(4, '?');
        let expression = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(name), None, ..) if !name.is_empty() => Self::Name(Name::read(name)?),
            (Some(base), Some(attributes), Some(scope), Some(filter)) => {
                if !attributes.is_empty() {
                    return Err(malformed("a search names no attributes: base??scope?filter"));
                }
                // RFC 4516 section 3: the base alone, when not said.
                let scope = if scope.is_empty() { Ok(SearchScope::Base) } else { scope.parse() };
                let scope = scope.map_err(|_| malformed("a search's scope is base, one or sub"))?;
                let filter = Template::read(filter)?;
                filter.check_filter()?;
                Self::Search { base: Name::read(base)?, scope, filter }
            }
            _ => return Err(malformed("expected a DN, or a search: base??scope?filter")),
        };
        Ok(expression)
    }

    /// The entry at or below which all lie that it can mean: the steps of a name that no claim is in. For a search it is the
    /// root, because what a directory finds may lie anywhere (aliases, referrals).
    pub(crate) fn within(&self) -> Dn {
        match self {
            Self::Name(name) => name.within(),
            Self::Search { .. } => Dn::root(),
        }
    }

    /// Whom it means by these claims; none where one is missing, empty or no plain value, or where what comes of it is no
    /// name.
    pub(crate) fn resolve(&self, claims: &Object<'_>) -> Option<Meant> {
        match self {
            Self::Name(name) => name.fill(claims).map(Meant::Name),
            Self::Search { base, scope, filter } => {
                let (filter, _) = filter.fill(claims, |value| escaped(value.as_bytes()).into())?;
                Some(Meant::Search(SubjectSearch { base: base.fill(claims)?, scope: *scope, filter }))
            }
        }
    }
}

/// Text with claims in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Claim(String),
}

impl Template {
    fn read(text: &str) -> Result<Self> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            let (claim, after) =
                after.split_once('}').ok_or_else(|| malformed("a claim has no end: expected ${name}"))?;
            if claim.is_empty() || claim.contains(['$', '{']) {
                return Err(malformed("a claim has no name: expected ${name}"));
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Claim(claim.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// With this in the place of each claim.
    fn with(&self, example: &str) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Claim(_) => example.to_owned(),
        };
        self.0.iter().map(text).collect()
    }

    /// Two names that come of it, which differ wherever a claim is.
    fn names(&self) -> Result<[Dn; 2]> {
        let name = |example| Dn::parse("claimsMapping", &self.with(example));
        Ok([name(EXAMPLE)?, name("other")?])
    }

    /// With claims in it, and whether each of them stands there as it is.
    fn fill(
        &self,
        claims: &Object<'_>,
        escape: impl for<'v> Fn(&'v str) -> Cow<'v, str>,
    ) -> Option<(String, bool)> {
        let (mut filled, mut as_it_is) = (String::with_capacity(64), true);
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Claim(name) => {
                    let value = plain(claims.get(name)?)?;
                    let escaped = escape(&value);
                    as_it_is &= matches!(escaped, Cow::Borrowed(_));
                    filled.push_str(&escaped);
                }
            }
        }
        Some((filled, as_it_is))
    }

    fn check_filter(&self) -> Result<()> {
        let example = self.with(EXAMPLE);
        if !example.starts_with('(') || !example.ends_with(')') {
            return Err(malformed("a filter stands in brackets: (mail=${email})"));
        }
        Filter::raw(example).check()?;
        let mut in_value = false;
        for part in &self.0 {
            match part {
                Part::Claim(_) if !in_value => {
                    return Err(malformed("a claim stands for the value of an attribute, not for its name"));
                }
                Part::Claim(_) => {}
                Part::Text(text) => {
                    for c in text.chars() {
                        match c {
                            '(' | ')' => in_value = false,
                            '=' => in_value = true,
                            _ => {}
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The name of an entry, with claims in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    template: Template,
    depth: usize,
}

impl Name {
    /// A claim is a value, and no name of an attribute.
    fn read(text: &str) -> Result<Self> {
        let template = Template::read(text)?;
        let [one, other] = template.names()?;
        let depth = one.depth();
        if steps(one).eq(steps(other)) {
            return Ok(Self { template, depth });
        }
        Err(malformed("a claim stands for the value of an attribute, not for its name"))
    }

    /// The steps in which no claim is are those that any two of its names have in common.
    fn within(&self) -> Dn {
        let Ok([one, other]) = self.template.names() else { return Dn::root() };
        let mut above = std::iter::successors(Some(one), Dn::parent);
        above.find(|name| other.is_within(name)).unwrap_or(Dn::root())
    }

    /// A name of as many steps as this has. What had to be escaped is read again: a second look, should the first have missed
    /// something. What needs no escape cannot end a value.
    fn fill(&self, claims: &Object<'_>) -> Option<String> {
        let (filled, as_it_is) = self.template.fill(claims, Dn::escape)?;
        if as_it_is && filled.len() <= MAX_DN_LENGTH {
            return Some(filled);
        }
        let name = Dn::parse("claimsMapping", &filled).ok()?;
        (name.depth() == self.depth).then_some(filled)
    }
}

/// The names of attributes in each step of a name.
fn steps(name: Dn) -> impl Iterator<Item = Vec<String>> {
    let kinds = |name: &Dn| name.naming().into_iter().map(|(kind, _)| kind).collect();
    std::iter::successors(Some(name), Dn::parent).map(move |name| kinds(&name))
}

/// A claim as a value: a text, a whole number, or a list of just one of these.
fn plain<'a>(value: &'a Json<'_>) -> Option<Cow<'a, str>> {
    match value {
        Json::Text(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
        Json::Integer(number) => Some(number.to_string().into()),
        Json::Natural(number) => Some(number.to_string().into()),
        Json::List(values) => match values.as_slice() {
            [value @ (Json::Text(_) | Json::Integer(_) | Json::Natural(_))] => plain(value),
            _ => None,
        },
        _ => None,
    }
}

fn malformed(text: &'static str) -> Error {
    Error::invalid("claimsMapping", "expression_malformed", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[expect(clippy::needless_pass_by_value, reason = "it reads better where it is made in place")]
    fn resolve(expression: &str, claims: Value) -> Option<Meant> {
        let claims = claims.to_string();
        Expression::read(expression).unwrap().resolve(&crate::oidc::json::object(claims.as_bytes()).unwrap())
    }

    #[expect(clippy::unnecessary_wraps, reason = "as it is compared")]
    fn name(text: &str) -> Option<Meant> {
        Some(Meant::Name(text.to_owned()))
    }

    #[test]
    fn claims_become_values() {
        let people = "uid=${sub},ou=People,o=acme";
        assert_eq!(resolve(people, json!({"sub": "ada"})), name("uid=ada,ou=People,o=acme"));
        assert_eq!(resolve(people, json!({"sub": 17})), name("uid=17,ou=People,o=acme"));
        assert_eq!(resolve(people, json!({"sub": ["ada"]})), name("uid=ada,ou=People,o=acme"));
        let both = resolve(
            "cn=${given} ${family}+uid=u-${sub},o=acme",
            json!({"given": "A", "family": "L", "sub": "1"}),
        );
        assert_eq!(both, name("cn=A L+uid=u-1,o=acme"));
        for claims in [
            json!({}),
            json!({"sub": ""}),
            json!({"sub": null}),
            json!({"sub": true}),
            json!({"sub": 1.5}),
            json!({"sub": ["a", "b"]}),
            json!({"sub": [["a"]]}),
            json!({"sub": {"a": 1}}),
        ] {
            assert_eq!(resolve(people, claims.clone()), None, "{claims}");
        }
        let search = resolve("ou=People,o=acme??one?(mail=${email})", json!({"email": "a*(b)\\@acme"}));
        let Some(Meant::Search(search)) = search else { panic!("{search:?}") };
        assert_eq!((search.base(), search.scope()), ("ou=People,o=acme", SearchScope::One));
        assert_eq!(search.filter(), r"(mail=a\2a\28b\29\5c@acme)");
    }

    #[test]
    fn all_that_is_meant_lies_below_what_no_claim_is_in() {
        for (expression, base) in [
            ("uid=${sub},ou=People,o=acme", "ou=People,o=acme"),
            ("uid=svc-${sub}-x,ou=${team},o=acme", "o=acme"),
            ("uid=${sub},ou=claim,ou=${team},o=acme", "o=acme"),
            ("uid=${sub}+cn=${name},o=acme", "o=acme"),
            (r"uid=${sub}\,ou=People,o=acme", "o=acme"),
            (r"uid=a\,b${sub},ou=A\,B,o=acme", r"ou=A\,B,o=acme"),
            ("uid=guest,o=acme", "uid=guest,o=acme"),
            ("uid=${sub}", ""),
            ("ou=People,o=acme??sub?(mail=${email})", ""),
        ] {
            assert_eq!(Expression::read(expression).unwrap().within().as_str(), base, "{expression}");
        }
    }

    #[test]
    fn what_could_be_something_else_than_a_value_is_refused() {
        for expression in [
            "",
            "ada",
            "uid=${sub",
            "uid=${},o=acme",
            "${kind}=ada,o=acme",
            "uid=ada,${sub}",
            "uid=${sub},${base}",
            r"uid=\${sub},o=acme",
            "uid=#${hex},o=acme",
            "o=acme??one",
            "o=acme?cn?one?(a=b)",
            "o=acme??tree?(a=b)",
            "o=acme??one?mail=${email}",
            "o=acme??one?(${kind}=a)",
            "o=acme??one?(&(a=b)${rest})",
            "o=acme??one?",
        ] {
            let error = Expression::read(expression).map(|read| format!("{read:?}")).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidInput, "{expression}");
        }
    }

    proptest::proptest! {
        /// However hostile, what a claim says stays within the value that it stands for.
        #[test]
        fn no_claim_breaks_out(value in ".*") {
            let claims = json!({"sub": value});
            if let Some(Meant::Name(found)) = resolve("uid=${sub},ou=People,o=acme", claims.clone()) {
                let dn = Dn::parse("dn", &found).unwrap();
                let parent = Dn::parse("dn", "ou=People,o=acme").unwrap();
                proptest::prop_assert_eq!(dn.parent().unwrap(), parent);
                proptest::prop_assert_eq!(dn.naming(), vec![("uid".to_owned(), value.clone())]);
            }
            if let Some(Meant::Search(search)) = resolve("o=acme??sub?(uid=${sub})", claims) {
                let filter = Filter::equals("uid", &value);
                proptest::prop_assert_eq!(search.filter(), filter.as_str());
            }
        }
    }
}
