//! The rows of the table: each measures one thing that was promised.
//!
//! | file | measures |
//! |---|---|
//! | [`reads`] | the list and the summary of 100,000 tasks |
//! | [`repeated`] | that summary asked again, kept and not, on both databases |
//! | [`growth`] | list and create when there is ten times as much |
//! | [`report`] | a year of a firm of 200 people, summarised |
//! | [`writes`] | creating a client, on PostgreSQL beside the limit, on SQLite beside the disk |
//! | [`routes`], [`served`] | routes that a plugin answers, beside native ones and the engine's own server |
//! | [`engine`] | one call of guest code, without a server |
//! | [`footprint`] | start, memory, switching a plugin |

mod engine;
mod footprint;
mod growth;
mod reads;
mod repeated;
mod report;
mod routes;
mod served;
mod writes;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::client::Target;
use crate::compare::{Arena, Call, Plan, Side};
use crate::fill::{Filled, fill};
use crate::host::{Host, Running, free_port};
use crate::machine;
use crate::postgres::{HOST, LIMIT, Postgres};
use crate::report::{Line, Report, write_part};

const DOCUMENT: &str = "docs/benchmarks.md";
/// The guest of the tests that behaves, after the one that it asks leave to read. One of its routes does nothing but
/// answer.
const HELLO: [(&str, &str); 2] =
    [("other", "plugins/dist/hostile/other.wasm"), ("honest", "plugins/dist/hostile/honest.wasm")];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these rows; figures of a part are printed and not written to the document
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Row>,
    /// Rounds of each side
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of a round
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections of the load at most
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Tasks in the database
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    tasks: u32,
    /// Print the figures and write no document
    #[arg(long)]
    dry: bool,
    /// Time entries in the database, of 200 people over a year
    #[arg(long, default_value_t = 400_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    entries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Row {
    List,
    Create,
    Sqlite,
    Summary,
    Report,
    Repeated,
    Growth,
    Route,
    Engine,
    Footprint,
}

impl Options {
    fn wants(&self, row: Row) -> bool {
        self.only.is_empty() || self.only.contains(&row)
    }

    fn plan(&self) -> Plan {
        Plan { rounds: self.rounds.max(1), seconds: self.seconds.max(1), connections: self.connections }
    }
}

pub(crate) fn main(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(options))?;
    report.print();
    if options.only.is_empty() && !options.dry {
        write_part(Path::new(DOCUMENT), "rows", &report.markdown())?;
        println!("\n{DOCUMENT} has the figures.");
    }
    if report.is_short() {
        println!("\nNot every bar is met.");
    }
    Ok(())
}

async fn measure(options: &Options) -> Result<Report> {
    let mut report = Report { facts: machine::facts(), ..Report::default() };
    match Postgres::make("rows", !options.dry).await? {
        Some(postgres) => {
            report.facts.push(("PostgreSQL", postgres.version.clone()));
            let measured = on_postgres(options, &postgres, &mut report).await;
            postgres.drop().await?;
            measured?;
        }
        None => report.lines.push(Line::shown("every row on PostgreSQL", "left out: there is no PostgreSQL here")),
    }
    if options.wants(Row::Sqlite) || options.wants(Row::Footprint) || options.wants(Row::Repeated) {
        on_sqlite(options, &mut report).await?;
    }
    if options.wants(Row::Engine) {
        engine::engine(&mut report).await?;
    }
    if let Some(load) = machine::load() {
        report.facts.push(("and after", load));
    }
    Ok(report)
}

