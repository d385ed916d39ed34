//! What a reader must know of the machine to make sense of figures, and nothing that names it.

use std::fs;

/// Name and value of each fact.
pub(crate) fn facts() -> Vec<(&'static str, String)> {
    let mut facts = vec![("date", today())];
    if let Some(model) = line_of("/proc/cpuinfo", "model name") {
        facts.push(("processor", model));
    }
    if let Ok(cores) = std::thread::available_parallelism() {
        facts.push(("cores", cores.to_string()));
    }
    let memory = line_of("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    if let Some(kilobytes) = memory {
        facts.push(("memory", format!("{} GiB", (kilobytes + (1 << 19)) >> 20)));
    }
    facts.push(("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)));
    if let Some(load) = load() {
        facts.push(("load of the machine before", load));
    }
    facts
}

/// Runnable processes on average over the last minute: what else is going on.
pub(crate) fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next().map(str::to_owned)
}

fn line_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[expect(clippy::disallowed_methods, reason = "the day of a measurement is a fact of the machine")]
fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}
