//! `cargo xtask tidy`: what neither the compiler nor clippy checks. Every fault is found before any is printed, each
//! with its place, so that one run shows all there is to do.
//!
//! | room | rule |
//! |---|---|
//! | `layers` | which crate may see which, and who alone may see SQL, WebAssembly and HTTP |
//! | `sources` | length of files, unfinished work, SQL and floats where they do not belong |
//! | `documents` | commands that README.md and docs/ print exist |
//! | `settings` | environment variables that they name exist |
//! | `migrations` | the same steps for both databases |
//! | `lock` | one TLS provider |
//! | `generated` | files that a program prints are what it prints |

mod documents;
mod generated;
mod layers;
mod lock;
mod migrations;
mod settings;
mod shell;
mod sources;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use tree::Tree;

/// A rule that does not hold, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    file: PathBuf,
    /// From 1; 0 where it is about the file as a whole.
    line: usize,
    what: String,
}

impl Fault {
    fn new(file: impl Into<PathBuf>, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.into(), line, what: what.into() }
    }

    fn whole(file: &Path, what: impl Into<String>) -> Self {
        Self::new(file, 0, what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(out, "{}:", self.line)?;
        }
        write!(out, " {}", self.what)
    }
}

pub(crate) fn tidy(workspace: &Workspace, words: &[String]) -> Result<ExitCode> {
    let write = match words {
        [] => false,
        [word] if word == "--write" => true,
        [word, ..] => bail!("does not know what to do with {word}"),
    };
    let tree = Tree::read(&workspace.root)?;
    let mut faults = layers::check(&tree);
    faults.extend(sources::check(&tree));
    faults.extend(documents::check(workspace, &tree));
    faults.extend(settings::check(&tree));
    faults.extend(migrations::check(&tree));
    faults.extend(lock::check(workspace, &tree));
    faults.extend(generated::check(workspace, &tree, write)?);
    faults.sort();
    for fault in &faults {
        println!("{fault}");
    }
    match faults.len() {
        0 => {
            println!("xtask tidy: {} files, no fault", tree.len());
            Ok(ExitCode::SUCCESS)
        }
        count => {
            println!("xtask tidy: {count} {}", if count == 1 { "fault" } else { "faults" });
            Ok(ExitCode::FAILURE)
        }
    }
}
