//! `RoleDetails`: what each of its fields permits, how it is written, and what it may not say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Case, held, of_levels, refused, round_trip, scopes_of};
use crate::expected::{conflict, invalid};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = of_custom_roles();
    cases.push(of_vendors_example());
    cases.extend(of_round_trips());
    cases.extend(of_null_groups());
    cases.extend(of_refusals());
    cases
}

/// A role of the vendor's complete form that permits nothing, and these values set in it, each by its path.
fn details(name: &str, set: &[(&str, Value)]) -> Value {
    let mut role = json!({
        "name": name,
        "entryDn": null,
        "defaultRole": false,
        "directoryBrowserPermission": "NONE",
        "directoryNamespacePermissions": {
            "namespaceDesignPermission": "NONE",
            "directorySchemaPermission": "NONE",
        },
        "identityManagerPermission": "NONE",
        "securityPermissions": {"attributeEncryptionPermission": "NONE", "accessControlPermission": "NONE"},
        "classicControlPanelPermission": {"enabled": false, "assumeRole": null},
        "tasksPermission": "NONE",
        "settingsPermission": "NONE",
        "globalSyncPermission": "NONE",
        "observabilityPermission": "NONE",
        "dashboardPermission": "NONE",
        "revokeTokenPermission": false,
        "dataCatalogPermissions": {
            "dataSourcesPermission": "NONE",
            "dataSourceOverrides": [],
            "templateManagementPermission": "NONE",
            "globalRelationshipsPermission": "NONE",
            "dataAssessmentPermission": "NONE",
        },
        "administrationPermissions": {
            "userManagementPermission": "NONE",
            "entryStatisticsPermission": "NONE",
            "rolesPermission": "NONE",
            "directoryManagerPermission": "NONE",
            "controlPanelConfigPermission": "NONE",
            "accessTokensPermission": "NONE",
        },
        "exportImportPermissions": {"exportEnabled": false, "importEnabled": false},
    });
    for (path, value) in set {
        put(&mut role, path, value.clone());
    }
    role
}

/// Sets what stands at this path, `settingsPermission` or `securityPermissions/accessControlPermission`.
fn put(object: &mut Value, path: &str, value: Value) {
    let place = path.split('/').fold(object, |place, key| match place {
        Value::Object(fields) => fields.entry(key).or_insert_with(|| json!({})),
        other => other,
    });
    *place = value;
}

/// Each permission of `RoleDetails` by its path, and the stem of the scopes that it opens, if any is known.
const PATHS: [(&str, Option<&str>); 21] = [
    ("directoryBrowserPermission", Some("SCOPE_DIRECTORY_BROWSER")),
    (
        "directoryNamespacePermissions/namespaceDesignPermission",
        Some("SCOPE_DIRECTORY_NAMESPACE_NAMESPACE_DESIGN"),
    ),
    (
        "directoryNamespacePermissions/directorySchemaPermission",
        Some("SCOPE_DIRECTORY_NAMESPACE_DIRECTORY_SCHEMA"),
    ),
    ("identityManagerPermission", None),
    ("securityPermissions/attributeEncryptionPermission", Some("SCOPE_SECURITY_ATTRIBUTE_ENCRYPTION")),
    ("securityPermissions/accessControlPermission", Some("SCOPE_SECURITY_ACCESS_CONTROL")),
    ("tasksPermission", Some("SCOPE_TASKS")),
    ("settingsPermission", Some("SCOPE_SETTINGS")),
    ("globalSyncPermission", None),
    ("observabilityPermission", Some("SCOPE_IDENTITY_OBSERVABILITY")),
    ("dashboardPermission", Some("SCOPE_DASHBOARD")),
    ("dataCatalogPermissions/dataSourcesPermission", Some("SCOPE_DATA_CATALOG_DATA_SOURCE")),
    ("dataCatalogPermissions/templateManagementPermission", Some("SCOPE_DATA_CATALOG_TEMPLATE_MANAGEMENT")),
    ("dataCatalogPermissions/globalRelationshipsPermission", None),
    ("dataCatalogPermissions/dataAssessmentPermission", None),
    ("administrationPermissions/userManagementPermission", Some("SCOPE_ADMINISTRATION_USER_MANAGEMENT")),
    ("administrationPermissions/entryStatisticsPermission", Some("SCOPE_ADMINISTRATION_ENTRY_STATISTICS")),
    ("administrationPermissions/rolesPermission", Some("SCOPE_ADMINISTRATION_ROLES")),
    ("administrationPermissions/directoryManagerPermission", Some("SCOPE_ADMINISTRATION_DIRECTORY_MANAGER")),
    (
        "administrationPermissions/controlPanelConfigPermission",
        Some("SCOPE_ADMINISTRATION_CONTROL_PANEL_CONFIGURATION"),
    ),
    ("administrationPermissions/accessTokensPermission", Some("SCOPE_ADMINISTRATION_ACCESS_TOKENS")),
];

