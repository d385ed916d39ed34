//! Guests that misbehave, a thousand calls each, beside honest traffic: the right status each time, the host alive, its
//! memory back, and whoever asks for a list, or for what a plugin's code answers, waits less than twice as long as usual. Then plugins switched off and
//! on, a thousand times, while nobody's request fails.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::guests::{DOCUMENT_SECONDS, FIRST, GUESTS, Guest, NEXT, TIGHT, files, install, next_projects};
use crate::client::{Connection, Target, request};
use crate::host::{Host, Running};
use crate::report::{Line, Report, Verdict};

/// Clients that ask for what is honest, half of them for a list and half for a route, and those that call the guest.
const HONEST: usize = 4;
const CALLERS: usize = 4;
/// How long honest traffic is watched alone.
const USUAL: Duration = Duration::from_secs(5);
/// What may stay of a host's memory: the pool keeps some warm.
const KEPT: u64 = 96 << 20;
/// How long what goes on after the answers may take.
const PATIENCE: Duration = Duration::from_mins(20);
/// How long memory has to come back.
const SETTLED: Duration = Duration::from_secs(10);

/// The organization whose records are asked for by somebody else.
const OTHERS: &str = "Other Joinery";

const LIST: &str = "/api/v1/projects/clients?limit=20";

/// With `of` only those in whose line it stands.
pub(super) async fn guests(calls: u32, swaps: u32, of: Option<&str>, report: &mut Report) -> Result<()> {
    let host = Host::new(None)?.with("LIGNAFLOW_DOCUMENTS__CPU_SECONDS", DOCUMENT_SECONDS);
    let token = host.prepare().await?;
    install(&host).await?;
    let others = host.organization(OTHERS, "owner@others.example").await?;
    host.enable("prying", OTHERS).await?;
    let running = host.start().await?;
    for (id, cpu, wall) in TIGHT {
        // Whoever waits has calls enough to wait with.
        let bounds = serde_json::json!({ "route": { "cpu_ms": cpu, "wall_ms": wall, "host_calls": 1_000_000 } });
        let path = format!("/api/v1/plugins/{id}/bounds");
        running.target.json("PUT", &path, Some(&token), Some(&bounds), 200).await?;
    }
    for number in 0..20 {
        let body = serde_json::json!({ "name": format!("Client {number}") });
        running.target.json("POST", "/api/v1/projects/clients", Some(&token), Some(&body), 201).await?;
    }
    let secret = serde_json::json!({ "title": "secret" });
    let theirs = running.target.json("POST", "/api/v1/prying/notes", Some(&others), Some(&secret), 201).await?;
    let theirs = theirs["id"].as_str().context("a note without an id")?;
    // Once each before anything is measured: what is made once is made now.
    for guest in &GUESTS {
        call(&running.target, &asking(&token, guest, theirs)).await?;
    }
    let paths = [LIST.to_owned(), route(&running.target, &token).await?];
    let usual = honest(&running.target, &token, &paths, async { sleep(USUAL).await }).await?;
    let left_out = |what: &str| of.is_some_and(|part| !what.contains(part));
    if calls > 0 {
        for guest in &GUESTS {
            let what = format!("hostile guest `{}`, `{}`", guest.id, guest.route.split('/').next().unwrap_or_default());
            if left_out(&what) {
                continue;
            }
            let asked =
                Asked { what, request: asking(&token, guest, theirs), status: guest.status, until: guest.until };
            let mut line = one(&running, &token, asked, (calls / guest.share).max(1), &usual).await?;
            if !guest.line.is_empty() {
                let log = format!("plugins/{}/log?level=error", guest.id);
                let path = if guest.told_at.is_empty() { &log } else { guest.told_at };
                let told = running.target.json("GET", &format!("/api/v1/{path}"), Some(&token), None, 200).await?;
                if !told.to_string().contains(guest.line) {
                    line.measured.push_str("; it is not told why");
                    line.verdict = Verdict::Short;
                }
            }
            report.lines.push(line);
        }
        if of.is_none() {
            report.lines.push(nothing_left(&running, &token).await?);
            report.lines.push(nothing_told(&running, &token, (&others, theirs)).await?);
        }
        for (what, file, status) in files()? {
            let what = format!("a file that is no plugin, or none that fits: {what},");
            if left_out(&what) {
                continue;
            }
            let asked = Asked { what, request: installing(&token, &file), status, until: &[] };
            report.lines.push(one(&running, &token, asked, calls, &usual).await?);
        }
    }
    if swaps > 0 {
        report.lines.push(swapped(&running, &token, swaps, &usual).await?);
    }
    running.stop().await
}

