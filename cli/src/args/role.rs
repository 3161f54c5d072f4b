//! `gatepass role …`

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use gatepass::{Api, Area, Dn, Scope};

use super::token::apis;

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List the roles.
    List,
    /// Show what a role permits.
    Show {
        /// The role's name.
        name: String,
    },
    /// Make a role.
    Create {
        /// The role's name.
        name: String,
        /// Begin with what this role permits; with nothing when not said.
        #[arg(long, value_name = "ROLE")]
        from: Option<String>,
        #[command(flatten)]
        change: RoleChange,
    },
    /// Change what a role permits; whoever holds it is bound by it at once.
    Update {
        /// The role's name.
        name: String,
        #[command(flatten)]
        change: RoleChange,
    },
    /// Make a role that permits what another one does.
    Clone {
        /// The role's name.
        name: String,
        /// The new role's name.
        new_name: String,
    },
    /// Remove a role that nobody holds.
    Delete {
        /// The role's name.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// What is set on a role's permissions. The highest level counts that is given for an area.
#[derive(Debug, Args)]
pub(crate) struct RoleChange {
    /// An area that it may read and change. Can be repeated.
    #[arg(long, value_name = "AREA", value_parser = areas())]
    pub(crate) edit: Vec<Area>,
    /// An area that it may read. Can be repeated.
    #[arg(long, value_name = "AREA", value_parser = areas())]
    pub(crate) view: Vec<Area>,
    /// An area that it may not see. Can be repeated.
    #[arg(long, value_name = "AREA", value_parser = areas())]
    pub(crate) none: Vec<Area>,
    /// A vendor's scope that belongs to no area. Can be repeated.
    #[arg(long, value_name = "SCOPE", value_parser = switches())]
    pub(crate) allow: Vec<Scope>,
    /// It may give scim tokens.
    #[arg(long)]
    pub(crate) issue_scim: bool,
    /// It may give rest tokens that act as entries below this one; an empty DN for any. Can be repeated.
    #[arg(long, value_name = "DN", value_parser = |text: &str| Dn::parse("issueRest", text))]
    pub(crate) issue_rest: Vec<Dn>,
    /// It may give tokens this application scope, * for any. Can be repeated.
    #[arg(long, value_name = "SCOPE")]
    pub(crate) issue_scope: Vec<String>,
    /// It may follow, introspect and report on tokens for this API. Can be repeated.
    #[arg(long, value_name = "API", value_parser = apis())]
    pub(crate) verify: Vec<Api>,
}

/// Areas are listed with hyphens, so that a shell takes them for one word; core reads them with spaces as well.
fn areas() -> impl clap::builder::TypedValueParser<Value = Area> {
    let names = Area::all().map(|area| {
        let name: &'static str = area.as_str();
        clap::builder::PossibleValue::new(name.replace(' ', "-")).alias(name)
    });
    PossibleValuesParser::new(names).try_map(|text| text.parse::<Area>())
}

fn switches() -> impl clap::builder::TypedValueParser<Value = Scope> {
    let names = [Scope::REVOKE_TOKENS, Scope::EXPORT, Scope::IMPORT].map(|scope| scope.to_string());
    PossibleValuesParser::new(names).try_map(|text| text.parse::<Scope>())
}
