//! On whose behalf: the delegation rule as the store applies it, and actors that are no more.

use gatepass::{
    Acting, Actor, Api, Area, Gatepass, Level, NewToken, NewUser, Password, Permissions, Role, Rotation,
    UserChange, days, parse_network,
};

use crate::support::{DAY, Place, as_user, clock, code, rest};

const SECURITY: &str = "Security Administrator";
const ADMINISTRATOR: &str = "Directory Administrator";

fn config(name: &str, role: &str) -> NewToken {
    NewToken::new(name, Api::Config).expires(days(10)).role(role)
}

async fn token_actor(gp: &Gatepass, asked: NewToken) -> Gatepass {
    let made = gp.tokens().create(asked).await.unwrap().token;
    gp.acting(Acting::new(Actor::Token(made.id.unwrap())))
}

async fn nobody_gives_what_they_do_not_hold(place: Place) {
    let gp = place.open().await;
    gp.users().create(NewUser::new("eve").role(SECURITY)).await.unwrap();
    gp.users().create(NewUser::new("root").role(ADMINISTRATOR)).await.unwrap();
    gp.users().create(NewUser::new("low").role("Read Only")).await.unwrap();
    let _ = gp.tokens().create(config("strong", ADMINISTRATOR)).await.unwrap();
    let _ = gp.tokens().create(rest("data")).await.unwrap();
    let eve = gp.acting(as_user("eve"));
    let long = Password::new("correct horse battery");
    let exceeds = "exceeds_permissions";
    assert_eq!(code(eve.tokens().create(config("x", ADMINISTRATOR)).await), exceeds);
    assert_eq!(code(eve.tokens().create(rest("x")).await), exceeds);
    assert_eq!(code(eve.tokens().create(NewToken::new("x", Api::Scim).expires(days(1))).await), exceeds);
    assert_eq!(code(eve.tokens().rotate("strong", Rotation::default()).await), exceeds);
    assert_eq!(code(eve.tokens().rotate("data", Rotation::default()).await), exceeds);
    let wide = Role::new("wide", Permissions::none().with(Area::Settings, Level::Edit));
    assert_eq!(code(eve.roles().create(wide.clone()).await), exceeds);
    gp.roles().create(wide).await.unwrap();
    let narrow = Role::new("wide", Permissions::none());
    assert_eq!(code(eve.roles().update(narrow).await), exceeds);
    assert_eq!(code(eve.roles().clone_as(ADMINISTRATOR, "mine").await), exceeds);
    assert_eq!(code(eve.users().create(NewUser::new("x").role(ADMINISTRATOR)).await), exceeds);
    assert_eq!(code(eve.users().update("eve", UserChange::default().roles([ADMINISTRATOR])).await), exceeds);
    assert_eq!(code(eve.users().update("root", UserChange::default().roles([""; 0])).await), exceeds);
    assert_eq!(code(eve.users().set_password("root", &long).await), exceeds);
    gp.users().create(NewUser::new("off").role(ADMINISTRATOR)).await.unwrap();
    gp.users().update("off", UserChange::default().active(false)).await.unwrap();
    assert_eq!(code(eve.users().update("off", UserChange::default().active(true)).await), exceeds);

    let _ = eve.tokens().create(config("x", "Read Only")).await.unwrap();
    let _ = eve.tokens().create(config("y", SECURITY)).await.unwrap();
    eve.users().set_password("low", &long).await.unwrap();
    eve.users().set_password("eve", &long).await.unwrap();
    eve.users().update("low", UserChange::default().roles([SECURITY])).await.unwrap();
    let by = eve.tokens().get("x").await.unwrap().created_by;
    assert_eq!(by.as_deref(), Some("eve"));
}

