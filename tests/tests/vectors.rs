//! Runs every file of `vectors/` against the core: all cases of a file, and what failed is told by name.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{
    Access, Answer, Api, Authorization, Brand, Caller, ExternalTokenValidator, Guard, Issued, Issuer,
    NewToken, Reason, Role, RoleBook, Rotation, Scope, Secret, Timestamp, TokenPolicy, TokenRecord,
    TokenValidators, Verdict, Verifier, VerifierOptions, parse_network,
};
use gatepass_tests::expected::{Expected, Fault};
use gatepass_tests::text::{Text, expand};
use gatepass_tests::{Vectors, answers, checks, expiration, headers, issuing, jwt, roles, secrets};
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;
use serde::de::DeserializeOwned;
use serde_json::Value;

type Outcome = Result<(), String>;

/// What ran, and what failed.
#[derive(Debug, Default)]
struct Report {
    names: BTreeSet<String>,
    failures: Vec<String>,
}

impl Report {
    fn add(&mut self, name: &str, outcome: Outcome) {
        let outcome =
            if self.names.insert(name.to_owned()) { outcome } else { Err("this name is taken".into()) };
        self.failures.extend(outcome.err().map(|text| format!("  {name}: {text}")));
    }

    /// The end of a run in which this many cases had to run.
    fn finish(self, file: &str, wanted: usize) {
        assert!(wanted > 0, "{file} has no cases");
        assert_eq!(self.names.len(), wanted, "{file} has that many cases, and so many ran");
        let (failed, failures) = (self.failures.len(), self.failures.join("\n"));
        assert!(failed == 0, "{failed} of the {wanted} cases of {file} failed:\n{failures}");
    }
}

fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| unreachable!("{file}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{file}: {error}"))
}

fn cases<C: DeserializeOwned>(file: &str) -> Vec<C> {
    let vectors: Vectors<C> =
        serde_json::from_value(read(file)).unwrap_or_else(|error| unreachable!("{file}: {error}"));
    assert!(!vectors.about.is_empty(), "{file} does not say what it is about");
    vectors.cases
}

fn raw_cases(file: &str) -> Vec<Value> {
    read(file).get("cases").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// How many cases the file has, counted in the JSON and not in what was made of it.
fn count(file: &str) -> usize {
    raw_cases(file).len()
}

fn same<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

/// As [`same`], but it tells the places that differ.
fn same_json(found: &Value, expected: &Value) -> Outcome {
    let mut differences = Vec::new();
    compare("", found, expected, &mut differences);
    if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
}

fn compare(at: &str, found: &Value, expected: &Value, differences: &mut Vec<String>) {
    if let (Value::Object(left), Value::Object(right)) = (found, expected) {
        for key in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
            compare(&format!("{at}/{key}"), &found[key], &expected[key], differences);
        }
        let only = |key: &&String| left.contains_key(*key) != right.contains_key(*key);
        differences.extend(
            left.keys().chain(right.keys()).filter(only).map(|key| format!("{at}/{key} on one side")),
        );
    } else if found != expected {
        differences.push(format!("{at}: found {found}, expected {expected}"));
    }
}

/// For what is no part of the case, but of how it is run.
fn fault(error: impl std::fmt::Display) -> String {
    format!("this case cannot be run: {error}")
}

fn found<T>(result: gatepass::Result<T>) -> Expected<T> {
    match result {
        Ok(value) => Expected::Ok(value),
        Err(error) => Expected::Error(fault_of(&error)),
    }
}

fn fault_of(error: &gatepass::Error) -> Fault {
    let field = error.field().map(str::to_owned);
    Fault { kind: error.kind().to_string(), code: error.code().to_owned(), field }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(fault)
}

fn from_json<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(fault)
}

fn to_json(value: impl serde::Serialize) -> Result<Value, String> {
    serde_json::to_value(value).map_err(fault)
}

