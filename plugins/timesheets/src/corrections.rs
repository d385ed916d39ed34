//! Corrections of what is out already: the past stands, and other entries put it right.

use crate::typed;
use crate::weeks;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Correcting {
    reason: String,
    time: Option<String>,
}

/// What a correction has of the time that it corrects.
const KEPT: [&str; 11] = [
    "user",
    "project",
    "task",
    "activity",
    "billable",
    "sell_rate",
    "sell_source",
    "cost_rate",
    "cost_source",
    "own_rate",
    "zone",
];

/// Takes time back that is out already, by an entry of as much less today, and tells what it should have been by another.
/// Both have the rate of what they correct. The other is corrected in turn once it is out itself, so that each takes back
/// the one before it.
pub(crate) fn correct(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Correcting = request.json()?;
    let caller = context::caller()?;
    let id = request.id("id")?;
    let more = ["duration", "sheet.status", "pay_run", "billing_run", "corrects", "label", "local_date", "stands_for"];
    let columns: Vec<&str> = KEPT.into_iter().chain(more).collect();
    records::get_for_caller("entries", id, &["id"])?.ok_or_else(|| Fault::not_found("time entry"))?;
    let entry = records::get("entries", id, &columns)?.ok_or_else(|| Fault::not_found("time entry"))?;
    let own = caller.person().is_some() && entry.reference("user") == caller.person();
    if !own && !caller.holds("timesheets.enter-for-others") {
        return Err(Fault::denied("You may not correct the time of others."));
    }
    let out =
        entry.text("sheet.status") == Some("exported") || !entry.is_null("pay_run") || !entry.is_null("billing_run");
    if !out {
        return Err(Fault::new(
            ErrorCode::Conflict,
            "This time is in no run yet: have its timesheet returned and change it.",
        ));
    }
    let taken = entry.integer("duration").unwrap_or(0);
    if !entry.is_null("corrects") && taken <= 0 {
        let message = "This takes back other time: correct what stands in its place.";
        return Err(Fault::new(ErrorCode::Conflict, message));
    }
    let again = select("entries").as_plugin().columns(["id", "duration"]).filter(field("corrects").eq(id)).limit(2);
    let again = records::find(again)?;
    if !again.rows.is_empty() {
        let replaced = again.records().any(|row| row.integer("duration").is_some_and(|seconds| seconds > 0));
        let message = if replaced {
            "This time was corrected already: correct what stands in its place."
        } else {
            "This time was taken back already: enter what is right as new time."
        };
        return Err(Fault::new(ErrorCode::Conflict, message));
    }
    if body.reason.trim().is_empty() {
        return Err(Fault::at("/reason", "required", "Say what was wrong with it."));
    }
    let right = match body.time.as_deref().map(typed::read) {
        None => 0,
        Some(Ok(typed::Typed::Taken(seconds))) => seconds,
        Some(Ok(typed::Typed::Between(..))) => {
            return Err(Fault::at("/time", "time", "Say how long it took, as 2, 2.5, 2h, 1:30 or 90m."));
        }
        Some(Err(message)) => return Err(Fault::at("/time", "time", message)),
    };
    let day = entry.date("local_date").map(weeks::shown).unwrap_or_default();
    let stands_for = entry.date("stands_for").or(entry.date("local_date"));
    let today = caller.today()?;
    let back = context::new_id()?;
    let mut writes: Vec<Mutation> = Vec::new();
    let write = |id: Id, seconds: i64, note: String| {
        let mut write = insert("entries", id)
            .set("local_date", today)
            .set("duration", seconds)
            .set("corrects", request.id("id")?)
            .set("stands_for", stands_for)
            .set("origin", "correction")
            .set("note", note);
        for name in KEPT {
            write = write.set(name, entry.value(name).unwrap_or(&Value::Null));
        }
        Ok::<_, Fault>(Mutation::from(write))
    };
    let reason = body.reason.trim();
    writes.push(write(back, -taken, format!("Takes back {} of {day}: {reason}", typed::shown(taken)))?);
    if right > 0 {
        writes.push(write(
            context::new_id()?,
            right,
            format!("In place of {} of {day}: {reason}", typed::shown(taken)),
        )?);
    }
    // Two who correct the same at once find that only one of them may.
    let fault = Fault::new(ErrorCode::Conflict, "This time was corrected meanwhile.");
    let ours: Vec<Predicate> = std::iter::once(back).map(|id| field("id").ne(id)).collect();
    let user = entry.reference("user");
    if let Some(user) = user {
        let others = all([field("user").eq(user), field("corrects").eq(id), field("duration").at_most(0)]
            .into_iter()
            .chain(ours));
        writes.push(ensure_none("entries", others, fault));
    }
    Ok(reply::saved("entries", back).with_status(201).with_writes(writes))
}
