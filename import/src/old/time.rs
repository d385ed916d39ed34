//! Task timers become time entries, daily attendance shifts. The old system counts days in UTC and starts timers beside each
//! other; here a day is the day where the work began, and nobody works twice at once.

use super::tables::{ATTENDANCE, Attendance, TIMERS, Timer};
use super::{Clock, Desk};
use crate::number::hours;
use crate::report::Weight;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default)]
pub(crate) struct Worked {
    pub(crate) entries: Vec<Json>,
    pub(crate) shifts: Vec<Json>,
    /// What the entries come to, in seconds.
    pub(crate) seconds: i64,
}

const DAY: i64 = 86_400;
/// Longer than anybody works at a stretch.
const LONG: i64 = 16 * 3_600;

/// What clocks showed from one to the other, to the minute, as timesheets reckon it.
fn shown(start: Timestamp, end: Timestamp) -> i64 {
    (end.as_second().div_euclid(60) - start.as_second().div_euclid(60)) * 60
}

fn nearest_minute(seconds: i64) -> i64 {
    (seconds + 30).div_euclid(60) * 60
}

pub(crate) fn plan(desk: &mut Desk<'_>) -> Worked {
    let mut all = Worked::default();
    timers(desk, &mut all);
    attendance(desk, &mut all);
    all
}

/// What becomes of a timer.
enum Span {
    /// From a start to an end, less a break.
    Timed { start: Timestamp, end: Timestamp, pause: i64 },
    /// So long, on the day of its start.
    Untimed { seconds: i64 },
}

fn timers(desk: &mut Desk<'_>, all: &mut Worked) {
    let (old, firm) = (desk.old, desk.firm);
    let of_firm = |timer: &&Timer| {
        let of_task = timer.task.and_then(|task| desk.belongs.tasks.get(&task));
        of_task.map_or_else(|| desk.belongs.user(timer.employee) == Some(firm), |of| *of == firm)
    };
    let mut own: Vec<&Timer> = old.timers.iter().filter(of_firm).collect();
    own.sort_by_key(|timer| (timer.start, timer.id));
    let (mut before, mut left, mut other_days) = (0, 0, 0);
    // Until when each is known to work.
    let mut busy: BTreeMap<String, Timestamp> = BTreeMap::new();
    for timer in &own {
        before += timer.seconds;
        let made = one_timer(desk, timer, &mut busy);
        let Some((entry, seconds, day)) = made else {
            left += timer.seconds;
            continue;
        };
        other_days += usize::from(timer.day.is_some_and(|utc| utc != day));
        all.seconds += seconds;
        all.entries.push(entry);
    }
    desk.report.count("task timers", own.len(), all.entries.len());
    let rounded = all.seconds - (before - left);
    let between = if left == 0 && rounded == 0 {
        String::new()
    } else {
        format!(
            "{} left out, {} by times of the clock to the minute and what is told below",
            hours(-left),
            hours(rounded)
        )
    };
    desk.report.total("time of tasks", hours(before), hours(all.seconds), between);
    if other_days > 0 {
        let what = format!(
            "{other_days} lie on another day: the old one is that of UTC, this one that of {}",
            desk.options.zone_name
        );
        desk.report.find(Weight::Note, TIMERS, "", "work_date", what);
    }
}

