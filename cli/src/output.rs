//! Standard output for results, standard error for what people are told.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use serde::Serialize;

use crate::fault::internal;
use crate::shown::shown;

/// The form of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

impl Format {
    /// The form that is asked for, found without understanding the rest: an error in the arguments has a form too.
    pub(crate) fn asked_in(arguments: &[OsString]) -> Self {
        let json = Some(OsStr::new("json"));
        let mut arguments = arguments.iter().map(OsString::as_os_str);
        while let Some(argument) = arguments.next() {
            let value = if argument == "--output" { arguments.next() } else { None };
            if value == json || argument == "--output=json" {
                return Self::Json;
            }
        }
        Self::Table
    }
}

/// Where a command writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) format: Format,
}

#[expect(clippy::unused_self, reason = "where things are written is this type's to know")]
impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// One JSON value, on a line of its own.
    pub(crate) fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<(), crate::fault::Stop> {
        let mut stdout = buffered();
        write_json(&mut stdout, value)?;
        writeln!(stdout)?;
        Ok(stdout.flush()?)
    }

    /// Tells people something. Programs that asked for JSON are told by the result alone.
    pub(crate) fn note(self, text: fmt::Arguments<'_>) {
        if !self.is_json() {
            self.warn(text);
        }
    }

    /// Tells people and programs something that they must not miss.
    pub(crate) fn warn(self, text: fmt::Arguments<'_>) {
        writeln!(io::stderr(), "{}", shown(&text.to_string())).ok();
    }
}

/// Standard output, to be flushed at the end. It is written through this and never by `println!`, which panics when
/// its reader goes away.
pub(crate) fn buffered() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

pub(crate) fn write_json<T: Serialize + ?Sized>(
    to: &mut impl Write,
    value: &T,
) -> Result<(), crate::fault::Stop> {
    serde_json::to_writer(to, value).map_err(|error| match error.io_error_kind() {
        Some(kind) => io::Error::from(kind).into(),
        None => internal("the result cannot be written as JSON").into(),
    })
}

/// Whether colours are wanted there: on a terminal that has them, unless `NO_COLOR` says otherwise.
pub(crate) fn colored(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_error_is_known_before_the_arguments_are() {
        let asked = |text: &str| Format::asked_in(&text.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(asked("gatepass token list --output json"), Format::Json);
        assert_eq!(asked("gatepass --output=json nonsense"), Format::Json);
        assert_eq!(asked("gatepass token show json"), Format::Table);
        assert_eq!(asked("gatepass --output table token show --output"), Format::Table);
    }
}
