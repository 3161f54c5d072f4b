//! `gatepass token …`

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use gatepass::{Api, Expiration, Status, Timestamp, on, parse_network};
use ipnet::IpNet;

use super::values::{date, label, span};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token. Its secret goes to standard output, alone, and is shown only now.
    Create(Create),
    /// List tokens, by name.
    List(List),
    /// Show one token.
    Show {
        /// The token's name.
        name: String,
    },
    /// Give a token a new secret; the old one stays good for the grace.
    Rotate(Rotate),
    /// End tokens, all of them in one step. One that was revoked before stays as it is.
    ///
    /// With --wait the exit status is 1 when a replica had not confirmed it by then; the tokens are revoked all the
    /// same. JSON then has `tokens` and `receipts`.
    Revoke {
        /// The tokens' names.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Wait until every replica that follows a server of this store has confirmed it, for so long at the most: 10s.
        #[arg(long, value_name = "SPAN", value_parser = span)]
        wait: Option<Duration>,
    },
    /// Remove a token, whose name is free again.
    Delete {
        /// The token's name.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Remove tokens that have been expired or revoked for long.
    Purge {
        /// For how long: 30d, 12w.
        #[arg(long, value_name = "SPAN", value_parser = span)]
        older_than: Duration,
    },
    /// Check a secret, which comes on standard input.
    ///
    /// The exit status is 0 when it is granted, 1 when it is denied, with the reason's code on standard output, and 2 on
    /// an error.
    Check(Check),
    /// List tokens that break the present policy, and those that never expire.
    Report,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The token's name, unique among tokens.
    pub(crate) name: String,
    /// What it opens.
    #[arg(long, value_parser = apis())]
    pub(crate) api: Api,
    #[command(flatten)]
    pub(crate) expires: ExpiresArgs,
    /// A role; for config tokens, which have at least one. Can be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    pub(crate) roles: Vec<String>,
    /// A scope of your application; for scim and rest tokens. Can be repeated.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// The entry that a rest token acts as.
    #[arg(long, value_name = "DN")]
    pub(crate) target_dn: Option<String>,
    /// A network that it may be used from; from anywhere when not said. Can be repeated.
    #[arg(long = "network", value_name = "CIDR", value_parser = parse_network)]
    pub(crate) networks: Vec<IpNet>,
    /// From when on it is good.
    #[arg(long, value_name = "INSTANT")]
    pub(crate) not_before: Option<Timestamp>,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// A label. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    pub(crate) metadata: Vec<(String, String)>,
    /// Write the secret to this new file, which only you can read, and not to standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) secret_file: Option<PathBuf>,
}

/// When a token expires.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct ExpiresArgs {
    /// It expires after so many days of 24 hours.
    #[arg(long, value_name = "N", group = "expiry")]
    days: Option<u32>,
    /// It is good through this day, 2027-03-01.
    #[arg(long, value_name = "DATE", group = "expiry", value_parser = date)]
    on: Option<NaiveDate>,
    /// The time zone of that day, Europe/Paris (UTC when not said).
    #[arg(long, requires = "on")]
    zone: Option<String>,
    /// It expires at this instant, 2027-03-01T12:00:00Z.
    #[arg(long, value_name = "INSTANT", group = "expiry")]
    at: Option<Timestamp>,
    /// It never expires; only where the policy permits that (--allow-never).
    #[arg(long, group = "expiry")]
    never: bool,
}

impl ExpiresArgs {
    /// What is asked for; none where nothing is said.
    pub(crate) fn expiration(self) -> Option<Expiration> {
        let on = self.on.map(|date| match self.zone {
            Some(zone) => on(date).in_zone(zone),
            None => on(date),
        });
        let never = self.never.then_some(Expiration::Never);
        self.days.map(Expiration::Days).or(on).or(self.at.map(Expiration::At)).or(never)
    }
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// For this API.
    #[arg(long, value_parser = apis())]
    pub(crate) api: Option<Api>,
    /// Of this status.
    #[arg(long, value_parser = statuses())]
    pub(crate) status: Option<Status>,
    /// Still good, and expiring within this time: 14d.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub(crate) expires_within: Option<Duration>,
    /// With this text in the name, in any case of the letters A to Z.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The token's name.
    pub(crate) name: String,
    /// How long the old secret stays good: 12h, 1d; 0s ends it at once.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub(crate) grace: Duration,
    #[command(flatten)]
    pub(crate) expires: ExpiresArgs,
    /// Go on even while an earlier rotation is in its grace, which ends the older secret.
    #[arg(long)]
    pub(crate) force: bool,
    /// Write the secret to this file, in the place of the one that is there, and not to standard output. Where that
    /// fails the old secret stays good.
    #[arg(long, value_name = "PATH")]
    pub(crate) secret_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The API that it has to open.
    #[arg(long, value_parser = apis())]
    pub(crate) api: Api,
    /// A scope that it has to have. Can be repeated.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// The address that it is used from.
    #[arg(long, value_name = "IP")]
    pub(crate) peer: Option<IpAddr>,
}

/// The names are listed for help and completions; core reads them.
pub(super) fn apis() -> impl clap::builder::TypedValueParser<Value = Api> {
    PossibleValuesParser::new(Api::ALL.map(Api::as_str)).try_map(|text| text.parse::<Api>())
}

fn statuses() -> impl clap::builder::TypedValueParser<Value = Status> {
    let all = [Status::Active, Status::NotYetValid, Status::Expired, Status::Revoked];
    PossibleValuesParser::new(all.map(Status::as_str)).try_map(|text| text.parse::<Status>())
}
