//! Guests that misbehave, a thousand calls each, beside honest traffic: the right status each time, the host alive, its
//! memory back, and whoever asks for an honest list waits less than twice as long as usual. Then plugins switched off and
//! on, a thousand times, while nobody's request fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::{Target, request};
use crate::host::{Host, Running};
use crate::report::{Line, Report, Verdict};

/// Clients that ask for an honest list, and those that call the guest.
const HONEST: usize = 4;
const CALLERS: u32 = 4;
/// How long honest traffic is watched alone.
const USUAL: Duration = Duration::from_secs(5);
/// What may stay of a host's memory: the pool keeps some warm.
const KEPT: u64 = 96 << 20;
/// How long memory has to come back.
const SETTLED: Duration = Duration::from_secs(10);

const LIST: &str = "/api/v1/projects/clients?limit=20";

/// A guest, the route that is called, and what it must answer.
const GUESTS: [(&str, &str, u16); 16] = [
    ("loop", "run", 504),
    ("sleep", "run", 504),
    ("slow-host-calls", "run", 504),
    ("memory", "run", 507),
    ("recursion", "run", 502),
    ("panic", "run", 502),
    ("panic", "exit", 502),
    ("host-call-flood", "run", 502),
    ("giant-string", "argument", 502),
    ("giant-string", "answer", 502),
    ("bad-answer", "deep-json", 502),
    ("bad-answer", "outside-schema", 502),
    ("bad-answer", "doubled", 502),
    ("bad-answer", "forged-header", 502),
    ("bad-answer", "foreign-write", 403),
    ("log-flood", "run", 502),
];

pub(super) async fn guests(calls: u32, swaps: u32, report: &mut Report) -> Result<()> {
    let host = Host::new(None)?.with("LIGNAFLOW_PLUGINS__CPU_MS", "50").with("LIGNAFLOW_PLUGINS__WALL_MS", "200");
    let token = host.prepare().await?;
    let mut ids: Vec<&str> = GUESTS.iter().map(|(guest, ..)| *guest).collect();
    ids.dedup();
    for id in ids {
        host.install(Path::new(&format!("plugins/dist/hostile/{id}.wasm")), id).await?;
    }
    let running = host.start().await?;
    for number in 0..20 {
        let body = serde_json::json!({ "name": format!("Client {number}") });
        running.target.json("POST", "/api/v1/projects/clients", Some(&token), Some(&body), 201).await?;
    }
    // Once each before anything is measured: what is made once is made now.
    for (guest, route, _) in GUESTS {
        call(&running.target, &token, guest, route).await?;
    }
    let usual = honest(&running.target, &token, async { sleep(USUAL).await }).await?;
    for (guest, route, status) in GUESTS {
        if calls > 0 {
            report.lines.push(one(&running, &token, (guest, route, status), calls, &usual).await?);
        }
    }
    if swaps > 0 {
        report.lines.push(swapped(&running, &token, swaps).await?);
    }
    running.stop().await
}

/// The status of one call.
async fn call(target: &Target, token: &str, guest: &str, route: &str) -> Result<u16> {
    let text = request("POST", &format!("/api/v1/{guest}/{route}"), Some(token), None);
    let mut connection = target.connect().await?;
    Ok(connection.call(text.as_bytes()).await?.status)
}

/// What honest clients met while something else was done.
struct Honest {
    p99: Duration,
    requests: usize,
    failed: usize,
}

