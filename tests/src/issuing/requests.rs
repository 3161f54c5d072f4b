//! Requests for new tokens: which are possible, and what comes of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Case, DN, IN_90_DAYS, NOW, Request, config, create, request, rest, rest_token, strings, token};
use crate::expiration::{Expiration, NEVER, UNLIMITED, at, days, on_in};
use crate::text::{Text, join, repeat};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = of_brands();
    cases.extend(of_names());
    cases.extend(of_dates());
    cases.extend(of_roles());
    cases.extend(of_scopes());
    cases.extend(of_targets());
    cases.extend(of_networks());
    cases.extend(of_labels());
    cases
}

fn of_brands() -> Vec<Case> {
    vec![
        create("brand-of-a-deployment", Request { brand: Some("acme".to_owned()), ..rest() })
            .ok(rest_token(json!({}))),
        create("brand-of-16-letters", Request { brand: Some("abcdefghijklmnop".to_owned()), ..rest() })
            .ok(rest_token(json!({}))),
        create("brand-of-one-letter", Request { brand: Some("a".to_owned()), ..rest() })
            .fails_on("brand", "brand_malformed"),
        create("brand-of-17-letters", Request { brand: Some("abcdefghijklmnopq".to_owned()), ..rest() })
            .fails_on("brand", "brand_malformed"),
        create("brand-in-capitals", Request { brand: Some("GP".to_owned()), ..rest() })
            .fails_on("brand", "brand_malformed"),
        create("brand-empty", Request { brand: Some(String::new()), ..rest() })
            .fails_on("brand", "brand_malformed"),
    ]
}

fn of_names() -> Vec<Case> {
    let named = |name: Text| Request { name, ..rest() };
    let good = |title: &str, name: Text| {
        create(format!("name-{title}"), named(name.clone())).ok(rest_token(json!({"name": name})))
    };
    let bad = |title: &str, name: Text, code: &str| {
        create(format!("name-{title}"), named(name)).fails_on("name", code)
    };
    vec![
        good("plain", "nightly-sync".into()),
        good("of-one-character", "a".into()),
        good("of-1000-letters", repeat("a", 1000)),
        good("of-1000-letters-of-two-bytes", repeat("ä", 1000)),
        good("of-1000-emoji-of-four-bytes", repeat("🔑", 1000)),
        good("with-spaces-around-is-kept", " a ".into()),
        good("of-one-space", " ".into()),
        good("with-slashes", "a/b/../c".into()),
        good("of-three-dots", "...".into()),
        good("with-a-percent-sign", "100 %20".into()),
        good("with-quotes", "\"a\" \\ 'b'".into()),
        good("in-arabic", "مفتاح".into()),
        good("with-combining-marks-is-kept-as-it-is", "e\u{301}".into()),
        bad("empty", "".into(), "name_empty"),
        bad("of-1001-letters", repeat("a", 1001), "name_too_long"),
        bad("of-1001-letters-of-two-bytes", repeat("ä", 1001), "name_too_long"),
        bad("of-a-million-letters", repeat("a", 1_000_000), "name_too_long"),
        bad("with-a-line-break", "a\nb".into(), "name_control_character"),
        bad("with-a-tab", "a\tb".into(), "name_control_character"),
        bad("with-nul", "a\0".into(), "name_control_character"),
        bad("with-delete", "a\u{7f}".into(), "name_control_character"),
        bad("with-a-c1-control", "a\u{85}".into(), "name_control_character"),
        bad("of-one-dot", ".".into(), "name_reserved"),
        bad("of-two-dots", "..".into(), "name_reserved"),
    ]
}

