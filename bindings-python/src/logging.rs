//! What the core has to say, said to `logging.getLogger("gatepass")`.

use std::fmt::{self, Write as _};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// Hands events on to Python. The libraries beneath have their own words, which are not for a user of this one.
struct ToPython;

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && metadata.target().split("::").next() == Some("gatepass")
}

impl Subscriber for ToPython {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_ours(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let level = level(*event.metadata().level());
        // What cannot be logged, for the interpreter is on its way out, is not worth a failure.
        Python::try_attach(|py| log(py, level, &text)).transpose().ok();
    }
}

fn log(py: Python<'_>, level: u8, text: &Text) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", ("gatepass",))?;
    if !logger.call_method1("isEnabledFor", (level,))?.is_truthy()? {
        return Ok(());
    }
    let extra = PyDict::new(py);
    extra.set_item("gatepass", &text.fields)?;
    let options = PyDict::new(py);
    options.set_item("extra", extra)?;
    logger.call_method("log", (level, "%s", text.whole()), Some(&options)).map(drop)
}

/// As Python numbers them; what it has no word for counts as DEBUG.
fn level(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        _ => 10,
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Text {
    fn whole(&self) -> String {
        let mut whole = self.message.clone();
        for (name, value) in &self.fields {
            write!(whole, " {name}={value}").ok();
        }
        whole
    }

    fn add(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else {
            self.fields.push((field.name(), value));
        }
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }
}

/// From now on. Where a second copy of this library has done so, nothing is left to do.
pub(crate) fn begin() {
    tracing::subscriber::set_global_default(ToPython).ok();
}
