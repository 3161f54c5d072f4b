//! Checking by asking: what is asked, how often, for how long an answer serves, and what is no answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures_util::future::join_all;
use gatepass::testing::ManualClock;
use gatepass::{
    Api, Authorization, ConnectOptions, ErrorKind, NewToken, Reason, RemoteGuard, RemoteOptions,
    RemoteVerifier, Result, Secret, Verdict, days,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::answers::bodies;
use super::plain::{Act, OWN, Plain, Reply};
use super::{all_words, client_of, now, options, own};

const NONE: [&str; 0] = [];
const INTROSPECT: &str = "/oauth2/introspect";
const VALIDATE: &str = "/api/authentication-service/adap-token/validate";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn kept(seconds: u64) -> RemoteOptions {
    RemoteOptions::default().max_staleness(Duration::from_secs(seconds))
}

fn secret() -> Secret {
    Secret::generate(Api::Rest).unwrap()
}

/// A good token of an authority.
fn good() -> Value {
    json!({"active": true, "aud": "rest", "jti": "K7b2Xw9LmQ4z", "name": "a", "scope": "a b", "target_dn": "uid=a"})
}

fn inactive() -> Value {
    json!({"active": false})
}

/// A server whose clock is told what time it is, and a client of it.
struct House {
    server: Plain,
    clock: Arc<ManualClock>,
    remote: RemoteVerifier,
}

impl House {
    /// A plain RadiantOne.
    async fn plain(remote: RemoteOptions) -> Self {
        let (server, clock) = (Plain::start().await, Arc::new(ManualClock::new(now())));
        let gp = ConnectOptions::new(own()).clock(clock.clone()).no_proxy().connect(&server.url).unwrap();
        let remote = gp.remote_verifier(remote).unwrap();
        Self { server, clock, remote }
    }

    /// An authority, as far as introspection goes, where this is what becomes of each question.
    async fn authority(remote: RemoteOptions, mut act: impl FnMut() -> Act + Send + 'static) -> Self {
        let house = Self::plain(remote).await;
        house.server.hook(move |seen| match seen.target.as_str() {
            "/api/gatepass/v1" => {
                Act::Answer(Reply::json(200, &json!({"product": "gatepass", "version": "1"})))
            }
            INTROSPECT => act(),
            _ => Act::Usual,
        });
        house
    }

    async fn saying(remote: RemoteOptions, said: Value) -> Self {
        Self::authority(remote, move || Act::Answer(Reply::json(200, &said))).await
    }

    fn guard(&self) -> RemoteGuard {
        self.remote.guard(Api::Rest, NONE).unwrap()
    }

    async fn check(&self, secret: &Secret) -> Result<Verdict> {
        self.guard().check_secret(secret.reveal(), None).await
    }

    /// `granted`, the reason of a denial, or the kind of an error.
    async fn says(&self, secret: &Secret) -> &'static str {
        says(self.check(secret).await)
    }

    /// How many questions have come in since it was last asked.
    fn questions(&self) -> usize {
        let of_secrets = |line: &String| line.ends_with(INTROSPECT) || line.ends_with(VALIDATE);
        self.server.lines().iter().filter(|line| of_secrets(line)).count()
    }
}

fn says(verdict: Result<Verdict>) -> &'static str {
    match verdict {
        Ok(Ok(_)) => "granted",
        Ok(Err(denied)) => denied.reason.code(),
        Err(error) => error.kind().as_str(),
    }
}

/// A server's answers, each for the questions that come while it is set.
#[derive(Clone, Default)]
struct Script(Arc<AtomicU32>);

impl Script {
    fn revoke(&self) {
        self.0.store(1, SeqCst);
    }

    fn stand_still(&self) {
        self.0.store(2, SeqCst);
    }

    fn act(&self) -> Act {
        match self.0.load(SeqCst) {
            0 => Act::Answer(Reply::json(200, &good())),
            1 => Act::Answer(Reply::json(200, &inactive())),
            _ => Act::Hang,
        }
    }

    async fn house(&self, remote: RemoteOptions) -> House {
        let script = self.clone();
        House::authority(remote, move || script.act()).await
    }
}

