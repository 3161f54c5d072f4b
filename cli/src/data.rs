//! What `gatepass rest …` and `gatepass scim …` have in common: results are JSON, an object a line, and so is what is read.

use std::io::{self, IsTerminal as _, Read, Write};

use gatepass::{ConnectOptions, Error, Result, names_secret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::args::Timeouts;
use crate::context::Context;
use crate::fault::Stop;
use crate::output::{buffered, write_json};
use crate::shown::shown_json;

/// How a data API is reached: its URL, and everything else.
///
/// # Errors
/// `url_required`; those of [`crate::remote::Remote::token`].
pub(crate) fn reached(
    context: &Context,
    url: Option<String>,
    names: (&str, &str),
    timeouts: &Timeouts,
) -> Result<(String, ConnectOptions)> {
    let url = url.filter(|url| !url.is_empty()).ok_or_else(|| {
        let text = format!("say where it is: --url URL, or {}", names.0);
        Error::invalid("url", "url_required", text)
    })?;
    let options = context.remote().token(names.1)?;
    Ok((url, timeouts.timeout.into_iter().fold(options, ConnectOptions::timeout)))
}

/// Results, a line each.
pub(crate) struct Lines {
    on_terminal: bool,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self { on_terminal: io::stdout().is_terminal() }
    }

    /// Whether there is a line for progress beside them: on a terminal they would write over each other.
    pub(crate) fn leaves_room(&self) -> bool {
        !self.on_terminal
    }

    pub(crate) fn write<T: Serialize>(&self, values: &[T]) -> Result<(), Stop> {
        let mut stdout = buffered();
        for value in values {
            if self.on_terminal {
                let mut line = Vec::new();
                write_json(&mut line, value)?;
                write!(stdout, "{}", shown_json(&String::from_utf8_lossy(&line)))?;
            } else {
                write_json(&mut stdout, value)?;
            }
            writeln!(stdout)?;
        }
        Ok(stdout.flush()?)
    }

    pub(crate) fn one<T: Serialize>(&self, value: &T) -> Result<(), Stop> {
        self.write(std::slice::from_ref(value))
    }
}

/// JSON values that come one after the other. An error says where, and does not quote: there may be a secret.
pub(crate) struct Values<R: Read> {
    values: serde_json::StreamDeserializer<'static, serde_json::de::IoRead<R>, Value>,
    read: u64,
}

impl<R: Read> Values<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { values: serde_json::Deserializer::from_reader(from).into_iter(), read: 0 }
    }

    /// The next one; none at the end.
    ///
    /// # Errors
    /// `input_malformed`.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let Some(value) = self.values.next() else { return Ok(None) };
        self.read += 1;
        let value = value.and_then(serde_json::from_value);
        value.map(Some).map_err(|_| {
            let text = format!("value {} is no JSON, or not of the form that is expected", self.read);
            Error::invalid("input", "input_malformed", text)
        })
    }
}

/// The one JSON value on standard input.
///
/// # Errors
/// `input_malformed`.
pub(crate) fn input<T: DeserializeOwned>() -> Result<T> {
    let mut values = Values::new(io::stdin().lock());
    let missing = || Error::invalid("input", "input_malformed", "expected JSON on standard input");
    let value = values.next()?.ok_or_else(missing)?;
    match values.next::<Value>()? {
        None => Ok(value),
        Some(_) => {
            Err(Error::invalid("input", "input_malformed", "expected one JSON value, and nothing behind it"))
        }
    }
}

/// Names and values that were said in pairs among the arguments, where others on this machine can read them.
///
/// # Errors
/// `secret_in_arguments`.
pub(crate) fn pairs(said: &[String]) -> Result<Vec<(&str, &str)>> {
    let (pairs, _) = said.as_chunks::<2>();
    let pairs: Vec<_> = pairs.iter().map(|[name, value]| (name.as_str(), value.as_str())).collect();
    if pairs.iter().any(|(name, _)| names_secret(name)) {
        let text = "a secret is never an argument, for others on this machine can read those; say the change in JSON on \
                    standard input";
        return Err(Error::invalid("arguments", "secret_in_arguments", text));
    }
    Ok(pairs)
}
