//! Whom a token acts as: a claim is a value, whatever it says (RFC 4514 section 2.4).

use serde_json::{Value, json};

use super::{Case, Workshop, good, validator, with};

/// The cases.
pub(super) fn cases(workshop: &Workshop) -> Vec<Case> {
    vec![names(workshop), first(workshop)]
}

fn names(workshop: &Workshop) -> Case {
    let settings = json!({"claimsMapping": ["uid=${uid},ou=People,o=acme"]});
    let mut case = Case::new("names-out-of-claims", workshop, vec![with(validator(), &settings)]);
    for (name, claim, value) in [
        ("plain", json!("ada"), "ada"),
        ("number", json!(17), "17"),
        ("comma", json!("ada,ou=Admins"), r"ada\,ou\=Admins"),
        ("plus", json!("ada+uid=root"), r"ada\+uid\=root"),
        ("spaces", json!(" ada "), r"\ ada\ "),
        ("sharp", json!("#04036164"), r"\#04036164"),
        ("quotes", json!(r#""ada""#), r#"\"ada\""#),
        ("backslash", json!(r"ada\"), r"ada\\"),
        ("semicolon", json!("ada;o=x"), r"ada\;o\=x"),
        ("brackets", json!("<ada>"), r"\<ada\>"),
        ("nul", json!("ada\0root"), r"ada\00root"),
        ("line-break", json!("ada\nuid: root"), r"ada\0Auid: root"),
        ("a-claim-in-a-claim", json!("${iss}"), "${iss}"),
        ("unicode", json!("Łucja"), "Łucja"),
    ] {
        let claims = with(good(), &json!({"uid": claim}));
        let target = format!("uid={value},ou=People,o=acme");
        let but = json!({"target_dn": target});
        case = case.grants_as(&format!("name-{name}"), workshop.rs256(&claims), &claims, &but);
    }
    for (name, claim) in [
        ("empty", json!("")),
        ("true", json!(true)),
        ("two", json!(["ada", "bob"])),
        ("object", json!({"a": 1})),
    ] {
        let token = workshop.rs256(&with(good(), &json!({"uid": claim})));
        case = case.denies(&format!("name-{name}"), token, "unknown");
    }
    case.denies("name-absent", workshop.rs256(&good()), "unknown")
}

/// The first expression that finds somebody decides.
fn first(workshop: &Workshop) -> Case {
    let settings = json!({"claimsMapping": ["mail=${email},o=acme", "cn=${client_id}+ou=${ou},o=acme"]});
    let says = |more: Value| with(good(), &more);
    let (mail, client) =
        (says(json!({"email": "ada@acme.example"})), says(json!({"client_id": "sync", "ou": ["svc"]})));
    Case::new("the-first-that-finds-somebody", workshop, vec![with(validator(), &settings)])
        .grants_as(
            "the-first-expression",
            workshop.rs256(&mail),
            &mail,
            &json!({"target_dn": "mail=ada@acme.example,o=acme"}),
        )
        .grants_as(
            "the-second-expression",
            workshop.rs256(&client),
            &client,
            &json!({"target_dn": "cn=sync+ou=svc,o=acme"}),
        )
        .denies("neither-expression", workshop.rs256(&good()), "unknown")
}
