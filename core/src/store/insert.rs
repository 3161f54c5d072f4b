//! Inserting many rows in few statements: a statement costs more than a row does.

use std::fmt::Write as _;
use std::sync::OnceLock;

/// How many rows a statement takes, the most first: what is left over goes in with the next smaller ones. Few sizes,
/// so that their statements stay prepared.
const SIZES: [usize; 3] = [64, 8, 1];

/// An INSERT of any number of rows: `head (columns) VALUES (…), (…) tail`.
pub(crate) struct Insert {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    statements: [OnceLock<String>; SIZES.len()],
}

impl Insert {
    /// `head` ends before VALUES, `tail` follows the rows.
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self { head, columns, tail, statements: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// The rows in portions, each with the statement that inserts it.
    pub(crate) fn portions<'a, T>(&'static self, mut rows: &'a [T]) -> impl Iterator<Item = (&'static str, &'a [T])> {
        std::iter::from_fn(move || {
            let (size, statement) = SIZES.iter().zip(&self.statements).find(|(size, _)| **size <= rows.len())?;
            let (portion, rest) = rows.split_at_checked(*size)?;
            rows = rest;
            Some((statement.get_or_init(|| self.statement(*size)).as_str(), portion))
        })
    }

    fn statement(&self, rows: usize) -> String {
        let mut sql = format!("{} VALUES ", self.head);
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                let comma = if column == 0 { "" } else { ", " };
                write!(sql, "{comma}${}", row * self.columns + column + 1).ok(); // a String takes all
            }
            sql.push(')');
        }
        sql.push(' ');
        sql.push_str(self.tail);
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_with_as_few_statements_as_there_are_sizes_for() {
        static INSERT: Insert = Insert::new("INSERT INTO t (a, b)", 2, "ON CONFLICT DO NOTHING");
        let rows: Vec<usize> = (0..74).collect();
        let portions: Vec<_> = INSERT.portions(&rows).collect();
        assert_eq!(portions.iter().map(|(_, rows)| rows.len()).collect::<Vec<_>>(), [64, 8, 1, 1]);
        assert_eq!(portions.iter().flat_map(|(_, rows)| *rows).copied().collect::<Vec<_>>(), rows);
        assert_eq!(portions[2].0, "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        assert!(portions[1].0.contains("($15, $16)") && !portions[1].0.contains("$17"));
        assert_eq!(INSERT.portions(&[0; 0]).count(), 0);
    }
}