#[tokio::test]
async fn a_token_is_asked_about_and_every_rule_is_kept() {
    let house = House::saying(kept(60), good()).await;
    let secret = secret();
    let peer = Some("::ffff:192.0.2.7".parse().unwrap());
    let guard = |api, scopes: &[&str]| house.remote.guard(api, scopes).unwrap();
    let access = guard(Api::Rest, &["b"]).check_secret(secret.reveal(), peer).await.unwrap().unwrap();
    assert_eq!((access.name(), access.target_dn(), access.api()), ("a", Some("uid=a"), Api::Rest));
    assert!(access.allows("a") && !access.allows("c"));
    let seen = house.server.seen();
    let body = String::from_utf8_lossy(&seen[0].body).into_owned();
    assert_eq!(body, format!("token={}&peer=192.0.2.7", secret.reveal()), "IPv4 is IPv4");
    assert_eq!(seen[0].header("authorization"), Some(&*format!("Bearer {OWN}")));

    // Other guards are answered by the same answer, in turn and whatever the one before was told.
    for (api, scopes, expected) in [
        (Api::Rest, vec!["a", "b"], "granted"),
        (Api::Rest, vec!["c"], "insufficient_scope"),
        (Api::Scim, vec!["a"], "wrong_api"),
        (Api::Rest, vec![], "granted"),
    ] {
        assert_eq!(says(guard(api, &scopes).check_secret(secret.reveal(), peer).await), expected);
    }
    let denied = guard(Api::Rest, &["c"]).check_secret(secret.reveal(), peer).await.unwrap().unwrap_err();
    assert_eq!(denied.scope.as_deref(), Some("c"));
    assert_eq!(house.questions(), 0);
    // From elsewhere the server may say something else.
    assert_eq!(says(guard(Api::Rest, &[]).check_secret(secret.reveal(), None).await), "granted");
    assert_eq!(house.questions(), 1);
    assert_eq!(house.remote.guard(Api::Config, ["nonsense"]).unwrap_err().field(), Some("scopes"));
}

#[tokio::test]
async fn one_guard_takes_no_token_s_scopes_for_another_s() {
    let said = Arc::new(AtomicU32::new(0));
    let scopes = Arc::clone(&said);
    let house = House::authority(RemoteOptions::default(), move || {
        let mut said = good();
        said["scope"] = json!(if scopes.load(SeqCst) == 0 { "orders:write" } else { "orders:read" });
        Act::Answer(Reply::json(200, &said))
    });
    let house = house.await;
    let guard = house.remote.guard(Api::Rest, ["orders:write"]).unwrap();
    for (scope, expected) in
        [(0, "granted"), (1, "insufficient_scope"), (0, "granted"), (1, "insufficient_scope")]
    {
        said.store(scope, SeqCst);
        assert_eq!(says(guard.check_secret(secret().reveal(), None).await), expected);
    }
}

#[tokio::test]
async fn a_config_token_has_the_scopes_that_the_server_says() {
    let said = json!({"active": true, "aud": "config", "jti": "K7b2Xw9LmQ4z", "name": "a", "roles": ["Read Only", "Mine"],
        "scope": "SCOPE_SETTINGS_VIEW SCOPE_OF_A_LATER_VERSION SCOPE_TASKS_EDIT"});
    let house = House::saying(RemoteOptions::default(), said).await;
    let secret = Secret::generate(Api::Config).unwrap();
    let check = async |scope| {
        let guard = house.remote.guard(Api::Config, [scope]).unwrap();
        guard.check_secret(secret.reveal(), None).await.unwrap()
    };
    let access = check("SCOPE_TASKS_EDIT").await.unwrap();
    assert_eq!(access.roles().collect::<Vec<_>>(), ["Read Only", "Mine"]);
    assert_eq!(access.scopes(), ["SCOPE_SETTINGS_VIEW", "SCOPE_TASKS_EDIT"]);
    assert!(!Api::ALL.into_iter().any(|api| access.may_verify(api)));
    assert_eq!(check("SCOPE_SETTINGS_EDIT").await.unwrap_err().reason, Reason::InsufficientScope);
    assert_eq!(
        house.server.lines(),
        ["POST /oauth2/introspect", "POST /oauth2/introspect"],
        "no roles are read"
    );
}

#[tokio::test]
async fn what_the_header_tells_is_told_without_asking() {
    let house = House::saying(kept(60), good()).await;
    let guard = house.guard();
    let secret = secret();
    let good = format!("bearer   {}", secret.reveal());
    let long = format!("Bearer {}", "a".repeat(9_000));
    for (header, expected) in [
        (Authorization::from(None::<&str>), "missing"),
        (Authorization::from(""), "missing"),
        (Authorization::from("Basic YTpi"), "missing"),
        (Authorization::from("Bearer"), "invalid_header"),
        (Authorization::from("Bearer two words"), "invalid_header"),
        (Authorization::from("Bearer \u{e9}"), "invalid_header"),
        (Authorization::from(&b"Bearer \xff\xfe"[..]), "invalid_header"),
        (Authorization::from(long.as_str()), "invalid_header"),
        ([good.as_str(), good.as_str()].into_iter().collect(), "invalid_header"),
    ] {
        assert_eq!(says(guard.check(header, None).await), expected, "{header:?}");
    }
    assert!(house.server.all_lines().is_empty(), "not even what it is");
    let mut typo = secret.reveal().to_owned();
    typo.replace_range(30..31, if &typo[30..31] == "a" { "b" } else { "a" });
    for (text, expected) in [("", "malformed"), ("rl-1.x", "malformed"), (typo.as_str(), "checksum_mismatch")]
    {
        assert_eq!(says(guard.check_secret(text, None).await), expected, "{text}");
    }
    assert_eq!(house.questions(), 0);
    assert_eq!(says(guard.check(good.as_str(), None).await), "granted");
    assert_eq!(says(guard.check_secret(&format!("Secret-Token:{}", secret.reveal()), None).await), "granted");
    assert_eq!((house.questions(), house.remote.state().cached), (1, 1), "the scheme is no part of a secret");
}

