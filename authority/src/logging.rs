//! What a program that runs an authority may log with: lines for people, or JSON.
//!
//! A line of a request has its id, its operation, the template of its path and never the path itself, whose segments
//! may be secrets; the status, how long it took, who asked from where, and the code of what was refused.

use std::io;

use gatepass::{Error, ErrorKind, Result};
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// How lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// Logs to standard error from now on: what `GATEPASS_LOG` says (`info`, `gatepass_authority=debug`, …), and `info`
/// where it says nothing.
///
/// # Errors
/// Conflict where this process logs already.
pub fn init(format: Format) -> Result<()> {
    let filter = EnvFilter::builder()
        .with_env_var("GATEPASS_LOG")
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    subscriber(format, filter, io::stderr).try_init().map_err(|error| {
        let text = "this process logs already";
        Error::new(ErrorKind::Conflict, "logging", text).with_cause(error)
    })
}

/// What [`init`] installs, to be used otherwise.
pub fn subscriber<W>(format: Format, filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Text => fmt::layer().with_ansi(false).with_writer(writer).boxed(),
        Format::Json => fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter))
}

pub use tracing_subscriber::EnvFilter as Filter;
