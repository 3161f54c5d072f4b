//! Who may give what: whoever yields a credential holds all that it permits, and keeps to their own limits.

use serde_json::{Value, json};

use super::{
    Action, Caller, Case, IN_90_DAYS, Request, TOMORROW, acting_token, case, config, create, request, rest,
    rest_token, set, strings, token, user,
};
use crate::expected::{Fault, forbidden};
use crate::expiration::{Expiration, NEVER, UNLIMITED, days};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = of_roles();
    cases.extend(of_data());
    cases.extend(of_other_permissions());
    cases.extend(of_subtrees());
    cases.extend(of_limited_callers());
    cases.extend(of_role_changes());
    cases.extend(of_user_changes());
    cases
}

const DIRECTOR: &str = "Directory Administrator";
const SECURITY: &str = "Security Administrator";
const SCHEMA: &str = "Schema Administrator";
const READER: &str = "Read Only";

/// Somebody with these roles asks for this.
fn gives(title: &str, roles: &[&str], request: Request) -> Case {
    create(format!("delegate-{title}"), request).by(user(roles))
}

/// A `config` token that this somebody made.
fn config_token(roles: &[&str]) -> Value {
    token("config", json!({"roles": roles, "createdBy": "jane"}))
}

/// Whoever gives roles holds all that they permit.
fn of_roles() -> Vec<Case> {
    let both = [SCHEMA, SECURITY];
    vec![
        gives("own-role", &[SECURITY], config(&[SECURITY])).ok(config_token(&[SECURITY])),
        gives("lesser-role", &[SECURITY], config(&[READER])).ok(config_token(&[READER])),
        gives("lesser-role-under-an-alias", &["aciadmin"], config(&["readonly"])).ok(config_token(&[READER])),
        gives("greater-role", &[SECURITY], config(&[DIRECTOR])).exceeds("roles"),
        gives("other-role", &[SECURITY], config(&[SCHEMA])).exceeds("roles"),
        gives("one-role-too-many", &[SECURITY], config(&[READER, SCHEMA])).exceeds("roles"),
        gives("two-roles-by-one-who-holds-both", &both, config(&both)).ok(config_token(&both)),
        gives("by-one-without-roles", &[], config(&[READER])).exceeds("roles"),
        gives("by-one-with-an-unknown-role", &["engineer"], config(&[READER])).exceeds("roles"),
        gives("a-role-that-permits-nothing", &[], config(&["nothing"]))
            .with_role(json!({"name": "nothing"}))
            .ok(config_token(&["nothing"])),
        gives("anything-by-the-director", &[DIRECTOR], config(&[DIRECTOR])).ok(config_token(&[DIRECTOR])),
        gives("faults-in-the-request-are-told-first", &[], Request { name: "".into(), ..rest() })
            .fails_on("name", "name_empty"),
    ]
}

/// Tokens for data, which the vendor's roles cannot speak of.
fn of_data() -> Vec<Case> {
    let scim = |scopes: &[&str]| Request {
        scopes: scopes.iter().map(|scope| (*scope).into()).collect(),
        ..request("scim")
    };
    let scim_token = |scopes: &[&str]| {
        let scopes = Some(scopes).filter(|scopes| !scopes.is_empty());
        token("scim", json!({"scopes": scopes, "createdBy": "jane"}))
    };
    let rights = |rights: Value| json!({"name": "issuer", "gatepassPermissions": rights});
    let issuer = || rights(json!({"issueScim": true, "issueScopes": ["orders:read"]}));
    let any_scope = || rights(json!({"issueScim": true, "issueScopes": ["*"]}));
    let granted = |title: &str, request: Request| gives(title, &["issuer"], request).with_role(issuer());
    vec![
        gives("scim-by-the-director", &[DIRECTOR], scim(&["orders:read"])).ok(scim_token(&["orders:read"])),
        gives("rest-by-the-director", &[DIRECTOR], rest()).ok(rest_token(json!({"createdBy": "jane"}))),
        gives("rest-without-a-target-by-the-director", &[DIRECTOR], request("rest"))
            .ok(token("rest", json!({"createdBy": "jane"}))),
        gives("scim-by-another", &[SECURITY], scim(&[])).exceeds("api"),
        gives("rest-by-another", &[SECURITY], rest()).exceeds("targetDn"),
        gives("rest-without-a-target-by-another", &[SECURITY], request("rest")).exceeds("api"),
        granted("scim-by-grant", scim(&[])).ok(scim_token(&[])),
        granted("scim-by-grant-with-its-scope", scim(&["orders:read"])).ok(scim_token(&["orders:read"])),
        granted("scim-by-grant-with-another-scope", scim(&["orders:write"])).exceeds("scopes"),
        granted("scim-by-grant-with-a-longer-scope", scim(&["orders:read:all"])).exceeds("scopes"),
        granted("scim-by-grant-with-one-scope-too-many", scim(&["orders:read", "orders:write"]))
            .exceeds("scopes"),
        granted("scim-grant-gives-no-rest", rest()).exceeds("targetDn"),
        gives("scim-by-grant-with-any-scope", &["issuer"], scim(&["x", "y"]))
            .with_role(any_scope())
            .ok(scim_token(&["x", "y"])),
        gives("scim-by-a-union-with-a-grant", &[READER, "issuer"], scim(&[]))
            .with_role(issuer())
            .ok(scim_token(&[])),
        gives("a-role-with-token-rights-not-held", &[SECURITY], config(&["issuer"]))
            .with_role(issuer())
            .exceeds("roles"),
        granted("a-role-with-token-rights-that-are-held", config(&["issuer"])).ok(config_token(&["issuer"])),
    ]
}

