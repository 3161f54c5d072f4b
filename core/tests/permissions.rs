//! Permissions: when one holds all of another, what two are together, and what a foreign server's JSON grants
//! here: what is known, and nothing else.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

use std::collections::BTreeSet;

use gatepass::{
    AccessToken, Api, Area, Caller, Dn, Expiration, Level, Permissions, Role, RoleBook, Scope, TokenPolicy,
    TokenRecord, TokenRights,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// The vendor's `RoleDetails`: the group that a permission is in, its key, and its scope without the level.
const VENDOR: [(&str, &str, &str); 21] = [
    ("", "directoryBrowserPermission", "SCOPE_DIRECTORY_BROWSER"),
    ("", "identityManagerPermission", ""),
    ("", "tasksPermission", "SCOPE_TASKS"),
    ("", "settingsPermission", "SCOPE_SETTINGS"),
    ("", "globalSyncPermission", ""),
    ("", "observabilityPermission", "SCOPE_IDENTITY_OBSERVABILITY"),
    ("", "dashboardPermission", "SCOPE_DASHBOARD"),
    (
        "directoryNamespacePermissions",
        "namespaceDesignPermission",
        "SCOPE_DIRECTORY_NAMESPACE_NAMESPACE_DESIGN",
    ),
    (
        "directoryNamespacePermissions",
        "directorySchemaPermission",
        "SCOPE_DIRECTORY_NAMESPACE_DIRECTORY_SCHEMA",
    ),
    ("securityPermissions", "attributeEncryptionPermission", "SCOPE_SECURITY_ATTRIBUTE_ENCRYPTION"),
    ("securityPermissions", "accessControlPermission", "SCOPE_SECURITY_ACCESS_CONTROL"),
    ("dataCatalogPermissions", "dataSourcesPermission", "SCOPE_DATA_CATALOG_DATA_SOURCE"),
    ("dataCatalogPermissions", "templateManagementPermission", "SCOPE_DATA_CATALOG_TEMPLATE_MANAGEMENT"),
    ("dataCatalogPermissions", "globalRelationshipsPermission", ""),
    ("dataCatalogPermissions", "dataAssessmentPermission", ""),
    ("administrationPermissions", "userManagementPermission", "SCOPE_ADMINISTRATION_USER_MANAGEMENT"),
    ("administrationPermissions", "entryStatisticsPermission", "SCOPE_ADMINISTRATION_ENTRY_STATISTICS"),
    ("administrationPermissions", "rolesPermission", "SCOPE_ADMINISTRATION_ROLES"),
    ("administrationPermissions", "directoryManagerPermission", "SCOPE_ADMINISTRATION_DIRECTORY_MANAGER"),
    (
        "administrationPermissions",
        "controlPanelConfigPermission",
        "SCOPE_ADMINISTRATION_CONTROL_PANEL_CONFIGURATION",
    ),
    ("administrationPermissions", "accessTokensPermission", "SCOPE_ADMINISTRATION_ACCESS_TOKENS"),
];
const SWITCHES: [(&str, &str, &str); 3] = [
    ("", "revokeTokenPermission", "SCOPE_AUTH_TOKEN_REVOKE"),
    ("exportImportPermissions", "exportEnabled", "SCOPE_CONFIGURATION_EXPORT_ENABLED"),
    ("exportImportPermissions", "importEnabled", "SCOPE_CONFIGURATION_IMPORT_ENABLED"),
];
const CATALOG: &str = "dataCatalogPermissions";
const OVERRIDES: &str = "dataSourceOverrides";
const CLASSIC: &str = "classicControlPanelPermission";
const TOKENS: &str = "gatepassPermissions";
const SOURCES: [&str; 3] = ["crm", "hr_core", "prod.$1"];

fn permissions(json: Value) -> Permissions {
    serde_json::from_value(json).unwrap()
}

fn role(json: Value) -> Role {
    serde_json::from_value(json).unwrap()
}

fn scope_names(permissions: &Permissions) -> BTreeSet<String> {
    permissions.scopes().iter().map(|scope| scope.to_string()).collect()
}

fn put(object: &mut Value, group: &str, key: &str, value: Value) {
    let holder = if group.is_empty() { object } else { &mut object[group] };
    holder[key] = value;
}

// Values.

/// Anything at all, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let words = ["NONE", "VIEW", "EDIT", "edit", "SUPER", "", "cn=x"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(words.to_vec()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let keys = ["issueScim", "enabled", "settingsPermission", "dataSourceName", "permission", "a", "b"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(select(keys.to_vec()).prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The value of a level as servers send it, and at times as they should not.
fn wire_level() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Value::Null)),
        6 => select(vec!["NONE", "VIEW", "EDIT"]).prop_map(|level| Some(level.into())),
        1 => select(vec![json!("SUPER"), json!("edit"), json!(3), json!(true), json!(["EDIT"]), json!({"level": "EDIT"})])
            .prop_map(Some),
    ]
}

