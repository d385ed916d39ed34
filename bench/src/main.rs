//! Measurements: what the host costs beside the same calls written by hand, and what it loses when it is killed.
//!
//! | room | purpose |
//! |---|---|
//! | `rows` | the table of `docs/benchmarks.md`, row by row |
//! | `faults` | the host killed and stopped while clients write |
//! | `limit` | the hand-written server that the host is compared with |
//! | `load`, `client` | the process that loads a server, and its HTTP over TLS |
//! | `compare` | servers under the same load in turns |
//! | `fill` | 100,000 tasks |
//! | `host`, `postgres` | the release `lignaflow` in a folder of its own, a database of its own |
//! | `packed` | plugins put together: code and descriptor in one file |
//! | `process`, `disk`, `machine` | what the system says |
//! | `report` | tables, and their part of the document |

mod client;
mod compare;
mod disk;
mod faults;
mod fill;
mod host;
mod limit;
mod load;
mod machine;
mod packed;
mod postgres;
mod process;
mod report;
mod rows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// As the host has: what is compared is what is done, not who hands out memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the release host beside the same calls written by hand
#[derive(Debug, Parser)]
#[command(name = "lignaflow-bench", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    rows: rows::Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Kill and stop a running host under load: nothing acknowledged may be lost
    Faults(faults::Options),
    /// Serve the measured calls, written by hand
    Limit(limit::Options),
    /// Load a server and print what came back
    Load(load::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        None => rows::main(&arguments.rows).map(|()| true),
        Some(Command::Faults(options)) => faults::main(options),
        Some(Command::Limit(options)) => limit::main(options).map(|()| true),
        Some(Command::Load(options)) => load::main(options).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("lignaflow-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
