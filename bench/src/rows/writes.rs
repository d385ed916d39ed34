//! Creating a client: JSON read, hook in WebAssembly, record and log entry in one commit that lasts.

use std::time::Duration;

use anyhow::Result;

use super::Stage;
use crate::compare::{Arena, Call, Plan, Side};
use crate::disk;
use crate::host::Host;
use crate::load::FRESH_NUMBER;
use crate::postgres::HOST;
use crate::report::{Comparison, Line, Report, Verdict, shown};

pub(super) const PATH: &str = "/api/v1/projects/clients";

/// Records a second that SQLite is to take, unless the disk bounds it before.
const SQLITE: f64 = 10_000.0;
const DISK_TIME: Duration = Duration::from_secs(3);

pub(super) fn body() -> String {
    format!(
        r#"{{"name":"Client {FRESH_NUMBER}","contact":"Ana Lee","email":"ana@client.example","phone":"+61 2 5550 0100"}}"#
    )
}

pub(super) async fn on_postgres(stage: &Stage<'_>, report: &mut Report) -> Result<()> {
    let sides = [
        stage.host(Call::post(PATH, body())),
        stage.limit("limit", Call::post("/clients", body())),
        stage.limit("limit, in a transaction", Call::post("/plain/clients", body())),
    ];
    let what = "create through a before-save hook, PostgreSQL";
    let figures = stage.arena.run("create", &sides).await?;
    report.lines.push(Line::ratio(what, figures[0].of(&figures[1]), 0.7));
    report.lines.push(Line::shown(
        "the same where the limit takes five statements: token, begin, record, log, commit",
        shown(figures[0].of(&figures[2])),
    ));
    report.comparisons.push(Comparison { what: what.to_owned(), figures });
    Ok(())
}

pub(super) async fn on_sqlite(host: &Host, token: &str, plan: Plan, report: &mut Report) -> Result<()> {
    let before = disk::syncs_per_second(&host.data(), DISK_TIME)?;
    let running = host.start().await?;
    let authority = host.certificate("ca.pem");
    let arena = Arena { plan, authority: &authority, token, postgres: None };
    let call = Call::post(PATH, body());
    let side = Side { name: "host", port: running.port, process: running.id, application: HOST, plain: false, call };
    let figures = arena.run("create, SQLite", &[side]).await?;
    running.stop().await?;
    let after = disk::syncs_per_second(&host.data(), DISK_TIME)?;
    let syncs = f64::midpoint(before, after);

    let rate = figures[0].per_second;
    let bar = SQLITE.min(syncs);
    report.lines.push(Line {
        what: "create through a before-save hook, SQLite, synchronous=FULL, 64 clients".to_owned(),
        measured: format!("{rate:.0} a second, {:.2} a sync of this disk", rate / syncs),
        bar: format!("{SQLITE} a second, or the {syncs:.0} syncs a second that this disk does"),
        verdict: Verdict::at_least(rate, bar),
    });
    report.comparisons.push(Comparison { what: "create, SQLite".to_owned(), figures });
    Ok(())
}
