//! Roles: made, changed, cloned, removed.

use gatepass::{Api, Area, Level, NewToken, NewUser, Permissions, Role, UserChange, days};

use crate::support::{DAY, Place, actions, clock, code};

fn role(name: &str) -> Role {
    Role::new(name, Permissions::none().with(Area::Settings, Level::View))
}

async fn a_role_is_made_changed_cloned_and_removed(place: Place) {
    let gp = place.open().await;
    let roles = gp.roles();
    let made = roles.create(role("ops")).await.unwrap();
    assert_eq!(roles.get("ops").await.unwrap(), made);
    assert_eq!(code(roles.create(role("ops")).await), "name_taken");
    assert_eq!(code(roles.update(role("nobody")).await), "role_not_found");
    assert_eq!(code(roles.clone_as("nobody", "x").await), "role_not_found");
    let wider = Role::new("ops", Permissions::none().with(Area::Settings, Level::Edit));
    roles.update(wider.clone()).await.unwrap();
    let copy = roles.clone_as("ops", "ops 2").await.unwrap();
    assert_eq!(copy.permissions, wider.permissions);
    assert_eq!(code(roles.clone_as("ops", "ops 2").await), "name_taken");
    roles.delete("ops").await.unwrap();
    assert_eq!(code(roles.delete("ops").await), "role_not_found");
    let names: Vec<_> =
        place.open().await.roles().list().await.unwrap().iter().map(|r| r.name.clone()).collect();
    assert_eq!(names.len(), 6);
    assert!(names.contains(&"ops 2".to_owned()));
    let expected = ["role.create", "role.update", "role.create", "role.delete"];
    assert_eq!(actions(&gp).await, expected);
}

async fn the_default_roles_stay_as_they_are_under_any_of_their_names(place: Place) {
    let gp = place.open().await;
    for name in ["Read Only", "READ only", "readonly", "Directory Administrator", "directory administrators"]
    {
        assert_eq!(code(gp.roles().create(role(name)).await), "default_role");
        assert_eq!(code(gp.roles().update(role(name)).await), "default_role");
        assert_eq!(code(gp.roles().delete(name).await), "default_role");
        assert_eq!(code(gp.roles().clone_as("Read Only", name).await), "default_role");
    }
    assert_eq!(gp.roles().get("aciADMIN").await.unwrap().name, "Security Administrator");
    let copy = gp.roles().clone_as("directory administrators", "almost all").await.unwrap();
    assert!(!copy.default_role);
}

async fn custom_names_differ_by_case(place: Place) {
    let gp = place.open().await;
    gp.roles().create(role("ops")).await.unwrap();
    gp.roles().create(role("OPS")).await.unwrap();
    gp.roles().delete("ops").await.unwrap();
    assert_eq!(code(gp.roles().get("ops").await), "role_not_found");
    gp.roles().get("OPS").await.unwrap();
}

async fn a_role_that_somebody_holds_is_not_removed(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    for name in ["a_b", "axb", "q\"u\\o%te", "\u{540d}"] {
        gp.roles().create(role(name)).await.unwrap();
        let asked = NewToken::new(format!("token {name}"), Api::Config).expires(days(2)).role(name);
        let _ = gp.tokens().create(asked.clone()).await.unwrap();
        assert_eq!(code(gp.roles().delete(name).await), "role_in_use");
    }
    // Not by one that can do no more.
    gp.tokens().revoke("token a_b").await.unwrap();
    gp.roles().delete("a_b").await.unwrap();
    gp.tokens().delete("token \u{540d}").await.unwrap();
    gp.roles().delete("\u{540d}").await.unwrap();
    clock.advance(2 * DAY);
    gp.roles().delete("axb").await.unwrap();

    // A user may be active again, so one who is not counts too.
    let held = "q\"u\\o%te";
    gp.users().create(NewUser::new("alice").role(held)).await.unwrap();
    gp.users().update("alice", UserChange::default().active(false)).await.unwrap();
    assert_eq!(code(gp.roles().delete(held).await), "role_in_use");
    gp.users().update("alice", UserChange::default().roles([""; 0])).await.unwrap();
    gp.roles().delete(held).await.unwrap();
}

async fn what_a_later_version_wrote_of_a_role_survives(place: Place) {
    let gp = place.open().await;
    gp.roles().create(role("ops")).await.unwrap();
    gp.close().await;
    place
        .execute(
            r#"UPDATE roles SET role = replace(role, '{', '{"futurePower":{"deep":[1,null]},') WHERE name = 'ops'"#,
        )
        .await;
    let gp = place.open().await;
    let mut found = gp.roles().get("ops").await.unwrap();
    found.permissions = found.permissions.with(Area::Settings, Level::None).with(Area::Tasks, Level::View);
    gp.roles().update(found).await.unwrap();
    let text: String =
        sqlx::query_scalar("SELECT role FROM roles").fetch_one(&mut place.raw().await).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(text.contains(r#""deep":[1,null]"#), "{json}");
    // It grants nothing to whoever does not hold everything.
    let weaker = NewToken::new("weak", Api::Config).expires(days(1)).role("Security Administrator");
    let weaker = gp.tokens().create(weaker).await.unwrap().token;
    let weaker = gp.acting(gatepass::Acting::new(gatepass::Actor::Token(weaker.id.unwrap())));
    let asked = NewToken::new("x", Api::Config).expires(days(1)).role("ops");
    assert_eq!(code(weaker.tokens().create(asked).await), "exceeds_permissions");
}

on_each_store!(
    a_role_is_made_changed_cloned_and_removed,
    the_default_roles_stay_as_they_are_under_any_of_their_names,
    custom_names_differ_by_case,
    a_role_that_somebody_holds_is_not_removed,
    what_a_later_version_wrote_of_a_role_survives,
);