#[tokio::test]
async fn a_plain_server_is_asked_about_rest_tokens_of_any_form() {
    let house = House::plain(kept(60)).await;
    let gp = client_of(&house.server.url);
    let asked = NewToken::new("a", Api::Rest).expires(days(1)).target_dn("uid=a,o=acme");
    let new = gp.tokens().create(asked).await.unwrap();
    let long = "x".repeat(8_000);
    house.server.state().secrets.insert(long.clone(), "a".to_owned());
    house.server.seen();
    for (secret, expected) in
        [(new.secret.reveal(), "granted"), (&long, "granted"), ("rl-no", "unknown"), ("a b", "malformed")]
    {
        assert_eq!(says(house.guard().check_secret(secret, None).await), expected);
    }
    let header = format!("Bearer {}", new.secret.reveal());
    let elsewhere = Some("192.0.2.1".parse().unwrap());
    let access = house.guard().check(header.as_str(), elsewhere).await.unwrap().unwrap();
    assert_eq!((access.target_dn(), access.name()), (Some("uid=a,o=acme"), "-"));
    let seen = house.server.seen();
    assert_eq!(seen.len(), 3, "for such a server it is all one where a token comes from");
    assert!(seen.iter().all(|seen| seen.line() == format!("POST {VALIDATE}") && seen.body.is_empty()));

    for (api, scopes, field) in
        [(Api::Scim, vec![], "api"), (Api::Config, vec![], "api"), (Api::Rest, vec!["a"], "scopes")]
    {
        let guard = house.remote.guard(api, scopes).unwrap();
        let error = guard.check_secret(new.secret.reveal(), None).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.field()),
            (ErrorKind::Unsupported, "needs_gatepass", Some(field))
        );
    }
}

#[tokio::test]
async fn another_product_s_server_is_asked_where_it_says() {
    let said = Arc::new(std::sync::Mutex::new(Value::Null));
    let answer = Arc::clone(&said);
    let options = RemoteOptions::default().introspection(
        "/realms/a/introspect",
        [(Api::Rest, "https://orders.example"), (Api::Scim, "people")],
    );
    let house = House::plain(options).await;
    house.server.hook(move |_| Act::Answer(Reply::json(200, &answer.lock().unwrap())));
    let foreign = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln";
    let check = async |api, answer: Value| {
        *said.lock().unwrap() = answer;
        house.remote.guard(api, ["a"]).unwrap().check_secret(foreign, None).await.unwrap()
    };
    let mut token = json!({"active": true, "aud": ["x", "https://orders.example"], "jti": "9", "sub": "s", "scope": "a  b",
        "username": "alice", "exp": 4_000_000_000_i64, "iss": "https://a.example", "more": [1]});
    let access = check(Api::Rest, token.clone()).await.unwrap();
    assert_eq!((access.name(), access.target_dn(), access.api()), ("alice", None, Api::Rest));
    assert_eq!(
        access.id(),
        check(Api::Rest, token.clone()).await.unwrap().id(),
        "one stands in for it, always the same"
    );
    assert_eq!(check(Api::Scim, token.clone()).await.unwrap_err().reason, Reason::WrongApi);
    token["aud"] = json!("people");
    assert!(check(Api::Scim, token.clone()).await.is_ok());
    for aud in [json!("rest"), json!("https://orders.example/"), json!([]), json!(""), Value::Null] {
        token["aud"] = aud;
        assert_eq!(check(Api::Rest, token.clone()).await.unwrap_err().reason, Reason::WrongAudience);
    }
    let lines = house.server.all_lines();
    assert!(lines.iter().all(|line| line == "POST /realms/a/introspect"), "{lines:?}");

    let gp = client_of(&house.server.url);
    let refused = |path: &str, audiences: &[(Api, &str)]| {
        let options = RemoteOptions::default().introspection(path, audiences.iter().copied());
        gp.remote_verifier(options).unwrap_err().code().to_owned()
    };
    assert_eq!(refused("https://other.example/x", &[(Api::Rest, "a")]), "path_malformed");
    assert_eq!(refused("/x/../y", &[(Api::Rest, "a")]), "path_malformed");
    assert_eq!(refused("/x", &[]), "audience_missing");
    assert_eq!(refused("/x", &[(Api::Rest, "")]), "audience_missing");
}

