//! The test vectors that all languages are tested against: what their cases look like, and how they are made.
//!
//! One module makes one file of `vectors/`. What is expected is there by construction, or by an oracle that
//! shares nothing with the code under test; this library does not even depend on it.

pub mod answers;
pub mod checks;
pub mod expected;
pub mod expiration;
pub mod forge;
pub mod headers;
pub mod issuing;
pub mod jwt;
pub mod roles;
pub mod secrets;
pub mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a file of vectors holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors<C> {
    /// What a runner does with each case.
    pub about: String,
    /// The cases, each with a name of its own.
    pub cases: Vec<C>,
}

/// Every file of vectors, as it is to be written.
///
/// # Errors
/// Where a case cannot be written as JSON.
pub fn files() -> serde_json::Result<BTreeMap<&'static str, String>> {
    Ok(BTreeMap::from([
        ("answers.json", pretty(answers::ABOUT, answers::cases())?),
        ("checks.json", pretty(checks::ABOUT, checks::cases())?),
        ("expiration.json", pretty(expiration::ABOUT, expiration::cases())?),
        ("headers.json", pretty(headers::ABOUT, headers::cases())?),
        ("issuing.json", pretty(issuing::ABOUT, issuing::cases())?),
        ("jwt.json", pretty(jwt::ABOUT, jwt::cases())?),
        ("roles.json", pretty(roles::ABOUT, roles::cases())?),
        ("secrets.json", pretty(secrets::ABOUT, secrets::cases())?),
    ]))
}

fn pretty<C: Serialize>(about: &str, cases: Vec<C>) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(&Vectors { about: about.to_owned(), cases })?;
    Ok(text + "\n")
}
