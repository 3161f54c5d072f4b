//! `gatepass scim …`

use std::num::NonZeroU64;

use clap::{Args, Subcommand};

use super::data::Timeouts;

#[derive(Debug, Args)]
pub(crate) struct Scim {
    /// The server: `https://HOST:8090/scim2/v2`. One's own scim token is in `GATEPASS_SCIM_TOKEN`, unless --token-file is said;
    /// else it is asked for.
    #[arg(long, global = true, env = "GATEPASS_SCIM_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
    #[command(subcommand)]
    pub(crate) command: ScimCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScimCommand {
    /// List the kinds of resources that the server has.
    Types,
    /// Write the schemas, one JSON object a line.
    Schemas,
    /// Write what the server can do.
    Config,
    /// Write resources, one JSON object a line: all, unless something else is said.
    List(ListResources),
    /// Write one resource.
    Get {
        /// Where it is: Users.
        endpoint: String,
        /// Its id.
        id: String,
        #[command(flatten)]
        attributes: Attributes,
    },
    /// Make resources of JSON objects on standard input, and write each as the server made it.
    Create {
        /// Where they are made: Users.
        endpoint: String,
    },
    /// Put a JSON object from standard input in the place of a resource. What it does not say is gone.
    Replace {
        /// Where it is: Users.
        endpoint: String,
        /// Its id.
        id: String,
        #[command(flatten)]
        version: Version,
    },
    /// Change a resource: all of it, or nothing.
    ///
    /// Passwords and the like come on standard input, where nothing else is said, as a SCIM `PatchOp` or a JSON list of its
    /// operations.
    Patch(Patch),
    /// Delete a resource.
    Delete {
        /// Where it is: Users.
        endpoint: String,
        /// Its id.
        id: String,
        #[command(flatten)]
        version: Version,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListResources {
    /// Where they are: Users.
    pub(crate) endpoint: String,
    /// A SCIM filter: userName sw "b"
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// Sort by this attribute.
    #[arg(long, value_name = "PATH")]
    pub(crate) sort_by: Option<String>,
    /// The greatest first.
    #[arg(long, requires = "sort_by")]
    pub(crate) descending: bool,
    /// From the one of this number on, counted from 1.
    #[arg(long, value_name = "N")]
    pub(crate) start_index: Option<u64>,
    /// How many are asked for at a time.
    #[arg(long, value_name = "N", default_value = "200")]
    pub(crate) page_size: NonZeroU64,
    #[command(flatten)]
    pub(crate) attributes: Attributes,
}

/// What of a resource is wanted.
#[derive(Debug, Args)]
pub(crate) struct Attributes {
    /// An attribute that is wanted; all when none are named. Can be repeated.
    #[arg(long = "attribute", value_name = "PATH")]
    pub(crate) attributes: Vec<String>,
    /// An attribute that is not wanted. Can be repeated.
    #[arg(long = "exclude", value_name = "PATH", conflicts_with = "attributes")]
    pub(crate) excluded: Vec<String>,
}

/// Which version a resource must be of.
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// Only if it is of this version still: W/"3694e05e9dff590"
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_match: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Patch {
    /// Where it is: Users.
    pub(crate) endpoint: String,
    /// Its id.
    pub(crate) id: String,
    /// Add a value; JSON, or else a text. Can be repeated.
    #[arg(long, num_args = 2, value_names = ["PATH", "VALUE"])]
    pub(crate) add: Vec<String>,
    /// Put a value in the place of what is there; JSON, or else a text. Can be repeated.
    #[arg(long, num_args = 2, value_names = ["PATH", "VALUE"])]
    pub(crate) replace: Vec<String>,
    /// Take away what is there. Can be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) remove: Vec<String>,
    #[command(flatten)]
    pub(crate) version: Version,
}
