//! Verifiers that follow this authority, as a service uses them.

use std::net::SocketAddr;
use std::time::Duration;

use gatepass::{
    Api, Area, ConnectOptions, Credential, ErrorKind, FollowOptions, Gatepass, Guard, Level, NewToken,
    OpenOptions, Permissions, Reason, ReceiptState, Role, Secret, Startup, TokenRights, Verifier, days,
};
use gatepass_authority::{Options, serve};

use crate::house::House;

fn rights(apis: &[Api]) -> Permissions {
    let mut rights = TokenRights::default();
    rights.verify = apis.iter().copied().collect();
    Permissions::none().with_token_rights(rights)
}

/// A client whose token may verify tokens of these APIs.
async fn gateway(house: &House, apis: &[Api]) -> Gatepass {
    house.role("Gateway", rights(apis)).await;
    let secret = house.token("gateway", &["Gateway"]).await;
    connect(&house.server.url(), secret)
}

fn connect(url: &str, secret: String) -> Gatepass {
    ConnectOptions::new(Secret::new(secret).unwrap()).no_proxy().connect(url).unwrap()
}

fn guard(verifier: &Verifier, api: Api) -> Guard {
    verifier.guard(api, [""; 0]).unwrap()
}

fn said(guard: &Guard, secret: &Secret) -> Option<Reason> {
    guard.check_secret(secret.reveal(), None).err().map(|denied| denied.reason)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within ten seconds: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_waited_for_is_known_and_what_was_revoked_is_refused() {
    let house = House::new().await;
    let gp = gateway(&house, &[Api::Rest, Api::Scim]).await;
    let verifier = gp.verifier().await.unwrap();
    let rest = guard(&verifier, Api::Rest);
    for number in 0..20 {
        let asked =
            NewToken::new(format!("token {number}"), Api::Rest).target_dn("uid=a,o=b").expires(days(1));
        let new = house.gp.tokens().create(asked).await.unwrap();
        verifier.wait_for(new.revision).await.unwrap();
        let access = rest.check_secret(new.secret.reveal(), None).unwrap();
        assert_eq!(access.target_dn(), Some("uid=a,o=b"));
        let revoked = house.gp.tokens().revoke(&new.token.name).await.unwrap();
        verifier.wait_for(revoked.revision).await.unwrap();
        assert_eq!(said(&rest, &new.secret), Some(Reason::Revoked));
    }
    let gone = house.gp.tokens().delete("token 3").await.unwrap();
    verifier.wait_for(gone).await.unwrap();
    assert_eq!(verifier.state().tokens, 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_holds_tokens_of_those_apis_alone_that_its_role_names_now() {
    let house = House::new().await;
    let rest = house.gp.tokens().create(NewToken::new("rest", Api::Rest).expires(days(1))).await.unwrap();
    let config = NewToken::new("config", Api::Config).role("Read Only").expires(days(1));
    let config = house.gp.tokens().create(config).await.unwrap();
    let gp = gateway(&house, &[Api::Rest]).await;
    let verifier = gp.verifier().await.unwrap();
    let (of_rest, of_config) = (guard(&verifier, Api::Rest), guard(&verifier, Api::Config));
    assert_eq!(
        (said(&of_rest, &rest.secret), said(&of_config, &config.secret)),
        (None, Some(Reason::Unknown))
    );
    house.gp.roles().update(Role::new("Gateway", rights(&[Api::Config]))).await.unwrap();
    until("the other API", async || {
        said(&of_rest, &rest.secret) == Some(Reason::Unknown) && said(&of_config, &config.secret).is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_changes_binds_tokens_on_every_replica() {
    let house = House::new().await;
    house.role("Settings", Permissions::none().with(Area::Settings, Level::Edit)).await;
    let asked = NewToken::new("deploy", Api::Config).role("Settings").expires(days(1));
    let new = house.gp.tokens().create(asked).await.unwrap();
    let verifier = gateway(&house, &[Api::Config]).await.verifier().await.unwrap();
    let edit = verifier.guard(Api::Config, ["SCOPE_SETTINGS_EDIT"]).unwrap();
    assert_eq!(said(&edit, &new.secret), None);
    let weaker = Role::new("Settings", Permissions::none().with(Area::Settings, Level::View));
    house.gp.roles().update(weaker).await.unwrap();
    until("the weaker role", async || said(&edit, &new.secret) == Some(Reason::InsufficientScope)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_follow_is_told_at_once() {
    let house = House::new().await;
    let secret = house.token("reader", &["Read Only"]).await;
    let error = connect(&house.server.url(), secret).verifier().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Forbidden, "insufficient_scope"));
    let error = connect(&house.server.url(), "nonsense".to_owned()).verifier().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    let gp = gateway(&house, &[Api::Rest]).await;
    for limit in [Duration::ZERO, Duration::from_millis(99), Duration::from_hours(25), Duration::MAX] {
        let options = FollowOptions::default().max_staleness(limit);
        let error = gp.verifier_with(options).await.unwrap_err();
        assert_eq!((error.code(), error.field()), ("max_staleness_out_of_range", Some("maxStaleness")));
    }
}

/// A port where nobody listens yet.
fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_starts_before_its_authority_denies_until_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = OpenOptions::default().open(folder.path().join("tokens.db")).await.unwrap();
    store.roles().create(Role::new("Gateway", rights(&[Api::Rest]))).await.unwrap();
    let own = NewToken::new("gateway", Api::Config).role("Gateway").expires(days(30));
    let own = store.tokens().create(own).await.unwrap();
    let new = store.tokens().create(NewToken::new("a", Api::Rest).expires(days(1))).await.unwrap();
    let address = free_address();
    let gp = connect(&format!("http://{address}"), own.secret.reveal().to_owned());

    let soon = FollowOptions::default().deadline(Duration::from_millis(500));
    let error = gp.verifier_with(soon).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "verifier_not_ready"));
    assert!(
        std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("reached")),
        "{error:?}"
    );

    let verifier = gp.verifier_with(FollowOptions::default().startup(Startup::Background)).await.unwrap();
    let guard = guard(&verifier, Api::Rest);
    assert_eq!(said(&guard, &new.secret), Some(Reason::Stale));
    let mut watch = verifier.watch();
    assert!(watch.last().stale && !watch.last().connected && watch.last().age.is_none());
    until("what is wrong", async || {
        verifier.state().trouble.is_some_and(|error| error.code() == "unreachable")
    })
    .await;

    let options =
        Options::default().listen([address]).admin_password(gatepass::Password::new("correct horse battery"));
    let server = serve(options, store.clone()).await.unwrap();
    let state = loop {
        let state = watch.changed().await.unwrap();
        if !state.stale {
            break state;
        }
    };
    assert!(state.connected && state.trouble.is_none(), "{state:?}");
    assert_eq!((state.tokens, state.credential_expires_on), (1, own.token.expires_on));
    assert!(state.place.contains(&address.to_string()));
    assert_eq!(said(&guard, &new.secret), None);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_when_it_becomes_stale_and_when_it_no_longer_is() {
    let house = House::new().await;
    let new = house.gp.tokens().create(NewToken::new("a", Api::Rest).expires(days(1))).await.unwrap();
    let gp = gateway(&house, &[Api::Rest]).await;
    let options = FollowOptions::default().max_staleness(Duration::from_millis(800));
    let verifier = gp.verifier_with(options).await.unwrap();
    let (guard, mut watch) = (guard(&verifier, Api::Rest), verifier.watch());
    assert_eq!(said(&guard, &new.secret), None);
    // Its own credential ends: nothing proves anything any more.
    house.gp.tokens().revoke("gateway").await.unwrap();
    let stale = loop {
        let state = watch.changed().await.unwrap();
        if state.stale {
            break state;
        }
    };
    assert_eq!(said(&guard, &new.secret), Some(Reason::Stale));
    assert!(!stale.connected && stale.trouble.is_some_and(|error| error.kind() == ErrorKind::Unauthorized));
    verifier.close().await;
    assert!(watch.changed().await.is_none_or(|state| state.stale));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_replaced_in_its_file_is_followed_with() {
    let house = House::new().await;
    house.role("Gateway", rights(&[Api::Rest])).await;
    let secret = house.token("gateway", &["Gateway"]).await;
    let file = house.folder.path().join("secret");
    std::fs::write(&file, &secret).unwrap();
    let gp = ConnectOptions::new(Credential::file(&file)).no_proxy().connect(house.server.url()).unwrap();
    let options = FollowOptions::default().max_staleness(Duration::from_secs(3));
    let verifier = gp.verifier_with(options).await.unwrap();
    let guard = guard(&verifier, Api::Rest);
    let write = async |secret: &Secret| std::fs::write(&file, secret.reveal());
    house
        .gp
        .tokens()
        .rotate_and_deliver("gateway", gatepass::Rotation::default(), write)
        .await
        .map(drop)
        .unwrap();
    let new = house.gp.tokens().create(NewToken::new("a", Api::Rest).expires(days(1))).await.unwrap();
    verifier.wait_for(new.revision).await.unwrap();
    for _ in 0..100 {
        assert_eq!(said(&guard, &new.secret), None);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_is_reported_when_it_is_closed_and_now_and_then() {
    let house = House::new().await;
    let asked = |name: &str| NewToken::new(name, Api::Rest).expires(days(1));
    let (a, b) = (
        house.gp.tokens().create(asked("a")).await.unwrap(),
        house.gp.tokens().create(asked("b")).await.unwrap(),
    );
    let gp = gateway(&house, &[Api::Rest]).await;
    let often = FollowOptions::default().usage_interval(Some(Duration::from_millis(200)));
    let verifier = gp.verifier_with(often).await.unwrap();
    let peer = "192.0.2.7".parse().ok();
    guard(&verifier, Api::Rest).check_secret(a.secret.reveal(), peer).unwrap();
    let last_used = async |name: &str| house.gp.tokens().get(name).await.unwrap();
    until("the first report", async || last_used("a").await.last_used_on.is_some()).await;
    let used = last_used("a").await;
    assert_eq!(
        (used.last_used_from.as_deref(), used.last_used_via.as_deref()),
        (Some("192.0.2.7"), Some("token:gateway"))
    );
    verifier.close().await;

    let verifier = gp.verifier().await.unwrap();
    guard(&verifier, Api::Rest).check_secret(b.secret.reveal(), None).unwrap();
    // One that was refused was not used.
    guard(&verifier, Api::Scim).check_secret(a.secret.reveal(), None).unwrap_err();
    verifier.close().await;
    assert!(last_used("b").await.last_used_on.is_some());
    assert_eq!(last_used("a").await, used);
    assert_eq!(said(&guard(&verifier, Api::Rest), &b.secret), Some(Reason::Stale));
    assert_eq!(verifier.wait_for(i64::MAX).await.unwrap_err().code(), "closed");

    // Whoever follows the store itself reports as well.
    let verifier = house.gp.verifier().await.unwrap();
    let before = last_used("b").await.last_used_on;
    tokio::time::sleep(Duration::from_millis(50)).await;
    guard(&verifier, Api::Rest).check_secret(b.secret.reveal(), None).unwrap();
    verifier.close().await;
    assert!(last_used("b").await.last_used_on > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_confirmed_by_every_replica() {
    let house = House::new().await;
    house.gp.tokens().create(NewToken::new("a", Api::Rest).expires(days(1))).await.map(drop).unwrap();
    let gp = gateway(&house, &[Api::Rest]).await;
    let (one, two) = (gp.verifier().await.unwrap(), gp.verifier().await.unwrap());
    let revoked = house.gp.tokens().revoke_everywhere(["a"], Duration::from_secs(10)).await.unwrap();
    assert!(revoked.is_everywhere());
    let confirmed =
        revoked.receipts.iter().filter(|receipt| matches!(receipt.state, ReceiptState::Confirmed { .. }));
    assert_eq!(confirmed.count(), 2);
    assert!(one.revision() >= revoked.revision && two.revision() >= revoked.revision);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_urls_one_that_works_is_found() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let new = house.gp.tokens().create(NewToken::new("a", Api::Rest).expires(days(1))).await.unwrap();
    let secret = gateway(&house, &[Api::Rest]).await; // makes the role and the token
    drop(secret);
    let own = house.gp.tokens().rotate("gateway", gatepass::Rotation::default()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let urls = [format!("http://{}", free_address()), house.server.url(), neighbour.server.url()];
    let gp = ConnectOptions::new(own.secret).no_proxy().connect_to_one_of(urls).unwrap();
    assert_eq!(gp.myself().await.unwrap().name, "gateway");
    let verifier = gp.verifier().await.unwrap();
    let guard = guard(&verifier, Api::Rest);
    assert_eq!(said(&guard, &new.secret), None);
    house.server.shutdown().await;
    until("the other one", async || verifier.state().place.contains(&neighbour.address().to_string())).await;
    neighbour.gp.tokens().revoke("a").await.unwrap();
    until("the revocation", async || said(&guard, &new.secret) == Some(Reason::Revoked)).await;

    let none = ConnectOptions::new(Secret::new("x").unwrap()).connect_to_one_of([""; 0]).unwrap_err();
    assert_eq!((none.code(), none.field()), ("url_missing", Some("url")));
    let mixed = ["https://a.example", "http://127.0.0.1:1"];
    let mixed = ConnectOptions::new(Secret::new("x").unwrap()).connect_to_one_of(mixed).unwrap_err();
    assert_eq!((mixed.code(), mixed.field()), ("url_mixed", Some("url")));
}