#[tokio::test]
async fn a_revocation_is_seen_within_the_staleness_that_was_agreed_and_no_later() {
    let script = Script::default();
    let house = script.house(kept(10)).await;
    let secret = secret();
    assert_eq!(house.says(&secret).await, "granted");
    script.revoke();
    house.clock.advance(seconds(10));
    assert_eq!(house.says(&secret).await, "granted", "exactly as old as permitted");
    house.clock.advance(Duration::from_millis(1));
    assert_eq!(house.says(&secret).await, "unknown");
    assert_eq!(house.questions(), 2);
    // And so is the denial kept.
    house.clock.advance(seconds(10));
    assert_eq!((house.says(&secret).await, house.questions()), ("unknown", 0));
    house.clock.advance(Duration::from_millis(1));
    assert_eq!((house.says(&secret).await, house.questions()), ("unknown", 1));
}

#[tokio::test]
async fn without_it_each_check_asks_and_a_revocation_is_seen_at_once() {
    for remote in [RemoteOptions::default(), RemoteOptions::default().max_staleness(Duration::ZERO)] {
        let script = Script::default();
        let house = script.house(remote).await;
        let secret = secret();
        assert_eq!(house.says(&secret).await, "granted");
        assert_eq!(house.says(&secret).await, "granted");
        script.revoke();
        assert_eq!(house.says(&secret).await, "unknown");
        assert_eq!((house.questions(), house.remote.state().kept), (3, 0));
    }
}

#[tokio::test]
async fn neither_clock_alone_makes_an_answer_look_younger() {
    let script = Script::default();
    let house = script.house(kept(10)).await;
    let secret = secret();
    assert_eq!(house.says(&secret).await, "granted");
    script.revoke();
    // Set back by an hour, after which eleven seconds go by.
    let hour_before: gatepass::Timestamp = "2026-03-02T08:00:00.000Z".parse().unwrap();
    house.clock.set(hour_before);
    house.clock.advance(seconds(5));
    assert_eq!(house.says(&secret).await, "granted");
    house.clock.advance(seconds(6));
    assert_eq!(house.says(&secret).await, "unknown");

    // Suspended: here the time of day alone went on.
    let script = Script::default();
    let house = script.house(kept(10)).await;
    assert_eq!(house.says(&secret).await, "granted");
    script.revoke();
    house.clock.set(now().saturating_add(seconds(11)));
    assert_eq!(house.says(&secret).await, "unknown");
}

#[tokio::test]
async fn no_answer_outlives_its_token() {
    let mut said = good();
    let end = now().as_millis() / 1000 + 5;
    said["exp"] = json!(end);
    let house = House::saying(kept(3_600), said.clone()).await;
    let secret = secret();
    assert_eq!(house.says(&secret).await, "granted");
    house.clock.advance(Duration::from_millis(4_999));
    assert_eq!(house.says(&secret).await, "granted");
    // Setting the clock back gives it no more time.
    house.clock.set("2026-03-02T08:00:00.000Z".parse().unwrap());
    house.clock.advance_boot_time(Duration::from_millis(1));
    assert_eq!(house.says(&secret).await, "expired");
    assert_eq!(house.questions(), 1);

    for (member, value, expected) in [
        ("exp", json!(end - 5), "expired"),
        ("exp", json!(0), "expired"),
        ("exp", json!(i64::MIN), "expired"),
        ("exp", json!(i64::MAX), "granted"),
        ("nbf", json!(end), "not_yet_valid"),
        ("nbf", json!(i64::MAX), "not_yet_valid"),
        ("nbf", json!(i64::MIN), "granted"),
    ] {
        let mut said = good();
        said[member] = value.clone();
        let house = House::saying(RemoteOptions::default(), said).await;
        assert_eq!(house.says(&secret).await, expected, "{member}: {value}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_has_nothing_accepted_for_longer() {
    let script = Script::default();
    let house = script.house(kept(10).deadline(Duration::from_millis(150))).await;
    let (used, new) = (secret(), secret());
    assert_eq!(house.says(&used).await, "granted");
    script.stand_still();
    for _ in 0..3 {
        assert_eq!(house.says(&new).await, "timeout");
    }
    assert_eq!(house.says(&used).await, "granted");
    house.clock.advance(seconds(11));
    assert_eq!(house.says(&used).await, "timeout", "not what was good once");
    house.clock.set(now());
    assert_eq!(house.says(&used).await, "timeout", "nor where the clock is set back");
    script.revoke();
    assert_eq!(house.says(&used).await, "unknown");
    assert_eq!(house.remote.state().failed, 5);
    assert_eq!(house.remote.state().under_way, 0);
}

#[tokio::test]
async fn a_socket_that_accepts_and_is_silent_is_no_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gp = options(own()).connect(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let remote = gp.remote_verifier(kept(10).deadline(Duration::from_millis(100))).unwrap();
    let guard = remote.guard(Api::Rest, NONE).unwrap();
    let secret = secret();
    let checks = join_all((0..20).map(|_| guard.check_secret(secret.reveal(), None))).await;
    assert!(checks.into_iter().all(|verdict| says(verdict) == "timeout"));
    drop(listener);
    let error = guard.check_secret(secret.reveal(), None).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout), "{error}");
}