const SWITCH_PATHS: [(&str, &str); 3] = [
    ("revokeTokenPermission", "SCOPE_AUTH_TOKEN_REVOKE"),
    ("exportImportPermissions/exportEnabled", "SCOPE_CONFIGURATION_EXPORT_ENABLED"),
    ("exportImportPermissions/importEnabled", "SCOPE_CONFIGURATION_IMPORT_ENABLED"),
];

/// A role of just this field.
fn only(path: &str, value: Value) -> Value {
    let mut role = json!({"name": "dev"});
    put(&mut role, path, value);
    role
}

fn of_custom_roles() -> Vec<Case> {
    let mut cases = Vec::new();
    let kebab = |path: &str| path.replace('/', "-").to_lowercase();
    for (path, stem) in PATHS {
        for (level, name) in [('E', "EDIT"), ('V', "VIEW"), ('-', "NONE")] {
            let allows = stem.map(|stem| of_levels(&[(stem, level)], &[])).unwrap_or_default();
            let title = format!("custom-{}-{}", kebab(path), name.to_lowercase());
            cases.push(held(title, vec![only(path, json!(name))], &["dev"], allows));
        }
    }
    for (path, scope) in SWITCH_PATHS {
        for (value, switches) in [(true, [scope].as_slice()), (false, &[])] {
            let title = format!("custom-{}-{value}", kebab(path));
            cases.push(held(title, vec![only(path, json!(value))], &["dev"], of_levels(&[], switches)));
        }
    }
    let dev = || only("settingsPermission", json!("EDIT"));
    let settings = |level| of_levels(&[("SCOPE_SETTINGS", level)], &[]);
    let second = json!({
        "name": "ops",
        "settingsPermission": "VIEW",
        "tasksPermission": "VIEW",
        "revokeTokenPermission": true,
    });
    cases.extend([
        held("custom-role-is-not-held-by-its-existence", vec![dev()], &[], BTreeSet::new()),
        held("custom-name-is-compared-bytewise", vec![dev()], &["Dev"], BTreeSet::new()),
        held(
            "custom-names-that-differ-in-case-are-two",
            vec![dev(), json!({"name": "Dev", "settingsPermission": "VIEW"})],
            &["Dev"],
            settings('V'),
        ),
        held(
            "custom-union-takes-the-greater-level",
            vec![dev(), second.clone()],
            &["ops", "dev"],
            of_levels(&[("SCOPE_SETTINGS", 'E'), ("SCOPE_TASKS", 'V')], &["SCOPE_AUTH_TOKEN_REVOKE"]),
        ),
        held(
            "custom-union-with-a-default-role",
            vec![second],
            &["ops", "Read Only"],
            scopes_of("Read Only").into_iter().chain(["SCOPE_AUTH_TOKEN_REVOKE".to_owned()]).collect(),
        ),
        held(
            "custom-role-of-a-name-in-unicode",
            vec![json!({"name": "Prüfer 🔑", "settingsPermission": "VIEW"})],
            &["Prüfer 🔑"],
            settings('V'),
        ),
        held(
            "custom-unknown-permission-opens-nothing",
            vec![only("futurePermission", json!("EDIT"))],
            &["dev"],
            BTreeSet::new(),
        ),
    ]);
    cases
}

