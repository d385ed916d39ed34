//! `kill -9` at a moment that nobody chose, while 16 clients write; then a start, and a look at what is there.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;
use uuid::Uuid;

use super::writers::{Seen, Writers};
use super::{Scene, ledger};
use crate::host::Running;
use crate::report::{Line, Report, Verdict};

/// Within which it must be ready again.
const READY: Duration = Duration::from_secs(2);
/// How often the bar asks for.
const WANTED: u32 = 200;

#[derive(Debug, Default)]
struct Total {
    acknowledged: usize,
    missing: usize,
    refused: usize,
    slowest: Duration,
}

pub(super) async fn rounds(scene: &Scene<'_>, host: Running, rounds: u32, report: &mut Report) -> Result<Running> {
    let name = scene.database.name();
    let mut running = host;
    let mut total = Total::default();
    for round in 1..=rounds {
        let writers = Writers::begin(&running.target, &scene.token, scene.template);
        let wait = moment();
        sleep(wait).await;
        running.kill().await?;
        let seen = writers.end().await?;

        running = scene.host.start().await?;
        let missing = missing(&running, &scene.token, &seen).await?;
        eprintln!(
            "      {}, kill {round} of {rounds}: after {} ms, {} acknowledged, {missing} missing, ready again after {} ms",
            name,
            wait.as_millis(),
            seen.acknowledged(),
            running.ready.as_millis(),
        );
        for (status, text) in &seen.refused {
            eprintln!("      answered {status}: {text}");
        }
        total.acknowledged += seen.acknowledged();
        total.missing += missing;
        total.refused += seen.refused.len();
        total.slowest = total.slowest.max(running.ready);
    }
    let torn = ledger::torn(&scene.host, scene.postgres).await?;

    let kept = total.missing == 0 && torn.unlogged == 0 && torn.halves == 0 && total.acknowledged > 0;
    let what = format!("kill -9 while 16 clients write, {name}, {rounds} times");
    report.lines.push(Line {
        what: what.clone(),
        measured: format!(
            "{} acknowledged, {} missing, {} half batches, {} without log",
            total.acknowledged, total.missing, torn.halves, torn.unlogged
        ),
        bar: format!("nothing missing, no half batch, {WANTED} times"),
        verdict: if kept { Verdict::Met } else { Verdict::Short },
    });
    report.lines.push(Line {
        what: format!("ready again after kill -9, {name}, the slowest"),
        measured: format!("{} ms", total.slowest.as_millis()),
        bar: format!("at most {} ms", READY.as_millis()),
        verdict: if total.slowest <= READY { Verdict::Met } else { Verdict::Short },
    });
    if total.refused > 0 {
        report.lines.push(Line {
            what,
            measured: format!("{} calls were refused before the kill", total.refused),
            bar: "none".to_owned(),
            verdict: Verdict::Short,
        });
    }
    Ok(running)
}

/// How many of what was acknowledged are not there.
pub(super) async fn missing(host: &Running, token: &str, seen: &Seen) -> Result<usize> {
    let clients = ledger::missing(host, token, "clients", &seen.clients).await?;
    let projects = ledger::missing(host, token, "projects", &seen.projects).await?;
    Ok(clients.len() + projects.len())
}

/// Between 0.1 and 1.1 seconds.
fn moment() -> Duration {
    // The lower half of an identifier of version 7 is random.
    let (_, random) = Uuid::now_v7().as_u64_pair();
    Duration::from_millis(100 + random % 1_000)
}
