//! `gatepass validator ...`

use std::io::Write as _;
use std::path::Path;

use gatepass::wire::{KeyReport, TestVerdict, ValidatorTest};
use gatepass::{ExternalTokenValidator, Gatepass, Reason};
use zeroize::Zeroizing;

use crate::args::{ValidatorChange, ValidatorCommand};
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::input;
use crate::output::buffered;
use crate::table::{Cell, Table};

pub(crate) async fn run(context: &Context, command: ValidatorCommand) -> Result<Outcome, Stop> {
    if let ValidatorCommand::Remove { name, yes } = &command {
        input::confirm(&format!("Remove the validator `{name}`?"), *yes)?;
    }
    let missing =
        if matches!(command, ValidatorCommand::Add { .. }) { Missing::Make } else { Missing::Refuse };
    context.with_gatepass(missing, async |gp| work(context, gp, command).await).await
}

async fn work(context: &Context, gp: &Gatepass, command: ValidatorCommand) -> Result<Outcome, Stop> {
    let validators = gp.validators();
    match command {
        ValidatorCommand::List => list(context, &validators.list().await?)?,
        ValidatorCommand::Show { name } => show(context, &validators.get(&name).await?)?,
        ValidatorCommand::Add { name, api, change, disabled } => {
            let validator = changed(ExternalTokenValidator::new(name, api), *change).enabled(!disabled);
            tell(context, "added", &validators.create(&validator).await?)?;
        }
        ValidatorCommand::Update { name, api, change } => {
            let mut validator = changed(validators.get(&name).await?, *change);
            validator.api = api.unwrap_or(validator.api);
            tell(context, "changed", &validators.update(&validator).await?)?;
        }
        ValidatorCommand::Enable { name } => {
            let validator = validators.get(&name).await?.enabled(true);
            tell(context, "enabled", &validators.update(&validator).await?)?;
        }
        ValidatorCommand::Disable { name } => {
            let validator = validators.get(&name).await?.enabled(false);
            tell(context, "disabled", &validators.update(&validator).await?)?;
        }
        ValidatorCommand::Remove { name, .. } => {
            validators.delete(&name).await?;
            context.output.note(format_args!("removed {name}"));
        }
        ValidatorCommand::Test { name, jwt_stdin, jwt_file } => {
            let token = token(jwt_stdin, jwt_file.as_deref())?;
            let found = validators.test(&name, token.as_ref().map(|token| token.as_str())).await?;
            return report(context, &found);
        }
    }
    Ok(Outcome::Done)
}

/// What is said takes the place of what was; an empty text takes it away.
fn changed(mut validator: ExternalTokenValidator, change: ValidatorChange) -> ExternalTokenValidator {
    if change.any_issuer {
        (validator.any_issuer, validator.expected_issuer) = (true, None);
    }
    if change.issuer.as_ref().is_some_and(|issuer| !issuer.is_empty()) {
        validator.any_issuer = false;
    }
    for (said, place) in [
        (change.discovery_url, &mut validator.discovery_url),
        (change.jwks_url, &mut validator.jwks_url),
        (change.issuer, &mut validator.expected_issuer),
        (change.audience, &mut validator.expected_audience),
        (change.scope_claim, &mut validator.scope_claim),
        (change.token_type, &mut validator.token_type),
        (change.provider, &mut validator.provider),
    ] {
        if let Some(text) = said {
            *place = Some(text).filter(|text| !text.is_empty());
        }
    }
    for (said, place) in
        [(change.scopes, &mut validator.expected_scopes), (change.mapping, &mut validator.claims_mapping)]
    {
        if !said.is_empty() {
            *place = said.into_iter().filter(|text| !text.is_empty()).collect();
        }
    }
    if !change.algorithms.is_empty() {
        validator.algorithms = change.algorithms;
    }
    if let Some(skew) = change.clock_skew {
        validator.clock_skew = skew;
    }
    if let Some(age) = change.max_age {
        validator.max_age = Some(age).filter(|age| !age.is_zero());
    }
    validator
}

