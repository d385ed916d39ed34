//! A summary that is asked again with no write between: the host answers it from what it kept, on PostgreSQL after one
//! probe of the log. Beside it the same summary of a host that keeps nothing.

use anyhow::Result;

use super::reads::SUMMARY;
use crate::compare::{Arena, Call, Figures, Plan, Side};
use crate::fill::fill_sqlite;
use crate::host::{Host, Running};
use crate::postgres::{HOST, Postgres};
use crate::report::{Comparison, Line, Report, Verdict};

/// How much faster a repeat is to be.
const ON_POSTGRES: f64 = 10.0;
const ON_SQLITE: f64 = 20.0;

/// Where it is measured.
struct Place<'a> {
    host: &'a Host,
    token: &'a str,
    plan: Plan,
    postgres: Option<&'a Postgres>,
}

impl Place<'_> {
    async fn load(&self, name: &'static str, running: &Running) -> Result<Vec<Figures>> {
        let authority = self.host.certificate("ca.pem");
        let arena = Arena { plan: self.plan, authority: &authority, token: self.token, postgres: self.postgres };
        let call = Call::get(SUMMARY).over(4);
        let side = Side { name, port: running.port, process: running.id, application: HOST, plain: false, call };
        arena.run(name, &[side]).await
    }

    /// First with nothing kept, then with what is kept by default.
    async fn measure(&self, what: String, bar: f64, report: &mut Report) -> Result<()> {
        let running = self.host.start_keeping(Some(0)).await?;
        let mut figures = self.load("host, nothing kept", &running).await?;
        running.stop().await?;
        let running = self.host.start().await?;
        figures.extend(self.load("host", &running).await?);
        running.stop().await?;
        let ratio = figures[1].of(&figures[0]);
        report.lines.push(Line {
            what: what.clone(),
            measured: format!("{:.0} times as fast ({:.0} to {:.0})", ratio.median, ratio.lowest, ratio.highest),
            bar: format!("at least {bar}"),
            verdict: Verdict::at_least(ratio.median, bar),
        });
        report.comparisons.push(Comparison { what, figures });
        Ok(())
    }
}

/// On the tasks that are there.
pub(super) async fn on_postgres(
    host: &Host,
    token: &str,
    plan: Plan,
    postgres: &Postgres,
    tasks: u32,
    report: &mut Report,
) -> Result<()> {
    let place = Place { host, token, plan, postgres: Some(postgres) };
    place.measure(format!("summary of {tasks} tasks repeated, PostgreSQL"), ON_POSTGRES, report).await
}

/// On tasks that are made for it, while no host runs.
pub(super) async fn on_sqlite(host: &Host, token: &str, plan: Plan, tasks: u32, report: &mut Report) -> Result<()> {
    let running = host.start().await?;
    fill_sqlite(host, &running, token, tasks).await?;
    running.stop().await?;
    let place = Place { host, token, plan, postgres: None };
    place.measure(format!("summary of {tasks} tasks repeated, SQLite"), ON_SQLITE, report).await
}