async fn a_token_with_limits_gives_nothing_that_passes_them(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let bound = config("bound", ADMINISTRATOR).network(parse_network("10.0.0.0/8").unwrap());
    let bound = token_actor(&gp, bound).await;
    let near = parse_network("10.1.0.0/16").unwrap();
    assert_eq!(
        code(bound.tokens().create(rest("x").expires(days(11)).network(near)).await),
        "outlives_caller"
    );
    assert_eq!(code(bound.tokens().create(rest("x").expires(days(9))).await), "exceeds_networks");
    let _ = bound.tokens().create(rest("x").expires(days(9)).network(near)).await.unwrap();
    assert_eq!(code(bound.users().create(NewUser::new("u").role("Read Only")).await), "outlives_caller");
    gp.users().create(NewUser::new("u").role("Read Only")).await.unwrap();
    let long = Password::new("correct horse battery");
    assert_eq!(code(bound.users().set_password("u", &long).await), "outlives_caller");
    let data = token_actor(&gp, rest("data")).await;
    assert_eq!(code(data.tokens().create(config("y", "Read Only")).await), "exceeds_permissions");
}

async fn whoever_is_no_longer_good_may_do_nothing(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let unknown = "actor_unknown";
    gp.users().create(NewUser::new("alice").role(ADMINISTRATOR)).await.unwrap();
    gp.users().create(NewUser::new("root").role(ADMINISTRATOR)).await.unwrap();
    let alice = gp.acting(as_user("alice"));
    let token = token_actor(&gp, config("token", ADMINISTRATOR)).await;
    let other = token_actor(&gp, config("other", ADMINISTRATOR)).await;
    for actor in [&alice, &token, &other] {
        let _ = actor.tokens().create(rest("x").expires(days(1))).await.unwrap();
        actor.tokens().delete("x").await.unwrap();
    }
    gp.users().update("alice", UserChange::default().active(false)).await.unwrap();
    gp.tokens().revoke("token").await.unwrap();
    clock.advance(10 * DAY);
    let later =
        token_actor(&gp, config("later", ADMINISTRATOR).not_before("2026-03-12T00:00:00Z".parse().unwrap()));
    let later = later.await;
    let gone = gp.acting(as_user("nobody"));
    let nul = gp.acting(as_user("a\0b"));
    for actor in [&alice, &token, &other, &later, &gone, &nul] {
        assert_eq!(code(actor.tokens().create(rest("y")).await), unknown);
        assert_eq!(code(actor.tokens().rotate("later", Rotation::default()).await), unknown);
        assert_eq!(code(actor.tokens().revoke("later").await), unknown);
        assert_eq!(code(actor.tokens().delete("later").await), unknown);
        assert_eq!(
            code(actor.tokens().purge("2026-03-01T00:00:00Z".parse().unwrap(), |_| {}).await),
            unknown
        );
        assert_eq!(code(actor.roles().create(Role::new("r", Permissions::none())).await), unknown);
        assert_eq!(code(actor.roles().delete("r").await), unknown);
        assert_eq!(code(actor.users().create(NewUser::new("u")).await), unknown);
        assert_eq!(code(actor.users().delete("root").await), unknown);
    }
    gp.users().update("alice", UserChange::default().active(true)).await.unwrap();
    let _ = alice.tokens().create(rest("y")).await.unwrap();
}

async fn a_role_that_changes_binds_whoever_acts_at_once(place: Place) {
    let (gp, other) = (place.open().await, place.open().await);
    let both = Permissions::none().with(Area::Settings, Level::Edit).with(Area::Tasks, Level::Edit);
    gp.roles().create(Role::new("tasks", Permissions::none().with(Area::Tasks, Level::Edit))).await.unwrap();
    gp.roles().create(Role::new("both", both)).await.unwrap();
    gp.users().create(NewUser::new("alice").role("both")).await.unwrap();
    let alice = other.acting(as_user("alice"));
    let _ = alice.tokens().create(config("a", "tasks")).await.unwrap();
    let less = Permissions::none().with(Area::Settings, Level::Edit);
    gp.roles().update(Role::new("both", less)).await.unwrap();
    assert_eq!(code(alice.tokens().create(config("b", "tasks")).await), "exceeds_permissions");
}

on_each_store!(
    nobody_gives_what_they_do_not_hold,
    a_token_with_limits_gives_nothing_that_passes_them,
    whoever_is_no_longer_good_may_do_nothing,
    a_role_that_changes_binds_whoever_acts_at_once,
);
