//! What a good token permits, and requirements that none could meet.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Case, Check, Token};
use crate::forge::Dice;
use crate::roles::scopes_of;
use crate::text::{Text, repeat};

/// The cases.
pub(super) fn cases(dice: &mut Dice) -> Vec<Case> {
    let mut cases = of_apis(dice);
    cases.extend(of_roles(dice));
    cases.extend(of_application_scopes(dice));
    cases.extend(of_impossible_guards());
    cases
}

fn of_apis(dice: &mut Dice) -> Vec<Case> {
    let reader = ["Read Only"];
    let tokens = [
        Token::draw(dice, "for-config", "config").with_roles(&reader, scopes_of("Read Only")),
        Token::draw(dice, "for-scim", "scim"),
        Token::draw(dice, "for-rest", "rest"),
    ];
    let cases = ["config", "scim", "rest"].map(|api| {
        let checks: Vec<Check> = tokens
            .iter()
            .map(|token| {
                let name = format!("{}-at-{api}", token.access.name);
                if token.access.api == api {
                    token.grants(name, token.header())
                } else {
                    token.denies(name, token.header(), "wrong_api")
                }
            })
            .collect();
        Case::new(format!("api-{api}"), api, &[]).knowing(&tokens).asked(checks)
    });
    cases.into()
}

fn of_roles(dice: &mut Dice) -> Vec<Case> {
    let union = |roles: &[&str]| roles.iter().flat_map(|role| scopes_of(role)).collect::<BTreeSet<_>>();
    let mut holding =
        |name: &str, roles: &[&str], scopes| Token::draw(dice, name, "config").with_roles(roles, scopes);
    let one = |scope: &str| BTreeSet::from([scope.to_owned()]);
    let director = holding("director", &["Directory Administrator"], scopes_of("Directory Administrator"));
    let security = holding("security", &["Security Administrator"], scopes_of("Security Administrator"));
    let reader = holding("reader", &["Read Only"], scopes_of("Read Only"));
    let alias = holding("reader-by-an-alias", &["readonly"], scopes_of("Read Only"));
    let two = holding(
        "two-roles",
        &["Schema Administrator", "Security Administrator"],
        union(&["Schema Administrator", "Security Administrator"]),
    );
    let unknown = holding("unknown-role", &["engineer"], BTreeSet::new());
    let partly_unknown = holding("partly-unknown-role", &["engineer", "Read Only"], scopes_of("Read Only"));
    let custom = holding(
        "custom-role",
        &["dev"],
        BTreeSet::from(["SCOPE_SETTINGS_EDIT", "SCOPE_SETTINGS_VIEW"].map(str::to_owned)),
    );
    let switch = holding("custom-switch", &["exporter"], one("SCOPE_CONFIGURATION_EXPORT_ENABLED"));
    let all = [&director, &security, &reader, &alias, &two, &unknown, &partly_unknown, &custom, &switch];
    let case = |name: &str, scopes: &[&str], granted: &[&Token]| {
        let checks: Vec<Check> = all
            .iter()
            .map(|token| {
                let title = format!("{name}-by-{}", token.access.name);
                if granted.iter().any(|lucky| lucky.access.id == token.access.id) {
                    token.grants(title, token.header())
                } else {
                    token.denies(title, token.header(), "insufficient_scope")
                }
            })
            .collect();
        Case::new(name, "config", scopes)
            .knowing(all)
            .with_role(json!({"name": "dev", "settingsPermission": "EDIT"}))
            .with_role(json!({"name": "exporter", "exportImportPermissions": {"exportEnabled": true}}))
            .asked(checks)
    };
    let mut cases = vec![
        case("settings-edit", &["SCOPE_SETTINGS_EDIT"], &[&director, &custom]),
        // EDIT opens VIEW.
        case(
            "settings-view",
            &["SCOPE_SETTINGS_VIEW"],
            &[&director, &security, &reader, &alias, &two, &partly_unknown, &custom],
        ),
        case(
            "access-tokens-edit",
            &["SCOPE_ADMINISTRATION_ACCESS_TOKENS_EDIT"],
            &[&director, &security, &two],
        ),
        case(
            "schema-edit-and-access-control-edit",
            &["SCOPE_DIRECTORY_NAMESPACE_DIRECTORY_SCHEMA_EDIT", "SCOPE_SECURITY_ACCESS_CONTROL_EDIT"],
            &[&director, &two],
        ),
        case(
            "settings-view-twice",
            &["SCOPE_SETTINGS_VIEW", "SCOPE_SETTINGS_VIEW"],
            &[&director, &security, &reader, &alias, &two, &partly_unknown, &custom],
        ),
        case("export", &["SCOPE_CONFIGURATION_EXPORT_ENABLED"], &[&director, &switch]),
        case(
            "export-and-import",
            &["SCOPE_CONFIGURATION_EXPORT_ENABLED", "SCOPE_CONFIGURATION_IMPORT_ENABLED"],
            &[&director],
        ),
        case("revoke", &["SCOPE_AUTH_TOKEN_REVOKE"], &[&director]),
        case("no-scope-in-particular", &[], &all),
    ];
    let telling = [
        reader.grants("reader-tells-its-scopes", reader.header()).telling(
            &["SCOPE_SETTINGS_VIEW", "SCOPE_TASKS_VIEW"],
            &[
                "SCOPE_SETTINGS_EDIT",
                "SCOPE_SETTINGS",
                "scope_settings_view",
                "settings",
                "SCOPE_NO_SUCH_VIEW",
                "",
                "SCOPE_AUTH_TOKEN_REVOKE",
            ],
        ),
        director.grants("director-tells-its-scopes", director.header()).telling(
            &["SCOPE_SETTINGS_VIEW", "SCOPE_SETTINGS_EDIT", "SCOPE_AUTH_TOKEN_REVOKE"],
            &["SCOPE_NO_SUCH_EDIT", "orders:read", "SCOPE_SETTINGS_NONE"],
        ),
        unknown
            .grants("unknown-role-tells-no-scope", unknown.header())
            .telling(&[], &["SCOPE_SETTINGS_VIEW", "engineer"]),
        custom
            .grants("custom-role-tells-its-scopes", custom.header())
            .telling(&["SCOPE_SETTINGS_EDIT", "SCOPE_SETTINGS_VIEW"], &["SCOPE_TASKS_VIEW"]),
    ];
    let told = Case::new("scopes-that-an-access-tells", "config", &[]).knowing(all);
    cases.push(told.with_role(json!({"name": "dev", "settingsPermission": "EDIT"})).asked(telling));
    cases
}