fn of_vendors_example() -> Case {
    let role = details(
        "dev",
        &[
            ("entryDn", json!("cn=someRole,ou=globalgroups,cn=fonfig")),
            ("directoryBrowserPermission", json!("VIEW")),
            ("identityManagerPermission", json!("VIEW")),
            ("tasksPermission", json!("EDIT")),
            ("globalSyncPermission", json!("VIEW")),
            ("dashboardPermission", json!("VIEW")),
            (
                "dataCatalogPermissions",
                json!({
                    "dataSourcesPermission": "EDIT",
                    "dataSourceOverrides": [
                        {"dataSourceName": "admin_core", "permission": "NONE"},
                        {"dataSourceName": "prod_config", "permission": "VIEW"},
                    ],
                    "templateManagementPermission": "EDIT",
                    "globalRelationshipsPermission": "EDIT",
                    "dataAssessmentPermission": "NONE",
                }),
            ),
            ("administrationPermissions/controlPanelConfigPermission", json!("VIEW")),
            ("administrationPermissions/accessTokensPermission", json!("VIEW")),
            (
                "securityPermissions",
                json!({"attributeEncryptionPermission": "EDIT", "accessControlPermission": "EDIT"}),
            ),
            (
                "directoryNamespacePermissions",
                json!({"namespaceDesignPermission": "EDIT", "directorySchemaPermission": "EDIT"}),
            ),
            (
                "classicControlPanelPermission",
                json!({"enabled": true, "assumeRole": "uid=aciadmin,ou=globalusers,cn=config"}),
            ),
            ("exportImportPermissions", json!({"exportEnabled": true, "importEnabled": true})),
        ],
    );
    let allows = of_levels(
        &[
            ("SCOPE_DIRECTORY_BROWSER", 'V'),
            ("SCOPE_TASKS", 'E'),
            ("SCOPE_DASHBOARD", 'V'),
            ("SCOPE_DATA_CATALOG_DATA_SOURCE", 'E'),
            ("SCOPE_DATA_CATALOG_TEMPLATE_MANAGEMENT", 'E'),
            ("SCOPE_ADMINISTRATION_CONTROL_PANEL_CONFIGURATION", 'V'),
            ("SCOPE_ADMINISTRATION_ACCESS_TOKENS", 'V'),
            ("SCOPE_SECURITY_ATTRIBUTE_ENCRYPTION", 'E'),
            ("SCOPE_SECURITY_ACCESS_CONTROL", 'E'),
            ("SCOPE_DIRECTORY_NAMESPACE_NAMESPACE_DESIGN", 'E'),
            ("SCOPE_DIRECTORY_NAMESPACE_DIRECTORY_SCHEMA", 'E'),
        ],
        &["SCOPE_CONFIGURATION_EXPORT_ENABLED", "SCOPE_CONFIGURATION_IMPORT_ENABLED"],
    );
    round_trip("round-trip-of-the-vendors-example", role.clone(), allows, role)
}

fn of_round_trips() -> Vec<Case> {
    let nothing = BTreeSet::new;
    let settings = |level| of_levels(&[("SCOPE_SETTINGS", level)], &[]);
    let same = |name, allows, set: &[(&str, Value)]| {
        let role = details("dev", set);
        round_trip(name, role.clone(), allows, role)
    };
    let completed = |name: &str, given, allows, set: &[(&str, Value)]| {
        round_trip(name, given, allows, details("dev", set))
    };
    let mut every_null = details("dev", &[]);
    for (path, _) in PATHS {
        put(&mut every_null, path, Value::Null);
    }
    vec![
        same("round-trip-of-a-role-that-permits-nothing", nothing(), &[]),
        completed("round-trip-completes-a-bare-name", json!({"name": "dev"}), nothing(), &[]),
        completed("round-trip-makes-null-none", every_null, nothing(), &[]),
        completed(
            "round-trip-makes-null-no",
            json!({
                "name": "dev",
                "revokeTokenPermission": null,
                "exportImportPermissions": {"exportEnabled": null},
            }),
            nothing(),
            &[],
        ),
        same(
            "round-trip-keeps-an-unknown-permission",
            settings('V'),
            &[("settingsPermission", json!("VIEW")), ("futurePermission", json!("EDIT"))],
        ),
        same(
            "round-trip-keeps-an-unknown-permission-in-a-known-group",
            nothing(),
            &[("securityPermissions/quantumPermission", json!("VIEW"))],
        ),
        same(
            "round-trip-keeps-an-unknown-group",
            nothing(),
            &[(
                "futurePermissions",
                json!({"onePermission": "EDIT", "list": [1, {"a": null}], "deep": {"er": true}}),
            )],
        ),
        same(
            "round-trip-keeps-an-unknown-level-and-opens-nothing",
            nothing(),
            &[
                ("settingsPermission", json!("ADMIN")),
                ("administrationPermissions/rolesPermission", json!("edit")),
            ],
        ),
        same("round-trip-keeps-a-level-of-another-type", nothing(), &[("settingsPermission", json!(2))]),
        same(
            "round-trip-keeps-a-switch-of-another-type",
            nothing(),
            &[("revokeTokenPermission", json!("true"))],
        ),
        same(
            "round-trip-keeps-what-stands-beside-an-override",
            nothing(),
            &[(
                "dataCatalogPermissions/dataSourceOverrides",
                json!([{"dataSourceName": "hr", "permission": "VIEW", "until": "2030-01-01"}]),
            )],
        ),
        same(
            "round-trip-keeps-the-entry",
            nothing(),
            &[("entryDn", json!("cn=dev,ou=globalgroups,cn=config"))],
        ),
        same(
            "round-trip-keeps-an-open-classic-panel-without-a-role",
            nothing(),
            &[("classicControlPanelPermission/enabled", json!(true))],
        ),
        same(
            "round-trip-keeps-gatepass-permissions",
            nothing(),
            &[(
                "gatepassPermissions",
                json!({
                    "verify": ["SCIM", "REST"],
                    "issueScim": true,
                    "issueRest": ["ou=svc,o=acme"],
                    "issueScopes": ["orders:read"],
                }),
            )],
        ),
        completed(
            "round-trip-drops-gatepass-permissions-that-permit-nothing",
            json!({"name": "dev", "gatepassPermissions": {"verify": [], "issueScim": false}}),
            nothing(),
            &[],
        ),
    ]
}

