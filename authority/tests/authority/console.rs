//! The console's page and session, by requests as they are: what a browser is told, and what no other site gets done.

use std::sync::Arc;
use std::time::Duration;

use gatepass::OpenOptions;
use gatepass::testing::ManualClock;
use serde_json::json;

use crate::house::{ADMIN_PASSWORD, Call, House, Reply, options};

const SESSION: &str = "/console/session";
const TOKENS: &str = "/api/gatepass/v1/tokens";

/// What every test says that it has asked.
const ORIGIN: &str = "http://authority.test";

fn console(call: Call<'_>) -> Call<'_> {
    call.header("gatepass-console", "1")
}

async fn sign_in(house: &House) -> Reply {
    let body = json!({"username": "admin", "password": ADMIN_PASSWORD});
    console(house.post(SESSION)).json(&body).send().await
}

/// The cookie as a browser sends it back.
fn cookie(reply: &Reply) -> String {
    reply.headers["set-cookie"].split(';').next().unwrap().to_owned()
}

async fn signed_in(house: &House) -> String {
    let reply = sign_in(house).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    cookie(&reply)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_for_browsers_and_bound_by_its_policy() {
    let house = House::new().await;
    let page = house.get("/").header("accept", "text/html,application/xhtml+xml").send().await;
    assert_eq!((page.status, &*page.headers["content-type"]), (200, "text/html; charset=utf-8"));
    assert_eq!(
        page.headers["content-security-policy"],
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(page.headers[name], value, "{name}");
    }
    assert!(page.headers["permissions-policy"].contains("camera=()"));
    assert!(!page.headers.contains_key("set-cookie"));
    let text = std::str::from_utf8(&page.body).unwrap();
    assert!(!text.contains("<style") && !text.contains("style=") && !text.contains("onload"), "{text}");

    let known = house.get("/").header("accept", "text/html").header("if-none-match", &page.headers["etag"]);
    assert_eq!(known.send().await.status, 304);
    let mut names = text.split('"').filter(|word| word.starts_with("/console/")).peekable();
    assert!(names.peek().is_some());
    for name in names {
        let plain = house.get(name).send().await;
        assert_eq!(plain.status, 200, "{name}");
        assert!(plain.headers["cache-control"].contains("immutable"));
        let small = house.get(name).header("accept-encoding", "gzip, br").send().await;
        assert_eq!(small.headers["content-encoding"], "gzip");
        assert_eq!(small.headers["etag"], plain.headers["etag"]);
    }
    // For programs nothing has changed.
    for accept in ["*/*", "application/json", ""] {
        let reply = house.get("/").header("accept", accept).send().await;
        assert_eq!(reply.error().2, "no_such_path", "{accept}");
        assert_eq!(reply.headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
    }
    for path in
        ["/console/index.html", "/console/files.rs", "/console/..%2Ffiles.rs", "/console/", "/console"]
    {
        assert_eq!(house.get(path).header("accept", "text/html").send().await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_a_cookie_that_no_script_reads() {
    let house = House::new().await;
    let get = |cookie: &str| console(house.get(SESSION)).header("cookie", cookie).send();
    assert_eq!(get("").await.status, 204);
    let reply = sign_in(&house).await;
    let line = reply.headers["set-cookie"].clone();
    assert!(
        line.starts_with("gatepass=ey") && line.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
        "{line}"
    );
    assert!(line.len() < 1000, "browsers drop one of 4096");
    let me = reply.json();
    assert_eq!((&me["username"], &me["roles"]), (&json!("admin"), &json!(["Directory Administrator"])));
    assert_eq!(me["grantableRoles"].as_array().unwrap().len(), 5);
    let token = cookie(&reply);
    assert!(!String::from_utf8_lossy(&reply.body).contains(token.split_once('=').unwrap().1));
    assert_eq!(get(&token).await.json()["username"], "admin");

    // By TLS, here or at a proxy, as the browser says.
    let body = json!({"username": "admin", "password": ADMIN_PASSWORD});
    let origin = "https://authority.test";
    let by_tls = console(house.post(SESSION)).header("origin", origin).json(&body).send().await;
    let line = &by_tls.headers["set-cookie"];
    assert!(line.starts_with("__Host-gatepass=ey"), "{line}");
    assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{line}");
    assert_eq!(get(&cookie(&by_tls)).await.status, 200);

    let out = console(house.delete(SESSION)).header("cookie", &token).send().await;
    assert!(
        out.headers["set-cookie"].starts_with("gatepass=; ")
            && out.headers["set-cookie"].contains("Max-Age=0")
    );
    assert_eq!((out.status, get(&token).await.status), (200, 204));
    assert_eq!(console(house.get(TOKENS)).header("cookie", &token).send().await.status, 401);
    // Once more: it is as it was asked for.
    assert_eq!(console(house.delete(SESSION)).header("cookie", &token).send().await.status, 200);
    let trail = house.trail().await;
    assert!(trail.contains(&"session.end  by user:admin of admin".to_owned()), "{trail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_site_has_a_browser_send_counts_for_nothing() {
    let house = House::new().await;
    let token = signed_in(&house).await;
    let good = [
        ("cookie", &*token),
        ("gatepass-console", "1"),
        ("sec-fetch-site", "same-origin"),
        ("origin", ORIGIN),
    ];
    let asked = json!({"name": "forged", "apiType": "SCIM", "expires": {"days": 1}});
    let send = async |headers: &[(&'static str, String)]| {
        let mut statuses = Vec::new();
        for (method, path) in
            [("GET", TOKENS), ("POST", "/api/authentication-service/access_tokens"), ("PUT", SESSION)]
        {
            let mut call = house.call(method.parse().unwrap(), path);
            for (name, value) in headers {
                call = call.header(name, value);
            }
            statuses.push(if method == "POST" { call.json(&asked) } else { call }.send().await.status);
        }
        statuses
    };
    let changed = |name: &str, value: Option<&str>| -> Vec<(&'static str, String)> {
        good.into_iter()
            .filter_map(|(own, as_it_is)| {
                let value = if own == name { value? } else { as_it_is };
                Some((own, value.to_owned()))
            })
            .collect()
    };
    for (name, value) in [
        ("gatepass-console", None),
        ("gatepass-console", Some("")),
        ("gatepass-console", Some("0")),
        ("sec-fetch-site", Some("cross-site")),
        ("sec-fetch-site", Some("same-site")),
        ("sec-fetch-site", Some("none")),
        ("origin", Some("null")),
        ("origin", Some("http://evil.example")),
        ("origin", Some("http://authority.test:1")),
        ("cookie", None),
    ] {
        assert_eq!(send(&changed(name, value)).await, [401, 401, 401], "{name} {value:?}");
    }
    // Whoever has a token of their own is not somebody else for it.
    let mut both = changed("", None);
    both.push(("authorization", "Bearer gpc_nonsense".to_owned()));
    assert_eq!(send(&both).await, [401, 401, 401]);
    let twice = changed("cookie", Some(&format!("{token}; {token}")));
    assert_eq!(send(&twice).await, [401, 401, 401]);

    // Nor is anybody signed in from elsewhere, be it as somebody else.
    let body = json!({"username": "admin", "password": ADMIN_PASSWORD});
    let plain = house.post(SESSION).json(&body).send().await;
    assert_eq!(plain.error(), (403, "forbidden".to_owned(), "not_the_console".to_owned()));
    assert!(!plain.headers.contains_key("set-cookie"));

    assert_eq!(send(&changed("", None)).await, [200, 201, 200]);
    assert_eq!(send(&changed("origin", None)[..]).await, [200, 409, 200]);
    assert_eq!(house.gp.tokens().get("forged").await.unwrap().created_by.as_deref(), Some("admin"));
    // And no answer invites another site to ask.
    let preflight = house
        .call("OPTIONS".parse().unwrap(), TOKENS)
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "gatepass-console");
    let preflight = preflight.send().await;
    assert!(
        preflight.status >= 400 && !preflight.headers.keys().any(|name| name.starts_with("access-control"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_renewed_for_twelve_hours_and_no_longer() {
    let clock = Arc::new(ManualClock::new("2027-03-01T00:00:00Z".parse().unwrap()));
    let house = House::with(options(), OpenOptions::default().clock(clock.clone())).await;
    let mut token = signed_in(&house).await;
    for _ in 0..12 {
        clock.advance(Duration::from_mins(59));
        let reply = console(house.put(SESSION)).header("cookie", &token).send().await;
        assert_eq!(reply.status, 200);
        token = cookie(&reply);
    }
    clock.advance(Duration::from_mins(13));
    let reply = console(house.put(SESSION)).header("cookie", &token).send().await;
    assert_eq!(reply.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_whoever_has_the_old_one() {
    let house = House::new().await;
    let (token, other) = (signed_in(&house).await, signed_in(&house).await);
    let change = async |current: &str, new: &str| {
        let body = json!({"currentPassword": current, "newPassword": new});
        console(house.put("/console/password")).header("cookie", &token).json(&body).send().await
    };
    let new = "another horse battery staple";
    let refused = change("not the password", new).await;
    assert_eq!(refused.error().2, "current_password_wrong");
    assert_eq!(refused.json()["gatepass"]["field"], "currentPassword");
    let short = change(ADMIN_PASSWORD, "short").await;
    assert_eq!(
        (&*short.error().2, &short.json()["gatepass"]["field"]),
        ("password_too_short", &json!("newPassword"))
    );
    let body = json!({"currentPassword": ADMIN_PASSWORD, "newPassword": new});
    let unsent = house.put("/console/password").header("cookie", &token).json(&body).send().await;
    assert_eq!(unsent.status, 401);

    let done = change(ADMIN_PASSWORD, new).await;
    assert_eq!(done.status, 200, "{done:?}");
    for (cookie, status) in [(&cookie(&done), 200), (&token, 401), (&other, 401)] {
        let call = console(house.get(TOKENS)).header("cookie", cookie);
        assert_eq!(call.send().await.status, status);
    }
    assert_eq!(house.login("admin", ADMIN_PASSWORD).await.status, 401);
    assert_eq!(house.login("admin", new).await.status, 200);
    let trail = house.trail().await;
    assert!(trail.contains(&"user.password login_failed by user:admin of admin".to_owned()), "{trail:?}");
    assert!(trail.contains(&"user.password  by user:admin of admin".to_owned()), "{trail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_old_password_are_counted_as_at_a_login() {
    let house = House::at(&Arc::new(ManualClock::new("2027-03-01T00:00:00Z".parse().unwrap()))).await;
    let token = signed_in(&house).await;
    let body = json!({"currentPassword": "a guess", "newPassword": "another horse battery staple"});
    let mut last = 0;
    for _ in 0..12 {
        let call = console(house.put("/console/password")).header("cookie", &token);
        let reply = call.json(&body).send().await;
        last = reply.status;
        if last == 429 {
            assert!(reply.headers.contains_key("retry-after"));
            break;
        }
    }
    assert_eq!(last, 429);
    assert_eq!(house.login("admin", ADMIN_PASSWORD).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_may_be_given_is_offered() {
    let house = House::new().await;
    house.user("reader", "a password of some length", &["Read Only"]).await;
    house.user("keeper", "a password of some length", &["Security Administrator"]).await;
    let me = async |name: &str| {
        let body = json!({"username": name, "password": "a password of some length"});
        console(house.post(SESSION)).json(&body).send().await.json()
    };
    let offered = |me: &serde_json::Value| {
        let roles = me["grantableRoles"].as_array().unwrap().iter();
        roles.map(|role| role["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(offered(&me("reader").await), ["Read Only"]);
    let keeper = me("keeper").await;
    assert_eq!(offered(&keeper), ["Read Only", "Security Administrator"]);
    assert!(keeper["permissions"].get("gatepassPermissions").is_none());
    assert_eq!(keeper["maxDays"], 366);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_read_backwards_too() {
    let house = House::new().await;
    let token = house.admin().await;
    for name in ["a", "b", "c"] {
        house.token(name, &["Read Only"]).await;
    }
    let read = async |query: &str| {
        let path = format!("/api/gatepass/v1/audit?action=token.create&{query}");
        let entries = house.get(&path).bearer(&token).send().await.json()["entries"].clone();
        let entries = entries.as_array().unwrap().clone();
        let numbers: Vec<_> = entries.iter().map(|entry| entry["number"].as_i64().unwrap()).collect();
        let subjects: Vec<_> =
            entries.iter().map(|entry| entry["subject"].as_str().unwrap().to_owned()).collect();
        (numbers, subjects)
    };
    let (numbers, subjects) = read("order=newest&limit=2").await;
    assert_eq!(subjects, ["c", "b"]);
    assert_eq!(read(&format!("order=newest&before={}", numbers[1])).await.1, ["a", "admin-token"]);
    assert_eq!(read("").await.1, ["admin-token", "a", "b", "c"]);
    let wrong = house.get("/api/gatepass/v1/audit?order=sideways").bearer(&token).send().await;
    assert_eq!(wrong.error().2, "parameter_malformed");
}
