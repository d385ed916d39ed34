//! `cargo xtask test`: everything, on everything the machine has.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::browser;
use crate::host::SHIPPED;
use crate::needs::missing;
use crate::plugins;
use crate::postgres::{self, Postgres};
use crate::steps::Steps;
use crate::workspace::{Workspace, output, status};

/// The address of a PostgreSQL whose superuser may make databases in it.
const POSTGRES: &str = "LIGNAFLOW_TEST_POSTGRES";

pub(crate) fn test(workspace: &Workspace, filters: &[String]) -> Result<ExitCode> {
    if let Some(flag) = filters.iter().find(|word| word.starts_with('-')) {
        bail!("does not know what to do with {flag}: only parts of tests' names may follow");
    }
    let runner = Runner::of(workspace);
    let mut steps = Steps::new(4);
    plugins::step(workspace, &mut steps)?;

    // What is missing is told before the long part, and stops it where it is required.
    let (postgres, browser) = steps.step("PostgreSQL and browser", || {
        let postgres = Postgres::start(POSTGRES)?;
        match &postgres {
            Some(server) => eprintln!("      {} at {}", server.version, server.url),
            None => missing(postgres::NEED)?,
        }
        let browser = browser::find();
        match &browser {
            Some(found) => eprintln!("      {} by {}", found.chromium.display(), found.driver.display()),
            None => missing(browser::NEED)?,
        }
        Ok((postgres, browser))
    })?;
    let surroundings = |cargo: &mut Command| {
        if let Some(server) = &postgres {
            cargo.env(POSTGRES, &server.url);
        }
        if let Some(found) = &browser {
            cargo.env(browser::CHROMIUM, &found.chromium).env(browser::DRIVER, &found.driver);
        }
    };

    // All of it runs even where some of it fails, so that one run shows every fault.
    let host =
        steps.step("Tests of the host", || runner.run(workspace, Workspace::cargo, &SHIPPED, filters, surroundings));
    let guests = steps.step("Tests of the plugins and the SDK", || {
        runner.run(workspace, Workspace::plugins_cargo, &[], filters, |_| {})
    });
    let part = |name: &str, result: &Result<()>| match result {
        Ok(()) => format!("{name} passed"),
        Err(error) => format!("{name} FAILED ({error:#})"),
    };
    println!(
        "xtask test: {}; {}; PostgreSQL {}; browser {}; {}",
        part("host", &host),
        part("plugins", &guests),
        if postgres.is_some() { "tested" } else { "SKIPPED" },
        if browser.is_some() { "tested" } else { "SKIPPED" },
        steps.total(),
    );
    Ok(if host.is_ok() && guests.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Clone, Copy, Debug)]
enum Runner {
    /// A process a test, more than one binary at once; it leaves documentation's examples out.
    Nextest,
    Cargo,
}

impl Runner {
    fn of(workspace: &Workspace) -> Self {
        match output(workspace.cargo().args(["nextest", "--version"])) {
            Some(_) => Self::Nextest,
            None => Self::Cargo,
        }
    }

    fn run(
        self,
        workspace: &Workspace,
        cargo: impl Fn(&Workspace) -> Command,
        features: &[&str],
        filters: &[String],
        surroundings: impl Fn(&mut Command),
    ) -> Result<()> {
        let bounds = format!("xtask:{}", workspace.root.join("xtask/nextest.toml").display());
        let calls: &[&[&str]] = match self {
            Self::Nextest => &[&["nextest", "run", "--no-tests=pass"], &["test", "--doc"]],
            Self::Cargo => &[&["test"]],
        };
        let mut failed = Vec::new();
        for words in calls {
            let mut cargo = cargo(workspace);
            cargo.args(*words).args(["--no-fail-fast", "--locked", "--workspace"]).args(features);
            if words.contains(&"nextest") {
                cargo.args(["--tool-config-file", &bounds]);
            }
            cargo.arg("--").args(filters);
            surroundings(&mut cargo);
            if !status(&mut cargo)?.success() {
                failed.push(format!("cargo {}", words.join(" ")));
            }
        }
        if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join(" and ")) }
    }
}
