//! Inserting many rows in few statements: a statement costs more than a row does.

use std::fmt::Write as _;
use std::sync::OnceLock;

use super::location::Kind;

/// How many rows a statement takes, the most first: what is left over goes in with the next smaller ones. Few sizes,
/// so that their statements stay prepared.
const SIZES: [usize; 3] = [64, 8, 1];

/// An INSERT of any number of rows: `head (columns) VALUES (…), (…) tail`.
pub(crate) struct Insert {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    sqlite: Statements,
    postgres: Statements,
}

type Statements = [OnceLock<String>; SIZES.len()];

impl Insert {
    /// `head` ends before VALUES, `tail` follows the rows.
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self {
            head,
            columns,
            tail,
            sqlite: [const { OnceLock::new() }; SIZES.len()],
            postgres: [const { OnceLock::new() }; SIZES.len()],
        }
    }

    /// The rows in portions, each with the statement that inserts it.
    pub(crate) fn portions<'a, T>(
        &'static self,
        kind: Kind,
        mut rows: &'a [T],
    ) -> impl Iterator<Item = (&'static str, &'a [T])> {
        let statements = kind.choose(&self.sqlite, &self.postgres);
        std::iter::from_fn(move || {
            let (size, statement) = SIZES.iter().zip(statements).find(|(size, _)| **size <= rows.len())?;
            let (portion, rest) = rows.split_at_checked(*size)?;
            rows = rest;
            Some((statement.get_or_init(|| self.statement(kind, *size)).as_str(), portion))
        })
    }

    /// SQLite looks a numbered place up among all the others, so its places have no numbers.
    fn statement(&self, kind: Kind, rows: usize) -> String {
        let mut sql = format!("{} VALUES ", self.head);
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                let comma = if column == 0 { "" } else { ", " };
                let number = row * self.columns + column + 1;
                match kind {
                    Kind::Sqlite => write!(sql, "{comma}?"),
                    Kind::Postgres => write!(sql, "{comma}${number}"),
                }
                .ok(); // a String takes all
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
        let portions: Vec<_> = INSERT.portions(Kind::Postgres, &rows).collect();
        assert_eq!(portions.iter().map(|(_, rows)| rows.len()).collect::<Vec<_>>(), [64, 8, 1, 1]);
        assert_eq!(portions.iter().flat_map(|(_, rows)| *rows).copied().collect::<Vec<_>>(), rows);
        assert_eq!(portions[2].0, "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        assert!(portions[1].0.contains("($15, $16)") && !portions[1].0.contains("$17"));
        let (of_sqlite, _) = INSERT.portions(Kind::Sqlite, &rows).last().unwrap();
        assert_eq!(of_sqlite, "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING");
        assert_eq!(INSERT.portions(Kind::Sqlite, &[0; 0]).count(), 0);
    }
}