fn wire_switch() -> impl Strategy<Value = Option<Value>> {
    let values = vec![Value::Null, json!(false), json!(true), json!(true), json!("true"), json!(1)];
    option::of(select(values))
}

fn wire_override() -> impl Strategy<Value = Value> {
    (wire_level(), option::weighted(0.2, any_json())).prop_map(|(level, extra)| {
        let mut entry = json!({});
        if let Some(level) = level {
            entry["permission"] = level;
        }
        if let Some(extra) = extra {
            entry["futureThing"] = extra;
        }
        entry
    })
}

fn wire_overrides() -> impl Strategy<Value = Option<Value>> {
    let named = btree_map(select(SOURCES.to_vec()), wire_override(), 0..3).prop_map(|entries| {
        let named = entries.into_iter().map(|(name, mut entry)| {
            entry["dataSourceName"] = name.into();
            entry
        });
        Some(named.collect())
    });
    let odd =
        vec![json!([{"permission": "EDIT"}]), json!("all"), json!([7]), Value::Null, json!({"crm": "EDIT"})];
    prop_oneof![6 => named, 2 => Just(None), 1 => select(odd).prop_map(Some)]
}

fn wire_classic() -> impl Strategy<Value = Value> {
    let names =
        vec![Value::Null, json!("uid=aciadmin,ou=globalusers,cn=config"), json!("cn=other"), json!(5)];
    (wire_switch(), option::of(select(names))).prop_map(|(enabled, assume)| {
        let mut classic = json!({});
        if let Some(enabled) = enabled {
            classic["enabled"] = enabled;
        }
        if let Some(assume) = assume {
            classic["assumeRole"] = assume;
        }
        classic
    })
}

fn dns() -> impl Strategy<Value = &'static str> {
    select(vec!["", "o=acme", "ou=svc,o=acme", "uid=sync,ou=svc,o=acme", "ou=svc\\,o=acme", "o=other"])
}

fn rights() -> impl Strategy<Value = TokenRights> {
    let scopes = btree_set(select(vec!["orders:read", "orders:write", "*"]), 0..3);
    (btree_set(select(&Api::ALL), 0..3), any::<bool>(), vec(dns(), 0..3), scopes).prop_map(
        |(verify, issue_scim, issue_rest, scopes)| {
            let mut rights = TokenRights::default();
            rights.verify = verify;
            rights.issue_scim = issue_scim;
            rights.issue_rest = issue_rest.into_iter().map(|dn| Dn::parse("dn", dn).unwrap()).collect();
            rights.issue_scopes = scopes.into_iter().map(str::to_owned).collect();
            rights
        },
    )
}

