//! `gatepass login`, `logout` and `self`: who one is for a server.

use std::io::Write as _;

use gatepass::wire::Myself;
use gatepass::{Error, ErrorKind, Gatepass, Secret};
use serde_json::json;

use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::output::buffered;
use crate::secret_file::SecretFile;
use crate::table::{Cell, Table};
use crate::{input, issue};

/// Where one sees and ends the session that asks.
const SELF: &str = "/gatepass/v1/self";

pub(crate) async fn login(context: &Context, user: Option<String>) -> Result<Outcome, Stop> {
    let url = context.server()?;
    let remote = context.remote();
    let user = match user.or_else(|| remote.login.clone()) {
        Some(user) => user,
        None => input::line("User: ", || {
            Error::invalid("user", "user_required", "say who signs in: --user NAME")
        })?,
    };
    let name_field = |error: Error| error.with_field("tokenFile");
    let file = remote.token_file.as_deref().map(SecretFile::replacing).transpose().map_err(name_field)?;
    let token = remote.login_as(&user)?.sign_in(url).await?;
    match file {
        Some(file) => {
            file.write(&token).map_err(name_field)?;
            if context.output.is_json() {
                context.output.json(&json!({"user": user, "tokenFile": remote.token_file}))?;
            }
        }
        None if context.output.is_json() => {
            context.output.json(&json!({"user": user, "token": token.reveal()}))?;
        }
        None => issue::print(&token)?,
    }
    context.output.note(format_args!("signed in as {user}, {}", lasts(&token)));
    Ok(Outcome::Done)
}

/// Until when, where the token itself tells.
fn lasts(token: &Secret) -> String {
    match gatepass::session_end(token) {
        Some(end) => format!("until {end}"),
        None => "for as long as the server says".to_owned(),
    }
}

pub(crate) async fn logout(context: &Context) -> Result<Outcome, Stop> {
    context.server()?;
    context
        .with_gatepass(Missing::Refuse, async |gp| {
            Ok(gp.request("DELETE", SELF, &[], None).await.map(drop)?)
        })
        .await?;
    context.output.note(format_args!("signed out"));
    Ok(Outcome::Done)
}

pub(crate) async fn myself(context: &Context) -> Result<Outcome, Stop> {
    context.server()?;
    let ask = async |gp: &Gatepass| Ok(gp.myself().await?);
    let myself = context.with_gatepass(Missing::Refuse, ask).await?;
    if context.output.is_json() {
        context.output.json(&myself)?;
    } else {
        show(&myself)?;
    }
    Ok(Outcome::Done)
}

fn show(myself: &Myself) -> Result<(), Stop> {
    let end = myself.expires_on.map_or_else(|| "never".to_owned(), |end| end.to_string());
    let rows: [[Cell; 2]; 4] = [
        [myself.kind.as_str().into(), myself.name.as_str().into()],
        ["roles".into(), myself.roles.join(", ").into()],
        ["expires".into(), end.into()],
        ["scopes".into(), myself.scopes.len().to_string().into()],
    ];
    let scopes: Vec<[Cell; 1]> = myself.scopes.iter().map(|scope| [scope.as_str().into()]).collect();
    let mut stdout = buffered();
    Table::without_headers().write(&mut stdout, &rows)?;
    if !scopes.is_empty() {
        writeln!(stdout)?;
        Table::new(["SCOPES"]).write(&mut stdout, &scopes)?;
    }
    Ok(stdout.flush()?)
}

/// For what only a server can tell.
pub(crate) fn needs_server() -> Error {
    let text = "this asks a server; say which: --server URL, or GATEPASS_SERVER";
    Error::new(ErrorKind::Unsupported, "needs_server", text).with_field("server")
}