/// A guard that knows no token.
fn guard_of_nothing() -> Result<Guard, String> {
    let clock = Arc::new(ManualClock::new(instant("2026-03-01T09:00:00Z")?));
    let verifier = Verifier::from_records([] as [TokenRecord; 0], &RoleBook::default(), clock);
    verifier.guard(Api::Rest, [] as [&str; 0]).map_err(fault)
}

fn reason(verdict: Verdict) -> String {
    match verdict {
        Ok(_) => "granted".to_owned(),
        Err(denied) => denied.reason.code().to_owned(),
    }
}

#[test]
fn secrets() {
    let mut report = Report::default();
    for case in cases::<secrets::Case>("secrets.json") {
        report.add(&case.name, secret(&case));
    }
    report.finish("secrets.json", count("secrets.json"));
}

fn secret(case: &secrets::Case) -> Outcome {
    let text = case.text.string();
    let made = Secret::new(text.clone()).map(|secret| secrets::Carried {
        brand: secret.brand().map(|brand| brand.to_string()),
        api: secret.api().map(|api| api.to_string()),
        id: secret.id().map(|id| id.to_string()),
        digest: secret.digest().to_string(),
        redacted: secret.to_string(),
        revealed: secret.reveal().into(),
    });
    let expected = match case.secret.clone() {
        Expected::Ok(carried) => {
            Expected::Ok(secrets::Carried { revealed: carried.revealed.string().into(), ..carried })
        }
        error @ Expected::Error(_) => error,
    };
    same("secret", &found(made), &expected)?;
    same("check", &reason(guard_of_nothing()?.check_secret(&text, None)), &case.check)
}

#[test]
fn expirations() {
    let mut report = Report::default();
    for case in cases::<expiration::Case>("expiration.json") {
        report.add(&case.name, expires(&case));
    }
    report.finish("expiration.json", count("expiration.json"));
}

fn expires(case: &expiration::Case) -> Outcome {
    let (policy, now) = (policy(case.policy.as_ref())?, instant(&case.now)?);
    let asked = case.expiration.as_ref().map(expiration_of).transpose();
    let resolved = asked.and_then(|asked| policy.expiry(asked.as_ref(), now));
    let resolved = resolved.map(|instant| instant.map(|instant| instant.to_string()));
    same("expires", &found(resolved), &case.expected)
}

fn policy(policy: Option<&expiration::Policy>) -> Result<TokenPolicy, String> {
    policy.map_or(Ok(TokenPolicy::default()), |policy| from_json(&to_json(policy)?))
}

fn expiration_of(asked: &expiration::Expiration) -> gatepass::Result<gatepass::Expiration> {
    let date = |text: &str| text.parse().map_err(|_| gatepass::Error::invalid("on", "no_date", "not a date"));
    Ok(match asked {
        expiration::Expiration::Days { days } => gatepass::days(*days),
        expiration::Expiration::On { on, zone: None } => gatepass::on(date(on)?),
        expiration::Expiration::On { on, zone: Some(zone) } => gatepass::on(date(on)?).in_zone(zone),
        expiration::Expiration::At { at } => gatepass::at(at.parse()?),
        expiration::Expiration::Never(_) => gatepass::Expiration::Never,
    })
}

/// The values of a header, which the header borrows.
struct Values(Option<Result<Vec<u8>, Vec<Vec<u8>>>>);

impl Values {
    fn new(authorization: Option<&headers::Authorization>) -> Self {
        Self(authorization.map(|authorization| match authorization {
            headers::Authorization::One(value) => Ok(value.bytes()),
            headers::Authorization::Many(values) => Err(values.iter().map(Text::bytes).collect()),
        }))
    }

    fn authorization(&self) -> Authorization<'_> {
        match &self.0 {
            None => None::<&[u8]>.into(),
            Some(Ok(value)) => value.as_slice().into(),
            Some(Err(values)) => values.iter().collect(),
        }
    }
}

#[test]
fn headers() {
    let mut report = Report::default();
    for case in cases::<headers::Case>("headers.json") {
        let header = Values::new(case.authorization.as_ref());
        let checked = guard_of_nothing().map(|guard| reason(guard.check(header.authorization(), None)));
        report.add(&case.name, checked.and_then(|found| same("reason", &found, &case.reason)));
    }
    report.finish("headers.json", count("headers.json"));
}