/// Keys that nobody knows yet, at the top and in the groups that are known.
fn unknown() -> impl Strategy<Value = Value> {
    let groups = vec!["", "futurePermissions", "securityPermissions", CATALOG, "exportImportPermissions"];
    vec((select(groups), select(vec!["futureA", "futureB"]), any_json()), 0..4).prop_map(|entries| {
        let mut object = json!({});
        for (group, key, value) in entries {
            put(&mut object, group, key, value);
        }
        object
    })
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// A role as a server sends it: known permissions, absent ones, odd ones, unknown ones.
fn wire_role() -> impl Strategy<Value = Value> {
    let parts = (
        vec(wire_level(), VENDOR.len()),
        vec(wire_switch(), SWITCHES.len()),
        wire_overrides(),
        option::of(wire_classic()),
        option::of(rights()),
        unknown(),
    );
    let broken_group = option::weighted(0.1, (select(VENDOR.to_vec()), any_json()));
    (parts, broken_group).prop_map(|((levels, switches, overrides, classic, rights, unknown), broken)| {
        let mut role = json!({"name": "dev"});
        for ((group, key, _), level) in VENDOR.iter().zip(levels) {
            if let Some(level) = level {
                put(&mut role, group, key, level);
            }
        }
        for ((group, key, _), value) in SWITCHES.iter().zip(switches) {
            if let Some(value) = value {
                put(&mut role, group, key, value);
            }
        }
        if let Some(overrides) = overrides {
            put(&mut role, CATALOG, OVERRIDES, overrides);
        }
        if let Some(classic) = classic {
            role[CLASSIC] = classic;
        }
        if let Some(rights) = rights {
            role[TOKENS] = json!(rights);
        }
        merge(&mut role, unknown);
        if let Some(((group, _, _), value)) = broken.filter(|((group, _, _), _)| !group.is_empty()) {
            role[group] = value;
        }
        role
    })
}

// The vendor's defaults, by the book: what is null or absent is NONE, false, or nothing.

fn fill(role: &mut Value, group: &str, key: &str, default: Value) {
    let holder = if group.is_empty() {
        role
    } else {
        let holder = &mut role[group];
        if holder.is_null() {
            *holder = json!({});
        }
        holder
    };
    if holder.is_object() && holder[key].is_null() {
        holder[key] = default;
    }
}

fn with_defaults(mut role: Value) -> Value {
    for (group, key, _) in VENDOR {
        fill(&mut role, group, key, json!("NONE"));
    }
    for (group, key, _) in SWITCHES {
        fill(&mut role, group, key, json!(false));
    }
    fill(&mut role, CATALOG, OVERRIDES, json!([]));
    fill(&mut role, CLASSIC, "enabled", json!(false));
    fill(&mut role, "", "entryDn", Value::Null);
    fill(&mut role, "", "defaultRole", json!(false));
    // "If access is being disabled, assumeRole will be set to null."
    let classic = &mut role[CLASSIC];
    if classic.is_object() && (classic["enabled"] == json!(false) || classic["assumeRole"].is_null()) {
        classic["assumeRole"] = Value::Null;
    }
    if let Some(overrides) = role[CATALOG].as_object_mut().and_then(|group| group[OVERRIDES].as_array_mut()) {
        for entry in overrides.iter_mut().filter(|entry| entry["dataSourceName"].is_string()) {
            fill(entry, "", "permission", json!("NONE"));
        }
        overrides.sort_by_key(|entry| entry["dataSourceName"].to_string());
    }
    for (key, default) in [
        ("verify", json!([])),
        ("issueScim", json!(false)),
        ("issueRest", json!([])),
        ("issueScopes", json!([])),
    ] {
        fill(&mut role, TOKENS, key, default);
    }
    role
}

/// A string for `assumeRole` counts only where access is enabled; whether it is not, only `true` can tell.
fn is_plain(role: &Value) -> bool {
    let classic = &role[CLASSIC];
    classic["enabled"].is_null() || classic["enabled"].is_boolean() || !classic["assumeRole"].is_string()
}

fn member<'a>(role: &'a Value, group: &str, key: &str) -> &'a Value {
    if group.is_empty() { &role[key] } else { &role[group][key] }
}

