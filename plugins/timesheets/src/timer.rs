//! The timer of a person: one at a time, started, changed to another, stopped, also after the fact.

use crate::{place, shifts, typed, week};
use lignaflow_sdk::prelude::*;
use lignaflow_sdk::values::Row;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What time is for. Two entries of the same are rows of one line of a week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Purpose {
    #[serde(with = "id_text")]
    pub(crate) project: Option<Id>,
    #[serde(with = "id_text")]
    pub(crate) task: Option<Id>,
    #[serde(with = "id_text")]
    pub(crate) activity: Option<Id>,
}

/// Ids as JSON has them; an empty text, which a form posts for nothing chosen, is none.
mod id_text {
    use lignaflow_sdk::Id;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(id: &Option<Id>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.collect_str(id),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Id>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }
}

impl Purpose {
    pub(crate) fn of(fields: &impl ReadFields) -> Self {
        Self {
            project: fields.reference("project"),
            task: fields.reference("task"),
            activity: fields.reference("activity"),
        }
    }

    pub(crate) const fn is_nothing(&self) -> bool {
        self.project.is_none() && self.task.is_none() && self.activity.is_none()
    }

    /// The same with the project of its task. What whoever asks may not read is as good as not there.
    pub(crate) fn seen(self) -> Result<Self, Fault> {
        let unknown = |path: &str, what: &str| {
            Fault::at(path, "unknown-reference", format!("This {what} is archived or not there: name another."))
        };
        let mut purpose = self;
        if let Some(task) = self.task {
            let columns = ["project"];
            let task =
                records::get_for_caller("projects/tasks", task, &columns)?.ok_or_else(|| unknown("/task", "task"))?;
            purpose.project = purpose.project.or(task.reference("project"));
        }
        if let Some(project) = self.project {
            records::get_for_caller("projects/projects", project, &["id"])?
                .ok_or_else(|| unknown("/project", "project"))?;
        }
        if let Some(activity) = self.activity {
            records::get_for_caller("activities", activity, &["id"])?
                .ok_or_else(|| unknown("/activity", "activity"))?;
        }
        if purpose.is_nothing() {
            return Err(Fault::at("/task", "required", "Say what it is for: a project, a task or an activity."));
        }
        Ok(purpose)
    }

    pub(crate) fn put(&self, write: lignaflow_sdk::writes::Write) -> lignaflow_sdk::writes::Write {
        write.set("project", self.project).set("task", self.task).set("activity", self.activity)
    }
}

/// Columns by which an entry is told of.
pub(crate) const TOLD: [&str; 12] = [
    "id",
    "project",
    "task",
    "activity",
    "project.name",
    "task.title",
    "activity.name",
    "started_at",
    "ended_at",
    "duration",
    "note",
    "local_date",
];

/// The first line that something is told by, and the second.
pub(crate) fn names(row: &impl ReadFields) -> (String, String) {
    let project = row.text("project.name");
    let title = row.text("task.title").or_else(|| row.text("activity.name")).or(project).unwrap_or("Time");
    let detail = project.filter(|project| *project != title).unwrap_or_default();
    (title.to_owned(), detail.to_owned())
}

#[derive(Debug, Deserialize)]
struct Start {
    project: Option<String>,
    task: Option<String>,
    activity: Option<String>,
    note: Option<String>,
    at: Option<String>,
    zone: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stop {
    at: Option<String>,
    at_time: Option<String>,
    break_time: Option<i64>,
    note: Option<String>,
}

pub(crate) fn me() -> Result<(Id, context::Caller), Fault> {
    let caller = context::caller()?;
    let person = caller.person().ok_or_else(|| Fault::denied("Only people have a timer."))?;
    Ok((person, caller))
}

fn id(text: Option<&str>, path: &str) -> Result<Option<Id>, Fault> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| Fault::at(path, "type", "Expected the id of a record, a UUID.")))
        .transpose()
}

