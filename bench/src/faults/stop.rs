//! SIGTERM while 16 clients write: what the server has begun it finishes, and then it ends.
//!
//! A client can send a call in the very moment in which the server closes the connection that lay open; no server can
//! prevent that in HTTP/1.1. Whether such a call failed "in flight" is told by what it did: if its record is there
//! although no answer came, it was begun and not finished well.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::writers::Writers;
use super::{Scene, kill, ledger};
use crate::host::Running;
use crate::report::{Line, Report, Verdict};

const END: Duration = Duration::from_secs(10);
const LOAD: Duration = Duration::from_millis(700);

pub(super) async fn rounds(scene: &Scene<'_>, host: Running, rounds: u32, report: &mut Report) -> Result<Running> {
    let (name, token) = (scene.database.name(), &scene.token);
    let mut running = host;
    let (mut acknowledged, mut failed, mut slowest) = (0, 0, Duration::ZERO);
    for round in 1..=rounds {
        let writers = Writers::begin(&running.target, token, scene.template);
        sleep(LOAD).await;
        let begin = Instant::now();
        running.terminate()?;
        let status = running.ended(END * 3).await?;
        let took = begin.elapsed();
        let seen = writers.end().await?;
        ensure!(status.success(), "after SIGTERM the server ended with {status}");

        running = scene.host.start().await?;
        let missing = kill::missing(&running, token, &seen).await?;
        let absent = ledger::missing(&running, token, "clients", &seen.unanswered).await?.len();
        let unfinished = seen.unanswered.len() - absent;
        let broken = usize::try_from(seen.cut)? + unfinished + missing + seen.refused.len();
        eprintln!(
            "      {}, SIGTERM {round} of {rounds}: {} acknowledged, {missing} missing, {} cut off, {unfinished} done without an \
             answer, {} never begun, {} turned away, ended after {} ms",
            name,
            seen.acknowledged(),
            seen.cut,
            absent,
            seen.turned_away,
            took.as_millis(),
        );
        for (status, text) in &seen.refused {
            eprintln!("      answered {status}: {text}");
        }
        acknowledged += seen.acknowledged();
        failed += broken;
        slowest = slowest.max(took);
    }
    if rounds == 0 {
        return Ok(running);
    }
    report.lines.push(Line {
        what: format!("SIGTERM while 16 clients write, {name}, {rounds} times"),
        measured: format!("{acknowledged} acknowledged, {failed} calls in flight failed"),
        bar: "none fails".to_owned(),
        verdict: if failed == 0 && acknowledged > 0 { Verdict::Met } else { Verdict::Short },
    });
    report.lines.push(Line {
        what: format!("end after SIGTERM, {name}, the slowest"),
        measured: format!("{} ms", slowest.as_millis()),
        bar: format!("at most {} ms", END.as_millis()),
        verdict: if slowest <= END { Verdict::Met } else { Verdict::Short },
    });
    Ok(running)
}