#[tokio::test]
async fn what_comes_too_late_grants_nothing() {
    // The answer takes twice as long as it may be old.
    let (server, clock) = (Plain::start().await, Arc::new(ManualClock::new(now())));
    let (slow, takes) = (clock.clone(), Arc::new(AtomicU32::new(6)));
    let of_hook = Arc::clone(&takes);
    let said = Arc::new(std::sync::Mutex::new(good()));
    let answer = Arc::clone(&said);
    server.hook(move |seen| match seen.target.as_str() {
        INTROSPECT => {
            slow.advance(seconds(of_hook.load(SeqCst).into()));
            Act::Answer(Reply::json(200, &answer.lock().unwrap()))
        }
        _ => Act::Answer(Reply::json(200, &json!({"product": "gatepass", "version": "1"}))),
    });
    let gp = ConnectOptions::new(own()).clock(clock.clone()).no_proxy().connect(&server.url).unwrap();
    let remote = gp.remote_verifier(kept(3)).unwrap();
    let guard = remote.guard(Api::Rest, NONE).unwrap();
    let secret = secret();
    let error = guard.check_secret(secret.reveal(), None).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, "answer_too_old"));
    assert_eq!(remote.state().asked, 2, "once more, for a clock may have been set");
    // A denial is as good as ever.
    *said.lock().unwrap() = inactive();
    assert_eq!(says(guard.check_secret(secret.reveal(), None).await), "unknown");
    // Without a bound a check's own question serves it, however long it takes.
    let unbounded = gp.remote_verifier(RemoteOptions::default()).unwrap().guard(Api::Rest, NONE).unwrap();
    *said.lock().unwrap() = good();
    assert_eq!(says(unbounded.check_secret(secret.reveal(), None).await), "granted");
    // What is younger at the end than it may be is counted from its beginning.
    takes.store(2, SeqCst);
    assert_eq!(says(guard.check_secret(secret.reveal(), None).await), "granted");
    clock.advance(seconds(1));
    assert_eq!(says(guard.check_secret(secret.reveal(), None).await), "granted");
    assert_eq!(remote.state().cached, 1);
    takes.store(0, SeqCst);
    *said.lock().unwrap() = inactive();
    clock.advance(Duration::from_millis(1));
    assert_eq!(says(guard.check_secret(secret.reveal(), None).await), "unknown");
}

const NONSENSE: &[&str] = &["protocol"];

/// What is neither a yes nor a no.
fn no_answers() -> Vec<(Act, &'static [&'static str])> {
    let said = |body: &str| Act::Answer(Reply::new(200, body));
    let with = |member: &str, value: Value| {
        let mut said = good();
        said[member] = value;
        Act::Answer(Reply::json(200, &said))
    };
    let mut all: Vec<(Act, &[&str])> = vec![
        (Act::Hang, &["timeout"]),
        (Act::Drop, &["unavailable"]),
        (said(""), NONSENSE),
        (said("<!doctype html><html><body>Please sign in</body></html>"), NONSENSE),
        (said("{\"active\":"), NONSENSE),
        (said("null"), NONSENSE),
        (said("true"), NONSENSE),
        (said("[]"), NONSENSE),
        (said("{}"), NONSENSE),
        (said("\u{0}\u{1}"), NONSENSE),
        (said("{\"active\":false,\"active\":true,\"aud\":\"rest\"}"), NONSENSE),
        (said("{\"active\":\"false\"}"), NONSENSE),
        (said("{\"active\":null}"), NONSENSE),
        (said("{\"active\":0}"), NONSENSE),
        (with("active", json!("true")), NONSENSE),
        (with("active", json!(1)), NONSENSE),
        (with("exp", json!("4000000000")), NONSENSE),
        (with("exp", json!(1e300)), NONSENSE),
        (with("exp", json!([1])), NONSENSE),
        (with("nbf", json!("soon")), NONSENSE),
        (with("aud", json!(7)), NONSENSE),
        (with("aud", json!([["rest"]])), NONSENSE),
        (with("scope", json!(["a"])), NONSENSE),
        (with("roles", json!("admin")), NONSENSE),
        (with("jti", json!(5)), NONSENSE),
        (with("target_dn", json!({"uid": "a"})), NONSENSE),
        (with("target_dn", json!("x".repeat(6_000))), NONSENSE),
        (with("more", json!("x".repeat(2 << 20))), NONSENSE),
        (Act::Answer(Reply::json(429, &json!({})).header("retry-after", "60")), &["rate_limited"]),
        (Act::Answer(Reply::json(204, &json!({}))), NONSENSE),
        (Act::Answer(Reply::new(302, "").header("location", "http://127.0.0.1:1/")), NONSENSE),
        (Act::Answer(Reply::refused(401, "unauthorized", "who are you?")), &["unavailable"]),
        (Act::Answer(Reply::refused(403, "forbidden", "you may not verify")), &["unavailable"]),
        (Act::Answer(Reply::refused(404, "not_found", "no such thing")), &["unavailable"]),
    ];
    for status in [500, 502, 503, 504] {
        let kinds: &[&str] = if status == 504 { &["timeout"] } else { &["unavailable"] };
        all.push((Act::Answer(Reply::json(status, &inactive())), kinds));
        all.push((Act::Answer(Reply::new(status, "<html>bad gateway</html>")), kinds));
    }
    all
}