fn running(user: Id) -> Result<Option<Fields>, Fault> {
    let timers = select("entries")
        .as_plugin()
        .columns(TOLD)
        .filter(all([field("user").eq(user), field("ended_at").is_null(), field("started_at").is_set()]))
        .limit(1);
    Ok(records::find(timers)?.records().next().map(Row::to_fields))
}

/// An instant that somebody named, not in the future.
fn named(text: Option<&str>, path: &str, now: Instant) -> Result<Instant, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(place::whole_second(now)) };
    let at: Instant = text.parse().map_err(|fault: Fault| Fault::at(path, "type", fault.message))?;
    if at > now {
        return Err(Fault::at(path, "future", "That is still to come."));
    }
    Ok(at)
}

/// Starts a timer; one that runs is stopped by it, in the same moment.
pub(crate) fn start(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Start = request.json()?;
    let (user, caller) = me()?;
    let wanted = Purpose {
        project: id(body.project.as_deref(), "/project")?,
        task: id(body.task.as_deref(), "/task")?,
        activity: id(body.activity.as_deref(), "/activity")?,
    };
    let purpose = wanted.seen()?;
    let now = body.at.as_deref().is_none_or(str::is_empty);
    let mut at = named(body.at.as_deref(), "/at", caller.now)?;
    let zone = match body.zone.filter(|zone| !zone.is_empty()) {
        Some(zone) => zone,
        None => place::zone_for(purpose.project, user)?,
    };
    if calendar::to_local(at, &zone).is_err() {
        return Err(Fault::at("/zone", "zone", format!("There is no time zone `{zone}`.")));
    }
    let running = running(user)?;
    if let Some(entry) = running.as_ref().filter(|entry| Purpose::of(*entry) == purpose) {
        // Tapped twice, it is meant once.
        return reply::json(&json!({ "started": view(entry, None), "stopped": null }));
    }
    let mut writes: Vec<Mutation> = Vec::new();
    let mut stopped = None;
    if let Some(entry) = &running {
        let began = entry.instant("started_at").unwrap_or(at);
        // Of two that were started at once, the one that is carried out last may have been asked for first.
        at = if now { at.max(began) } else { at };
        if began > at {
            return Err(Fault::at("/at", "order", "The timer that runs was started after that: stop it first."));
        }
        writes.extend(entry.reference("id").map(|id| update("entries", id).set("ended_at", at).into()));
        stopped = Some(view(entry, Some(at)));
    }
    writes.extend(shifts::come(user, at, &zone)?);
    let new = context::new_id()?;
    let note = body.note.filter(|note| !note.trim().is_empty());
    let entry = purpose.put(insert("entries", new)).set("user", user).set("started_at", at);
    writes.push(entry.set("zone", zone.as_str()).set("note", note.as_deref()).set("origin", "timer").into());
    let started = json!({
        "id": new, "project": purpose.project, "task": purpose.task, "activity": purpose.activity,
        "started_at": at, "ended_at": null, "duration": null, "note": note,
    });
    Ok(reply::json(&json!({ "started": started, "stopped": stopped }))?.with_status(201).with_writes(writes))
}

/// An entry as the timer's routes tell of it, stopped at an instant where it is.
fn view(entry: &Fields, stopped: Option<Instant>) -> serde_json::Value {
    let purpose = Purpose::of(entry);
    let started = entry.instant("started_at");
    let ended = stopped.or(entry.instant("ended_at"));
    json!({
        "id": entry.reference("id"), "project": purpose.project, "task": purpose.task, "activity": purpose.activity,
        "started_at": started, "ended_at": ended,
        "duration": started.zip(ended).map(|(start, end)| place::taken(start, end)), "note": entry.text("note"),
    })
}