fn asking(token: &str, guest: &Guest, theirs: &str) -> Vec<u8> {
    let route = guest.route.replace("{theirs}", theirs);
    request("POST", &format!("/api/v1/{}/{route}", guest.id), Some(token), guest.body).into_bytes()
}

fn installing(token: &str, file: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST /api/v1/plugins?grant=all HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/wasm\r\ncontent-length: {}\r\n\r\n",
        file.len()
    )
    .into_bytes();
    request.extend_from_slice(file);
    request
}

/// The status of one call.
async fn call(target: &Target, request: &[u8]) -> Result<u16> {
    let mut connection = target.connect().await?;
    Ok(connection.call(request).await?.status)
}

/// What honest clients met while something else was done.
struct Honest {
    /// What they asked for: a list and a route.
    paths: [String; 2],
    /// Of lists, which enter no guest, and of a route, which does.
    p99: [Duration; 2],
    requests: usize,
    failed: usize,
}

async fn connected(target: &Target, count: usize) -> Result<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        connections.push(target.connect().await?);
    }
    Ok(connections)
}

impl Honest {
    fn told(&self) -> String {
        let [list, route] = self.p99.map(|it| it.as_secs_f64() * 1e3);
        format!("{list:.1} ms and {route:.1} of a route")
    }

    fn is_under_twice(&self, usual: &Self) -> bool {
        self.p99.iter().zip(usual.p99).all(|(beside, alone)| *beside <= alone * 2)
    }
}

/// A route of the plugin that is swapped, whose code reads records.
async fn route(target: &Target, token: &str) -> Result<String> {
    let body = serde_json::json!({ "name": "Shop fit-out" });
    let made = target.json("POST", "/api/v1/projects/projects", Some(token), Some(&body), 201).await?;
    let id = made["id"].as_str().context("a project without an id")?;
    Ok(format!("/api/v1/projects/projects/{id}/progress"))
}

async fn honest(
    target: &Target,
    token: &str,
    paths: &[String; 2],
    meanwhile: impl Future<Output = ()>,
) -> Result<Honest> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    // Handshakes are not what is measured here: all connections stand before the time begins.
    for (number, first) in connected(target, HONEST).await?.into_iter().enumerate() {
        let (target, stop, kind) = (target.clone(), stop.clone(), number % paths.len());
        let text = request("GET", &paths[kind], Some(token), None);
        clients.spawn(async move {
            let mut took = Vec::new();
            let mut failed = 0;
            let mut connection = Some(first);
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
            (kind, took, failed)
        });
    }
    meanwhile.await;
    stop.store(true, Ordering::Relaxed);
    let (mut all, mut failed) = ([Vec::new(), Vec::new()], 0);
    while let Some(client) = clients.join_next().await {
        let (kind, took, broken) = client?;
        all[kind].extend(took);
        failed += broken;
    }
    let requests = all.iter().map(Vec::len).sum();
    let p99 = all.map(|mut took| {
        took.sort_unstable();
        took.get(took.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default()
    });
    Ok(Honest { paths: paths.clone(), p99, requests, failed })
}

/// What is asked again and again, what must be answered, and the lists that are empty when all of it is done.
struct Asked {
    what: String,
    request: Vec<u8>,
    status: u16,
    until: &'static [&'static str],
}

