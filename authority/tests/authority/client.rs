//! The client of the core against this authority: the same façade as on a store, and the same errors.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass::{
    Api, Area, AuditFilter, ConnectOptions, ErrorKind, Gatepass, Level, NewToken, NewUser, Password,
    Permissions, Role, Rotation, TokenFilter, UserChange, days,
};

use crate::house::{ADMIN_PASSWORD, House};

fn connected(house: &House) -> Gatepass {
    let url = format!("{}/api", house.server.url());
    ConnectOptions::login("admin", Password::new(ADMIN_PASSWORD)).no_proxy().connect(url).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_does_on_a_server_what_it_does_on_a_store() {
    let house = House::new().await;
    let gp = connected(&house);
    let tokens = gp.tokens();
    let asked =
        NewToken::new("a/b ✓", Api::Rest).expires(days(90)).target_dn("uid=a,o=b").scope("orders:read");
    let new = gp.tokens().create(asked.description("für die Nacht")).await.unwrap();
    assert_eq!(new.token, house.gp.tokens().get("a/b ✓").await.unwrap());
    assert_eq!(
        gp.tokens().create(NewToken::new("a/b ✓", Api::Scim).expires(days(1))).await.unwrap_err().code(),
        "name_taken"
    );

    let check = async |secret: &gatepass::Secret, peer: Option<&str>| {
        let peer = peer.map(|peer| peer.parse().unwrap());
        gp.tokens().check_secret(Api::Rest, ["orders:read"], secret.reveal(), peer).await.unwrap().is_ok()
    };
    assert!(check(&new.secret, None).await);
    let rotated = gp.tokens().rotate("a/b ✓", Rotation::with_grace(Duration::from_hours(1))).await.unwrap();
    assert!(check(&new.secret, None).await && check(&rotated.secret, None).await);
    let undelivered =
        tokens.rotate_and_deliver("a/b ✓", Rotation::default().force(), async |_| Err("no vault"));
    assert_eq!(undelivered.await.unwrap_err().code(), "delivery_failed");
    assert!(check(&rotated.secret, None).await);
    let delivered =
        tokens.rotate_and_deliver("a/b ✓", Rotation::default().force(), async |_| Ok::<_, String>(()));
    let delivered = delivered.await.unwrap();
    assert!(check(&delivered.secret, None).await && !check(&rotated.secret, None).await);
    assert!(gp.tokens().revoke("a/b ✓").await.unwrap().token.revoked_on.is_some());
    assert!(!check(&delivered.secret, None).await);

    gp.tokens().delete("a/b ✓").await.unwrap();

    let asked = NewToken::new("bound", Api::Rest).expires(days(1)).scope("orders:read");
    let bound = gp.tokens().create(asked.network("192.0.2.0/24".parse().unwrap())).await.unwrap();
    assert!(
        check(&bound.secret, Some("192.0.2.9")).await && !check(&bound.secret, Some("198.51.100.1")).await
    );

    let names: Vec<_> =
        gp.tokens().list(TokenFilter::default()).map_ok(|token| token.name).try_collect().await.unwrap();
    assert_eq!(names, ["bound"]);
    assert_eq!(gp.tokens().get("no").await.unwrap_err().code(), "token_not_found");
    let unknown = gp.tokens().create(NewToken::new("x", Api::Config).role("nobody's").expires(days(1))).await;
    let unknown = unknown.unwrap_err();
    assert_eq!(
        (unknown.kind(), unknown.code(), unknown.field()),
        (ErrorKind::InvalidInput, "unknown_role", Some("roles"))
    );
    assert!(unknown.request_id().is_some());
    assert_eq!(gp.tokens().purge(gatepass::Timestamp::MAX, |_| ()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_users_and_the_trail_are_the_same_too() {
    let house = House::new().await;
    let gp = connected(&house);
    let role = Role::new("dev/ops", Permissions::none().with(Area::Tasks, Level::Edit));
    assert_eq!(gp.roles().create(role.clone()).await.unwrap(), role);
    assert_eq!(gp.roles().create(role.clone()).await.unwrap_err().code(), "name_taken");
    assert_eq!(gp.roles().list().await.unwrap(), house.gp.roles().list().await.unwrap());
    let user = NewUser::new("alice").password(Password::new("a password of some length")).role("dev/ops");
    let made = gp.users().create(user).await.unwrap();
    assert_eq!(made, house.gp.users().get("alice").await.unwrap());
    assert_eq!(gp.roles().delete("dev/ops").await.unwrap_err().code(), "role_in_use");
    let changed =
        gp.users().update("alice", UserChange::default().active(false).roles(["readonly"])).await.unwrap();
    assert_eq!((changed.active, &*changed.roles), (false, &["Read Only".to_owned()][..]));
    assert_eq!(gp.users().list().await.unwrap(), house.gp.users().list().await.unwrap());
    assert_eq!(gp.users().delete("admin").await.unwrap_err().code(), "last_administrator");
    gp.roles().delete("dev/ops").await.unwrap();
    gp.users().delete("alice").await.unwrap();
    let trail = gp.audit().list(&AuditFilter::default()).await.unwrap();
    assert_eq!(trail, house.gp.audit().list(&AuditFilter::default()).await.unwrap());
    assert_eq!(gp.audit().last().await.unwrap(), trail.last().unwrap().number);
}