/// Permissions that are no levels of areas.
fn of_other_permissions() -> Vec<Case> {
    let future = |value: Value| json!({"name": "future", "futurePermission": value});
    let switch = || json!({"name": "revoker", "revokeTokenPermission": true});
    let source = |base: &str, level: &str| {
        let hr = json!({"dataSourceName": "hr", "permission": level});
        let catalog = json!({"dataSourcesPermission": base, "dataSourceOverrides": [hr]});
        json!({"name": "source", "dataCatalogPermissions": catalog})
    };
    let panel = |name: &str, assume: Value| {
        let panel = json!({"enabled": true, "assumeRole": assume});
        json!({"name": name, "classicControlPanelPermission": panel})
    };
    vec![
        gives("an-unknown-permission-not-held", &[SECURITY], config(&["future"]))
            .with_role(future(json!("EDIT")))
            .exceeds("roles"),
        gives("an-unknown-permission-that-is-held", &["future"], config(&["future"]))
            .with_role(future(json!("EDIT")))
            .ok(config_token(&["future"])),
        gives("an-unknown-permission-by-the-director", &[DIRECTOR], config(&["future"]))
            .with_role(future(json!("EDIT")))
            .ok(config_token(&["future"])),
        gives("an-unknown-permission-that-permits-nothing", &[], config(&["future"]))
            .with_role(future(json!("NONE")))
            .ok(config_token(&["future"])),
        // Joined, the one that is held would hide the other.
        gives("an-unknown-permission-beside-one-that-is-held", &["future"], config(&["future", "other"]))
            .with_role(future(json!(1)))
            .with_role(json!({"name": "other", "futurePermission": 2}))
            .exceeds("roles"),
        gives("a-switch-not-held", &[SECURITY], config(&["revoker"])).with_role(switch()).exceeds("roles"),
        gives("a-switch-by-the-director", &[DIRECTOR], config(&["revoker"]))
            .with_role(switch())
            .ok(config_token(&["revoker"])),
        gives("one-data-source-not-held", &[SECURITY], config(&["source"]))
            .with_role(source("VIEW", "EDIT"))
            .exceeds("roles"),
        gives("one-data-source-less", &[SECURITY], config(&["source"]))
            .with_role(source("VIEW", "NONE"))
            .ok(config_token(&["source"])),
        gives("one-data-source-by-one-who-lacks-just-that", &["source"], config(&["all"]))
            .with_role(source("EDIT", "VIEW"))
            .with_role(json!({"name": "all", "dataCatalogPermissions": {"dataSourcesPermission": "EDIT"}}))
            .exceeds("roles"),
        gives("a-classic-panel-not-held", &[SECURITY], config(&["panel"]))
            .with_role(panel("panel", Value::Null))
            .exceeds("roles"),
        gives("a-classic-panel-that-is-held", &["panel"], config(&["panel"]))
            .with_role(panel("panel", json!("cn=a")))
            .ok(config_token(&["panel"])),
        gives("a-classic-panel-as-somebody-else", &["panel"], config(&["other"]))
            .with_role(panel("panel", json!("cn=a")))
            .with_role(panel("other", json!("cn=b")))
            .exceeds("roles"),
    ]
}