/// Waits until a list of the API is empty.
async fn emptied(host: &Running, token: &str, list: &str) -> Result<()> {
    let begin = Instant::now();
    loop {
        let answer = host.target.json("GET", &format!("/api/v1/{list}"), Some(token), None, 200).await?;
        if answer["data"].as_array().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        if begin.elapsed() > PATIENCE {
            bail!("{list} is not done after {} s", PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// What guests sent that was to stay inside: none of it may have been answered.
async fn nothing_left(host: &Running, token: &str) -> Result<Line> {
    let mut path = "/api/v1/outbound?plugin=outreach&limit=200".to_owned();
    let (mut tried, mut answered) = (0, 0);
    loop {
        let page = host.target.json("GET", &path, Some(token), None, 200).await?;
        for row in page["data"].as_array().into_iter().flatten() {
            tried += 1;
            answered += u32::from(!row["status"].is_null());
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    Ok(Line {
        what: "requests of guests to this very machine".to_owned(),
        measured: format!("{answered} of {tried} were answered"),
        bar: "none".to_owned(),
        verdict: if tried > 0 && answered == 0 { Verdict::Met } else { Verdict::Short },
    })
}

/// What a guest asked for by the id of another organization's record: it must have read nothing, and changed nothing.
async fn nothing_told(host: &Running, token: &str, (others, theirs): (&str, &str)) -> Result<Line> {
    let read = host.target.json("POST", &format!("/api/v1/prying/get/{theirs}"), Some(token), None, 200).await?;
    let kept = host.target.json("GET", &format!("/api/v1/prying/notes/{theirs}"), Some(others), None, 200).await?;
    let is_untouched = kept["title"] == "secret" && kept["version"] == 1;
    Ok(Line {
        what: "the record of another organization that a guest asked for".to_owned(),
        measured: format!("read as {read}; {}", if is_untouched { "untouched" } else { "changed" }),
        bar: "nothing read, untouched".to_owned(),
        verdict: if is_untouched && read == serde_json::json!([]) { Verdict::Met } else { Verdict::Short },
    })
}

async fn one(
    host: &Running,
    token: &str,
    Asked { what, request, status, until }: Asked,
    calls: u32,
    usual: &Honest,
) -> Result<Line> {
    let before = resident(host.id)?;
    let left = Arc::new(AtomicU32::new(calls));
    // They begin once the honest ones have.
    let (begin, begun) = watch::channel(false);
    let mut callers = JoinSet::new();
    for first in connected(&host.target, CALLERS).await? {
        let (target, request, left) = (host.target.clone(), request.clone(), left.clone());
        let mut begun = begun.clone();
        callers.spawn(async move {
            let mut seen: BTreeMap<u16, u32> = BTreeMap::new();
            let _ = begun.wait_for(|begun| *begun).await;
            // A handshake a call would be the caller's doing, not the guest's.
            let mut connection = Some(first);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                if connection.as_ref().is_none_or(|open: &Connection| !open.is_usable()) {
                    connection = target.connect().await.ok();
                }
                let status = match &mut connection {
                    Some(open) => open.call(&request).await.map_or(0, |answer| answer.status),
                    None => 0,
                };
                *seen.entry(status).or_default() += 1;
            }
            seen
        });
    }
    let mut seen: BTreeMap<u16, u32> = BTreeMap::new();
    let mut undone = None;
    let beside = honest(&host.target, token, &usual.paths, async {
        begin.send_replace(true);
        while let Some(caller) = callers.join_next().await {
            for (status, count) in caller.unwrap_or_default() {
                *seen.entry(status).or_default() += count;
            }
        }
        for list in until {
            if let Err(error) = emptied(host, token, list).await {
                undone = Some(error);
            }
        }
    })
    .await?;
    if let Some(error) = undone {
        return Err(error);
    }
    let begin = Instant::now();
    let mut after = resident(host.id)?;
    while after > before + KEPT && begin.elapsed() < SETTLED {
        sleep(Duration::from_millis(200)).await;
        after = resident(host.id)?;
    }
    let right = seen.len() == 1 && seen.contains_key(&status);
    let quick = beside.is_under_twice(usual);
    let mib = |bytes: u64| bytes >> 20;
    let statuses: Vec<String> = seen.iter().map(|(status, count)| format!("{status} × {count}")).collect();
    eprintln!("      {what}: {}, honest p99 {} (usually {})", statuses.join(", "), beside.told(), usual.told());
    Ok(Line {
        what: format!("{what} {calls} calls beside honest traffic"),
        measured: format!(
            "{}; honest p99 {} (alone {}), {} of {} failed; {} MiB before, {} after",
            statuses.join(", "),
            beside.told(),
            usual.told(),
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

/// One plugin is switched off and on, and the one that the honest clients ask goes to its next version and back.
async fn swapped(host: &Running, token: &str, swaps: u32, usual: &Honest) -> Result<Line> {
    let status = call(&host.target, &installing(token, &next_projects()?)).await?;
    ensure!(status == 201, "the next version of projects was answered with {status}");
    let mut longest = Duration::ZERO;
    let mut broken = 0;
    let beside = honest(&host.target, token, &usual.paths, async {
        for number in 0..swaps {
            let begin = Instant::now();
            let done = match number % 4 {
                0 => host.switch(token, "panic", false).await,
                1 => host.return_to(token, "projects", FIRST).await,
                2 => host.switch(token, "panic", true).await,
                _ => host.return_to(token, "projects", NEXT).await,
            };
            if let Err(error) = done {
                eprintln!("      swap {number}: {error:#}");
                broken += 1;
            }
            longest = longest.max(begin.elapsed());
        }
    })
    .await?;
    Ok(Line {
        what: format!("plugins switched off and on, and to the next version and back, {swaps} times under load"),
        measured: format!(
            "{} of {} requests failed, {broken} swaps; the longest took {} ms; honest p99 {}",
            beside.failed,
            beside.requests,
            longest.as_millis(),
            beside.told()
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
