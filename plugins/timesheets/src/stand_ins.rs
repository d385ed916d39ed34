//! Who approves in the place of somebody who is away: named beforehand, from a day to a day, and only as long as who is
//! away could approve themselves.

use crate::crews::SEE_ALL;
use crate::findings::Findings;
use crate::policy::{self, Approval};
use crate::sheets::APPROVE;
use crate::{team, weeks};
use lignaflow_sdk::prelude::*;

/// What is named of a stand-in at most, and looked at.
const MOST: u16 = 200;

pub(crate) fn check(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let after = &change.after;
    let (Some(user), Some(stand_in)) = (after.reference("user"), after.reference("stand_in")) else { return Ok(()) };
    let (Some(first), Some(last)) = (after.date("first"), after.date("last")) else { return Ok(()) };
    if user == stand_in {
        findings.add(index, "stand_in", "self", "Nobody stands in for themselves.");
    }
    if !approvers()?.contains(&user) && !manages(user)? {
        let caller = context::caller()?;
        // Everybody may name somebody for themselves; of most there is nothing to stand in for.
        if caller.person() == Some(user) && !caller.holds(APPROVE) {
            return Err(Fault::denied("You approve no timesheets, so nobody stands in for you."));
        }
        findings.add(index, "user", "permission", "Only for who approves timesheets somebody stands in.");
    }
    let name =
        |id: Id| -> Result<String, Fault> { Ok(people::person(id)?.map(|person| person.name).unwrap_or_default()) };
    let days = format!("{} – {}", weeks::shown(first), weeks::shown(last));
    findings.name(index, change, format!("{} for {}, {days}", name(stand_in)?, name(user)?));
    let anew = ["stand_in", "first", "last"].iter().any(|field| change.before.value(field) != after.value(field));
    if anew {
        let line = notify([stand_in], format!("You approve timesheets in the place of {}, {days}", name(user)?));
        let line = line.saying("What waits stands on your first page on these days.").about("stand-ins", change.id);
        findings.verdict.also.push(line.once(format!("stand-in:{}", change.id)).into());
    }
    Ok(())
}

fn approvers() -> Result<Vec<Id>, Fault> {
    let all = people::holding(Some(APPROVE))?;
    Ok(all.into_iter().filter(|person| person.active).map(|person| person.id).collect())
}

/// Whether somebody approves the time of a project, where that is how weeks are approved.
fn manages(user: Id) -> Result<bool, Fault> {
    if policy::approval()? != Approval::Project {
        return Ok(false);
    }
    let theirs = select("projects/projects").as_plugin().columns(["id"]).filter(field("manager").eq(user)).limit(1);
    Ok(!records::find(theirs)?.rows.is_empty())
}

/// Those who are away on a day and approve timesheets, each with who stands in for them.
pub(crate) fn on(day: Date) -> Result<Vec<(Id, Id)>, Fault> {
    let named = named(day)?;
    if named.is_empty() {
        return Ok(named);
    }
    let approvers = approvers()?;
    Ok(named.into_iter().filter(|(user, _)| approvers.contains(user)).collect())
}

/// Those who are away on a day, each with who stands in for them, whatever they may.
pub(crate) fn named(day: Date) -> Result<Vec<(Id, Id)>, Fault> {
    let named = select("stand-ins")
        .as_plugin()
        .columns(["id", "user", "stand_in"])
        .filter(field("first").at_most(day).and(field("last").at_least(day)))
        .sort("first")
        .limit(MOST);
    let named = records::find(named)?;
    Ok(named.records().filter_map(|row| Some((row.reference("user")?, row.reference("stand_in")?))).collect())
}

/// What waits for who stands in for somebody; nothing for all others, and for those who approve everybody's time anyway.
pub(crate) fn show(request: &RouteRequest) -> Result<RouteReply, Fault> {
    let caller = context::caller()?;
    let away: Vec<Id> = match caller.person() {
        Some(me) if !(caller.holds(APPROVE) && caller.holds(SEE_ALL)) => {
            let named = on(caller.today()?)?.into_iter().filter(|(_, stand_in)| *stand_in == me);
            named.map(|(user, _)| user).collect()
        }
        _ => Vec::new(),
    };
    if away.is_empty() {
        return reply::json(&serde_json::Value::Null);
    }
    let everybodys = people::holding(Some(SEE_ALL))?.iter().any(|person| away.contains(&person.id));
    team::week(request, if everybodys { team::Sight::Everybody } else { team::Sight::Crews(away) })
}
