//! `cargo xtask`: what builds, runs, tests, measures and checks LignaFlow.
//!
//! | room | purpose |
//! |---|---|
//! | `workspace` | where things are, and cargo called in each of the two workspaces |
//! | `steps` | what is printed while it works |
//! | `target` | the wasm target of the pinned toolchain |
//! | `plugins`, `pack`, `manifest` | guests built for wasm32-wasip2 and packed into one file each |
//! | `host` | the `lignaflow` program, built and started |
//! | `postgres`, `browser`, `needs` | what tests ask of the machine, and what happens where it is missing |
//! | `suite` | `cargo xtask test` |
//! | `fuzz` | `cargo xtask fuzz-api` |
//! | `measure` | `cargo xtask bench` and `cargo xtask faults` |
//! | `tidy` | the checks that are neither the compiler's nor clippy's |

mod browser;
mod fuzz;
mod host;
mod manifest;
mod measure;
mod needs;
mod pack;
mod plugins;
mod postgres;
mod steps;
mod suite;
mod target;
mod tidy;
mod workspace;

use std::iter::once;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::host::Profile;
use crate::workspace::Workspace;

/// Every command, in the order of the help. `tidy` reads it to check the commands that documents print.
pub(crate) const COMMANDS: &[(&str, &str, &str)] = &[
    ("run", "[--release] [-- ARGS]", "build the plugins and the host, then `lignaflow serve ARGS`"),
    ("build", "", "leave target/release/lignaflow with the shipped plugins inside"),
    ("plugins", "", "build the plugins and pack them into plugins/dist"),
    ("test", "[FILTER…]", "every test: host, plugins, both databases, the browser"),
    ("bench", "[ARGS]", "measure against the hand-written limit"),
    ("faults", "[ARGS]", "kill a running host under load; nothing acknowledged may be lost"),
    ("fuzz-api", "[REQUESTS] [ROLE]...", "requests made from the API document, held against it (needs schemathesis)"),
    ("tidy", "[--write]", "layering, file length, documents, generated files (--write renews those)"),
];

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() || matches!(words[0].as_str(), "help" | "-h" | "--help") {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let command = words.remove(0);
    match dispatch(&command, &words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, words: &[String]) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        "run" => host::run(&workspace, words),
        "build" => {
            takes_nothing(words)?;
            host::build(&workspace, Profile::Release)
        }
        "plugins" => {
            takes_nothing(words)?;
            plugins::only(&workspace)
        }
        "test" => suite::test(&workspace, words),
        "bench" => measure::bench(&workspace, words),
        "faults" => measure::faults(&workspace, words),
        "fuzz-api" => fuzz::fuzz(&workspace, words),
        "tidy" => tidy::tidy(&workspace, words),
        unknown => bail!("there is no such command: {unknown}\n\n{}", usage()),
    }
}

fn takes_nothing(words: &[String]) -> Result<()> {
    match words.first() {
        Some(word) => bail!("does not know what to do with {word}"),
        None => Ok(()),
    }
}

fn usage() -> String {
    let lines = COMMANDS.iter().map(|(name, arguments, what)| {
        let call = format!("{name} {arguments}");
        format!("  {call:<27} {what}\n")
    });
    once(String::from("cargo xtask COMMAND\n\n")).chain(lines).collect()
}
