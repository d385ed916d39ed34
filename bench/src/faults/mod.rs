//! `lignaflow-bench faults`: the release host is killed, and stopped, while clients write. Nothing that it acknowledged
//! may be missing afterwards.
//!
//! | file | holds |
//! |---|---|
//! | [`writers`] | clients that write and remember what they were answered |
//! | [`ledger`] | what the database holds in the end, read beside the host |
//! | [`kill`] | `kill -9`, again and again |
//! | [`stop`] | SIGTERM under load |
//! | [`leave`] | clients that leave in the middle of a write |
//! | [`guests`] | whom to call among guests that misbehave, and what must come of it |
//! | [`hostile`] | guests that misbehave beside honest traffic, and plugins switched under load |

mod guests;
mod hostile;
mod kill;
mod leave;
mod ledger;
mod stop;
mod writers;

use std::path::Path;

use anyhow::Result;
use clap::{Args, ValueEnum};
use uuid::Uuid;

use crate::host::Host;
use crate::machine;
use crate::postgres::Postgres;
use crate::report::{Line, Report, write_part};

const DOCUMENT: &str = "docs/benchmarks.md";

/// Clients that write at once.
const WRITERS: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often each database's host is killed; the bar says 200
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How often it is stopped under load
    #[arg(long, default_value_t = 3)]
    stops: u32,
    /// How many clients leave in the middle of a write
    #[arg(long, default_value_t = 10_000)]
    leavers: u32,
    /// How often each hostile guest is called beside honest traffic; the bar says 1,000
    #[arg(long, default_value_t = 1_000)]
    hostile: u32,
    /// How often a plugin is switched under load
    #[arg(long, default_value_t = 1_000)]
    swaps: u32,
    /// Only the guests that misbehave and the switches
    #[arg(long, conflicts_with = "only")]
    guests: bool,
    /// Of the guests and the files, only those in whose line this stands; writes no document
    #[arg(long, requires = "guests")]
    of: Option<String>,
    /// Only this database
    #[arg(long, value_enum)]
    only: Option<Database>,
    /// Print what was seen and write no document
    #[arg(long)]
    dry: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Fails where something was lost or a bar was missed.
pub(crate) fn main(options: &Options) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut short = false;
    if !options.guests {
        let report = runtime.block_on(killed(options))?;
        short |= told(options, &report, "faults")?;
    }
    if options.only.is_none() && (options.hostile > 0 || options.swaps > 0) {
        let mut report = Report { facts: machine::facts(), ..Report::default() };
        runtime.block_on(hostile::guests(options.hostile, options.swaps, options.of.as_deref(), &mut report))?;
        short |= told(options, &report, "guests")?;
    }
    Ok(!short)
}

/// Prints a report and keeps it as a part of the document. Whether a bar was missed.
fn told(options: &Options, report: &Report, part: &str) -> Result<bool> {
    report.print();
    if options.only.is_none() && options.of.is_none() && !options.dry {
        write_part(Path::new(DOCUMENT), part, &report.markdown())?;
        println!("\n{DOCUMENT} has what was seen.");
    }
    Ok(report.is_short())
}

async fn killed(options: &Options) -> Result<Report> {
    let mut report = Report { facts: machine::facts(), ..Report::default() };
    if options.only != Some(Database::Postgres) {
        on(Database::Sqlite, None, options, &mut report).await?;
    }
    if options.only != Some(Database::Sqlite) {
        match Postgres::make("faults", !options.dry).await? {
            Some(postgres) => {
                report.facts.push(("PostgreSQL", postgres.version.clone()));
                let seen = on(Database::Postgres, Some(&postgres), options, &mut report).await;
                postgres.drop().await?;
                seen?;
            }
            None => report.lines.push(Line::shown("PostgreSQL", "left out: there is no PostgreSQL here")),
        }
    }
    Ok(report)
}

/// A host with what the writers need, which is killed and started again.
struct Scene<'a> {
    database: Database,
    postgres: Option<&'a Postgres>,
    host: Host,
    token: String,
    /// The project that is copied.
    template: Uuid,
}

async fn on(database: Database, postgres: Option<&Postgres>, options: &Options, report: &mut Report) -> Result<()> {
    let host = Host::new(postgres.map(|postgres| &*postgres.url))?;
    let token = host.prepare().await?;
    let running = host.start().await?;
    let template = ledger::template(&running, &token).await?;
    let scene = Scene { database, postgres, host, token, template };
    let running = kill::rounds(&scene, running, options.rounds, report).await?;
    let running = stop::rounds(&scene, running, options.stops, report).await?;
    leave::leavers(&scene, &running, options.leavers, report).await?;
    running.stop().await
}
