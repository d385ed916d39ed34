//! What a host costs that nobody uses: its start, its memory, and switching a plugin.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use crate::compare::median;
use crate::host::Host;
use crate::process;
use crate::report::{Line, Report, Verdict};

const FIRST_START: f64 = 5_000.0;
const START: f64 = 300.0;
const MEMORY: f64 = 100.0;
const TOGGLE: f64 = 50.0;

const STARTS: usize = 5;
const TOGGLES: usize = 20;

/// Until what a start leaves behind has been given back.
const IDLE: Duration = Duration::from_secs(5);

pub(super) async fn footprint(host: &Host, token: &str, report: &mut Report) -> Result<()> {
    // Commands have made the database; certificates and compiled plugins are made by this start.
    let running = host.start().await?;
    let first = millis(running.ready);
    running.stop().await?;
    report.lines.push(at_most("first start to ready, plugins compiled", first, "ms", FIRST_START));

    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let running = host.start().await?;
        starts.push(millis(running.ready));
        running.stop().await?;
    }
    report.lines.push(at_most("start to ready, plugins compiled before", median(starts), "ms", START));

    let running = host.start().await?;
    sleep(IDLE).await;
    if let Some(bytes) = process::resident(running.id) {
        let megabytes = f64::from(u32::try_from(bytes / 100_000).unwrap_or(u32::MAX)) / 10.0;
        report.lines.push(at_most("resident memory, idle", megabytes, "MB", MEMORY));
    }

    let mut toggles = Vec::new();
    for round in 0..TOGGLES {
        let begin = Instant::now();
        running.switch(token, "reporting", round % 2 == 1).await?;
        toggles.push(millis(begin.elapsed()));
    }
    report.lines.push(at_most(
        "switch a plugin, the call and its TLS handshake included",
        median(toggles),
        "ms",
        TOGGLE,
    ));
    running.stop().await
}

fn at_most(what: &str, value: f64, unit: &str, bar: f64) -> Line {
    Line {
        what: what.to_owned(),
        measured: format!("{value:.1} {unit}"),
        bar: format!("at most {bar} {unit}"),
        verdict: Verdict::at_most(value, bar),
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