/// "Any null permissions in create/update will default to NONE", the vendor says of each group.
fn of_null_groups() -> Vec<Case> {
    let groups = [
        "directoryNamespacePermissions",
        "securityPermissions",
        "classicControlPanelPermission",
        "dataCatalogPermissions",
        "administrationPermissions",
        "exportImportPermissions",
    ];
    let case = |group: &str| {
        let name = format!("round-trip-makes-null-none-in-{}", group.to_lowercase());
        round_trip(&name, json!({"name": "dev", group: null}), BTreeSet::new(), details("dev", &[]))
    };
    groups.map(case).into()
}

fn of_refusals() -> Vec<Case> {
    let of = |path: &str, value| only(path, value);
    let named = |name: &str| json!({"name": name, "settingsPermission": "VIEW"});
    let overrides = |list: Value| of("dataCatalogPermissions/dataSourceOverrides", list);
    let one_override = |name: &str| overrides(json!([{"dataSourceName": name, "permission": "VIEW"}]));
    let hundred_and_one: Vec<_> =
        (0..101).map(|n| json!({"dataSourceName": format!("source_{n:03}"), "permission": "VIEW"})).collect();
    let default_role = || conflict(Some("name"), "default_role");
    let data_source = || invalid("dataSourceOverrides", "data_source_malformed");
    vec![
        refused("refused-name-of-a-default-role", named("Read Only"), default_role()),
        refused("refused-name-of-a-default-role-in-small-letters", named("read only"), default_role()),
        refused("refused-alias-of-a-default-role", named("ACIadmin"), default_role()),
        refused("refused-empty-name", named(""), invalid("name", "name_empty")),
        refused("refused-name-of-dots", named(".."), invalid("name", "name_reserved")),
        refused("refused-name-with-a-line-break", named("a\nb"), invalid("name", "name_control_character")),
        refused(
            "refused-unknown-level",
            of("settingsPermission", json!("ADMIN")),
            invalid("settingsPermission", "unknown_level"),
        ),
        refused(
            "refused-level-in-small-letters",
            of("settingsPermission", json!("edit")),
            invalid("settingsPermission", "unknown_level"),
        ),
        refused(
            "refused-level-of-another-type",
            of("tasksPermission", json!(1)),
            invalid("tasksPermission", "unknown_level"),
        ),
        refused(
            "refused-unknown-level-in-a-group",
            of("securityPermissions/accessControlPermission", json!("ALL")),
            invalid("accessControlPermission", "unknown_level"),
        ),
        refused(
            "refused-switch-of-another-type",
            of("revokeTokenPermission", json!("yes")),
            invalid("revokeTokenPermission", "unknown_level"),
        ),
        refused(
            "refused-entry-that-is-no-dn",
            of("entryDn", json!("someRole")),
            invalid("entryDn", "dn_malformed"),
        ),
        refused(
            "refused-101-data-sources",
            overrides(json!(hundred_and_one)),
            invalid("dataSourceOverrides", "too_many_data_sources"),
        ),
        refused("refused-data-source-without-a-name", one_override(""), data_source()),
        refused("refused-data-source-with-a-space", one_override("h r"), data_source()),
        refused("refused-data-source-with-an-umlaut", one_override("hür"), data_source()),
        refused(
            "refused-data-source-with-an-unknown-level",
            overrides(json!([{"dataSourceName": "hr", "permission": "ADMIN"}])),
            data_source(),
        ),
    ]
}