/// A grant over a subtree, and names that look as if they lay in it.
fn of_subtrees() -> Vec<Case> {
    let grant = |base: &str| json!({"name": "issuer", "gatepassPermissions": {"issueRest": [base]}});
    let gives = |title: &str, dn: &str| {
        create(format!("subtree-{title}"), Request { target_dn: Some(dn.into()), ..request("rest") })
            .by(user(&["issuer"]))
            .with_role(grant("ou=svc,o=acme"))
    };
    let within = |title: &str, dn: &str| {
        gives(title, dn).ok(token("rest", json!({"targetDn": dn, "createdBy": "jane"})))
    };
    let outside = |title: &str, dn: &str| gives(title, dn).exceeds("targetDn");
    let under = |title: &str, base: &str, dn: &str| {
        let mut case = gives(title, dn);
        case.custom = vec![grant(base)];
        case
    };
    vec![
        within("its-base", "ou=svc,o=acme"),
        within("below", "uid=sync,ou=svc,o=acme"),
        within("far-below", "uid=sync,ou=a,ou=b,ou=svc,o=acme"),
        within("in-capitals", "UID=SYNC,OU=SVC,O=ACME"),
        within("with-spaces", "uid = sync , ou = svc , o = acme"),
        within("with-escapes", "uid=sync,ou=s\\76c,o=acme"),
        within("of-two-attributes", "cn=a+uid=b,ou=svc,o=acme"),
        outside("above", "o=acme"),
        outside("beside", "uid=sync,ou=ops,o=acme"),
        outside("of-another-suffix", "uid=sync,ou=svc,o=globex"),
        outside("whose-name-ends-alike", "uid=sync,ou=xsvc,o=acme"),
        outside("whose-attribute-ends-alike", "uid=sync,xou=svc,o=acme"),
        outside("with-the-comma-escaped", "uid=sync\\,ou=svc,o=acme"),
        outside("with-the-comma-as-an-escaped-byte", "uid=sync\\2cou=svc,o=acme"),
        outside("with-the-equals-sign-escaped", "uid=sync,cn=ou\\=svc,o=acme"),
        outside("in-the-other-direction", "o=acme,ou=svc,uid=sync"),
        outside("with-something-behind", "uid=sync,ou=svc,o=acme,c=us"),
        outside("with-another-attribute-in-the-base", "uid=sync,ou=svc+cn=a,o=acme"),
        // Under two names an attribute is not recognised as one, so this fails, and fails closed.
        outside("by-its-oid", "uid=sync,2.5.4.11=svc,o=acme"),
        outside("with-an-encoded-value", "uid=sync,ou=#7376,o=acme"),
        outside("with-a-cyrillic-letter", "uid=sync,ou=sv\u{441},o=acme"),
        under("base-of-two-attributes-in-another-order", "cn=a+ou=svc,o=acme", "uid=sync,ou=svc+cn=a,o=acme")
            .ok(token("rest", json!({"targetDn": "uid=sync,ou=svc+cn=a,o=acme", "createdBy": "jane"}))),
        under("base-with-repeated-spaces", "ou=my   svc,o=acme", "uid=sync,ou=My svc,o=acme")
            .ok(token("rest", json!({"targetDn": "uid=sync,ou=My svc,o=acme", "createdBy": "jane"}))),
        under("base-of-the-root", "", "uid=sync,o=globex")
            .ok(token("rest", json!({"targetDn": "uid=sync,o=globex", "createdBy": "jane"}))),
        create("subtree-without-a-target", request("rest"))
            .by(user(&["issuer"]))
            .with_role(grant("ou=svc,o=acme"))
            .exceeds("api"),
        create("subtree-of-the-root-without-a-target", request("rest"))
            .by(user(&["issuer"]))
            .with_role(grant(""))
            .ok(token("rest", json!({"createdBy": "jane"}))),
        create(
            "subtree-held-by-two-roles",
            Request { target_dn: Some("uid=x,ou=b,o=acme".into()), ..request("rest") },
        )
        .by(user(&["one", "two"]))
        .with_role(json!({"name": "one", "gatepassPermissions": {"issueRest": ["ou=a,o=acme"]}}))
        .with_role(json!({"name": "two", "gatepassPermissions": {"issueRest": ["ou=b,o=acme"]}}))
        .ok(token("rest", json!({"targetDn": "uid=x,ou=b,o=acme", "createdBy": "jane"}))),
    ]
}