fn of_application_scopes(dice: &mut Dice) -> Vec<Case> {
    let mut cases = Vec::new();
    for api in ["scim", "rest"] {
        let mut holding = |name: &str, scopes: &[&str]| Token::draw(dice, name, api).with_scopes(scopes);
        let none = holding("none", &[]);
        let read = holding("read", &["orders:read"]);
        let both = holding("both", &["orders:read", "orders:write"]);
        let more = holding("more", &["audit", "orders:read", "orders:write", "zeta"]);
        let star = holding("star", &["*"]);
        let prefix = holding("prefix", &["orders"]);
        let capitals = holding("capitals", &["ORDERS:READ"]);
        // A store's records need not be in order.
        let unsorted = holding("unsorted", &["zeta", "orders:write", "orders:read", "audit"]);
        let all = [&none, &read, &both, &more, &star, &prefix, &capitals, &unsorted];
        let case = |name: &str, scopes: &[&str], granted: &[&Token]| {
            let name = format!("{api}-{name}");
            let checks: Vec<Check> = all
                .iter()
                .map(|token| {
                    let title = format!("{name}-by-{}", token.access.name);
                    if granted.iter().any(|lucky| lucky.access.id == token.access.id) {
                        token.grants(title, token.header())
                    } else {
                        token.denies(title, token.header(), "insufficient_scope")
                    }
                })
                .collect();
            Case::new(name, api, scopes).knowing(all).asked(checks)
        };
        cases.extend([
            case("no-scope", &[], &all),
            case("one-scope", &["orders:read"], &[&read, &both, &more, &unsorted]),
            case("two-scopes", &["orders:write", "orders:read"], &[&both, &more, &unsorted]),
            case("one-scope-twice", &["orders:read", "orders:read"], &[&read, &both, &more, &unsorted]),
            case("a-scope-that-nobody-has", &["orders:delete"], &[]),
            case("a-star", &["*"], &[&star]),
        ]);
    }
    cases
}

/// Requirements that no token could ever meet are a mistake of whoever wrote them, told when they are made.
fn of_impossible_guards() -> Vec<Case> {
    let vendor = |name: &str, scope: &str| {
        Case::new(format!("guard-{name}"), "config", &[scope]).impossible("unknown_scope")
    };
    let mut cases = vec![
        vendor("config-with-an-application-scope", "orders:read"),
        vendor("config-with-a-scope-in-small-letters", "scope_settings_edit"),
        vendor("config-with-a-scope-without-level", "SCOPE_SETTINGS"),
        vendor("config-with-level-none", "SCOPE_SETTINGS_NONE"),
        vendor("config-with-an-unknown-scope", "SCOPE_NO_SUCH_AREA_VIEW"),
        vendor("config-with-a-role", "Read Only"),
        vendor("config-with-an-empty-scope", ""),
        vendor("config-with-a-space-behind", "SCOPE_SETTINGS_EDIT "),
        vendor("config-with-two-scopes-in-one", "SCOPE_SETTINGS_VIEW SCOPE_TASKS_VIEW"),
        Case::new(
            "guard-config-with-one-good-scope-and-one-bad",
            "config",
            &["SCOPE_SETTINGS_VIEW", "orders:read"],
        )
        .impossible("unknown_scope"),
    ];
    for api in ["scim", "rest"] {
        let guard = |name: &str, scopes: Vec<Text>, code: &str| {
            let mut case = Case::new(format!("guard-{api}-{name}"), api, &[]).impossible(code);
            case.guard.scopes = scopes;
            case
        };
        cases.extend([
            guard("with-a-scope-of-the-vendor", vec!["SCOPE_SETTINGS_EDIT".into()], "scope_reserved"),
            guard("with-a-scope-like-the-vendors", vec!["SCOPE_ORDERS".into()], "scope_reserved"),
            guard("with-an-empty-scope", vec!["".into()], "scope_length"),
            guard("with-a-scope-of-257", vec![repeat("a", 257)], "scope_length"),
            guard("with-two-scopes-in-one", vec!["orders:read orders:write".into()], "scope_malformed"),
            guard("with-a-quote", vec!["orders\"".into()], "scope_malformed"),
            guard("with-a-backslash", vec!["orders\\".into()], "scope_malformed"),
            guard("with-an-umlaut", vec!["aufträge".into()], "scope_malformed"),
            guard("with-a-line-break", vec!["orders\r\n".into()], "scope_malformed"),
            guard(
                "with-one-good-scope-and-one-bad",
                vec!["orders:read".into(), "a b".into()],
                "scope_malformed",
            ),
            // A token carries at most 100 scopes, so none could ever hold 101.
            guard(
                "with-101-scopes",
                (0..101).map(|n| format!("scope-{n:03}").into()).collect(),
                "too_many_scopes",
            ),
        ]);
    }
    cases
}
