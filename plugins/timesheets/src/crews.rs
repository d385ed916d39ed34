//! Crews: whose time it is that somebody leads. Nobody is in two. What is somebody's carries the crew that they are in, so
//! that rules of access and code go by it; who changes crews takes along what is not over and not decided about.

use crate::findings::Findings;
use crate::weeks::Weeks;
use lignaflow_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The permission to see everybody's time, as callers hold it. Without it, what somebody may do to the time of others
/// they may do to that of the crews that they lead.
pub(crate) const SEE_ALL: &str = "timesheets.see-all";
/// What leaders do with the time of their crews: who may do neither leads nobody.
pub(crate) const LEADING: [&str; 2] = ["timesheets.approve", "timesheets.enter-for-others"];
/// What all crews have in common, by which their writers take turns.
const SCOPE: &str = "everyone";
/// Crews of an organization.
const MOST: usize = 500;
/// Records that move with people at once.
const MOST_MOVED: usize = 5_000;

/// A crew that somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crew {
    pub(crate) id: Id,
    pub(crate) leaders: Vec<Id>,
}

/// A crew with those who are in it.
#[derive(Debug, Clone)]
struct Stored {
    name: String,
    leaders: Vec<Id>,
    members: Vec<Id>,
}

impl Stored {
    fn read(row: &impl ReadFields) -> Self {
        Self {
            name: row.text("name").unwrap_or_default().to_owned(),
            leaders: row.references("leaders").to_vec(),
            members: row.references("members").to_vec(),
        }
    }
}

fn stored(which: Predicate) -> Result<BTreeMap<Id, Stored>, Fault> {
    let asked = select("crews").as_plugin().columns(["id", "name", "leaders", "members"]).filter(which).sort("id");
    let found = records::find_all(asked, MOST)?
        .ok_or_else(|| Fault::new(ErrorCode::Quota, format!("More than {MOST} crews are not looked at at once.")))?;
    Ok(found.iter().filter_map(|row| Some((row.reference("id")?, Stored::read(row)))).collect())
}

fn changed_meanwhile() -> Fault {
    Fault::new(ErrorCode::Conflict, "A crew was changed meanwhile. Try once more.")
}

// --- Who leads whom --------------------------------------------------------------------------------------------------

/// The crew that somebody is in.
pub(crate) fn find(user: Id) -> Result<Option<Crew>, Fault> {
    let asked = select("crews").as_plugin().columns(["id", "leaders"]).filter(field("members").includes(user)).limit(1);
    let found = records::find(asked)?;
    let crew = found.records().next();
    Ok(crew.and_then(|row| Some(Crew { id: row.reference("id")?, leaders: row.references("leaders").to_vec() })))
}

/// The same for what is being written of them, which holds once it is committed: also that they are in none.
pub(crate) fn of(user: Id, findings: &mut Findings) -> Result<Option<Crew>, Fault> {
    if let Some(known) = findings.crews.get(&user) {
        return Ok(known.clone());
    }
    let crew = find(user)?;
    if crew.is_none() {
        let joined = field("scope").eq(SCOPE).and(field("members").includes(user));
        findings.verdict.also.push(ensure_none("crews", joined, changed_meanwhile()));
    }
    findings.crews.insert(user, crew.clone());
    Ok(crew)
}

/// Notes the crew of whose record it is, when it is made or comes to be somebody else's.
pub(crate) fn note(index: usize, change: &HookChange, user: Option<Id>, findings: &mut Findings) -> Result<(), Fault> {
    if change.kind != ChangeKind::Insert && change.before.reference("user") == user {
        return Ok(());
    }
    let crew = user.map(|user| of(user, findings)).transpose()?.flatten();
    findings.set(index, change, "crew", crew.map(|crew| crew.id));
    Ok(())
}

/// Whether whoever asks may do with the time of somebody what they may do with that of others: they see everybody's, or
/// lead the crew that it is of.
pub(crate) fn is_reached(caller: &context::Caller, user: Id, leaders: &[Id]) -> bool {
    match caller.person() {
        Some(me) => me == user || caller.holds(SEE_ALL) || leaders.contains(&me),
        // The plugin by itself.
        None => true,
    }
}

/// Refuses what is written of somebody whom whoever asks neither sees nor leads, before anything is told of it.
pub(crate) fn refuse_strangers(user: Id, leaders: &[Id], findings: &mut Findings) -> Result<(), Fault> {
    let caller = match &mut findings.caller {
        Some(caller) => caller,
        none => none.insert(context::caller()?),
    };
    if is_reached(caller, user, leaders) {
        return Ok(());
    }
    Err(Fault::denied("You may not enter time of others than yourself and the crews that you lead."))
}

/// The members of each crew that any of these lead.
pub(crate) fn led_by(leaders: &[Id]) -> Result<Vec<Vec<Id>>, Fault> {
    let led = stored(any(leaders.iter().map(|leader| field("leaders").includes(*leader))))?;
    Ok(led.into_values().map(|crew| crew.members).collect())
}

/// Those who may do something with the time of others, and see nobody's, since they lead no crew; by name.
pub(crate) fn without() -> Result<Vec<String>, Fault> {
    let everybody: BTreeSet<Id> = people::holding(Some(SEE_ALL))?.into_iter().map(|person| person.id).collect();
    let mut idle: BTreeMap<Id, String> = BTreeMap::new();
    for permission in LEADING {
        let some = people::holding(Some(permission))?.into_iter();
        let some = some.filter(|person| person.active && !everybody.contains(&person.id));
        idle.extend(some.map(|person| (person.id, person.name)));
    }
    if !idle.is_empty() {
        for leader in stored(Predicate::always())?.into_values().flat_map(|crew| crew.leaders) {
            idle.remove(&leader);
        }
    }
    let mut names: Vec<String> = idle.into_values().collect();
    names.sort();
    Ok(names)
}

