//! Users.

use serde_json::json;

use crate::place::Place;

const PASSWORD: &str = "correct horse battery staple";

#[test]
fn a_user_is_added_changed_and_removed() {
    let place = Place::new();
    let words = [
        "user",
        "create",
        "ann",
        "--role",
        "Directory Administrator",
        "--first-name",
        "Ann",
        "--last-name",
        "O'Hara",
        "--email",
        "ann@example.com",
        "--output",
        "json",
    ];
    let user = place.args(&words).json();
    assert_eq!(
        (&user["username"], &user["lastName"], &user["active"]),
        (&json!("ann"), &json!("O'Hara"), &json!(true))
    );
    assert!(user.get("passwordOn").is_none() && user.get("password").is_none(), "{user}");
    place.run("user create ann").error("name_taken");
    place.run("user create a.b").error("username_malformed");
    place.run("user create bob --role nobody").error("unknown_role");
    place.run("user create bob --email nonsense").error("user_malformed");

    let added =
        place.run_with("user create bob --role readonly --password-stdin", format!("{PASSWORD}\n")).ok();
    assert!(added.out.is_empty() && !added.err.contains(PASSWORD), "{added:?}");
    assert!(place.run("user show bob --output json").json()["passwordOn"].is_string());
    place.run("user roles bob --role aciadmin --role schemaadmin").ok();
    assert_eq!(
        place.run("user show bob --output json").json()["roles"],
        json!(["Security Administrator", "Schema Administrator"])
    );
    place.run("user roles bob --none").ok();
    place.run("user disable bob").ok();
    assert_eq!(place.run("user show bob --output json").json()["active"], false);
    place.run("user enable bob").ok();
    let table = place.run("user list").ok().out;
    assert!(
        table.contains("ann@example.com") && table.contains("Ann O'Hara") && table.lines().count() == 3,
        "{table}"
    );
    place.run("user delete bob").error("confirmation_required");
    place.run("user delete bob --yes").ok();
    place.run("user show bob").error("user_not_found");
    assert_eq!(place.run("user list --output json").json().as_array().unwrap().len(), 1);
}

#[test]
fn the_last_administrator_stays() {
    let place = Place::new();
    place.args(&["user", "create", "ann", "--role", "Directory Administrator"]).ok();
    for line in [
        "user delete ann --yes",
        "user disable ann",
        "user roles ann --role readonly",
        "user roles ann --none",
    ] {
        place.run(line).error("last_administrator");
    }
    place.args(&["user", "create", "bob", "--role", "Directory Administrator"]).ok();
    place.run("user delete ann --yes").ok();
}

#[test]
fn a_password_is_set_offline() {
    let place = Place::new();
    place.run("user create ann").ok();
    place.run("user password ann").error("password_required");
    for (stdin, code) in [("short", "password_too_short"), ("", "password_too_short")] {
        place.run_with("user password ann --password-stdin", stdin).error(code);
    }
    place.run_with("user password ann --password-stdin", "x".repeat(1 << 20)).error("password_too_long");
    place.run_with("user password ann --password-stdin", [0xFF; 20]).error("password_not_utf8");
    place.run_with("user password nobody --password-stdin", PASSWORD).error("user_not_found");
    let ran = place.run_with("user password ann --password-stdin", format!("{PASSWORD}\r\n")).ok();
    assert!(ran.out.is_empty() && !ran.err.contains(PASSWORD), "{ran:?}");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let gp = gatepass::open(place.path("tokens.db")).await.unwrap();
        let sign_in =
            async |text: &str| gp.users().sign_in("ann", &gatepass::Password::new(text)).await.unwrap();
        assert!(sign_in(PASSWORD).await.is_some());
        assert!(sign_in("another horse battery staple").await.is_none());
    });
}