fn of_dates() -> Vec<Case> {
    let expiring = |expires: Option<Expiration>| Request { expires, ..rest() };
    let starting = |not_before: &str| Request { not_before: Some(not_before.to_owned()), ..rest() };
    vec![
        create("expires-missing", expiring(None)).fails_on("expires", "expiration_required"),
        create("expires-never", expiring(Some(NEVER))).fails_on("expires", "expiration_never"),
        create("expires-never-where-that-is-allowed", expiring(Some(NEVER)))
            .under(UNLIMITED)
            .ok(rest_token(json!({"expiresOn": null}))),
        create("expires-after-zero-days", expiring(Some(days(0))))
            .fails_on("expires", "expiration_zero_days"),
        create("expires-in-the-past", expiring(Some(at("2026-01-01T00:00:00Z"))))
            .fails_on("expires", "expiration_in_past"),
        create("expires-now", expiring(Some(at(NOW)))).fails_on("expires", "expiration_in_past"),
        create("expires-too-late", expiring(Some(days(367)))).fails_on("expires", "expiration_too_late"),
        create("expires-past-year-9999", expiring(Some(days(u32::MAX))))
            .under(UNLIMITED)
            .fails_on("expires", "expiration_out_of_range"),
        create("expires-in-an-unknown-zone", expiring(Some(on_in("2026-04-01", "Mars/Olympus_Mons"))))
            .fails_on("zone", "unknown_zone"),
        create("expires-through-a-day", expiring(Some(on_in("2026-03-31", "Europe/Paris"))))
            .ok(rest_token(json!({"expiresOn": "2026-03-31T22:00:00.000Z"}))),
        create("not-before-later", starting("2026-04-01T00:00:00Z"))
            .ok(rest_token(json!({"notBefore": "2026-04-01T00:00:00.000Z"}))),
        create("not-before-in-the-past", starting("2026-02-01T00:00:00Z"))
            .ok(rest_token(json!({"notBefore": "2026-02-01T00:00:00.000Z"}))),
        create("not-before-a-millisecond-ahead-of-the-expiry", starting("2026-05-30T08:59:59.999Z"))
            .ok(rest_token(json!({"notBefore": "2026-05-30T08:59:59.999Z"}))),
        create("not-before-is-the-expiry", starting(IN_90_DAYS))
            .fails_on("notBefore", "not_before_after_expiry"),
        create("not-before-after-the-expiry", starting("2027-01-01T00:00:00Z"))
            .fails_on("notBefore", "not_before_after_expiry"),
        create(
            "not-before-without-an-expiry",
            Request { expires: Some(NEVER), ..starting("2027-01-01T00:00:00Z") },
        )
        .under(UNLIMITED)
        .ok(rest_token(json!({"expiresOn": null, "notBefore": "2027-01-01T00:00:00.000Z"}))),
    ]
}

fn of_roles() -> Vec<Case> {
    let of = |title: &str, request: Request| create(format!("roles-{title}"), request);
    let granted = |roles: &[&str]| token("config", json!({"roles": roles}));
    let hundred: Vec<Value> = (0..101).map(|n| json!({"name": format!("role-{n:03}")})).collect();
    let hundred_names: Vec<String> = (0..101).map(|n| format!("role-{n:03}")).collect();
    let many = |title: &str, count: usize| {
        let roles = hundred_names.iter().take(count).cloned().collect();
        let mut case = of(title, Request { roles, ..request("config") });
        case.custom = hundred.iter().take(count).cloned().collect();
        case
    };
    let all_hundred: Vec<&String> = hundred_names.iter().take(100).collect();
    vec![
        of("one", config(&["Read Only"])).ok(granted(&["Read Only"])),
        of("two-keep-their-order", config(&["Schema Administrator", "Read Only"]))
            .ok(granted(&["Schema Administrator", "Read Only"])),
        of("alias-becomes-the-name", config(&["aciadmin"])).ok(granted(&["Security Administrator"])),
        of("other-case-becomes-the-name", config(&["READ ONLY"])).ok(granted(&["Read Only"])),
        of("twice-is-once", config(&["Read Only", "Read Only", "readonly"])).ok(granted(&["Read Only"])),
        of("custom", config(&["dev"]))
            .with_role(json!({"name": "dev", "settingsPermission": "VIEW"}))
            .ok(granted(&["dev"])),
        of("custom-in-another-case", config(&["Dev"]))
            .with_role(json!({"name": "dev"}))
            .fails_on("roles", "unknown_role"),
        of("none-on-config", config(&[])).fails_on("roles", "role_required"),
        of("unknown", config(&["engineer"])).fails_on("roles", "unknown_role"),
        of("unknown-beside-a-known-one", config(&["Read Only", "engineer"]))
            .fails_on("roles", "unknown_role"),
        of("empty", config(&[""])).fails_on("roles", "unknown_role"),
        of("on-rest", Request { roles: strings(&["Read Only"]), ..rest() })
            .fails_on("roles", "roles_not_config"),
        of("on-scim", Request { roles: strings(&["Read Only"]), ..request("scim") })
            .fails_on("roles", "roles_not_config"),
        many("100", 100).ok(token("config", json!({"roles": all_hundred}))),
        many("101", 101).fails_on("roles", "too_many_roles"),
    ]
}

