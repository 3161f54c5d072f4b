//! No printing path shows a secret: `Debug` and `Display` of all that holds one or was made from one, and every
//! error that a secret in the wrong place brings about.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{
    AccessToken, Api, Area, Authorization, Brand, Caller, Digest, Dn, Error, Guard, Issued, Issuer, Level,
    NewToken, Permissions, Reason, Role, RoleBook, Rotation, Scope, Secret, Status, Timestamp, TokenId,
    TokenPolicy, TokenRecord, Verifier, VerifierOptions, check_application_scope, check_name, days, on,
    parse_network,
};
use gatepass_tests::forge::{Dice, Parts};
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;

/// So many characters in a row of a secret's secret part are a leak.
const TELLING: usize = 8;

/// Texts that were printed, and the secrets that none of them may show.
struct Watch {
    windows: Vec<String>,
    seen: Vec<(String, String)>,
}

impl Watch {
    /// For these secrets: what stands behind the second `_` of ours, and all of a foreign one. The id is public.
    fn over<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let hidden = |secret: &'a str| secret.splitn(3, '_').nth(2).unwrap_or(secret);
        let windows = |secret| {
            let characters: Vec<char> = hidden(secret).chars().collect();
            characters.windows(TELLING).map(|window| window.iter().collect()).collect::<Vec<String>>()
        };
        let windows: Vec<String> = secrets.into_iter().flat_map(windows).collect();
        assert!(!windows.is_empty(), "there is nothing to watch for");
        Self { windows, seen: Vec::new() }
    }

    fn debug(&mut self, what: &str, value: &impl Debug) {
        self.seen.push((what.to_owned(), format!("{value:?} {value:#?}")));
    }

    fn display(&mut self, what: &str, value: &impl Display) {
        self.seen.push((what.to_owned(), format!("{value} {value:#} {value:.400} {value:>400}")));
    }

    fn both(&mut self, what: &str, value: &(impl Debug + Display)) {
        self.debug(what, value);
        self.display(what, value);
    }

    /// The error that this must be, in all of its parts, and all that lies beneath it.
    fn error<T>(&mut self, what: &str, result: Result<T, Error>) {
        let Err(error) = result else { unreachable!("{what} should have failed") };
        self.both(what, &error);
        let parts = (error.code().to_owned(), error.field().map(str::to_owned), error.request_id());
        self.debug(what, &parts);
        self.debug(what, &error.cause());
        let mut source = error.source();
        while let Some(beneath) = source {
            self.both(what, &beneath);
            source = beneath.source();
        }
    }

    fn json(&mut self, what: &str, value: &impl serde::Serialize) {
        self.seen.push((what.to_owned(), serde_json::to_string(value).unwrap_or_default()));
    }

    /// Every text was written, and none shows what it may not.
    fn finish(self) {
        let shows = |text: &String| self.windows.iter().any(|window| text.contains(window.as_str()));
        let leaks: Vec<_> = self.seen.iter().filter(|(_, text)| shows(text)).collect();
        assert!(leaks.is_empty(), "a secret is shown by {leaks:#?}");
        let silent: Vec<_> = self.seen.iter().filter(|(_, text)| text.trim().is_empty()).collect();
        assert!(silent.is_empty(), "nothing is shown by {silent:?}, so nothing was proved");
    }
}

fn now() -> gatepass::Result<Timestamp> {
    "2026-03-01T09:00:00Z".parse()
}

fn dice() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

fn issued(api: Api, dice: &mut ChaCha20Rng) -> gatepass::Result<Issued> {
    let mut asked = NewToken::new("nightly-sync", api).expires(days(90)).description("for the night");
    asked = match api {
        Api::Config => asked.role("Read Only"),
        Api::Scim => asked.scope("users:read"),
        Api::Rest => asked
            .scope("orders:read")
            .target_dn("uid=sync,ou=svc,o=acme")
            .network(parse_network("10.0.0.0/8")?),
    };
    Issuer::default().issue(&asked, &Caller::owner("setup"), &RoleBook::default(), now()?, dice)
}

