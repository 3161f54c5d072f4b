//! `gatepass validator ...`

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use gatepass::{Algorithm, Api};

use super::values::span;

#[derive(Debug, Subcommand)]
pub(crate) enum ValidatorCommand {
    /// Add a validator: from then on the tokens that it accepts open its API.
    ///
    /// `gatepass validator add acme-sso --api rest --audience directory --map 'uid=${sub},ou=People,o=acme'
    /// --discovery-url https://sso.acme.example/.well-known/openid-configuration`
    Add {
        /// The validator's name: 1 to 100 letters, digits, spaces, _ and -, unique over both APIs.
        name: String,
        /// The API that its tokens open.
        #[arg(long, value_parser = apis())]
        api: Api,
        #[command(flatten)]
        change: Box<ValidatorChange>,
        /// Keep it, and do not consult it yet.
        #[arg(long)]
        disabled: bool,
    },
    /// List the validators.
    List,
    /// Show what a validator asks of a token.
    Show {
        /// The validator's name.
        name: String,
    },
    /// Change what a validator asks of a token. What is not said stays; what is said as an empty text ('') goes.
    Update {
        /// The validator's name.
        name: String,
        /// The API that its tokens open.
        #[arg(long, value_parser = apis())]
        api: Option<Api>,
        #[command(flatten)]
        change: Box<ValidatorChange>,
    },
    /// Consult a validator again.
    Enable {
        /// The validator's name.
        name: String,
    },
    /// Consult a validator no more: what only it accepted is refused.
    Disable {
        /// The validator's name.
        name: String,
    },
    /// Remove a validator: what only it accepted is refused.
    Remove {
        /// The validator's name.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Try a validator out, disabled or not: can its keys be fetched, and does it accept a token?
    ///
    /// Keys are fetched from here, or, with --server, by the server. The exit status is 0 when they can be fetched and
    /// the token, if one is given, is accepted; 1 when not; and 2 on an error.
    Test {
        /// The validator's name.
        name: String,
        /// Read a token of the provider from standard input.
        #[arg(long)]
        jwt_stdin: bool,
        /// Read a token of the provider from this file.
        #[arg(long, value_name = "PATH", conflicts_with = "jwt_stdin")]
        jwt_file: Option<PathBuf>,
    },
}

/// What is set on a validator.
#[derive(Debug, Args)]
pub(crate) struct ValidatorChange {
    /// Where the provider describes itself. Its keys' place is read there, and its issuer known by it, unless they are said.
    #[arg(long, value_name = "URL")]
    pub(crate) discovery_url: Option<String>,
    /// Where the provider's keys are (a JWK Set).
    #[arg(long, value_name = "URL")]
    pub(crate) jwks_url: Option<String>,
    /// The issuer that tokens have to be of, letter by letter.
    #[arg(long, value_name = "ISSUER")]
    pub(crate) issuer: Option<String>,
    /// Take tokens of whatever issuer that these keys sign for. With a provider of several tenants that is everybody else's.
    #[arg(long, conflicts_with = "issuer")]
    pub(crate) any_issuer: bool,
    /// The audience that tokens have to be for.
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) audience: Option<String>,
    /// A scope that tokens have to have. Can be repeated: all of them.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// The claim that has the scopes (scope when not said; Okta's is scp).
    #[arg(long, value_name = "CLAIM")]
    pub(crate) scope_claim: Option<String>,
    /// Whom a token acts as: 'uid=${sub},ou=People,o=acme', or a search, 'ou=People,o=acme??sub?(mail=${email})'. Can be
    /// repeated: the first that finds somebody decides.
    #[arg(long = "map", value_name = "EXPRESSION")]
    pub(crate) mapping: Vec<String>,
    /// How far the provider's clock may be from this one: 30s when not said, 1h at the most.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub(crate) clock_skew: Option<Duration>,
    /// An algorithm that tokens may be signed with; all of these when not said. Can be repeated.
    #[arg(long = "algorithm", value_name = "ALGORITHM", value_parser = algorithms())]
    pub(crate) algorithms: Vec<Algorithm>,
    /// The typ that a token's header has to have, at+jwt for instance.
    #[arg(long, value_name = "TYP")]
    pub(crate) token_type: Option<String>,
    /// How long after it was issued a token is taken: 10m, 1h; 0s for as long as it says itself.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub(crate) max_age: Option<Duration>,
    /// What the provider is, for people.
    #[arg(long, value_name = "TEXT")]
    pub(crate) provider: Option<String>,
}

fn apis() -> impl clap::builder::TypedValueParser<Value = Api> {
    PossibleValuesParser::new([Api::Rest, Api::Scim].map(Api::as_str)).try_map(|text| text.parse::<Api>())
}

fn algorithms() -> impl clap::builder::TypedValueParser<Value = Algorithm> {
    let names = Algorithm::ALL.iter().map(|algorithm| algorithm.as_str());
    PossibleValuesParser::new(names).try_map(|text| text.parse::<Algorithm>())
}