fn of_scopes() -> Vec<Case> {
    let scoped = |scopes: Vec<Text>| Request { scopes, ..rest() };
    let of = |title: &str, scopes: &[&str]| {
        create(format!("scopes-{title}"), scoped(scopes.iter().map(|scope| (*scope).into()).collect()))
    };
    let bad = |title: &str, scope: Text, code: &str| {
        create(format!("scopes-{title}"), scoped(vec![scope])).fails_on("scopes", code)
    };
    let many = |count: usize| (0..count).map(|n| format!("scope-{n:03}")).collect::<Vec<_>>();
    let texts = |scopes: &[String]| scopes.iter().map(|scope| scope.as_str().into()).collect::<Vec<Text>>();
    vec![
        of("one", &["orders:read"]).ok(rest_token(json!({"scopes": ["orders:read"]}))),
        of("are-sorted-bytewise", &["orders:write", "orders:read", "Orders:read", "a"])
            .ok(rest_token(json!({"scopes": ["Orders:read", "a", "orders:read", "orders:write"]}))),
        of("twice-is-once", &["a", "b", "a"]).ok(rest_token(json!({"scopes": ["a", "b"]}))),
        of("with-every-sign", &["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"])
            .ok(rest_token(json!({"scopes": ["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"]}))),
        of("in-small-letters-are-not-the-vendors", &["scope_settings_edit"])
            .ok(rest_token(json!({"scopes": ["scope_settings_edit"]}))),
        of("of-another-prefix-are-not-the-vendors", &["MY_SCOPE_EDIT", "SCOPE"])
            .ok(rest_token(json!({"scopes": ["MY_SCOPE_EDIT", "SCOPE"]}))),
        create("scopes-of-256-bytes", scoped(vec![repeat("a", 256)]))
            .ok(rest_token(json!({"scopes": [repeat("a", 256)]}))),
        create("scopes-on-scim", Request { scopes: vec!["users:read".into()], ..request("scim") })
            .ok(token("scim", json!({"scopes": ["users:read"]}))),
        create("scopes-100", scoped(texts(&many(100)))).ok(rest_token(json!({"scopes": many(100)}))),
        create("scopes-101", scoped(texts(&many(101)))).fails_on("scopes", "too_many_scopes"),
        create("scopes-101-of-which-two-are-alike", scoped(texts(&[many(100), many(1)].concat())))
            .ok(rest_token(json!({"scopes": many(100)}))),
        create("scopes-on-config", Request { scopes: vec!["orders:read".into()], ..config(&["Read Only"]) })
            .fails_on("scopes", "scopes_on_config"),
        bad("of-the-vendor", "SCOPE_SETTINGS_EDIT".into(), "scope_reserved"),
        bad("that-begin-like-the-vendors", "SCOPE_".into(), "scope_reserved"),
        bad("empty", "".into(), "scope_length"),
        bad("of-257-bytes", repeat("a", 257), "scope_length"),
        bad("with-a-space", "orders read".into(), "scope_malformed"),
        bad("with-a-quote", "orders\"read".into(), "scope_malformed"),
        bad("with-a-backslash", "orders\\read".into(), "scope_malformed"),
        bad("with-a-line-break", "orders\nread".into(), "scope_malformed"),
        bad("with-a-tab", "orders\tread".into(), "scope_malformed"),
        bad("with-nul", "orders\0".into(), "scope_malformed"),
        bad("with-delete", "orders\u{7f}".into(), "scope_malformed"),
        bad("with-an-umlaut", "aufträge".into(), "scope_malformed"),
    ]
}

