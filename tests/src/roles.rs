//! `roles.json`: what the vendor's roles and one's own permit, and how roles are written.

mod details;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expected::Fault;

/// What a runner does.
pub const ABOUT: &str = "`held`: a book of the default roles and of those in `custom` (the vendor's \
    RoleDetails); whoever holds `roles` is permitted just the scopes in `allows`, out of those of the case \
    `every-scope`. `round_trip`: the role read from `given` permits just `allows`, and is written back as \
    `written` (equal as JSON, whatever the order of keys). `refused`: a book with this role cannot be made.";

/// What a case proves of roles.
#[derive(Debug, Serialize, Deserialize)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// What is done.
    #[serde(flatten)]
    pub proof: Proof,
}

/// What is done with roles.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Who holds these roles is permitted these scopes.
    Held(Held),
    /// A role goes through Gatepass and comes out as it should.
    RoundTrip(RoundTrip),
    /// A role that cannot be.
    Refused(Refused),
}

/// Who holds these roles is permitted these scopes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Roles besides the default ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<Value>,
    /// The names of the roles that are held.
    pub roles: Vec<String>,
    /// The scopes that are permitted, in order.
    pub allows: BTreeSet<String>,
}

/// A role goes through Gatepass and comes out as it should.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundTrip {
    /// `RoleDetails` as some server wrote it.
    pub given: Value,
    /// The scopes that it permits.
    pub allows: BTreeSet<String>,
    /// `RoleDetails` as it is written.
    pub written: Value,
}

/// A role that cannot be.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// `RoleDetails` as somebody sent it.
    pub given: Value,
    /// Why it cannot be.
    pub error: Fault,
}

/// The vendor's page, by scope: what Directory, Namespace, Schema, Security Administrator and Read Only have.
/// The last two lines are of areas that the page does not list: EDIT for Directory Administrator, else VIEW.
const TABLE: [(&str, [char; 5]); 17] = [
    ("SCOPE_DATA_CATALOG_DATA_SOURCE", ['E', 'E', 'E', 'V', 'V']),
    ("SCOPE_DATA_CATALOG_TEMPLATE_MANAGEMENT", ['E', 'E', 'E', 'V', 'V']),
    ("SCOPE_DIRECTORY_NAMESPACE_NAMESPACE_DESIGN", ['E', 'E', 'E', 'V', 'V']),
    ("SCOPE_DIRECTORY_NAMESPACE_DIRECTORY_SCHEMA", ['E', 'E', 'E', 'V', 'V']),
    ("SCOPE_DIRECTORY_BROWSER", ['E', 'E', 'V', 'V', 'V']),
    ("SCOPE_TASKS", ['E', 'E', 'V', 'V', 'V']),
    ("SCOPE_SECURITY_ATTRIBUTE_ENCRYPTION", ['E', 'V', 'V', 'E', 'V']),
    ("SCOPE_SECURITY_ACCESS_CONTROL", ['E', 'V', 'V', 'E', 'V']),
    ("SCOPE_SETTINGS", ['E', 'V', 'V', 'V', 'V']),
    ("SCOPE_ADMINISTRATION_USER_MANAGEMENT", ['E', 'V', 'V', 'V', 'V']),
    ("SCOPE_ADMINISTRATION_ROLES", ['E', 'V', 'V', 'V', 'V']),
    ("SCOPE_ADMINISTRATION_DIRECTORY_MANAGER", ['E', 'V', 'V', 'V', 'V']),
    ("SCOPE_ADMINISTRATION_CONTROL_PANEL_CONFIGURATION", ['E', 'V', 'V', 'V', 'V']),
    ("SCOPE_ADMINISTRATION_ENTRY_STATISTICS", ['E', 'V', 'V', 'V', 'V']),
    ("SCOPE_ADMINISTRATION_ACCESS_TOKENS", ['E', 'V', 'V', 'E', 'V']),
    ("SCOPE_DASHBOARD", ['E', 'V', 'V', 'V', 'V']),
    ("SCOPE_IDENTITY_OBSERVABILITY", ['E', 'V', 'V', 'V', 'V']),
];
/// The scopes of a yes or no, which Directory Administrator alone has.
const SWITCHES: [&str; 3] =
    ["SCOPE_AUTH_TOKEN_REVOKE", "SCOPE_CONFIGURATION_EXPORT_ENABLED", "SCOPE_CONFIGURATION_IMPORT_ENABLED"];

/// The five, in the order of the table's columns, and the other names that they have on the wire.
const DEFAULT_ROLES: [(&str, &str); 5] = [
    ("Directory Administrator", "directory administrators"),
    ("Namespace Administrator", "namespaceadmin"),
    ("Schema Administrator", "schemaadmin"),
    ("Security Administrator", "aciadmin"),
    ("Read Only", "readonly"),
];

/// Every scope that there is.
pub const EVERY_SCOPE: &str = "every-scope";