#[test]
fn what_holds_a_secret_does_not_show_it() -> gatepass::Result<()> {
    let (mut dice, book, caller) = (dice(), RoleBook::default(), Caller::owner("setup"));
    for api in Api::ALL {
        let first = issued(api, &mut dice)?;
        let rotation = Rotation::with_grace(Duration::from_mins(1)).expires(days(30));
        let second = Issuer::default().rotate(&first.record, &rotation, &caller, &book, now()?, &mut dice)?;
        let mut watch = Watch::over([first.secret.reveal(), second.secret.reveal()]);
        for issued in [&first, &second] {
            watch.both("Secret", &issued.secret);
            watch.debug("Issued", issued);
            watch.debug("TokenRecord", &issued.record);
            watch.json("TokenRecord as JSON", &issued.record);
            watch.debug("AccessToken", issued.record.token());
            watch.json("AccessToken as JSON", issued.record.token());
            watch.both("Digest", &issued.record.digest());
            watch.both("TokenId", &issued.record.id());
            let header = format!("Bearer {}", issued.secret.reveal());
            watch.debug("Authorization of one", &Authorization::from(header.as_str()));
            watch.debug(
                "Authorization of two",
                &[&header, &header].into_iter().collect::<Authorization<'_>>(),
            );
            watch.debug("Authorization of bytes", &Authorization::from(header.as_bytes()));
            watch.debug("Authorization of an option", &Authorization::from(Some(header.as_str())));
        }
        watch.debug("Rotation", &rotation);
        watch.debug("Issuer", &Issuer::default());
        watch.debug("Caller", &Caller::token(second.record.token(), &book));
        watch.debug("TokenRecord revoked", &second.record.clone().revoked(now()?));
        watch.debug("NewToken", &NewToken::new("next", api).expires(days(90)).scope("orders:read"));

        let clock = Arc::new(ManualClock::new(now()?));
        let mut options = VerifierOptions::default();
        options.clock = Arc::clone(&clock) as _;
        options.max_staleness = Some(Duration::from_secs(10));
        watch.debug("VerifierOptions", &options);
        let (verifier, mut writer) = Verifier::with_writer(options);
        writer.put(&second.record);
        writer.prove(writer.reading());
        let guard = verifier.guard(api, [] as [&str; 0])?;
        watch.debug("Verifier", &verifier);
        watch.debug("VerifierWriter", &writer);
        watch.debug("Guard", &guard);
        for secret in [first.secret.reveal(), second.secret.reveal()] {
            let access = guard.check(format!("Bearer {secret}").as_str(), "10.0.0.1".parse().ok())?;
            watch.debug("Access", &access);
            watch.debug("scopes of an Access", &access.scopes());
        }
        denials(&mut watch, &guard, second.secret.reveal(), &clock)?;
        watch.finish();
    }
    Ok(())
}

/// Every way in which this secret may be sent and refused.
fn denials(watch: &mut Watch, guard: &Guard, secret: &str, clock: &ManualClock) -> gatepass::Result<()> {
    let headers = [
        secret.to_owned(),
        format!("Basic {secret}"),
        format!("Bearer{secret}"),
        format!("Bearer {secret} {secret}"),
        format!("Bearer \"{secret}\""),
        format!("Bearer {secret}\r\n"),
        format!("Bearer {secret}{secret}"),
        format!("Bearer {}", secret.replace('_', "-")),
        format!("Bearer {}", secret.to_uppercase()),
        format!("Bearer {}", mistyped(secret)),
        format!("Bearer {secret}"), // from nowhere, or when the records are stale
    ];
    for header in &headers {
        denial(watch, guard, header);
    }
    clock.advance(Duration::from_secs(11));
    for header in &headers {
        denial(watch, guard, header);
    }
    let stale = guard.check_secret(secret, None);
    watch.debug("stale", &stale.err().map(|denied| denied.reason));
    let elsewhere = Verifier::from_records(
        [] as [TokenRecord; 0],
        &RoleBook::default(),
        Arc::new(ManualClock::new(now()?)),
    );
    denial(watch, &elsewhere.guard(guard.api(), [] as [&str; 0])?, &format!("Bearer {secret}"));
    Ok(())
}

fn denial(watch: &mut Watch, guard: &Guard, header: &str) {
    let Err(denied) = guard.check(header, None) else { return };
    watch.both("Denied", &denied);
    let answer = denied.answer("orders");
    watch.debug("Answer", &answer);
    watch.error("Denied as an Error", Err::<(), _>(Error::from(denied)));
}

/// With another digit at the end: a wrong checksum, and all but the secret itself.
fn mistyped(secret: &str) -> String {
    let last = if secret.ends_with('0') { '1' } else { '0' };
    let mut digits: Vec<char> = secret.chars().collect();
    digits.pop();
    digits.into_iter().chain([last]).collect()
}

