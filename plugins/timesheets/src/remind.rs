//! What people are reminded of: a timer that runs long, weeks that wait for those who approve, and once a week what is
//! missing of one's own time and not submitted. Each is told once while it is unread.

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

/// Weeks that are over and wait, told to those who approve them. Who has not submitted theirs is told with what is missing.
pub(crate) fn waiting(today: Date) -> Result<Vec<Reminder>, Fault> {
    let this = weeks::Weeks::read()?.week_of(today);
    let sheets = select("sheets")
        .as_plugin()
        .columns(["id", "user", "crew.leaders"])
        // Of a week that is approved by project, lines wait.
        .filter(all([field("status").eq("submitted"), field("week").less_than(this), field("by_line").eq(false)]))
        .sort("week")
        .limit(MOST);
    let where_to = "Approve them at once on the page of the team, or on your first page.";
    let words = ["timesheet waits", "timesheets wait"];
    let mut reminders = told(&records::find(sheets)?, "crew.leaders", words, where_to, "approve")?;
    // Lines of weeks before this one.
    let lines = select("lines")
        .as_plugin()
        .columns(["id", "user", "project.manager", "sheet.crew.leaders"])
        .filter(field("status").eq("waiting").and(field("week").less_than(this)))
        .sort("week")
        .limit(MOST);
    let where_to = "Approve them at once on your first page.";
    let words = ["line of a timesheet waits", "lines of timesheets wait"];
    reminders.extend(told(&records::find(lines)?, "sheet.crew.leaders", words, where_to, "approve-lines")?);
    Ok(reminders)
}

/// One reminder for each whom some of it waits for, of how much that is: one, or several.
fn told(
    waiting: &Page,
    leaders: &str,
    [one, several]: [&str; 2],
    where_to: &str,
    key: &str,
) -> Result<Vec<Reminder>, Fault> {
    if waiting.rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut desk = Desk::read()?;
    let mut counts: BTreeMap<Id, usize> = BTreeMap::new();
    for row in waiting.records() {
        let Some(user) = row.reference("user") else { continue };
        let whom = desk.whom(user, row.reference("project.manager"))?;
        for person in desk.those(user, whom, row.references(leaders)) {
            *counts.entry(person).or_default() += 1;
        }
    }
    let reminder = |(person, count): (Id, usize)| Reminder {
        people: vec![person],
        title: format!("{count} {} for approval", if count == 1 { one } else { several }),
        text: where_to.to_owned(),
        about: None,
        key: key.to_owned(),
    };
    Ok(counts.into_iter().map(reminder).collect())
}

/// Who entered time lately, and has less of this week than is expected up to today or has not submitted a week that is
/// over: one reminder each, of all of it. Some people at a time, from `begin` on; where there are more, the next begin.
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
    let some: Vec<(Id, i64)> = of.iter().skip(begin).take(SLICE).map(|(user, taken)| (*user, *taken)).collect();
    let mut unsubmitted = unsubmitted(some.iter().map(|(user, _)| *user), lately, this)?;
    let days: Vec<Date> = weeks::days_of(this).into_iter().filter(|day| *day <= today).collect();
    let mut reminders = Vec::new();
    for (user, taken) in some {
        if !people::person(user)?.is_some_and(|person| person.active) {
            continue;
        }
        // A week is asked for whole, since what a day is expected to be goes by its weekday.
        let expected: i64 = week::expected(user, &days)?.iter().sum();
        let weeks = unsubmitted.remove(&user).unwrap_or_default();
        let short = Some(expected - taken).filter(|short| *short >= LITTLE);
        let recorded = format!("{} of {} are recorded.", typed::shown(taken), typed::shown(expected));
        let (title, text) = match (short, not_submitted(&weeks)) {
            (None, None) => continue,
            (None, Some(said)) => {
                (said, "Look it through, confirm that it is complete and true, and submit it.".to_owned())
            }
            (Some(short), None) => (format!("{} of this week is missing", typed::shown(short)), recorded),
            (Some(short), Some(said)) => {
                (format!("{} of this week is missing", typed::shown(short)), format!("{recorded} {said}."))
            }
        };
        reminders.push(Reminder {
            people: vec![user],
            title,
            text,
            about: weeks.first().filter(|_| short.is_none()).map(|(_, sheet)| ("sheets", *sheet)),
            key: format!("week:{this}"),
        });
    }
    Ok((reminders, (begin + SLICE < of.len()).then_some(begin + SLICE)))
}

/// Weeks with time that these people have not submitted, the earliest first, each with its sheet.
fn unsubmitted(
    users: impl Iterator<Item = Id>,
    from: Date,
    before: Date,
) -> Result<BTreeMap<Id, Vec<(Date, Id)>>, Fault> {
    let wanted = [
        field("user").within(users),
        field("status").within(["open", "returned"]),
        field("week").at_least(from),
        field("week").less_than(before),
    ];
    let sheets = select("sheets").as_plugin().columns(["id", "user", "week", "total"]).filter(all(wanted));
    let sheets = records::find(sheets.sort("week").limit(MOST))?;
    let mut of: BTreeMap<Id, Vec<(Date, Id)>> = BTreeMap::new();
    for row in sheets.records().filter(|row| row.integer("total").is_some_and(|total| total != 0)) {
        if let (Some(id), Some(user), Some(week)) = (row.reference("id"), row.reference("user"), row.date("week")) {
            of.entry(user).or_default().push((week, id));
        }
    }
    Ok(of)
}

/// Weeks that are not submitted, in words.
fn not_submitted(weeks: &[(Date, Id)]) -> Option<String> {
    match weeks {
        [] => None,
        [(week, _)] => Some(format!("Your week of {} is not submitted", weeks::span(*week))),
        [(week, _), ..] => {
            Some(format!("{} weeks of yours from {} on are not submitted", weeks.len(), weeks::shown(*week)))
        }
    }
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