proptest! {
    #[test]
    fn a_role_goes_back_as_it_came(sent in wire_role()) {
        prop_assume!(is_plain(&sent));
        let read = role(sent.clone());
        let written = serde_json::to_value(&read).unwrap();
        prop_assert_eq!(with_defaults(written.clone()), with_defaults(sent));
        // Once written it stays as it is.
        let again = role(written.clone());
        prop_assert_eq!(&again, &read);
        prop_assert_eq!(serde_json::to_value(&again).unwrap(), written);
    }

    #[test]
    fn a_role_permits_what_its_known_fields_say_and_nothing_else(sent in wire_role()) {
        let mut expected = BTreeSet::new();
        for (group, key, stem) in VENDOR.iter().filter(|(_, _, stem)| !stem.is_empty()) {
            match member(&sent, group, key).as_str() {
                Some("VIEW") => expected.extend([format!("{stem}_VIEW")]),
                Some("EDIT") => expected.extend([format!("{stem}_VIEW"), format!("{stem}_EDIT")]),
                _ => {}
            }
        }
        for (group, key, scope) in SWITCHES {
            expected.extend((*member(&sent, group, key) == json!(true)).then(|| scope.to_owned()));
        }
        let read = role(sent);
        prop_assert_eq!(scope_names(&read.permissions), expected.clone());
        for scope in Scope::all() {
            prop_assert_eq!(read.permissions.allows(scope), expected.contains(&scope.to_string()));
        }
    }

    /// A key that is not in the vendor's description may hold anything, a level or a group of them: it opens nothing.
    #[test]
    fn what_is_unknown_grants_nothing(junk in btree_map("[a-zA-Z]{1,24}", any_json(), 0..6), nested in unknown()) {
        let known = |key: &str| VENDOR.iter().chain(&SWITCHES).any(|(group, own, _)| key == *own || key == *group);
        let junk = junk.into_iter().filter(|(key, _)| !known(key) && key != TOKENS && key != CLASSIC);
        let mut sent = Value::Object(junk.collect());
        merge(&mut sent, nested);
        let read = permissions(sent);
        prop_assert_eq!(scope_names(&read), BTreeSet::new());
        prop_assert!(Area::all().all(|area| read.level(area) == Level::None));
        prop_assert!(SOURCES.iter().all(|name| read.data_source(name) == Level::None));
        prop_assert_eq!(read.token_rights(), &TokenRights::default());
    }

    #[test]
    fn rights_over_tokens_are_read_as_written(rights in rights()) {
        let sent = json!({TOKENS: rights});
        let read = permissions(sent);
        prop_assert_eq!(read.token_rights(), &rights);
        prop_assert_eq!(permissions(serde_json::to_value(&read).unwrap()), read);
    }

    #[test]
    fn no_json_makes_a_reader_panic(value in any_json(), role in wire_role(), key in "[a-zA-Z]{1,12}", other in any_json()) {
        let mut strange = role.clone();
        strange[key] = other;
        for value in [value, role, strange] {
            let _ = serde_json::from_value::<Role>(value.clone()).map(|role| {
                let _ = (role.check(), role.permissions.scopes(), role.cloned_as("other"));
                serde_json::to_string(&role).unwrap()
            });
            let _ = serde_json::from_value::<Permissions>(value.clone()).map(|read| read.covers(&read));
            let _ = serde_json::from_value::<RoleBook>(json!([value.clone()]));
            let _ = serde_json::from_value::<TokenRecord>(value.clone());
            let _ = serde_json::from_value::<AccessToken>(value.clone());
            let _ = serde_json::from_value::<TokenRights>(value.clone());
            let _ = serde_json::from_value::<Expiration>(value.clone());
            let _ = serde_json::from_value::<TokenPolicy>(value);
        }
    }

    /// With one field after another replaced by something odd, a record is read or refused.
    #[test]
    fn no_damage_to_a_record_makes_its_reader_panic(field in 0..14usize, odd in any_json()) {
        let mut record = json!({
            "id": "8fK2mQ0aZx71", "name": "n", "apiType": "REST", "scopes": ["a"], "targetDn": "o=acme",
            "networks": ["10.0.0.0/8"], "metadata": {"k": "v"}, "createdOn": "2026-01-01T00:00:00.000Z",
            "notBefore": "2026-01-01T00:00:00.000Z", "expiresOn": "2027-01-01T00:00:00.000Z",
            "graceUntil": "2026-02-01T00:00:00.000Z", "revokedOn": "2026-02-01T00:00:00.000Z",
            "digest": "00".repeat(32), "previousDigest": "ff".repeat(32),
        });
        prop_assert!(serde_json::from_value::<TokenRecord>(record.clone()).is_ok());
        let key = record.as_object().unwrap().keys().nth(field).unwrap().clone();
        record[key] = odd;
        if let Ok(read) = serde_json::from_value::<TokenRecord>(record) {
            let written = serde_json::to_value(&read).unwrap();
            prop_assert_eq!(serde_json::from_value::<TokenRecord>(written).unwrap(), read);
        }
    }
}

// The lattice.

/// Permissions, and the unknown part of what they were read from.
#[derive(Debug, Clone)]
struct Held {
    permissions: Permissions,
    unknown: Value,
}

fn small_unknown() -> impl Strategy<Value = Value> {
    let values = vec![
        Value::Null,
        json!(false),
        json!(true),
        json!("NONE"),
        json!("VIEW"),
        json!("EDIT"),
        json!("SUPER"),
        json!(7),
        json!([]),
        json!(["a"]),
        json!({}),
        json!({"inner": "EDIT"}),
        json!({"inner": false}),
        json!({"inner": "EDIT", "other": true}),
    ];
    let places = vec![("", "futureA"), ("securityPermissions", "futureB"), ("futureGroup", "futureA")];
    prop_oneof![
        2 => Just(json!({})),
        1 => vec((select(places), select(values)), 1..3).prop_map(|entries| {
            let mut object = json!({});
            for ((group, key), value) in entries {
                put(&mut object, group, key, value);
            }
            object
        }),
    ]
}

fn levels() -> impl Strategy<Value = Level> {
    select(vec![Level::None, Level::View, Level::Edit])
}

/// A few areas at differing levels, so that one often holds all of another.
fn held() -> impl Strategy<Value = Held> {
    let areas = vec(
        (select(vec![Area::Settings, Area::DataSources, Area::AccessTokens, Area::GlobalSync]), levels()),
        0..4,
    );
    let switches = btree_set(select(vec![Scope::REVOKE_TOKENS, Scope::EXPORT]), 0..2);
    let sources = btree_map(select(SOURCES.to_vec()), levels(), 0..3);
    let classic = option::weighted(0.3, option::of(select(vec!["cn=a".to_owned(), "cn=b".to_owned()])));
    let rights = prop_oneof![2 => Just(TokenRights::default()), 1 => rights(), 1 => Just(TokenRights::all())];
    let custom = (areas, switches, sources, classic, rights, small_unknown()).prop_map(
        |(areas, switches, sources, classic, rights, unknown)| {
            let mut held = permissions(unknown.clone()).with_token_rights(rights);
            for (area, level) in areas {
                held = held.with(area, level);
            }
            for scope in switches {
                held = held.with_switch(scope);
            }
            for (name, level) in sources {
                held = held.with_data_source(name, level);
            }
            if let Some(assume) = classic {
                held = held.with_classic_panel(assume);
            }
            Held { permissions: held, unknown }
        },
    );
    let built_in = select(vec!["Directory Administrator", "Security Administrator", "Read Only", "nobody"]);
    let built_in = built_in
        .prop_map(|name| Held { permissions: RoleBook::default().permissions([name]), unknown: json!({}) });
    prop_oneof![9 => custom, 1 => built_in]
}