// --- Who is in which -------------------------------------------------------------------------------------------------

/// That nobody is in two crews, and that what is theirs goes along with who moves.
pub(crate) fn check(changes: &[HookChange], findings: &mut Findings) -> Result<(), Fault> {
    let ours: Vec<(usize, &HookChange)> =
        changes.iter().enumerate().filter(|(_, change)| change.collection == "crews").collect();
    if ours.is_empty() {
        return Ok(());
    }
    let before = stored(Predicate::always())?;
    let mut after = before.clone();
    for (_, change) in &ours {
        if change.kind == ChangeKind::Remove {
            after.remove(&change.id);
        } else {
            after.insert(change.id, Stored::read(&change.after));
        }
    }
    for (index, change) in &ours {
        if change.kind != ChangeKind::Remove {
            one_crew(*index, change, &after, findings)?;
            who_leads(*index, change, findings)?;
        }
    }
    // A crew that is made or comes back meanwhile was not there to be looked at.
    let known: BTreeSet<Id> = before.keys().copied().chain(ours.iter().map(|(_, change)| change.id)).collect();
    let other = field("scope").eq(SCOPE).and(not(field("id").within(known)));
    findings.verdict.also.push(ensure_none("crews", other, changed_meanwhile()));
    let (was, is) = (crews_of(&before), crews_of(&after));
    let people: BTreeSet<Id> = was.keys().chain(is.keys()).copied().filter(|id| was.get(id) != is.get(id)).collect();
    for person in &people {
        let crew = is.get(person).and_then(|id| Some(Crew { id: *id, leaders: after.get(id)?.leaders.clone() }));
        findings.crews.insert(*person, crew);
    }
    take_along(&people, &is, findings)
}

fn crews_of(crews: &BTreeMap<Id, Stored>) -> BTreeMap<Id, Id> {
    crews.iter().flat_map(|(id, crew)| crew.members.iter().map(move |member| (*member, *id))).collect()
}

/// Each who is in another crew already, by name and crew. Of who has left it does not matter.
fn one_crew(
    index: usize,
    change: &HookChange,
    after: &BTreeMap<Id, Stored>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    for member in change.after.references("members") {
        let other = after.iter().find(|(id, crew)| **id != change.id && crew.members.contains(member));
        let Some((_, other)) = other else { continue };
        if let Some(person) = people::person(*member)?.filter(|person| person.active) {
            let message = format!("{} is in the crew {}: nobody is in two at a time.", person.name, other.name);
            findings.add(index, "members", "other-crew", message);
        }
    }
    Ok(())
}

/// Who comes to lead a crew may do something with its time: to name somebody else gives them nothing.
fn who_leads(index: usize, change: &HookChange, findings: &mut Findings) -> Result<(), Fault> {
    let before = change.before.references("leaders");
    let new = change.after.references("leaders").iter().filter(|leader| !before.contains(leader));
    let new: Vec<Id> = new.copied().collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut able = BTreeSet::new();
    for permission in LEADING {
        able.extend(people::holding(Some(permission))?.into_iter().map(|person| person.id));
    }
    for leader in new.into_iter().filter(|leader| !able.contains(leader)) {
        if let Some(person) = people::person(leader)?.filter(|person| person.active) {
            let message = format!(
                "{} may neither approve nor enter time for others: give them the role of a supervisor first.",
                person.name
            );
            findings.add(index, "leaders", "permission", message);
        }
    }
    Ok(())
}

/// What of somebody goes along with them: weeks from the current one on that nobody has decided about, attendance from
/// then on, leave that is not over, and what they are expected to work. What was decided stays with the crew of then.
fn goes_along(collection: &str, from: Date) -> Predicate {
    match collection {
        "sheets" => field("week").at_least(from).and(field("status").within(["open", "submitted", "returned"])),
        "shifts" => field("local_date").at_least(from),
        "leave" => field("last").at_least(from).and(field("status").within(["requested", "approved"])),
        _ => Predicate::always(),
    }
}

fn take_along(people: &BTreeSet<Id>, is: &BTreeMap<Id, Id>, findings: &mut Findings) -> Result<(), Fault> {
    if people.is_empty() {
        return Ok(());
    }
    let from = Weeks::read()?.week_of(context::caller()?.today()?);
    for collection in ["sheets", "shifts", "leave", "work-patterns"] {
        let of = field("user").within(people.iter().copied()).and(goes_along(collection, from));
        let asked = select(collection).as_plugin().columns(["id", "user", "crew"]).filter(of).sort("id");
        let found = records::find_all(asked, MOST_MOVED)?.ok_or_else(|| {
            let message = format!("More than {MOST_MOVED} records would move at once: move fewer people.");
            Fault::new(ErrorCode::Quota, message)
        })?;
        for row in &found {
            let (Some(id), Some(user)) = (row.reference("id"), row.reference("user")) else { continue };
            let crew = is.get(&user).copied();
            if row.reference("crew") != crew {
                findings.verdict.also.push(update(collection, id).set("crew", crew).into());
            }
        }
        // Patterns are written by who sets up, as crews are, and what people write of themselves may come meanwhile.
        if collection != "work-patterns" {
            findings.verdict.also.extend(people.iter().map(|person| {
                let elsewhere = match is.get(person) {
                    Some(crew) => any([field("crew").is_null(), field("crew").ne(*crew)]),
                    None => field("crew").is_set(),
                };
                let left = all([field("user").eq(*person), goes_along(collection, from), elsewhere]);
                let message = "Something was entered at the same moment: try once more.";
                ensure_none(collection, left, Fault::new(ErrorCode::Conflict, message))
            }));
        }
    }
    Ok(())
}