fn one_timer(desk: &mut Desk<'_>, timer: &Timer, busy: &mut BTreeMap<String, Timestamp>) -> Option<(Json, i64, Date)> {
    let row = timer.id;
    let left = |desk: &mut Desk<'_>, column, what: String| {
        desk.report.find(Weight::Left, TIMERS, row, column, what);
        None
    };
    let Some(task) = timer.task.and_then(|id| desk.old.task(id)) else {
        return left(desk, "task_id", "its task is not there".to_owned());
    };
    let project = task.project.and_then(|id| desk.old.project(id));
    let Some(project) = project else {
        return left(desk, "task_id", "the project of its task is not there".to_owned());
    };
    let Some(user) = desk.person(timer.employee, (TIMERS, row, "employee_id")) else {
        return left(desk, "employee_id", "nobody is named whose time it is".to_owned());
    };
    let Some(start) = timer.start else { return left(desk, "start_time", "it has no start".to_owned()) };
    let span = match timer.end {
        _ if start > desk.options.now => {
            return left(desk, "start_time", format!("it starts at {start}, which is to come"));
        }
        None if timer.seconds > 0 => {
            let what = format!("it was never stopped: it comes with the {} that it had", hours(timer.seconds));
            desk.report.find(Weight::Changed, TIMERS, row, "end_time", what);
            Span::Untimed { seconds: timer.seconds }
        }
        None => return left(desk, "end_time", "it was never stopped, and nobody knows how long it ran".to_owned()),
        Some(end) => spanned(desk, timer, start, end),
    };
    let span = match span {
        Span::Timed { start, end, .. } if start < end && busy.get(&user).is_some_and(|until| start < *until) => {
            let what = "it runs beside another timer of the same person: it comes with its length, without its times";
            desk.report.find(Weight::Changed, TIMERS, row, "start_time", what);
            Span::Untimed { seconds: if timer.seconds > 0 { timer.seconds } else { shown(start, end) } }
        }
        span => span,
    };
    let zoned = start.to_zoned(desk.options.zone.clone());
    let mut entry = json!({
        "id": desk.ids.of("timers", &row.to_string(), Some(start)), "user": user,
        "project": desk.ids.of("projects", &project.id.to_string(), project.at),
        "task": desk.ids.of("tasks", &task.id.to_string(), task.at), "zone": desk.options.zone_name, "origin": "import",
    });
    let seconds = match span {
        Span::Timed { start, end, pause } => {
            let until = busy.entry(user).or_insert(end);
            *until = end.max(*until);
            entry["started_at"] = json!(start.to_string());
            entry["ended_at"] = json!(end.to_string());
            if pause > 0 {
                entry["break_time"] = json!(pause);
            }
            let seconds = shown(start, end) - pause;
            if seconds > LONG {
                let what = format!("it runs for {}: it may have been forgotten", hours(seconds));
                desk.report.find(Weight::Note, TIMERS, row, "end_time", what);
            }
            seconds
        }
        Span::Untimed { seconds } => {
            let seconds = nearest_minute(seconds);
            if seconds == 0 {
                return left(desk, "duration_seconds", "it is less than half a minute".to_owned());
            }
            if seconds > DAY {
                return left(desk, "duration_seconds", format!("{} are more than a day", hours(seconds)));
            }
            entry["local_date"] = json!(zoned.date().to_string());
            entry["duration"] = json!(seconds);
            seconds
        }
    };
    Some((entry, seconds, zoned.date()))
}

/// Of a timer that was stopped: its length and its times may say different things.
fn spanned(desk: &mut Desk<'_>, timer: &Timer, start: Timestamp, end: Timestamp) -> Span {
    let row = timer.id;
    let between = end.as_second() - start.as_second();
    if between < 0 {
        let what = "it ends before it starts: it comes with its length, without its times";
        desk.report.find(Weight::Changed, TIMERS, row, "end_time", what);
        return Span::Untimed { seconds: timer.seconds };
    }
    let missing = between - timer.seconds;
    if timer.seconds == 0 && between > 0 {
        let what = format!("it has no length: it comes with the {} between its times", hours(between));
        desk.report.find(Weight::Changed, TIMERS, row, "duration_seconds", what);
        return Span::Timed { start, end, pause: 0 };
    }
    if missing.abs() <= 60 {
        return Span::Timed { start, end, pause: 0 };
    }
    if missing > 0 {
        let pause = nearest_minute(missing).min(shown(start, end));
        let what =
            format!("{} of the {} between its times do not count: they come as a break", hours(pause), hours(between));
        desk.report.find(Weight::Changed, TIMERS, row, "duration_seconds", what);
        return Span::Timed { start, end, pause };
    }
    let what = format!("{} are more than lie between its times: it comes without these", hours(timer.seconds));
    desk.report.find(Weight::Changed, TIMERS, row, "duration_seconds", what);
    Span::Untimed { seconds: timer.seconds }
}

/// Which clock wrote times without a zone: of rows that were written when somebody came, the one whose time is nearest.
fn clock(desk: &mut Desk<'_>, own: &[&Attendance]) -> TimeZone {
    let zone = desk.options.zone.clone();
    let near = |zone: &TimeZone| {
        let is = |row: &&&Attendance| {
            let (Some(day), Some(entry), Some(written)) = (row.day, row.entry, row.at) else { return false };
            zone.to_timestamp(day.to_datetime(entry))
                .is_ok_and(|came| (came.as_second() - written.as_second()).abs() <= 600)
        };
        own.iter().filter(is).count()
    };
    match desk.options.clock {
        Clock::Firm => zone,
        Clock::Utc => TimeZone::UTC,
        Clock::Found => {
            let (firm, utc) = (near(&zone), near(&TimeZone::UTC));
            let is_utc = utc > firm;
            if utc != firm {
                let name = if is_utc { "UTC" } else { desk.options.zone_name.as_str() };
                let what = format!(
                    "times are taken for those of {name}: {} rows were written then, {} are of the other",
                    utc.max(firm),
                    utc.min(firm)
                );
                desk.report.find(Weight::Note, ATTENDANCE, "", "entry_time", what);
            }
            if is_utc { TimeZone::UTC } else { zone }
        }
    }
}

