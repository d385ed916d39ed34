//! What people are reminded of: time that is missing, a timer that runs long, weeks that wait. Each is told once while it
//! is unread.

use crate::deciding::Desk;
use crate::{typed, week, weeks};
use lignaflow_sdk::prelude::*;
use std::collections::BTreeMap;

/// A timer of so many seconds was probably forgotten.
const LONG: i64 = 10 * 3600;
/// Less than this is not missed.
const LITTLE: i64 = 3600;
/// Days in which somebody entered time who is reminded of it.
const LATELY: i32 = 28;
/// People that are looked at in one slice.
const SLICE: usize = 50;
/// Weeks and timers that are told of at once.
const MOST: u16 = 500;

/// One reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reminder {
    pub(crate) people: Vec<Id>,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) about: Option<(&'static str, Id)>,
    /// While one of it is unread, there is no second.
    pub(crate) key: String,
}

/// Timers that run long, each to whoever started it.
pub(crate) fn long_timers(now: Instant) -> Result<Vec<Reminder>, Fault> {
    let since = crate::place::later(now, -LONG);
    let running = select("entries")
        .as_plugin()
        .columns(["id", "user", "label", "started_at"])
        .filter(all([field("ended_at").is_null(), field("started_at").at_most(since)]))
        .limit(MOST);
    let running = records::find(running)?;
    let reminder = |row: lignaflow_sdk::values::Row<'_>| {
        let (id, user, started) = (row.reference("id")?, row.reference("user")?, row.instant("started_at")?);
        let hours = typed::shown(crate::place::taken(started, now) / 3600 * 3600);
        Some(Reminder {
            people: vec![user],
            title: format!("Your timer has been running for {hours}"),
            text: format!("{}: if you forgot to stop, say when it was.", row.text("label").unwrap_or("Time")),
            about: Some(("entries", id)),
            key: format!("timer:{id}"),
        })
    };
    Ok(running.records().filter_map(reminder).collect())
}

/// Weeks that wait: for those who approve, and for those who have not submitted the week that is over.
pub(crate) fn waiting(today: Date) -> Result<Vec<Reminder>, Fault> {
    let this = weeks::Weeks::read()?.week_of(today);
    let sheets = select("sheets")
        .as_plugin()
        .columns(["id", "user", "week", "status", "total", "by_line"])
        .filter(field("status").within(["open", "returned", "submitted"]).and(field("week").less_than(this)))
        .sort("week")
        .limit(MOST);
    let sheets = records::find(sheets)?;
    let approvers = people::holding(Some(crate::sheets::APPROVE))?;
    let stand_ins = crate::stand_ins::on(today)?;
    let mut reminders = Vec::new();
    let mut submitted: Vec<Id> = Vec::new();
    for row in sheets.records() {
        let (Some(id), Some(user), Some(week)) = (row.reference("id"), row.reference("user"), row.date("week")) else {
            continue;
        };
        if row.text("status") == Some("submitted") {
            // Of a week that is approved by project, lines wait.
            submitted.extend(Some(user).filter(|_| row.boolean("by_line") != Some(true)));
        } else if row.integer("total").is_some_and(|total| total != 0) && today.days_since(week) <= LATELY {
            reminders.push(Reminder {
                people: vec![user],
                title: format!("Your week of {} is not submitted", weeks::span(week)),
                text: "Look it through, confirm that it is complete and true, and submit it.".to_owned(),
                about: Some(("sheets", id)),
                key: format!("submit:{id}"),
            });
        }
    }
    for approver in approvers.iter().filter(|approver| approver.active) {
        // Nobody waits for themselves, unless nobody else could do it.
        let theirs = submitted.iter().filter(|user| **user != approver.id || approvers.len() == 1).count();
        let mut people = vec![approver.id];
        people.extend(stand_ins.iter().filter(|(user, _)| *user == approver.id).map(|(_, stand_in)| *stand_in));
        if theirs > 0 {
            let (what, verb) = if theirs == 1 { ("timesheet", "waits") } else { ("timesheets", "wait") };
            reminders.push(Reminder {
                people,
                title: format!("{theirs} {what} {verb} for approval"),
                text: "Approve them at once on the page of the team, or on your first page.".to_owned(),
                about: None,
                key: "approve".to_owned(),
            });
        }
    }
    reminders.extend(lines(this)?);
    Ok(reminders)
}