/// A token is a secret as long as it lasts, so it is no argument.
fn token(from_stdin: bool, file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Stop> {
    match file {
        Some(path) => Ok(Some(input::secret_in(path)?)),
        None if from_stdin => Ok(Some(input::secret()?)),
        None => Ok(None),
    }
}

fn list(context: &Context, validators: &[ExternalTokenValidator]) -> Result<(), Stop> {
    if context.output.is_json() {
        return context.output.json(validators);
    }
    let rows: Vec<[Cell; 5]> = validators
        .iter()
        .map(|validator| {
            [
                (&validator.name).into(),
                validator.api.as_str().into(),
                state(validator),
                issuer(validator).into(),
                validator.claims_mapping.first().map_or("nobody", String::as_str).into(),
            ]
        })
        .collect();
    let mut stdout = buffered();
    Table::new(["NAME", "API", "STATE", "ISSUER", "ACTS AS"]).write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

fn state(validator: &ExternalTokenValidator) -> Cell {
    match (validator.enabled, validator.check()) {
        (false, _) => Cell::doubtful("disabled"),
        (true, Ok(())) => Cell::good("enabled"),
        // A plain RadiantOne expects no issuer.
        (true, Err(error)) => Cell::bad(error.code()),
    }
}

fn issuer(validator: &ExternalTokenValidator) -> &str {
    match validator.issuer() {
        Some(issuer) => issuer,
        None if validator.any_issuer => "any",
        None => "",
    }
}

fn show(context: &Context, validator: &ExternalTokenValidator) -> Result<(), Stop> {
    if context.output.is_json() {
        return context.output.json(validator);
    }
    let algorithms: Vec<_> = validator.algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
    let seconds = |seconds: u64| format!("{seconds}s");
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let facts = [
        ("name", some(validator.name.clone())),
        ("api", some(validator.api.to_string())),
        ("provider", validator.provider.clone()),
        ("discovery", validator.discovery_url.clone()),
        ("keys", validator.jwks_url.clone()),
        ("issuer", some(issuer(validator).to_owned())),
        ("audience", validator.expected_audience.clone()),
        ("scopes", some(validator.expected_scopes.join(" "))),
        ("scope claim", validator.scope_claim.clone()),
        ("algorithms", some(algorithms.join(" "))),
        ("token type", validator.token_type.clone()),
        ("maximum age", validator.max_age.map(|age| seconds(age.as_secs()))),
        ("clock skew", some(seconds(validator.clock_skew.as_secs()))),
    ];
    let mut rows: Vec<[Cell; 2]> =
        facts.into_iter().filter_map(|(what, text)| Some([what.into(), text?.into()])).collect();
    rows.push(["state".into(), state(validator)]);
    rows.extend(validator.claims_mapping.iter().map(|text| ["acts as".into(), text.into()]));
    let mut stdout = buffered();
    Table::without_headers().write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

fn report(context: &Context, found: &ValidatorTest) -> Result<Outcome, Stop> {
    let (keys, verdict) = (&found.keys, found.verdict.as_ref());
    let good = keys.usable > 0 && keys.code.is_none() && verdict.is_none_or(|verdict| verdict.granted);
    if context.output.is_json() {
        context.output.json(found)?;
    } else {
        let mut rows = vec![["keys".into(), (&keys.url).into()], ["".into(), shown_keys(keys)]];
        rows.extend(verdict.into_iter().flat_map(shown_verdict));
        let mut stdout = buffered();
        Table::without_headers().write(&mut stdout, &rows)?;
        stdout.flush()?;
        let not_found = verdict.is_some_and(|verdict| verdict.reason == Some(Reason::KeysUnavailable));
        if not_found && keys.usable > 0 {
            context.output.note(format_args!(
                "nobody can tell: the token names a key that is being looked for, or its mapping is a search, for which \
                 no directory is asked here"
            ));
        }
    }
    Ok(if good { Outcome::Done } else { Outcome::No })
}

fn shown_keys(keys: &KeyReport) -> Cell {
    if let Some(code) = &keys.code {
        return Cell::bad(format!("{code}: {}", keys.message.as_deref().unwrap_or_default()));
    }
    let text = format!("{} can be used, {} cannot", keys.usable, keys.unusable);
    if keys.usable > 0 { Cell::good(text) } else { Cell::bad(text) }
}

fn shown_verdict(verdict: &TestVerdict) -> Vec<[Cell; 2]> {
    let word = match verdict.reason {
        None if verdict.granted => Cell::good("granted"),
        None => Cell::bad("denied"),
        Some(reason) => Cell::bad(reason.code()),
    };
    let facts = [
        ("issuer", verdict.issuer.clone()),
        ("subject", verdict.subject.clone()),
        ("acts as", verdict.target_dn.clone()),
        ("scopes", Some(verdict.scopes.join(" ")).filter(|text| !text.is_empty())),
        ("expires", verdict.expires_on.map(|instant| instant.to_string())),
    ];
    let facts = facts.into_iter().filter_map(|(what, text)| Some([what.into(), text?.into()]));
    std::iter::once(["token".into(), word]).chain(facts).collect()
}

fn tell(context: &Context, done: &str, validator: &ExternalTokenValidator) -> Result<(), Stop> {
    if context.output.is_json() {
        return context.output.json(validator);
    }
    context.output.note(format_args!("{done} {}", validator.name));
    Ok(())
}