#[tokio::test]
async fn who_cannot_tell_does_not_say_no_and_it_is_not_kept() {
    for (at, (act, kinds)) in no_answers().into_iter().enumerate() {
        let shown = match &act {
            Act::Answer(reply) => {
                format!(
                    "{} {}",
                    reply.status,
                    String::from_utf8_lossy(&reply.body[..reply.body.len().min(200)])
                )
            }
            _ => format!("number {at}"),
        };
        let fine = Arc::new(AtomicU32::new(0));
        let (is_fine, act) = (Arc::clone(&fine), std::sync::Mutex::new(act));
        let house = House::authority(kept(60).deadline(Duration::from_millis(1_500)), move || {
            if is_fine.load(SeqCst) == 1 {
                return Act::Answer(Reply::json(200, &good()));
            }
            match &*act.lock().unwrap() {
                Act::Answer(reply) => Act::Answer(reply.clone()),
                Act::Drop => Act::Drop,
                _ => Act::Hang,
            }
        });
        let house = house.await;
        let secret = secret();
        let error = house.check(&secret).await.map(|verdict| format!("{verdict:?}")).expect_err(&shown);
        assert!(kinds.contains(&error.kind().as_str()), "{shown}: {error:?}");
        assert!(!all_words(&error).contains(&secret.reveal()[17..]), "{shown}");
        assert_eq!(house.remote.state().kept, 0);
        fine.store(1, SeqCst);
        assert_eq!(house.says(&secret).await, "granted", "{shown}");
    }
}

#[tokio::test]
async fn a_plain_server_s_nonsense_is_no_answer_either() {
    let secret = Secret::new("rl-0042.Zm9yZWlnbi1zZWNyZXQ/42==").unwrap();
    for (status, body) in [
        (200, ""),
        (200, "{}"),
        (200, "[]"),
        (200, "{\"targetDn\":5}"),
        (200, "{\"error\":\"no\"}"),
        (200, "<html>sign in</html>"),
        (400, ""),
        (403, ""),
        (404, "<html>not found</html>"),
        (500, "{\"targetDn\":\"uid=a\"}"),
        (503, ""),
    ] {
        let house = House::plain(kept(60)).await;
        house.server.hook(move |seen| {
            if seen.target == VALIDATE { Act::Answer(Reply::new(status, body)) } else { Act::Usual }
        });
        let error = house.check(&secret).await.map(|verdict| format!("{verdict:?}")).expect_err(body);
        assert_eq!(error.status(), Some(status), "{error:?}");
        assert!(!all_words(&error).contains("Zm9yZWln"));
    }
}

#[tokio::test]
async fn a_server_that_may_be_down_or_may_be_plain_is_not_taken_for_either() {
    let house = House::plain(kept(60)).await;
    house.server.hook(|_| Act::Answer(Reply::json(503, &json!({})).header("retry-after", "60")));
    assert_eq!(house.says(&secret()).await, "unavailable");
    house.server.no_hook();
    assert_eq!(house.says(&secret()).await, "unknown");
}

/// Whether this says without a doubt that a `rest` token is good.
fn is_a_yes(body: &[u8]) -> bool {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    said["active"] == json!(true)
        && (said["aud"] == json!("rest")
            || said["aud"].as_array().is_some_and(|aud| aud.contains(&json!("rest"))))
}

