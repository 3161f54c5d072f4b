//! Roles.

use serde_json::json;

use crate::place::Place;

#[test]
fn a_role_is_made_changed_and_removed() {
    Place::both().iter().for_each(a_role_is_made_changed_and_removed_there);
}

fn a_role_is_made_changed_and_removed_there(place: &Place) {
    let role = place.run("role create ops --edit access-tokens --view tasks --output json").json();
    assert_eq!(role["administrationPermissions"]["accessTokensPermission"], "EDIT");
    assert_eq!((&role["tasksPermission"], &role["settingsPermission"]), (&json!("VIEW"), &json!("NONE")));
    place.run("role create ops --edit tasks").error("name_taken");
    place.run("role create readonly").error("default_role");

    let secret = place.create("tool --api config --days 9 --role ops");
    assert_eq!(
        place.check("--api config --scope SCOPE_TASKS_EDIT", &secret),
        (1, "insufficient_scope\n".to_owned())
    );
    place.args(&["role", "update", "ops", "--edit", "tasks", "--none", "access tokens"]).ok();
    assert_eq!(place.check("--api config --scope SCOPE_TASKS_EDIT", &secret).0, 0);
    assert_eq!(place.check("--api config --scope SCOPE_ADMINISTRATION_ACCESS_TOKENS_VIEW", &secret).0, 1);

    let shown = place.run("role show ops").ok().out;
    for line in [
        "kind  custom",
        "tasks                 EDIT",
        "access tokens         NONE",
        "SCOPE_TASKS_VIEW",
        "SCOPE_TASKS_EDIT",
    ] {
        assert!(shown.lines().any(|is| is == line), "{line}: {shown}");
    }
    place.run("role delete ops").error("confirmation_required");
    place.run("role delete ops --yes").error("role_in_use");
    place.run("token revoke tool").ok();
    place.run("role delete ops --yes").ok();
    place.run("role show ops").error("role_not_found");
}

#[test]
fn a_role_can_begin_as_another() {
    Place::both().iter().for_each(a_role_can_begin_as_another_there);
}

fn a_role_can_begin_as_another_there(place: &Place) {
    place
        .args(&["role", "create", "ops", "--from", "Read Only", "--edit", "settings", "--view", "settings"])
        .ok();
    place.run("role clone ops night").ok();
    let (mut one, mut other) =
        (place.run("role show ops --output json").json(), place.run("role show night --output json").json());
    assert_eq!((&one["settingsPermission"], &one["tasksPermission"]), (&json!("EDIT"), &json!("VIEW")));
    assert_eq!((one["name"].take(), other["name"].take()), (json!("ops"), json!("night")));
    assert_eq!(one, other);
    place.run("role create x --from nobody").error("role_not_found");
    place.run("role clone nobody x").error("role_not_found");
    let names: Vec<_> = place
        .run("role list --output json")
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].clone())
        .collect();
    assert_eq!(names.len(), 7);
    assert!(names.contains(&json!("Directory Administrator")) && names.contains(&json!("night")));
    let table = place.run("role list").ok().out;
    assert!(table.lines().count() == 8 && table.contains("default") && table.contains("custom"), "{table}");
}

#[test]
fn the_administrators_role_tells_all_its_rights() {
    Place::both().iter().for_each(the_administrators_role_tells_all_its_rights_there);
}

fn the_administrators_role_tells_all_its_rights_there(place: &Place) {
    place.create("a --api rest --days 9");
    let shown = place.args(&["role", "show", "directory administrators"]).ok().out;
    for text in [
        "Directory Administrator",
        "SCOPE_SETTINGS_EDIT",
        "SCOPE_CONFIGURATION_EXPORT_ENABLED",
        "issue scim tokens",
        "act as anybody",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn a_role_may_be_given_rights_over_tokens() {
    Place::both().iter().for_each(a_role_may_be_given_rights_over_tokens_there);
}

fn a_role_may_be_given_rights_over_tokens_there(place: &Place) {
    let line = "role create ops --allow SCOPE_CONFIGURATION_EXPORT_ENABLED --issue-scim --issue-rest ou=svc,o=acme \
                --issue-scope orders:read --verify rest --output json";
    let role = place.run(line).json();
    let rights = json!({
        "issueScim": true, "issueRest": ["ou=svc,o=acme"], "issueScopes": ["orders:read"], "verify": ["REST"]
    });
    assert_eq!(
        (&role["gatepassPermissions"], &role["exportImportPermissions"]["exportEnabled"]),
        (&rights, &json!(true))
    );
    let role = place.run("role update ops --verify scim --issue-rest ou=b,o=acme --output json").json();
    assert_eq!(role["gatepassPermissions"]["verify"], json!(["SCIM", "REST"]));
    assert_eq!(role["gatepassPermissions"]["issueRest"], json!(["ou=svc,o=acme", "ou=b,o=acme"]));
    let shown = place.run("role show ops").ok().out;
    for text in [
        "SCOPE_CONFIGURATION_EXPORT_ENABLED",
        "issue scim tokens",
        "entries below ou=b,o=acme",
        "scope orders:read",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    place.run("role update ops --issue-rest nonsense").error("dn_malformed");
    place.run("role update ops --allow SCOPE_TASKS_EDIT").error("usage");
}