/// Whether two unknown parts say nothing different of the same thing.
fn agree(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.iter().all(|(key, value)| b.get(key).is_none_or(|other| agree(value, other)))
        }
        (a, b) => a == b,
    }
}

fn joined(a: &Held, b: &Held) -> Permissions {
    let mut joined = a.permissions.clone();
    joined.join(&b.permissions);
    joined
}

fn same(a: &Permissions, b: &Permissions) -> bool {
    a.covers(b) && b.covers(a)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_global_rejects: 40_000, ..ProptestConfig::default() })]

    #[test]
    fn all_hold_themselves_and_nothing(a in held()) {
        prop_assert!(a.permissions.covers(&a.permissions));
        prop_assert!(a.permissions.covers(&Permissions::none()));
    }

    #[test]
    fn holding_is_transitive(a in held(), b in held(), c in held()) {
        // Random triples seldom are in order; joins of them are.
        let (ab, bc) = (joined(&a, &b), joined(&b, &c));
        for (a, b, c) in [
            (&a.permissions, &b.permissions, &c.permissions),
            (&ab, &b.permissions, &c.permissions),
            (&ab, &a.permissions, &c.permissions),
            (&a.permissions, &bc, &c.permissions),
            (&a.permissions, &bc, &b.permissions),
            (&ab, &bc, &b.permissions),
        ] {
            if a.covers(b) && b.covers(c) {
                prop_assert!(a.covers(c), "{a:?}\n holds {b:?}\n holds {c:?}");
            }
        }
    }

    #[test]
    fn two_together_hold_both(a in held(), b in held()) {
        prop_assume!(agree(&a.unknown, &b.unknown));
        let both = joined(&a, &b);
        prop_assert!(both.covers(&a.permissions), "{both:?}");
        prop_assert!(both.covers(&b.permissions), "{both:?}");
    }

    /// The least of what holds both: whoever holds each holds the two together.
    #[test]
    fn whoever_holds_both_holds_the_two_together(a in held(), b in held(), c in held()) {
        let (ab, ac) = (joined(&a, &b), joined(&a, &c));
        for upper in [&a.permissions, &ab, &ac] {
            if upper.covers(&b.permissions) && upper.covers(&c.permissions) && agree(&b.unknown, &c.unknown) {
                prop_assert!(upper.covers(&joined(&b, &c)), "{upper:?}");
            }
        }
    }

    #[test]
    fn together_is_the_same_in_any_order(a in held(), b in held(), c in held()) {
        let (ab, ba) = (joined(&a, &b), joined(&b, &a));
        prop_assert_eq!(ab.scopes(), ba.scopes());
        prop_assert!(SOURCES.iter().all(|name| ab.data_source(name) == ba.data_source(name)));
        if agree(&a.unknown, &b.unknown) {
            prop_assert!(same(&ab, &ba));
        }
        let (mut left, mut right) = (ab, a.permissions.clone());
        left.join(&c.permissions);
        right.join(&joined(&b, &c));
        prop_assert_eq!(left.scopes(), right.scopes());
    }

    #[test]
    fn together_with_itself_is_itself(a in held()) {
        let twice = joined(&a, &a);
        prop_assert!(same(&twice, &a.permissions), "{twice:?}");
        prop_assert_eq!(twice.scopes(), a.permissions.scopes());
    }

    #[test]
    fn whoever_holds_another_has_their_scopes_and_levels(a in held(), b in held()) {
        let both = joined(&a, &b);
        let owner = Caller::owner("setup").permissions;
        for (a, b) in [(&a.permissions, &b.permissions), (&both, &b.permissions), (&both, &a.permissions), (&owner, &both)] {
            if a.covers(b) {
                prop_assert!(a.scopes().covers(b.scopes()), "{a:?} and {b:?}");
                prop_assert!(Area::all().all(|area| a.level(area) >= b.level(area)));
                prop_assert!(SOURCES.iter().all(|name| a.data_source(name) >= b.data_source(name)));
            }
        }
    }

    /// Nobody gains by joining what they do not hold: a lower one never comes to hold a higher one.
    #[test]
    fn less_never_holds_more(a in held(), area in select(Area::all().collect::<Vec<_>>()), source in select(SOURCES.to_vec())) {
        let plain = a.permissions;
        let rise = |level| match level {
            Level::None => Level::View,
            _ => Level::Edit,
        };
        for more in [
            plain.clone().with(area, rise(plain.level(area))),
            plain.clone().with_data_source(source, rise(plain.data_source(source))),
            plain.clone().with_switch(Scope::IMPORT),
        ] {
            let changed = more.level(area) != plain.level(area)
                || more.data_source(source) != plain.data_source(source)
                || more.scopes() != plain.scopes();
            if changed {
                prop_assert!(!plain.covers(&more) || plain.covers(&RoleBook::default().permissions(["Directory Administrator"])));
            }
        }
    }
}