fn of_targets() -> Vec<Case> {
    let acting_as = |dn: Text| Request { target_dn: Some(dn), ..request("rest") };
    let good = |title: &str, dn: Text| {
        create(format!("target-{title}"), acting_as(dn.clone())).ok(token("rest", json!({"targetDn": dn})))
    };
    let bad = |title: &str, dn: Text, code: &str| {
        create(format!("target-{title}"), acting_as(dn)).fails_on("targetDn", code)
    };
    let on = |request: Request| Request { target_dn: Some(DN.into()), ..request };
    vec![
        create("target-none", request("rest")).ok(token("rest", json!({}))),
        good("plain", DN.into()),
        good("of-one-part", "o=acme".into()),
        good("is-kept-as-it-was-written", " UID = Sync , ou=SVC,o=acme".into()),
        good("with-an-escaped-comma", "cn=Doe\\, Jane,o=acme".into()),
        good("with-an-escaped-byte", "cn=Doe\\2C Jane,o=acme".into()),
        good("with-an-oid", "0.9.2342.19200300.100.1.1=sync,o=acme".into()),
        good("with-a-hex-value", "cn=#04024869,o=acme".into()),
        good("of-two-attributes", "cn=Jane+uid=jd,o=acme".into()),
        good("with-umlauts", "cn=Jörg,o=Müller".into()),
        good("of-5000-characters", join(["cn=".into(), repeat("a", 4997)])),
        good("of-5000-characters-of-two-bytes", join(["cn=".into(), repeat("ä", 4997)])),
        create("target-on-config", on(config(&["Read Only"]))).fails_on("targetDn", "target_dn_not_rest"),
        create("target-on-scim", on(request("scim"))).fails_on("targetDn", "target_dn_not_rest"),
        bad("empty", "".into(), "dn_malformed"),
        bad("of-spaces", "   ".into(), "dn_malformed"),
        bad("without-equals-sign", "sync".into(), "dn_malformed"),
        bad("without-attribute", "=sync,o=acme".into(), "dn_malformed"),
        bad("with-two-commas", "uid=sync,,o=acme".into(), "dn_malformed"),
        bad("with-a-comma-behind", "uid=sync,o=acme,".into(), "dn_malformed"),
        bad("with-a-bare-quote", "uid=\"sync\",o=acme".into(), "dn_malformed"),
        bad("with-a-bare-angle-bracket", "uid=<sync>,o=acme".into(), "dn_malformed"),
        bad("with-a-semicolon", "uid=sync;o=acme".into(), "dn_malformed"),
        bad("with-a-bad-escape", "uid=s\\ync,o=acme".into(), "dn_malformed"),
        bad("with-half-an-escape", "uid=sync\\".into(), "dn_malformed"),
        bad("with-bytes-that-are-no-utf-8", "uid=\\ff\\fe,o=acme".into(), "dn_malformed"),
        bad("with-a-bad-oid", "1..2=sync,o=acme".into(), "dn_malformed"),
        bad("with-a-hex-value-of-odd-length", "cn=#040,o=acme".into(), "dn_malformed"),
        bad("with-nul", "uid=sync\0,o=acme".into(), "dn_malformed"),
        bad("of-5001-characters", join(["cn=".into(), repeat("a", 4998)]), "dn_too_long"),
        bad("of-a-million-commas", repeat(",", 1_000_000), "dn_too_long"),
    ]
}

