//! Rows of text in columns, for a terminal.

/// On which side of its column a cell stands.
#[derive(Clone, Copy)]
pub(crate) enum Align {
    Left,
    Right,
}

/// One line for each row, each column as wide as its widest cell.
pub(crate) fn render<const N: usize>(columns: [Align; N], rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(columns).zip(widths).map(|((cell, align), width)| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["name", "µs", "note"], ["check", "1.25", ""], ["a", "130", "slow"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        let text = render([Align::Left, Align::Right, Align::Left], &rows);
        assert_eq!(text, "name     µs  note\ncheck  1.25\na       130  slow");
    }
}
