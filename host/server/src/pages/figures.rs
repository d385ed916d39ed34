//! What plugins used, as their pages draw it.

use lignaflow_core::clock::Micros;
use lignaflow_runtime::{HOUR, Used, UsedBy};
use lignaflow_web::admin::{Usage, UsedRow, UsedView};

/// Hours that are drawn.
const DAY: Micros = 24;

/// The beginning of the first of the hours that are drawn.
pub(super) fn a_day_before(now: Micros) -> Micros {
    now - now.rem_euclid(HOUR) - (DAY - 1) * HOUR
}

/// Each hour of a day, the last one last, of all versions together.
fn hours<'a>(of: &(impl Iterator<Item = &'a UsedBy> + Clone), now: Micros) -> Vec<Used> {
    let first = a_day_before(now);
    (0..DAY)
        .map(|hour| {
            let since = first + hour * HOUR;
            all(of.clone().filter(|by| by.used.since == since), since)
        })
        .collect()
}

fn all<'a>(of: impl Iterator<Item = &'a UsedBy>, since: Micros) -> Used {
    of.fold(Used::since(since), |mut all, by| {
        all.merge(&by.used);
        all
    })
}

/// How a plugin does, in a few strokes: of all that was used, what it did.
pub(super) fn usage(used: &[UsedBy], plugin: &lignaflow_core::name::PluginId, now: Micros) -> Usage {
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let own = used.iter().filter(|by| by.plugin == *plugin);
    let p95 = all(own.clone(), now).within(95);
    Usage {
        hours: hours(&own, now).iter().map(|hour| (small(hour.calls()), small(hour.faults()))).collect(),
        p95_ms: p95.map(|took| u32::try_from(took.as_millis()).unwrap_or(u32::MAX)),
    }
}

fn row(used: &Used, version: &str) -> UsedRow {
    let micros = |hundredths| used.within(hundredths).map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    let ended = |ends: &[&str]| used.outcomes().filter(|(end, _)| ends.contains(end)).map(|(_, calls)| calls).sum();
    UsedRow {
        since: used.since,
        version: version.to_owned(),
        calls: used.calls(),
        refused: ended(&["refused"]),
        faults: used.faults(),
        turned_away: ended(&["busy", "not-granted", "set-aside", "no-code"]),
        outcomes: used.outcomes().map(|(end, calls)| (said(end), calls)).collect(),
        within: micros(50).zip(micros(95)).zip(micros(99)).map(|((half, most), nearly)| [half, most, nearly]),
        cpu: used.cpu,
        instances: used.instances,
        memory: used.memory,
        rows: used.rows,
        bytes: used.bytes,
        denied: used.denied,
    }
}

/// How calls ended, in words.
fn said(end: &'static str) -> &'static str {
    match end {
        "cpu" => "out of computing time",
        "timed-out" => "out of time",
        "out-of-memory" => "out of memory",
        "exhausted" => "out of what they may use",
        "bad-answer" => "with a bad answer",
        "not-granted" => "not granted",
        "set-aside" => "set aside",
        "no-code" => "without code",
        other => other,
    }
}

/// A day of one plugin, of a version or of all.
pub(super) fn view(used: &[UsedBy], version: &str, now: Micros) -> UsedView {
    let mut versions: Vec<String> = used.iter().map(|by| by.version.clone()).collect();
    versions.sort_unstable();
    versions.dedup();
    let chosen = versions.iter().find(|known| *known == version).cloned();
    let looked_at = used.iter().filter(|by| chosen.as_ref().is_none_or(|chosen| *chosen == by.version));
    UsedView {
        hours: hours(&looked_at, now).iter().map(|hour| row(hour, "")).collect(),
        day: row(&all(looked_at.clone(), now), ""),
        rows: looked_at.rev().map(|by| row(&by.used, &by.version)).collect(),
        versions,
        version: chosen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(version: &str, since: Micros, parts: &[(&str, u64)]) -> UsedBy {
        let mut used = Used::since(since);
        for (name, value) in parts {
            used.put(name, *value);
        }
        UsedBy { plugin: "tools".parse().unwrap(), version: version.to_owned(), used }
    }

    #[test]
    fn a_day_is_of_all_versions_or_of_the_one_that_is_asked_for() {
        let now = 100 * HOUR + 5;
        let used = [
            by("0.1.0", 77 * HOUR, &[("calls.answered", 4), ("rows", 7), ("memory", 10)]),
            by("0.1.0", 100 * HOUR, &[("calls.answered", 1), ("calls.busy", 2), ("memory", 5)]),
            by("0.2.0", 100 * HOUR, &[("calls.refused", 3), ("calls.trapped", 1), ("denied", 2), ("memory", 7)]),
        ];
        let whole = view(&used, "", now);
        assert_eq!((whole.hours.len(), whole.hours[0].calls, whole.hours[23].calls), (24, 4, 7));
        let last = &whole.hours[23];
        assert_eq!((last.refused, last.faults, last.turned_away, last.memory, last.denied), (3, 1, 2, 7, 2));
        assert_eq!((whole.day.calls, whole.day.rows, whole.day.memory), (11, 7, 10));
        assert_eq!((whole.versions.len(), whole.version.as_deref()), (2, None));
        let told: Vec<_> = whole.rows.iter().map(|row| (row.version.as_str(), row.calls)).collect();
        assert_eq!(told, [("0.2.0", 4), ("0.1.0", 3), ("0.1.0", 4)]);
        let one = view(&used, "0.2.0", now);
        assert_eq!((one.day.calls, one.hours[0].calls, one.rows.len(), one.versions.len()), (4, 0, 1, 2));
        assert_eq!(view(&used, "9", now), whole);
        assert_eq!(usage(&used, &"tools".parse().unwrap(), now).hours[23], (7, 1));
    }
}
