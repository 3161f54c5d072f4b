//! Checking by asking this authority.

use std::time::Duration;

use gatepass::{
    Api, Area, ConnectOptions, Credential, ErrorKind, Gatepass, Level, NewToken, Password, Permissions,
    RemoteOptions, RemoteVerifier, Result, Role, Rotation, Secret, TokenRights, Verdict, days,
};

use crate::house::{ADMIN_PASSWORD, House};

const NONE: [&str; 0] = [];

fn url(house: &House) -> String {
    format!("{}/api", house.server.url())
}

fn administrator(house: &House) -> Gatepass {
    ConnectOptions::login("admin", Password::new(ADMIN_PASSWORD)).no_proxy().connect(url(house)).unwrap()
}

/// One that may verify tokens of these APIs, and nothing else.
async fn remote(house: &House, apis: &[Api], options: RemoteOptions) -> RemoteVerifier {
    let mut rights = TokenRights::default();
    rights.verify = apis.iter().copied().collect();
    house.role("checker", Permissions::none().with_token_rights(rights)).await;
    let token = house.token("checker", &["checker"]).await;
    let credential = Credential::from(Secret::new(token).unwrap());
    let gp = ConnectOptions::new(credential).no_proxy().attempts(1).connect(url(house)).unwrap();
    gp.remote_verifier(options).unwrap()
}