fn attendance(desk: &mut Desk<'_>, all: &mut Worked) {
    let (old, firm) = (desk.old, desk.firm);
    let own: Vec<&Attendance> = old.attendance.iter().filter(|row| desk.belongs.user(row.user) == Some(firm)).collect();
    let zone = clock(desk, &own);
    let mut spans: Vec<(String, Timestamp, Timestamp, i64)> = Vec::new();
    let (mut before, mut absent, mut left) = (0, 0, 0);
    for row in &own {
        let Some((came, went)) = times(desk, row, &zone, &mut absent) else {
            left += row.total.unwrap_or(0).max(0);
            before += row.total.unwrap_or(0).max(0);
            continue;
        };
        let length = went.as_second() - came.as_second();
        // What the old system subtracts past midnight is less than nothing: it counts as what lies between.
        before += row.total.filter(|total| *total > 0).unwrap_or(length);
        if let Some(user) = desk.person(row.user, (ATTENDANCE, row.id, "user_id")) {
            spans.push((user, came, went, row.id));
        }
    }
    spans.sort();
    let mut seconds = 0;
    let mut last: Option<(String, Timestamp)> = None;
    for (user, came, went, row) in spans {
        if last.as_ref().is_some_and(|(of, until)| *of == user && came < *until) {
            left += went.as_second() - came.as_second();
            desk.report.find(
                Weight::Left,
                ATTENDANCE,
                row,
                "entry_time",
                "it overlaps another shift of the same person",
            );
            continue;
        }
        last = Some((user.clone(), went));
        seconds += shown(came, went);
        all.shifts.push(json!({
            "id": desk.ids.of("attendance", &row.to_string(), Some(came)), "user": user, "started_at": came.to_string(),
            "ended_at": went.to_string(), "zone": desk.options.zone_name,
        }));
    }
    desk.report.count("days of attendance", own.len(), all.shifts.len());
    if absent > 0 {
        let what = format!("{absent} days have no times, such as days of absence: they are no shifts");
        desk.report.find(Weight::Note, ATTENDANCE, "", "attendance", what);
    }
    let rounded = seconds - (before - left);
    let between = if left == 0 && rounded == 0 {
        String::new()
    } else {
        format!(
            "{} left out, {} by times of the clock to the minute and what is told below",
            hours(-left),
            hours(rounded)
        )
    };
    desk.report.total("time on site", hours(before), hours(seconds), between);
}

/// When somebody came and left.
fn times(desk: &mut Desk<'_>, row: &Attendance, zone: &TimeZone, absent: &mut usize) -> Option<(Timestamp, Timestamp)> {
    let at = |day: Date, time: Time| zone.to_timestamp(day.to_datetime(time)).ok();
    let (Some(day), Some(entry)) = (row.day, row.entry) else {
        *absent += 1;
        return None;
    };
    let came = at(day, entry)?;
    let left = match (row.exit, row.total) {
        (Some(exit), _) if exit > entry => at(day, exit)?,
        (Some(exit), _) if exit < entry => {
            desk.report.find(
                Weight::Note,
                ATTENDANCE,
                row.id,
                "exit_time",
                format!("it ends at {exit} of the next day"),
            );
            at(day.tomorrow().ok()?, exit)?
        }
        (None, Some(total)) if total > 0 => came.checked_add(jiff::SignedDuration::from_secs(total)).ok()?,
        _ => {
            let what = format!("it has no end ({}): nobody knows how long it was", row.said);
            desk.report.find(Weight::Left, ATTENDANCE, row.id, "exit_time", what);
            return None;
        }
    };
    if came > desk.options.now || left > desk.options.now {
        desk.report.find(Weight::Left, ATTENDANCE, row.id, "date", "it is still to come");
        return None;
    }
    let length = left.as_second() - came.as_second();
    if let Some(total) = row.total.filter(|total| (total - length).abs() > 60) {
        let what = format!("it is {} long by its times, and was counted as {}", hours(length), hours(total));
        desk.report.find(Weight::Note, ATTENDANCE, row.id, "total_working_time", what);
    }
    Some((came, left))
}
