//! `gatepass user …`

use std::io::Write as _;

use gatepass::{Error, Gatepass, NewUser, Password, User, UserChange};

use crate::args::{CreateUser, UserCommand};
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop};
use crate::input;
use crate::output::buffered;
use crate::table::{Cell, Table};

pub(crate) async fn run(context: &Context, command: UserCommand) -> Result<Outcome, Stop> {
    match command {
        UserCommand::Create(asked) => create(context, asked).await?,
        UserCommand::Password { name, password_stdin } => {
            set_password(context, &name, password_stdin).await?;
        }
        UserCommand::Delete { name, yes } => {
            input::confirm(&format!("Remove the user `{name}`?"), yes)?;
            context.with_gatepass(Missing::Refuse, async |gp| Ok(gp.users().delete(&name).await?)).await?;
            context.output.note(format_args!("removed {name}"));
        }
        UserCommand::List => {
            context.with_gatepass(Missing::Refuse, async |gp| list(context, gp).await).await?;
        }
        UserCommand::Show { name } => {
            context.with_gatepass(Missing::Refuse, async |gp| show(context, gp, &name).await).await?;
        }
        UserCommand::Disable { name } => {
            change(context, &name, UserChange::default().active(false), "disabled").await?;
        }
        UserCommand::Enable { name } => {
            change(context, &name, UserChange::default().active(true), "enabled").await?;
        }
        UserCommand::Roles { name, roles, .. } => {
            change(context, &name, UserChange::default().roles(roles), "changed the roles of").await?;
        }
    }
    Ok(Outcome::Done)
}

async fn create(context: &Context, asked: CreateUser) -> Result<(), Stop> {
    let password = if asked.password_stdin {
        Some(input::password_from_stdin()?)
    } else if input::is_terminal() {
        input::password_from_terminal()?
    } else {
        None
    };
    let has_password = password.is_some();
    let mut profile = UserChange::default();
    profile.first_name = asked.first_name.map(Some);
    profile.last_name = asked.last_name.map(Some);
    profile.email = asked.email.map(Some);
    profile.roles = Some(asked.roles);
    let mut new = NewUser::new(asked.name).profile(profile);
    if let Some(password) = password {
        new = new.password(password);
    }
    let user = context.with_gatepass(Missing::Make, async |gp| Ok(gp.users().create(new).await?)).await?;
    if !has_password {
        context
            .output
            .note(format_args!("there is no password: `gatepass user password {}` sets one", user.username));
    }
    tell(context, "created", &user)
}

async fn set_password(context: &Context, name: &str, password_stdin: bool) -> Result<(), Stop> {
    let password: Option<Password> = if password_stdin {
        Some(input::password_from_stdin()?)
    } else if input::is_terminal() {
        input::password_from_terminal()?
    } else {
        None
    };
    let password = password.ok_or_else(|| {
        let text = "type one on a terminal, or send one to standard input with --password-stdin";
        Error::invalid("password", "password_required", text)
    })?;
    context
        .with_gatepass(Missing::Refuse, async |gp| Ok(gp.users().set_password(name, &password).await?))
        .await?;
    context.output.note(format_args!("set the password of {name}, who is signed out everywhere"));
    Ok(())
}

async fn change(context: &Context, name: &str, change: UserChange, done: &str) -> Result<(), Stop> {
    let user =
        context.with_gatepass(Missing::Refuse, async |gp| Ok(gp.users().update(name, change).await?)).await?;
    tell(context, done, &user)
}

async fn list(context: &Context, gp: &Gatepass) -> Result<(), Stop> {
    let users = gp.users().list().await?;
    if context.output.is_json() {
        return context.output.json(&users);
    }
    let rows: Vec<[Cell; 5]> = users
        .iter()
        .map(|user| {
            [
                (&user.username).into(),
                state(user),
                user.roles.join(", ").into(),
                full_name(user).into(),
                user.email.as_deref().unwrap_or_default().into(),
            ]
        })
        .collect();
    let mut stdout = buffered();
    Table::new(["USER", "STATE", "ROLES", "NAME", "E-MAIL"]).write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

async fn show(context: &Context, gp: &Gatepass, name: &str) -> Result<(), Stop> {
    let user = gp.users().get(name).await?;
    if context.output.is_json() {
        return context.output.json(&user);
    }
    let password = user.password_on.map_or_else(|| "none".to_owned(), |instant| format!("set {instant}"));
    let rows: [[Cell; 2]; 7] = [
        ["user".into(), (&user.username).into()],
        ["state".into(), state(&user)],
        ["roles".into(), user.roles.join(", ").into()],
        ["name".into(), full_name(&user).into()],
        ["e-mail".into(), user.email.as_deref().unwrap_or_default().into()],
        ["created".into(), user.created_on.to_string().into()],
        ["password".into(), password.into()],
    ];
    let mut stdout = buffered();
    Table::without_headers().write(&mut stdout, &rows)?;
    Ok(stdout.flush()?)
}

fn state(user: &User) -> Cell {
    match (user.active, user.password_on) {
        (false, _) => Cell::bad("disabled"),
        (true, None) => Cell::doubtful("no password"),
        (true, Some(_)) => Cell::good("active"),
    }
}

fn full_name(user: &User) -> String {
    let names = [user.first_name.as_deref(), user.last_name.as_deref()];
    names.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn tell(context: &Context, done: &str, user: &User) -> Result<(), Stop> {
    if context.output.is_json() {
        return context.output.json(user);
    }
    context.output.note(format_args!("{done} {}", user.username));
    Ok(())
}
