//! Which of RadiantOne's APIs is spoken. They say differently what went wrong, and some servers say it wrongly.

use serde_json::Value;

use super::redact::Hidden;
use crate::ErrorKind;
use crate::wire::adap;
use crate::wire::scim::ScimType;

/// One of the APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Config,
    Adap,
    Scim,
}

/// What is said where a credential is no good, in small letters: by LDAP, and by those who asked it (*inferred*).
const BAD_CREDENTIAL: [&str; 6] = [
    "error code 49",
    "invalid credential",
    "authentication failed",
    "invalid token",
    "token has expired",
    "token is expired",
];

impl Dialect {
    /// What an answer means, where it says more than its status: a kind, where the status's is not it, and a code.
    pub(super) fn meaning(
        self,
        status: u16,
        said: &Value,
        words: Option<&str>,
        hidden: &Hidden,
    ) -> Option<(Option<ErrorKind>, &'static str)> {
        match self {
            Self::Config => return None,
            _ if status == 401 => return None,
            Self::Adap if status == 400 => {}
            Self::Scim if status == 500 => {}
            _ => return self.code(said),
        }
        // ADAP before 8.5.0 says 400 of a bad token, and quotes it; SCIM before 8.1.4 says 500.
        let refused = |words: &str| {
            let lower = words.to_ascii_lowercase();
            hidden.quotes_credential(words) || BAD_CREDENTIAL.iter().any(|text| lower.contains(text))
        };
        if words.is_some_and(refused) {
            return Some((Some(ErrorKind::Unauthorized), "authentication_failed"));
        }
        self.code(said)
    }

    fn code(self, said: &Value) -> Option<(Option<ErrorKind>, &'static str)> {
        if self == Self::Scim {
            let reason = ScimType::of(said.get("scimType")?.as_str()?)?;
            let kind = (reason == ScimType::Uniqueness).then_some(ErrorKind::Conflict);
            return Some((kind, reason.code()));
        }
        let number = [said.get("ldapCode"), said.get("errorCode")];
        let number = number.into_iter().flatten().find_map(Value::as_i64)?;
        adap::ldap_meaning(number).map(|(kind, code)| (Some(kind), code))
    }
}