/// Nobody outlives, or gets around, a limit that is set on them.
fn of_limited_callers() -> Vec<Case> {
    let director = |fields: Value| {
        let mut all = json!({"roles": ["Directory Administrator"]});
        set(&mut all, fields);
        acting_token(all)
    };
    let gives =
        |title: &str, caller: Caller, request: Request| create(format!("limit-{title}"), request).by(caller);
    let by_robot = |fields: Value| {
        let mut token = rest_token(json!({"createdBy": "robot"}));
        set(&mut token, fields);
        token
    };
    let expiring = |expires: Expiration| Request { expires: Some(expires), ..rest() };
    let until = |instant: &str| director(json!({"expiresOn": instant}));
    let outlives = || forbidden(Some("expires"), "outlives_caller");
    let exceeds = || forbidden(Some("networks"), "exceeds_networks");
    let bound = |networks: &[&str]| Request { networks: strings(networks), ..rest() };
    let in_ten = || director(json!({"networks": ["10.0.0.0/8"]}));
    vec![
        gives("expiry-none", director(json!({})), rest()).ok(by_robot(json!({}))),
        gives("expiry-later-than-what-is-given", until("2027-01-01T00:00:00.000Z"), rest())
            .ok(by_robot(json!({}))),
        gives("expiry-the-same", until(IN_90_DAYS), rest()).ok(by_robot(json!({}))),
        gives("expiry-a-millisecond-sooner", until("2026-05-30T08:59:59.999Z"), rest()).fails(outlives()),
        gives("expiry-against-never", until(IN_90_DAYS), expiring(NEVER)).under(UNLIMITED).fails(outlives()),
        gives("never-against-never", director(json!({})), expiring(NEVER))
            .under(UNLIMITED)
            .ok(by_robot(json!({"expiresOn": null}))),
        gives("policy-is-told-before-the-caller", until(TOMORROW), expiring(days(367)))
            .fails_on("expires", "expiration_too_late"),
        gives("networks-the-same", in_ten(), bound(&["10.0.0.0/8"]))
            .ok(by_robot(json!({"networks": ["10.0.0.0/8"]}))),
        gives("networks-narrower", in_ten(), bound(&["10.1.0.0/16", "10.2.0.0/16"]))
            .ok(by_robot(json!({"networks": ["10.1.0.0/16", "10.2.0.0/16"]}))),
        gives("networks-none", in_ten(), bound(&[])).fails(exceeds()),
        gives("networks-wider", in_ten(), bound(&["10.0.0.0/7"])).fails(exceeds()),
        gives("networks-one-of-two-outside", in_ten(), bound(&["10.1.0.0/16", "11.0.0.0/16"]))
            .fails(exceeds()),
        gives("networks-of-the-other-kind", in_ten(), bound(&["::/0"])).fails(exceeds()),
        gives("networks-of-ipv4-in-ipv6", in_ten(), bound(&["::ffff:10.1.0.0/112"]))
            .ok(by_robot(json!({"networks": ["10.1.0.0/16"]}))),
        gives("networks-of-a-caller-without", director(json!({})), bound(&["10.0.0.0/8"]))
            .ok(by_robot(json!({"networks": ["10.0.0.0/8"]}))),
        gives("role-of-the-caller", acting_token(json!({"roles": ["Read Only"]})), config(&[SCHEMA]))
            .exceeds("roles"),
        gives(
            "role-of-the-caller-that-is-unknown",
            acting_token(json!({"roles": ["engineer"]})),
            config(&["Read Only"]),
        )
        .exceeds("roles"),
        gives(
            "caller-for-rest-holds-no-roles",
            acting_token(json!({"apiType": "REST", "roles": ["Directory Administrator"]})),
            config(&["Read Only"]),
        )
        .exceeds("roles"),
        gives("caller-for-scim-gives-no-scim", acting_token(json!({"apiType": "SCIM"})), request("scim"))
            .exceeds("api"),
    ]
}

fn limited(role: &str) -> Caller {
    acting_token(json!({"roles": [role], "expiresOn": IN_90_DAYS}))
}

fn bound(role: &str) -> Caller {
    acting_token(json!({"roles": [role], "networks": ["10.0.0.0/8"]}))
}

fn outlives() -> Fault {
    forbidden(None, "outlives_caller")
}

