//! What is read from standard input, or asked for on a terminal: secrets, passwords, a yes.

use std::fs::File;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use std::path::Path;

use gatepass::{Error, MAX_PASSWORD_LENGTH, MAX_SECRET_LENGTH, Password, Result};
use zeroize::Zeroizing;

use crate::fault::internal;
use crate::shown::shown;

/// A secret to be checked: a line of standard input, or of a terminal that does not show it. What is too long to be
/// one is cut off, and still too long.
pub(crate) fn secret() -> Result<Zeroizing<String>> {
    if io::stdin().is_terminal() {
        return prompt("Secret: ");
    }
    let bytes = read(2 * MAX_SECRET_LENGTH)?;
    // No secret has a character outside of ASCII, so what is not UTF-8 is none either way.
    Ok(Zeroizing::new(String::from_utf8_lossy(without_line_end(&bytes)).into_owned()))
}

/// A secret to be checked, in a file of one line.
pub(crate) fn secret_in(path: &Path) -> Result<Zeroizing<String>> {
    let opened = File::open(path).and_then(|file| read_from(file, 2 * MAX_SECRET_LENGTH));
    let bytes = opened.map_err(|error| {
        let text = format!("{} cannot be read: {error}", path.display());
        Error::invalid("jwtFile", "file_failed", text).with_cause(error)
    })?;
    Ok(Zeroizing::new(String::from_utf8_lossy(without_line_end(&bytes)).into_owned()))
}

/// A new password, from standard input.
pub(crate) fn password_from_stdin() -> Result<Password> {
    let bytes = read(4 * MAX_PASSWORD_LENGTH + 4)?;
    match std::str::from_utf8(without_line_end(&bytes)) {
        Ok(text) => Ok(Password::new(text)),
        Err(_) => Err(Error::invalid("password", "password_not_utf8", "a password is UTF-8 text")),
    }
}

/// A new password, typed twice; none where it is empty.
pub(crate) fn password_from_terminal() -> Result<Option<Password>> {
    let first = prompt("Password: ")?;
    if first.is_empty() {
        return Ok(None);
    }
    if *prompt("The same again: ")? != *first {
        return Err(Error::invalid("password", "passwords_differ", "the two are not the same"));
    }
    Ok(Some(Password::new(first.as_str())))
}

/// Whether somebody is there to be asked.
pub(crate) fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Goes on if `yes` was said beforehand, or somebody says it now.
///
/// # Errors
/// `confirmation_required` where there is nobody to ask, `not_confirmed` where the answer is no.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !is_terminal() {
        let text = "there is no terminal to ask on; say --yes if it shall be done";
        return Err(Error::invalid("yes", "confirmation_required", text));
    }
    write!(io::stderr(), "{} [y/N] ", shown(question)).ok();
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(unreadable)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Error::invalid("yes", "not_confirmed", "nothing was done"))
}

/// What is typed on the terminal and not shown; standard input is left alone, for it may be a secret to be checked.
///
/// # Errors
/// `missing` where nobody is there to be asked.
pub(crate) fn hidden(text: &str, missing: impl FnOnce() -> Error) -> Result<Zeroizing<String>> {
    if io::stderr().is_terminal() { prompt(text) } else { Err(missing()) }
}

/// A line that is typed.
///
/// # Errors
/// `missing` where nobody is there to be asked, or types nothing.
pub(crate) fn line(text: &str, missing: impl FnOnce() -> Error) -> Result<String> {
    let mut answer = String::new();
    if is_terminal() {
        write!(io::stderr(), "{text}").ok();
        io::stdin().lock().read_line(&mut answer).map_err(unreadable)?;
    }
    let answer = answer.trim();
    if answer.is_empty() { Err(missing()) } else { Ok(answer.to_owned()) }
}

fn prompt(text: &str) -> Result<Zeroizing<String>> {
    rpassword::prompt_password(text).map(Zeroizing::new).map_err(unreadable)
}

/// At the most so many bytes of standard input, in memory that is never moved: a copy left behind would not be wiped.
fn read(limit: usize) -> Result<Zeroizing<Vec<u8>>> {
    read_from(io::stdin().lock(), limit).map_err(unreadable)
}

fn read_from(from: impl io::Read, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
    from.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn unreadable(error: io::Error) -> Error {
    internal("standard input cannot be read").with_cause(error)
}