async fn on_postgres(options: &Options, postgres: &Postgres, report: &mut Report) -> Result<()> {
    let rows = [Row::List, Row::Create, Row::Summary, Row::Report, Row::Repeated, Row::Growth, Row::Route];
    if !rows.iter().any(|row| options.wants(*row)) {
        return Ok(());
    }
    let host = Host::new(Some(&postgres.url))?;
    let token = host.prepare().await?;
    let has_hello = HELLO.iter().all(|(_, file)| Path::new(file).is_file());
    for (id, file) in HELLO.iter().filter(|_| has_hello) {
        host.install(Path::new(file), id).await?;
    }
    // What is measured is the statement; what is kept has a row of its own.
    let running = host.start_keeping(Some(0)).await?;
    eprintln!("      {} tasks are filled in", options.tasks);
    let filled = fill(&running, &token, postgres, options.tasks).await?;
    let limit = Limit::start(&host, &postgres.url).await?;
    let stage = Stage {
        arena: Arena {
            plan: options.plan(),
            authority: &host.certificate("ca.pem"),
            token: &token,
            postgres: Some(postgres),
        },
        host: &running,
        limit: &limit,
        filled: &filled,
    };
    if options.wants(Row::List) {
        reads::list(&stage, report).await?;
    }
    if options.wants(Row::Summary) {
        reads::summary(&stage, report).await?;
    }
    if options.wants(Row::Report) {
        report::report(&stage, postgres, options.entries, report).await?;
    }
    if options.wants(Row::Route) {
        routes::routes(&stage, has_hello, report).await?;
    }
    if options.wants(Row::Create) {
        writes::on_postgres(&stage, report).await?;
    }
    drop(limit);
    running.stop().await?;
    if options.wants(Row::Repeated) {
        repeated::on_postgres(&host, &token, options.plan(), postgres, options.tasks, report).await?;
    }
    if options.wants(Row::Growth) {
        growth::growth(&host, &token, options.plan(), postgres, options.tasks, report).await?;
    }
    Ok(())
}

async fn on_sqlite(options: &Options, report: &mut Report) -> Result<()> {
    let host = Host::new(None)?;
    let begin = Instant::now();
    let token = host.prepare().await?;
    eprintln!("      a host on SQLite is prepared after {:.1} s", begin.elapsed().as_secs_f64());
    if options.wants(Row::Footprint) {
        footprint::footprint(&host, &token, report).await?;
    }
    if options.wants(Row::Sqlite) {
        writes::on_sqlite(&host, &token, options.plan(), report).await?;
    }
    if options.wants(Row::Repeated) {
        repeated::on_sqlite(&host, &token, options.plan(), options.tasks, report).await?;
    }
    Ok(())
}

/// Host and limit side by side on one filled database.
struct Stage<'a> {
    arena: Arena<'a>,
    host: &'a Running,
    limit: &'a Limit,
    filled: &'a Filled,
}

impl Stage<'_> {
    fn host(&self, call: Call) -> Side {
        Side { name: "host", port: self.host.port, plain: false, process: self.host.id, application: HOST, call }
    }

    fn limit(&self, name: &'static str, call: Call) -> Side {
        Side { name, port: self.limit.port, plain: false, process: self.limit.id, application: LIMIT, call }
    }

    /// Both must answer the same, or they are not to be compared.
    async fn same(&self, of_host: &str, of_limit: &str, part: impl Fn(&Value) -> &Value) -> Result<()> {
        let token = Some(self.arena.token);
        let host = self.host.target.json("GET", of_host, token, None, 200).await?;
        let limit = self.limit.target.json("GET", of_limit, token, None, 200).await?;
        let (host, limit) = (part(&host), part(&limit));
        ensure!(host == limit, "{of_host} and {of_limit} answer different things:\n{host}\n{limit}");
        Ok(())
    }
}

/// The hand-written server, in a process of its own.
struct Limit {
    /// Ends with this.
    _child: Child,
    id: u32,
    port: u16,
    target: Target,
}

impl Limit {
    async fn start(host: &Host, database: &str) -> Result<Self> {
        let port = free_port()?;
        let files: [PathBuf; 2] = [host.certificate("leaf.pem"), host.certificate("leaf-key.pem")];
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["limit", "--port", &port.to_string(), "--database-url", database]);
        command.arg("--certificate").arg(&files[0]).arg("--key").arg(&files[1]);
        let mut child = command.stdin(Stdio::null()).kill_on_drop(true).spawn()?;
        let id = child.id().context("the limit has no process id")?;
        let target = Target::new(port, &host.certificate("ca.pem"))?;
        let begin = Instant::now();
        while target.connect().await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("the limit ended with {status}");
            }
            ensure!(begin.elapsed() < Duration::from_secs(10), "the limit does not answer");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { _child: child, id, port, target })
    }
}