#[test]
fn answers() {
    let mut report = Report::default();
    let mut reasons: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    for case in cases::<answers::Case>("answers.json") {
        report.add(&case.name, answer(&case));
        reasons.remove(case.reason.as_str());
    }
    report.finish("answers.json", count("answers.json"));
    assert!(reasons.is_empty(), "answers.json does not speak of {reasons:?}");
}

fn answer(case: &answers::Case) -> Outcome {
    let reason = Reason::ALL.iter().find(|reason| reason.code() == case.reason);
    let reason = reason.ok_or("no such reason")?;
    let answer = Answer::new(*reason, &case.realm, case.scope.as_deref());
    let found = answers::Answer {
        status: answer.status,
        www_authenticate: answer.www_authenticate,
        retry_after: answer.retry_after,
        error: answer.error.map(str::to_owned),
    };
    same("answer", &found, &case.answer)
}

#[test]
fn roles() {
    let mut report = Report::default();
    for case in cases::<roles::Case>("roles.json") {
        let outcome = match &case.proof {
            roles::Proof::Held(held) => roles_held(&case.name, held),
            roles::Proof::RoundTrip(round_trip) => role_round_trip(round_trip),
            roles::Proof::Refused(refused) => role_refused(refused),
        };
        report.add(&case.name, outcome);
    }
    report.finish("roles.json", count("roles.json"));
}

fn roles_held(name: &str, held: &roles::Held) -> Outcome {
    let book: RoleBook = from_json(&Value::Array(held.custom.clone()))?;
    let permissions = book.permissions(held.roles.iter().map(String::as_str));
    let scopes: BTreeSet<String> = permissions.scopes().iter().map(|scope| scope.to_string()).collect();
    same("scopes", &scopes, &held.allows)?;
    for scope in Scope::all() {
        let name = scope.to_string();
        same(&name, &permissions.allows(scope), &held.allows.contains(&name))?;
    }
    let every = Scope::all().map(|scope| scope.to_string()).collect();
    if name == roles::EVERY_SCOPE { same("all scopes", &every, &held.allows) } else { Ok(()) }
}

fn role_round_trip(case: &roles::RoundTrip) -> Outcome {
    let role: Role = from_json(&case.given)?;
    let scopes: BTreeSet<String> = role.permissions.scopes().iter().map(|scope| scope.to_string()).collect();
    same("scopes", &scopes, &case.allows)?;
    same_json(&to_json(&role)?, &case.written)?;
    same_json(&to_json(from_json::<Role>(&case.written)?)?, &case.written)
}

fn role_refused(case: &roles::Refused) -> Outcome {
    let made = RoleBook::with([from_json::<Role>(&case.given)?]);
    same("error", &found(made.map(|_| ())), &Expected::Error(case.error.clone()))
}

#[test]
fn issuing() {
    let mut report = Report::default();
    for case in cases::<issuing::Case>("issuing.json") {
        report.add(&case.name, issues(&case));
    }
    report.finish("issuing.json", count("issuing.json"));
}

