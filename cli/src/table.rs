//! Columns for people. Rows may come a batch at a time, so that a long list needs no memory: a column is as wide as
//! the rows so far.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::output::colored;
use crate::shown::shown;

/// A column is not made wider than this for the sake of one long text, which then sticks out.
const WIDEST: usize = 48;

/// A text, and how it stands out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn good(text: impl AsRef<str>) -> Self {
        Self { style: AnsiColor::Green.on_default(), ..text.as_ref().into() }
    }

    pub(crate) fn doubtful(text: impl AsRef<str>) -> Self {
        Self { style: AnsiColor::Yellow.on_default(), ..text.as_ref().into() }
    }

    pub(crate) fn bad(text: impl AsRef<str>) -> Self {
        Self { style: AnsiColor::Red.on_default(), ..text.as_ref().into() }
    }
}

/// What a cell holds is somebody's text until it is made one: here it loses what a terminal would obey.
impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: shown(text.as_ref()).to_string(), style: Style::new() }
    }
}

/// Columns under headers.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    headers: Option<[&'static str; N]>,
    widths: [usize; N],
    color: bool,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(headers: [&'static str; N]) -> Self {
        Self { headers: Some(headers), ..Self::without_headers() }
    }

    pub(crate) fn without_headers() -> Self {
        Self { headers: None, widths: [0; N], color: colored(&io::stdout()) }
    }

    /// Writes these rows, and the headers before the first.
    pub(crate) fn write(&mut self, to: &mut impl Write, rows: &[[Cell; N]]) -> io::Result<()> {
        let headers = self
            .headers
            .take()
            .map(|headers| headers.map(|text| Cell { style: Style::new().bold(), ..Cell::from(text) }));
        for row in headers.iter().chain(rows) {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width().min(WIDEST));
            }
        }
        headers.iter().chain(rows).try_for_each(|row| self.line(to, row))
    }

    fn line(&self, to: &mut impl Write, row: &[Cell; N]) -> io::Result<()> {
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or_default();
        for (at, (width, cell)) in self.widths.iter().zip(row).take(last + 1).enumerate() {
            let style = if self.color { cell.style } else { Style::new() };
            write!(to, "{style}{}{style:#}", cell.text)?;
            if at < last {
                write!(to, "{:1$}", "", width.saturating_sub(cell.text.width()) + 2)?;
            }
        }
        writeln!(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_is_seen_of_a_text() {
        let mut table = Table::new(["NAME", "API"]);
        table.color = false;
        let mut out = Vec::new();
        table
            .write(&mut out, &[["夜".into(), "rest".into()], ["\u{1b}[2J".into(), Cell::default()]])
            .unwrap();
        table.write(&mut out, &[["a".into(), "scim".into()]]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines, ["NAME       API", "夜         rest", r"\u{1b}[2J", "a          scim"]);
    }
}
