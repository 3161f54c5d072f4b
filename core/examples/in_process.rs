//! The core alone, in one process, without a store or a server: issue a token for each API, check them, rotate with grace,
//! revoke.
//!
//! `cargo run -p gatepass --example in_process`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::time::Duration;

use gatepass::testing::ManualClock;
use gatepass::{
    Api, Caller, Clock, Guard, Issuer, NewToken, Result, RoleBook, Rotation, Verifier, VerifierOptions, days,
    on,
};
use rand::rngs::SysRng;

fn main() -> Result<()> {
    let clock = Arc::new(ManualClock::new("2026-03-01T09:00:00Z".parse()?));
    let (issuer, roles, admin) = (Issuer::default(), RoleBook::default(), Caller::owner("admin"));
    let issue = |asked: &NewToken| -> Result<_> {
        let new = issuer.issue(asked, &admin, &roles, clock.now(), &mut SysRng)?;
        let token = new.record.token();
        let end = token.expires_on.map_or("never".to_owned(), |end| end.to_string());
        println!("issued   {:12} {}  for {}, until {end}", token.name, new.secret, token.api);
        Ok(new)
    };

    println!("— one token for each API");
    let config =
        issue(&NewToken::new("deploy", Api::Config).role("Security Administrator").expires(days(90)))?;
    let last_day = chrono::NaiveDate::from_ymd_opt(2026, 12, 31).unwrap_or_default();
    let scim = issue(&NewToken::new("hr-feed", Api::Scim).expires(on(last_day).in_zone("Europe/Paris")))?;
    let asked =
        NewToken::new("nightly-sync", Api::Rest).target_dn("uid=sync,ou=svc,o=acme").scope("orders:read");
    let rest = issue(&asked.expires(days(60)))?;

    println!("— checked in this process, against an index in memory");
    let options = VerifierOptions::default().clock(clock.clone());
    let (verifier, mut writer) = Verifier::with_writer(options);
    writer.load([&config.record, &scim.record, &rest.record]);
    let settings = verifier.guard(Api::Config, ["SCOPE_SETTINGS_EDIT"])?;
    let access_control = verifier.guard(Api::Config, ["SCOPE_SECURITY_ACCESS_CONTROL_EDIT"])?;
    let orders = verifier.guard(Api::Rest, ["orders:read"])?;
    show("deploy, to edit access control", &access_control, config.secret.reveal());
    show("deploy, to edit settings", &settings, config.secret.reveal());
    show("hr-feed, on the REST API", &orders, scim.secret.reveal());
    show("nightly-sync, to read orders", &orders, rest.secret.reveal());

    println!("— rotated, with a day of grace");
    let rotation = Rotation::with_grace(Duration::from_hours(24));
    let rotated = issuer.rotate(&rest.record, &rotation, &admin, &roles, clock.now(), &mut SysRng)?;
    writer.put(&rotated.record);
    show("the new secret", &orders, rotated.secret.reveal());
    show("the old one, at once", &orders, rest.secret.reveal());
    clock.advance(Duration::from_hours(24));
    show("the old one, a day later", &orders, rest.secret.reveal());

    println!("— revoked");
    writer.put(&rotated.record.revoked(clock.now()));
    show("the new secret", &orders, rotated.secret.reveal());

    println!("in process ok");
    Ok(())
}

fn show(what: &str, guard: &Guard, secret: &str) {
    match guard.check(format!("Bearer {secret}").as_str(), None) {
        Ok(access) => {
            println!("granted  {what}: {}, as {}", access.name(), access.target_dn().unwrap_or("itself"));
        }
        Err(denied) => {
            let answer = denied.answer("quickstart");
            println!("denied   {what}: {}, answered with {}", denied.reason, answer.status);
        }
    }
}
