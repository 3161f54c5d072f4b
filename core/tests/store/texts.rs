//! Texts that some database, some day, does not like: each is stored as it is, or refused by name.

use gatepass::{
    Acting, Actor, Api, ErrorKind, IdempotencyKey, NewToken, NewUser, Permissions, Role, Rotation,
    UserChange, days,
};

use crate::support::{Place, actions, code, rest};

const EXOTIC: [&str; 7] = [
    "\u{0}",
    "a\u{0}b",
    "\u{feff}\u{202e}\u{200d}",
    "\u{10ffff}\u{fffe}\u{fdd0}",
    "'; DROP TABLE tokens; --",
    "\\u0000 $1 ? :x {{}} %s \"",
    "\u{1F468}\u{200d}\u{1F469}\u{200d}\u{1F467} e\u{301}",
];

async fn whatever_is_written_is_read_again_or_was_refused(place: Place) {
    let gp = place.open().await;
    for (at, text) in EXOTIC.into_iter().enumerate() {
        let plain = || rest(format!("token {at}"));
        let asked = [
            rest(text),
            plain().description(text),
            plain().metadata("key", text),
            plain().metadata(text, "value"),
            plain().target_dn(format!("cn={text}")),
            plain().scope(text),
            NewToken::new("config", Api::Config).expires(days(1)).role(text),
        ];
        for asked in asked {
            match gp.tokens().create(asked).await {
                Ok(new) => {
                    assert_eq!(gp.tokens().get(&new.token.name).await.unwrap(), new.token);
                    gp.tokens().delete(&new.token.name).await.unwrap();
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text:?}: {error}");
                    assert!(error.field().is_some());
                }
            }
        }
        let sources = Permissions::none().with_data_source(text, gatepass::Level::View);
        let plain = Permissions::none();
        let mut placed = Role::new(format!("placed {at}"), plain.clone());
        placed.entry_dn = Some(format!("cn={text}"));
        for role in [Role::new(text, plain), Role::new(format!("sources {at}"), sources), placed] {
            match gp.roles().create(role).await {
                Ok(role) => assert_eq!(gp.roles().get(&role.name).await.unwrap(), role),
                Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text:?}: {error}"),
            }
        }
        let mut profile = UserChange::default();
        profile.first_name = Some(Some(text.to_owned()));
        profile.last_name = Some(Some(text.to_owned()));
        profile.email = Some(Some(format!("{text}@x")));
        match gp.users().create(NewUser::new(format!("user{at}")).profile(profile)).await {
            Ok(user) => assert_eq!(gp.users().get(&user.username).await.unwrap(), user),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text:?}: {error}"),
        }
    }
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
}

async fn what_no_name_can_be_is_not_found(place: Place) {
    let gp = place.open().await;
    for text in EXOTIC {
        assert_eq!(code(gp.tokens().get(text).await), "token_not_found");
        assert_eq!(code(gp.tokens().rotate(text, Rotation::default()).await), "token_not_found");
        assert_eq!(code(gp.tokens().revoke(text).await), "token_not_found");
        assert_eq!(code(gp.tokens().delete(text).await), "token_not_found");
        assert_eq!(code(gp.roles().get(text).await), "role_not_found");
        assert_eq!(code(gp.roles().delete(text).await), "role_not_found");
        assert_eq!(code(gp.users().get(text).await), "user_not_found");
        assert_eq!(code(gp.users().delete(text).await), "user_not_found");
        assert_eq!(code(gp.users().update(text, UserChange::default()).await), "user_not_found");
    }
    assert_eq!(actions(&gp).await, [""; 0]);
}

/// Others are in the same transaction: what one of them wrote into the trail must not undo them all.
async fn whoever_acts_under_an_odd_name_harms_nobody(place: Place) {
    let gp = place.open().await;
    let key = IdempotencyKey::generate().unwrap();
    for (at, text) in EXOTIC.into_iter().enumerate() {
        let odd = gp.acting(Acting::new(Actor::Owner(text.to_owned())).with_request_id(text));
        let traced = gp.acting(Acting::new(Actor::Owner("x".to_owned())).with_request_id(text.repeat(5000)));
        let (first, second, third, refused, noted) = tokio::join!(
            async { gp.tokens().create(rest(format!("good {at}"))).await },
            async { odd.tokens().once(&key).create(rest(format!("odd {at}"))).await },
            async { traced.tokens().create(rest(format!("traced {at}"))).await },
            async { gp.audit().refused("session.begin", Some(text), text).await },
            async { gp.tokens().create(rest(format!("also good {at}"))).await },
        );
        let _ = first.unwrap();
        let _ = third.unwrap();
        refused.unwrap();
        let _ = noted.unwrap();
        if let Err(error) = second {
            assert!(
                matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Conflict),
                "{text:?}: {error}"
            );
        }
    }
    let mut filter = gatepass::AuditFilter::default();
    filter.limit = Some(1000);
    let trail = gp.audit().list(&filter).await.unwrap();
    for entry in &trail {
        // One line of the trail is one line of a log.
        let texts =
            [Some(&entry.actor), entry.request_id.as_ref(), entry.subject.as_ref(), entry.code.as_ref()];
        assert!(texts.into_iter().flatten().all(|text| !text.contains(char::is_control)), "{entry:?}");
        assert!(entry.request_id.as_ref().is_none_or(|id| id.chars().count() <= 1008));
    }
    assert_eq!(gp.inspect().await.unwrap().faults, [""; 0]);
}

on_each_store!(
    whatever_is_written_is_read_again_or_was_refused,
    what_no_name_can_be_is_not_found,
    whoever_acts_under_an_odd_name_harms_nobody,
);
