//! The three APIs that a token can open.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a token opens. One token opens one API, and the letter of the API is part of what is hashed, so
/// a token cannot be turned into one for another API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Api {
    /// The Configuration API: managing RadiantOne itself. Its tokens carry delegated-admin roles.
    Config,
    /// The SCIMv2 API: the directory's data as SCIM resources.
    Scim,
    /// The REST (ADAP) API: the directory's data. Its tokens may act as a target DN.
    Rest,
}

impl Api {
    /// All three, in the vendor's order.
    pub const ALL: [Self; 3] = [Self::Config, Self::Scim, Self::Rest];

    /// The name used in code, in the CLI and in the docs: `config`, `scim`, `rest`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Scim => "scim",
            Self::Rest => "rest",
        }
    }

    /// The vendor's name on the wire: `CONFIG`, `SCIM`, `REST`.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Config => "CONFIG",
            Self::Scim => "SCIM",
            Self::Rest => "REST",
        }
    }

    /// The letter after the brand in a secret: `c`, `s` or `r`.
    pub const fn letter(self) -> char {
        match self {
            Self::Config => 'c',
            Self::Scim => 's',
            Self::Rest => 'r',
        }
    }

    pub(crate) const fn from_letter(letter: u8) -> Option<Self> {
        match letter {
            b'c' => Some(Self::Config),
            b's' => Some(Self::Scim),
            b'r' => Some(Self::Rest),
            _ => None,
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Api {
    type Err = Error;

    /// Takes either name, `rest` or `REST`; nothing between.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|api| text == api.as_str() || text == api.wire())
            .ok_or_else(|| Error::invalid("api", "unknown_api", "expected config, scim or rest"))
    }
}