/// Stops the timer, now or when it should have been.
pub(crate) fn stop(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Stop = if request.body.is_empty() { Stop::default() } else { request.json()? };
    let (user, caller) = me()?;
    let Some(entry) = running(user)? else {
        return Err(Fault::new(ErrorCode::Conflict, "No timer of yours runs."));
    };
    let (Some(entry_id), Some(started)) = (entry.reference("id"), entry.instant("started_at")) else {
        return Err(Fault::internal());
    };
    let (at, path) = match body.at_time.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => {
            let second = typed::clock(&text.to_lowercase())
                .ok_or_else(|| Fault::at("/at_time", "type", "Write a time of the clock, such as 15:30."))?;
            // It was meant of the time since the start, however long the timer was forgotten.
            let at = place::first_at(second, &caller.time_zone, started)?;
            if at > caller.now {
                let since = typed::shown_clock(calendar::to_local(started, &caller.time_zone)?.second);
                let message =
                    format!("It was not {} yet since the timer was started, at {since}.", typed::shown_clock(second));
                return Err(Fault::at("/at_time", "order", message));
            }
            (at, "/at_time")
        }
        None if body.at.as_deref().is_none_or(str::is_empty) => (place::whole_second(caller.now).max(started), "/at"),
        None => (named(body.at.as_deref(), "/at", caller.now)?, "/at"),
    };
    if at < started {
        return Err(Fault::at(path, "order", "The timer was started after that."));
    }
    let mut write = update("entries", entry_id).set("ended_at", at);
    if let Some(pause) = body.break_time.filter(|pause| *pause > 0) {
        write = write.set("break_time", pause);
    }
    if let Some(note) = body.note.filter(|note| !note.trim().is_empty()) {
        write = write.set("note", note);
    }
    let mut writes: Vec<Mutation> = vec![write.into()];
    writes.extend(shifts::go(user, at)?);
    Ok(reply::saved("entries", entry_id).with_writes(writes))
}

/// Entries that are looked through for what was worked on last.
const RECENT: u16 = 60;
/// How many things are offered to be started.
const OFFERED: usize = 8;
/// After so long a break is asked for, and how long it is taken to be.
const LONG: i64 = 5 * 3600;
const LUNCH: i64 = 1800;
const HALF_HOUR: i64 = 1800;
/// Days by which it is told when somebody usually stops.
const USUAL_DAYS: usize = 9;
/// Nobody works longer than this at a stretch.
const STRETCH: i64 = 14 * 3600;

/// What runs, and what can be started next: for the block of the same name.
pub(crate) fn state() -> Result<RouteReply, Fault> {
    let (user, caller) = me()?;
    let today = caller.today()?;
    let running = running(user)?;
    let of_today = select("entries")
        .columns(["duration", "break_time"])
        .filter(field("user").eq(user).and(field("local_date").eq(today)));
    let of_today = records::find(of_today)?;
    let taken: i64 = of_today.records().filter_map(|row| row.integer("duration")).sum();
    let had_break = of_today.records().any(|row| row.integer("break_time").is_some_and(|pause| pause > 0));
    let mut known: BTreeSet<Purpose> = running.iter().map(Purpose::of).collect();
    let mut starts = Vec::new();
    let mut columns = TOLD.to_vec();
    columns.extend(["zone", "break_time"]);
    let recent = select("entries")
        .columns(columns)
        .filter(field("user").eq(user))
        .sort_descending("local_date")
        .sort_descending("started_at")
        .limit(RECENT);
    let recent = records::find(recent)?;
    for row in recent.records() {
        let purpose = Purpose::of(&row);
        if starts.len() < OFFERED / 2 && !purpose.is_nothing() && known.insert(purpose) {
            let (title, detail) = names(&row);
            starts.push(json!({ "title": title, "detail": detail, "body": purpose }));
        }
    }
    let open = ["draft", "active", "on-hold", "completed"];
    let assigned = select("projects/tasks")
        .columns(["id", "title", "project", "project.name"])
        .filter(all([
            field("assignees").includes(user),
            field("status").ne("done"),
            field("project.status").within(open),
        ]))
        .sort("due")
        .limit(50);
    for row in records::find(assigned)?.records() {
        let purpose = Purpose { project: row.reference("project"), task: row.reference("id"), activity: None };
        if starts.len() < OFFERED && known.insert(purpose) {
            let title = row.text("title").unwrap_or_default();
            starts.push(
                json!({ "title": title, "detail": row.text("project.name").unwrap_or_default(), "body": purpose }),
            );
        }
    }
    let now = running.as_ref().map(|entry| -> Result<serde_json::Value, Fault> {
        let (title, detail) = names(entry);
        let started = entry.instant("started_at").unwrap_or(caller.now);
        let so_far = place::taken(started, caller.now);
        let pause = (!had_break && taken + so_far >= LONG && so_far > LUNCH).then_some(LUNCH);
        Ok(json!({
            "id": entry.reference("id"), "title": title, "detail": detail, "started_at": started,
            "since": typed::shown_clock(calendar::to_local(started, &caller.time_zone)?.second),
            "forgotten": forgotten(user, started, &recent, &caller)?, "pause": pause,
        }))
    });
    reply::json(&json!({ "running": now.transpose()?, "today": taken, "starts": starts }))
}