fn of_networks() -> Vec<Case> {
    let bound_to = |title: &str, networks: &[&str]| {
        create(format!("networks-{title}"), Request { networks: strings(networks), ..rest() })
    };
    let good = |title: &str, networks: &[&str], kept: &[&str]| {
        bound_to(title, networks).ok(rest_token(json!({"networks": kept})))
    };
    let bad =
        |title: &str, network: &str| bound_to(title, &[network]).fails_on("networks", "network_malformed");
    let many = |count: usize| (0..count).map(|n| format!("10.{n}.0.0/16")).collect::<Vec<_>>();
    let bound_to_many = |title: &str, networks: Vec<String>| {
        create(format!("networks-{title}"), Request { networks, ..rest() })
    };
    vec![
        good("of-ipv4", &["10.0.0.0/8"], &["10.0.0.0/8"]),
        good("of-ipv6", &["2001:db8::/32"], &["2001:db8::/32"]),
        good("of-one-address", &["192.0.2.1"], &["192.0.2.1/32"]),
        good("of-one-address-of-ipv6", &["2001:db8::1"], &["2001:db8::1/128"]),
        good("lose-their-host-bits", &["10.1.2.3/8", "2001:db8::1/32"], &["10.0.0.0/8", "2001:db8::/32"]),
        good("of-ipv4-in-ipv6-are-ipv4", &["::ffff:10.0.0.0/104"], &["10.0.0.0/8"]),
        good("of-one-address-of-ipv4-in-ipv6", &["::ffff:192.0.2.1"], &["192.0.2.1/32"]),
        good("wider-than-ipv4-in-ipv6-stay-ipv6", &["::/0"], &["::/0"]),
        good("of-everything", &["0.0.0.0/0"], &["0.0.0.0/0"]),
        good("twice-are-once", &["10.0.0.0/8", "10.1.2.3/8", "::ffff:10.0.0.0/104"], &["10.0.0.0/8"]),
        bound_to_many("64", many(64)).ok(rest_token(json!({"networks": many(64)}))),
        bound_to_many("65", many(65)).fails_on("networks", "too_many_networks"),
        bad("too-long-a-prefix", "10.0.0.0/33"),
        bad("too-long-a-prefix-of-ipv6", "2001:db8::/129"),
        bad("negative-prefix", "10.0.0.0/-1"),
        bad("three-numbers", "10.0.0/8"),
        bad("number-too-great", "10.0.0.256/32"),
        bad("leading-zero", "010.0.0.0/8"),
        bad("netmask", "10.0.0.0/255.0.0.0"),
        bad("host-name", "example.com"),
        bad("range", "10.0.0.1-10.0.0.9"),
        bad("port", "10.0.0.1:443"),
        bad("space", " 10.0.0.0/8"),
        bad("empty", ""),
        bad("slash-alone", "/"),
        bad("no-prefix-after-the-slash", "10.0.0.0/"),
    ]
}

fn of_labels() -> Vec<Case> {
    let described = |description: Text| Request { description: Some(description), ..rest() };
    let labelled = |metadata: BTreeMap<String, Text>| Request { metadata, ..rest() };
    let label = |key: &str, value: Text| labelled(BTreeMap::from([(key.to_owned(), value)]));
    let many =
        |count: usize| (0..count).map(|n| (format!("key-{n:02}"), "v".into())).collect::<BTreeMap<_, Text>>();
    let key_of_64 = "k".repeat(64);
    let key_of_65 = "k".repeat(65);
    let too_large =
        |title: &str, request: Request| create(title, request).fails_on("metadata", "metadata_too_large");
    vec![
        create("description", described("for the nightly job".into()))
            .ok(rest_token(json!({"description": "for the nightly job"}))),
        create("description-of-1000-letters-of-two-bytes", described(repeat("ä", 1000)))
            .ok(rest_token(json!({"description": repeat("ä", 1000)}))),
        create("description-of-1001-letters", described(repeat("a", 1001)))
            .fails_on("description", "description_too_long"),
        create("metadata", label("team", "directory".into()))
            .ok(rest_token(json!({"metadata": {"team": "directory"}}))),
        create("metadata-with-an-empty-value", label("team", "".into()))
            .ok(rest_token(json!({"metadata": {"team": ""}}))),
        create("metadata-at-its-greatest-lengths", label(&key_of_64, repeat("v", 1024)))
            .ok(rest_token(json!({"metadata": {key_of_64.as_str(): repeat("v", 1024)}}))),
        create("metadata-64-entries", labelled(many(64))).ok(rest_token(json!({"metadata": many(64)}))),
        too_large("metadata-65-entries", labelled(many(65))),
        too_large("metadata-with-an-empty-key", label("", "v".into())),
        too_large("metadata-with-a-key-of-65", label(&key_of_65, "v".into())),
        too_large("metadata-with-a-value-of-1025", label("key", repeat("v", 1025))),
        too_large("metadata-with-a-value-of-1026-bytes-in-513-letters", label("key", repeat("ä", 513))),
    ]
}
