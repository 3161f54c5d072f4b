//! When tokens were last used, as those who check them say.

use std::time::Duration;

use gatepass::wire::Used;
use gatepass::{
    AccessToken, Acting, Actor, Api, Gatepass, NewToken, Permissions, Role, Rotation, Timestamp, TokenRights,
    days,
};

use crate::support::{HOUR, Place, clock, code, rest};

async fn id(gp: &Gatepass, name: &str) -> gatepass::TokenId {
    gp.tokens().get(name).await.unwrap().id.unwrap()
}

fn last_use(token: &AccessToken) -> Option<(i64, &str, &str)> {
    let text = |text: &'static str, own: &Option<String>| own.as_ref().map_or(text, |own| own.clone().leak());
    token
        .last_used_on
        .map(|on| (on.as_millis(), text("-", &token.last_used_from), text("-", &token.last_used_via)))
}

async fn the_latest_use_counts_and_none_is_later_than_now(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let now = gp.clock().now().as_millis();
    for name in ["a", "b", "c"] {
        gp.tokens().create(rest(name)).await.map(drop).unwrap();
    }
    let (a, b, c) = (id(&gp, "a").await, id(&gp, "b").await, id(&gp, "c").await);
    let unknown = "zzzzzzzzzzzz".parse().unwrap();
    let before = gp.inspect().await.unwrap();
    let report = async |uses: Vec<Used>| gp.tokens().report_usage(uses).await.unwrap();
    report(vec![
        Used(a, now - 500, "192.0.2.1".parse().ok()),
        Used(a, now - 100, "::ffff:192.0.2.2".parse().ok()),
        Used(a, now - 300, "192.0.2.3".parse().ok()),
        Used(b, i64::MAX, None),
        Used(c, i64::MIN, "2001:db8::1".parse().ok()),
        Used(unknown, now, None),
    ])
    .await;
    let all = async || {
        let (a, b, c) = (gp.tokens().get("a").await, gp.tokens().get("b").await, gp.tokens().get("c").await);
        [a.unwrap(), b.unwrap(), c.unwrap()]
    };
    let used = all().await;
    assert_eq!(last_use(&used[0]), Some((now - 100, "192.0.2.2", "owner:local")));
    assert_eq!(last_use(&used[1]), Some((now, "-", "owner:local")));
    assert_eq!(last_use(&used[2]), Some((0, "2001:db8::1", "owner:local")));
    // Again, in another order, and what is older: nothing changes.
    report(vec![Used(a, now - 300, None), Used(c, 0, None)]).await;
    report(vec![]).await;
    assert_eq!(all().await, used);
    report(vec![Used(a, now - 99, None)]).await;
    assert_eq!(last_use(&all().await[0]), Some((now - 99, "-", "owner:local")));
    // Nobody has to follow it.
    let after = gp.inspect().await.unwrap();
    assert_eq!(after, before);
    // It is no part of what rotating, revoking and settling change.
    clock.advance(Duration::from_secs(1));
    gp.tokens().rotate("a", Rotation::with_grace(HOUR)).await.map(drop).unwrap();
    report(vec![Used(a, now + 500, None)]).await;
    gp.tokens().revoke("a").await.unwrap();
    let tokens = gp.tokens();
    let no = async |_: &gatepass::Secret| Err(std::io::Error::other("no"));
    assert_eq!(code(tokens.rotate_and_deliver("b", Rotation::default(), no).await), "delivery_failed");
    let kept = all().await;
    assert_eq!(last_use(&kept[0]), Some((now + 500, "-", "owner:local")));
    assert_eq!(last_use(&kept[1]), Some((now, "-", "owner:local")));
    // A copy has it too.
    let elsewhere = place.another().await;
    let copy = elsewhere.open().await;
    gp.copy_to(&copy, |_| ()).await.unwrap();
    assert_eq!(copy.tokens().get("a").await.unwrap(), kept[0]);
}

async fn a_reporter_is_believed_about_what_it_may_verify(place: Place) {
    let gp = place.open().await;
    let mut rights = TokenRights::default();
    rights.verify.insert(Api::Scim);
    gp.roles().create(Role::new("Gateway", Permissions::none().with_token_rights(rights))).await.unwrap();
    let asked = NewToken::new("gate\u{2713}", Api::Config).role("Gateway").expires(days(1));
    let gateway = gp.tokens().create(asked).await.unwrap().token.id.unwrap();
    gp.tokens().create(rest("r")).await.map(drop).unwrap();
    gp.tokens().create(NewToken::new("s", Api::Scim).expires(days(1))).await.map(drop).unwrap();
    let acting = gp.acting(Acting::new(Actor::Token(gateway)));
    let (r, s) = (id(&gp, "r").await, id(&gp, "s").await);
    let uses = || [Used(r, 7, None), Used(s, 7, None), Used(gateway, 7, None)];
    acting.tokens().report_usage(uses()).await.unwrap();
    assert_eq!(last_use(&gp.tokens().get("s").await.unwrap()), Some((7, "-", "token:gate\u{2713}")));
    for name in ["r", "gate\u{2713}"] {
        assert_eq!(last_use(&gp.tokens().get(name).await.unwrap()), None);
    }
    gp.tokens().revoke("gate\u{2713}").await.unwrap();
    assert_eq!(code(acting.tokens().report_usage(uses()).await), "actor_unknown");
}

/// More than one commit's worth, while others write.
async fn many_uses_are_taken_at_once(place: Place) {
    let gp = place.open().await;
    for number in 0..40 {
        gp.tokens().create(rest(format!("t{number}"))).await.map(drop).unwrap();
    }
    let mut uses = Vec::new();
    for number in 0..40 {
        let id = id(&gp, &format!("t{number}")).await;
        uses.extend((0..250).map(|on| Used(id, on * 1000, None)));
    }
    let tokens = gp.tokens();
    let (reported, new) = tokio::join!(tokens.report_usage(uses), tokens.create(rest("meanwhile")));
    reported.unwrap();
    new.map(drop).unwrap();
    for number in 0..40 {
        let token = gp.tokens().get(&format!("t{number}")).await.unwrap();
        assert_eq!(token.last_used_on, Timestamp::from_millis(249_000));
    }
}

on_each_store!(
    the_latest_use_counts_and_none_is_later_than_now,
    a_reporter_is_believed_about_what_it_may_verify,
    many_uses_are_taken_at_once,
);
