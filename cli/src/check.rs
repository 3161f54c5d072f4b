//! `gatepass token check`: a secret from standard input, and a verdict as exit status.

use std::io::Write as _;

use gatepass::{Access, Api, Timestamp, TokenId};
use serde::Serialize;
use serde_json::json;

use crate::args::Check;
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::input;
use crate::output::buffered;

pub(crate) async fn run(context: &Context, asked: Check) -> Result<Outcome, Stop> {
    let secret = input::secret()?;
    let verdict = context
        .with_gatepass(Missing::Refuse, async |gp| {
            Ok(gp.tokens().check_secret(asked.api, &asked.scopes, &secret, asked.peer).await?)
        })
        .await?;
    let (outcome, word) = match &verdict {
        Ok(_) => (Outcome::Done, "granted"),
        Err(denied) => (Outcome::No, denied.reason.code()),
    };
    let written = if context.output.is_json() {
        context.output.json(&match &verdict {
            Ok(access) => json!({"granted": true, "access": AccessJson::new(access)}),
            Err(denied) => json!({"granted": false, "reason": denied.reason}),
        })
    } else {
        let mut stdout = buffered();
        writeln!(stdout, "{word}").and_then(|()| stdout.flush()).map_err(Stop::from)
    };
    if let Ok(access) = &verdict {
        let end = access.expires_on().map_or_else(|| "never".to_owned(), |end| end.to_string());
        context.output.note(format_args!("{} for {}, expires: {end}", access.name(), access.api()));
    }
    match written {
        // The verdict is in the exit status, whether or not anybody read the word.
        Ok(()) | Err(Stop::Unread) => Ok(outcome),
        Err(stop) => Err(stop),
    }
}

/// What a granted check gives.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessJson<'a> {
    id: TokenId,
    name: &'a str,
    api_type: Api,
    roles: Vec<&'a str>,
    scopes: Vec<String>,
    target_dn: Option<&'a str>,
    expires_on: Option<Timestamp>,
}

impl<'a> AccessJson<'a> {
    fn new(access: &'a Access) -> Self {
        Self {
            id: access.id(),
            name: access.name(),
            api_type: access.api(),
            roles: access.roles().collect(),
            scopes: access.scopes(),
            target_dn: access.target_dn(),
            expires_on: access.expires_on(),
        }
    }
}