async fn honest(target: &Target, token: &str, meanwhile: impl Future<Output = ()>) -> Result<Honest> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..HONEST {
        let (target, stop) = (target.clone(), stop.clone());
        let text = request("GET", LIST, Some(token), None);
        clients.spawn(async move {
            let mut took = Vec::new();
            let mut failed = 0;
            let mut connection = target.connect().await.ok();
            while !stop.load(Ordering::Relaxed) {
                let begin = Instant::now();
                let answered = match &mut connection {
                    Some(open) => open.call(text.as_bytes()).await.is_ok_and(|answer| answer.status == 200),
                    None => false,
                };
                took.push(begin.elapsed());
                if !answered {
                    failed += 1;
                }
                if connection.as_ref().is_none_or(|open| !open.is_usable()) {
                    connection = target.connect().await.ok();
                }
            }
            (took, failed)
        });
    }
    meanwhile.await;
    stop.store(true, Ordering::Relaxed);
    let (mut all, mut failed) = (Vec::new(), 0);
    while let Some(client) = clients.join_next().await {
        let (took, broken) = client?;
        all.extend(took);
        failed += broken;
    }
    all.sort_unstable();
    let p99 = all.get(all.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default();
    Ok(Honest { p99, requests: all.len(), failed })
}

async fn one(
    host: &Running,
    token: &str,
    (guest, route, status): (&'static str, &'static str, u16),
    calls: u32,
    usual: &Honest,
) -> Result<Line> {
    let before = resident(host.id)?;
    let left = Arc::new(AtomicU32::new(calls));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (target, token, left) = (host.target.clone(), token.to_owned(), left.clone());
        callers.spawn(async move {
            let mut seen: BTreeMap<u16, u32> = BTreeMap::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                *seen.entry(call(&target, &token, guest, route).await.unwrap_or(0)).or_default() += 1;
            }
            seen
        });
    }
    let mut seen: BTreeMap<u16, u32> = BTreeMap::new();
    let beside = honest(&host.target, token, async {
        while let Some(caller) = callers.join_next().await {
            for (status, count) in caller.unwrap_or_default() {
                *seen.entry(status).or_default() += count;
            }
        }
    })
    .await?;
    let begin = Instant::now();
    let mut after = resident(host.id)?;
    while after > before + KEPT && begin.elapsed() < SETTLED {
        sleep(Duration::from_millis(200)).await;
        after = resident(host.id)?;
    }
    let right = seen.len() == 1 && seen.contains_key(&status);
    let quick = beside.p99 <= usual.p99 * 2;
    let mib = |bytes: u64| bytes >> 20;
    let statuses: Vec<String> = seen.iter().map(|(status, count)| format!("{status} × {count}")).collect();
    eprintln!("      {guest}/{route}: {}, honest p99 {:?} (usually {:?})", statuses.join(", "), beside.p99, usual.p99);
    Ok(Line {
        what: format!("hostile guest `{guest}`, `{route}`, {calls} calls beside honest traffic"),
        measured: format!(
            "{}; honest p99 {:.1} ms (alone {:.1}), {} of {} failed; {} MiB before, {} after",
            statuses.join(", "),
            beside.p99.as_secs_f64() * 1e3,
            usual.p99.as_secs_f64() * 1e3,
            beside.failed,
            beside.requests,
            mib(before),
            mib(after)
        ),
        bar: format!("{status}; under twice; none failed; memory back"),
        verdict: if right && quick && beside.failed == 0 && after <= before + KEPT {
            Verdict::Met
        } else {
            Verdict::Short
        },
    })
}

async fn swapped(host: &Running, token: &str, swaps: u32) -> Result<Line> {
    let mut longest = Duration::ZERO;
    let mut broken = 0;
    let beside = honest(&host.target, token, async {
        for number in 0..swaps {
            let begin = Instant::now();
            if host.switch(token, "panic", number % 2 == 1).await.is_err() {
                broken += 1;
            }
            longest = longest.max(begin.elapsed());
        }
    })
    .await?;
    Ok(Line {
        what: format!("a plugin switched off and on, {swaps} times under load"),
        measured: format!(
            "{} of {} requests failed, {broken} switches; the longest took {} ms",
            beside.failed,
            beside.requests,
            longest.as_millis()
        ),
        bar: "none fails".to_owned(),
        verdict: if beside.failed == 0 && broken == 0 { Verdict::Met } else { Verdict::Short },
    })
}

/// Bytes of memory that a process has.
fn resident(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).context("no /proc of the host")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? << 10)
}
