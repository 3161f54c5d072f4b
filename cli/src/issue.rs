//! `gatepass token create` and `rotate`: a secret is made, and handed over once.

use std::io::{self, Write as _};

use gatepass::{AccessToken, Error, Gatepass, IssuedToken, NewToken, Result, Rotation, Secret};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{Create, Rotate};
use crate::context::{Context, Missing};
use crate::fault::{Stop, unwritten};
use crate::output::write_json;
use crate::secret_file::SecretFile;
use crate::token::{TokenJson, expiry};

pub(crate) async fn create(context: &Context, mut asked: Create) -> Result<(), Stop> {
    let file = asked.secret_file.take();
    let prepared = file.as_deref().map(SecretFile::new).transpose()?;
    let asked = new_token(asked);
    let issued = context
        .with_gatepass(Missing::Make, async |gp| {
            let issued = gp.tokens().create(asked).await?;
            let handed_over = match prepared {
                Some(prepared) => prepared.write(&issued.secret),
                None if context.output.is_json() => print_json(&issued),
                None => print(&issued.secret),
            };
            if let Err(error) = handed_over {
                return Err(taken_back(gp, &issued.token.name, error).await.into());
            }
            Ok(issued.token)
        })
        .await?;
    if let Some(file) = file.filter(|_| context.output.is_json()) {
        return context.output.json(&json!({"token": TokenJson::new(&issued), "secretFile": file}));
    }
    tell(context, "created", &issued);
    Ok(())
}

fn new_token(asked: Create) -> NewToken {
    let mut new = NewToken::new(asked.name, asked.api);
    if let Some(expiration) = asked.expires.expiration() {
        new = new.expires(expiration);
    }
    if let Some(dn) = asked.target_dn {
        new = new.target_dn(dn);
    }
    if let Some(instant) = asked.not_before {
        new = new.not_before(instant);
    }
    if let Some(text) = asked.description {
        new = new.description(text);
    }
    let new = asked.roles.into_iter().fold(new, NewToken::role);
    let new = asked.scopes.into_iter().fold(new, NewToken::scope);
    let new = asked.networks.into_iter().fold(new, NewToken::network);
    asked.metadata.into_iter().fold(new, |new, (key, value)| new.metadata(key, value))
}

/// A token whose secret nobody has is of no use, and its name would be taken when this is tried again.
async fn taken_back(gp: &Gatepass, name: &str, error: Error) -> Error {
    let text = match gp.tokens().delete(name).await {
        Ok(_) => "the secret could not be handed over; the token was removed again",
        Err(_) => "the secret could not be handed over, and the token is still there: delete it",
    };
    Error::new(error.kind(), "secret_not_delivered", text).with_cause(error)
}

pub(crate) async fn rotate(context: &Context, asked: Rotate) -> Result<(), Stop> {
    let Rotate { name, grace, expires, force, secret_file: file } = asked;
    let prepared = file.as_deref().map(SecretFile::replacing).transpose()?;
    let mut rotation = Rotation::with_grace(grace);
    rotation.expires = expires.expiration();
    rotation.force = force;
    let token = context
        .with_gatepass(Missing::Refuse, async |gp| match prepared {
            Some(prepared) => {
                let deliver = async |secret: &Secret| prepared.write(secret);
                Ok(gp.tokens().rotate_and_deliver(&name, rotation, deliver).await?.token)
            }
            // The object tells when the grace ends, which is known once the secret has been handed over; so it cannot
            // be what hands it over.
            None if context.output.is_json() => {
                let issued = gp.tokens().rotate(&name, rotation).await?;
                print_json(&issued).map_err(lost)?;
                Ok(issued.token)
            }
            None => {
                let deliver = async |secret: &Secret| print(secret);
                Ok(gp.tokens().rotate_and_deliver(&name, rotation, deliver).await?.token)
            }
        })
        .await?;
    if let Some(file) = file.filter(|_| context.output.is_json()) {
        return context.output.json(&json!({"token": TokenJson::new(&token), "secretFile": file}));
    }
    tell(context, "rotated", &token);
    Ok(())
}

fn lost(error: Error) -> Error {
    let text = "the new secret could not be written and is lost; rotate again, with --force";
    Error::new(error.kind(), "secret_not_delivered", text).with_cause(error)
}

/// What there is to know besides the secret, on standard error.
fn tell(context: &Context, done: &str, token: &AccessToken) {
    let output = context.output;
    output.note(format_args!("{done} {} for {}", token.name, token.api));
    if let Some(id) = token.id {
        output.note(format_args!("  id: {id}"));
    }
    output.note(format_args!("  expires: {}", expiry(token)));
    if !token.roles.is_empty() {
        output.note(format_args!("  roles: {}", token.roles.join(", ")));
    }
    if !token.scopes.is_empty() {
        output.note(format_args!("  scopes: {}", token.scopes.join(" ")));
    }
    if let Some(end) = token.grace_until {
        output.note(format_args!("  the old secret is good until: {end}"));
    }
}

/// The secret, alone on a line.
pub(crate) fn print(secret: &Secret) -> Result<()> {
    let mut line = Zeroizing::new(Vec::with_capacity(secret.reveal().len() + 1));
    line.extend_from_slice(secret.reveal().as_bytes());
    line.push(b'\n');
    print_bytes(&line)
}

/// The secret and its token.
#[derive(Serialize)]
struct IssuedJson<'a> {
    secret: &'a str,
    token: TokenJson<'a>,
    revision: i64,
}

fn print_json(issued: &IssuedToken) -> Result<()> {
    let IssuedToken { secret, token, revision, .. } = issued;
    // Room for all of it, so that no copy is left behind where it grew.
    let mut line = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let json = IssuedJson { secret: secret.reveal(), token: TokenJson::new(token), revision: *revision };
    write_json(&mut *line, &json)
        .map_err(|_| crate::fault::internal("the secret cannot be written as JSON"))?;
    line.push(b'\n');
    print_bytes(&line)
}

/// To standard output, and through whatever buffers it.
fn print_bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(unwritten)
}
