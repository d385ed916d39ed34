//! What an import comes to: how many of what, totals that must foot, and every row of which something is to be said.

use std::fmt::Write as _;

/// What becomes of a row of which something is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It, or something of it, does not come along.
    Left,
    /// It comes otherwise than it was.
    Changed,
    /// It comes as it was; somebody should know.
    Note,
}

impl Weight {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Left => "left out",
            Self::Changed => "changed",
            Self::Note => "note",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub weight: Weight,
    pub table: &'static str,
    pub row: String,
    pub column: &'static str,
    pub what: String,
}

/// Rows of a table, and how many of them come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub what: String,
    pub before: usize,
    pub after: usize,
}

/// A sum on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    pub what: String,
    pub before: String,
    pub after: String,
    /// Where they differ, what lies between, to the last unit.
    pub between: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub title: String,
    pub counts: Vec<Count>,
    pub totals: Vec<Total>,
    pub findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn find(
        &mut self,
        weight: Weight,
        table: &'static str,
        row: impl std::fmt::Display,
        column: &'static str,
        what: impl Into<String>,
    ) {
        self.findings.push(Finding { weight, table, row: row.to_string(), column, what: what.into() });
    }

    pub(crate) fn count(&mut self, what: impl Into<String>, before: usize, after: usize) {
        self.counts.push(Count { what: what.into(), before, after });
    }

    pub(crate) fn total(&mut self, what: &str, before: String, after: String, between: String) {
        self.totals.push(Total { what: what.to_owned(), before, after, between });
    }

    /// As a terminal shows it.
    pub fn tell(&self) -> String {
        let mut told = format!("{}\n", self.title);
        // Writing to a string cannot fail.
        for Count { what, before, after } in &self.counts {
            let _ = writeln!(told, "  {what:<34} {before:>9}  ->  {after:>9}");
        }
        for Total { what, before, after, between } in &self.totals {
            let _ = writeln!(told, "  {what:<34} {before:>15}  ->  {after:>15}");
            if !between.is_empty() {
                let _ = writeln!(told, "  {:<34} {between}", "");
            }
        }
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by_key(|finding| (finding.weight, finding.table));
        for Finding { weight, table, row, column, what } in findings {
            let row = if row.is_empty() { String::new() } else { format!(" {row}") };
            let at = if column.is_empty() { String::new() } else { format!(", {column}") };
            let _ = writeln!(told, "  {}: {table}{row}{at}: {what}", weight.word());
        }
        told
    }
}
