//! How a command ends: its exit status, and what is said of an error.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use gatepass::{Error, ErrorKind};
use serde_json::json;

use crate::output::{Format, colored};
use crate::shown::shown;

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Done,
    /// The answer is no: access is denied, or faults were found.
    No,
}

impl Outcome {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::No => ExitCode::from(1),
        }
    }
}

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something failed.
    Failed(Error),
    /// The arguments are none of ours, or ask for help.
    Usage(clap::Error),
    /// Whoever read standard output has had enough.
    Unread,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<clap::Error> for Stop {
    fn from(error: clap::Error) -> Self {
        // A value that one of core's readers refused has core's own error beneath it.
        let ours = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Error>());
        match ours {
            Some(ours) => Self::Failed(ours.clone()),
            None => Self::Usage(error),
        }
    }
}

/// Nothing but standard output is written where this conversion is used.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Unread } else { Self::Failed(unwritten(error)) }
    }
}

/// The error of a standard output that cannot be written.
pub(crate) fn unwritten(error: io::Error) -> Error {
    let text = format!("standard output cannot be written: {error}");
    Error::new(ErrorKind::Unavailable, "output_failed", text).with_cause(error)
}

pub(crate) fn internal(text: &'static str) -> Error {
    Error::new(ErrorKind::Internal, "program_failed", text)
}

impl Stop {
    /// Says on standard error why, and gives the exit status.
    pub(crate) fn report(self, format: Format) -> ExitCode {
        match self {
            Self::Unread => return ExitCode::SUCCESS,
            Self::Usage(error) if !error.use_stderr() => {
                error.print().ok();
                return ExitCode::SUCCESS;
            }
            Self::Usage(error) => report_usage(&error, format),
            Self::Failed(error) => report_error(&error, format),
        }
        ExitCode::from(2)
    }
}

fn report_error(error: &Error, format: Format) {
    let message = message(error);
    let mut stderr = io::stderr().lock();
    if format == Format::Json {
        let mut object = json!({
            "kind": error.kind().as_str(),
            "code": error.code(),
            "message": message,
            "field": error.field(),
            "retryable": error.retryable(),
        });
        if let (Some(id), Some(members)) = (error.request_id(), object.as_object_mut()) {
            members.insert("requestId".to_owned(), id.into());
        }
        if let (Some(incomplete), Some(members)) = (error.incomplete(), object.as_object_mut()) {
            let cut = json!({"count": incomplete.count, "cookie": incomplete.cookie});
            members.insert("incomplete".to_owned(), cut);
        }
        writeln!(stderr, "{object}").ok();
        return;
    }
    let label = label(&stderr);
    writeln!(stderr, "{label}error:{label:#} {}", shown(&message)).ok();
    writeln!(stderr, "  code: {}", shown(error.code())).ok();
    if let Some(field) = error.field() {
        writeln!(stderr, "  field: {}", shown(field)).ok();
    }
    if let Some(incomplete) = error.incomplete() {
        writeln!(stderr, "  count: {}", incomplete.count).ok();
    }
    if let Some(id) = error.request_id() {
        writeln!(stderr, "  request: {}", shown(id)).ok();
    }
}

/// The error's text without its field, which is said beside it, and with what lay beneath where that is ours: other
/// libraries' texts may quote what is secret.
fn message(error: &Error) -> String {
    let text = error.to_string();
    let text = match error.field().and_then(|field| text.strip_prefix(field)?.strip_prefix(": ")) {
        Some(bare) => bare.to_owned(),
        None => text,
    };
    match error.cause().and_then(|cause| cause.downcast_ref::<Error>()) {
        Some(cause) => format!("{text} ({cause})"),
        None => text,
    }
}

fn report_usage(error: &clap::Error, format: Format) {
    let mut stderr = io::stderr().lock();
    if format == Format::Json {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let kind = ErrorKind::InvalidInput;
        let object = json!({
            "kind": kind.as_str(), "code": "usage", "message": message, "field": null, "retryable": kind.retryable(),
        });
        writeln!(stderr, "{object}").ok();
        return;
    }
    let text = if colored(&stderr) { error.render().ansi().to_string() } else { error.render().to_string() };
    write!(stderr, "{text}").ok();
    writeln!(stderr, "  code: usage").ok();
}

fn label(stderr: &io::StderrLock<'_>) -> Style {
    if colored(stderr) { AnsiColor::Red.on_default().bold() } else { Style::new() }
}