#[test]
fn errors_do_not_show_a_secret_in_the_wrong_place() -> gatepass::Result<()> {
    let parts = Parts::draw(&mut Dice::for_file("secrets_do_not_leak"), "gp", "r");
    let secret = &parts.secret();
    let control = &format!("{secret}\n");
    let spaced = &format!("{secret} ");
    let (now, book, owner, nobody) =
        (now()?, RoleBook::default(), Caller::owner("setup"), Caller::nobody("me"));
    let mut watch = Watch::over([secret.as_str()]);

    watch.error("Secret with a line break", Secret::new(control));
    watch.error("Secret with a colon", Secret::new(format!("{secret}:")));
    watch.error("Secret too long", Secret::new(secret.repeat(200)));
    watch.error("Secret redacted", Secret::new(format!("{secret}…")));
    watch.error("Secret from a string", format!("{secret},").parse::<Secret>());
    watch.error("Brand", Brand::new(secret));
    watch.error("TokenId", secret.parse::<TokenId>());
    watch.error("Api", secret.parse::<Api>());
    watch.error("Level", secret.parse::<Level>());
    watch.error("Scope", secret.parse::<Scope>());
    watch.error("Status", secret.parse::<Status>());
    watch.error("Timestamp", secret.parse::<Timestamp>());
    watch.error("Dn", Dn::parse("targetDn", secret));
    watch.error("Dn too long", Dn::parse("targetDn", &secret.repeat(200)));
    watch.error("network", parse_network(secret));
    watch.error("network with a prefix", parse_network(&format!("10.0.0.0/{secret}")));
    watch.error("name with a line break", check_name("name", control));
    watch.error("name too long", check_name("name", &secret.repeat(200)));
    watch.error("scope with a space", check_application_scope(spaced));
    watch.error("scope of the vendor", check_application_scope(&format!("SCOPE_{secret}")));
    watch.error("scope too long", check_application_scope(&secret.repeat(200)));
    let zone = on("2026-04-01".parse().unwrap_or_default()).in_zone(secret);
    watch.error("zone", zone.resolve(now));
    watch.error("zone under a policy", TokenPolicy::default().expiry(Some(&zone), now));

    let rest = || NewToken::new("nightly-sync", Api::Rest).expires(days(90));
    let config = || NewToken::new("nightly-sync", Api::Config).expires(days(90)).role("Read Only");
    let issue =
        |asked: NewToken, caller: &Caller| Issuer::default().issue(&asked, caller, &book, now, &mut dice());
    watch.error("new name", issue(NewToken::new(control, Api::Rest).expires(days(90)), &owner));
    watch.error("new expiry in a zone", issue(rest().expires(zone.clone()), &owner));
    watch.error("new role", issue(config().role(secret), &owner));
    watch.error("new role on rest", issue(rest().role(secret), &owner));
    watch.error("new scope", issue(rest().scope(spaced), &owner));
    watch.error("new scope on config", issue(config().scope(secret), &owner));
    watch.error("new target", issue(rest().target_dn(secret), &owner));
    watch.error("new target on config", issue(config().target_dn(secret), &owner));
    watch.error("new description", issue(rest().description(secret.repeat(200)), &owner));
    watch.error("new metadata key", issue(rest().metadata(secret.repeat(2), "v"), &owner));
    watch.error("new metadata value", issue(rest().metadata("key", secret.repeat(200)), &owner));
    watch.error("scope that is not held", issue(rest().scope(secret), &nobody));
    watch.error("target that is not held", issue(rest().target_dn(format!("uid={secret}")), &nobody));
    watch.error("caller named so", issue(config(), &Caller::nobody(secret)));

    let verifier = Verifier::from_records([] as [TokenRecord; 0], &book, Arc::new(ManualClock::new(now)));
    for api in Api::ALL {
        watch.error("guard", verifier.guard(api, [spaced]));
    }
    roles_and_records(&mut watch, secret, control, now)?;
    watch.finish();
    Ok(())
}