fn issues(case: &issuing::Case) -> Outcome {
    let (now, book) = (instant(&case.now)?, RoleBook::with(custom_roles(&case.custom)?).map_err(fault)?);
    let caller = match &case.caller {
        None => Caller::owner("setup"),
        Some(issuing::Caller::User { name, roles }) => {
            Caller::user(name, roles.iter().map(String::as_str), &book)
        }
        Some(issuing::Caller::Token(token)) => Caller::token(&from_json(token)?, &book),
    };
    let policy = policy(case.policy.as_ref())?;
    let done = match &case.action {
        issuing::Action::Create(request) => {
            let issued = create(request, policy, &caller, &book, now);
            if let Ok(issued) = &issued {
                fits(issued, request.brand.as_deref().unwrap_or("gp"))?;
            }
            issued.map(|issued| {
                let mut token = to_json(issued.record.token())?;
                token.as_object_mut().and_then(|fields| fields.remove("id")).ok_or("the token has no id")?;
                Ok(token)
            })
        }
        issuing::Action::Rotate(rotation) => {
            let record: TokenRecord = from_json(&rotation.record)?;
            let issued = rotate(&record, rotation, policy, &caller, &book, now);
            if let Ok(issued) = &issued {
                fits(issued, "gp")?;
                same("previous digest", &issued.record.previous_digest(), &Some(record.digest()))?;
            }
            issued.map(|issued| to_json(issued.record.token()))
        }
        issuing::Action::SetRole { before, after } => {
            let before: Option<Role> = before.as_ref().map(from_json).transpose()?;
            caller.may_set_role(before.as_ref(), &from_json(after)?).map(|()| Ok(Value::Null))
        }
        issuing::Action::SetUserRoles { before, after } => {
            let (before, after) = (before.iter().map(String::as_str), after.iter().map(String::as_str));
            caller.may_set_roles(before, after, &book).map(|()| Ok(Value::Null))
        }
        issuing::Action::SetPassword { roles } => {
            caller.may_set_password(roles.iter().map(String::as_str), &book).map(|()| Ok(Value::Null))
        }
    };
    match (done, case.expected.clone()) {
        (Ok(found), Expected::Ok(mut expected)) => {
            expand(&mut expected);
            same_json(&found?, &expected)
        }
        (Ok(found), Expected::Error(expected)) => Err(format!("found {}, expected {expected:?}", found?)),
        (Err(error), expected) => same("outcome", &Expected::Error(fault_of(&error)), &expected),
    }
}

fn custom_roles(custom: &[Value]) -> Result<Vec<Role>, String> {
    custom.iter().map(from_json).collect()
}

/// The secret and the record belong together, and the record can be kept.
fn fits(issued: &Issued, brand: &str) -> Outcome {
    let (secret, record) = (&issued.secret, &issued.record);
    same("brand of the secret", &secret.brand(), &Some(Brand::new(brand).map_err(fault)?))?;
    same("API of the secret", &secret.api(), &Some(record.token().api))?;
    same("id of the secret", &secret.id(), &record.token().id)?;
    same("id of the record", &Some(record.id()), &record.token().id)?;
    same("digest", &record.digest(), &secret.digest())?;
    same("record after a round trip", &from_json(&to_json(record)?)?, record)
}

fn dice() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn create(
    request: &issuing::Request,
    policy: TokenPolicy,
    caller: &Caller,
    book: &RoleBook,
    now: Timestamp,
) -> gatepass::Result<Issued> {
    let brand = request.brand.clone().map_or(Ok(Brand::default()), Brand::new)?;
    let mut asked = NewToken::new(request.name.string(), request.api.parse()?);
    if let Some(expires) = &request.expires {
        asked = asked.expires(expiration_of(expires)?);
    }
    if let Some(not_before) = &request.not_before {
        asked = asked.not_before(not_before.parse()?);
    }
    asked = request.roles.iter().fold(asked, NewToken::role);
    asked = request.scopes.iter().fold(asked, |asked, scope| asked.scope(scope.string()));
    if let Some(dn) = &request.target_dn {
        asked = asked.target_dn(dn.string());
    }
    for network in &request.networks {
        asked = asked.network(parse_network(network)?);
    }
    if let Some(description) = &request.description {
        asked = asked.description(description.string());
    }
    let labels = request.metadata.iter();
    asked = labels.fold(asked, |asked, (key, value)| asked.metadata(key, value.string()));
    Issuer::new(brand, policy).issue(&asked, caller, book, now, &mut dice())
}

fn rotate(
    record: &TokenRecord,
    asked: &issuing::Rotation,
    policy: TokenPolicy,
    caller: &Caller,
    book: &RoleBook,
    now: Timestamp,
) -> gatepass::Result<Issued> {
    let mut rotation = Rotation::with_grace(Duration::from_millis(asked.grace_ms));
    if let Some(expires) = &asked.expires {
        rotation = rotation.expires(expiration_of(expires)?);
    }
    if asked.force {
        rotation = rotation.force();
    }
    Issuer::new(Brand::default(), policy).rotate(record, &rotation, caller, book, now, &mut dice())
}

