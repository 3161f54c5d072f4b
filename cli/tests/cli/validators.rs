//! External token validators.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::place::Place;

const DISCOVERY: &str = "https://sso.acme.example/.well-known/openid-configuration";
const PEOPLE: &str = "uid=${sub},ou=People,o=acme";

#[test]
fn a_validator_is_added_changed_and_removed() {
    Place::both().iter().for_each(a_validator_is_added_changed_and_removed_there);
}

fn a_validator_is_added_changed_and_removed_there(place: &Place) {
    let added = place.args(&[
        "validator",
        "add",
        "acme sso",
        "--api",
        "rest",
        "--discovery-url",
        DISCOVERY,
        "--audience",
        "directory",
        "--scope",
        "a:read",
        "--scope",
        "b",
        "--map",
        PEOPLE,
        "--algorithm",
        "ES256",
        "--clock-skew",
        "1m",
        "--max-age",
        "1h",
        "--token-type",
        "at+jwt",
        "--output",
        "json",
    ]);
    let all = json!({
        "name": "acme sso", "enabled": true, "api": "REST", "discoveryUrl": DISCOVERY, "expectedAudience": "directory",
        "expectedScopes": ["a:read", "b"], "clockSkewSeconds": 60, "algorithms": ["ES256"], "tokenType": "at+jwt",
        "maxAgeSeconds": 3600, "claimsMapping": [PEOPLE],
    });
    assert_eq!(added.json(), all);
    place
        .args(&["validator", "add", "acme sso", "--api", "scim", "--discovery-url", DISCOVERY])
        .error("validator_exists");
    place.run("validator add x --api rest --jwks-url https://a.example/keys").error("issuer_required");
    place
        .run("validator add x --api rest --jwks-url http://a.example/keys --any-issuer")
        .error("url_insecure");
    place.run("validator add x --api config --jwks-url https://a.example/keys --any-issuer").error("usage");
    place.run("validator add x --api rest --algorithm HS256").error("usage");
    place.run("validator add x --api scim --jwks-url https://a.example/keys --any-issuer --disabled").ok();

    let list = place.run("validator list").ok();
    assert_eq!(
        list.lines(),
        [
            "NAME      API   STATE     ISSUER                    ACTS AS",
            "acme sso  rest  enabled   https://sso.acme.example  uid=${sub},ou=People,o=acme",
            "x         scim  disabled  any                       nobody",
        ]
    );
    assert_eq!(place.run("validator list --output json").json()[0], all);

    // What is not said stays, what is empty goes.
    place
        .args(&[
            "validator",
            "update",
            "acme sso",
            "--audience",
            "",
            "--max-age",
            "0s",
            "--scope",
            "c",
            "--issuer",
            "i",
        ])
        .ok();
    let changed = place.args(&["validator", "show", "acme sso", "--output", "json"]).json();
    assert_eq!((changed.get("expectedAudience"), changed.get("maxAgeSeconds")), (None, None));
    assert_eq!((&changed["expectedScopes"], &changed["expectedIssuer"]), (&json!(["c"]), &json!("i")));
    assert_eq!((&changed["claimsMapping"], &changed["tokenType"]), (&json!([PEOPLE]), &json!("at+jwt")));
    place.args(&["validator", "update", "acme sso", "--any-issuer", "--map", "", "--api", "scim"]).ok();
    let changed = place.args(&["validator", "show", "acme sso", "--output", "json"]).json();
    assert_eq!((changed.get("expectedIssuer"), changed.get("claimsMapping")), (None, None));
    assert_eq!((&changed["anyIssuer"], &changed["api"]), (&json!(true), &json!("SCIM")));

    place.args(&["validator", "disable", "acme sso"]).ok();
    let shown = place.args(&["validator", "show", "acme sso"]).ok().out;
    for line in ["name        acme sso", "issuer      any", "clock skew  60s", "state       disabled"] {
        assert!(shown.lines().any(|is| is == line), "{line}: {shown}");
    }
    place.args(&["validator", "enable", "acme sso"]).ok();
    assert_eq!(place.args(&["validator", "show", "acme sso", "--output", "json"]).json()["enabled"], true);
    place.run("validator remove x").error("confirmation_required");
    place.run("validator remove x --yes").ok();
    place.run("validator remove x --yes").error("validator_not_found");
    place.run("validator enable x").error("validator_not_found");
    place.run("validator test x").error("validator_not_found");
}

/// A provider on this machine, for as long as the test runs: its URL, and its key.
fn provider() -> (String, Ed25519KeyPair) {
    let key = Ed25519KeyPair::generate().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
    let body = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}).to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or_default();
            let status = if request[..read].starts_with(b"GET /keys ") { "200 OK" } else { "404 Not Found" };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n");
            write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).ok();
        }
    });
    (url, key)
}

fn signed(key: &Ed25519KeyPair, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({"alg": "EdDSA", "typ": "JWT"})), part(claims));
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).as_ref()))
}

#[test]
fn a_validator_is_tried_out() {
    Place::both().iter().for_each(a_validator_is_tried_out_there);
}

fn a_validator_is_tried_out_there(place: &Place) {
    let (url, key) = provider();
    let keys = format!("{url}/keys");
    let issuer = "https://sso.acme.example";
    let add = [
        "validator",
        "add",
        "sso",
        "--api",
        "rest",
        "--jwks-url",
        &keys,
        "--issuer",
        issuer,
        "--map",
        PEOPLE,
    ];
    place.args(&add).ok();
    let tried = place.run("validator test sso").ok();
    assert_eq!(tried.lines(), [format!("keys  {keys}"), "      1 can be used, 0 cannot".to_owned()]);

    let exp = SystemClock.now().as_millis() / 1000 + 300;
    let token = signed(&key, &json!({"iss": issuer, "sub": "ada", "scope": "b a", "exp": exp}));
    let ran = place.run_with("validator test sso --jwt-stdin", &token).ok();
    for line in ["token    granted", "subject  ada", "acts as  uid=ada,ou=People,o=acme", "scopes   a b"] {
        assert!(ran.lines().contains(&line), "{line}: {ran:?}");
    }
    std::fs::write(place.path("token.jwt"), format!("{token}\n")).unwrap();
    let said = place.run("validator test sso --jwt-file token.jwt --output json").json();
    assert_eq!(
        (&said["verdict"]["granted"], &said["verdict"]["targetDn"]),
        (&json!(true), &json!("uid=ada,ou=People,o=acme"))
    );
    let old = signed(&key, &json!({"iss": issuer, "sub": "ada", "exp": 1000}));
    let denied = place.run_with("validator test sso --jwt-stdin", &old);
    assert!(denied.code == 1 && denied.lines().contains(&"token  expired"), "{denied:?}");
    for ran in [&ran, &denied] {
        assert!(!format!("{ran:?}").contains(&token[..40]), "{ran:?}");
    }
    // A token among the arguments is refused before anything is done with it.
    place.args(&["validator", "test", "sso", &token]).error("secret_in_arguments");
    place.run("validator test sso --jwt-file nothing.jwt").error("file_failed");
    place.run("validator test sso --jwt-file token.jwt --jwt-stdin").error("usage");

    place.args(&["validator", "update", "sso", "--jwks-url", &format!("{url}/elsewhere")]).ok();
    let lost = place.run_with("validator test sso --jwt-stdin", &token);
    assert!(lost.code == 1 && lost.out.contains("keys_unavailable"), "{lost:?}");
}