#[test]
fn nothing_but_a_yes_grants_and_nothing_but_an_answer_denies() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Plain::start());
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let members = ["active", "aud", "exp", "nbf", "scope", "jti", "roles", "target_dn", "name"];
    let spoilt = (prop::sample::select(members.to_vec()), bodies(), any::<bool>());
    let spoilt = spoilt.prop_map(|(member, value, active)| {
        let mut answer = good();
        answer["active"] = json!(active);
        answer[member] =
            serde_json::from_slice(&value).unwrap_or_else(|_| json!(String::from_utf8_lossy(&value)));
        answer.to_string().into_bytes()
    });
    let (granted, denied) = (AtomicU32::new(0), AtomicU32::new(0));
    proptest!(config, |(status in prop_oneof![4 => Just(200_u16), 1 => 201_u16..=599], body in prop_oneof![bodies(), spoilt])| {
        let given = Reply::new(status, body.clone());
        server.hook(move |seen| match seen.target.as_str() {
            "/api/gatepass/v1" => Act::Answer(Reply::json(200, &json!({"product": "gatepass", "version": "1"}))),
            _ => Act::Answer(given.clone()),
        });
        let verdict = runtime.block_on(async {
            let gp = options(own()).attempts(1).connect(&server.url).unwrap();
            let remote = gp.remote_verifier(RemoteOptions::default()).unwrap();
            remote.guard(Api::Rest, NONE).unwrap().check_secret(secret().reveal(), None).await
        });
        let succeeded = (200..300).contains(&status);
        match verdict {
            Ok(Ok(_)) => {
                granted.fetch_add(1, SeqCst);
                prop_assert!(succeeded && is_a_yes(&body));
            }
            Ok(Err(_)) => {
                denied.fetch_add(1, SeqCst);
                let said: Value = serde_json::from_slice(&body).unwrap_or_default();
                prop_assert!(succeeded && said["active"].is_boolean());
            }
            Err(error) => prop_assert!(!error.code().is_empty()),
        }
    });
    let (granted, denied) = (granted.into_inner(), denied.into_inner());
    assert!(granted > 10 && denied > 10, "{granted} granted and {denied} denied show too little");
}

#[tokio::test]
async fn nothing_prints_the_secret() {
    let house = House::saying(kept(60), good()).await;
    let (secret, guard) = (secret(), house.guard());
    let verdict = guard.check_secret(secret.reveal(), None).await;
    let waiting = guard.check_secret(secret.reveal(), Some("192.0.2.1".parse().unwrap()));
    let words = format!("{:?} {guard:?} {verdict:?} {:#?}", house.remote, house.remote.state());
    drop(waiting);
    let tail = &secret.reveal()[17..];
    assert!(!words.contains(tail) && !words.contains(OWN), "{words}");
    assert!(!words.contains(&secret.digest().to_string()));
}

/// A server that answers when it is told to, and counts.
#[derive(Clone)]
struct Gate {
    asked: Arc<AtomicUsize>,
    open: tokio::sync::watch::Sender<bool>,
}

impl Gate {
    fn new() -> Self {
        Self { asked: Arc::default(), open: tokio::sync::watch::Sender::new(false) }
    }