#[test]
fn checks() {
    let mut report = Report::default();
    for case in cases::<checks::Case>("checks.json") {
        let made = guard_and_clock(&case).and_then(|made| match made {
            Ok(made) => same("guard", &None, &case.error).map(|()| Some(made)),
            Err(error) => same("guard", &Some(fault_of(&error)), &case.error).map(|()| None),
        });
        if let Ok(Some((guard, clock))) = &made {
            for check in &case.checks {
                report.add(&check.name, ask(check, &case, guard, clock));
            }
        }
        report.add(&case.name, made.map(|_| ()));
    }
    let cases = raw_cases("checks.json");
    let checks: usize = cases.iter().filter_map(|case| case.get("checks")?.as_array()).map(Vec::len).sum();
    report.finish("checks.json", cases.len() + checks);
}

type GuardAndClock = gatepass::Result<(Guard, Arc<ManualClock>)>;

fn guard_and_clock(case: &checks::Case) -> Result<GuardAndClock, String> {
    let now = instant(&case.now)?;
    let proof = case.freshness.as_ref().and_then(|freshness| freshness.proof);
    let proved_at = proof.and_then(|proof| Timestamp::from_millis(now.as_millis() - proof.wall_age_ms));
    let clock = Arc::new(ManualClock::new(proved_at.unwrap_or(now)));
    let mut options = VerifierOptions::default();
    options.clock = Arc::clone(&clock) as _;
    options.max_staleness =
        case.freshness.as_ref().map(|freshness| Duration::from_millis(freshness.max_staleness_ms));
    let (verifier, mut writer) = Verifier::with_writer(options);
    let reading = writer.reading();
    writer.set_roles(RoleBook::with(custom_roles(&case.custom)?).map_err(fault)?);
    let records: Vec<TokenRecord> = case.records.iter().map(from_json).collect::<Result<_, _>>()?;
    writer.load(&records);
    same("number of tokens", &writer.len(), &records.len())?;
    if let Some(proof) = proof {
        writer.prove(reading);
        clock.set(now);
        clock.advance_boot_time(Duration::from_millis(proof.boot_age_ms));
    }
    let api: Api = case.guard.api.parse().map_err(fault)?;
    let guard = verifier.guard(api, case.guard.scopes.iter().map(Text::string));
    Ok(guard.map(|guard| (guard, clock)))
}

fn ask(check: &checks::Check, case: &checks::Case, guard: &Guard, clock: &ManualClock) -> Outcome {
    clock.set(instant(check.now.as_ref().unwrap_or(&case.now))?);
    let peer: Option<IpAddr> = check.peer.as_ref().map(|peer| peer.parse().map_err(fault)).transpose()?;
    let header = Values::new(check.authorization.as_ref());
    match (guard.check(header.authorization(), peer), &check.verdict) {
        (Ok(access), checks::Verdict::Granted(granted)) => same_access(&access, granted),
        (Err(denied), checks::Verdict::Denied(expected)) => {
            let (reason, id) = (denied.reason.code().to_owned(), denied.id.map(|id| id.to_string()));
            let status = denied.answer("orders").status;
            same("denial", &checks::Denied { reason, status, id }, expected)
        }
        (Ok(access), checks::Verdict::Denied(expected)) => {
            Err(format!("granted {access:?}, expected {expected:?}"))
        }
        (Err(denied), checks::Verdict::Granted(_)) => Err(format!("denied as {}", denied.reason)),
    }
}

fn same_access(access: &Access, granted: &checks::Granted) -> Outcome {
    let found = checks::Granted {
        id: access.id().to_string(),
        name: access.name().to_owned(),
        api: access.api().to_string(),
        roles: access.roles().map(str::to_owned).collect(),
        scopes: access.scopes().into_iter().collect(),
        target_dn: access.target_dn().map(str::to_owned),
        expires_on: access.expires_on().map(|instant| instant.to_string()),
        allows: granted.allows.clone(),
        refuses: granted.refuses.clone(),
    };
    same("access", &found, granted)?;
    same("order of scopes", &access.scopes().is_sorted(), &true)?;
    let expected = granted.allows.iter().map(|scope| (scope, true));
    let expected = expected.chain(granted.refuses.iter().map(|scope| (scope, false)));
    expected.into_iter().try_for_each(|(scope, yes)| same(scope, &access.allows(scope), &yes))
}