/// Whole and half hours at which a timer may have been meant to stop: when the person's working day usually ends, and half
/// an hour before and after that; of a day that has not come so far, the last before now. Clocks of the caller's zone.
fn forgotten(user: Id, started: Instant, recent: &Page, caller: &context::Caller) -> Result<Vec<String>, Fault> {
    let (now, zone) = (caller.now, caller.time_zone.as_str());
    let last = place::later(now, -(i64::from(calendar::to_local(now, zone)?.second) % HALF_HOUR));
    let end = match usual_end(started, recent, zone)? {
        Some(end) => end,
        None => expected_end(user, started, recent, zone)?,
    };
    let second = i64::from(calendar::to_local(end, zone)?.second);
    let end = place::later(end, typed::nearest(second, HALF_HOUR) - second).min(last);
    let mut times = Vec::new();
    for around in [-HALF_HOUR, 0, HALF_HOUR] {
        let at = place::later(end, around);
        if at > started && place::taken(at, now) > 0 {
            times.push(typed::shown_clock(calendar::to_local(at, zone)?.second));
        }
    }
    Ok(times)
}

/// When the person usually stops, as it comes next after a start: the middle of when they last stopped on each of the
/// latest days before. Nothing where nobody would work on until then.
fn usual_end(started: Instant, recent: &Page, zone: &str) -> Result<Option<Instant>, Fault> {
    let today = calendar::to_local(started, zone)?.date;
    let mut days: BTreeMap<Date, (Instant, String)> = BTreeMap::new();
    for row in recent.records() {
        let (Some(day), Some(end)) = (row.date("local_date"), row.instant("ended_at")) else { continue };
        let there = || row.text("zone").unwrap_or(zone).to_owned();
        if day < today && days.get(&day).is_none_or(|(known, _)| *known < end) {
            days.insert(day, (end, there()));
        }
    }
    let ends = days.values().rev().take(USUAL_DAYS).map(|(end, there)| calendar::to_local(*end, there));
    let mut seconds = ends.map(|local| local.map(|local| local.second)).collect::<Result<Vec<u32>, Fault>>()?;
    seconds.sort_unstable();
    let Some(second) = seconds.get(seconds.len().saturating_sub(1) / 2) else { return Ok(None) };
    let end = place::first_at(*second, zone, started)?;
    Ok(Some(end).filter(|end| (HALF_HOUR..=STRETCH).contains(&place::taken(started, *end))))
}

/// When the person will have worked what the day is expected to be by their work pattern, with lunch where they had none
/// yet; an hour after the start at the earliest.
fn expected_end(user: Id, started: Instant, recent: &Page, zone: &str) -> Result<Instant, Fault> {
    let today = calendar::to_local(started, zone)?.date;
    let of_day = || recent.records().filter(|row| row.date("local_date") == Some(today));
    let taken: i64 = of_day().filter_map(|row| row.integer("duration")).sum();
    let had_break = of_day().any(|row| row.integer("break_time").is_some_and(|pause| pause > 0));
    let expected: i64 = week::expected(user, &[today])?.iter().sum();
    let rest = (expected - taken).max(2 * HALF_HOUR);
    let lunch = if rest >= LONG && !had_break { LUNCH } else { 0 };
    Ok(place::later(started, rest + lunch))
}
