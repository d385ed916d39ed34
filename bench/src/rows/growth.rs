//! The same calls when there is ten times as much, in a hundred organizations: each reads and writes by keys that begin
//! with the organization, so that neither is to be felt.

use anyhow::Result;

use super::reads::LIST;
use super::writes::{PATH, body};
use crate::compare::{Arena, Call, Figures, Plan, Side};
use crate::fill::grow;
use crate::host::{Host, Running};
use crate::postgres::{HOST, Postgres};
use crate::report::{Comparison, Line, Report, Verdict};

const TIMES: u32 = 10;
const ORGANIZATIONS: u32 = 100;
/// Of the slowest hundredth, in what it was before.
const BAR: f64 = 1.5;
/// Enough to be busy, and few enough that a call does not mostly wait for others.
const CONNECTIONS: u32 = 8;

pub(super) async fn growth(
    host: &Host,
    token: &str,
    plan: Plan,
    postgres: &Postgres,
    tasks: u32,
    report: &mut Report,
) -> Result<()> {
    // Every list is to be read.
    let running = host.start_keeping(Some(0)).await?;
    let authority = host.certificate("ca.pem");
    let arena = Arena { plan, authority: &authority, token, postgres: Some(postgres) };
    let before = both(&arena, &running, "before").await?;
    eprintln!("      {TIMES} times as many tasks, in {ORGANIZATIONS} organizations, are filled in");
    grow(postgres, tasks, TIMES, ORGANIZATIONS).await?;
    let after = both(&arena, &running, "after").await?;
    running.stop().await?;
    for ((what, mut before), (_, after)) in before.into_iter().zip(after) {
        let ratio = after[0].p99 / before[0].p99;
        let what = format!(
            "{what}, p99 at {} tasks in {ORGANIZATIONS} organizations, of that at {} in one",
            tasks * TIMES,
            tasks
        );
        report.lines.push(Line {
            what: what.clone(),
            measured: format!("{ratio:.2} times"),
            bar: format!("at most {BAR}"),
            verdict: Verdict::at_most(ratio, BAR),
        });
        before.extend(after);
        report.comparisons.push(Comparison { what, figures: before });
    }
    Ok(())
}

async fn both(arena: &Arena<'_>, running: &Running, when: &str) -> Result<Vec<(&'static str, Vec<Figures>)>> {
    let mut all = Vec::new();
    for (what, call) in [("list of 50", Call::get(LIST)), ("create", Call::post(PATH, body()))] {
        let call = call.over(CONNECTIONS);
        let side = Side { name: "host", port: running.port, process: running.id, application: HOST, call };
        all.push((what, arena.run(&format!("{what}, {when}"), &[side]).await?));
    }
    Ok(all)
}
