//! `cargo xtask fuzz-api`: requests made from the API document, good ones and bad ones, on both databases.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::host::SHIPPED;
use crate::needs::missing;
use crate::plugins;
use crate::postgres::{self, Postgres};
use crate::steps::Steps;
use crate::workspace::{Workspace, in_path, succeed};

/// The program, and how many requests it makes of each operation in each phase.
const PROGRAM: &str = "LIGNAFLOW_SCHEMATHESIS";
const EXAMPLES: &str = "LIGNAFLOW_SCHEMATHESIS_EXAMPLES";
const ROLES: &str = "LIGNAFLOW_SCHEMATHESIS_ROLES";
/// As whom requests can be made: nobody, a token that reads, roles of the host and those that `projects` declares.
const KNOWN: [&str; 8] = ["owner", "admin", "member", "worker", "supervisor", "manager", "reader", "nobody"];
/// The address of a PostgreSQL whose superuser may make databases in it.
const POSTGRES: &str = "LIGNAFLOW_TEST_POSTGRES";

pub(crate) fn fuzz(workspace: &Workspace, words: &[String]) -> Result<ExitCode> {
    let (examples, roles) = match words {
        [count, roles @ ..] if count.parse::<u32>().is_ok_and(|count| count > 0) => (count.as_str(), roles),
        roles => ("30", roles),
    };
    if let Some(word) = roles.iter().find(|word| !KNOWN.contains(&word.as_str())) {
        bail!(
            "does not know what to do with {word}: a number of requests of each operation may follow, and roles: {}",
            KNOWN.join(", ")
        );
    }
    let roles = if roles.is_empty() { "owner,member,nobody".to_owned() } else { roles.join(",") };
    let named = std::env::var_os(PROGRAM).map(std::path::PathBuf::from).filter(|file| file.is_file());
    let program = named
        .or_else(|| in_path("schemathesis"))
        .context("needs schemathesis: `pipx install schemathesis`, or name it in LIGNAFLOW_SCHEMATHESIS")?;
    let mut steps = Steps::new(3);
    plugins::step(workspace, &mut steps)?;
    let postgres = steps.step("PostgreSQL", || {
        let postgres = Postgres::start(POSTGRES)?;
        if postgres.is_none() {
            missing(postgres::NEED)?;
        }
        Ok(postgres)
    })?;
    steps.step("Requests from the document", || {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--locked", "--workspace", "--test", "whole"]).args(SHIPPED);
        // One server after the other: what they print is read by people.
        cargo.args(["--", "--ignored", "--nocapture", "--test-threads", "1", "every_answer_is_as_the_document_says"]);
        cargo.env(PROGRAM, &program).env(EXAMPLES, examples).env(ROLES, &roles);
        if let Some(server) = &postgres {
            cargo.env(POSTGRES, &server.url);
        }
        succeed(&mut cargo)
    })?;
    println!("xtask: every answer is as the document says, after {}", steps.total());
    Ok(ExitCode::SUCCESS)
}
