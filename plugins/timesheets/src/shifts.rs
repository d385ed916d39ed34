//! Attendance. The first timer of a day opens a shift, the last stop closes it: nobody clocks twice.

use crate::findings::Findings;
use crate::{crews, place, typed, weeks};
use lignaflow_sdk::prelude::*;

/// How long somebody can have been away for it to be the same shift, on the same day.
const AWAY: i64 = 4 * 3600;

/// Opens a shift with what starts at an instant, where none is open; one that closed a short while ago goes on.
pub(crate) fn come(user: Id, at: Instant, zone: &str) -> Result<Option<Mutation>, Fault> {
    let last = select("shifts")
        .as_plugin()
        .columns(["id", "started_at", "ended_at", "local_date"])
        .filter(field("user").eq(user))
        .sort_descending("started_at")
        .limit(1);
    let page = records::find(last)?;
    if let Some(shift) = page.records().next() {
        let Some(ended) = shift.instant("ended_at") else { return Ok(None) };
        let today = calendar::to_local(at, zone)?.date;
        let again = shift.date("local_date") == Some(today) && place::taken(ended, at) <= AWAY && ended <= at;
        if let Some(id) = shift.reference("id").filter(|_| again) {
            return Ok(Some(update("shifts", id).set("ended_at", None::<Instant>).into()));
        }
        if ended > at {
            return Ok(None);
        }
    }
    let shift = insert("shifts", context::new_id()?).set("user", user).set("started_at", at).set("zone", zone);
    Ok(Some(shift.into()))
}

/// Closes the shift that is open.
pub(crate) fn go(user: Id, at: Instant) -> Result<Option<Mutation>, Fault> {
    let open = select("shifts")
        .as_plugin()
        .columns(["id", "started_at"])
        .filter(field("user").eq(user).and(field("ended_at").is_null()))
        .limit(1);
    let page = records::find(open)?;
    let Some(shift) = page.records().next() else { return Ok(None) };
    let started = shift.instant("started_at").unwrap_or(at);
    Ok(shift.reference("id").map(|id| update("shifts", id).set("ended_at", at.max(started)).into()))
}

/// The day and the length of a shift, and that it does not overlap another of the same person.
pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let (Some(user), Some(start)) = (change.after.reference("user"), change.after.instant("started_at")) else {
        return Ok(());
    };
    crews::note(index, change, Some(user), findings)?;
    let zone = match change.after.text("zone") {
        Some(zone) => zone.to_owned(),
        None => place::zone_of(user)?,
    };
    let Ok(local) = calendar::to_local(start, &zone) else {
        findings.add(
            index,
            "zone",
            "zone",
            format!("There is no time zone `{zone}`: write one such as Australia/Perth."),
        );
        return Ok(());
    };
    let end = change.after.instant("ended_at");
    if end.is_some_and(|end| end < start) {
        return Ok(());
    }
    let length = end.map(|end| place::taken(start, end));
    let label = match length {
        Some(length) => format!("{}, {}", weeks::shown(local.date), typed::shown(length)),
        None => format!("{}, still on site", weeks::shown(local.date)),
    };
    findings.set(index, change, "zone", zone);
    findings.set(index, change, "local_date", local.date);
    findings.set(index, change, "duration", length);
    findings.name(index, change, label);
    let mut others = vec![
        field("user").eq(user),
        not(field("id").eq(change.id)),
        any([field("ended_at").is_null(), field("ended_at").more_than(start)]),
    ];
    others.extend(end.map(|end| field("started_at").less_than(end)));
    let fault = Fault::new(ErrorCode::Conflict, "It overlaps another shift of the same person.");
    findings.verdict.also.push(ensure_none("shifts", all(others), fault));
    Ok(())
}