#[test]
fn tokens_of_other_issuers() {
    let mut report = Report::default();
    for case in cases::<jwt::Case>("jwt.json") {
        let clock = instant(&case.now).map(|now| Arc::new(ManualClock::new(now)));
        let made = clock.and_then(|clock| match validators(&case) {
            Ok(validators) => same("verifier", &None, &case.error).map(|()| Some((validators, clock))),
            Err(error) => same("verifier", &Some(fault_of(&error)), &case.error).map(|()| None),
        });
        if let Ok(Some((validators, clock))) = &made {
            for check in &case.checks {
                report.add(&check.name, ask_of_other(check, &case, validators, clock));
            }
        }
        report.add(&case.name, made.map(|_| ()));
    }
    let cases = raw_cases("jwt.json");
    let checks: usize = cases.iter().filter_map(|case| case.get("checks")?.as_array()).map(Vec::len).sum();
    report.finish("jwt.json", cases.len() + checks);
}

fn validators(case: &jwt::Case) -> gatepass::Result<TokenValidators> {
    let read = |settings: &Value| from_json::<ExternalTokenValidator>(settings);
    let settings: Vec<_> =
        case.validators.iter().map(|one| read(one).unwrap_or_else(|error| unreachable!("{error}"))).collect();
    TokenValidators::with_keys(settings, case.keys.iter().map(|(url, keys)| (url, keys.to_string())))
}

fn ask_of_other(
    check: &jwt::Check,
    case: &jwt::Case,
    validators: &TokenValidators,
    clock: &Arc<ManualClock>,
) -> Outcome {
    clock.set(instant(check.now.as_deref().unwrap_or(&case.now))?);
    let verifier = Verifier::of_others(validators.clone(), Arc::clone(clock) as Arc<dyn gatepass::Clock>);
    let api: Api = case.guard.api.parse().map_err(fault)?;
    let scopes: Vec<String> = case.guard.scopes.iter().map(Text::string).collect();
    let guard = verifier.guard(api, &scopes).map_err(fault)?;
    let token = check.token.string();
    for _ in 0..2 {
        match (guard.check(format!("Bearer {token}").as_str(), None), &check.verdict) {
            (Ok(access), jwt::Verdict::Granted(granted)) => same_other(&access, granted)?,
            (Err(denied), jwt::Verdict::Denied(expected)) => {
                let (reason, status) = (denied.reason.to_string(), denied.answer("").status);
                let id = denied.id.map(|id| id.to_string());
                same("denial", &checks::Denied { reason, status, id }, expected)?;
            }
            (Ok(access), jwt::Verdict::Denied(expected)) => {
                return Err(format!("granted {access:?}, and not denied as {}", expected.reason));
            }
            (Err(denied), jwt::Verdict::Granted(_)) => return Err(format!("denied as {}", denied.reason)),
        }
    }
    Ok(())
}

fn same_other(access: &Access, granted: &jwt::Granted) -> Outcome {
    let found = jwt::Granted {
        name: access.name().to_owned(),
        api: access.api().to_string(),
        subject: access.subject().map(str::to_owned),
        issuer: access.issuer().map(str::to_owned),
        scopes: access.scopes().into_iter().collect(),
        target_dn: access.target_dn().map(str::to_owned),
        expires_on: access.expires_on().map(|end| end.to_string()).unwrap_or_default(),
        claims: to_json(access.claims())?,
        allows: granted.allows.iter().filter(|scope| access.allows(scope)).cloned().collect(),
        refuses: granted.refuses.iter().filter(|scope| !access.allows(scope)).cloned().collect(),
    };
    same("access", &found, granted)
}