// Cases.

/// The vendor's own example, as its description has it.
#[test]
fn the_vendors_example_goes_back_as_it_came() {
    let sent = json!({
        "name": "dev",
        "entryDn": "cn=someRole,ou=globalgroups,cn=fonfig",
        "defaultRole": false,
        "directoryBrowserPermission": "VIEW",
        "identityManagerPermission": "VIEW",
        "tasksPermission": "EDIT",
        "settingsPermission": "NONE",
        "globalSyncPermission": "VIEW",
        "observabilityPermission": "NONE",
        "dashboardPermission": "VIEW",
        "revokeTokenPermission": false,
        "dataCatalogPermissions": {
            "dataSourcesPermission": "EDIT",
            "dataSourceOverrides": [
                {"dataSourceName": "admin_core", "permission": "NONE"},
                {"dataSourceName": "prod_config", "permission": "VIEW"},
            ],
            "templateManagementPermission": "EDIT",
            "globalRelationshipsPermission": "EDIT",
            "dataAssessmentPermission": "NONE",
        },
        "administrationPermissions": {
            "userManagementPermission": "NONE",
            "entryStatisticsPermission": "NONE",
            "rolesPermission": "NONE",
            "directoryManagerPermission": "NONE",
            "controlPanelConfigPermission": "VIEW",
            "accessTokensPermission": "VIEW",
        },
        "securityPermissions": {"attributeEncryptionPermission": "EDIT", "accessControlPermission": "EDIT"},
        "directoryNamespacePermissions": {"namespaceDesignPermission": "EDIT", "directorySchemaPermission": "EDIT"},
        "classicControlPanelPermission": {"enabled": true, "assumeRole": "uid=aciadmin,ou=globalusers,cn=config"},
        "exportImportPermissions": {"exportEnabled": true, "importEnabled": true},
    });
    let read = role(sent.clone());
    read.check().unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), sent);
    assert_eq!(read.permissions.data_source("admin_core"), Level::None);
    assert_eq!(read.permissions.data_source("prod_config"), Level::View);
    assert_eq!(read.permissions.data_source("any_other"), Level::Edit);
}

#[test]
fn the_five_default_roles_are_the_vendors() {
    let book = RoleBook::default();
    let edit = |name: &str| {
        let permissions = &book.get(name).unwrap().permissions;
        assert!(Area::all().all(|area| permissions.level(area) >= Level::View), "{name}");
        Area::all().filter(|area| permissions.level(*area) == Level::Edit).collect::<BTreeSet<_>>()
    };
    let design = [Area::DataSources, Area::Templates, Area::NamespaceDesign, Area::DirectorySchema];
    assert_eq!(edit("Directory Administrator"), Area::all().collect());
    assert_eq!(
        edit("Namespace Administrator"),
        design.into_iter().chain([Area::DirectoryBrowser, Area::Tasks]).collect()
    );
    assert_eq!(edit("Schema Administrator"), design.into());
    assert_eq!(
        edit("Security Administrator"),
        [Area::AttributeEncryption, Area::AccessControl, Area::AccessTokens].into()
    );
    assert_eq!(edit("Read Only"), [].into());
    let all = scope_names(&book.get("Directory Administrator").unwrap().permissions);
    assert_eq!(all, Scope::all().map(|scope| scope.to_string()).collect());
    for role in book.iter() {
        let is_top = role.name == "Directory Administrator";
        let rights = if is_top { TokenRights::all() } else { TokenRights::default() };
        assert_eq!(role.permissions.token_rights(), &rights, "{}", role.name);
        assert_eq!(role.permissions.allows(Scope::EXPORT), is_top, "{}", role.name);
    }
    assert_eq!(book.iter().count(), 5);
}

#[test]
fn a_data_source_named_twice_has_the_lower_level() {
    for (first, second) in [("EDIT", "NONE"), ("NONE", "EDIT")] {
        let named = |level| json!({"dataSourceName": "crm", "permission": level});
        let read = permissions(json!({CATALOG: {OVERRIDES: [named(first), named(second)]}}));
        assert_eq!(read.data_source("crm"), Level::None);
    }
}

