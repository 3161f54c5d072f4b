//! How far a long command is: a line that moves on a terminal, nothing elsewhere.

use gatepass::CopyProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// A line on standard error.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(output: Output) -> Self {
        let target =
            if output.is_json() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self(ProgressBar::with_draw_target(None, target))
    }

    /// Rows that were copied, of so many.
    pub(crate) fn copied(&self, now: CopyProgress) {
        if self.0.length() != Some(now.of) || self.0.message() != now.table {
            self.style("{msg:10} {wide_bar} {pos}/{len}");
            self.0.set_length(now.of);
            self.0.set_message(now.table);
        }
        self.0.set_position(now.done);
    }

    /// So many are done, of nobody knows how many.
    pub(crate) fn counted(&self, what: &'static str, count: u64) {
        if self.0.message() != what {
            self.style("{msg} {pos}");
            self.0.set_message(what);
        }
        self.0.set_position(count);
    }

    /// So many are done, of so many.
    pub(crate) fn counted_of(&self, what: &'static str, count: u64, of: u64) {
        if self.0.length() != Some(of) || self.0.message() != what {
            self.style("{msg} {wide_bar} {pos}/{len}");
            self.0.set_length(of);
            self.0.set_message(what);
        }
        self.0.set_position(count);
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
