//! Files that a program prints: committed so that people and editors can read them, and checked so that they are true.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::Fault;
use super::tree::Tree;
use crate::workspace::{Workspace, shown};

struct Generated {
    file: &'static str,
    printer: Printer,
    /// Checked where somebody has committed it, and otherwise not asked for.
    optional: bool,
}

enum Printer {
    /// An example of one of our crates.
    Example { package: &'static str, name: &'static str },
    /// A command of the server, its plugins inside.
    Server(&'static [&'static str]),
}

const FILES: &[Generated] = &[
    Generated {
        file: "docs/plugin.schema.json",
        printer: Printer::Example { package: "lignaflow-core", name: "schema" },
        optional: false,
    },
    Generated { file: "docs/openapi.json", printer: Printer::Server(&["openapi"]), optional: true },
];

pub(super) fn check(workspace: &Workspace, tree: &Tree, write: bool) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for Generated { file, printer, optional } in FILES {
        let present = tree.text(file);
        if *optional && present.is_none() {
            continue;
        }
        let mut command = printer.command(workspace);
        let by = shown(&command);
        let printed = command.output().with_context(|| format!("cannot start {by}"))?;
        if !printed.status.success() {
            let said = String::from_utf8_lossy(&printed.stderr);
            let last =
                said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it says nothing").to_owned();
            faults.push(Fault::whole(Path::new(file), format!("`{by}`, which prints it, fails: {last}")));
            continue;
        }
        let printed = String::from_utf8_lossy(&printed.stdout);
        if write && present != Some(&*printed) {
            fs::write(workspace.root.join(file), printed.as_bytes()).with_context(|| format!("cannot write {file}"))?;
        } else if let Some(line) = first_difference(present.unwrap_or_default(), &printed) {
            faults.push(Fault::new(
                *file,
                line,
                format!("is not what `{by}` prints; `cargo xtask tidy --write` renews it"),
            ));
        }
    }
    Ok(faults)
}

impl Printer {
    fn command(&self, workspace: &Workspace) -> Command {
        let mut cargo = workspace.cargo();
        cargo.args(["run", "--quiet", "--locked"]);
        match self {
            Self::Example { package, name } => {
                cargo.args(["--package", package, "--example", name]);
            }
            Self::Server(words) => {
                cargo.args(["--package", "lignaflow-server"]).args(crate::host::SHIPPED).arg("--").args(*words);
            }
        }
        cargo
    }
}

/// The first line that differs, from 1; line ends are git's business.
fn first_difference(present: &str, printed: &str) -> Option<usize> {
    let (mut present, mut printed) = (present.lines(), printed.lines());
    for line in 1.. {
        match (present.next(), printed.next()) {
            (None, None) => return None,
            (left, right) if left != right => return Some(line),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\r\nb\r\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
    }
}