fn roles_and_records(watch: &mut Watch, secret: &str, control: &str, now: Timestamp) -> gatepass::Result<()> {
    let read = |json: serde_json::Value| serde_json::from_value::<Role>(json);
    let fields = [
        ("name of a role", serde_json::json!({"name": control})),
        ("entry of a role", serde_json::json!({"name": "dev", "entryDn": secret})),
        ("level of a role", serde_json::json!({"name": "dev", "settingsPermission": secret})),
        ("switch of a role", serde_json::json!({"name": "dev", "revokeTokenPermission": secret})),
        (
            "data source of a role",
            serde_json::json!({"name": "dev", "dataCatalogPermissions": {
                "dataSourceOverrides": [{"dataSourceName": format!("{secret}-"), "permission": "VIEW"}]}}),
        ),
        (
            "level of a data source of a role",
            serde_json::json!({"name": "dev", "dataCatalogPermissions": {
                "dataSourceOverrides": [{"dataSourceName": "hr", "permission": secret}]}}),
        ),
    ];
    for (what, json) in fields {
        let Ok(role) = read(json) else { unreachable!("{what} can be read") };
        watch.error(what, role.check());
        watch.error(what, RoleBook::with([role]));
    }
    let panel =
        Permissions::none().with(Area::Settings, Level::View).with_classic_panel(Some(secret.repeat(500)));
    watch.error("assumed role", Role::new("dev", panel).check());
    let mut book = RoleBook::default();
    watch.error("default role", book.remove("Read Only"));

    let digest = Digest::of(secret.as_bytes());
    let token = |name: &str| AccessToken::new(name, Api::Rest, now);
    watch.error("record without an id", TokenRecord::new(token(secret), digest, None));
    let mut named = token(control);
    named.id = secret.get(4..16).and_then(|id| id.parse().ok());
    watch.error("record with a bad name", TokenRecord::new(named.clone(), digest, None));
    "nightly-sync".clone_into(&mut named.name);
    named.target_dn = Some(secret.repeat(200));
    watch.error("record with a long target", TokenRecord::new(named.clone(), digest, None));

    named.target_dn = None;
    named.expires_on = Some(now);
    let expired = TokenRecord::new(named, digest, None)?;
    let (book, owner) = (RoleBook::default(), Caller::owner("setup"));
    let rotate = |record: &TokenRecord| {
        Issuer::default().rotate(record, &Rotation::default(), &owner, &book, now, &mut dice())
    };
    watch.error("rotation of an expired token", rotate(&expired));
    watch.error("rotation of a revoked token", rotate(&expired.revoked(now)));

    // Those that write their own messages; what serde itself says quotes the value, and is nobody's to pass on.
    watch.display_of_json::<TokenId>("TokenId in JSON", secret);
    watch.display_of_json::<Timestamp>("Timestamp in JSON", secret);
    watch.display_of_json::<Digest>("Digest in JSON", secret);
    watch.display_of_json::<Dn>("Dn in JSON", secret);
    Ok(())
}

impl Watch {
    fn display_of_json<T: serde::de::DeserializeOwned + Debug>(&mut self, what: &str, text: &str) {
        match serde_json::from_value::<T>(text.into()) {
            Ok(value) => unreachable!("{what} should have failed and gave {value:?}"),
            Err(error) => self.both(what, &error),
        }
    }
}

#[test]
fn a_foreign_secret_is_not_shown_either() -> gatepass::Result<()> {
    let text = "eyJhbGciOiJIUzI1NiJ9+TheWholeOfThisIsSecret/0123456789==";
    let secret = Secret::new(format!("secret-token:{text}"))?;
    let mut watch = Watch::over([text]);
    watch.both("Secret", &secret);
    watch.debug("Secret in a struct", &BTreeMap::from([("token", Some(&secret))]));
    watch.both("Digest", &secret.digest());
    let verifier = Verifier::from_records(
        [] as [TokenRecord; 0],
        &RoleBook::default(),
        Arc::new(ManualClock::new(now()?)),
    );
    let guard = verifier.guard(Api::Rest, [] as [&str; 0])?;
    denial(&mut watch, &guard, &format!("Bearer {text}"));
    denial(&mut watch, &guard, &format!("Bearer {text}="));
    denial(&mut watch, &guard, &format!("Bearer {text} x"));
    watch.error("Secret with a bad sign", Secret::new(format!("{text}!")));
    watch.error("Secret redacted", Secret::new(format!("{text}…")));
    for reason in Reason::ALL {
        watch.both("Reason", reason);
    }
    watch.finish();
    Ok(())
}

#[test]
#[should_panic(expected = "a secret is shown by")]
fn the_watch_sees_a_leak() {
    let parts = Parts::of_true_vector();
    let secret = parts.secret();
    let mut watch = Watch::over([secret.as_str()]);
    watch.display("a part of the secret", &secret.get(20..28).unwrap_or_default());
    watch.finish();
}

#[test]
fn the_watch_does_not_mind_the_public_part() {
    let parts = Parts::of_true_vector();
    let secret = parts.secret();
    let mut watch = Watch::over([secret.as_str()]);
    watch.display("the public part", &format!("{}{}_{}_", parts.brand, parts.letter, parts.id));
    watch.display("seven characters", &secret.get(20..27).unwrap_or_default());
    watch.finish();
}
