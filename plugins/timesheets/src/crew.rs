//! One form for many people, by who may enter for others; and what each of them says of it.

use crate::crews;
use crate::place;
use crate::timer::Purpose;
use crate::typed::{self, Typed};
use crate::weeks;
use lignaflow_sdk::prelude::*;
use serde::Deserialize;
use serde_json::json;

/// People that are entered for at once.
const MOST: usize = 100;

#[derive(Debug, Deserialize)]
struct Crew {
    people: Vec<String>,
    #[serde(flatten)]
    purpose: Flat,
    day: Date,
    time: String,
    break_time: Option<i64>,
    note: Option<String>,
}

/// [`Purpose`] among other members of a body.
#[derive(Debug, Deserialize)]
struct Flat {
    project: Option<String>,
    task: Option<String>,
    activity: Option<String>,
}

impl Flat {
    fn purpose(&self) -> Result<Purpose, Fault> {
        let id = |text: &Option<String>, path: &str| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            let wrong = || Fault::at(path, "type", "Expected the id of a record, a UUID.");
            text.map(|text| text.parse().map_err(|_| wrong())).transpose()
        };
        Ok(Purpose {
            project: id(&self.project, "/project")?,
            task: id(&self.task, "/task")?,
            activity: id(&self.activity, "/activity")?,
        })
    }
}

pub(crate) fn enter(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Crew = request.json()?;
    let caller = context::caller()?;
    if !caller.holds("timesheets.enter-for-others") {
        return Err(Fault::denied("You may not enter time for others."));
    }
    let purpose = body.purpose.purpose()?.seen()?;
    let time = match typed::read(&body.time) {
        Ok(Typed::Taken(0)) => {
            return Err(Fault::at("/time", "required", format!("Say how long it took. {}", typed::RIGHT)));
        }
        Ok(time) => time,
        Err(message) => return Err(Fault::at("/time", "time", message)),
    };
    if body.people.is_empty() || body.people.len() > MOST {
        return Err(Fault::at("/people", "count", format!("Choose 1 to {MOST} people.")));
    }
    let (mut ids, mut writes, mut issues) = (Vec::new(), Vec::<Mutation>::new(), Vec::new());
    let me = caller.person();
    let mut weeks = weeks::Weeks::read()?;
    let site = place::zone_of_site(purpose.project)?;
    let mut known = std::collections::BTreeSet::new();
    for (at, text) in body.people.iter().enumerate() {
        let person = text.parse().ok().map(people::person).transpose()?.flatten();
        let Some(person) = person.filter(|person| person.active) else {
            issues.push(Issue::new(format!("/people/{at}"), "unknown-reference", "There is nobody of this id here."));
            continue;
        };
        if !known.insert(person.id) {
            continue;
        }
        if !caller.holds(crews::SEE_ALL) && !crews::is_reached(&caller, person.id, &weeks.leaders(person.id, body.day)?)
        {
            let message = format!("{} is in no crew that you lead.", person.name);
            issues.push(Issue::new(format!("/people/{at}"), "other-crew", message));
            continue;
        }
        let id = context::new_id()?;
        let zone = site.clone().map_or_else(|| place::zone_of(person.id), Ok)?;
        let entry = purpose.put(insert("entries", id)).set("user", person.id).set("zone", zone.as_str());
        let entry = match time {
            Typed::Taken(seconds) => entry.set("local_date", body.day).set("duration", seconds),
            Typed::Between(from, until) => {
                let (start, end) = place::between(body.day, from, until, &zone)?;
                entry.set("started_at", start).set("ended_at", end).set("break_time", body.break_time)
            }
        };
        writes.push(entry.set("note", body.note.as_deref()).into());
        if Some(person.id) != me {
            let title = format!("Time was entered for you, on {}", weeks::shown(body.day));
            let line = notify([person.id], title).saying("Dispute it before you submit your week, where it is wrong.");
            writes.push(line.about("entries", id).into());
        }
        ids.push(id);
    }
    if !issues.is_empty() {
        return Err(Fault::invalid(issues));
    }
    Ok(reply::json(&json!({ "entries": ids }))?.with_status(201).with_writes(writes))
}

#[derive(Debug, Deserialize)]
struct Dispute {
    #[serde(default)]
    reason: String,
}

/// Who worked it says what is wrong with it, or that it is settled.
pub(crate) fn dispute(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let body: Dispute = request.json()?;
    let id = request.id("id")?;
    let gone = || Fault::not_found("time entry");
    let entry = records::get_for_caller("entries", id, &["user", "entered_by", "label"])?.ok_or_else(gone)?;
    let me = context::caller()?.person();
    if me.is_none() || entry.reference("user") != me {
        return Err(Fault::denied("Only who worked it disputes it."));
    }
    let reason = Some(body.reason.trim()).filter(|reason| !reason.is_empty());
    let mut writes: Vec<Mutation> = vec![update("entries", id).set("dispute", reason).into()];
    if let (Some(reason), Some(other)) = (reason, entry.reference("entered_by").filter(|by| Some(*by) != me)) {
        let what = entry.text("label").unwrap_or("Time that you entered");
        let line = notify([other], format!("{what} is disputed")).saying(reason).about("entries", id);
        writes.push(line.once(format!("dispute:{id}")).into());
    }
    Ok(reply::saved("entries", id).with_writes(writes))
}
