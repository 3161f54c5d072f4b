//! The first start: a store without users gets one who may do everything.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use gatepass::{Acting, Actor, Error, ErrorKind, Gatepass, Location, NewUser, Password, Result};
use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::AdminPassword;
use crate::key::{beside, write_private};

const ADMIN: &str = "admin";
const ROLE: &str = "Directory Administrator";

/// Makes the user, where the store has none at all.
pub(crate) async fn make_admin(gatepass: &Gatepass, source: &AdminPassword) -> Result<()> {
    if matches!(source, AdminPassword::NoUser) || !gatepass.users().list().await?.is_empty() {
        return Ok(());
    }
    let generated = match source {
        AdminPassword::Given(_) => None,
        _ => Some(generate()?),
    };
    let password = match (source, &generated) {
        (AdminPassword::Given(password), _) => password.clone(),
        (_, Some(text)) => Password::new(text.as_str()),
        (_, None) => return Ok(()),
    };
    let owner = gatepass.acting(Acting::new(Actor::Owner("first-start".to_owned())));
    // Where nobody would see it, it is written down before it is in force, so that it cannot be lost; under its name
    // only then, so that of two authorities that start at once the later one does not overwrite it.
    let terminal = std::io::stderr().is_terminal();
    let draft = match &generated {
        Some(text) if !terminal => Some(write(gatepass, text)?),
        _ => None,
    };
    let made = owner.users().create(NewUser::new(ADMIN).role(ROLE).password(password)).await;
    match made {
        Ok(_) => {
            let file = draft.as_deref().map(|draft| publish(gatepass, draft)).transpose()?;
            tell(generated.as_deref().map(String::as_str), file.as_deref())
        }
        Err(error) => {
            if let Some(draft) = &draft {
                std::fs::remove_file(draft).ok();
            }
            // Another authority on this store was first.
            if error.code() == "name_taken" { Ok(()) } else { Err(error.with_field("adminPassword")) }
        }
    }
}

fn tell(generated: Option<&str>, file: Option<&Path>) -> Result<()> {
    match (generated, file) {
        (Some(_), Some(path)) => {
            tracing::warn!(file = %path.display(), "the user admin was made; the password is in this file");
        }
        (Some(text), None) => {
            let mut terminal = std::io::stderr().lock();
            let lines = format!("The user admin was made. Its password, shown only now:\n\n    {text}\n\n");
            terminal.write_all(lines.as_bytes()).map_err(|error| {
                Error::new(ErrorKind::Internal, "terminal", "the password cannot be shown").with_cause(error)
            })?;
        }
        (None, _) => tracing::info!("the user admin was made, with the password that was given"),
    }
    Ok(())
}

/// Letters and digits that nobody takes for one another; 32 of them, so that none is likelier than others.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// 160 random bits.
fn generate() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 20]);
    SysRng.try_fill_bytes(bytes.as_mut_slice()).map_err(|error| {
        Error::new(ErrorKind::Internal, "no_randomness", "the system has no random numbers").with_cause(error)
    })?;
    let mut text = Zeroizing::new(String::with_capacity(39));
    for (at, chunk) in bytes.as_chunks::<5>().0.iter().enumerate() {
        if at > 0 {
            text.push('-');
        }
        let number = chunk.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let letters = (0..8).filter_map(|place| LETTERS.get((number >> (5 * place) & 31) as usize));
        text.extend(letters.map(|letter| char::from(*letter)));
    }
    Ok(text)
}

fn file_for(gatepass: &Gatepass) -> PathBuf {
    match gatepass.location().and_then(Location::path) {
        Some(store) => beside(store, ".admin-password"),
        None => PathBuf::from("gatepass.admin-password"),
    }
}

fn write(gatepass: &Gatepass, text: &str) -> Result<PathBuf> {
    let draft = beside(&file_for(gatepass), &format!(".{}", std::process::id()));
    write_private(&draft, text).map_err(|error| unwritable(&draft, error))?;
    Ok(draft)
}

fn publish(gatepass: &Gatepass, draft: &Path) -> Result<PathBuf> {
    let file = file_for(gatepass);
    std::fs::rename(draft, &file).map_err(|error| unwritable(draft, error))?;
    Ok(file)
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    let text = format!("{}: the first password cannot be written: {error}", path.display());
    Error::new(ErrorKind::Storage, "admin_password_file", text).with_cause(error)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_generated_password_is_long_and_never_the_same() {
        let (one, other) = (super::generate().unwrap(), super::generate().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 35);
        assert!(one.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
    }
}
