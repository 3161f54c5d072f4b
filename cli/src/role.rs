//! `gatepass role …`

use std::io::Write as _;

use gatepass::{Area, Gatepass, Level, Permissions, Role};

use crate::args::{RoleChange, RoleCommand};
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::input;
use crate::output::buffered;
use crate::table::{Cell, Table};

pub(crate) async fn run(context: &Context, command: RoleCommand) -> Result<Outcome, Stop> {
    if let RoleCommand::Delete { name, yes } = &command {
        input::confirm(&format!("Remove the role `{name}`?"), *yes)?;
    }
    let missing = if matches!(command, RoleCommand::Create { .. }) { Missing::Make } else { Missing::Refuse };
    context.with_gatepass(missing, async |gp| work(context, gp, command).await).await?;
    Ok(Outcome::Done)
}

async fn work(context: &Context, gp: &Gatepass, command: RoleCommand) -> Result<(), Stop> {
    let roles = gp.roles();
    match command {
        RoleCommand::List => list(context, gp).await,
        RoleCommand::Show { name } => show(context, &roles.get(&name).await?),
        RoleCommand::Create { name, from, change } => {
            let role = match from {
                Some(from) => roles.get(&from).await?.cloned_as(name),
                None => Role::new(name, Permissions::none()),
            };
            tell(context, "created", &roles.create(changed(role, &change)).await?)
        }
        RoleCommand::Update { name, change } => {
            let role = changed(roles.get(&name).await?, &change);
            tell(context, "changed", &roles.update(role).await?)
        }
        RoleCommand::Clone { name, new_name } => {
            tell(context, "created", &roles.clone_as(&name, &new_name).await?)
        }
        RoleCommand::Delete { name, .. } => {
            roles.delete(&name).await?;
            context.output.note(format_args!("removed {name}"));
            Ok(())
        }
    }
}

/// The lowest level first, so that the highest of an area counts.
fn changed(mut role: Role, change: &RoleChange) -> Role {
    let levels = [(&change.none, Level::None), (&change.view, Level::View), (&change.edit, Level::Edit)];
    let set = levels.into_iter().flat_map(|(areas, level)| areas.iter().map(move |area| (*area, level)));
    let permissions = set.fold(role.permissions, |permissions, (area, level)| permissions.with(area, level));
    let permissions =
        change.allow.iter().fold(permissions, |permissions, scope| permissions.with_switch(*scope));
    let mut rights = permissions.token_rights().clone();
    rights.issue_scim |= change.issue_scim;
    rights.issue_rest.extend(change.issue_rest.iter().cloned());
    rights.issue_scopes.extend(change.issue_scope.iter().cloned());
    rights.verify.extend(&change.verify);
    // Setting rights forgets what is not understood of them, so it is done only where some are given.
    let same = rights == *permissions.token_rights();
    role.permissions = if same { permissions } else { permissions.with_token_rights(rights) };
    role
}

async fn list(context: &Context, gp: &Gatepass) -> Result<(), Stop> {
    let book = gp.roles().list().await?;
    if context.output.is_json() {
        return context.output.json(&book.iter().collect::<Vec<_>>());
    }
    let rows: Vec<[Cell; 4]> = book
        .iter()
        .map(|role| {
            let areas = |level| Area::all().filter(|area| role.permissions.level(*area) == level).count();
            [
                (&role.name).into(),
                if role.default_role { "default" } else { "custom" }.into(),
                areas(Level::Edit).to_string().into(),
                areas(Level::View).to_string().into(),
            ]
        })
        .collect();
    let mut stdout = buffered();
    Table::new(["NAME", "KIND", "AREAS TO EDIT", "AREAS TO VIEW"]).write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

fn show(context: &Context, role: &Role) -> Result<(), Stop> {
    if context.output.is_json() {
        return context.output.json(role);
    }
    let mut stdout = buffered();
    let kind = if role.default_role { "default" } else { "custom" };
    Table::without_headers()
        .write(&mut stdout, &[["name".into(), Cell::from(&role.name)], ["kind".into(), kind.into()]])?;
    writeln!(stdout)?;
    let rows: Vec<[Cell; 2]> = Area::all()
        .map(|area| {
            let level = role.permissions.level(area);
            let cell = match level {
                Level::None => Cell::from(level.as_str()),
                Level::View => Cell::good(level.as_str()),
                Level::Edit => Cell::doubtful(level.as_str()),
            };
            [area.as_str().into(), cell]
        })
        .collect();
    Table::new(["AREA", "LEVEL"]).write(&mut stdout, &rows)?;
    writeln!(stdout)?;
    let scopes: Vec<[Cell; 1]> =
        role.permissions.scopes().iter().map(|scope| [scope.to_string().into()]).collect();
    Table::new(["SCOPES THAT FOLLOW"]).write(&mut stdout, &scopes)?;
    let rights = rights(role);
    if !rights.is_empty() {
        writeln!(stdout)?;
        Table::new(["RIGHTS OVER TOKENS"]).write(&mut stdout, &rights)?;
    }
    Ok(stdout.flush()?)
}

/// What the vendor's roles cannot say.
fn rights(role: &Role) -> Vec<[Cell; 1]> {
    let rights = role.permissions.token_rights();
    let verify = rights.verify.iter().map(|api| format!("follow and introspect {api} tokens"));
    let scim = rights.issue_scim.then(|| "issue scim tokens".to_owned());
    let rest = rights.issue_rest.iter().map(|dn| match dn.to_string() {
        root if root.is_empty() => "issue rest tokens that act as anybody".to_owned(),
        dn => format!("issue rest tokens that act as entries below {dn}"),
    });
    let scopes = rights.issue_scopes.iter().map(|scope| format!("give the application scope {scope}"));
    verify.chain(scim).chain(rest).chain(scopes).map(|text| [text.into()]).collect()
}

fn tell(context: &Context, done: &str, role: &Role) -> Result<(), Stop> {
    if context.output.is_json() {
        return context.output.json(role);
    }
    context.output.note(format_args!("{done} {}", role.name));
    Ok(())
}
