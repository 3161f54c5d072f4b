//! `gatepass rest …`

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand, ValueEnum};
use gatepass::{DerefAliases, SearchScope};

use super::data::Timeouts;

#[derive(Debug, Args)]
pub(crate) struct Rest {
    /// The directory: `https://HOST:8090/adap`. One's own rest token is in `GATEPASS_REST_TOKEN`, unless --token-file is said;
    /// else it is asked for.
    #[arg(long, global = true, env = "GATEPASS_REST_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Follow the server to this node of its cluster, `node2.example` or `node2.example:8090`. Can be repeated.
    #[arg(long = "node", global = true, value_name = "HOST")]
    pub(crate) nodes: Vec<String>,
    /// Do it as this user, which the token's own user must be permitted.
    #[arg(long, global = true, value_name = "DN")]
    pub(crate) acting_as: Option<String>,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
    #[command(subcommand)]
    pub(crate) command: RestCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RestCommand {
    /// Show the token to the server, to see whether it is good.
    Bind,
    /// List the names that all others are below.
    Rootdse,
    /// Write entries, one JSON object a line: everything below the base, unless something else is said.
    Search(Search),
    /// Write one entry.
    Get {
        /// The entry.
        dn: String,
        /// An attribute that is wanted; all when none are named. Can be repeated.
        #[arg(long = "attribute", value_name = "NAME")]
        attributes: Vec<String>,
    },
    /// Add an entry, whose attributes are a JSON object on standard input: `{"cn": ["Ann"], "sn": "A"}`.
    Add {
        /// The entry.
        dn: String,
    },
    /// Give an entry other attributes, a JSON object on standard input, in the place of all that it has.
    Replace {
        /// The entry.
        dn: String,
    },
    /// Change an entry: all of it, or nothing.
    ///
    /// Passwords and the like come on standard input, where nothing else is said, as a JSON list of
    /// `{"attribute": "mail", "type": "ADD", "values": ["a@example.com"]}`; the others are REPLACE and DELETE.
    Modify(Modify),
    /// Give an entry another name, or another place.
    Rename {
        /// The entry.
        dn: String,
        /// The first part of its new name: uid=lewis.
        new_rdn: String,
        /// The entry that it shall be below.
        #[arg(long, value_name = "DN")]
        below: Option<String>,
    },
    /// Delete an entry.
    Delete {
        /// The entry.
        dn: String,
        /// And all below it.
        #[arg(long)]
        tree: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Do many operations, one JSON object a line: {"method": "POST", "dn": "cn=a,o=x", "params": {"attributes":
    /// {"cn": "a"}}}; the other methods are PUT, PATCH (with "mods" as modify takes them) and DELETE.
    ///
    /// What became of each is written as a line. The exit status is 1 when one failed; the others are done all the same.
    Bulk {
        /// The file; standard input when not said.
        file: Option<PathBuf>,
        /// How many are sent at once.
        #[arg(long, value_name = "N", default_value = "1000")]
        batch: NonZeroU32,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// The entry that is searched at and below.
    pub(crate) base: String,
    /// An LDAP filter: (objectClass=person).
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// An attribute that is wanted; all when none are named. Can be repeated.
    #[arg(long = "attribute", value_name = "NAME")]
    pub(crate) attributes: Vec<String>,
    /// How far to look.
    #[arg(long, default_value = "sub", value_parser = scopes())]
    pub(crate) scope: SearchScope,
    /// How many entries are asked for at a time.
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) page_size: NonZeroU32,
    /// Ask for all in one answer, where paging is off on the server.
    #[arg(long)]
    pub(crate) unpaged: bool,
    /// So many entries at the most, in one answer.
    #[arg(long, value_name = "N")]
    pub(crate) size_limit: Option<u64>,
    /// From this entry on, counted from 1, in one answer.
    #[arg(long, value_name = "N")]
    pub(crate) start_index: Option<u64>,
    /// So many entries from there.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// With the entries that an entry is below, in one answer.
    #[arg(long)]
    pub(crate) context: bool,
    /// By a filter for each step on the way down, in one answer: /ou=A*/uid=Aug*
    #[arg(long, value_name = "FILTER")]
    pub(crate) context_filter: Option<String>,
    /// Whether alias entries are followed.
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(crate) deref: Option<Deref>,
}

#[derive(Debug, Args)]
pub(crate) struct Modify {
    /// The entry.
    pub(crate) dn: String,
    /// Add a value to an attribute. Can be repeated.
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"])]
    pub(crate) add: Vec<String>,
    /// Put a value, or several, in the place of all that an attribute has. Can be repeated.
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"])]
    pub(crate) replace: Vec<String>,
    /// Take a value away from an attribute. Can be repeated.
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"])]
    pub(crate) delete: Vec<String>,
    /// Take an attribute away with all of its values. Can be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) delete_all: Vec<String>,
}

/// Whether alias entries are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deref {
    /// Never.
    Never,
    /// Below the base.
    Searching,
    /// The base alone.
    Finding,
    /// Always.
    Always,
}

impl From<Deref> for DerefAliases {
    fn from(deref: Deref) -> Self {
        match deref {
            Deref::Never => Self::Never,
            Deref::Searching => Self::Searching,
            Deref::Finding => Self::Finding,
            Deref::Always => Self::Always,
        }
    }
}

fn scopes() -> impl clap::builder::TypedValueParser<Value = SearchScope> {
    PossibleValuesParser::new(["base", "one", "sub"]).try_map(|text| text.parse::<SearchScope>())
}