/// Lines of weeks before this that wait, told to those whom they wait for.
fn lines(this: Date) -> Result<Vec<Reminder>, Fault> {
    let waiting = field("status").eq("waiting").and(field("week").less_than(this));
    let waiting = select("lines").columns(["id", "user", "project.manager"]).filter(waiting).sort("week").limit(MOST);
    let waiting = records::find(waiting)?;
    if waiting.rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut desk = Desk::read()?;
    let mut counts: BTreeMap<Id, usize> = BTreeMap::new();
    for row in waiting.records() {
        let Some(user) = row.reference("user") else { continue };
        let whom = desk.whom(user, row.reference("project.manager"))?;
        for person in desk.those(user, whom) {
            *counts.entry(person).or_default() += 1;
        }
    }
    let reminder = |(person, count): (Id, usize)| {
        let (what, verb) = if count == 1 { ("line of a timesheet", "waits") } else { ("lines of timesheets", "wait") };
        Reminder {
            people: vec![person],
            title: format!("{count} {what} {verb} for approval"),
            text: "Approve them at once on your first page.".to_owned(),
            about: None,
            key: "approve-lines".to_owned(),
        }
    };
    Ok(counts.into_iter().map(reminder).collect())
}

/// Who entered time lately and has less of this week than is expected up to today. Some people at a time, from `begin`
/// on; where there are more, the next begin.
pub(crate) fn missing(today: Date, begin: usize) -> Result<(Vec<Reminder>, Option<usize>), Fault> {
    let this = weeks::Weeks::read()?.week_of(today);
    let lately = today.plus_days(-LATELY).unwrap_or(today);
    let sheets = summarize("sheets")
        .as_plugin()
        .filter(field("week").at_least(lately))
        .group("user")
        .measure(sum("total").named("total"))
        .measure(sum("total").named("this").filter(field("week").at_least(this)));
    let sums = records::summarize(sheets)?;
    let mut of: BTreeMap<Id, i64> = BTreeMap::new();
    for row in sums.records() {
        if let Some(user) = row.reference("user").filter(|_| row.integer("total").is_some_and(|total| total > 0)) {
            of.insert(user, row.integer("this").unwrap_or(0));
        }
    }
    let days: Vec<Date> = weeks::days_of(this).into_iter().filter(|day| *day <= today).collect();
    let mut reminders = Vec::new();
    for (user, taken) in of.iter().skip(begin).take(SLICE) {
        if !people::person(*user)?.is_some_and(|person| person.active) {
            continue;
        }
        // A week is asked for whole, since what a day is expected to be goes by its weekday.
        let expected: i64 = week::expected(*user, &days)?.iter().sum();
        let short = expected - taken;
        if short >= LITTLE {
            reminders.push(Reminder {
                people: vec![*user],
                title: format!("{} of this week is missing", typed::shown(short)),
                text: format!("{} of {} are recorded.", typed::shown(*taken), typed::shown(expected)),
                about: None,
                key: format!("missing:{this}"),
            });
        }
    }
    Ok((reminders, (begin + SLICE < of.len()).then_some(begin + SLICE)))
}

impl From<Reminder> for Mutation {
    fn from(reminder: Reminder) -> Self {
        let line = notify(reminder.people, reminder.title).saying(reminder.text).once(reminder.key);
        match reminder.about {
            Some((collection, id)) => line.about(collection, id).into(),
            None => line.into(),
        }
    }
}

/// The jobs: each tells whom it concerns.
pub(crate) fn run(call: &JobCall) -> Result<Slice, Fault> {
    let caller = context::caller()?;
    match call.job.as_str() {
        "remind-of-timers" => Ok(Slice::default().with_writes(long_timers(caller.now)?)),
        "remind-of-weeks" => Ok(Slice::default().with_writes(waiting(caller.today()?)?)),
        "remind-of-time" => {
            let (reminders, next) = missing(caller.today()?, call.resumed()?.unwrap_or_default())?;
            let slice = Slice::default().with_writes(reminders);
            match next {
                Some(next) => slice.resuming(&next),
                None => Ok(slice),
            }
        }
        other => Err(Fault::not_found(format_args!("job `{other}`"))),
    }
}
