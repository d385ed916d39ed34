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

/// A guest, the route that is called, what it must answer, and what its log must say.
struct Guest {
    id: &'static str,
    route: &'static str,
    status: u16,
    line: &'static str,
}

const fn guest(id: &'static str, route: &'static str, status: u16, line: &'static str) -> Guest {
    Guest { id, route, status, line }
}

const GUESTS: [Guest; 25] = [
    guest("loop", "run", 504, "used up its computing time"),
    guest("sleep", "run", 504, "took too long"),
    guest("slow-host-calls", "run", 504, "the plugin"),
    guest("memory", "run", 507, "used up its memory"),
    guest("recursion", "run", 502, "the plugin failed"),
    guest("panic", "run", 502, "the sky is falling"),
    guest("panic", "exit", 502, "the plugin failed"),
    guest("host-call-flood", "run", 502, "used up its host calls"),
    guest("log-flood", "run", 502, "used up its host calls"),
    guest("giant-string", "argument", 502, "used up its bytes"),
    guest("giant-string", "answer", 502, "used up its bytes"),
    guest("bad-answer", "deep-json", 502, "not JSON"),
    guest("bad-answer", "outside-schema", 502, ""),
    guest("bad-answer", "doubled", 502, "not valid"),
    guest("bad-answer", "forged-header", 502, "media type"),
    guest("bad-answer", "no-template", 502, "no template"),
    guest("bad-answer", "too-many-writes", 502, "used up its"),
    guest("bad-answer", "foreign-write", 403, ""),
    guest("prying", "rewrite/01890a5d-ac96-774b-bcce-b302099a8057", 404, ""),
    guest("predicate-bomb", "doubled", 422, ""),
    guest("predicate-bomb", "deep", 422, ""),
    guest("predicate-bomb", "wide", 422, ""),
    guest("predicate-bomb", "circle", 422, ""),
    guest("predicate-bomb", "far", 422, ""),
    guest("predicate-bomb", "words", 200, ""),
];

/// What time is the point of has little of it, so that a thousand calls are done within a minute; the rest is as usual.
const TIGHT: [(&str, u64, u64); 3] = [("loop", 20, 5_000), ("sleep", 20, 50), ("slow-host-calls", 20, 100)];

/// Files that are no plugins, each of which must be refused.
fn files() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let read = |id: &str| {
        let path = format!("plugins/dist/hostile/{id}.wasm");
        fs::read(&path).with_context(|| format!("there is no {path}: `cargo xtask plugins` packs it"))
    };
    let whole = read("memory")?;
    let mut torn = whole.clone();
    // The length of the first section: what follows is nothing.
    torn[9] ^= 0x55;
    let bomb = format!(
        "id = \"bomb\"\nversion = \"0.1.0\"\ntitle = \"Bomb\"\napi = \"0.1\"\ndeep = {}{}\n",
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    Ok(vec![
        ("ungranted import", read("ungranted-import")?),
        ("wrong contract version", read("wrong-version")?),
        ("cut in the middle", whole[..whole.len() / 2].to_vec()),
        ("flipped bits", torn),
        ("descriptor 20,000 deep", described(&bomb)),
    ])
}

/// A component without code that has a descriptor alone.
fn described(descriptor: &str) -> Vec<u8> {
    const NAME: &[u8] = b"lignaflow:descriptor";
    let number = |mut value: usize| {
        let mut bytes = Vec::new();
        loop {
            let low = u8::try_from(value & 0x7f).unwrap_or(0);
            value >>= 7;
            bytes.push(if value == 0 { low } else { low | 0x80 });
            if value == 0 {
                return bytes;
            }
        }
    };
    let mut body = number(NAME.len());
    body.extend_from_slice(NAME);
    body.extend_from_slice(descriptor.as_bytes());
    let mut file = b"\0asm\x0d\0\x01\0\0".to_vec();
    file.extend(number(body.len()));
    file.extend(body);
    file
}

pub(super) async fn guests(calls: u32, swaps: u32, report: &mut Report) -> Result<()> {
    let host = Host::new(None)?;
    let token = host.prepare().await?;
    let mut ids: Vec<&str> = GUESTS.iter().map(|guest| guest.id).collect();
    ids.dedup();
    for id in ids {
        host.install(Path::new(&format!("plugins/dist/hostile/{id}.wasm")), id).await?;
    }
    let running = host.start().await?;
    for (id, cpu, wall) in TIGHT {
        let bounds = serde_json::json!({ "route": { "cpu_ms": cpu, "wall_ms": wall } });
        let path = format!("/api/v1/plugins/{id}/bounds");
        running.target.json("PUT", &path, Some(&token), Some(&bounds), 200).await?;
    }
    for number in 0..20 {
        let body = serde_json::json!({ "name": format!("Client {number}") });
        running.target.json("POST", "/api/v1/projects/clients", Some(&token), Some(&body), 201).await?;
    }
    // Once each before anything is measured: what is made once is made now.
    for guest in &GUESTS {
        call(&running.target, &asking(&token, guest)).await?;
    }
    let usual = honest(&running.target, &token, async { sleep(USUAL).await }).await?;
    if calls > 0 {
        for guest in &GUESTS {
            let what = format!("hostile guest `{}`, `{}`", guest.id, guest.route.split('/').next().unwrap_or_default());
            let mut line = one(&running, &token, (what, asking(&token, guest), guest.status), calls, &usual).await?;
            if !guest.line.is_empty() {
                let path = format!("/api/v1/plugins/{}/log?level=error", guest.id);
                let log = running.target.json("GET", &path, Some(&token), None, 200).await?;
                if !log.to_string().contains(guest.line) {
                    line.measured.push_str("; its log does not say so");
                    line.verdict = Verdict::Short;
                }
            }
            report.lines.push(line);
        }
        for (what, file) in files()? {
            let what = format!("a file that is no plugin, {what},");
            report.lines.push(one(&running, &token, (what, installing(&token, &file), 422), calls, &usual).await?);
        }
    }
    if swaps > 0 {
        report.lines.push(swapped(&running, &token, swaps).await?);
    }
    running.stop().await
}

fn asking(token: &str, guest: &Guest) -> Vec<u8> {
    request("POST", &format!("/api/v1/{}/{}", guest.id, guest.route), Some(token), None).into_bytes()
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
    (what, request, status): (String, Vec<u8>, u16),
    calls: u32,
    usual: &Honest,
) -> Result<Line> {
    let before = resident(host.id)?;
    let left = Arc::new(AtomicU32::new(calls));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (target, request, left) = (host.target.clone(), request.clone(), left.clone());
        callers.spawn(async move {
            let mut seen: BTreeMap<u16, u32> = BTreeMap::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                *seen.entry(call(&target, &request).await.unwrap_or(0)).or_default() += 1;
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
    eprintln!("      {what}: {}, honest p99 {:?} (usually {:?})", statuses.join(", "), beside.p99, usual.p99);
    Ok(Line {
        what: format!("{what} {calls} calls beside honest traffic"),
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
