//! The main job, from a new store to the audit trail: an authority is started, and tokens are issued, used, checked,
//! rotated and revoked through it, as a program elsewhere would.
//!
//! `cargo run -p gatepass-authority --example quickstart`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use gatepass::{
    Api, AuditFilter, ConnectOptions, Error, ErrorKind, Gatepass, Guard, IdempotencyKey, IssuedToken,
    NewToken, Password, ReceiptState, RestClient, Result, Rotation, ScimClient, Secret, days, on,
};
use gatepass_authority::{Options, SandboxOptions, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<()> {
    println!("— an authority on a new store");
    let folder = tempfile::tempdir().map_err(|error| failed("no folder for the store").with_cause(error))?;
    let store = gatepass::open(folder.path().join("tokens.db")).await?;
    let password = password()?;
    let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sandbox = SandboxOptions::new(folder.path().join("directory.db")).people(20);
    let options = Options::default().listen([free_port]).admin_password(password.clone()).sandbox(sandbox);
    let server = serve(options, store.clone()).await?;
    println!("listens on {}, with the user admin", server.url());
    let done = tour(&server.url(), password).await;
    server.shutdown().await;
    store.close().await;
    done?;
    println!("quickstart ok");
    Ok(())
}

/// The password of the first user: `GATEPASS_ADMIN_PASSWORD`, or made at random for this run.
fn password() -> Result<Password> {
    match std::env::var("GATEPASS_ADMIN_PASSWORD") {
        Ok(text) if !text.is_empty() => Ok(Password::new(text)),
        _ => Ok(Password::new(IdempotencyKey::generate()?.reveal())),
    }
}

async fn tour(url: &str, password: Password) -> Result<()> {
    println!("— the console, for people: {url}/");
    println!("answered GET / of a browser: {}", console(url).await?);

    println!("— signed in");
    let gp = ConnectOptions::login("admin", password).connect(url)?;
    let admin = gp.myself().await?;
    println!("{} {}: {}, {} scopes", admin.kind, admin.name, admin.roles.join(", "), admin.scopes.len());

    println!("— one token for each API");
    let config = issue(&gp, NewToken::new("deploy", Api::Config).role("Read Only").expires(days(90))).await?;
    let asked = NewToken::new("hr-feed", Api::Scim).scope("people:write");
    let last_day = DateTime::<Utc>::from(gp.clock().now()).date_naive() + Days::new(180);
    let scim = issue(&gp, asked.expires(on(last_day).in_zone("Europe/Paris"))).await?;
    let asked = NewToken::new("nightly-sync", Api::Rest).scope("orders:read").expires(days(60));
    let rest = issue(&gp, asked.target_dn("uid=sync,ou=svc,o=acme")).await?;

    println!("— the Configuration API, called with deploy");
    let deploy = gatepass::connect(url, config.secret.clone()).await?;
    let answer = deploy.request("GET", "/authentication-service/access_tokens", &[], None).await?;
    let listed = answer.body.as_array().map_or(0, Vec::len);
    println!("answered GET access_tokens: {}, {listed} tokens", answer.status);
    let outside = deploy.tokens().create(NewToken::new("more", Api::Rest).expires(days(1))).await;
    refused("POST access_tokens, outside its role", outside.map(drop), "insufficient_scope")?;

    println!(
        "— the data APIs of a sandbox, called with hr-feed and directory, and each token refused at the two others"
    );
    let directory = issue(&gp, NewToken::new("directory", Api::Rest).expires(days(30))).await?;
    let people = RestClient::new(url, directory.secret.clone())?.search("ou=People,o=acme").all().await?;
    println!("found    {} entries by REST", people.len());
    let users = ScimClient::new(url, scim.secret.clone())?.resources("Users").list().count().await?;
    println!("found    {users} users by SCIM");
    for (name, secret) in [("deploy", &config.secret), ("hr-feed", &scim.secret)] {
        let outcome = RestClient::new(url, secret.clone())?.bind().await;
        refused(&format!("REST, with {name}"), outcome, "authentication_failed")?;
    }
    for (name, secret) in [("deploy", &config.secret), ("directory", &directory.secret)] {
        let outcome = ScimClient::new(url, secret.clone())?.resource_types().await.map(drop);
        refused(&format!("SCIM, with {name}"), outcome, "authentication_failed")?;
    }
    for (name, secret) in [("hr-feed", &scim.secret), ("directory", &directory.secret)] {
        let outcome = gatepass::connect(url, secret.clone()).await?.myself().await.map(drop);
        refused(&format!("Configuration, with {name}"), outcome, "invalid_token")?;
    }

    println!("— checked");
    let checks = Checks(&gp);
    let (view, edit) = ("SCOPE_SETTINGS_VIEW", "SCOPE_SETTINGS_EDIT");
    checks.check("deploy, to view settings", Api::Config, view, &config.secret, "granted").await?;
    checks.check("deploy, to edit settings", Api::Config, edit, &config.secret, "insufficient_scope").await?;
    checks.check("hr-feed, to write people", Api::Scim, "people:write", &scim.secret, "granted").await?;
    checks.check("hr-feed, on the REST API", Api::Rest, "people:write", &scim.secret, "wrong_api").await?;
    checks.orders("nightly-sync, to read orders", &rest.secret, "granted").await?;

    println!("— followed: checked in this process, without asking anybody");
    let verifier = gp.verifier().await?;
    verifier.wait_for(rest.revision).await?;
    let guard = verifier.guard(Api::Rest, ["orders:read"])?;
    followed(&guard, "nightly-sync, to read orders", &rest.secret, "granted")?;

    println!("— rotated, with a second of grace");
    let rotation = Rotation::with_grace(Duration::from_secs(1));
    let rotated = gp.tokens().rotate("nightly-sync", rotation).await?;
    println!("rotated  {:12} {}", rotated.token.name, rotated.secret);
    checks.orders("the new secret", &rotated.secret, "granted").await?;
    checks.orders("the old one, in its grace", &rest.secret, "granted").await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    checks.orders("the old one, afterwards", &rest.secret, "unknown").await?;
    checks.orders("the new secret", &rotated.secret, "granted").await?;
    noticed(&gp, "token.superseded").await?;

    println!("— revoked, and confirmed by whoever follows");
    let revoked = gp.tokens().revoke_everywhere(["nightly-sync", "deploy"], Duration::from_secs(10)).await?;
    for receipt in &revoked.receipts {
        println!("{:8} by a replica of {}", confirmed(receipt.state)?, receipt.replica.actor);
    }
    followed(&guard, "the new secret, in this process", &rotated.secret, "revoked")?;
    checks.orders("the new secret, at once", &rotated.secret, "unknown").await?;
    refused("GET self, with deploy", deploy.myself().await.map(drop), "invalid_token")?;

    println!("— the audit trail");
    for entry in gp.audit().list(&AuditFilter::default()).await? {
        let subject = entry.subject.unwrap_or_default();
        let ended = entry.code.as_deref().unwrap_or(entry.outcome.as_str());
        println!("{:>3}  {:18}  {subject:12}  {:20}  {ended}", entry.number, entry.action, entry.actor);
    }
    gp.close().await;
    Ok(())
}

/// The first line of what a browser is answered.
async fn console(url: &str) -> Result<String> {
    let host = url.trim_start_matches("http://");
    let asked = format!("GET / HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    let unanswered = |error| failed("the console does not answer").with_cause(error);
    let mut stream = TcpStream::connect(host).await.map_err(unanswered)?;
    stream.write_all(asked.as_bytes()).await.map_err(unanswered)?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await.map_err(unanswered)?;
    let line = page.lines().next().unwrap_or_default();
    expect(line, "HTTP/1.1 200 OK")?;
    Ok(line.to_owned())
}

/// Issues a token. Of its secret is printed what `Display` shows: enough to know it by, too little to use it.
async fn issue(gp: &Gatepass, asked: NewToken) -> Result<IssuedToken> {
    let new = gp.tokens().create(asked).await?;
    let token = &new.token;
    let end = token.expires_on.map_or("never".to_owned(), |end| end.to_string());
    println!("issued   {:12} {}  for {}, until {end}", token.name, new.secret, token.api);
    Ok(new)
}

/// What the server says of secrets. Of one that is not good it says no more than that (RFC 7662), so what was
/// superseded or revoked is `unknown` here; the audit trail knows better.
struct Checks<'a>(&'a Gatepass);

impl Checks<'_> {
    async fn orders(&self, what: &str, secret: &Secret, expected: &str) -> Result<()> {
        self.check(what, Api::Rest, "orders:read", secret, expected).await
    }

    async fn check(&self, what: &str, api: Api, scope: &str, secret: &Secret, expected: &str) -> Result<()> {
        let verdict = self.0.tokens().check_secret(api, [scope], secret.reveal(), None).await?;
        let said = match &verdict {
            Ok(access) => {
                let whom = access.target_dn().map(|dn| format!(", as {dn}")).unwrap_or_default();
                println!("granted  {what}{whom}");
                "granted"
            }
            Err(denied) => {
                println!("denied   {what}: {}", denied.reason);
                denied.reason.code()
            }
        };
        expect(said, expected)
    }
}