#[test]
fn an_exception_for_a_data_source_is_part_of_what_is_held() {
    let everywhere = Permissions::none().with(Area::DataSources, Level::Edit);
    let but_crm = everywhere.clone().with_data_source("crm", Level::None);
    let only_crm = Permissions::none().with_data_source("crm", Level::Edit);
    assert!(everywhere.covers(&but_crm) && !but_crm.covers(&everywhere));
    assert!(everywhere.covers(&only_crm) && !only_crm.covers(&everywhere));
    assert!(!but_crm.covers(&only_crm) && !only_crm.covers(&but_crm));
    let mut both = but_crm.clone();
    both.join(&only_crm);
    assert!(both.covers(&everywhere));
}

#[test]
fn an_unknown_permission_has_to_be_held_just_so() {
    let with = |value: Value| permissions(json!({"futurePermission": value, "settingsPermission": "EDIT"}));
    let without = permissions(json!({"settingsPermission": "EDIT"}));
    for value in
        [json!("EDIT"), json!("SUPER"), json!(true), json!(1), json!(["a"]), json!({"deep": {"er": "VIEW"}})]
    {
        assert!(!without.covers(&with(value.clone())), "{value}");
        assert!(with(value.clone()).covers(&with(value.clone())), "{value}");
        assert!(with(value).covers(&without));
    }
    for nothing in
        [Value::Null, json!(false), json!("NONE"), json!([]), json!({}), json!({"deep": {"er": "NONE"}})]
    {
        assert!(without.covers(&with(nothing.clone())), "{nothing}");
        // Whatever one holds, one holds nothing as well.
        for value in [json!("SUPER"), json!(true), json!(7), json!(["a"]), json!({"deep": {"er": "VIEW"}})] {
            assert!(with(value.clone()).covers(&with(nothing.clone())), "{value} and {nothing}");
        }
    }
}

/// A level that is not understood opens nothing, and is not held by one who has the highest known one.
#[test]
fn a_level_that_is_not_understood_is_not_held() {
    let odd = permissions(json!({"settingsPermission": "SUPER"}));
    let edit = permissions(json!({"settingsPermission": "EDIT"}));
    assert_eq!(odd.level(Area::Settings), Level::None);
    assert!(!edit.covers(&odd) && !odd.covers(&edit));
}

/// What stands beside a data source's level may be a permission too.
#[test]
fn an_unknown_permission_over_a_data_source_has_to_be_held() {
    let source = |extra: Value| {
        let mut entry = json!({"dataSourceName": "crm", "permission": "EDIT"});
        merge(&mut entry, extra);
        permissions(json!({CATALOG: {OVERRIDES: [entry]}}))
    };
    let plain = source(json!({}));
    assert!(!plain.covers(&source(json!({"exportPermission": "EDIT"}))));
    assert!(
        !source(json!({"exportPermission": "VIEW"})).covers(&source(json!({"exportPermission": "EDIT"})))
    );
    assert!(!plain.covers(&source(json!({"permission": "SUPER"}))), "nor is a level that is not understood");
    assert!(plain.covers(&source(json!({"exportPermission": "NONE"}))));
    assert!(source(json!({"exportPermission": "EDIT"})).covers(&plain));
    let everywhere = Permissions::none().with(Area::DataSources, Level::Edit);
    assert!(!everywhere.covers(&source(json!({"exportPermission": "EDIT"}))));
}

/// What one sets counts, whatever stood there before that was not understood.
#[test]
fn what_is_set_replaces_what_was_not_understood() {
    let cases = [json!({"settingsPermission": "SUPER"}), json!({"settingsPermission": 3})];
    for sent in cases {
        for level in [Level::None, Level::View, Level::Edit] {
            let set = permissions(sent.clone()).with(Area::Settings, level);
            let written = serde_json::to_value(&set).unwrap();
            assert_eq!(written["settingsPermission"], json!(level), "{sent}");
            assert_eq!(permissions(written).level(Area::Settings), level, "{sent}");
        }
    }
    let group = "securityPermissions";
    for sent in
        [json!({group: null}), json!({group: {"accessControlPermission": "SUPER"}}), json!({group: "odd"})]
    {
        let set = permissions(sent.clone()).with(Area::AccessControl, Level::View);
        let written = serde_json::to_value(&set).unwrap();
        assert_eq!(written[group]["accessControlPermission"], json!("VIEW"), "{sent}");
    }
    let set = permissions(json!({"revokeTokenPermission": "yes"})).with_switch(Scope::REVOKE_TOKENS);
    assert_eq!(serde_json::to_value(&set).unwrap()["revokeTokenPermission"], json!(true));
    let set = permissions(json!({TOKENS: "odd"})).with_token_rights(TokenRights::all());
    assert_eq!(serde_json::to_value(&set).unwrap()[TOKENS], json!(TokenRights::all()));
}

