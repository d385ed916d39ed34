//! What was measured, as a table for the terminal and as a part of `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::compare::{Figures, Ratio};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Short,
    /// Nothing was promised; it is shown for what it explains.
    Shown,
}

impl Verdict {
    pub(crate) fn at_least(value: f64, bar: f64) -> Self {
        if value >= bar { Self::Met } else { Self::Short }
    }

    pub(crate) fn at_most(value: f64, bar: f64) -> Self {
        if value <= bar { Self::Met } else { Self::Short }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Short => "SHORT",
            Self::Shown => "",
        }
    }
}

/// One thing that was measured, beside what was promised of it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) bar: String,
    pub(crate) verdict: Verdict,
}

impl Line {
    pub(crate) fn shown(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self { what: what.into(), measured: measured.into(), bar: String::new(), verdict: Verdict::Shown }
    }

    /// A rate as a share of the limit's.
    pub(crate) fn ratio(what: impl Into<String>, ratio: Ratio, bar: f64) -> Self {
        Self {
            what: what.into(),
            measured: shown(ratio),
            bar: format!("at least {bar}"),
            verdict: Verdict::at_least(ratio.median, bar),
        }
    }
}

pub(crate) fn shown(ratio: Ratio) -> String {
    format!("{:.2} of the limit ({:.2} to {:.2})", ratio.median, ratio.lowest, ratio.highest)
}

/// All servers that were compared under one call.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub(crate) what: String,
    pub(crate) figures: Vec<Figures>,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) lines: Vec<Line>,
    pub(crate) comparisons: Vec<Comparison>,
}

impl Report {
    pub(crate) fn is_short(&self) -> bool {
        self.lines.iter().any(|line| line.verdict == Verdict::Short)
    }

    fn lines_table(&self) -> Table {
        let mut table = Table::new(&["what", "measured", "bar", ""]);
        for line in &self.lines {
            table.row([line.what.clone(), line.measured.clone(), line.bar.clone(), line.verdict.word().to_owned()]);
        }
        table
    }

    fn comparisons_table(&self) -> Table {
        let mut table = Table::new(&[
            "call",
            "server",
            "connections",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "server µs",
            "PostgreSQL µs",
            "bytes",
        ]);
        let micros = |time: Option<f64>| time.map_or_else(String::new, |micros| format!("{micros:.0}"));
        for comparison in &self.comparisons {
            for (index, figures) in comparison.figures.iter().enumerate() {
                table.row([
                    if index == 0 { comparison.what.clone() } else { String::new() },
                    figures.name.to_owned(),
                    figures.connections.to_string(),
                    format!("{:.0}", figures.per_second),
                    format!("{:.2}", figures.p50 / 1e3),
                    format!("{:.2}", figures.p99 / 1e3),
                    micros(figures.computed),
                    micros(figures.database),
                    format!("{:.0}", figures.bytes),
                ]);
            }
        }
        table
    }

    fn facts_text(&self) -> String {
        let facts: Vec<String> = self.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        facts.join("; ")
    }

    pub(crate) fn print(&self) {
        println!("\n{}\n", self.facts_text());
        print!("{}", self.lines_table().plain());
        if !self.comparisons.is_empty() {
            println!();
            print!("{}", self.comparisons_table().plain());
        }
    }

    /// As a part of a document.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}.\n\n{}", self.facts_text(), self.lines_table().markdown());
        if !self.comparisons.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{}", self.comparisons_table().markdown());
        }
        text
    }
}

/// Puts text between the marks of a part of a document and leaves the rest as somebody wrote it.
pub(crate) fn write_part(document: &Path, part: &str, text: &str) -> Result<()> {
    let present = fs::read_to_string(document).with_context(|| format!("cannot read {}", document.display()))?;
    let renewed = with_part(&present, part, text)
        .with_context(|| format!("{} has no marks `<!-- {part} -->` and `<!-- /{part} -->`", document.display()))?;
    fs::write(document, renewed).with_context(|| format!("cannot write {}", document.display()))
}

fn with_part(document: &str, part: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- /{part} -->"));
    let from = document.find(&begin)? + begin.len();
    let to = from + document[from..].find(&end)?;
    Some(format!("{}\n{}\n{}", &document[..from], text.trim_end(), &document[to..]))
}

#[derive(Debug)]
struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|word| (*word).to_owned()).collect()] }
    }

    fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    fn plain(&self) -> String {
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        self.rows.iter().map(line).collect()
    }

    fn markdown(&self) -> String {
        let mut lines: Vec<String> = self.rows.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
        lines.insert(1, format!("|{}\n", "---|".repeat(self.rows[0].len())));
        lines.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_renewed_and_the_rest_stays() {
        let document = "Before.\n<!-- rows -->\nold\n<!-- /rows -->\nAfter.\n";
        let renewed = with_part(document, "rows", "new\n").unwrap();
        assert_eq!(renewed, "Before.\n<!-- rows -->\n\nnew\n<!-- /rows -->\nAfter.\n");
        assert_eq!(with_part(&renewed, "rows", "new").as_deref(), Some(&*renewed));
        assert_eq!(with_part(document, "faults", "new"), None);
    }

    #[test]
    fn a_table_is_drawn_both_ways() {
        let mut table = Table::new(&["what", "ratio"]);
        table.row(["list of 50".to_owned(), "0.9".to_owned()]);
        assert_eq!(table.plain(), "what        ratio\nlist of 50  0.9\n");
        assert_eq!(table.markdown(), "| what | ratio |\n|---|---|\n| list of 50 | 0.9 |\n");
    }
}