    /// Behind it, in a server of its own: the simulated one cannot wait.
    async fn serve(&self) -> String {
        use http_body_util::{BodyExt as _, Full};
        use hyper::body::{Bytes, Incoming};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let gate = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let gate = gate.clone();
                let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
                    let gate = gate.clone();
                    async move {
                        let is_question = request.uri().path() == INTROSPECT;
                        request.into_body().collect().await?;
                        let body = if is_question {
                            gate.asked.fetch_add(1, SeqCst);
                            let _ = gate.open.subscribe().wait_for(|open| *open).await;
                            good()
                        } else {
                            json!({"product": "gatepass", "version": "1"})
                        };
                        Ok::<_, hyper::Error>(hyper::Response::new(Full::new(Bytes::from(body.to_string()))))
                    }
                });
                let io = hyper_util::rt::TokioIo::new(stream);
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
            }
        });
        url
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    async fn until_asked(&self, questions: usize) {
        for _ in 0..1_000 {
            if self.asked() >= questions {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(self.asked(), questions, "asked in five seconds");
    }
}

fn spawn_checks(
    guard: &RemoteGuard,
    secret: &Secret,
    count: usize,
) -> Vec<tokio::task::JoinHandle<Result<Verdict>>> {
    let check = |_| {
        let (guard, secret) = (guard.clone(), secret.clone());
        tokio::spawn(async move { guard.check_secret(secret.reveal(), None).await })
    };
    (0..count).map(check).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_want_to_know_the_same_ask_once() {
    let gate = Gate::new();
    let gp = options(own()).connect(gate.serve().await).unwrap();
    let remote = gp.remote_verifier(kept(60)).unwrap();
    let (guard, secret) = (remote.guard(Api::Rest, NONE).unwrap(), secret());
    let mut checks = spawn_checks(&guard, &secret, 200);
    gate.until_asked(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(remote.state().under_way, 1);
    // Whoever gives up, the one who asked first perhaps, does not give up for the others.
    for gone in checks.drain(..150) {
        gone.abort();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    gate.open.send_replace(true);
    for check in checks {
        assert_eq!(says(check.await.unwrap()), "granted");
    }
    assert_eq!(gate.asked(), 1);
    let state = remote.state();
    assert_eq!((state.asked, state.failed, state.under_way, state.kept), (1, 0, 0, 1));
    assert_eq!(state.joined, 199);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_bound_who_comes_later_is_not_answered_by_what_was_asked_before() {
    let gate = Gate::new();
    let gp = options(own()).connect(gate.serve().await).unwrap();
    let remote = gp.remote_verifier(RemoteOptions::default()).unwrap();
    let (guard, secret) = (remote.guard(Api::Rest, NONE).unwrap(), secret());
    let first = spawn_checks(&guard, &secret, 1);
    gate.until_asked(1).await;
    let later = spawn_checks(&guard, &secret, 100);
    tokio::time::sleep(Duration::from_millis(50)).await;
    gate.open.send_replace(true);
    for check in first.into_iter().chain(later) {
        assert_eq!(says(check.await.unwrap()), "granted");
    }
    assert!((2..=3).contains(&gate.asked()), "{} questions for all hundred", gate.asked());
    assert_eq!(remote.state().kept, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_stuck_does_not_hold_up_the_next_for_long() {
    let gate = Gate::new();
    let gp = options(own()).connect(gate.serve().await).unwrap();
    let remote = gp.remote_verifier(RemoteOptions::default()).unwrap();
    let (guard, secret) = (remote.guard(Api::Rest, NONE).unwrap(), secret());
    let _stuck = spawn_checks(&guard, &secret, 1);
    gate.until_asked(1).await;
    let _next = spawn_checks(&guard, &secret, 1);
    gate.until_asked(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joined_a_question_that_fails_asks_again_while_there_is_time() {
    let script = Script::default();
    script.stand_still();
    let house = script.house(kept(60).deadline(Duration::from_millis(600))).await;
    let secret = secret();
    let first = spawn_checks(&house.guard(), &secret, 1);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let later = spawn_checks(&house.guard(), &secret, 3);
    tokio::time::sleep(Duration::from_millis(50)).await;
    script.0.store(0, SeqCst);
    for (check, expected) in first.into_iter().chain(later).zip(["timeout", "granted", "granted", "granted"])
    {
        assert_eq!(says(check.await.unwrap()), expected);
    }
    assert!(house.remote.state().asked <= 3, "{:?}", house.remote.state());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_have_gone_so_has_the_question() {
    let gate = Gate::new();
    let gp = options(own()).connect(gate.serve().await).unwrap();
    let remote = gp.remote_verifier(kept(60)).unwrap();
    let guard = remote.guard(Api::Rest, NONE).unwrap();
    let checks = spawn_checks(&guard, &secret(), 5);
    gate.until_asked(1).await;
    for check in checks {
        check.abort();
        let _ = check.await;
    }
    let state = remote.state();
    assert_eq!((state.under_way, state.asked, state.failed, state.kept), (0, 1, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_questions_are_under_way_than_was_said() {
    let gate = Gate::new();
    let gp = options(own()).connect(gate.serve().await).unwrap();
    let remote = gp.remote_verifier(kept(60).concurrent(3)).unwrap();
    let guard = remote.guard(Api::Rest, NONE).unwrap();
    let checks: Vec<_> = (0..20).flat_map(|_| spawn_checks(&guard, &secret(), 1)).collect();
    gate.until_asked(3).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((gate.asked(), remote.state().under_way), (3, 20));
    gate.open.send_replace(true);
    for check in checks {
        assert_eq!(says(check.await.unwrap()), "granted");
    }
    assert_eq!(gate.asked(), 20);
    // One at least, or nobody would ever be answered.
    let remote = gp.remote_verifier(RemoteOptions::default().concurrent(0)).unwrap();
    let guard = remote.guard(Api::Rest, NONE).unwrap();
    assert_eq!(says(guard.check_secret(secret().reveal(), None).await), "granted");
}

#[tokio::test]
async fn no_more_is_kept_than_was_said_and_what_is_used_is_kept_longest() {
    let house = House::saying(kept(3_600).capacity(100), good()).await;
    let used = secret();
    for _ in 0..20 {
        assert_eq!(house.says(&used).await, "granted");
    }
    for at in 0..400 {
        assert_eq!(house.says(&secret()).await, "granted");
        if at % 20 == 0 {
            assert_eq!(house.says(&used).await, "granted");
        }
    }
    let state = house.remote.state();
    assert!((50..=104).contains(&state.kept), "{state:?}");
    assert_eq!(state.asked, 401, "the one that is used was asked about once: {state:?}");

    let house = House::saying(kept(3_600).capacity(0), good()).await;
    assert_eq!((house.says(&used).await, house.says(&used).await), ("granted", "granted"));
    assert_eq!((house.remote.state().kept, house.questions()), (0, 2));
    // However much room is asked for, none is taken before it is needed.
    let house = House::saying(kept(3_600).capacity(usize::MAX), good()).await;
    assert_eq!(house.says(&used).await, "granted");
}