/// A later version's rights go back to it; until then they have to be held like anything unknown.
#[test]
fn a_right_over_tokens_that_is_not_known_is_kept() {
    let sent = json!({TOKENS: {"issueScim": true, "issueFuture": ["a"]}});
    let read = permissions(sent.clone());
    assert!(read.token_rights().issue_scim);
    assert_eq!(serde_json::to_value(&read).unwrap()[TOKENS], sent[TOKENS]);
    assert!(!permissions(json!({TOKENS: {"issueScim": true}})).covers(&read));
}

#[test]
fn an_empty_group_that_is_not_known_goes_back() {
    let sent = json!({"name": "dev", "futurePermissions": {}});
    let written = serde_json::to_value(role(sent)).unwrap();
    assert_eq!(written.get("futurePermissions"), Some(&json!({})));
}

/// Whoever owns the store is asked the same two questions as others: what they hold, and what they may do.
#[test]
fn an_owner_may_do_what_they_hold() {
    let owner = Caller::owner("setup").permissions;
    let top = RoleBook::default().permissions(["Directory Administrator"]);
    assert!(same(&owner, &top));
    assert_eq!(owner.scopes(), top.scopes());
    assert!(Scope::all().all(|scope| owner.allows(scope)));
}

#[test]
fn a_role_that_the_vendor_would_refuse_is_refused() {
    let code = |json: Value| role(json).check().unwrap_err().code().to_owned();
    assert_eq!(code(json!({"name": "r", "settingsPermission": "SUPER"})), "unknown_level");
    assert_eq!(code(json!({"name": "r", "revokeTokenPermission": "yes"})), "unknown_level");
    assert_eq!(code(json!({"name": "r", CATALOG: {OVERRIDES: "all"}})), "unknown_level");
    let source = |name: &str, level: &str| json!({"dataSourceName": name, "permission": level});
    assert_eq!(
        code(json!({"name": "r", CATALOG: {OVERRIDES: [source("a b", "VIEW")]}})),
        "data_source_malformed"
    );
    assert_eq!(
        code(json!({"name": "r", CATALOG: {OVERRIDES: [source("crm", "SUPER")]}})),
        "data_source_malformed"
    );
    let many: Vec<_> = (0..101).map(|n| source(&format!("s{n}"), "VIEW")).collect();
    assert_eq!(code(json!({"name": "r", CATALOG: {OVERRIDES: many}})), "too_many_data_sources");
    assert_eq!(code(json!({"name": "", })), "name_empty");
    assert_eq!(code(json!({"name": "r", "entryDn": "no dn"})), "dn_malformed");
    let long = "x".repeat(10_001);
    assert_eq!(
        code(json!({"name": "r", CLASSIC: {"enabled": true, "assumeRole": long}})),
        "assume_role_too_long"
    );
    role(json!({"name": "r", "futurePermission": "SUPER"})).check().unwrap();
}

#[test]
fn a_clone_is_the_same_but_for_its_name() {
    let mut of =
        role(json!({"name": "dev", "entryDn": "cn=a", "settingsPermission": "EDIT", "futurePermission": 1}));
    let clone = of.cloned_as("dev2");
    of.name = "dev2".to_owned();
    assert_eq!(clone, of);
    let top = RoleBook::default().get("Directory Administrator").unwrap().clone();
    let clone = top.cloned_as("mine");
    assert!(!clone.default_role);
    assert_eq!(clone.permissions.scopes(), top.permissions.scopes());
    assert!(top.permissions.covers(&clone.permissions) && !clone.permissions.covers(&top.permissions));
    assert!(!clone.permissions.covers(&permissions(json!({"futurePermission": true}))));
}

#[test]
fn the_order_of_data_sources_says_nothing() {
    let one = permissions(json!({CATALOG: {OVERRIDES: [
        {"dataSourceName": "crm", "permission": "VIEW"}, {"permission": "EDIT", "dataSourceName": "hr_core"},
    ]}}));
    let other = permissions(json!({CATALOG: {OVERRIDES: [
        {"dataSourceName": "hr_core", "permission": "EDIT"}, {"dataSourceName": "crm", "permission": "VIEW"},
    ]}}));
    assert_eq!(one, other);
}

#[test]
fn an_area_is_found_by_its_name_with_spaces_or_hyphens() {
    for area in Area::all() {
        assert_eq!(area.as_str().parse::<Area>().unwrap(), area);
        assert_eq!(area.as_str().replace(' ', "-").parse::<Area>().unwrap(), area);
    }
    assert_eq!("everything".parse::<Area>().unwrap_err().code(), "unknown_area");
}
