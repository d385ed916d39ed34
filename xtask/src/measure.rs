//! `cargo xtask bench` and `cargo xtask faults`: the release host under load, from a second process.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::host::{self, Profile};
use crate::needs::{Need, missing};
use crate::plugins;
use crate::postgres::{self, Postgres};
use crate::steps::Steps;
use crate::workspace::{Workspace, forget_this_package, status};

/// The address of a PostgreSQL whose superuser may make databases in it.
const POSTGRES: &str = "LIGNAFLOW_BENCH_POSTGRES";
/// The release `lignaflow`.
const SERVER: &str = "LIGNAFLOW_BENCH_SERVER";

pub(crate) fn bench(workspace: &Workspace, words: &[String]) -> Result<ExitCode> {
    measure(workspace, &[], words, "Measurements")
}

pub(crate) fn faults(workspace: &Workspace, words: &[String]) -> Result<ExitCode> {
    measure(workspace, &["faults"], words, "Faults")
}

fn measure(workspace: &Workspace, command: &[&str], words: &[String], name: &str) -> Result<ExitCode> {
    let words = words.strip_prefix(&["--".to_owned()]).unwrap_or(words);
    let mut steps = Steps::new(4);
    plugins::step(workspace, &mut steps)?;
    steps.step("Host, release", || host::compile(workspace, Profile::Release, &["lignaflow-bench", "lignaflow"]))?;
    let postgres = steps.step("PostgreSQL", || {
        let postgres = Postgres::start(POSTGRES)?;
        match &postgres {
            Some(server) => eprintln!("      {} at {}", server.version, server.url),
            None => missing(Need { for_what: "every row on PostgreSQL", ..postgres::NEED })?,
        }
        Ok(postgres)
    })?;
    steps.step(name, || {
        let mut bench = Command::new(host::program(workspace, Profile::Release, "lignaflow-bench"));
        bench.args(command).args(words).current_dir(&workspace.root);
        bench.env(SERVER, host::program(workspace, Profile::Release, "lignaflow"));
        if let Some(server) = &postgres {
            bench.env(POSTGRES, &server.url);
        }
        forget_this_package(&mut bench);
        let status = status(&mut bench)?;
        if !status.success() {
            bail!("lignaflow-bench ended with {status}");
        }
        Ok(())
    })?;
    println!("xtask: {} done after {}", name.to_lowercase(), steps.total());
    Ok(ExitCode::SUCCESS)
}
