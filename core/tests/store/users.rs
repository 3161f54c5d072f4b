//! Users and their passwords.

use gatepass::{NewUser, Password, UserChange};

use crate::support::{Place, actions, code};

const ADMINISTRATOR: &str = "Directory Administrator";

fn password(text: &str) -> Password {
    Password::new(text)
}

async fn a_user_is_added_changed_and_removed(place: Place) {
    let gp = place.open().await;
    let mut profile = UserChange::default();
    profile.first_name = Some(Some("Zo\u{eb}".to_owned()));
    profile.email = Some(Some("zoe@example.org".to_owned()));
    let asked = NewUser::new("zoe").profile(profile).role("readonly").role("Read Only");
    let made = gp.users().create(asked.clone()).await.unwrap();
    assert_eq!((made.roles.as_slice(), made.active), (&["Read Only".to_owned()][..], true));
    assert_eq!(gp.users().get("zoe").await.unwrap(), made);
    assert_eq!(code(gp.users().create(asked).await), "name_taken");
    gp.users().create(NewUser::new("Zoe")).await.unwrap();
    let mut change = UserChange::default().active(false);
    change.email = Some(None);
    let changed = gp.users().update("zoe", change).await.unwrap();
    assert_eq!((changed.email.as_deref(), changed.active), (None, false));
    assert_eq!(changed.first_name, made.first_name);
    let names: Vec<_> = gp.users().list().await.unwrap().into_iter().map(|user| user.username).collect();
    assert_eq!(names, ["Zoe", "zoe"]);
    gp.users().delete("zoe").await.unwrap();
    assert_eq!(code(gp.users().delete("zoe").await), "user_not_found");
    assert_eq!(code(gp.users().get("zoe").await), "user_not_found");
    assert_eq!(code(gp.users().update("zoe", UserChange::default()).await), "user_not_found");
    let expected = ["user.create", "user.create", "user.update", "user.delete"];
    assert_eq!(actions(&gp).await, expected);
}

async fn what_is_no_user_is_refused(place: Place) {
    let gp = place.open().await;
    for name in ["", "a b", "a\0", "\u{e4}", &"a".repeat(1001)] {
        assert_eq!(code(gp.users().create(NewUser::new(name)).await), "username_malformed");
    }
    assert_eq!(code(gp.users().create(NewUser::new("a").role("nobody")).await), "unknown_role");
    let mut profile = UserChange::default();
    profile.email = Some(Some("no address".to_owned()));
    assert_eq!(code(gp.users().create(NewUser::new("a").profile(profile)).await), "user_malformed");
    assert!(gp.users().list().await.unwrap().is_empty());
}

async fn passwords_have_their_rules(place: Place) {
    let gp = place.open().await;
    gp.users().create(NewUser::new("a-name-of-fifteen")).await.unwrap();
    let set = async |text: &str| code(gp.users().set_password("a-name-of-fifteen", &password(text)).await);
    assert_eq!(set("fourteen chars").await, "password_too_short");
    assert_eq!(set(&"x".repeat(1001)).await, "password_too_long");
    assert_eq!(set("A-NAME-of-fifteen").await, "password_is_name");
    let set = gp.users().set_password("nobody", &password("correct horse battery")).await;
    assert_eq!(code(set), "user_not_found");
    let short = NewUser::new("b").password(password("short"));
    assert_eq!(code(gp.users().create(short).await), "password_too_short");
}

async fn signing_in_takes_an_active_user_and_the_password(place: Place) {
    let gp = place.open().await;
    let (good, bad) = (password("correct horse battery \0 \u{1F40E}"), password("wrong horse battery"));
    gp.users().create(NewUser::new("alice").password(good.clone())).await.unwrap();
    gp.users().create(NewUser::new("bob")).await.unwrap();
    let users = gp.users();
    let sign_in = async |name: &str, word: &Password| users.sign_in(name, word).await.unwrap().is_some();
    assert!(sign_in("alice", &good).await);
    assert!(!sign_in("alice", &bad).await);
    assert!(!sign_in("alice", &password("")).await);
    assert!(!sign_in("Alice", &good).await);
    for name in ["bob", "nobody", "", "a\0b", "\u{540d}"] {
        assert!(!sign_in(name, &good).await);
    }
    users.update("alice", UserChange::default().active(false)).await.unwrap();
    assert!(!sign_in("alice", &good).await);
    users.update("alice", UserChange::default().active(true)).await.unwrap();
    users.set_password("alice", &bad).await.unwrap();
    assert!(!sign_in("alice", &good).await);
    assert!(sign_in("alice", &bad).await);
    // What is stored is neither the password nor without salt.
    gp.users().create(NewUser::new("carol").password(bad.clone())).await.unwrap();
    let sql = "SELECT password FROM users WHERE password IS NOT NULL";
    let stored: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut place.raw().await).await.unwrap();
    assert!(stored.len() == 2 && stored[0] != stored[1]);
    assert!(stored.iter().all(|hash| hash.starts_with("$argon2id$") && !hash.contains("horse")));
}

async fn the_last_active_administrator_stays(place: Place) {
    let gp = place.open().await;
    let users = gp.users();
    users.create(NewUser::new("root").role("directory administrators")).await.unwrap();
    users.create(NewUser::new("other").role(ADMINISTRATOR)).await.unwrap();
    users.update("other", UserChange::default().active(false)).await.unwrap();
    let last = "last_administrator";
    assert_eq!(code(users.delete("root").await), last);
    assert_eq!(code(users.update("root", UserChange::default().active(false)).await), last);
    assert_eq!(code(users.update("root", UserChange::default().roles(["Read Only"])).await), last);
    users.update("other", UserChange::default().active(true)).await.unwrap();
    users.delete("root").await.unwrap();
    assert_eq!(code(users.delete("other").await), last);
}

/// Each alone is not the last; together they would be.
async fn two_administrators_who_remove_each_other_at_once_do_not_both_succeed(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    for round in 0..8 {
        let names = [format!("a{round}"), format!("b{round}")];
        for name in &names {
            one.users().create(NewUser::new(name.as_str()).role(ADMINISTRATOR)).await.unwrap();
        }
        if round > 0 {
            for user in one.users().list().await.unwrap() {
                if !names.contains(&user.username) {
                    one.users().delete(&user.username).await.unwrap();
                }
            }
        }
        let (first, second) = tokio::join!(async { one.users().delete(&names[0]).await }, async {
            two.users().update(&names[1], UserChange::default().active(false)).await.map(drop)
        },);
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    }
}

on_each_store!(
    a_user_is_added_changed_and_removed,
    what_is_no_user_is_refused,
    passwords_have_their_rules,
    signing_in_takes_an_active_user_and_the_password,
    the_last_active_administrator_stays,
    two_administrators_who_remove_each_other_at_once_do_not_both_succeed,
);
