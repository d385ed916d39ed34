//! Leave, and what a week is expected to be.

use crate::deciding::Desk;
use crate::findings::Findings;
use crate::{beside, crews, place, week, weeks};
use lignaflow_plugin_worktime::holidays::{self, Holidays};
use lignaflow_sdk::prelude::*;
use std::collections::BTreeSet;

/// People who are told of one request.
const TOLD: usize = 100;
/// Days whose holidays are asked for at once.
const HOLIDAYS: usize = 92;

pub(crate) fn check_leave(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let after = &change.after;
    if beside::only_notes(change) {
        return Ok(());
    }
    if let Some(message) = beside::paid(change) {
        findings.lock(index, "pay_run", message);
    }
    let Some(user) = after.reference("user") else { return Ok(()) };
    crews::note(index, change, Some(user), findings)?;
    if change.transition.as_deref() == Some("approve") {
        Desk::read()?.refuse(user, change.related.references("crew.leaders"), "leave")?;
    }
    let (Some(first), Some(last)) = (after.date("first"), after.date("last")) else { return Ok(()) };
    let name = people::person(user)?.map(|person| person.name).unwrap_or_default();
    let told = told(change, user, &name, findings)?;
    findings.verdict.also.extend(told);
    findings.name(index, change, format!("{name}, {} – {}", weeks::shown(first), weeks::shown(last)));
    if matches!(after.text("status"), Some("declined" | "cancelled")) || last < first {
        return Ok(());
    }
    let others = all([
        field("user").eq(user),
        not(field("id").eq(change.id)),
        field("status").within(["requested", "approved"]),
        field("first").at_most(last),
        field("last").at_least(first),
    ]);
    let fault = Fault::new(ErrorCode::Conflict, "There is leave of the same person on some of these days already.");
    findings.verdict.also.push(ensure_none("leave", others, fault));
    Ok(())
}

/// Who may approve it is told that somebody asks, and who asked what became of it.
fn told(change: &HookChange, user: Id, name: &str, findings: &mut Findings) -> Result<Option<Mutation>, Fault> {
    let (Some(first), Some(last)) = (change.after.date("first"), change.after.date("last")) else { return Ok(None) };
    let days = format!("{} – {}", weeks::shown(first), weeks::shown(last));
    let me = context::caller()?.person();
    let (people, title) = match change.transition.as_deref() {
        None if change.kind == ChangeKind::Insert => {
            let leaders = crews::of(user, findings)?.map(|crew| crew.leaders).unwrap_or_default();
            let mut people = Desk::read()?.others(user, &leaders);
            people.truncate(TOLD);
            (people, format!("{name} asks for leave, {days}"))
        }
        Some("approve") if me != Some(user) => (vec![user], format!("Your leave of {days} is approved")),
        Some("decline") if me != Some(user) => (vec![user], format!("Your leave of {days} is declined")),
        _ => return Ok(None),
    };
    if people.is_empty() {
        return Ok(None);
    }
    Ok(Some(notify(people, title).about("leave", change.id).once(format!("leave:{}", change.id)).into()))
}

pub(crate) fn check_pattern(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    crews::note(index, change, change.after.reference("user"), findings)?;
    let label = match change.after.reference("user") {
        Some(user) => people::person(user)?.map(|person| person.name).unwrap_or_default(),
        None => "Everybody".to_owned(),
    };
    findings.name(index, change, label);
    Ok(())
}

/// Seconds that leave comes to: of each of its days what it says, or what the work pattern does, and nothing on holidays.
pub(crate) fn time_of(leave: &Fields) -> Result<i64, Fault> {
    let (Some(user), Some(first), Some(last)) = (leave.reference("user"), leave.date("first"), leave.date("last"))
    else {
        return Ok(0);
    };
    let days: Vec<Date> = (0..=last.days_since(first)).filter_map(|offset| first.plus_days(offset)).collect();
    let usual = week::usual(user, &days)?;
    let mut off = BTreeSet::new();
    for some in days.chunks(HOLIDAYS) {
        off.extend(holidays_of(user, some)?);
    }
    let per_day = leave.integer("per_day");
    let of =
        |(day, usual): (&Date, &i64)| if off.contains(day) { 0 } else { per_day.unwrap_or(*usual).clamp(0, *usual) };
    Ok(days.iter().zip(&usual).map(of).sum())
}

/// Which of these days are holidays where somebody is.
fn holidays_of(user: Id, days: &[Date]) -> Result<BTreeSet<Date>, Fault> {
    let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else { return Ok(BTreeSet::new()) };
    let zone = place::zone_of(user)?;
    let asked = select("holidays")
        .as_plugin()
        .columns(holidays::COLUMNS)
        .filter(field("day").at_least(first).and(field("day").at_most(last)))
        .limit(100);
    let known = Holidays::of(records::find(asked)?.records());
    Ok(days.iter().copied().filter(|day| known.is_one(*day, &zone)).collect())
}

/// How much of each day is a holiday or approved leave: nothing, some seconds, or `None` for all of it.
pub(crate) fn off(user: Id, days: &[Date]) -> Result<Vec<Option<i64>>, Fault> {
    let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else { return Ok(Vec::new()) };
    let holidays = holidays_of(user, days)?;
    let leave = select("leave")
        .as_plugin()
        .columns(["id", "first", "last", "per_day"])
        .filter(all([
            field("user").eq(user),
            field("status").eq("approved"),
            field("first").at_most(last),
            field("last").at_least(first),
        ]))
        .limit(100);
    let leave = records::find(leave)?;
    let of = |day: &Date| {
        if holidays.contains(day) {
            return None;
        }
        let mut away = leave.records().filter(|row| row.date("first") <= Some(*day) && Some(*day) <= row.date("last"));
        away.try_fold(0, |sum, row| Some(sum + row.integer("per_day")?))
    };
    Ok(days.iter().map(of).collect())
}