/// The scopes that a level in an area opens: EDIT opens VIEW.
fn opened(stem: &str, level: char) -> Vec<String> {
    match level {
        'E' => vec![format!("{stem}_VIEW"), format!("{stem}_EDIT")],
        'V' => vec![format!("{stem}_VIEW")],
        _ => Vec::new(),
    }
}

/// What a default role permits.
pub fn scopes_of(role: &str) -> BTreeSet<String> {
    let column = DEFAULT_ROLES.iter().position(|(name, _)| *name == role);
    let level = |row: &[char; 5]| column.and_then(|column| row.get(column)).copied().unwrap_or('-');
    let mut scopes: BTreeSet<_> = TABLE.iter().flat_map(|(stem, row)| opened(stem, level(row))).collect();
    if column == Some(0) {
        scopes.extend(SWITCHES.map(str::to_owned));
    }
    scopes
}

fn of_levels(levels: &[(&str, char)], switches: &[&str]) -> BTreeSet<String> {
    let of_areas = levels.iter().flat_map(|(stem, level)| opened(stem, *level));
    of_areas.chain(switches.iter().map(|switch| (*switch).to_owned())).collect()
}

fn held(name: impl Into<String>, custom: Vec<Value>, roles: &[&str], allows: BTreeSet<String>) -> Case {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    Case { name: name.into(), proof: Proof::Held(Held { custom, roles, allows }) }
}

fn round_trip(name: &str, given: Value, allows: BTreeSet<String>, written: Value) -> Case {
    Case { name: name.to_owned(), proof: Proof::RoundTrip(RoundTrip { given, allows, written }) }
}

fn refused(name: impl Into<String>, given: Value, error: Fault) -> Case {
    Case { name: name.into(), proof: Proof::Refused(Refused { given, error }) }
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases =
        vec![held(EVERY_SCOPE, vec![], &["Directory Administrator"], scopes_of("Directory Administrator"))];
    cases.extend(of_default_roles());
    cases.extend(of_unions());
    cases.extend(details::cases());
    cases
}

fn of_default_roles() -> Vec<Case> {
    let mut cases = Vec::new();
    for (role, alias) in DEFAULT_ROLES {
        let kebab = role.to_lowercase().replace(' ', "-");
        for (kind, name) in [("name", role), ("alias", alias)] {
            let alternating = name
                .chars()
                .enumerate()
                .map(|(at, c)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
            for (spelling, name) in [
                ("as-written", name.to_owned()),
                ("in-small-letters", name.to_lowercase()),
                ("in-capitals", name.to_uppercase()),
                ("in-mixed-case", alternating.collect()),
            ] {
                cases.push(held(format!("{kebab}-{kind}-{spelling}"), vec![], &[&name], scopes_of(role)));
            }
        }
    }
    cases
}

fn of_unions() -> Vec<Case> {
    let union = |roles: &[&str]| roles.iter().flat_map(|role| scopes_of(role)).collect::<BTreeSet<_>>();
    let nothing = BTreeSet::new;
    let mut cases = Vec::new();
    for (at, (one, _)) in DEFAULT_ROLES.iter().enumerate() {
        for (other, _) in DEFAULT_ROLES.iter().skip(at + 1) {
            let name = format!("union-of-{one}-and-{other}").to_lowercase().replace(' ', "-");
            cases.push(held(name, vec![], &[one, other], union(&[one, other])));
        }
    }
    cases.extend([
        held(
            "union-of-three",
            vec![],
            &["Namespace Administrator", "Schema Administrator", "Security Administrator"],
            union(&["Namespace Administrator", "Schema Administrator", "Security Administrator"]),
        ),
        held(
            "union-under-aliases",
            vec![],
            &["namespaceadmin", "ACIADMIN"],
            union(&["Namespace Administrator", "Security Administrator"]),
        ),
        held("union-with-itself", vec![], &["Read Only", "readonly"], scopes_of("Read Only")),
        held("unknown-role-permits-nothing", vec![], &["engineer"], nothing()),
        held("unknown-role-adds-nothing", vec![], &["Read Only", "engineer"], scopes_of("Read Only")),
        held("no-role-permits-nothing", vec![], &[], nothing()),
        held("empty-name-permits-nothing", vec![], &[""], nothing()),
        held("name-with-a-space-behind-permits-nothing", vec![], &["Read Only "], nothing()),
        held("name-with-two-spaces-permits-nothing", vec![], &["Read  Only"], nothing()),
        held("name-without-its-space-in-two-parts-permits-nothing", vec![], &["Read", "Only"], nothing()),
        held("name-of-a-scope-permits-nothing", vec![], &["SCOPE_SETTINGS_EDIT"], nothing()),
        held("name-with-a-dotless-i-permits-nothing", vec![], &["D\u{131}rectory Administrator"], nothing()),
        held("name-with-a-long-s-permits-nothing", vec![], &["\u{17f}chemaadmin"], nothing()),
    ]);
    cases
}