/// What a guard in this process says of a secret. It knows why one is not good.
fn followed(guard: &Guard, what: &str, secret: &Secret, expected: &str) -> Result<()> {
    let said = match guard.check_secret(secret.reveal(), None) {
        Ok(_) => "granted",
        Err(denied) => denied.reason.code(),
    };
    println!("{said:8} {what}");
    expect(said, expected)
}

fn confirmed(state: ReceiptState) -> Result<&'static str> {
    match state {
        ReceiptState::Confirmed { .. } => Ok("received"),
        _ => Err(failed("a replica did not confirm a revocation in time")),
    }
}

/// Shows a refusal, and fails where there was none.
fn refused(what: &str, outcome: Result<()>, expected: &str) -> Result<()> {
    let error = outcome.err().filter(|error| error.code() == expected);
    let error = error.ok_or_else(|| failed("something was permitted, or refused for another reason"))?;
    println!("refused  {what}: {}, {}", error.status().unwrap_or_default(), error.code());
    Ok(())
}

/// Waits for an entry of the audit trail that is written after the answer.
async fn noticed(gp: &Gatepass, action: &str) -> Result<()> {
    let mut filter = AuditFilter::default();
    filter.action = Some(action.to_owned());
    for _ in 0..100 {
        if let Some(entry) = gp.audit().list(&filter).await?.first() {
            println!("noticed  {action}, of {}", entry.subject.as_deref().unwrap_or_default());
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(failed("a use of an old secret was not noticed"))
}

fn failed(text: &'static str) -> Error {
    Error::new(ErrorKind::Internal, "quickstart_failed", text)
}

fn expect(said: &str, expected: &str) -> Result<()> {
    if said == expected { Ok(()) } else { Err(failed("a check did not say what was expected")) }
}