fn says(verdict: Result<Verdict>) -> String {
    match verdict {
        Ok(Ok(_)) => "granted".to_owned(),
        Ok(Err(denied)) => denied.reason.code().to_owned(),
        Err(error) => error.kind().to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_is_refused_by_every_check_that_begins_after_the_answer() {
    let house = House::new().await;
    let (gp, remote) = (administrator(&house), remote(&house, &[Api::Rest], RemoteOptions::default()).await);
    let guard = remote.guard(Api::Rest, ["orders:read"]).unwrap();
    let check = async |secret: &Secret| says(guard.check_secret(secret.reveal(), None).await);
    for name in 0..20 {
        let asked = NewToken::new(name.to_string(), Api::Rest).expires(days(1)).scope("orders:read");
        let new = gp.tokens().create(asked).await.unwrap();
        assert_eq!(check(&new.secret).await, "granted");
        // While others keep asking about it.
        let busy = tokio::spawn({
            let (guard, secret) = (guard.clone(), new.secret.clone());
            async move {
                loop {
                    let _ = guard.check_secret(secret.reveal(), None).await;
                }
            }
        });
        gp.tokens().revoke(&name.to_string()).await.unwrap();
        assert_eq!(check(&new.secret).await, "unknown");
        busy.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_staleness_it_is_refused_after_that_at_the_latest() {
    let house = House::new().await;
    let bound = Duration::from_millis(400);
    let gp = administrator(&house);
    let remote = remote(&house, &[Api::Rest], RemoteOptions::default().max_staleness(bound)).await;
    let guard = remote.guard(Api::Rest, NONE).unwrap();
    let asked = NewToken::new("a", Api::Rest).expires(days(1)).target_dn("uid=a,o=b");
    let new = gp.tokens().create(asked).await.unwrap();
    let header = format!("Bearer {}", new.secret.reveal());
    let access = guard.check(header.as_str(), None).await.unwrap().unwrap();
    assert_eq!((access.target_dn(), Some(access.id())), (Some("uid=a,o=b"), new.secret.id()));
    gp.tokens().revoke("a").await.unwrap();
    let revoked = tokio::time::Instant::now();
    let mut granted = 0;
    loop {
        let (began, verdict) = (revoked.elapsed(), guard.check(header.as_str(), None).await);
        match says(verdict).as_str() {
            "granted" => granted += 1,
            "unknown" => break,
            other => panic!("{other}"),
        }
        assert!(began < bound, "granted {began:?} after it was revoked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(granted > 0, "what is kept is used");
    assert!(remote.state().asked <= 3, "{:?}", remote.state());
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_graces_and_roles_are_the_authority_s_to_judge() {
    let house = House::new().await;
    let gp = administrator(&house);
    let options = RemoteOptions::default().max_staleness(Duration::from_hours(1));
    let kept = remote(&house, &[Api::Rest, Api::Config], options).await;
    let guard = kept.guard(Api::Rest, NONE).unwrap();
    let asked = NewToken::new("bound", Api::Rest).expires(days(1)).network("192.0.2.0/24".parse().unwrap());
    let bound = gp.tokens().create(asked).await.unwrap().secret;
    for (peer, expected) in [
        (Some("192.0.2.9"), "granted"),
        (Some("198.51.100.1"), "unknown"),
        (None, "unknown"),
        (Some("::ffff:192.0.2.9"), "granted"),
    ] {
        let peer = peer.map(|peer| peer.parse().unwrap());
        assert_eq!(says(guard.check_secret(bound.reveal(), peer).await), expected, "{peer:?}");
    }
    assert_eq!(kept.state().cached, 1, "the last is the first");

    let old = gp.tokens().create(NewToken::new("r", Api::Rest).expires(days(1))).await.unwrap().secret;
    let new = gp.tokens().rotate("r", Rotation::with_grace(Duration::from_hours(1))).await.unwrap().secret;
    for secret in [&old, &new] {
        assert_eq!(says(guard.check_secret(secret.reveal(), None).await), "granted");
    }

    // A role binds what was issued before, and the scopes are the server's own.
    house.role("ops", Permissions::none().with(Area::Tasks, Level::Edit)).await;
    let ops = Secret::new(house.token("ops", &["ops"]).await).unwrap();
    let now = kept_nothing(&house).await;
    let edit = now.guard(Api::Config, ["SCOPE_TASKS_EDIT"]).unwrap();
    let access = edit.check_secret(ops.reveal(), None).await.unwrap().unwrap();
    assert_eq!(
        (access.scope().as_str(), access.roles().next()),
        ("SCOPE_TASKS_EDIT SCOPE_TASKS_VIEW", Some("ops"))
    );
    let role = Role::new("ops", Permissions::none().with(Area::Tasks, Level::View));
    gp.roles().update(role).await.unwrap();
    assert_eq!(says(edit.check_secret(ops.reveal(), None).await), "insufficient_scope");
    // Who may not verify tokens of an API is told of none.
    let scim = gp.tokens().create(NewToken::new("s", Api::Scim).expires(days(1))).await.unwrap().secret;
    let guard = kept.guard(Api::Scim, NONE).unwrap();
    assert_eq!(says(guard.check_secret(scim.reveal(), None).await), "unknown");
}

/// With the token that is there, and without keeping anything.
async fn kept_nothing(house: &House) -> RemoteVerifier {
    let token = house.token("checker-2", &["checker"]).await;
    let gp = ConnectOptions::new(Secret::new(token).unwrap()).no_proxy().connect(url(house)).unwrap();
    gp.remote_verifier(RemoteOptions::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_is_told_nothing_about_the_token() {
    let house = House::new().await;
    let remote = remote(&house, &[Api::Rest], RemoteOptions::default()).await;
    let guard = remote.guard(Api::Rest, NONE).unwrap();
    let good = house.issue(NewToken::new("a", Api::Rest).expires(days(1))).await;
    assert_eq!(says(guard.check_secret(&good, None).await), "granted");
    house.gp.tokens().revoke("checker").await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    let error = guard.check_secret(&good, None).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unavailable, Some(401)));
    assert!(!format!("{error} {error:?}").contains(good.rsplit_once('_').unwrap().1));

    let store = house.gp.remote_verifier(RemoteOptions::default()).unwrap_err();
    assert_eq!((store.kind(), store.code()), (ErrorKind::Unsupported, "needs_server"));
}