/// Power that is given by changing what others hold.
fn of_role_changes() -> Vec<Case> {
    let details = |level: &str| json!({"name": "dev", "settingsPermission": level});
    let set_role = |title: &str, caller: Caller, before: Option<Value>, after: Value| {
        case(format!("set-role-{title}"), Action::SetRole { before, after }).by(caller)
    };
    vec![
        set_role("new-within-what-is-held", user(&[SECURITY]), None, details("VIEW")),
        set_role("new-beyond-what-is-held", user(&[SECURITY]), None, details("EDIT")).exceeds("permissions"),
        set_role("widened-within-what-is-held", user(&[SECURITY]), Some(details("NONE")), details("VIEW")),
        set_role("widened-beyond-what-is-held", user(&[SECURITY]), Some(details("VIEW")), details("EDIT"))
            .exceeds("permissions"),
        // Before and after: whoever takes power away must hold it as well.
        set_role(
            "narrowed-from-beyond-what-is-held",
            user(&[SECURITY]),
            Some(details("EDIT")),
            details("VIEW"),
        )
        .exceeds("permissions"),
        set_role(
            "emptied-from-beyond-what-is-held",
            user(&[SECURITY]),
            Some(details("EDIT")),
            details("NONE"),
        )
        .exceeds("permissions"),
        set_role("anything-by-the-director", user(&[DIRECTOR]), Some(details("NONE")), details("EDIT")),
        set_role(
            "with-an-unknown-permission",
            user(&[SCHEMA]),
            None,
            json!({"name": "dev", "futurePermission": "EDIT"}),
        )
        .exceeds("permissions"),
        set_role(
            "with-token-rights-not-held",
            user(&[SECURITY]),
            None,
            json!({"name": "dev", "gatepassPermissions": {"verify": ["REST"]}}),
        )
        .exceeds("permissions"),
        set_role("new-by-a-token-that-expires", limited(DIRECTOR), None, details("EDIT")),
        set_role(
            "widened-by-a-token-that-expires",
            limited(DIRECTOR),
            Some(details("VIEW")),
            details("EDIT"),
        )
        .fails(outlives()),
        set_role(
            "widened-by-a-token-bound-to-networks",
            bound(DIRECTOR),
            Some(details("VIEW")),
            details("EDIT"),
        )
        .fails(outlives()),
        set_role(
            "narrowed-by-a-token-that-expires",
            limited(DIRECTOR),
            Some(details("EDIT")),
            details("VIEW"),
        ),
        set_role(
            "widened-by-a-token-without-limits",
            acting_token(json!({"roles": [DIRECTOR]})),
            Some(details("VIEW")),
            details("EDIT"),
        ),
    ]
}

/// Users' roles, and their passwords: whoever sets one can act as that user.
fn of_user_changes() -> Vec<Case> {
    let set_roles = |title: &str, caller: Caller, before: &[&str], after: &[&str]| {
        let action = Action::SetUserRoles { before: strings(before), after: strings(after) };
        case(format!("set-user-roles-{title}"), action).by(caller)
    };
    let set_password = |title: &str, caller: Caller, roles: &[&str]| {
        case(format!("set-password-{title}"), Action::SetPassword { roles: strings(roles) }).by(caller)
    };
    vec![
        set_roles("new-user-within-what-is-held", user(&[SECURITY]), &[], &[READER]),
        set_roles("new-user-beyond-what-is-held", user(&[SECURITY]), &[], &[SCHEMA]).exceeds("roles"),
        set_roles("promoted-within-what-is-held", user(&[SECURITY]), &[READER], &[SECURITY]),
        set_roles("demoted-from-beyond-what-is-held", user(&[SECURITY]), &[DIRECTOR], &[READER])
            .exceeds("roles"),
        set_roles("from-an-unknown-role", user(&[]), &["engineer"], &[]),
        // Nobody can tell what it will permit once it exists.
        set_roles("to-an-unknown-role", user(&[DIRECTOR]), &[], &["engineer"])
            .fails_on("roles", "unknown_role"),
        set_roles("promoted-by-a-token-that-expires", limited(DIRECTOR), &[READER], &[SECURITY])
            .fails(outlives()),
        set_roles("promoted-by-a-token-bound-to-networks", bound(DIRECTOR), &[READER], &[SECURITY])
            .fails(outlives()),
        set_roles("demoted-by-a-token-that-expires", limited(DIRECTOR), &[SECURITY], &[READER]),
        set_roles("unchanged-by-a-token-that-expires", limited(SECURITY), &[READER], &[READER]),
        set_password("of-a-lesser-user", user(&[SECURITY]), &[READER]),
        set_password("of-an-equal-user", user(&[SECURITY]), &[SECURITY]),
        set_password("of-a-greater-user", user(&[SECURITY]), &[DIRECTOR]).exceeds("password"),
        set_password("of-another-user", user(&[SECURITY]), &[SCHEMA]).exceeds("password"),
        set_password("of-a-user-without-roles", user(&[]), &[]),
        set_password("of-a-user-with-an-unknown-role", user(&[]), &["engineer"]),
        set_password("by-a-token-that-expires", limited(DIRECTOR), &[READER]).fails(outlives()),
        set_password("by-a-token-bound-to-networks", bound(DIRECTOR), &[READER]).fails(outlives()),
        set_password("of-a-user-without-roles-by-a-token-that-expires", limited(DIRECTOR), &[]),
    ]
}
